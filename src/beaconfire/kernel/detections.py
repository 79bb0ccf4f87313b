"""Detection rows: CSV and JSON Lines to `Detection` and back (INTERFACES part 3).

One reader for both forms; every row becomes a detection or a fault that names file, line, field, what is wrong
and what would be right. `object_id` is a truth label of simulated files: it is checked and dropped here, so no
room behind the door can see it.
"""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from beaconfire.kernel import limits
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.records import Detection, Scan
from beaconfire.kernel.time import format_utc, parse_utc

FIELDS = (
    "time_utc", "sensor_id", "range_m", "azimuth_deg", "elevation_deg", "range_rate_m_s", "los_x", "los_y", "los_z",
    "sensor_x_m", "sensor_y_m", "sensor_z_m", "range_sigma_m", "azimuth_sigma_deg", "elevation_sigma_deg",
    "range_rate_sigma_m_s", "los_sigma_rad", "object_id",
)  # fmt: skip
_LOS = ("los_x", "los_y", "los_z")
_PLACE = ("sensor_x_m", "sensor_y_m", "sensor_z_m")
_MEASURED = ("range_m", "azimuth_deg", "elevation_deg", "range_rate_m_s", "los_x")
UNIT_TOLERANCE = 1e-3  # a rounded unit vector; further off it is another quantity
BOUNDS = {
    "range_m": (0.0, limits.MAX_RANGE_M),
    "azimuth_deg": (-360.0, 360.0),
    "elevation_deg": (-90.0, 90.0),
    "range_rate_m_s": (-limits.MAX_RANGE_RATE_M_S, limits.MAX_RANGE_RATE_M_S),
    **dict.fromkeys(_LOS, (-1.001, 1.001)),
    **dict.fromkeys(_PLACE, (-limits.MAX_POSITION_M, limits.MAX_POSITION_M)),
    "range_sigma_m": (limits.MIN_SIGMA_M, limits.MAX_SIGMA_M),
    "azimuth_sigma_deg": (math.degrees(limits.MIN_ANGLE_SIGMA_RAD), math.degrees(limits.MAX_ANGLE_SIGMA_RAD)),
    "elevation_sigma_deg": (math.degrees(limits.MIN_ANGLE_SIGMA_RAD), math.degrees(limits.MAX_ANGLE_SIGMA_RAD)),
    "range_rate_sigma_m_s": (1e-4, 1e4),
    "los_sigma_rad": (limits.MIN_ANGLE_SIGMA_RAD, limits.MAX_ANGLE_SIGMA_RAD),
}


def read_csv(
    lines: Iterable[str], *, where: str, header: Sequence[str] | None = None, before: int = 0
) -> Iterator[Detection]:
    """Yield the detections of CSV text lines; raises `InvalidInput` at the first bad row or header.

    The first line is the header unless one is given; `before` lines of the file came before the first.
    """
    reader = csv.reader(lines, strict=True)
    try:
        names = read_header(next(reader, None), where=where) if header is None else header
        for row in reader:
            place = f"{where}:{before + reader.line_num}"
            if not row:
                continue
            if len(row) != len(names):
                raise InvalidInput.single(place, f"has {len(row)} cells", f"{len(names)} as in the header")
            yield parse_row(dict(zip(names, row, strict=True)), where=place)
    except csv.Error as error:
        raise InvalidInput.single(f"{where}:{before + reader.line_num}", str(error), "RFC 4180 CSV") from None


def read_header(cells: Sequence[str] | None, *, where: str) -> tuple[str, ...]:
    """Return the columns that a header names; raises `InvalidInput` for none, an unknown, a double or a missing one."""
    if not cells:
        raise InvalidInput.single(where, "is empty", "a header line and one row per detection")
    names = (cells[0].removeprefix("\ufeff"), *cells[1:])
    _check_columns(names, f"{where}:1")
    return names


def read_jsonl(lines: Iterable[str | bytes], *, where: str) -> Iterator[Detection]:
    """Yield the detections of JSON Lines; raises `InvalidInput` at the first bad line."""
    decoder = msgspec.json.Decoder(dict[str, str | float | None])
    for number, line in enumerate(lines, start=1):
        place = f"{where}:{number}"
        if len(line) > limits.MAX_LINE_BYTES:
            raise InvalidInput.single(place, f"is {len(line)} bytes long", f"at most {limits.MAX_LINE_BYTES}")
        if not line.strip():
            continue
        try:
            row = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidInput.single(place, str(error), "one JSON object of numbers and texts") from None
        _check_columns(row, place)
        yield parse_row(row, where=place)


