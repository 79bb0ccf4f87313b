"""Which detection could be which track: coverage, prediction, gates and likelihoods, as kernels over the tables."""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.linear import cholesky
from beaconfire.earth.observe import LOS, MAX_ROWS, RADAR, observe
from beaconfire.earth.sight import sight_is_clear
from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.track.bank import BIASES, predict_bank
from beaconfire.track.models import MODELS, STATE
from beaconfire.track.update import row_noise, split_noise

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

OUT, AT_EDGE, INSIDE = 0, 1, 2  # of a sensor's coverage
# Chi-square quantiles at 99.99 % for 1 to 6 rows: one true detection in ten thousand is turned away.
GATES = np.array([15.14, 18.42, 21.11, 23.51, 25.74, 27.86])
_COARSE_SIGMAS = 7.0  # beyond the widest gate
_LEAST_WEIGHT = 1e-5  # a model less likely than this opens no gate
_EDGE_SIGMAS = 3.0
_EDGE_ELEVATION_RAD = 0.005


@kernel
def coverage(kind: int, site: Array, axes: Array, max_range_m: float, min_elevation: float, min_altitude_m: float,
             means: Array, spreads_m: Array, out: Rows) -> None:  # fmt: skip
    """Write for each predicted position (n, 9) with spread (n,) whether the sensor must, may or cannot see it."""
    for i in range(means.shape[0]):
        out[i] = OUT
        dx, dy, dz = means[i, 0] - site[0], means[i, 1] - site[1], means[i, 2] - site[2]
        distance = math.sqrt(dx * dx + dy * dy + dz * dz)
        margin = _EDGE_SIGMAS * spreads_m[i]
        if kind == LOS:
            altitude = altitude_and_up(means[i, 0], means[i, 1], means[i, 2])[0]
            clear = sight_is_clear(site, means[i, 0:3])
            if clear and altitude > min_altitude_m + margin:
                out[i] = INSIDE
            elif altitude > min_altitude_m - margin - 20e3:
                out[i] = AT_EDGE
            continue
        up = (dx * axes[2, 0] + dy * axes[2, 1] + dz * axes[2, 2]) / max(distance, 1.0)
        elevation = math.asin(min(max(up, -1.0), 1.0))
        lean = margin / max(distance, 1e3) + _EDGE_ELEVATION_RAD
        if distance < max_range_m - margin and elevation > min_elevation + lean:
            out[i] = INSIDE
        elif distance < max_range_m + margin + 5e3 and elevation > min_elevation - lean - 0.01:
            out[i] = AT_EDGE


@kernel
def extrapolate(means: Array, covariances: Array, dt_s: Array, out: Array, spreads_m: Array) -> None:
    """Write roughly predicted means (n, 9) (no gravity: for coverage only) and position spreads (n,)."""
    for i in range(means.shape[0]):
        t = dt_s[i]
        r = math.sqrt(means[i, 0] * means[i, 0] + means[i, 1] * means[i, 1] + means[i, 2] * means[i, 2])
        pull = -3.986e14 / (r * r * r)
        total = 0.0
        for j in range(3):
            a = means[i, 6 + j] + pull * means[i, j]
            out[i, j] = means[i, j] + t * means[i, 3 + j] + 0.5 * t * t * a
            out[i, 3 + j] = means[i, 3 + j] + t * a
            out[i, 6 + j] = means[i, 6 + j]
            total += covariances[i, j, j] + t * t * covariances[i, 3 + j, 3 + j]
        spreads_m[i] = math.sqrt(total) + 5.0 * t * t


@kernel
def any_near(
    ahead: Array, spreads_m: Array, kind: Rows, values: Array, sites: Array, points: Array, point_covariances: Array,
    out: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Write for each roughly predicted mean (n, 9) with spread (n,) whether some detection may be its own."""
    for i in range(ahead.shape[0]):
        out[i] = False
        for m in range(kind.shape[0]):
            if _near(
                kind[m], values[m], sites[m], points[m], point_covariances[m], ahead[i], spreads_m[i] * spreads_m[i]
            ):
                out[i] = True
                break


@kernel
def predict_rows(x: Array, p: Array, c: Array, used: Rows, weights: Array, dt_ns: Rows) -> None:
    """Advance the banks of n tracks, each by its own time, in place."""
    for i in range(x.shape[0]):
        predict_bank(x[i], p[i], c[i], used[i], weights[i], dt_ns[i])


@kernel
def likelihoods(
    x: Array, p: Array, c: Array, first: Rows, weights: Array, kind: Rows, values: Array, sigmas: Array, biases: Array,
    sites: Array, axes: Array, whiteners: Array, offset_s: Array, points: Array, point_covariances: Array,
    log_scale: Array, log_likelihood: Array, distance: Array,
) -> None:  # fmt: skip
    """Fill (tracks, measurements): log likelihood over the bank, and the gate distance as a share of the gate.

    `first` (tracks,) is the sensor's first column of constant errors in each track's `c`, or -1. The share is the
    least over the models of NIS / gate; above 1 the pair is outside. Pairs that the coarse gate turns away hold -inf
    and inf.
    """
    y, h, r = np.empty(MAX_ROWS), np.empty((MAX_ROWS, 6)), np.empty(MAX_ROWS)
    s, lower, white, hp = np.empty((6, 6)), np.empty((6, 6)), np.empty(6), np.empty((6, 6))
    e, column = np.empty(MAX_ROWS), np.empty(MAX_ROWS, np.int64)
    for i in range(x.shape[0]):
        best, spread = 0, 0.0
        for j in range(MODELS):
            best = j if weights[i, j] > weights[i, best] else best
            if weights[i, j] > _LEAST_WEIGHT:
                spread = max(spread, p[i, j, 0, 0] + p[i, j, 1, 1] + p[i, j, 2, 2])
        for m in range(kind.shape[0]):
            log_likelihood[i, m], distance[i, m] = -math.inf, math.inf
            if not _near(kind[m], values[m], sites[m], points[m], point_covariances[m], x[i, best], spread):
                continue
            split_noise(kind[m], values[m], biases[m], first[i], e, column)
            total, peak = 0.0, -math.inf
            for j in range(MODELS):
                if weights[i, j] < _LEAST_WEIGHT:
                    continue
                rows = observe(
                    kind[m], values[m], sigmas[m], sites[m], axes[m], whiteners[m], offset_s[m], x[i, j], y, h, r
                )
                if rows <= 0:
                    continue
                _innovation(rows, p[i, j], c[i, j], h, r, e, column, s, hp)
                nis, log_det = _distance(rows, y, s, lower, white)
                distance[i, m] = min(distance[i, m], nis / GATES[rows - 1])
                log_l = -0.5 * (nis + log_det + rows * math.log(2.0 * math.pi)) + math.log(weights[i, j])
                if log_l > peak:
                    total = total * math.exp(peak - log_l) + 1.0
                    peak = log_l
                else:
                    total += math.exp(log_l - peak)
            if total > 0.0:
                log_likelihood[i, m] = peak + math.log(total) + log_scale[m]


@kernel
def _near(kind: int, values: Array, site: Array, point: Array, covariance: Array, state: Array, spread: float) -> bool:
    if kind == LOS:
        dx, dy, dz = state[0] - site[0], state[1] - site[1], state[2] - site[2]
        along = dx * values[0] + dy * values[1] + dz * values[2]
        off2 = dx * dx + dy * dy + dz * dz - along * along
        reach = _COARSE_SIGMAS * math.sqrt(spread) + 20e3 + 1e-3 * abs(along)
        return bool(along > 0.0 and off2 < reach * reach)
    if math.isnan(point[0]):
        return True
    own = covariance[0, 0] + covariance[1, 1] + covariance[2, 2]
    dx, dy, dz = state[0] - point[0], state[1] - point[1], state[2] - point[2]
    reach = _COARSE_SIGMAS * (math.sqrt(spread) + math.sqrt(own)) + 1e3
    if kind == RADAR:
        return bool(dx * dx + dy * dy + dz * dz < reach * reach)
    return True  # a tracklet may say almost nothing of the position and much of the velocity


@kernel
def _innovation(rows: int, p: Array, c: Array, h: Array, r: Array, e: Array, column: Rows, s: Array, hp: Array) -> None:
    """Write the covariance of the residuals: the state's, the noise, and what both share with constant errors."""
    for a in range(rows):
        for j in range(6):
            total = 0.0
            for k in range(6):
                total += h[a, k] * p[k, j]
            hp[a, j] = total
    for a in range(rows):
        for b in range(a + 1):
            total = 0.0
            if a == b:
                total = row_noise(r[a], e[a], column[a]) + (e[a] * e[a] if column[a] >= 0 else 0.0)
            for k in range(6):
                total += hp[a, k] * h[b, k]
            for k in range(6):
                if column[a] >= 0:
                    total += e[a] * h[b, k] * c[k, column[a]]
                if column[b] >= 0:
                    total += e[b] * h[a, k] * c[k, column[b]]
            s[a, b] = s[b, a] = total


@kernel
def _distance(rows: int, y: Array, s: Array, lower: Array, white: Array) -> tuple[float, float]:
    """Return the squared statistical distance of residuals and the log determinant of their covariance."""
    if not cholesky(s[:rows, :rows].copy(), lower):
        return math.inf, 0.0
    nis, log_det = 0.0, 0.0
    for a in range(rows):
        total = y[a]
        for k in range(a):
            total -= lower[a, k] * white[k]
        white[a] = total / lower[a, a]
        nis += white[a] * white[a]
        log_det += 2.0 * math.log(lower[a, a])
    return nis, log_det


@warmer
def _warm() -> None:
    x, p, w = np.zeros((1, MODELS, STATE)), np.zeros((1, MODELS, STATE, STATE)), np.full((1, MODELS), 0.25)
    x[0, :, 0], x[0, :, 4] = 6.5e6, 1e3
    for j in range(MODELS):
        p[0, j] = np.eye(STATE)
    one, axes, codes, c = np.ones(1), np.zeros((1, 3, 3)), np.zeros(1, np.int64), np.zeros((1, MODELS, STATE, BIASES))
    mean, spread = np.ascontiguousarray(x[:, 0]), np.zeros(1)
    predict_rows(x, p, c, codes, w, np.ones(1, np.int64))
    likelihoods(
        x, p, c, codes, w, codes, np.ones((1, 6)), np.ones((1, 4)), np.zeros((1, 3)), np.zeros((1, 3)), axes,
        np.zeros((1, 6, 6)), one, np.zeros((1, 3)), axes, one, np.zeros((1, 1)), np.zeros((1, 1)),
    )  # fmt: skip
    any_near(mean, spread, codes, np.ones((1, 6)), np.zeros((1, 3)), np.zeros((1, 3)), axes, np.zeros(1, np.bool_))
    extrapolate(mean, np.ascontiguousarray(p[:, 0]), one, mean.copy(), spread)
    coverage(0, mean[0, :3], axes[0], 1e6, 0.0, 0.0, mean, spread, codes)
