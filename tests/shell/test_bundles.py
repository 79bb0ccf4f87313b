"""What partners tell each other: signed by the root, for one realm, for seven days, in one nation's own name."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput, RunFailed
from beaconfire.kernel.labels import Realm
from beaconfire.shell import bundles, keys
from beaconfire.shell.bundles import Bundle, SignedBundle
from beaconfire.shell.config import NodeConfig
from tests.shell.support import make_nation, make_nations


def bundle_of(config: NodeConfig, passphrase: str | None = None) -> bytes:
    identity = keys.load(Path(config.folder), config.nation, config.realm, passphrase=passphrase)
    return bundles.make_bundle(config, identity, passphrase=passphrase)


def resigned(config: NodeConfig, **changes: object) -> bytes:
    """A bundle of this nation with other words, properly signed by its root."""
    signed = msgspec.json.decode(bundle_of(config), type=SignedBundle)
    bundle = msgspec.structs.replace(msgspec.json.decode(signed.bundle, type=Bundle), **changes)
    text = msgspec.json.encode(bundle).decode()
    root = keys.load_root(Path(config.folder), passphrase=None)
    return msgspec.json.encode(SignedBundle(bundle=text, signature=root.sign(text.encode())))


def test_three_nations_know_each_other(tmp_path: Path) -> None:
    configs = make_nations(tmp_path, "JPN", "KOR", "USA")
    for config in configs:
        partners = bundles.load_partners(config)
        assert [partner.nation for partner in partners] == sorted({"JPN", "KOR", "USA"} - {config.nation})
        for partner in partners:
            other = next(item for item in configs if item.nation == partner.nation)
            identity = keys.load(Path(other.folder), other.nation, other.realm, passphrase=None)
            assert partner.node_public == identity.node_public
            assert (partner.host, partner.port) == ("127.0.0.1", other.broker.link_port)
            assert partner.dial == (config.nation > partner.nation)  # of each pair exactly one dials
            assert (Path(config.folder) / "tls" / f"{partner.certificate_name}.pem").exists()


def test_a_bundle_is_taken_once_more_without_harm(tmp_path: Path) -> None:
    (jpn, kor) = make_nations(tmp_path, "JPN", "KOR")
    certificate = (Path(jpn.folder) / "tls" / "node-KOR.pem").read_bytes()
    assert bundles.accept(jpn, bundle_of(kor), where="again", passphrase=None) == "KOR"
    assert (Path(jpn.folder) / "tls" / "node-KOR.pem").read_bytes() == certificate


def test_live_bundles_and_exercise_bundles_do_not_mix(tmp_path: Path) -> None:
    live = make_nation(tmp_path / "live", "KOR", Realm.LIVE, passphrase="secret")
    exercise = make_nation(tmp_path, "JPN")
    with pytest.raises(InvalidInput, match="is for realm LIVE"):
        bundles.accept(exercise, bundle_of(live, "secret"), where="kor.bundle", passphrase=None)
    other = make_nation(tmp_path / "live", "USA", Realm.LIVE, passphrase="secret")
    with pytest.raises(InvalidInput, match="is for realm EXERCISE"):
        bundles.accept(other, bundle_of(exercise), where="jpn.bundle", passphrase="secret")
    assert bundles.load_partners(other) == ()


def test_a_nations_own_bundle_is_no_partners(tmp_path: Path) -> None:
    config = make_nation(tmp_path, "JPN")
    with pytest.raises(InvalidInput, match="JPN's own"):
        bundles.accept(config, bundle_of(config), where="own", passphrase=None)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"issued_s": 0, "expires_s": 1}, "has expired"),
        ({"issued_s": 4_000_000_000, "expires_s": 4_000_600_000}, "dated in the future"),
        ({"address": "nowhere"}, "address"),
        ({"address": "host:99999"}, "address"),
        ({"nation": "kor"}, "nation"),
        ({"link_certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}, "link_certificate"),
    ],
)
def test_signed_nonsense_is_refused(tmp_path: Path, changes: dict[str, object], fault: str) -> None:
    kor, jpn = make_nation(tmp_path, "KOR"), make_nation(tmp_path, "JPN")
    with pytest.raises(InvalidInput, match=fault):
        bundles.accept(jpn, resigned(kor, **changes), where="kor.bundle", passphrase=None)
    assert bundles.load_partners(jpn) == ()


def test_a_partner_cannot_bring_another_nations_certificate(tmp_path: Path) -> None:
    """The broker maps the certificate's name to an account: USA's bundle with KOR's name would open KOR's."""
    usa, jpn = make_nation(tmp_path, "USA"), make_nation(tmp_path, "JPN")
    kor = make_nation(tmp_path, "KOR")
    stolen = (Path(kor.folder) / "tls" / "link.pem").read_text()
    with pytest.raises(InvalidInput, match="names another nation"):
        bundles.accept(jpn, resigned(usa, link_certificate=stolen), where="usa.bundle", passphrase=None)


def test_a_changed_bundle_is_refused(tmp_path: Path) -> None:
    kor, jpn = make_nation(tmp_path, "KOR"), make_nation(tmp_path, "JPN")
    data = bundle_of(kor).replace(str(kor.broker.link_port).encode(), b"1")
    with pytest.raises(InvalidInput, match="wrong signature"):
        bundles.accept(jpn, data, where="kor.bundle", passphrase=None)


def test_partners_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PARTNERS", 1)
    (jpn, kor) = make_nations(tmp_path, "JPN", "KOR")
    with pytest.raises(InvalidInput, match="one partner too many"):
        bundles.accept(jpn, bundle_of(make_nation(tmp_path, "USA")), where="usa.bundle", passphrase=None)
    assert bundles.accept(jpn, bundle_of(kor), where="kor.bundle", passphrase=None) == "KOR"


def test_a_kept_bundle_that_was_changed_is_named(tmp_path: Path) -> None:
    (jpn, _) = make_nations(tmp_path, "JPN", "KOR")
    kept = Path(jpn.folder) / "partners" / "KOR.json"
    kept.write_bytes(kept.read_bytes().replace(b"127.0.0.1", b"127.0.0.9"))
    with pytest.raises(InvalidInput, match=r"KOR\.json: has a wrong signature"):
        bundles.load_partners(jpn)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_typed_refusal(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        bundles.open_bundle(data, where="bytes", realm=Realm.EXERCISE)


def test_an_invitation_is_for_the_nation_it_names(tmp_path: Path) -> None:
    kor, jpn, usa = (make_nation(tmp_path, nation) for nation in ("KOR", "JPN", "USA"))
    identity = keys.load(Path(kor.folder), "KOR", kor.realm, passphrase=None)
    data = bundles.make_bundle(kor, identity, passphrase=None, meant_for="JPN")
    with pytest.raises(InvalidInput, match="is meant for JPN"):
        bundles.accept(usa, data, where="kor.bundle", passphrase=None)
    assert bundles.accept(jpn, data, where="kor.bundle", passphrase=None) == "KOR"


def test_the_words_are_the_roots_and_are_told_in_any_spelling(tmp_path: Path) -> None:
    kor, jpn = make_nation(tmp_path, "KOR"), make_nation(tmp_path, "JPN")
    first, again, other = (
        bundles.fingerprint(bundles.open_bundle(bundle_of(config), where="", realm=Realm.EXERCISE))
        for config in (kor, kor, jpn)
    )
    assert first == again != other
    assert len(first.split("-")) == bundles.FINGERPRINT_WORDS
    assert bundles.same_words(first, first)
    assert bundles.same_words(f"  {first.upper().replace('-', ' ')}\n", first)
    assert not bundles.same_words(other, first)
    assert not bundles.same_words(first.rpartition("-")[0], first)  # eleven are not enough
    assert not bundles.same_words("", first)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 255))
def test_a_root_that_differs_in_one_bit_has_other_words(root: bytes, bit: int) -> None:
    def words(key: bytes) -> str:
        bundle = Bundle(
            nation="KOR", realm=Realm.LIVE, root_key=key, node_key=b"", journal_key=b"", link_certificate="",
            address="", nonce="", issued_s=0, expires_s=0,
        )  # fmt: skip
        return bundles.fingerprint(bundle)

    changed = (int.from_bytes(root) ^ 1 << bit).to_bytes(32)
    assert words(root) != words(changed)
    assert words(root).split("-")[:2] != words(changed).split("-")[:2]  # in the first words already: it is a hash


def test_a_bundle_of_an_ended_partnership_is_not_taken_again(tmp_path: Path) -> None:
    (jpn, kor) = make_nations(tmp_path, "JPN", "KOR")
    old = (Path(jpn.folder) / "partners" / "KOR.json").read_bytes()
    bundles.forget_partner(jpn, "KOR")
    assert [partner.nation for partner in bundles.load_partners(jpn)] == ["KOR"], "it was never let in: it waits"
    bundles.mark_used(jpn, "KOR")
    bundles.mark_used(jpn, "KOR")
    assert bundles.is_used(jpn, "KOR")
    assert bundles.accept(jpn, old, where="again", passphrase=None) == "KOR"  # once more without harm, while it lasts
    bundles.forget_partner(jpn, "KOR")
    assert bundles.load_partners(jpn) == ()
    assert not (Path(jpn.folder) / "tls" / "node-KOR.key").exists()
    with pytest.raises(InvalidInput, match="that partnership has ended"):
        bundles.accept(jpn, old, where="kor.bundle", passphrase=None)
    assert bundles.accept(jpn, bundle_of(kor), where="kor.bundle", passphrase=None) == "KOR"
    assert not bundles.is_used(jpn, "KOR")


def test_another_root_is_another_partner(tmp_path: Path) -> None:
    (jpn, _) = make_nations(tmp_path, "JPN", "KOR")
    imposter = make_nation(tmp_path / "other", "KOR")
    bundle = bundles.open_bundle(bundle_of(imposter), where="", realm=Realm.EXERCISE)
    with pytest.raises(InvalidInput, match="is of another root"):
        bundles.check_root(jpn, bundle, where="kor.bundle")


def test_a_refusal_leaves_all_as_it_was(tmp_path: Path) -> None:
    (jpn, kor) = make_nations(tmp_path, "JPN", "KOR")
    usa = make_nation(tmp_path, "USA")
    before = (Path(jpn.folder) / "partners" / "KOR.json").read_bytes()
    for config in (kor, usa):
        with pytest.raises(RunFailed):
            refuse(jpn, bundle_of(config))
    assert (Path(jpn.folder) / "partners" / "KOR.json").read_bytes() == before
    assert [partner.nation for partner in bundles.load_partners(jpn)] == ["KOR"]


def refuse(config: NodeConfig, data: bytes) -> None:
    with bundles.accepting(config, data, where="x", passphrase=None):
        raise RunFailed("the node refuses")
