"""The clocks on the walls of the areas we warn.

Small on purpose: the machine's own time zone data change under a running system, and the bytes of a message must not.
"""

import datetime as dt
from functools import cache

import msgspec

from beaconfire.kernel import data
from beaconfire.kernel.alerts import Language
from beaconfire.kernel.time import format_utc

_HOUR = dt.timedelta(hours=1)


class Zone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One zone: its offset from UTC, whether it keeps the summer time of the United States, and its names."""

    offset_min: int
    dst: bool
    home: Language  # the language in which it needs no name
    areas: tuple[str, ...]
    standard: dict[Language, str]
    daylight: dict[Language, str] = {}


def zone_of(area_id: str) -> Zone:
    """Return the zone of an area by its ISO 3166-2 code, or else of its country; UTC for one we do not know."""
    zones = _zones()
    return zones.get(area_id) or zones.get(area_id.partition("-")[0]) or _UTC


def local(time_ns: int, area_id: str) -> dt.datetime:
    """Return the local time of a TAI instant in an area, cut to the second; a leap second reads as the one before."""
    text = format_utc(time_ns, decimals=0).removesuffix("Z").replace(":60", ":59")
    utc = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    zone = zone_of(area_id)
    offset = dt.timedelta(minutes=zone.offset_min) + (_HOUR if _is_summer(utc, zone) else dt.timedelta())
    return utc.astimezone(dt.timezone(offset))


def zone_name(time_ns: int, area_id: str, language: Language) -> str:
    """Return what people call the zone of an area at that time."""
    zone = zone_of(area_id)
    summer = local(time_ns, area_id).utcoffset() != dt.timedelta(minutes=zone.offset_min)
    return (zone.daylight if summer else zone.standard)[language]


def clock_text(time_ns: int, area_id: str, language: Language, *, brief: bool = False) -> str:
    """Return hour and minute as said in a language, with the zone's name where people there might not expect it."""
    time = local(time_ns, area_id)
    if language == "en":
        hour, half = (time.hour + 11) % 12 + 1, "AM" if time.hour < 12 else "PM"
        plain = f"{hour}:{time.minute:02d}{'' if brief else ' '}{half}"
        return plain if brief else f"{plain} {zone_name(time_ns, area_id, language)}"
    plain = f"{time.hour}시 {time.minute:02d}분" if language == "ko" else f"{time.hour}時{time.minute:02d}分"
    if brief or zone_of(area_id).home == language:
        return plain
    return zone_name(time_ns, area_id, language) + (" " if language == "ko" else "") + plain


def _is_summer(utc: dt.datetime, zone: Zone) -> bool:
    """From 2 a.m. on the second Sunday of March to 2 a.m. summer time on the first of November (15 U.S.C. 260a)."""
    if not zone.dst:
        return False
    standard = utc.replace(tzinfo=None) + dt.timedelta(minutes=zone.offset_min)
    start = _sunday(standard.year, 3, 8) + 2 * _HOUR
    end = _sunday(standard.year, 11, 1) + _HOUR
    return start <= standard < end


def _sunday(year: int, month: int, day: int) -> dt.datetime:
    """Return the first Sunday from a day on."""
    first = dt.datetime(year, month, day)  # noqa: DTZ001 - the zone's own standard time
    return first + dt.timedelta(days=6 - first.weekday())


@cache
def _zones() -> dict[str, Zone]:
    document = msgspec.toml.decode(
        data.read_bytes("beaconfire", "data", "texts", "zones.toml"), type=dict[str, list[Zone]]
    )
    return {area: zone for zone in document["zone"] for area in zone.areas}


_UTC = Zone(
    offset_min=0, dst=False, home="en", areas=(), standard={"en": "UTC", "ko": "협정 세계시", "ja": "協定世界時"}
)
