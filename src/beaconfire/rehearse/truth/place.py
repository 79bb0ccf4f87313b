"""Places on the ellipsoid, for truth and simulated sensors: own closed forms, and GeographicLib for geodesics."""

from __future__ import annotations

import math

import numpy as np
from geographiclib.geodesic import Geodesic

from beaconfire.rehearse.truth.force import ECCENTRICITY_2, EQUATOR_M, Array, height_m


def place_ecef_m(latitude_deg: float, longitude_deg: float, altitude_m: float) -> Array:
    """ECEF position (3,) in m of geodetic coordinates."""
    latitude, longitude = math.radians(latitude_deg), math.radians(longitude_deg)
    normal = EQUATOR_M / math.sqrt(1.0 - ECCENTRICITY_2 * math.sin(latitude) ** 2)
    plane = (normal + altitude_m) * math.cos(latitude)
    axis = (normal * (1.0 - ECCENTRICITY_2) + altitude_m) * math.sin(latitude)
    return np.array([plane * math.cos(longitude), plane * math.sin(longitude), axis])


def east_north_up(latitude_deg: float, longitude_deg: float) -> tuple[Array, Array, Array]:
    """Unit vectors (3,) each, in ECEF, of the local horizontal frame on the ellipsoid's normal."""
    latitude, longitude = math.radians(latitude_deg), math.radians(longitude_deg)
    east = np.array([-math.sin(longitude), math.cos(longitude), 0.0])
    plane = math.cos(latitude)
    up = np.array([plane * math.cos(longitude), plane * math.sin(longitude), math.sin(latitude)])
    return east, np.cross(up, east), up


def geodetic(position_m: Array) -> tuple[float, float, float]:
    """Latitude and longitude in degrees and height in m of one ECEF position (3,)."""
    x, y, z = (float(value) for value in position_m)
    height = height_m(x, y, z)
    plane = math.hypot(x, y)
    latitude = math.atan2(z, plane * (1.0 - ECCENTRICITY_2))
    for _ in range(6):
        sine = math.sin(latitude)
        normal = EQUATOR_M / math.sqrt(1.0 - ECCENTRICITY_2 * sine * sine)
        latitude = math.atan2(z + ECCENTRICITY_2 * normal * sine, plane)
    return math.degrees(latitude), math.degrees(math.atan2(y, x)), height


def ground_range_m(from_deg: tuple[float, float], to_deg: tuple[float, float]) -> float:
    """Geodesic distance between two (latitude, longitude) pairs in degrees."""
    return float(Geodesic.WGS84.Inverse(*from_deg, *to_deg, Geodesic.DISTANCE)["s12"])
