"""Gravity against Vallado's printed formulas, WGS 84's normal gravity, and its own finite differences."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from beaconfire.earth import (
    ROTATION_RATE_RAD_S,
    SEMI_MAJOR_AXIS_M,
    SEMI_MINOR_AXIS_M,
    acceleration_ecef,
    acceleration_jacobian_ecef,
    geodetic_to_ecef,
)
from tests.authorities import independent, wgs84

SAME_FORMULA = 1e-13  # relative: both sum the same terms in another order
# The zonal field to J4 leaves out J6 and beyond (5e-7 g) and takes J2 of EGM96, not of the normal ellipsoid (3e-9);
# J3 makes the poles unequal.
NORMAL_GRAVITY_TOLERANCE_M_S2 = 5e-5
DIFFERENCE_STEP_M = 30.0  # truncation (h/r)^2 = 2e-11 meets rounding eps*r/h = 5e-11
DIFFERENCE_TOLERANCE = 1e-9  # relative to g/r

Array = NDArray[np.float64]

points = st.builds(
    lambda lat, lon, alt: np.array(geodetic_to_ecef(lat, lon, alt)),
    st.one_of(st.floats(-math.pi / 2, math.pi / 2), st.sampled_from([math.pi / 2, -math.pi / 2, 0.0])),
    st.one_of(st.floats(-math.pi, math.pi), st.just(math.pi)),
    st.floats(0.0, 36e6),
)
velocities = st.builds(lambda a, b, c: np.array([a, b, c]), *[st.floats(-8e3, 8e3)] * 3)


def acceleration(r: Array, v: Array) -> Array:
    return np.array(acceleration_ecef(*r, *v))


@given(points, velocities)
def test_acceleration_is_vallados_gravity_seen_from_turning_axes(r: Array, v: Array) -> None:
    omega = np.array([0.0, 0.0, ROTATION_RATE_RAD_S])
    expected = independent.gravity_inertial(r) - np.cross(omega, np.cross(omega, r)) - 2.0 * np.cross(omega, v)
    np.testing.assert_allclose(acceleration(r, v), expected, atol=SAME_FORMULA * 10.0)


def test_normal_gravity_at_the_equator_and_the_poles() -> None:
    still = np.zeros(3)
    equator = acceleration(np.array([SEMI_MAJOR_AXIS_M, 0.0, 0.0]), still)
    assert -equator[0] == pytest.approx(wgs84.NORMAL_GRAVITY_EQUATOR_M_S2, abs=NORMAL_GRAVITY_TOLERANCE_M_S2)
    poles = [acceleration(np.array([0.0, 0.0, sign * SEMI_MINOR_AXIS_M]), still)[2] for sign in (1.0, -1.0)]
    assert (poles[1] - poles[0]) / 2.0 == pytest.approx(
        wgs84.NORMAL_GRAVITY_POLE_M_S2, abs=NORMAL_GRAVITY_TOLERANCE_M_S2
    )
    assert abs(poles[0] + poles[1]) == pytest.approx(8.0 * 2.53265648533e-6 * 9.83, rel=0.02)  # the Earth's pear shape


def test_a_geostationary_body_stands_still() -> None:
    # J2 to J4 move the balance 0.52 km out from the two-body radius of 42,164.17 km (Vallado 2013, 11.4).
    ax, ay, az = acceleration_ecef(42_164_692.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert abs(ax) < 1e-7
    assert ay == 0.0
    assert abs(az) < 1e-8  # J3 pulls along the axis


@given(points)
def test_position_derivative_is_the_finite_difference(r: Array) -> None:
    by_position, by_velocity = np.empty((3, 3)), np.empty((3, 3))
    x, y, z = r.tolist()
    acceleration_jacobian_ecef(x, y, z, by_position, by_velocity)
    expected = np.empty((3, 3))
    for j in range(3):
        step = np.zeros(3)
        step[j] = DIFFERENCE_STEP_M
        still = np.zeros(3)
        expected[:, j] = (acceleration(r + step, still) - acceleration(r - step, still)) / (2.0 * DIFFERENCE_STEP_M)
    scale = 10.0 / SEMI_MAJOR_AXIS_M
    np.testing.assert_allclose(by_position, expected, atol=DIFFERENCE_TOLERANCE * scale)


@given(points)
def test_position_derivative_is_symmetric_and_obeys_poisson(r: Array) -> None:
    by_position, by_velocity = np.empty((3, 3)), np.empty((3, 3))
    x, y, z = r.tolist()
    acceleration_jacobian_ecef(x, y, z, by_position, by_velocity)
    scale = float(np.abs(by_position).max())
    np.testing.assert_allclose(by_position, by_position.T, atol=1e-14 * scale)
    # Outside masses the potential is harmonic; the centrifugal potential adds 2 omega^2.
    assert np.trace(by_position) == pytest.approx(2.0 * ROTATION_RATE_RAD_S**2, abs=1e-14 * max(scale, 1e-6))


@given(points, velocities)
def test_velocity_derivative_is_coriolis(r: Array, v: Array) -> None:
    by_position, by_velocity = np.empty((3, 3)), np.empty((3, 3))
    x, y, z = r.tolist()
    acceleration_jacobian_ecef(x, y, z, by_position, by_velocity)
    change = acceleration(r, v) - acceleration(r, np.zeros(3))
    np.testing.assert_allclose(by_velocity @ v, change, atol=1e-14)
