"""CAP messages as they are written: the same bytes for the same content, and each thing in its place."""

from itertools import product

import msgspec
import pytest
from lxml import etree

from beaconfire.kernel.alerts import LANGUAGES, AreaThreat, Language, Message, MessageKind
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import NS_PER_S
from beaconfire.warn import Action, Authority, check_cap, parse_settings, reference, render
from beaconfire.warn.areas import areas
from beaconfire.warn.cap import authority_faults
from beaconfire.warn.capprofiles import gsm_text
from tests.warn.desks import warning_toml
from tests.warn.messages import AUTHORITIES, HAWAII, JAPAN, KOREA, NOW_NS, following, message, threat

CAP = {"c": "urn:oasis:names:tc:emergency:cap:1.2"}
WARNS = (MessageKind.SHELTER, MessageKind.UPDATE, MessageKind.CORRECTION, MessageKind.LOST)


def read(made: Message, authority: Authority = JAPAN) -> etree._Element:
    return etree.fromstring(render(made, authority=authority))


def found(root: etree._Element, path: str) -> list[str]:
    """Texts at a path such as `info/area/areaDesc`."""
    return [element.text or "" for element in root.findall("/".join(f"c:{step}" for step in path.split("/")), CAP)]


def pairs(root: etree._Element, path: str) -> list[tuple[str, str]]:
    return list(zip(found(root, f"{path}/valueName"), found(root, f"{path}/value"), strict=True))


@pytest.mark.parametrize("kind", MessageKind)
@pytest.mark.parametrize("realm", Realm)
@pytest.mark.parametrize("authority", AUTHORITIES, ids=lambda item: item.id)
def test_every_message_passes_our_own_checker(kind: MessageKind, realm: Realm, authority: Authority) -> None:
    made = message(kind, realm=realm, authority=authority)
    assert check_cap(render(made, authority=authority)) == ()


def test_the_same_message_has_the_same_bytes() -> None:
    first = render(message(), authority=JAPAN)
    again = msgspec.json.decode(msgspec.json.encode(message()), type=Message)
    assert render(again, authority=JAPAN) == first
    assert first.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<alert xmlns=")
    assert b">\n<" not in first.partition(b"?>\n")[2], "no white space that a reader might drop"


def test_the_head_says_who_when_and_what_kind() -> None:
    root = read(message(MessageKind.UPDATE))
    heads = ("identifier", "sender", "sent", "status", "msgType", "scope", "incidents", "references")
    assert [found(root, tag)[0] for tag in heads] == [
        "JPN-FDMA-2",
        "alerts@fdma.example",
        "2025-01-06T12:02:00+09:00",
        "Exercise",
        "Update",
        "Public",
        "JPN-20250106-1",
        "alerts@fdma.example,JPN-FDMA-1,2025-01-06T12:00:00+09:00",
    ]
    assert found(root, "note")[0].startswith("EXERCISE")
    live = read(message(realm=Realm.LIVE))
    assert (found(live, "status"), found(live, "note"), found(live, "references")) == (["Actual"], [], [])


@pytest.mark.parametrize(
    ("kind", "type_", "responses", "urgency", "severity", "certainty"),
    [
        (MessageKind.SHELTER, "Alert", ["Shelter"], "Immediate", "Extreme", "Likely"),
        (MessageKind.UPDATE, "Update", ["Shelter"], "Immediate", "Extreme", "Likely"),
        (MessageKind.PASSED, "Update", ["Avoid", "Monitor"], "Past", "Moderate", "Likely"),
        (MessageKind.DEBRIS, "Update", ["Avoid", "Monitor"], "Past", "Severe", "Likely"),
        (MessageKind.LOST, "Update", ["Shelter", "Monitor"], "Immediate", "Extreme", "Possible"),
        (MessageKind.CORRECTION, "Update", ["Shelter"], "Immediate", "Extreme", "Likely"),
        (MessageKind.CANCEL, "Cancel", ["None"], "Past", "Minor", "Unlikely"),
        (MessageKind.ALL_CLEAR, "Update", ["AllClear"], "Past", "Minor", "Unlikely"),
    ],
)
def test_each_kind_in_the_words_of_cap(
    kind: MessageKind, type_: str, responses: list[str], urgency: str, severity: str, certainty: str
) -> None:
    root = read(message(kind, languages=("ja",)))
    assert found(root, "msgType") == [type_]
    assert found(root, "info/responseType") == responses
    facts = [found(root, f"info/{tag}")[0] for tag in ("urgency", "severity", "certainty")]
    assert facts == [urgency, severity, certainty]
    assert len(found(root, "info/onset")) == (urgency == "Immediate")


