"""A nation's own keys: root, node, journal, alert signature and identifier secret, each bound to one realm.

`create` makes them, `load` checks that they belong to the nation and realm of the configuration: a LIVE node does not
start with EXERCISE keys, nor the reverse. The root signs the other keys and the bundles for partners and is needed for
nothing else, so it may lie elsewhere. Every file is 0600; LIVE keys are encrypted with a passphrase.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from beaconfire.kernel.errors import InvalidInput, UsageError
from beaconfire.kernel.labels import Realm
from beaconfire.shell import pki

KEYS_FOLDER = "keys"
TLS_FOLDER = "tls"
_SECRET_BYTES = 32
_ROLES = ("node", "journal")
_ALERTS = "cap"


class Credential(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The root's word on one key: whose it is, for which realm and role."""

    nation: str
    realm: Realm
    role: str
    public_key: bytes
    signature: bytes = b""

    def signed_bytes(self) -> bytes:
        """The bytes that the root signs: all but the signature."""
        return msgspec.json.encode(msgspec.structs.replace(self, signature=b""))


@dataclass(frozen=True, slots=True)
class AlertKey:
    """What signs this nation's alerts in its realm: PEM of an ECDSA P-256 key and of its certificate."""

    key_pem: bytes
    certificate_pem: bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """What a running node holds: no root key, which it never needs."""

    nation: str
    realm: Realm
    root_public: bytes
    node_key: Ed25519PrivateKey
    journal_key: Ed25519PrivateKey
    journal_credential: Credential
    id_secret: bytes
    folder: Path
    alerts: AlertKey | None = None  # None: made by an older version; this node cannot warn

    @property
    def node_public(self) -> bytes:
        """The 32 bytes by which partners verify this node's envelopes."""
        return self.node_key.public_key().public_bytes_raw()

    @property
    def tls(self) -> Path:
        """The folder of certificates."""
        return self.folder / TLS_FOLDER


def create(folder: Path, nation: str, realm: Realm, *, hosts: tuple[str, ...], passphrase: str | None) -> None:
    """Make all keys and certificates of a new node under `folder`.

    Raises `UsageError` for LIVE keys without a passphrase.
    """
    if realm is Realm.LIVE and not passphrase:
        raise UsageError("LIVE keys need a passphrase (BEACONFIRE_PASSPHRASE, or type it when asked)")
    keys, tls = folder / KEYS_FOLDER, folder / TLS_FOLDER
    root = Ed25519PrivateKey.generate()
    pki.write_secret(keys / "root.key", pki.key_pem(root, passphrase))
    pki.write_public(keys / "root.pub", root.public_key().public_bytes_raw().hex().encode() + b"\n")
    credentials = []
    public_keys = {}
    for role in _ROLES:
        key = Ed25519PrivateKey.generate()
        pki.write_secret(keys / f"{role}.key", pki.key_pem(key, passphrase))
        public_keys[role] = key.public_key().public_bytes_raw()
    public_keys[_ALERTS] = pki.make_signing_certificate(keys, nation, realm=realm, passphrase=passphrase).fingerprint(
        hashes.SHA256()
    )
    for role, public_key in public_keys.items():
        bare = Credential(nation=nation, realm=realm, role=role, public_key=public_key)
        credentials.append(msgspec.structs.replace(bare, signature=root.sign(bare.signed_bytes())))
    pki.write_public(keys / "credentials.json", msgspec.json.format(msgspec.json.encode(credentials)))
    pki.write_secret(keys / "id.secret", secrets.token_bytes(_SECRET_BYTES))
    authority = pki.Authority.create(nation, realm)
    authority.save(tls, passphrase=passphrase)
    authority.issue(tls, "server", realm=realm, hosts=hosts)
    authority.issue(tls, "system", realm=realm)
    authority.issue(tls, "national", realm=realm)
    pki.make_link_certificate(tls, nation, realm=realm, hosts=hosts)


def load(folder: Path, nation: str, realm: Realm, *, passphrase: str | None) -> Identity:
    """Read the keys of a node and check that they are `nation`'s for `realm`.

    Raises `InvalidInput` naming the file: unreadable, another nation's or realm's, not signed by the root, or a wrong
    passphrase.
    """
    keys = folder / KEYS_FOLDER
    root_public = read_public_key(keys / "root.pub")
    credentials = {item.role: item for item in _credentials(keys / "credentials.json")}
    for role in _ROLES:
        _check_credential(credentials.get(role), role, nation, realm, root_public, where=str(keys / "credentials.json"))
    loaded = {role: read_private_key(keys / f"{role}.key", passphrase=passphrase) for role in _ROLES}
    for role, key in loaded.items():
        if key.public_key().public_bytes_raw() != credentials[role].public_key:
            raise InvalidInput.single(
                str(keys / f"{role}.key"), "is not the key that the root signed", "the node's own"
            )
    return Identity(
        nation=nation,
        realm=realm,
        root_public=root_public,
        node_key=loaded["node"],
        journal_key=loaded["journal"],
        journal_credential=credentials["journal"],
        id_secret=_read(keys / "id.secret"),
        folder=folder,
        alerts=_alert_key(keys, credentials.get(_ALERTS), nation, realm, root_public, passphrase=passphrase),
    )


