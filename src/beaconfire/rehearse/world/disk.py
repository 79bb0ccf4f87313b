"""A disk in memory: rows wait, a commit takes a while, and what was not committed is gone when the node dies."""

from dataclasses import dataclass
from hashlib import sha256

NO_HASH = bytes(32)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a journal: the input, when it was taken, the hash of what it caused, and the hash up to here."""

    seq: int
    now_ns: int
    item: bytes
    digest: bytes
    head: bytes


class Disk:
    """The journal of one node; `rows` are safe, `waiting` are not."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: list[Row] = []
        self.waiting: list[Row] = []
        self.committing = 0  # how many of the waiting rows the commit under way holds

    @property
    def durable_seq(self) -> int:
        """The last row that is safe."""
        return len(self.rows)

    @property
    def seq(self) -> int:
        """The last row that was taken."""
        return len(self.rows) + len(self.waiting)

    @property
    def head(self) -> bytes:
        """The hash of the last row that was taken."""
        rows = self.waiting or self.rows
        return rows[-1].head if rows else NO_HASH

    def append(self, *, now_ns: int, item: bytes, digest: bytes) -> int:
        """Take a row and return its number; it is not safe yet."""
        seq = self.seq + 1
        self.waiting.append(Row(seq, now_ns, item, digest, chained(self.head, seq, now_ns, item, digest)))
        return seq

    def begin(self) -> bool:
        """Begin to commit all that waits; False if nothing does, or a commit is under way."""
        if self.committing or not self.waiting:
            return False
        self.committing = len(self.waiting)
        return True

    def end(self) -> int:
        """End the commit under way and return how many rows it made safe."""
        count = self.committing
        self._keep(count)
        return count

    def crash(self, *, kept_percent: int) -> None:
        """Lose what waits, but for the first part of the commit under way: a torn group."""
        self._keep(self.committing * kept_percent // 100)
        self.waiting.clear()

    def _keep(self, count: int) -> None:
        self.rows += self.waiting[:count]
        del self.waiting[:count]
        self.committing = 0


def chained(previous: bytes, seq: int, now_ns: int, item: bytes, digest: bytes) -> bytes:
    """Return the hash of a row that stands after one with hash `previous`."""
    return sha256(b"%b%d/%d/%d/%b%b" % (previous, seq, now_ns, len(item), item, digest)).digest()
