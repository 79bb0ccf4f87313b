"""Rings on the ground: split at the antimeridian, counter-clockwise, closed; and their area.

A ring is a sequence of (longitude, latitude) in degrees. Areas are of the authalic sphere, exact for edges that are
straight in (longitude, sine of authalic latitude); for rings of some tens of vertices that is a part in a thousand.
"""

import math
from collections.abc import Sequence

import numpy as np
import shapely

from beaconfire.kernel.records import Array

Ring = tuple[tuple[float, float], ...]

_AUTHALIC_RADIUS_KM = 6371.0071809  # of WGS 84
_FLATTENING = 1.0 / 298.257223563
_E2 = _FLATTENING * (2.0 - _FLATTENING)
_E = math.sqrt(_E2)
_AT_POLE = 1.0 - (1.0 - _E2) / (2.0 * _E) * math.log((1.0 - _E) / (1.0 + _E))
_POLE_DEG = 89.9999  # a ring round a pole is closed along this parallel
_DECIMALS = 6  # a tenth of a metre


def rings_of(points_deg: Sequence[tuple[float, float]]) -> tuple[Ring, ...]:
    """Return one outline as closed counter-clockwise rings within ±180 degrees, cut at the antimeridian.

    Consecutive points must be less than 180 degrees of longitude apart. An outline that goes round a pole is closed
    over it. An outline without area gives no ring.
    """
    outline = _unwrapped(points_deg)
    if len(outline) < 3:
        return ()
    low, high = min(x for x, _ in outline), max(x for x, _ in outline)
    if low >= -180.0 and high <= 180.0:
        return (_closed(outline, shift_deg=0.0),)
    whole = shapely.make_valid(shapely.Polygon(outline))
    rings: list[Ring] = []
    for turn in range(math.floor((low + 180.0) / 360.0), math.floor((high + 180.0) / 360.0) + 1):
        window = shapely.box(360.0 * turn - 180.0, -90.0, 360.0 * turn + 180.0, 90.0)
        for part in shapely.get_parts(whole.intersection(window)):
            if isinstance(part, shapely.Polygon) and part.area > 0.0:
                points = shapely.get_coordinates(part.exterior).tolist()
                rings.append(_closed([(x, y) for x, y in points[:-1]], shift_deg=-360.0 * turn))
    return tuple(rings)


def area_km2(rings: Sequence[Ring]) -> float:
    """Return the area of counter-clockwise rings that do not overlap, in square kilometres."""
    total = 0.0
    for ring in rings:
        x, y = np.radians(np.array(ring)).T
        height = _sine_authalic(np.sin(y))
        total -= float((np.diff(x) * 0.5 * (height[1:] + height[:-1])).sum())
    return total * _AUTHALIC_RADIUS_KM**2


def _unwrapped(points_deg: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points with continuous longitudes; closed over the pole if they go once round."""
    out: list[tuple[float, float]] = []
    for x, y in points_deg:
        if out:
            x = out[-1][0] + (x - out[-1][0] + 180.0) % 360.0 - 180.0
        out.append((x, y))
    if not out:
        return out
    back = out[-1][0] + (out[0][0] - out[-1][0] + 180.0) % 360.0 - 180.0
    if abs(back - out[0][0]) > 180.0:
        pole = math.copysign(_POLE_DEG, sum(y for _, y in out))
        out += [(back, out[0][1]), (back, pole), (out[0][0], pole)]
    return out


def _closed(outline: Sequence[tuple[float, float]], *, shift_deg: float) -> Ring:
    """An open outline as a counter-clockwise ring that ends where it begins."""
    points = [(round(x + shift_deg, _DECIMALS), round(y, _DECIMALS)) for x, y in outline]
    twice = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True))
    if twice < 0.0:
        points.reverse()
    return (*points, points[0])


def _sine_authalic(sine: Array) -> Array:
    """Sine of the authalic latitude (Snyder 1987, equations 3-11 and 3-12) of sines of geodetic latitudes."""
    part = sine / (1.0 - _E2 * sine * sine) - np.log((1.0 - _E * sine) / (1.0 + _E * sine)) / (2.0 * _E)
    return np.asarray((1.0 - _E2) * part / _AT_POLE)
