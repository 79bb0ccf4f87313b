"""Updates against the dense Kalman filter, the Schmidt filter and simulated crooked sensors."""

import math
from typing import Any

import numpy as np
import pymap3d
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2, multivariate_normal

from beaconfire.earth.observe import LOS, RADAR, observe, whitening
from beaconfire.earth.observe import STATE as TRACKLET
from beaconfire.track.bank import BIASES, start_bank
from beaconfire.track.models import BALLISTIC, BOOST, MODELS, STATE
from beaconfire.track.update import row_noise, split_noise, unseen_thrust, update_bank

Array = NDArray[np.float64]
Quad = tuple[float, float, float, float]

SITE = np.array(pymap3d.geodetic2ecef(36.6, 127.4, 300.0))
AXES = np.array([pymap3d.enu2uvw(*unit, 36.6, 127.4) for unit in np.eye(3)])
SIGMAS = np.array([30.0, 9e-4, 9e-4, 2.0])
NO_BIAS = np.zeros(3)


def bank(spread_m: float = 500.0, spread_m_s: float = 40.0, seed: int = 0) -> tuple[Array, Array, Array, Array]:
    """Return a bank with correlated errors 300 km from the site, 100 km up."""
    place = pymap3d.aer2ecef(60.0, 18.0, 300e3, 36.6, 127.4, 300.0)
    state = np.array([*place, -700.0, 900.0, 1100.0])
    root = np.random.default_rng(seed).normal(size=(6, 6)) * np.array([spread_m] * 3 + [spread_m_s] * 3)[:, None]
    x, p, weights = np.zeros((MODELS, STATE)), np.zeros((MODELS, STATE, STATE)), np.array([0.3, 0.6, 0.05, 0.05])
    start_bank(state, root @ root.T, weights, x, p)
    return x, p, np.zeros((MODELS, STATE, BIASES)), weights


def take(
    parts: tuple[Array, Array, Array, Array],
    kind: int,
    values: Array,
    *,
    sigmas: Array = SIGMAS,
    site: Array = SITE,
    whitener: Array | None = None,
    bias: Array = NO_BIAS,
    first: int = -1,
    used: int = 0,
    hot: bool = False,
) -> float:
    x, p, c, weights = parts
    padded = np.full(6, np.nan)
    padded[: len(values)] = values
    white = np.zeros((6, 6)) if whitener is None else whitener
    return update_bank(x, p, c, used, weights, kind, padded, sigmas, site, AXES, white, 0.0, bias, first, hot)


def rows_of(
    kind: int, values: Array, x: Array, *, sigmas: Array = SIGMAS, site: Array = SITE, whitener: Array | None = None
) -> tuple[Array, Array, Array]:
    y, h, r = np.zeros(6), np.zeros((6, 6)), np.zeros(6)
    padded = np.full(6, np.nan)
    padded[: len(values)] = values
    m = observe(kind, padded, sigmas, site, AXES, np.zeros((6, 6)) if whitener is None else whitener, 0.0, x, y, h, r)
    return y[:m], np.hstack([h[:m], np.zeros((m, 3))]), np.diag(r[:m])


def radar_values(x: Array, error: Quad | Array = (40.0, 5e-4, -8e-4, 3.0)) -> Array:
    azimuth, elevation, distance = pymap3d.ecef2aer(*x[:3], 36.6, 127.4, 300.0)
    line = (x[:3] - SITE) / float(distance)
    return np.array([float(distance), math.radians(azimuth), math.radians(elevation), float(line @ x[3:6])]) + error


def line_values(x: Array) -> tuple[Array, Array]:
    eye = np.array(pymap3d.geodetic2ecef(0.0, 120.0, 35_786e3))
    line = x[:3] - eye + np.array([800.0, -500.0, 300.0])
    return line / np.linalg.norm(line), eye


