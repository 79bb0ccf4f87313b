"""What the node offers for release, in its own words: tracklets, launches, impacts as products; and back.

Only the OWN picture is offered: what partners told us is theirs to release. The estimate's 95 % ellipse becomes a
covariance here, and a partner's body becomes a tracklet or a piece of advice.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypedDict

import numpy as np

from beaconfire.earth.wgs84 import ecef_to_geodetic, enu_axes
from beaconfire.fuse import Tracklet, prefix_of
from beaconfire.kernel import codec
from beaconfire.kernel.products import (
    AssessmentBody,
    DetectionBody,
    ImpactBody,
    Kind,
    LaunchBody,
    Look,
    Product,
    TrajectoryBody,
    WithdrawalBody,
)
from beaconfire.kernel.records import (
    CLASSES,
    KINDS,
    Ellipse,
    EventRevision,
    EventStatus,
    ImpactEstimate,
    LaunchEstimate,
    Measurement,
    ObjectAssessment,
    TrackUpdate,
)
from beaconfire.release import finest_axis_m

CHI2_95 = 5.991  # χ² with 2 degrees of freedom at 95 % (INTERFACES part 5)


def trajectory_offer(
    tracklet: Tracklet, update: TrackUpdate, assessed: ObjectAssessment, *, compartments: tuple[str, ...] = ("main",)
) -> Product:
    """Return a tracklet of an own track as a product; `assessed` says what the track is and of which event."""
    body = TrajectoryBody(
        track=tracklet.track,
        event=assessed.object_id,
        time_ns=tracklet.time_ns,
        first_time_ns=update.first_time_ns,
        mean=codec.pack_state(tracklet.mean),
        factor=codec.pack_covariance(tracklet.covariance),
        first=tracklet.first,
        status=update.status,
        modes=_probabilities(update.modes.tolist()),
        batch_id=tracklet.batch_id,
        sensors=update.sensors,
    )
    return Product(
        kind=Kind.TRAJECTORY,
        local_id=tracklet.track,
        revision=0,
        time_ns=tracklet.time_ns,
        body=body,
        nations=update.nations,
        sensors=update.sensors,
        compartments=compartments,
        known_m=_finest_m(update),
        urgent=tracklet.first,
        **_object_of(assessed),
    )


def event_offers(
    revision: EventRevision, *, urgent: bool, sensors: tuple[str, ...] = (), compartments: tuple[str, ...] = ("main",)
) -> Iterator[Product]:
    """Yield the launch and the impact of every object of an own event as products; `sensors` are those behind it."""
    for assessed in revision.objects:
        bodies: list[tuple[Kind, LaunchBody | ImpactBody]] = []
        if assessed.launch is not None:
            bodies.append((Kind.LAUNCH, _launch_body(revision, assessed, assessed.launch)))
        if assessed.impact is not None:
            bodies.append((Kind.IMPACT, _impact_body(assessed, assessed.impact)))
        for kind, body in bodies:
            yield Product(
                kind=kind,
                local_id=assessed.object_id,
                revision=revision.revision,
                time_ns=revision.issued_ns,
                body=body,
                nations=revision.contributors,
                sensors=sensors,
                compartments=compartments,
                urgent=urgent,
                event_id=revision.event_id,
                **_object_of(assessed),
            )


def withdrawal_offers(revision: EventRevision) -> Iterator[Product]:
    """Yield that all is taken back which was said of a retracted event: of its objects and of their tracks."""
    for assessed in revision.objects:
        said = [(Kind.LAUNCH, assessed.object_id), (Kind.IMPACT, assessed.object_id)]
        for of, name in [*said, *((Kind.TRAJECTORY, track_id) for track_id in assessed.track_ids)]:
            yield Product(
                kind=Kind.WITHDRAWAL,
                local_id=name,
                revision=revision.revision,
                time_ns=revision.issued_ns,
                body=WithdrawalBody(of=of, id=name, reason="it was no launch"),
                nations=revision.contributors,
                urgent=True,
                event_id=revision.event_id,
            )


def detection_offer(tracklet: Tracklet, whole: Product) -> Product:
    """Return the measurements that a tracklet is made of, as a product beside the tracklet's own (`whole`)."""
    assert isinstance(whole.body, TrajectoryBody)
    body = DetectionBody(
        track=tracklet.track,
        event=whole.body.event,
        batch_id=tracklet.batch_id,
        looks=tuple(_look(measurement) for measurement in tracklet.looks),
    )
    return replace(whole, kind=Kind.DETECTION, body=body)


def assessment_offers(
    revision: EventRevision, *, urgent: bool, sensors: tuple[str, ...] = (), compartments: tuple[str, ...] = ("main",)
) -> Iterator[Product]:
    """Yield what is thought of every object of an own event as products; `sensors` are those behind it."""
    for assessed in revision.objects:
        body = AssessmentBody(
            event=assessed.object_id,
            time_ns=assessed.time_ns,
            status=EventStatus(revision.status),
            lost=assessed.lost,
            count_at_least=revision.count_at_least,
            count_probability=revision.count_probability,
            kinds=_probabilities(assessed.kinds),
            classes=_probabilities(assessed.classes),
            phases=_probabilities(assessed.phases),
            burnout_time_ns=assessed.burnout_time_ns,
            apogee_m=assessed.apogee_m,
            ground_range_m=assessed.ground_range_m,
        )
        yield Product(
            kind=Kind.ASSESSMENT,
            local_id=assessed.object_id,
            revision=revision.revision,
            time_ns=revision.issued_ns,
            body=body,
            nations=revision.contributors,
            sensors=sensors,
            compartments=compartments,
            urgent=urgent,
            event_id=revision.event_id,
            **_object_of(assessed),
        )


