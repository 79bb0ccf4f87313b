"""Slips of the pen: the clock's dial, neighbours half a day and a day away, dates of publication, mirrored figures."""

from typing import Any

import pytest

from beaconfire.kernel.time import parse_utc
from beaconfire.record import Bound, Claim, SourceClass, associate
from beaconfire.record.claims import DATE_PRECISION_S, local_midnight_ns
from beaconfire.record.slips import Surroundings, clock_slip, other_day_slip, published_before, swapped_with
from tests.record.made import claim


@pytest.mark.parametrize(
    ("utc", "local", "reason"),
    [
        ("2024-05-01T03:00Z", "12:00", ""),
        ("2024-05-01T03:00:28Z", "12:00", ""),
        ("2024-05-01T22:59Z", "07:59", ""),
        ("2024-05-01T15:00Z", "00:00", ""),
        ("2024-05-01T15:00Z", "12:00", "AM/PM"),
        ("2024-05-01T03:00Z", "00:00", "AM/PM"),
        ("2024-05-01T03:00Z", "03:00", "entered as UTC"),
        ("2024-05-01T03:00Z", "11:30", "30 minutes off"),
        ("2024-05-01T03:00Z", "13:00", "60 minutes off"),
    ],
)
def test_local_time_and_utc_on_a_dial(utc: str, local: str, reason: str) -> None:
    slip = clock_slip(claim(at=utc, local_time=local))
    assert slip is not None
    assert (reason in slip.reason) if reason else (slip.reason == "")
    assert slip.numbers["expected_min"] == 540.0


def test_state_media_had_a_clock_of_their_own() -> None:
    stated: dict[str, Any] = {"source": "DPRK KCNA", "at": "2017-05-13T20:28Z", "utc_offset_min": 510}
    for local in ("04:58", "05:28"):  # theirs, and Seoul's, in which others quote them
        slip = clock_slip(claim(**stated, local_time=local))
        assert slip is not None and slip.reason == ""
    abroad = clock_slip(claim(at="2017-05-13T20:28Z", local_time="04:58"))
    assert abroad is not None and "30 minutes off" in abroad.reason


def test_a_claim_without_both_clocks_is_not_judged() -> None:
    assert clock_slip(claim()) is None
    assert clock_slip(claim(local_time="12:00", precision_s=DATE_PRECISION_S)) is None


def beside(suspect: Claim, *others: Claim) -> str:
    """The reason found for a claim among others, or nothing."""
    launches = associate([suspect, *others])
    (mine,) = [launch for launch in launches if suspect in launch.claims]
    slip = other_day_slip(suspect, mine, Surroundings(launches))
    return "" if slip is None else slip.reason


NOON_ELSEWHERE = {"source": "Japan", "range_m": 410e3, "at": "2024-05-01T03:01Z"}
THIRD = {"source": "Yonhap", "range_m": 400e3, "at": "2024-05-01T03:02Z"}


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("2024-04-30T15:00Z", "AM/PM"),
        ("2024-05-01T15:00Z", "AM/PM"),
        ("2024-05-02T03:00Z", "wrong UTC date"),
        ("2024-04-30T03:04Z", "wrong UTC date"),
        ("2024-05-01T12:00Z", "entered as UTC"),
        ("2024-05-01T08:00Z", ""),
        ("2024-05-03T03:00Z", ""),
    ],
)
def test_a_claim_that_would_join_others_some_hours_away(at: str, reason: str) -> None:
    found = beside(claim(at=at, range_m=400e3), claim(**NOON_ELSEWHERE), claim(**THIRD))
    assert (reason in found) if reason else (found == "")


def test_what_has_another_source_or_another_flight_is_no_slip() -> None:
    late = claim(at="2024-05-02T03:00Z", range_m=400e3)
    there = claim(**NOON_ELSEWHERE)
    assert beside(late, there)
    assert beside(late, there, claim(source="Yonhap", at="2024-05-02T03:01Z")) == ""  # two launches, then
    assert beside(late, there, claim(at="2024-05-01T03:00Z", range_m=400e3)) == ""  # it reported both days
    assert beside(claim(at="2024-05-02T03:00Z", range_m=200e3), there) == ""
    assert beside(claim(at="2024-05-02T03:00Z", range_m=400e3, missile_class="ICBM"), there) == ""
    assert beside(claim(at="2024-05-02T03:00Z"), there) == ""  # nothing says that it is the same flight
    assert beside(claim(at="2024-05-02T03:00Z", designation="KN-23"), claim(**NOON_ELSEWHERE, designation="KN-23"))


def test_a_rare_class_at_one_clock_on_two_days_is_enough() -> None:
    stated = {"missile_class": "SLV", "confidence": "A"}
    there = claim(source="Japan", **stated)
    assert beside(claim(at="2024-05-02T03:00Z", **stated), there)
    assert beside(claim(at="2024-05-02T03:00Z"), claim(source="Japan")) == ""  # short-range missiles are common


