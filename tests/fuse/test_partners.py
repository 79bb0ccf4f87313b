"""Which of theirs is which of ours: matching, memory, and nothing counted twice."""

import math
from typing import Any

import numpy as np
import pytest

from beaconfire.earth.flight import propagate_accelerated
from beaconfire.fuse import PartnerTracks, Tracklet
from beaconfire.fuse.partners import match_distance
from beaconfire.kernel.limits import MAX_PARTNER_TRACKS
from beaconfire.kernel.records import Measurement, MeasurementScan, TrackStatus, TrackUpdate

NOW_NS = 1_736_132_437 * 10**9
STATE = np.array([-3.0e6, 3.9e6, 4.1e6, -1000.0, 500.0, 1200.0])


def tracklet(number: int = 0, *, track: str = "p1", offset_m: float = 0.0, nation: str = "JPN") -> Tracklet:
    mean = STATE.copy()
    mean[0] += offset_m
    batch = f"{nation}{track}{number}".encode().ljust(16, b".")[:16]
    covariance = np.diag([1e4] * 3 + [25.0] * 3)
    return Tracklet(nation, track, batch, NOW_NS + number * 10**9, mean, covariance, first=number == 0)


def fused(track_id: str, *, offset_m: float = 0.0, used: tuple[Measurement, ...] = (), **changes: Any) -> TrackUpdate:
    mean = np.concatenate([STATE, np.zeros(3)])
    mean[0] += offset_m
    fields: dict[str, Any] = {
        "picture": "fused",
        "track_id": track_id,
        "time_ns": NOW_NS,
        "status": TrackStatus.CONFIRMED,
        "mean": mean,
        "covariance": np.diag([1e4] * 3 + [25.0] * 3 + [1.0] * 3),
        "modes": np.array([0.0, 1.0, 0.0, 0.0]),
        "existence": 1.0,
        "first_time_ns": NOW_NS,
        "last_measured_ns": NOW_NS,
        "sensors": (),
        "nations": ("KOR",),
        "accepted": used,
    }
    return TrackUpdate(**(fields | changes))


def measured(scan: MeasurementScan | None) -> Measurement:
    assert scan is not None
    (measurement,) = scan.measurements
    return measurement


def test_a_first_tracklet_is_matched_to_the_nearest_track_within_the_gate() -> None:
    tracks = {"F1": fused("F1", offset_m=200.0), "F2": fused("F2", offset_m=60.0), "F3": fused("F3", offset_m=9e4)}
    measurement = measured(PartnerTracks().measure(tracklet(), tracks))
    assert measurement.track_hint == "F2"
    assert measurement.first
    assert measurement.kind == "state"
    assert (measurement.nation, measurement.sensor_id) == ("JPN", "JPN")


def test_a_partners_silence_can_be_judged() -> None:
    """An endless period would keep a fused track alive for ever after its partner fell silent."""
    scan = PartnerTracks().measure(tracklet(), {})
    assert scan is not None
    assert 0.0 < scan.period_s < 60.0


def test_beyond_the_gate_it_is_a_new_object() -> None:
    assert measured(PartnerTracks().measure(tracklet(), {"F1": fused("F1", offset_m=1e5)})).track_hint is None


@pytest.mark.parametrize("changes", [{"status": TrackStatus.ENDED}, {"time_ns": NOW_NS - 60 * 10**9}])
def test_ended_and_old_tracks_match_nothing(changes: dict[str, Any]) -> None:
    assert measured(PartnerTracks().measure(tracklet(), {"F1": fused("F1", **changes)})).track_hint is None


def test_later_tracklets_follow_what_the_tracker_made_of_the_first() -> None:
    table = PartnerTracks()
    first = measured(table.measure(tracklet(), {}))
    table.observe(fused("F9", used=(first,)))
    tracks = {"F9": fused("F9", offset_m=5e4), "F1": fused("F1")}  # F1 is nearer, but F9 took the first
    assert measured(table.measure(tracklet(1), tracks)).track_hint == "F9"
    assert table.fused_of("JPN", "p1") == ("F9",)


def test_a_merge_is_followed_and_an_end_forgotten() -> None:
    table = PartnerTracks()
    table.observe(fused("F9", used=(measured(table.measure(tracklet(), {})),)))
    table.observe(fused("F1", replaces="F9"))
    assert table.fused_of("JPN", "p1") == ("F1",)
    table.observe(fused("F1", status=TrackStatus.ENDED))
    assert table.fused_of("JPN", "p1") == ()


def test_a_batch_counts_once_whatever_way_it_comes() -> None:
    table = PartnerTracks()
    assert table.measure(tracklet(), {}) is not None
    assert table.measure(tracklet(), {}) is None


def test_a_partner_cannot_fill_the_table() -> None:
    table = PartnerTracks()
    for number in range(MAX_PARTNER_TRACKS):
        scan = table.measure(tracklet(track=f"p{number}"), {})
        table.observe(fused(f"F{number}", used=(measured(scan),)))
    assert table.measure(tracklet(track="one-more"), {}) is None
    assert table.measure(tracklet(nation="USA"), {}) is not None  # another partner has its own room
    table.observe(fused("F3", status=TrackStatus.ENDED))
    assert table.measure(tracklet(track="now-there-is-room"), {}) is not None


def test_the_distance_is_the_textbook_one_at_equal_times_and_moves_with_the_track() -> None:
    covariance = np.diag([1e4] * 3 + [25.0] * 3 + [1.0] * 3)
    mean, other = np.concatenate([STATE, np.zeros(3)]), STATE + np.array([100.0, 0, 0, 5.0, 0, 0])
    sum6 = np.diag([2e4] * 3 + [50.0] * 3)
    expected = float((other - STATE) @ np.linalg.solve(sum6, other - STATE))
    assert match_distance(mean, covariance, 0.0, other, np.diag([1e4] * 3 + [25.0] * 3)) == pytest.approx(expected)
    moved = STATE.copy()
    propagate_accelerated(moved, 0.0, 0.0, 0.0, 2.0)
    assert match_distance(mean, covariance, 2.0, moved, sum6) == pytest.approx(0.0, abs=1e-9)


def test_covariance_grows_as_free_motion_says() -> None:
    rng = np.random.default_rng(5)
    root = rng.normal(size=(9, 9)) * np.repeat([100.0, 10.0, 1.0], 3)[:, None]
    covariance, dt_s = root @ root.T, 3.0
    motion = np.block(
        [[np.eye(3), dt_s * np.eye(3), 0.5 * dt_s**2 * np.eye(3)], [np.zeros((3, 3)), np.eye(3), dt_s * np.eye(3)]]
    )
    expected_covariance = motion @ covariance @ motion.T + np.eye(6)
    mean = np.concatenate([STATE, np.zeros(3)])
    at_rest = match_distance(mean, covariance, dt_s, STATE, np.eye(6))
    moved = STATE.copy()
    propagate_accelerated(moved, 0.0, 0.0, 0.0, dt_s)
    difference = STATE - moved
    assert at_rest == pytest.approx(float(difference @ np.linalg.solve(expected_covariance, difference)), rel=1e-6)


def test_what_is_no_number_matches_nothing() -> None:
    mean = np.concatenate([STATE, np.zeros(3)])
    assert match_distance(mean, np.eye(9), 0.0, np.full(6, np.nan), np.eye(6)) == math.inf
    assert match_distance(mean, -np.eye(9), 0.0, STATE, np.eye(6)) == math.inf
