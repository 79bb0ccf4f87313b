"""Who gets what: clusters of tracks and detections that compete, and the weights with which each track takes each.

A cluster is weighed exactly where it has few detections (joint probabilistic data association by dynamic programming
over the set of used detections; Fortmann, Bar-Shalom and Scheffe 1983 for the events) and by belief propagation where
it has many (Williams and Lau 2014: the messages always converge, and the marginals err by little), so that the work
is never exponential. What the tracker updates with is the hard choice, the best joint assignment: the Hungarian method
with potentials (Kuhn 1955, Munkres 1957).
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.jit import kernel, warmer

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

MAX_EXACT_DETECTIONS = 10  # 2^10 states of the dynamic programme: 0.1 ms
MAX_ASSIGNED = 512  # tracks of one cluster that the best assignment is found for; its work grows with the cube
_FORBIDDEN = 1e9
_MOST_ROUNDS, _SETTLED = 300, 1e-9  # of belief propagation: dense clusters of twenty take some fifty


def association_weights(log_ratio: Array) -> Array:
    """Return the weights (tracks, detections) with which each track of one cluster takes each detection.

    `log_ratio` is the log of taking a detection against missing it; -inf is forbidden. Rows sum to at most 1; the rest
    is the probability that the track was missed. Exact joint probabilities for up to `MAX_EXACT_DETECTIONS` detections,
    else those of belief propagation.
    """
    weights = np.zeros(log_ratio.shape)
    weigh(np.ascontiguousarray(log_ratio, dtype=np.float64), weights)
    return weights


def best_assignment(log_ratio: Array) -> Rows:
    """Return for each track the column that it takes in the best joint assignment, or -1 for none.

    Not taking any counts 0, so a pair is only made where it is worth more.
    """
    chosen = np.full(len(log_ratio), -1, np.int64)
    assign(np.ascontiguousarray(log_ratio, dtype=np.float64), chosen)
    return chosen


@kernel
def share_out(
    begin: Rows, columns: Rows, log_ratio: Array, second: Mask, detections: int, taken: Rows, weight: Array
) -> None:
    """Write for each track (n,) the detection that it takes, or -1, and the weight with which it takes that one.

    Track i may take `columns[begin[i]:begin[i + 1]]`, worth `log_ratio` (k,) each. Tracks that are `second` choose
    among what the others left. Only what is worth more than a miss makes tracks compete.
    """
    n = begin.shape[0] - 1
    gone, local = np.zeros(detections, np.bool_), np.full(detections, -1, np.int64)
    members, mine = np.empty(n, np.int64), np.empty(detections, np.int64)
    after, last, root = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    taken[:], weight[:] = -1, 0.0
    for tier in range(2):
        _components(begin, columns, log_ratio, second, tier == 1, gone, root, after, last)
        for start in range(n):
            if root[start] != start:
                continue
            count, i = 0, start
            while i >= 0:
                members[count] = i
                count += 1
                i = after[i]
            found = _wanted(begin, columns, log_ratio, gone, members[:count], local, mine)
            if count == 1 and found == 1:  # nobody competes
                m = mine[0]
                for k in range(begin[start], begin[start + 1]):
                    if columns[k] == m:
                        taken[start], weight[start] = m, 1.0 / (1.0 + math.exp(-log_ratio[k]))
                local[m] = -1
                continue
            table = np.full((count, found), -math.inf)
            for a in range(count):
                for k in range(begin[members[a]], begin[members[a] + 1]):
                    if local[columns[k]] >= 0:
                        table[a, local[columns[k]]] = log_ratio[k]
            chosen, weights = np.full(count, -1, np.int64), np.zeros((count, found))
            assign(table, chosen)
            weigh(table, weights)
            for a in range(count):
                if chosen[a] >= 0:
                    taken[members[a]], weight[members[a]] = mine[chosen[a]], weights[a, chosen[a]]
            for b in range(found):
                local[mine[b]] = -1
        for i in range(n):
            if taken[i] >= 0:
                gone[taken[i]] = True


@kernel
def _components(
    begin: Rows, columns: Rows, log_ratio: Array, second: Mask, tier: bool, gone: Mask, root: Rows, after: Rows,
    last: Rows,
) -> None:  # fmt: skip
    """Join tracks of a tier that want one detection: `root` is a group's first track (-1: wants none), `after` the
    next of its group in order, -1 at the end; `last` is room to work in.
    """
    n = root.shape[0]
    owner = np.full(gone.shape[0], -1, np.int64)
    for i in range(n):
        root[i], after[i], last[i] = -1, -1, i
        if second[i] != tier:
            continue
        for k in range(begin[i], begin[i + 1]):
            m = columns[k]
            if gone[m] or not log_ratio[k] > 0.0:
                continue
            if root[i] < 0:
                root[i] = i
            if owner[m] < 0:
                owner[m] = i
                continue
            a, b = i, owner[m]
            while root[a] != a:
                a = root[a]
            while root[b] != b:
                b = root[b]
            root[max(a, b)] = min(a, b)
    for i in range(n):
        if root[i] < 0:
            continue
        first = i
        while root[first] != first:
            first = root[first]
        root[i] = first
        if first != i:
            after[last[first]] = i
            last[first] = i


@kernel
def _wanted(begin: Rows, columns: Rows, log_ratio: Array, gone: Mask, members: Rows, local: Rows, mine: Rows) -> int:
    """Collect what a group wants, ascending, into `mine` and number it in `local`; returns how many."""
    found = 0
    for a in range(members.shape[0]):
        for k in range(begin[members[a]], begin[members[a] + 1]):
            m = columns[k]
            if log_ratio[k] > 0.0 and not gone[m] and local[m] < 0:
                local[m] = 0
                mine[found] = m
                found += 1
    mine[:found].sort()
    for b in range(found):
        local[mine[b]] = b
    return found


@kernel
def assign(log_ratio: Array, chosen: Rows) -> None:
    """Write the column of each track (n,) in the best joint assignment, -1 where missing is worth as much.

    In a cluster of more than `MAX_ASSIGNED` tracks each in turn takes the best that is left.
    """
    tracks, detections = log_ratio.shape
    if tracks > MAX_ASSIGNED or tracks == 1:
        used = np.zeros(detections, np.bool_)
        for t in range(tracks):
            best = 0.0
            for m in range(detections):
                if not used[m] and log_ratio[t, m] > best:
                    best, chosen[t] = log_ratio[t, m], m
            if chosen[t] >= 0:
                used[chosen[t]] = True
        return
    cost = np.zeros((tracks, detections + tracks))
    for t in range(tracks):
        for m in range(detections):
            cost[t, m] = -log_ratio[t, m] if math.isfinite(log_ratio[t, m]) else _FORBIDDEN
    _hungarian(cost, chosen)
    for t in range(tracks):
        if chosen[t] >= detections or not log_ratio[t, chosen[t]] > 0.0:
            chosen[t] = -1


@kernel
def _hungarian(cost: Array, chosen: Rows) -> None:
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


@kernel
def weigh(log_ratio: Array, weights: Array) -> None:
    """Write the weights (tracks, detections) of one cluster: see `association_weights`."""
    tracks, detections = log_ratio.shape
    ratio, missed = np.empty((tracks, detections)), np.empty(tracks)
    for t in range(tracks):
        peak = 0.0  # scaled by row: ratios may be 1e30
        for m in range(detections):
            peak = max(peak, log_ratio[t, m])
        missed[t] = math.exp(-peak)
        for m in range(detections):
            ratio[t, m] = math.exp(log_ratio[t, m] - peak)
    if detections <= MAX_EXACT_DETECTIONS:
        _joint(ratio, missed, weights)
    else:
        _believe(ratio, missed, weights)


@kernel
def _joint(ratio: Array, missed: Array, weights: Array) -> None:
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


@kernel
def _believe(ratio: Array, missed: Array, weights: Array) -> None:
    """Write the marginals of loopy belief propagation between tracks and detections.

    A detection tells each track how free it is of the others (`free`, 1 at first); a track tells each detection how
    much it wants it when everything else that it may take is weighed (`want`).
    """
    tracks, detections = ratio.shape
    free, want, term = np.ones((tracks, detections)), np.zeros((tracks, detections)), np.empty(detections)
    for _ in range(_MOST_ROUNDS):
        change = 0.0
        for t in range(tracks):
            for m in range(detections):
                term[m] = ratio[t, m] * free[t, m]
            most = np.argmax(term)
            others = missed[t]
            for m in range(detections):
                others += term[m] if m != most else 0.0
            for m in range(detections):  # never the difference of two large numbers
                rest = others if m == most else term[most] + max(others - term[m], 0.0)
                want[t, m] = min(ratio[t, m] / max(rest, 1e-300), 1e150)
        for m in range(detections):
            most, others = np.argmax(want[:, m]), 0.0
            for t in range(tracks):
                others += want[t, m] if t != most else 0.0
            for t in range(tracks):
                told = 1.0 / (1.0 + (others if t == most else want[most, m] + max(others - want[t, m], 0.0)))
                change = max(change, abs(told - free[t, m]))
                free[t, m] = told
        if change < _SETTLED:
            break
    for t in range(tracks):
        total = missed[t]
        for m in range(detections):
            total += ratio[t, m] * free[t, m]
        for m in range(detections):
            weights[t, m] = ratio[t, m] * free[t, m] / total


@warmer
def _warm() -> None:
    one, zero = np.ones(1), np.zeros(1, np.int64)
    share_out(np.array([0, 1]), zero, one, np.zeros(1, np.bool_), 1, zero.copy(), one.copy())
    best_assignment(np.ones((2, 2)))
    association_weights(np.ones((1, 1)))
