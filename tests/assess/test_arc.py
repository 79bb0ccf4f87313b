"""One track's arc: what it gathers, when it fits, what a successor inherits."""

import math
from dataclasses import replace

import numpy as np
import pytest

from beaconfire.assess.arc import GLIDE, Arc
from beaconfire.earth import minimum_energy_range_m
from beaconfire.kernel.records import Measurement, TrackStatus, TrackUpdate
from beaconfire.kernel.time import from_seconds
from tests.assess.flights import START_NS, flight, lost, measurement, states, steps, watch

SRBM = ("srbm_solid", 400e3, 100e3)


def updates_of(start_s: float, end_s: float, *, seed: int = 1, track_id: str = "T1") -> tuple[TrackUpdate, ...]:
    path = flight(*SRBM).path
    times_s = steps(start_s, min(end_s, path.end_s - 0.5))
    return watch(states(path, times_s), times_s, seed=seed, track_id=track_id).updates


def arc_of(updates: tuple[TrackUpdate, ...]) -> Arc:
    arc = Arc.begin(updates[0])
    for update in updates[1:]:
        arc.take(update)
        if arc.launch_probability >= 0.5:
            arc.follow()
    return arc


def record(arc: Arc, after_s: float = 0.0) -> object:
    return arc.assessment(
        "E1-1", track_ids=(arc.track_id,), best_launch=arc.launch, now_ns=arc.last.time_ns + from_seconds(after_s)
    )


def test_a_whole_flight_is_gathered() -> None:
    arc = arc_of(updates_of(20.0, 300.0))
    assert arc.launch_probability > 0.99
    assert arc.launch is not None
    assert arc.burnout.time_s is not None
    assert arc.apogee_m == pytest.approx(100e3, rel=0.02)
    evidence = arc.class_evidence()
    assert evidence.burn_s == pytest.approx(42.0, abs=5.0)
    assert evidence.age_s is None
    # The energy at burnout, from the truth: what its speed at its height would reach at best.
    assert evidence.reach_m == pytest.approx(400e3, rel=0.05)


def test_the_reach_is_a_constant_of_the_fall() -> None:
    arc = Arc.begin(updates_of(60.0, 61.0)[0])
    reaches = []
    for update in updates_of(60.0, 200.0)[20:]:
        arc.take(update)
        arc.follow()
        reaches.append(arc.reach_m)
    assert np.std(reaches) / np.mean(reaches) < 0.03
    assert np.mean(reaches) < minimum_energy_range_m(2100.0, 0.0)


def test_while_it_burns_the_age_is_known_and_the_burn_is_not() -> None:
    arc = arc_of(updates_of(18.0, 36.0))
    evidence = arc.class_evidence()
    assert evidence.burn_s is None
    assert evidence.age_s == pytest.approx(35.0, abs=8.0)
    assert arc.apogee_m is None


def test_an_update_of_an_earlier_time_only_brings_its_measurements() -> None:
    updates = updates_of(20.0, 60.0)
    arc = arc_of(updates)
    before = (arc.last, arc.now, arc.kinds.scans)
    late = replace(updates[10], accepted=(measurement("LATE", updates[10].time_ns),))
    arc.take(late)
    assert (arc.last, arc.now, arc.kinds.scans) == before
    assert "LATE" in arc.ids


def test_measurement_ids_are_bounded() -> None:
    updates = updates_of(20.0, 60.0)
    arc = Arc.begin(updates[0])
    many: tuple[Measurement, ...] = tuple(measurement(f"m{k}", START_NS) for k in range(1000))
    arc.take(replace(updates[1], accepted=many))
    assert len(arc.ids) == 512
    assert "m999" in arc.ids


def test_a_partners_whole_posterior_counts_for_several_scans() -> None:
    updates = updates_of(20.0, 60.0)
    plain, posterior = (
        Arc.begin(updates[10]),
        Arc.begin(replace(updates[10], accepted=(measurement("P1", updates[10].time_ns, first=True),))),
    )
    assert posterior.kinds.scans > 2.0 * plain.kinds.scans


def test_a_successor_inherits_launch_burnout_and_evidence() -> None:
    older = arc_of(updates_of(20.0, 120.0))
    younger = arc_of(updates_of(130.0, 160.0, seed=2, track_id="T2"))
    alone = younger.class_evidence()
    assert alone.burn_s is None
    younger.inherit(older)
    assert younger.launch is older.launch
    assert younger.class_evidence().burn_s == older.class_evidence().burn_s
    assert younger.kinds.scans > older.kinds.scans
    assert younger.confirmed_once
    assert younger.launch_probability > 0.99


