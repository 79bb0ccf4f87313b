"""One direction's sender: numbers, the hash chain, what waits for a receipt, and voids.

A number is never reused; what will not be delivered is closed by a void. Envelopes are kept until a receipt covers
them, up to a bound; beyond it the oldest are let go, `missing` says which, and they are released again from the
journal after `void_missing`. Nothing here signs or publishes.
"""

from dataclasses import dataclass
from typing import Literal

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import CaughtUpBody, EpochCloseBody, Kind, Product, Released, VoidBody
from beaconfire.kernel.time import from_seconds
from beaconfire.share.tally import Tally

_RESEND_AFTER_NS = from_seconds(limits.RESEND_AFTER_S)
_RESEND_AT_ONCE = 256  # of one receipt; the next second brings the next


@dataclass(frozen=True, slots=True)
class Numbered:
    """One envelope ready to be signed and published under `subject`, dropped if `generation` is no longer current.

    `inner` is our own release when it may travel on, to be signed as well; `origin_signature` is another's, passed on.
    """

    partner: str
    epoch: int
    number: int
    generation: int
    kind: Kind
    local_id: str
    subject: str
    unsigned: bytes
    inner: bytes = b""
    origin_signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a receipt did: how many it covered anew, what to send again, and whether it tells of trouble.

    `rolled_back`: the partner holds more than we remember to have sent: start a new epoch before sending.
    `forked`: the partner holds other bytes than we sent under that number. `forgot`: it holds less than it had
    receipted, so that it lost its journal: start a new epoch, and with what is true now.
    """

    covered: int = 0
    resend: tuple[Numbered, ...] = ()
    rolled_back: bool = False
    forked: bool = False
    forgot: bool = False


@dataclass(slots=True)
class _Pending:
    numbered: Numbered
    released: Released | None
    sent_ns: int
    received: bool = False

    @property
    def product(self) -> Product | None:
        return None if self.released is None else self.released.product


@dataclass(frozen=True, slots=True)
class _Dropped:
    """A run of numbers that are kept no more, with the hashes that a void of them must name."""

    first: int
    last: int
    anchor: bytes
    closing: bytes


class Outgoing:
    """The chain from this nation to one partner in one realm."""

    def __init__(self, *, nation: str, partner: str, realm: Realm, epoch: int, previous: bytes = wire.NO_HASH) -> None:
        """Start an epoch; `previous` is the final head of the chain before it, or `wire.NO_HASH`: none, or lost."""
        self.nation, self.partner, self.realm, self.epoch = nation, partner, realm, epoch
        self.number = 0
        self.head = previous
        self.settled = 0
        self._settled_head = previous
        self._pending: dict[int, _Pending] = {}
        self._hashes: dict[int, bytes] = {}
        self._dropped: _Dropped | None = None
        self._let_go: list[Product] = []
        self._tally = Tally()

    def send(self, released: Released, *, now_ns: int) -> Numbered:
        """Give a released form its number and link of the chain."""
        assert released.partner == self.partner
        self._tally.add(released.source_id)
        return self._append(released.kind, released.local_id, released.release, released.generation, released, now_ns)

    def void_unreceipted(
        self, *, reason: Literal["policy", "age", "suspended"], generation: int, now_ns: int
    ) -> tuple[Numbered | None, tuple[Product, ...]]:
        """Close every number that no receipt covers; returns the void and the products to decide again, in order."""
        last = self.number
        again = self.unreceipted_products()
        if last == self.settled:
            return None, ()
        run = _Dropped(self.settled + 1, last, self._settled_head, self.head)
        return self._void(run, reason, generation, now_ns), again

    def void_missing(self, *, generation: int, now_ns: int) -> Numbered | None:
        """Close the numbers that were let go unreceipted, before their records are released again from the journal."""
        return None if self._dropped is None else self._void(self._dropped, "age", generation, now_ns)

    def close(self, *, reason: Literal["restart", "suspended", "leave"], generation: int, now_ns: int) -> Numbered:
        """Send the last envelope of the epoch."""
        return self._append(
            Kind.EPOCH_CLOSE, wire.LINK_ID, codec.encode(EpochCloseBody(reason=reason)), generation, None, now_ns
        )

    def caught_up(self, *, generation: int, now_ns: int) -> Numbered:
        """Say that all that was kept back has been released: how much this epoch held, and its sum."""
        body = CaughtUpBody(count=self._tally.count, root=self._tally.root, up_to=now_ns)
        return self._append(Kind.CAUGHT_UP, wire.LINK_ID, codec.encode(body), generation, None, now_ns)

    def let_go(self) -> list[Product]:
        """Return the products of envelopes that were let go unreceipted since it was last asked."""
        found, self._let_go = self._let_go, []
        return found

    def missing(self) -> wire.Range | None:
        """Return the unreceipted numbers that are kept no more: to be voided and released again from the journal."""
        return None if self._dropped is None else (self._dropped.first, self._dropped.last)

    def unreceipted(self) -> int:
        """Return how many kept envelopes wait for a receipt."""
        return sum(not row.received for row in self._pending.values())

    def unreceipted_products(self) -> tuple[Product, ...]:
        """Return the products of kept envelopes that no receipt covers, in their order."""
        rows = (row for row in self._pending.values() if not row.received)
        return tuple(row.product for row in rows if row.product is not None)

    def on_receipt(self, receipt: wire.Receipt, *, now_ns: int) -> Settled:
        """Take the partner's word of what arrived; one about an older epoch says that nothing of this one has."""
        if receipt.of_epoch > self.epoch:
            return Settled(rolled_back=True)
        if receipt.of_epoch < self.epoch:  # the lanes may have lost all of it, and no later receipt would say more
            return Settled(forgot=True) if self.settled else Settled(resend=self._resend(now_ns))
        highest = max((receipt.contiguous, *(last for _, last in receipt.ranges)))
        if highest > self.number:
            return Settled(rolled_back=True)
        if receipt.contiguous < self.settled:
            return Settled(forgot=True)
        if not self._agrees(receipt):
            return Settled(forked=True)
        before = self.unreceipted()
        self._settle(receipt.contiguous, receipt.head)
        self._mark(receipt.ranges)
        return Settled(covered=before - self.unreceipted(), resend=self._resend(now_ns))

    def _append(
        self, kind: Kind, local_id: str, content: bytes, generation: int, released: Released | None, now_ns: int
    ) -> Numbered:
        self.number += 1
        envelope = wire.ENVELOPE_TYPES[self.realm](
            format=wire.FORMAT,
            sender=self.nation,
            recipient=self.partner,
            realm=self.realm,
            epoch=self.epoch,
            number=self.number,
            previous=self.head,
            kind=kind,
            content=content,
        )
        unsigned = codec.encode(envelope)
        subject = wire.subject(envelope, local_id)
        numbered = Numbered(
            self.partner, self.epoch, self.number, generation, kind, local_id, subject, unsigned,
            inner=released.release if released is not None and released.travels else b"",
            origin_signature=b"" if released is None else released.origin_signature,
        )  # fmt: skip
        self.head = wire.chain_hash(unsigned)
        self._hashes[self.number] = self.head
        self._pending[self.number] = _Pending(numbered, released, now_ns)
        self._bound()
        return numbered

    def _void(
        self, run: _Dropped, reason: Literal["policy", "age", "suspended"], generation: int, now_ns: int
    ) -> Numbered:
        body = VoidBody(first=run.first, last=run.last, anchor=run.anchor, closing=run.closing, reason=reason)
        for number in [number for number in self._pending if run.first <= number <= run.last]:
            row = self._pending.pop(number)
            if row.released is not None:
                self._tally.take_away(row.released.source_id)
        self._dropped = None
        return self._append(Kind.VOID, wire.LINK_ID, codec.encode(body), generation, None, now_ns)

    def _bound(self) -> None:
        """Let the oldest unreceipted envelopes go when there are too many, and hashes that nothing will ask for."""
        while len(self._pending) > limits.MAX_PENDING:
            number, row = next(iter(self._pending.items()))
            del self._pending[number]
            if row.product is not None and not row.received:
                self._let_go.append(row.product)
            if not row.received:
                first, anchor = number, self._hashes.get(number - 1, self._settled_head)
                if self._dropped is not None:
                    first, anchor = self._dropped.first, self._dropped.anchor
                self._dropped = _Dropped(first, number, anchor, self._hashes[number])
        while len(self._hashes) > 2 * limits.MAX_PENDING:
            del self._hashes[next(iter(self._hashes))]

    def _agrees(self, receipt: wire.Receipt) -> bool:
        """Compare heads; what is remembered no more cannot be compared."""
        if receipt.contiguous == self.settled:
            return receipt.contiguous == 0 or receipt.head == self._settled_head
        return self._hashes.get(receipt.contiguous, receipt.head) == receipt.head

    def _settle(self, contiguous: int, head: bytes) -> None:
        for number in range(self.settled + 1, contiguous + 1):
            self._pending.pop(number, None)
            self._hashes.pop(number, None)
        if contiguous > self.settled:
            self.settled, self._settled_head = contiguous, head
        run = self._dropped
        if run is not None and run.last <= contiguous:
            self._dropped = None
        elif run is not None and run.first <= contiguous:
            self._dropped = _Dropped(contiguous + 1, run.last, head, run.closing)

    def _mark(self, ranges: tuple[wire.Range, ...]) -> None:
        for number, row in self._pending.items():
            if not row.received and any(first <= number <= last for first, last in ranges):
                row.received = True

    def _resend(self, now_ns: int) -> tuple[Numbered, ...]:
        """Return envelopes that should have been covered by now, oldest first, and note that they go again."""
        again = []
        for row in self._pending.values():
            if not row.received and now_ns - row.sent_ns >= _RESEND_AFTER_NS:
                row.sent_ns = now_ns
                again.append(row.numbered)
            if len(again) == _RESEND_AT_ONCE:
                break
        return tuple(again)
