"""A sensor's noise against what it says: the median tells, and is not misled by a few."""

import numpy as np
import pytest
from scipy.stats import chi2

from beaconfire.track.gate import GATES
from beaconfire.track.health import Health


def looks(count: int, *, understated: float, seed: int = 1, rows: int = 4) -> np.ndarray:
    """Shares of the gate of looks whose true noise is so many times what is stated."""
    drawn = chi2(rows).rvs(count, random_state=np.random.default_rng(seed))
    return np.asarray(drawn * understated**2 / GATES[rows - 1])


def heard(health: Health, understated: float, scans: int = 60) -> None:
    """Scans of ten looks each, as they lie once the widening of the moment is taken into account."""
    for seed in range(scans):
        health.take("R", looks(10, understated=understated / health.factor("R"), seed=seed))


@pytest.mark.parametrize("rows", [2, 3, 4])
def test_an_honest_sensor_is_believed(rows: int) -> None:
    health = Health()
    for seed in range(100):
        health.take("R", looks(10, understated=1.0, seed=seed, rows=rows))
    assert health.doubted == {} and health.drain_news() == {}


@pytest.mark.parametrize(("understated", "least", "most"), [(3.0, 2.0, 4.0), (10.0, 4.0, 16.0), (1e3, 16.0, 16.0)])
def test_an_understated_noise_is_widened_to_about_what_it_is(understated: float, least: float, most: float) -> None:
    health = Health()
    heard(health, understated)
    assert least <= health.doubted["R"] <= most
    assert health.factor("other") == 1.0


def test_a_sensor_that_was_mended_is_believed_again() -> None:
    health = Health()
    heard(health, 10.0)
    assert set(health.drain_news()) == {"R"} and health.drain_news() == {}
    heard(health, 1.0)
    assert health.doubted == {} and health.drain_news() == {"R": 1.0}


def test_a_third_of_looks_that_lie_does_no_harm() -> None:
    """Manoeuvres, false alarms, a track that strays."""
    health = Health()
    for seed in range(60):
        shares = looks(12, understated=1.0, seed=seed)
        shares[:4] = 1e3
        health.take("R", shares)
    assert health.doubted == {}


def test_few_looks_are_no_verdict_and_a_copy_goes_its_own_way() -> None:
    health = Health()
    health.take("R", np.full(59, 50.0))
    assert health.doubted == {}
    other = health.copy()
    health.take("R", np.full(1, 50.0))
    assert health.doubted == {"R": 2.0} and other.doubted == {}
    other.take("R", np.full(1, 50.0))
    assert other.doubted == health.doubted
