"""`verify`: a journal of the real step holds, and every byte of it that is changed is found."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beaconfire.kernel import codec, wire
from beaconfire.kernel.errors import InvalidInput, Violation
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import EpochCloseBody, Kind
from beaconfire.kernel.records import Scan
from beaconfire.node import (
    EnvelopeIn,
    Genesis,
    Input,
    Partner,
    PolicyLoad,
    ScanIn,
    Tick,
    digest,
    encode_input,
    initial,
    step,
)
from beaconfire.release import preset
from beaconfire.shell.fingerprint import fingerprint
from beaconfire.shell.keys import Credential
from beaconfire.shell.store import Head, Identification, Reader, Record, Store, decode_record
from beaconfire.shell.verify import export_heads, read_heads, verify_journal

START_NS = 1_736_132_400_000_000_000
PARTNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ROOT = Ed25519PrivateKey.from_private_bytes(bytes([7] * 32))
JOURNAL = Ed25519PrivateKey.from_private_bytes(bytes([9] * 32))


def identification() -> Identification:
    bare = Credential(
        nation="JPN", realm=Realm.EXERCISE, role="journal", public_key=JOURNAL.public_key().public_bytes_raw()
    )
    credential = msgspec.structs.replace(bare, signature=ROOT.sign(bare.signed_bytes()))
    return Identification("JPN", "EXERCISE", ROOT.public_key().public_bytes_raw(), credential)


def envelope(number: int, previous: bytes) -> bytes:
    return codec.encode(
        wire.ExerciseEnvelope(
            format=1, sender="KOR", recipient="JPN", realm=Realm.EXERCISE, epoch=5, number=number, previous=previous,
            kind=Kind.EPOCH_CLOSE, content=codec.encode(EpochCloseBody(reason="leave")),
        )
    )  # fmt: skip


def session(where: str) -> list[Input]:
    """The inputs of a short life: scans of an unknown sensor, a policy, a partner's words, time."""
    genesis = Genesis(
        nation="JPN", realm=Realm.EXERCISE, sensors_toml=b"",
        policy_toml=preset("default", nation="JPN", partners=("KOR",), realm=Realm.EXERCISE),
        partners=(Partner("KOR", PARTNER.public_key().public_bytes_raw()),), id_secret=bytes(32), epoch=5,
        fingerprint=where,
    )  # fmt: skip
    first = envelope(1, wire.NO_HASH)
    words = [EnvelopeIn("KOR", item, PARTNER.sign(item)) for item in (first, envelope(2, wire.chain_hash(first)))]
    closed = preset("closed", nation="JPN", partners=(), realm=Realm.EXERCISE)
    return [genesis, Tick(), ScanIn(Scan(START_NS, "R1", ())), *words, PolicyLoad(closed), *[Tick()] * 14]


def write(
    path: Path, *, where: str | None = None, heads: tuple[Head, ...] = (), inputs: Sequence[Input] = ()
) -> list[bytes]:
    """Write a journal as the node does; returns the hash of each row."""
    told: list[int] = []
    store = Store(path, identification(), JOURNAL, committed=told.append, troubled=lambda error: None)
    items, hashes = list(inputs) or session(where or fingerprint()), []
    genesis = items[0]
    assert isinstance(genesis, Genesis)
    state = initial(genesis, now_ns=START_NS)
    for number, item in enumerate(items):
        now_ns = START_NS + number * 100_000_000
        effects = () if item is genesis else step(state, item, now_ns=now_ns)[1]
        store.append(now_ns=now_ns, item=encode_input(item), digest=digest(effects))
        hashes.append(store.head)
    for head in heads:
        store.note_head(head)
    store.close()
    return hashes


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    write(path)
    return path


def test_an_untouched_journal_holds_and_replays(journal: Path) -> None:
    report = verify_journal(journal)
    assert (report.nation, report.realm, report.rows) == ("JPN", "EXERCISE", 20)
    assert report.replayed
    assert report.heads_compared is None
    assert report.root == ROOT.public_key().public_bytes_raw().hex()


