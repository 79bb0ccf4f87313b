"""A security key in software: makes credentials and assertions as a browser and an authenticator together would."""

import hashlib
import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fido2 import cbor
from fido2.cose import ES256, CoseKey, EdDSA
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from beaconfire.kernel.webauthn import Assertion, SecurityKey, challenge_of, encoded, pack

ORIGIN, RP_ID = "http://localhost:8600", "localhost"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftKey:
    """One credential; what it says of itself can be changed to see it refused."""

    name: str = "kim"
    ed25519: bool = False
    origin: str = ORIGIN
    rp_id: str = RP_ID
    flags: int = PRESENT | VERIFIED
    counter: int = 7
    more: dict[str, object] = field(default_factory=dict)  # beside, or in place of, what the browser records

    @property
    def private(self) -> Ed25519PrivateKey | ec.EllipticCurvePrivateKey:
        seed = hashlib.sha256(f"key of {self.name}".encode()).digest()
        if self.ed25519:
            return Ed25519PrivateKey.from_private_bytes(seed)
        return ec.derive_private_key(int.from_bytes(seed) >> 1, ec.SECP256R1())

    @property
    def cose(self) -> CoseKey:
        kind = EdDSA if self.ed25519 else ES256
        key: CoseKey = kind.from_cryptography_key(self.private.public_key())  # type: ignore[no-untyped-call]
        return key

    @property
    def credential_id(self) -> bytes:
        return hashlib.sha256(f"id of {self.name} {self.ed25519}".encode()).digest()

    @property
    def sealed(self) -> SecurityKey:
        """As `people.toml` has it, of the page it was truly enrolled on."""
        return SecurityKey(
            credential_id=self.credential_id.hex(), public_key=cbor.encode(self.cose).hex(), origin=ORIGIN, rp_id=RP_ID
        )

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(data)
        return self.private.sign(data, ec.ECDSA(hashes.SHA256()))

    def client_data(self, kind: str, challenge: bytes) -> bytes:
        said = {"type": kind, "challenge": encoded(challenge), "origin": self.origin, "crossOrigin": False}
        return json.dumps({**said, **self.more}).encode()

    @property
    def authenticator_data(self) -> bytes:
        rp_id_hash = hashlib.sha256(self.rp_id.encode()).digest()
        return rp_id_hash + bytes([self.flags]) + self.counter.to_bytes(4, "big")

    def answer(self, challenge: bytes) -> Assertion:
        """Answer a challenge."""
        client_data = self.client_data("webauthn.get", challenge)
        signature = self.sign(self.authenticator_data + hashlib.sha256(client_data).digest())
        return Assertion(self.credential_id, self.authenticator_data, client_data, signature)

    def proof(self, data: bytes) -> bytes:
        """What stands in the place of a signature of `data`."""
        return pack(self.answer(challenge_of(data)))

    def enrol(self, challenge: bytes) -> tuple[bytes, bytes]:
        """Return attestation object and client data of a new credential."""
        credential = AttestedCredentialData.create(bytes(16), self.credential_id, self.cose)
        data = AuthenticatorData.create(
            hashlib.sha256(self.rp_id.encode()).digest(), AuthenticatorData.FLAG(self.flags | ATTESTED), self.counter,
            bytes(credential),
        )  # fmt: skip
        return bytes(AttestationObject.create("none", data, {})), self.client_data("webauthn.create", challenge)
