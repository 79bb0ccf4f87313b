"""What partners tell each other about their links: bundles signed by a nation's root, and the partners taken in.

A bundle holds the public half only: root and node keys, the link certificate and the address. `accept` checks the
signature, the realm and the days of validity, issues the client certificate of the partner's boundary account and
keeps the bundle under `partners/`. Which of the two nations dials follows from their names, so nobody has to agree.
"""

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography import x509

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm, check_nation
from beaconfire.shell import keys, pki
from beaconfire.shell.config import NodeConfig, read_bounded

PARTNERS_FOLDER = "partners"
_SPENT = "spent"  # nonces of bundles of partnerships that have ended
_VALID_DAYS = 7
_NS = 1_000_000_000


class Bundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One nation's invitation; `issued_s` and `expires_s` are Unix seconds."""

    nation: str
    realm: Realm
    root_key: bytes
    node_key: bytes
    journal_key: bytes
    link_certificate: str
    address: str
    nonce: str
    issued_s: int
    expires_s: int


class SignedBundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bundle's exact bytes and the root's signature over them."""

    bundle: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner taken in: what the broker and the link need to know."""

    nation: str
    node_public: bytes
    root_public: bytes
    journal_public: bytes
    link_certificate: x509.Certificate
    host: str
    port: int
    dial: bool  # we dial; otherwise the partner does

    @property
    def certificate_name(self) -> str:
        """The common name of our own client certificate for this partner's boundary account."""
        return boundary_name(self.nation)


def boundary_name(partner: str) -> str:
    """Return the common name of a node's client certificate for the boundary account of `partner`."""
    return f"node-{partner}"


def make_bundle(config: NodeConfig, identity: keys.Identity, *, passphrase: str | None) -> bytes:
    """Return this nation's signed bundle as JSON; needs the root key."""
    folder = Path(config.folder)
    now_s = int(dt.datetime.now(dt.UTC).timestamp())
    bundle = Bundle(
        nation=config.nation,
        realm=config.realm,
        root_key=identity.root_public,
        node_key=identity.node_public,
        journal_key=identity.journal_credential.public_key,
        link_certificate=(identity.tls / "link.pem").read_text(),
        address=config.broker.address,
        nonce=secrets.token_hex(16),
        issued_s=now_s,
        expires_s=now_s + _VALID_DAYS * 86_400,
    )
    text = msgspec.json.encode(bundle).decode()
    signature = keys.load_root(folder, passphrase=passphrase).sign(text.encode())
    return msgspec.json.format(msgspec.json.encode(SignedBundle(bundle=text, signature=signature)))


def open_bundle(data: bytes, *, where: str, realm: Realm, check_expiry: bool = True) -> Bundle:
    """Return a bundle whose root signature fits; raises `InvalidInput` for anything else, another realm included."""
    try:
        signed = msgspec.json.decode(data, type=SignedBundle)
        bundle = msgspec.json.decode(signed.bundle, type=Bundle)
    except msgspec.DecodeError as error:
        raise InvalidInput.single(where, str(error), "a bundle made by `beaconfire partner invite`") from None
    check_nation(bundle.nation, where=f"{where}: nation")
    if not keys.signature_holds(bundle.root_key, signed.signature, signed.bundle.encode()):
        raise InvalidInput.single(where, "has a wrong signature", "the signature of the root that it names")
    if bundle.realm is not realm:
        raise InvalidInput.single(where, f"is for realm {bundle.realm}", f"a bundle for {realm}")
    if check_expiry and not bundle.issued_s - 86_400 <= dt.datetime.now(dt.UTC).timestamp() <= bundle.expires_s:
        raise InvalidInput.single(where, "has expired, or is dated in the future", "a bundle of the last seven days")
    _partner(bundle, own_nation="", where=where)
    return bundle


