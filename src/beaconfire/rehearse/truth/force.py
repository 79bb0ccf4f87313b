"""What pulls on a body in flight: gravity with J2 and J3, the 1976 standard air, the turning Earth.

This is the truth's own physics. It shares no line with the room `earth`, so that the engine is never
graded against itself. Everything is a scalar in plain Python: the integrator calls it one point at a time.
Frames: *fixed* is Earth-fixed (ECEF, WGS 84); *inertial* is the frame that coincided with it at time 0.
Heights are above the ellipsoid in metres.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

GM_M3_S2 = 3.986004418e14
"""Earth's gravitational parameter, WGS 84."""
EQUATOR_M = 6378137.0
"""Equatorial radius, WGS 84."""
FLATTENING = 1.0 / 298.257223563
"""Flattening, WGS 84."""
POLE_M = EQUATOR_M * (1.0 - FLATTENING)
"""Polar radius, WGS 84."""
ECCENTRICITY_2 = FLATTENING * (2.0 - FLATTENING)
"""First eccentricity squared, WGS 84."""
MEAN_RADIUS_M = (2.0 * EQUATOR_M + POLE_M) / 3.0
"""Mean radius of the ellipsoid."""
ROTATION_RAD_S = 7.292115e-5
"""Rate of the Earth's rotation, WGS 84."""
J2 = 1.08262982e-3
"""Second zonal harmonic (EGM96, unnormalised)."""
J3 = -2.53215e-6
"""Third zonal harmonic (EGM96, unnormalised)."""
STANDARD_GRAVITY_M_S2 = 9.80665
"""Standard gravity, by definition."""

_SECOND_ECCENTRICITY_2 = ECCENTRICITY_2 / (1.0 - ECCENTRICITY_2)
_GEOPOTENTIAL_RADIUS_M = 6356766.0  # US-76, its own effective Earth radius
_AIR_GAS_J_KG_K = 287.05287
# US-76 table 4: base geopotential height (m), temperature (K) and lapse rate (K/m)
_LAYERS = (
    (0.0, 288.15, -6.5e-3),
    (11000.0, 216.65, 0.0),
    (20000.0, 216.65, 1.0e-3),
    (32000.0, 228.65, 2.8e-3),
    (47000.0, 270.65, 0.0),
    (51000.0, 270.65, -2.8e-3),
    (71000.0, 214.65, -2.0e-3),
)
# US-76 part 4, density by geometric height from 86 km up
_UPPER_KM_KG_M3 = (
    (86.0, 6.958e-6), (90.0, 3.416e-6), (95.0, 1.393e-6), (100.0, 5.604e-7), (105.0, 2.325e-7),
    (110.0, 9.708e-8), (115.0, 4.289e-8), (120.0, 2.222e-8), (130.0, 8.152e-9), (140.0, 3.831e-9),
    (150.0, 2.076e-9), (160.0, 1.233e-9), (180.0, 5.194e-10), (200.0, 2.541e-10), (250.0, 6.073e-11),
    (300.0, 1.916e-11), (350.0, 7.014e-12), (400.0, 2.803e-12), (450.0, 1.184e-12), (500.0, 5.215e-13),
    (600.0, 1.137e-13), (700.0, 3.070e-14), (800.0, 1.136e-14), (900.0, 5.759e-15), (1000.0, 3.561e-15),
)  # fmt: skip
_CEILING_M = 1.0e6


