"""The bound is a bound: it equals the Kalman filter's covariance where that is optimal, and nobody stays below it."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import block_diag

from beaconfire.rehearse.bench import bound
from beaconfire.rehearse.bench.bound import UPDATES, efficiency
from beaconfire.track import ModelName
from beaconfire.track.models import STATE

# A root mean square over 150 runs of some three independent parts scatters by a twentieth: four of those.
SCATTER = 0.2


def quiet(_done: int, _total: int) -> None:
    """Nobody watches."""


def test_for_a_linear_system_the_bound_is_the_kalman_filters_covariance() -> None:
    dt, chance = 0.7, np.random.default_rng(3)
    one = np.array([[1.0, dt, dt * dt / 2], [0.0, 1.0, dt], [0.0, 0.0, 1.0]])
    transition = block_diag(one, one, one)
    spread = chance.normal(size=(STATE, STATE))
    noise = spread @ spread.T + np.eye(STATE)
    seen_by = chance.normal(size=(4, STATE))
    r = np.diag([0.5, 1.0, 2.0, 4.0])
    averages = bound._Averages(1)
    p: NDArray[np.float64] = 9.0 * np.eye(STATE)
    start = np.eye(STATE) / 9.0
    for update in range(UPDATES):
        averages.add(update, transition, noise, seen_by.T @ np.linalg.solve(r, seen_by))
        p = transition @ p @ transition.T + noise
        gain = np.linalg.solve(seen_by @ p @ seen_by.T + r, seen_by @ p).T
        p = (np.eye(STATE) - gain @ seen_by) @ p
    np.testing.assert_allclose(averages.bound(start), p, rtol=1e-6)


@pytest.mark.parametrize(("name", "most"), [("ballistic", 1.05), ("boost", 1.5), ("glide", 1.5)])
def test_filters_come_near_the_bound_and_not_below(name: ModelName, most: float) -> None:
    found = efficiency(name, runs=150, seed=11, progress=quiet)
    assert 1.0 - SCATTER < found.position < most + SCATTER
    assert 1.0 - SCATTER < found.velocity < most + SCATTER


def test_the_same_seed_gives_the_same_figures() -> None:
    assert efficiency("ballistic", runs=5, seed=2, progress=quiet) == efficiency(
        "ballistic", runs=5, seed=2, progress=quiet
    )


def test_progress_goes_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    efficiency("glide", runs=3, seed=2, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_transition_is_that_of_free_motion_for_a_short_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bound, "PERIOD_S", 0.01)
    centre, _ = bound._start("ballistic")
    found = bound._transition("ballistic", centre)
    np.testing.assert_allclose(found[:3, 3:6], 0.01 * np.eye(3), atol=1e-5)
    np.testing.assert_allclose(found[:3, :3], np.eye(3), atol=1e-5)