def test_a_bound_contradicts_nothing_beyond_it() -> None:
    there = claim(source="Japan", range_m=1000e3)
    assert beside(claim(at="2024-05-02T03:00Z", range_m=500e3, range_bound=Bound.OVER, apogee_m=50e3), there) == ""
    named = {"designation": "KN-23"}
    bounded = claim(at="2024-05-02T03:00Z", range_m=400e3, range_bound=Bound.OVER, **named)
    assert beside(bounded, claim(source="Japan", range_m=1000e3, **named))
    exact = claim(at="2024-05-02T03:00Z", range_m=400e3, **named)
    assert beside(exact, claim(source="Japan", range_m=1000e3, **named)) == ""


def test_of_two_the_one_with_less_support_is_named() -> None:
    good = claim(**NOON_ELSEWHERE)
    bad = claim(at="2024-05-02T03:00Z", range_m=400e3, confidence="C", source="CNS")
    assert beside(bad, good)
    assert beside(good, bad) == ""
    equal = claim(at="2024-05-02T03:00Z", range_m=400e3)
    assert beside(equal, good)
    assert beside(good, equal)  # nobody can tell which


def test_a_claim_that_has_only_a_date_is_no_witness_of_the_clock() -> None:
    day = local_midnight_ns("2024-05-01")
    dated = claim(source="DPRK KCNA", reported="2024-05-01", time_ns=day, precision_s=DATE_PRECISION_S, range_m=400e3)
    morning = claim(at="2024-04-30T15:01Z", range_m=400e3)  # 00:01, for one minute past noon
    assert len(associate([morning, dated])[0].claims) == 2
    assert "AM/PM" in beside(morning, claim(**NOON_ELSEWHERE), dated)


def test_a_clock_beside_a_date_alone() -> None:
    day = local_midnight_ns("2024-05-01")
    dated = claim(source="DPRK KCNA", reported="2024-05-01", time_ns=day, precision_s=DATE_PRECISION_S, range_m=400e3)
    assert "wrong UTC date" in beside(claim(at="2024-05-02T03:00Z", range_m=400e3), dated)


def test_a_date_alone_beside_the_day_before() -> None:
    day = "2024-05-02"
    alone = claim(
        source="DPRK KCNA", reported=day, time_ns=local_midnight_ns(day), precision_s=DATE_PRECISION_S, range_m=400e3
    )
    assert "wrong UTC date" in beside(alone, claim(**NOON_ELSEWHERE), claim(**THIRD))


@pytest.mark.parametrize(
    ("at", "via", "found"),
    [
        ("2017-08-28T20:58Z", "Jiji 2017-08-29", False),
        ("2017-08-28T20:58Z", "Storyful 2017-08-28", False),  # of a country where it was still the 28th
        ("2017-08-29T20:58Z", "Storyful 2017-08-28", True),
        ("2017-08-28T20:58Z", "Jiji 2017-08-25; Kyodo 2017-08-29", False),
        ("2017-08-28T20:58Z", "press release 2017/08/27b", True),
        ("2017-08-28T20:58Z", "nordot 20170101", False),
        ("2017-08-28T20:58Z", "", False),
    ],
)
def test_what_was_published_before_it_happened_has_a_wrong_date(at: str, via: str, found: bool) -> None:
    assert (published_before(claim(at=at, via=via)) is not None) is found


def swapped(suspect: Claim, *others: Claim) -> str:
    launches = associate([suspect, *others])
    (mine,) = [launch for launch in launches if suspect in launch.claims]
    return swapped_with(suspect, mine, Surroundings(launches))


def test_mirrored_figures_beside_other_claims() -> None:
    mirrored = claim(source="CNS", confidence="C", range_m=60e3, apogee_m=610e3)
    right = claim(source="Japan", at="2024-05-01T03:01Z", range_m=600e3, apogee_m=60e3)
    assert "Japan" in swapped(mirrored, right)
    assert swapped(right, mirrored) == ""  # of better standing
    assert swapped(claim(range_m=590e3, apogee_m=55e3), right) == ""
    assert swapped(claim(range_m=600e3), right) == ""
    assert swapped(claim(range_m=100e3, apogee_m=105e3), claim(source="Japan", range_m=104e3, apogee_m=100e3)) == ""


def test_mirrored_figures_beside_other_flights_of_the_type() -> None:
    peers = [
        claim(at=f"2024-0{month}-01T03:00Z", designation="KN-99", range_m=1000e3, apogee_m=6000e3, missile_class="ICBM")
        for month in (1, 2, 3)
    ]
    mirrored = claim(designation="KN-99", range_m=6000e3, apogee_m=1000e3, missile_class="ICBM")
    assert "type" in swapped(mirrored, *peers)
    assert swapped(claim(designation="other", range_m=6000e3, apogee_m=1000e3), *peers) == ""
    assert swapped(peers[0], *peers[1:], mirrored) == ""


def test_the_source_class_decides_whose_clock_it_is() -> None:
    assert claim(source="DPRK KCNA").source_class is SourceClass.STATE_MEDIA
    assert parse_utc("2017-05-13T20:28Z") == claim(at="2017-05-13T20:28Z").time_ns
