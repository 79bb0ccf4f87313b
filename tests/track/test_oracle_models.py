"""Every model's prediction against a second implementation: another Earth, another air, numerical derivatives."""

import math

import numpy as np
import pymap3d
import pytest

from beaconfire.track import models
from beaconfire.track.models import longest_step_s
from beaconfire.track.predict import propagate
from tests.authorities import independent
from tests.track import oracle
from tests.track.oracle import AIR, BALLISTIC, BOOST, GLIDE, Array

# Two atmospheres differ by 0.1 %; a force of 20 m/s^2 then by 0.02 m/s^2, over 2 s by 4 cm and 4 cm/s.
PLACE_M, SPEED_M_S = 0.05, 0.05
SPREAD = 4e-3  # of a standard deviation product: a third-order term of one Runge-Kutta step, and the air again

THETA = {
    BOOST: np.array([-9.0, 14.0, 9.0]),
    BALLISTIC: np.array([1.2e-4, -1.6e-4, -1.1e-4]),
    GLIDE: np.array([3e-4, 5e-4, -4e-4]),
    AIR: np.array([1.0, -2.0, 0.5]),
}
VELOCITY = np.array([-900.0, 1200.0, 800.0])
SIGMAS = np.array([300.0, 300.0, 300.0, 30.0, 30.0, 30.0])


def start(model: int, altitude_m: float, *, speed: float = 1.0) -> Array:
    place = pymap3d.geodetic2ecef(40.0, 132.0, altitude_m)
    return np.concatenate([place, speed * VELOCITY, THETA[model]])


def predicted(model: int, x: Array, p: Array, dt_s: float) -> tuple[Array, Array]:
    x, p = x.copy(), p.copy()
    propagate(model, x, p, np.zeros((9, 24)), 0, dt_s)
    return x, p


def one_step(model: int, x: Array, dt_s: float) -> bool:
    altitude = float(pymap3d.ecef2geodetic(*x[:3])[2])
    return dt_s <= longest_step_s(model, altitude, float(np.linalg.norm(x[3:6])))


@pytest.mark.parametrize("altitude_m", [15e3, 45e3, 90e3, 300e3])
@pytest.mark.parametrize("model", range(4), ids=oracle.NAMES)
@pytest.mark.parametrize("dt_s", [0.1, 1.0])
def test_a_step_is_that_of_the_second_model(model: int, altitude_m: float, dt_s: float) -> None:
    x, rng = start(model, altitude_m), np.random.default_rng(7 + model)
    p = oracle.spd(rng, np.concatenate([SIGMAS, 0.2 * np.full(3, np.abs(THETA[model]).max())]))
    assert one_step(model, x, dt_s)
    want_x, want_p = oracle.predict(model, x, p, dt_s)
    got_x, got_p = predicted(model, x, p, dt_s)
    np.testing.assert_allclose(got_x[:3], want_x[:3], atol=PLACE_M)
    np.testing.assert_allclose(got_x[3:6], want_x[3:6], atol=SPEED_M_S)
    np.testing.assert_allclose(got_x[6:], want_x[6:], rtol=1e-9)
    scale = np.sqrt(np.diag(want_p))
    np.testing.assert_allclose(got_p / np.outer(scale, scale), want_p / np.outer(scale, scale), atol=SPREAD)


@pytest.mark.parametrize("model", range(4), ids=oracle.NAMES)
def test_noise_from_certainty_is_van_loan_s(model: int) -> None:
    x = start(model, 40e3)
    got = predicted(model, x, np.zeros((9, 9)), 1.0)[1]
    want = oracle.process_noise(model, x, 1.0)
    scale = np.sqrt(np.diag(want))
    np.testing.assert_allclose(got / np.outer(scale, scale), want / np.outer(scale, scale), atol=5e-3)
    assert (np.linalg.eigvalsh(got / np.outer(scale, scale)) > -1e-12).all()


@pytest.mark.parametrize("model", range(4), ids=oracle.NAMES)
def test_many_short_steps_are_one_long_one(model: int) -> None:
    """Means agree as far as the fixed axes of a step allow: the path turns by a degree in these 4 s."""
    x, p = start(model, 200e3), np.diag(np.concatenate([SIGMAS, np.full(3, 1e-9)])) ** 2
    long = predicted(model, x, p, 2.0)[0]
    short = x
    for _ in range(20):
        short = predicted(model, short, p, 0.1)[0]
    np.testing.assert_allclose(long[:3], short[:3], atol=1.0)
    np.testing.assert_allclose(long[3:6], short[3:6], atol=1.0)


