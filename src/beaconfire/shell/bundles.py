"""What partners tell each other about their links: bundles signed by a nation's root, and the partners taken in.

A bundle holds the public half only: root and node keys, the link certificate and the address. `accept` checks the
signature, the realm and the days of validity, issues the client certificate of the partner's boundary account and
keeps the bundle under `partners/`. Which of the two nations dials follows from their names, so nobody has to agree.
"""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography import x509

from beaconfire.kernel import limits
from beaconfire.kernel.errors import BeaconfireError, InvalidInput
from beaconfire.kernel.labels import Realm, check_nation
from beaconfire.shell import keys, pki
from beaconfire.shell.alertrows import hash_words
from beaconfire.shell.config import NodeConfig, read_bounded

PARTNERS_FOLDER = "partners"
FINGERPRINT_WORDS = 12
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
    meant_for: str = ""  # the nation invited; empty: whoever one hand sets up together


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


def make_bundle(config: NodeConfig, identity: keys.Identity, *, passphrase: str | None, meant_for: str = "") -> bytes:
    """Return this nation's signed bundle for one partner as JSON; needs the root key."""
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
        meant_for=meant_for,
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
        raise InvalidInput.single(
            where, f"is for realm {bundle.realm}", f"a bundle for {realm}: this is a node of {realm}, and never the two"
        )
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
    check_meant(config, bundle, where=where)
    folder = Path(config.folder)
    kept = folder / PARTNERS_FOLDER / f"{bundle.nation}.json"
    if not kept.exists() and len(list(kept.parent.glob("*.json"))) >= limits.MAX_PARTNERS:
        raise InvalidInput.single(where, "is one partner too many", f"at most {limits.MAX_PARTNERS}")
    pki.write_public(kept, data)
    tls, name = folder / keys.TLS_FOLDER, boundary_name(bundle.nation)
    if not (tls / f"{name}.pem").exists():
        pki.Authority.load(tls, passphrase=passphrase).issue(tls, name, realm=config.realm)
    return bundle.nation


@contextmanager
def accepting(config: NodeConfig, data: bytes, *, where: str, passphrase: str | None) -> Iterator[str]:
    """Take a partner in as `accept` does, for as long as what is done inside succeeds; else all is as it was."""
    kept = Path(config.folder) / PARTNERS_FOLDER / f"{open_bundle(data, where=where, realm=config.realm).nation}.json"
    before = kept.read_bytes() if kept.exists() else None
    nation = accept(config, data, where=where, passphrase=passphrase)
    try:
        yield nation
    except BeaconfireError:
        if before is None:
            kept.unlink()
        else:
            pki.write_public(kept, before)
        raise


def check_root(config: NodeConfig, bundle: Bundle, *, where: str) -> None:
    """Raise `InvalidInput` for a bundle of a partner whose root is not the one that was compared before."""
    kept = _kept(config, bundle.nation)
    if kept is not None and kept.root_key != bundle.root_key:
        expected = f"the root that {bundle.nation} was taken in with; for another one leave the partnership first"
        raise InvalidInput.single(where, "is of another root", expected)


def check_meant(config: NodeConfig, bundle: Bundle, *, where: str) -> None:
    """Raise `InvalidInput` for a bundle that is this nation's own, meant for another, or of an ended partnership."""
    if bundle.nation == config.nation:
        raise InvalidInput.single(where, f"is {bundle.nation}'s own", "a partner's bundle")
    if bundle.meant_for not in ("", config.nation):
        raise InvalidInput.single(where, f"is meant for {bundle.meant_for}", f"an invitation of {config.nation}")
    kept = _kept(config, bundle.nation)
    if bundle.nonce in _used(config) and (kept is None or kept.nonce != bundle.nonce):
        raise InvalidInput.single(where, "was used already, and that partnership has ended", "a new invitation")


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


def mark_used(config: NodeConfig, nation: str) -> None:
    """Note that a partner was let in by the bundle kept of it: after its end that bundle lets nobody in again."""
    kept = _kept(config, nation)
    if kept is not None and kept.nonce not in _used(config):
        with _used_path(config).open("a", encoding="ascii") as used:
            used.write(f"{kept.nonce}\n")


def is_used(config: NodeConfig, nation: str) -> bool:
    """Say whether a partner was let in by the bundle kept of it: not so while a new one waits for its first day."""
    kept = _kept(config, nation)
    return kept is not None and kept.nonce in _used(config)


def forget_partner(config: NodeConfig, nation: str) -> None:
    """Destroy what let a partner in: its pinned keys, and the key of our certificate for its boundary account.

    A bundle that was accepted and has not let the partner in yet stays.
    """
    folder = Path(config.folder)
    kept = folder / PARTNERS_FOLDER / f"{nation}.json"
    if kept.exists() and not is_used(config, nation):
        return
    tls, name = folder / keys.TLS_FOLDER, boundary_name(nation)
    for path in (tls / f"{name}.key", tls / f"{name}.pem", tls / f"link-{nation}.pem", kept):
        path.unlink(missing_ok=True)


def fingerprint(bundle: Bundle) -> str:
    """Return the twelve words by which people compare a nation's root over another channel (192 bits)."""
    content = msgspec.json.encode(["beaconfire root", bundle.nation, bundle.realm, bundle.root_key])
    return hash_words(hashlib.sha256(content).digest(), words=FINGERPRINT_WORDS)


def same_words(given: str, words: str) -> bool:
    """Say whether somebody gave these words, however they were spaced and in small or large letters."""
    return re.findall(r"[a-z]+", given.lower()) == words.split("-")


def _kept(config: NodeConfig, nation: str) -> Bundle | None:
    path = Path(config.folder) / PARTNERS_FOLDER / f"{nation}.json"
    if not path.exists():
        return None
    return open_bundle(read_bounded(path), where=str(path), realm=config.realm, check_expiry=False)


def _used_path(config: NodeConfig) -> Path:
    return Path(config.folder) / PARTNERS_FOLDER / "used"


def _used(config: NodeConfig) -> list[str]:
    path = _used_path(config)
    return path.read_text(encoding="ascii").split() if path.exists() else []


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
