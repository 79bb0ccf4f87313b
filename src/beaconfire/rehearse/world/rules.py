"""Which policies one node had carried out, and when: what leaves is held against them at the moment that it crosses."""

from dataclasses import dataclass

from beaconfire.kernel.products import RELEASED_KINDS
from beaconfire.rehearse.world.lanes import Parcel
from beaconfire.rehearse.world.plan import NS_PER_MS, Decree
from beaconfire.rehearse.world.policy import allows
from beaconfire.rehearse.world.watch import Watch

GRACE_NS = 100 * NS_PER_MS  # from a decision to the last record (EXCHANGE part 10)


@dataclass(frozen=True, slots=True)
class Ruled:
    """A policy that was carried out at a time of the world, and whether the clock was trusted from then on."""

    since_ns: int
    decree: Decree
    trusted: bool


class Rules:
    """The policies of one node in the order in which they were carried out."""

    def __init__(self, nation: str, *, watch: Watch, notice_ns: int) -> None:
        """Start without any; `notice_ns` is how long this node may take to act upon time."""
        self._nation, self._watch, self._notice_ns = nation, watch, notice_ns
        self._ruled: list[Ruled] = []

    def begin(self, decree: Decree, *, trusted: bool) -> None:
        """Note what is in force when the node comes up."""
        self._ruled.append(Ruled(self._watch.queue.now_ns, decree, trusted))

    def load(self, decree: Decree) -> None:
        """Note a new policy."""
        self.begin(decree, trusted=self._ruled[-1].trusted)

    def trust(self, trusted: bool) -> None:
        """Note whether the clock is trusted from now on."""
        self.begin(self._ruled[-1].decree, trusted=trusted)

    def crossing(self, recipient: str, parcel: Parcel, *, now_ns: int) -> None:
        """Hold what leaves at node time `now_ns` against the policy, less the grace that carrying it out takes."""
        product = self._watch.carried.get(parcel.digest)
        if product is None:
            if parcel.kind in RELEASED_KINDS:
                raise self._watch.fail("P2", f"a {parcel.kind} left {self._nation} that nobody decided")
            return
        first_ns = now_ns - GRACE_NS - self._notice_ns
        for rule in reversed(self._ruled):
            if allows(rule.decree.grants, product, recipient, now_ns=first_ns, started_ns=now_ns,
                      clock_trusted=rule.trusted):  # fmt: skip
                return
            if rule.since_ns <= self._watch.queue.now_ns - GRACE_NS:
                break
        raise self._watch.fail("P2", f"a {parcel.kind} crossed from {self._nation} to {recipient} against the policy")
