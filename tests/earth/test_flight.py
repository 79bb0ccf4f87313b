"""Propagation against SciPy's DOP853 in inertial axes, and its matrices against finite differences."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from beaconfire.earth import (
    acceleration_ecef,
    ballistic_jacobian,
    ballistic_rate,
    density_kg_m3,
    enu_axes,
    geodetic_to_ecef,
    propagate,
    propagate_accelerated,
    propagate_with_sensitivity,
    propagate_with_transition,
)
from tests.authorities import independent

Array = NDArray[np.float64]

VACUUM_TOLERANCE_M = 1e-4  # Runge-Kutta of order 4 at 1 s steps over 10 minutes: h^4 times the fifth derivative
DRAG_TOLERANCE_M = 0.05  # the same with 40 g of drag between two cubic pieces of the table
# Between the engine's air and the independent one (0.1 % below 86 km) over a re-entry from 45 to 12 km.
ATMOSPHERE_TOLERANCE_M = 0.1
JACOBIAN_TOLERANCE = 2e-7  # relative to the column's size; the finite difference itself is good to about 1e-8
# The same for a path, which crosses knots of the air table, where the second derivative jumps; and what rounding of
# the state's own digits leaves of a difference.
TRANSITION_TOLERANCE = 2e-5
ROUNDING_M, ROUNDING_M_S, ROUNDING_M_S2 = 4e-9, 4e-12, 1e-14
STEPS_S = (0.1, 1.0, 5.0, 30.0, -5.0)


def state(*, latitude: float, longitude: float, altitude: float, east: float, north: float, up: float) -> Array:
    enu = enu_axes(latitude, longitude)
    velocity = enu.T @ np.array([east, north, up])
    return np.concatenate([geodetic_to_ecef(latitude, longitude, altitude), velocity])


COAST = state(latitude=0.65, longitude=2.2, altitude=250e3, east=2600.0, north=300.0, up=1500.0)
REENTRY = state(latitude=0.6, longitude=2.5, altitude=45e3, east=2500.0, north=-900.0, up=-2200.0)
CASES = {
    "coast": (COAST, 1e-4),
    "re-entry": (REENTRY, 2e-4),
    "pole": (state(latitude=math.pi / 2, longitude=0.0, altitude=40e3, east=0.0, north=1e3, up=-3e3), 5e-4),
    "antimeridian": (state(latitude=-0.3, longitude=math.pi, altitude=60e3, east=4e3, north=0.0, up=-1e3), 3e-4),
    "near the ground": (state(latitude=0.1, longitude=0.1, altitude=500.0, east=50.0, north=0.0, up=-200.0), 1e-3),
    "at rest": (state(latitude=0.1, longitude=0.1, altitude=10e3, east=0.0, north=0.0, up=0.0), 1e-3),
}


@pytest.mark.parametrize("seconds", [60.0, 600.0, -60.0])
def test_coast_in_vacuum_is_dop853_in_inertial_axes(seconds: float) -> None:
    x = COAST.copy()
    propagate(x, 0.0, seconds, 1.0)
    expected, _ = independent.fly(COAST, beta_inverse=0.0, seconds=seconds)
    assert np.linalg.norm(x[:3] - expected[:3]) < VACUUM_TOLERANCE_M
    assert np.linalg.norm(x[3:] - expected[3:]) < VACUUM_TOLERANCE_M / 100.0


def test_reentry_through_the_same_air_is_dop853() -> None:
    x = REENTRY.copy()
    propagate(x, 2e-4, 15.0, 0.25)
    expected, _ = independent.fly(REENTRY, beta_inverse=2e-4, seconds=15.0, air=density_kg_m3)
    assert np.linalg.norm(x[:3] - expected[:3]) < DRAG_TOLERANCE_M


def test_reentry_through_the_independent_air() -> None:
    x = REENTRY.copy()
    propagate(x, 2e-4, 15.0, 0.25)
    expected, _ = independent.fly(REENTRY, beta_inverse=2e-4, seconds=15.0)
    assert np.linalg.norm(x[:3] - expected[:3]) < ATMOSPHERE_TOLERANCE_M


@given(st.floats(-60.0, 200.0), st.floats(0.3, 3.0))
def test_there_and_back_in_time(seconds: float, step: float) -> None:
    x = COAST.copy()
    propagate(x, 1e-5, seconds, step)
    propagate(x, 1e-5, -seconds, step)
    np.testing.assert_allclose(x[:3], COAST[:3], atol=0.02)  # truncation at 3 s steps, twice
    np.testing.assert_allclose(x[3:], COAST[3:], atol=2e-4)


def test_no_time_changes_nothing() -> None:
    x = COAST.copy()
    propagate(x, 1e-4, 0.0, 1.0)
    assert x.tolist() == COAST.tolist()


def test_the_rate_is_gravity_and_drag_and_returns_the_climb() -> None:
    rate = np.empty(6)
    climb = ballistic_rate(REENTRY, 2e-4, rate)
    speed = float(np.linalg.norm(REENTRY[3:]))
    drag = -0.5 * density_kg_m3(45e3) * 2e-4 * speed * REENTRY[3:]
    np.testing.assert_allclose(rate[3:], np.array(acceleration_ecef(*REENTRY)) + drag, rtol=1e-9)
    assert rate[:3].tolist() == REENTRY[3:].tolist()
    assert climb == pytest.approx(-2200.0, rel=1e-9)


def difference(function: Callable[[Array], Array], at: Array, steps: Array) -> Array:
    """Central differences, once extrapolated (Richardson), as columns."""
    columns = []
    for j, h in enumerate(steps):
        by_step = []
        for scale in (1.0, 0.5):
            ahead, behind = at.copy(), at.copy()
            ahead[j] += h * scale
            behind[j] -= h * scale
            by_step.append((function(ahead) - function(behind)) / (2.0 * h * scale))
        columns.append((4.0 * by_step[1] - by_step[0]) / 3.0)
    return np.stack(columns, axis=1)


# Ten metres stay within one cubic piece of the air table for the cases above; the drag is linear in beta.
DIFFERENCE_STEPS = np.array([10.0, 10.0, 10.0, 0.1, 0.1, 0.1, 5e-5])


@pytest.mark.parametrize("name", [name for name in CASES if name != "at rest"])
def test_jacobian_is_the_finite_difference(name: str) -> None:
    x, beta = CASES[name]
    partials = np.empty((3, 7))
    ballistic_jacobian(x, beta, partials)

    def acceleration(z: Array) -> Array:
        rate = np.empty(6)
        ballistic_rate(np.ascontiguousarray(z[:6]), float(z[6]), rate)
        return rate[3:]

    expected = difference(acceleration, np.append(x, beta), DIFFERENCE_STEPS)
    size = np.abs(expected).max(axis=0)
    assert np.all(np.abs(partials - expected) <= JACOBIAN_TOLERANCE * size + ROUNDING_M_S2 / DIFFERENCE_STEPS)


def test_jacobian_of_a_body_at_rest_in_the_air_is_finite_without_drag() -> None:
    x, beta = CASES["at rest"]
    still, vacuum = np.empty((3, 7)), np.empty((3, 7))
    ballistic_jacobian(x, beta, still)
    ballistic_jacobian(x, 0.0, vacuum)
    np.testing.assert_allclose(still, vacuum, atol=1e-12)


@pytest.mark.parametrize("seconds", STEPS_S)
@pytest.mark.parametrize("name", ["coast", "re-entry", "pole", "antimeridian"])
def test_transition_is_the_derivative_of_the_flow(name: str, seconds: float) -> None:
    x, beta = CASES[name]
    step = min(abs(seconds), 0.5)

    def flow(z: Array) -> Array:
        y = np.ascontiguousarray(z[:6])
        propagate(y, float(z[6]), seconds, step)
        return y

    end, phi = x.copy(), np.empty((6, 7))
    propagate_with_sensitivity(end, beta, seconds, step, phi)
    steps = DIFFERENCE_STEPS / 4.0
    expected = difference(flow, np.append(x, beta), steps)
    for rows, rounding in ((slice(0, 3), ROUNDING_M), (slice(3, 6), ROUNDING_M_S)):
        size = np.abs(expected[rows]).max(axis=0)
        assert np.all(np.abs(phi[rows] - expected[rows]) <= TRANSITION_TOLERANCE * size + rounding / steps)
    np.testing.assert_allclose(end, flow(np.append(x, beta)), rtol=1e-14)


def test_transition_matrices_chain() -> None:
    whole, first, second = np.empty((6, 6)), np.empty((6, 6)), np.empty((6, 6))
    x, y = COAST.copy(), COAST.copy()
    propagate_with_transition(x, 1e-4, 20.0, 1.0, whole)
    propagate_with_transition(y, 1e-4, 8.0, 1.0, first)
    propagate_with_transition(y, 1e-4, 12.0, 1.0, second)
    np.testing.assert_allclose(second @ first, whole, rtol=1e-9, atol=1e-12)


def test_transition_preserves_phase_space_volume_in_vacuum() -> None:
    phi = np.empty((6, 6))
    propagate_with_transition(COAST.copy(), 0.0, 120.0, 1.0, phi)
    assert np.linalg.det(phi) == pytest.approx(1.0, abs=1e-9)  # Liouville; Coriolis does no work


def test_transition_is_the_square_part_of_the_sensitivity() -> None:
    square, wide = np.empty((6, 6)), np.empty((6, 7))
    propagate_with_transition(REENTRY.copy(), 2e-4, 5.0, 1.0, square)
    propagate_with_sensitivity(REENTRY.copy(), 2e-4, 5.0, 1.0, wide)
    np.testing.assert_allclose(square, wide[:, :6], rtol=1e-12, atol=1e-15)


def test_a_constant_push_adds_half_a_t_squared_to_free_fall() -> None:
    free, pushed = COAST.copy(), COAST.copy()
    seconds, (ax, ay, az) = 10.0, (3.0, -20.0, 7.0)
    push = np.array([ax, ay, az])
    propagate(free, 0.0, seconds, 0.5)
    propagate_accelerated(pushed, ax, ay, az, seconds)
    # What the shift itself changes: gravity's gradient 3e-6/s^2 over 1 km, Coriolis 1.5e-4/s on 200 m/s, for 10 s.
    np.testing.assert_allclose(pushed[:3] - free[:3], 0.5 * push * seconds**2, atol=0.6)
    np.testing.assert_allclose(pushed[3:] - free[3:], push * seconds, atol=0.2)


def test_no_push_is_free_fall_and_runs_backwards() -> None:
    free, pushed = COAST.copy(), COAST.copy()
    propagate(free, 0.0, 30.0, 2.0)
    propagate_accelerated(pushed, 0.0, 0.0, 0.0, 30.0)
    np.testing.assert_allclose(pushed, free, rtol=1e-13)
    propagate_accelerated(pushed, 0.0, 0.0, 0.0, -30.0)
    np.testing.assert_allclose(pushed, COAST, rtol=1e-10)


def test_the_same_input_gives_the_same_bytes() -> None:
    ends = []
    for _ in range(2):
        x, phi = REENTRY.copy(), np.empty((6, 7))
        propagate_with_sensitivity(x, 2e-4, 30.0, 1.0, phi)
        ends.append(x.tobytes() + phi.tobytes())
    assert ends[0] == ends[1]
