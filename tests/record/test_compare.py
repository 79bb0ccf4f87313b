"""Differences between sources: of whom, in what, and whether the wording allows both."""

import pytest

from beaconfire.record import Bound, CountBound, associate
from beaconfire.record.compare import differences, first_over, most, records_of, source_pairs
from tests.record.made import claim


def test_a_difference_is_a_share_of_the_larger_and_names_both_sides() -> None:
    (launch,) = associate([claim(range_m=300e3), claim(source="Japan", range_m=400e3)])
    answer = differences([launch], percent=20.0)
    (row,) = answer.value
    assert (row["quantity"], row["percent"], row["allowed"]) == ("range", 25.0, False)
    assert (row["low"]["source"], row["high"]["source"]) == ("ROK JCS", "Japan")
    assert (row["low"]["figure"], row["high"]["figure"]) == ("300 km", "400 km")
    assert [each.range_m for each in answer.claims] == [300e3, 400e3]
    assert differences([launch], percent=25.0).value == []


def test_one_source_that_differs_with_itself_is_a_salvo_not_a_difference() -> None:
    launches = associate([claim(range_m=300e3), claim(at="2024-05-01T03:01Z", range_m=800e3)])
    assert differences(launches, percent=1.0).value == []
    mixed = associate(
        [claim(range_m=300e3), claim(at="2024-05-01T03:01Z", range_m=800e3), claim(source="J", range_m=310e3)]
    )
    (row,) = differences(mixed, percent=1.0).value
    assert (row["low"]["source"], row["high"]["source"]) == ("J", "ROK JCS")


@pytest.mark.parametrize(
    ("low", "high", "allowed"),
    [
        (Bound.OVER, Bound.EXACT, True),
        (Bound.EXACT, Bound.UNDER, True),
        (Bound.EXACT, Bound.OVER, False),
        (Bound.ABOUT, Bound.ABOUT, False),
    ],
)
def test_bounds_may_allow_both(low: Bound, high: Bound, allowed: bool) -> None:
    launches = associate([claim(apogee_m=50e3, apogee_bound=low), claim(source="J", apogee_m=100e3, apogee_bound=high)])
    (row,) = differences(launches, percent=20.0).value
    assert row["allowed"] is allowed


def test_counts_and_times_differ_too() -> None:
    launches = associate(
        [
            claim(count=2, count_bound=CountBound.AT_LEAST, flight_time_s=600.0),
            claim(source="Japan", count=7, flight_time_s=900.0),
        ]
    )
    rows = {row["quantity"]: row for row in differences(launches, percent=20.0).value}
    assert rows["count"]["allowed"]
    assert rows["count"]["low"]["figure"] == "at least 2"
    assert rows["flight time"]["percent"] == 33.3
    assert not rows["flight time"]["allowed"]


def test_the_first_over_a_value_takes_any_sources_word_and_says_whose() -> None:
    launches = associate(
        [
            claim(at="2024-04-01T03:00Z", range_m=900e3),
            claim(range_m=950e3),
            claim(source="DPRK KCNA", range_m=1500e3),
            claim(at="2024-06-01T03:00Z", range_m=2000e3),
        ]
    )
    answer = first_over(launches, quantity="range", over=1000e3)
    assert answer.launches == ("2024-05-01.1",)
    assert [each.source for each in answer.claims] == ["DPRK KCNA"]


def test_a_figure_exactly_at_the_value_is_not_over_it() -> None:
    assert first_over(associate([claim(range_m=1000e3)]), quantity="range", over=1000e3).value is None


def test_records_and_the_most_of_launches_that_state_nothing() -> None:
    silent = associate([claim()])
    assert records_of(silent, quantity="apogee").value == []
    assert most(silent, quantity="apogee").value is None
    assert most([], quantity="range").value is None


def test_pairs_of_sources_are_yielded_with_their_launch() -> None:
    launches = associate([claim(range_m=300e3), claim(source="Japan", range_m=400e3), claim(at="2024-07-01T03:00Z")])
    ((launch, low, high, share),) = source_pairs(launches, quantity="range")
    assert (launch.id, low.range_m, high.range_m, share) == ("2024-05-01.1", 300e3, 400e3, 0.25)
