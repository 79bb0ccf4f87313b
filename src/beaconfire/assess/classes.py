"""Class of capability, from a library of generic classes, with an explicit "unknown".

Evidence: the energy after burnout, as range on the path of least energy, is a *lower bound* that excludes lower classes
and says nothing against higher ones; the time from lift-off to burnout, against each entry's, 5 % apart from flight to
flight. Range and apogee flown are no evidence. "Unknown" is an entry of its own with any burn time, so that a type that
is not in the library moves the answer there.
"""

import math
from dataclasses import dataclass, field

from beaconfire.assess.library import Entry, Library, library
from beaconfire.kernel.records import CLASSES

_UNKNOWN = CLASSES.index("unknown")
_UNKNOWN_PRIOR = 0.06
UNKNOWN_BURN_S = (20.0, 600.0)  # of a type that is in no library
_UNKNOWN_DENSITY = 1.0 / math.log(UNKNOWN_BURN_S[1] / UNKNOWN_BURN_S[0])  # of ln burn, level between the two
BURN_SHARE = 0.06  # burn times differ by 5 % from the library's, loads and steering add a little
_REACH_SHARE = 0.06  # a class's longest range, known so well, and a computed lower bound
_LONG_TAIL = 0.02  # of a burn that is cut short


@dataclass(frozen=True, slots=True)
class ClassEvidence:
    """What is known for the class; None is not known.

    `burn_s` with `burn_sigma_s` is lift-off to burnout, `age_s` with `age_sigma_s` time under power so far, `over_s`
    with `over_sigma_s` the time after which thrust was surely over, `reach_m` the range of least energy. `classes` is
    the library that they are held against.
    """

    burn_s: float | None = None
    burn_sigma_s: float = 0.0
    age_s: float | None = None
    age_sigma_s: float = 0.0
    over_s: float | None = None
    over_sigma_s: float = 0.0
    reach_m: float = 0.0
    classes: Library = field(default_factory=library)


def entry_weights(evidence: ClassEvidence) -> tuple[tuple[float, ...], float]:
    """Return the probability of each library entry, and that of unknown."""
    weights = [entry.prior * (1.0 - _UNKNOWN_PRIOR) * _fit(entry, evidence) for entry in evidence.classes]
    unknown = _UNKNOWN_PRIOR * (_UNKNOWN_DENSITY if evidence.burn_s is not None else 0.5)
    total = sum(weights) + unknown
    return tuple(weight / total for weight in weights), unknown / total


def class_probabilities(evidence: ClassEvidence) -> tuple[float, ...]:
    """Return the vector over `CLASSES`."""
    weights, unknown = entry_weights(evidence)
    vector = [0.0] * len(CLASSES)
    for entry, weight in zip(evidence.classes, weights, strict=True):
        vector[entry.class_index] += weight
    vector[_UNKNOWN] = unknown
    return tuple(vector)


def _fit(entry: Entry, evidence: ClassEvidence) -> float:
    fit = _normal_cdf((entry.most_range_m - evidence.reach_m) / (_REACH_SHARE * entry.most_range_m))
    if evidence.burn_s is not None:
        sigma = math.hypot(BURN_SHARE, evidence.burn_sigma_s / evidence.burn_s)
        off = math.log(evidence.burn_s / entry.burn_s) / sigma
        fit *= math.exp(-0.5 * off * off) / (sigma * math.sqrt(2.0 * math.pi)) + _LONG_TAIL * (off < 0.0)
    elif evidence.age_s is not None and evidence.age_s > 1.0:
        sigma = math.hypot(BURN_SHARE, evidence.age_sigma_s / evidence.age_s)
        fit *= _normal_cdf(math.log(entry.burn_s / evidence.age_s) / sigma)
    elif evidence.over_s is not None:
        sigma = math.hypot(BURN_SHARE, evidence.over_sigma_s / evidence.over_s)
        fit *= _normal_cdf(math.log(evidence.over_s / entry.burn_s) / sigma)
    return fit


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))
