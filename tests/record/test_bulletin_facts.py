"""What a bulletin rests on, before any language: classes as bounds, the last words, which launch is meant."""

from typing import Any

import pytest

from beaconfire.kernel.time import NS_PER_S, parse_utc
from beaconfire.record import associate, shipped_claims
from beaconfire.record.bulletin_facts import SURE, Since, facts_of, sight_of
from tests.record.revisions import CLASSES, GLIDE_AREA, revision, with_own

RECORD = associate(shipped_claims())


def classes(**p: float) -> dict[str, Any]:
    return {"class": {**dict.fromkeys(CLASSES, 0.0), **p}}


@pytest.mark.parametrize(
    ("p", "least"),
    [
        ({"ICBM": 0.96, "IRBM": 0.04}, "ICBM"),
        ({"ICBM": 0.5, "IRBM": 0.46, "unknown": 0.04}, "IRBM"),
        ({"IRBM": 0.82, "MRBM": 0.17, "unknown": 0.01}, "MRBM"),
        ({"SRBM": 0.6, "MRBM": 0.36, "unknown": 0.04}, "SRBM"),
        ({"SRBM": 0.5, "MRBM": 0.4, "unknown": 0.1}, None),
        ({"space_launch": 1.0}, None),
    ],
)
def test_at_least_is_the_longest_reach_that_is_sure(p: dict[str, float], least: str | None) -> None:
    told = sight_of(revision(**classes(**p))).least
    assert (told and told[0]) == least
    assert told is None or told[1] >= SURE


def test_the_glide_of_january_2025_is_at_least_medium_range_and_most_probably_intermediate() -> None:
    facts = facts_of(with_own(revision()), RECORD)
    least, p = facts.sight.least or ("", 0.0)
    assert least == "MRBM" and p == pytest.approx(0.9867, abs=1e-4)
    assert facts.sight.probable == ("IRBM", 0.817359)
    assert facts.sight.glide == pytest.approx(0.9995, abs=1e-4)
    assert facts.alone is not None and facts.alone.picture == "own" and facts.alone.distance_km == (1087.6579,)
    assert facts.since == Since("2024-11-05", ("SRBM",), 7, False)
    assert facts.since_least is not None and facts.since_least.local_date == "2024-06-26"


def test_a_picture_alone_has_nobody_beside_it() -> None:
    assert facts_of([revision(picture="own")], RECORD).alone is None


def test_the_claims_of_its_own_time_are_its_announcements_and_no_others() -> None:
    facts = facts_of([revision()], RECORD)
    assert {claim.source for claim in facts.announced} == {"ROK JCS", "Japan", "DPRK KCNA"}
    assert {claim.local_date for claim in facts.announced} == {"2025-01-06"}
    hours_later = {**revision()["launch"], "time_utc": "2025-01-06T05:00:00Z"}
    assert facts_of([revision(launch=hours_later)], RECORD).announced == ()


def test_without_a_launch_point_the_first_word_dates_the_event() -> None:
    first = revision(launch=None, issued_utc="2025-01-06T03:01:02Z")
    assert facts_of([first, revision(launch=None)], RECORD).launch_ns == parse_utc("2025-01-06T03:01:02Z")


def test_while_it_boosts_no_place_of_fall_is_taken_from_its_corridor() -> None:
    assert sight_of(revision(impact_reason="boosting")).fell is None
    assert sight_of(revision()).fell is not None


def test_distances_are_of_the_area_unless_a_point_was_told() -> None:
    low, high = sight_of(revision()).distance_km
    assert 900.0 < low < high < 1500.0
    assert sight_of(revision(ground_range_m=1.2e6)).distance_km == (1200.0,)
    assert sight_of(revision(launch=None)).distance_km == ()
    assert GLIDE_AREA["type"] == "Polygon"


def test_it_is_lost_when_all_of_it_is_and_since_the_last_was() -> None:
    item = revision()["objects"][0]
    later = {**item, "time_utc": "2025-01-06T03:12:00.000Z"}
    lost_ns = facts_of([revision(objects=[item, later])], RECORD).lost_ns
    assert lost_ns == parse_utc("2025-01-06T03:12:00Z")
    assert facts_of([revision(objects=[item, {**later, "lost": False}])], RECORD).lost_ns is None
    assert facts_of([revision(objects=[])], RECORD).lost_ns is None


def test_a_count_is_at_least_one_and_a_launch_time_is_the_estimates() -> None:
    facts = facts_of([revision(count_at_least=0)], RECORD)
    assert facts.count == 1
    assert abs(facts.launch_ns - parse_utc("2025-01-06T03:00:00Z")) < 2 * NS_PER_S
