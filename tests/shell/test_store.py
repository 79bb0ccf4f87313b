"""The journal on disk: order, chain, signatures, durability told only when true, and trouble that passes."""

import hashlib
import sqlite3
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput, RunFailed, Violation
from beaconfire.kernel.labels import Realm
from beaconfire.shell.keys import Credential
from beaconfire.shell.store import NO_HASH, Head, Identification, Reader, Store, decode_record
from tests.shell.support import Told, open_store


def test_rows_are_chained_signed_and_read_back_in_order(tmp_path: Path) -> None:
    store, told = open_store(tmp_path / "journal.sqlite")
    for number in range(1, 301):
        assert store.append(now_ns=number, item=b"item %d" % number, digest=bytes(32)) == number
    store.close()
    assert told.seqs[-1] == 300
    assert told.seqs == sorted(set(told.seqs))
    reader = Reader(tmp_path / "journal.sqlite")
    key = Ed25519PublicKey.from_public_bytes(reader.identification.credential.public_key)
    previous = NO_HASH
    rows = list(reader.rows())
    for number, row in enumerate(rows, start=1):
        record = decode_record(row, where="journal")
        assert (record.seq, record.previous, record.item) == (number, previous, b"item %d" % number)
        key.verify(row.signature, row.record)  # raises if it does not
        previous = hashlib.sha256(row.record).digest()
    assert (len(rows), store.head) == (300, previous)
    reader.close()


def test_many_rows_share_few_commits(tmp_path: Path) -> None:
    store, told = open_store(tmp_path / "journal.sqlite")
    for _ in range(2_000):
        store.append(now_ns=1, item=b"x" * 200, digest=bytes(32))
    store.close()
    assert told.seqs[-1] == 2_000
    assert len(told.seqs) < 500  # a commit takes what gathered during the last one


def test_a_closed_journal_is_one_file_that_opens_read_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    store, _ = open_store(folder / "journal.sqlite")
    store.append(now_ns=1, item=b"x", digest=bytes(32))
    store.close()
    assert [path.name for path in folder.iterdir()] == ["journal.sqlite"]
    assert (folder / "journal.sqlite").stat().st_mode & 0o777 == 0o600
    folder.chmod(0o500)
    try:
        reader = Reader(folder / "journal.sqlite")
        assert len(list(reader.rows())) == 1
        reader.close()
    finally:
        folder.chmod(0o700)


def test_a_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    for start in (1, 4):
        store, _ = open_store(tmp_path / "journal.sqlite")
        assert store.seq == start - 1
        for _ in range(3):
            store.append(now_ns=1, item=b"x", digest=bytes(32))
        store.close()
    reader = Reader(tmp_path / "journal.sqlite")
    records = [decode_record(row, where="") for row in reader.rows()]
    assert [record.seq for record in records] == [1, 2, 3, 4, 5, 6]
    assert len({record.previous for record in records}) == 6
    assert [row.seq for row in reader.rows(after=4)] == [5, 6]
    reader.close()


def test_another_nodes_journal_is_not_continued(tmp_path: Path) -> None:
    store, _ = open_store(tmp_path / "journal.sqlite")
    store.close()
    with pytest.raises(InvalidInput, match="another node's"):
        open_store(tmp_path / "journal.sqlite", nation="JPN")


def test_a_place_that_cannot_be_written_fails_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunFailed, match="cannot be opened"):
        open_store(tmp_path / "file" / "journal.sqlite")


def test_readers_see_what_is_committed_while_the_writer_runs(tmp_path: Path) -> None:
    store, told = open_store(tmp_path / "journal.sqlite")
    store.append(now_ns=1, item=b"x", digest=bytes(32))
    told.wait_for(1)
    reader = Reader(tmp_path / "journal.sqlite")
    assert [row.seq for row in reader.rows()] == [1]
    reader.close()
    store.close()