def accept(config: NodeConfig, data: bytes, *, where: str, passphrase: str | None) -> str:
    """Take a partner in from its bundle's bytes and return its nation.

    Raises `InvalidInput` for a bundle that does not hold, of this nation itself, or beyond `limits.MAX_PARTNERS`.
    The comparison of the root key over another channel is the caller's.
    """
    bundle = open_bundle(data, where=where, realm=config.realm)
    if bundle.nation == config.nation:
        raise InvalidInput.single(where, f"is {bundle.nation}'s own", "a partner's bundle")
    folder = Path(config.folder)
    spent = folder / PARTNERS_FOLDER / _SPENT
    if spent.exists() and bundle.nonce in spent.read_text().split():
        raise InvalidInput.single(where, "was used already, and that partnership has ended", "a new invitation")
    kept = folder / PARTNERS_FOLDER / f"{bundle.nation}.json"
    if not kept.exists() and len(list(kept.parent.glob("*.json"))) >= limits.MAX_PARTNERS:
        raise InvalidInput.single(where, "is one partner too many", f"at most {limits.MAX_PARTNERS}")
    pki.write_public(kept, data)
    tls, name = folder / keys.TLS_FOLDER, boundary_name(bundle.nation)
    if not (tls / f"{name}.pem").exists():
        pki.Authority.load(tls, passphrase=passphrase).issue(tls, name, realm=config.realm)
    return bundle.nation


def exchange_bundles(configs: Sequence[NodeConfig], *, passphrase: str | None = None) -> None:
    """Make every node the partner of every other: for nodes set up by one hand, as the demo's are."""
    bundles = {
        config.nation: make_bundle(
            config,
            keys.load(Path(config.folder), config.nation, config.realm, passphrase=passphrase),
            passphrase=passphrase,
        )
        for config in configs
    }
    for config in configs:
        for nation, data in bundles.items():
            if nation != config.nation:
                accept(config, data, where=f"{nation}'s bundle", passphrase=passphrase)


def load_partners(config: NodeConfig) -> tuple[Partner, ...]:
    """Return the partners taken in, by name; raises `InvalidInput` naming a file that does not hold."""
    names = sorted(path.stem for path in (Path(config.folder) / PARTNERS_FOLDER).glob("*.json"))
    return tuple(load_partner(config, name) for name in names)


def load_partner(config: NodeConfig, nation: str) -> Partner:
    """Return one partner taken in; raises `InvalidInput` naming its file if that is not there or does not hold."""
    path = Path(config.folder) / PARTNERS_FOLDER / f"{nation}.json"
    bundle = open_bundle(read_bounded(path), where=str(path), realm=config.realm, check_expiry=False)
    return _partner(bundle, own_nation=config.nation, where=str(path))


def forget_partner(config: NodeConfig, nation: str) -> None:
    """Destroy what lets a partner in: its pinned keys and the certificate of its boundary account; its nonce stays.

    A bundle that was taken once is not taken again after this: to come back, a partner makes a new one.
    """
    folder = Path(config.folder)
    kept = folder / PARTNERS_FOLDER / f"{nation}.json"
    if kept.exists():
        bundle = open_bundle(read_bounded(kept), where=str(kept), realm=config.realm, check_expiry=False)
        with (folder / PARTNERS_FOLDER / _SPENT).open("a", encoding="ascii") as spent:
            spent.write(f"{bundle.nonce}\n")
    tls, name = folder / keys.TLS_FOLDER, boundary_name(nation)
    for path in (tls / f"{name}.key", tls / f"{name}.pem", tls / f"link-{nation}.pem", kept):
        path.unlink(missing_ok=True)


def _partner(bundle: Bundle, *, own_nation: str, where: str) -> Partner:
    host, _, port = bundle.address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise InvalidInput.single(f"{where}: address", f"is {bundle.address[:60]!r}", "host:port")
    try:
        certificate = x509.load_pem_x509_certificate(bundle.link_certificate.encode())
    except ValueError as error:
        raise InvalidInput.single(f"{where}: link_certificate", str(error)[:80], "one PEM certificate") from None
    expected = pki.mapped_user(f"{bundle.nation}-link", bundle.realm)
    if certificate.subject.rfc4514_string() != expected:  # the broker takes the account from this name
        raise InvalidInput.single(f"{where}: link_certificate", "names another nation or realm", expected)
    return Partner(
        nation=bundle.nation,
        node_public=bundle.node_key,
        root_public=bundle.root_key,
        journal_public=bundle.journal_key,
        link_certificate=certificate,
        host=host,
        port=int(port),
        dial=own_nation > bundle.nation,
    )
