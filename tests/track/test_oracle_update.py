"""One measurement into a bank against the textbook's joint update; ten thousand updates must leave covariances."""

import math
from functools import partial

import numpy as np
import pytest

from beaconfire.earth.observe import KIND_CODES, whitening
from beaconfire.track.bank import BIASES
from beaconfire.track.plausible import plausibility
from beaconfire.track.update import update_bank
from tests.track import oracle
from tests.track.oracle import BOOST, Array, Site

SITE = Site(36.6, 127.4, 300.0)
SIGMAS = np.array([30.0, 1e-3, 1e-3, 2.0])
SPREAD = np.array([200.0, 200.0, 200.0, 20.0, 20.0, 20.0, 3.0, 3.0, 3.0])
REL = 2e-5  # of a standard deviation: numerical derivatives at 20 m and 300 km


def scene(seed: int, *, range_m: float = 300e3) -> tuple[Array, Array, np.random.Generator]:
    """A prior about a state seen from the site, and its generator."""
    rng = np.random.default_rng(seed)
    place = SITE.state(rng.uniform(0, 2 * math.pi), rng.uniform(0.1, 1.3), range_m)
    x = np.concatenate([place, rng.normal(size=3) * 1500.0, rng.normal(size=3)])
    return x, oracle.spd(rng, SPREAD), rng


def radar_values(x: Array, rng: np.random.Generator, noise: Array = SIGMAS) -> Array:
    return SITE.radar(x) + rng.normal(size=4) * noise


def run(
    x: Array, p: Array, kind: str, values: Array, sigmas: Array, *, site: Array, axes: Array | None = None,
    whitener: Array | None = None, weights: Array | None = None, bias: Array | None = None, first: int = -1,
    c: Array | None = None, thrusting: bool = False,
) -> tuple[Array, Array, Array, float]:  # fmt: skip
    """The engine's update of four equal models; returns the first model's part, the weights and the likelihood."""
    bank_x, bank_p = np.tile(x, (4, 1)), np.tile(p, (4, 1, 1))
    bank_c = np.zeros((4, 9, BIASES)) if c is None else np.tile(c, (4, 1, 1))
    share = np.full(4, 0.25) if weights is None else weights.copy()
    full = np.full(6, math.nan)
    full[: len(values)] = values
    wide = np.ones(4)
    wide[: len(sigmas)] = sigmas
    likelihood = update_bank(
        bank_x, bank_p, bank_c, 0 if first < 0 else 3, share, KIND_CODES[kind], full, wide, site,
        np.eye(3) if axes is None else np.ascontiguousarray(axes), np.eye(6) if whitener is None else whitener, 0.0,
        np.zeros(3) if bias is None else bias, first, thrusting,
    )  # fmt: skip
    for j in range(1, 4):
        np.testing.assert_array_equal(bank_x[j], bank_x[0])
    if c is not None:
        c[:] = bank_c[0]
    return bank_x[0], bank_p[0], share, likelihood


def same(got: tuple[Array, Array], want: tuple[Array, Array], *, rel: float = REL) -> None:
    scale = np.sqrt(np.diag(want[1]))
    np.testing.assert_allclose((got[0] - want[0]) / scale, 0.0, atol=rel * 10)
    np.testing.assert_allclose((got[1] - want[1]) / np.outer(scale, scale), 0.0, atol=rel)


@pytest.mark.parametrize("seed", range(12))
def test_a_radar_row_is_the_joint_update(seed: int) -> None:
    x, p, rng = scene(seed)
    values = radar_values(x + np.linalg.cholesky(p) @ rng.normal(size=9), rng)
    y = oracle.radar_rows(values, SITE, x)
    h = -oracle.jacobian(lambda s: oracle.radar_rows(values, SITE, s), x, oracle.steps_of(BOOST))
    r = np.diag((SIGMAS * np.array([1.0, math.cos(values[2]), 1.0, 1.0])) ** 2)
    want_x, want_p, want_likelihood, _ = oracle.update(x, p, y, h, r)
    got_x, got_p, _, likelihood = run(x, p, "radar", values, SIGMAS, site=SITE.place, axes=SITE.axes)
    same((got_x, got_p), (want_x, want_p))
    assert likelihood == pytest.approx(want_likelihood, abs=2e-3)