def test_a_refused_commit_is_told_and_made_good(tmp_path: Path) -> None:
    """Another program locks the file: nothing is called durable meanwhile, everything is afterwards."""
    path = tmp_path / "journal.sqlite"
    store, told = open_store(path)
    store.append(now_ns=1, item=b"1", digest=bytes(32))
    told.wait_for(1)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    store.append(now_ns=2, item=b"2", digest=bytes(32))
    told.wait_for_trouble()
    store.append(now_ns=3, item=b"3", digest=bytes(32))
    assert (told.seqs[-1], store.durable_seq) == (1, 1)
    blocker.execute("ROLLBACK")
    blocker.close()
    told.wait_for(3)
    assert told.troubles[-1] is None
    store.close()
    reader = Reader(path)
    assert [decode_record(row, where="").item for row in reader.rows()] == [b"1", b"2", b"3"]
    reader.close()


def test_waiting_rows_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beaconfire.shell.store.MAX_WAITING_ROWS", 10)
    path = tmp_path / "journal.sqlite"
    store, told = open_store(path)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    for _ in range(50):
        store.append(now_ns=1, item=b"x", digest=bytes(32))
    told.wait_for_trouble()
    blocker.execute("ROLLBACK")
    blocker.close()
    store.close()
    reader = Reader(path)
    assert [row.seq for row in reader.rows()] == list(range(1, 11))  # the chain stays whole, the rest is not claimed
    assert store.durable_seq == 10
    assert None not in told.troubles  # not durable until the node starts again
    reader.close()
    assert limits.MAX_WAITING_ROWS > 10


def test_heads_of_partners_are_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    store, _ = open_store(path)
    for head in (Head("JPN", 7, b"h" * 32, b"signed"), Head("JPN", 7, b"h" * 32, b"again"), Head("JPN", 9, b"i" * 32)):
        store.note_head(head)
    store.close()
    reader = Reader(path)
    assert reader.heads() == (Head("JPN", 7, b"h" * 32, b"signed"), Head("JPN", 9, b"i" * 32, b""))
    reader.close()


@pytest.mark.parametrize("data", [b"", b"not a database at all", b"SQLite format 2\0" + bytes(100)])
def test_another_kind_of_file_is_no_journal(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match="not an SQLite file"):
        Reader(path)


def test_another_database_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE shopping (item TEXT)")
    base.close()
    with pytest.raises(InvalidInput, match="no such table"):
        Reader(path)
    with pytest.raises(InvalidInput, match="No such file"):
        Reader(tmp_path / "absent.sqlite")


def test_a_damaged_page_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    store, _ = open_store(path)
    for _ in range(200):
        store.append(now_ns=1, item=b"x" * 500, digest=bytes(32))
    store.close()
    data = bytearray(path.read_bytes())
    data[8192:12288] = bytes(4096)  # one page of zeros
    path.write_bytes(data)
    with pytest.raises(Violation):
        _read_all(path)


def test_a_row_that_is_no_record_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    store, _ = open_store(path)
    store.append(now_ns=1, item=b"x", digest=bytes(32))
    store.close()
    with sqlite3.connect(path) as base:
        base.execute("UPDATE journal SET record = ?", (b"\x93\x01",))
    base.close()
    with pytest.raises(Violation, match="row 1"):
        _read_all(path)


def test_no_row_is_told_before_the_commit(tmp_path: Path) -> None:
    """P1 at its root: when `committed` runs, another connection already reads the row."""
    path = tmp_path / "journal.sqlite"
    key = Ed25519PrivateKey.generate()
    credential = Credential(
        nation="KOR", realm=Realm.EXERCISE, role="journal", public_key=key.public_key().public_bytes_raw()
    )
    seen: list[tuple[int, int]] = []
    lock = threading.Lock()

    def committed(seq: int) -> None:
        reader = Reader(path)
        with lock:
            seen.append((seq, max(row.seq for row in reader.rows())))
        reader.close()

    identification = Identification("KOR", "EXERCISE", bytes(32), credential)
    store = Store(path, identification, key, committed=committed, troubled=lambda error: None)
    for _ in range(50):
        store.append(now_ns=1, item=b"x", digest=bytes(32))
    store.close()
    assert seen
    assert all(read >= told for told, read in seen)


def _read_all(path: Path) -> None:
    reader = Reader(path)
    try:
        reader.check_pages()
        for row in reader.rows():
            decode_record(row, where=str(path))
    finally:
        reader.close()


def test_told_waits_are_bounded() -> None:
    with pytest.raises(AssertionError):
        Told().wait_for(1, timeout_s=0.01)
