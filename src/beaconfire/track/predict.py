"""One model forward in time: Runge-Kutta for the state and, with the same stages, for its transition matrix.

The derivative is that of the discrete step itself (variational equations through every stage), so it stays exact at
steps of 30 s. Process noise is that of a Gauss-Markov acceleration integrated twice (Bar-Shalom, Li and Kirubarajan
2001, 8.2), plus white acceleration noise.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.track.models import (
    BOOST,
    STATE,
    acceleration,
    longest_step_s,
    parameter_flow,
    parameter_noise,
    velocity_axis,
    white_noise,
)

Array = NDArray[np.float64]

_DEEPEST_M = -200e3


@kernel
def propagate(model: int, x: Array, p: Array, c: Array, used: int, dt_s: float) -> None:
    """Advance one model's mean `x` (9,) and covariance `p` (9, 9) by `dt_s` >= 0 seconds, in place.

    The first `used` columns of `c` (9, k) are covariances with sensors' constant errors, which nothing moves.
    """
    phi, pressure = np.empty((STATE, STATE)), 0.0
    left = dt_s
    while left > 0.0:
        altitude = altitude_and_up(x[0], x[1], x[2])[0]
        if not altitude > _DEEPEST_M:
            return  # fallen long ago; nearer to the centre gravity has no bound
        speed = math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5])
        longest = longest_step_s(model, altitude, speed)
        pieces = math.ceil(left / longest - 1e-9)
        step = left / pieces if pieces > 0 else left
        start = x[3:6].copy()
        pressure = flow(model, x, phi, step)
        _spread(phi, p)
        _carry(phi, c, used)
        _add_noise(model, start, pressure, step, p)
        left = 0.0 if pieces <= 1 else left - step


@kernel
def flow(model: int, x: Array, phi: Array, step_s: float) -> float:
    """Advance `x` (9,) by one Runge-Kutta step, write the derivative `phi` (9, 9); returns d a/d theta in mid-step."""
    start = x.copy()
    theta0, v0 = start[6:9], start[3:6]
    theta, by_theta, by_v0 = np.empty(3), np.empty((3, 3)), np.empty((3, 3))
    a, by_p, by_v = np.empty(3), np.empty((3, 3)), np.empty((3, 3))
    stage, sum_x = np.empty(6), np.zeros(6)
    s, sum_s, k = np.zeros((6, STATE)), np.zeros((6, STATE)), np.empty((6, STATE))
    scale = 1.0
    for i in range(6):
        stage[i], s[i, i] = start[i], 1.0
    for number in range(4):
        tau = 0.0 if number == 0 else (step_s if number == 3 else 0.5 * step_s)
        if number != 2:  # the two middle stages share their time
            parameter_flow(model, theta0, v0, tau, theta, by_theta, by_v0)
        b = acceleration(model, stage[0:3], stage[3:6], theta, a, by_p, by_v)
        if number == 1:
            scale = b
        weight = 1.0 if number == 0 or number == 3 else 2.0
        for i in range(3):
            for j in range(STATE):
                total = 0.0
                for m in range(3):
                    total += by_p[i, m] * s[m, j] + by_v[i, m] * s[3 + m, j]
                k[i, j] = s[3 + i, j]
                k[3 + i, j] = total
            for j in range(3):
                k[3 + i, 3 + j] += b * by_v0[i, j]
                k[3 + i, 6 + j] += b * by_theta[i, j]
        ahead = 0.5 * step_s if number < 2 else step_s
        for i in range(6):
            rate = stage[3 + i] if i < 3 else a[i - 3]
            sum_x[i] += weight * rate
            x[i] = start[i] + ahead * rate
            for j in range(STATE):
                sum_s[i, j] += weight * k[i, j]
                s[i, j] = (1.0 if i == j else 0.0) + ahead * k[i, j]
        for i in range(6):
            stage[i] = x[i]
    for i in range(6):
        x[i] = start[i] + step_s / 6.0 * sum_x[i]
        for j in range(STATE):
            phi[i, j] = (1.0 if i == j else 0.0) + step_s / 6.0 * sum_s[i, j]
    for i in range(3):
        x[6 + i] = theta[i]
        for j in range(3):
            phi[6 + i, j], phi[6 + i, 3 + j], phi[6 + i, 6 + j] = 0.0, by_v0[i, j], by_theta[i, j]
    return scale


@kernel
def _spread(phi: Array, p: Array) -> None:
    """P <- Phi P Phi^T, symmetric to the last bit."""
    half = np.empty((STATE, STATE))
    for i in range(STATE):
        first = 0 if i < 6 else 3
        for j in range(STATE):
            total = 0.0
            for m in range(first, STATE):
                total += phi[i, m] * p[m, j]
            half[i, j] = total
    for i in range(STATE):
        for j in range(i + 1):
            first = 0 if j < 6 else 3
            total = 0.0
            for m in range(first, STATE):
                total += half[i, m] * phi[j, m]
            p[i, j] = total
            p[j, i] = total


@kernel
def _carry(phi: Array, c: Array, used: int) -> None:
    """C <- Phi C."""
    column = np.empty(STATE)
    for n in range(used):
        for i in range(STATE):
            total = 0.0
            for m in range(STATE):
                total += phi[i, m] * c[m, n]
            column[i] = total
        for i in range(STATE):
            c[i, n] = column[i]


@kernel
def _add_noise(model: int, v: Array, scale: float, h: float, p: Array) -> None:
    along, across = parameter_noise(model, h)
    white = white_noise(model, scale)
    ux, uy, uz, _speed = velocity_axis(v)
    b, h2 = scale, h * h
    for i in range(3):
        ui = ux if i == 0 else (uy if i == 1 else uz)
        for j in range(3):
            uj = ux if j == 0 else (uy if j == 1 else uz)
            n = (along - across) * ui * uj + (across if i == j else 0.0)
            w = white * h if i == j else 0.0
            p[i, j] += n * b * b * h2 * h2 / 20.0 + w * h2 / 3.0
            p[i, 3 + j] += n * b * b * h2 * h / 8.0 + w * h / 2.0
            p[3 + i, j] += n * b * b * h2 * h / 8.0 + w * h / 2.0
            p[3 + i, 3 + j] += n * b * b * h2 / 3.0 + w
            p[i, 6 + j] += n * b * h2 / 6.0
            p[6 + i, j] += n * b * h2 / 6.0
            p[3 + i, 6 + j] += n * b * h / 2.0
            p[6 + i, 3 + j] += n * b * h / 2.0
            p[6 + i, 6 + j] += n
    for i in range(STATE):  # the products above are symmetric but for their last bit
        for j in range(i):
            p[j, i] = p[i, j]


@warmer
def _warm() -> None:
    x = np.array([6.5e6, 0.0, 0.0, 0.0, 1e3, 1e3, 1.0, 1.0, 1.0])
    propagate(BOOST, x, np.eye(STATE), np.zeros((STATE, STATE)), 0, 1.0)
    flow(BOOST, x, np.eye(STATE), 1.0)
