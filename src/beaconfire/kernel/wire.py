"""What crosses between nations: release (inner), envelope (outer), controls, their signed form and their subjects.

Everything is array-like MessagePack in one canonical form (`kernel.codec`); docs/wire.md is the specification. Hashes
chain over the *unsigned* bytes of envelopes, so that replaying a journal needs no key. The realm is told three times:
by the type of the envelope (its leading tag), by its label, and by the subject it travels under.
"""

import hashlib
import math
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from beaconfire.kernel import codec, limits
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import (
    GRANTABLE,
    RELEASED_KINDS,
    AlertNoticeBody,
    AssessmentBody,
    Body,
    CaughtUpBody,
    Count,
    DetectionBody,
    EpochCloseBody,
    Hash,
    Id16,
    ImpactBody,
    Kind,
    LaunchBody,
    Look,
    Nation,
    ReleasedBody,
    SensorStatusBody,
    TimeNs,
    TrajectoryBody,
    VoidBody,
    WithdrawalBody,
)

FORMAT = 1  # the highest version of this file
FORMAT_FLOOR = 1  # a partner that offers less is refused: no downgrade
NO_HASH = bytes(32)  # before the first envelope of a first epoch, or after the old chain was lost
LINK_ID = "link"  # the subject id of what belongs to the link itself

BODY_TYPES: dict[Kind, type[Body]] = {
    Kind.LAUNCH: LaunchBody,
    Kind.TRAJECTORY: TrajectoryBody,
    Kind.IMPACT: ImpactBody,
    Kind.DETECTION: DetectionBody,
    Kind.ASSESSMENT: AssessmentBody,
    Kind.SENSOR_STATUS: SensorStatusBody,
    Kind.ALERT_NOTICE: AlertNoticeBody,
    Kind.WITHDRAWAL: WithdrawalBody,
    Kind.VOID: VoidBody,
    Kind.EPOCH_CLOSE: EpochCloseBody,
    Kind.CAUGHT_UP: CaughtUpBody,
}

Nations = Annotated[tuple[Nation, ...], Meta(max_length=limits.MAX_PARTNERS)]
Number = Annotated[int, Meta(ge=1, le=limits.MAX_INTEGER)]
Format = Annotated[int, Meta(ge=1, le=255)]
Content = Annotated[bytes, Meta(min_length=1, max_length=limits.MAX_ENVELOPE_BYTES)]
Range = tuple[Number, Number]
SecondSignature = Annotated[bytes, Meta(max_length=64)]


