"""Measurement geometry against pymap3d and finite differences, with the sensor where formulas break."""

import math
from typing import Any

import numpy as np
import pymap3d
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from beaconfire.earth.observe import LOS, MAX_ROWS, RADAR, STATE, bias_rows, observe, radar_point, whitening

Array = NDArray[np.float64]
Site = tuple[float, float, float]

SITES = {
    "mid-latitude": (36.6, 127.4, 300.0),
    "pole": (90.0, 0.0, 0.0),
    "south pole": (-90.0, 45.0, 2800.0),
    "antimeridian": (10.0, 180.0, 5.0),
    "equator": (0.0, 0.0, 0.0),
}
DIRECTIONS = {
    "low": (88.0, 1.0, 700e3),
    "north": (0.0, 30.0, 300e3),
    "south": (180.0, 12.0, 50e3),
    "overhead": (33.0, 89.999, 90e3),
}
SIGMAS = np.array([30.0, 1e-3, 2e-3, 2.0])


def frame(site: Site) -> tuple[Array, Array]:
    position = np.array(pymap3d.geodetic2ecef(*site))
    axes = np.array([pymap3d.enu2uvw(*unit, site[0], site[1]) for unit in np.eye(3)])
    return position, axes


def target(site: Site, direction: Site, velocity: Site = (700.0, -900.0, 1500.0)) -> Array:
    azimuth, elevation, distance = direction
    return np.array([*pymap3d.aer2ecef(azimuth, elevation, distance, *site), *velocity, 0.0, 0.0, 0.0])


def measure(
    kind: int, values: Array, sigmas: Array, site: Array, axes: Array, state: Array, *,
    whitener: Array | None = None, offset_s: float = 0.0,
) -> tuple[int, Array, Array, Array]:  # fmt: skip
    y, h, r = np.full(MAX_ROWS, np.nan), np.full((MAX_ROWS, 6), np.nan), np.full(MAX_ROWS, np.nan)
    padded = np.full(6, np.nan)
    padded[: len(values)] = values
    rows = observe(
        kind, padded, sigmas, site, axes, np.zeros((6, 6)) if whitener is None else whitener, offset_s, state, y, h, r
    )
    return rows, y[: max(rows, 0)], h[: max(rows, 0)], r[: max(rows, 0)]


def perfect(site: Site, state: Array) -> Array:
    position, _ = frame(site)
    azimuth, elevation, distance = pymap3d.ecef2aer(*state[:3], *site)
    line = state[:3] - position
    return np.array(
        [float(distance), math.radians(azimuth), math.radians(elevation), float(line @ state[3:6]) / float(distance)]
    )


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_a_perfect_radar_row_leaves_no_residual(site: Site, direction: Site) -> None:
    state = target(site, direction)
    rows, y, _, r = measure(RADAR, perfect(site, state), SIGMAS, *frame(site), state)
    assert rows == 4
    # pymap3d works to a micrometre at these ranges; overhead the azimuth's row is scaled by cos(elevation).
    np.testing.assert_allclose(y / np.sqrt(r), 0.0, atol=1e-5)


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_the_radar_derivative_is_that_of_the_residual(site: Site, direction: Site) -> None:
    state = target(site, direction)
    values = perfect(site, state) + np.array([120.0, 0.004, -0.003, 3.0])
    values[2] = min(values[2], math.pi / 2)
    check_derivative(RADAR, values, SIGMAS, *frame(site), state)


@pytest.mark.parametrize("dropped", range(4))
def test_a_partial_row_is_the_full_one_without_it(dropped: int) -> None:
    site = SITES["mid-latitude"]
    state = target(site, DIRECTIONS["north"])
    full = perfect(site, state) + np.array([50.0, 0.002, 0.001, -1.0])
    part = full.copy()
    part[dropped] = np.nan
    rows, y, h, r = measure(RADAR, part, SIGMAS, *frame(site), state)
    assert rows == 3
    whole = measure(RADAR, full, SIGMAS, *frame(site), state)
    kept = [row for row in range(4) if row != dropped]
    for name, got, want in (("y", y, whole[1][kept]), ("r", r, whole[3][kept])):
        if dropped not in (1, 2):  # azimuth and elevation share a tangent plane; alone they are plain angles
            np.testing.assert_allclose(got, want, err_msg=name)
    check_derivative(RADAR, part, SIGMAS, *frame(site), state)
    assert np.isfinite(h).all()


@pytest.mark.parametrize("only", range(4), ids=["range", "azimuth", "elevation", "rate"])
def test_a_single_quantity_is_compared_as_such(only: int) -> None:
    site = SITES["mid-latitude"]
    state = target(site, DIRECTIONS["south"])
    values, error = np.full(4, np.nan), (40.0, 0.0015, -0.0007, 2.5)[only]
    values[only] = perfect(site, state)[only] + error
    rows, y, _, r = measure(RADAR, values, SIGMAS, *frame(site), state)
    assert rows == 1
    assert y[0] == pytest.approx(error, rel=1e-4)  # the tangent of a milliradian is it to a millionth
    assert r[0] == pytest.approx(SIGMAS[only] ** 2)


