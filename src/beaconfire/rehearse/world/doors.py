"""Which partners of one node are shut out, as its broker would have it, and what may cross to them: nothing.

Shutting a link stops both directions at once; a new epoch opens it with an empty outbox. Each crossing is held against
that, so that a shell which forgets to purge, to cut or to begin anew is found by the first record that leaves.
"""

from collections.abc import Mapping

from beaconfire.rehearse.world.lanes import Lane, Parcel
from beaconfire.rehearse.world.plan import NS_PER_MS
from beaconfire.rehearse.world.watch import Watch

_LAST_NS = 5 * NS_PER_MS  # from carrying out the cut to the last record: what was handed to the broker before it


class Doors:
    """The links of one node; `lanes` are those it sends on and `inboxes` those it hears, by partner."""

    def __init__(self, nation: str, *, lanes: Mapping[str, Lane], inboxes: Mapping[str, Lane], watch: Watch) -> None:
        """Start with all of them open."""
        self._nation, self._lanes, self._inboxes, self._watch = nation, lanes, inboxes, watch
        self._shut_ns: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._old: dict[str, list[Parcel]] = {}

    def is_shut(self, partner: str) -> bool:
        """Say whether a partner is shut out."""
        return partner in self._shut_ns

    def shut(self, partner: str, *, really: bool = True) -> None:
        """Let nothing pass between the two; with `really` False only take note of what should have been done."""
        self._shut_ns.setdefault(partner, self._watch.queue.now_ns)
        self._old.setdefault(partner, list(self._lanes[partner].log))
        if really:
            for lane in (self._lanes[partner], self._inboxes[partner]):
                lane.shut.add(self._nation)

    def open(self, partner: str, epoch: int, *, replayed: bool = False) -> None:
        """Let a partner in again, in a new epoch; `replayed`: with what its outbox held when it was shut."""
        self._shut_ns.pop(partner, None)
        old = self._old.pop(partner, [])
        if old or self._lanes[partner].shut:
            self._since[partner] = epoch
        self._lanes[partner].renew(epoch)
        if replayed:
            self._lanes[partner].log.extend(old)
        for lane in (self._lanes[partner], self._inboxes[partner]):
            lane.shut.discard(self._nation)
            lane.back()

    def crossing(self, partner: str, parcel: Parcel) -> None:
        """Hold what leaves against who is shut out, and against what was queued before."""
        shut_ns = self._shut_ns.get(partner)
        if shut_ns is not None and self._watch.queue.now_ns - shut_ns > _LAST_NS:
            raise self._watch.fail("P3", f"a {parcel.kind} left {self._nation} to {partner}, which is shut out")
        if parcel.epoch < self._since.get(partner, 0):
            raise self._watch.fail("P3", f"{self._nation} gives {partner} the outbox of before its return")
