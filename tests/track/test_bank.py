"""The bank: mixing, jumps, burnout inside an interval, grids, coasts, and the one Gaussian of the mixture."""

import math
from typing import Any

import numpy as np
import pymap3d
import pytest
from numpy.typing import NDArray

from beaconfire.earth import acceleration_ecef
from beaconfire.track.bank import (
    BIASES,
    GRID_NS,
    coast_once,
    mixture,
    normalise,
    predict_bank,
    predict_once,
    start_bank,
    transition_rates,
)
from beaconfire.track.models import AIR, BALLISTIC, BOOST, GLIDE, MODELS, STATE, specific_force
from beaconfire.track.predict import propagate

Array = NDArray[np.float64]
Triple = tuple[float, float, float]
Quad = tuple[float, float, float, float]

SECOND = 1_000_000_000


def bank(
    altitude_m: float = 50e3, weights: Quad = (0.4, 0.4, 0.1, 0.1), velocity: Triple = (-900.0, 1200.0, 800.0)
) -> tuple[Array, Array, Array, Array]:
    place = pymap3d.geodetic2ecef(40.0, 132.0, altitude_m)
    x, p = np.zeros((MODELS, STATE)), np.zeros((MODELS, STATE, STATE))
    mu = np.array(weights)
    start_bank(np.array([*place, *velocity]), np.diag([100.0**2] * 3 + [10.0**2] * 3), mu, x, p)
    mu[:] = weights
    return x, p, np.zeros((MODELS, STATE, BIASES)), mu


def rates(altitude_m: float, seconds: float = 1.0, **changes: Any) -> Array:
    x, _, _, weights = bank(altitude_m, **changes)
    jumps = np.zeros((MODELS, MODELS))
    transition_rates(x, weights, seconds, jumps)
    return jumps


@pytest.mark.parametrize("seconds", [0.0, 0.1, 2.0, 1e3])
@pytest.mark.parametrize("altitude_m", [0.0, 30e3, 60e3, 500e3])
def test_jumps_are_probabilities(altitude_m: float, seconds: float) -> None:
    jumps = rates(altitude_m, seconds)
    np.testing.assert_allclose(jumps.sum(axis=1), 1.0, atol=1e-12)
    assert (jumps >= 0.0).all()
    if seconds == 0.0:
        np.testing.assert_array_equal(jumps, np.eye(MODELS))


def test_where_it_is_decides_what_it_can_become() -> None:
    low, high = rates(25e3), rates(300e3)
    assert low[BALLISTIC, GLIDE] > 100.0 * high[BALLISTIC, GLIDE]
    assert low[BALLISTIC, AIR] > 100.0 * high[BALLISTIC, AIR]
    assert high[GLIDE, BALLISTIC] > 5.0 * low[GLIDE, BALLISTIC]
    assert high[AIR, BALLISTIC] > 0.3
    assert low[BOOST, BALLISTIC] == pytest.approx(1.0 / 60.0, rel=0.02)


def test_a_bank_starts_with_each_model_s_prior_and_the_same_place() -> None:
    x, p, _, _ = bank()
    for j in range(MODELS):
        np.testing.assert_array_equal(x[j, :6], x[0, :6])
        np.testing.assert_array_equal(p[j, :6, :6], p[0, :6, :6])
        np.testing.assert_array_equal(p[j, :6, 6:], 0.0)
    assert np.linalg.norm(x[BOOST, 6:]) == pytest.approx(25.0)
    assert np.linalg.norm(x[BALLISTIC, 6:]) == pytest.approx(3e-4)


def test_a_new_bank_knows_what_cannot_be() -> None:
    place = pymap3d.geodetic2ecef(40.0, 132.0, 300e3)
    x, p, weights = np.zeros((MODELS, STATE)), np.zeros((MODELS, STATE, STATE)), np.full(MODELS, 0.25)
    start_bank(np.array([*place, 5e3, 3e3, 0.0]), np.eye(6), weights, x, p)
    assert weights[AIR] < 0.02 and weights.sum() == pytest.approx(1.0)


