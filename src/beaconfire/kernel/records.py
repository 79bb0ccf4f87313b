"""The records that pass between rooms: detections, measurements, track updates, event revisions.

What a file, a partner or a browser sends becomes one of these or a typed refusal (`kernel.detections`,
`kernel.codec`); the rooms behind the door trust the types. Angles are radians and times TAI nanoseconds here;
degrees and ISO times live only in files. Array-carrying records are frozen dataclasses, the rest msgspec structs.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Vector3 = tuple[float, float, float]
PictureName = Literal["own", "fused"]

MODES = ("boost", "ballistic", "glide", "powered_air")  # the model bank, in the order of every mode vector
PHASES = ("boost", "ballistic", "reentry", "glide", "powered_air", "orbital", "unknown")
KINDS = ("ballistic", "quasi_ballistic", "glide", "space_launch", "aircraft", "satellite", "meteor", "unknown")
LAUNCH_KINDS = ("ballistic", "quasi_ballistic", "glide", "space_launch")  # the kinds an event may open for
CLASSES = ("SRBM", "MRBM", "IRBM", "ICBM", "space_launch", "unknown")


class TrackStatus(StrEnum):
    """The life of a track."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    LOST = "lost"
    ENDED = "ended"


class EventStatus(StrEnum):
    """The life of an event."""

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    LOST = "lost"
    CLOSED = "closed"
    RETRACTED = "retracted"


