"""The rest of a burn, then the fall: where it would land, and by which way, if thrust went on along the velocity."""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.arc import ground_way, impact_point, note_place
from beaconfire.earth.gravity import acceleration_ecef
from beaconfire.earth.wgs84 import GRAVITATIONAL_PARAMETER_M3_S2
from beaconfire.kernel.jit import kernel, warmer

STEP_S = 2.0
_MAX_ACCELERATION_M_S2 = 120.0


@kernel
def _burn_on(
    y: NDArray[np.float64],
    acceleration_m_s2: float,
    exhaust_m_s: float,
    time: float,
    dt: float,
    trial: NDArray[np.float64],
    total: NDArray[np.float64],
    rate: NDArray[np.float64],
) -> None:
    """Carry a state one Runge-Kutta step on under thrust; `time` is how long it has burnt so far."""
    left = max(1.0 - acceleration_m_s2 * (time + 0.5 * dt) / exhaust_m_s, 1e-2)
    thrust = min(acceleration_m_s2 / left, _MAX_ACCELERATION_M_S2)
    for i in range(6):
        trial[i] = y[i]
    for part in range(4):
        gx, gy, gz = acceleration_ecef(trial[0], trial[1], trial[2], trial[3], trial[4], trial[5])
        speed = math.sqrt(trial[3] * trial[3] + trial[4] * trial[4] + trial[5] * trial[5])
        along = thrust / max(speed, 1.0)
        rate[0], rate[1], rate[2] = trial[3], trial[4], trial[5]
        rate[3], rate[4], rate[5] = gx + along * trial[3], gy + along * trial[4], gz + along * trial[5]
        weight = 1.0 if part == 0 or part == 3 else 2.0
        onward = dt if part == 2 else 0.5 * dt
        for i in range(6):
            total[i] = weight * rate[i] + (0.0 if part == 0 else total[i])
            trial[i] = y[i] + onward * rate[i]
    for i in range(6):
        y[i] += dt / 6.0 * total[i]


@kernel
def burn_and_fall(
    x: NDArray[np.float64],
    acceleration_m_s2: float,
    exhaust_m_s: float,
    burns_s: NDArray[np.float64],
    beta_inverse_m2_kg: float,
    max_time_s: float,
) -> NDArray[np.float64]:
    """Return rows `latitude_rad, longitude_rad, time_s, ok` for ascending remaining burns (N,) from one state (6).

    Thrust points along the velocity and grows as mass flows out; `time_s` counts from now.
    """
    out = np.zeros((burns_s.shape[0], 4))
    y, total, trial, rate = x.copy(), np.empty(6), np.empty(6), np.empty(6)
    time = 0.0
    for row in range(burns_s.shape[0]):
        steps = math.ceil((burns_s[row] - time) / STEP_S)
        dt = (burns_s[row] - time) / max(steps, 1)
        for _ in range(steps):
            _burn_on(y, acceleration_m_s2, exhaust_m_s, time, dt, trial, total, rate)
            time += dt
        latitude, longitude, fall, ok = impact_point(y, beta_inverse_m2_kg, max_time_s)
        out[row, 0], out[row, 1], out[row, 2], out[row, 3] = latitude, longitude, time + fall, 1.0 if ok else 0.0
    return out


@kernel
def burn_energies(
    x: NDArray[np.float64], acceleration_m_s2: float, exhaust_m_s: float, longest_s: float
) -> NDArray[np.float64]:
    """Return the energy per mass (J/kg, ground speed, zero far away) after each `STEP_S` of the same burn, from now."""
    count = math.ceil(longest_s / STEP_S) + 1
    out = np.empty(count)
    y, total, trial, rate = x.copy(), np.empty(6), np.empty(6), np.empty(6)
    for row in range(count):
        radius = math.sqrt(y[0] * y[0] + y[1] * y[1] + y[2] * y[2])
        out[row] = 0.5 * (y[3] * y[3] + y[4] * y[4] + y[5] * y[5]) - GRAVITATIONAL_PARAMETER_M3_S2 / radius
        _burn_on(y, acceleration_m_s2, exhaust_m_s, row * STEP_S, STEP_S, trial, total, rate)
    return out


@kernel
def burn_ways(
    x: NDArray[np.float64],
    acceleration_m_s2: float,
    exhaust_m_s: float,
    burns_s: NDArray[np.float64],
    beta_inverse_m2_kg: float,
    begin_s: float,
    every_s: float,
    max_time_s: float,
    rows: NDArray[np.float64],
    ends: NDArray[np.float64],
) -> None:
    """Write the ways over the ground of the same burns and falls into `rows` (N, M, 4) and `ends` (N, 2).

    They begin at `begin_s`, a place every `every_s`; rows and ends as `earth.arc.ground_ways` has them.
    """
    y, total, trial, rate = x.copy(), np.empty(6), np.empty(6), np.empty(6)
    common, so_far, marks = np.zeros((rows.shape[1], 4)), np.array([0.0, every_s, begin_s]), np.empty(3)
    time = 0.0
    if begin_s <= 0.0:
        note_place(common, so_far, time, y[0], y[1], y[2])
    for row in range(burns_s.shape[0]):
        steps = math.ceil((burns_s[row] - time) / STEP_S)
        dt = (burns_s[row] - time) / max(steps, 1)
        for _ in range(steps):
            _burn_on(y, acceleration_m_s2, exhaust_m_s, time, dt, trial, total, rate)
            time += dt
            if time >= so_far[2]:
                since = time - so_far[2]  # less than a step, and so on the tangent within some tens of metres
                place = y[:3] - since * y[3:]
                note_place(common, so_far, so_far[2], place[0], place[1], place[2])
        rows[row] = common
        marks[:] = so_far
        ok = ground_way(y, beta_inverse_m2_kg, time, max_time_s, rows[row], marks)
        ends[row, 0], ends[row, 1] = marks[0], 1.0 if ok else 0.0


@warmer
def _warm() -> None:
    burn_and_fall(np.array([6.5e6, 0.0, 0.0, 100.0, 300.0, 0.0]), 20.0, 2600.0, np.array([0.0, 2.0]), 1e-4, 600.0)
    x, rows, ends = np.array([6.5e6, 0.0, 0.0, 100.0, 300.0, 0.0]), np.empty((2, 64, 4)), np.empty((2, 2))
    burn_energies(x, 20.0, 2600.0, 4.0)
    burn_ways(x, 20.0, 2600.0, np.array([0.0, 2.0]), 1e-4, 0.0, 10.0, 600.0, rows, ends)