def test_one_certain_model_is_only_propagated() -> None:
    x, p, c, weights = bank(400e3, (0.0, 1.0, 0.0, 0.0))
    want_x, want_p = x[BALLISTIC].copy(), p[BALLISTIC].copy()
    propagate(BALLISTIC, want_x, want_p, np.zeros((STATE, BIASES)), 0, 2.0)
    predict_once(x, p, c, 0, weights, 2.0)
    np.testing.assert_allclose(x[BALLISTIC], want_x, rtol=1e-12)
    np.testing.assert_allclose(p[BALLISTIC], want_p, rtol=1e-9, atol=1e-15)


def test_mixing_keeps_the_mean_and_the_spread_of_place_and_velocity() -> None:
    x, p, c, weights = bank(400e3)
    x[:, :6] += np.random.default_rng(1).normal(size=(MODELS, 6)) * np.array([500.0] * 3 + [20.0] * 3)
    weights[:] = [0.0, 0.5, 0.4, 0.1]  # no boost: nothing is added for a burnout
    mean = weights @ x[:, :6]
    spread = sum(w * (p[j, :6, :6] + np.outer(x[j, :6] - mean, x[j, :6] - mean)) for j, w in enumerate(weights))
    predict_once(x, p, c, 0, weights, 1e-9)
    after = weights @ x[:, :6]
    np.testing.assert_allclose(after, mean, atol=1e-4)
    got = sum(w * (p[j, :6, :6] + np.outer(x[j, :6] - after, x[j, :6] - after)) for j, w in enumerate(weights))
    np.testing.assert_allclose(got, spread, rtol=1e-6, atol=1e-3)


def test_a_burnout_inside_the_interval_is_in_the_middle_give_or_take() -> None:
    """What jumps from boost to ballistic in 2 s against burnouts drawn uniformly over the interval."""
    thrust, seconds = 200.0, 2.0
    x, p, c, weights = bank(400e3, (1.0, 0.0, 0.0, 0.0))
    axis = x[BOOST, 3:6] / np.linalg.norm(x[BOOST, 3:6])
    x[BOOST, 6:] = thrust * axis
    p[:] = np.eye(STATE) * 1e-6
    begin = x[BOOST, :6].copy()
    predict_once(x, p, c, 0, weights, seconds)
    ends = np.random.default_rng(2).uniform(0.0, seconds, 200_000)
    place, speed = thrust * (ends * seconds - ends**2 / 2), thrust * ends
    free, free_p = np.concatenate([begin, np.zeros(3)]), np.eye(STATE) * 1e-12
    propagate(BALLISTIC, free, free_p, np.zeros((STATE, BIASES)), 0, seconds)
    offset = x[BALLISTIC, :6] - free[:6]
    assert float(offset[:3] @ axis) == pytest.approx(place.mean(), rel=0.01)
    assert float(offset[3:] @ axis) == pytest.approx(speed.mean(), rel=0.01)
    assert math.sqrt(axis @ p[BALLISTIC, :3, :3] @ axis) == pytest.approx(place.std(), rel=0.02)
    assert math.sqrt(axis @ p[BALLISTIC, 3:6, 3:6] @ axis) == pytest.approx(speed.std(), rel=0.02)
    both = float(axis @ p[BALLISTIC, :3, 3:6] @ axis)
    assert both == pytest.approx(float(np.cov(place, speed)[0, 1]), rel=0.02)


def test_a_prediction_stopped_on_the_grid_and_taken_up_again_is_the_same_to_the_last_bit() -> None:
    whole, parts = bank(200e3), bank(200e3)
    predict_bank(*whole[:3], 0, whole[3], 37 * SECOND + 123_456_789)
    for _ in range(3):
        coast_once(*parts[:3], 0, parts[3])
    predict_bank(*parts[:3], 0, parts[3], 7 * SECOND + 123_456_789)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)
    assert GRID_NS == 10 * SECOND


