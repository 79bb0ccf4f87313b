"""A nation's own keys: made once, bound to nation and realm, readable by their owner alone."""

import stat
from pathlib import Path

import msgspec
import pytest

from beaconfire.kernel.errors import InvalidInput, UsageError
from beaconfire.kernel.labels import Realm
from beaconfire.shell import keys
from beaconfire.shell.keys import Credential

HOSTS = ("localhost", "127.0.0.1")
SECRETS = ("keys/root.key", "keys/node.key", "keys/journal.key", "keys/id.secret", "tls/ca.key", "tls/link.key")


def make(folder: Path, realm: Realm = Realm.EXERCISE, passphrase: str | None = None) -> None:
    keys.create(folder, "KOR", realm, hosts=HOSTS, passphrase=passphrase)


def test_made_keys_are_loaded_again(tmp_path: Path) -> None:
    make(tmp_path)
    identity = keys.load(tmp_path, "KOR", Realm.EXERCISE, passphrase=None)
    assert identity.node_public == identity.node_key.public_key().public_bytes_raw()
    assert identity.journal_credential.role == "journal"
    assert keys.credential_holds(identity.journal_credential, identity.root_public)
    assert len(identity.id_secret) == 32
    root = keys.load_root(tmp_path, passphrase=None)
    assert root.public_key().public_bytes_raw() == identity.root_public


def test_no_two_nations_share_a_key(tmp_path: Path) -> None:
    found = set()
    for name in ("a", "b"):
        make(tmp_path / name)
        found |= {(tmp_path / name / secret).read_bytes() for secret in SECRETS}
    assert len(found) == 2 * len(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_their_owners_alone(tmp_path: Path, name: str) -> None:
    make(tmp_path)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    make(tmp_path)
    before = (tmp_path / "keys" / "root.key").read_bytes()
    with pytest.raises(FileExistsError):
        make(tmp_path)
    assert (tmp_path / "keys" / "root.key").read_bytes() == before


def test_live_keys_need_their_passphrase(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="passphrase"):
        make(tmp_path / "none", Realm.LIVE)
    make(tmp_path / "live", Realm.LIVE, "correct horse")
    for name in ("keys/root.key", "keys/node.key", "keys/journal.key", "tls/ca.key"):
        assert b"ENCRYPTED" in (tmp_path / "live" / name).read_bytes()
    with pytest.raises(InvalidInput, match="cannot be read with this passphrase"):
        keys.load(tmp_path / "live", "KOR", Realm.LIVE, passphrase="wrong horse")
    with pytest.raises(InvalidInput, match="is encrypted"):
        keys.load(tmp_path / "live", "KOR", Realm.LIVE, passphrase=None)
    assert keys.load(tmp_path / "live", "KOR", Realm.LIVE, passphrase="correct horse").realm is Realm.LIVE


@pytest.mark.parametrize(
    ("nation", "realm", "fault"),
    [("KOR", Realm.LIVE, "is for realm EXERCISE"), ("JPN", Realm.EXERCISE, "is for KOR")],
)
def test_keys_serve_their_nation_and_realm_only(tmp_path: Path, nation: str, realm: Realm, fault: str) -> None:
    make(tmp_path)
    with pytest.raises(InvalidInput, match=fault):
        keys.load(tmp_path, nation, realm, passphrase="any")


def test_a_relabelled_credential_does_not_hold(tmp_path: Path) -> None:
    """Writing LIVE into the file of an exercise's keys: the root did not sign that."""
    make(tmp_path)
    path = tmp_path / "keys" / "credentials.json"
    path.write_bytes(path.read_bytes().replace(b"EXERCISE", b"LIVE"))
    with pytest.raises(InvalidInput, match="wrong signature"):
        keys.load(tmp_path, "KOR", Realm.LIVE, passphrase=None)


def test_an_exchanged_key_is_noticed(tmp_path: Path) -> None:
    make(tmp_path / "a")
    make(tmp_path / "b")
    (tmp_path / "a" / "keys" / "node.key").write_bytes((tmp_path / "b" / "keys" / "node.key").read_bytes())
    with pytest.raises(InvalidInput, match=r"node\.key: is not the key"):
        keys.load(tmp_path / "a", "KOR", Realm.EXERCISE, passphrase=None)


@pytest.mark.parametrize(
    ("name", "data", "fault"),
    [
        ("keys/root.pub", b"zz", "is no public key"),
        ("keys/root.pub", b"ab" * 31, "is no public key"),
        ("keys/node.key", b"-----BEGIN nothing", "cannot be read"),
        ("keys/credentials.json", b"[{}]", "missing required field"),
        ("keys/credentials.json", b"[]", "holds no node key"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, name: str, data: bytes, fault: str) -> None:
    make(tmp_path)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidInput, match=fault) as caught:
        keys.load(tmp_path, "KOR", Realm.EXERCISE, passphrase=None)
    assert name.rpartition("/")[2] in str(caught.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"root\.pub"):
        keys.load(tmp_path, "KOR", Realm.EXERCISE, passphrase=None)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(InvalidInput, match="another kind of key"):
        keys.read_private_key(tmp_path / "tls" / "ca.key", passphrase=None)


def test_signatures_of_nonsense_do_not_hold() -> None:
    assert not keys.signature_holds(b"short", b"x" * 64, b"data")
    assert not keys.signature_holds(bytes(32), b"", b"data")


def test_the_root_signs_everything_but_the_signature() -> None:
    credential = Credential(nation="KOR", realm=Realm.LIVE, role="node", public_key=bytes(32), signature=b"x" * 64)
    assert credential.signed_bytes() == msgspec.structs.replace(credential, signature=b"other").signed_bytes()
    for field, value in (("nation", "JPN"), ("realm", Realm.EXERCISE), ("role", "journal"), ("public_key", b"y" * 32)):
        assert credential.signed_bytes() != msgspec.structs.replace(credential, **{field: value}).signed_bytes()
