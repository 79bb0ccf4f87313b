"""A break-up: nothing changes before it, nothing jumps but the speed, and free fall is what Kepler's laws say."""

import math
from functools import cache

import numpy as np
import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.rehearse import read_scenario, shipped
from beaconfire.rehearse.objects import TruthObject, build_objects
from beaconfire.rehearse.truth.broken import Broken, break_up
from beaconfire.rehearse.truth.force import height_m
from beaconfire.rehearse.truth.path import Path
from tests.rehearse.played import SMALL

# Gravity with J2 to J4 against a point mass: over a fall of minutes some thousandths of the distance.
KEPLER_SHARE = 5e-3
MU_M3_S2 = 3.986004418e14
BREAK_S = 60.0


@cache
def whole() -> TruthObject:
    (item,) = build_objects(read_scenario(SMALL.encode(), where="small"), seed=1)
    return item


def broken(time_s: float, *, speed_kept: float = 0.8, piece_kg_m2: float = 500.0) -> Broken:
    path = whole().path
    assert isinstance(path, Path)
    return break_up(path, time_s, speed_kept=speed_kept, piece_kg_m2=piece_kg_m2)


def inject(time_s: float, **changes: float) -> TruthObject:
    rows = [f"time_s = {time_s}", 'what = "short_fall"', 'launch = "L1"', *(f"{k} = {v}" for k, v in changes.items())]
    text = SMALL + "\n[[inject]]\n" + "\n".join(rows) + "\n"
    (item,) = build_objects(read_scenario(text.encode(), where="small"), seed=1)
    return item


def test_until_the_break_up_it_is_the_same_flight_and_at_it_only_the_speed_jumps() -> None:
    cut = broken(BREAK_S)
    times = np.linspace(0.0, BREAK_S, 50)
    for mine, theirs in zip(cut.at(times), whole().path.at(times), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    before, after = cut.at(np.array([BREAK_S])), cut.at(np.array([BREAK_S + 1e-6]))
    np.testing.assert_allclose(after[0], before[0], atol=1e-2)  # a microsecond at 2 km/s
    np.testing.assert_allclose(after[1], 0.8 * before[1], rtol=1e-4)


def test_the_piece_falls_short_and_ends_on_the_ground() -> None:
    cut = broken(BREAK_S)
    end, _ = cut.at(np.array([cut.end_s]))
    assert abs(height_m(*(float(value) for value in end[0]))) < 1.0
    start, whole_end = whole().path.at(np.array([0.0, whole().path.end_s]))[0]
    assert math.dist(end[0], start) < 0.8 * math.dist(whole_end, start)
    assert BREAK_S < cut.apogee_s < cut.end_s


def test_above_the_air_the_fall_is_keplers() -> None:
    """Energy and angular momentum in inertial axes stay what they were at the break-up."""
    cut = broken(100.0, speed_kept=1.0, piece_kg_m2=1e5)
    states = [cut.fall.inertial_state(time_s) for time_s in (100.0, 130.0, 160.0)]
    assert height_m(*states[-1][:3]) > 60e3
    energies = [0.5 * float((s[3:] ** 2).sum()) - MU_M3_S2 / math.dist(s[:3], (0, 0, 0)) for s in states]
    moments = [float(np.sqrt((np.cross(s[:3], s[3:]) ** 2).sum())) for s in states]
    assert energies == pytest.approx([energies[0]] * 3, rel=KEPLER_SHARE)
    assert moments == pytest.approx([moments[0]] * 3, rel=KEPLER_SHARE)


def test_a_break_up_on_the_way_down_has_no_second_apogee() -> None:
    falling_s = 0.9 * whole().path.end_s
    cut = broken(falling_s)
    assert cut.apogee_s == falling_s
    assert len(cut.fall.legs) == 1


def test_a_lighter_piece_falls_nearer() -> None:
    ends = [broken(BREAK_S, piece_kg_m2=weight).at(np.array([broken(BREAK_S, piece_kg_m2=weight).end_s]))[0][0]
            for weight in (100.0, 5000.0)]  # fmt: skip
    start = whole().path.at(np.array([0.0]))[0][0]
    assert math.dist(ends[0], start) < math.dist(ends[1], start)


def test_the_facts_of_a_launch_are_those_of_its_shortened_flight() -> None:
    whole_facts, item = whole().facts, inject(20.0 + BREAK_S, speed_kept=0.8)
    facts = item.facts
    assert facts is not None and whole_facts is not None and facts.impact is not None and whole_facts.impact is not None
    assert item.thrust_s == ((20.0, min(whole().thrust_s[0][1], 80.0)),)
    assert item.end_s == pytest.approx(facts.impact.time_s)
    assert facts.range_m < 0.8 * whole_facts.range_m
    assert facts.apogee.altitude_m < whole_facts.apogee.altitude_m
    late = inject(20.0 + 0.9 * whole().path.end_s).facts
    assert late is not None and late.apogee == whole_facts.apogee and late.burnouts == whole_facts.burnouts


def test_while_it_boosts_its_thrust_and_its_later_burnouts_end() -> None:
    item = inject(40.0, speed_kept=1.0)
    assert item.thrust_s == ((20.0, 40.0),)
    assert item.facts is not None and item.facts.burnouts == ()


@pytest.mark.parametrize("time_s", [10.0, 399.0])
def test_a_break_up_when_it_does_not_fly_is_refused(time_s: float) -> None:
    with pytest.raises(InvalidInput, match="while it flies"):
        inject(time_s)


def test_a_measured_flight_does_not_break_up_and_an_unknown_one_is_named() -> None:
    text = shipped("real-booster").decode() + '\n[[inject]]\ntime_s = 60.0\nwhat = "short_fall"\nlaunch = "L1"\n'
    with pytest.raises(InvalidInput, match="is a measured flight"):
        read_scenario(text.encode(), where="x")
    with pytest.raises(InvalidInput, match="L9"):
        read_scenario(text.replace('launch = "L1"', 'launch = "L9"').encode(), where="x")
