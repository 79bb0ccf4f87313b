"""Envelopes on their way to a lockstep step: held until their turn, so that a run is the same every time.

Lanes bring envelopes in any order and a fast partner's early ones belong to its next turn. Here they wait by number,
and a turn takes, in the order of their numbers, exactly those up to the number it awaits.
"""

from beaconfire.kernel import limits, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.products import Kind, VoidBody
from beaconfire.node import EnvelopeIn


class Arrivals:
    """What one partner sent and no turn has taken yet."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._held: dict[int, EnvelopeIn] = {}
        self._others: list[EnvelopeIn] = []
        self._closed: list[tuple[int, int]] = []  # voided, or taken beyond a gap
        self._epoch = 0
        self.taken = 0  # every number up to here was taken or voided

    @property
    def highest(self) -> int:
        """The highest number that waits, or was taken."""
        return max(self._held, default=self.taken)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._held) + len(self._others)

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._held and not self._others

    def add(self, envelope: wire.Envelope, item: EnvelopeIn) -> bool:
        """Keep one verified envelope; False if there is no room, and then it has to come again."""
        if envelope.epoch > self._epoch:
            self._others += [self._held[number] for number in sorted(self._held)]
            self._held.clear()
            self._closed.clear()
            self._epoch, self.taken = envelope.epoch, 0
        if len(self._held) + len(self._others) >= limits.MAX_INTAKE_QUEUE:
            return False
        self._note_void(envelope)
        if envelope.epoch < self._epoch or envelope.number <= self.taken or envelope.number in self._held:
            self._others.append(item)  # for the step to refuse, or to see that two forms of one number were signed
        else:
            self._held[envelope.number] = item
        return True

    def has_all(self, last: int, *, epoch: int | None = None) -> bool:
        """Whether every number up to `last` is here, was taken, or is voided; in that epoch, or a later one came."""
        if epoch is not None and self._epoch != epoch:
            return self._epoch > epoch
        return self._first_missing(last) > last

    def take(self, last: int) -> list[EnvelopeIn]:
        """Return what is due up to number `last`, in order, and forget it."""
        due = self._others
        self._others = []
        numbers = sorted(number for number in self._held if number <= last)
        due += [self._held.pop(number) for number in numbers]
        self._closed += [(number, number) for number in numbers]
        self.taken = max(self.taken, min(self._first_missing(last) - 1, last))
        self._closed = [(first, end) for first, end in self._closed if end > self.taken]
        return due

    def put_back(self, items: list[EnvelopeIn]) -> None:
        """Keep what was taken and not used: it is taken again first."""
        self._others = items + self._others

    def _first_missing(self, last: int) -> int:
        number = self.taken + 1
        while number <= last:
            if number in self._held:
                number += 1
                continue
            after = max((end for first, end in self._closed if first <= number <= end), default=0)
            if not after:
                return number
            number = after + 1
        return number

    def _note_void(self, envelope: wire.Envelope) -> None:
        if envelope.kind is not Kind.VOID:
            return
        try:
            body = wire.decode_body(envelope.kind, envelope.content)
        except Refused:
            return  # the step refuses it too, and says so
        if isinstance(body, VoidBody):
            self._closed.append((body.first, body.last))
