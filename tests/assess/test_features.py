"""Figures of a state: against hand-made states and Monte Carlo."""

import math

import numpy as np
import pytest

from beaconfire.assess.features import features
from beaconfire.earth import MEAN_RADIUS_M, geodetic_to_ecef, orbit_elements


def state(*, altitude_m: float, north_m_s: float, up_m_s: float, force_up: float = 0.0) -> np.ndarray:
    """A state over the equator at longitude 0: up is x, east is y, north is z."""
    x, y, z = geodetic_to_ecef(0.0, 0.0, altitude_m)
    return np.array([x, y, z, up_m_s, 0.0, north_m_s, force_up, 0.0, 0.0])


def test_altitude_speed_and_climb() -> None:
    now = features(state(altitude_m=12e3, north_m_s=300.0, up_m_s=40.0), np.eye(9))
    assert now.altitude_m == pytest.approx(12e3, abs=1e-3)
    assert now.speed_m_s == pytest.approx(math.hypot(300.0, 40.0))
    assert now.climb_m_s == pytest.approx(40.0)
    assert now.inertial_m_s == pytest.approx(math.hypot(300.0, 40.0, 7.292115e-5 * (6378137.0 + 12e3)), rel=1e-9)


def test_force_is_split_along_and_across_the_velocity() -> None:
    now = features(state(altitude_m=10e3, north_m_s=250.0, up_m_s=0.0, force_up=9.8), np.diag([4.0] * 9))
    assert now.force_along_m_s2 == pytest.approx(0.0, abs=1e-9)
    assert now.force_across_m_s2 == pytest.approx(9.8)
    assert (now.across_x_m_s2, now.across_y_m_s2, now.across_z_m_s2) == pytest.approx((9.8, 0.0, 0.0))
    assert now.along_sigma_m_s2 == pytest.approx(2.0)
    assert now.across_sigma_m_s2 == pytest.approx(2.0)


def test_sigmas_follow_the_covariance() -> None:
    covariance = np.diag([1.0, 4.0, 4.0, 9.0, 16.0, 0.0, 1.0, 25.0, 49.0])
    now = features(state(altitude_m=10e3, north_m_s=250.0, up_m_s=0.0, force_up=1.0), covariance)
    assert now.position_sigma_m == pytest.approx(3.0)
    assert now.speed_sigma_m_s == pytest.approx(5.0)
    assert now.along_sigma_m_s2 == pytest.approx(7.0)
    assert now.across_sigma_m_s2 == pytest.approx(1.0)


def test_the_perigee_of_a_circular_orbit_and_its_sigma() -> None:
    x = state(altitude_m=500e3, north_m_s=0.0, up_m_s=0.0)
    r = float(np.linalg.norm(x[:3]))
    x[5] = math.sqrt(3.986004418e14 / r - (7.292115e-5 * r) ** 2)
    sigma = np.array([200.0] * 3 + [5.0] * 3 + [1.0] * 3)
    now = features(x, np.diag(sigma**2))
    assert now.perigee_m == pytest.approx(r - MEAN_RADIUS_M, abs=5e3)
    rng = np.random.default_rng(3)
    high = x.copy()
    high[3] += 300.0  # away from the circle, where the perigee has a kink
    now = features(high, np.diag(sigma**2))
    drawn = [orbit_elements(high[:6] + sigma[:6] * rng.standard_normal(6))[0] for _ in range(4000)]
    assert now.perigee_sigma_m == pytest.approx(float(np.std(drawn)), rel=0.1)


def test_dynamic_pressure_is_half_rho_v_squared() -> None:
    now = features(state(altitude_m=20e3, north_m_s=1000.0, up_m_s=0.0), np.eye(9))
    assert now.pressure_pa == pytest.approx(0.5 * 0.08891 * 1e6, rel=2e-3)  # US-1976 at 20 km


def test_a_body_at_rest_has_no_direction_and_no_fault() -> None:
    now = features(state(altitude_m=0.0, north_m_s=0.0, up_m_s=0.0), np.eye(9))
    assert math.isfinite(now.force_along_m_s2)
    assert math.isfinite(now.perigee_sigma_m)
