"""The remaining burn: quantiles against a simulation of the same mixture, and what bounds it."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from beaconfire.assess.classes import ClassEvidence, entry_weights
from beaconfire.assess.library import library
from beaconfire.assess.remaining import burn_quantiles
from beaconfire.kernel.records import CLASSES
from tests.assess.flights import flight, states

SHARES = np.linspace(0.02, 0.98, 49)
WEAK, STRONG = 3.0, 60.0  # m/s²: no class gets too fast with the one, the short-range ones at once with the other


def quantiles(age_s: float | None, thrust_m_s2: float, shares: np.ndarray = SHARES, at_s: float = 35.0) -> np.ndarray:
    state = states(flight("mrbm_solid", 1500e3, 400e3).path, np.array([at_s]))[0, :6].copy()
    evidence = ClassEvidence(age_s=age_s, age_sigma_s=2.0)
    return burn_quantiles(evidence, shares, state=state, thrust_m_s2=thrust_m_s2, exhaust_m_s=2650.0)


@pytest.mark.parametrize("age_s", [30.0, 80.0, 150.0])
def test_quantiles_are_those_of_a_simulation(age_s: float) -> None:
    """200,000 draws of class, burn and failure; thrust too weak to be bounded by range."""
    rng = np.random.default_rng(3)
    evidence = ClassEvidence(age_s=age_s, age_sigma_s=2.0)
    weights, unknown = entry_weights(evidence)
    burns = np.array([entry.burn_s for entry in library()])
    which = rng.choice(len(burns) + 1, p=[*weights, unknown], size=200_000)
    left = np.empty(which.size)
    sigma = math.hypot(0.06, 2.0 / age_s)
    for index, burn_s in enumerate(burns):
        mine = which == index
        low = norm.cdf(math.log(age_s / burn_s) / sigma)
        draws = burn_s * np.exp(sigma * norm.ppf(rng.uniform(low, 1.0, mine.sum()))) - age_s
        fails = rng.random(mine.sum()) < 0.05
        left[mine] = np.where(fails, rng.uniform(0.0, max(burn_s - age_s, 1.0), mine.sum()), draws)
    mine = which == len(burns)
    left[mine] = np.exp(rng.uniform(math.log(max(age_s, 20.0)), math.log(600.0), mine.sum())) - age_s
    below = np.searchsorted(np.sort(left), quantiles(age_s, WEAK)) / left.size
    # In shares: Monte Carlo is 0.001, the grid's linear pieces where the density is high the rest.
    assert below == pytest.approx(SHARES, abs=0.03)


def test_quantiles_ascend_and_are_none_before_now() -> None:
    for age_s in (None, 5.0, 40.0, 170.0, 400.0, 700.0):
        burns = quantiles(age_s, 25.0)
        assert np.all(np.diff(burns) >= 0.0)
        assert burns[0] >= 0.0
        assert burns[-1] <= 620.0


def test_a_strong_thrust_gets_a_short_range_class_to_its_range_early() -> None:
    """With 60 m/s² the energy for 1,000 km is there in half a minute, whatever the class's burn time."""
    most_likely = [entry for entry in library() if CLASSES[entry.class_index] == "SRBM"]
    assert sum(entry.prior for entry in most_likely) > 0.3
    assert np.median(quantiles(20.0, STRONG)) < np.median(quantiles(20.0, WEAK))
    assert quantiles(20.0, STRONG)[-1] < 80.0  # mass would be gone, or an orbit reached


def test_a_flight_faster_than_a_class_aims_may_end_now() -> None:
    burns = quantiles(42.0, 25.0, at_s=104.0)
    assert burns[0] == pytest.approx(0.0, abs=2.0)
