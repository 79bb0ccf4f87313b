"""What a node may offer to partners and what it decided: bodies of the wire, products, decisions, audit rows.

A `Product` is the nation's own, unredacted; `release` alone turns it into a `Released` or a `Withheld`. Bodies are
msgspec structs whose annotations are the bounds of the wire: what decodes is within them, except for what no
annotation can say (a covariance that is none), which `check_body` refuses.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import MessageKind
from beaconfire.kernel.records import CLASSES, KINDS, MODES, PHASES, EventStatus, TrackStatus

Nation = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
WireId = Annotated[str, Meta(pattern=rf"\A[A-Za-z0-9_:-]{{1,{limits.MAX_ID_LENGTH}}}\Z")]  # one token of a subject
SensorId = Annotated[str, Meta(pattern=rf"\A[A-Za-z0-9][A-Za-z0-9_.:-]{{0,{limits.MAX_ID_LENGTH - 1}}}\Z")]
TimeNs = Annotated[int, Meta(ge=limits.MIN_TIME_NS, le=limits.MAX_TIME_NS)]
Count = Annotated[int, Meta(ge=0, le=limits.MAX_INTEGER)]
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
LatitudeDeg = Annotated[float, Meta(ge=-90.0, le=90.0)]
LongitudeDeg = Annotated[float, Meta(ge=-180.0, le=180.0)]
TimeSigmaS = Annotated[float, Meta(ge=0.0, le=limits.MAX_TIME_SIGMA_S)]
Variance = Annotated[float, Meta(ge=-(limits.MAX_STATE_SIGMA_M**2), le=limits.MAX_STATE_SIGMA_M**2)]
Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
Id16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Classes = Annotated[tuple[Probability, ...], Meta(min_length=len(CLASSES), max_length=len(CLASSES))]
Kinds = Annotated[tuple[Probability, ...], Meta(min_length=len(KINDS), max_length=len(KINDS))]
Modes = Annotated[tuple[Probability, ...], Meta(min_length=len(MODES), max_length=len(MODES))]
Phases = Annotated[tuple[Probability, ...], Meta(min_length=len(PHASES), max_length=len(PHASES))]
Sigma = Annotated[float, Meta(ge=0.0, le=limits.MAX_SIGMA_M)]
Length = Annotated[float, Meta(ge=0.0, le=limits.MAX_POSITION_M)]
Covariance2 = tuple[Variance, Variance, Variance]  # east-east, east-north, north-north
BatchRange = Annotated[bytes, Meta(min_length=16, max_length=32)]  # one batch id, or the first and last of a run
Ring = Annotated[bytes, Meta(min_length=32, max_length=8 * limits.MAX_FOOTPRINT_POINTS)]
Reason = Annotated[str, Meta(max_length=200)]
AreaId = Annotated[str, Meta(pattern=r"\A[A-Z]{2}-[A-Z0-9]{1,3}\Z")]  # ISO 3166-2
Reference = Annotated[str, Meta(min_length=5, max_length=limits.MAX_REFERENCE_LENGTH)]

STATE_SIZE = 6
SITE_BLOB = 3 * 8
STATE_BLOB = STATE_SIZE * 8
FACTOR_BLOB = STATE_SIZE * (STATE_SIZE + 1) // 2 * 4


class Kind(StrEnum):
    """What an envelope carries; void, epoch_close and caught_up belong to the link itself."""

    LAUNCH = "launch"
    TRAJECTORY = "trajectory"
    IMPACT = "impact"
    DETECTION = "detection"
    ASSESSMENT = "assessment"
    SENSOR_STATUS = "sensor_status"
    ALERT_NOTICE = "alert_notice"
    WITHDRAWAL = "withdrawal"
    VOID = "void"
    EPOCH_CLOSE = "epoch_close"
    CAUGHT_UP = "caught_up"


# What a policy may name; a withdrawal follows its kind.
GRANTABLE = (
    Kind.LAUNCH,
    Kind.TRAJECTORY,
    Kind.IMPACT,
    Kind.DETECTION,
    Kind.ASSESSMENT,
    Kind.SENSOR_STATUS,
    Kind.ALERT_NOTICE,
)
TRACK_KINDS = (Kind.TRAJECTORY, Kind.DETECTION)  # increments of a track, judged by their own times: each has a next one
RELEASED_KINDS = (*GRANTABLE, Kind.WITHDRAWAL)  # what travels as a `Release`


class _Body(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Shared options of all bodies."""


