"""The model bank: four ways an object can move, in one 9-state form with each model's own last three parameters.

State: ECEF position (m), velocity (m/s), and a parameter vector `theta` (3,) along ECEF axes:

    boost        theta = specific force, m/s^2. Along the velocity it grows as the tank empties (T/m with exhaust
                 speed u: d theta/dt = theta^2/u); across it relaxes to none.
    ballistic    theta = specific force per dynamic pressure, m^2/kg. Along the velocity it wanders about the drag of
                 a generic body (-1/beta, beta unknown); across there is almost none.
    glide        the same, with lift across the velocity.
    powered_air  theta = the acceleration of the path itself in the rotating frame, m/s^2: lift carries the weight, so
                 an aircraft flies on unless it manoeuvres.

All are first-order Gauss-Markov processes in the axes of the velocity at the start of a step (Singer 1970 for the
form); a jump between models keeps position and velocity and starts `theta` from the new model's prior. Dividing the
force by dynamic pressure keeps what was learned of the body through the fifteen decades of density.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.atmosphere import density_and_slope
from beaconfire.earth.gravity import acceleration_ecef, acceleration_jacobian_ecef
from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.jit import kernel, warmer

Array = NDArray[np.float64]

BOOST, BALLISTIC, GLIDE, AIR = 0, 1, 2, 3
MODELS = 4
STATE = 9

EXHAUST_M_S = 2700.0  # effective exhaust speed between solid (2,400) and upper-stage liquid (3,000) engines
_MOST_THRUST_M_S2 = 250.0  # an empty tank ends the growth, else an unwatched thrust grows without bound
_SLOWEST_M_S = 30.0  # below this the direction of the velocity is not used
_UP_M_S = 150.0  # a booster at rest is taken to push upwards; its prior leans to the velocity as that grows

# Per model: mean along the velocity, sigma along, sigma across, rate along (1/s), rate across (1/s). Units of theta.
# Thrust 25 +- 20 m/s^2 holds what ballistic missiles and launchers do from lift-off (1.3 g) to burnout (6-8 g).
# Drag 3e-4 +- 3e-4 m^2/kg holds beta from 1,700 kg/m^2 (empty stages) to infinity (slender re-entry bodies).
# Lift 8e-4 m^2/kg is a lift-to-drag ratio of 3 on a body of beta 3,000-5,000 kg/m^2.
# An aircraft banks with half a g for some 15 s and speeds up with a fifth of that.
_PRIOR = np.array(
    [
        [25.0, 20.0, 6.0, 0.0, 0.10],
        [-3e-4, 3e-4, 1.5e-5, 1.0 / 60.0, 0.30],
        [-2e-4, 2e-4, 8e-4, 1.0 / 60.0, 1.0 / 20.0],
        [0.0, 2.0, 5.0, 1.0 / 15.0, 1.0 / 15.0],
    ]
)
_THRUST_JERK = 9.0  # (m/s^3)^2 s: throttling and staging within a second or two
# White acceleration noise (m/s^2)^2 s of what each model leaves out (steering, tesseral gravity, wind, trim).
_WHITE = np.array([0.04, 1e-6, 1e-5, 0.02])
_STEP_M = 2e3  # inside the air a step crosses at most a third of a scale height, or takes a second
_WHITE_PER_PRESSURE = 3e-6  # extra noise amplitude per Pa of dynamic pressure, ballistic and glide


@kernel
def velocity_axis(v: Array) -> tuple[float, float, float, float]:
    """Return the unit vector of a velocity (3,) and the speed, held above 30 m/s."""
    return axis(v[0], v[1], v[2])


@kernel
def axis(vx: float, vy: float, vz: float) -> tuple[float, float, float, float]:
    """Return what `velocity_axis` does, for three numbers."""
    safe = max(math.sqrt(vx * vx + vy * vy + vz * vz), _SLOWEST_M_S)
    return vx / safe, vy / safe, vz / safe, safe


@kernel
def parameter_flow(
    model: int, theta0: Array, v0: Array, tau: float, theta: Array, by_theta: Array, by_v: Array
) -> None:
    """Write theta after `tau` seconds (3,) and its derivatives (3, 3) by theta and velocity at the start."""
    if model == AIR:
        fade = math.exp(-_PRIOR[AIR, 3] * tau)
        for i in range(3):
            theta[i] = fade * theta0[i]
            for j in range(3):
                by_theta[i, j] = fade if i == j else 0.0
                by_v[i, j] = 0.0
        return
    ux, uy, uz, speed = velocity_axis(v0)
    along = ux * theta0[0] + uy * theta0[1] + uz * theta0[2]
    across = math.exp(-_PRIOR[model, 4] * tau)
    growth, mean = 0.0, 0.0
    if model == BOOST:
        if 0.0 < along < _MOST_THRUST_M_S2:
            growth = tau / EXHAUST_M_S
        keep = math.exp(growth * along)
    else:
        keep = math.exp(-_PRIOR[model, 3] * tau)
        mean = (1.0 - keep) * _PRIOR[model, 0]
    for i in range(3):
        ui = ux if i == 0 else (uy if i == 1 else uz)
        theta[i] = across * theta0[i] + ((keep - across) * along + mean) * ui
        for j in range(3):
            uj = ux if j == 0 else (uy if j == 1 else uz)
            turn = ((1.0 if i == j else 0.0) - ui * uj) / speed  # derivative of the axis by velocity
            across_j = (theta0[j] - along * uj) / speed  # derivative of `along` by velocity
            grown = keep * growth * along * ui
            by_theta[i, j] = (across if i == j else 0.0) + ((keep - across) * ui + grown) * uj
            by_v[i, j] = ((keep - across) * along + mean) * turn + ((keep - across) * ui + grown) * across_j


@kernel
def parameter_relaxation(model: int, tau: float) -> tuple[float, float, float]:
    """Return what is left of theta along and across the velocity after `tau` seconds, and what the mean adds along."""
    keep = math.exp(-_PRIOR[model, 3] * tau)
    return keep, math.exp(-_PRIOR[model, 4] * tau), (1.0 - keep) * _PRIOR[model, 0]


@kernel
def acceleration(model: int, p: Array, v: Array, theta: Array, a: Array, by_p: Array, by_v: Array) -> float:
    """Write the acceleration (3,), its derivatives (3, 3) by position and velocity; returns d a/d theta, a scalar."""
    if model == AIR:
        for i in range(3):
            a[i] = theta[i]
            for j in range(3):
                by_p[i, j], by_v[i, j] = 0.0, 0.0
        return 1.0
    ax, ay, az = acceleration_ecef(p[0], p[1], p[2], v[0], v[1], v[2])
    acceleration_jacobian_ecef(p[0], p[1], p[2], by_p, by_v)
    if model == BOOST:
        a[0], a[1], a[2] = ax + theta[0], ay + theta[1], az + theta[2]
        return 1.0
    altitude, upx, upy, upz = altitude_and_up(p[0], p[1], p[2])
    density, slope = density_and_slope(altitude)
    speed2 = v[0] * v[0] + v[1] * v[1] + v[2] * v[2]
    pressure = 0.5 * density * speed2
    a[0], a[1], a[2] = ax + pressure * theta[0], ay + pressure * theta[1], az + pressure * theta[2]
    per_metre = 0.5 * slope * speed2
    for i in range(3):
        by_p[i, 0] += theta[i] * per_metre * upx
        by_p[i, 1] += theta[i] * per_metre * upy
        by_p[i, 2] += theta[i] * per_metre * upz
        for j in range(3):
            by_v[i, j] += theta[i] * density * v[j]
    return float(pressure)


@kernel
def parameter_noise(model: int, dt: float) -> tuple[float, float]:
    """Return the variances that theta gains along and across the velocity in `dt` seconds."""
    across = _PRIOR[model, 2] * _PRIOR[model, 2] * (1.0 - math.exp(-2.0 * _PRIOR[model, 4] * dt))
    if model == BOOST:
        return _THRUST_JERK * dt, across
    along = _PRIOR[model, 1] * _PRIOR[model, 1] * (1.0 - math.exp(-2.0 * _PRIOR[model, 3] * dt))
    return along, across


@kernel
def white_noise(model: int, pressure: float) -> float:
    """Return the density of white acceleration noise, (m/s^2)^2 s, at a dynamic pressure in Pa."""
    extra = _WHITE_PER_PRESSURE * pressure if model in (BALLISTIC, GLIDE) else 0.0
    return float(_WHITE[model] + extra * extra)


@kernel
def parameter_prior(model: int, p: Array, v: Array, theta: Array, covariance: Array) -> None:
    """Write the prior mean (3,) and covariance (3, 3) with which theta starts when an object takes up a model."""
    ux, uy, uz, _speed = velocity_axis(v)
    if model == BOOST:
        _altitude, upx, upy, upz = altitude_and_up(p[0], p[1], p[2])
        ux, uy, uz = v[0] + _UP_M_S * upx, v[1] + _UP_M_S * upy, v[2] + _UP_M_S * upz
        scale = 1.0 / max(math.sqrt(ux * ux + uy * uy + uz * uz), 1.0)
        ux, uy, uz = ux * scale, uy * scale, uz * scale
    mean, along, across = _PRIOR[model, 0], _PRIOR[model, 1] * _PRIOR[model, 1], _PRIOR[model, 2] * _PRIOR[model, 2]
    for i in range(3):
        ui = ux if i == 0 else (uy if i == 1 else uz)
        theta[i] = mean * ui
        for j in range(3):
            uj = ux if j == 0 else (uy if j == 1 else uz)
            covariance[i, j] = (across if i == j else 0.0) + (along - across) * (ui * uj)


@kernel
def longest_step_s(model: int, altitude_m: float, speed_m_s: float) -> float:
    """Return the longest Runge-Kutta step that keeps the error far below the noise."""
    if model == AIR:
        return 10.0
    if model == BOOST:
        return 2.0
    if altitude_m > 160e3 + 10.0 * speed_m_s:
        return 10.0
    if altitude_m > 110e3 + 4.0 * speed_m_s:
        return 4.0
    return min(max(_STEP_M / max(speed_m_s, 1.0), 1.0), 4.0)


@kernel
def specific_force(model: int, state: Array, force: Array, by_p: Array, by_v: Array) -> float:
    """Write all but gravity (3,) of a state and its derivatives (3, 3); returns the derivative by theta, a scalar."""
    theta = state[6:9]
    scale = acceleration(model, state[0:3], state[3:6], theta, force, by_p, by_v)
    ax, ay, az = acceleration_ecef(state[0], state[1], state[2], state[3], state[4], state[5])
    gravity_p, gravity_v = np.empty((3, 3)), np.empty((3, 3))
    acceleration_jacobian_ecef(state[0], state[1], state[2], gravity_p, gravity_v)
    force[0] -= ax
    force[1] -= ay
    force[2] -= az
    for i in range(3):
        for j in range(3):
            by_p[i, j] -= gravity_p[i, j]
            by_v[i, j] -= gravity_v[i, j]
    return scale


@warmer
def _warm() -> None:
    p, v, theta, square = np.array([6.5e6, 0.0, 0.0]), np.array([0.0, 1e3, 1e3]), np.ones(3), np.zeros((3, 3))
    state = np.concatenate([p, v, theta])
    parameter_flow(BOOST, theta, v, 1.0, np.zeros(3), square, np.zeros((3, 3)))
    acceleration(GLIDE, p, v, theta, np.zeros(3), square, np.zeros((3, 3)))
    parameter_prior(BALLISTIC, p, v, theta, square)
    specific_force(GLIDE, state, np.zeros(3), square, np.zeros((3, 3)))
    parameter_noise(AIR, 1.0)
    parameter_relaxation(BALLISTIC, 1.0)
    white_noise(AIR, 1.0)
    longest_step_s(AIR, 1.0, 1.0)
    velocity_axis(v)
