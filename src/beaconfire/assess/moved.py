"""How far measurements have moved a state from where it was going."""

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.flight import propagate
from beaconfire.earth.linear import squared_distance
from beaconfire.kernel.jit import kernel, warmer

_STEP_S = 3.0


@kernel
def state_moved(
    before: NDArray[np.float64],
    mean: NDArray[np.float64],
    covariance: NDArray[np.float64],
    beta_inverse_m2_kg: float,
    gap_s: float,
) -> float:
    """Return the squared distance, in sigmas of `covariance` (9, 9), of `mean` (9,) from free fall out of `before`.

    Position and velocity count, six numbers; `gap_s` is the time between the two.
    """
    x, p = before[:6].copy(), np.empty((6, 6))
    propagate(x, beta_inverse_m2_kg, gap_s, _STEP_S)
    for i in range(6):
        x[i] = mean[i] - x[i]
        for j in range(6):
            p[i, j] = covariance[i, j]
    return float(squared_distance(x, p))


@warmer
def _warm() -> None:
    state_moved(np.ones(9) * 6.5e6, np.ones(9) * 6.5e6, np.eye(9), 1e-4, 1.0)
