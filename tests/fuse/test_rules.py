"""Rules of fusion against NumPy's algebra, SciPy's minimum, a whole Kalman filter, and what each promises."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from beaconfire.fuse import (
    add_information,
    covariance_intersection,
    information_gained,
    information_sum,
    inverse_covariance_intersection,
)
from beaconfire.kernel.errors import InvalidInput

Array = NDArray[np.float64]
Estimate = tuple[Array, Array]
Rule = Callable[[Estimate, Estimate], Estimate]

RULES: tuple[Rule, ...] = (information_sum, covariance_intersection, inverse_covariance_intersection)
# Units of a state: places of kilometres, speeds, and a parameter of the model.
SCALE = np.array([1e3] * 3 + [10.0] * 3 + [1e-4] * 3)
LEAST_TOLERANCE = 1e-6  # of the least variance: the weight is found to 1e-4 and the variance is flat there
ALGEBRA_TOLERANCE = 1e-9  # of ten decades between the units, worked on scaled
SEEDS = st.integers(0, 10_000)


def covariance(rng: np.random.Generator) -> Array:
    root = rng.normal(size=(9, 9)) + 2.0 * np.eye(9)
    return np.asarray(SCALE[:, None] * (root @ root.T) * SCALE[None, :])


def two(seed: int) -> tuple[Estimate, Estimate]:
    rng = np.random.default_rng(seed)
    return ((SCALE * rng.normal(size=9), covariance(rng)), (SCALE * rng.normal(size=9), covariance(rng)))


def inverse(matrix: Array) -> Array:
    white = np.outer(1.0 / SCALE, 1.0 / SCALE)
    return np.asarray(np.linalg.inv(matrix * white) * white)


def assert_near(found: Estimate, expected: Estimate, tolerance: float) -> None:
    np.testing.assert_allclose(found[0] / SCALE, expected[0] / SCALE, atol=tolerance * 10.0)
    both = np.outer(SCALE, SCALE)
    np.testing.assert_allclose(found[1] / both, expected[1] / both, atol=tolerance * 10.0)


def whitest(p: Array) -> float:
    """The least eigenvalue on scaled axes."""
    return float(np.linalg.eigvalsh(p / np.outer(SCALE, SCALE)).min())


@given(SEEDS)
def test_the_sum_is_the_sum_of_informations(seed: int) -> None:
    (x1, p1), (x2, p2) = two(seed)
    p = inverse(inverse(p1) + inverse(p2))
    expected = p @ (inverse(p1) @ x1 + inverse(p2) @ x2)
    assert_near(information_sum((x1, p1), (x2, p2)), (expected, p), 1e-7)


@given(SEEDS)
def test_covariance_intersection_has_the_least_variance_of_position(seed: int) -> None:
    (x1, p1), (x2, p2) = two(seed)
    a, b = inverse(p1), inverse(p2)
    least = minimize_scalar(
        lambda w: np.trace(inverse(w * a + (1 - w) * b)[:3, :3]), bounds=(0.0, 1.0), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    x, p = covariance_intersection((x1, p1), (x2, p2))
    assert np.trace(p[:3, :3]) <= least.fun * (1.0 + LEAST_TOLERANCE)
    w = least.x
    np.testing.assert_allclose((p - inverse(w * a + (1 - w) * b)) / np.outer(SCALE, SCALE), 0.0, atol=1e-2)
    assert np.isfinite(x).all()


@given(SEEDS)
def test_the_inverse_intersection_is_the_authors_formula(seed: int) -> None:
    (x1, p1), (x2, p2) = two(seed)
    a, b = inverse(p1), inverse(p2)

    def of(w: float) -> Array:
        return inverse(a + b - inverse(w * p1 + (1 - w) * p2))

    grid = min(float(np.trace(of(w)[:3, :3])) for w in np.linspace(0.001, 0.999, 200))
    _, p = inverse_covariance_intersection((x1, p1), (x2, p2))
    assert np.trace(p[:3, :3]) <= grid * (1.0 + LEAST_TOLERANCE)


@given(SEEDS)
def test_what_is_claimed_is_ordered_by_what_is_assumed(seed: int) -> None:
    """Nothing shared claims most, an unknown common part less, nothing known least and never more than either."""
    one, other = two(seed)
    sums, inverses, plain = (float(np.trace(rule(one, other)[1][:3, :3])) for rule in (RULES[0], RULES[2], RULES[1]))
    assert sums <= inverses * (1 + 1e-6)
    assert inverses <= plain * (1 + 1e-6)
    assert plain <= min(np.trace(one[1][:3, :3]), np.trace(other[1][:3, :3])) * (1 + 1e-6)


@pytest.mark.parametrize("rule", [covariance_intersection, inverse_covariance_intersection])
def test_the_same_twice_is_the_same(rule: Rule) -> None:
    one, _ = two(1)
    assert_near(rule(one, one), one, 1e-6)
    doubled = information_sum(one, one)
    np.testing.assert_allclose(doubled[1], one[1] / 2.0, rtol=1e-6, atol=0.0)  # the trap: it believes an echo


@given(SEEDS)
def test_a_common_prior_makes_the_sum_bold_and_no_intersection(seed: int) -> None:
    """Two estimates of one prior and a look each: the real error of each answer, by algebra, against what it claims."""
    rng = np.random.default_rng(seed)
    prior, looks = covariance(rng), (covariance(rng), covariance(rng))
    posts = [inverse(inverse(prior) + inverse(look)) for look in looks]
    cross = posts[0] @ inverse(prior) @ posts[1].T  # the part of both errors that is the prior's
    joint = np.block([[posts[0], cross], [cross.T, posts[1]]])
    zero = np.zeros(9)
    for rule in (covariance_intersection, inverse_covariance_intersection):
        gains = np.column_stack(
            [rule((SCALE[n] * np.eye(9)[n], posts[0]), (zero, posts[1]))[0] / SCALE[n] for n in range(9)]
            + [rule((zero, posts[0]), (SCALE[n] * np.eye(9)[n], posts[1]))[0] / SCALE[n] for n in range(9)]
        )
        claimed = rule((zero, posts[0]), (zero, posts[1]))[1]
        real = gains @ joint @ gains.T
        assert whitest(claimed - real) > -1e-4 * float(np.trace(claimed / np.outer(SCALE, SCALE)))


def test_tracklets_of_two_filters_are_one_filter_with_both_looks() -> None:
    rng = np.random.default_rng(5)
    before = (SCALE * rng.normal(size=9), covariance(rng))
    h = np.hstack([np.eye(3), np.zeros((3, 6))])
    r = np.diag([50.0**2, 80.0**2, 60.0**2])

    def after(estimate: Estimate, z: Array) -> Estimate:
        x, p = estimate
        gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + r)
        return x + gain @ (z - h @ x), p - gain @ h @ p

    looks = [before[0][:3] + rng.normal(size=3) * 300.0 for _ in range(2)]
    gained = [information_gained(before, after(before, look)) for look in looks]
    both = after(after(before, looks[0]), looks[1])
    assert_near(add_information(before, *gained), both, 1e-6)


def test_nothing_gained_changes_nothing() -> None:
    one, _ = two(3)
    assert_near(add_information(one), one, 1e-7)
    assert_near(add_information(one, information_gained(one, one)), one, 1e-7)


@pytest.mark.parametrize("size", [1, 3, 6])
@pytest.mark.parametrize("rule", RULES)
def test_states_of_any_size(rule: Rule, size: int) -> None:
    x, p = rule((np.zeros(size), np.eye(size)), (np.ones(size), 3.0 * np.eye(size)))
    assert x.shape == (size,)
    assert (p <= np.eye(size) * (1 + 1e-6)).all()


@pytest.mark.parametrize("rule", [*RULES, information_gained])
def test_what_is_no_estimate_is_refused_by_name(rule: Rule) -> None:
    one, _ = two(1)
    with pytest.raises(InvalidInput, match=r"first: has shapes \(9,\) and \(6, 6\)"):
        rule((one[0], np.eye(6)), one)
    with pytest.raises(InvalidInput, match="second: has 6 numbers; expected 9"):
        rule(one, (np.zeros(6), np.eye(6)))
    with pytest.raises(InvalidInput, match="first: has a mean that is not finite"):
        rule((np.full(9, np.nan), one[1]), one)
    for wrong in (np.zeros((9, 9)), -one[1], np.full((9, 9), np.nan), np.ones((9, 9))):
        with pytest.raises(InvalidInput, match="not positive definite"):
            rule(one, (one[0], wrong))


def test_gains_of_another_size_and_gains_that_take_everything_are_refused() -> None:
    one, other = two(1)
    with pytest.raises(InvalidInput, match=r"gained\[0\]: has shape \(6, 6\)"):
        add_information(one, (np.zeros(6), np.eye(6)))
    lost = information_gained((one[0], one[1] * 0.1), other)  # less is known after than before
    with pytest.raises(InvalidInput, match="not positive definite"):
        add_information((one[0], one[1] * 10.0), lost)
