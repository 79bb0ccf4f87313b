"""The four models: derivatives by finite differences, priors, noise, and the physics each stands for."""

import math
from collections.abc import Callable

import numpy as np
import pymap3d
import pytest
from numpy.typing import NDArray

from beaconfire.earth import acceleration_ecef, density_kg_m3
from beaconfire.track.models import (
    AIR,
    BALLISTIC,
    BOOST,
    EXHAUST_M_S,
    GLIDE,
    MODELS,
    acceleration,
    longest_step_s,
    parameter_flow,
    parameter_noise,
    parameter_prior,
    specific_force,
    velocity_axis,
    white_noise,
)

Array = NDArray[np.float64]
PLACE = np.array(pymap3d.geodetic2ecef(41.0, 131.0, 30e3))
VELOCITY = np.array([-900.0, 1200.0, 800.0])
THETAS = {
    BOOST: np.array([-9.0, 14.0, 9.0]),
    BALLISTIC: np.array([2e-4, -2.5e-4, -1.5e-4]),
    GLIDE: np.array([3e-4, 5e-4, -4e-4]),
    AIR: np.array([1.0, -2.0, 0.5]),
}
NAMES = {BOOST: "boost", BALLISTIC: "ballistic", GLIDE: "glide", AIR: "air"}
each_model = pytest.mark.parametrize("model", range(MODELS), ids=NAMES.values())


def flowed(model: int, theta: Array, v: Array, tau: float) -> tuple[Array, Array, Array]:
    out, by_theta, by_v = np.zeros(3), np.zeros((3, 3)), np.zeros((3, 3))
    parameter_flow(model, theta, v, tau, out, by_theta, by_v)
    return out, by_theta, by_v


def accelerated(model: int, p: Array, v: Array, theta: Array) -> tuple[Array, Array, Array, float]:
    a, by_p, by_v = np.zeros(3), np.zeros((3, 3)), np.zeros((3, 3))
    scale = acceleration(model, p, v, theta, a, by_p, by_v)
    return a, by_p, by_v, scale


def central(function: Callable[[Array], Array], at: Array, step: float) -> Array:
    columns = []
    for j in range(3):
        up, down = at.copy(), at.copy()
        up[j] += step
        down[j] -= step
        columns.append((function(up) - function(down)) / (2.0 * step))
    return np.array(columns).T


@each_model
@pytest.mark.parametrize("tau", [0.1, 1.0, 5.0, 30.0])
def test_the_parameter_s_derivatives_are_exact(model: int, tau: float) -> None:
    theta = THETAS[model]
    _, by_theta, by_v = flowed(model, theta, VELOCITY, tau)
    size = float(np.abs(theta).max())
    numeric = central(lambda t: flowed(model, t, VELOCITY, tau)[0], theta, 1e-4 * size)
    np.testing.assert_allclose(by_theta, numeric, rtol=1e-6, atol=1e-7)
    numeric = central(lambda v: flowed(model, theta, v, tau)[0], VELOCITY, 0.1)
    np.testing.assert_allclose(by_v, numeric, rtol=1e-5, atol=1e-8 * size)


@each_model
def test_nothing_changes_in_no_time(model: int) -> None:
    theta, by_theta, by_v = flowed(model, THETAS[model], VELOCITY, 0.0)
    np.testing.assert_allclose(theta, THETAS[model])
    np.testing.assert_allclose(by_theta, np.eye(3), atol=1e-15)
    np.testing.assert_allclose(by_v, 0.0, atol=1e-15)


@each_model
@pytest.mark.parametrize("altitude_m", [0.0, 12e3, 60e3, 400e3])
def test_the_acceleration_s_derivatives_are_exact(model: int, altitude_m: float) -> None:
    p = np.array(pymap3d.geodetic2ecef(41.0, 131.0, altitude_m))
    theta = THETAS[model]
    _, by_p, by_v, scale = accelerated(model, p, VELOCITY, theta)
    numeric = central(lambda q: accelerated(model, q, VELOCITY, theta)[0], p, 5.0)
    np.testing.assert_allclose(by_p, numeric, rtol=1e-4, atol=1e-9)
    numeric = central(lambda v: accelerated(model, p, v, theta)[0], VELOCITY, 0.5)
    np.testing.assert_allclose(by_v, numeric, rtol=1e-6, atol=1e-9)
    size = float(np.abs(theta).max())
    numeric = central(lambda t: accelerated(model, p, VELOCITY, t)[0], theta, 1e-2 * size)
    np.testing.assert_allclose(scale * np.eye(3), numeric, rtol=1e-6, atol=1e-9)  # rounding of 9.8 m/s^2


def test_thrust_grows_as_the_tank_empties() -> None:
    # Constant thrust T and mass flow T/u: a(t) = a0 / (1 - a0 t / u), to first order in t the model's exponential.
    thrust = 20.0 * VELOCITY / np.linalg.norm(VELOCITY)
    grown = np.linalg.norm(flowed(BOOST, thrust, VELOCITY, 10.0)[0])
    assert grown == pytest.approx(20.0 / (1.0 - 20.0 * 10.0 / EXHAUST_M_S), rel=0.005)


def test_thrust_against_the_velocity_does_not_grow() -> None:
    thrust = -20.0 * VELOCITY / np.linalg.norm(VELOCITY)
    np.testing.assert_allclose(flowed(BOOST, thrust, VELOCITY, 10.0)[0], thrust)


