"""Mixing, jumps and the mixture of the model bank against the textbook's, with moments by quadrature and sampling."""

import math

import numpy as np
import pymap3d
import pytest
from numpy.polynomial.legendre import leggauss
from scipy.linalg import expm

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
from beaconfire.track.models import parameter_prior, specific_force
from beaconfire.track.plausible import plausibility
from beaconfire.track.predict import propagate
from tests.track import oracle
from tests.track.oracle import AIR, BALLISTIC, BOOST, GLIDE, Array

THETA = (np.array([-9.0, 14.0, 9.0]), np.array([1e-4, -2e-4, -1e-4]), np.array([3e-4, 5e-4, -4e-4]),
         np.array([1.0, -2.0, 0.5]))  # fmt: skip
MIXED = 1e-5  # of a standard deviation: shares below 1e-9 are left out of a mixture


def bank(altitude_m: float, seed: int = 1) -> tuple[Array, Array, Array]:
    """A bank whose models disagree by a few sigmas: means (4, 9), covariances (4, 9, 9), probabilities (4,)."""
    rng = np.random.default_rng(seed)
    place = np.array(pymap3d.geodetic2ecef(40.0, 132.0, altitude_m))
    means, spreads = [], []
    for j in range(4):
        sigmas = np.concatenate([np.full(3, 100.0), np.full(3, 10.0), np.full(3, 0.2 * np.abs(THETA[j]).max())])
        centre = np.concatenate([place, [-900.0, 1200.0, 800.0], THETA[j]])
        means.append(centre + rng.normal(size=9) * sigmas)
        spreads.append(oracle.spd(rng, sigmas))
    return np.array(means), np.array(spreads), np.array([0.4, 0.35, 0.05, 0.2])


def jumps_of(x: Array, weights: Array, dt_s: float) -> Array:
    jumps = np.empty((4, 4))
    transition_rates(x, weights, dt_s, jumps)
    return jumps


def textbook_mixing(x: Array, p: Array, weights: Array, dt_s: float) -> tuple[Array, Array, Array]:
    """Bar-Shalom et al. 11.6.6, steps 1 and 2: what jumps has the new model's prior, a burn may end at any time."""
    jumps = jumps_of(x, weights, dt_s)
    predicted = weights @ jumps
    out_x, out_p = np.empty_like(x), np.empty_like(p)
    nodes, node_weights = leggauss(6)
    moments_s, shares_s = 0.5 * dt_s * (nodes + 1.0), 0.5 * node_weights
    for j in range(4):
        parts: list[tuple[float, Array, Array]] = []
        for i in range(4):
            share = float(weights[i] * jumps[i, j] / predicted[j])
            if i == j:
                parts.append((share, x[i], p[i]))
                continue
            theta, prior = np.empty(3), np.empty((3, 3))
            parameter_prior(j, x[i, :3], x[i, 3:6], theta, prior)
            spread = np.zeros((9, 9))
            spread[:6, :6], spread[6:, 6:] = p[i, :6, :6], prior
            centre = np.concatenate([x[i, :6], theta])
            if i != BOOST:
                parts.append((share, centre, spread))
                continue
            for s, portion in zip(moments_s, shares_s, strict=True):
                moved = centre.copy()  # thrust until s, seen from the start of a flight without it
                moved[:3] -= x[BOOST, 6:] * s * s / 2.0
                moved[3:6] += x[BOOST, 6:] * s
                parts.append((share * float(portion), moved, spread))
        w, means, spreads = zip(*parts, strict=True)
        out_x[j], out_p[j] = oracle.moments(w, means, spreads)
    return out_x, out_p, predicted


@pytest.mark.parametrize("altitude_m", [12e3, 60e3, 250e3])
@pytest.mark.parametrize("dt_s", [0.1, 1.0, 5.0])
def test_one_prediction_is_textbook_mixing_and_each_model_s_own_step(altitude_m: float, dt_s: float) -> None:
    x, p, weights = bank(altitude_m)
    want_x, want_p, want_w = textbook_mixing(x, p, weights, dt_s)
    for j in range(4):
        propagate(j, want_x[j], want_p[j], np.zeros((9, BIASES)), 0, dt_s)
    predict_once(x, p, np.zeros((4, 9, BIASES)), 0, weights, dt_s)
    np.testing.assert_allclose(weights, want_w, rtol=1e-12)
    for j in range(4):
        scale = np.sqrt(np.diag(want_p[j]))
        np.testing.assert_allclose((x[j] - want_x[j]) / scale, 0.0, atol=MIXED)
        np.testing.assert_allclose((p[j] - want_p[j]) / np.outer(scale, scale), 0.0, atol=MIXED)


