"""The engine for people who write programs: files or NumPy arrays in, arrays out (`docs/library.md`).

`beaconfire.__init__` offers what stands here. The same `step` as a node's runs behind it. Nothing is dropped silently:
what was held back is counted by its reason, and what makes no sense is an `InvalidInput` that names the row.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beaconfire.assess import parse_library, phase_probabilities
from beaconfire.kernel.detections import BOUNDS, UNIT_TOLERANCE, group_scans
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import Detection, EventRevision, Measurement, Sensor, TrackStatus, TrackUpdate
from beaconfire.kernel.sensors import format_sensors, parse_sensors
from beaconfire.kernel.time import format_utc, parse_utc
from beaconfire.node import Effect, ShowEvent, ShowTrack
from beaconfire.sense import Sense
from beaconfire.shell import detection_files
from beaconfire.shell.config import read_bounded
from beaconfire.shell.offline import nation_of
from beaconfire.shell.offline import watch as watch_offline

Array = NDArray[np.float64]
Times = NDArray[np.int64]
File = str | os.PathLike[str]
Progress = Callable[[int, int], None]

_IN_ORDER = attrgetter("time_ns", "sensor_id")
_MOST_FAULTS = 20  # told of one call; the rest are of the same kind


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One track: a row per update, n in all.

    `times_ns` (n,) is TAI nanoseconds. `states` (n, 9) is ECEF position m, velocity m/s and specific force m/s² (all
    but gravity), `covariances` (n, 9, 9) belongs to it. `phases` (n, 7) are probabilities in the order of `PHASES`,
    `existence` (n,) is the probability that there is an object at all. `sensors` are those that fed the last row.
    """

    track_id: str
    times_ns: Times
    states: Array
    covariances: Array
    phases: Array
    existence: Array
    statuses: tuple[TrackStatus, ...]
    sensors: tuple[str, ...]

    def __len__(self) -> int:
        """The number of updates."""
        return len(self.times_ns)

    @property
    def confirmed(self) -> bool:
        """Whether it ever was more than a suspicion."""
        return TrackStatus.CONFIRMED in self.statuses


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What came of detections: `tracks` by their first appearance, `events` as they were last told.

    `revisions` are all that was said of events, in order; `held_back` counts the detections that were not used, by
    the reason.
    """

    tracks: tuple[Track, ...]
    events: tuple[EventRevision, ...]
    revisions: tuple[EventRevision, ...]
    held_back: Mapping[str, int]


def read_sensors(path: File) -> tuple[Sensor, ...]:
    """Return the sensors of a TOML file; raises `InvalidInput` with every fault found."""
    return parse_sensors(read_bounded(Path(path)), where=str(path))


def read_detections(*paths: File, sensors: Iterable[Sensor]) -> list[Detection]:
    """Return the detections of .csv and .jsonl files in order of time, then sensor.

    Raises `InvalidInput` that names file, line and field.
    """
    known = [sensor.id for sensor in sensors]
    with detection_files.read_detections([Path(path) for path in paths], sensors=known, progress=_silent) as rows:
        return list(rows)


def detections_from_arrays(
    sensor_id: str,
    times_ns: ArrayLike,
    *,
    range_m: ArrayLike | None = None,
    azimuth_rad: ArrayLike | None = None,
    elevation_rad: ArrayLike | None = None,
    range_rate_m_s: ArrayLike | None = None,
    los_ecef: ArrayLike | None = None,
    sensor_ecef_m: ArrayLike | None = None,
) -> list[Detection]:
    """Return one sensor's detections of columns: n numbers each, or (n, 3) for the two vectors; NaN is not measured.

    `times_ns` are whole TAI nanoseconds (`times_from_utc`); rows of one time are one scan. `los_ecef` are unit vectors
    from the sensor, `sensor_ecef_m` is where a sensor was that moves. Raises `InvalidInput` that names column and row.
    """
    times = np.asarray(times_ns)
    if times.ndim != 1 or (len(times) and not np.issubdtype(times.dtype, np.integer)):
        raise InvalidInput.single(
            "times_ns", f"is {times.dtype} of shape {times.shape}", "whole TAI nanoseconds (n,); see times_from_utc"
        )
    given = {
        "range_m": range_m, "azimuth_rad": azimuth_rad, "elevation_rad": elevation_rad,
        "range_rate_m_s": range_rate_m_s, "los_ecef": los_ecef, "sensor_ecef_m": sensor_ecef_m,
    }  # fmt: skip
    columns = {name: _column(name, values, len(times)) for name, values in given.items() if values is not None}
    _check(columns, len(times))
    cells = {name: _cells(column) for name, column in columns.items()}
    return [
        Detection(time_ns=time_ns, sensor_id=sensor_id, **dict(zip(cells, row, strict=True)))
        for time_ns, *row in zip(times.tolist(), *cells.values(), strict=True)
    ]


def times_from_utc(times_utc: ArrayLike) -> Times:
    """Return TAI nanoseconds (n,) of UTC times: ISO 8601 texts with `Z`, or NumPy's datetime64.

    Raises `InvalidInput` for what is no UTC time since 1972.
    """
    times = np.asarray(times_utc)
    if np.issubdtype(times.dtype, np.datetime64):
        times = np.char.add(np.datetime_as_string(times.astype("datetime64[ns]")), "Z")
    found = [parse_utc(str(text), where=f"times_utc[{row}]") for row, text in enumerate(times.ravel())]
    return np.array(found, dtype=np.int64).reshape(times.shape)


def times_to_utc(times_ns: ArrayLike) -> NDArray[np.datetime64]:
    """Return UTC times as datetime64 in nanoseconds (n,), for plots; a leap second counts as the one before it."""
    times = np.asarray(times_ns, dtype=np.int64)
    texts = [format_utc(time_ns, decimals=9)[:-1].replace(":60.", ":59.") for time_ns in times.ravel().tolist()]
    return np.array(texts, dtype="datetime64[ns]").reshape(times.shape)


def watch(
    detections: Iterable[Detection],
    *,
    sensors: Sequence[Sensor],
    classes_toml: bytes = b"",
    progress: Progress | None = None,
) -> Picture:
    """Track and assess detections of any order; returns tracks and events.

    `classes_toml` is a library of classes instead of the package's (docs/track-your-own-file.md). `progress` is called
    with the detections done and their number. Raises `InvalidInput` if the sensors or the classes are wrong.
    """
    sensors_toml = format_sensors(sensors).encode() if sensors else b""
    parse_sensors(sensors_toml, where="sensors")
    if classes_toml:
        parse_library(classes_toml, where="classes_toml")
    updates: dict[str, list[TrackUpdate]] = defaultdict(list)
    revisions: list[EventRevision] = []

    def take(effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, ShowTrack) and effect.update.picture == "own":
                updates[effect.update.track_id].append(effect.update)
            elif isinstance(effect, ShowEvent):
                revisions.append(effect.revision)

    outcome = watch_offline(
        sorted(detections, key=_IN_ORDER), sensors_toml=sensors_toml, nation=nation_of(sensors), realm=Realm.EXERCISE,
        classes_toml=classes_toml, take=take, progress=progress or _silent,
    )  # fmt: skip
    tracks = tuple(_track(track_id, rows) for track_id, rows in updates.items())
    return Picture(tracks, tuple(outcome.events.values()), tuple(revisions), Counter(outcome.quarantined))


def measurements_of(detections: Iterable[Detection], *, sensors: Sequence[Sensor]) -> list[Measurement]:
    """Return what `ModelFilter.update` takes, in order of time, then sensor: places, axes and errors filled in.

    Raises `InvalidInput` for a detection that a node would hold back, with the reason.
    """
    sense, found, faults = Sense(sensors), list[Measurement](), list[Fault]()
    for scan in group_scans(sorted(detections, key=_IN_ORDER)):
        accepted, held = sense.accept(scan, now_ns=scan.time_ns)
        found += () if accepted is None else accepted.measurements
        faults += [
            Fault(f"{item.detection.sensor_id} at {format_utc(item.detection.time_ns)}", item.reason, "a usable one")
            for item in held
        ]
    if faults:
        raise InvalidInput(faults[:_MOST_FAULTS])
    return found


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""


def _track(track_id: str, rows: Sequence[TrackUpdate]) -> Track:
    return Track(
        track_id=track_id,
        times_ns=np.array([row.time_ns for row in rows], dtype=np.int64),
        states=np.array([row.mean for row in rows]),
        covariances=np.array([row.covariance for row in rows]),
        phases=np.array([phase_probabilities(row) for row in rows]),
        existence=np.array([row.existence for row in rows], dtype=np.float64),
        statuses=tuple(row.status for row in rows),
        sensors=rows[-1].sensors,
    )


def _column(name: str, values: ArrayLike, rows: int) -> Array:
    column, shape = np.asarray(values, dtype=np.float64), (rows, 3) if "ecef" in name else (rows,)
    if column.shape != shape:
        raise InvalidInput.single(name, f"has shape {column.shape}", f"{shape}, as many rows as times_ns")
    return column


def _check(columns: Mapping[str, Array], rows: int) -> None:
    measured = np.zeros(rows, dtype=bool)
    faults: list[Fault] = []
    for name, column in columns.items():
        cells = column.reshape(rows, 3 if column.ndim == 2 else 1)
        there, (low, high) = ~np.isnan(cells), _bounds(name)
        given = there.all(axis=1)
        wrong = (there & ((cells < low) | (cells > high))).any(axis=1) | (there.any(axis=1) & ~given)
        expected = f"from {low:g} to {high:g}, or NaN"
        if name == "los_ecef":
            wrong |= given & (np.abs(np.sqrt((cells**2).sum(axis=1)) - 1.0) > UNIT_TOLERANCE)
            expected = "a unit vector, or three NaN"
        elif name == "range_m":
            wrong |= column == 0.0
        faults += [Fault(f"{name}[{row}]", f"is {column[row]}", expected) for row in np.flatnonzero(wrong)]
        measured |= given & (name != "sensor_ecef_m")
    faults += [Fault(f"row {row}", "measures nothing", "at least one number") for row in np.flatnonzero(~measured)]
    if faults:
        raise InvalidInput(faults[:_MOST_FAULTS])


def _bounds(name: str) -> tuple[float, float]:
    """A column's bounds are a file's."""
    if name.endswith("_rad"):
        low, high = BOUNDS[name.replace("_rad", "_deg")]
        return float(np.radians(low)), float(np.radians(high))
    return BOUNDS[{"los_ecef": "los_x", "sensor_ecef_m": "sensor_x_m"}.get(name, name)]


def _cells(column: Array) -> list[float | tuple[float, ...] | None]:
    if column.ndim == 1:
        return [None if value != value else value for value in column.tolist()]
    return [None if row[0] != row[0] else tuple(row) for row in column.tolist()]
