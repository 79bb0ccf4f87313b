"""Propagation against SciPy: the mean by DOP853, the transition by finite differences, the noise by quadrature."""

import math
from functools import partial

import numpy as np
import pymap3d
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad_vec, solve_ivp
from scipy.linalg import expm

from beaconfire.track.models import AIR, BALLISTIC, BOOST, GLIDE, MODELS, STATE, acceleration, parameter_flow
from beaconfire.track.predict import flow, propagate

Array = NDArray[np.float64]
STARTS = {
    BOOST: [-9.0, 14.0, 9.0],
    BALLISTIC: [2e-4, -2.5e-4, -1.5e-4],
    GLIDE: [3e-4, 5e-4, -4e-4],
    AIR: [1.0, -2.0, 0.5],
}
SCALES = np.array([10.0, 10.0, 10.0, 0.1, 0.1, 0.1])
each_model = pytest.mark.parametrize("model", range(MODELS), ids=["boost", "ballistic", "glide", "air"])


def start(model: int, altitude_m: float = 45e3) -> Array:
    place = pymap3d.geodetic2ecef(40.0, 132.0, altitude_m)
    return np.array([*place, -900.0, 1200.0, 800.0, *STARTS[model]])


def exact(model: int, x: Array, seconds: float) -> Array:
    """Integrate the same differential equation with SciPy, the parameter by its closed form from the start."""
    theta, scratch = np.zeros(3), (np.zeros((3, 3)), np.zeros((3, 3)))

    def rate(t: float, s: Array) -> Array:
        parameter_flow(model, x[6:], x[3:6], t, theta, *scratch)
        a = np.zeros(3)
        acceleration(model, s[:3].copy(), s[3:].copy(), theta, a, np.zeros((3, 3)), np.zeros((3, 3)))
        return np.concatenate([s[3:], a])

    return solve_ivp(rate, (0.0, seconds), x[:6], "DOP853", rtol=1e-12, atol=1e-6).y[:, -1]


@each_model
@pytest.mark.parametrize("seconds", [0.1, 1.0, 2.0])
def test_one_step_is_the_integral(model: int, seconds: float) -> None:
    x = start(model)
    want = exact(model, x, seconds)
    flow(model, x, np.zeros((STATE, STATE)), seconds)
    # One Runge-Kutta step of 2 s in air of 7 km scale height: centimetres against sigmas of tens of metres.
    np.testing.assert_allclose(x[:3], want[:3], atol=0.02)
    np.testing.assert_allclose(x[3:6], want[3:], atol=0.02)


@each_model
@pytest.mark.parametrize("seconds", [0.1, 1.0, 5.0, 30.0])
def test_the_transition_matrix_is_the_derivative_of_the_step(model: int, seconds: float) -> None:
    x, phi, scratch = start(model), np.zeros((STATE, STATE)), np.zeros((STATE, STATE))
    flow(model, x.copy(), phi, seconds)
    steps = np.concatenate([SCALES, np.full(3, 1e-3 * float(np.abs(x[6:]).max()))])
    for j in range(STATE):
        up, down = x.copy(), x.copy()
        up[j] += steps[j]
        down[j] -= steps[j]
        flow(model, up, scratch, seconds)
        flow(model, down, scratch, seconds)
        numeric = (up - down) / (2.0 * steps[j])
        size = np.abs(numeric).max()
        np.testing.assert_allclose(phi[:, j], numeric, atol=3e-6 * size, rtol=1e-4)


def test_a_coast_of_an_hour_is_as_good_as_one_with_small_steps() -> None:
    x = np.array([*pymap3d.geodetic2ecef(39.0, 127.0, 600e3), 300.0, 4800.0, 4000.0, 0.0, 0.0, 0.0])
    want = exact(BALLISTIC, np.concatenate([x[:6], np.zeros(3)]), 1800.0)
    propagate(BALLISTIC, x, np.eye(STATE), np.zeros((STATE, 24)), 0, 1800.0)
    # Drag of the generic body at 600 km and more moves it by centimetres; steps of 10 s by less.
    assert np.linalg.norm(x[:3] - want[:3]) < 2.0
    assert np.linalg.norm(x[3:6] - want[3:]) < 0.01