class LaunchBody(_Body, frozen=True):
    """Where and when one event began, and what it is. `coarsened_m` > 0: moved or rounded by up to so many metres, an
    error that revisions share, so that a receiver must fuse by intersection and never sum."""

    event: WireId
    time_ns: TimeNs
    time_sigma_s: TimeSigmaS
    latitude_deg: LatitudeDeg
    longitude_deg: LongitudeDeg
    covariance_m2: Covariance2
    status: EventStatus
    count_at_least: Annotated[int, Meta(ge=0, le=limits.MAX_COUNT)]
    count_probability: Probability
    classes: Classes
    kinds: Kinds
    coarsened_m: Annotated[float, Meta(ge=0.0, le=limits.MAX_COARSENED_M)] = 0.0


class TrajectoryBody(_Body, frozen=True):
    """A tracklet of one track: position and velocity (ECEF, m and m/s) with a covariance as a factor.

    `mean` is 6 little-endian float64, `factor` 21 float32 (`codec.pack_covariance`). `first`: the whole posterior so
    far, else the information added since the last tracklet of this track.
    """

    track: WireId
    event: Annotated[str, Meta(pattern=rf"\A[A-Za-z0-9_:-]{{0,{limits.MAX_ID_LENGTH}}}\Z")]  # "" before there is one
    time_ns: TimeNs
    first_time_ns: TimeNs
    mean: Annotated[bytes, Meta(min_length=STATE_BLOB, max_length=STATE_BLOB)]
    factor: Annotated[bytes, Meta(min_length=FACTOR_BLOB, max_length=FACTOR_BLOB)]
    first: bool
    status: TrackStatus
    modes: Modes
    batch_id: Id16
    provenance: Annotated[tuple[BatchRange, ...], Meta(max_length=limits.MAX_PROVENANCE)] = ()
    sensors: Annotated[tuple[SensorId, ...], Meta(max_length=limits.MAX_SENSORS_NAMED)] = ()  # empty: not told


class ImpactBody(_Body, frozen=True):
    """Where and when it will fall; point, time and covariance are None for a reachable set or while boosting.

    A ring of `footprint` is little-endian float32 pairs (longitude, latitude) in degrees (`codec.pack_rings`).
    """

    event: WireId
    time_ns: TimeNs | None
    time_sigma_s: TimeSigmaS | None
    latitude_deg: LatitudeDeg | None
    longitude_deg: LongitudeDeg | None
    covariance_m2: Covariance2 | None
    footprint: Annotated[tuple[Ring, ...], Meta(max_length=limits.MAX_FOOTPRINT_RINGS)] = ()
    reason: Literal["", "boosting", "reachable_set", "lost", "unknown"] = ""


class Look(_Body, frozen=True):
    """One measurement of one sensor, corrected for refraction and light time, complete in itself.

    "radar": `values` are range m, azimuth rad (from north over east), elevation rad, range rate m/s, at the sensor's
    own horizon; None is not measured. "los": the ECEF unit vector sensor→object, one sigma in rad. `bias_sigmas` are
    the part that is an unknown constant of the sensor. `site` is 3 little-endian float64: ECEF m.
    """

    time_ns: TimeNs
    sensor: SensorId
    of: Literal["radar", "los"]
    site: Annotated[bytes, Meta(min_length=SITE_BLOB, max_length=SITE_BLOB)]
    values: Annotated[tuple[float | None, ...], Meta(min_length=3, max_length=4)]
    sigmas: Annotated[tuple[float | None, ...], Meta(min_length=1, max_length=4)]
    bias_sigmas: tuple[Sigma, Sigma, Sigma] = (0.0, 0.0, 0.0)


class DetectionBody(_Body, frozen=True):
    """What a tracklet was made of: the measurements of one track since the tracklet before.

    `batch_id` is that tracklet's: whoever has one of the two has the information of both.
    """

    track: WireId
    event: Annotated[str, Meta(pattern=rf"\A[A-Za-z0-9_:-]{{0,{limits.MAX_ID_LENGTH}}}\Z")]
    batch_id: Id16
    looks: Annotated[tuple[Look, ...], Meta(min_length=1, max_length=limits.MAX_LOOKS)]


class AssessmentBody(_Body, frozen=True):
    """What the sender thinks one object is and does: its word, for people; a receiver's pictures do not take it."""

    event: WireId
    time_ns: TimeNs
    status: EventStatus
    lost: bool
    count_at_least: Annotated[int, Meta(ge=0, le=limits.MAX_COUNT)]
    count_probability: Probability
    kinds: Kinds
    classes: Classes
    phases: Phases
    burnout_time_ns: TimeNs | None
    apogee_m: Length | None
    ground_range_m: Length | None


class SensorStatusBody(_Body, frozen=True):
    """Whether a sensor of the sender looks: "silent" after three looks that did not come."""

    sensor: SensorId
    time_ns: TimeNs
    state: Literal["looking", "silent"]
    since_ns: TimeNs