@pytest.mark.parametrize("kind", [RADAR, LOS, TRACKLET])
def test_every_model_is_updated_as_by_the_dense_kalman_filter(kind: int) -> None:
    parts = bank()
    x, p, _, weights = (part.copy() for part in parts)
    extra: dict[str, Any] = {"whitener": None, "site": SITE, "sigmas": SIGMAS}
    values = radar_values(x[0])
    if kind == LOS:
        values, extra["site"] = line_values(x[0])
        extra["sigmas"] = np.array([3e-5, 0.0, 0.0, 0.0])
    if kind == TRACKLET:
        root = np.random.default_rng(5).normal(size=(6, 6)) * np.array([300.0] * 3 + [20.0] * 3)[:, None]
        extra["whitener"] = np.zeros((6, 6))
        whitening(root @ root.T, extra["whitener"])
        values = x[0, :6] + 200.0
    log_likelihood, parts_likelihood = take(parts, kind, values, **extra), []
    for j in range(MODELS):
        y, h, r = rows_of(kind, values, x[j], **extra)
        s = h @ p[j] @ h.T + r
        gain = p[j] @ h.T @ np.linalg.inv(s)
        mean = x[j] + gain @ y
        covariance = (np.eye(STATE) - gain @ h) @ p[j] @ (np.eye(STATE) - gain @ h).T + gain @ r @ gain.T
        scale = np.sqrt(np.diag(covariance))
        # Sequential against dense: what cancels from 500 m to some tens leaves nine digits.
        np.testing.assert_allclose((parts[0][j] - mean) / scale, 0.0, atol=1e-6)
        np.testing.assert_allclose((parts[1][j] - covariance) / np.outer(scale, scale), 0.0, atol=1e-6)
        np.testing.assert_array_equal(parts[1][j], parts[1][j].T)
        unit = np.sqrt(np.diag(s))  # metres and radians in one matrix: scaled before it is factored
        parts_likelihood.append(multivariate_normal.pdf(y / unit, cov=s / np.outer(unit, unit)) / float(np.prod(unit)))
    assert log_likelihood == pytest.approx(math.log(float(weights @ parts_likelihood)), abs=1e-6)
    assert parts[3].sum() == pytest.approx(1.0)


def test_the_schmidt_filter_of_one_measurement_is_the_dense_one() -> None:
    parts, bias = bank(), np.array([20.0, 4e-4, 4e-4])
    sigmas = np.array([*np.hypot(SIGMAS[:3], bias), 2.0])
    parts[2][:, :, :3] = np.random.default_rng(3).normal(size=(MODELS, STATE, 3)) * 0.1
    parts[2][:, :3, :3] *= 100.0
    x, p, c, _ = (part.copy() for part in parts)
    values = radar_values(x[0])
    take(parts, RADAR, values, sigmas=sigmas, bias=bias, first=0, used=3)
    y, h, r = rows_of(RADAR, values, x[BOOST], sigmas=sigmas)
    e = np.zeros((4, 3))
    e[0, 0], e[1, 1], e[2, 2] = bias[0], bias[1] * math.cos(values[2]), bias[2]
    noise = r - np.diag([*np.diag(e @ e.T)[:3], 0.0])
    joint = np.block([[p[BOOST], c[BOOST, :, :3]], [c[BOOST, :, :3].T, np.eye(3)]])
    wide = np.hstack([h, e])
    gain = joint[:STATE] @ wide.T @ np.linalg.inv(wide @ joint @ wide.T + noise)
    full = np.vstack([gain, np.zeros((3, 4))])  # the constant errors are considered, never estimated
    left = np.eye(STATE + 3) - full @ wide
    want = left @ joint @ left.T + full @ noise @ full.T
    scale = np.sqrt(np.diag(want))
    # The scalar updates take the rows one by one: with consider terms that is another gain, valid as well; the two
    # agree to some per cent, and the joint covariance of either is honest (next test).
    got = np.block([[parts[1][BOOST], parts[2][BOOST, :, :3]], [parts[2][BOOST, :, :3].T, np.eye(3)]])
    np.testing.assert_allclose(got / np.outer(scale, scale), want / np.outer(scale, scale), atol=0.05)
    np.testing.assert_allclose((parts[0][BOOST] - x[BOOST] - gain @ y) / scale[:STATE], 0.0, atol=0.1)


def test_a_hundred_looks_through_a_crooked_radar_claim_no_tenth_of_its_error() -> None:
    bias = np.array([40.0, 6e-4, 6e-4])
    sigmas, distances = np.array([*np.hypot(SIGMAS[:3], bias), 2.0]), []
    for seed in range(60):
        rng, parts = np.random.default_rng(seed), bank(5e3, 200.0)
        truth = parts[0][BALLISTIC].copy()
        parts[0][:] += 0.0
        parts[1][:] = np.diag([5e3**2] * 3 + [200.0**2] * 3 + [1e-8] * 3)
        parts[0][:, :6] += rng.normal(size=6) * np.array([5e3] * 3 + [200.0] * 3)
        constant = rng.normal(size=3) * bias
        for _ in range(100):
            noise = np.array([*(rng.normal(size=3) * SIGMAS[:3] + constant), rng.normal() * 2.0])
            take(parts, RADAR, radar_values(truth, noise), sigmas=sigmas, bias=bias, first=3, used=6)
        error = parts[0][BALLISTIC, :3] - truth[:3]
        distances.append(float(error @ np.linalg.solve(parts[1][BALLISTIC, :3, :3], error)))
    # NEES of 3 over 60 independent runs: the 99.9 % band of its mean.
    low, high = (float(chi2.ppf(share, 3 * 60)) / 60 for share in (0.0005, 0.9995))
    assert low < np.mean(distances) < high


