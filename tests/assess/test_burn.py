"""The rest of a burn and the fall after it, against SciPy."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from beaconfire.assess.burn import burn_and_fall
from beaconfire.assess.plane import Plane
from beaconfire.rehearse.truth.force import density_kg_m3, height_m
from tests.assess.flights import _pull, flight, states

ACCELERATION, EXHAUST, BETA = 22.0, 2650.0, 5000.0


def flown(x: np.ndarray, burn_s: float) -> tuple[np.ndarray, float]:
    """The same flight by SciPy: thrust along the velocity, no drag while it burns, then drag alone to the ground."""

    def powered(time_s: float, y: np.ndarray) -> np.ndarray:
        thrust = ACCELERATION / (1.0 - ACCELERATION * time_s / EXHAUST)
        along = thrust * y[3:] / np.linalg.norm(y[3:])
        return np.concatenate((y[3:], _pull(*y) + along))

    def free(time_s: float, y: np.ndarray) -> np.ndarray:
        drag = 0.5 * density_kg_m3(height_m(*y[:3])) * np.linalg.norm(y[3:]) / BETA
        return np.concatenate((y[3:], _pull(*y) - drag * y[3:]))

    def ground(time_s: float, y: np.ndarray) -> float:
        return height_m(*y[:3].tolist())

    ground.terminal = True  # type: ignore[attr-defined]
    ground.direction = -1.0  # type: ignore[attr-defined]
    y = x
    if burn_s > 0.0:
        y = solve_ivp(powered, (0.0, burn_s), x, method="DOP853", rtol=1e-9, atol=1e-6).y[:, -1]
    fall = solve_ivp(free, (0.0, 4000.0), y, method="DOP853", rtol=1e-9, atol=1e-6, events=[ground])
    return fall.y[:, -1], burn_s + float(fall.t[-1])


@pytest.mark.parametrize("burn_s", [0.0, 7.0, 30.0, 60.0])
def test_a_burn_and_a_fall_end_where_scipy_ends_them(burn_s: float) -> None:
    x = states(flight("mrbm_solid", 1500e3, 400e3).path, np.array([45.0]))[0, :6]
    end, time_s = flown(x, burn_s)
    rows = burn_and_fall(x.copy(), ACCELERATION, EXHAUST, np.array([0.0, burn_s, 90.0]), 1.0 / BETA, 6000.0)
    row = rows[1]
    latitude = math.atan2(end[2], math.hypot(end[0], end[1]) * (1.0 - 0.00669437999014))
    off = Plane(latitude, math.atan2(end[1], end[0])).place(latitude_rad=row[0], longitude_rad=row[1])
    # Thrust is held at its mid-step value: 2 s steps of a growing thrust cost a part in ten thousand of the range.
    assert math.hypot(*off) < 100.0 + 1e-3 * burn_s * 1500e3 / 60.0
    assert row[2] == pytest.approx(time_s, abs=0.5)
    assert row[3] == 1.0


def test_a_longer_burn_falls_later_until_nothing_comes_down() -> None:
    x = states(flight("icbm_solid", 1000e3, 6050e3).path, np.array([120.0]))[0, :6]
    burns = np.array([0.0, 20.0, 40.0, 60.0, 85.0, 110.0])
    rows = burn_and_fall(x, 25.0, EXHAUST, burns, 1.0 / BETA, 6000.0)
    falling = rows[rows[:, 3] == 1.0]
    assert 2 <= len(falling) < len(rows)
    assert np.all(np.diff(falling[:, 2]) > 0.0)


def test_the_state_is_left_as_it_was() -> None:
    x = states(flight("mrbm_solid", 1500e3, 400e3).path, np.array([45.0]))[0, :6]
    before = x.copy()
    burn_and_fall(x, ACCELERATION, EXHAUST, np.array([0.0, 10.0]), 1.0 / BETA, 6000.0)
    assert np.array_equal(x, before)
