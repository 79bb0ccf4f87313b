"""Time against an independent oracle (pyerfa) and the IERS list's own corners."""

import erfa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.time import (
    NS_PER_S,
    format_utc,
    from_seconds,
    parse_utc,
    seconds_between,
    unix_utc_to_tai_ns,
)

# erfa keeps a two-part Julian date in doubles: near 1e-4 of a microsecond over a day.
ERFA_RESOLUTION_NS = 1_000


def tai_ns_by_erfa(year: int, month: int, day: int, hour: int, minute: int, second: float) -> int:
    """Second implementation: ERFA's calendar and its own leap second table."""
    utc1, utc2 = erfa.dtf2d(b"UTC", year, month, day, hour, minute, second)
    tai1, tai2 = erfa.utctai(utc1, utc2)
    days = (float(tai1) - 2_440_587.5) + float(tai2)
    whole = int(days)
    return whole * 86_400 * NS_PER_S + round((days - whole) * 86_400 * NS_PER_S)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1972-01-01T00:00:00Z", (1972, 1, 1, 0, 0, 0.0)),
        ("2016-12-31T23:59:59.5Z", (2016, 12, 31, 23, 59, 59.5)),
        ("2017-01-01T00:00:00Z", (2017, 1, 1, 0, 0, 0.0)),
        ("2025-01-06T03:00:00.25Z", (2025, 1, 6, 3, 0, 0.25)),
        ("2024-02-29T12:34:56Z", (2024, 2, 29, 12, 34, 56.0)),
    ],
)
def test_parse_agrees_with_erfa(text: str, parts: tuple[int, int, int, int, int, float]) -> None:
    assert abs(parse_utc(text) - tai_ns_by_erfa(*parts)) <= ERFA_RESOLUTION_NS


def test_leap_second_is_read_and_written() -> None:
    before = parse_utc("2016-12-31T23:59:59Z")
    leap = parse_utc("2016-12-31T23:59:60Z")
    after = parse_utc("2017-01-01T00:00:00Z")
    assert (leap - before, after - leap) == (NS_PER_S, NS_PER_S)
    assert format_utc(leap + 123_000_000) == "2016-12-31T23:59:60.123Z"


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-06T03:00:00",  # no Z
        "2025-01-06T03:00:00+09:00",
        "2025-01-06 03:00:00Z",
        "2025-02-30T00:00:00Z",
        "2025-01-06T24:00:00Z",
        "2025-01-06T23:59:60Z",  # no leap second that day
        "2025-01-06T03:00:60Z",
        "1971-12-31T00:00:00Z",
        "2025-01-06T03:00:00.1234567890Z",
        "٢٠٢٥-01-06T03:00:00Z".replace("٢٠٢٥", "x025"),
        "",
        "\x00",
    ],
)
def test_other_texts_are_refused_with_the_place(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_utc(text, where="f.csv:7: time_utc")
    assert caught.value.faults[0].where == "f.csv:7: time_utc"


@given(st.integers(parse_utc("1972-01-01T00:00:00Z"), parse_utc("2199-12-31T00:00:00Z")))
def test_format_and_parse_are_inverse_to_the_nanosecond(time_ns: int) -> None:
    assert parse_utc(format_utc(time_ns, decimals=9)) == time_ns


def test_minutes_are_enough_and_decimals_are_cut() -> None:
    time_ns = parse_utc("2025-01-06T03:00Z")
    assert format_utc(time_ns + 999_999_999, decimals=0) == "2025-01-06T03:00:00Z"
    assert format_utc(time_ns + 999_999_999) == "2025-01-06T03:00:00.999Z"


def test_unix_clock_readings_gain_the_offset_of_their_day() -> None:
    assert unix_utc_to_tai_ns(1_736_132_400 * NS_PER_S) == parse_utc("2025-01-06T03:00:00Z")


def test_durations() -> None:
    time_ns = parse_utc("2025-01-06T03:00Z")
    assert seconds_between(time_ns + 1_500_000_000, time_ns) == 1.5
    assert from_seconds(0.1) == 100_000_000