class AlertNoticeBody(_Body, frozen=True):
    """The sender's public alert as it stands after its last message: who warns, where, until when, or that it ended.

    `reference` is that message's, as CAP has it: a later notice of the same `alert` takes the place of the former.
    """

    alert: WireId
    authority: SensorId
    reference: Reference  # sender,identifier,sent
    says: MessageKind
    areas: Annotated[tuple[AreaId, ...], Meta(min_length=1, max_length=limits.MAX_ALERT_AREAS)]
    sent_ns: TimeNs
    expires_ns: TimeNs
    ended: bool = False


class WithdrawalBody(_Body, frozen=True):
    """The sender takes back everything it said of one track or event."""

    of: Kind  # one of GRANTABLE
    id: WireId
    reason: Reason


class VoidBody(_Body, frozen=True):
    """Numbers `first` to `last` will not be delivered.

    `anchor` is the hash of envelope `first` - 1 and `closing` that of envelope `last`: the chain goes on over the gap.
    """

    first: Annotated[int, Meta(ge=1, le=limits.MAX_INTEGER)]
    last: Annotated[int, Meta(ge=1, le=limits.MAX_INTEGER)]
    anchor: Hash
    closing: Hash
    reason: Literal["policy", "age", "suspended"]


class EpochCloseBody(_Body, frozen=True):
    """The last envelope of an epoch."""

    reason: Literal["restart", "suspended", "leave"]


class CaughtUpBody(_Body, frozen=True):
    """All that was kept back has been released, as far as today's policy lets it go.

    `count` records of this epoch stand before it; `root` is the sum of the SHA-256 of their source ids, as big-endian
    integers modulo 2²⁵⁶, so that order does not matter; `up_to` is when the history ended.
    """

    count: Count
    root: Hash
    up_to: TimeNs


ReleasedBody = (
    LaunchBody
    | TrajectoryBody
    | ImpactBody
    | DetectionBody
    | AssessmentBody
    | SensorStatusBody
    | AlertNoticeBody
    | WithdrawalBody
)
Body = ReleasedBody | VoidBody | EpochCloseBody | CaughtUpBody


@dataclass(frozen=True, slots=True)
class PartnerAdvice:
    """A partner's own estimate of a launch or an impact, verified; it enters the fused picture only.

    `body` names the event as the partner does. `tracks` are the fused tracks that the same partner's trajectory of
    that event feeds, if it released any: then the advice needs no other match.
    """

    nation: str
    received_ns: int
    body: LaunchBody | ImpactBody
    tracks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relayed:
    """Another nation's release that its onward list lets us pass on: its bytes, and the originator's signature."""

    originator: str
    release: bytes
    source_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Product:
    """What the node could share: the nation's own words, unredacted. It never leaves; `release` makes what does.

    `body` carries the node's own ids and sensor names. `urgent` lifts the rate limit: new, phase change, lost,
    withdrawn. `originators_allow` holds, when other nations contributed, whom their onward lists all allow. `event_id`
    is the event that the objects of one salvo share, so that all their launch points are coarsened by one offset.
    `compartments` are those of all that is in it; `known_m` is how exactly the whole track behind a tracklet is known,
    along its best known direction, for tracklets add up. `relayed` is set for what another nation released to us and
    lets us pass on: it crosses as it is or not at all.
    """

    kind: Kind
    local_id: str
    revision: int
    time_ns: int
    body: ReleasedBody
    nations: tuple[str, ...]
    sensors: tuple[str, ...] = ()
    missile_class: str = "unknown"
    object_kind: str = "unknown"
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    compartments: tuple[str, ...] = ("main",)
    urgent: bool = False
    originators_allow: tuple[str, ...] | None = None
    event_id: str = ""
    known_m: float | None = None
    relayed: Relayed | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """A decision to share: the exact bytes for one partner. Made in `release` alone.

    `local_id` is the partner's name of the track or event; `release` the encoded `wire.Release`; `product` is kept so
    that what was not yet received can be decided again when the policy narrows. `travels`: it has an onward list, so
    that we sign it for itself; `origin_signature` is its originator's if we pass it on.
    """

    partner: str
    kind: Kind
    local_id: str
    generation: int
    rule: str
    obligations: tuple[str, ...]
    source_id: bytes
    release: bytes
    product: Product
    travels: bool = False
    origin_signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A decision not to share, with the rule that came nearest (or "") and a countable reason."""

    partner: str
    kind: Kind
    local_id: str
    rule: str
    reason: str


class AuditRow(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """One row of the release audit: every yes, and equal noes of one minute together."""

    partner: str
    verdict: Literal["released", "withheld"]
    kind: str
    local_id: str  # the node's own id; "" for noes counted together over several
    rule: str
    reason: str
    first_ns: int
    last_ns: int
    count: int
    obligations: tuple[str, ...] = ()
    source_id: bytes = b""