def test_certainty_follows_the_greatest_probability() -> None:
    doubtful = msgspec.structs.replace(message(), areas=(threat("JP-02", hit_p=0.02, pass_p=0.3),))
    assert set(found(read(doubtful), "info/certainty")) == {"Possible"}
    sure = msgspec.structs.replace(message(), areas=(threat("JP-02", hit_p=0.9, pass_p=0.3), *doubtful.areas))
    assert set(found(read(sure), "info/certainty")) == {"Likely"}


def test_one_info_per_language_with_the_same_facts() -> None:
    root = read(message())
    assert found(root, "info/language") == ["en-US", "ko-KR", "ja-JP"]
    for tag in ("urgency", "severity", "certainty", "effective", "onset", "expires", "web", "contact"):
        assert len(set(found(root, f"info/{tag}"))) == 1
        assert len(found(root, f"info/{tag}")) == 3
    assert found(root, "info/senderName") == [JAPAN.name[language] for language in LANGUAGES]
    assert pairs(root, "info/eventCode") == [("OET:v1.2", "OET-129")] * 3
    assert found(root, "info/category") == ["CBRNE", "Security"] * 3
    assert ("beaconfire:countAtLeast", "1") in pairs(root, "info/parameter")


def test_areas_have_names_codes_and_closed_rings_latitude_first() -> None:
    root = read(message(languages=("ja",)))
    assert found(root, "info/area/areaDesc") == ["青森県", "北海道", "秋田県"]
    assert pairs(root, "info/area/geocode") == [("ISO3166-2", "JP-02"), ("ISO3166-2", "JP-01"), ("ISO3166-2", "JP-05")]
    for polygon in found(root, "info/area/polygon"):
        points = [tuple(map(float, pair.split(","))) for pair in polygon.split()]
        assert points[0] == points[-1]
        assert all(38.0 < lat < 46.0 and 138.0 < lon < 149.5 for lat, lon in points)


def test_every_area_we_know_can_be_warned() -> None:
    """Alaska lies on both sides of the antimeridian; every ring of every area passes the checker."""
    for nation, authority in zip(("JPN", "KOR", "USA"), AUTHORITIES, strict=True):
        made = message(authority=authority, areas=areas().ids(nation), languages=("en",))
        assert check_cap(render(made, authority=authority)) == ()
    alaska = read(message(authority=HAWAII, areas=("US-AK",), languages=("en",)), HAWAII)
    longitudes = [float(pair.split(",")[1]) for text in found(alaska, "info/area/polygon") for pair in text.split()]
    assert min(longitudes) < -129.0
    assert max(longitudes) > 172.0


def test_times_are_those_of_the_first_areas_clock() -> None:
    hawaii = read(message(authority=HAWAII, areas=("US-HI", "US-CA")), HAWAII)
    assert found(hawaii, "sent") == ["2025-01-05T17:02:00-10:00"]
    assert found(hawaii, "info/expires")[0] == "2025-01-05T18:02:00-10:00"
    assert found(hawaii, "info/onset")[0] == "2025-01-05T17:07:00-10:00"


def test_a_reference_is_how_the_message_names_itself() -> None:
    first = message()
    root = read(following(first, MessageKind.CANCEL))
    sent = read(first)
    assert found(root, "references") == [",".join(found(sent, tag)[0] for tag in ("sender", "identifier", "sent"))]
    assert reference(first) == found(root, "references")[0]


