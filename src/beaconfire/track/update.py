"""One measurement into a bank: every model's update, and what the fit says of the models.

Rows of a measurement are independent, so an update is a series of scalar ones in Joseph form: no matrix is inverted,
and a tracklet that is certain in one direction and open in another needs no special case. Constant errors enter as
consider terms (Schmidt 1966; Bar-Shalom, Li and Kirubarajan 2001, 11.7.3 for the algebra).
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.observe import MAX_ROWS, bias_rows, observe
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.track.bank import BIASES, normalise, start_bank
from beaconfire.track.models import BOOST, MODELS, STATE
from beaconfire.track.plausible import plausibility

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

_NOT_THRUSTING = 0.03  # an infrared sensor sees thrusting objects only; the rest is clutter and hot wakes
_LOOKS = 30.0  # a constant error without a column is counted as noise of so many looks' worth


@kernel
def update_bank(
    x: Array, p: Array, c: Array, used: int, weights: Array, kind: int, values: Array, sigmas: Array, site: Array,
    axes: Array, whitener: Array, offset_s: float, bias_sigmas: Array, first: int, thrusting: bool,
) -> float:  # fmt: skip
    """Take one measurement into a predicted bank, in place; returns its log likelihood (-inf: it was not used).

    `first` is the sensor's first column in `c`, or -1 to take its constant errors as noise.
    """
    y, h, r = np.empty(MAX_ROWS), np.empty((MAX_ROWS, 6)), np.empty(MAX_ROWS)
    e, column = np.empty(MAX_ROWS), np.empty(MAX_ROWS, np.int64)
    split_noise(kind, values, bias_sigmas, first, e, column)
    log_likelihood = np.full(MODELS, -math.inf)
    best = -math.inf
    for j in range(MODELS):
        rows = observe(kind, values, sigmas, site, axes, whitener, offset_s, x[j], y, h, r)
        if rows > 0:
            log_likelihood[j] = _scalar_updates(x[j], p[j], c[j], used, rows, y, h, r, e, column)
            best = max(best, log_likelihood[j])
    if not best > -math.inf:
        return -math.inf
    total, fitted = 0.0, 0.0
    for j in range(MODELS):
        likelihood = weights[j] * math.exp(log_likelihood[j] - best)
        total += likelihood
        likelihood *= plausibility(j, x[j], p[j])
        if thrusting and j != BOOST:
            likelihood *= _NOT_THRUSTING
        weights[j] = likelihood
        fitted += likelihood
    normalise(weights, fitted)
    return best + math.log(max(total, 1e-300))


@kernel
def split_noise(kind: int, values: Array, bias_sigmas: Array, first: int, e: Array, column: Rows) -> None:
    """Write per row how it moves with a constant error and the error's column, -1 for none.

    An error that has no column keeps its size in `e`: `row_noise` counts it as noise.
    """
    bias_rows(kind, values, bias_sigmas, e, column)
    for row in range(MAX_ROWS):
        column[row] = column[row] + first if first >= 0 and column[row] >= 0 else -1


@kernel
def row_noise(variance: float, e: float, column: int) -> float:
    """Return the noise variance of a row: without the constant error, or with it often enough for many looks."""
    if column < 0:
        return float(variance + _LOOKS * e * e)
    return float(max(variance - e * e, 1e-4 * variance))


@kernel
def _scalar_updates(
    x: Array, p: Array, c: Array, used: int, rows: int, y: Array, h: Array, r: Array, e: Array, column: Rows
) -> float:
    """Sequential Joseph updates with all rows linearised once; returns the log likelihood of the rows."""
    gain, moved, ph = np.empty(STATE), np.zeros(STATE), np.empty(STATE)
    log_likelihood = 0.0
    for row in range(rows):
        residual = y[row]
        noise = row_noise(r[row], e[row], column[row])
        for i in range(STATE):
            total = 0.0 if column[row] < 0 else e[row] * c[i, column[row]]
            for m in range(6):
                total += p[i, m] * h[row, m]
            ph[i] = total
        spread = noise if column[row] < 0 else noise + e[row] * e[row]
        for m in range(6):
            spread += h[row, m] * ph[m]
            residual -= h[row, m] * moved[m]
            if column[row] >= 0:
                spread += e[row] * h[row, m] * c[m, column[row]]
        if not spread > noise:
            spread = noise  # a direction known better than rounding lets us say
        for i in range(STATE):
            gain[i] = ph[i] / spread
            moved[i] += gain[i] * residual
        log_likelihood -= 0.5 * (residual * residual / spread + math.log(2.0 * math.pi * spread))
        _joseph(p, c, used, gain, ph, h[row], noise, e[row], column[row])
    for i in range(STATE):
        x[i] += moved[i]
    return log_likelihood


@kernel
def _joseph(
    p: Array, c: Array, used: int, gain: Array, ph: Array, h: Array, variance: float, e: float, column: int
) -> None:
    """P <- (I - k h) P (I - k h)^T + k r k^T with the consider terms, symmetric, the diagonal held positive."""
    for n in range(used):
        total = e if n == column else 0.0
        for m in range(6):
            total += h[m] * c[m, n]
        for i in range(STATE):
            c[i, n] -= gain[i] * total
    h0, h1, h2, h3, h4, h5 = h[0], h[1], h[2], h[3], h[4], h[5]
    for i in range(STATE):
        g = gain[i]
        for j in range(STATE):
            p[i, j] -= g * ph[j]
    for i in range(STATE):
        total = 0.0 if column < 0 else e * c[i, column]
        total += p[i, 0] * h0 + p[i, 1] * h1 + p[i, 2] * h2 + p[i, 3] * h3 + p[i, 4] * h4 + p[i, 5] * h5
        ph[i] = variance * gain[i] - total
    for i in range(STATE):
        f = ph[i]
        for j in range(STATE):
            p[i, j] += f * gain[j]
    for i in range(STATE):
        for j in range(i):
            p[i, j] = p[j, i] = 0.5 * (p[i, j] + p[j, i])
    for i in range(STATE):
        if not p[i, i] > 1e-24:
            for j in range(STATE):
                p[i, j] = p[j, i] = 0.0
            p[i, i] = 1e-24


@kernel
def is_finite(x: Array, p: Array, c: Array, used: int, weights: Array) -> bool:
    """Say whether a bank holds finite numbers only."""
    for j in range(MODELS):
        if not math.isfinite(weights[j]):
            return False
        for i in range(STATE):
            total = x[j, i]
            for m in range(STATE):
                total += p[j, i, m]
            for n in range(used):
                total += c[j, i, n]
            if not math.isfinite(total):
                return False
    return True


@kernel
def unseen_thrust(weights: Array, detection_probability: float) -> None:
    """An infrared sensor looked and saw nothing: thrusting becomes less likely by its miss probability."""
    weights[BOOST] *= 1.0 - detection_probability
    normalise(weights, weights[0] + weights[1] + weights[2] + weights[3])


@warmer
def _warm() -> None:
    x, p, weights = np.zeros((MODELS, STATE)), np.zeros((MODELS, STATE, STATE)), np.full(MODELS, 0.25)
    state, c = np.array([6.5e6, 0.0, 0.0, 0.0, 1e3, 1e3]), np.zeros((MODELS, STATE, BIASES))
    start_bank(state, np.eye(6) * 1e4, weights, x, p)
    update_bank(x, p, c, 3, weights, 2, state, np.ones(4), state[:3], np.eye(3), np.eye(6), 0.0, np.zeros(3), 0, False)
    unseen_thrust(weights, 0.5)
    is_finite(x, p, c, 3, weights)
