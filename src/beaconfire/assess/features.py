"""What one track state says: altitude, climb, specific force along and across the velocity, perigee — with sigmas.

One kernel call per update: most tracks are aircraft or satellites and must cost microseconds.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.atmosphere import density_and_slope
from beaconfire.earth.orbit import inertial_speed_m_s, orbit_elements
from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.kernel.records import Array

_COUNT = 17
_GRADIENT_M, _GRADIENT_M_S = 10.0, 0.01  # steps of the perigee's gradient, far below any sigma


class Features(NamedTuple):
    """Figures of one state; m, m/s, m/s² and Pa. `across` is the part of the force beside the velocity, ECEF."""

    altitude_m: float
    speed_m_s: float
    climb_m_s: float
    force_along_m_s2: float
    force_across_m_s2: float
    position_sigma_m: float
    speed_sigma_m_s: float
    along_sigma_m_s2: float
    across_sigma_m_s2: float
    inertial_m_s: float
    perigee_m: float
    perigee_sigma_m: float
    apogee_m: float
    pressure_pa: float
    across_x_m_s2: float
    across_y_m_s2: float
    across_z_m_s2: float


def features(mean: Array, covariance: Array) -> Features:
    """The figures of a track's mean (9,) and covariance (9, 9)."""
    out = np.empty(_COUNT)
    _features(mean, covariance, out)
    return Features(*out.tolist())


@kernel
def _spread(covariance: NDArray[np.float64], first: int, ux: float, uy: float, uz: float) -> float:
    """Return the variance of three components from `first` on along a unit vector."""
    total = 0.0
    for i in range(3):
        for j in range(3):
            ui = ux if i == 0 else (uy if i == 1 else uz)
            uj = ux if j == 0 else (uy if j == 1 else uz)
            total += ui * uj * covariance[first + i, first + j]
    return total


@kernel
def _perigee_sigma(x: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    """Return the standard deviation of the perigee altitude, by its gradient in the six components."""
    slope, y = np.empty(6), x.copy()
    for i in range(6):
        h = _GRADIENT_M if i < 3 else _GRADIENT_M_S
        y[i] = x[i] + h
        high = orbit_elements(y)[0]
        y[i] = x[i] - h
        slope[i] = (high - orbit_elements(y)[0]) / (2.0 * h)
        y[i] = x[i]
    total = 0.0
    for i in range(6):
        for j in range(6):
            total += slope[i] * slope[j] * covariance[i, j]
    return math.sqrt(max(total, 0.0))


@kernel
def _features(mean: NDArray[np.float64], covariance: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    x = mean[:6].copy()
    altitude, ux, uy, uz = altitude_and_up(x[0], x[1], x[2])
    speed = max(math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5]), 1e-3)
    ax, ay, az = x[3] / speed, x[4] / speed, x[5] / speed
    along = mean[6] * ax + mean[7] * ay + mean[8] * az
    cx, cy, cz = mean[6] - along * ax, mean[7] - along * ay, mean[8] - along * az
    across = math.sqrt(cx * cx + cy * cy + cz * cz)
    trace = _spread(covariance, 6, 1.0, 0.0, 0.0) + _spread(covariance, 6, 0.0, 1.0, 0.0)
    trace += _spread(covariance, 6, 0.0, 0.0, 1.0)
    along2 = _spread(covariance, 6, ax, ay, az)
    if across > 1e-6:
        across2 = _spread(covariance, 6, cx / across, cy / across, cz / across)
    else:
        across2 = 0.5 * (trace - along2)
    perigee, apogee, _, _ = orbit_elements(x)
    out[0], out[1], out[2] = altitude, speed, ux * x[3] + uy * x[4] + uz * x[5]
    out[3], out[4] = along, across
    out[5] = math.sqrt(max(covariance[0, 0] + covariance[1, 1] + covariance[2, 2], 0.0))
    out[6] = math.sqrt(max(covariance[3, 3] + covariance[4, 4] + covariance[5, 5], 0.0))
    out[7], out[8] = math.sqrt(max(along2, 0.0)), math.sqrt(max(across2, 0.0))
    out[9], out[10], out[11], out[12] = inertial_speed_m_s(x), perigee, _perigee_sigma(x, covariance), apogee
    out[14], out[15], out[16] = cx, cy, cz
    out[13] = 0.5 * density_and_slope(max(altitude, 0.0))[0] * speed * speed


@warmer
def _warm() -> None:
    features(np.array([6.5e6, 0.0, 0.0, 100.0, 300.0, 0.0, 0.0, 0.0, 0.0]), np.eye(9))
