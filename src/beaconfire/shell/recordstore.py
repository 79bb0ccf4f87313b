"""The launch record on disk: one SQLite file of claims under `$BEACONFIRE_HOME`, ids by content.

A claim that is known already changes nothing; an import is one transaction, so that a crash or a full disk leaves the
record as it was. Whoever is not the record's writer reads it without a lock.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput, RunFailed
from beaconfire.record import SENSED, Claim, shipped_claims

HOME = "BEACONFIRE_HOME"
FORMAT = 1  # SQLite's user_version of the file
_APPLICATION = 0x42464352  # "BFCR": SQLite's application_id, by which a foreign database is told
_BUSY_S = 10.0  # another import takes a second; longer is trouble to be told
_SCHEMA = "CREATE TABLE IF NOT EXISTS claims (id TEXT PRIMARY KEY, number INTEGER NOT NULL, claim BLOB NOT NULL)"


@dataclass(frozen=True, slots=True)
class Added:
    """What an import did: claims that are new, that were known, and how many the record holds now."""

    new: int
    known: int
    total: int


def home() -> Path:
    """Return the folder of per-user state: `$BEACONFIRE_HOME`, else the platform's data folder."""
    if given := os.environ.get(HOME):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "beaconfire"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "beaconfire"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "beaconfire"


def read_file(path: Path) -> bytes:
    """Return the bytes of a file to import; raises `InvalidInput` if it cannot be read or is too long."""
    try:
        with path.open("rb") as file:
            content = file.read(limits.MAX_RECORD_FILE_BYTES + 1)
    except OSError as error:
        raise InvalidInput.single(str(path), error.strerror or "cannot be read", "a readable file") from None
    if len(content) > limits.MAX_RECORD_FILE_BYTES:
        raise InvalidInput.single(str(path), "is too long", f"at most {limits.MAX_RECORD_FILE_BYTES} bytes")
    return content


class RecordStore:
    """The claims of one user, in the order in which they came."""

    def __init__(self, path: Path | None = None) -> None:
        """Use the record at `path`, by default `record.sqlite` under `home()`; nothing is made before `add`."""
        self.path = home() / "record.sqlite" if path is None else path

    def exists(self) -> bool:
        """Whether anything was ever imported."""
        return self.path.is_file()

    def claims(self) -> tuple[Claim, ...]:
        """Return every claim; none if there is no record yet. Raises `InvalidInput` for a file that is no record."""
        if not self.exists():
            return ()
        with self._connected(f"{self.path.absolute().as_uri()}?mode=ro") as database:
            rows = database.execute("SELECT claim FROM claims ORDER BY number").fetchall()
        try:
            return tuple(_DECODER.decode(row[0]) for row in rows)
        except (msgspec.DecodeError, TypeError) as error:
            raise self._damaged(str(error)) from None

    def add(self, claims: Sequence[Claim]) -> Added:
        """Take claims in, all or none; those that are known change nothing.

        Raises `RunFailed` if the record would grow beyond its limit or cannot be written.
        """
        rows = [(claim.id, msgspec.json.encode(claim)) for claim in claims]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFailed(
                f"{self.path.parent}: {error.strerror}; set {HOME} to a folder that can be written"
            ) from None
        with self._connected(self.path.absolute().as_uri()) as database:
            database.execute("PRAGMA synchronous = FULL")
            database.execute("BEGIN IMMEDIATE")
            if database.execute("PRAGMA user_version").fetchone()[0] == 0:
                database.execute(f"PRAGMA application_id = {_APPLICATION}")
                database.execute(f"PRAGMA user_version = {FORMAT}")
            database.execute(_SCHEMA)
            before, last = database.execute("SELECT count(*), coalesce(max(number), 0) FROM claims").fetchone()
            numbered = [(name, last + number, body) for number, (name, body) in enumerate(rows, start=1)]
            database.executemany("INSERT OR IGNORE INTO claims VALUES (?, ?, ?)", numbered)
            total = database.execute("SELECT count(*) FROM claims").fetchone()[0]
            if total > limits.MAX_CLAIMS:
                raise RunFailed(
                    f"{self.path}: {total} claims would be more than {limits.MAX_CLAIMS}; nothing was taken"
                )
            database.execute("COMMIT")
        return Added(new=total - before, known=len(claims) - (total - before), total=total)

    def known(self) -> tuple[tuple[Claim, ...], bool]:
        """Return the claims to answer from, and whether announcements were ever imported.

        Before that the shipped ones stand in: what a node's own sensors saw says little without them.
        """
        claims = self.claims()
        imported = any(claim.source_class not in SENSED for claim in claims)
        return (claims, True) if imported else ((*shipped_claims(), *claims), False)

    @contextmanager
    def _connected(self, uri: str) -> Iterator[sqlite3.Connection]:
        """A connection whose open transaction is rolled back when anything goes wrong."""
        try:
            with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)) as database:
                self._check(database)
                yield database
        except sqlite3.OperationalError as error:
            raise RunFailed(f"{self.path}: {error}") from None
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from None

    def _check(self, database: sqlite3.Connection) -> None:
        """Refuse a database of something else, or of a later format."""
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (application,) = database.execute("PRAGMA application_id").fetchone()
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if (version, application) != (FORMAT, _APPLICATION) and tables:
            raise self._damaged(f"is of format {version}")

    def _damaged(self, what: str) -> InvalidInput:
        return InvalidInput.single(str(self.path), what, "the launch record of this version")


_DECODER = msgspec.json.Decoder(Claim)
