"""What the judge can say of one estimate against the truth: distances, and whether the truth lies inside.

Truth is a scenario's launches alone; which object of an event is which launch is decided by launch time and place,
nearest first. Nothing here reads or writes a file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import shapely
from geographiclib.geodesic import Geodesic

from beaconfire.kernel.ground import area_km2
from beaconfire.kernel.time import from_seconds, parse_utc, seconds_between
from beaconfire.rehearse.lines import EllipseLine, EventLine, ImpactLine, ObjectLine, Point
from beaconfire.rehearse.simulation import Simulation

_PLACE_SCALE_M = 25e3  # a launch this far off is as unlike as one _TIME_SCALE_S off: both bounds of the spine issue
_TIME_SCALE_S = 10.0
_NEVER = 50.0  # so many scales away it is another launch


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the ground at a time (TAI nanoseconds)."""

    time_ns: int
    latitude_deg: float
    longitude_deg: float


class Axes(Protocol):
    """An ellipse on the ground, as a file or the engine says it."""

    @property
    def semi_major_m(self) -> float:
        """Half its length."""
        ...

    @property
    def semi_minor_m(self) -> float:
        """Half its width."""
        ...

    @property
    def azimuth_deg(self) -> float:
        """Of the length, from true north."""
        ...


@dataclass(frozen=True, slots=True)
class TrueLaunch:
    """One launch as it was; `impact` is None where the truth ends in the air, `end_ns` is the last of it anyway."""

    object_id: str
    launch: Place
    impact: Place | None
    burnout_ns: int | None
    end_ns: int


def true_launches(simulation: Simulation) -> tuple[TrueLaunch, ...]:
    """Return the launches of a simulation, in order of time."""
    start_ns = simulation.scenario.start_ns

    def at(time_s: float) -> int:
        return start_ns + from_seconds(time_s)

    found = []
    for item in simulation.truth:
        if item.facts is None:
            continue
        launch, impact, burnouts = item.facts.launch, item.facts.impact, item.facts.burnouts
        found.append(
            TrueLaunch(
                object_id=item.object_id,
                launch=Place(at(launch.time_s), launch.latitude_deg, launch.longitude_deg),
                impact=None if impact is None else Place(at(impact.time_s), impact.latitude_deg, impact.longitude_deg),
                burnout_ns=at(burnouts[-1].time_s) if burnouts else None,
                end_ns=at(item.end_s),
            )
        )
    return tuple(sorted(found, key=lambda row: row.launch.time_ns))


def match(objects: Sequence[ObjectLine], truths: Sequence[TrueLaunch]) -> list[TrueLaunch | None]:
    """Return, for each object, the launch that it is, or None; no launch is given twice."""
    pairs = sorted(
        (unlike, i, j)
        for i, item in enumerate(objects)
        for j, truth in enumerate(truths)
        if (unlike := _unlikeness(item, truth)) < _NEVER
    )
    of_object: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in of_object and j not in of_object.values():
            of_object[i] = j
    return [truths[of_object[i]] if i in of_object else None for i in range(len(objects))]


def distance_m(estimate: tuple[float, float], truth: Place) -> float:
    """Return the geodesic distance from a (latitude, longitude) in degrees to the truth."""
    return float(Geodesic.WGS84.Inverse(*estimate, truth.latitude_deg, truth.longitude_deg, Geodesic.DISTANCE)["s12"])


def inside_ellipse(centre: tuple[float, float], ellipse: EllipseLine, truth: Place) -> bool:
    """Say whether the truth lies in the ellipse round a (latitude, longitude) in degrees."""
    return ellipse_share(centre, ellipse, truth) <= 1.0


def ellipse_share(centre: tuple[float, float], ellipse: Axes, truth: Place) -> float:
    """Return by how much the ellipse round a (latitude, longitude) in degrees would have to grow to reach the truth."""
    answer = Geodesic.WGS84.Inverse(*centre, truth.latitude_deg, truth.longitude_deg)
    turn = math.radians(answer["azi1"] - ellipse.azimuth_deg)
    along, across = answer["s12"] * math.cos(turn), answer["s12"] * math.sin(turn)
    return math.hypot(along / ellipse.semi_major_m, across / ellipse.semi_minor_m)


def footprint(revision: EventLine) -> shapely.Geometry | None:
    """Return the area that may be hit, over all objects, in degrees of (longitude, latitude); None if none is given."""
    shapes = [_shape(item.impact) for item in revision.each_object]
    known = [shape for shape in shapes if shape is not None]
    return shapely.union_all(known) if known else None


def size_km2(area: shapely.Geometry) -> float:
    """Return the ground area of a shape in degrees of (longitude, latitude)."""
    total = 0.0
    for part in shapely.get_parts(area):
        if isinstance(part, shapely.Polygon) and not part.is_empty:
            whole = shapely.geometry.polygon.orient(part)
            total += area_km2([_ring(whole.exterior), *(_ring(hole) for hole in whole.interiors)])
    return total


def holds(area: shapely.Geometry, truth: Place) -> bool:
    """Say whether a shape holds the truth."""
    return bool(shapely.intersects(area, shapely.Point(truth.longitude_deg, truth.latitude_deg)))


def time_error_s(time_utc: str | None, truth_ns: int | None) -> float | None:
    """Return estimate minus truth in seconds, None where either is not known."""
    if time_utc is None or truth_ns is None:
        return None
    return seconds_between(parse_utc(time_utc), truth_ns)


def _unlikeness(item: ObjectLine, truth: TrueLaunch) -> float:
    if item.launch is None:
        return _NEVER
    apart_m = distance_m((item.launch.latitude_deg, item.launch.longitude_deg), truth.launch)
    apart_s = time_error_s(item.launch.time_utc, truth.launch.time_ns)
    assert apart_s is not None, "a launch line has a time"
    return math.hypot(apart_m / _PLACE_SCALE_M, apart_s / _TIME_SCALE_S)


def _shape(impact: ImpactLine | None) -> shapely.Geometry | None:
    if impact is None or impact.footprint_95 is None:
        return None
    return shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in impact.footprint_95.outlines])


def _ring(ring: shapely.LinearRing) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in shapely.get_coordinates(ring))
