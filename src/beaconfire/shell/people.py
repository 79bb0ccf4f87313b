"""People at a node: their personal keys, the sealed list of who may do what, and orders signed by one of them.

A person's key never lies with the node: it is made for one human, kept in that human's own folder and locked with a
passphrase (always for LIVE). The node knows public keys, in `people.toml`, which the nation's root has sealed. In an
exercise a plain token may stand for a key, so that a page can be used without one.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertAction, Order
from beaconfire.kernel.approval import Act, act_bytes, check_age
from beaconfire.kernel.errors import InvalidInput, UsageError
from beaconfire.kernel.labels import Realm, check_name
from beaconfire.kernel.people import parse_people, person_table
from beaconfire.kernel.person import Person, Word
from beaconfire.kernel.sealed import open_sealed, seal
from beaconfire.kernel.time import unix_utc_to_tai_ns
from beaconfire.shell import pki
from beaconfire.shell.channels.directory import write_atomically
from beaconfire.shell.config import NodeConfig, read_bounded
from beaconfire.shell.keys import read_private_key
from beaconfire.warn import signed_bytes

_TOKEN_BYTES = 18
_SEAL = re.compile(rb"^# signature: ", re.MULTILINE)


def personal_key_path(home: Path, *, nation: str, realm: Realm, person: str) -> Path:
    """Return where a person's key of one nation and realm lies by default."""
    return home / "keys" / f"{nation}-{realm}-{person}.key"


def make_personal_key(path: Path, *, realm: Realm, passphrase: str | None) -> str:
    """Write a new key, locked if there is a passphrase, and return its public half as hexadecimal digits.

    Raises `UsageError` for a LIVE key without a passphrase, or where a key lies already.
    """
    if realm is Realm.LIVE and not passphrase:
        raise UsageError("a person's LIVE key needs a passphrase")
    if path.exists():
        raise UsageError(f"{path}: a key lies here already; name another file with --key")
    key = Ed25519PrivateKey.generate()
    try:
        pki.write_secret(path, pki.key_pem(key, passphrase))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; expected a place for a new key") from None
    return key.public_key().public_bytes_raw().hex()


def new_token() -> tuple[str, str]:
    """Return a new plain token for exercises, and what `people.toml` holds of it."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    return token, token_hash(token)


def token_hash(token: str) -> str:
    """Return what `people.toml` holds of a plain token."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_people(config: NodeConfig, *, root_public: bytes) -> dict[str, Person]:
    """Return the people of a node by id; raises `InvalidInput` if the root did not seal them for this realm."""
    path = config.path(config.people)
    text = _text(path, realm=config.realm, root_public=root_public)
    return parse_people(text, realm=config.realm, where=str(path))


def sealed_people(path: Path, *, realm: Realm) -> bytes:
    """Return the bytes of a sealed people's file, none where nobody is named.

    Raises `InvalidInput` for a file that names people and is not sealed.
    """
    data = read_bounded(path) if path.exists() else b""
    if _SEAL.search(data):
        return data
    if parse_people(data, realm=realm, where=str(path)):
        raise InvalidInput.single(str(path), "has no signature", "people added by `beaconfire user add`")
    return b""


def add_person(config: NodeConfig, person: Person, *, root: Ed25519PrivateKey, now_ns: int = 0) -> None:
    """Add a person to `people.toml` and seal it anew; what else stands in it, remarks too, stays.

    Raises `InvalidInput` for an id that is taken or none, for a key of somebody else, for a file that is not sealed;
    `Refused` for an officer's word that is older than five minutes at `now_ns`.
    """
    for word in person.approved:
        check_age(word.issued_ns, now_ns=now_ns, where=f"person {person.id}: approved by {word.person}")
    path = config.path(config.people)
    check_name(person.id, where="id")
    known = _text(path, realm=config.realm, root_public=root.public_key().public_bytes_raw())
    text = known.rstrip(b"\n") + b"\n\n" + person_table(person).encode()
    parse_people(text, realm=config.realm, where=str(path))
    write_atomically(path, seal(text, purpose="people", realm=config.realm, sign=root.sign))
    path.chmod(0o600)


def sign_order(
    key: Ed25519PrivateKey,
    *,
    realm: Realm,
    person: str,
    action: AlertAction,
    alert_id: str,
    digest: bytes,
    issued_ns: int,
    words: str = "",
    areas: Sequence[str] = (),
) -> Order:
    """Return an order signed with a person's key; `issued_ns` is node time."""
    bare = _order(person, action, alert_id, digest, issued_ns, words, areas)
    return msgspec.structs.replace(bare, signature=key.sign(signed_bytes(bare, realm=realm)))


def sign_act(key: Ed25519PrivateKey, act: Act, *, person: str, issued_ns: int) -> Word:
    """Return a person's word for an act, signed with that person's key; `issued_ns` is node time."""
    nonce = secrets.token_bytes(limits.NONCE_BYTES)
    return Word(person, nonce, issued_ns, key.sign(act_bytes(act, person=person, nonce=nonce, issued_ns=issued_ns)))


def token_order(
    token: str,
    *,
    session: str,
    person: str,
    action: AlertAction,
    alert_id: str,
    digest: bytes,
    issued_ns: int,
    words: str = "",
    areas: Sequence[str] = (),
) -> Order:
    """Return an order of an exercise that a plain token vouches for."""
    bare = _order(person, action, alert_id, digest, issued_ns, words, areas)
    return msgspec.structs.replace(bare, signature=token.encode(), session=session)


def wall_ns() -> int:
    """Return what this machine's clock says, TAI: node time where no node runs."""
    return unix_utc_to_tai_ns(time.time_ns())


def personal_key(path: Path, *, passphrase: str | None) -> Ed25519PrivateKey:
    """Read a person's key; raises `InvalidInput` naming the file."""
    return read_private_key(path, passphrase=passphrase)


def person_of_token(people: Mapping[str, Person], token: str) -> str | None:
    """Return whose plain token this is, None for nobody's."""
    wanted = token_hash(token)
    return next((person.id for person in people.values() if wanted in person.tokens), None)


def _order(
    person: str, action: AlertAction, alert_id: str, digest: bytes, issued_ns: int, words: str, areas: Sequence[str]
) -> Order:
    return Order(
        person=person,
        session="",
        action=action,
        alert_id=alert_id,
        digest=digest,
        nonce=secrets.token_bytes(limits.NONCE_BYTES),
        issued_ns=issued_ns,
        signature=b"",
        words=words,
        areas=tuple(areas),
    )


def _text(path: Path, *, realm: Realm, root_public: bytes) -> bytes:
    """Return the text of the people's file, opened; of one that is not sealed yet, its remarks."""
    if data := sealed_people(path, realm=realm):
        return open_sealed(data, purpose="people", realm=realm, key=root_public, where=str(path))
    return read_bounded(path) if path.exists() else b""
