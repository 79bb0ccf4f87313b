"""What one epoch has released, as a count and a sum that does not depend on the order: what `caught_up` says of it.

Both ends keep one. The sum is of SHA-256 over each record's source id, modulo 2²⁵⁶, so that a number that came early
can be added when its turn has come, in bounded memory.
"""

from hashlib import sha256

from beaconfire.kernel import limits

_MODULUS = 2**256


class Tally:
    """Count and root of the records under the numbers up to one; `void` says that numbers of this epoch were closed."""

    def __init__(self) -> None:
        """Start with nothing told."""
        self.count = 0
        self.void = False
        self._sum = 0
        self._ahead: dict[int, int] = {}

    @property
    def root(self) -> bytes:
        """The sum as 32 bytes."""
        return self._sum.to_bytes(32, "big")

    def add(self, source_id: bytes) -> None:
        """Add the record of the next number."""
        self._add(_digest(source_id))

    def take_away(self, source_id: bytes) -> None:
        """Take back a record whose number was closed."""
        self.count -= 1
        self._sum = (self._sum - _digest(source_id)) % _MODULUS

    def note(self, number: int, source_id: bytes) -> None:
        """Remember the record of a number that came in any order; beyond the bound nothing can be compared."""
        if len(self._ahead) >= limits.MAX_PENDING:
            self.void = True
        else:
            self._ahead[number] = _digest(source_id)

    def advance(self, contiguous: int) -> None:
        """Add what stands at or below the contiguous number."""
        for number in [number for number in self._ahead if number <= contiguous]:
            self._add(self._ahead.pop(number))

    def _add(self, value: int) -> None:
        self.count += 1
        self._sum = (self._sum + value) % _MODULUS


def _digest(source_id: bytes) -> int:
    return int.from_bytes(sha256(source_id).digest(), "big")
