"""Enrolments of security keys: what the page hands out, and every reason to seal none of it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.webauthn import encoded
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig
from beaconfire.shell.securitykeys import enrolment_challenge, origin_of, read_enrolment
from tests.kernel.securitykeys import ORIGIN, PRESENT, SoftKey

CONFIG = NodeConfig(
    nation="KOR", realm=Realm.LIVE, console=ConsoleConfig(port=8600),
    broker=BrokerConfig(client_port=4222, link_port=7422, address="127.0.0.1:7422"),
)  # fmt: skip


def enrolment(key: SoftKey | None = None, **changes: Any) -> dict[str, Any]:
    given = {"nation": "KOR", "realm": "LIVE", "person": "kim", **changes}
    challenge = enrolment_challenge(nation=given["nation"], realm=Realm(given["realm"]), person=given["person"])
    attestation, client_data = (key or SoftKey()).enrol(challenge)
    made = {"attestation_object": encoded(attestation), "client_data": encoded(client_data)}
    return {**made, **given}


def written(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "kim.security-key.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return path


@pytest.mark.parametrize("ed25519", [False, True])
def test_a_key_is_read_as_it_was_made(tmp_path: Path, ed25519: bool) -> None:
    soft = SoftKey(ed25519=ed25519)
    given = enrolment(soft)
    key, digest = read_enrolment(written(tmp_path, given), CONFIG, person="kim")
    assert key == soft.sealed
    assert (key.origin, origin_of(CONFIG)) == (ORIGIN, ORIGIN)
    attestation, _ = soft.enrol(enrolment_challenge(nation="KOR", realm=Realm.LIVE, person="kim"))
    assert digest == hashlib.sha256(attestation).digest()


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (enrolment(person="lee"), "is of lee at KOR LIVE; expected kim at KOR LIVE"),
        (enrolment(nation="JPN"), "is of kim at JPN LIVE"),
        (enrolment(realm="EXERCISE"), "is of kim at KOR EXERCISE"),
        ({**enrolment(person="lee"), "person": "kim"}, "answers another challenge"),
        (enrolment(SoftKey(origin="http://localhost:8601")), "was made on http://localhost:8601"),
        (enrolment(SoftKey(rp_id="evil.example")), "is for another name"),
        (enrolment(SoftKey(flags=PRESENT)), "did not verify its owner"),
        (enrolment(SoftKey(more={"type": "webauthn.get"})), "is no enrolment of a key"),
        ({**enrolment(), "attestation_object": "AAAA"}, "is no enrolment"),
        ({**enrolment(), "attestation_object": "?"}, "is no enrolment"),
        ({**enrolment(), "client_data": encoded(b"{}")}, "is no enrolment"),
        ({**enrolment(), "more": 1}, "is no enrolment"),
        (b"", "is no enrolment"),
        (b"[]", "is no enrolment"),
        (b"\xff\xfe", "is no enrolment"),
    ],
)
def test_what_is_sealed_by_nobody(tmp_path: Path, document: object, what: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_enrolment(written(tmp_path, document), CONFIG, person="kim")
    assert what in str(caught.value)
    assert "expected" in str(caught.value)


def test_an_algorithm_that_is_not_taken_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beaconfire.shell.securitykeys.ALGORITHMS", (-8,))
    with pytest.raises(InvalidInput, match="signs by COSE algorithm -7; expected ES256 or EdDSA"):
        read_enrolment(written(tmp_path, enrolment()), CONFIG, person="kim")
