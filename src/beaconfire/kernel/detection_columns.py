"""Detections as columns: many CSV rows parsed at once, kept as numbers of fixed size, and turned back into records.

`parse_block` takes the plain case, which is nearly every row of every file: no quotes, no blank lines, every cell
right. What is not plain it hands back (None) for `kernel.detections` to read row by row, so that there is one judge of
what is wrong and one wording of it. Both give the same detections to the last bit.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.detections import BOUNDS, UNIT_TOLERANCE
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.limits import MAX_LINE_BYTES
from beaconfire.kernel.records import Detection
from beaconfire.kernel.time import parse_utc

Table = NDArray[np.void]

_NUMBERS = tuple(BOUNDS)
_ANGLES = tuple(name for name in _NUMBERS if name.endswith("_deg"))
_MEASURED = ("range_m", "azimuth_deg", "elevation_deg", "range_rate_m_s", "los_x")
_TRIPLES = (("los_x", "los_y", "los_z"), ("sensor_x_m", "sensor_y_m", "sensor_z_m"))
_SCALARS = {  # of a record, by the column that it comes from
    "range_m": "range_m",
    "azimuth_deg": "azimuth_rad",
    "elevation_deg": "elevation_rad",
    "range_rate_m_s": "range_rate_m_s",
    "range_sigma_m": "range_sigma_m",
    "azimuth_sigma_deg": "azimuth_sigma_rad",
    "elevation_sigma_deg": "elevation_sigma_rad",
    "range_rate_sigma_m_s": "range_rate_sigma_m_s",
    "los_sigma_rad": "los_sigma_rad",
}
# One row: time, the sensor's place in the list of sensors, and a number per column in radians; NaN is not measured.
ROW = np.dtype([("time_ns", np.int64), ("sensor", np.int64), *((name, np.float64) for name in _NUMBERS)])
_MOST_TIMES = 100_000  # texts of times remembered: rows of one scan share theirs


class Times:
    """Times by their text, as far as they were right; a scan's rows share one."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def read(self, texts: Sequence[str]) -> list[int] | None:
        """Return TAI nanoseconds of each; None if one is no time."""
        known = self._known
        try:
            for text in set(texts).difference(known):
                known[text] = parse_utc(text)
        except InvalidInput:
            return None
        found = [known[text] for text in texts]
        if len(known) > _MOST_TIMES:
            known.clear()
        return found


def parse_block(text: str, header: Sequence[str], *, sensors: Mapping[str, int], times: Times) -> Table | None:
    """Return whole lines of CSV text below a checked header as rows of `ROW`; None if they are not all plain and right.

    `sensors` gives each known id its place in the list of sensors.
    """
    lines = text.replace("\r\n", "\n").removesuffix("\n")
    width = len(header) - 1
    rows = lines.count("\n") + 1
    if any(sign in lines for sign in ('"', "\r", "\0")) or any(
        line.count(",") != width or len(line) > MAX_LINE_BYTES // 4 for line in lines.split("\n")
    ):
        return None
    cells = lines.replace("\n", ",").split(",")
    columns = {name: cells[place :: len(header)] for place, name in enumerate(header)}
    time_ns, places = times.read(columns["time_utc"]), [sensors.get(name, -1) for name in columns["sensor_id"]]
    table = np.zeros(rows, ROW)
    if time_ns is None or min(places) < 0:
        return None
    table["time_ns"], table["sensor"] = time_ns, places
    for name in _NUMBERS:
        values = _numbers(columns.get(name, ()), rows)
        if values is None or not _in_bounds(values, name):
            return None
        table[name] = values
    return table if _normalise(table) else None


def table_of(detections: Iterable[Detection], *, sensors: Mapping[str, int]) -> Table:
    """Return detections of known sensors as rows of `ROW`."""
    return np.array([_row(item, sensors[item.sensor_id]) for item in detections], ROW)


def records(table: Table, sensors: Sequence[str]) -> Iterator[Detection]:
    """Yield the rows of a table as detections."""
    names = [sensors[place] for place in table["sensor"].tolist()]
    columns = {"time_ns": table["time_ns"].tolist(), "sensor_id": names}
    for name, field in _SCALARS.items():
        if not np.isnan(table[name]).all():
            columns[field] = _optional(table[name])
    for triple, field in zip(_TRIPLES, ("los_ecef", "sensor_ecef_m"), strict=True):
        if not np.isnan(table[triple[0]]).all():
            vectors = zip(*(table[name].tolist() for name in triple), strict=True)
            columns[field] = [None if math.isnan(vector[0]) else vector for vector in vectors]
    fields = tuple(columns)
    for values in zip(*columns.values(), strict=True):
        yield Detection(**dict(zip(fields, values, strict=True)))


def _numbers(cells: Sequence[str], rows: int) -> NDArray[np.float64] | None:
    """Return a column's numbers, NaN for the empty; None if a cell is no number."""
    empty = cells.count("") if cells else rows
    if empty == rows:
        return np.full(rows, math.nan)
    try:
        values = np.array([float(cell) if cell else math.nan for cell in cells] if empty else list(map(float, cells)))
    except ValueError:
        return None
    return values if int(np.isnan(values).sum()) == empty else None


def _in_bounds(values: NDArray[np.float64], name: str) -> bool:
    low, high = BOUNDS[name]
    return not bool(((values < low) | (values > high)).any())


def _normalise(table: Table) -> bool:
    """Bring angles to radians and lines of sight to length 1; False for what a row cannot say."""
    given = {name: ~np.isnan(table[name]) for name in _NUMBERS}
    whole = all((given[x] == given[y]).all() and (given[x] == given[z]).all() for x, y, z in _TRIPLES)
    if (
        not whole
        or not np.logical_or.reduce([given[name] for name in _MEASURED]).all()
        or (table["range_m"] == 0.0).any()
    ):
        return False
    for name in _ANGLES:
        table[name] = np.radians(table[name])
    lines = np.flatnonzero(given["los_x"])
    if lines.size:
        vectors = zip(*(table[name][lines].tolist() for name in _TRIPLES[0]), strict=True)
        norms = np.array([math.hypot(*vector) for vector in vectors])
        if (np.abs(norms - 1.0) > UNIT_TOLERANCE).any():
            return False
        for name in _TRIPLES[0]:
            table[name][lines] /= norms
    return True


def _row(item: Detection, place: int) -> tuple[float, ...]:
    found = {name: getattr(item, field) for name, field in _SCALARS.items()}
    for triple, vector in zip(_TRIPLES, (item.los_ecef, item.sensor_ecef_m), strict=True):
        found.update(zip(triple, vector or (None, None, None), strict=True))
    numbers = (found[name] for name in _NUMBERS)
    return (item.time_ns, place, *(math.nan if number is None else number for number in numbers))


def _optional(values: NDArray[np.float64]) -> list[float | None]:
    found = values.tolist()
    return [None if value != value else value for value in found] if np.isnan(values).any() else found
