"""How far a state was moved: nothing for free flight, the square of the sigmas for a shift."""

import numpy as np
import pytest

from beaconfire.assess.moved import state_moved
from tests.assess.flights import flight, states

BETA_INVERSE = 1.0 / 5000.0


def two(gap_s: float) -> tuple[np.ndarray, np.ndarray]:
    flown = flight("srbm_solid", 400e3, 100e3)
    after_s = flown.burnouts_s[-1] + 20.0
    before, later = states(flown.path, np.array([after_s, after_s + gap_s]))
    return before, later


@pytest.mark.parametrize("gap_s", [0.0, 1.0, 3.0])
def test_free_flight_moves_nothing(gap_s: float) -> None:
    before, later = two(gap_s)
    covariance = np.diag([100.0] * 3 + [1.0] * 3 + [1.0] * 3)  # 10 m and 1 m/s
    # Two codes of gravity and air: centimetres in three seconds.
    assert state_moved(before, later, covariance, BETA_INVERSE, gap_s) < 1e-3


def test_a_shift_counts_in_squared_sigmas() -> None:
    before, later = two(2.0)
    covariance = np.diag([1e4] * 3 + [4.0] * 3 + [1.0] * 3)
    for index, shift, squares in ((0, 50.0, 0.25), (4, 4.0, 4.0), (7, 9.0, 0.0)):  # force does not count
        moved = state_moved(before, later + np.eye(9)[index] * shift, covariance, BETA_INVERSE, 2.0)
        assert moved == pytest.approx(squares, abs=0.02)


def test_a_covariance_that_is_none_is_no_reason_to_keep_anything() -> None:
    before, later = two(1.0)
    assert not state_moved(before, later, np.zeros((9, 9)), BETA_INVERSE, 1.0) <= 1.5
