"""Track updates and event revisions as the lines of result files and pages (INTERFACES part 5), field for field.

Plain values in degrees, metres and ISO times, ready for JSON. Rounding is far below what anybody can know: covariances
keep nine digits so that they stay positive definite, places a decimetre.
"""

from collections.abc import Sequence
from typing import Any

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import (
    CLASSES,
    KINDS,
    PHASES,
    Ellipse,
    EventRevision,
    ImpactEstimate,
    LaunchEstimate,
    ObjectAssessment,
    TrackUpdate,
)
from beaconfire.kernel.time import format_utc

Line = dict[str, Any]
_DEGREE_DIGITS = 6
_NOTHING = ObjectAssessment(
    object_id="", track_ids=(), time_ns=0, lost=False, kinds=(*(0.0,) * (len(KINDS) - 1), 1.0),
    classes=(*(0.0,) * (len(CLASSES) - 1), 1.0), phases=(*(0.0,) * (len(PHASES) - 1), 1.0), launch=None, impact=None,
    impact_reason="unknown", burnout_time_ns=None, apogee_m=None, ground_range_m=None,
)  # fmt: skip


def track_line(update: TrackUpdate, *, phases: Sequence[float], realm: Realm) -> Line:
    """Return the line of `tracks.jsonl` of one update; `phases` follows `PHASES`."""
    position_velocity = [[float(f"{value:.9g}") for value in row] for row in update.covariance[:6, :6].tolist()]
    mean = update.mean.tolist()
    return {
        "track_id": update.track_id,
        "time_utc": format_utc(update.time_ns, decimals=6),
        "position_ecef_m": [round(value, 3) for value in mean[:3]],
        "velocity_ecef_m_s": [round(value, 5) for value in mean[3:6]],
        "covariance": [value for row in position_velocity for value in row],
        "phase": _named(PHASES, phases),
        "status": str(update.status),
        "sensors": list(update.sensors),
        "nations": list(update.nations),
        "picture": update.picture,
        "replaces": update.replaces,
        "realm": str(realm),
    }


def event_line(revision: EventRevision, *, realm: Realm) -> Line:
    """Return the line of `events.jsonl` of one revision; launch, impact and the rest are the first object's."""
    first = object_line(revision.objects[0] if revision.objects else _NOTHING)
    tracks = dict.fromkeys(name for item in revision.objects for name in item.track_ids)
    return {
        "event_id": revision.event_id,
        "aliases": list(revision.aliases),
        "revision": revision.revision,
        "issued_utc": format_utc(revision.issued_ns),
        "status": str(revision.status),
        "count_at_least": revision.count_at_least,
        "count_probability": _probability(revision.count_probability),
        **{key: value for key, value in first.items() if key not in ("object_id", "tracks", "lost", "time_utc")},
        "objects": [object_line(item) for item in revision.objects],
        "contributors": list(revision.contributors),
        "tracks": list(tracks),
        "picture": revision.picture,
        "realm": str(realm),
    }


def object_line(item: ObjectAssessment) -> Line:
    """Return one object of an event as plain values."""
    return {
        "object_id": item.object_id,
        "time_utc": format_utc(item.time_ns) if item.time_ns else None,
        "lost": item.lost,
        "class": _named(CLASSES, item.classes),
        "kind": _named(KINDS, item.kinds),
        "phase": _named(PHASES, item.phases),
        "launch": None if item.launch is None else _launch(item.launch),
        "impact": None if item.impact is None else _impact(item.impact),
        "impact_reason": item.impact_reason,
        "ground_range_m": _rounded(item.ground_range_m, 1),
        "apogee_m": _rounded(item.apogee_m, 1),
        "burnout_time_utc": None if item.burnout_time_ns is None else format_utc(item.burnout_time_ns),
        "tracks": list(item.track_ids),
    }


def _launch(launch: LaunchEstimate) -> Line:
    return {
        "time_utc": format_utc(launch.time_ns),
        "time_sigma_s": round(launch.time_sigma_s, 3),
        "latitude_deg": round(launch.latitude_deg, _DEGREE_DIGITS),
        "longitude_deg": round(launch.longitude_deg, _DEGREE_DIGITS),
        "ellipse_95": _ellipse(launch.ellipse_95),
    }


def _impact(impact: ImpactEstimate) -> Line:
    rings = [[list(point) for point in ring] for ring in impact.footprint_95]
    polygon: Line = {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
    if len(rings) == 1:
        polygon = {"type": "Polygon", "coordinates": rings}
    return {
        "time_utc": None if impact.time_ns is None else format_utc(impact.time_ns),
        "time_sigma_s": _rounded(impact.time_sigma_s, 3),
        "latitude_deg": _rounded(impact.latitude_deg, _DEGREE_DIGITS),
        "longitude_deg": _rounded(impact.longitude_deg, _DEGREE_DIGITS),
        "ellipse_95": None if impact.ellipse_95 is None else _ellipse(impact.ellipse_95),
        "footprint_95": polygon,
        "footprint_km2": round(impact.footprint_km2, 3),
    }


def _ellipse(ellipse: Ellipse) -> Line:
    return {
        "semi_major_m": round(ellipse.semi_major_m, 1),
        "semi_minor_m": round(ellipse.semi_minor_m, 1),
        "azimuth_deg": round(ellipse.azimuth_deg % 180.0, 3),
    }


def _named(names: Sequence[str], probabilities: Sequence[float]) -> dict[str, float]:
    return {name: _probability(value) for name, value in zip(names, probabilities, strict=True)}


def _probability(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 6)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
