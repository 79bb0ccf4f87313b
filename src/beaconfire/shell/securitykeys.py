"""A security key as its owner enrols it on the page: what the browser brought, checked before the root seals it.

The page adds nobody: it hands its owner a file, the owner hands it to whoever holds the nation's root, and the two
compare the words of its fingerprint over another line. Attestation is not asked for: which make of key is bought is a
matter of the house, and naming it would tell one person's keys apart everywhere.
"""

import hashlib
from pathlib import Path

import msgspec
from fido2.webauthn import AttestationObject, CollectedClientData

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.webauthn import ALGORITHMS, SecurityKey, decoded, key_of
from beaconfire.shell.config import NodeConfig, read_bounded

RP_ID = "localhost"  # the page is served on this machine alone, and an address of digits may not name a key


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file that the page hands out; the last two are base64url as the browser has them."""

    nation: str
    realm: Realm
    person: str
    attestation_object: str
    client_data: str


def origin_of(config: NodeConfig) -> str:
    """Return the origin of a node's page, which its security keys are made for."""
    return f"http://{RP_ID}:{config.console.port}"


def enrolment_challenge(*, nation: str, realm: Realm, person: str) -> bytes:
    """Return what a new key signs: that it is this person's at this node, and nothing that could be an order."""
    return hashlib.sha256(f"beaconfire/enrol\n{nation}\n{realm}\n{person}".encode()).digest()


def read_enrolment(path: Path, config: NodeConfig, *, person: str) -> tuple[SecurityKey, bytes]:
    """Return the key of an enrolment's file, and its fingerprint (SHA-256) to be compared in words.

    Raises `InvalidInput` for a file that is none, of another person, node or page, or of a key that did not verify its
    owner or signs in a way that is not taken here.
    """
    where = str(path)
    try:
        given = msgspec.json.decode(read_bounded(path), type=Enrolment)
        attestation = AttestationObject(decoded(given.attestation_object))
        said = CollectedClientData(decoded(given.client_data))
    except InvalidInput:
        raise
    except Exception as error:  # the library's readers may raise anything for bytes that are none of theirs
        raise InvalidInput.single(where, f"is no enrolment: {error}", "the file that the page handed out") from None
    if (given.nation, given.realm, given.person) != (config.nation, config.realm, person):
        what = f"is of {given.person} at {given.nation} {given.realm}"
        raise InvalidInput.single(where, what, f"{person} at {config.nation} {config.realm}")
    _check(given, attestation, said, config, where=where)
    data = attestation.auth_data.credential_data
    assert data is not None, "checked"
    public_key = bytes(data)[-_cose_length(data.credential_id, bytes(data)) :].hex()
    key = SecurityKey(
        credential_id=data.credential_id.hex(), public_key=public_key, origin=origin_of(config), rp_id=RP_ID
    )
    key_of(key.public_key, where=where)
    return key, fingerprint(decoded(given.attestation_object))


def fingerprint(attestation_object: bytes) -> bytes:
    """Return the hash by which owner and keeper of the root tell that they mean one key."""
    return hashlib.sha256(attestation_object).digest()


def _check(
    given: Enrolment, attestation: AttestationObject, said: CollectedClientData, config: NodeConfig, *, where: str
) -> None:
    data = attestation.auth_data
    challenge = enrolment_challenge(nation=given.nation, realm=given.realm, person=given.person)
    checks = (
        (said.type == CollectedClientData.TYPE.CREATE, "is no enrolment of a key", "webauthn.create"),
        (said.challenge == challenge, "answers another challenge", "an enrolment of this person at this node"),
        (said.origin == origin_of(config), f"was made on {said.origin[:100]}", origin_of(config)),
        (data.rp_id_hash == hashlib.sha256(RP_ID.encode()).digest(), "is for another name", RP_ID),
        (data.is_user_verified(), "did not verify its owner", "a key with a PIN or a finger's print"),
        (data.credential_data is not None, "holds no key", "a new key"),
    )
    for holds, what, expected in checks:
        if not holds:
            raise InvalidInput.single(where, what, expected)
    assert data.credential_data is not None, "checked"
    algorithm = data.credential_data.public_key.get(3)
    if algorithm not in ALGORITHMS:
        raise InvalidInput.single(where, f"signs by COSE algorithm {algorithm}", "ES256 or EdDSA")


def _cose_length(credential_id: bytes, data: bytes) -> int:
    """The attested data are a model (16 bytes), the length of the id (2), the id, and the key."""
    return len(data) - 18 - len(credential_id)