def test_another_machines_journal_is_checked_but_not_replayed(tmp_path: Path) -> None:
    write(tmp_path / "journal.sqlite", where="another machine")
    report = verify_journal(tmp_path / "journal.sqlite")
    assert (report.replayed, report.rows) == (False, 20)
    assert "another build" in report.why_not_replayed


def test_progress_names_every_row(journal: Path) -> None:
    seen: list[int] = []
    verify_journal(journal, progress=seen.append)
    assert seen == list(range(1, 21))


def changed(journal: Path, tmp_path: Path, change: Callable[[sqlite3.Connection], object]) -> Path:
    path = tmp_path / "changed.sqlite"
    shutil.copy(journal, path)
    with sqlite3.connect(path) as base:
        change(base)
    base.close()
    return path


def resign(base: sqlite3.Connection, row: int, key: Ed25519PrivateKey = JOURNAL, **changes: object) -> None:
    """Change a record as one who has the journal's key could, and sign it again."""
    data = base.execute("SELECT record FROM journal WHERE seq = ?", (row,)).fetchone()[0]
    record = msgspec.structs.replace(msgspec.msgpack.decode(data, type=Record), **changes)
    encoded = msgspec.msgpack.encode(record)
    base.execute("UPDATE journal SET record = ?, signature = ? WHERE seq = ?", (encoded, key.sign(encoded), row))


def about(base: sqlite3.Connection, name: str, value: bytes) -> None:
    base.execute("UPDATE about SET value = ? WHERE name = ?", (value, name))


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("row 7: stands where row 6", lambda base: base.execute("DELETE FROM journal WHERE seq = 6")),
        ("row 2: stands where row 1", lambda base: base.execute("DELETE FROM journal WHERE seq = 1")),
        ("row 5: does not continue", lambda base: resign(base, 4, now_ns=1)),
        ("row 4: has a wrong signature", lambda base: resign(base, 4, PARTNER)),
        ("row 4: stands where", lambda base: resign(base, 4, seq=9)),
        ("row 20: decided otherwise", lambda base: resign(base, 20, digest=bytes(32))),
        ("row 20: holds no input", lambda base: resign(base, 20, item=b"\xc0")),
        ("row 1: claims effects", lambda base: resign(base, 1, digest=bytes(32))),
        ("row 1: is a Tick", lambda base: resign(base, 1, item=encode_input(Tick()))),
        (
            "row 20: holds words of KOR",
            lambda base: resign(base, 20, item=encode_input(EnvelopeIn("KOR", b"x", bytes(64)))),
        ),
        ("not signed by the nation's root", lambda base: about(base, "root", bytes(32))),
        ("made for JPN", lambda base: about(base, "nation", b"KOR")),
        ("damaged", lambda base: base.execute("DELETE FROM about WHERE name = 'realm'")),
    ],
)  # fmt: skip
def test_every_change_is_named(journal: Path, tmp_path: Path, fault: str, change: Callable[..., object]) -> None:
    with pytest.raises(Violation, match=fault) as caught:
        verify_journal(changed(journal, tmp_path, change))
    assert caught.value.exit_code == 4


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 20), st.floats(0, 1, exclude_max=True), st.integers(1, 255), st.sampled_from(["record", "signature"])
)
def test_any_flipped_byte_of_a_row_is_found(
    journal: Path, tmp_path: Path, seq: int, at: float, flip: int, column: str
) -> None:
    def change(base: sqlite3.Connection) -> None:
        data = bytearray(base.execute(f"SELECT {column} FROM journal WHERE seq = ?", (seq,)).fetchone()[0])
        data[int(at * len(data))] ^= flip
        base.execute(f"UPDATE journal SET {column} = ? WHERE seq = ?", (bytes(data), seq))

    with pytest.raises(Violation):
        verify_journal(changed(journal, tmp_path, change))


