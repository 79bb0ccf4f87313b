"""A map around a point: azimuthal equidistant, east and north in metres, on a sphere that keeps geodetic latitudes.

There and back is exact to rounding; distances from the centre are true to 0.3 %.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beaconfire.earth import MEAN_RADIUS_M
from beaconfire.kernel.records import Array


@dataclass(frozen=True, slots=True)
class Plane:
    """The map around a geodetic centre."""

    latitude_rad: float
    longitude_rad: float

    def place(self, *, latitude_rad: float, longitude_rad: float) -> tuple[float, float]:
        """East and north (m) of a point."""
        d = longitude_rad - self.longitude_rad
        s1, c1 = math.sin(self.latitude_rad), math.cos(self.latitude_rad)
        s2, c2 = math.sin(latitude_rad), math.cos(latitude_rad)
        x, y, z = c2 * math.sin(d), c1 * s2 - s1 * c2 * math.cos(d), s1 * s2 + c1 * c2 * math.cos(d)
        across = math.hypot(x, y)
        scale = MEAN_RADIUS_M * math.atan2(across, z) / across if across > 0.0 else 0.0
        return x * scale, y * scale

    def back(self, *, east_m: float, north_m: float) -> tuple[float, float]:
        """Latitude and longitude (rad) of a map point; longitude within π of the centre's."""
        distance = math.hypot(east_m, north_m)
        if distance == 0.0:
            return self.latitude_rad, self.longitude_rad
        angle = distance / MEAN_RADIUS_M
        s1, c1 = math.sin(self.latitude_rad), math.cos(self.latitude_rad)
        sine = math.cos(angle) * s1 + north_m / distance * math.sin(angle) * c1
        latitude = math.asin(min(max(sine, -1.0), 1.0))
        d = math.atan2(
            east_m / distance * math.sin(angle), c1 * math.cos(angle) - north_m / distance * s1 * math.sin(angle)
        )
        return latitude, self.longitude_rad + d

    def backs(self, *, east_m: Array, north_m: Array) -> tuple[Array, Array]:
        """Latitudes and longitudes (rad) of map points of any shape, as `back` gives them one by one."""
        distance = np.maximum(np.hypot(east_m, north_m), 1e-9)
        sine_a, cosine_a = np.sin(distance / MEAN_RADIUS_M), np.cos(distance / MEAN_RADIUS_M)
        s1, c1 = math.sin(self.latitude_rad), math.cos(self.latitude_rad)
        latitude = np.arcsin(np.clip(cosine_a * s1 + north_m / distance * sine_a * c1, -1.0, 1.0))
        d = np.arctan2(east_m / distance * sine_a, c1 * cosine_a - north_m / distance * s1 * sine_a)
        return latitude, self.longitude_rad + d

    def outline_deg(self, points_m: Sequence[tuple[float, float]] | Array) -> list[tuple[float, float]]:
        """Longitudes and latitudes in degrees of map points."""
        east, north = np.array(points_m).T
        latitude, longitude = self.backs(east_m=east, north_m=north)
        rows = np.degrees(np.stack((longitude, latitude), axis=1))
        return [(x, y) for x, y in rows.tolist()]