def test_mixing_equals_the_second_prediction_from_end_to_end() -> None:
    """Mixing by the textbook, then the oracle's own flow: nothing of the engine but its numbers."""
    x, p, weights = bank(80e3)
    want_x, want_p, _ = textbook_mixing(x, p, weights, 0.5)
    predict_once(x, p, np.zeros((4, 9, BIASES)), 0, weights, 0.5)
    for j in range(4):
        ahead_x, ahead_p = oracle.predict(j, want_x[j], want_p[j], 0.5)
        scale = np.sqrt(np.diag(ahead_p))
        np.testing.assert_allclose((x[j] - ahead_x) / scale, 0.0, atol=2e-2)  # the two airs
        np.testing.assert_allclose((p[j] - ahead_p) / np.outer(scale, scale), 0.0, atol=1e-2)


@pytest.mark.parametrize("altitude_m", [0.0, 12e3, 30e3, 120e3, 900e3])
@pytest.mark.parametrize("dt_s", [1e-6, 0.1, 1.0, 10.0, 1e4])
def test_jumps_are_probabilities(altitude_m: float, dt_s: float) -> None:
    x, _, weights = bank(altitude_m)
    jumps = jumps_of(x, weights, dt_s)
    np.testing.assert_allclose(jumps.sum(axis=1), 1.0, atol=1e-12)
    assert (jumps >= 0.0).all() and (jumps <= 1.0).all()


@pytest.mark.parametrize("altitude_m", [12e3, 60e3, 250e3])
def test_jumps_are_those_of_a_continuous_chain(altitude_m: float) -> None:
    x, _, weights = bank(altitude_m)
    rates = (jumps_of(x, weights, 1e-7) - np.eye(4)) / 1e-7
    for dt_s in (0.1, 1.0):  # one jump per step at most: exact to second order of rate times step
        np.testing.assert_allclose(jumps_of(x, weights, dt_s), expm(rates * dt_s), atol=2.0 * (0.06 * dt_s) ** 2)
    off = rates[~np.eye(4, dtype=bool)]
    assert (off >= -1e-9).all() and (np.diag(rates) < 0.0).all()


def test_there_is_no_lift_and_no_aircraft_in_vacuum() -> None:
    x, _, weights = bank(400e3)
    jumps = jumps_of(x, weights, 1.0)
    assert jumps[BALLISTIC, GLIDE] < 1e-9 and jumps[BOOST, GLIDE] < 1e-9
    assert jumps[BALLISTIC, AIR] < 1e-9 and jumps[GLIDE, AIR] < 1e-9
    assert jumps[AIR, BALLISTIC] > 0.1, "an aircraft out there is none"
    low = jumps_of(bank(12e3)[0], weights, 1.0)
    assert low[BALLISTIC, GLIDE] > 1e-4 and low[BALLISTIC, AIR] > 1e-4


def test_the_mixture_is_that_of_drawn_objects() -> None:
    """Draw 200,000 objects from the bank; force by the second model; compare mean and covariance."""
    x, p, weights = bank(45e3)
    mean, covariance = np.empty(9), np.empty((9, 9))
    mixture(x, p, weights, mean, covariance)
    rng, draws = np.random.default_rng(3), []
    for j in range(4):
        count = round(float(weights[j]) * 200_000)
        theta_first = rng.multivariate_normal(x[j], p[j], size=count, check_valid="ignore")
        force = np.array([np.empty(3)] * count)
        by, scratch = np.empty((3, 3)), np.empty((3, 3))
        for n in range(count):
            specific_force(j, theta_first[n], force[n], by, scratch)
        draws.append(np.hstack([theta_first[:, :6], force]))
    cloud = np.vstack(draws)
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((mean - cloud.mean(axis=0)) / scale, 0.0, atol=0.02)  # 5 / sqrt(200,000), and curvature
    np.testing.assert_allclose((covariance - np.cov(cloud.T)) / np.outer(scale, scale), 0.0, atol=0.03)


def test_the_mixture_of_one_certain_model_is_that_model() -> None:
    x, p, _ = bank(300e3)
    mean, covariance = np.empty(9), np.empty((9, 9))
    mixture(x, p, np.array([1.0, 0.0, 0.0, 0.0]), mean, covariance)
    np.testing.assert_allclose(mean, x[BOOST], rtol=1e-12)
    np.testing.assert_allclose(covariance, p[BOOST], rtol=1e-9, atol=1e-9)


