"""How long it may still burn: a mixture over the classes that are still possible, with a thrust that fails.

A class burns within some percent of its library time, surely longer than it has burnt already, and no longer than the
thrust of the moment needs to its longest range; "unknown" burns anything up to ten minutes. A few in a hundred fail,
at any moment of what is left: what falls short falls on the way. The trap avoided: a short-range class that would, at
the thrust that is seen, burn itself into an orbit.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.assess.burn import STEP_S, burn_energies
from beaconfire.assess.classes import BURN_SHARE, UNKNOWN_BURN_S, ClassEvidence, entry_weights
from beaconfire.assess.library import Entry
from beaconfire.earth import GRAVITATIONAL_PARAMETER_M3_S2, MEAN_RADIUS_M
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.kernel.records import CLASSES, Array

_FAILURE_P = 0.05  # of what is still to burn: the order of failures in the public record of tests and space launches
_POINTS = 96
_BEYOND_SIGMAS = 3.0
_LEAST_WEIGHT = 1e-4
_LONGEST_AIM_M = 15000e3  # no missile is aimed farther, whatever its class allows
_ORBIT_M = math.pi * MEAN_RADIUS_M  # half round the Earth takes the speed of a circular orbit
_SPACE = CLASSES.index("space_launch")


def burn_quantiles(
    evidence: ClassEvidence, shares: Array, *, state: Array, thrust_m_s2: float, exhaust_m_s: float
) -> Array:
    """The remaining burns (N,) in s, ascending, below which lie the given shares (N,), ascending, of probability.

    `state` (6,) is ECEF; thrust goes on along the velocity.
    """
    age_s = max(evidence.age_s or 0.0, 0.0)
    sigma = math.hypot(BURN_SHARE, evidence.age_sigma_s / age_s) if age_s > 1.0 else BURN_SHARE
    weights, unknown = entry_weights(evidence)
    rows = [(entry, weight) for entry, weight in zip(evidence.classes, weights, strict=True) if weight > _LEAST_WEIGHT]
    longest_s = max((entry.burn_s * math.exp(_BEYOND_SIGMAS * sigma) for entry, _ in rows), default=0.0)
    top_s = max(longest_s - age_s, UNKNOWN_BURN_S[1] - age_s, STEP_S)
    energies = burn_energies(state, thrust_m_s2, exhaust_m_s, top_s)
    table = [(entry.burn_s, _most_left_s(_aim_m(entry), energies), weight) for entry, weight in rows]
    burns = top_s * (np.arange(_POINTS) / (_POINTS - 1.0)) ** 2
    below = np.zeros(_POINTS)
    _mix(np.array(table).reshape(-1, 3), age_s, sigma, burns, below)
    below += unknown * _unknown_below(age_s, burns, _most_left_s(_ORBIT_M, energies))
    return np.interp(shares, below / below[-1], burns)


def _aim_m(entry: Entry) -> float:
    return _ORBIT_M if entry.class_index == _SPACE else min(entry.most_range_m, _LONGEST_AIM_M)


def _most_left_s(range_m: float, energies: Array) -> float:
    """When the burn has the energy for such a range: that of the path of least energy, as if all were speed."""
    half = math.sin(min(0.5 * range_m / MEAN_RADIUS_M, 0.5 * math.pi))
    needed = GRAVITATIONAL_PARAMETER_M3_S2 / MEAN_RADIUS_M * (half / (1.0 + half) - 1.0)
    return STEP_S * float(np.searchsorted(energies, needed))


@kernel
def _mix(
    table: NDArray[np.float64], age: float, sigma: float, burns: NDArray[np.float64], below: NDArray[np.float64]
) -> None:
    """Add each class's probability of ending within `burns`; `table` rows are burn s, most left s, weight."""
    scale = 1.0 / (sigma * math.sqrt(2.0))
    for row in range(table.shape[0]):
        burn, most, weight = table[row, 0], table[row, 1], table[row, 2]
        still = max(math.erfc(math.log(max(age, 1e-3) / burn) * scale), 1e-12)
        left = max(min(burn - age, most), 1.0)
        for i in range(burns.shape[0]):
            ends = 1.0
            if burns[i] < most:
                ends -= math.erfc(math.log(max(age + burns[i], 1e-3) / burn) * scale) / still
            below[i] += weight * ((1.0 - _FAILURE_P) * ends + _FAILURE_P * min(burns[i] / left, 1.0))


def _unknown_below(age_s: float, burns_s: Array, most_s: float) -> Array:
    """The same for an unknown type, whose burn is level in its logarithm between the shortest and the longest."""
    shortest_s, longest_s = UNKNOWN_BURN_S
    low_s = max(age_s, shortest_s)
    if low_s >= longest_s:
        return np.ones_like(burns_s)
    share = np.log(np.maximum(age_s + burns_s, low_s) / low_s) / math.log(longest_s / low_s)
    return np.where(burns_s < most_s, np.minimum(share, 1.0), 1.0)


@warmer
def _warm() -> None:
    _mix(np.array([[60.0, 30.0, 1.0]]), 20.0, 0.06, np.array([0.0, 10.0]), np.zeros(2))
