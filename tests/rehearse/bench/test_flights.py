"""Whole flights as the benchmark sees them, and the shares it makes of them."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from beaconfire.rehearse.bench import accuracy, announced
from beaconfire.rehearse.bench.flights import LEVELS, MOMENTS, Flown, Moment, fly
from beaconfire.rehearse.judge import Place, ellipse_share, inside_ellipse
from beaconfire.rehearse.lines import EllipseLine


def quiet(_done: int, _total: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def booster() -> Flown:
    (found,) = fly("real-booster", [1], quiet)
    return found


def test_a_flight_is_held_against_its_truth_at_three_moments(booster: Flown) -> None:
    assert set(booster.moments) == set(MOMENTS)
    for moment in booster.moments.values():
        assert moment.launch is not None and 0.0 <= moment.launch < 50.0
        assert moment.impact is None  # the measured flight ends in the air
        assert moment.nees is not None and moment.nees > 0.0


def test_the_real_booster_is_within_the_targets(booster: Flown) -> None:
    assert booster.burnout_error_s is not None and abs(booster.burnout_error_s) <= 2.0
    assert booster.apogee_error_m is not None and abs(booster.apogee_error_m) <= 1e3
    assert booster.speed_error is not None and abs(booster.speed_error) <= 0.01


@pytest.mark.parametrize("level", LEVELS)
def test_levels_are_those_of_two_degrees_of_freedom(level: float) -> None:
    assert chi2(2).cdf(LEVELS[level]) == pytest.approx(level, abs=5e-4)


@pytest.mark.parametrize(("north_m", "east_m", "share"), [(0.0, 500.0, 0.5), (400.0, 0.0, 2.0), (0.0, 0.0, 0.0)])
def test_an_ellipse_grows_until_it_reaches_the_truth(north_m: float, east_m: float, share: float) -> None:
    """Major axis of 1 km to the east, 200 m to the north, at the equator."""
    ellipse = EllipseLine(semi_major_m=1e3, semi_minor_m=200.0, azimuth_deg=90.0)
    truth = Place(0, math.degrees(north_m / 6_335_439.0), math.degrees(east_m / 6_378_137.0))
    assert ellipse_share((0.0, 0.0), ellipse, truth) == pytest.approx(share, abs=1e-3)
    assert inside_ellipse((0.0, 0.0), ellipse, truth) is (share <= 1.0)


def drawn(count: int, *, scale: float = 1.0) -> list[Flown]:
    """Flights of a perfect engine: sizes and errors drawn from the distributions they should have."""
    chance = np.random.default_rng(8)
    flights = []
    for seed in range(count):
        moments = {
            name: Moment(
                launch=scale * float(chance.chisquare(2)), impact=scale * float(chance.chisquare(2)),
                nees=float(chance.chisquare(6)),
            )
            for name in MOMENTS
        }  # fmt: skip
        flights.append(Flown(seed, moments, 0.5, 100.0, 0.001))
    return flights


def test_a_perfect_engine_misses_nothing() -> None:
    rows = [*accuracy._overflight(drawn(4000)), *accuracy._booster(drawn(20))]
    assert len(rows) == 3 * (1 + 2 * 3) + 3
    assert [row.name for row in rows if row.missed] == []


def test_ellipses_a_quarter_too_large_or_too_small_are_missed() -> None:
    for scale in (0.6, 1.7):
        missed = [row.name for row in accuracy._overflight(drawn(4000, scale=scale)) if row.missed]
        assert any(name.startswith("launch ellipse 50%") for name in missed)
        assert any(name.startswith("impact ellipse 90%") for name in missed)


def test_what_was_never_said_is_missed() -> None:
    flown = drawn(3)
    flown[1].burnout_error_s = flown[2].speed_error = None
    missed = {row.name for row in accuracy._booster(flown) if row.missed}
    assert missed == {"real booster: burnout", "real booster: speed 150 s ahead"}


@pytest.fixture(scope="module")
def compared() -> tuple[announced.Compared, ...]:
    return announced.compare()


def test_announced_times_are_held_against_a_generic_flight(compared: tuple[announced.Compared, ...]) -> None:
    assert len(compared) >= 10
    for item in compared:
        assert item.announced_s > 0.0
        assert item.flown_s is not None and 300.0 < item.flown_s < 5_000.0


def test_exactly_announced_times_are_near(compared: tuple[announced.Compared, ...]) -> None:
    """All but the first, a flight of a long liquid burn that the generic solid class does not have."""
    rows = {row.name: row for row in accuracy.announced_rows()}
    assert sum(row.missed for row in rows.values()) <= 1
    assert len(rows) >= 5
    assert all("s announced" in row.note for row in rows.values())
    assert len(rows) < len(compared)
