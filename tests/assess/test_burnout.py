"""The end of thrust: on independent truth, and on what only looks like one."""

from dataclasses import replace

import numpy as np
import pytest

from beaconfire.assess.burnout import BurnoutWatch
from beaconfire.assess.features import Features, features
from tests.assess.flights import flight, heights_m, states, steps, watch

BOOST, COAST = (0.97, 0.03, 0.0, 0.0), (0.02, 0.96, 0.02, 0.0)
BASE = Features(
    altitude_m=50e3, speed_m_s=2000.0, climb_m_s=1000.0, force_along_m_s2=30.0, force_across_m_s2=0.0,
    position_sigma_m=50.0, speed_sigma_m_s=5.0, along_sigma_m_s2=1.0, across_sigma_m_s2=1.0, inertial_m_s=2200.0,
    perigee_m=-5000e3, perigee_sigma_m=5e3, apogee_m=200e3, pressure_pa=100.0,
    across_x_m_s2=0.0, across_y_m_s2=0.0, across_z_m_s2=0.0,
)  # fmt: skip


def watched(name: str, range_m: float, apogee_m: float, *, period_s: float, seed: int) -> tuple[BurnoutWatch, float]:
    """A watch fed with a filtered flight from 12 km height to a minute after burnout; and the true burnout."""
    flown = flight(name, range_m, apogee_m)
    end_s = flown.burnouts_s[-1]
    times_s = steps(5.0, end_s + 60.0, period_s)
    rows = states(flown.path, times_s)
    seen = np.flatnonzero(heights_m(rows) > 12e3)
    result = BurnoutWatch()
    for update in watch(rows[seen], times_s[seen], seed=seed).updates[5:]:
        time_s = (update.time_ns - update.first_time_ns) / 1e9
        result.add(time_s, features(update.mean, update.covariance), tuple(update.modes.tolist()))
    return result, end_s - float(times_s[seen[0]])


@pytest.mark.parametrize(
    "case",
    [
        ("srbm_solid", 400e3, 100e3),
        ("mrbm_solid", 1500e3, 400e3),
        ("irbm_liquid", 4600e3, 970e3),
        ("icbm_solid", 1000e3, 6050e3),
    ],
    ids=lambda case: case[0],
)
@pytest.mark.parametrize("period_s", [1.0, 2.0])
def test_burnout_is_found_within_three_seconds(case: tuple[str, float, float], period_s: float) -> None:
    """Five seconds are asked for; stages that follow each other at once are no end of thrust."""
    result, true_s = watched(*case, period_s=period_s, seed=7)
    assert result.time_s == pytest.approx(true_s, abs=3.0)
    assert not result.thrusting


def fed(*pieces: tuple[float, float, tuple[float, ...]], climb_m_s: float = 1000.0) -> BurnoutWatch:
    """A watch fed with pieces (seconds, force along the velocity, modes) at 1 Hz and the speed that follows."""
    result, time_s, speed = BurnoutWatch(), 0.0, 800.0
    for duration_s, force, modes in pieces:
        for _ in range(int(duration_s)):
            now = BASE._replace(force_along_m_s2=force, speed_m_s=speed, climb_m_s=climb_m_s)
            result.add(time_s, now, modes)
            pull = 9.81 * (6371e3 / 6421e3) ** 2 * climb_m_s / speed
            speed += force - pull
            time_s += 1.0
    return result


def test_throttling_is_no_end_of_thrust() -> None:
    result = fed((20, 20.0, BOOST), (14, 12.0, BOOST), (60, 28.0, BOOST))
    assert result.thrusting
    assert result.time_s is None


def test_a_later_burn_does_not_move_the_first_end() -> None:
    quiet = fed((60, 25.0, BOOST), (40, -0.1, COAST))
    again = fed((60, 25.0, BOOST), (40, -0.1, COAST), (16, -25.0, COAST), (20, 15.0, BOOST), (30, -0.1, COAST))
    assert quiet.time_s == pytest.approx(60.0, abs=1.5)
    assert again.time_s == quiet.time_s


def test_an_object_never_under_power_has_no_burnout() -> None:
    result = fed((120, -0.5, COAST))
    assert not result.seen_thrust
    assert not result.thrusting
    assert result.time_s is None


def test_a_descent_under_power_is_no_launch() -> None:
    assert not fed((60, 25.0, BOOST), climb_m_s=-500.0).seen_thrust


def test_a_gap_over_burnout_gives_its_middle_and_says_how_vague() -> None:
    result = BurnoutWatch()
    for time_s in range(20):
        result.add(float(time_s), BASE, BOOST)
    for time_s in range(50, 70):
        result.add(float(time_s), BASE._replace(force_along_m_s2=0.0), COAST)
    assert result.time_s == pytest.approx(34.5, abs=1.0)
    assert result.sigma_s > 5.0


def test_memory_is_bounded() -> None:
    result = fed((2000, 25.0, BOOST))
    assert len(result.samples) <= 200


def test_samples_closer_than_half_a_second_are_one() -> None:
    result = BurnoutWatch()
    for number in range(100):
        result.add(0.1 * number, BASE, BOOST)
    assert len(result.samples) <= 21
    assert replace(result) == result
