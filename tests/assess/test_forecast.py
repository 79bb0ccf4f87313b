"""Forecast: its paths say what the revision's impact says, on the way there too; lost, glide, salvo, cost."""

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import shapely

from beaconfire.assess import Assessor
from beaconfire.assess.arc import GLIDE, Arc
from beaconfire.assess.forecast import _BURNS, EVERY_S, PLACES, _weights, paths_of
from beaconfire.assess.plane import Plane
from beaconfire.kernel.alerts import Forecast, ForecastPath
from beaconfire.kernel.records import Array, EventRevision, ObjectAssessment, TrackUpdate
from beaconfire.kernel.time import from_seconds
from beaconfire.rehearse.truth.place import ground_range_m
from tests.assess.flights import START_NS, flight, interleaved, lost, states, steps, watch

SRBM = ("srbm_solid", 400e3, 100e3)
MRBM = ("mrbm_solid", 1500e3, 400e3)
IRBM = ("irbm_liquid", 4600e3, 970e3)
COASTING = [(SRBM, 62.0), (SRBM, 250.0), (MRBM, 125.0), (MRBM, 500.0), (IRBM, 185.0)]
BOOSTING = [(SRBM, 30.0), (MRBM, 40.0), (MRBM, 85.0), (IRBM, 60.0), (IRBM, 110.0)]

# Exact for a linear map from state to ground; the rest is curvature, less than the distance from one ring to the next.
INSIDE_TOLERANCE = 0.03
# A corridor is the hull of 95 % discs over all but the last percent of the burns: it holds its 95 % and more.
CORRIDOR_LEAST = 0.95


@cache
def arc_of(case: tuple[str, float, float], end_s: float) -> Arc:
    path = flight(*case).path
    times_s = steps(20.0, min(end_s, path.end_s - 0.5))
    first, *rest = watch(states(path, times_s), times_s, seed=1).updates
    arc = Arc.begin(first)
    for update in rest:
        arc.take(update)
        arc.follow()
    return arc


def record(arc: Arc, after_s: float = 0.0) -> ObjectAssessment:
    now_ns = arc.last.time_ns + from_seconds(after_s)
    return arc.assessment("E1-1", track_ids=("T1",), best_launch=arc.launch, now_ns=now_ns)


def paths(arc: Arc, after_s: float = 0.0) -> tuple[ForecastPath, ...]:
    return paths_of(arc, "E1-1", now_ns=arc.last.time_ns + from_seconds(after_s))


def share_inside(ways: Sequence[ForecastPath], assessed: ObjectAssessment) -> float:
    """The weight, among what falls, whose end lies in the revision's footprint."""
    assert assessed.impact is not None
    footprint = shapely.union_all([shapely.Polygon(ring) for ring in assessed.impact.footprint_95])
    fallen = [way for way in ways if way.falls]
    inside = [way for way in fallen if footprint.contains(shapely.Point(way.longitude_deg[-1], way.latitude_deg[-1]))]
    return sum(way.weight for way in inside) / sum(way.weight for way in fallen)


def ends_m(ways: Sequence[ForecastPath], plane: Plane) -> tuple[Array, Array]:
    """East, north (N, 2) of the ends on a map, and their weights."""
    rows = [
        plane.place(latitude_rad=math.radians(way.latitude_deg[-1]), longitude_rad=math.radians(way.longitude_deg[-1]))
        for way in ways
    ]
    return np.array(rows), np.array([way.weight for way in ways])


@pytest.mark.parametrize(("case", "end_s"), COASTING)
def test_coasting_paths_end_as_the_impact_says(case: tuple[str, float, float], end_s: float) -> None:
    arc = arc_of(case, end_s)
    assessed, ways = record(arc), paths(arc)
    impact = assessed.impact
    assert impact is not None
    assert impact.latitude_deg is not None
    assert impact.longitude_deg is not None
    assert impact.ellipse_95 is not None
    assert impact.time_ns is not None
    assert impact.time_sigma_s is not None
    assert all(way.falls for way in ways)
    assert share_inside(ways, assessed) == pytest.approx(0.95, abs=INSIDE_TOLERANCE)
    ends, weights = ends_m(ways, Plane(math.radians(impact.latitude_deg), math.radians(impact.longitude_deg)))
    mean = (weights[:, None] * ends).sum(axis=0)
    assert np.hypot(*mean) < 0.03 * impact.ellipse_95.semi_major_m
    spread = (weights[:, None, None] * (ends - mean)[:, :, None] * (ends - mean)[:, None, :]).sum(axis=0)
    axes = np.sqrt(5.991 * np.linalg.eigvalsh(spread))
    assert axes[1] == pytest.approx(impact.ellipse_95.semi_major_m, rel=0.1)
    assert axes[0] == pytest.approx(impact.ellipse_95.semi_minor_m, rel=0.1)
    times_s = np.array([(way.times_ns[-1] - impact.time_ns) / 1e9 for way in ways])
    mean_s = float((weights * times_s).sum())
    assert abs(mean_s) < 0.1 * impact.time_sigma_s
    # The last kilometres under heavy drag are skewed: the cubature's far points see more of it than nodes do.
    assert 0.6 < math.sqrt(float((weights * (times_s - mean_s) ** 2).sum())) / impact.time_sigma_s < 1.1


