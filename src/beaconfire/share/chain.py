"""What has arrived of one epoch's chain: the contiguous part, runs beyond gaps, and contradictions.

Memory is bounded whatever the partner sends: runs of numbers are kept, not numbers; hashes of the recent ones tell a
duplicate from a second form of one number.
"""

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

from beaconfire.kernel import limits, wire
from beaconfire.kernel.products import VoidBody

_MAX_VOIDS = 64  # voids that wait for what stands before them; a sender needs one at a time


class Place(StrEnum):
    """What became of one number."""

    TAKEN = "taken"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two hashes under one number: the partner signed both."""

    number: int
    first: bytes
    second: bytes


@dataclass(slots=True)
class _Run:
    """Numbers received beyond a gap, linked among themselves."""

    first: int
    last: int
    previous: bytes  # the hash that number `first` names as the one before it
    head: bytes  # the hash of number `last`


class Chain:
    """One epoch of one direction, as its receiver knows it."""

    def __init__(self) -> None:
        """Start with nothing received."""
        self.contiguous = 0
        self.head = wire.NO_HASH
        self.highest = 0  # the highest number known to exist
        self._runs: list[_Run] = []
        self._voids: list[VoidBody] = []
        self._recent: dict[int, bytes] = {}

    def place(self, number: int, *, digest: bytes, previous: bytes) -> tuple[Place, Conflict | None]:
        """Take one number with its hash and the hash it names as the one before; a conflict takes nothing."""
        known = self.hash_of(number)
        if known is not None and known != digest:
            return Place.CONFLICT, Conflict(number, known, digest)
        if self._holds(number):
            return Place.DUPLICATE, None
        conflict = self._contradicts(number, digest, previous)
        if conflict is not None:
            return Place.CONFLICT, conflict
        self._remember(number, digest)
        if number == self.contiguous + 1:
            self.contiguous, self.head = number, digest
            self._advance()
        else:
            self._insert(number, digest, previous)
        return Place.TAKEN, None

    def void(self, body: VoidBody) -> Conflict | None:
        """Close numbers that will not come; one that stands beyond another gap waits for it."""
        if body.last <= self.contiguous:
            return None
        conflict = self._anchor_conflict(body)
        if conflict is None and len(self._voids) < _MAX_VOIDS:
            self._voids.append(body)
            self._advance()
        return conflict

    def hash_of(self, number: int) -> bytes | None:
        """Return the hash of a number, if it is remembered."""
        if number == self.contiguous:
            return self.head
        run = self._run_before(number + 1)
        return run.head if run is not None and run.last == number else self._recent.get(number)

    def gaps(self) -> tuple[wire.Range, ...]:
        """Return the numbers known to exist and not received, lowest first."""
        found, expected = [], self.contiguous + 1
        for run in self._runs:
            found.append((expected, run.first - 1))
            expected = run.last + 1
        if self.highest >= expected:
            found.append((expected, self.highest))
        return tuple((first, last) for first, last in found if first <= last)

    def ranges(self) -> tuple[wire.Range, ...]:
        """Return the runs received beyond the first gap, lowest first."""
        return tuple((run.first, run.last) for run in self._runs)

    def _holds(self, number: int) -> bool:
        if number <= self.contiguous:
            return True
        run = self._run_before(number + 1)
        return run is not None and number <= run.last

    def _run_before(self, number: int) -> _Run | None:
        """Return the last run that starts below `number`."""
        at = bisect_right(self._runs, number - 1, key=lambda run: run.first)
        return self._runs[at - 1] if at else None

    def _contradicts(self, number: int, digest: bytes, previous: bytes) -> Conflict | None:
        """Compare with both neighbours; number 1 names the old epoch's head, which is not judged here."""
        before = self.hash_of(number - 1) if number > 1 else None
        if before is not None and before != previous:
            return Conflict(number - 1, before, previous)
        after = next((run for run in self._runs if run.first == number + 1), None)
        return Conflict(number, after.previous, digest) if after is not None and after.previous != digest else None

    def _insert(self, number: int, digest: bytes, previous: bytes) -> None:
        """Join a run, or two, or start one; beyond the bound the number is not remembered and must come again."""
        at = bisect_right(self._runs, number, key=lambda run: run.first)
        left = self._runs[at - 1] if at and self._runs[at - 1].last == number - 1 else None
        right = self._runs[at] if at < len(self._runs) and self._runs[at].first == number + 1 else None
        if left is not None and right is not None:
            left.last, left.head = right.last, right.head
            del self._runs[at]
        elif left is not None:
            left.last, left.head = number, digest
        elif right is not None:
            right.first, right.previous = number, previous
        elif len(self._runs) < limits.MAX_SEGMENTS:
            self._runs.insert(at, _Run(number, number, previous, digest))

    def _advance(self) -> None:
        """Move the contiguous part over runs that link to it and voids that start in it."""
        moved = True
        while moved:
            moved = self._join_run() or self._apply_void()

    def _join_run(self) -> bool:
        if not self._runs or self._runs[0].first > self.contiguous + 1:
            return False
        run = self._runs[0]
        if run.first == self.contiguous + 1 and run.previous != self.head:
            return False  # a void's closing hash and this run contradict each other: the chain stands still here
        del self._runs[0]
        if run.last > self.contiguous:
            self.contiguous, self.head = run.last, run.head
        return True

    def _apply_void(self) -> bool:
        for body in self._voids:
            if body.first <= self.contiguous + 1:
                self._voids.remove(body)
                if body.last > self.contiguous:
                    self.contiguous, self.head = body.last, body.closing
                return True
        return False

    def _anchor_conflict(self, body: VoidBody) -> Conflict | None:
        for number, claimed in ((body.first - 1, body.anchor), (body.last, body.closing)):
            known = self.hash_of(number) if number >= 1 else None
            if known is not None and known != claimed:
                return Conflict(number, known, claimed)
        after = next((run for run in self._runs if run.first == body.last + 1), None)
        if after is not None and after.previous != body.closing:
            return Conflict(body.last, after.previous, body.closing)
        return None

    def _remember(self, number: int, digest: bytes) -> None:
        self.highest = max(self.highest, number)
        self._recent[number] = digest
        if len(self._recent) > limits.RECENT_HASHES:
            del self._recent[next(iter(self._recent))]