def received_looks(nation: str, body: DetectionBody) -> tuple[Measurement, ...]:
    """Return the measurements of a partner's checked body; its sensors are told apart from ours by their nation."""
    looks = enumerate(body.looks)
    return tuple(_measurement(nation, body.track, body.batch_id, number, look) for number, look in looks)


def received_tracklet(nation: str, body: TrajectoryBody, *, where: str) -> Tracklet:
    """Return the tracklet of a partner's body; raises `Refused` for a state or covariance that is none."""
    return Tracklet(
        nation=nation,
        track=body.track,
        batch_id=body.batch_id,
        time_ns=body.time_ns,
        mean=codec.unpack_state(body.mean, where=where),
        covariance=codec.unpack_covariance(body.factor, where=where),
        first=body.first,
    )


def covariance_of(ellipse: Ellipse) -> tuple[float, float, float]:
    """Return (east-east, east-north, north-north) in m² of a 95 % ellipse with its major axis at an azimuth."""
    major, minor = ellipse.semi_major_m**2 / CHI2_95, ellipse.semi_minor_m**2 / CHI2_95
    east, north = math.sin(math.radians(ellipse.azimuth_deg)), math.cos(math.radians(ellipse.azimuth_deg))
    return (
        major * east * east + minor * north * north,
        (major - minor) * east * north,
        major * north * north + minor * east * east,
    )


def _look(measurement: Measurement) -> Look:
    values = tuple(None if math.isnan(value) else value for value in measurement.values.tolist())
    sigmas, bias = measurement.sigmas.tolist(), measurement.bias_sigmas.tolist()
    if measurement.kind == "radar":
        sigmas = [None if value is None else sigma for value, sigma in zip(values, sigmas, strict=True)]
    return Look(
        time_ns=measurement.time_ns,
        sensor=measurement.sensor_id,
        of="los" if measurement.kind == "los" else "radar",
        site=codec.pack_point(measurement.site_ecef_m),
        values=values,
        sigmas=tuple(sigmas),
        bias_sigmas=(bias[0], bias[1], bias[2]),
    )


def _measurement(nation: str, track: str, batch_id: bytes, number: int, look: Look) -> Measurement:
    site = codec.unpack_point(look.site, where="detection: site")
    latitude, longitude, _ = ecef_to_geodetic(*site.tolist())
    return Measurement(
        id=f"{prefix_of(nation, track)}{batch_id.hex()}:{number}",
        time_ns=look.time_ns,
        sensor_id=f"{nation}:{look.sensor}",
        nation=nation,
        kind=look.of,
        values=np.array([math.nan if one is None else one for one in look.values]),
        sigmas=np.array([math.nan if one is None else one for one in look.sigmas]),
        site_ecef_m=site,
        axes_enu=enu_axes(latitude, longitude),
        thrusting=look.of == "los",
        bias_sigmas=np.array(look.bias_sigmas),
    )


def _launch_body(revision: EventRevision, assessed: ObjectAssessment, launch: LaunchEstimate) -> LaunchBody:
    return LaunchBody(
        event=assessed.object_id,
        time_ns=launch.time_ns,
        time_sigma_s=launch.time_sigma_s,
        latitude_deg=launch.latitude_deg,
        longitude_deg=launch.longitude_deg,
        covariance_m2=covariance_of(launch.ellipse_95),
        status=EventStatus(revision.status),
        count_at_least=revision.count_at_least,
        count_probability=revision.count_probability,
        classes=_probabilities(assessed.classes),
        kinds=_probabilities(assessed.kinds),
    )


def _impact_body(assessed: ObjectAssessment, impact: ImpactEstimate) -> ImpactBody:
    return ImpactBody(
        event=assessed.object_id,
        time_ns=impact.time_ns,
        time_sigma_s=impact.time_sigma_s,
        latitude_deg=impact.latitude_deg,
        longitude_deg=impact.longitude_deg,
        covariance_m2=None if impact.ellipse_95 is None else covariance_of(impact.ellipse_95),
        footprint=codec.pack_rings(impact.footprint_95),
        reason=assessed.impact_reason or "",
    )


def _finest_m(update: TrackUpdate) -> float:
    """Return the standard deviation (m) along the best known direction of a track's position, or less (1/√tr P⁻¹)."""
    return finest_axis_m(update.covariance[:3, :3].tolist())


class _Object(TypedDict):
    """What a grant may ask of the object that a product is about."""

    missile_class: str
    object_kind: str
    latitude_deg: float | None
    longitude_deg: float | None


def _object_of(assessed: ObjectAssessment) -> _Object:
    launch = assessed.launch
    return {
        "missile_class": _most_probable(CLASSES, assessed.classes),
        "object_kind": _most_probable(KINDS, assessed.kinds),
        "latitude_deg": None if launch is None else launch.latitude_deg,
        "longitude_deg": None if launch is None else launch.longitude_deg,
    }


def _most_probable(names: Sequence[str], probabilities: Sequence[float]) -> str:
    return max(zip(names, probabilities, strict=True), key=lambda pair: pair[1])[0]


def _probabilities(values: Sequence[float]) -> tuple[float, ...]:
    """Return probabilities to a thousandth: a finer change is no news, and would be sent anew every second."""
    return tuple(round(min(max(value, 0.0), 1.0), 3) for value in values)
