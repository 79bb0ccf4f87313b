"""Is it the same: χ² on state over gaps, on launch, and covariance intersection."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.assess.arc import Arc
from beaconfire.assess.match import (
    advised_launch,
    apart,
    intersected,
    launch_offset,
    may_join,
    same_launch,
    same_state,
    telling,
)
from beaconfire.kernel.products import LaunchBody
from beaconfire.kernel.records import CLASSES, KINDS, EventStatus
from beaconfire.kernel.time import from_seconds
from tests.assess.flights import START_NS, flight, states, steps, watch
from tests.assess.test_book import launched


def arc_over(start_s: float, end_s: float, *, seed: int, case: tuple[str, float, float], offset_s: float = 0.0) -> Arc:
    path = flight(*case).path
    times_s = steps(start_s, end_s)
    updates = watch(states(path, times_s), times_s, seed=seed, track_id=f"T{seed}", offset_s=offset_s).updates
    arc = Arc.begin(updates[0])
    for update in updates[1:]:
        arc.take(update)
    return arc


SRBM = ("srbm_solid", 400e3, 100e3)
ICBM = ("icbm_solid", 1000e3, 6050e3)


@pytest.mark.parametrize("gap_s", [5.0, 60.0, 120.0])
def test_a_track_found_again_after_a_gap_is_the_same_object(gap_s: float) -> None:
    before = arc_over(50.0, 90.0, seed=1, case=SRBM)
    after = arc_over(90.0 + gap_s, 110.0 + gap_s, seed=2, case=SRBM)
    assert same_state(before, after)
    assert same_state(after, before)


def test_a_lofted_flight_is_found_again_after_an_hour() -> None:
    before = arc_over(200.0, 320.0, seed=1, case=ICBM)
    after = arc_over(3800.0, 3830.0, seed=2, case=ICBM)
    assert same_state(before, after)


def test_the_next_missile_of_a_salvo_is_another_object() -> None:
    first = arc_over(50.0, 130.0, seed=1, case=SRBM)
    second = arc_over(50.0, 70.0, seed=2, case=SRBM, offset_s=85.0)
    assert not same_state(first, second)


def test_gaps_beyond_a_flight_match_nothing() -> None:
    first = arc_over(50.0, 70.0, seed=1, case=SRBM)
    second = arc_over(50.0, 70.0, seed=2, case=SRBM, offset_s=6000.0)
    assert not same_state(first, second)


def test_launches_are_one_by_place_and_time() -> None:
    assert same_launch(launched(0.0), launched(4.0))
    assert not same_launch(launched(0.0), launched(60.0))
    assert apart(launched(0.0), launched(60.0))
    assert not apart(launched(0.0), launched(0.0, east_m=30e3))  # another place, but not another time
    assert not apart(launched(0.0), launched(60.0, sigma_s=40.0))
    assert telling(launched(0.0, sigma_s=5.0))
    assert not telling(launched(0.0, sigma_s=20.0))
    assert not telling(None)


def test_the_offset_of_launches_is_east_north_later() -> None:
    d, c = launch_offset(launched(0.0), launched(7.0, east_m=10e3))
    assert d == pytest.approx([10e3, 0.0, 7.0], rel=2e-2, abs=50.0)
    assert np.all(np.linalg.eigvalsh(c) > 0.0)


@pytest.mark.parametrize(
    ("delay_s", "east_m", "joins"),
    [(80.0, 2e3, True), (290.0, 40e3, True), (-100.0, 0.0, True), (400.0, 0.0, False), (80.0, 90e3, False)],
)
def test_a_salvo_is_five_minutes_and_fifty_kilometres(delay_s: float, east_m: float, joins: bool) -> None:
    members = [launched(0.0)]
    new = launched(delay_s, east_m=east_m)
    assert may_join(new, new.time_ns, members, START_NS) is joins


def test_a_salvo_goes_on_from_its_latest_member() -> None:
    members = [launched(0.0), launched(250.0)]
    new = launched(500.0)
    assert may_join(new, new.time_ns, members, members[1].time_ns)


def test_what_has_no_launch_joins_by_the_time_it_is_first_seen() -> None:
    members = [launched(0.0)]
    assert may_join(None, START_NS + from_seconds(200.0), members, START_NS)
    assert not may_join(None, START_NS + from_seconds(3000.0), members, START_NS)
    assert may_join(launched(100.0), START_NS, [None], START_NS)


@given(st.floats(0.3, 30.0), st.floats(0.3, 30.0), st.floats(-3.0, 3.0))
def test_intersection_is_never_sharper_than_both_could_justify(a_s: float, b_s: float, apart_s: float) -> None:
    """No claim above the better of the two in area; and never a sum of information."""
    a, b = launched(0.0, sigma_s=a_s), launched(apart_s, sigma_s=b_s)
    both = intersected(a, b)
    assert both.semi_major_m <= a.semi_major_m * (1.0 + 1e-9)
    summed = np.linalg.inv(np.linalg.inv(a.covariance) + np.linalg.inv(b.covariance))
    assert np.linalg.det(both.covariance) > np.linalg.det(summed)


def test_advice_that_contradicts_changes_nothing() -> None:
    a, far = launched(0.0), launched(300.0)
    assert intersected(a, far) is a


def test_a_sharper_advice_moves_the_launch_towards_it() -> None:
    a = replace(launched(0.0, sigma_s=10.0), covariance=np.diag([1e8, 1e8, 100.0]))
    b = replace(launched(5.0, sigma_s=1.0, east_m=4e3), covariance=np.diag([1e6, 1e6, 1.0]))
    both = intersected(a, b)
    d, _ = launch_offset(a, both)
    assert d[0] > 2e3
    assert 2.0 < d[2] <= 5.0
    assert both.semi_major_m < 0.5 * a.semi_major_m


def test_a_partners_body_becomes_a_launch() -> None:
    body = LaunchBody(
        event="JPN-E1-1", time_ns=START_NS, time_sigma_s=4.0, latitude_deg=39.2, longitude_deg=126.0,
        covariance_m2=(4e6, 1e6, 9e6), status=EventStatus.CONFIRMED, count_at_least=1, count_probability=0.99,
        classes=tuple(1.0 / len(CLASSES) for _ in CLASSES), kinds=tuple(1.0 / len(KINDS) for _ in KINDS),
        coarsened_m=5e3,
    )  # fmt: skip
    launch = advised_launch(body)
    assert launch.time_ns == START_NS
    assert math.degrees(launch.latitude_rad) == pytest.approx(39.2)
    assert launch.covariance.tolist() == [[4e6, 1e6, 0.0], [1e6, 9e6, 0.0], [0.0, 0.0, 16.0]]
