"""Lines of sight: azimuth, elevation and range of a point from a site, back again, and whether the Earth is between.

Positions are ECEF arrays of length 3 in metres; `enu` holds the site's east, north and up axes as rows
(`wgs84.enu_axes`). Azimuth is clockwise from north in [0, 2 pi), elevation above the site's horizontal plane.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.wgs84 import SEMI_MAJOR_AXIS_M, SEMI_MINOR_AXIS_M, enu_axes
from beaconfire.kernel.jit import kernel, warmer

_STRETCH = SEMI_MAJOR_AXIS_M / SEMI_MINOR_AXIS_M


@kernel
def azimuth_elevation_range(
    site: NDArray[np.float64], enu: NDArray[np.float64], point: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return `(azimuth_rad, elevation_rad, range_m)`; azimuth is 0 straight above or below."""
    dx, dy, dz = point[0] - site[0], point[1] - site[1], point[2] - site[2]
    east = enu[0, 0] * dx + enu[0, 1] * dy + enu[0, 2] * dz
    north = enu[1, 0] * dx + enu[1, 1] * dy + enu[1, 2] * dz
    up = enu[2, 0] * dx + enu[2, 1] * dy + enu[2, 2] * dz
    level = math.sqrt(east * east + north * north)
    azimuth = math.atan2(east, north)
    if azimuth < 0.0:
        azimuth += 2.0 * math.pi
        if azimuth >= 2.0 * math.pi:  # a negative angle too small to be subtracted
            azimuth = 0.0
    return azimuth, math.atan2(up, level), math.sqrt(level * level + up * up)


@kernel
def point_at(
    site: NDArray[np.float64], enu: NDArray[np.float64], azimuth_rad: float, elevation_rad: float, range_m: float
) -> tuple[float, float, float]:
    """Return the ECEF position `(x_m, y_m, z_m)` seen from a site at an azimuth, elevation and range."""
    level = range_m * math.cos(elevation_rad)
    east, north, up = level * math.sin(azimuth_rad), level * math.cos(azimuth_rad), range_m * math.sin(elevation_rad)
    return (
        site[0] + enu[0, 0] * east + enu[1, 0] * north + enu[2, 0] * up,
        site[1] + enu[0, 1] * east + enu[1, 1] * north + enu[2, 1] * up,
        site[2] + enu[0, 2] * east + enu[1, 2] * north + enu[2, 2] * up,
    )


@kernel
def sight_is_clear(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Say whether the straight line between two points misses the ellipsoid.

    The ellipsoid is stretched into a sphere, where the nearest point of the line decides. If that is an end of the
    line, the sight is clear: neither end is believed to be under the ground, and sites lie a little below zero.
    """
    az, dz = a[2] * _STRETCH, (b[2] - a[2]) * _STRETCH
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = -(a[0] * dx + a[1] * dy + az * dz)
    length2 = dx * dx + dy * dy + dz * dz
    if along <= 0.0 or along >= length2:
        return True
    nearest2 = a[0] * a[0] + a[1] * a[1] + az * az - along * along / length2
    return bool(nearest2 > SEMI_MAJOR_AXIS_M * SEMI_MAJOR_AXIS_M)


@warmer
def _warm() -> None:
    site, point, enu = (
        np.array([SEMI_MAJOR_AXIS_M, 0.0, 0.0]),
        np.array([SEMI_MAJOR_AXIS_M, 1.0, 1.0]),
        enu_axes(0.0, 0.0),
    )
    azimuth_elevation_range(site, enu, point)
    point_at(site, enu, 0.0, 0.0, 1.0)
    sight_is_clear(site, point)