@each_model
def test_covariance_stays_symmetric_and_positive_over_any_time(model: int) -> None:
    x, rng = start(model), np.random.default_rng(model)
    root = rng.normal(size=(STATE, STATE)) * np.array([300.0] * 3 + [30.0] * 3 + [0.1 * abs(v) for v in x[6:]])[:, None]
    p = root @ root.T
    c = np.zeros((STATE, 24))
    for seconds in (0.0, 1e-3, 0.5, 7.0, 60.0):
        propagate(model, x, p, c, 0, seconds)
        np.testing.assert_array_equal(p, p.T)
        scale = np.sqrt(np.diag(p))
        assert (np.linalg.eigvalsh(p / np.outer(scale, scale)) > -1e-9).all()


def test_no_time_changes_nothing() -> None:
    x, p = start(BOOST), np.eye(STATE)
    propagate(BOOST, x, p, np.zeros((STATE, 24)), 0, 0.0)
    np.testing.assert_array_equal(x, start(BOOST))
    np.testing.assert_array_equal(p, np.eye(STATE))


def test_process_noise_is_that_of_the_integrated_gauss_markov_process() -> None:
    """An aircraft's covariance from nothing against van Loan's integral by SciPy, for steps short against its 15 s."""
    seconds, rate = 2.0, 1.0 / 15.0
    x, p = start(AIR), np.zeros((STATE, STATE))
    x[3:6] = [0.0, 250.0, 0.0]
    propagate(AIR, x, p, np.zeros((STATE, 24)), 0, seconds)
    for axis, sigma in ((0, 5.0), (1, 2.0), (2, 5.0)):
        f = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, -rate]])
        q = np.diag([0.0, 0.02, 2.0 * rate * sigma**2])
        want, _ = quad_vec(partial(_spread, f, q), 0.0, seconds)
        rows = [axis, 3 + axis, 6 + axis]
        # The closed form takes the noise as white over the step: some 2 h / (3 tau) too large or small.
        np.testing.assert_allclose(p[np.ix_(rows, rows)], want, rtol=0.1)


def test_covariances_with_constant_errors_move_with_the_state() -> None:
    x, p = start(BALLISTIC), np.eye(STATE)
    c = np.zeros((STATE, 24))
    c[:, :3] = np.random.default_rng(1).normal(size=(STATE, 3))
    before, phi = c.copy(), np.zeros((STATE, STATE))
    flow(BALLISTIC, start(BALLISTIC), phi, 1.0)
    propagate(BALLISTIC, x, p, c, 3, 1.0)
    np.testing.assert_allclose(c[:, :3], phi @ before[:, :3], rtol=1e-12)
    np.testing.assert_array_equal(c[:, 3:], 0.0)


def test_predicted_spread_is_that_of_drawn_truths() -> None:
    """Draw from the boost model's start, fly each draw, and compare the cloud with the predicted covariance."""
    rng, x = np.random.default_rng(8), start(BOOST)
    p = np.diag(np.array([100.0, 100.0, 100.0, 10.0, 10.0, 10.0, 2.0, 2.0, 2.0]) ** 2)
    draws = x + rng.normal(size=(4000, STATE)) * np.sqrt(np.diag(p))
    ends = np.array([_flown(draw, 4.0) for draw in draws])
    first, second = np.zeros((STATE, STATE)), np.zeros((STATE, STATE))
    flow(BOOST, x, first, 2.0)
    flow(BOOST, x, second, 2.0)
    spread = second @ first @ p @ first.T @ second.T
    for i in range(6):  # 4,000 draws give a standard deviation to 1.1 %, a mean to a 63rd of it
        assert math.sqrt(spread[i, i]) == pytest.approx(float(np.std(ends[:, i])), rel=0.05)
        assert x[i] == pytest.approx(float(np.mean(ends[:, i])), abs=4.0 * float(np.std(ends[:, i])) / math.sqrt(4000))


def _spread(f: Array, q: Array, t: float) -> Array:
    return np.asarray(expm(f * t) @ q @ expm(f * t).T)


def _flown(x: Array, seconds: float) -> Array:
    moved = x.copy()
    for _ in range(2):
        flow(BOOST, moved, np.zeros((STATE, STATE)), seconds / 2)
    return moved[:6]
