"""Small dense symmetric algebra for code that runs in `step`, where no BLAS or LAPACK may: their bytes differ by build.

Matrices are C-contiguous float64 arrays of a few rows; every loop is written out, so the same input gives the
same bytes on one build whatever the machine's thread count. Row-by-row Cholesky after Golub & Van Loan, 4.2.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.jit import kernel, warmer


@kernel
def cholesky(matrix: NDArray[np.float64], lower: NDArray[np.float64]) -> bool:
    """Write the lower factor L of `matrix` = L·Lᵀ (n, n); False, with L undefined, if it is not positive definite."""
    n = matrix.shape[0]
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= lower[i, k] * lower[j, k]
            if i == j:
                if not total > 0.0:
                    return False
                lower[i, i] = math.sqrt(total)
            else:
                lower[i, j] = total / lower[j, j]
        for j in range(i + 1, n):
            lower[i, j] = 0.0
    return True


@kernel
def solve_lower(lower: NDArray[np.float64], right: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Write L⁻¹·right (n,) into `out`; `out` may be `right`."""
    for i in range(lower.shape[0]):
        total = right[i]
        for k in range(i):
            total -= lower[i, k] * out[k]
        out[i] = total / lower[i, i]


@kernel
def solve_upper(lower: NDArray[np.float64], right: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Write L⁻ᵀ·right (n,) into `out`; `out` may be `right`."""
    for i in range(lower.shape[0] - 1, -1, -1):
        total = right[i]
        for k in range(i + 1, lower.shape[0]):
            total -= lower[k, i] * out[k]
        out[i] = total / lower[i, i]


@kernel
def invert(matrix: NDArray[np.float64], out: NDArray[np.float64]) -> bool:
    """Write the inverse of a positive-definite `matrix` (n, n) into `out`; False if it is not one."""
    n = matrix.shape[0]
    lower = np.zeros((n, n))
    if not cholesky(matrix, lower):
        return False
    column = np.zeros(n)
    for j in range(n):
        column[:] = 0.0
        column[j] = 1.0
        solve_lower(lower, column, column)
        solve_upper(lower, column, column)
        for i in range(n):
            out[i, j] = column[i]
    for i in range(n):
        for j in range(i):
            out[i, j] = out[j, i] = 0.5 * (out[i, j] + out[j, i])
    return True


@kernel
def squared_distance(difference: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    """Return dᵀ·C⁻¹·d, the squared Mahalanobis distance; infinity if C (n, n) is not positive definite."""
    n = difference.shape[0]
    lower = np.zeros((n, n))
    if not cholesky(covariance, lower):
        return math.inf
    white = np.zeros(n)
    solve_lower(lower, difference, white)
    total = 0.0
    for i in range(n):
        total += white[i] * white[i]
    return total


@warmer
def _warm() -> None:
    matrix, out, vector = np.eye(6), np.zeros((6, 6)), np.ones(6)
    invert(matrix, out)
    cholesky(matrix, out)
    solve_lower(out, vector, vector)
    solve_upper(out, vector, vector)
    squared_distance(vector, matrix)
