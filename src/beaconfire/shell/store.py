"""The journal of a node on disk: SQLite, one table of signed and chained records, one writer.

In: rows in step order. Out: a call when they are on stable storage; nothing may be sent before it (promise P1).
The writer is a thread that commits whatever gathered while the last commit ran: no timer, no waiting for a full batch.
A record is MessagePack `[seq, previous hash, now_ns, input, digest of effects]`; its hash is SHA-256 over exactly these
bytes, its signature Ed25519 over the same.

When a commit fails the rows wait and are tried again; until one succeeds the journal is *not durable*, which is said
to the loop, and beyond a written bound of waiting rows it stays so until the node starts again.
"""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.errors import InvalidInput, RunFailed, Violation
from beaconfire.kernel.limits import MAX_WAITING_ROWS
from beaconfire.shell.keys import Credential
from beaconfire.shell.openmetrics import Histogram

FORMAT = b"beaconfire journal 1"
NO_HASH = bytes(32)
_RETRY_S = 0.5
_SYNC_BOUNDS_S = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0)  # fast disk to a failing one
_BUSY_S = 1.0  # nobody else writes: whoever holds a lock longer is trouble to be told
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, record BLOB NOT NULL, signature BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS heads (
    nation TEXT NOT NULL, seq INTEGER NOT NULL, head BLOB NOT NULL, evidence BLOB NOT NULL,
    PRIMARY KEY (nation, seq, head)
) WITHOUT ROWID;
"""


class Record(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The signed content of one row: what the node was given, when, and the hash of what it decided."""

    seq: int
    previous: bytes
    now_ns: int
    item: bytes
    digest: bytes


class Row(msgspec.Struct, frozen=True):
    """One row as it lies in the journal."""

    seq: int
    record: bytes
    signature: bytes


class Head(msgspec.Struct, frozen=True):
    """The end of a journal at some time: its last row and the hash of it, and who said so (signed bytes, or b"")."""

    nation: str
    seq: int
    head: bytes
    evidence: bytes = b""


class Identification(msgspec.Struct, frozen=True):
    """Whose journal a file is."""

    nation: str
    realm: str
    root_public: bytes
    credential: Credential


class Store:
    """The writer. `append` takes a row at once; `committed(seq)` is called, from the writer's thread, when it is safe.

    `troubled(error)` is called with the failure when a commit fails, and with None when one succeeds again.
    """

    def __init__(
        self,
        path: Path,
        identification: Identification,
        key: Ed25519PrivateKey,
        *,
        committed: Callable[[int], None],
        troubled: Callable[[Exception | None], None],
    ) -> None:
        """Open or make the journal; raises `RunFailed` if that fails, `InvalidInput` if it is another node's."""
        self._path = path
        self._key = key
        self._committed, self._troubled = committed, troubled
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._base = _open(path)
            _identify(self._base, identification, where=str(path))
        except (OSError, sqlite3.Error) as error:
            raise RunFailed(f"{path}: the journal cannot be opened: {error}") from error
        self.seq, self.head = _tail(self._base, where=str(path))
        self._durable_seq = self.seq
        self._waiting: list[tuple[int, bytes]] = []
        self._heads: list[Head] = []
        self.sync = Histogram(_SYNC_BOUNDS_S)  # how long commits took, their sync included
        self._wake = threading.Condition()
        self._closing = self._overflowed = self._failing = False
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    @property
    def durable_seq(self) -> int:
        """The last row known to be on stable storage."""
        return self._durable_seq

    def append(self, *, now_ns: int, item: bytes, digest: bytes) -> int:
        """Take the next row and return its number; it is safe once `committed` has been called with it or a later one.

        Beyond `MAX_WAITING_ROWS` rows that could not be committed nothing more is kept: see the module.
        """
        record = msgspec.msgpack.encode(Record(self.seq + 1, self.head, now_ns, item, digest))
        self.seq, self.head = self.seq + 1, hashlib.sha256(record).digest()
        with self._wake:
            if len(self._waiting) >= MAX_WAITING_ROWS:
                self._overflowed = True
            if not self._overflowed:
                self._waiting.append((self.seq, record))
                self._wake.notify()
        return self.seq

    def note_head(self, head: Head) -> None:
        """Keep a partner's word on the end of its own journal, with the next commit."""
        with self._wake:
            self._heads.append(head)

    def close(self) -> None:
        """Commit what waits, fold the write-ahead log into the file and close it."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._base.close()

    def _write(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closing:
                    self._wake.wait()
                rows, heads, closing = self._waiting[:], self._heads[:], self._closing
            if rows or heads:
                self._commit(rows, heads)
            if closing and (self._failing or not self._waiting):  # tried once more after the end was asked for
                break
        if not self._failing:
            self._fold()

    def _commit(self, rows: list[tuple[int, bytes]], heads: list[Head]) -> None:
        begun_s = time.perf_counter()
        try:
            with self._base:
                self._base.execute("BEGIN IMMEDIATE")
                self._base.executemany(
                    "INSERT INTO journal VALUES (?, ?, ?)", [(seq, data, self._key.sign(data)) for seq, data in rows]
                )
                self._base.executemany(
                    "INSERT OR IGNORE INTO heads VALUES (?, ?, ?, ?)",
                    [(head.nation, head.seq, head.head, head.evidence) for head in heads],
                )
        except sqlite3.Error as error:
            self._failing = True
            self._troubled(error)
            if not self._closing:
                with self._wake:
                    self._wake.wait_for(lambda: self._closing, _RETRY_S)
            return
        self.sync.add(time.perf_counter() - begun_s)
        with self._wake:
            del self._waiting[: len(rows)], self._heads[: len(heads)]
        if self._failing and not self._overflowed:
            self._failing = False
            self._troubled(None)
        if rows:
            self._durable_seq = rows[-1][0]
            self._committed(self._durable_seq)

    def _fold(self) -> None:
        try:
            self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._base.execute("PRAGMA journal_mode = DELETE")  # one file that opens anywhere, read-only too
        except sqlite3.Error as error:  # a reader has it open: the log stays beside the file, nothing is lost
            self._troubled(error)


class Reader:
    """A journal opened for reading, also while its node runs."""

    def __init__(self, path: Path) -> None:
        """Open `path`; raises `InvalidInput` if it is no journal, `Violation` if it is a damaged one."""
        self._path = path
        self._base = _open_readonly(path)
        try:
            about = dict(self._base.execute("SELECT name, value FROM about").fetchall())
            self._base.execute("SELECT seq, record, signature FROM journal LIMIT 1").fetchone()
        except sqlite3.Error as error:
            self._base.close()
            if "no such table" in str(error) or "not a database" in str(error):
                raise InvalidInput.single(str(path), str(error), "a journal.sqlite of a node") from None
            raise Violation(f"{path}: damaged: {error}") from None
        try:
            self.identification = Identification(
                nation=bytes(about["nation"]).decode(),
                realm=bytes(about["realm"]).decode(),
                root_public=bytes(about["root"]),
                credential=msgspec.json.decode(about["credential"], type=Credential),
            )
        except (KeyError, TypeError, UnicodeDecodeError, msgspec.DecodeError) as error:
            self._base.close()
            raise Violation(f"{path}: damaged: whose journal it is cannot be read: {error}") from None

    def rows(self, *, after: int = 0) -> Iterator[Row]:
        """Yield the rows above `after` in order; raises `Violation` where the file is damaged."""
        try:
            cursor = self._base.execute(
                "SELECT seq, record, signature FROM journal WHERE seq > ? ORDER BY seq", (after,)
            )
            for seq, record, signature in cursor:
                if not isinstance(record, bytes) or not isinstance(signature, bytes):
                    raise Violation(f"{self._path}: row {seq}: is not a record")
                yield Row(seq, record, signature)
        except sqlite3.Error as error:
            raise Violation(f"{self._path}: damaged: {error}") from None

    def heads(self) -> tuple[Head, ...]:
        """Return what partners said of the ends of their own journals, and each as they signed it."""
        try:
            rows = self._base.execute("SELECT nation, seq, head, evidence FROM heads ORDER BY nation, seq").fetchall()
        except sqlite3.Error as error:
            raise Violation(f"{self._path}: damaged: {error}") from None
        return tuple(Head(str(nation), int(seq), bytes(head), bytes(evidence)) for nation, seq, head, evidence in rows)

    def check_pages(self) -> None:
        """Have SQLite check the file's structure; raises `Violation`."""
        try:
            answer = self._base.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            answer = str(error)
        if answer != "ok":
            raise Violation(f"{self._path}: damaged: {answer}")

    def close(self) -> None:
        """Close the file."""
        self._base.close()


