"""A node's warning files: sealed by the root for one purpose and realm, one id per human, one voice per area."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.people import load_people, parse_people
from beaconfire.kernel.sealed import open_sealed, seal
from beaconfire.warn import Settings, parse_rule, parse_settings, rule_preset, warning_preset
from tests.warn.desks import PEOPLE, ROOT, ROOT_PUBLIC, key_of, people_text, people_toml, warning_toml

# --- sealed ---------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300).filter(lambda data: b"# signature: " not in data))
def test_what_is_sealed_opens_as_it_was(text: bytes) -> None:
    sealed = seal(text, purpose="rule", realm=Realm.LIVE, sign=ROOT.sign)
    opened = open_sealed(sealed, purpose="rule", realm=Realm.LIVE, key=ROOT_PUBLIC, where="w")
    assert opened == text.rstrip(b"\n") + b"\n"


@given(st.data())
def test_a_changed_byte_breaks_the_seal(data: st.DataObject) -> None:
    sealed = bytearray(people_toml())
    place = data.draw(st.integers(0, len(sealed) - 2))  # the last is a line's end
    was = sealed[place]
    sealed[place] = data.draw(st.integers(0, 255).filter(lambda value: chr(value).lower() != chr(was).lower()))
    with pytest.raises(Refused):
        open_sealed(bytes(sealed), purpose="people", realm=Realm.EXERCISE, key=ROOT_PUBLIC, where="w")


def test_a_seal_is_for_one_purpose_one_realm_and_one_root() -> None:
    sealed = people_toml()
    for purpose, realm, key in (
        ("rule", Realm.EXERCISE, ROOT_PUBLIC),
        ("people", Realm.LIVE, ROOT_PUBLIC),
        ("people", Realm.EXERCISE, key_of("aoki").public_key().public_bytes_raw()),
        ("people", Realm.EXERCISE, b"no key"),
    ):
        with pytest.raises(Refused) as caught:
            open_sealed(sealed, purpose=purpose, realm=realm, key=key, where="w")  # type: ignore[arg-type]
        assert caught.value.reason == "signature"


def test_a_file_too_long_or_without_a_seal_is_refused() -> None:
    for data, reason in ((b"x" * (limits.MAX_CONFIG_BYTES + 1), "too_large"), (b"[[person]]\n", "unsigned")):
        with pytest.raises(Refused) as caught:
            open_sealed(data, purpose="people", realm=Realm.EXERCISE, key=ROOT_PUBLIC, where="w")
        assert caught.value.reason == reason


def test_a_second_seal_does_not_hide_the_first() -> None:
    """What was appended to a sealed file is under no seal; sealed again, the old seal is only a remark."""
    appended = people_toml() + b'[[person]]\nid = "eve"\nname = "Eve"\nroles = ["officer"]\n'
    with pytest.raises(Refused):
        load_people(appended, realm=Realm.EXERCISE, root=ROOT_PUBLIC, where="w")
    again = seal(people_toml(), purpose="people", realm=Realm.EXERCISE, sign=ROOT.sign)
    assert load_people(again, realm=Realm.EXERCISE, root=ROOT_PUBLIC, where="w").keys() == PEOPLE.keys()


# --- people ---------------------------------------------------------------------------------------------------------


def test_people_are_read_by_id_and_an_empty_file_is_nobody() -> None:
    people = load_people(people_toml(), realm=Realm.EXERCISE, root=ROOT_PUBLIC, where="people.toml")
    assert {person.id: person.roles for person in people.values()} == {name: (role,) for name, role in PEOPLE.items()}
    assert load_people(b"", realm=Realm.EXERCISE, root=ROOT_PUBLIC, where="people.toml") == {}


KEY = key_of("eto").public_key().public_bytes_raw().hex()


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        (
            f'[[person]]\nid = "aoki"\nname = "A"\nroles = ["officer"]\nkeys = ["{KEY}"]\n',
            "person aoki: id: is used twice",
        ),
        (
            f'[[person]]\nid = "eto"\nname = "E"\nroles = ["officer"]\n'
            f'keys = ["{key_of("baba").public_key().public_bytes_raw().hex()}"]\n',
            "are also baba's",
        ),
        (f'[[person]]\nid = "e to"\nname = "E"\nroles = ["officer"]\nkeys = ["{KEY}"]\n', "id: is 'e to'"),
        ('[[person]]\nid = "eto"\nname = "E"\nroles = ["king"]\n', "king"),
        ('[[person]]\nid = "eto"\nname = "E"\nroles = ["officer"]\nkeys = ["ab"]\n', "keys"),
        ('[[person]]\nid = "eto"\nname = "E"\nroles = []\nkees = []\n', "expected keys"),
        ("[[people]]\n", "holds 'people'"),
    ],
)
def test_every_fault_of_people_is_named(extra: str, what: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(what)):
        parse_people(people_text(extra=extra), realm=Realm.EXERCISE, where="people.toml")


def test_one_person_may_hold_several_keys() -> None:
    keys = ", ".join(f'"{number:064x}"' for number in range(3))
    text = f'[[person]]\nid = "eto"\nname = "E"\nroles = ["author", "officer"]\nkeys = [{keys}]\n'
    assert len(parse_people(text.encode(), realm=Realm.LIVE, where="w")["eto"].keys) == 3


# --- settings -------------------------------------------------------------------------------------------------------


def parsed(text: bytes, realm: Realm = Realm.EXERCISE) -> Settings:
    return parse_settings(text, nation="JPN", realm=realm, where="warning.toml")


def test_settings_say_who_speaks_where_and_by_which_channels() -> None:
    settings = parsed(warning_toml())
    assert settings.voice.id == "JPN-FDMA"
    assert settings.ours == ("JP-01", "JP-02", "JP-03", "JP-05")
    assert settings.channels == ("files", "net")
    assert settings.approval.people == 2
    narrower = warning_toml().replace(b'languages = ["en"]', b'languages = ["en"]\nareas = ["JP-02"]')
    assert parsed(narrower).ours == ("JP-02",)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('nation = "JPN"', 'nation = "KOR"', "is for KOR, EXERCISE"),
        ("people = 2", "people = 1", "approval.people"),
        ('author = "JPN-FDMA"', 'author = "JPN-MOD"', "author: is 'JPN-MOD'"),
        ('"JP-05"]', '"JP-05", "JP-99"]', "'JP-99' is none"),
        ('web = "https://town.example.jp"', 'web = "x"\nareas = ["JP-02"]', "JP-02 is JPN-FDMA's already"),
        ('id = "JPN-TOWN"', 'id = "JPN-FDMA"', "authority JPN-FDMA: id: is used twice"),
        ('name = "net"', 'name = "files"', "channel files: name: is used twice"),
        ('url = "http://127.0.0.1:9/cap"', 'path = "x"', "channel net: url: is missing, or another is given"),
        ('path = "alerts"', 'path = "alerts"\nurl = "x"', "channel files: path: is missing, or another is given"),
        ('kind = "directory"', 'kind = "siren"', "siren"),
        ("people = 2", "peeple = 2", "expected people"),
        ('languages = ["en"]', "languages = []", "languages"),
        ('languages = ["en"]', 'languages = ["en"]\nareas = ["US-WA"]\n', ""),
    ],
)
def test_every_fault_of_settings_is_named(old: str, new: str, what: str) -> None:
    text = warning_toml().decode()
    assert old in text
    changed = text.replace(old, new, 1).encode()
    if not what:  # an area that no authority claims may be answered for
        assert parsed(changed).ours == ("US-WA",)
        return
    with pytest.raises(InvalidInput, match=re.escape(what)):
        parsed(changed)


def test_an_area_of_another_authority_is_not_ours_to_answer_for() -> None:
    text = warning_toml().decode().replace('languages = ["en"]', 'languages = ["en"]\nareas = ["JP-13"]')
    town = text.replace('web = "https://town.example.jp"', 'web = "x"\nareas = ["JP-13"]')
    with pytest.raises(InvalidInput, match="JP-13 is JPN-TOWN's"):
        parsed(town.encode())


@pytest.mark.parametrize("nation", ["JPN", "KOR", "USA"])
@pytest.mark.parametrize("realm", list(Realm))
def test_what_init_writes_is_right(nation: str, realm: Realm) -> None:
    text = warning_preset(nation, realm, rules=("rules/a.toml",), regime="j_alert_2023")
    settings = parse_settings(text, nation=nation, realm=realm, where="w")
    assert (settings.regime.preset, settings.rules) == ("j_alert_2023", ("rules/a.toml",))
    assert len(settings.ours) >= 17
    rule = parse_rule(rule_preset(nation, realm, single_source=True), nation=nation, realm=realm, where="r")
    assert (rule.single_source, rule.takes_fused_shrink) == (True, False)


def test_a_nation_without_known_areas_warns_nobody() -> None:
    assert warning_preset("FRA", Realm.EXERCISE) == b""
