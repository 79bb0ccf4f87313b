"""One human at a node, as the others know them: an id, what they may do, and how their word is told from another's."""

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from beaconfire.kernel import codec, limits
from beaconfire.kernel.webauthn import SecurityKey

Role = Literal["author", "officer"]
Hex32 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Word(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One person's signature under an act (`kernel.approval`); `proof` is of a key, a security key or a token."""

    person: str
    nonce: bytes
    issued_ns: int
    proof: Annotated[bytes, Meta(max_length=limits.MAX_ASSERTION_BYTES)]


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One human. `keys` are Ed25519 public keys; `approved` is by whom a LIVE person was taken in."""

    id: str
    name: str
    roles: tuple[Role, ...]
    keys: Annotated[tuple[Hex32, ...], Meta(max_length=limits.MAX_KEYS_OF_PERSON)] = ()
    tokens: Annotated[tuple[Hex32, ...], Meta(max_length=limits.MAX_KEYS_OF_PERSON)] = ()
    security_keys: Annotated[tuple[SecurityKey, ...], Meta(max_length=limits.MAX_KEYS_OF_PERSON)] = ()
    approved: Annotated[tuple[Word, ...], Meta(max_length=limits.MAX_APPROVALS)] = ()

    @property
    def digest(self) -> bytes:
        """The SHA-256 of everything but the approvals: what two officers sign to take this person in."""
        return hashlib.sha256(codec.encode(msgspec.structs.replace(self, approved=()))).digest()
