"""Association against brute force: every joint event enumerated, every assignment tried."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from beaconfire.track import association_weights
from beaconfire.track.associate import MAX_EXACT_DETECTIONS, best_assignment, clusters

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


def test_a_large_cluster_falls_back_to_the_best_assignment() -> None:
    detections = MAX_EXACT_DETECTIONS + 1
    ratio = tables(7, 5, detections, gap=0.2)
    weights = association_weights(ratio)
    assert set(np.unique(weights)) <= {0.0, 1.0}
    chosen = best_assignment(ratio)
    np.testing.assert_array_equal(np.flatnonzero(weights.sum(axis=1)), np.flatnonzero(chosen >= 0))


def test_a_shared_detection_is_shared() -> None:
    weights = association_weights(np.array([[5.0], [5.0]]))
    np.testing.assert_allclose(weights, weights[::-1])
    assert 0.45 < weights[0, 0] < 0.5


def test_clusters_are_the_connected_groups() -> None:
    allowed = np.zeros((6, 7), np.bool_)
    for row, column in [(0, 0), (0, 1), (2, 1), (3, 4), (5, 6), (5, 4)]:
        allowed[row, column] = True
    groups = [(rows.tolist(), columns.tolist()) for rows, columns in clusters(allowed)]
    assert groups == [([0, 2], [0, 1]), ([3, 5], [4, 6])]


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12), st.floats(0.5, 0.99))
def test_clusters_partition_what_is_allowed(seed: int, tracks: int, detections: int, gap: float) -> None:
    allowed = np.random.default_rng(seed).random((tracks, detections)) > gap
    seen_rows, seen_columns = [], []
    for rows, columns in clusters(allowed):
        assert allowed[np.ix_(rows, columns)].any(axis=0).all() and allowed[np.ix_(rows, columns)].any(axis=1).all()
        seen_rows.extend(rows.tolist())
        seen_columns.extend(columns.tolist())
    assert sorted(seen_rows) == np.flatnonzero(allowed.any(axis=1)).tolist()
    assert sorted(seen_columns) == np.flatnonzero(allowed.any(axis=0)).tolist()


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 8), st.floats(0.1, 50.0))
def test_weights_are_probabilities(seed: int, tracks: int, detections: int, size: float) -> None:
    weights = association_weights(tables(seed, tracks, detections, size=size))
    assert (weights >= 0.0).all()
    assert weights.sum(axis=1).max() <= 1.0 + 1e-9
    assert weights.sum(axis=0).max() <= 1.0 + 1e-9
