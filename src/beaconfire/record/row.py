"""One row of a record file as one claim: every cell is checked, every fault is named."""

import math
import re
from collections.abc import Mapping as Table
from datetime import UTC, datetime, timedelta
from typing import get_args

from beaconfire.kernel import limits
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import parse_utc
from beaconfire.record import wording
from beaconfire.record.claims import (
    DATE_PRECISION_S,
    KOREA_OFFSET_MIN,
    MINUTE_PRECISION_S,
    STATED_CLASSES,
    Bound,
    Claim,
    Confidence,
    CountBound,
    SourceClass,
    clock_offset_min,
    local_midnight_ns,
    source_class_of,
)
from beaconfire.record.mapping import OWN_UNITS, UNITS, Mapping

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_STAMP = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
_FIGURE = re.compile(
    r"^(>|≥|<|≤|~|≈|over|under|about)?\s*(\d[\d,]*\.?\d*)(?:\s*(?:-|–|and|to)\s*(\d[\d,]*\.?\d*))?$", re.I
)
_MARKS = {">": Bound.OVER, "≥": Bound.OVER, "over": Bound.OVER, "<": Bound.UNDER, "≤": Bound.UNDER,
          "under": Bound.UNDER, "~": Bound.ABOUT, "≈": Bound.ABOUT, "about": Bound.ABOUT}  # fmt: skip
_ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "KST": 540, "JST": 540}
_EXPECTED_TIME = "UTC such as 2025-01-06T03:00Z, or a date; a mapping's zone or time_format for other forms"


class _Cells:
    """The cells of one row, read one by one; what is wrong is collected."""

    def __init__(self, row: Table[str, str], mapping: Mapping, where: str) -> None:
        self._row, self._mapping, self._where = {**row, **mapping.constants}, mapping, where
        self.faults: list[Fault] = []

    def fault(self, name: str, what: str, expected: str) -> None:
        self.faults.append(Fault(f"{self._where}: {name}", what, expected))

    def text(self, name: str) -> str:
        """The cell, its word translated, cut to what a remark may hold."""
        cell = self._row.get(name, "")
        cell = self._mapping.values.get(name, {}).get(cell, cell)
        if len(cell) > limits.MAX_TEXT_LENGTH or not cell.isprintable():
            self.fault(name, f"is {cell[:30]!r}", f"printable text of at most {limits.MAX_TEXT_LENGTH} signs")
            return ""
        return cell

    def choice(self, name: str, known: tuple[str, ...], default: str) -> str:
        cell = self.text(name) or default
        if cell not in known:
            self.fault(name, f"is {cell[:30]!r}", "one of " + ", ".join(word for word in known if word))
            return default
        return cell

    def number(self, name: str, low: float, high: float) -> float | None:
        cell = self.text(name)
        if not cell:
            return None
        try:
            value = float(cell.replace(",", ""))
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            self.fault(name, f"is {cell[:30]!r}", f"a number from {low:g} to {high:g}")
            return None
        return value

    def whole(self, name: str, low: int, high: int) -> int | None:
        value = self.number(name, low, high)
        if value is not None and value != int(value):
            self.fault(name, f"is {value:g}", "a whole number")
            return None
        return None if value is None else int(value)

    def figure(self, name: str, high: float) -> tuple[float | None, float | None, Bound | None]:
        """A figure in metres or seconds: the largest, the smallest if there are two, and a bound by its sign."""
        cell = self.text(name)
        if not cell:
            return None, None, None
        match = _FIGURE.fullmatch(cell)
        unit = UNITS[name][self._mapping.units.get(name, OWN_UNITS[name])]
        numbers = [float(text.replace(",", "")) * unit for text in match.groups()[1:] if text] if match else []
        if match is None or not all(0.0 < value <= high for value in numbers):
            self.fault(name, f"is {cell[:30]!r}", "a positive number, two such as 250 and 350, or one after > < ~")
            return None, None, None
        least = min(numbers) if len(numbers) > 1 else None
        return round(max(numbers), 3), None if least is None else round(least, 3), _MARKS.get((match[1] or "").lower())


