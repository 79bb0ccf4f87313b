"""Bulletins: what the flight of 6 January 2025 must be said to be, and that three languages say the same."""

import re
from typing import Any

import pytest

from beaconfire.kernel.alerts import LANGUAGES, Language
from beaconfire.record import Launch, associate, bulletin, shipped_claims
from beaconfire.record.bulletin_words import words_of
from tests.record.revisions import GLIDE_AREA, revision, with_own

RECORD = associate(shipped_claims())
OWN_LANGUAGES: dict[str, tuple[Language, ...]] = {"KOR": ("ko", "en"), "JPN": ("ja", "en"), "USA": ("en",)}


def told(*rows: dict[str, Any], language: Language = "en", nation: str = "KOR", areas: tuple[str, ...] = ()) -> str:
    return bulletin(
        rows, RECORD, language=language, nation=nation, languages=OWN_LANGUAGES[nation], areas=areas
    )  # fmt: skip


def row_of(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"| {name} |"))


def test_the_flight_of_january_2025_is_told_as_the_contract_has_it() -> None:
    text = told(*with_own(revision()))
    assert text.startswith("# EXERCISE Launch of 6 January 2025\n")
    assert "noon, 12:00 Korean and Japanese time (03:00 UTC)" in text
    assert "unclear; glide suspected" in row_of(text, "Type")
    assert "at least medium range (P 0.99); most probable intermediate range (P 0.82), from the boost profile" in text
    assert "more than 1,100 km (ROK JCS)" in row_of(text, "Distance")
    assert "into the East Sea" in row_of(text, "Where it fell")
    since = "since 5 November 2024, when at least seven short-range missiles were launched"
    assert since in row_of(text, "First since")
    assert "- ROK JCS (government): “intermediate range” (Hwasong-16B class)" in text
    assert "- DPRK KCNA (state media): “intermediate range/hypersonic glide”" in text


def test_an_estimate_and_an_announcement_are_never_mixed() -> None:
    line = row_of(told(revision()), "Distance")
    own, announced = line.split("; announced: ")
    assert "1,500" not in own
    assert announced == "more than 1,100 km (ROK JCS), 1,100 km (Japan), 1,500 km (DPRK KCNA) |"


