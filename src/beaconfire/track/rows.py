"""Kernels over many tracks at once: one call per scan where there would be one per track.

Replaying a single track goes through the same kernels with one row: a bank updated within a scan and the same bank
updated alone must agree to the last bit, and a callee's copy may be optimised otherwise in another caller.
"""

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.jit import kernel, warmer
from beaconfire.track.bank import BIASES, mixture, predict_bank
from beaconfire.track.models import MODELS, STATE
from beaconfire.track.update import is_finite, update_bank

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@kernel
def predict_rows(x: Array, p: Array, c: Array, used: Rows, weights: Array, dt_ns: Rows) -> None:
    """Advance the banks of n tracks, each by its own time, in place."""
    for i in range(x.shape[0]):
        predict_bank(x[i], p[i], c[i], used[i], weights[i], dt_ns[i])


@kernel
def update_rows(
    x: Array, p: Array, c: Array, used: Rows, weights: Array, picks: Rows, looks: Rows, first: Rows, taken: Mask,
    kind: Rows, values: Array, sigmas: Array, sites: Array, axes: Array, whiteners: Array, offset_s: Array,
    biases: Array, thrusting: Mask,
) -> None:  # fmt: skip
    """Let bank `picks[n]` take detection `looks[n]`, in place; `taken` (n,) says whether it did and is sound.

    `first` (n,) is the sensor's first column of constant errors in that bank, or -1; `used` is by bank.
    """
    for n in range(picks.shape[0]):
        i, m = picks[n], looks[n]
        log_likelihood = update_bank(
            x[i], p[i], c[i], used[i], weights[i], kind[m], values[m], sigmas[m], sites[m], axes[m], whiteners[m],
            offset_s[m], biases[m], first[n], thrusting[m],
        )  # fmt: skip
        taken[n] = log_likelihood > -np.inf and is_finite(x[i], p[i], c[i], used[i], weights[i])


@kernel
def store_rows(
    x: Array, p: Array, c: Array, used: Rows, weights: Array, picks: Rows, rows: Rows, table_x: Array, table_p: Array,
    table_c: Array, table_weights: Array, mean: Array, covariance: Array, seen: Array,
) -> None:  # fmt: skip
    """Write bank `picks[n]` into table row `rows[n]`, with the mixture as one Gaussian and as what was last seen."""
    for n in range(picks.shape[0]):
        i, row = picks[n], rows[n]
        table_x[row], table_p[row], table_weights[row] = x[i], p[i], weights[i]
        for j in range(MODELS):
            for k in range(STATE):
                for b in range(used[i]):
                    table_c[row, j, k, b] = c[i, j, k, b]
        mixture(table_x[row], table_p[row], table_weights[row], mean[row], covariance[row])
        seen[row] = mean[row]


@warmer
def _warm() -> None:
    one, zero, flags = np.ones(1), np.zeros(1, np.int64), np.zeros(1, np.bool_)
    x, p, w = np.zeros((1, MODELS, STATE)), np.zeros((1, MODELS, STATE, STATE)), np.full((1, MODELS), 0.25)
    x[0, :, 0], x[0, :, 4] = 6.5e6, 1e3
    for j in range(MODELS):
        p[0, j] = np.eye(STATE)
    c, mean, spread = np.zeros((1, MODELS, STATE, BIASES)), np.zeros((1, STATE)), np.zeros((1, STATE, STATE))
    predict_rows(x, p, c, zero, w, np.ones(1, np.int64))
    update_rows(
        x, p, c, zero, w, zero, zero, zero - 1, flags, zero, np.ones((1, 6)), np.ones((1, 4)), np.zeros((1, 3)),
        np.zeros((1, 3, 3)), np.zeros((1, 6, 6)), one, np.zeros((1, 3)), flags,
    )  # fmt: skip
    store_rows(x, p, c, zero, w, zero, zero, x.copy(), p.copy(), c.copy(), w.copy(), mean, spread, mean.copy())