@pytest.mark.parametrize("seed", range(8))
def test_a_radar_row_is_nearly_the_update_in_its_own_angles(seed: int) -> None:
    """Azimuth and elevation themselves instead of the tangent plane: the same to second order of small angles."""
    x, p, rng = scene(seed)
    values = radar_values(x + 0.5 * np.linalg.cholesky(p) @ rng.normal(size=9), rng)
    y = oracle.wrapped(values - SITE.radar(x))
    h = oracle.jacobian(SITE.radar, x, oracle.steps_of(BOOST))
    want_x, want_p, _, _ = oracle.update(x, p, y, h, np.diag(SIGMAS**2))
    got_x, got_p, _, _ = run(x, p, "radar", values, SIGMAS, site=SITE.place, axes=SITE.axes)
    same((got_x, got_p), (want_x, want_p), rel=2e-2)


@pytest.mark.parametrize("gone", [(0,), (3,), (0, 3), (1, 2), (1, 2, 3), (0, 1, 2)])
def test_a_partial_row_is_the_joint_update_of_what_is_left(gone: tuple[int, ...]) -> None:
    x, p, rng = scene(3)
    values = radar_values(x + np.linalg.cholesky(p) @ rng.normal(size=9), rng)
    left = [n for n in range(4) if n not in gone]
    y = oracle.radar_rows(values, SITE, x)[left]
    h = -oracle.jacobian(lambda s: oracle.radar_rows(values, SITE, s), x, oracle.steps_of(BOOST))[left]
    r = np.diag((SIGMAS * np.array([1.0, math.cos(values[2]), 1.0, 1.0])) ** 2)[np.ix_(left, left)]
    want_x, want_p, want_likelihood, _ = oracle.update(x, p, y, h, r)
    rest = values.copy()
    rest[list(gone)] = math.nan
    got_x, got_p, _, likelihood = run(x, p, "radar", rest, SIGMAS, site=SITE.place, axes=SITE.axes)
    same((got_x, got_p), (want_x, want_p))
    assert likelihood == pytest.approx(want_likelihood, abs=2e-3)


@pytest.mark.parametrize("seed", range(8))
def test_a_line_of_sight_is_the_joint_update(seed: int) -> None:
    x, p, rng = scene(seed)
    p = p * 25.0
    site = np.array([-2.1e7, 3.65e7, 0.0])
    line = x[:3] + 500.0 * rng.normal(size=3) - site
    u = line / np.linalg.norm(line)
    y = oracle.line_rows(u, site, x)
    h = -oracle.jacobian(lambda s: oracle.line_rows(u, site, s), x, oracle.steps_of(BOOST))
    want_x, want_p, want_likelihood, _ = oracle.update(x, p, y, h, np.eye(2) * 3e-5**2)
    got_x, got_p, _, likelihood = run(x, p, "los", u, np.array([3e-5]), site=site)
    same((got_x, got_p), (want_x, want_p))
    assert likelihood == pytest.approx(want_likelihood, abs=2e-3)


