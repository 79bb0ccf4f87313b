"""Prediction in lanes: `predict` for the ballistic model, with as many tracks side by side as `LANES` says.

The formulas are those of `earth.gravity`, `models` and `predict`, written once more because a call per lane would undo
what the lanes are for; a test holds them to the plain kernels' results.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.atmosphere import density_and_slope
from beaconfire.earth.gravity import J2, J3, J4
from beaconfire.earth.wgs84 import (
    GRAVITATIONAL_PARAMETER_M3_S2,
    ROTATION_RATE_RAD_S,
    SEMI_MAJOR_AXIS_M,
    altitude_and_up,
)
from beaconfire.kernel.jit import kernel
from beaconfire.track.models import BALLISTIC, STATE, parameter_noise, parameter_relaxation, white_noise

Array = NDArray[np.float64]

LANES = 32  # eight lanes are slower than one at a time; more than 32 do not fit the nearest cache
_GM, _RE, _OM = GRAVITATIONAL_PARAMETER_M3_S2, SEMI_MAJOR_AXIS_M, ROTATION_RATE_RAD_S
_SLOWEST_M_S = 30.0
_W = LANES


@kernel
def predict_lanes(x: Array, p: Array, dt_s: float) -> None:
    """Advance blocks of states (b, 9 * lanes) and covariances (b, 81 * lanes) by one Runge-Kutta step."""
    room, flow = np.empty(60 * _W), np.empty(72 * _W)
    phi, s, rate = np.empty(54 * _W), np.empty(54 * _W), np.empty(45 * _W)
    for block in range(x.shape[0]):
        _flow_lanes(x[block], dt_s, room, flow, phi, s, rate)
        _spread_lanes(p[block], phi, flow, s)
        _noise_lanes(p[block], room, dt_s)


@kernel
def _flow_lanes(x: Array, step_s: float, room: Array, flow: Array, phi: Array, s: Array, rate: Array) -> None:
    """Runge-Kutta for the state and its derivative: `phi` (54) for place and velocity, `flow` for the parameters.

    `room` holds axis, along, 1 / speed (5), start (9), stage (6), sums (6), air (5), force (3); the pressure of the
    second stage stays in its last lane row for the noise.
    """
    start, stage, total = room[5 * _W : 14 * _W], room[14 * _W : 20 * _W], room[20 * _W : 26 * _W]
    air, a, mid = room[26 * _W : 31 * _W], room[31 * _W : 34 * _W], room[59 * _W : 60 * _W]
    by_place, by_speed = rate[27 * _W : 36 * _W], rate[36 * _W : 45 * _W]
    theta, by_theta, by_v = flow[0 : 3 * _W], flow[3 * _W : 12 * _W], flow[12 * _W : 21 * _W]
    for n in range(9 * _W):
        start[n] = x[n]
    for n in range(6 * _W):
        stage[n], total[n] = start[n], 0.0
    for n in range(54 * _W):
        s[n], phi[n] = (1.0 if (n // _W) % 10 == 0 else 0.0), 0.0
    _axis_lanes(start, room)
    for number in range(4):
        if number != 2:
            tau = 0.0 if number == 0 else (step_s if number == 3 else 0.5 * step_s)
            _parameter_lanes(start, room, tau, theta, by_theta, by_v)
        _air_lanes(stage, air)
        _force_lanes(stage, theta, air, a, by_place, by_speed)
        if number == 1:
            for n in range(_W):
                mid[n] = air[4 * _W + n]
        weight = 1.0 if number == 0 or number == 3 else 2.0
        ahead = 0.5 * step_s if number < 2 else step_s
        _rates_lanes(s, by_place, by_speed, by_theta, by_v, air, rate)
        for n in range(27 * _W):
            phi[n] += weight * s[27 * _W + n]
            phi[27 * _W + n] += weight * rate[n]
            s[n] = ahead * s[27 * _W + n]
            s[27 * _W + n] = ahead * rate[n]
        for i in range(6):
            for n in range(_W):
                s[10 * i * _W + n] += 1.0
        for n in range(3 * _W):
            total[n] += weight * stage[3 * _W + n]
            total[3 * _W + n] += weight * a[n]
            stage[n] = start[n] + ahead * stage[3 * _W + n]
            stage[3 * _W + n] = start[3 * _W + n] + ahead * a[n]
    sixth = step_s / 6.0
    for n in range(6 * _W):
        x[n] = start[n] + sixth * total[n]
    for n in range(3 * _W):
        x[6 * _W + n] = theta[n]
    for n in range(54 * _W):
        phi[n] = (1.0 if (n // _W) % 10 == 0 else 0.0) + sixth * phi[n]


@kernel
def _axis_lanes(start: Array, room: Array) -> None:
    """Write the axis of the velocity (3), the parameter along it, and one over the speed."""
    for n in range(_W):
        vx, vy, vz = start[3 * _W + n], start[4 * _W + n], start[5 * _W + n]
        per = 1.0 / max(math.sqrt(vx * vx + vy * vy + vz * vz), _SLOWEST_M_S)
        ux, uy, uz = vx * per, vy * per, vz * per
        room[n], room[_W + n], room[2 * _W + n], room[4 * _W + n] = ux, uy, uz, per
        room[3 * _W + n] = ux * start[6 * _W + n] + uy * start[7 * _W + n] + uz * start[8 * _W + n]


@kernel
def _parameter_lanes(start: Array, room: Array, tau: float, theta: Array, by_theta: Array, by_v: Array) -> None:
    """Write the parameters after `tau` seconds (3) and their derivatives by parameters and velocity at the start."""
    keep, across, mean = parameter_relaxation(BALLISTIC, tau)
    for i in range(3):
        for n in range(_W):
            along, ui = room[3 * _W + n], room[i * _W + n]
            theta[i * _W + n] = across * start[(6 + i) * _W + n] + ((keep - across) * along + mean) * ui
        for j in range(3):
            same = 1.0 if i == j else 0.0
            k = (3 * i + j) * _W
            for n in range(_W):
                along, per, ui, uj = room[3 * _W + n], room[4 * _W + n], room[i * _W + n], room[j * _W + n]
                turn = (same - ui * uj) * per
                aside = (start[(6 + j) * _W + n] - along * uj) * per
                by_theta[k + n] = across * same + (keep - across) * ui * uj
                by_v[k + n] = ((keep - across) * along + mean) * turn + (keep - across) * ui * aside


@kernel
def _air_lanes(stage: Array, air: Array) -> None:
    """Look up, lane by lane, density, its slope along the vertical (3), and the pressure of motion."""
    for n in range(_W):
        altitude, ux, uy, uz = altitude_and_up(stage[n], stage[_W + n], stage[2 * _W + n])
        density, slope = density_and_slope(altitude)
        air[n], air[_W + n], air[2 * _W + n], air[3 * _W + n] = density, slope * ux, slope * uy, slope * uz
    for n in range(_W):
        vx, vy, vz = stage[3 * _W + n], stage[4 * _W + n], stage[5 * _W + n]
        air[4 * _W + n] = 0.5 * air[n] * (vx * vx + vy * vy + vz * vz)


@kernel
def _force_lanes(stage: Array, theta: Array, air: Array, a: Array, by_place: Array, by_speed: Array) -> None:
    """Write the acceleration (3) and its derivatives (9, 9); the formulas are those of `earth.gravity` and `models`."""
    for n in range(_W):
        x, y, z = stage[n], stage[_W + n], stage[2 * _W + n]
        vx, vy, vz = stage[3 * _W + n], stage[4 * _W + n], stage[5 * _W + n]
        per_r = 1.0 / math.sqrt(x * x + y * y + z * z)
        ux, uy, uz = x * per_r, y * per_r, z * per_r
        s2, q = uz * uz, _RE * per_r
        k2, k3, k4 = J2 * q * q, J3 * q * q * q, J4 * q * q * q * q
        g3 = _GM * per_r * per_r * per_r
        d2, d3, d4 = 3.0 * uz, 1.5 * (5.0 * s2 - 1.0), 2.5 * uz * (7.0 * s2 - 3.0)
        d5 = 1.875 * (s2 * (21.0 * s2 - 14.0) + 1.0)
        e3, e4, e5 = 15.0 * uz, 7.5 * (7.0 * s2 - 1.0), 52.5 * uz * (3.0 * s2 - 1.0)
        alpha = g3 * (-1.0 + k2 * d3 + k3 * d4 + k4 * d5)
        alpha_r = g3 * (3.0 - 5.0 * k2 * d3 - 6.0 * k3 * d4 - 7.0 * k4 * d5)
        alpha_s = g3 * (k2 * e3 + k3 * e4 + k4 * e5)
        gamma = g3 / per_r * (k2 * d2 + k3 * d3 + k4 * d4)
        gamma_r = g3 * (4.0 * k2 * d2 + 5.0 * k3 * d3 + 6.0 * k4 * d4)
        gamma_s = -g3 * (k2 * 3.0 + k3 * e3 + k4 * e4)
        radial, polar = alpha_r - alpha_s * uz, gamma_r - gamma_s * uz
        ax, ay, az = radial * ux, radial * uy, radial * uz + alpha_s
        p0, p1, p2 = theta[n], theta[_W + n], theta[2 * _W + n]
        pressure, density = air[4 * _W + n], air[n]
        half2 = 0.5 * (vx * vx + vy * vy + vz * vz)
        sx, sy, sz = half2 * air[_W + n], half2 * air[2 * _W + n], half2 * air[3 * _W + n]
        turn = alpha + _OM * _OM
        a[n] = turn * x + 2.0 * _OM * vy + pressure * p0
        a[_W + n] = turn * y - 2.0 * _OM * vx + pressure * p1
        a[2 * _W + n] = alpha * z - gamma + pressure * p2
        by_place[n], by_place[_W + n], by_place[2 * _W + n] = (
            turn + ux * ax + p0 * sx,
            ux * ay + p0 * sy,
            ux * az + p0 * sz,
        )
        by_place[3 * _W + n], by_place[4 * _W + n] = uy * ax + p1 * sx, turn + uy * ay + p1 * sy
        by_place[5 * _W + n] = uy * az + p1 * sz
        by_place[6 * _W + n], by_place[7 * _W + n] = uz * ax + polar * ux + p2 * sx, uz * ay + polar * uy + p2 * sy
        by_place[8 * _W + n] = alpha + uz * az + polar * uz + gamma_s + p2 * sz
        d0, d1, dz = density * p0, density * p1, density * p2
        by_speed[n], by_speed[_W + n], by_speed[2 * _W + n] = d0 * vx, d0 * vy + 2.0 * _OM, d0 * vz
        by_speed[3 * _W + n], by_speed[4 * _W + n], by_speed[5 * _W + n] = d1 * vx - 2.0 * _OM, d1 * vy, d1 * vz
        by_speed[6 * _W + n], by_speed[7 * _W + n], by_speed[8 * _W + n] = dz * vx, dz * vy, dz * vz


@kernel
def _rates_lanes(
    s: Array, by_place: Array, by_speed: Array, by_theta: Array, by_v: Array, air: Array, rate: Array
) -> None:
    """Write the rate of the velocity's derivative by the start (27)."""
    for i in range(3):
        for j in range(STATE):
            k = (STATE * i + j) * _W
            for n in range(_W):
                rate[k + n] = (
                    by_place[3 * i * _W + n] * s[j * _W + n]
                    + by_place[(3 * i + 1) * _W + n] * s[(9 + j) * _W + n]
                    + by_place[(3 * i + 2) * _W + n] * s[(18 + j) * _W + n]
                    + by_speed[3 * i * _W + n] * s[(27 + j) * _W + n]
                    + by_speed[(3 * i + 1) * _W + n] * s[(36 + j) * _W + n]
                    + by_speed[(3 * i + 2) * _W + n] * s[(45 + j) * _W + n]
                )
            if 3 <= j < 6:
                for n in range(_W):
                    rate[k + n] += air[4 * _W + n] * by_v[(3 * i + j - 3) * _W + n]
            if j >= 6:
                for n in range(_W):
                    rate[k + n] += air[4 * _W + n] * by_theta[(3 * i + j - 6) * _W + n]


