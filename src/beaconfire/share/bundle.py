"""Up to 64 envelopes under one signature: for history, where one signature each costs more than all the rest.

The signature is over the root of a hash tree of the envelopes (RFC 9162's, an odd node goes up as it is), so that each
keeps a proof of its own: a journal row of one envelope verifies without the others. Nothing here signs.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.share.verify import check_origin, holds, open_envelope

_TAG = codec.encode("bundle")
_HASH = 32


@dataclass(frozen=True, slots=True)
class Opened:
    """One verified envelope; with a `proof` the signature is over the root that the proof leads to."""

    envelope: wire.Envelope
    unsigned: bytes
    signature: bytes
    origin_signature: bytes
    proof: bytes = b""


def is_bundle(data: bytes) -> bool:
    """Say whether received bytes claim to be a bundle."""
    return data[1:].startswith(_TAG)


def open_message(
    data: bytes, *, key: bytes, realm: Realm, origins: Mapping[str, bytes] = MappingProxyType({})
) -> tuple[Opened, ...]:
    """Return the envelopes of received bytes, one or a bundle, verified; raises `Refused` as `open_envelope` does.

    A bundle is taken whole or not at all.
    """
    if not is_bundle(data):
        signed, envelope = open_envelope(data, key=key, realm=realm, origins=origins)
        return (Opened(envelope, signed.unsigned, signed.signature, signed.origin_signature),)
    bundle = codec.decode(data, wire.Bundle, where="bundle", limit=limits.MAX_BUNDLE_BYTES)
    if len(bundle.unsigned) != len(bundle.origin_signatures):
        what = f"has {len(bundle.origin_signatures)} for {len(bundle.unsigned)} envelopes"
        raise Refused("invalid", where="bundle: origin_signatures", what=what, expected="one each, or empty ones")
    if not holds(key, bundle.signature, bundle_words(bundle.unsigned)):
        raise Refused("signature", where="bundle: signature", what="does not verify", expected="the pinned key's")
    opened, proofs = [], _proofs(bundle.unsigned)
    for unsigned, second, proof in zip(bundle.unsigned, bundle.origin_signatures, proofs, strict=True):
        envelope = wire.decode_envelope(unsigned, realm=realm)
        check_origin(envelope, second, key=key, origins=origins)
        opened.append(Opened(envelope, unsigned, bundle.signature, second, proof))
    return tuple(opened)


def bundle_words(unsigned: Sequence[bytes]) -> bytes:
    """Return what the signature of a bundle is over."""
    return codec.encode(wire.BundleRoot(count=len(unsigned), root=_levels(unsigned)[-1][0]))


def signed_words(unsigned: bytes, proof: bytes) -> bytes:
    """Return what the signature kept with one envelope is over: its own bytes, or the root that its proof leads to.

    Raises `Refused` for a proof that is none.
    """
    if not proof:
        return unsigned
    index, count, at, digest = proof[0], proof[1] if len(proof) > 1 else 0, 2, _leaf(unsigned)
    if not index < count <= limits.MAX_BUNDLE:
        raise Refused("proof", where="proof", what=f"is of {index} in {count}", expected="a place in a bundle")
    width = count
    while width > 1:
        if index ^ 1 < width:
            other = proof[at : at + _HASH]
            at += _HASH
            digest = _node(other, digest) if index & 1 else _node(digest, other)
        index, width = index // 2, (width + 1) // 2
    if at != len(proof):
        raise Refused("proof", where="proof", what=f"is {len(proof)} bytes", expected=f"{at}")
    return codec.encode(wire.BundleRoot(count=count, root=digest))


def _proofs(unsigned: Sequence[bytes]) -> list[bytes]:
    """Return for each envelope its place, the count, and the hashes beside its way to the root, from below."""
    levels, found = _levels(unsigned), []
    for place in range(len(unsigned)):
        proof, index = bytearray((place, len(unsigned))), place
        for level in levels[:-1]:
            if index ^ 1 < len(level):
                proof += level[index ^ 1]
            index //= 2
        found.append(bytes(proof))
    return found


def _levels(unsigned: Sequence[bytes]) -> list[list[bytes]]:
    levels = [[_leaf(data) for data in unsigned]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [_node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        levels.append(pairs + below[len(below) - len(below) % 2 :])
    return levels


def _leaf(unsigned: bytes) -> bytes:
    return hashlib.sha256(b"\0" + unsigned).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