@pytest.mark.parametrize("seconds", [30.0, 120.0, 600.0])
def test_a_coast_in_vacuum_is_the_second_integrator_s(seconds: float) -> None:
    x = np.concatenate([pymap3d.geodetic2ecef(39.0, 127.0, 400e3), [300.0, 3800.0, 3500.0], np.zeros(3)])
    got = predicted(BALLISTIC, x, np.zeros((9, 9)), seconds)[0]
    want, _ = independent.fly(x[:6], beta_inverse=0.0, seconds=seconds, air=lambda _: 0.0)
    # The generic body's drag at 400 km and above is below 1e-6 m/s^2: 0.2 m in ten minutes.
    np.testing.assert_allclose(got[:3], want[:3], atol=1.0)
    np.testing.assert_allclose(got[3:6], want[3:6], atol=5e-3)


def test_a_fall_through_the_air_is_the_second_integrator_s() -> None:
    """Drag held at a known ballistic coefficient: the parameter's wandering is undone step by step."""
    beta_inverse = -float(models._PRIOR[BALLISTIC][0])  # at the prior's mean the parameter stays along v
    x = np.concatenate([pymap3d.geodetic2ecef(39.0, 127.0, 90e3), [900.0, 1500.0, -900.0], np.zeros(3)])
    want, _ = independent.fly(x[:6], beta_inverse=beta_inverse, seconds=25.0)
    for _ in range(100):
        x[6:] = -beta_inverse * x[3:6] / np.linalg.norm(x[3:6])
        x = predicted(BALLISTIC, x, np.zeros((9, 9)), 0.25)[0]
    lost = float(np.linalg.norm(x[3:6]) - np.linalg.norm([900.0, 1500.0, -900.0]))
    assert abs(lost) > 20.0, "the fall must feel the air for the test to say anything"
    assert np.linalg.norm(x[:3] - want[:3]) < 10.0  # 0.1 % of the air, and the axis held for a quarter of a second
    assert np.linalg.norm(x[3:6] - want[3:6]) < 2.0


@pytest.mark.parametrize("latitude_deg", [-90.0, -45.0, 0.0, 89.9999, 90.0])
@pytest.mark.parametrize("longitude_deg", [-180.0, 180.0, 0.0])
def test_nothing_is_special_at_poles_and_the_antimeridian(latitude_deg: float, longitude_deg: float) -> None:
    place = np.array(pymap3d.geodetic2ecef(latitude_deg, longitude_deg, 60e3))
    for model in range(4):
        x = np.concatenate([place, VELOCITY, THETA[model]])
        p = np.diag(np.concatenate([SIGMAS, 0.1 * np.full(3, np.abs(THETA[model]).max())]) ** 2)
        got_x, got_p = predicted(model, x, p, 1.0)
        want_x = oracle.flow(model, x, 1.0)
        np.testing.assert_allclose(got_x[:6], want_x[:6], atol=PLACE_M)
        assert np.isfinite(got_p).all()


@pytest.mark.parametrize("altitude_m", [-1e3, 0.0, 2e3, 86e3, 130e3, 1000e3, 36_000e3])
@pytest.mark.parametrize("model", range(4), ids=oracle.NAMES)
def test_any_altitude_gives_a_finite_covariance(model: int, altitude_m: float) -> None:
    """Under the ground, at the joints of the atmosphere's table and far out."""
    x = start(model, altitude_m)
    p = np.diag(np.concatenate([SIGMAS, 0.3 * np.full(3, np.abs(THETA[model]).max())]) ** 2)
    for dt_s in (1e-9, 1e-3, 1.0, 30.0):
        got_x, got_p = predicted(model, x, p, dt_s)
        assert np.isfinite(got_x).all() and np.isfinite(got_p).all()
        np.testing.assert_array_equal(got_p, got_p.T)
        assert (np.diag(got_p) > 0.0).all()


def test_a_burn_gains_the_speed_of_the_rocket_equation() -> None:
    """Constant thrust and mass flow in vacuum: dv = u ln(1 / (1 - a0 t / u)); the model to second order in t."""
    exhaust, first, seconds = models.EXHAUST_M_S, 20.0, 12.0
    x = start(BOOST, 500e3)
    x[6:] = first * x[3:6] / np.linalg.norm(x[3:6])
    fallen = predicted(BOOST, np.concatenate([x[:6], np.zeros(3)]), np.zeros((9, 9)), seconds)[0]
    for _ in range(12):
        x = predicted(BOOST, x, np.zeros((9, 9)), 1.0)[0]
        x[6:] = np.linalg.norm(x[6:]) * x[3:6] / np.linalg.norm(x[3:6])
    want = exhaust * math.log(1.0 / (1.0 - first * seconds / exhaust))
    assert float(np.linalg.norm(x[3:6] - fallen[3:6])) == pytest.approx(want, rel=0.02)