def parse_row(row: Mapping[str, str | float | None], *, where: str) -> Detection:
    """Return the detection of one row of known columns; empty and None mean not measured."""
    faults: list[Fault] = []
    values = {name: _number(name, row.get(name), where, faults) for name in BOUNDS}
    time_ns, sensor_id = _identity(row, where, faults)
    los = _triple(values, _LOS, where, faults)
    place = _triple(values, _PLACE, where, faults)
    if los is not None and abs(math.hypot(*los) - 1.0) > UNIT_TOLERANCE:
        faults.append(Fault(f"{where}: los_x", f"vector has length {math.hypot(*los):.4f}", "a unit vector"))
    if values["range_m"] == 0.0:
        faults.append(Fault(f"{where}: range_m", "is 0", "a positive slant range in metres"))
    if all(values[name] is None for name in _MEASURED) and not faults:
        faults.append(Fault(where, "measures nothing", "at least one of " + ", ".join(_MEASURED)))
    if faults:
        raise InvalidInput(faults)
    norm = math.hypot(*los) if los is not None else 1.0
    return Detection(
        time_ns=time_ns,
        sensor_id=sensor_id,
        range_m=values["range_m"],
        azimuth_rad=_radians(values["azimuth_deg"]),
        elevation_rad=_radians(values["elevation_deg"]),
        range_rate_m_s=values["range_rate_m_s"],
        los_ecef=None if los is None else (los[0] / norm, los[1] / norm, los[2] / norm),
        sensor_ecef_m=place,
        range_sigma_m=values["range_sigma_m"],
        azimuth_sigma_rad=_radians(values["azimuth_sigma_deg"]),
        elevation_sigma_rad=_radians(values["elevation_sigma_deg"]),
        range_rate_sigma_m_s=values["range_rate_sigma_m_s"],
        los_sigma_rad=values["los_sigma_rad"],
    )


def to_row(detection: Detection, object_id: str = "") -> dict[str, str | float | None]:
    """Return the file row of a detection, in the order of `FIELDS`; angles and lines of sight to full precision."""
    los = detection.los_ecef or (None, None, None)
    place = detection.sensor_ecef_m or (None, None, None)
    cells: tuple[str | float | None, ...] = (
        format_utc(detection.time_ns, decimals=9), detection.sensor_id, detection.range_m,
        _degrees(detection.azimuth_rad), _degrees(detection.elevation_rad), detection.range_rate_m_s, *los, *place,
        detection.range_sigma_m, _degrees(detection.azimuth_sigma_rad), _degrees(detection.elevation_sigma_rad),
        detection.range_rate_sigma_m_s, detection.los_sigma_rad, object_id,
    )  # fmt: skip
    return dict(zip(FIELDS, cells, strict=True))


def group_scans(detections: Iterable[Detection]) -> Iterator[Scan]:
    """Group time-ordered detections into scans: consecutive rows of one sensor at one time.

    Rows of several sensors at one time come out in the order in which each sensor first appears.
    """
    pending: dict[str, list[Detection]] = {}
    now_ns: int | None = None
    for detection in detections:
        if detection.time_ns != now_ns:
            yield from _flush(now_ns, pending)
            pending, now_ns = {}, detection.time_ns
        pending.setdefault(detection.sensor_id, []).append(detection)
    yield from _flush(now_ns, pending)


def _flush(time_ns: int | None, pending: Mapping[str, list[Detection]]) -> Iterator[Scan]:
    for sensor_id, rows in pending.items():
        assert time_ns is not None, "rows are pending only at a time"
        yield Scan(time_ns, sensor_id, tuple(rows))


def _check_columns(columns: Iterable[str], where: str) -> None:
    names = list(columns)
    faults = [
        Fault(where, f"unknown column {name!r}", "one of " + ", ".join(FIELDS)) for name in names if name not in FIELDS
    ]
    faults += [Fault(where, f"no column {name!r}", "it is required") for name in FIELDS[:2] if name not in names]
    if len(set(names)) != len(names):
        faults.append(Fault(where, "names a column twice", "each column once"))
    if faults:
        raise InvalidInput(faults)


def _identity(row: Mapping[str, str | float | None], where: str, faults: list[Fault]) -> tuple[int, str]:
    time_text, sensor_id = row.get("time_utc"), row.get("sensor_id")
    time_ns = 0
    try:
        time_ns = parse_utc(str(time_text or ""), where=f"{where}: time_utc")
    except InvalidInput as error:
        faults.extend(error.faults)
    if not isinstance(sensor_id, str) or not 0 < len(sensor_id) <= limits.MAX_ID_LENGTH:
        faults.append(Fault(f"{where}: sensor_id", f"is {str(sensor_id)[:20]!r}", "an id of the sensors file"))
    return time_ns, str(sensor_id)


def _number(name: str, cell: str | float | None, where: str, faults: list[Fault]) -> float | None:
    if cell is None or cell == "":
        return None
    low, high = BOUNDS[name]
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        faults.append(Fault(f"{where}: {name}", f"is {str(cell)[:30]!r}", f"a number from {low:g} to {high:g}"))
    return value


def _triple(
    values: Mapping[str, float | None], names: tuple[str, str, str], where: str, faults: list[Fault]
) -> tuple[float, float, float] | None:
    x, y, z = (values[name] for name in names)
    if x is None and y is None and z is None:
        return None
    if x is None or y is None or z is None:
        faults.append(Fault(f"{where}: {names[0]}", "vector is incomplete", "all of " + ", ".join(names)))
        return None
    return x, y, z


def _radians(value_deg: float | None) -> float | None:
    return None if value_deg is None else math.radians(value_deg)


def _degrees(value_rad: float | None) -> float | None:
    return None if value_rad is None else math.degrees(value_rad)