def claim_of_row(row: Table[str, str], *, mapping: Mapping, where: str) -> Claim:
    """Return the claim of one row of cells by field; raises `InvalidInput` with a fault per bad cell."""
    cells = _Cells(row, mapping, where)
    source = cells.text("source")
    if not source:
        cells.fault("source", "is empty", "who says so")
    kind = SourceClass(cells.choice("source_class", tuple(SourceClass), source_class_of(source)))
    offset_min = _utc_offset(cells)
    reported, time_ns, precision_s = _time(cells, cells.text("reported_utc"), mapping, kind, offset_min)
    named = {name: cells.text(name) for name in ("designation", "remark")}
    words = f"{named['designation']}; {named['remark']}"
    range_m, range_least_m, range_mark = cells.figure("range_km", limits.MAX_RANGE_M)
    apogee_m, apogee_least_m, apogee_mark = cells.figure("apogee_km", limits.MAX_RANGE_M)
    flight_s, _, _ = cells.figure("flight_time_s", limits.MAX_FLIGHT_TIME_S)
    count, count_bound = _count(cells, named)
    clock = _clock(cells)
    claim = Claim(
        source=source,
        source_class=kind,
        reported=reported,
        time_ns=time_ns,
        precision_s=cells.number("precision_s", 0.001, DATE_PRECISION_S) or precision_s,
        until_ns=_until(cells, clock, named, time_ns),
        local_time=clock,
        utc_offset_min=clock_offset_min(kind, date=reported[:10]) if offset_min is None else offset_min,
        missile_class=_missile_class(cells),
        designation=named["designation"],
        count=count,
        count_bound=count_bound,
        site=cells.text("launch_site"),
        latitude_deg=cells.number("latitude_deg", -90.0, 90.0),
        longitude_deg=cells.number("longitude_deg", -180.0, 180.0),
        range_m=range_m,
        range_least_m=range_least_m,
        range_bound=_bound(cells, "range_bound", range_mark, words, range_m),
        apogee_m=apogee_m,
        apogee_least_m=apogee_least_m,
        apogee_bound=_bound(cells, "apogee_bound", apogee_mark, words, apogee_m),
        flight_time_s=flight_s,
        mach=cells.number("mach", 0.1, 50.0) or wording.mach_of(words),
        remark=named["remark"],
        via=cells.text("via"),
        confidence=cells.choice("confidence", get_args(Confidence), ""),  # type: ignore[arg-type]
        statement=cells.text("statement"),
        edition=cells.whole("edition", 1, limits.MAX_EDITION) or (0 if cells.text("statement") else 1),
        withdrawn=cells.choice("withdrawn", ("no", "yes", "false", "true", "0", "1"), "no") in ("yes", "true", "1"),
        realm=Realm(cells.choice("realm", tuple(Realm), Realm.LIVE)),
    )
    if cells.faults:
        raise InvalidInput(cells.faults)
    return claim


def _time(
    cells: _Cells, text: str, mapping: Mapping, kind: SourceClass, offset_min: int | None
) -> tuple[str, int, float]:
    """The announced time as text in our form, its first nanosecond, and how precise it is."""
    try:
        if day := _date_only(text, mapping):
            offset = clock_offset_min(kind, date=day) if offset_min is None else offset_min
            return day, local_midnight_ns(day, utc_offset_min=offset), DATE_PRECISION_S
        utc = _utc_text(text, mapping)
        if utc is not None:
            return utc, parse_utc(utc), 1.0 if utc.count(":") > 1 else MINUTE_PRECISION_S
    except (InvalidInput, ValueError, OverflowError):
        pass
    cells.fault("reported_utc", f"is {text[:40]!r}", _EXPECTED_TIME)
    return "1972-01-01", 0, DATE_PRECISION_S


