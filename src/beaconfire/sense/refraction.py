"""What the troposphere does to a radar's elevation and range, and taking it out again.

The ray is traced through the mean exponential atmosphere of ITU-R P.453 (N = 315 exp(-h / 7.35 km)) over a spherical
Earth, from the site along the apparent elevation to the measured range: formulas for the whole bending overstate the
error of what flies inside or near the air. Real air differs from the mean by about a tenth, which is added to the
standard deviations.
"""

import math

from beaconfire.earth import MEAN_RADIUS_M
from beaconfire.kernel.jit import kernel, warmer

_REFRACTIVITY, _SCALE_M = 315e-6, 7.35e3
_UNCERTAIN = 0.1
_STEPS = 96  # quadratically spaced: the air is where the ray starts; 1e-7 rad at one degree of elevation
_OUT_OF_AIR_M = 1_500e3  # taken for a row without a range


def remove_refraction(
    *, elevation_rad: float, range_m: float | None, altitude_m: float
) -> tuple[float, float, float, float]:
    """Return true elevation (rad) and range (m, NaN if none), and the standard deviations that the correction adds."""
    lift, delay_m = ray_errors(elevation_rad, range_m if range_m is not None else _OUT_OF_AIR_M, altitude_m)
    true_range_m = math.nan if range_m is None else max(range_m - delay_m, 1.0)
    return elevation_rad - lift, true_range_m, _UNCERTAIN * abs(lift), _UNCERTAIN * delay_m


@kernel
def ray_errors(elevation_rad: float, range_m: float, altitude_m: float) -> tuple[float, float]:
    """Return what the air adds to the elevation (rad) and to the range (m) of a point at a range along a ray."""
    start = MEAN_RADIUS_M + max(altitude_m, 0.0)
    height, polar, slope, delay = 0.0, 0.0, elevation_rad, 0.0
    before = 0.0
    for step in range(1, _STEPS + 1):
        along = range_m * (step / _STEPS) * (step / _STEPS)
        ds = along - before
        before = along
        rise1, turn1, bend1, slow1 = _rates(start, height, slope)
        middle, leaning = height + 0.5 * ds * rise1, slope + 0.5 * ds * bend1
        rise2, turn2, bend2, slow2 = _rates(start, middle, leaning)
        middle, leaning = height + 0.5 * ds * rise2, slope + 0.5 * ds * bend2
        rise3, turn3, bend3, slow3 = _rates(start, middle, leaning)
        rise4, turn4, bend4, slow4 = _rates(start, height + ds * rise3, slope + ds * bend3)
        height += ds / 6.0 * (rise1 + 2.0 * rise2 + 2.0 * rise3 + rise4)
        polar += ds / 6.0 * (turn1 + 2.0 * turn2 + 2.0 * turn3 + turn4)
        slope += ds / 6.0 * (bend1 + 2.0 * bend2 + 2.0 * bend3 + bend4)
        delay += ds / 6.0 * (slow1 + 2.0 * slow2 + 2.0 * slow3 + slow4)
    half = math.sin(0.5 * polar)
    up = height * math.cos(polar) - 2.0 * start * half * half
    return elevation_rad - math.atan2(up, (start + height) * math.sin(polar)), delay


@kernel
def _rates(start_m: float, height_m: float, slope_rad: float) -> tuple[float, float, float, float]:
    """Per metre of path: climb, polar angle, slope against the local horizontal, and delay."""
    radius = start_m + height_m
    excess = _REFRACTIVITY * math.exp(-(radius - MEAN_RADIUS_M) / _SCALE_M)
    cosine = math.cos(slope_rad)
    return math.sin(slope_rad), cosine / radius, cosine * (1.0 / radius - excess / _SCALE_M / (1.0 + excess)), excess


@warmer
def _warm() -> None:
    ray_errors(0.1, 1e5, 0.0)
