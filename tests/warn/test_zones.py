"""Clocks of the areas, against the time zone data of the world."""

import datetime as dt
import zoneinfo

import pytest

from beaconfire.kernel.alerts import LANGUAGES
from beaconfire.kernel.time import NS_PER_S, parse_utc
from beaconfire.warn.areas import areas
from beaconfire.warn.zones import clock_text, local, zone_name, zone_of

CITIES = {
    "JP-02": "Asia/Tokyo", "KR-47": "Asia/Seoul", "KP-01": "Asia/Pyongyang", "US-GU": "Pacific/Guam",
    "US-MP": "Pacific/Saipan",
    "US-HI": "Pacific/Honolulu", "US-AK": "America/Anchorage", "US-CA": "America/Los_Angeles",
    "US-AZ": "America/Phoenix",
    "US-CO": "America/Denver", "US-IL": "America/Chicago", "US-NY": "America/New_York", "US-ID": "America/Boise",
}  # fmt: skip


@pytest.mark.parametrize(("area_id", "city"), CITIES.items())
@pytest.mark.parametrize("year", [2019, 2025, 2031])
def test_clocks_agree_with_the_worlds_time_zone_data(area_id: str, city: str, year: int) -> None:
    try:
        zone = zoneinfo.ZoneInfo(city)
    except zoneinfo.ZoneInfoNotFoundError:
        pytest.skip("no time zone data on this machine")
    start_ns = parse_utc(f"{year}-01-01T00:29:59Z")
    for hour in range(0, 366 * 24, 1):
        time_ns = start_ns + hour * 3600 * NS_PER_S
        ours = local(time_ns, area_id)
        if hour % 24 == 0 or ours.month in (3, 11):
            theirs = ours.astimezone(zone)
            assert (ours.utcoffset(), ours.hour) == (theirs.utcoffset(), theirs.hour), ours


def test_every_area_has_a_zone_with_names_in_every_language() -> None:
    for area_id in areas().all_ids:
        zone = zone_of(area_id)
        assert zone.areas, area_id
        assert set(zone.standard) == set(LANGUAGES)
        assert set(zone.daylight) == (set(LANGUAGES) if zone.dst else set())


def test_a_leap_second_reads_as_the_second_before() -> None:
    leap = local(parse_utc("2016-12-31T23:59:60Z"), "JP-02")
    assert leap.isoformat() == "2017-01-01T08:59:59+09:00"
    assert local(parse_utc("2017-01-01T00:00:00Z"), "JP-02").isoformat() == "2017-01-01T09:00:00+09:00"


def test_a_time_is_cut_to_the_second() -> None:
    assert local(parse_utc("2025-01-06T03:00:59.999999999Z"), "KR-11").isoformat() == "2025-01-06T12:00:59+09:00"


def test_midnight_and_noon_are_said_right() -> None:
    midnight, noon = parse_utc("2025-01-05T15:05:00Z"), parse_utc("2025-01-06T03:00:00Z")
    assert [clock_text(midnight, "JP-02", language) for language in LANGUAGES] == [
        "12:05 AM JST", "일본시간 0시 05분", "0時05分",
    ]  # fmt: skip
    assert [clock_text(noon, "KR-11", language) for language in LANGUAGES] == [
        "12:00 PM KST", "12시 00분", "韓国時間12時00分",
    ]  # fmt: skip
    assert clock_text(noon, "US-HI", "en", brief=True) == "5:00PM"
    assert clock_text(noon, "US-HI", "ja", brief=True) == "17時00分"


def test_summer_time_has_its_own_name() -> None:
    assert zone_name(parse_utc("2025-07-01T12:00:00Z"), "US-WA", "en") == "PDT"
    assert zone_name(parse_utc("2025-01-01T12:00:00Z"), "US-WA", "en") == "PST"
    assert zone_name(parse_utc("2025-07-01T12:00:00Z"), "US-AZ", "en") == "MST"


def test_an_area_of_nobody_we_know_has_utc() -> None:
    assert local(parse_utc("2025-01-06T03:00:00Z"), "FR-75").utcoffset() == dt.timedelta()