def test_the_specific_force_of_a_level_aircraft_carries_its_weight() -> None:
    x, p, _ = bank(10e3)
    x[AIR, 6:] = 0.0
    mean, covariance = np.empty(9), np.empty((9, 9))
    mixture(x, p, np.array([0.0, 0.0, 0.0, 1.0]), mean, covariance)
    np.testing.assert_allclose(mean[6:], -oracle.free_fall(x[AIR, :3], x[AIR, 3:6]), atol=1e-3)


@pytest.mark.parametrize("weights", [[1.0, 0, 0, 0], [0.0, 0.0, 1e-300, 0.0], [3.0, 2.0, 1.0, 0.5]])
def test_normalising_leaves_every_model_a_chance(weights: list[float]) -> None:
    share = np.array(weights)
    before = share.copy()
    normalise(share, float(share.sum()))
    assert share.sum() == pytest.approx(1.0, abs=1e-15)
    assert (share > 9e-7).all()
    assert int(np.argmax(share)) == int(np.argmax(before))


@pytest.mark.parametrize("total", [0.0, -1.0, math.nan])
def test_a_sum_that_is_none_changes_nothing(total: float) -> None:
    share = np.array([0.1, 0.2, 0.3, 0.4])
    normalise(share, total)
    np.testing.assert_array_equal(share, [0.1, 0.2, 0.3, 0.4])


def test_a_bank_starts_with_every_model_s_prior() -> None:
    state = np.concatenate([pymap3d.geodetic2ecef(40.0, 132.0, 200e3), [-900.0, 1200.0, 800.0]])
    spread = oracle.spd(np.random.default_rng(1), np.array([1e3] * 3 + [100.0] * 3))
    x, p, weights = np.empty((4, 9)), np.empty((4, 9, 9)), np.array([0.4, 0.3, 0.2, 0.1])
    prior = weights.copy()
    start_bank(state, spread, weights, x, p)
    for j in range(4):
        theta, block = np.empty(3), np.empty((3, 3))
        parameter_prior(j, state[:3], state[3:], theta, block)
        np.testing.assert_array_equal(x[j], np.concatenate([state, theta]))
        np.testing.assert_array_equal(p[j, :6, :6], spread)
        np.testing.assert_array_equal(p[j, 6:, 6:], block)
        np.testing.assert_array_equal(p[j, :6, 6:], 0.0)
        prior[j] *= plausibility(j, x[j], p[j])
    np.testing.assert_allclose(weights, prior / prior.sum(), atol=1e-5)


def test_a_long_prediction_is_grid_steps_and_a_rest() -> None:
    """Bit for bit, so that a coast stopped on the grid and taken up again is the same."""
    whole_x, whole_p, whole_w = bank(300e3)
    x, p, w = whole_x.copy(), whole_p.copy(), whole_w.copy()
    c = np.zeros((4, 9, BIASES))
    predict_bank(whole_x, whole_p, c, 0, whole_w, 3 * GRID_NS + 1_234_567_891)
    for _ in range(3):
        coast_once(x, p, c, 0, w)
    predict_once(x, p, c, 0, w, 1_234_567_891 * 1e-9)
    for one, other in ((whole_x, x), (whole_p, p), (whole_w, w)):
        np.testing.assert_array_equal(one, other)


def test_constant_errors_mix_with_their_models() -> None:
    """Against the joint covariance of state and one constant error: a jump keeps place and velocity alone."""
    x, p, weights = bank(250e3)
    c = np.zeros((4, 9, BIASES))
    c[:, :, 0] = np.random.default_rng(2).normal(size=(4, 9)) * 0.1
    before, jumps = c.copy(), jumps_of(x, weights, 1e-3)
    predicted = weights @ jumps
    predict_once(x, p, c, 3, weights, 1e-3)
    for j in range(4):
        share = weights_before() * jumps[:, j] / predicted[j]
        want = np.zeros(9)
        for i in range(4):
            want[:6] += share[i] * before[i, :6, 0]
        want[6:] = share[j] * before[j, 6:, 0]
        want[:3] += 1e-3 * want[3:6]
        np.testing.assert_allclose(c[j, :6, 0], want[:6], atol=1e-4)
    np.testing.assert_array_equal(c[:, :, 3:], 0.0)


def weights_before() -> Array:
    return bank(250e3)[2]
