"""Who gets what: clusters of tracks and detections that compete, and the weights with which each track takes each.

`association_weights` is the seam: it is given one cluster's log likelihood ratios and returns weights. Clusters that
are small enough are weighed exactly (joint probabilistic data association by dynamic programming over the set of used
detections; Fortmann, Bar-Shalom and Scheffe 1983 for the events); larger ones fall back to the best assignment, so
that the work is never exponential. `best_assignment` is the hard choice that the tracker updates with: the Hungarian
method with potentials (Kuhn 1955, Munkres 1957).
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.jit import kernel, warmer

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

MAX_EXACT_DETECTIONS = 10  # 2^10 states of the dynamic programme: 0.1 ms
_FORBIDDEN = 1e9


def clusters(allowed: NDArray[np.bool_]) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rows (tracks) and columns (detections) of each group that shares detections, tracks in order."""
    label = np.full(allowed.shape[0], -1, np.int64)
    component_labels(allowed, label)
    for number in range(int(label.max(initial=-1)) + 1):
        rows = np.flatnonzero(label == number)
        yield rows, np.flatnonzero(allowed[rows].any(axis=0))


@kernel
def component_labels(allowed: NDArray[np.bool_], label: Rows) -> None:
    """Number the connected groups of tracks (n,); -1 for tracks without a detection."""
    tracks, detections = allowed.shape
    stack, owner = np.empty(tracks, np.int64), np.full(detections, -1, np.int64)
    number = 0
    for start in range(tracks):
        if label[start] >= 0:
            continue
        depth, found = 1, False
        stack[0], label[start] = start, number
        while depth > 0:
            depth -= 1
            row = stack[depth]
            for column in range(detections):
                if not allowed[row, column]:
                    continue
                found = True
                if owner[column] == number:
                    continue
                owner[column] = number
                for other in range(tracks):
                    if label[other] < 0 and allowed[other, column]:
                        label[other] = number
                        stack[depth] = other
                        depth += 1
        if found:
            number += 1
        else:
            label[start] = -2
    for row in range(tracks):
        label[row] = max(label[row], -1)


def best_assignment(log_ratio: Array) -> Rows:
    """Return for each track the column that it takes in the best joint assignment, or -1 for none.

    `log_ratio` (tracks, detections) is the log of taking a detection against missing it; -inf is forbidden. Not
    taking any counts 0, so a pair is only made where it is worth more.
    """
    tracks, detections = log_ratio.shape
    if tracks == 1:
        column = int(np.argmax(log_ratio[0]))
        return np.array([column if log_ratio[0, column] > 0.0 else -1])
    cost = np.zeros((tracks, detections + tracks))
    cost[:, :detections] = np.where(np.isfinite(log_ratio), -log_ratio, _FORBIDDEN)
    chosen = np.full(tracks, -1, np.int64)
    hungarian(cost, chosen)
    taken = np.flatnonzero(chosen < detections)
    result = np.full(tracks, -1, np.int64)
    good = taken[log_ratio[taken, chosen[taken]] > 0.0]
    result[good] = chosen[good]
    return result


@kernel
def hungarian(cost: Array, chosen: Rows) -> None:
    """Write the column of each row (n,) in the cheapest assignment of n rows to m >= n columns."""
    n, m = cost.shape
    u, v = np.zeros(n + 1), np.zeros(m + 1)
    row_of, way = np.zeros(m + 1, np.int64), np.zeros(m + 1, np.int64)
    for i in range(1, n + 1):
        row_of[0] = i
        column = 0
        least, used = np.full(m + 1, math.inf), np.zeros(m + 1, np.bool_)
        while True:
            used[column] = True
            row, delta, ahead = row_of[column], math.inf, 0
            for j in range(1, m + 1):
                if used[j]:
                    continue
                reduced = cost[row - 1, j - 1] - u[row] - v[j]
                if reduced < least[j]:
                    least[j], way[j] = reduced, column
                if least[j] < delta:
                    delta, ahead = least[j], j
            for j in range(m + 1):
                if used[j]:
                    u[row_of[j]] += delta
                    v[j] -= delta
                else:
                    least[j] -= delta
            column = ahead
            if row_of[column] == 0:
                break
        while column != 0:
            before = way[column]
            row_of[column] = row_of[before]
            column = before
    for j in range(1, m + 1):
        if row_of[j] > 0:
            chosen[row_of[j] - 1] = j - 1


def association_weights(log_ratio: Array) -> Array:
    """Return the weights (tracks, detections) with which each track of one cluster takes each detection.

    Rows sum to at most 1; the rest is the probability that the track was missed. Exact joint probabilities for up to
    `MAX_EXACT_DETECTIONS` detections, else 1 for the pairs of the best assignment.
    """
    tracks, detections = log_ratio.shape
    weights = np.zeros((tracks, detections))
    if detections > MAX_EXACT_DETECTIONS:
        chosen = best_assignment(log_ratio)
        rows = np.flatnonzero(chosen >= 0)
        weights[rows, chosen[rows]] = 1.0
        return weights
    peak = np.maximum(log_ratio.max(axis=1, initial=0.0), 0.0)  # scaled by row: ratios may be 1e30
    joint_weights(np.exp(log_ratio - peak[:, None]), np.exp(-peak), weights)
    return weights


@kernel
def joint_weights(ratio: Array, missed: Array, weights: Array) -> None:
    """Write the exact marginals of all joint events: at most one detection per track and one track per detection."""
    tracks, detections = ratio.shape
    states = 1 << detections
    forward, backward = np.zeros((tracks + 1, states)), np.zeros((tracks + 1, states))
    forward[0, 0] = 1.0
    for t in range(tracks):
        for used in range(states):
            value = forward[t, used]
            if value == 0.0:
                continue
            forward[t + 1, used] += value * missed[t]
            for m in range(detections):
                if not used & (1 << m):
                    forward[t + 1, used | (1 << m)] += value * ratio[t, m]
    for used in range(states):
        backward[tracks, used] = 1.0
    for t in range(tracks - 1, -1, -1):
        for used in range(states):
            total = backward[t + 1, used] * missed[t]
            for m in range(detections):
                if not used & (1 << m):
                    total += ratio[t, m] * backward[t + 1, used | (1 << m)]
            backward[t, used] = total
    whole = max(backward[0, 0], 1e-307)
    for t in range(tracks):
        for m in range(detections):
            total = 0.0
            for used in range(states):
                if not used & (1 << m) and forward[t, used] != 0.0:
                    total += forward[t, used] * backward[t + 1, used | (1 << m)]
            weights[t, m] = total * ratio[t, m] / whole


@warmer
def _warm() -> None:
    component_labels(np.ones((1, 1), np.bool_), np.full(1, -1, np.int64))
    hungarian(np.zeros((1, 2)), np.zeros(1, np.int64))
    joint_weights(np.ones((1, 1)), np.ones(1), np.zeros((1, 1)))
