"""A person's word given with a security key (W3C Web Authentication, level 3), judged from its bytes alone.

The browser asks the key to sign a challenge; here the challenge is the SHA-256 of what the person agrees to, so that
whoever reads the journal can judge the assertion again, years later: no clock, no network, no memory of sessions. What
must hold is pinned when the nation's root seals the key: the origin of the page and the name (rpId) it was made for.

Traps: a key that was only touched says nothing of who touched it, so user verification (PIN, finger) is asked for; a
counter that goes back may be a cloned key or a second device, so counters decide nothing; a foreign page that frames
ours is another origin.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.cose import ES256, CoseKey, EdDSA
from msgspec import Meta

from beaconfire.kernel import codec, limits
from beaconfire.kernel.errors import InvalidInput, Refused

ALGORITHMS = (ES256.ALGORITHM, EdDSA.ALGORITHM)  # COSE: ECDSA on P-256 with SHA-256; Ed25519
_COORDINATES = {ES256.ALGORITHM: (2, 1, (-2, -3)), EdDSA.ALGORITHM: (1, 6, (-2,))}  # type, curve, 32-byte parts
_PRESENT, _VERIFIED = 0x01, 0x04
_FLAGS_AT, _COUNTER_ENDS = 32, 37  # authenticator data: SHA-256 of the rpId, flags, counter
Hex = Annotated[str, Meta(pattern=r"\A([0-9a-f]{2})+\Z", max_length=2 * limits.MAX_CREDENTIAL_BYTES)]


class SecurityKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's security key as `people.toml` has it: `public_key` is a COSE_Key, `origin` the page's address."""

    credential_id: Hex
    public_key: Hex
    origin: Annotated[str, Meta(min_length=1, max_length=limits.MAX_ORIGIN_LENGTH)]
    rp_id: Annotated[str, Meta(min_length=1, max_length=limits.MAX_ORIGIN_LENGTH)]


class Assertion(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a browser brought back: which key, and the three parts of its answer as they came."""

    credential_id: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes


class _ClientData(msgspec.Struct, frozen=True, rename="camel"):
    """The part of the browser's own record that matters; more may stand in it."""

    type: str
    challenge: str
    origin: str
    cross_origin: bool = False


_CLIENT_DATA = msgspec.json.Decoder(_ClientData)


def challenge_of(data: bytes) -> bytes:
    """Return the challenge (32 bytes) by which a security key signs `data`."""
    return hashlib.sha256(b"beaconfire/webauthn\n" + data).digest()


def pack(assertion: Assertion) -> bytes:
    """Return the bytes of an assertion, as they stand in an order in the place of a signature."""
    return codec.encode(assertion)


def asserts(key: SecurityKey, proof: bytes, data: bytes) -> bool:
    """Say whether `proof` is an assertion by this key over `data`, with the person verified; nothing is raised."""
    try:
        given = codec.decode(proof, Assertion, where="assertion", limit=limits.MAX_ASSERTION_BYTES)
    except Refused:
        return False
    if given.credential_id.hex() != key.credential_id or not _is_ours(given.authenticator_data, key):
        return False
    if not _is_meant(given.client_data, key, challenge_of(data)):
        return False
    signed = given.authenticator_data + hashlib.sha256(given.client_data).digest()
    return _signs(key_of(key.public_key, where=key.credential_id), given.signature, signed)


@lru_cache(maxsize=limits.MAX_PEOPLE)
def key_of(public_key: str, *, where: str) -> CoseKey:
    """Return the key of a COSE_Key's hexadecimal digits; raises `InvalidInput` for none that is taken here."""
    expected = "a COSE_Key for ES256 (P-256) or EdDSA (Ed25519)"
    try:
        numbers: Any = cbor.decode(bytes.fromhex(public_key))
    except Exception:  # the library's own reader may raise anything for bytes that are no CBOR
        raise InvalidInput.single(where, "is no CBOR", expected) from None
    algorithm = numbers.get(3) if isinstance(numbers, dict) else None
    if algorithm not in ALGORITHMS:
        raise InvalidInput.single(where, "has another algorithm", expected)
    kind, curve, parts = _COORDINATES[algorithm]
    whole = all(isinstance(numbers.get(part), bytes) and len(numbers[part]) == 32 for part in parts)
    if (numbers.get(1), numbers.get(-1)) != (kind, curve) or not whole:
        raise InvalidInput.single(where, "is not whole", expected)
    key = CoseKey.parse(numbers)
    try:
        _signs(key, b"", b"")
    except ValueError:
        raise InvalidInput.single(where, "is no point of its curve", expected) from None
    return key


def encoded(data: bytes) -> str:
    """Return bytes as browsers write them: base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return the bytes of such a text; raises `ValueError` for any that `encoded` would not write."""
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encoded(data) != text:
        raise ValueError("is no base64url without padding")
    return data


def _is_ours(data: bytes, key: SecurityKey) -> bool:
    """Made for our page, with somebody there, and that person verified."""
    if len(data) < _COUNTER_ENDS or data[:_FLAGS_AT] != hashlib.sha256(key.rp_id.encode()).digest():
        return False
    return data[_FLAGS_AT] & (_PRESENT | _VERIFIED) == _PRESENT | _VERIFIED


def _is_meant(client_data: bytes, key: SecurityKey, challenge: bytes) -> bool:
    """An answer to this very challenge, given on the page the key was sealed for and in no frame of another."""
    try:
        said = _CLIENT_DATA.decode(client_data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return said == _ClientData("webauthn.get", encoded(challenge), key.origin)


def _signs(key: CoseKey, signature: bytes, data: bytes) -> bool:
    """Say whether a signature holds; raises `ValueError` for a key that is no point of its curve."""
    try:
        key.verify(data, signature)
    except InvalidSignature:
        return False
    return True
