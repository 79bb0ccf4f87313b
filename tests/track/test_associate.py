"""Association against brute force: every joint event enumerated, every assignment tried."""

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from beaconfire.track import association_weights
from beaconfire.track.associate import MAX_ASSIGNED, MAX_EXACT_DETECTIONS, best_assignment, share_out

Array = NDArray[np.float64]


def tables(seed: int, tracks: int, detections: int, gap: float = 0.3, size: float = 4.0) -> Array:
    rng = np.random.default_rng(seed)
    ratio = rng.normal(size=(tracks, detections)) * size
    ratio[rng.random((tracks, detections)) < gap] = -math.inf
    return ratio


def all_events(ratio: Array) -> Iterator[tuple[tuple[int, ...], float]]:
    """Yield (choice per track or -1, log weight) of every feasible joint event."""
    tracks, detections = ratio.shape
    for choice in itertools.product(range(-1, detections), repeat=tracks):
        used = [column for column in choice if column >= 0]
        if len(used) == len(set(used)):
            weight = sum(ratio[row, column] for row, column in enumerate(choice) if column >= 0)
            if weight > -math.inf:
                yield choice, weight


@pytest.mark.parametrize("seed", range(20))
def test_weights_are_the_marginals_of_all_joint_events(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ratio = tables(seed, int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    want, whole = np.zeros(ratio.shape), 0.0
    for choice, weight in all_events(ratio):
        whole += math.exp(weight)
        for row, column in enumerate(choice):
            if column >= 0:
                want[row, column] += math.exp(weight)
    np.testing.assert_allclose(association_weights(ratio), want / whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_the_best_assignment_is_the_best_joint_event(seed: int) -> None:
    ratio = tables(seed + 100, 3, 4)
    chosen = best_assignment(ratio)
    value = sum(ratio[row, column] for row, column in enumerate(chosen) if column >= 0)
    assert value == pytest.approx(max(weight for _, weight in all_events(ratio)))


@pytest.mark.parametrize("seed", range(10))
def test_large_assignments_agree_with_scipy(seed: int) -> None:
    ratio = tables(seed, 40, 60, gap=0.8)
    chosen = best_assignment(ratio)
    got = sum(ratio[row, column] for row, column in enumerate(chosen) if column >= 0)
    cost = np.hstack([np.where(np.isfinite(ratio), -ratio, 1e9), np.zeros((40, 40))])
    rows, columns = linear_sum_assignment(cost)
    assert got == pytest.approx(-float(cost[rows, columns].sum()))


def test_nothing_is_taken_that_is_worth_less_than_missing() -> None:
    np.testing.assert_array_equal(best_assignment(np.array([[-1.0, -math.inf], [2.0, -3.0]])), [-1, 0])
    np.testing.assert_array_equal(best_assignment(np.array([[-0.5]])), [-1])
    np.testing.assert_array_equal(best_assignment(np.array([[0.5, 3.0, 1.0]])), [1])


def test_extreme_ratios_neither_overflow_nor_vanish() -> None:
    weights = association_weights(np.array([[340.0, 1.0], [339.0, -700.0]]))
    assert np.isfinite(weights).all()
    assert weights.sum(axis=1).max() <= 1.0 + 1e-12
    assert weights[0, 0] + weights[1, 0] == pytest.approx(1.0)
    np.testing.assert_array_equal(association_weights(np.full((2, 2), -math.inf)), 0.0)


def marginals(ratio: Array) -> Array:
    """The exact weights of a table of few tracks and many detections: a sum over what the tracks before took."""
    tracks, detections = ratio.shape
    weights, whole = np.zeros(ratio.shape), 0.0
    for choice in itertools.product(range(-1, detections), repeat=tracks):
        used = [column for column in choice if column >= 0]
        if len(used) == len(set(used)):
            weight = math.exp(sum(ratio[row, column] for row, column in enumerate(choice) if column >= 0))
            whole += weight
            for row, column in enumerate(choice):
                if column >= 0:
                    weights[row, column] += weight
    return weights / whole


@pytest.mark.parametrize("seed", range(6))
def test_beliefs_of_a_large_cluster_are_near_the_exact_weights(seed: int) -> None:
    ratio = tables(seed, 4, MAX_EXACT_DETECTIONS + 1, gap=0.5)
    np.testing.assert_allclose(association_weights(ratio), marginals(ratio), atol=0.08)  # loops make it approximate


def test_beliefs_are_exact_where_nothing_loops() -> None:
    """A chain of tracks, each sharing one detection with the next, is a tree."""
    ratio = np.full((4, 12), -math.inf)
    for row in range(4):
        ratio[row, [row, row + 1, 6 + row]] = [2.0 + row, 5.0 - row, 1.0]
    ratio[0, 11] = -1.0
    np.testing.assert_allclose(association_weights(ratio), marginals(ratio), atol=1e-7)


def test_extreme_beliefs_neither_overflow_nor_vanish() -> None:
    ratio = np.full((3, 12), -math.inf)
    ratio[:2, 0] = 340.0, 339.0
    ratio[2, 1:] = -700.0
    weights = association_weights(ratio)
    assert np.isfinite(weights).all()
    assert weights[0, 0] + weights[1, 0] == pytest.approx(1.0, abs=1e-6)
    assert weights[0, 0] == pytest.approx(1.0 / (1.0 + math.exp(-1.0)), abs=1e-6)


def test_a_cluster_too_large_for_the_best_is_shared_out_in_turn() -> None:
    tracks = MAX_ASSIGNED + 1
    ratio = np.full((tracks, tracks), -math.inf)
    np.fill_diagonal(ratio, 3.0)
    ratio[:, 0] = 1.0
    chosen = best_assignment(ratio)
    np.testing.assert_array_equal(chosen, [0, *range(1, tracks)])


def test_a_shared_detection_is_shared() -> None:
    weights = association_weights(np.array([[5.0], [5.0]]))
    np.testing.assert_allclose(weights, weights[::-1])
    assert 0.45 < weights[0, 0] < 0.5


def shared(table: Array, second: Sequence[bool] | None = None) -> tuple[list[int], Array]:
    """Share out a whole table of log ratios."""
    tracks, detections = table.shape
    begin, columns = np.arange(tracks + 1) * detections, np.tile(np.arange(detections), tracks)
    taken, weight = np.empty(tracks, np.int64), np.empty(tracks)
    late = np.array(second if second is not None else [False] * tracks, np.bool_)
    share_out(begin, columns, np.ascontiguousarray(table).ravel(), late, detections, taken, weight)
    return taken.tolist(), weight


def groups(table: Array) -> Iterator[tuple[list[int], list[int]]]:
    """Tracks and detections that hang together by what is worth more than a miss, by a plain search."""
    left = {row for row in range(len(table)) if (table[row] > 0.0).any()}
    while left:
        rows, columns = {min(left)}, set[int]()
        while True:
            columns = {column for row in rows for column in np.flatnonzero(table[row] > 0.0).tolist()}
            more = {row for row in left if any(table[row, column] > 0.0 for column in columns)}
            if more == rows:
                break
            rows = more
        left -= rows
        yield sorted(rows), sorted(columns)


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12), st.floats(0.3, 0.95))
def test_each_cluster_is_shared_out_alone(seed: int, tracks: int, detections: int, gap: float) -> None:
    table = tables(seed, tracks, detections, gap=gap)
    taken, weight = shared(table)
    want, belief = [-1] * tracks, np.zeros(tracks)
    for rows, columns in groups(table):
        part = table[np.ix_(rows, columns)]
        weights = association_weights(part)
        for row, column in enumerate(best_assignment(part).tolist()):
            if column >= 0:
                want[rows[row]], belief[rows[row]] = columns[column], weights[row, column]
    assert taken == want
    np.testing.assert_allclose(weight, belief, atol=1e-12)


def test_tentative_tracks_choose_among_what_is_left() -> None:
    table = np.array([[9.0, 1.0], [2.0, -math.inf], [-math.inf, 8.0]])
    assert shared(table)[0] == [0, -1, 1]
    assert shared(table, [True, False, False])[0] == [-1, 0, 1]
    assert shared(table, [False, True, True])[0] == [0, -1, 1]


def test_nobody_and_nothing_is_shared_out() -> None:
    assert shared(np.zeros((0, 3)))[0] == []
    assert shared(np.zeros((2, 0)))[0] == [-1, -1]
    assert shared(np.full((2, 2), -math.inf))[0] == [-1, -1]


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 8), st.floats(0.1, 50.0))
def test_weights_are_probabilities(seed: int, tracks: int, detections: int, size: float) -> None:
    weights = association_weights(tables(seed, tracks, detections, size=size))
    assert (weights >= 0.0).all()
    assert weights.sum(axis=1).max() <= 1.0 + 1e-9
    assert weights.sum(axis=0).max() <= 1.0 + 1e-9
