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
    axis,
    longest_step_s,
    parameter_flow,
    parameter_noise,
    white_noise,
)

Array = NDArray[np.float64]

_DEEPEST_M = -200e3
_ROOM = 162  # numbers that one step needs beside its state: twice 6 by 9 and some


@kernel
def propagate(model: int, x: Array, p: Array, c: Array, used: int, dt_s: float) -> None:
    """Advance one model's mean `x` (9,) and covariance `p` (9, 9) by `dt_s` >= 0 seconds, in place.

    The first `used` columns of `c` (9, k) are covariances with sensors' constant errors, which nothing moves.
    """
    phi, work, parts, pressure = np.empty((STATE, STATE)), np.empty(_ROOM), np.empty((4, 3, 3)), 0.0
    left = dt_s
    while left > 0.0:
        altitude = altitude_and_up(x[0], x[1], x[2])[0]
        if not altitude > _DEEPEST_M:
            return  # fallen long ago; nearer to the centre gravity has no bound
        speed = math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5])
        longest = longest_step_s(model, altitude, speed)
        pieces = math.ceil(left / longest - 1e-9)
        step = left / pieces if pieces > 0 else left
        vx, vy, vz = x[3], x[4], x[5]
        pressure = _flow(model, x, phi, step, work, parts)
        _spread(phi, p, work)
        _carry(phi, c, used, work)
        _add_noise(model, vx, vy, vz, pressure, step, p)
        left = 0.0 if pieces <= 1 else left - step


@kernel
def flow(model: int, x: Array, phi: Array, step_s: float) -> float:
    """Advance `x` (9,) by one Runge-Kutta step, write the derivative `phi` (9, 9); returns d a/d theta in mid-step."""
    return _flow(model, x, phi, step_s, np.empty(_ROOM), np.empty((4, 3, 3)))


@kernel
def _flow(model: int, x: Array, phi: Array, step_s: float, work: Array, parts: Array) -> float:
    """Do the work of `flow`; `work` and `parts` are room, taken once: asking for memory costs more than a stage.

    `s`, the derivative of the stage's position and velocity by the start (6 rows of 9), and sums over the stages lie
    flat, so that the loops over columns become vector instructions.
    """
    s, sums, rate = work[0:54], work[54:108], work[108:135]
    start, stage, sum_x, a, theta = work[135:144], work[144:150], work[150:156], work[156:159], work[159:162]
    by_theta, by_v0, by_p, by_v = parts[0], parts[1], parts[2], parts[3]
    scale = 1.0
    for i in range(STATE):
        start[i] = x[i]
    for i in range(6):
        stage[i], sum_x[i] = start[i], 0.0
    for n in range(54):
        s[n], sums[n] = (1.0 if n % 10 == 0 else 0.0), 0.0
    for number in range(4):
        tau = 0.0 if number == 0 else (step_s if number == 3 else 0.5 * step_s)
        if number != 2:  # the two middle stages share their time
            parameter_flow(model, start[6:9], start[3:6], tau, theta, by_theta, by_v0)
        b = acceleration(model, stage[0:3], stage[3:6], theta, a, by_p, by_v)
        if number == 1:
            scale = b
        weight = 1.0 if number == 0 or number == 3 else 2.0
        ahead = 0.5 * step_s if number < 2 else step_s
        _rates(s, by_p, by_v, by_v0, by_theta, b, rate)
        for n in range(27):
            sums[n] += weight * s[27 + n]
            sums[27 + n] += weight * rate[n]
            s[n] = ahead * s[27 + n]
            s[27 + n] = ahead * rate[n]
        for i in range(6):
            s[10 * i] += 1.0
            moved = stage[3 + i] if i < 3 else a[i - 3]
            sum_x[i] += weight * moved
            x[i] = start[i] + ahead * moved
        for i in range(6):
            stage[i] = x[i]
    sixth = step_s / 6.0
    for i in range(6):
        x[i] = start[i] + sixth * sum_x[i]
        for j in range(STATE):
            phi[i, j] = (1.0 if i == j else 0.0) + sixth * sums[STATE * i + j]
    for i in range(3):
        x[6 + i] = theta[i]
        for j in range(3):
            phi[6 + i, j], phi[6 + i, 3 + j], phi[6 + i, 6 + j] = 0.0, by_v0[i, j], by_theta[i, j]
    return scale


@kernel
def _rates(s: Array, by_p: Array, by_v: Array, by_v0: Array, by_theta: Array, b: float, rate: Array) -> None:
    """Write the rate of the velocity's derivative by the start (3 rows of 9)."""
    for i in range(3):
        px, py, pz, vx, vy, vz = by_p[i, 0], by_p[i, 1], by_p[i, 2], by_v[i, 0], by_v[i, 1], by_v[i, 2]
        row = STATE * i
        for j in range(STATE):
            rate[row + j] = (
                px * s[j] + py * s[9 + j] + pz * s[18 + j] + vx * s[27 + j] + vy * s[36 + j] + vz * s[45 + j]
            )
        for j in range(3):
            rate[row + 3 + j] += b * by_v0[i, j]
            rate[row + 6 + j] += b * by_theta[i, j]


@kernel
def _spread(phi: Array, p: Array, work: Array) -> None:
    """P <- Phi P Phi^T, symmetric to the last bit; `work` is room.

    A row of Phi P is held in nine numbers, not in an array: so the compiler keeps it in vector registers.
    """
    for i in range(STATE):
        a = b = c = d = e = f = g = h = k = 0.0
        for m in range(0 if i < 6 else 3, STATE):
            t = phi[i, m]
            a, b, c = a + t * p[m, 0], b + t * p[m, 1], c + t * p[m, 2]
            d, e, f = d + t * p[m, 3], e + t * p[m, 4], f + t * p[m, 5]
            g, h, k = g + t * p[m, 6], h + t * p[m, 7], k + t * p[m, 8]
        for j in range(i + 1):
            work[STATE * i + j] = (
                (a * phi[j, 0] + b * phi[j, 1] + c * phi[j, 2])
                + (d * phi[j, 3] + e * phi[j, 4] + f * phi[j, 5])
                + (g * phi[j, 6] + h * phi[j, 7] + k * phi[j, 8])
            )
    for i in range(STATE):
        for j in range(i + 1):
            p[i, j] = p[j, i] = work[STATE * i + j]


@kernel
def _carry(phi: Array, c: Array, used: int, work: Array) -> None:
    """C <- Phi C."""
    column = work[0:STATE]
    for n in range(used):
        for i in range(STATE):
            total = 0.0
            for m in range(STATE):
                total += phi[i, m] * c[m, n]
            column[i] = total
        for i in range(STATE):
            c[i, n] = column[i]


@kernel
def _add_noise(model: int, vx: float, vy: float, vz: float, scale: float, h: float, p: Array) -> None:
    along, across = parameter_noise(model, h)
    white = white_noise(model, scale)
    ux, uy, uz, _speed = axis(vx, vy, vz)
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
