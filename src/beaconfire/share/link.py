"""One link between two nations: both directions, and the controls that speak of them.

In: released forms, verified envelopes and controls, the node's time. Out: numbered envelopes and controls to sign and
publish, arrivals, what to send again. Pure: no key, no clock, no disk; two links built from the same inputs are equal.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Product, Released
from beaconfire.kernel.time import NS_PER_S, from_seconds, seconds_between
from beaconfire.share.chain import Chain
from beaconfire.share.incoming import Arrival, Incoming, Proof
from beaconfire.share.outgoing import Numbered, Outgoing, Settled
from beaconfire.share.seen import Seen
from beaconfire.share.standing import Notice, Standing

_COUNTER_STEP_NS = 1_000_000  # counters follow the node's milliseconds, so that they rise over a restart too
_GAME_NS = from_seconds(limits.RENEW_GAP_S)  # its next beat brings it back
_ANNOUNCED, _LAST = 16, 2**32  # how far a notice's counter lies ahead; what follows one that announces must rise again


@dataclass(frozen=True, slots=True)
class ControlOut:
    """A control ready to be signed and published under `subject`."""

    subject: str
    unsigned: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """What a control told: `settled` of a receipt, `proof` of a beat that contradicts what was received.

    `clock_offset_s` is the partner's clock ahead of ours, less the time the control took to come.
    """

    control: wire.Control
    clock_offset_s: float
    settled: Settled
    proof: Proof | None = None


class Link:
    """One partner in one realm, as this node knows it."""

    def __init__(
        self,
        *,
        nation: str,
        partner: str,
        realm: Realm,
        epoch: int,
        previous: bytes = wire.NO_HASH,
        seen: Seen | None = None,
    ) -> None:
        """Start an epoch of sending; `previous` is the final head of the one before, or `wire.NO_HASH`.

        `seen` is shared by all links of one node, so that a record takes effect once whichever way it came.
        """
        self.nation, self.partner, self.realm = nation, partner, realm
        self.outgoing = Outgoing(nation=nation, partner=partner, realm=realm, epoch=epoch, previous=previous)
        self.incoming = Incoming(nation=nation, partner=partner, realm=realm, seen=seen)
        self.attested_epoch = 0  # the highest epoch of ours that the partner says it has seen
        self.format = wire.FORMAT
        self.ours = Standing("active", 0)
        self.theirs: Notice | None = None
        self._offsets_s: deque[float] = deque(maxlen=limits.CLOCK_BEATS)
        self._counter = 0
        self._heard = (0, -1)
        self.renewed_ns = 0  # when the epoch began that is sent in; 0 for the first

    @property
    def clock_offset_s(self) -> float | None:
        """The partner's clock ahead of ours, by the least delayed of its last beats; None before the first."""
        return max(self._offsets_s, default=None)

    @property
    def closed(self) -> bool:
        """Whether this nation gives the partner nothing, not even a control: suspended or left."""
        return self.ours.state in ("suspended", "left")

    def away(self, now_ns: int) -> bool:
        """Return whether nothing may be numbered now: closed by us, or by the partner's own notice."""
        return self.closed or (self.theirs is not None and self.theirs.effective_ns <= now_ns)

    def standing(self, now_ns: int) -> Standing:
        """Return how the two stand: our own word first, else the partner's."""
        theirs = self.theirs
        if self.ours.state != "active" or theirs is None:
            return self.ours
        state: Literal["leaving", "suspended_by_partner"] = "suspended_by_partner"
        if theirs.effective_ns > now_ns:
            state = "leaving"
        return Standing(state, theirs.heard_ns, theirs.reason, (self.partner,), theirs.number, theirs.head,
                        theirs.effective_ns)  # fmt: skip

    def stand(self, standing: Standing) -> None:
        """Take our own word on the link; the last number and head are filled in."""
        self.ours = replace(standing, number=self.outgoing.number, head=self.outgoing.head)

    def number(self, released: Released, *, now_ns: int) -> Numbered:
        """Give a released form its number and its place in the chain."""
        assert not self.away(now_ns), "nothing is numbered for a partner that is away"
        return self.outgoing.send(released, now_ns=now_ns)

    def void_unreceipted(
        self, *, generation: int, now_ns: int, reason: Literal["policy", "age", "suspended"] = "policy"
    ) -> tuple[Numbered | None, tuple[Product, ...]]:
        """Close all numbers without a receipt; returns the void, and the products to decide again in their order."""
        return self.outgoing.void_unreceipted(reason=reason, generation=generation, now_ns=now_ns)

    def void_missing(self, *, generation: int, now_ns: int) -> Numbered | None:
        """Close the numbers of `missing()`, before their records are released again from the journal."""
        return self.outgoing.void_missing(generation=generation, now_ns=now_ns)

    def missing(self) -> wire.Range | None:
        """Return the unreceipted numbers that are no longer kept for sending again."""
        return self.outgoing.missing()

    def gaps(self) -> tuple[wire.Range, ...]:
        """Return the partner's numbers that exist and have not come."""
        return self.incoming.chain.gaps()

    def accept(self, unsigned: bytes, *, now_ns: int) -> Arrival:
        """Take one verified envelope of the partner; raises `Refused`, and then nothing has changed."""
        arrival = self.incoming.accept(unsigned, now_ns=now_ns)
        self._speaks(arrival.envelope.epoch, now_ns)
        return arrival

    def renew(self, *, now_ns: int, lost: bool) -> tuple[Product, ...]:
        """Start a new epoch of sending, above any that the partner attests; returns the products to decide again.

        `lost`: the old chain's end is not known (an old copy of the journal was restored).
        """
        old = self.outgoing
        epoch = next_epoch(now_ns=now_ns, attested=(self.attested_epoch, old.epoch))
        previous = wire.NO_HASH if lost else old.head
        self.renewed_ns = now_ns
        self.outgoing = Outgoing(
            nation=self.nation, partner=self.partner, realm=self.realm, epoch=epoch, previous=previous
        )
        return old.unreceipted_products()

    def notice(self, *, now_ns: int, reason: Literal["suspended", "left"], effective_ns: int = 0) -> ControlOut:
        """Return the word that nothing more comes, or not from a time on.

        It is part of the step, which does not know how many controls were sent since: its counter lies ahead of them
        by more than there can be, for the last word of an epoch by far.
        """
        ahead = _ANNOUNCED if effective_ns else _LAST
        word = wire.Suspend(
            **self._head(now_ns, now_ns // _COUNTER_STEP_NS + ahead),
            number=self.outgoing.number,
            head=self.outgoing.head,
            reason=reason,
            effective_ns=effective_ns,
        )
        return ControlOut(wire.control_subject(word), codec.encode(word))

    def hello(self, *, now_ns: int) -> ControlOut:
        """Return the first words on a link."""
        epoch, chain = self._known()
        return self._control(
            wire.Hello,
            now_ns,
            floor=wire.FORMAT_FLOOR,
            seen_epoch=epoch,
            seen_number=chain.contiguous,
            seen_head=chain.head,
        )

    def beat(
        self, *, now_ns: int, clock_error_s: float, clock_trusted: bool, journal_seq: int, journal_head: bytes
    ) -> ControlOut:
        """Return the word that this node lives, with its last number, clock and journal head."""
        return self._control(
            wire.Beat,
            now_ns,
            number=self.outgoing.number,
            head=self.outgoing.head,
            clock_error_s=min(clock_error_s, limits.MAX_TIME_SIGMA_S),
            clock_trusted=clock_trusted,
            journal_seq=journal_seq,
            journal_head=journal_head,
        )

    def receipt(self, *, now_ns: int) -> ControlOut:
        """Return the word of what has arrived; to be sent after the journal's commit only."""
        epoch, chain = self._known()
        return self._control(
            wire.Receipt,
            now_ns,
            of_epoch=epoch,
            contiguous=chain.contiguous,
            head=chain.head if chain.contiguous else wire.NO_HASH,
            ranges=chain.ranges()[: limits.RECEIPT_RANGES],
        )

    def on_control(self, unsigned: bytes, *, now_ns: int) -> Heard:
        """Take one verified control of the partner.

        Raises `Refused`: "realm", "sender", "recipient", "replay" (its counter does not rise), "format" (no common
        version), or one of the codec's reasons.
        """
        control = wire.decode_control(unsigned, realm=self.realm)
        self._check(control)
        self._heard = (control.epoch, control.counter)
        self._speaks(control.epoch, now_ns)
        offset_s = seconds_between(control.time_ns, now_ns)
        if isinstance(control, wire.Receipt):
            self._attest(control.of_epoch, now_ns)
            return Heard(control, offset_s, self.outgoing.on_receipt(control, now_ns=now_ns))
        if isinstance(control, wire.Beat):
            self._offsets_s.append(offset_s)
            return Heard(control, offset_s, Settled(), self.incoming.on_beat(control))
        if isinstance(control, wire.Suspend):
            effective_ns = control.effective_ns if control.effective_ns > now_ns else 0
            self.theirs = Notice(
                control.epoch, control.reason, control.number, control.head, effective_ns, heard_ns=now_ns
            )
            return Heard(control, offset_s, Settled(), self.incoming.on_beat(control))
        self.format = min(control.format, wire.FORMAT)
        self._attest(control.seen_epoch, now_ns)
        return Heard(control, offset_s, Settled(rolled_back=self._rolled_back(control)))

    def _known(self) -> tuple[int, Chain]:
        """Return the partner's highest epoch, heard in a control or in an envelope, and what has come of it.

        Who lost its journal begins below it, and learns from this that nobody takes its words any more.
        """
        heard = self._heard[0]
        return (heard, Chain()) if heard > self.incoming.epoch else (self.incoming.epoch, self.incoming.chain)

    def _control(self, kind: type[wire.Control], now_ns: int, **words: Any) -> ControlOut:
        self._counter = max(self._counter + 1, now_ns // _COUNTER_STEP_NS)
        control = kind(**self._head(now_ns, self._counter), **words)
        return ControlOut(wire.control_subject(control), codec.encode(control))

    def _head(self, now_ns: int, counter: int) -> dict[str, Any]:
        return {
            "format": wire.FORMAT,
            "sender": self.nation,
            "recipient": self.partner,
            "realm": self.realm,
            "epoch": self.outgoing.epoch,
            "counter": counter,
            "time_ns": now_ns,
        }

    def _check(self, control: wire.Control) -> None:
        if control.sender != self.partner:
            raise _refused("sender", control.sender, self.partner)
        if control.recipient != self.nation:
            raise _refused("recipient", control.recipient, self.nation)
        if (control.epoch, control.counter) <= self._heard:
            raise _refused("replay", (control.epoch, control.counter), f"above {self._heard}")
        floor = control.floor if isinstance(control, wire.Hello) else wire.FORMAT_FLOOR
        if control.format < wire.FORMAT_FLOOR or floor > wire.FORMAT:
            raise _refused("format", control.format, f"a version from {wire.FORMAT_FLOOR} to {wire.FORMAT}")

    def _speaks(self, epoch: int, now_ns: int) -> None:
        """A partner that begins an epoch above that of its notice has come back; not so soon that it is a game."""
        theirs = self.theirs
        if theirs is not None and epoch > theirs.epoch and now_ns - theirs.heard_ns >= _GAME_NS:
            self.theirs = None

    def _attest(self, epoch: int, now_ns: int) -> None:
        """Remember the highest epoch of ours a partner saw; one far ahead of every clock is a lie."""
        if epoch <= max(now_ns // NS_PER_S, self.outgoing.epoch) + limits.MAX_EPOCH_LEAD_S:
            self.attested_epoch = max(self.attested_epoch, epoch)

    def _rolled_back(self, hello: wire.Hello) -> bool:
        epoch, number = self.outgoing.epoch, self.outgoing.number
        return (hello.seen_epoch, hello.seen_number) > (epoch, number)


def next_epoch(*, now_ns: int, attested: Iterable[int]) -> int:
    """Return an epoch above every one that was seen: max(TAI seconds, highest attested + 1)."""
    return max(now_ns // NS_PER_S, *(epoch + 1 for epoch in attested), 1)


def _refused(reason: str, value: object, expected: str) -> Refused:
    return Refused(reason, where=f"control: {reason}", what=f"is {str(value)[:80]}", expected=expected)
