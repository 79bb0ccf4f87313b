"""A filter of one model: the textbook's, and the same as the bank's part for that model."""

import math
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from beaconfire.kernel.records import Measurement
from beaconfire.track import ModelFilter, ModelName
from tests.track import oracle

Array = NDArray[np.float64]
SITE = oracle.Site(36.6, 127.4, 300.0)
SIGMAS = np.array([30.0, math.radians(0.05), math.radians(0.05), 2.0])
START = {
    "ballistic": (250e3, [-900.0, 1800.0, 1200.0], [2e-4, -2.5e-4, -1.5e-4]),
    "glide": (38e3, [-900.0, 1500.0, 300.0], [1e-4, -1e-4, 2e-4]),
    "boost": (60e3, [-600.0, 900.0, 900.0], [-9.0, 14.0, 16.0]),
    "powered_air": (10e3, [-120.0, 180.0, 60.0], [1.0, -2.0, 0.5]),
}
MODELS = get_args(ModelName)


def state_of(model: ModelName) -> Array:
    altitude, velocity, theta = START[model]
    return np.array([*oracle.Site(38.5, 129.5, altitude).place, *velocity, *theta])


def filter_of(model: ModelName) -> ModelFilter:
    theta = np.abs(START[model][2]).max()
    return ModelFilter(model, state_of(model), np.diag([300.0**2] * 3 + [40.0**2] * 3 + [(0.15 * theta) ** 2] * 3))


def seen(state: Array) -> Measurement:
    return Measurement(
        id="1", time_ns=0, sensor_id="R", nation="KOR", kind="radar", values=SITE.radar(state), sigmas=SIGMAS,
        site_ecef_m=SITE.place, axes_enu=np.ascontiguousarray(SITE.axes),
    )  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_prediction_is_the_textbooks(model: ModelName) -> None:
    one = filter_of(model)
    mean, covariance = oracle.predict(oracle.NAMES.index(model), one.state.copy(), one.covariance.copy(), 1.0)
    one.predict(1.0)
    np.testing.assert_allclose(one.state[:6], mean[:6], rtol=0.0, atol=0.05)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    np.testing.assert_allclose(one.covariance / scale, covariance / scale, atol=0.02)


@pytest.mark.parametrize("model", MODELS)
def test_an_update_moves_towards_what_was_seen_and_knows_more(model: ModelName) -> None:
    one, truth = filter_of(model), state_of(model)
    truth[:3] += [200.0, -100.0, 150.0]
    before, spread = np.linalg.norm(one.state[:3] - truth[:3]), np.trace(one.covariance[:6, :6])
    assert math.isfinite(one.update(seen(truth)))
    assert np.linalg.norm(one.state[:3] - truth[:3]) < 0.5 * before
    assert np.trace(one.covariance[:6, :6]) < spread
    np.testing.assert_array_equal(one.covariance, one.covariance.T)
    assert np.linalg.eigvalsh(one.covariance[:6, :6]).min() > 0.0


def test_a_linear_update_is_the_kalman_filters() -> None:
    """Range alone: the gain by hand."""
    one, truth = filter_of("ballistic"), state_of("ballistic")
    values = np.full(4, math.nan)
    values[0] = SITE.radar(truth)[0] + 500.0
    line = (truth[:3] - SITE.place) / np.linalg.norm(truth[:3] - SITE.place)
    h = np.concatenate([line, np.zeros(6)])
    ph = one.covariance @ h
    gain = ph / (h @ ph + SIGMAS[0] ** 2)
    expected = one.covariance - np.outer(gain, ph)
    item = seen(truth)
    only_range = Measurement(
        id="1", time_ns=0, sensor_id="R", nation="KOR", kind="radar", values=values, sigmas=SIGMAS,
        site_ecef_m=item.site_ecef_m, axes_enu=item.axes_enu,
    )  # fmt: skip
    one.update(only_range)
    np.testing.assert_allclose(one.state - truth, gain * 500.0, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(one.covariance, expected, rtol=1e-6, atol=1e-3)


def test_what_cannot_be_used_changes_nothing() -> None:
    one, site = filter_of("ballistic"), state_of("ballistic")
    item = seen(site)
    at_the_sensor = Measurement(
        id="1", time_ns=0, sensor_id="R", nation="KOR", kind="radar", values=item.values, sigmas=SIGMAS,
        site_ecef_m=np.ascontiguousarray(site[:3]), axes_enu=item.axes_enu,
    )  # fmt: skip
    before = one.state.copy(), one.covariance.copy()
    assert one.update(at_the_sensor) == -math.inf
    np.testing.assert_array_equal(one.state, before[0])
    np.testing.assert_array_equal(one.covariance, before[1])


def test_noise_is_what_an_exactly_known_state_gains() -> None:
    one = filter_of("boost")
    noise = one.noise(2.0)
    assert np.linalg.eigvalsh(noise).min() > -1e-9
    exact = ModelFilter("boost", one.state, np.zeros((9, 9))).predict(2.0)
    np.testing.assert_array_equal(noise, exact.covariance)
    np.testing.assert_array_equal(one.state, state_of("boost"))  # asking moves nothing


def test_what_is_given_is_copied() -> None:
    state, covariance = state_of("glide"), np.eye(9)
    ModelFilter("glide", state, covariance).predict(5.0)
    np.testing.assert_array_equal(state, state_of("glide"))
    np.testing.assert_array_equal(covariance, np.eye(9))
