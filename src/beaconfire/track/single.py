"""One filter of one model, for studies: what the bank does, without mixing, for whoever looks at one part of it.

A live track is a bank (`Tracker`); here a model's prediction and update are taken alone, so that they can be held
against a bound, another library, or an idea.
"""

from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.observe import KIND_CODES
from beaconfire.kernel.records import Measurement
from beaconfire.track.bank import BIASES
from beaconfire.track.models import MODELS, STATE
from beaconfire.track.predict import propagate
from beaconfire.track.update import update_bank

Array = NDArray[np.float64]
ModelName = Literal["boost", "ballistic", "glide", "powered_air"]
_NAMES: tuple[ModelName, ...] = get_args(ModelName)
_FULL = 6  # numbers of a measurement's values that the kernels read


class ModelFilter:
    """An extended Kalman filter of one model.

    `state` (9,) is ECEF position m, velocity m/s and the model's own parameters (`track.models` says which),
    `covariance` (9, 9) belongs to it; both are changed in place and may be read or set at any time.
    """

    def __init__(self, model: ModelName, state: Array, covariance: Array) -> None:
        """Start from a state (9,) and its covariance (9, 9); both are copied."""
        self.model: ModelName = model
        self._code = _NAMES.index(model)
        self.state = np.array(state, dtype=np.float64)
        self.covariance = np.array(covariance, dtype=np.float64)

    def predict(self, dt_s: float) -> Self:
        """Go on by `dt_s` >= 0 seconds."""
        propagate(self._code, self.state, self.covariance, np.zeros((STATE, BIASES)), 0, dt_s)
        return self

    def update(self, measurement: Measurement) -> float:
        """Take one measurement at the state's time; returns its log likelihood, -inf where it was not used.

        A sensor's constant errors (`bias_sigmas`) count as noise here: one filter has no columns for them.
        """
        x, p = np.tile(self.state, (MODELS, 1)), np.tile(self.covariance, (MODELS, 1, 1))
        values, whitener = np.full(_FULL, np.nan), np.eye(_FULL)
        values[: len(measurement.values)] = measurement.values
        weights = np.zeros(MODELS)
        weights[self._code] = 1.0
        log_likelihood = update_bank(
            x, p, np.zeros((MODELS, STATE, BIASES)), 0, weights, KIND_CODES[measurement.kind], values,
            measurement.sigmas, measurement.site_ecef_m, measurement.axes_enu, whitener, 0.0, measurement.bias_sigmas,
            -1, measurement.thrusting,
        )  # fmt: skip
        if log_likelihood > -np.inf:
            self.state[:], self.covariance[:] = x[self._code], p[self._code]
        return log_likelihood

    def noise(self, dt_s: float) -> Array:
        """Return the process noise (9, 9) that `dt_s` seconds add to a state that is known exactly."""
        return ModelFilter(self.model, self.state, np.zeros((STATE, STATE))).predict(dt_s).covariance
