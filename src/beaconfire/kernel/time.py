"""Time: integer TAI nanoseconds inside, ISO 8601 UTC with `Z` at every edge.

`time_ns` counts nanoseconds of TAI since 1970-01-01T00:00:00 TAI. One millisecond is seven metres at 7 km/s,
and GPS–UTC mixed up is 126 km, so no other scale is kept anywhere. UTC before 1972 is refused: it had no
whole leap seconds. A leap second (`23:59:60Z`) is read and written where the IERS list has one.
"""

import re
from bisect import bisect_right
from datetime import date, timedelta
from functools import cache

from beaconfire.kernel.data import leap_seconds
from beaconfire.kernel.errors import InvalidInput

NS_PER_S = 1_000_000_000
DAY_S = 86_400
_MJD_UNIX = 40_587  # modified Julian date of 1970-01-01
_EPOCH = date(1970, 1, 1)
_UTC = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?Z")
_EXPECTED = "ISO 8601 UTC such as 2025-01-06T03:00:00.25Z"


def parse_utc(text: str, *, where: str = "time_utc") -> int:
    """Return TAI nanoseconds of an ISO 8601 UTC time with `Z`, to nine decimals.

    Raises `InvalidInput` at `where` for another form, a day that does not exist, or a leap second that was none.
    """
    match = _UTC.fullmatch(text)
    if match is None:
        raise InvalidInput.single(where, f"is {text[:40]!r}", _EXPECTED)
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    second = int(match.group(6) or 0)
    try:
        days = (date(year, month, day) - _EPOCH).days
    except ValueError as error:
        raise InvalidInput.single(where, f"is {text!r}: {error}", _EXPECTED) from None
    leap = second == 60 and (hour, minute) == (23, 59) and _ends_with_leap_second(days)
    if hour > 23 or minute > 59 or (second > 59 and not leap) or days * DAY_S < 730 * DAY_S:
        raise InvalidInput.single(where, f"is {text!r}, which is no UTC time since 1972", _EXPECTED)
    of_day_s = hour * 3600 + minute * 60 + second
    fraction_ns = int((match.group(7) or "").ljust(9, "0"))
    return (days * DAY_S + of_day_s + _offset_s(days)) * NS_PER_S + fraction_ns


def format_utc(time_ns: int, *, decimals: int = 3) -> str:
    """Return ISO 8601 UTC with `Z` of a TAI time, cut (not rounded) to `decimals` of a second (0 to 9)."""
    starts, days_of, offsets = _tai_table()
    row = bisect_right(starts, time_ns) - 1
    assert row >= 0, "times before 1972 are refused at the edge"
    days, of_day_ns = divmod(time_ns - offsets[row] * NS_PER_S, DAY_S * NS_PER_S)
    extra_s = 0
    if row + 1 < len(days_of) and days >= days_of[row + 1]:  # inside the leap second that ends this row
        days, of_day_ns, extra_s = days - 1, (DAY_S - 1) * NS_PER_S + of_day_ns, 1
    second_of_day, nanos = divmod(of_day_ns, NS_PER_S)
    hour, rest = divmod(second_of_day, 3600)
    minute, second = divmod(rest, 60)
    day = _EPOCH + timedelta(days=days)
    fraction = f".{nanos:09d}"[: decimals + 1] if decimals else ""
    return f"{day.isoformat()}T{hour:02d}:{minute:02d}:{second + extra_s:02d}{fraction}Z"


def seconds_between(later_ns: int, earlier_ns: int) -> float:
    """Return the difference in seconds as a float; exact to a nanosecond below 100 days."""
    return (later_ns - earlier_ns) / NS_PER_S


def from_seconds(seconds: float) -> int:
    """Return a duration in seconds as whole nanoseconds."""
    return round(seconds * NS_PER_S)


def unix_utc_to_tai_ns(unix_ns: int) -> int:
    """Return TAI nanoseconds of a Unix (POSIX, UTC without leap seconds) clock reading in nanoseconds."""
    return unix_ns + _offset_s(unix_ns // (DAY_S * NS_PER_S)) * NS_PER_S


def _offset_s(days: int) -> int:
    rows = leap_seconds()
    index = bisect_right([mjd for mjd, _ in rows], days + _MJD_UNIX) - 1
    return rows[max(index, 0)][1]


def _ends_with_leap_second(days: int) -> bool:
    return _offset_s(days + 1) == _offset_s(days) + 1


@cache
def _tai_table() -> tuple[list[int], list[int], list[int]]:
    """Rows of the leap second list by the TAI instant at which each offset starts."""
    days = [mjd - _MJD_UNIX for mjd, _ in leap_seconds()]
    offsets = [offset_s for _, offset_s in leap_seconds()]
    starts = [(day * DAY_S + offset_s) * NS_PER_S for day, offset_s in zip(days, offsets, strict=True)]
    return starts, days, offsets
