"""Results as rows: track updates and event revisions in the exact names and units of INTERFACES part 5.

Rows are plain dictionaries of numbers, texts, lists and None, ready for JSON Lines; the writer adds nothing. Times
become ISO 8601 UTC, probabilities objects by name, footprints GeoJSON of counter-clockwise rings split at the
antimeridian.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from beaconfire.kernel.ground import rings_of
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

_PROBABILITY_DECIMALS = 6
_DEGREE_DECIMALS = 6  # a tenth of a metre
_METRE_DECIMALS = 1
_SECOND_DECIMALS = 2


def track_row(update: TrackUpdate, *, realm: Realm, phases: Sequence[float]) -> dict[str, Any]:
    """Return one line of `tracks.jsonl`; `phases` is the probability vector over `PHASES`."""
    return {
        "realm": str(realm),
        "picture": update.picture,
        "track_id": update.track_id,
        "time_utc": format_utc(update.time_ns, decimals=9),
        "position_ecef_m": _rounded(update.mean[:3].tolist(), 3),
        "velocity_ecef_m_s": _rounded(update.mean[3:6].tolist(), 4),
        "covariance": [float(f"{value:.6g}") for value in update.covariance[:6, :6].ravel().tolist()],
        "phase": _named(PHASES, phases),
        "status": str(update.status),
        "existence": round(float(update.existence), _PROBABILITY_DECIMALS),
        "sensors": list(update.sensors),
        "nations": list(update.nations),
    }


def event_row(revision: EventRevision, *, realm: Realm) -> dict[str, Any]:
    """Return one line of `events.jsonl`: `launch`, `impact` and the single figures are the first object's."""
    objects = [object_row(assessed) for assessed in revision.objects]
    first = objects[0] if objects else _EMPTY
    return {
        "realm": str(realm),
        "event_id": revision.event_id,
        "aliases": list(revision.aliases),
        "revision": revision.revision,
        "picture": revision.picture,
        "issued_utc": format_utc(revision.issued_ns),
        "status": str(revision.status),
        "count_at_least": revision.count_at_least,
        "count_probability": round(revision.count_probability, _PROBABILITY_DECIMALS),
        **{name: first[name] for name in _OF_FIRST},
        "contributors": list(revision.contributors),
        "tracks": [track_id for assessed in revision.objects for track_id in assessed.track_ids],
        "objects": objects,
    }


def object_row(assessed: ObjectAssessment) -> dict[str, Any]:
    """Return one object of an event, with the same names as the event's own."""
    return {
        "object_id": assessed.object_id,
        "tracks": list(assessed.track_ids),
        "time_utc": format_utc(assessed.time_ns),
        "lost": assessed.lost,
        "class": _named(CLASSES, assessed.classes),
        "kind": _named(KINDS, assessed.kinds),
        "phase": _named(PHASES, assessed.phases),
        "launch": None if assessed.launch is None else _launch(assessed.launch),
        "impact": None if assessed.impact is None else _impact(assessed.impact),
        "impact_reason": assessed.impact_reason,
        "ground_range_m": _metres(assessed.ground_range_m),
        "apogee_m": _metres(assessed.apogee_m),
        "burnout_time_utc": None if assessed.burnout_time_ns is None else format_utc(assessed.burnout_time_ns),
    }


def footprint_geometry(rings: Sequence[Sequence[tuple[float, float]]]) -> dict[str, Any]:
    """Return the GeoJSON geometry (RFC 7946) of outlines of (longitude, latitude) in degrees, a polygon each."""
    parts = [[[[x, y] for x, y in part]] for ring in rings for part in rings_of(_open(ring))]
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


_OF_FIRST = ("class", "kind", "launch", "impact", "impact_reason", "ground_range_m", "apogee_m", "burnout_time_utc")
_EMPTY: dict[str, Any] = {
    **dict.fromkeys(_OF_FIRST),
    "class": {name: float(name == "unknown") for name in CLASSES},
    "kind": {name: float(name == "unknown") for name in KINDS},
    "impact_reason": "unknown",
}


def _launch(launch: LaunchEstimate) -> dict[str, Any]:
    return {
        "time_utc": format_utc(launch.time_ns),
        "time_sigma_s": round(launch.time_sigma_s, _SECOND_DECIMALS),
        "latitude_deg": round(launch.latitude_deg, _DEGREE_DECIMALS),
        "longitude_deg": round(launch.longitude_deg, _DEGREE_DECIMALS),
        "ellipse_95": _ellipse(launch.ellipse_95),
    }


def _impact(impact: ImpactEstimate) -> dict[str, Any]:
    return {
        "time_utc": None if impact.time_ns is None else format_utc(impact.time_ns),
        "time_sigma_s": None if impact.time_sigma_s is None else round(impact.time_sigma_s, _SECOND_DECIMALS),
        "latitude_deg": None if impact.latitude_deg is None else round(impact.latitude_deg, _DEGREE_DECIMALS),
        "longitude_deg": None if impact.longitude_deg is None else round(impact.longitude_deg, _DEGREE_DECIMALS),
        "ellipse_95": None if impact.ellipse_95 is None else _ellipse(impact.ellipse_95),
        "footprint_95": footprint_geometry(impact.footprint_95),
        "footprint_km2": round(impact.footprint_km2, 3),
    }


def _ellipse(ellipse: Ellipse) -> dict[str, float]:
    return {
        "semi_major_m": round(ellipse.semi_major_m, _METRE_DECIMALS),
        "semi_minor_m": round(ellipse.semi_minor_m, _METRE_DECIMALS),
        "azimuth_deg": round(ellipse.azimuth_deg, 2),
    }


def _named(names: Sequence[str], probabilities: Sequence[float]) -> Mapping[str, float]:
    return {name: round(float(p), _PROBABILITY_DECIMALS) for name, p in zip(names, probabilities, strict=True)}


def _metres(value_m: float | None) -> float | None:
    return None if value_m is None or not math.isfinite(value_m) else round(value_m, _METRE_DECIMALS)


def _rounded(values: Sequence[float], decimals: int) -> list[float]:
    return [round(float(value), decimals) for value in values]


def _open(ring: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """An outline without its closing point."""
    return ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring
