"""Which detection could be which track: coverage, coarse and fine gates, likelihoods, as kernels over the tables."""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.linear import cholesky
from beaconfire.earth.observe import LOS, MAX_ROWS, RADAR, observe
from beaconfire.earth.sight import sight_is_clear
from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.track.bank import BIASES
from beaconfire.track.models import MODELS, STATE
from beaconfire.track.update import row_noise, split_noise

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

OUT, AT_EDGE, INSIDE = 0, 1, 2  # of a sensor's coverage
# Chi-square quantiles at 99.99 % for 1 to 6 rows: one true detection in ten thousand is turned away.
GATES = np.array([15.14, 18.42, 21.11, 23.51, 25.74, 27.86])
_COARSE_SIGMAS, _COARSE_M = 7.0, 1e3  # beyond the widest gate
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
def extrapolate(means: Array, covariances: Array, rows: Rows, dt_s: Array, out: Array, spreads_m: Array) -> None:
    """Write roughly predicted means (n, 9) of table rows (n,) (no more than central gravity) and position spreads."""
    for i in range(rows.shape[0]):
        row, t = rows[i], dt_s[i]
        x, y, z = means[row, 0], means[row, 1], means[row, 2]
        r = math.sqrt(x * x + y * y + z * z)
        pull = -3.986e14 / (r * r * r)
        total = 0.0
        for j in range(3):
            a = means[row, 6 + j] + pull * means[row, j]
            out[i, j] = means[row, j] + t * means[row, 3 + j] + 0.5 * t * t * a
            out[i, 3 + j] = means[row, 3 + j] + t * a
            out[i, 6 + j] = means[row, 6 + j]
            total += covariances[row, j, j] + t * t * covariances[row, 3 + j, 3 + j]
        spreads_m[i] = math.sqrt(total) + 5.0 * t * t


@kernel
def candidates(
    ahead: Array, spreads_m: Array, seen: Rows, kind: Rows, values: Array, sites: Array, points: Array,
    point_covariances: Array, met: NDArray[np.bool_],
) -> tuple[Rows, Rows]:  # fmt: skip
    """Return which detections are worth comparing with which track: `begin` (n + 1,) into `column`, ascending in each.

    `met` (n,) says of which roughly predicted means (n, 9) with spread (n,) some detection may be its own; a candidate
    may lie twice as far, since the prediction proper spreads more. Tracks that are `OUT` have none. Detections with a
    place are sorted along one axis, so that the work grows with the tracks and what is near each, not with the table.
    """
    order, anywhere = np.argsort(points[:, 0]), np.empty(kind.shape[0], np.int64)
    places, others, widest = 0, 0, 0.0
    along = np.empty(kind.shape[0])
    for n in range(kind.shape[0]):
        m = order[n]
        if kind[m] == RADAR and not math.isnan(points[m, 0]):
            along[places], order[places] = points[m, 0], m
            places += 1
            own = point_covariances[m, 0, 0] + point_covariances[m, 1, 1] + point_covariances[m, 2, 2]
            widest = max(widest, math.sqrt(own))
        else:
            anywhere[others] = m
            others += 1
    begin, column, count = np.zeros(ahead.shape[0] + 1, np.int64), np.empty(4 * ahead.shape[0] + 64, np.int64), 0
    for i in range(ahead.shape[0]):
        met[i] = False
        reach = 2.0 * (_COARSE_SIGMAS * (spreads_m[i] + widest) + _COARSE_M)
        spread = spreads_m[i] * spreads_m[i]
        n = np.searchsorted(along[:places], ahead[i, 0] - reach) if seen[i] != OUT else kind.shape[0]
        while n < kind.shape[0]:
            if n < places:
                m = order[n]
                if along[n] > ahead[i, 0] + reach:
                    n = places
                    continue
            else:
                m = anywhere[n - places]
            n += 1
            apart = _apart(kind[m], values[m], sites[m], points[m], point_covariances[m], ahead[i], spread)
            if apart < 4.0:
                met[i] = met[i] or apart < 1.0
                if count == column.shape[0]:
                    column = np.append(column, np.empty_like(column))
                column[count] = m
                count += 1
        begin[i + 1] = count
        if count - begin[i] > 1:
            column[begin[i] : count].sort()
    return begin, column[:count]


@kernel
def likelihoods(
    x: Array, p: Array, c: Array, first: Rows, weights: Array, begin: Rows, columns: Rows, log_likelihood: Array,
    distance: Array, kind: Rows, values: Array, sigmas: Array, biases: Array, sites: Array, axes: Array,
    whiteners: Array, offset_s: Array, points: Array, point_covariances: Array, log_scale: Array,
) -> None:  # fmt: skip
    """Fill, per candidate (k,), the log likelihood over the bank, and the gate distance as a share of the gate.

    Track i has the candidates `columns[begin[i]:begin[i + 1]]`. `first` (tracks,) is the sensor's first column of
    constant errors in each track's `c`, or -1. The share is the least over the models of NIS / gate; above 1 the pair
    is outside. Pairs that the coarse gate turns away hold -inf and inf.
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
        for k in range(begin[i], begin[i + 1]):
            m = columns[k]
            log_likelihood[k], distance[k] = -math.inf, math.inf
            if not _apart(kind[m], values[m], sites[m], points[m], point_covariances[m], x[i, best], spread) < 1.0:
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
                distance[k] = min(distance[k], nis / GATES[rows - 1])
                log_l = -0.5 * (nis + log_det + rows * math.log(2.0 * math.pi)) + math.log(weights[i, j])
                if log_l > peak:
                    total = total * math.exp(peak - log_l) + 1.0
                    peak = log_l
                else:
                    total += math.exp(log_l - peak)
            if total > 0.0:
                log_likelihood[k] = peak + math.log(total) + log_scale[m]


@kernel
def _apart(
    kind: int, values: Array, site: Array, point: Array, covariance: Array, state: Array, spread: float
) -> float:
    """Return the squared distance of a detection from a state of position variance `spread`, as a share of the coarse
    gate's square; 0 where nothing can be said, infinity behind the sensor.
    """
    if kind == LOS:
        dx, dy, dz = state[0] - site[0], state[1] - site[1], state[2] - site[2]
        along = dx * values[0] + dy * values[1] + dz * values[2]
        if not along > 0.0:
            return math.inf
        off2 = dx * dx + dy * dy + dz * dz - along * along
        reach = _COARSE_SIGMAS * math.sqrt(spread) + 20e3 + 1e-3 * along
        return float(off2 / (reach * reach))
    if kind != RADAR or math.isnan(point[0]):
        return 0.0  # a tracklet may say almost nothing of the position and much of the velocity
    own = covariance[0, 0] + covariance[1, 1] + covariance[2, 2]
    dx, dy, dz = state[0] - point[0], state[1] - point[1], state[2] - point[2]
    reach = _COARSE_SIGMAS * (math.sqrt(spread) + math.sqrt(own)) + _COARSE_M
    return float((dx * dx + dy * dy + dz * dz) / (reach * reach))


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
    begin, met, means = np.array([0, 1]), np.zeros(1, np.bool_), np.zeros((1, 3))
    likelihoods(
        x, p, c, codes, w, begin, codes, np.zeros(1), np.zeros(1), codes, np.ones((1, 6)), np.ones((1, 4)), means,
        means, axes, np.zeros((1, 6, 6)), one, means, axes, one,
    )  # fmt: skip
    candidates(mean, spread, codes, codes, np.ones((1, 6)), means, means, axes, met)
    extrapolate(mean, np.ascontiguousarray(p[:, 0]), codes, one, mean.copy(), spread)
    coverage(0, mean[0, :3], axes[0], 1e6, 0.0, 0.0, mean, spread, codes)