def _date_only(text: str, mapping: Mapping) -> str | None:
    """The date of a time that is no more than one, None if there is a clock; raises `ValueError` for another form."""
    if _DATE.fullmatch(text):
        return text
    clocked = not mapping.time_format or any(sign in mapping.time_format for sign in ("%H", "%I", "%T", "%R", "%c"))
    return None if clocked else f"{datetime.strptime(text, mapping.time_format).replace(tzinfo=UTC):%Y-%m-%d}"


def _utc_text(text: str, mapping: Mapping) -> str | None:
    """A time in another form or zone as `YYYY-MM-DDThh:mm[:ss]Z`; raises `ValueError` for one that does not exist."""
    stamp = _STAMP.fullmatch(text)
    if mapping.time_format:
        moment = datetime.strptime(text, mapping.time_format).replace(tzinfo=UTC)
        seconds, zone = "%S" in mapping.time_format, mapping.zone
    elif stamp is not None and stamp[4] == "Z":
        return text.replace(" ", "T")  # as announced, with its fraction or leap second
    elif stamp is not None:
        moment = datetime.fromisoformat(f"{stamp[1]}T{stamp[2]}{stamp[3] or ''}").replace(tzinfo=UTC)
        seconds, zone = stamp[3] is not None, stamp[4] or mapping.zone
    else:
        return None
    shift = _ZONES.get(zone, offset_minutes(zone))
    if shift is None:
        return None
    return f"{moment - timedelta(minutes=shift):%Y-%m-%dT%H:%M}{f':{moment:%S}' if seconds else ''}Z"


def offset_minutes(zone: str) -> int | None:
    """Return the minutes of an offset such as `+09:00`, None for another text."""
    match = _OFFSET.fullmatch(zone)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return minutes if match[1] == "+" else -minutes


def _utc_offset(cells: _Cells) -> int | None:
    zone = cells.text("utc_offset")
    minutes = offset_minutes(zone) if zone else None
    if zone and (minutes is None or abs(minutes) > 14 * 60):
        cells.fault("utc_offset", f"is {zone[:10]!r}", "the local time's offset from UTC, such as +09:00")
        return KOREA_OFFSET_MIN
    return minutes


def _until(cells: _Cells, clock: str, named: Table[str, str], time_ns: int) -> int | None:
    text = cells.text("until_utc")
    if text:
        try:
            return parse_utc(text)
        except InvalidInput as error:
            cells.fault("until_utc", error.faults[0].what, error.faults[0].expected)
            return None
    local_s = _clock_s(clock)
    return None if local_s is None else wording.until_of(**named, time_ns=time_ns, local_s=local_s)


def _clock(cells: _Cells) -> str:
    clock = cells.text("local_time")
    if clock and not _CLOCK.fullmatch(clock):
        cells.fault("local_time", f"is {clock[:20]!r}", "a clock such as 12:00")
        return ""
    return clock


def _clock_s(clock: str) -> int | None:
    """Seconds of a day of a clock that is right, None for none."""
    match = _CLOCK.fullmatch(clock)
    return None if match is None else int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)


def _missile_class(cells: _Cells) -> str:
    stated = cells.text("missile_class") or "unknown"
    parts = stated.upper().replace("UNKNOWN", "unknown").split("/")
    if not set(parts) <= set(STATED_CLASSES):
        cells.fault("missile_class", f"is {stated[:30]!r}", "one or two (a/b) of " + ", ".join(STATED_CLASSES))
        return "unknown"
    return "/".join(parts)


def _count(cells: _Cells, named: Table[str, str]) -> tuple[int | None, CountBound]:
    count = cells.whole("count", 1, limits.MAX_COUNT)
    default = CountBound.UNKNOWN if count is None else CountBound.EXACT
    bound = CountBound(cells.choice("count_bound", tuple(CountBound), default))
    return wording.count_of_words(**named, count=count, bound=bound)


def _bound(cells: _Cells, name: str, mark: Bound | None, words: str, value_m: float | None) -> Bound:
    stated = cells.choice(name, ("", *Bound), "")
    if stated:
        return Bound(stated)
    return mark or wording.bound_of(words, value_km=None if value_m is None else value_m / 1e3)