def test_a_message_and_all_that_follow_it_are_one_history() -> None:
    first = message()
    earlier = [first]
    for number, kind in enumerate((MessageKind.UPDATE, MessageKind.LOST, MessageKind.PASSED, MessageKind.ALL_CLEAR)):
        references = tuple(reference(item) for item in earlier)
        later = following(first, kind, after_s=60.0 * (number + 1), references=references)
        assert (
            check_cap(render(later, authority=JAPAN), earlier=[render(item, authority=JAPAN) for item in earlier]) == ()
        )
        earlier.append(later)


def test_areas_that_are_told_otherwise_have_blocks_of_their_own() -> None:
    text: dict[Language, str] = {"en": "Lie down.", "ja": "伏せてください。", "ko": "엎드리십시오."}
    own = Action(areas=("JP-01",), kinds=(MessageKind.SHELTER,), text=text, short=text)
    made = render(message(), authority=msgspec.structs.replace(JAPAN, actions=(own,)))
    root = etree.fromstring(made)
    assert found(root, "info/language") == ["en-US", "ko-KR", "ja-JP"] * 2
    blocks = root.findall("c:info", CAP)
    assert [found(block, "area/geocode/value") for block in blocks] == [["JP-02", "JP-05"]] * 3 + [["JP-01"]] * 3
    assert [("Lie down." in found(block, "instruction")[0]) for block in blocks] == [False] * 3 + [True, False, False]
    assert check_cap(made) == ()


def test_korea_has_its_two_lengths_in_every_language() -> None:
    root = read(message(authority=KOREA), KOREA)
    parameters = pairs(root, "info/parameter")
    for name, limit in (("KR-CBS:short", 90), ("KR-CBS:long", 157)):
        texts = [value for key, value in parameters if key == name]
        assert len(texts) == 3
        assert all(0 < len(text) <= limit for text in texts)
    assert not found(root, "code")


@pytest.mark.parametrize(
    ("realm", "same", "handling"), [(Realm.LIVE, "CDW", "Imminent Threat"), (Realm.EXERCISE, "DMO", "WEA Test")]
)
def test_the_ipaws_profile(realm: Realm, same: str, handling: str) -> None:
    root = read(message(authority=HAWAII, realm=realm, areas=("US-HI", "US-GU")), HAWAII)
    assert found(root, "code") == ["IPAWSv1.0"]
    assert pairs(root, "info/eventCode")[:2] == [("OET:v1.2", "OET-129"), ("SAME", same)]
    assert [code for name, code in pairs(root, "info/area/geocode") if name == "SAME"][:2] == ["015000", "066000"]
    english = dict(pairs(root.findall("c:info", CAP)[0], "parameter"))
    assert (english["EAS-ORG"], english["timezone"], english["WEAHandling"]) == ("CIV", "HST", handling)
    assert 0 < len(english["CMAMtext"]) <= 90 < len(english["CMAMlongtext"]) <= 360
    blocked = [value for name, value in pairs(root, "info/parameter") if name == "BLOCKCHANNEL"]
    assert len(blocked) == (0 if realm is Realm.LIVE else 12), "an exercise blocks the channels of the public"


def test_ipaws_is_for_american_areas_only() -> None:
    assert not found(read(message()), "code")
    assert "SAME" not in dict(pairs(read(message()), "info/eventCode"))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Hawaiʻi", "Hawai'i"),
        ("Chūbu – “now”", 'Chubu - "now"'),
        ("Ñandú à l'été", "Ñandu à l'été"),
        ("日", "?"),
        ("½", "1?2"),
    ],
)
def test_letters_that_american_telephones_lack(text: str, plain: str) -> None:
    assert gsm_text(text) == plain


@pytest.mark.parametrize(
    "kind", [kind for kind in MessageKind if kind not in (MessageKind.SHELTER, MessageKind.DEBRIS)]
)
def test_what_follows_must_say_what_it_follows(kind: MessageKind) -> None:
    with pytest.raises(InvalidInput, match="references"):
        render(message(kind, references=()), authority=JAPAN)
    other = ("other@example.org,X-1,2025-01-06T12:00:00+09:00",)
    with pytest.raises(InvalidInput, match="of our own"):
        render(message(kind, references=other), authority=JAPAN)