def gravity_inertial_m_s2(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Gravitation with J2 and J3 at a point (m), in axes whose z is the Earth's; no centrifugal part.

    Source: gradient of the zonal potential, Vallado, *Fundamentals of Astrodynamics*, section 8.7.
    """
    r2 = x * x + y * y + z * z
    r = math.sqrt(r2)
    s2 = z * z / r2
    ratio = EQUATOR_M / r
    second = 1.5 * J2 * ratio * ratio
    third = 2.5 * J3 * ratio * ratio * ratio * z / r
    factor = -GM_M3_S2 / (r2 * r)
    plane = 1.0 + second * (1.0 - 5.0 * s2) + third * (3.0 - 7.0 * s2)
    axis = (1.0 + second * (3.0 - 5.0 * s2)) * z + third * (6.0 - 7.0 * s2) * z
    # the part of J3 that does not vanish on the equator
    axis -= 1.5 * J3 * ratio * ratio * ratio * r
    return factor * plane * x, factor * plane * y, factor * axis


def density_kg_m3(height_m: float) -> float:
    """Air density of the US Standard Atmosphere 1976 at a geometric height; 0 above 1,000 km."""
    if height_m >= _UPPER_KM_KG_M3[0][0] * 1e3:
        return _upper_density_kg_m3(height_m)
    geopotential = _GEOPOTENTIAL_RADIUS_M * height_m / (_GEOPOTENTIAL_RADIUS_M + height_m)
    index = max(bisect_right(_BASES_M, geopotential) - 1, 0)
    base_m, base_k, lapse = _LAYERS[index]
    rise = geopotential - base_m
    if lapse == 0.0:
        pressure = _PRESSURES_PA[index] * math.exp(-STANDARD_GRAVITY_M_S2 * rise / (_AIR_GAS_J_KG_K * base_k))
        return pressure / (_AIR_GAS_J_KG_K * base_k)
    temperature = base_k + lapse * rise
    exponent = STANDARD_GRAVITY_M_S2 / (_AIR_GAS_J_KG_K * lapse)
    pressure = _PRESSURES_PA[index] * math.pow(base_k / temperature, exponent)
    return pressure / (_AIR_GAS_J_KG_K * temperature)


def height_m(x: float, y: float, z: float) -> float:
    """Height above the ellipsoid of a point (m); below 1 µm of error up to 10,000 km.

    Source: Bowring (1976) with one refinement.
    """
    p = math.sqrt(x * x + y * y)
    t = z / p * (1.0 + _SECOND_ECCENTRICITY_2 * POLE_M / math.sqrt(p * p + z * z))
    for _ in range(2):
        c = 1.0 / math.sqrt(1.0 + t * t)
        s = t * c
        t_geodetic = (z + _SECOND_ECCENTRICITY_2 * POLE_M * s * s * s) / (p - ECCENTRICITY_2 * EQUATOR_M * c * c * c)
        t = (1.0 - FLATTENING) * t_geodetic
    c = 1.0 / math.sqrt(1.0 + t_geodetic * t_geodetic)
    s = t_geodetic * c
    return p * c + z * s - EQUATOR_M * math.sqrt(1.0 - ECCENTRICITY_2 * s * s)


def _upper_density_kg_m3(height_m: float) -> float:
    if height_m >= _CEILING_M:
        return 0.0
    index = bisect_right(_UPPER_M, height_m) - 1
    a, b, c, d = _UPPER_COEFFICIENTS[index]
    u = height_m - _UPPER_M[index]
    return math.exp(((a * u + b) * u + c) * u + d)


def _base_pressures_pa() -> tuple[float, ...]:
    pressures = [101325.0]
    for (low_m, low_k, lapse), (high_m, high_k, _) in pairwise(_LAYERS):
        if lapse == 0.0:
            ratio = math.exp(-STANDARD_GRAVITY_M_S2 * (high_m - low_m) / (_AIR_GAS_J_KG_K * low_k))
        else:
            ratio = math.pow(low_k / high_k, STANDARD_GRAVITY_M_S2 / (_AIR_GAS_J_KG_K * lapse))
        pressures.append(pressures[-1] * ratio)
    return tuple(pressures)


def _upper_table() -> tuple[list[float], list[tuple[float, float, float, float]]]:
    heights = [1e3 * km for km, _ in _UPPER_KM_KG_M3]
    curve = PchipInterpolator(heights, np.log([value for _, value in _UPPER_KM_KG_M3]))
    coefficients = [(float(a), float(b), float(c), float(d)) for a, b, c, d in curve.c.T]
    return heights, coefficients


_BASES_M = [layer[0] for layer in _LAYERS]
_PRESSURES_PA = _base_pressures_pa()
_UPPER_M, _UPPER_COEFFICIENTS = _upper_table()