def test_drag_tends_to_a_generic_body_and_lift_to_none() -> None:
    theta = flowed(BALLISTIC, THETAS[BALLISTIC], VELOCITY, 3600.0)[0]
    axis = VELOCITY / np.linalg.norm(VELOCITY)
    np.testing.assert_allclose(theta, -3e-4 * axis, atol=1e-12)
    lifted = flowed(GLIDE, THETAS[GLIDE], VELOCITY, 20.0)[0]

    def across(t: Array) -> float:
        return float(np.linalg.norm(t - axis * float(t @ axis)))

    assert across(lifted) == pytest.approx(across(THETAS[GLIDE]) / math.e, rel=1e-9)


def test_ballistic_acceleration_is_gravity_and_drag_by_hand() -> None:
    theta = -2e-4 * VELOCITY / np.linalg.norm(VELOCITY)
    a, _, _, pressure = accelerated(BALLISTIC, PLACE, VELOCITY, theta)
    q = 0.5 * density_kg_m3(float(pymap3d.ecef2geodetic(*PLACE)[2])) * float(VELOCITY @ VELOCITY)
    assert pressure == pytest.approx(q, rel=1e-9)
    np.testing.assert_allclose(a, np.array(acceleration_ecef(*PLACE, *VELOCITY)) + q * theta, rtol=1e-12)


def test_an_aircraft_flies_straight_on() -> None:
    a, _, _, _ = accelerated(AIR, PLACE, VELOCITY, np.zeros(3))
    np.testing.assert_array_equal(a, 0.0)


@each_model
def test_priors_are_symmetric_and_along_the_velocity(model: int) -> None:
    theta, covariance = np.zeros(3), np.zeros((3, 3))
    parameter_prior(model, PLACE, VELOCITY, theta, covariance)
    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-14)
    assert (np.linalg.eigvalsh(covariance) > 0.0).all()
    if model in (BALLISTIC, GLIDE):
        assert float(theta @ VELOCITY) < 0.0
        assert np.linalg.norm(np.cross(theta, VELOCITY)) < 1e-9


def test_a_booster_at_rest_pushes_upwards() -> None:
    theta, covariance = np.zeros(3), np.zeros((3, 3))
    parameter_prior(BOOST, PLACE, np.zeros(3), theta, covariance)
    up = np.array(pymap3d.enu2uvw(0, 0, 1, 41.0, 131.0))
    np.testing.assert_allclose(theta, np.linalg.norm(theta) * up, atol=1e-6)
    parameter_prior(BOOST, PLACE, 40.0 * VELOCITY, theta, covariance)
    assert float(theta @ VELOCITY) > 0.99 * np.linalg.norm(theta) * np.linalg.norm(VELOCITY)


@each_model
def test_noise_starts_at_none_and_never_shrinks(model: int) -> None:
    times = [0.0, 0.1, 1.0, 10.0, 100.0, 1e4]
    along, across = np.array([parameter_noise(model, t) for t in times]).T
    assert along[0] == across[0] == 0.0
    assert (np.diff(along) >= 0.0).all() and (np.diff(across) >= 0.0).all()


def test_white_noise_grows_with_air_only_for_what_feels_it() -> None:
    assert white_noise(BALLISTIC, 1e5) > white_noise(BALLISTIC, 0.0) > 0.0
    assert white_noise(BOOST, 1e5) == white_noise(BOOST, 0.0)
    assert white_noise(AIR, 1e5) == white_noise(AIR, 0.0)


@each_model
def test_specific_force_is_what_gravity_leaves(model: int) -> None:
    state = np.concatenate([PLACE, VELOCITY, THETAS[model]])
    force, by_p, by_v = np.zeros(3), np.zeros((3, 3)), np.zeros((3, 3))
    specific_force(model, state, force, by_p, by_v)
    want = accelerated(model, PLACE, VELOCITY, THETAS[model])[0] - np.array(acceleration_ecef(*PLACE, *VELOCITY))
    np.testing.assert_allclose(force, want, atol=1e-9)
    if model == AIR:  # lift carries the weight
        assert np.linalg.norm(force - THETAS[AIR]) == pytest.approx(9.7, abs=0.3)

    def at(q: Array) -> Array:
        out = np.zeros(3)
        specific_force(model, np.concatenate([q, VELOCITY, THETAS[model]]), out, np.zeros((3, 3)), np.zeros((3, 3)))
        return out

    np.testing.assert_allclose(by_p, central(at, PLACE, 5.0), rtol=1e-3, atol=1e-9)


def test_a_standing_object_has_no_axis_but_no_nan_either() -> None:
    assert velocity_axis(np.zeros(3)) == (0.0, 0.0, 0.0, 30.0)
    for model in range(MODELS):
        assert all(np.isfinite(part).all() for part in flowed(model, THETAS[model], np.zeros(3), 1.0))


def test_steps_are_short_inside_the_air_and_long_outside() -> None:
    assert longest_step_s(BALLISTIC, 20e3, 3000.0) == 1.0
    assert longest_step_s(BALLISTIC, 10e3, 250.0) == 4.0
    assert longest_step_s(BALLISTIC, 500e3, 7000.0) == 10.0
    assert longest_step_s(GLIDE, 150e3, 7000.0) == 4.0
    assert longest_step_s(BOOST, 500e3, 7000.0) == 2.0
    assert longest_step_s(AIR, 10e3, 250.0) == 10.0
