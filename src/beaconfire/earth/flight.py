"""Flight: a body under gravity and drag, carried through time, with the transition matrix a filter needs.

A state is a C-contiguous float64 array `position_ecef_m, velocity_ecef_m_s` of length 6 and is changed in place. The
body is a point with an inverse ballistic coefficient `beta_inverse` = Cd A / m in m^2/kg (drag acceleration
-1/2 rho |v| v beta_inverse against air that turns with the Earth). Times may be negative. Classical fourth-order
Runge-Kutta with equal steps: at 1 s steps the error is millimetres per minute above the air.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.atmosphere import density_and_slope
from beaconfire.earth.gravity import acceleration_ecef, acceleration_jacobian_ecef
from beaconfire.earth.wgs84 import SEMI_MAJOR_AXIS_M, altitude_and_up
from beaconfire.kernel.jit import kernel, warmer

_AIR_TOP_M = 1000e3  # above, drag is below 1e-12 m/s^2 for anything heavier than foil
_ACCELERATED_STEP_S = 2.0  # thrust models are piecewise constant over a second or two


@kernel
def ballistic_rate(x: NDArray[np.float64], beta_inverse_m2_kg: float, rate: NDArray[np.float64]) -> float:
    """Write the time derivative of a state; returns the altitude rate in m/s."""
    ax, ay, az = acceleration_ecef(x[0], x[1], x[2], x[3], x[4], x[5])
    altitude, ux, uy, uz = altitude_and_up(x[0], x[1], x[2])
    if altitude < _AIR_TOP_M:
        speed = math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5])
        drag = -0.5 * density_and_slope(altitude)[0] * speed * beta_inverse_m2_kg
        ax += drag * x[3]
        ay += drag * x[4]
        az += drag * x[5]
    rate[0], rate[1], rate[2], rate[3], rate[4], rate[5] = x[3], x[4], x[5], ax, ay, az
    return float(ux * x[3] + uy * x[4] + uz * x[5])


@kernel
def ballistic_jacobian(x: NDArray[np.float64], beta_inverse_m2_kg: float, partials: NDArray[np.float64]) -> None:
    """Write the 3x7 derivatives of the acceleration by position, velocity and inverse ballistic coefficient."""
    by_position, by_velocity = partials[:, 0:3], partials[:, 3:6]
    acceleration_jacobian_ecef(x[0], x[1], x[2], by_position, by_velocity)
    for i in range(3):
        partials[i, 6] = 0.0
    altitude, ux, uy, uz = altitude_and_up(x[0], x[1], x[2])
    if altitude >= _AIR_TOP_M:
        return
    density, slope = density_and_slope(altitude)
    speed = math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5])
    per_speed = -0.5 * density * beta_inverse_m2_kg
    by_altitude = -0.5 * slope * beta_inverse_m2_kg * speed
    across = per_speed / speed if speed > 0.0 else 0.0
    for i in range(3):
        v = x[3 + i]
        partials[i, 0] += by_altitude * v * ux
        partials[i, 1] += by_altitude * v * uy
        partials[i, 2] += by_altitude * v * uz
        for j in range(3):
            partials[i, 3 + j] += across * v * x[3 + j]
        partials[i, 3 + i] += per_speed * speed
        partials[i, 6] = -0.5 * density * speed * v


@kernel
def _step(
    x: NDArray[np.float64],
    beta: float,
    dt: float,
    k: NDArray[np.float64],
    trial: NDArray[np.float64],
    total: NDArray[np.float64],
) -> None:
    ballistic_rate(x, beta, k)
    for stage in range(1, 4):
        weight = 1.0 if stage == 1 else 2.0
        reach = dt if stage == 3 else 0.5 * dt
        for i in range(6):
            total[i] = weight * k[i] + (0.0 if stage == 1 else total[i])
            trial[i] = x[i] + reach * k[i]
        ballistic_rate(trial, beta, k)
    for i in range(6):
        x[i] += dt / 6.0 * (total[i] + k[i])


@kernel
def propagate(x: NDArray[np.float64], beta_inverse_m2_kg: float, dt_s: float, max_step_s: float) -> None:
    """Carry a state by `dt_s` in place, in equal steps no longer than `max_step_s`."""
    k, trial, total = np.empty(6), np.empty(6), np.empty(6)
    steps = max(math.ceil(abs(dt_s) / max_step_s), 1)
    for _ in range(steps):
        _step(x, beta_inverse_m2_kg, dt_s / steps, k, trial, total)


@kernel
def propagate_with_sensitivity(
    x: NDArray[np.float64], beta_inverse_m2_kg: float, dt_s: float, max_step_s: float, phi: NDArray[np.float64]
) -> None:
    """Carry a state in place and write the 6x7 derivatives of the end by the start and by `beta_inverse_m2_kg`.

    The variational equations go through the same Runge-Kutta stages as the state, so that the matrix is the exact
    derivative of what was computed, at any step.
    """
    k, trial, total, partials = np.empty(6), np.empty(6), np.empty(6), np.empty((3, 7))
    at, rate, summed = np.empty((6, 7)), np.empty((6, 7)), np.empty((6, 7))
    for i in range(6):
        for j in range(7):
            phi[i, j] = 1.0 if i == j else 0.0
    steps = max(math.ceil(abs(dt_s) / max_step_s), 1)
    dt = dt_s / steps
    for _ in range(steps):
        for i in range(6):
            trial[i] = x[i]
            for j in range(7):
                at[i, j] = phi[i, j]
        for stage in range(4):
            ballistic_rate(trial, beta_inverse_m2_kg, k)
            ballistic_jacobian(trial, beta_inverse_m2_kg, partials)
            for i in range(3):
                for j in range(7):
                    rate[i, j] = at[i + 3, j]
                    part = partials[i, 6] if j == 6 else 0.0
                    for m in range(6):
                        part += partials[i, m] * at[m, j]
                    rate[i + 3, j] = part
            weight = 1.0 if stage == 0 or stage == 3 else 2.0
            reach = dt if stage == 2 else 0.5 * dt
            for i in range(6):
                total[i] = weight * k[i] + (0.0 if stage == 0 else total[i])
                trial[i] = x[i] + reach * k[i]
                for j in range(7):
                    summed[i, j] = weight * rate[i, j] + (0.0 if stage == 0 else summed[i, j])
                    at[i, j] = phi[i, j] + reach * rate[i, j]
        for i in range(6):
            x[i] += dt / 6.0 * total[i]
            for j in range(7):
                phi[i, j] += dt / 6.0 * summed[i, j]


@kernel
def propagate_with_transition(
    x: NDArray[np.float64], beta_inverse_m2_kg: float, dt_s: float, max_step_s: float, phi: NDArray[np.float64]
) -> None:
    """Carry a state in place and write its 6x6 transition matrix into `phi`."""
    wide = np.empty((6, 7))
    propagate_with_sensitivity(x, beta_inverse_m2_kg, dt_s, max_step_s, wide)
    for i in range(6):
        for j in range(6):
            phi[i, j] = wide[i, j]


@kernel
def propagate_accelerated(x: NDArray[np.float64], ax: float, ay: float, az: float, dt_s: float) -> None:
    """Carry a state in place under gravity and a constant specific force `(ax, ay, az)` in m/s^2, ECEF axes."""
    k, trial, total = np.empty(6), np.empty(6), np.empty(6)
    steps = max(math.ceil(abs(dt_s) / _ACCELERATED_STEP_S), 1)
    dt = dt_s / steps
    for _ in range(steps):
        for i in range(6):
            trial[i] = x[i]
        for stage in range(4):
            gx, gy, gz = acceleration_ecef(trial[0], trial[1], trial[2], trial[3], trial[4], trial[5])
            k[0], k[1], k[2], k[3], k[4], k[5] = trial[3], trial[4], trial[5], gx + ax, gy + ay, gz + az
            weight = 1.0 if stage == 0 or stage == 3 else 2.0
            reach = dt if stage == 2 else 0.5 * dt
            for i in range(6):
                total[i] = weight * k[i] + (0.0 if stage == 0 else total[i])
                trial[i] = x[i] + reach * k[i]
        for i in range(6):
            x[i] += dt / 6.0 * total[i]


@warmer
def _warm() -> None:
    x = np.array([SEMI_MAJOR_AXIS_M + 1e5, 0.0, 0.0, 0.0, 3000.0, 0.0])
    rate, partials = np.empty(6), np.empty((3, 7))
    ballistic_rate(x, 1e-4, rate)
    ballistic_jacobian(x, 1e-4, partials)
    propagate(x, 1e-4, 1.0, 1.0)
    propagate_with_sensitivity(x, 1e-4, 1.0, 1.0, np.empty((6, 7)))
    propagate_with_transition(x, 1e-4, 1.0, 1.0, np.empty((6, 6)))
    propagate_accelerated(x, 0.0, 0.0, 0.0, 1.0)
