"""Launch point and time: against independent truth, and the coverage of its ellipses."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from beaconfire.assess.ellipse import CHI2_95_2
from beaconfire.assess.launch import LaunchFit, fit_launch
from beaconfire.assess.plane import Plane
from tests.assess.flights import START_NS, flight, heights_m, states, steps

SITE = Plane(math.radians(39.2), math.radians(126.0))
CASES = [
    ("srbm_solid", 400e3, 100e3),
    ("mrbm_solid", 1500e3, 400e3),
    ("irbm_liquid", 4600e3, 970e3),
    ("irbm_solid", 3500e3, 800e3),
    ("icbm_solid", 1000e3, 6050e3),
]
# One look of a tracker some ten updates after the first detection.
SIGMAS = np.array([150.0] * 3 + [20.0] * 3 + [2.5] * 3)


def at_height(name: str, range_m: float, apogee_m: float, height_m: float) -> tuple[float, np.ndarray]:
    """Time and state of a flight where it first passes a height."""
    path = flight(name, range_m, apogee_m).path
    times_s = steps(5.0, 200.0, 0.5)
    rows = states(path, times_s)
    index = int(np.argmax(heights_m(rows) > height_m))
    return float(times_s[index]), rows[index]


def fit_of(time_s: float, row: np.ndarray, *, thrusting: bool, seed: int) -> LaunchFit | None:
    noise = np.random.default_rng(seed).standard_normal(9) * SIGMAS
    time_ns = START_NS + round(time_s * 1e9)
    return fit_launch(time_ns=time_ns, mean=row + noise, covariance=np.diag(SIGMAS**2), thrusting=thrusting)


def miss(fit: LaunchFit) -> np.ndarray:
    """East m, north m and time s by which a fit misses the truth."""
    east, north = SITE.place(latitude_rad=fit.latitude_rad, longitude_rad=fit.longitude_rad)
    return np.array([east, north, (fit.time_ns - START_NS) / 1e9])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
@pytest.mark.parametrize("height_m", [9e3, 15e3, 25e3])
def test_a_first_stage_seen_gives_the_launch_to_some_kilometres_and_seconds(
    case: tuple[str, float, float], height_m: float
) -> None:
    time_s, row = at_height(*case, height_m)
    thrusting = time_s < flight(*case).burnouts_s[-1]
    fit = fit_of(time_s, row, thrusting=thrusting, seed=1)
    assert fit is not None
    east, north, late_s = miss(fit)
    assert math.hypot(east, north) < 4e3  # 25 km is asked for; a rise to 25 km high spans 15 km over ground
    assert abs(late_s) < 8.0  # 10 s are asked for
    assert fit.semi_major_m < 10e3  # 40 km are asked for


@pytest.mark.parametrize("case", [CASES[1], CASES[3], CASES[4]], ids=lambda case: case[0])
@pytest.mark.parametrize("height_m", [45e3, 80e3])
def test_a_later_stage_is_traced_through_the_library(case: tuple[str, float, float], height_m: float) -> None:
    time_s, row = at_height(*case, height_m)
    fit = fit_of(time_s, row, thrusting=True, seed=2)
    assert fit is not None
    east, north, late_s = miss(fit)
    assert math.hypot(east, north) < 15e3
    assert abs(late_s) < 4.0 * math.sqrt(fit.covariance[2, 2])


def test_a_state_after_burnout_gives_a_wide_answer_that_holds_the_truth() -> None:
    time_s, row = at_height("srbm_solid", 400e3, 100e3, 60e3)
    early_s, low = at_height("srbm_solid", 400e3, 100e3, 15e3)
    wide, sharp = fit_of(time_s, row, thrusting=False, seed=3), fit_of(early_s, low, thrusting=True, seed=3)
    assert wide is not None
    assert sharp is not None
    assert wide.semi_major_m > 2.0 * sharp.semi_major_m
    assert np.all(np.abs(miss(wide)) < 3.5 * np.sqrt(np.diag(wide.covariance)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_ellipses_cover_the_truth(case: tuple[str, float, float]) -> None:
    """40 looks at a state 12 to 30 km high; 99.9 % of honest 95 % ellipses hold at least `least` of them."""
    path, burnout_s = flight(*case).path, flight(*case).burnouts_s[0]
    times_s = steps(5.0, 150.0, 0.5)
    rows = states(path, times_s)
    heights = heights_m(rows)
    usable = np.flatnonzero((heights > 12e3) & (heights < 30e3) & (times_s < burnout_s - 2.0))
    runs, inside, in_time = 40, 0, 0
    for run in range(runs):
        index = usable[(run * 7) % usable.size]
        fit = fit_of(float(times_s[index]), rows[index], thrusting=True, seed=100 + run)
        assert fit is not None
        off = miss(fit)
        c = fit.covariance
        inside += bool(off[:2] @ np.linalg.inv(c[:2, :2]) @ off[:2] < CHI2_95_2)
        in_time += bool(abs(off[2]) < 1.96 * math.sqrt(c[2, 2]))
    least = int(binom.ppf(0.001, runs, 0.95))
    assert inside >= least
    assert in_time >= least


def test_what_never_rose_from_the_ground_gets_no_launch() -> None:
    _, row = at_height("irbm_solid", 3500e3, 800e3, 15e3)
    satellite = row.copy()
    satellite[:3] *= (6371e3 + 500e3) / np.linalg.norm(satellite[:3])
    across = np.cross(satellite[:3], [0.0, 0.0, 1.0])
    satellite[3:6] = 7600.0 * across / np.linalg.norm(across)
    satellite[6:] = 0.0
    assert fit_of(100.0, satellite, thrusting=False, seed=4) is None


def test_the_same_state_gives_the_same_bytes() -> None:
    time_s, row = at_height("irbm_solid", 3500e3, 800e3, 80e3)
    first, second = (fit_of(time_s, row, thrusting=True, seed=5) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.covariance.tobytes() == second.covariance.tobytes()
    assert (first.time_ns, first.latitude_rad, first.longitude_rad) == (
        second.time_ns,
        second.latitude_rad,
        second.longitude_rad,
    )


def test_the_record_has_degrees_and_the_95_percent_ellipse() -> None:
    c = np.diag([4e6, 1e6, 9.0])
    fit = LaunchFit(START_NS, math.radians(39.0), math.radians(126.0), c, 0.0, 0.0)
    estimate = fit.estimate()
    assert estimate.latitude_deg == pytest.approx(39.0)
    assert estimate.time_sigma_s == pytest.approx(3.0)
    assert estimate.ellipse_95.semi_major_m == pytest.approx(2000.0 * math.sqrt(CHI2_95_2))
    assert estimate.ellipse_95.azimuth_deg == pytest.approx(90.0)
    assert fit.semi_major_m == estimate.ellipse_95.semi_major_m


def test_the_same_state_is_fitted_once_and_says_the_same() -> None:
    row = states(flight("srbm_solid", 400e3, 100e3).path, np.array([25.0]))[0]
    covariance = np.diag([60.0**2] * 3 + [20.0**2] * 3 + [2.0**2] * 3)
    one, two = (fit_launch(time_ns=START_NS, mean=row.copy(), covariance=covariance, thrusting=True) for _ in range(2))
    assert one is not None
    assert one is two
    moved = replace(one, time_ns=one.time_ns + 1)
    assert one.same_as(replace(one))
    assert not one.same_as(moved)
    assert not one.same_as(replace(one, covariance=2.0 * one.covariance))
    assert replace(one, covariance=4.0 * one.covariance).semi_major_m == pytest.approx(2.0 * one.semi_major_m)