class BiasSigma(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Standard deviations of a sensor's unknown constant registration errors; 0 is calibrated."""

    range_m: float = 0.0
    azimuth_deg: float = 0.0
    elevation_deg: float = 0.0
    los_rad: float = 0.0
    time_s: float = 0.0


class Sensor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[sensor]]` of a sensors file, field for field (INTERFACES part 4); checked in `kernel.sensors`."""

    id: str
    nation: str
    kind: Literal["radar", "infrared"]
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    altitude_m: float = 0.0
    range_sigma_m: float = 30.0
    azimuth_sigma_deg: float = 0.05
    elevation_sigma_deg: float = 0.05
    range_rate_sigma_m_s: float = 2.0
    los_sigma_rad: float = 3e-5
    max_range_m: float = 900e3
    min_elevation_deg: float = 1.0
    min_altitude_m: float = 10e3
    detection_probability: float = 0.9
    false_alarms_per_scan: float = 0.5
    period_s: float | None = None
    bias_sigma: BiasSigma = BiasSigma()
    refraction: bool = False
    time_of: Literal["object", "reception"] = "object"
    compartment: str = "main"  # where what it says is kept; a policy grants compartments

    @property
    def scan_period_s(self) -> float:
        """The period, or the kind's default (radar 2 s, infrared 10 s)."""
        return self.period_s if self.period_s is not None else (2.0 if self.kind == "radar" else 10.0)


class Detection(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """One measurement of a sensor; `None` is not measured. A sigma given here overrides the sensor's."""

    time_ns: int
    sensor_id: str
    range_m: float | None = None
    azimuth_rad: float | None = None
    elevation_rad: float | None = None
    range_rate_m_s: float | None = None
    los_ecef: Vector3 | None = None
    sensor_ecef_m: Vector3 | None = None
    range_sigma_m: float | None = None
    azimuth_sigma_rad: float | None = None
    elevation_sigma_rad: float | None = None
    range_rate_sigma_m_s: float | None = None
    los_sigma_rad: float | None = None


class Scan(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The detections of one sensor at one time; an empty scan says that the sensor looked and saw nothing."""

    time_ns: int
    sensor_id: str
    detections: tuple[Detection, ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A trusted measurement, complete in itself: what `sense` (own) or `fuse` (partners) hands to `track`.

    kind "radar": `values` and `sigmas` are (range m, azimuth rad, elevation rad, range rate m/s), NaN where not
    measured. kind "los": `values` is the ECEF unit vector sensor→object, `sigmas[0]` its angle error in rad.
    kind "state": `values` is an ECEF position and velocity (6), `covariance` its 6×6 covariance: a tracklet.
    """

    id: str  # unique in the node: sensor, time and index, or the tracklet's batch id
    time_ns: int
    sensor_id: str  # own sensor, or the partner's pseudonym
    nation: str
    kind: Literal["radar", "los", "state"]
    values: Array
    sigmas: Array
    site_ecef_m: Array = field(default_factory=lambda: np.zeros(3))
    axes_enu: Array = field(default_factory=lambda: np.eye(3))  # rows east, north, up in ECEF
    covariance: Array | None = None
    thrusting: bool = False  # an infrared sensor sees thrusting objects only
    track_hint: str | None = None  # state only: the partner's track this belongs to
    first: bool = False  # state only: the partner's whole posterior so far, not an increment
    # The part of `sigmas` that is an unknown constant of the sensor: range, azimuth, elevation; or the line of sight.
    bias_sigmas: Array = field(default_factory=lambda: np.zeros(3))


@dataclass(frozen=True, slots=True)
class MeasurementScan:
    """The trusted measurements of one sensor at one time with what association needs to know of the sensor.

    `false_density` is the density of false measurements in the sensor's own measurement space
    (per m·rad·rad for radar, per rad² for lines of sight).
    """

    time_ns: int
    sensor_id: str
    nation: str
    kind: Literal["radar", "los", "state"]
    measurements: tuple[Measurement, ...]
    detection_probability: float
    false_density: float
    site_ecef_m: Array
    axes_enu: Array
    max_range_m: float
    min_elevation_rad: float
    period_s: float
    min_altitude_m: float = 0.0  # an infrared sensor sees nothing below


@dataclass(frozen=True, slots=True)
class TrackUpdate:
    """One track of one picture after one step: everything later rooms need to know of it.

    `mean` (9,) is ECEF position m, velocity m/s and specific force m/s² (all but gravity, mixed over the bank);
    `covariance` (9, 9) belongs to it; `modes` (4,) follows `MODES`. `accepted` are the measurements used in this
    step (empty while coasting); `first_time_ns` is the first measurement's time.
    """

    picture: PictureName
    track_id: str
    time_ns: int
    status: TrackStatus
    mean: Array
    covariance: Array
    modes: Array
    existence: float
    first_time_ns: int
    last_measured_ns: int
    sensors: tuple[str, ...]
    nations: tuple[str, ...]
    accepted: tuple[Measurement, ...] = ()
    replaces: str | None = None  # the id of a track merged into, or continued by, this one


class Ellipse(msgspec.Struct, frozen=True, kw_only=True):
    """A 95 % ellipse in two dimensions (axes √5.991 σ) at ellipsoid height 0."""

    semi_major_m: float
    semi_minor_m: float
    azimuth_deg: float


class LaunchEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when it was launched."""

    time_ns: int
    time_sigma_s: float
    latitude_deg: float
    longitude_deg: float
    ellipse_95: Ellipse


class ImpactEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when it will fall; point and ellipse are None while boosting or for a reachable set."""

    time_ns: int | None
    time_sigma_s: float | None
    latitude_deg: float | None
    longitude_deg: float | None
    ellipse_95: Ellipse | None
    footprint_95: tuple[tuple[tuple[float, float], ...], ...]  # rings of (longitude_deg, latitude_deg), closed, CCW
    footprint_km2: float


class ObjectAssessment(msgspec.Struct, frozen=True, kw_only=True):
    """One object of an event; probability vectors follow KINDS, CLASSES and PHASES."""

    object_id: str
    track_ids: tuple[str, ...]
    time_ns: int
    lost: bool
    kinds: tuple[float, ...]
    classes: tuple[float, ...]
    phases: tuple[float, ...]
    launch: LaunchEstimate | None
    impact: ImpactEstimate | None
    impact_reason: Literal["boosting", "reachable_set", "lost", "unknown"] | None
    burnout_time_ns: int | None
    apogee_m: float | None
    ground_range_m: float | None


class EventRevision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of one event in one picture; written to `events.jsonl` by `kernel.results`."""

    event_id: str
    revision: int
    picture: PictureName
    issued_ns: int
    status: EventStatus
    count_at_least: int
    count_probability: float
    objects: tuple[ObjectAssessment, ...]
    contributors: tuple[str, ...]
    aliases: tuple[str, ...] = ()
