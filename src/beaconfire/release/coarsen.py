"""Places and times made coarse so that nothing told afterwards makes them fine again.

A point is moved by a vector drawn uniformly from a disc, fixed by the event and the radius under the node's secret: no
number of revisions averages it away, and partners of one radius, told one point, learn nothing from each other. Or it
is rounded to the centre of a cell of a grid that lies otherwise for every object. A rounded value is kept until the
estimate lies a whole mesh away, the next one until it lies two away, then three: an estimate that wavers on an edge
would else give the edge away, and the share of time on either side the place between.

The covariance grows by the disc's own second moment, R²/4 on each axis, whose 95 % ellipse holds the whole disc, and by
`CELL_SHARE` of the reach squared, as far as a kept value may lie from the estimate on each axis; its ellipse holds it.
Footprints grow by as much as they may have moved.
"""

import math
from typing import TypeVar

import numpy as np

from beaconfire.kernel import limits
from beaconfire.kernel.keyed import uniform_pair

CELL_SHARE = 0.335  # √(5.991 · 0.335) > √2: the ellipse holds the corners, one reach away on both axes
_METRES_PER_DEGREE = 111_195.0  # of a great circle of the mean radius; an offset needs no more
_LEAST_COSINE = 0.01  # within 64 km of a pole a cell is as long as there

Point = tuple[float, float]  # latitude_deg, longitude_deg
Ring = tuple[tuple[float, float], ...]  # of longitude_deg, latitude_deg
Key = TypeVar("Key")
Value = TypeVar("Value")


class Coarsener:
    """Moves and rounds under one node's secret, and remembers which cells it told."""

    def __init__(self, secret: bytes) -> None:
        """Start with nothing told."""
        self._secret = secret
        self._points: dict[tuple[str, float], tuple[Point, int]] = {}
        self._times: dict[tuple[str, float], tuple[int, int]] = {}

    def moved(self, point: Point, *, event_id: str, radius_m: float) -> Point:
        """Return a point moved by the vector of this event and radius."""
        first, second = uniform_pair(self._secret, "coarsen", event_id, f"{radius_m:g}")
        distance_m, angle_rad = radius_m * math.sqrt(first), math.tau * second
        return displace(
            point[0], longitude_deg=point[1], east_m=distance_m * math.sin(angle_rad),
            north_m=distance_m * math.cos(angle_rad),
        )  # fmt: skip

    def rounded(self, point: Point, *, subject: str, mesh_m: float) -> tuple[Point, float]:
        """Return the centre of the cell that a point is told to lie in, and its reach in metres.

        `subject` names the object and what of it.
        """
        told, meshes = self._points.get((subject, mesh_m), (None, 0))
        if told is None or not _within(told, point, meshes * mesh_m):
            told = _centre(point, uniform_pair(self._secret, "round", subject, f"{mesh_m:g}"), mesh_m)
            meshes += 1
            _keep(self._points, (subject, mesh_m), (told, meshes))
        return told, meshes * mesh_m

    def rounded_ns(self, time_ns: int, *, subject: str, step_s: float) -> tuple[int, float]:
        """Return a time rounded in the same way, and its reach in seconds."""
        told, steps = self._times.get((subject, step_s), (0, 0))
        step_ns = max(round(step_s * 1e9), 1)
        if steps == 0 or abs(time_ns - told) > steps * step_ns:
            phase_ns = int(uniform_pair(self._secret, "round time", subject, f"{step_s:g}")[0] * step_ns)
            told = (time_ns + phase_ns) // step_ns * step_ns - phase_ns + step_ns // 2
            steps += 1
            _keep(self._times, (subject, step_s), (told, steps))
        return told, steps * step_s


def displace(latitude_deg: float, *, longitude_deg: float, east_m: float, north_m: float) -> Point:
    """Return `(latitude_deg, longitude_deg)` moved along a great circle on the sphere of the mean radius."""
    distance_deg = math.hypot(east_m, north_m) / _METRES_PER_DEGREE
    bearing_rad, arc_rad, phi_rad = math.atan2(east_m, north_m), math.radians(distance_deg), math.radians(latitude_deg)
    sine = math.sin(phi_rad) * math.cos(arc_rad) + math.cos(phi_rad) * math.sin(arc_rad) * math.cos(bearing_rad)
    turn_rad = math.atan2(
        math.sin(bearing_rad) * math.sin(arc_rad) * math.cos(phi_rad),
        math.cos(arc_rad) - math.sin(phi_rad) * sine,
    )
    return math.degrees(math.asin(max(-1.0, min(1.0, sine)))), _wrapped(longitude_deg + math.degrees(turn_rad))


def centre_of(ring: Ring) -> Point:
    """Return the middle of a ring's corners."""
    longitude_deg, latitude_deg = np.array(ring).mean(axis=0).tolist()
    return latitude_deg, longitude_deg


def shifted(ring: Ring, *, by: Point, grown_m: float) -> Ring:
    """Return a ring moved by `by` (degrees of latitude and longitude), each corner pushed outward by `grown_m`.

    What would cross the antimeridian or a pole ends there, as rings are split there.
    """
    corners = np.array(ring)
    middle = corners.mean(axis=0)
    scale = np.array([_METRES_PER_DEGREE * _cosine(float(middle[1])), _METRES_PER_DEGREE])
    outward_m = (corners - middle) * scale
    lengths_m = np.maximum(np.hypot(outward_m[:, 0], outward_m[:, 1]), 1.0)
    moved = middle + outward_m * (1.0 + grown_m / lengths_m)[:, None] / scale + np.array([by[1], by[0]])
    return tuple((x, y) for x, y in np.clip(moved, [-180.0, -90.0], [180.0, 90.0]).tolist())


def _centre(point: Point, phases: tuple[float, float], mesh_m: float) -> Point:
    step_deg = mesh_m / _METRES_PER_DEGREE
    latitude_deg = (math.floor(point[0] / step_deg + phases[0]) + 0.5 - phases[0]) * step_deg
    latitude_deg = max(-90.0, min(90.0, latitude_deg))
    step_deg /= _cosine(latitude_deg)
    return latitude_deg, _wrapped((math.floor(point[1] / step_deg + phases[1]) + 0.5 - phases[1]) * step_deg)


def _within(told: Point, point: Point, reach_m: float) -> bool:
    north_m = (point[0] - told[0]) * _METRES_PER_DEGREE
    east_m = _wrapped(point[1] - told[1]) * _METRES_PER_DEGREE * _cosine(told[0])
    return abs(north_m) <= reach_m and abs(east_m) <= reach_m


def _cosine(latitude_deg: float) -> float:
    return max(math.cos(math.radians(latitude_deg)), _LEAST_COSINE)


def _wrapped(longitude_deg: float) -> float:
    return (longitude_deg + 180.0) % 360.0 - 180.0


def _keep(table: dict[Key, Value], key: Key, value: Value) -> None:
    table.pop(key, None)
    table[key] = value
    if len(table) > limits.MAX_RELEASE_SUBJECTS:
        del table[next(iter(table))]
