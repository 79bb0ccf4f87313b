"""The record on disk: ids by content, all or nothing, refused when it is something else, safe when killed."""

import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput, RunFailed
from beaconfire.record import shipped_claims
from beaconfire.shell.recordstore import HOME, Added, RecordStore, home, read_file
from tests.record.made import claim


@pytest.fixture
def store(tmp_path: Path) -> RecordStore:
    return RecordStore(tmp_path / "state" / "record.sqlite")


def test_a_record_that_was_never_written_is_empty_and_stays_unmade(store: RecordStore) -> None:
    assert not store.exists()
    assert store.claims() == ()
    assert not store.path.parent.exists()


def test_claims_come_back_in_their_order(store: RecordStore) -> None:
    claims = shipped_claims()
    assert store.add(claims) == Added(new=151, known=0, total=151)
    assert store.exists()
    assert store.claims() == claims


def test_the_same_file_twice_changes_nothing(store: RecordStore) -> None:
    store.add(shipped_claims())
    before = store.path.read_bytes()
    assert store.add(shipped_claims()) == Added(new=0, known=151, total=151)
    assert store.claims() == shipped_claims()
    assert store.path.read_bytes() == before
    assert store.add([claim(), claim(), shipped_claims()[0]]) == Added(new=1, known=2, total=152)


def test_what_would_be_too_much_is_refused_whole(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add([claim()])
    monkeypatch.setattr(limits, "MAX_CLAIMS", 2)
    with pytest.raises(RunFailed, match="nothing was taken"):
        store.add([claim(remark="a"), claim(remark="b")])
    assert store.claims() == (claim(),)


def test_a_file_that_is_no_record_is_refused_and_left_alone(store: RecordStore) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(b"not a database, but long enough to be looked at as one" * 10)
    before = store.path.read_bytes()
    for use in (store.claims, lambda: store.add([claim()])):
        with pytest.raises(InvalidInput, match="the launch record of this version"):
            use()
    assert store.path.read_bytes() == before


def test_another_programs_database_and_a_later_format_are_refused(store: RecordStore) -> None:
    store.path.parent.mkdir()
    with sqlite3.connect(store.path) as database:
        database.execute("CREATE TABLE claims (x)")
    database.close()
    with pytest.raises(InvalidInput, match="format 0"):
        store.add([claim()])
    store.path.unlink()
    store.add([claim()])
    with sqlite3.connect(store.path) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(InvalidInput, match="format 2"):
        store.claims()


def test_a_damaged_claim_is_told(store: RecordStore) -> None:
    store.add([claim()])
    with sqlite3.connect(store.path) as database:
        database.execute("UPDATE claims SET claim = x'7b7d'")
    database.close()
    with pytest.raises(InvalidInput, match=r"record\.sqlite"):
        store.claims()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFailed, match=HOME):
        RecordStore(tmp_path / "file" / "record.sqlite").add([claim()])


def test_while_another_imports_the_record_can_be_read(store: RecordStore) -> None:
    store.add([claim()])
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert store.claims() == (claim(),)
    other.execute("ROLLBACK")
    other.close()


def test_a_process_killed_in_the_middle_of_an_import_leaves_the_record_as_it_was(store: RecordStore) -> None:
    store.add([claim()])
    script = f"""
        import os, sqlite3
        database = sqlite3.connect({str(store.path)!r}, isolation_level=None)
        database.execute("PRAGMA cache_size = 1")
        database.execute("PRAGMA cache_spill = 1")
        database.execute("BEGIN IMMEDIATE")
        for number in range(20000):
            database.execute("INSERT INTO claims VALUES (?, ?, ?)", (str(number), number, b"x" * 200))
        print(flush=True)
        os.kill(os.getpid(), 9)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True)
    assert killed.returncode == -9
    assert store.path.stat().st_size > 100_000  # the half-written pages are there, and are rolled back
    again = RecordStore(store.path)
    assert again.add([claim(remark="after")]) == Added(new=1, known=0, total=2)
    assert again.claims() == (claim(), claim(remark="after"))


def test_home_is_the_variable_or_the_platforms_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(HOME, str(tmp_path))
    assert home() == tmp_path
    assert RecordStore().path == tmp_path / "record.sqlite"
    monkeypatch.delenv(HOME)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert home() == tmp_path / ".local" / "share" / "beaconfire"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert home() == tmp_path / "xdg" / "beaconfire"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert home() == tmp_path / "Library" / "Application Support" / "beaconfire"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert home() == tmp_path / "local" / "beaconfire"


def test_files_to_import_are_read_whole_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.csv"
    with pytest.raises(InvalidInput, match=r"f\.csv: No such file"):
        read_file(path)
    with pytest.raises(InvalidInput, match="expected a readable file"):
        read_file(tmp_path)
    path.write_bytes(b"x" * 100)
    assert read_file(path) == b"x" * 100
    monkeypatch.setattr(limits, "MAX_RECORD_FILE_BYTES", 99)
    with pytest.raises(InvalidInput, match="at most 99 bytes"):
        read_file(path)


def test_the_record_is_not_left_open(store: RecordStore) -> None:
    store.add([claim()])
    store.claims()
    opened = [os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink() and entry.exists()]
    assert str(store.path) not in opened