def test_a_flipped_byte_of_the_file_is_found(journal: Path, tmp_path: Path) -> None:
    """In the middle of the rows' bytes, as a failing disk would."""
    data = bytearray(journal.read_bytes())
    reader = Reader(journal)
    records = [row.record for row in reader.rows()]
    reader.close()
    for record in (records[0], records[9], records[-1]):
        at = data.find(record[-60:]) + 30
        assert at > 30
        data[at] ^= 1
        (tmp_path / "flipped.sqlite").write_bytes(data)
        data[at] ^= 1
        with pytest.raises(Violation):
            verify_journal(tmp_path / "flipped.sqlite")


def test_a_cut_tail_is_found_by_what_partners_heard(journal: Path, tmp_path: Path) -> None:
    hashes = write(tmp_path / "whole.sqlite")
    cut = changed(tmp_path / "whole.sqlite", tmp_path, lambda base: base.execute("DELETE FROM journal WHERE seq > 15"))
    assert verify_journal(cut).rows == 15  # nothing shows inside the file
    heads = tmp_path / "heads.jsonl"
    lines = [{"nation": "JPN", "seq": seq, "head": hashes[seq - 1].hex()} for seq in (3, 17)]
    heads.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    with pytest.raises(Violation, match="ends at row 15, but a partner was told of row 17"):
        verify_journal(cut, heads=heads)
    assert verify_journal(tmp_path / "whole.sqlite", heads=heads).heads_compared == 2


def test_a_forked_history_is_found_by_what_partners_heard(journal: Path, tmp_path: Path) -> None:
    """Written again from the start by the nation itself: consistent inside, contradicted outside."""
    hashes = write(tmp_path / "first.sqlite")
    write(tmp_path / "second.sqlite", where=fingerprint() + " again")
    partner = tmp_path / "partner.sqlite"
    write(partner, heads=(Head("JPN", 12, hashes[11]), Head("USA", 400, bytes(32))))
    assert verify_journal(tmp_path / "first.sqlite", heads=partner).heads_compared == 1
    with pytest.raises(Violation, match="row 12: is not the row whose hash a partner was told"):
        verify_journal(tmp_path / "second.sqlite", heads=partner)


def test_two_words_about_one_row_cannot_both_hold(tmp_path: Path) -> None:
    hashes = write(tmp_path / "journal.sqlite")
    heads = tmp_path / "heads.jsonl"
    for head in (bytes(32), hashes[4]):
        with heads.open("ab") as file:
            file.write(msgspec.json.encode({"nation": "JPN", "seq": 5, "head": head.hex()}) + b"\n")
    with pytest.raises(Violation, match="row 5"):
        verify_journal(tmp_path / "journal.sqlite", heads=heads)


def test_heads_are_exported_for_others(tmp_path: Path) -> None:
    write(tmp_path / "journal.sqlite", heads=(Head("KOR", 12, b"k" * 32), Head("USA", 3, b"u" * 32)))
    exported = tmp_path / "heads.jsonl"
    exported.write_bytes(export_heads(tmp_path / "journal.sqlite"))
    assert read_heads(exported, "KOR") == [Head("KOR", 12, b"k" * 32)]
    assert read_heads(exported, "PRK") == []


@pytest.mark.parametrize("line", ["no json", '{"nation": "JPN"}', '{"nation": "JPN", "seq": 1, "head": "zz"}'])
def test_heads_that_are_none_are_named_by_line(journal: Path, tmp_path: Path, line: str) -> None:
    heads = tmp_path / "heads.jsonl"
    heads.write_text(f"\n{line}\n")
    with pytest.raises(InvalidInput, match=r"heads\.jsonl:2"):
        verify_journal(journal, heads=heads)
    with pytest.raises(InvalidInput, match="No such file"):
        verify_journal(journal, heads=tmp_path / "absent")


def test_rows_chain_by_their_hashes(journal: Path) -> None:
    reader = Reader(journal)
    previous = bytes(32)
    for row in reader.rows():
        assert decode_record(row, where="").previous == previous
        previous = hashlib.sha256(row.record).digest()
    reader.close()
    assert verify_journal(journal).head == previous.hex()