@pytest.mark.parametrize("open_m", [1e3, 300e3, 1e8])
def test_a_tracklet_open_in_one_direction_is_the_joint_update(open_m: float) -> None:
    """300 km and 3 km/s, or the most the wire lets in, along one direction; metres across it."""
    x, p, rng = scene(5)
    axis = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    spread = axis @ np.diag(np.array([20.0, 30.0, 25.0, open_m, open_m / 100.0, 2.0]) ** 2) @ axis.T
    spread = 0.5 * (spread + spread.T)
    whitener = np.zeros((6, 6))
    assert whitening(np.ascontiguousarray(spread), whitener)
    values = x[:6] + np.array([15.0, -20.0, 30.0, 3.0, -2.0, 1.0])
    h = np.hstack([np.eye(6), np.zeros((6, 3))])
    want_x, want_p, want_likelihood, _ = oracle.update(x, p, values - x[:6], h, spread)
    got_x, got_p, _, likelihood = run(x, p, "state", values, np.ones(4), site=np.zeros(3), whitener=whitener)
    # The eigenvalues span (open / 2)^2: their digits are lost before any filter sees them.
    same((got_x, got_p), (want_x, want_p), rel=max(REL, 1e-15 * (open_m / 2.0) ** 2))
    if open_m <= 300e3:  # the engine's likelihood is per whitened unit
        log_det = float(np.log(np.diag(np.linalg.cholesky(spread))).sum())
        assert likelihood - log_det == pytest.approx(want_likelihood, abs=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_constant_errors_are_schmidt_s_consider_states(seed: int) -> None:
    """Against a dense filter of 12 states whose gain for the three constant errors is struck out, row by row."""
    x, p, rng = scene(seed)
    bias = np.array([20.0, 4e-4, 6e-4])
    c = np.zeros((9, BIASES))
    joint_x, joint = x.copy(), np.zeros((12, 12))
    joint[:9, :9], joint[9:, 9:] = p, np.eye(3)
    for _ in range(4):
        values = radar_values(x, rng)
        y0 = oracle.radar_rows(values, SITE, joint_x)
        at = joint_x.copy()
        h9 = -oracle.jacobian(partial(oracle.radar_rows, values, SITE), at, oracle.steps_of(BOOST))
        lean = np.array([1.0, math.cos(values[2]), 1.0, 1.0])
        r = (SIGMAS * lean) ** 2
        for row in range(4):
            e = np.zeros(3)
            if row < 3:
                e[row] = bias[row] * lean[row]
            h = np.concatenate([h9[row], e])
            residual = y0[row] - h9[row] @ (joint_x - at)
            gain = joint @ h / (h @ joint @ h + r[row])
            gain[9:] = 0.0
            keep = np.eye(12) - np.outer(gain, h)
            joint = keep @ joint @ keep.T + r[row] * np.outer(gain, gain)
            joint_x = joint_x + gain[:9] * residual
        total = np.hypot(SIGMAS, np.append(bias, 0.0))
        x, p, _, _ = run(x, p, "radar", values, total, site=SITE.place, axes=SITE.axes, bias=bias, first=0, c=c)
    same((x, p), (joint_x, joint[:9, :9]), rel=1e-3)
    scale = np.sqrt(np.diag(joint[:9, :9]))[:, None]
    np.testing.assert_allclose(c[:, :3] / scale, joint[:9, 9:] / scale, atol=1e-3)
    np.testing.assert_array_equal(c[:, 3:], 0.0)


def test_mode_probabilities_are_bayes_rule_with_the_soft_limits() -> None:
    """Four models of different spread: posterior odds are prior odds times likelihood times plausibility."""
    x, p, rng = scene(9)
    values = radar_values(x + 2.0 * np.linalg.cholesky(p) @ rng.normal(size=9), rng)
    prior = np.array([0.4, 0.3, 0.2, 0.1])
    scales = (1.0, 2.0, 4.0, 8.0)
    want = []
    for j, scale in enumerate(scales):
        got_x, got_p, _, likelihood = run(x, p * scale, "radar", values, SIGMAS, site=SITE.place, axes=SITE.axes)
        want.append(prior[j] * math.exp(likelihood) * plausibility(j, got_x, got_p))
    bank_x, bank_p = np.tile(x, (4, 1)), np.array([p * scale for scale in scales])
    share = prior.copy()
    update_bank(
        bank_x, bank_p, np.zeros((4, 9, BIASES)), 0, share, KIND_CODES["radar"], np.append(values, [math.nan] * 2),
        SIGMAS, SITE.place, np.ascontiguousarray(SITE.axes), np.eye(6), 0.0, np.zeros(3), -1, False,
    )  # fmt: skip
    np.testing.assert_allclose(share, np.array(want) / sum(want), atol=1e-5)  # a floor of 1e-6 under each


def test_a_thrusting_look_is_evidence_for_boost_alone() -> None:
    x, p, _ = scene(1)
    site = np.array([-2.1e7, 3.65e7, 0.0])
    u = (x[:3] - site) / np.linalg.norm(x[:3] - site)
    plain = run(x, p, "los", u, np.array([3e-5]), site=site)[2]
    hot = run(x, p, "los", u, np.array([3e-5]), site=site, thrusting=True)[2]
    assert hot[BOOST] > plain[BOOST]
    np.testing.assert_allclose(hot[1:] / hot[1], plain[1:] / plain[1], rtol=1e-9)


def worst_eigenvalue(p: Array) -> float:
    scale = np.sqrt(np.diag(p))
    return float(np.linalg.eigvalsh(p / np.outer(scale, scale))[0])


def test_ten_thousand_random_updates_leave_covariances() -> None:
    """Radar, lines and tracklets in random order with sigmas over six decades, a little forgetting in between."""
    rng = np.random.default_rng(11)
    x, p, _ = scene(2)
    site, worst = np.array([-2.1e7, 3.65e7, 0.0]), math.inf
    eye_p = np.ascontiguousarray(np.eye(6))
    truth = x.copy()
    perfect = SITE.radar(truth)
    axes, place = np.ascontiguousarray(SITE.axes), SITE.place
    for number in range(10_000):
        pick = number % 3
        if pick == 0:
            sigmas = SIGMAS * 10.0 ** rng.uniform(-3, 3)
            values = perfect + rng.normal(size=4) * sigmas
            values[rng.random(4) < 0.3] = math.nan
            x, p, w, _ = run(x, p, "radar", values, sigmas, site=place, axes=axes)
        elif pick == 1:
            line = truth[:3] - site
            sigma = 10.0 ** rng.uniform(-7, -3)
            u = line / np.linalg.norm(line) + sigma * rng.normal(size=3)
            x, p, w, _ = run(x, p, "los", u / np.linalg.norm(u), np.array([sigma]), site=site)
        else:
            spread = 10.0 ** rng.uniform(-1, 6, size=6)
            values = truth[:6] + rng.normal(size=6) * spread
            whitener = eye_p / spread[:, None]
            x, p, w, _ = run(x, p, "state", values, np.ones(4), site=np.zeros(3), whitener=whitener)
        p += np.diag((SPREAD * 10.0 ** rng.uniform(-4, -1)) ** 2)
        assert w.sum() == pytest.approx(1.0)
        if number % 20 == 0:
            np.testing.assert_array_equal(p, p.T)
            worst = min(worst, worst_eigenvalue(p))
    assert worst > -1e-10 and np.isfinite(x).all()
    assert np.linalg.norm(x[:3] - truth[:3]) < 100.0


@pytest.mark.parametrize("sigma", [1e-3, 1e-6, 1e-9])
def test_a_measurement_far_better_than_the_prior_leaves_a_covariance(sigma: float) -> None:
    """The joint form loses all digits here; Joseph's must not go negative."""
    x, p, _ = scene(4)
    p = p * 1e8
    for _ in range(50):
        values = SITE.radar(x)
        sigmas = np.array([sigma * 1e3, sigma, sigma, sigma * 100.0])
        x, p, _, _ = run(x, p, "radar", values, sigmas, site=SITE.place, axes=SITE.axes)
    assert (np.diag(p) > 0.0).all()
    assert worst_eigenvalue(p) > -1e-8
