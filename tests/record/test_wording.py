"""The words beside the numbers: every phrase is one that the shipped record has, or a neighbour of it."""

import pytest

from beaconfire.kernel.time import parse_utc
from beaconfire.record import Bound, CountBound, local_clock
from beaconfire.record.wording import bound_of, count_of_words, mach_of, until_of


@pytest.mark.parametrize(
    ("words", "value_km", "bound"),
    [
        ('range "more than 700 km"', 700.0, Bound.OVER),
        ('apogee "over 2,000 km"; flight "30 minutes"', 2000.0, Bound.OVER),
        ('apogee "greatly exceeds 2,500 km"; "about 40 minutes"', 2500.0, Bound.OVER),
        ('apogee "far above 4,000 km"; "53 minutes"', 4000.0, Bound.OVER),
        ('"350 km or more"', 350.0, Bound.OVER),
        ('"at least 500 km", "50 km or more"', 500.0, Bound.OVER),
        ('"at least 500 km", "50 km or more"', 50.0, Bound.OVER),
        ('"1,100-odd km"; KCNA claim of 1,500 km', 1100.0, Bound.OVER),
        ('"1,100-odd km"; KCNA claim of 1,500 km', 1500.0, Bound.EXACT),
        ('"about 600 km"', 600.0, Bound.ABOUT),
        ("flew ~930 km", 930.0, Bound.ABOUT),
        ("less than 50 km", 50.0, Bound.UNDER),
        ('first "<700 km if on a normal trajectory", next day "over 700 km"', 700.0, Bound.OVER),
        ("flight over 700 km", 800.0, Bound.EXACT),
        ("claimed 700 km", 700.0, Bound.EXACT),
        ("over Okinawa ~04:00", 4.0, Bound.EXACT),
        ("up to Mach 10", 10.0, Bound.EXACT),
        ("", 100.0, Bound.EXACT),
    ],
)
def test_a_bound_is_read_from_the_words_round_its_number(words: str, value_km: float, bound: Bound) -> None:
    assert bound_of(words, value_km=value_km) is bound


def test_without_a_figure_there_is_no_bound() -> None:
    assert bound_of("over 700 km", value_km=None) is Bound.EXACT


@pytest.mark.parametrize(
    ("words", "mach"),
    [
        ("Mach 6; minute from memory", 6.0),
        ("Mach 6.1+; 2nd at 05:50", 6.1),
        ("Mach 3-6", 6.0),
        ("up to Mach 10", 10.0),
        ("machine 5", None),
        ("", None),
    ],
)
def test_the_mach_number_is_read(words: str, mach: float | None) -> None:
    assert mach_of(words) == mach


@pytest.mark.parametrize(
    ("designation", "remark", "clock"),
    [
        ("KN-23", "2nd 07:51", "07:51"),
        ("KN-23", "2nd at 07:51; Mach 6", "07:51"),
        ('"at least seven", 07:41-07:50', "", "07:50"),
        ("3 counted (07:41,07:43,07:45)", "", "07:45"),
        ("KN-23", "2nd 12:05 (CNS 11:52)", None),  # 4.5 hours later is not the same salvo
        ("Hwasong-12", "overflew Hokkaido 07:48-07:50; fell 07:55", None),
        ("KN-23", "2nd 07:41", None),
        ("KN-23", "", None),
    ],
)
def test_the_last_missile_of_a_salvo_has_a_time(designation: str, remark: str, clock: str | None) -> None:
    first_ns = parse_utc("2023-03-13T22:41Z")
    until_ns = until_of(designation=designation, remark=remark, time_ns=first_ns, local_s=7 * 3600 + 41 * 60)
    assert (None if until_ns is None else local_clock(until_ns)) == clock


def test_a_salvo_may_cross_midnight() -> None:
    first_ns = parse_utc("2023-08-30T14:55Z")
    until_ns = until_of(designation="", remark="2nd 00:05", time_ns=first_ns, local_s=23 * 3600 + 55 * 60)
    assert until_ns == parse_utc("2023-08-30T15:05Z")


@pytest.mark.parametrize(
    ("designation", "remark", "count", "bound"),
    [
        ("KN-25 salvo", "", 2, CountBound.AT_LEAST),
        ('"more than ten" SRBM', "", 10, CountBound.AT_LEAST),
        ("KN-25 x ~10", "", 2, CountBound.AT_LEAST),
        ("8 SRBM, four sites, 35 min", "", 8, CountBound.EXACT),
        ("3 counted (07:10,07:12,07:14)", "", 3, CountBound.EXACT),
        ("KN-25 + KN-23, 08:10-09:20", "", 2, CountBound.AT_LEAST),
        ("KN-24", "Mach 6.1; 2nd at 08:16", 2, CountBound.EXACT),
        ("Hwasong-12", "first thought to have broken into 3", 1, CountBound.EXACT),
        ("ICBM-class (1 of 3)", "", 1, CountBound.EXACT),
    ],
)
def test_a_row_of_one_that_speaks_of_more_is_more(designation: str, remark: str, count: int, bound: CountBound) -> None:
    read = count_of_words(designation=designation, remark=remark, count=1, bound=CountBound.EXACT)
    assert read == (count, bound)


def test_a_stated_number_over_one_stays() -> None:
    read = count_of_words(designation='"several" SRBM salvo', remark="", count=7, bound=CountBound.AT_LEAST)
    assert read == (7, CountBound.AT_LEAST)
