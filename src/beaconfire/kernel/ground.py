"""Rings on the ground: split at the antimeridian, counter-clockwise, closed; and their area.

A ring is a sequence of (longitude, latitude) in degrees. Areas are of the authalic sphere, exact for edges that are
straight in (longitude, sine of authalic latitude); for rings of some tens of vertices that is a part in a thousand.
"""

import math
from collections.abc import Sequence

import shapely

Ring = tuple[tuple[float, float], ...]

_AUTHALIC_RADIUS_KM = 6371.0071809  # of WGS 84
_FLATTENING = 1.0 / 298.257223563
_E2 = _FLATTENING * (2.0 - _FLATTENING)
_E = math.sqrt(_E2)
_POLE_DEG = 89.9999  # a ring round a pole is closed along this parallel
_DECIMALS = 6  # a tenth of a metre


def rings_of(points_deg: Sequence[tuple[float, float]]) -> tuple[Ring, ...]:
    """Return one outline as closed counter-clockwise rings within ±180 degrees, cut at the antimeridian.

    Consecutive points must be less than 180 degrees of longitude apart. An outline that goes round a pole is closed
    over it. An outline without area gives no ring.
    """
    outline = _unwrapped(points_deg)
    whole = shapely.make_valid(shapely.Polygon(outline)) if len(outline) >= 3 else shapely.Polygon()
    rings: list[Ring] = []
    low, high = (min(x for x, _ in outline), max(x for x, _ in outline)) if outline else (0.0, 0.0)
    for turn in range(math.floor((low + 180.0) / 360.0), math.floor((high + 180.0) / 360.0) + 1):
        window = shapely.box(360.0 * turn - 180.0, -90.0, 360.0 * turn + 180.0, 90.0)
        for part in _polygons(whole.intersection(window)):
            rings.append(_ring(part, shift_deg=-360.0 * turn))
    return tuple(rings)


def area_km2(rings: Sequence[Ring]) -> float:
    """Return the area of counter-clockwise rings that do not overlap, in square kilometres."""
    total = 0.0
    for ring in rings:
        for (x1, y1), (x2, y2) in zip(ring, ring[1:], strict=False):
            total -= math.radians(x2 - x1) * 0.5 * (_sine_authalic(y1) + _sine_authalic(y2))
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


def _polygons(shape: shapely.Geometry) -> list[shapely.Polygon]:
    parts = shapely.get_parts(shape)
    return [part for part in parts if isinstance(part, shapely.Polygon) and part.area > 0.0]


def _ring(polygon: shapely.Polygon, *, shift_deg: float) -> Ring:
    points = shapely.get_coordinates(polygon.exterior).tolist()
    if not polygon.exterior.is_ccw:
        points.reverse()
    return tuple((round(x + shift_deg, _DECIMALS), round(y, _DECIMALS)) for x, y in points)


def _sine_authalic(latitude_deg: float) -> float:
    sine = math.sin(math.radians(latitude_deg))
    return _q(sine) / _q(1.0)


def _q(sine: float) -> float:
    """Snyder 1987, equation 3-12."""
    return (1.0 - _E2) * (
        sine / (1.0 - _E2 * sine * sine) - math.log((1.0 - _E * sine) / (1.0 + _E * sine)) / (2.0 * _E)
    )
