"""The rest of a burn and the fall after it, against SciPy."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from beaconfire.assess.burn import STEP_S, burn_and_fall, burn_energies, burn_ways
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


def test_ways_end_where_the_falls_are_and_begin_on_time() -> None:
    x = states(flight("mrbm_solid", 1500e3, 400e3).path, np.array([45.0]))[0, :6]
    burns = np.array([0.0, 7.0, 30.0, 60.0])
    falls = burn_and_fall(x.copy(), ACCELERATION, EXHAUST, burns, 1.0 / BETA, 6000.0)
    rows, ends = np.zeros((4, 64, 4)), np.zeros((4, 2))
    burn_ways(x, ACCELERATION, EXHAUST, burns, 1.0 / BETA, 12.0, 10.0, 6000.0, rows, ends)
    for way, (count, ok), fall in zip(rows, ends, falls, strict=True):
        assert ok == 1.0
        last = way[int(count) - 1]
        off = Plane(fall[0], fall[1]).place(latitude_rad=last[1], longitude_rad=last[2])
        assert math.hypot(*off) < 30.0  # tolerances a hundred times wider
        assert last[0] == pytest.approx(fall[2], abs=0.1)
        assert last[3] == pytest.approx(0.0, abs=1.0)
        assert way[0, 0] == 12.0
        assert np.all(np.diff(way[: int(count), 0]) > 0.0)


def test_a_way_through_a_burn_is_scipys() -> None:
    x = states(flight("mrbm_solid", 1500e3, 400e3).path, np.array([45.0]))[0, :6]
    rows, ends = np.zeros((1, 64, 4)), np.zeros((1, 2))
    burn_ways(x, ACCELERATION, EXHAUST, np.array([60.0]), 1.0 / BETA, 0.0, 10.0, 6000.0, rows, ends)

    def powered(time_s: float, y: np.ndarray) -> np.ndarray:
        thrust = ACCELERATION / (1.0 - ACCELERATION * time_s / EXHAUST)
        return np.concatenate((y[3:], _pull(*y) + thrust * y[3:] / np.linalg.norm(y[3:])))

    for time_s, _, longitude, altitude_m in rows[0, 1:5]:
        assert time_s <= 60.0
        y = solve_ivp(powered, (0.0, time_s), x, method="DOP853", rtol=1e-9, atol=1e-6).y[:, -1]
        assert altitude_m == pytest.approx(height_m(*y[:3].tolist()), abs=50.0)
        assert longitude == pytest.approx(math.atan2(y[1], y[0]), abs=50.0 / 6.4e6)


def test_energy_grows_as_thrust_works() -> None:
    """Against the energies of SciPy's states after 20 and 60 s."""
    x = states(flight("mrbm_solid", 1500e3, 400e3).path, np.array([45.0]))[0, :6]
    energies = burn_energies(x, ACCELERATION, EXHAUST, 60.0)
    assert np.all(np.diff(energies) > 0.0)

    def powered(time_s: float, y: np.ndarray) -> np.ndarray:
        thrust = ACCELERATION / (1.0 - ACCELERATION * time_s / EXHAUST)
        return np.concatenate((y[3:], _pull(*y) + thrust * y[3:] / np.linalg.norm(y[3:])))

    for time_s in (20.0, 60.0):
        y = solve_ivp(powered, (0.0, time_s), x, method="DOP853", rtol=1e-9, atol=1e-6).y[:, -1]
        energy = 0.5 * float(y[3:] @ y[3:]) - 3.986004418e14 / float(np.linalg.norm(y[:3]))
        assert energies[int(time_s / STEP_S)] == pytest.approx(energy, rel=1e-4)