def test_azimuth_does_not_wrap() -> None:
    site = SITES["mid-latitude"]
    position, axes = frame(site)
    state = target(site, (359.9, 10.0, 200e3))
    values = perfect(site, state)
    values[1] = math.radians(0.1)
    _, y, _, _ = measure(RADAR, values, SIGMAS, position, axes, state)
    assert y[1] == pytest.approx(math.radians(0.2) * math.cos(math.radians(10.0)), rel=1e-3)


def test_a_state_at_the_sensor_or_behind_it_has_no_direction() -> None:
    site = SITES["equator"]
    position, axes = frame(site)
    values = np.array([1000.0, 0.0, 0.3, 0.0])
    assert measure(RADAR, values, SIGMAS, position, axes, np.concatenate([position, np.zeros(6)]))[0] == -1
    behind = target(site, (180.0, 5.0, 1000.0))
    assert measure(RADAR, values, SIGMAS, position, axes, behind)[0] == -1
    line = np.array([1.0, 0.0, 0.0])
    assert measure(LOS, line, SIGMAS, np.array([8e6, 0.0, 0.0]), axes, np.r_[[7e6], np.zeros(8)])[0] == -1


@pytest.mark.parametrize("axis", [*np.eye(3).tolist(), [0.6, 0.0, 0.8], [-0.5, 0.5, 0.7071]])
def test_a_line_of_sight_has_two_independent_rows(axis: list[float]) -> None:
    unit = np.array(axis) / np.linalg.norm(axis)
    site = np.array([1e6, -2e6, 4.2e7])
    state = np.concatenate([site + 3.7e7 * unit + np.array([3e3, -2e3, 1e3]), [100.0, 200.0, 300.0, 0, 0, 0]])
    rows, y, _, r = measure(LOS, unit, np.array([3e-5, 0, 0, 0]), site, np.eye(3), state)
    assert rows == 2
    line = state[:3] - site
    angle = math.acos(min(float(line @ unit) / float(np.linalg.norm(line)), 1.0))
    assert math.hypot(*y) == pytest.approx(math.tan(angle), rel=1e-6)  # arccos of nearly one keeps some nine digits
    np.testing.assert_allclose(r, 9e-10)
    check_derivative(LOS, unit, np.array([3e-5, 0, 0, 0]), site, np.eye(3), state)


def test_a_tracklet_is_whitened_by_its_own_covariance() -> None:
    rng = np.random.default_rng(4)
    root = rng.normal(size=(6, 6)) * np.array([300e3, 20.0, 50.0, 3e3, 0.1, 1.0])[:, None]
    covariance = root @ root.T
    whitener = np.zeros((6, 6))
    assert whitening(covariance, whitener)
    state = np.concatenate([[6.5e6, 1e5, 2e5, 1.0, 2.0, 3.0], np.zeros(3)])
    values = state[:6] + rng.normal(size=6) * 10.0
    rows, y, h, r = measure(STATE, values, SIGMAS, np.zeros(3), np.eye(3), state, whitener=whitener)
    assert rows == 6
    difference = values - state[:6]
    assert float(y @ y) == pytest.approx(float(difference @ np.linalg.solve(covariance, difference)), rel=1e-6)
    np.testing.assert_allclose(h, whitener)
    np.testing.assert_array_equal(r, 1.0)


def test_no_covariance_whitens_nothing() -> None:
    assert not whitening(np.zeros((6, 6)), np.zeros((6, 6)))
    assert not whitening(np.diag([1.0, 1.0, -1.0, 1.0, 1.0, 1.0]), np.zeros((6, 6)))
    assert not whitening(np.full((6, 6), np.nan), np.zeros((6, 6)))


@pytest.mark.parametrize("kind", [RADAR, LOS, STATE])
def test_a_measurement_of_a_later_moment_moves_with_the_velocity(kind: int) -> None:
    site = SITES["mid-latitude"]
    position, axes = frame(site)
    state = target(site, DIRECTIONS["north"])
    later = state.copy()
    later[:3] += 0.25 * state[3:6]
    line = (later[:3] - position) / np.linalg.norm(later[:3] - position)
    values = {RADAR: perfect(site, later), LOS: line, STATE: later[:6]}[kind]
    rows, y, _, r = measure(kind, values, SIGMAS, position, axes, state, whitener=np.eye(6), offset_s=0.25)
    assert rows > 0
    np.testing.assert_allclose(y / np.sqrt(r), 0.0, atol=1e-5)
    check_derivative(kind, values, SIGMAS, position, axes, state, whitener=np.eye(6), offset_s=0.25)


