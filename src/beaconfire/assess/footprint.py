"""Footprints: outlines on the ground that hold 95 % of where it may fall.

An ellipse for what is nearly Gaussian; for a mixture over the remaining burn, the union of hulls of neighbouring
95 % discs (a corridor); for a glider, what its energy lets it reach.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely

from beaconfire.assess.ellipse import CHI2_95_2
from beaconfire.assess.plane import Plane
from beaconfire.earth import MEAN_RADIUS_M
from beaconfire.kernel.ground import Ring, rings_of

_CORNERS = 40  # of an ellipse; its polygon is widened so that it holds the ellipse's area
_DISC_CORNERS = 16
_MOST_STRETCH = 4.0  # of the map, 17,000 km away
_REACH_CORNERS, MOST_TURN_RAD = 60, math.radians(75.0)  # a turn costs energy; further back it only falls
_MAX_CORNERS = 64  # of one outline, which a partner's message also bounds
_SIMPLER_M = 500.0
_ANGLES = 2.0 * math.pi * np.arange(_CORNERS) / _CORNERS
_CIRCLE = np.stack((np.cos(_ANGLES), np.sin(_ANGLES)))
_WIDEN = math.sqrt(2.0 * math.pi / _CORNERS / math.sin(2.0 * math.pi / _CORNERS))


def ellipse_rings(plane: Plane, *, east_m2: float, east_north_m2: float, north_m2: float) -> tuple[Ring, ...]:
    """The 95 % ellipse of a covariance around the plane's centre, as rings."""
    scale = _WIDEN * math.sqrt(CHI2_95_2)
    l11 = math.sqrt(max(east_m2, 1e-6))
    l21 = east_north_m2 / l11
    l22 = math.sqrt(max(north_m2 - l21 * l21, 1e-6))
    points = scale * np.stack((l11 * _CIRCLE[0], l21 * _CIRCLE[0] + l22 * _CIRCLE[1]), axis=1)
    return rings_of(plane.outline_deg(points))


def corridor_rings(plane: Plane, discs: Sequence[tuple[float, float, float]]) -> tuple[Ring, ...]:
    """The union of the hulls of neighbouring discs (east m, north m, radius m), given in order along the corridor."""
    shapes = [_disc(*disc) for disc in discs]
    hulls = [shapely.MultiPolygon([a, b]).convex_hull for a, b in pairwise(shapes)] or shapes
    return outline_rings(plane, shapely.union_all(hulls))


def reachable_rings(plane: Plane, *, heading_rad: float, reach_m: float, width_m: float) -> tuple[Ring, ...]:
    """What a glider over the plane's centre may reach: ahead to `reach_m`, turning either way, and all around it.

    `width_m` is the radius around the centre in which it can fall at once. The outline is one curve around the centre.
    """
    points = []
    for k in range(_REACH_CORNERS):
        turn = 2.0 * math.pi * k / _REACH_CORNERS - math.pi
        radius = width_m + (reach_m * math.sqrt(math.cos(turn)) if abs(turn) < MOST_TURN_RAD else 0.0)
        points.append((radius * math.sin(heading_rad + turn), radius * math.cos(heading_rad + turn)))
    return rings_of(plane.outline_deg(points))


def outline_rings(plane: Plane, shape: shapely.Geometry) -> tuple[Ring, ...]:
    """The outer outlines of a shape of the plane, thinned to what a message may hold."""
    rings: list[Ring] = []
    tolerance_m = _SIMPLER_M
    for part in shapely.get_parts(shape):
        while shapely.get_num_coordinates(part.exterior) > _MAX_CORNERS:
            part = part.simplify(tolerance_m).buffer(tolerance_m, quad_segs=1).simplify(tolerance_m)
            tolerance_m *= 2.0
        rings.extend(rings_of(plane.outline_deg(shapely.get_coordinates(part.exterior)[:-1].tolist())))
    return tuple(rings)


def _disc(east_m: float, north_m: float, radius_m: float) -> shapely.Polygon:
    """A disc of the ground: far from its centre the map is stretched across the direction to it."""
    away_m = math.hypot(east_m, north_m)
    angle = away_m / MEAN_RADIUS_M
    stretch = min(angle / max(math.sin(angle), 1e-3), _MOST_STRETCH) if away_m > radius_m else 1.0
    ux, uy = (east_m / away_m, north_m / away_m) if away_m > 0.0 else (1.0, 0.0)
    points = []
    for k in range(_DISC_CORNERS):
        along = radius_m * math.cos(2.0 * math.pi * k / _DISC_CORNERS)
        across = stretch * radius_m * math.sin(2.0 * math.pi * k / _DISC_CORNERS)
        points.append((east_m + along * ux - across * uy, north_m + along * uy + across * ux))
    return shapely.Polygon(points)