class Chain:
    """Walks a journal's rows from the first and holds each against the one before; `where` names it in what is raised.

    `seq` and `head` are the last row's number and hash.
    """

    def __init__(self, *, where: str) -> None:
        """Start before the first row."""
        self._where = where
        self.seq, self.head = 0, NO_HASH

    def take(self, row: Row) -> Record:
        """Return the next row's record; raises `Violation` if it is none, or does not follow."""
        record = decode_record(row, where=self._where)
        if row.seq != self.seq + 1 or record.seq != row.seq:
            raise Violation(f"{self._where}: row {row.seq}: stands where row {self.seq + 1} belongs")
        if record.previous != self.head:
            what = "does not continue the chain: this row or the one before was changed"
            raise Violation(f"{self._where}: row {row.seq}: {what}")
        self.seq, self.head = row.seq, hashlib.sha256(row.record).digest()
        return record


def decode_record(row: Row, *, where: str) -> Record:
    """Return a row's record; raises `Violation` if it is none."""
    try:
        return msgspec.msgpack.decode(row.record, type=Record)
    except msgspec.DecodeError as error:
        raise Violation(f"{where}: row {row.seq}: is not a record: {error}") from None


def _open(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    path.chmod(0o600)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.executescript(_SCHEMA)
    return base


def _open_readonly(path: Path) -> sqlite3.Connection:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise InvalidInput.single(str(path), error.strerror or "cannot be read", "a readable file") from None
    if start != b"SQLite format 3\0":
        raise InvalidInput.single(str(path), "is not an SQLite file", "a journal.sqlite of a node")
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)


def _identify(base: sqlite3.Connection, identification: Identification, *, where: str) -> None:
    rows = {
        "format": FORMAT,
        "nation": identification.nation.encode(),
        "realm": identification.realm.encode(),
        "root": identification.root_public,
        "credential": msgspec.json.encode(identification.credential),
    }
    base.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", rows.items())
    kept = dict(base.execute("SELECT name, value FROM about").fetchall())
    for name, value in rows.items():
        if kept[name] != value:
            raise InvalidInput.single(
                f"{where}: {name}", "is another node's", f"the journal of {identification.nation}"
            )


def _tail(base: sqlite3.Connection, *, where: str) -> tuple[int, bytes]:
    row = base.execute("SELECT seq, record FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    return (0, NO_HASH) if row is None else (int(row[0]), hashlib.sha256(row[1]).digest())
