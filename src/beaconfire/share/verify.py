"""Signatures of what a partner sends: pure, given the pinned public key; nothing unverified goes further in.

The signed bytes start with the type's tag, so that no envelope, control or journal row can be taken for another.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beaconfire.kernel import limits, wire
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import RELEASED_KINDS


def open_envelope(
    data: bytes, *, key: bytes, realm: Realm, origins: Mapping[str, bytes] = MappingProxyType({})
) -> tuple[wire.Signed, wire.Envelope]:
    """Return the signed form and the envelope of received bytes, verified under the sender's 32-byte public key.

    `origins` are the pinned keys of all partners, by nation: of those whose words the sender may pass on.
    Raises `Refused`: "too_large", "malformed", "invalid", "not_canonical", "signature" or "realm", of the release
    inside also "kind", and "unpinned" or "origin" (`check_origin`).
    """
    signed = verify(data, key=key)
    envelope = wire.decode_envelope(signed.unsigned, realm=realm)
    check_origin(envelope, signed.origin_signature, key=key, origins=origins)
    return signed, envelope


def check_origin(
    envelope: wire.Envelope, signature: bytes, *, key: bytes, origins: Mapping[str, bytes] = MappingProxyType({})
) -> None:
    """Refuse an envelope whose release is not its originator's own words.

    The sender's signature is enough for its own release that goes no further. One with an onward list, or another
    originator's, needs that nation's signature over exactly the release's bytes, under the key pinned here ("origin");
    of a nation that is not pinned nothing is taken ("unpinned"). Where none is needed none may stand.
    """
    signer: bytes | None = None
    if envelope.kind in RELEASED_KINDS:
        release = wire.decode_release(envelope)
        if release.originator != envelope.sender:
            signer = origins.get(release.originator)
            if signer is None:
                raise Refused(
                    "unpinned", where="release: originator", what=f"is {release.originator}", expected="a pinned nation"
                )
        elif release.onward:
            signer = key
    if signer is None:
        if signature:
            raise Refused("origin", where="signed: origin_signature", what="is not needed", expected="none")
    elif not holds(signer, signature, envelope.content):
        what = "does not verify" if signature else "is missing"
        raise Refused("origin", where="signed: origin_signature", what=what, expected="the originator's")


def open_control(data: bytes, *, key: bytes, realm: Realm) -> tuple[wire.Signed, wire.Control]:
    """Return the signed form and the control of received bytes; raises `Refused` as `open_envelope` does."""
    signed = verify(data, key=key)
    return signed, wire.decode_control(signed.unsigned, realm=realm)


def verify(data: bytes, *, key: bytes) -> wire.Signed:
    """Return the signed form of received bytes if the signature over its unsigned bytes holds, else raise `Refused`."""
    signed = wire.decode_signed(data)
    if not holds(key, signed.signature, signed.unsigned):
        raise Refused("signature", where="signed: signature", what="does not verify", expected="the pinned key's")
    return signed


def holds(key: bytes, signature: bytes, data: bytes) -> bool:
    """Say whether a signature over `data` is by the key (32 bytes)."""
    try:
        _public_key(key).verify(signature, data)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=2 * limits.MAX_PARTNERS)
def _public_key(key: bytes) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(key)
    except ValueError as error:
        raise InvalidInput.single("public key", str(error), "32 bytes of an Ed25519 key") from None
