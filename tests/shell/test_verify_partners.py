"""`verify` and partners' words: under the key in force when they came, of a bundle by their proof, passed on by two."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel import codec, wire
from beaconfire.kernel.errors import Violation
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import RELEASED_KINDS
from beaconfire.node import EnvelopeIn, Genesis, Input, Join, KeyChange, Partner, Tick
from beaconfire.share import open_message
from beaconfire.shell.fingerprint import fingerprint
from beaconfire.shell.parcels import parcels
from beaconfire.shell.verify import verify_journal
from tests.exchange import envelope, release
from tests.shell.test_parcels import sends
from tests.shell.test_verify import PARTNER, session, write

NEW, USA = (Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number in (21, 22))


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def words(number: int, key: Ed25519PrivateKey, *, sender: str = "KOR", previous: bytes = wire.NO_HASH) -> EnvelopeIn:
    inner = release(originator=sender, source_id=number.to_bytes(16, "big"))
    unsigned = codec.encode(envelope(inner, sender=sender, number=number, previous=previous))
    return EnvelopeIn(sender, unsigned, key.sign(unsigned))


def passed_on(second: Ed25519PrivateKey) -> EnvelopeIn:
    made = envelope(release(originator="USA", releasable_to=("KOR",), onward=("JPN",)))
    assert made.kind in RELEASED_KINDS
    unsigned = codec.encode(made)
    return EnvelopeIn("KOR", unsigned, PARTNER.sign(unsigned), second.sign(made.content))


def bundled() -> list[EnvelopeIn]:
    """What the intake makes of a bundle."""
    found = []
    for parcel in parcels(sends(20), PARTNER.sign):
        for one in open_message(parcel.data, key=public(PARTNER), realm=Realm.EXERCISE):
            found.append(EnvelopeIn("KOR", one.unsigned, one.signature, one.origin_signature, one.proof))
    return found


def journal(path: Path, items: Sequence[Input], *, where: str | None = None) -> Path:
    genesis = session(where or fingerprint())[0]
    assert isinstance(genesis, Genesis)
    write(path / "journal.sqlite", inputs=[genesis, Tick(), *items])
    return path / "journal.sqlite"


JOIN = Join(Partner("USA", public(USA)), ("baba", "chiba"))
CHANGE = KeyChange("KOR", public(NEW), ("baba",))


@pytest.mark.parametrize("where", [None, "another build"], ids=["replayed", "elsewhere"])
@pytest.mark.parametrize(
    "items",
    [
        [JOIN, words(1, USA, sender="USA")],
        [words(1, PARTNER), CHANGE, words(2, NEW)],
        [JOIN, passed_on(USA)],
        bundled(),
    ],
    ids=["joined", "key changed", "passed on", "bundled"],
)
def test_what_was_genuine_when_it_came_holds(tmp_path: Path, items: list[Input], where: str | None) -> None:
    report = verify_journal(journal(tmp_path, items, where=where))
    assert report.rows == len(items) + 2
    assert report.replayed is (where is None)


@pytest.mark.parametrize(
    "items",
    [
        [words(1, USA, sender="USA")],
        [CHANGE, words(1, PARTNER)],
        [words(1, PARTNER), words(2, NEW), CHANGE],
        [JOIN, passed_on(NEW)],
        [passed_on(USA)],
        [EnvelopeIn(one.partner, one.envelope, one.signature, b"", one.proof[:-1] + b"x") for one in bundled()[-1:]],
        [EnvelopeIn(one.partner, one.envelope, one.signature) for one in bundled()[-1:]],
        [EnvelopeIn(one.partner, one.envelope, one.signature, b"", b"\x01") for one in bundled()[-1:]],
    ],
    ids=[
        "not joined", "the old key", "too early", "passed on, forged", "passed on, unpinned", "proof of another",
        "no proof", "no place",
    ],
)  # fmt: skip
def test_what_was_not_is_named(tmp_path: Path, items: list[Input]) -> None:
    with pytest.raises(Violation, match="holds words"):
        verify_journal(journal(tmp_path, items))


def test_a_join_that_the_step_refused_changes_no_key(tmp_path: Path) -> None:
    again = Join(Partner("KOR", public(NEW)), ("baba",))
    assert verify_journal(journal(tmp_path, [again, words(1, PARTNER)])).replayed
