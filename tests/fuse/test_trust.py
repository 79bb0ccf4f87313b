"""An over-confident partner is noticed and taken as wide as it scatters; an honest one is believed.

Against NEES: the fused error over its covariance must be what it claims to be, whatever the partner claims.
"""

import numpy as np
import pytest

from beaconfire.earth.flight import propagate_accelerated
from beaconfire.fuse import NOTICED, PartnerTracks, Tracklet, Trust
from beaconfire.kernel.time import from_seconds, parse_utc
from beaconfire.track import Tracker

START_NS = parse_utc("2025-01-06T03:00:00Z")
COVARIANCE = np.diag([100.0**2] * 3 + [10.0**2] * 3)
COUNT = 240
SEEDS = range(6)
# NEES of 6 at the end, mean over seeds. One run's 95 % bound of χ²₆ is 12.6; the tracker's process noise makes it
# cautious, correlation over time none of it bolder.
HONEST_MOST = 9.0


def truth(t_s: float) -> np.ndarray:
    state = np.array([-3.2e6, 4.1e6, 4.4e6, 1500.0, -800.0, 2100.0])
    for _ in range(round(t_s / 0.5)):
        propagate_accelerated(state, 0.0, 0.0, 0.0, 0.5)
    return state


def tracklets(seed: int, *, claimed: float, count: int = COUNT) -> list[Tracklet]:
    """What a partner says each half second of a free flight; its covariance is `claimed` times the real one."""
    chance = np.random.default_rng(seed)
    state, found = truth(0.0), []
    for number in range(count):
        found.append(
            Tracklet(
                nation="JPN", track="T1", batch_id=number.to_bytes(16, "big"),
                time_ns=START_NS + from_seconds(0.5 * number),
                mean=state + chance.multivariate_normal(np.zeros(6), COVARIANCE), covariance=COVARIANCE * claimed,
                first=number == 0,
            )
        )  # fmt: skip
        propagate_accelerated(state, 0.0, 0.0, 0.0, 0.5)
    return found


def fused_nees(seed: int, *, claimed: float, watched: bool = True) -> tuple[float, PartnerTracks]:
    """The NEES (6) of the FUSED track after two minutes of one partner's tracklets alone."""
    table, tracker = PartnerTracks(), Tracker("fused", id_prefix="F")
    for one in tracklets(seed, claimed=claimed):
        scan = table.measure(one, tracker.current())
        assert scan is not None
        for update in tracker.scan(scan):
            table.observe(update)
        if not watched:
            table.trust = Trust()
    (track,) = tracker.current().values()
    error = track.mean[:6] - truth(0.5 * (COUNT - 1))
    return float(error @ np.linalg.solve(track.covariance[:6, :6], error)), table


def test_an_honest_partner_is_believed() -> None:
    runs = [fused_nees(seed, claimed=1.0) for seed in SEEDS]
    assert np.mean([nees for nees, _ in runs]) < HONEST_MOST
    assert all(table.trust.factor("JPN") == 1.0 and not table.trust.drain() for _, table in runs)


def test_a_covariance_a_hundred_times_too_small_is_noticed_and_taken_as_it_scatters() -> None:
    runs = [fused_nees(seed, claimed=0.01) for seed in SEEDS]
    naive = [fused_nees(seed, claimed=0.01, watched=False)[0] for seed in SEEDS]
    nees = float(np.mean([one for one, _ in runs]))
    assert float(np.mean(naive)) > 5.0 * HONEST_MOST  # without it the picture is sure of what is wrong
    assert nees < 1.5 * HONEST_MOST  # the first seconds went in before it was noticed
    factors = [table.trust.factor("JPN") for _, table in runs]
    assert 30.0 < float(np.median(factors)) < 300.0
    assert all(table.trust.news["JPN"] >= NOTICED for _, table in runs)


def test_it_is_noticed_within_ten_tracklets() -> None:
    """Five seconds at the default rate."""
    for seed in SEEDS:
        table, tracker = PartnerTracks(), Tracker("fused", id_prefix="F")
        for one in tracklets(seed, claimed=0.01, count=10):
            scan = table.measure(one, tracker.current())
            assert scan is not None
            for update in tracker.scan(scan):
                table.observe(update)
        assert table.trust.factor("JPN") >= NOTICED


@pytest.mark.parametrize("seed", range(5))
def test_the_factor_of_an_honest_partner_wanders_below_what_is_noticed(seed: int) -> None:
    trust, above = Trust(), 0
    for distance in np.random.default_rng(seed).chisquare(6, size=5_000):
        trust.judge("JPN", float(distance))
        above += trust.factor("JPN") > 1.0
    assert above < 100  # of 5,000: the doubts of an honest partner are rare and pass


def test_a_doubt_ends_when_the_scatter_does() -> None:
    trust, chance = Trust(), np.random.default_rng(1)
    for distance in 100.0 * chance.chisquare(6, size=60) / 6.0:
        trust.judge("JPN", float(distance) * 6.0 / trust.factor("JPN"))
    assert trust.drain()["JPN"] >= NOTICED
    for distance in chance.chisquare(6, size=600):
        trust.judge("JPN", float(distance) / trust.factor("JPN"))
    assert trust.factor("JPN") == 1.0
    assert trust.drain()["JPN"] < NOTICED


@pytest.mark.parametrize("distance", [float("inf"), float("nan")])
def test_what_is_no_distance_changes_nothing(distance: float) -> None:
    trust = Trust()
    trust.judge("JPN", distance)
    assert trust.factors == {}


def test_one_partners_lie_is_not_anothers() -> None:
    trust = Trust()
    for _ in range(100):
        trust.judge("JPN", 6e3)
        trust.judge("USA", 6.0)
    assert trust.factor("JPN") > NOTICED
    assert trust.factor("USA") == 1.0
