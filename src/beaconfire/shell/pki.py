"""X.509 of one nation: its certificate authority, the certificates of its own clients, and its link certificate.

Two kinds of trust, kept apart. Inside a nation everything is issued by the nation's authority: the server and the
clients that may use it. Between nations no authority is trusted at all: a leaf listener knows each partner's *link
certificate*, self-signed and vouched for by that nation's root in the bundle, and accepts exactly those. Why: one
server has one leaf listener, so with the partners' authorities in its store any partner could issue itself a
certificate in another partner's name, and a list of pinned keys does not tie a key to a name. A certificate that is
trusted by itself does both.
"""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_AUTHORITY_DAYS = 3650
_CERTIFICATE_DAYS = 825  # the longest that strict TLS stacks accept
_BACKDATE = dt.timedelta(hours=1)  # a partner's clock may be behind


class Authority:
    """A nation's certificate authority: issues the certificates of its own server and clients."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        """Take an existing authority; see `create` and `load`."""
        self._key = key
        self.certificate = certificate

    @classmethod
    def create(cls, nation: str, realm: str) -> "Authority":
        """Make a new authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"{nation}-ca", realm)
        return cls(key, _certificate(name, key.public_key(), issuer=name, signer=key, hosts=(), authority=True))

    @classmethod
    def load(cls, folder: Path, *, passphrase: str | None) -> "Authority":
        """Read `ca.pem` and `ca.key`; raises `ValueError` or `TypeError` for a wrong passphrase."""
        secret = passphrase.encode() if passphrase else None
        key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), secret)
        assert isinstance(key, ec.EllipticCurvePrivateKey), "made by `create`"
        return cls(key, x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()))

    def save(self, folder: Path, *, passphrase: str | None) -> None:
        """Write `ca.pem` and `ca.key` (0600, encrypted if there is a passphrase)."""
        write_public(folder / "ca.pem", pem(self.certificate))
        write_secret(folder / "ca.key", key_pem(self._key, passphrase))

    def issue(self, folder: Path, name: str, *, realm: str, hosts: Sequence[str] = ()) -> None:
        """Write `<name>.pem` and `<name>.key` of a new server or client certificate with subject CN `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name, realm)
        certificate = _certificate(
            subject, key.public_key(), issuer=self.certificate.subject, signer=self._key, hosts=hosts, authority=False
        )
        write_public(folder / f"{name}.pem", pem(certificate))
        write_secret(folder / f"{name}.key", key_pem(key, None))


def make_link_certificate(folder: Path, nation: str, *, realm: str, hosts: Sequence[str]) -> None:
    """Write `link.pem` and `link.key`: the self-signed certificate by which partners know this nation's server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"{nation}-link", realm)
    certificate = _certificate(name, key.public_key(), issuer=name, signer=key, hosts=hosts, authority=False)
    write_public(folder / "link.pem", pem(certificate))
    write_secret(folder / "link.key", key_pem(key, None))


def make_signing_certificate(folder: Path, nation: str, *, realm: str, passphrase: str | None) -> x509.Certificate:
    """Write `cap.pem` and `cap.key` (encrypted if there is a passphrase): the key that signs this nation's alerts.

    Self-signed like the link certificate: whoever receives alerts is given this certificate and trusts it alone.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"{nation}-cap", realm)
    certificate = _certificate(
        name, key.public_key(), issuer=name, signer=key, hosts=(), authority=False, days=_AUTHORITY_DAYS, usages=()
    )
    write_public(folder / "cap.pem", pem(certificate))
    write_secret(folder / "cap.key", key_pem(key, passphrase))
    return certificate


def organization(certificate: x509.Certificate) -> str:
    """Return the O of a certificate's subject, by which its realm is known; "" if there is none."""
    found = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else ""


def mapped_user(name: str, realm: str) -> str:
    """Return how the broker's `verify_and_map` spells the subject of a certificate issued here."""
    return f"CN={name},O=Beaconfire {realm}"


def key_pin(certificate: x509.Certificate) -> str:
    """Return the hexadecimal SHA-256 of a certificate's public key, as the broker's `pinned_certs` wants it."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(
        certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return digest.finalize().hex()


def pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, passphrase: str | None) -> bytes:
    """Return a private key as PKCS 8 PEM, encrypted if there is a passphrase."""
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def write_secret(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read; it must not exist yet."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(data)


def write_public(path: Path, data: bytes) -> None:
    """Write a file that anyone on this machine may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def realm_name(realm: str) -> str:
    """Return the O that every certificate of a realm carries."""
    return f"Beaconfire {realm}"


def _name(common: str, realm: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, realm_name(realm)),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _certificate(
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    *,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    hosts: Sequence[str],
    authority: bool,
    days: int = _CERTIFICATE_DAYS,
    usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
) -> x509.Certificate:
    start = dt.datetime.now(dt.UTC) - _BACKDATE
    days = _AUTHORITY_DAYS if authority else days
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_key_usage(authority), critical=True)
    )
    if usages and not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _key_usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
