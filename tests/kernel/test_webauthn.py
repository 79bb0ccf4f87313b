"""Security keys' words, judged from bytes alone. Oracle: the server of the fido2 package judges the same answers."""

import hashlib
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorAssertionResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.webauthn import Assertion, asserts, challenge_of, decoded, encoded, key_of, pack
from tests.kernel.securitykeys import ORIGIN, PRESENT, VERIFIED, SoftKey

DATA = b"approve these bytes"


def oracle(key: SoftKey, answer: Assertion, data: bytes) -> bool:
    """What the fido2 package's own server says of an answer, with the origin pinned as ours is."""
    server = Fido2Server(
        PublicKeyCredentialRpEntity(name="x", id="localhost"), verify_origin=lambda origin: origin == ORIGIN
    )
    true = SoftKey(key.name, key.ed25519)
    credential = AttestedCredentialData.create(bytes(16), true.credential_id, true.cose)
    _, state = server.authenticate_begin(
        [credential], user_verification=UserVerificationRequirement.REQUIRED, challenge=challenge_of(data)
    )
    response = AuthenticationResponse(
        raw_id=answer.credential_id,
        response=AuthenticatorAssertionResponse(
            client_data=CollectedClientData(answer.client_data),
            authenticator_data=AuthenticatorData(answer.authenticator_data),
            signature=answer.signature,
        ),
    )
    try:
        server.authenticate_complete(state, [credential], response)
    except (ValueError, InvalidSignature):
        return False
    return True


@pytest.mark.parametrize("ed25519", [False, True])
@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"counter": 0}, True),
        ({"flags": PRESENT}, False),
        ({"flags": VERIFIED}, False),
        ({"flags": 0}, False),
        ({"origin": "http://localhost:8601"}, False),
        ({"origin": "https://localhost:8600"}, False),
        ({"origin": "http://localhost:8600.evil.example"}, False),
        ({"rp_id": "evil.example"}, False),
        ({"more": {"type": "webauthn.create"}}, False),
        ({"more": {"challenge": encoded(bytes(32))}}, False),
        ({"more": {"something": "of a later browser"}}, True),
    ],
    ids=str,
)
def test_an_answer_holds_where_the_packages_own_server_takes_it(
    changes: dict[str, Any], holds: bool, ed25519: bool
) -> None:
    key = SoftKey(ed25519=ed25519, **changes)
    answer = key.answer(challenge_of(DATA))
    assert asserts(key.sealed, pack(answer), DATA) is holds
    assert oracle(key, answer, DATA) is holds


def test_a_frame_of_a_foreign_page_is_another_origin() -> None:
    """Stricter than the oracle, which lets a framed page through."""
    assert not asserts(SoftKey().sealed, SoftKey(more={"crossOrigin": True}).proof(DATA), DATA)


def test_an_answer_is_for_its_data_its_key_and_its_person() -> None:
    kim, lee = SoftKey("kim"), SoftKey("lee")
    proof = kim.proof(DATA)
    assert asserts(kim.sealed, proof, DATA)
    assert not asserts(kim.sealed, proof, DATA + b".")
    assert not asserts(lee.sealed, proof, DATA)
    renamed = msgspec.structs.replace(lee.sealed, credential_id=kim.sealed.credential_id)
    assert not asserts(renamed, proof, DATA)


@given(st.integers(0, 2_000), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_no_answer(place: int, change: int) -> None:
    proof = bytearray(PROOF)
    proof[place % len(proof)] ^= change
    assert not asserts(SoftKey(ed25519=True).sealed, bytes(proof), DATA)


PROOF = SoftKey(ed25519=True).proof(DATA)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_answer_are_none(junk: bytes) -> None:
    key = SoftKey().sealed
    assert not asserts(key, junk, DATA)
    answer = SoftKey().answer(challenge_of(DATA))
    for name in ("authenticator_data", "client_data", "signature"):
        assert not asserts(key, pack(msgspec.structs.replace(answer, **{name: junk})), DATA)


def test_an_answer_of_boundless_length_is_none() -> None:
    assert not asserts(SoftKey().sealed, SoftKey(more={"x": "y" * 5_000}).proof(DATA), DATA)


P256 = {1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)}


@pytest.mark.parametrize(
    ("numbers", "what"),
    [
        (P256, "no point of its curve"),
        ({**P256, 3: -257}, "another algorithm"),
        ({**P256, 3: None}, "another algorithm"),
        ({**P256, -1: 2}, "not whole"),
        ({**P256, 1: 1}, "not whole"),
        ({**P256, -2: bytes(31)}, "not whole"),
        ({**P256, -3: "x"}, "not whole"),
        ({1: 1, 3: -8, -1: 6}, "not whole"),
        ([1, 2], "another algorithm"),
        ("text", "another algorithm"),
    ],
)
def test_keys_that_are_none_are_refused(numbers: Any, what: str) -> None:
    encoded_key = cbor.encode(
        {k: v for k, v in numbers.items() if v is not None} if isinstance(numbers, dict) else numbers
    )
    with pytest.raises(InvalidInput, match=what):
        key_of(encoded_key.hex(), where="key")


@pytest.mark.parametrize("digits", ["", "ff", "a0ff", "5b" + "ff" * 8, "a1"])
def test_bytes_that_are_no_cbor_are_no_key(digits: str) -> None:
    with pytest.raises(InvalidInput):
        key_of(digits, where="key")


def test_the_browsers_base64_is_read_in_its_one_form() -> None:
    for size in range(5):
        data = hashlib.sha256(bytes([size])).digest()[:size]
        assert decoded(encoded(data)) == data
    for text in ("QQ==", "QR", "Q", "Q Q", "QQ\n", "+/", "é"):
        with pytest.raises(ValueError):
            decoded(text)
