"""Is the filter as good as it says: error and innovation statistics over many flights drawn from its own model.

Bar-Shalom et al. 5.4.2: over N runs the mean of a chi-square statistic of n degrees lies in the band of N n degrees.
The bands hold 99.9 %; seeds are fixed, so that a band is left by a changed filter and not by chance.
"""

import math
from dataclasses import dataclass

import numpy as np
import pymap3d
import pytest
from scipy.stats import chi2, kstest

from beaconfire.earth.observe import RADAR
from beaconfire.track.bank import BIASES
from beaconfire.track.gate import GATES, likelihoods
from beaconfire.track.predict import propagate
from beaconfire.track.update import update_bank
from tests.track import oracle
from tests.track.oracle import AIR, BALLISTIC, BOOST, GLIDE, Array, Site

BAND = 0.999
LINEAR = 0.03  # what the second order of angles and of the flow may add to a mean
SITE = Site(36.6, 127.4, 300.0)
PLACE, AXES = SITE.place, np.ascontiguousarray(SITE.axes)
SIGMAS = np.array([30.0, 9e-4, 9e-4, 2.0])
START = {
    BALLISTIC: (250e3, [-900.0, 1800.0, 1200.0], [2e-4, -2.5e-4, -1.5e-4]),
    GLIDE: (38e3, [-900.0, 1500.0, 300.0], [1e-4, -1e-4, 2e-4]),
    AIR: (10e3, [-120.0, 180.0, 60.0], [1.0, -2.0, 0.5]),
    BOOST: (60e3, [-600.0, 900.0, 900.0], [-9.0, 14.0, 16.0]),
}


@dataclass
class Statistics:
    """Per update of every run: error squared over the whole state, over place and velocity, and the innovation's."""

    nees: Array  # (runs, updates)
    nees_moving: Array
    nis: Array


def fly_runs(model: int, *, runs: int, updates: int, period_s: float, seed: int) -> Statistics:
    """Draw truth from the model's start, flow and noise; filter it with the right model; collect statistics."""
    rng = np.random.default_rng(seed)
    altitude, velocity, theta = START[model]
    centre = np.concatenate([pymap3d.geodetic2ecef(38.5, 129.5, altitude), velocity, theta])
    sigmas = np.concatenate([np.full(3, 300.0), np.full(3, 40.0), np.full(3, 0.15 * np.abs(theta).max())])
    start_p = oracle.spd(rng, sigmas)
    root = np.linalg.cholesky(start_p)
    out = Statistics(np.empty((runs, updates)), np.empty((runs, updates)), np.empty((runs, updates)))
    for run in range(runs):
        truth = centre + root @ rng.normal(size=9)
        x, p = np.tile(centre, (4, 1)), np.tile(start_p, (4, 1, 1))
        for n in range(updates):
            truth = drawn_ahead(model, truth, period_s, rng)
            propagate(model, x[0], p[0], np.zeros((9, BIASES)), 0, period_s)
            x[1:], p[1:] = x[0], p[0]
            values = measured(truth, rng)
            out.nis[run, n] = innovation(values, x, p)
            update_bank(
                x, p, np.zeros((4, 9, BIASES)), 0, np.full(4, 0.25), RADAR, values, SIGMAS, PLACE, AXES, np.eye(6),
                0.0, np.zeros(3), -1, False,
            )  # fmt: skip
            out.nees[run, n] = oracle.nees(x[0], truth, p[0])
            out.nees_moving[run, n] = oracle.nees(x[0, :6], truth[:6], p[0, :6, :6])
    return out


def drawn_ahead(model: int, truth: Array, dt_s: float, rng: np.random.Generator) -> Array:
    moved, noise = truth.copy(), np.zeros((9, 9))
    propagate(model, moved, noise, np.zeros((9, BIASES)), 0, dt_s)
    scale = np.sqrt(np.diag(noise))
    root = np.linalg.cholesky(noise / np.outer(scale, scale) + 1e-12 * np.eye(9))
    return np.asarray(moved + scale * (root @ rng.normal(size=9)))


