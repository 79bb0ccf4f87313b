"""The ellipsoid: WGS 84 constants, and geodetic and Earth-centred coordinates turned into each other.

Earth-centred Earth-fixed (ECEF) positions are metres, angles radians, altitudes metres above the ellipsoid. Kernels
take and return scalars; the array functions take any shape. The trap avoided: the usual closed forms lose digits at
the poles and the equator; Halley's iteration on the reduced latitude (Fukushima 2006, J. Geodesy 79:689) does not.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beaconfire.kernel.jit import kernel, warmer

# NGA.STND.0036 (2014), the defining and derived constants of WGS 84.
SEMI_MAJOR_AXIS_M = 6378137.0
FLATTENING = 1.0 / 298.257223563
SEMI_MINOR_AXIS_M = SEMI_MAJOR_AXIS_M * (1.0 - FLATTENING)
ECCENTRICITY_SQUARED = FLATTENING * (2.0 - FLATTENING)
GRAVITATIONAL_PARAMETER_M3_S2 = 3.986004418e14
ROTATION_RATE_RAD_S = 7.292115e-5
MEAN_RADIUS_M = (2.0 * SEMI_MAJOR_AXIS_M + SEMI_MINOR_AXIS_M) / 3.0  # IUGG R1, for spherical formulas only

_A, _B, _E2 = SEMI_MAJOR_AXIS_M, SEMI_MINOR_AXIS_M, ECCENTRICITY_SQUARED
_EC = 1.0 - FLATTENING  # axis ratio b/a
_ON_AXIS_M = 1e-6  # nearer to the polar axis than a micrometre, latitude is 90 degrees to 1e-12 rad


@kernel
def geodetic_to_ecef(latitude_rad: float, longitude_rad: float, altitude_m: float) -> tuple[float, float, float]:
    """Return `(x_m, y_m, z_m)` of a geodetic point."""
    sin_lat, cos_lat = math.sin(latitude_rad), math.cos(latitude_rad)
    normal = _A / math.sqrt(1.0 - _E2 * sin_lat * sin_lat)
    across = (normal + altitude_m) * cos_lat
    return (
        across * math.cos(longitude_rad),
        across * math.sin(longitude_rad),
        (normal * (1.0 - _E2) + altitude_m) * sin_lat,
    )


@kernel
def _meridian(p: float, z: float, rounds: int) -> tuple[float, float, float]:
    """Return `(cos_lat, sin_lat, altitude_m)` of a point `p` from the axis and `z` above the equator.

    One round is good to 1e-10 rad; two reach rounding down to some tens of kilometres from the Earth's centre.
    """
    if p < _ON_AXIS_M:
        return 0.0, math.copysign(1.0, z), abs(z) - _B
    px, zx = p / _A, _EC * abs(z) / _A
    s, c = zx, _EC * px
    for _ in range(rounds):
        scale = 1.0 / math.sqrt(s * s + c * c)
        s *= scale
        c *= scale
        d = zx + _E2 * s * s * s
        f = px - _E2 * c * c * c
        b = 1.5 * _E2 * s * c * c * ((px * s - zx * c) - _E2 * s * c)
        s, c = d * f - b * s, f * f - b * c
    across = _EC * c
    scale = 1.0 / math.sqrt(across * across + s * s)
    altitude = (p * across + abs(z) * s - _B * math.sqrt(s * s + c * c)) * scale
    return across * scale, math.copysign(s * scale, z), altitude


@kernel
def ecef_to_geodetic(x_m: float, y_m: float, z_m: float) -> tuple[float, float, float]:
    """Return `(latitude_rad, longitude_rad, altitude_m)`; longitude in (-pi, pi], 0 on the polar axis."""
    cos_lat, sin_lat, altitude = _meridian(math.sqrt(x_m * x_m + y_m * y_m), z_m, 2)
    return math.atan2(sin_lat, cos_lat), math.atan2(y_m, x_m), altitude


@kernel
def altitude_and_up(x_m: float, y_m: float, z_m: float) -> tuple[float, float, float, float]:
    """Return `(altitude_m, up_x, up_y, up_z)`, the outward normal, for integrators: no trigonometry, one iteration.

    Measured from 1,000 km below the ellipsoid to 40,000 km above: 1e-10 rad, and rounding in the altitude.
    """
    p = math.sqrt(x_m * x_m + y_m * y_m)
    cos_lat, sin_lat, altitude = _meridian(p, z_m, 1)
    if p < _ON_AXIS_M:
        return altitude, 0.0, 0.0, sin_lat
    return altitude, cos_lat * x_m / p, cos_lat * y_m / p, sin_lat


@kernel
def enu_axes(latitude_rad: float, longitude_rad: float) -> NDArray[np.float64]:
    """Return the 3x3 array whose rows are the east, north and up unit vectors in ECEF."""
    sin_lat, cos_lat = math.sin(latitude_rad), math.cos(latitude_rad)
    sin_lon, cos_lon = math.sin(longitude_rad), math.cos(longitude_rad)
    axes = np.empty((3, 3))
    axes[0, 0], axes[0, 1], axes[0, 2] = -sin_lon, cos_lon, 0.0
    axes[1, 0], axes[1, 1], axes[1, 2] = -sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat
    axes[2, 0], axes[2, 1], axes[2, 2] = cos_lat * cos_lon, cos_lat * sin_lon, sin_lat
    return axes


def positions_ecef(*, latitude_rad: ArrayLike, longitude_rad: ArrayLike, altitude_m: ArrayLike) -> NDArray[np.float64]:
    """Turn broadcastable geodetic arrays of shape S into ECEF positions in metres, shape S + (3,)."""
    lat, lon, alt = np.broadcast_arrays(latitude_rad, longitude_rad, altitude_m)
    rows = np.stack([np.asarray(part, dtype=np.float64).ravel() for part in (lat, lon, alt)], axis=1)
    return _to_ecef_rows(rows).reshape((*lat.shape, 3))


def positions_geodetic(position_ecef_m: ArrayLike) -> NDArray[np.float64]:
    """Turn ECEF positions, shape S + (3,), into `latitude_rad, longitude_rad, altitude_m`, same shape."""
    position = np.asarray(position_ecef_m, dtype=np.float64)
    return _to_geodetic_rows(np.ascontiguousarray(position.reshape(-1, 3))).reshape(position.shape)


@kernel
def _to_ecef_rows(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.empty_like(rows)
    for i in range(rows.shape[0]):
        out[i, 0], out[i, 1], out[i, 2] = geodetic_to_ecef(rows[i, 0], rows[i, 1], rows[i, 2])
    return out


@kernel
def _to_geodetic_rows(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.empty_like(rows)
    for i in range(rows.shape[0]):
        out[i, 0], out[i, 1], out[i, 2] = ecef_to_geodetic(rows[i, 0], rows[i, 1], rows[i, 2])
    return out


@warmer
def _warm() -> None:
    site = positions_ecef(latitude_rad=0.1, longitude_rad=0.2, altitude_m=0.0)
    positions_geodetic(site)
    geodetic_to_ecef(0.1, 0.2, 0.0)
    ecef_to_geodetic(_A, 0.0, 0.0)
    altitude_and_up(_A, 0.0, 0.0)
    enu_axes(0.1, 0.2)
