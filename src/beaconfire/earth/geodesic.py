"""Distances over the ellipsoid (Karney 2013), exact everywhere; a tenth of a millisecond each: not for step loops."""

import math

from geographiclib.geodesic import Geodesic


def geodesic_inverse(
    *, latitude1_rad: float, longitude1_rad: float, latitude2_rad: float, longitude2_rad: float
) -> tuple[float, float]:
    """Return `(distance_m, azimuth_rad)` from point 1 to point 2; azimuth at point 1, from north, in [0, 2 pi)."""
    answer = Geodesic.WGS84.Inverse(
        math.degrees(latitude1_rad),
        math.degrees(longitude1_rad),
        math.degrees(latitude2_rad),
        math.degrees(longitude2_rad),
        Geodesic.DISTANCE | Geodesic.AZIMUTH,
    )
    return float(answer["s12"]), math.radians(answer["azi1"]) % (2.0 * math.pi)


def geodesic_direct(
    *, latitude_rad: float, longitude_rad: float, azimuth_rad: float, distance_m: float
) -> tuple[float, float]:
    """Return `(latitude_rad, longitude_rad)` of the point a distance away along an azimuth; longitude in [-pi, pi]."""
    answer = Geodesic.WGS84.Direct(
        math.degrees(latitude_rad),
        math.degrees(longitude_rad),
        math.degrees(azimuth_rad),
        distance_m,
        Geodesic.LATITUDE | Geodesic.LONGITUDE,
    )
    return math.radians(answer["lat2"]), math.radians(answer["lon2"])
