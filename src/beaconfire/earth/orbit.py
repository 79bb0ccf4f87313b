"""Two-body figures: which orbit a state is on, how far its energy could carry it, how long an arc takes.

Spherical and without air: for telling a satellite from a missile, for classes of capability and for first guesses.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.wgs84 import GRAVITATIONAL_PARAMETER_M3_S2, MEAN_RADIUS_M, ROTATION_RATE_RAD_S, SEMI_MAJOR_AXIS_M
from beaconfire.kernel.jit import kernel, warmer

_GM, _R, _OM = GRAVITATIONAL_PARAMETER_M3_S2, MEAN_RADIUS_M, ROTATION_RATE_RAD_S


@kernel
def inertial_speed_m_s(x: NDArray[np.float64]) -> float:
    """Return the speed of an ECEF state (length 6) in axes that do not turn: |v + omega x r|."""
    vx, vy = x[3] - _OM * x[1], x[4] + _OM * x[0]
    return math.sqrt(vx * vx + vy * vy + x[5] * x[5])


@kernel
def orbit_elements(x: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return `(perigee_altitude_m, apogee_altitude_m, energy_j_kg, eccentricity)` of an ECEF state of length 6.

    Altitudes are above the mean radius; the apogee of an escaping body is infinite.
    """
    vx, vy, vz = x[3] - _OM * x[1], x[4] + _OM * x[0], x[5]
    r = math.sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2])
    energy = 0.5 * (vx * vx + vy * vy + vz * vz) - _GM / r
    hx, hy, hz = x[1] * vz - x[2] * vy, x[2] * vx - x[0] * vz, x[0] * vy - x[1] * vx
    h2 = hx * hx + hy * hy + hz * hz
    eccentricity = math.sqrt(max(1.0 + 2.0 * energy * h2 / (_GM * _GM), 0.0))
    perigee = h2 / (_GM * (1.0 + eccentricity))
    apogee = h2 / (_GM * (1.0 - eccentricity)) if eccentricity < 1.0 else math.inf
    return perigee - _R, apogee - _R, energy, eccentricity


@kernel
def minimum_energy_range_m(speed_inertial_m_s: float, altitude_m: float) -> float:
    """Return the longest ground range (spherical, no air) that a speed at an altitude can reach, aimed at its best.

    The ellipse of least energy through two points has 2a = (r1 + r2 + chord) / 2 (Battin 1999, 6.4), so that the energy
    gives the chord. Half the circumference when every point can be reached; 0 when the ground cannot even be left.
    """
    r1 = _R + altitude_m
    energy = 0.5 * speed_inertial_m_s * speed_inertial_m_s - _GM / r1
    if energy >= 0.0:
        return math.pi * _R
    chord = -2.0 * _GM / energy - r1 - _R
    if chord >= r1 + _R:
        return math.pi * _R
    cosine = (r1 * r1 + _R * _R - chord * chord) / (2.0 * r1 * _R)
    return _R * math.acos(min(max(cosine, -1.0), 1.0))


@kernel
def two_body_flight_time_s(
    radius_m: float, speed_inertial_m_s: float, flight_path_angle_rad: float, end_radius_m: float
) -> float:
    """Return the time (s) from a state to the descent through `end_radius_m` by Kepler's equation, NaN if never.

    The flight-path angle is above the local horizontal, in inertial axes.
    """
    energy = 0.5 * speed_inertial_m_s * speed_inertial_m_s - _GM / radius_m
    if energy >= 0.0:
        return math.nan
    a = -0.5 * _GM / energy
    h = radius_m * speed_inertial_m_s * math.cos(flight_path_angle_rad)
    e = math.sqrt(max(1.0 - h * h / (_GM * a), 0.0))
    if e == 0.0 or end_radius_m < a * (1.0 - e) or end_radius_m > a * (1.0 + e):
        return math.nan
    start = math.acos(min(max((1.0 - radius_m / a) / e, -1.0), 1.0))
    if flight_path_angle_rad < 0.0:
        start = -start
    end = -math.acos(min(max((1.0 - end_radius_m / a) / e, -1.0), 1.0))
    sweep = (end - e * math.sin(end)) - (start - e * math.sin(start))
    if sweep < 0.0:
        sweep += 2.0 * math.pi
    return sweep * math.sqrt(a * a * a / _GM)


@warmer
def _warm() -> None:
    x = np.array([SEMI_MAJOR_AXIS_M + 5e5, 0.0, 0.0, 0.0, 7000.0, 0.0])
    inertial_speed_m_s(x)
    orbit_elements(x)
    minimum_energy_range_m(3000.0, 1e5)
    two_body_flight_time_s(_R, 3000.0, 0.7, _R)