def measured(truth: Array, rng: np.random.Generator) -> Array:
    """A radar row drawn in the plane across the true direction, by hand: pymap3d would take most of the time."""
    line = truth[:3] - PLACE
    distance = float(np.linalg.norm(line))
    east, north, up = AXES @ (line / distance)
    elevation = math.asin(up)
    noise = rng.normal(size=4) * SIGMAS
    values = np.full(6, math.nan)
    values[0], values[3] = distance + noise[0], float(line @ truth[3:6]) / distance + noise[3]
    values[1], values[2] = math.atan2(east, north) + noise[1], elevation + noise[2]
    return values


def innovation(values: Array, x: Array, p: Array) -> float:
    """The normalised innovation squared by the gate's kernel, for the first model alone."""
    distance = np.zeros(1)
    point, spread = np.full((1, 3), math.nan), np.zeros((1, 3, 3))
    likelihoods(
        x[None], p[None], np.zeros((1, 4, 9, BIASES)), np.array([-1]), np.array([[1.0, 0.0, 0.0, 0.0]]),
        np.array([0, 1]), np.zeros(1, np.int64), np.zeros(1), distance, np.array([RADAR]), values[None], SIGMAS[None],
        np.zeros((1, 3)), PLACE[None], AXES[None], np.eye(6)[None], np.zeros(1), point, spread, np.zeros(1),
    )  # fmt: skip
    return float(distance[0] * GATES[3])


def band(degrees: int, runs: int) -> tuple[float, float]:
    """The band of the mean of `runs` independent chi-square statistics."""
    low = chi2.ppf((1.0 - BAND) / 2.0, degrees * runs) / runs
    high = chi2.ppf((1.0 + BAND) / 2.0, degrees * runs) / runs
    return float(low) * (1.0 - LINEAR), float(high) * (1.0 + LINEAR)


def check(found: Statistics, runs: int, *, at: tuple[int, ...]) -> None:
    for n in at:
        for statistic, degrees in ((found.nees, 9), (found.nees_moving, 6), (found.nis, 4)):
            low, high = band(degrees, runs)
            assert low < float(statistic[:, n].mean()) < high, (n, degrees)
    # Innovations are white: over all updates of all runs their mean has so many more degrees.
    low, high = band(4, found.nis.size)
    assert low < float(found.nis.mean()) < high


@pytest.mark.parametrize("model", range(4), ids=oracle.NAMES)
@pytest.mark.parametrize("period_s", [0.1, 1.0, 5.0])
def test_errors_are_as_large_as_the_filter_says(model: int, period_s: float) -> None:
    check(fly_runs(model, runs=60, updates=16, period_s=period_s, seed=5), 60, at=(0, 7, 15))


def test_innovations_are_chi_square_and_uncorrelated() -> None:
    """Not only the mean: the whole distribution (Kolmogorov-Smirnov), and no memory from one look to the next."""
    found = fly_runs(BALLISTIC, runs=60, updates=20, period_s=2.0, seed=8)
    assert kstest(found.nis.ravel(), chi2(4).cdf).pvalue > 1e-3
    a, b = found.nis[:, :-1].ravel(), found.nis[:, 1:].ravel()
    assert abs(float(np.corrcoef(a, b)[0, 1])) < 3.3 / math.sqrt(a.size)


def test_a_filter_that_is_told_half_the_noise_is_caught() -> None:
    """The test of the test: measurements twice as bad as told leave the band at once."""
    rng, kept = np.random.default_rng(5), SIGMAS.copy()
    try:
        SIGMAS[:] = kept / 2.0
        altitude, velocity, theta = START[BALLISTIC]
        x = np.tile(np.concatenate([pymap3d.geodetic2ecef(38.5, 129.5, altitude), velocity, theta]), (4, 1))
        p = np.tile(np.diag([1.0] * 3 + [0.1] * 3 + [1e-6] * 3), (4, 1, 1))
        total = 0.0
        for _ in range(100):
            values = measured(x[0], rng)
            values[:4] += rng.normal(size=4) * kept * math.sqrt(0.75)
            total += innovation(values, x, p)
    finally:
        SIGMAS[:] = kept
    assert total / 100 > band(4, 100)[1]


@pytest.mark.long
@pytest.mark.parametrize("model", range(4), ids=oracle.NAMES)
@pytest.mark.parametrize("period_s", [1.0, 5.0])
def test_errors_are_as_large_as_the_filter_says_over_many_runs(model: int, period_s: float) -> None:
    check(fly_runs(model, runs=1500, updates=20, period_s=period_s, seed=77), 1500, at=(0, 9, 19))