def load_root(folder: Path, *, passphrase: str | None) -> Ed25519PrivateKey:
    """Read the nation's root key, needed only to sign bundles and new keys."""
    return read_private_key(folder / KEYS_FOLDER / "root.key", passphrase=passphrase)


def credential_holds(credential: Credential, root_public: bytes) -> bool:
    """Say whether the root signed this credential."""
    return signature_holds(root_public, credential.signature, credential.signed_bytes())


def signature_holds(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Say whether an Ed25519 signature fits; malformed keys and signatures do not."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_private_key(path: Path, *, passphrase: str | None) -> Ed25519PrivateKey:
    """Read an Ed25519 key; raises `InvalidInput` for a wrong passphrase or another kind of file."""
    key = _load_key(path, passphrase=passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidInput.single(str(path), "holds another kind of key", "an Ed25519 key")
    return key


def _load_key(path: Path, *, passphrase: str | None) -> PrivateKeyTypes:
    data = _read(path)
    try:
        key = serialization.load_pem_private_key(data, passphrase.encode() if passphrase else None)
    except TypeError as error:
        if "not encrypted" not in str(error):
            raise InvalidInput.single(
                str(path), "is encrypted", "BEACONFIRE_PASSPHRASE or a typed passphrase"
            ) from None
        key = serialization.load_pem_private_key(data, None)
    except ValueError:
        raise InvalidInput.single(str(path), "cannot be read with this passphrase", "a private key") from None
    return key


def read_public_key(path: Path) -> bytes:
    """Read the 32 bytes of a public key written in hexadecimal."""
    text = _read(path).strip()
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InvalidInput.single(str(path), "is no public key", "64 hexadecimal digits")
    return key


def _alert_key(
    keys: Path,
    credential: Credential | None,
    nation: str,
    realm: Realm,
    root_public: bytes,
    *,
    passphrase: str | None,
) -> AlertKey | None:
    """Read the key that signs alerts; its certificate is the one whose fingerprint the root signed for this realm."""
    if credential is None:
        return None
    _check_credential(credential, _ALERTS, nation, realm, root_public, where=str(keys / "credentials.json"))
    path = keys / f"{_ALERTS}.pem"
    certificate_pem = _read(path)
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
    except ValueError:
        raise InvalidInput.single(str(path), "is no certificate", "a file of `beaconfire init`") from None
    if certificate.fingerprint(hashes.SHA256()) != credential.public_key:
        raise InvalidInput.single(str(path), "is not the certificate that the root signed", "the node's own")
    if pki.organization(certificate) != pki.realm_name(realm):
        raise InvalidInput.single(str(path), f"is of {pki.organization(certificate)}", f"a certificate for {realm}")
    key = _load_key(keys / f"{_ALERTS}.key", passphrase=passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise InvalidInput.single(str(keys / f"{_ALERTS}.key"), "is not the certificate's key", "the node's own")
    return AlertKey(pki.key_pem(key, None), certificate_pem)


def _check_credential(
    credential: Credential | None, role: str, nation: str, realm: Realm, root_public: bytes, *, where: str
) -> None:
    if credential is None:
        raise InvalidInput.single(where, f"holds no {role} key", "one entry per role")
    if credential.realm is not realm:
        raise InvalidInput.single(where, f"is for realm {credential.realm}", f"keys made for {realm}")
    if credential.nation != nation:
        raise InvalidInput.single(where, f"is for {credential.nation}", f"keys of {nation}")
    if not credential_holds(credential, root_public):
        raise InvalidInput.single(where, f"has a wrong signature on the {role} key", "the root's signature")


def _credentials(path: Path) -> list[Credential]:
    try:
        return msgspec.json.decode(_read(path), type=list[Credential])
    except msgspec.DecodeError as error:
        raise InvalidInput.single(str(path), str(error), "the file that `beaconfire init` wrote") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput.single(
            str(path), error.strerror or "cannot be read", "a file of `beaconfire init`"
        ) from None
