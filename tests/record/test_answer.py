"""Sentences and tables: bounds stay bounds, one is singular, local dates are written out, whatever the locale."""

from typing import Any

import pytest

from beaconfire.record import Bound, CountBound, Launch, associate, first_since
from beaconfire.record.answer import (
    class_name,
    described,
    figure_of,
    figure_words,
    listed,
    long_date,
    of_class,
    summary,
    tally,
    told,
)
from tests.record.made import claim


def launch(**changes: Any) -> Launch:
    (made,) = associate([claim(**changes)])
    return made


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "1 SRBM was launched"),
        ({"count": 2}, "2 SRBM were launched"),
        ({"count": 1, "count_bound": CountBound.AT_LEAST}, "at least 1 SRBM was launched"),
        ({"count": 7, "count_bound": CountBound.AT_LEAST}, "at least 7 SRBM were launched"),
        ({"missile_class": "IRBM/HGV"}, "1 IRBM/HGV was launched"),
        ({"missile_class": "unknown"}, "1 unknown was launched"),
    ],
)
def test_a_launch_in_a_sentence(changes: dict[str, Any], words: str) -> None:
    assert described(launch(**changes)) == words


def test_sources_that_count_differently_are_one_phrase() -> None:
    (both,) = associate([claim(), claim(source="Japan", count=3)])
    assert described(both) == "1 to 3 SRBM were launched"


@pytest.mark.parametrize(
    ("changes", "quantity", "words"),
    [
        ({"range_m": 1100e3}, "range", "range 1,100 km"),
        ({"range_m": 1100e3, "range_bound": Bound.OVER}, "range", "range over 1,100 km"),
        ({"range_m": 600e3, "range_bound": Bound.ABOUT}, "range", "range about 600 km"),
        ({"apogee_m": 50e3, "apogee_bound": Bound.UNDER}, "apogee", "apogee under 50 km"),
        ({"apogee_m": 6040.9e3}, "apogee", "apogee 6,040.9 km"),
        ({"range_m": 350e3, "range_least_m": 250e3}, "range", "range 250 to 350 km"),
        ({"flight_time_s": 4135.0}, "flight time", "flight time 4135 s"),
        ({}, "range", ""),
        ({}, "apogee", ""),
        ({}, "flight time", ""),
    ],
)
def test_a_figure_with_its_bound(changes: dict[str, Any], quantity: Any, words: str) -> None:
    assert figure_words(claim(**changes), quantity) == words


def test_a_figure_for_programs() -> None:
    stated = claim(range_m=350e3, range_least_m=250e3, apogee_m=50e3, apogee_bound=Bound.OVER)
    assert figure_of(stated, "range") == (350e3, 250e3, Bound.EXACT)
    assert figure_of(stated, "apogee") == (50e3, None, Bound.OVER)


def test_a_claim_in_one_line() -> None:
    line = told(claim(local_time="12:00", designation="KN-23", site="Wonsan", range_m=600e3, via="Yonhap"))
    assert line == ("2024-05-01 12:00 ROK JCS (government; confidence A): 1 SRBM, KN-23, Wonsan, range 600 km [Yonhap]")


def test_dates_are_written_out_by_no_locale() -> None:
    assert long_date("2024-11-05") == "5 November 2024"
    assert [long_date(f"2024-{month:02d}-01").split()[1] for month in (1, 5, 12)] == ["January", "May", "December"]


def test_a_space_launch_is_no_missile() -> None:
    space, missile = launch(missile_class="SLV"), launch(missile_class="MRBM/ICBM")
    assert not of_class(space, None)
    assert of_class(space, "SLV")
    assert of_class(missile, None)
    assert of_class(missile, "ICBM") and of_class(missile, "MRBM") and not of_class(missile, "IRBM")
    assert class_name(missile) == "MRBM/ICBM"


def test_first_since_looks_past_space_launches_and_days_of_its_own() -> None:
    launches = associate(
        [
            claim(at="2024-03-01T03:00Z"),
            claim(at="2024-04-01T03:00Z", missile_class="SLV"),
            claim(at="2024-05-01T00:00Z", missile_class="ICBM"),
            claim(at="2024-05-01T03:00Z"),
        ]
    )
    last = launches[-1]
    assert first_since(launches, before_ns=last.time_ns).value["local_date"] == "2024-03-01"
    assert first_since(launches, before_ns=last.time_ns, missile_class="SLV").value["local_date"] == "2024-04-01"
    none = first_since(launches, before_ns=last.time_ns, missile_class="ICBM")
    assert none.value is None
    assert none.claims == ()
    assert "no ICBM before 2024-05-01" in none.text


def test_first_since_goes_by_the_local_date_that_it_is_told() -> None:
    launches = associate([claim(at="2024-04-30T20:00Z")])  # 1 May in Korea
    at_noon = claim(at="2024-05-01T03:00Z").time_ns
    assert first_since(launches, before_ns=at_noon).value is None
    assert first_since(launches, before_ns=at_noon + 24 * 3600 * 10**9).value["days"] == 1


def test_a_table_counts_launches_and_what_is_known_of_missiles() -> None:
    launches = associate(
        [
            claim(at="2023-05-01T03:00Z", count=2),
            claim(at="2024-05-01T03:00Z", count=3, count_bound=CountBound.AT_LEAST),
            claim(at="2024-06-01T03:00Z", missile_class="ICBM"),
        ]
    )
    table = tally(launches, by=("year", "class"), what="launches")
    assert table.value == [
        {"year": "2023", "class": "SRBM", "launches": 1, "count_at_least": 2, "count_exact": True},
        {"year": "2024", "class": "ICBM", "launches": 1, "count_at_least": 1, "count_exact": True},
        {"year": "2024", "class": "SRBM", "launches": 1, "count_at_least": 3, "count_exact": False},
    ]
    lines = table.text.splitlines()
    assert lines[0] == "launches:"
    assert "2024 SRBM" in lines[3] and "at least 3 missiles" in lines[3]
    assert tally((), by=("year",), what="none").value == []


def test_a_list_and_its_rows() -> None:
    answer = listed([launch()], what="launches")
    assert answer.text == "launches: 1 launch.\n2024-05-01.1: 1 SRBM was launched"
    (row,) = answer.value
    assert row == summary(launch())
    assert row == {
        "launch_id": "2024-05-01.1",
        "local_date": "2024-05-01",
        "local_time": "12:00",
        "classes": ["SRBM"],
        "count": "1",
        "count_at_least": 1,
        "sources": ["ROK JCS"],
    }
    assert listed([], what="nothing").text == "nothing: 0 launches."
