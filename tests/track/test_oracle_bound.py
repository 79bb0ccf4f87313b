"""The whole tracker, sense to update, against the Cramér-Rao bound and an independent truth.

A coasting body obeys no noise, so the bound is the inverse of the information of all its measurements carried to the
last moment (Bar-Shalom et al. 2.7.2): numerical derivatives of the second model's flight. No estimator does better.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from beaconfire.kernel.records import BiasSigma, Sensor, TrackStatus
from beaconfire.track import Tracker
from tests.track import oracle, play, world

Array = NDArray[np.float64]
UPDATES, PERIOD_S = 30, 2.0
END_S = 0.13 + PERIOD_S * (UPDATES - 1)
# The tracker allows a body of unknown drag and a burn that nobody announced; the bound knows that there is neither.
# A root mean square over 40 runs of some two independent parts scatters by a tenth: three of those.
RATIO, RATIO_OF_MANY = 1.3, 1.1
# Mean of a chi-square of 6 over the runs: honest or wide, never narrow. 99.9 % of 40 runs lie below 7.9.
NEES_LOW, NEES_HIGH = 3.0, 7.9
SITES = ((60.0, 11.0), (57.5, 16.0))


def sensors(bias: BiasSigma) -> tuple[Sensor, ...]:
    return tuple(
        Sensor(
            id=f"R{n}", nation="NOR", kind="radar", latitude_deg=latitude, longitude_deg=longitude, max_range_m=2_000e3,
            detection_probability=1.0, false_alarms_per_scan=0.0, bias_sigma=bias,
        )
        for n, (latitude, longitude) in enumerate(SITES)
    )  # fmt: skip


@cache
def flight() -> world.Flight:
    start = play.along(
        latitude_deg=60.5, longitude_deg=14.0, altitude_m=220e3, azimuth_deg=120.0, climb_deg=20.0, speed_m_s=2_500.0
    )
    return play.thrown("F", start, seconds_s=END_S + 3.0, beta=5e3, step_s=0.5)


def fly_to(state: Array, seconds: float) -> Array:
    """Coast in vacuum, forwards or backwards, by the second model."""
    answer = solve_ivp(
        lambda _, s: np.concatenate([s[3:], oracle.free_fall(s[:3], s[3:])]), (0.0, seconds), state, "DOP853",
        rtol=1e-11, atol=1e-6,
    )  # fmt: skip
    return np.asarray(answer.y[:, -1])


@cache
def bound() -> Array:
    """The least covariance (6, 6) that any unbiased estimate of the last state can have."""
    end = END_S + 0.37
    last = flight().state(end)
    steps = np.array([50.0, 50.0, 50.0, 0.5, 0.5, 0.5])
    sigmas = np.array([30.0, math.radians(0.05), math.radians(0.05), 2.0])
    information = np.zeros((6, 6))
    for n, (latitude, longitude) in enumerate(SITES):
        site = oracle.Site(latitude, longitude)
        for k in range(UPDATES):
            t = 0.13 + 0.37 * n + PERIOD_S * k

            def seen(x: Array, back: float = t - end, site: oracle.Site = site) -> Array:
                return site.radar(fly_to(x, back)) if back else site.radar(x)

            h = oracle.jacobian(seen, last, steps) / sigmas[:, None]
            information += h.T @ h
    return np.asarray(np.linalg.inv(information), dtype=np.float64)


@dataclass
class Runs:
    """Errors (runs, 6) of the last update, its covariances and its score."""

    errors: Array
    nees: Array
    claimed: Array


@cache
def run(seeds: range, bias: BiasSigma | None = None) -> Runs:
    bias = bias or BiasSigma()
    errors, scores, claimed = [], [], []
    for seed in seeds:
        log = play.play([flight()], sensors(bias), until_s=PERIOD_S * UPDATES, seed=seed)
        (update,) = (u for u in log.tracker.current().values() if u.status is TrackStatus.CONFIRMED)
        error = update.mean[:6] - flight().state(play.seconds(update))
        errors.append(error)
        scores.append(float(error @ np.linalg.solve(update.covariance[:6, :6], error)))
        claimed.append(np.diag(update.covariance)[:6])
    return Runs(np.array(errors), np.array(scores), np.array(claimed))


def ratios(runs: Runs) -> tuple[float, float]:
    """Root mean square errors of place and velocity over the bound's."""
    least = np.diag(bound())
    square = np.mean(runs.errors**2, axis=0)
    return math.sqrt(square[:3].sum() / least[:3].sum()), math.sqrt(square[3:].sum() / least[3:].sum())


def test_a_coasting_body_is_known_nearly_as_well_as_can_be() -> None:
    runs = run(range(40))
    place, speed = ratios(runs)
    assert 0.7 < place < RATIO and 0.7 < speed < RATIO  # nobody beats the bound by more than chance
    assert NEES_LOW < float(runs.nees.mean()) < NEES_HIGH


def test_errors_have_no_preferred_side() -> None:
    """The mean error is chance: within four standard errors in each of six components."""
    runs = run(range(40))
    mean, spread = runs.errors.mean(axis=0), runs.errors.std(axis=0) / math.sqrt(len(runs.errors))
    np.testing.assert_array_less(np.abs(mean), 4.0 * spread)


def test_a_crooked_radar_is_believed_no_more_than_its_constant_error_allows() -> None:
    """After sixty looks through two radars of 0.05 degrees of constant error the claim stays above that error's."""
    crooked = run(range(6), BiasSigma(azimuth_deg=0.05, elevation_deg=0.05))
    straight = run(range(6))
    least_m = 0.3 * 400e3 * math.radians(0.05)  # two radars share it; ranges of 300 to 500 km
    assert math.sqrt(float(crooked.claimed[:, :3].sum(axis=1).mean())) > least_m
    assert crooked.claimed[:, :3].sum() > 1.5 * straight.claimed[:, :3].sum()


@pytest.mark.long
def test_a_coasting_body_is_known_nearly_as_well_as_can_be_over_many_runs() -> None:
    runs = run(range(1000, 1400))
    place, speed = ratios(runs)
    assert 0.9 < place < RATIO_OF_MANY and 0.9 < speed < RATIO_OF_MANY
    assert 5.0 < float(runs.nees.mean()) < 6.6
    assert float(np.mean(runs.nees > 22.46)) < 0.01  # 99.9 % of a chi-square of 6, with room for a mixture's tail


def test_the_tracker_is_told_nothing_but_scans() -> None:
    """Its name and picture are its own: two trackers of one scene agree in everything but the prefix."""
    names = []
    for prefix in ("A", "B"):
        log = play.play(
            [flight()], sensors(BiasSigma()), until_s=30.0, seed=1, log=play.Log(Tracker("own", id_prefix=prefix))
        )
        ((name, update),) = log.tracker.current().items()
        names.append((name[0], name[1:], update.mean.tobytes()))
    assert [name[0] for name in names] == ["A", "B"]
    assert names[0][1:] == names[1][1:]