def test_a_long_coast_drops_what_is_hardly_possible() -> None:
    kept, coasted = bank(700e3, (0.001, 0.999, 0.0, 0.0)), bank(700e3, (0.001, 0.999, 0.0, 0.0))
    for _ in range(30):
        predict_once(*kept[:3], 0, kept[3], 10.0)
        coast_once(*coasted[:3], 0, coasted[3])
    mean, spreads = np.zeros(STATE), []
    for parts in (kept, coasted):
        covariance = np.zeros((STATE, STATE))
        mixture(parts[0], parts[1], parts[3], mean, covariance)
        spreads.append(math.sqrt(covariance[3:6, 3:6].trace()))
    # What 17 m/s and 170 m become in 300 s, against that and a burn of one in a thousand.
    assert spreads[1] < 45.0 < 3.0 * spreads[1] < spreads[0]


def test_a_coast_of_any_length_stays_finite() -> None:
    x, p, c, weights = bank(100e3, (0.5, 0.3, 0.1, 0.1))
    for _ in range(100):
        coast_once(x, p, c, 0, weights)
    assert np.isfinite(x).all() and np.isfinite(p).all()
    assert weights.sum() == pytest.approx(1.0)


def test_constant_errors_are_mixed_as_covariances() -> None:
    x, p, c, weights = bank(400e3, (0.0, 0.5, 0.5, 0.0))
    c[BALLISTIC, :6, 0], c[GLIDE, :6, 0] = 10.0, 30.0
    predict_once(x, p, c, 3, weights, 1e-9)
    # Both models hold at almost no time almost only their own; a jump mixes in the rest.
    np.testing.assert_allclose(c[BALLISTIC, :6, 0], 10.0, rtol=1e-6)
    x, p, c, weights = bank(400e3, (0.0, 0.0, 1.0, 0.0))
    c[GLIDE, :6, 0] = 30.0
    c[GLIDE, 6:, 0] = 1e-3
    predict_once(x, p, c, 3, weights, 1e-9)
    np.testing.assert_allclose(c[BALLISTIC, :6, 0], 30.0, rtol=1e-6)
    np.testing.assert_allclose(c[BALLISTIC, 6:, 0], 0.0, atol=1e-12)


def test_the_mixture_is_the_moments_of_drawn_states() -> None:
    x, p, _, weights = bank(30e3, (0.3, 0.3, 0.3, 0.1))
    x[:, :3] += np.random.default_rng(4).normal(size=(MODELS, 3)) * 200.0
    mean, covariance = np.zeros(STATE), np.zeros((STATE, STATE))
    mixture(x, p, weights, mean, covariance)
    rng, draws = np.random.default_rng(6), []
    for j, count in enumerate((weights * 30_000).astype(int)):
        for state in rng.multivariate_normal(x[j], p[j], size=count, method="cholesky"):
            force = np.zeros(3)
            specific_force(j, state, force, np.zeros((3, 3)), np.zeros((3, 3)))
            draws.append(np.concatenate([state[:6], force]))
    cloud, unit = np.array(draws), np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((cloud.mean(axis=0) - mean) / unit, 0.0, atol=0.03)
    np.testing.assert_allclose(np.cov(cloud.T) / np.outer(unit, unit), covariance / np.outer(unit, unit), atol=0.05)
    np.testing.assert_array_equal(covariance, covariance.T)


def test_an_aircraft_s_specific_force_is_its_lift() -> None:
    x, p, _, _ = bank(10e3, (0.0, 0.0, 0.0, 1.0), velocity=(100.0, 150.0, 120.0))
    mean, covariance = np.zeros(STATE), np.zeros((STATE, STATE))
    mixture(x, p, np.array([0.0, 0.0, 0.0, 1.0]), mean, covariance)
    np.testing.assert_allclose(mean[6:], -np.array(acceleration_ecef(*mean[:6])), atol=1e-9)


def test_probabilities_have_a_floor_and_sum_to_one() -> None:
    weights = np.array([1e-30, 5.0, 0.0, 5.0])
    normalise(weights, 10.0)
    assert weights.sum() == pytest.approx(1.0) and weights.min() > 5e-7
    same = np.array([0.1, 0.2, 0.3, 0.4])
    normalise(same, 0.0)
    np.testing.assert_array_equal(same, [0.1, 0.2, 0.3, 0.4])