def test_debris_may_be_the_first_word_and_another_voice_may_be_referenced() -> None:
    assert found(read(message(MessageKind.DEBRIS, references=())), "msgType") == ["Alert"]
    other = ("other@example.org,X-1,2025-01-06T12:00:00+09:00",)
    first = read(message(references=other))
    assert (found(first, "msgType"), found(first, "references")) == (["Alert"], list(other))


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"identifier": "A 1"}, "identifier"),
        ({"identifier": ""}, "identifier"),
        ({"sender": "a,b"}, "sender"),
        ({"sender": "a\x01b"}, "sender"),
        ({"identifier": "A\u202eB"}, "identifier"),
        ({"references": ("other,X,2025-01-06T03:00:00Z",)}, "references"),
        ({"references": ("other,X\x01,2025-01-06T12:00:00+09:00",)}, "references"),
        ({"sender": "a&b"}, "sender"),
        ({"areas": ()}, "areas"),
        ({"languages": ()}, "languages"),
        ({"languages": ("en", "en")}, "languages"),
        ({"expires_ns": NOW_NS}, "expires_ns"),
        ({"incidents": ()}, "incidents"),
        ({"words": "not a drill"}, "text|description|headline"),
    ],
)
def test_what_cannot_be_said_rightly_is_not_said(changes: dict[str, object], where: str) -> None:
    kind = MessageKind.CANCEL if "words" in changes else MessageKind.SHELTER
    made = msgspec.structs.replace(message(kind), **changes)
    with pytest.raises(InvalidInput, match=where):
        render(made, authority=JAPAN)


def test_people_must_be_able_to_ask() -> None:
    for gap, text in product(("contact", "web"), (" ", "a\x00b")):
        with pytest.raises(InvalidInput, match=gap):
            render(message(), authority=msgspec.structs.replace(JAPAN, **{gap: text}))


def test_an_authority_is_tried_before_it_has_to_speak() -> None:
    languages: tuple[Language, ...] = ("en", "ko", "ja")
    for realm, authority in product(Realm, AUTHORITIES):
        assert authority_faults(authority, realm=realm, languages=languages, areas=authority.areas) == ()
    cases: list[tuple[dict[str, object], str]] = [
        ({"name": {"en": "Drill office"}}, "says 'drill'"),
        ({"sender": "a b"}, "a word without space"),
        ({"contact": ""}, "where people may ask"),
        ({"actions": (Action(areas=("JP-01",), kinds=(MessageKind.LOST,), text={}, short={}),)}, "say nothing in en"),
    ]
    for changes, what in cases:
        wrong = msgspec.structs.replace(JAPAN, **changes)
        faults = authority_faults(wrong, realm=Realm.LIVE, languages=languages, areas=JAPAN.areas)
        assert any(what in str(fault) for fault in faults), what
    twice = authority_faults(JAPAN, realm=Realm.LIVE, languages=("en", "en"), areas=JAPAN.areas)
    assert [fault.where for fault in twice] == ["languages"], "each fault once"


def test_a_time_already_begun_has_its_onset_now() -> None:
    begun = AreaThreat(area_id="JP-02", hit_p=0.5, pass_p=0.5, first_ns=NOW_NS - NS_PER_S, last_ns=NOW_NS + NS_PER_S)
    assert (
        found(read(msgspec.structs.replace(message(), areas=(begun,))), "info/onset")[0] == "2025-01-06T12:02:00+09:00"
    )


def test_settings_that_could_not_speak_are_refused_when_they_are_read() -> None:
    good = warning_toml().decode()
    assert parse_settings(good.encode(), nation="JPN", realm=Realm.EXERCISE, where="w").author == "JPN-FDMA"
    wrong = good.replace('"Fire and Disaster Management Agency"', '"This is not a drill"')
    with pytest.raises(InvalidInput, match="w: authority JPN-FDMA: shelter description in en: says 'not a drill'"):
        parse_settings(wrong.encode(), nation="JPN", realm=Realm.EXERCISE, where="w")
    typo = good.replace(
        '[[channel]]\nname = "files"', '[[authority.actions]]\narea = ["JP-01"]\n\n[[channel]]\nname = "files"'
    )
    with pytest.raises(InvalidInput, match="unknown key 'area'"):
        parse_settings(typo.encode(), nation="JPN", realm=Realm.EXERCISE, where="w")
