"""Rings for the page: ellipses as outlines in degrees, about as many points as a screen shows.

A plane around the centre is exact enough to be drawn (a 300 km ellipse is off by a few hundred metres at its tip);
estimates and footprints never come from here.
"""

import math

import numpy as np

from beaconfire.earth import ecef_to_geodetic, enu_axes
from beaconfire.kernel.records import Ellipse, TrackUpdate

Ring = list[list[float]]
ESTIMATE_POINTS = 48
TRACK_POINTS = 32
_CHI2_95 = 5.991  # two dimensions
_METRES_PER_DEG = 111_195.0  # of a great circle on a sphere of 6,371 km
_WIDEST_M = 1_500e3  # a wider ellipse would fold over itself on the globe: it says nothing and is not drawn


def ellipse_ring(ellipse: Ellipse, *, latitude_deg: float, longitude_deg: float) -> Ring | None:
    """Return an estimate's 95 % ellipse as a closed counter-clockwise ring of [longitude, latitude], or None."""
    east, north = math.sin(math.radians(ellipse.azimuth_deg)), math.cos(math.radians(ellipse.azimuth_deg))
    major, minor = ellipse.semi_major_m, ellipse.semi_minor_m
    columns = ((major * east, -minor * north), (major * north, minor * east))
    return _ring(columns, latitude_deg, longitude_deg, ESTIMATE_POINTS)


def track_ellipse(update: TrackUpdate) -> Ring | None:
    """Return the horizontal 95 % ellipse of a track's position, or None where it would not fit the globe."""
    latitude_rad, longitude_rad, _ = ecef_to_geodetic(update.mean[0], update.mean[1], update.mean[2])
    level = enu_axes(latitude_rad, longitude_rad)[:2]
    covariance = level @ update.covariance[:3, :3] @ level.T * _CHI2_95
    values, vectors = np.linalg.eigh(covariance)
    (ea, eb), (na, nb) = (vectors * np.sqrt(np.maximum(values, 0.0))).tolist()
    columns = ((eb, ea), (nb, na))
    return _ring(columns, math.degrees(latitude_rad), math.degrees(longitude_rad), TRACK_POINTS)


def _ring(
    columns: tuple[tuple[float, float], tuple[float, float]], latitude_deg: float, longitude_deg: float, points: int
) -> Ring | None:
    """Map the unit circle by two columns of metres (east row, north row) around a place."""
    (ea, eb), (na, nb) = columns
    if not max(math.hypot(ea, na), math.hypot(eb, nb)) < _WIDEST_M:
        return None
    turn = 1.0 if ea * nb - eb * na > 0.0 else -1.0  # counter-clockwise whichever way the axes lie
    shrink = max(math.cos(math.radians(latitude_deg)), 0.05)
    ring = []
    for index in range(points):
        angle = turn * 2.0 * math.pi * index / points
        c, s = math.cos(angle), math.sin(angle)
        north_deg = latitude_deg + (na * c + nb * s) / _METRES_PER_DEG
        east_deg = longitude_deg + (ea * c + eb * s) / (_METRES_PER_DEG * shrink)
        ring.append([round((east_deg + 180.0) % 360.0 - 180.0, 5), round(max(-89.9, min(89.9, north_deg)), 5)])
    return [*ring, ring[0]]