def test_a_sensor_without_columns_is_taken_for_noisier() -> None:
    e, column = np.zeros(6), np.zeros(6, np.int64)
    values = np.array([1e5, 0.3, 0.2, 1.0, np.nan, np.nan])
    split_noise(RADAR, values, np.array([20.0, 1e-4, 1e-4]), 6, e, column)
    np.testing.assert_array_equal(column, [6, 7, 8, -1, -1, -1])
    split_noise(RADAR, values, np.array([20.0, 1e-4, 1e-4]), -1, e, column)
    assert (column == -1).all() and e[0] == 20.0
    assert row_noise(1300.0, 20.0, 6) == pytest.approx(900.0)
    assert row_noise(1300.0, 20.0, -1) > 10_000.0
    assert row_noise(400.0, 20.0, 6) == pytest.approx(0.04)  # no noise of its own is believed to a hundredth


def test_certainty_in_one_direction_and_none_in_another_is_no_trouble() -> None:
    """A tracklet that fixes one line to a centimetre and leaves 300 km and 3 km/s elsewhere (nearly rank one)."""
    parts = bank(200.0, 20.0)
    before = parts[1][BALLISTIC].copy()
    covariance = np.diag([1e-4, 9e10, 9e10, 9e6, 9e6, 9e6])
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    covariance[:3, :3] = turn @ covariance[:3, :3] @ turn.T
    whitener = np.zeros((6, 6))
    assert whitening((covariance + covariance.T) / 2, whitener)
    assert math.isfinite(take(parts, TRACKLET, parts[0][BALLISTIC, :6] + 1.0, whitener=whitener))
    after = parts[1][BALLISTIC]
    assert float(turn[:, 0] @ after[:3, :3] @ turn[:, 0]) < 1.1e-4
    across = turn[:, 1]
    assert float(across @ after[:3, :3] @ across) <= float(across @ before[:3, :3] @ across) * (1 + 1e-9)
    scale = np.sqrt(np.diag(after))
    assert (np.linalg.eigvalsh(after / np.outer(scale, scale)) > -1e-9).all()


def test_repeated_perfect_measurements_keep_the_covariance_positive() -> None:
    parts = bank()
    for _ in range(2_000):
        take(parts, RADAR, radar_values(parts[0][BALLISTIC], np.zeros(4)), sigmas=np.array([1e-3, 1e-9, 1e-9, 1e-4]))
        assert (np.diagonal(parts[1], axis1=1, axis2=2) > 0.0).all()
    assert np.isfinite(parts[0]).all() and np.isfinite(parts[1]).all()


def test_what_has_no_geometry_changes_nothing() -> None:
    parts = bank()
    before = [part.copy() for part in parts]
    values = radar_values(parts[0][0])
    values[1] += math.pi
    assert take(parts, RADAR, values) == -math.inf
    for old, new in zip(before, parts, strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_hot_object_is_thrusting() -> None:
    cold, hot = bank(), bank()
    values, eye = line_values(cold[0][0])
    sigmas = np.array([3e-5, 0.0, 0.0, 0.0])
    take(cold, LOS, values, site=eye, sigmas=sigmas)
    take(hot, LOS, values, site=eye, sigmas=sigmas, hot=True)
    assert hot[3][BOOST] > cold[3][BOOST] and hot[3][BALLISTIC] < 0.1 * cold[3][BALLISTIC]
    np.testing.assert_array_equal(hot[0], cold[0])


def test_nothing_hot_where_something_should_be_is_not_thrusting() -> None:
    weights = np.array([0.8, 0.2, 0.0, 0.0])
    unseen_thrust(weights, 0.9)
    assert weights[BOOST] == pytest.approx(0.08 / 0.28, rel=1e-4)
    assert weights.sum() == pytest.approx(1.0)