@pytest.mark.parametrize(("case", "end_s"), [(SRBM, 62.0), (MRBM, 200.0)])
def test_the_way_there_is_the_truths(case: tuple[str, float, float], end_s: float) -> None:
    """The mean path against the flight that was flown: no farther off than the impact is, all along."""
    flown = flight(*case)
    arc = arc_of(case, end_s)
    assessed, ways = record(arc), paths(arc)
    assert assessed.impact is not None
    assert assessed.impact.ellipse_95 is not None
    middle = ways[0]  # the nodes begin with the middle one
    reach_m = assessed.impact.ellipse_95.semi_major_m
    for place in range(0, len(middle.times_ns) - 2, 4):
        time_s = (int(middle.times_ns[place]) - START_NS) / 1e9
        x, y, z = flown.path.at(np.array([time_s]))[0][0]
        latitude = math.degrees(math.atan2(z, math.hypot(x, y) * (1.0 - 0.00669437999014)))
        truth_deg = (latitude, math.degrees(math.atan2(y, x)))
        off_m = ground_range_m(truth_deg, (float(middle.latitude_deg[place]), float(middle.longitude_deg[place])))
        # The latitude is that of the ellipsoid's foot point only at height 0: the rest is a fifth of a degree at most.
        assert off_m < reach_m + 2e3


@pytest.mark.parametrize(("case", "end_s"), BOOSTING)
def test_boosting_paths_end_in_the_corridor(case: tuple[str, float, float], end_s: float) -> None:
    arc = arc_of(case, end_s)
    assessed, ways = record(arc), paths(arc)
    assert assessed.impact_reason == "boosting"
    assert share_inside(ways, assessed) >= CORRIDOR_LEAST
    nearest = min(ground_range_m(flight(*case).impact_deg, (w.latitude_deg[-1], w.longitude_deg[-1])) for w in ways)
    assert nearest < 0.35 * case[1]  # one of them comes down about where the truth does, or two around it


def test_a_failing_thrust_falls_short_with_the_probability_of_failures() -> None:
    arc = arc_of(IRBM, 60.0)
    record(arc)
    short = [way for way in paths(arc) if way.times_ns[-1] - way.times_ns[0] < from_seconds(250.0)]
    assert 0.005 < sum(way.weight for way in short) < 0.3  # an area below is threatened by more than 1 %


