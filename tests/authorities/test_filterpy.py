"""One filter of the bank against filterpy's extended Kalman filter on identical data.

filterpy has no flight: it is given the second model's (`tests.track.oracle`: SciPy's matrix exponential, numerical
derivatives, another atmosphere), and measures in its own angles. What is compared is two programs' estimates.
"""

import math

import numpy as np
import pytest
from filterpy.kalman import ExtendedKalmanFilter
from numpy.typing import NDArray

from beaconfire.kernel.records import Measurement
from beaconfire.track import ModelFilter, ModelName
from tests.track import oracle

Array = NDArray[np.float64]

SITE = oracle.Site(36.6, 127.4, 300.0)
SIGMAS = np.array([30.0, math.radians(0.05), math.radians(0.05), 2.0])
PERIOD_S, UPDATES = 1.0, 40
SPREAD_M, SPREAD_M_S = 300.0, 40.0
AGREE_M, AGREE_M_S = 1.0, 0.1  # some hundredths of what either claims to know
# The engine compares directions in the plane that touches the measured one, filterpy azimuth and elevation: first
# looks differ by the second order of 300 m at 300 km, which later ones forget.
SETTLED = 5
CASES: dict[ModelName, tuple[float, list[float], list[float]]] = {
    "ballistic": (250e3, [-900.0, 1800.0, 1200.0], [2e-4, -2.5e-4, -1.5e-4]),
    "boost": (80e3, [-600.0, 900.0, 900.0], [-9.0, 14.0, 16.0]),
}


class Theirs(ExtendedKalmanFilter):  # type: ignore[misc]  # filterpy ships no types
    """filterpy's filter with a flight of its own in the place of F·x."""

    def __init__(self, model: ModelName, state: Array, covariance: Array) -> None:
        super().__init__(dim_x=9, dim_z=4)
        self.code = oracle.NAMES.index(model)
        self.x, self.P, self.R = state.copy(), covariance.copy(), np.diag(SIGMAS**2)

    def predict_x(self, u: float = 0) -> None:
        """Go on by one period."""
        self.x = oracle.flow(self.code, self.x, PERIOD_S)

    def step(self, values: Array) -> None:
        """Predict, then take a radar's row."""
        self.F = oracle.jacobian(lambda s: oracle.flow(self.code, s, PERIOD_S), self.x, oracle.steps_of(self.code))
        self.Q = oracle.process_noise(self.code, self.x, PERIOD_S)
        self.predict()
        self.update(values, _derivative, _seen, residual=lambda z, expected: oracle.wrapped(z - expected))


def _seen(x: Array) -> Array:
    return SITE.radar(x)


def _derivative(x: Array) -> Array:
    return np.hstack([oracle.jacobian(lambda s: SITE.radar(s), x[:6], oracle.STEPS), np.zeros((4, 3))])


def measured(values: Array) -> Measurement:
    return Measurement(
        id="1", time_ns=0, sensor_id="R", nation="KOR", kind="radar", values=values, sigmas=SIGMAS,
        site_ecef_m=SITE.place, axes_enu=np.ascontiguousarray(SITE.axes),
    )  # fmt: skip


@pytest.mark.parametrize("model", CASES)
def test_two_programs_on_the_same_data_agree(model: ModelName) -> None:
    altitude, velocity, theta = CASES[model]
    rng = np.random.default_rng(11)
    truth = np.array([*oracle.Site(38.5, 129.5, altitude).place, *velocity, *theta])
    sigmas = np.array([SPREAD_M] * 3 + [SPREAD_M_S] * 3 + [0.15 * max(map(abs, theta))] * 3)
    start = truth + sigmas * rng.normal(size=9)
    ours, theirs = ModelFilter(model, start, np.diag(sigmas**2)), Theirs(model, start, np.diag(sigmas**2))
    for update in range(UPDATES):
        truth = oracle.flow(oracle.NAMES.index(model), truth, PERIOD_S)
        values = SITE.radar(truth) + SIGMAS * rng.normal(size=4)
        assert math.isfinite(ours.predict(PERIOD_S).update(measured(values)))
        theirs.step(values)
        if update >= SETTLED:
            assert np.linalg.norm(ours.state[:3] - theirs.x[:3]) < AGREE_M
            assert np.linalg.norm(ours.state[3:6] - theirs.x[3:6]) < AGREE_M_S
    claimed, expected = np.sqrt(np.diag(ours.covariance)), np.sqrt(np.diag(theirs.P))
    np.testing.assert_allclose(claimed[:6], expected[:6], rtol=0.01)