def test_impact_has_a_point_after_burnout_and_grows_when_lost() -> None:
    updates = updates_of(20.0, 150.0)
    arc = arc_of(updates)
    seen = record(arc)
    assert seen.impact_reason is None  # type: ignore[attr-defined]
    assert seen.impact.latitude_deg is not None  # type: ignore[attr-defined]
    arc.take(lost(updates[-1], 5.0))
    assert not arc.alive
    areas = [record(arc, after_s).impact.footprint_km2 for after_s in (10.0, 60.0, 120.0)]  # type: ignore[attr-defined]
    assert areas == sorted(areas)
    assert record(arc, 60.0).impact_reason == "lost"  # type: ignore[attr-defined]
    assert record(arc, 60.0).lost  # type: ignore[attr-defined]


def test_a_likely_glider_has_a_reachable_set_and_no_point() -> None:
    arc = arc_of(updates_of(20.0, 150.0))
    arc.kinds.launches[2] += 6.0
    assert arc.kinds.probabilities()[GLIDE] > 0.2
    seen = record(arc)
    assert seen.impact_reason == "reachable_set"  # type: ignore[attr-defined]
    assert seen.impact.latitude_deg is None  # type: ignore[attr-defined]
    assert seen.impact.footprint_km2 > 1e4  # type: ignore[attr-defined]
    assert arc.down_by_ns is not None
    assert arc.down_by_ns > arc.last.time_ns


def test_near_the_ground_the_last_word_stands() -> None:
    path = flight(*SRBM).path
    arc = arc_of(updates_of(200.0, path.end_s - 6.0))
    before = record(arc).impact  # type: ignore[attr-defined]
    low = replace(updates_of(path.end_s - 6.0, path.end_s)[-1], time_ns=arc.last.time_ns + from_seconds(5.0))
    mean = low.mean.copy()
    mean[:3] *= (np.linalg.norm(mean[:3]) - 20e3) / np.linalg.norm(mean[:3])  # under the ellipsoid
    arc.take(replace(low, mean=mean))
    assert record(arc).impact == before  # type: ignore[attr-defined]


def test_a_rising_arc_says_so_and_a_falling_one_does_not() -> None:
    assert arc_of(updates_of(18.0, 36.0)).rising
    assert not arc_of(updates_of(180.0, 220.0)).rising


def test_existence_grows_with_the_scans_and_never_falls() -> None:
    arc = Arc.begin(updates_of(18.0, 19.0)[0])
    values = []
    for update in updates_of(18.0, 60.0):
        arc.take(replace(update, existence=0.9, status=TrackStatus.CONFIRMED))
        values.append(arc.best_existence)
    assert values == sorted(values)
    assert values[-1] > 0.995
    assert not math.isnan(values[0])


def test_a_settled_fall_stands_for_some_seconds_and_no_longer() -> None:
    updates = updates_of(20.0, 200.0)
    arc = arc_of(updates[:-12])
    falls = []
    for update in updates[-12:]:
        arc.take(update)
        arc.follow()
        record(arc)
        assert arc.basis is not None
        assert 0.0 <= (arc.last.time_ns - arc.basis.update.time_ns) / 1e9 <= 3.0
        falls.append(arc.fall)
    assert 3 <= len({id(fall) for fall in falls}) < len(falls)


def test_a_fall_is_predicted_anew_when_the_state_moves() -> None:
    updates = updates_of(20.0, 201.0)
    arc = arc_of(updates[:-1])
    record(arc)
    mean = updates[-1].mean.copy()
    mean[3:6] += 5.0 * np.sqrt(np.diag(updates[-1].covariance)[3:6])
    arc.take(replace(updates[-1], mean=mean))
    record(arc)
    assert arc.basis is not None
    assert arc.basis.update is arc.last


def test_a_kept_fall_is_the_one_a_new_prediction_gives() -> None:
    """Between two predictions the point moves by less than a third of the ellipse."""
    updates = updates_of(20.0, 200.0)
    arc = arc_of(updates[:-3])
    record(arc)
    for update in updates[-3:]:
        arc.take(update)
    kept = record(arc).impact  # type: ignore[attr-defined]
    anew = record(arc_of(updates)).impact  # type: ignore[attr-defined]
    off_m = math.hypot(
        (kept.latitude_deg - anew.latitude_deg) * 111e3, (kept.longitude_deg - anew.longitude_deg) * 88e3
    )
    assert off_m < 0.33 * anew.ellipse_95.semi_major_m
    assert kept.time_ns == pytest.approx(anew.time_ns, abs=from_seconds(1.0))