@pytest.mark.parametrize("nation", ["KOR", "JPN", "USA"])
def test_every_language_says_the_same_numbers(nation: str) -> None:
    """Dates and small counts apart, which are written in words, each figure of one text stands in the others."""
    texts = [told(*with_own(revision()), language=language, nation=nation) for language in LANGUAGES]
    figures = [sorted(re.findall(r"\d+[.,]\d+|> 0\.99|95 %", text)) for text in texts]
    assert figures[0] == figures[1] == figures[2]
    assert len(figures[0]) > 15
    assert len({text.count("\n") for text in texts}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence_with_the_same_places(language: Language) -> None:
    assert words_of(language).places() == words_of("en").places()


@pytest.mark.parametrize(("language", "mark"), [("en", "EXERCISE"), ("ko", "[훈련]"), ("ja", "【訓練】")])
def test_an_exercise_says_so_first_and_last_and_live_does_not(language: Language, mark: str) -> None:
    lines = told(revision(), language=language).splitlines()
    assert lines[0].startswith(f"# {mark} ") and lines[-1].startswith(f"{mark} ")
    assert mark not in told(revision(realm="LIVE"), language=language)


@pytest.mark.parametrize(
    ("nation", "language", "name"),
    [("KOR", "en", "East Sea"), ("JPN", "en", "Sea of Japan"), ("USA", "en", "Sea of Japan"),
     ("KOR", "ko", "동해"), ("JPN", "ja", "日本海"), ("KOR", "ja", "日本海")],
)  # fmt: skip
def test_a_sea_has_the_name_of_the_nodes_own_language(nation: str, language: Language, name: str) -> None:
    assert name in told(revision(), nation=nation, language=language)


def test_korean_and_japanese_name_the_class_and_the_day() -> None:
    korean, japanese = told(revision(), language="ko"), told(revision(), language="ja")
    assert "최소 준중거리(확률 0.99), 가장 유력한 것은 중거리" in korean and "2024년 11월 5일 이후 처음" in korean
    assert "少なくとも準中距離（確率 0.99）、最も確からしいのは中距離" in japanese and "2024年11月5日以来" in japanese
    assert "활공 의심" in korean and "滑空の疑い" in japanese


def test_what_nobody_announced_is_said_and_the_record_still_answers() -> None:
    launch = {**revision()["launch"], "time_utc": "2025-03-01T00:00:00Z"}
    text = told(revision(launch=launch))
    assert "The imported record holds no announcement of this launch." in text
    assert "since 14 January 2025" in row_of(text, "First since")


def test_the_first_launch_of_an_empty_record() -> None:
    text = bulletin([revision()], (), language="en", nation="KOR")
    assert "the record holds no earlier launch" in text


def test_a_type_is_stated_only_when_it_is_sure_and_no_glide() -> None:
    kind = {**dict.fromkeys(revision()["kind"], 0.0)}
    sure = told(revision(kind={**kind, "ballistic": 0.97, "unknown": 0.03}))
    unsure = told(revision(kind={**kind, "ballistic": 0.85, "glide": 0.15}))
    assert row_of(sure, "Type") == "| Type | ballistic (P 0.97) |"
    assert row_of(unsure, "Type") == "| Type | unclear; most probable ballistic (P 0.85) |"
    assert "more than one type" in unsure and "more than one type" not in sure


def test_a_class_without_enough_belief_is_unclear() -> None:
    classes = dict.fromkeys(revision()["class"], 0.0)
    unclear = told(revision(**{"class": {**classes, "SRBM": 0.5, "MRBM": 0.4, "unknown": 0.1}}))
    nothing = told(revision(**{"class": {**classes, "SRBM": 0.2, "unknown": 0.8}}))
    assert row_of(unclear, "Class") == "| Class | unclear; most probable short range (P 0.50) |"
    assert row_of(nothing, "Class") == "| Class | unclear |"


def test_an_exact_point_is_one_distance_and_land_is_named_by_whoever_knows_it() -> None:
    impact = {**revision()["impact"], "latitude_deg": 40.7, "longitude_deg": 140.9}
    text = told(revision(impact=impact, impact_reason=None, ground_range_m=1234.4e3), areas=("Aomori",))
    assert row_of(text, "Distance").startswith("| Distance | 1,234 km; announced:")
    assert row_of(text, "Where it fell") == "| Where it fell | on land (Aomori) |"
    assert "only an area can be told" not in text


def test_while_it_flies_its_fall_is_expected_and_no_fact() -> None:
    impact = {**revision()["impact"], "time_utc": "2025-01-06T03:20:00Z", "latitude_deg": 38.0, "longitude_deg": 160.0}
    flying = told(revision(impact=impact, impact_reason=None))
    assert row_of(flying, "Where it fell") == (
        "| Where it fell | still in flight when this was issued; expected into the Pacific Ocean, "
        "at 12:20 Korean and Japanese time (03:20 UTC) |"
    )
    fallen = told(revision(impact={**impact, "time_utc": "2025-01-06T03:10:00Z"}, impact_reason=None))
    assert row_of(fallen, "Where it fell") == "| Where it fell | into the Pacific Ocean |"


def test_while_it_boosts_nothing_is_said_of_where_it_falls() -> None:
    text = told(revision(impact_reason="boosting"))
    assert row_of(text, "Where it fell") == "| Where it fell | not known |"
    assert "it still boosts" in text


@pytest.mark.parametrize(("status", "words"), [("suspected", "not confirmed"), ("retracted", "RETRACTED")])
def test_what_is_not_sure_or_no_longer_held_is_said_at_once(status: str, words: str) -> None:
    lead = told(revision(status=status)).splitlines()[2]
    assert words in lead
    assert words not in told(revision())


def test_a_salvo_counts_at_least() -> None:
    text = told(revision(count_at_least=7))
    assert "at least seven missiles were launched" in text.splitlines()[2]
    assert "Whether there were more than seven." in text


def test_a_space_launch_is_no_missile() -> None:
    kind = dict.fromkeys(revision()["kind"], 0.0)
    text = told(revision(kind={**kind, "space_launch": 1.0}))
    assert "a space launch was made" in text.splitlines()[2]


def test_own_sensors_alone_stand_beside_what_partners_added() -> None:
    shared = told(*with_own(revision()))
    assert "KOR's own sensors alone: short range 0.41, ballistic 0.93, distance 1,088 km; with partners:" in shared
    assert "own sensors alone" not in told(revision(picture="own", contributors=["KOR"]))
    assert row_of(told(revision(picture="own", contributors=["KOR"])), "Observed by") == "| Observed by | KOR alone |"


def test_sources_that_agree_differ_in_nothing() -> None:
    claims = [claim for claim in shipped_claims() if claim.source == "Japan"]
    rows = [revision(impact={**revision()["impact"], "footprint_95": None}, ground_range_m=1105e3)]
    text = bulletin(rows, associate(claims), language="en", nation="JPN")
    assert "Nothing beyond the wording." in text


def test_a_lost_track_is_said_with_its_last_time_only_when_all_are_lost() -> None:
    assert "What it did after 03:11:04 UTC" in told(revision())
    seen = [{**item, "lost": False} for item in revision()["objects"]]
    assert "What it did after" not in told(revision(objects=seen))


def test_an_unknown_launch_point_is_said() -> None:
    text = told(revision(launch=None, issued_utc="2025-01-06T03:01:02.000Z"), revision(launch=None))
    assert "from a place that is not known" in text and row_of(text, "Place of launch").endswith("| not known |")
    assert row_of(text, "Distance").startswith("| Distance | not known;")
    assert "Where it was launched." in text


def test_an_established_launch_of_the_same_day_is_not_an_earlier_one() -> None:
    before = Launch("2025-01-06.9", tuple(claim for claim in RECORD[-1].claims))
    text = bulletin([revision()], (*RECORD, before), language="en", nation="KOR")
    assert "since 5 November 2024" in text


def test_the_area_of_this_test_is_mostly_sea() -> None:
    assert "into the East Sea, most probably" in told(revision())
    assert GLIDE_AREA["type"] == "Polygon"
