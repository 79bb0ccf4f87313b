"""Signatures of the world's nations: a hash that stands for one, or Ed25519 itself for one seed in a hundred.

What the stand-in leaves out is arithmetic alone: it too needs the nation to make it and is checked at the other end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256, sha512

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Seals:
    """`sign(nation, unsigned)` makes 64 bytes, `holds(nation, unsigned, signature)` checks them."""

    sign: Callable[[str, bytes], bytes]
    holds: Callable[[str, bytes, bytes], bool]


def public_key(nation: str) -> bytes:
    """Return the 32-byte Ed25519 public key that a nation of the world signs under."""
    return _key(nation)[1].public_bytes_raw()


def _plain(nation: str, unsigned: bytes) -> bytes:
    return sha512(nation.encode() + b"\0" + unsigned).digest()


def _holds_plain(nation: str, unsigned: bytes, signature: bytes) -> bool:
    return signature == _plain(nation, unsigned)


def _sign(nation: str, unsigned: bytes) -> bytes:
    return _key(nation)[0].sign(unsigned)


def _holds(nation: str, unsigned: bytes, signature: bytes) -> bool:
    try:
        _key(nation)[1].verify(signature, unsigned)
    except InvalidSignature:
        return False
    return True


@cache
def _key(nation: str) -> tuple[Ed25519PrivateKey, Ed25519PublicKey]:
    private = Ed25519PrivateKey.from_private_bytes(sha256(b"world/" + nation.encode()).digest())
    return private, private.public_key()


STAND_IN = Seals(_plain, _holds_plain)
ED25519 = Seals(_sign, _holds)
