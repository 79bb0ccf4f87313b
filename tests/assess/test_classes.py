"""Class of capability: energy excludes from below only, burn time tells apart, and what is in no book stays unknown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.assess.classes import ClassEvidence, class_probabilities, entry_weights
from beaconfire.assess.library import library
from beaconfire.kernel.records import CLASSES

SRBM, MRBM, IRBM, ICBM, SPACE, UNKNOWN = range(6)


def most(evidence: ClassEvidence) -> str:
    return CLASSES[int(np.argmax(class_probabilities(evidence)))]


def test_the_library_holds_every_class_and_priors_sum_to_one() -> None:
    assert {CLASSES[entry.class_index] for entry in library()} == set(CLASSES) - {"unknown"}
    assert sum(entry.prior for entry in library()) == pytest.approx(1.0)
    for entry in library():
        assert entry.stages.shape[1] == 3
        assert entry.burn_s == pytest.approx(float(entry.stages[:, 0].sum()))
        # An exhaust speed that its own acceleration does not use up: mass stays positive.
        assert np.all(entry.stages[:, 0] * entry.stages[:, 1] < 0.95 * entry.stages[:, 2])


@pytest.mark.parametrize(
    ("burn_s", "expected"), [(43.5, "SRBM"), (105.0, "MRBM"), (121.0, "IRBM"), (120.0, "IRBM"), (185.0, "ICBM")]
)
@pytest.mark.parametrize("factor", [0.97, 1.0, 1.03])
def test_burn_time_tells_the_class(burn_s: float, expected: str, factor: float) -> None:
    assert most(ClassEvidence(burn_s=burn_s * factor, burn_sigma_s=2.0)) == expected


def test_the_shipped_flight_of_january_is_at_least_medium_and_most_probably_intermediate() -> None:
    """120 s of burn known to 4 s, and a range of least energy of only 860 km (a depressed arc)."""
    p = class_probabilities(ClassEvidence(burn_s=120.0, burn_sigma_s=4.0, reach_m=860e3))
    assert p[MRBM] + p[IRBM] + p[ICBM] + p[SPACE] >= 0.95
    assert np.argmax(p) == IRBM


def test_a_lofted_flight_of_little_range_is_intercontinental() -> None:
    """6,050 km high: the same energy would carry it some 14,000 km."""
    p = class_probabilities(ClassEvidence(burn_s=186.0, burn_sigma_s=3.0, reach_m=14_000e3))
    assert p[ICBM] > 0.8


@given(st.floats(0.0, 19e6), st.floats(0.0, 19e6))
def test_energy_excludes_lower_classes_and_never_argues_against_higher_ones(first_m: float, second_m: float) -> None:
    low, high = sorted((first_m, second_m))
    a, b = (class_probabilities(ClassEvidence(reach_m=reach)) for reach in (low, high))
    assert b[SRBM] <= a[SRBM] + 1e-9
    assert b[ICBM] >= a[ICBM] - 1e-9


def test_a_burn_like_none_in_the_library_moves_to_unknown() -> None:
    p = class_probabilities(ClassEvidence(burn_s=240.0, burn_sigma_s=2.0, reach_m=2000e3))
    assert np.argmax(p) == UNKNOWN


def test_while_it_burns_shorter_classes_fall_away() -> None:
    early, late = (class_probabilities(ClassEvidence(age_s=age, age_sigma_s=3.0)) for age in (20.0, 90.0))
    assert early[SRBM] > 0.3
    assert late[SRBM] < 0.05
    assert late[ICBM] > early[ICBM]


def test_a_coast_so_early_excludes_longer_burns() -> None:
    p = class_probabilities(ClassEvidence(over_s=52.0, over_sigma_s=3.0))
    assert p[SRBM] > 0.8
    assert p[ICBM] < 0.01
    late = class_probabilities(ClassEvidence(over_s=400.0, over_sigma_s=20.0))
    assert late == pytest.approx(class_probabilities(ClassEvidence()), abs=0.05)


@given(
    st.none() | st.floats(5.0, 700.0), st.floats(0.0, 60.0), st.none() | st.floats(0.0, 700.0), st.floats(0.0, 2e7)
)  # fmt: skip
def test_probabilities_are_probabilities(
    burn_s: float | None, sigma_s: float, age_s: float | None, reach_m: float
) -> None:
    evidence = ClassEvidence(burn_s=burn_s, burn_sigma_s=sigma_s, age_s=age_s, age_sigma_s=sigma_s, reach_m=reach_m)
    p = class_probabilities(evidence)
    assert all(0.0 <= value <= 1.0 for value in p)
    assert sum(p) == pytest.approx(1.0)
    weights, unknown = entry_weights(evidence)
    assert sum(weights) + unknown == pytest.approx(1.0)