@pytest.mark.parametrize(("case", "end_s"), [*COASTING, *BOOSTING])
@pytest.mark.parametrize("after_s", [0.0, 3.7])
def test_paths_are_well_formed(case: tuple[str, float, float], end_s: float, after_s: float) -> None:
    arc = arc_of(case, end_s)
    record(arc)
    ways = paths(arc, after_s)
    assert sum(way.weight for way in ways) == pytest.approx(1.0)
    now_ns = arc.last.time_ns + from_seconds(after_s)
    for way in ways:
        count = len(way.times_ns)
        assert 2 <= count <= PLACES
        assert count == len(way.latitude_deg) == len(way.longitude_deg) == len(way.altitude_m)
        assert way.times_ns.dtype == np.int64
        assert way.weight > 0.0
        assert way.times_ns[0] == now_ns
        assert np.all(np.diff(way.times_ns) > 0)
        assert np.all(np.abs(way.latitude_deg) <= 90.0)
        assert np.all((way.longitude_deg >= -180.0) & (way.longitude_deg < 180.0))
        if way.falls:
            assert way.altitude_m[-1] == pytest.approx(0.0, abs=10.0)
        gaps_s = np.diff(way.times_ns) / 1e9
        assert np.all(gaps_s[:-1] >= EVERY_S - 2.1)  # coasting goes on from the end of a burn's step
        assert gaps_s.max() <= 2.0 * (way.times_ns[-1] - way.times_ns[0]) / 1e9 / (PLACES // 2) + EVERY_S + 2.0


def test_what_is_lost_strays_and_keeps_its_time() -> None:
    arc = arc_of(MRBM, 200.0)
    gone = Arc.begin(arc.last)
    gone.inherit(arc)
    record(arc)
    gone.inherit(arc)
    gone.take(lost(arc.last, 5.0))
    for after_s in (30.0, 200.0):
        assessed, ways = record(gone, after_s), paths(gone, after_s)
        assert assessed.impact_reason == "lost"
        assert assessed.impact is not None
        assert share_inside(ways, assessed) == pytest.approx(0.95, abs=INSIDE_TOLERANCE)
        assert {int(way.times_ns[0]) for way in ways} == {gone.last.time_ns + from_seconds(after_s)}
    assert paths(gone, 5000.0)  # long after it must have fallen each path is its fall alone
    assert {len(way.times_ns) for way in paths(gone, 5000.0)} == {1}


def test_a_glider_has_ways_over_the_reachable_set_and_the_ballistic_ones() -> None:
    arc = copy.deepcopy(arc_of(SRBM, 120.0))
    arc.kinds.launches[2] += 6.0
    assessed, ways = record(arc), paths(arc)
    assert assessed.impact_reason == "reachable_set"
    assert sum(way.weight for way in ways) == pytest.approx(1.0)
    assert share_inside(ways, assessed) >= 0.95
    glides = [way for way in ways if len(way.times_ns) == PLACES]
    assert sum(way.weight for way in glides) == pytest.approx(assessed.kinds[GLIDE] / sum(assessed.kinds[:4]))
    ends, _ = ends_m(glides, Plane(math.radians(glides[0].latitude_deg[0]), math.radians(glides[0].longitude_deg[0])))
    assert np.ptp(np.arctan2(ends[:, 0], ends[:, 1])) > math.radians(60.0)  # to both sides
    lengths_m = np.hypot(*ends.T)
    assert lengths_m.min() < 0.2 * lengths_m.max()  # and falling at once
    assert {len(way.times_ns) for way in paths(arc, 4000.0)} == {1}


def test_before_there_is_a_prediction_there_is_no_path() -> None:
    times_s = steps(20.0, 22.0)
    first = watch(states(flight(*SRBM).path, times_s), times_s, seed=1).updates[0]
    assert paths(Arc.begin(first)) == ()


def test_an_orbit_is_one_path_that_does_not_fall() -> None:
    arc = arc_of(SRBM, 120.0)
    r = 6371e3 + 500e3
    mean = np.array([r, 0.0, 0.0, 0.0, 7610.0 - 7.292115e-5 * r, 0.0, 0.0, 0.0, 0.0])
    high = Arc.begin(replace(arc.last, mean=mean, covariance=np.diag([1e4] * 3 + [1.0] * 6)))
    record(high)
    (way,) = paths(high)
    assert not way.falls
    assert way.weight == 1.0
    assert way.altitude_m.min() > 400e3


def test_the_same_arc_has_the_same_paths() -> None:
    arc = arc_of(MRBM, 40.0)
    record(arc)
    for one, two in zip(paths(arc), paths(arc), strict=True):
        assert one.weight == two.weight
        assert np.array_equal(one.latitude_deg, two.latitude_deg)


def test_a_forecast_costs_a_few_milliseconds() -> None:
    """3 ms of one free core; five times as much on a busy one."""
    arcs = [arc_of(*row) for row in (*COASTING, *BOOSTING)]
    for arc in arcs:
        record(arc)
        paths(arc)
    began_s = time.process_time()
    for arc in arcs:
        paths(arc)
    assert (time.process_time() - began_s) / len(arcs) < 15e-3


def played(assessor: Assessor, updates: Sequence[TrackUpdate]) -> list[EventRevision]:
    return [row for update in updates for row in assessor.update([update], now_ns=update.time_ns)]


def seen(offset_s: float, track_id: str, seed: int) -> tuple[TrackUpdate, ...]:
    times_s = steps(20.0, 100.0)
    rows = states(flight(*SRBM).path, times_s)
    return watch(rows, times_s, seed=seed, track_id=track_id, offset_s=offset_s, ids=track_id).updates


def test_the_door_gives_all_objects_of_an_event_and_nothing_of_another() -> None:
    assessor = Assessor(nation="KOR", id_prefix="KOR-E")
    revisions = played(assessor, tuple(interleaved(seen(0.0, "A", 1), seen(60.0, "B", 2))))
    last = revisions[-1]
    forecast = assessor.forecast(last.event_id, "own", now_ns=last.issued_ns)
    assert isinstance(forecast, Forecast)
    assert (forecast.event_id, forecast.picture, forecast.time_ns) == (last.event_id, "own", last.issued_ns)
    assert not forecast.lost
    assert {way.object_id for way in forecast.paths} == {assessed.object_id for assessed in last.objects}
    assert sum(way.weight for way in forecast.paths) == pytest.approx(len(last.objects))
    assert assessor.forecast("KOR-E9", "own", now_ns=last.issued_ns) is None
    assert assessor.forecast(last.event_id, "fused", now_ns=last.issued_ns) is None


def test_a_forecast_is_lost_when_every_object_is() -> None:
    assessor = Assessor(nation="KOR", id_prefix="KOR-E")
    updates = seen(0.0, "A", 1)
    event_id = played(assessor, updates)[-1].event_id
    played(assessor, [lost(updates[-1], 6.0)])
    forecast = assessor.forecast(event_id, "own", now_ns=updates[-1].time_ns + from_seconds(20.0))
    assert forecast is not None
    assert forecast.lost


def test_no_way_of_a_burn_weighs_more_than_the_lowest_threshold() -> None:
    """Else one way that slips into an area, or out of it, makes or unmakes a threat by itself."""
    weights = _weights()
    assert len(weights) == _BURNS
    assert weights.sum() == pytest.approx(1.0)
    assert weights.max() < 0.01
