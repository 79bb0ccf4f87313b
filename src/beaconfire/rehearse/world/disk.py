"""A disk in memory: rows wait, a commit takes a while, and what was not committed is gone when the node dies."""

import sqlite3
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

    def close(self) -> None:
        """End using it."""

    def _keep(self, count: int) -> None:
        self.rows += self.waiting[:count]
        del self.waiting[:count]
        self.committing = 0


class SqliteDisk(Disk):
    """The same on SQLite: a commit is a transaction, and after a crash the rows are those of the database."""

    def __init__(self) -> None:
        """Start with an empty database of its own, in a file that nobody else sees."""
        super().__init__()
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.execute(
            "CREATE TABLE journal (seq INTEGER PRIMARY KEY, now_ns INTEGER, item BLOB, digest BLOB, head BLOB) STRICT"
        )

    def crash(self, *, kept_percent: int) -> None:
        """Lose what waits, and read again what the database holds."""
        super().crash(kept_percent=kept_percent)
        rows = self._base.execute("SELECT seq, now_ns, item, digest, head FROM journal ORDER BY seq")
        self.rows = [Row(*row) for row in rows]

    def close(self) -> None:
        """End using it; the database goes with it."""
        self._base.close()

    def _keep(self, count: int) -> None:
        kept = [(row.seq, row.now_ns, row.item, row.digest, row.head) for row in self.waiting[:count]]
        self._base.execute("BEGIN")
        self._base.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", kept)
        self._base.execute("COMMIT")
        super()._keep(count)


def new_disk(*, real: bool) -> Disk:
    """Return an empty disk; `real`: on a database."""
    return SqliteDisk() if real else Disk()


def chained(previous: bytes, seq: int, now_ns: int, item: bytes, digest: bytes) -> bytes:
    """Return the hash of a row that stands after one with hash `previous`."""
    return sha256(b"%b%d/%d/%d/%b%b" % (previous, seq, now_ns, len(item), item, digest)).digest()
