"""The rest of a burn, then the fall: where it would land if thrust went on along the velocity for so long."""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.arc import impact_point
from beaconfire.earth.gravity import acceleration_ecef
from beaconfire.kernel.jit import kernel, warmer

_STEP_S = 2.0
_MAX_ACCELERATION_M_S2 = 120.0


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
        steps = math.ceil((burns_s[row] - time) / _STEP_S)
        dt = (burns_s[row] - time) / max(steps, 1)
        for _ in range(steps):
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
            time += dt
        latitude, longitude, fall, ok = impact_point(y, beta_inverse_m2_kg, max_time_s)
        out[row, 0], out[row, 1], out[row, 2], out[row, 3] = latitude, longitude, time + fall, 1.0 if ok else 0.0
    return out


@warmer
def _warm() -> None:
    burn_and_fall(np.array([6.5e6, 0.0, 0.0, 100.0, 300.0, 0.0]), 20.0, 2600.0, np.array([0.0, 2.0]), 1e-4, 600.0)
