"""Small dense algebra against NumPy's LAPACK (which may be used here: this is not `step`)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from beaconfire.earth.linear import cholesky, invert, solve_lower, solve_upper, squared_distance

# Backward error of a 9×9 Cholesky solve: n·ε times the condition number, which `spread` bounds by 1e8.
RELATIVE_TOLERANCE = 9 * np.finfo(float).eps * 1e8


def positive_definite(seed: int, n: int, spread: float) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.normal(size=(n, n)))
    return np.ascontiguousarray(basis @ np.diag(np.geomspace(1.0, spread, n)) @ basis.T)


@given(st.integers(0, 10_000), st.integers(1, 9))
def test_factor_inverse_and_distance_agree_with_lapack(seed: int, n: int) -> None:
    matrix = positive_definite(seed, n, 1e8 if n > 1 else 1.0)
    lower, inverse = np.full((n, n), np.nan), np.zeros((n, n))
    vector = np.random.default_rng(seed + 1).normal(size=n)
    assert cholesky(matrix, lower)
    np.testing.assert_allclose(lower @ lower.T, matrix, rtol=1e-9, atol=1e-9 * np.abs(matrix).max())
    assert invert(matrix, inverse)
    np.testing.assert_allclose(inverse @ matrix, np.eye(n), atol=RELATIVE_TOLERANCE)
    assert np.array_equal(inverse, inverse.T)
    expected = float(vector @ np.linalg.solve(matrix, vector))
    assert math.isclose(squared_distance(vector, matrix), expected, rel_tol=RELATIVE_TOLERANCE)


def test_triangular_solves_may_work_in_place() -> None:
    matrix = positive_definite(3, 6, 1e4)
    lower, vector = np.zeros((6, 6)), np.arange(1.0, 7.0)
    assert cholesky(matrix, lower)
    solve_lower(lower, vector, vector)
    solve_upper(lower, vector, vector)
    np.testing.assert_allclose(vector, np.linalg.solve(matrix, np.arange(1.0, 7.0)), rtol=1e-10)


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((3, 3)),
        -np.eye(3),
        np.diag([1.0, 0.0, 1.0]),
        np.array([[1.0, 2.0], [2.0, 1.0]]),
        np.full((2, 2), np.nan),
    ],
)
def test_what_is_not_positive_definite_is_said(matrix: NDArray[np.float64]) -> None:
    n = matrix.shape[0]
    assert not cholesky(matrix, np.zeros((n, n)))
    assert not invert(matrix, np.zeros((n, n)))
    assert squared_distance(np.ones(n), matrix) == math.inf
