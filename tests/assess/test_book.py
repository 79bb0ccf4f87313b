"""The book: counts as probability statements, objects with many tracks, what is surely another object."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.assess.arc import Arc
from beaconfire.assess.book import COUNT_P, Event, Thing, View, at_least, best_launch, is_other
from beaconfire.assess.launch import LaunchFit
from beaconfire.kernel.time import from_seconds
from tests.assess.flights import START_NS, flight, lost, states, steps, watch


def launched(time_s: float, *, sigma_s: float = 2.0, east_m: float = 0.0) -> LaunchFit:
    c = np.diag([1e6, 1e6, sigma_s**2])
    return LaunchFit(
        START_NS + from_seconds(time_s), math.radians(39.2), math.radians(126.0) + east_m / 4.94e6, c, 1.0, 0.0
    )


def arc_of(seed: int, *, track_id: str = "T1", picture: str = "own") -> Arc:
    path = flight("srbm_solid", 400e3, 100e3).path
    times_s = steps(60.0, 75.0)
    seen = watch(states(path, times_s), times_s, seed=seed, track_id=track_id, picture=picture)  # type: ignore[arg-type]
    arc = Arc.begin(seen.updates[0])
    for update in seen.updates[1:]:
        arc.take(update)
    return arc


def brute(probabilities: list[float], n: int) -> float:
    """P(at least n) over every outcome."""
    total = 0.0
    for outcome in itertools.product((0, 1), repeat=len(probabilities)):
        if sum(outcome) >= n:
            total += math.prod(p if bit else 1.0 - p for bit, p in zip(outcome, probabilities, strict=True))
    return total


@given(st.lists(st.floats(0.0, 1.0), max_size=8))
def test_at_least_is_the_largest_sure_number(probabilities: list[float]) -> None:
    n, p = at_least(probabilities)
    assert brute(probabilities, n) == pytest.approx(p, abs=1e-9)
    assert n == 0 or p >= COUNT_P - 1e-12
    if n < len(probabilities):
        assert brute(probabilities, n + 1) < COUNT_P + 1e-9


def test_seven_sure_objects_are_at_least_seven_and_one_doubtful_one_is_not_counted() -> None:
    assert at_least([0.999] * 7)[0] == 7
    assert at_least([0.999] * 7 + [0.5])[0] == 7
    assert at_least([]) == (0, 1.0)


def test_a_live_track_speaks_for_the_object_else_the_one_measured_last() -> None:
    old, new = arc_of(1, track_id="T1"), arc_of(2, track_id="T2")
    thing = Thing("E1-1", "E1")
    assert thing.main("own") is None
    thing.arcs["own"] += [old, new]
    old.take(lost(old.last, 5.0))
    assert thing.main("own") is new
    new.take(lost(new.last, 1.0))
    assert thing.main("own") in (old, new)
    assert thing.main("fused") is None


def test_the_sharpest_launch_is_the_objects() -> None:
    thing = Thing("E1-1", "E1")
    first, second = arc_of(1), arc_of(2)
    first.launch, second.launch = launched(0.0, sigma_s=5.0), None
    thing.arcs["own"] += [first, second]
    assert thing.launch("own") is first.launch
    assert thing.launch("fused") is None
    assert best_launch(thing) is first.launch


def test_advice_enters_the_fused_picture_alone() -> None:
    thing = Thing("E1-1", "E1")
    arc = arc_of(1)
    arc.launch = launched(0.0, sigma_s=10.0)
    thing.arcs["own"].append(arc)
    thing.arcs["fused"].append(arc)
    thing.advice["JPN"] = launched(1.0, sigma_s=1.0)
    assert thing.launch("own") is arc.launch
    fused = thing.launch("fused")
    assert fused is not None
    assert fused.semi_major_m <= arc.launch.semi_major_m


def test_another_launch_time_makes_another_object() -> None:
    things = [Thing("E1-1", "E1"), Thing("E1-2", "E1", surely_other=False), Thing("E1-3", "E1", surely_other=False)]
    for thing, time_s in zip(things, (0.0, 80.0, 2.0), strict=True):
        arc = arc_of(1)
        arc.launch = launched(time_s)
        thing.arcs["own"].append(arc)
    assert is_other(things[0], things)
    assert is_other(things[1], things)
    assert things[1].surely_other  # once sure, it stays so
    assert not is_other(things[2], things)


def test_without_a_sharp_launch_nothing_is_surely_another() -> None:
    things = [Thing("E1-1", "E1"), Thing("E1-2", "E1", surely_other=False)]
    for thing, sigma_s in zip(things, (2.0, 40.0), strict=True):
        arc = arc_of(1)
        arc.launch = launched(200.0 * sigma_s, sigma_s=sigma_s)
        thing.arcs["own"].append(arc)
    assert not is_other(things[1], things)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_a_count_never_falls(existences: list[float]) -> None:
    event = Event("E1")
    event.views["own"] = View()
    counts = []
    for number, existence in enumerate(existences):
        if number < 7:
            thing = Thing(f"E1-{number}", "E1")
            thing.arcs["own"].append(arc_of(1))
            event.things.append(thing)
        for thing in event.things:
            thing.arcs["own"][0].best_existence = existence
        event.recount("own")
        counts.append(event.views["own"].count)
        assert event.views["own"].count <= len(event.things)
    assert counts == sorted(counts)


def test_the_latest_member_is_by_launch_or_first_sight() -> None:
    event = Event("E1")
    for time_s in (0.0, 90.0):
        thing = Thing(f"E1-{time_s}", "E1")
        arc = arc_of(1)
        arc.launch = launched(time_s)
        thing.arcs["own"].append(arc)
        event.things.append(thing)
    assert event.latest_ns() == START_NS + from_seconds(90.0)
    event.things[1].arcs["own"][0].launch = None
    assert event.latest_ns() == START_NS + from_seconds(60.0)


def test_advice_is_crossed_once_and_again_when_it_changes() -> None:
    thing = Thing("E1-1", "E1")
    arc = arc_of(1)
    arc.launch = launched(0.0)
    thing.arcs["fused"].append(arc)
    assert thing.launch("fused") is arc.launch  # no advice
    thing.advice["JPN"] = replace(launched(1.0), covariance=np.diag([1e5, 1e5, 1.0]))
    crossed = thing.launch("fused")
    assert crossed is thing.launch("fused")
    assert crossed is not None
    assert thing.launch("own") is None
    thing.advice["JPN"] = replace(launched(2.0), covariance=np.diag([1e5, 1e5, 1.0]))
    again = thing.launch("fused")
    assert again is not None
    assert again is not crossed
    arc.launch = launched(0.0, sigma_s=0.5)
    assert thing.launch("fused") is not again