@kernel
def _half_lanes(p: Array, phi: Array, flow: Array, half: Array, lower: Array) -> None:
    """Write Phi P: the rows of place and velocity (54), and those of the parameters (27)."""
    for i in range(6):
        for j in range(STATE):
            k = (STATE * i + j) * _W
            for n in range(_W):
                half[k + n] = (
                    phi[STATE * i * _W + n] * p[j * _W + n]
                    + phi[(STATE * i + 1) * _W + n] * p[(9 + j) * _W + n]
                    + phi[(STATE * i + 2) * _W + n] * p[(18 + j) * _W + n]
                    + phi[(STATE * i + 3) * _W + n] * p[(27 + j) * _W + n]
                    + phi[(STATE * i + 4) * _W + n] * p[(36 + j) * _W + n]
                    + phi[(STATE * i + 5) * _W + n] * p[(45 + j) * _W + n]
                    + phi[(STATE * i + 6) * _W + n] * p[(54 + j) * _W + n]
                    + phi[(STATE * i + 7) * _W + n] * p[(63 + j) * _W + n]
                    + phi[(STATE * i + 8) * _W + n] * p[(72 + j) * _W + n]
                )
    for i in range(3):
        for j in range(STATE):
            k = (STATE * i + j) * _W
            for n in range(_W):
                lower[k + n] = (
                    flow[(12 + 3 * i) * _W + n] * p[(27 + j) * _W + n]
                    + flow[(13 + 3 * i) * _W + n] * p[(36 + j) * _W + n]
                    + flow[(14 + 3 * i) * _W + n] * p[(45 + j) * _W + n]
                    + flow[(3 + 3 * i) * _W + n] * p[(54 + j) * _W + n]
                    + flow[(4 + 3 * i) * _W + n] * p[(63 + j) * _W + n]
                    + flow[(5 + 3 * i) * _W + n] * p[(72 + j) * _W + n]
                )