class _Wire(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Shared options of everything on the wire."""


class Release(_Wire, frozen=True, tag="release"):
    """The inner message: the originator's words, the same through a relay.

    `rule` is an opaque id of the rule that let it go; `policy` a hash of that partner's view of the policy.
    """

    format: Format
    originator: Nation
    realm: Realm
    releasable_to: Nations
    onward: Nations
    source_id: Id16
    kind: Kind
    revision: Count  # counted per partner
    issued_ns: TimeNs
    time_ns: TimeNs  # validity: lateness is judged by it
    expires_ns: TimeNs
    modified: bool
    rule: Annotated[bytes, Meta(min_length=8, max_length=8)]
    policy: Hash
    provenance: Nations
    body: Content


class Envelope(_Wire, frozen=True):
    """The outer message: one numbered link of one direction's chain; `content` is a release, or a link's own body."""

    format: Format
    sender: Nation
    recipient: Nation
    realm: Realm
    epoch: Count
    number: Number
    previous: Hash
    kind: Kind
    content: Content


class LiveEnvelope(Envelope, frozen=True, tag="live/envelope"):
    """An envelope of the LIVE realm."""


class ExerciseEnvelope(Envelope, frozen=True, tag="exercise/envelope"):
    """An envelope of the EXERCISE realm: another type, so that a live intake cannot even read it."""


ENVELOPE_TYPES: dict[Realm, type[Envelope]] = {Realm.LIVE: LiveEnvelope, Realm.EXERCISE: ExerciseEnvelope}


class Signed(_Wire, frozen=True, tag="signed"):
    """Unsigned bytes with the sender's Ed25519 signature over exactly them.

    `origin_signature` is the originator's over the release, needed only when its onward list is not empty.
    """

    unsigned: Content
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]
    origin_signature: Annotated[bytes, Meta(max_length=64)] = b""


class Bundle(_Wire, frozen=True, tag="bundle"):
    """Envelopes of one chain under one signature, over the `BundleRoot` of their hashes (`share.bundle`)."""

    unsigned: Annotated[tuple[Content, ...], Meta(min_length=2, max_length=limits.MAX_BUNDLE)]
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]
    origin_signatures: Annotated[tuple[SecondSignature, ...], Meta(max_length=limits.MAX_BUNDLE)]


class BundleRoot(_Wire, frozen=True, tag="bundle_root"):
    """What a bundle's signature is over: how many envelopes, and the root of the tree of their hashes."""

    count: Annotated[int, Meta(ge=2, le=limits.MAX_BUNDLE)]
    root: Hash


class _Control(_Wire, frozen=True):
    """What all controls carry; `counter` rises with every control of one sender's epoch."""

    format: Format
    sender: Nation
    recipient: Nation
    realm: Realm
    epoch: Count
    counter: Count
    time_ns: TimeNs


class Hello(_Control, frozen=True, tag="hello"):
    """The first words on a link: versions, and the highest epoch and head the sender has of the recipient."""

    floor: Format
    seen_epoch: Count
    seen_number: Count
    seen_head: Hash


class Beat(_Control, frozen=True, tag="beat"):
    """I am here: last number sent with its hash, clock quality, head of the sender's journal."""

    number: Count
    head: Hash
    clock_error_s: Annotated[float, Meta(ge=0.0, le=limits.MAX_TIME_SIGMA_S)]
    clock_trusted: bool
    journal_seq: Count
    journal_head: Hash


class Receipt(_Control, frozen=True, tag="receipt"):
    """What the sender's journal holds of the recipient's epoch `of_epoch`: all to `contiguous`, and `ranges` beyond."""

    of_epoch: Count
    contiguous: Count
    head: Hash  # of envelope `contiguous`; NO_HASH for 0
    ranges: Annotated[tuple[Range, ...], Meta(max_length=limits.RECEIPT_RANGES)] = ()


class Suspend(_Control, frozen=True, tag="suspend"):
    """Nothing more comes from the sender: the last number it sent with its hash, why, and from when on (0: now)."""

    number: Count
    head: Hash
    reason: Literal["suspended", "left"]
    effective_ns: Annotated[int, Meta(ge=0, le=limits.MAX_TIME_NS)] = 0


Control = Hello | Beat | Receipt | Suspend


def chain_hash(unsigned: bytes) -> bytes:
    """Return the link of the chain: SHA-256 over an envelope's unsigned bytes."""
    return hashlib.sha256(unsigned).digest()


def subject(envelope: Envelope, local_id: str) -> str:
    """Return the subject an envelope is published under; `local_id` names its track or event (`LINK_ID` if none)."""
    return f"bf.{envelope.realm}.rel.{envelope.sender}.{envelope.recipient}.{envelope.kind}.{local_id}"


def bundle_subject(of: str) -> str:
    """Return the subject of a bundle in which an envelope of subject `of` travels."""
    return f"{of.rsplit('.', 2)[0]}.bundle.{LINK_ID}"


def control_subject(control: Control) -> str:
    """Return the subject a control is published under."""
    what = type(control).__name__.lower()
    return f"bf.{control.realm}.ctl.{control.sender}.{control.recipient}.{what}"


def release_subjects(realm: Realm, *, sender: str, recipient: str) -> str:
    """Return the subject pattern of everything that `sender` releases to `recipient`."""
    return f"bf.{realm}.rel.{sender}.{recipient}.>"


def decode_signed(data: bytes) -> Signed:
    """Return the signed form of received bytes, else raise `Refused`."""
    return codec.decode(data, Signed, where="signed", limit=limits.MAX_ENVELOPE_BYTES)


def decode_envelope(unsigned: bytes, *, realm: Realm) -> Envelope:
    """Return an envelope of this realm, else raise `Refused`: reason "realm" if it is another realm's."""
    kind = ENVELOPE_TYPES[realm]
    tag = kind.__struct_config__.tag
    assert isinstance(tag, str)
    if not unsigned[1:].startswith(codec.encode(tag)):
        raise Refused("realm", where="envelope: type", what="is not of this realm", expected=tag)
    envelope = codec.decode(unsigned, kind, where="envelope", limit=limits.MAX_ENVELOPE_BYTES)
    if envelope.realm is not realm:
        raise Refused("realm", where="envelope: realm", what=f"is {envelope.realm}", expected=str(realm))
    return envelope


def decode_control(unsigned: bytes, *, realm: Realm) -> Control:
    """Return a control of this realm, else raise `Refused`."""
    control: Control = codec.decode(unsigned, Control, where="control", limit=limits.MAX_ENVELOPE_BYTES)
    if control.realm is not realm:
        raise Refused("realm", where="control: realm", what=f"is {control.realm}", expected=str(realm))
    return control


def decode_release(envelope: Envelope) -> Release:
    """Return the release inside an envelope, else raise `Refused`; realm and kind must be the envelope's."""
    release = codec.decode(envelope.content, Release, where="release", limit=limits.MAX_ENVELOPE_BYTES)
    if release.realm is not envelope.realm:
        raise Refused("realm", where="release: realm", what=f"is {release.realm}", expected=str(envelope.realm))
    if release.kind is not envelope.kind or release.kind not in RELEASED_KINDS:
        raise Refused("kind", where="release: kind", what=f"is {release.kind}", expected=str(envelope.kind))
    return release


def decode_body(kind: Kind, data: bytes) -> Body:
    """Return the checked body of a kind, else raise `Refused`."""
    body = codec.decode(data, BODY_TYPES[kind], where=kind, limit=limits.MAX_ENVELOPE_BYTES)
    check_body(body)
    return body


def check_body(body: Body) -> None:
    """Refuse what no annotation can say: covariances that are none, states out of bounds, empty runs."""
    if isinstance(body, TrajectoryBody):
        _check_trajectory(body)
    elif isinstance(body, LaunchBody):
        codec.check_covariance_2(body.covariance_m2, where="launch: covariance_m2")
    elif isinstance(body, ImpactBody):
        _check_impact(body)
    elif isinstance(body, DetectionBody):
        for look in body.looks:
            _check_look(look)
    elif isinstance(body, AlertNoticeBody):
        _check_notice(body)
    elif isinstance(body, WithdrawalBody) and body.of not in GRANTABLE:
        raise Refused("kind", where="withdrawal: of", what=f"is {body.of}", expected=", ".join(GRANTABLE))
    elif isinstance(body, VoidBody) and body.last < body.first:
        raise Refused("void", where="void: last", what=f"is {body.last}", expected=f"at least {body.first}")


def body_id(body: Body) -> str:
    """Return the id of the track or event that a body speaks of (`LINK_ID` for the link's own)."""
    if isinstance(body, TrajectoryBody | DetectionBody):
        return body.track
    if isinstance(body, LaunchBody | ImpactBody | AssessmentBody):
        return body.event
    if isinstance(body, SensorStatusBody):
        return body.sensor.replace(".", "-")  # a name may have dots, a subject's token none
    if isinstance(body, AlertNoticeBody):
        return body.alert
    return body.id if isinstance(body, WithdrawalBody) else LINK_ID


def body_hash(kind: Kind, body: ReleasedBody) -> bytes:
    """Return the hash of a record in its owner's own words, from which its source id is keyed."""
    return hashlib.sha256(kind.encode() + b"\0" + codec.encode(body)).digest()


def _check_trajectory(body: TrajectoryBody) -> None:
    codec.check_state(body.mean, where="trajectory: mean")
    codec.unpack_covariance(body.factor, where="trajectory: factor")
    if body.first_time_ns > body.time_ns:
        raise Refused("time", where="trajectory: first_time_ns", what="is after time_ns", expected="not after it")
    for entry in body.provenance:
        if len(entry) not in (16, 32):
            raise Refused(
                "provenance", where="trajectory: provenance", what=f"an id of {len(entry)} bytes", expected="16 or 32"
            )


def _check_impact(body: ImpactBody) -> None:
    point = (body.time_ns, body.time_sigma_s, body.latitude_deg, body.longitude_deg, body.covariance_m2)
    missing = sum(value is None for value in point)
    if missing not in (0, len(point)):
        raise Refused("impact", where="impact: point", what="is given in part", expected="all of it or nothing")
    if body.covariance_m2 is not None:
        codec.check_covariance_2(body.covariance_m2, where="impact: covariance_m2")
    codec.unpack_rings(body.footprint, where="impact: footprint")


_LARGEST = {  # of a radar's values: range, azimuth, elevation, range rate
    "values": (limits.MAX_RANGE_M, math.tau, math.pi / 2, limits.MAX_RANGE_RATE_M_S),
    "sigmas": (limits.MAX_SIGMA_M, limits.MAX_ANGLE_SIGMA_RAD, limits.MAX_ANGLE_SIGMA_RAD, limits.MAX_SIGMA_M),
}
_UNIT = 1e-6  # how far from one a direction's length may be: rounding, with room


def _check_look(look: Look) -> None:
    """Refuse a measurement of a wrong shape, beyond physics, or whose sigmas do not go with its values."""
    codec.check_point(look.site, where="detection: site")
    if look.of == "los":
        length = math.hypot(*(value or 0.0 for value in look.values))
        if len(look.values) != 3 or None in look.values or not abs(length - 1.0) <= _UNIT:
            raise Refused("look", where="detection: values", what="is no direction", expected="a unit vector")
        if len(look.sigmas) != 1 or not _is_sigma(look.sigmas[0], limits.MAX_ANGLE_SIGMA_RAD):
            raise Refused("look", where="detection: sigmas", what="is not one angle", expected="one sigma in rad")
        return
    if len(look.values) != 4 or len(look.sigmas) != 4 or None in look.values[1:3]:
        raise Refused("look", where="detection: values", what="is not of a radar", expected="4 values with two angles")
    bounds = zip(look.values, look.sigmas, _LARGEST["values"], _LARGEST["sigmas"], strict=True)
    for value, sigma, most, widest in bounds:
        if (value is None) is not (sigma is None):
            raise Refused("look", where="detection: sigmas", what="does not go with values", expected="both or neither")
        if value is not None and not (abs(value) <= most and _is_sigma(sigma, widest)):
            raise Refused("look", where="detection: values", what=f"has {value:g} ± {sigma}", expected=f"±{most:g}")


def _is_sigma(sigma: float | None, most: float) -> bool:
    return sigma is not None and limits.MIN_ANGLE_SIGMA_RAD <= sigma <= most


def _check_notice(body: AlertNoticeBody) -> None:
    if body.expires_ns < body.sent_ns:
        raise Refused("time", where="alert_notice: expires_ns", what="is before sent_ns", expected="not before it")