def test_constant_errors_stand_beside_their_rows() -> None:
    e, which = np.zeros(6), np.zeros(6, np.int64)
    values, bias = np.array([1e5, 0.3, 1.0, 5.0, np.nan, np.nan]), np.array([20.0, 3e-4, 4e-4])
    bias_rows(RADAR, values, bias, e, which)
    np.testing.assert_array_equal(which, [0, 1, 2, -1, -1, -1])
    np.testing.assert_allclose(e[:3], [20.0, 3e-4 * math.cos(1.0), 4e-4])
    values[0] = np.nan
    bias_rows(RADAR, values, bias, e, which)
    np.testing.assert_array_equal(which[:3], [1, 2, -1])
    values[2] = np.nan
    bias_rows(RADAR, values, bias, e, which)
    assert (which[0], e[0]) == (1, 3e-4)
    bias_rows(LOS, values, np.array([1e-5, 0.0, 0.0]), e, which)
    np.testing.assert_array_equal(which[:3], [0, 1, -1])
    bias_rows(STATE, values, bias, e, which)
    assert (which == -1).all() and not e.any()


def test_a_constant_error_moves_the_residual_as_it_says() -> None:
    site = SITES["mid-latitude"]
    state, e, which = target(site, (75.0, 40.0, 250e3)), np.zeros(6), np.zeros(6, np.int64)
    values, bias = perfect(site, state), np.array([20.0, 3e-4, 4e-4])
    bias_rows(RADAR, np.r_[values, np.nan, np.nan], bias, e, which)
    for n in range(3):
        moved = values.copy()
        moved[n] += bias[n]
        _, y, _, _ = measure(RADAR, moved, SIGMAS, *frame(site), state)
        assert y[n] == pytest.approx(e[n], rel=1e-3)  # linear in errors of a tenth of a milliradian


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_a_radar_point_and_its_covariance(site: Site) -> None:
    position, axes = frame(site)
    state = target(site, (140.0, 25.0, 400e3))
    values, sigmas = perfect(site, state), np.array([30.0, 1e-3, 5e-4, 1.0])
    point, covariance = np.zeros(3), np.zeros((3, 3))
    radar_point(np.r_[values, 0, 0], sigmas, position, axes, point, covariance)
    np.testing.assert_allclose(point, state[:3], atol=1e-3)
    rng = np.random.default_rng(3)
    noisy = values[:3] + rng.normal(size=(40_000, 3)) * sigmas[:3]
    cloud = np.array(pymap3d.aer2ecef(*np.degrees(noisy.T[1:]), noisy.T[0], *site)).T
    # 40,000 draws give a variance to 0.7 %; four of those, plus the curvature of the cloud.
    np.testing.assert_allclose(covariance, np.cov(cloud.T), atol=0.03 * np.trace(covariance))


@given(
    azimuth=st.floats(-10.0, 10.0), elevation=st.floats(-math.pi / 2, math.pi / 2),
    distance=st.floats(1e-3, 5e7), rate=st.floats(-4e4, 4e4), gaps=st.integers(0, 15),
    px=st.floats(-5e7, 5e7), py=st.floats(-5e7, 5e7), pz=st.floats(-5e7, 5e7),
)  # fmt: skip
def test_any_row_about_any_state_is_finite_or_refused(
    azimuth: float, elevation: float, distance: float, rate: float, gaps: int, px: float, py: float, pz: float
) -> None:
    values = np.array([distance, azimuth, elevation, rate])
    values[[bool(gaps >> n & 1) for n in range(4)]] = np.nan
    state = np.array([px, py, pz, 1e3, -7e3, 4e4, 0.0, 0.0, 0.0])
    rows, y, h, r = measure(RADAR, values, SIGMAS, *frame(SITES["mid-latitude"]), state)
    assert rows == -1 or rows == np.isfinite(values).sum()
    assert np.isfinite(y).all() and np.isfinite(h).all() and (r >= 0.0).all()


def check_derivative(
    kind: int, values: Array, sigmas: Array, site: Array, axes: Array, state: Array, **extra: Any
) -> None:
    _, _, h, _ = measure(kind, values, sigmas, site, axes, state, **extra)
    steps = np.array([1.0, 1.0, 1.0, 0.1, 0.1, 0.1])
    for j in range(6):
        up, down = state.copy(), state.copy()
        up[j] += steps[j]
        down[j] -= steps[j]
        plus, minus = (measure(kind, values, sigmas, site, axes, s, **extra)[1] for s in (up, down))
        numeric = -(plus - minus) / (2.0 * steps[j])
        # Central differences over metres at 50 km and more: third-order terms of 1e-10, rounding of 1e-11.
        np.testing.assert_allclose(h[:, j], numeric, rtol=2e-4, atol=2e-9 * max(1.0, float(np.abs(h).max())))
