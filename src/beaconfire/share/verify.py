"""Signatures of what a partner sends: pure, given the pinned public key; nothing unverified goes further in.

The signed bytes start with the type's tag, so that no envelope, control or journal row can be taken for another.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beaconfire.kernel import limits, wire
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.labels import Realm


def open_envelope(data: bytes, *, key: bytes, realm: Realm) -> tuple[wire.Signed, wire.Envelope]:
    """Return the signed form and the envelope of received bytes, verified under the sender's 32-byte public key.

    Raises `Refused`: "too_large", "malformed", "invalid", "not_canonical", "signature" or "realm".
    """
    signed = verify(data, key=key)
    return signed, wire.decode_envelope(signed.unsigned, realm=realm)


def open_control(data: bytes, *, key: bytes, realm: Realm) -> tuple[wire.Signed, wire.Control]:
    """Return the signed form and the control of received bytes; raises `Refused` as `open_envelope` does."""
    signed = verify(data, key=key)
    return signed, wire.decode_control(signed.unsigned, realm=realm)


def verify(data: bytes, *, key: bytes) -> wire.Signed:
    """Return the signed form of received bytes if the signature over its unsigned bytes holds, else raise `Refused`."""
    signed = wire.decode_signed(data)
    try:
        _public_key(key).verify(signed.signature, signed.unsigned)
    except InvalidSignature:
        raise Refused(
            "signature", where="signed: signature", what="does not verify", expected="the pinned key's"
        ) from None
    return signed


@lru_cache(maxsize=2 * limits.MAX_PARTNERS)
def _public_key(key: bytes) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(key)
    except ValueError as error:
        raise InvalidInput.single("public key", str(error), "32 bytes of an Ed25519 key") from None
