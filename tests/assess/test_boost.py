"""The boost prior against an independent integrator, and its fit's derivatives and posterior."""

import math

import numpy as np
import pytest

from beaconfire.assess.boost import AGE, EAST, HEIGHT, LOG_BURN, LOG_PUSH, LOG_TILT, NORTH, PARAMETERS, fit_rise, rise
from beaconfire.rehearse.truth.boost import Departure, Stage, ascend
from beaconfire.rehearse.truth.path import Path
from tests.assess.flights import states

LATITUDE, LONGITUDE = math.radians(39.2), math.radians(126.0)
STAGES = np.array([[60.0, 24.0, 2450.0], [45.0, 22.0, 2600.0]])


def parameters(age_s: float, **changes: float) -> np.ndarray:
    p = np.array([0.0, 0.0, age_s, math.radians(60.0), math.log(math.radians(12.0)), 0.0, 0.0, 100.0, 5.0, 0.0])
    for name, value in changes.items():
        p[int(name[1:])] = value
    return p


def predicted(p: np.ndarray, stages: np.ndarray = STAGES) -> np.ndarray:
    out = np.zeros(9)
    rise(LATITUDE, LONGITUDE, stages, p, out)
    return out


@pytest.mark.parametrize("age_s", [3.0, 9.0, 40.0, 59.0, 75.0, 104.0])
def test_the_rise_is_the_one_an_independent_integrator_flies(age_s: float) -> None:
    """Gravity and air differ in the fifth digit: after 104 s tens of metres and a few decimetres per second."""
    flown = ascend(
        Departure(39.2, 126.0, 100.0, 60.0, 12.0),
        (Stage(60.0, 24.0, 2450.0), Stage(45.0, 22.0, 2600.0)),
        ballistic_kg_m2=25e3,
    )
    truth = states(Path(flown.legs), np.array([age_s]))[0]
    ours = predicted(parameters(age_s))
    assert np.abs(ours[:3] - truth[:3]).max() < 2.0 + 0.004 * age_s**2
    assert np.abs(ours[3:6] - truth[3:6]).max() < 0.5 + 0.01 * age_s
    assert np.abs(ours[6:] - truth[6:]).max() < 0.5


def test_after_the_last_burnout_there_is_no_thrust() -> None:
    p = parameters(150.0)
    force = predicted(p)[6:]
    assert np.linalg.norm(force) < 0.01


def test_the_rise_is_smooth_in_every_parameter() -> None:
    """Central differences at two step sizes agree: no kink where steering or stages change."""
    base = parameters(59.0)
    for index, step in ((AGE, 0.4), (LOG_TILT, 0.02), (LOG_PUSH, 0.02), (HEIGHT, 50.0), (NORTH, 500.0), (EAST, 500.0)):
        slopes = []
        for h in (step, step / 4.0):
            high, low = base.copy(), base.copy()
            high[index] += h
            low[index] -= h
            slopes.append((predicted(high)[:6] - predicted(low)[:6]) / (2.0 * h))
        assert np.allclose(slopes[0], slopes[1], rtol=2e-2, atol=2e-2 * np.abs(slopes[1]).max()), index


def test_a_longer_burn_flies_farther() -> None:
    short, long = (predicted(parameters(110.0, **{f"p{LOG_BURN}": value})) for value in (-0.1, 0.1))
    assert np.linalg.norm(long[3:6]) > np.linalg.norm(short[3:6])


def test_the_fit_recovers_what_was_flown() -> None:
    truth = parameters(45.0)
    measured = predicted(truth)
    prior = np.stack((truth, np.array([1e6, 1e6, 1e3, 10.0, 1.0, 0.3, 0.06, 300.0, 2.0, 0.06])), axis=1)
    start = truth.copy()
    start[[EAST, NORTH, AGE, LOG_PUSH]] += (4e3, -3e3, 6.0, 0.2)
    posterior = np.zeros((PARAMETERS, PARAMETERS))
    covariance = np.diag([50.0**2] * 3 + [5.0**2] * 3 + [0.5**2] * 3)
    squares, ok = fit_rise(LATITUDE, LONGITUDE, STAGES, start, measured, covariance, prior, posterior)
    assert ok
    assert squares < 1e-3
    assert np.abs(start - truth)[[EAST, NORTH]].max() < 20.0
    assert abs(start[AGE] - truth[AGE]) < 0.1
    assert np.all(np.linalg.eigvalsh(posterior) > 0.0)


def test_a_covariance_that_is_none_gives_no_fit() -> None:
    p = parameters(45.0)
    prior = np.stack((p, np.ones(PARAMETERS)), axis=1)
    posterior = np.zeros((PARAMETERS, PARAMETERS))
    squares, ok = fit_rise(LATITUDE, LONGITUDE, STAGES, p, predicted(p), -np.eye(9), prior, posterior)
    assert not ok
    assert math.isinf(squares)
