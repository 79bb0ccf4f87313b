"""People at a node: personal keys, tokens, the sealed list, and orders that the desk's gate lets through."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.alerts import AlertAction
from beaconfire.kernel.errors import InvalidInput, Refused, UsageError
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.people import load_people
from beaconfire.kernel.person import Person
from beaconfire.kernel.sealed import open_sealed
from beaconfire.shell import keys, people
from beaconfire.shell.config import NodeConfig
from beaconfire.warn import signed_bytes
from tests.shell.support import make_nation

NOW_NS = 10**18
HEX = "ab" * 32


@pytest.fixture
def node(tmp_path: Path) -> tuple[NodeConfig, Ed25519PrivateKey]:
    config = make_nation(tmp_path, "KOR")
    return config, keys.load_root(Path(config.folder), passphrase=None)


def somebody(name: str = "kim", *, key: str = HEX, **more: object) -> Person:
    return Person(id=name, name=f"{name} 김", roles=("officer",), keys=(key,), **more)  # type: ignore[arg-type]


def known(node: tuple[NodeConfig, Ed25519PrivateKey]) -> dict[str, Person]:
    return people.read_people(node[0], root_public=node[1].public_key().public_bytes_raw())


def test_people_are_added_one_after_the_other_and_sealed(node: tuple[NodeConfig, Ed25519PrivateKey]) -> None:
    config, root = node
    path = config.path("people.toml")
    path.write_text("# Written by hand above the first.\n")
    people.add_person(config, somebody("kim", tokens=("cd" * 32,)), root=root)
    people.add_person(config, somebody("lee", key="ef" * 32), root=root)
    assert list(known(node)) == ["kim", "lee"]
    assert known(node)["kim"] == somebody("kim", tokens=("cd" * 32,))
    assert path.read_text().startswith("# Written by hand")
    assert path.stat().st_mode & 0o777 == 0o600
    sealed = path.read_bytes()
    assert load_people(sealed, realm=Realm.EXERCISE, root=root.public_key().public_bytes_raw(), where="p") == known(
        node
    )
    for realm, key in ((Realm.LIVE, root), (Realm.EXERCISE, Ed25519PrivateKey.generate())):
        with pytest.raises(Refused, match="is not signed by the nation's root"):
            open_sealed(sealed, purpose="people", realm=realm, key=key.public_key().public_bytes_raw(), where="p")


@pytest.mark.parametrize(
    ("person", "fault"),
    [
        (somebody("kim"), "is used twice"), (somebody("lee"), "are also kim's"),
        (somebody("no name", key="ef" * 32), "id"), (somebody("lee", key="XY"), "keys"),
    ],
)  # fmt: skip
def test_nobody_can_be_two_people(node: tuple[NodeConfig, Ed25519PrivateKey], person: Person, fault: str) -> None:
    people.add_person(node[0], somebody(), root=node[1])
    before = node[0].path("people.toml").read_bytes()
    with pytest.raises(InvalidInput, match=fault):
        people.add_person(node[0], person, root=node[1])
    assert node[0].path("people.toml").read_bytes() == before


def test_another_nations_root_adds_nobody(node: tuple[NodeConfig, Ed25519PrivateKey]) -> None:
    people.add_person(node[0], somebody(), root=node[1])
    with pytest.raises(Refused):
        people.add_person(node[0], somebody("lee", key="ef" * 32), root=Ed25519PrivateKey.generate())


def test_an_unsealed_list_that_names_people_is_refused_and_one_of_remarks_is_empty(
    node: tuple[NodeConfig, Ed25519PrivateKey],
) -> None:
    path = node[0].path("people.toml")
    assert known(node) == {}
    path.write_text("# nobody yet\n")
    assert (known(node), people.sealed_people(path, realm=Realm.EXERCISE)) == ({}, b"")
    path.write_text('[[person]]\nid = "kim"\nname = "Kim"\nroles = ["officer"]\n')
    with pytest.raises(InvalidInput, match="has no signature"):
        known(node)


def test_a_personal_key_is_the_owners_alone(tmp_path: Path) -> None:
    path = people.personal_key_path(tmp_path, nation="KOR", realm=Realm.EXERCISE, person="kim")
    public = people.make_personal_key(path, realm=Realm.EXERCISE, passphrase="p")
    assert path.stat().st_mode & 0o777 == 0o600
    assert people.personal_key(path, passphrase="p").public_key().public_bytes_raw().hex() == public
    with pytest.raises(InvalidInput, match="passphrase"):
        people.personal_key(path, passphrase="q")
    with pytest.raises(UsageError, match="lies here already"):
        people.make_personal_key(path, realm=Realm.EXERCISE, passphrase="p")
    with pytest.raises(UsageError, match="needs a passphrase"):
        people.make_personal_key(tmp_path / "live.key", realm=Realm.LIVE, passphrase=None)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="expected a place for a new key"):
        people.make_personal_key(tmp_path / "file" / "a.key", realm=Realm.EXERCISE, passphrase=None)


def test_an_order_is_signed_over_everything_it_says(tmp_path: Path) -> None:
    path = tmp_path / "kim.key"
    people.make_personal_key(path, realm=Realm.EXERCISE, passphrase=None)
    key = people.personal_key(path, passphrase=None)
    order = people.sign_order(
        key, realm=Realm.EXERCISE, person="kim", action=AlertAction.CANCEL, alert_id="A", digest=bytes(32),
        issued_ns=NOW_NS, words="wrong", areas=["KR-11"],
    )  # fmt: skip
    key.public_key().verify(order.signature, signed_bytes(order, realm=Realm.EXERCISE))
    assert len(order.nonce) == 16
    again = people.sign_order(
        key, realm=Realm.EXERCISE, person="kim", action=AlertAction.CANCEL, alert_id="A", digest=bytes(32),
        issued_ns=NOW_NS,
    )  # fmt: skip
    assert again.nonce != order.nonce
    for change in ({"person": "lee"}, {"words": ""}, {"areas": ()}, {"issued_ns": NOW_NS + 1}, {"alert_id": "B"}):
        altered = msgspec.structs.replace(order, **change)
        assert signed_bytes(altered, realm=Realm.EXERCISE) != signed_bytes(order, realm=Realm.EXERCISE)
    assert signed_bytes(order, realm=Realm.LIVE) != signed_bytes(order, realm=Realm.EXERCISE)


def test_a_token_is_known_by_its_hash_and_is_one_persons() -> None:
    token, hashed = people.new_token()
    assert hashed == hashlib.sha256(token.encode()).hexdigest()
    assert people.new_token()[0] != token
    listed = {"kim": somebody("kim", tokens=(hashed,)), "lee": somebody("lee", key="ef" * 32)}
    assert people.person_of_token(listed, token) == "kim"
    assert people.person_of_token(listed, hashed) is None  # the file's content opens nothing
    order = people.token_order(
        token, session="page:1", person="kim", action=AlertAction.SUBMIT, alert_id="A", digest=b"", issued_ns=NOW_NS
    )
    assert (order.signature, order.session) == (token.encode(), "page:1")