@kernel
def _spread_lanes(p: Array, phi: Array, flow: Array, half: Array) -> None:
    """P <- Phi P Phi^T; `half` (54) is room for the rows of place and velocity, `flow[21:48]` for the parameters'."""
    lower = flow[21 * _W : 48 * _W]
    _half_lanes(p, phi, flow, half, lower)
    for i in range(STATE):
        left = (
            half[STATE * i * _W : STATE * (i + 1) * _W] if i < 6 else lower[STATE * (i - 6) * _W : STATE * (i - 5) * _W]
        )
        for j in range(i + 1):
            k, m = (STATE * i + j) * _W, (STATE * j + i) * _W
            if j < 6:
                for n in range(_W):
                    p[k + n] = (
                        left[n] * phi[STATE * j * _W + n]
                        + left[_W + n] * phi[(STATE * j + 1) * _W + n]
                        + left[2 * _W + n] * phi[(STATE * j + 2) * _W + n]
                        + left[3 * _W + n] * phi[(STATE * j + 3) * _W + n]
                        + left[4 * _W + n] * phi[(STATE * j + 4) * _W + n]
                        + left[5 * _W + n] * phi[(STATE * j + 5) * _W + n]
                        + left[6 * _W + n] * phi[(STATE * j + 6) * _W + n]
                        + left[7 * _W + n] * phi[(STATE * j + 7) * _W + n]
                        + left[8 * _W + n] * phi[(STATE * j + 8) * _W + n]
                    )
            else:
                row = 3 * (j - 6)
                for n in range(_W):
                    p[k + n] = (
                        left[3 * _W + n] * flow[(12 + row) * _W + n]
                        + left[4 * _W + n] * flow[(13 + row) * _W + n]
                        + left[5 * _W + n] * flow[(14 + row) * _W + n]
                        + left[6 * _W + n] * flow[(3 + row) * _W + n]
                        + left[7 * _W + n] * flow[(4 + row) * _W + n]
                        + left[8 * _W + n] * flow[(5 + row) * _W + n]
                    )
            for n in range(_W):
                p[m + n] = p[k + n]


@kernel
def _noise_lanes(p: Array, room: Array, h: float) -> None:
    """Add the process noise of `predict`: a Gauss-Markov force integrated twice, and white acceleration."""
    along, across = parameter_noise(BALLISTIC, h)
    white, mid = room[34 * _W : 35 * _W], room[59 * _W : 60 * _W]
    for n in range(_W):
        white[n] = h * white_noise(BALLISTIC, mid[n])
    h2 = h * h
    for i in range(3):
        for j in range(3):
            same = 1.0 if i == j else 0.0
            pp, pv, vp, vv = (9 * i + j) * _W, (9 * i + 3 + j) * _W, (9 * (3 + i) + j) * _W, (9 * (3 + i) + 3 + j) * _W
            pt, tp, vt = (9 * i + 6 + j) * _W, (9 * (6 + i) + j) * _W, (9 * (3 + i) + 6 + j) * _W
            tv, tt = (9 * (6 + i) + 3 + j) * _W, (9 * (6 + i) + 6 + j) * _W
            for n in range(_W):
                q = (along - across) * room[i * _W + n] * room[j * _W + n] + across * same
                b, w = mid[n], white[n] * same
                p[pp + n] += q * b * b * h2 * h2 / 20.0 + w * h2 / 3.0
                p[pv + n] += q * b * b * h2 * h / 8.0 + w * h / 2.0
                p[vp + n] += q * b * b * h2 * h / 8.0 + w * h / 2.0
                p[vv + n] += q * b * b * h2 / 3.0 + w
                p[pt + n] += q * b * h2 / 6.0
                p[tp + n] += q * b * h2 / 6.0
                p[vt + n] += q * b * h / 2.0
                p[tv + n] += q * b * h / 2.0
                p[tt + n] += q
