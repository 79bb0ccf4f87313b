"""Existence, confirmation, loss and end: the rules of a track's life one by one."""

import pytest

from beaconfire.kernel.records import TrackStatus
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track import life
from beaconfire.track.tables import Track


def track(hits: int = 0, misses: int = 0, every_s: float = 2.0, period_s: float = 2.0) -> Track:
    one = life.new_track("T1", 3, first_ns=0, status=TrackStatus.TENTATIVE)
    for number in range(hits):
        life.note_hit(one, time_ns=round(number * every_s * NS_PER_S), sensor_id="R", nation="KOR", period_s=period_s)
    for _ in range(misses):
        life.note_miss(one)
    return one


def confirmed(one: Track, *, existence: float = 0.9999, sigma: float = 100.0, time_s: float = 20.0) -> bool:
    return life.is_confirmed(one, existence=existence, velocity_sigma_m_s=sigma, time_ns=round(time_s * NS_PER_S))


def test_a_hit_multiplies_the_odds_and_no_hit_decides_alone() -> None:
    assert life.after_hit(0.5, log_ratio=0.0) == pytest.approx(0.5)
    assert life.after_hit(0.5, log_ratio=1.0) == pytest.approx(0.7311, abs=1e-4)
    assert life.after_hit(0.5, log_ratio=80.0) == pytest.approx(100.0 / 101.0)
    assert life.after_hit(0.5, log_ratio=-1.0) < 0.5


def test_a_miss_is_worth_what_the_sensor_sees() -> None:
    assert life.after_miss(0.5, detection_probability=0.9) == pytest.approx(0.1 / 1.1)
    assert life.after_miss(0.5, detection_probability=1.0) == pytest.approx(0.02 / 1.02)
    assert life.after_miss(0.5, detection_probability=0.0) == pytest.approx(0.5)


def test_existence_never_leaves_its_bounds() -> None:
    high = low = 0.5
    for _ in range(50):
        high, low = life.after_hit(high, log_ratio=9.0), life.after_miss(low, detection_probability=0.95)
    assert 0.99998 < high < 1.0 and 0.0 < low < 2e-6
    assert life.after_hit(1.0, log_ratio=5.0) < 1.0
    assert life.after_miss(0.0, detection_probability=0.5) > 0.0


def test_six_misses_end_the_surest_track_and_four_do_not() -> None:
    existence, below = 1.0, []
    existence = life.after_hit(existence, log_ratio=50.0)
    for _ in range(6):
        existence = life.after_miss(existence, detection_probability=0.9)
        below.append(existence < 0.1)
    assert below == [False, False, False, False, False, True]


def test_confirmation_wants_certainty_hits_times_age_and_a_velocity() -> None:
    assert confirmed(track(4))
    assert not confirmed(track(3))
    assert not confirmed(track(4), existence=0.99)
    assert not confirmed(track(4), sigma=1500.0)
    assert not confirmed(track(4), time_s=1.0)
    assert not confirmed(track(4, every_s=0.0))  # one instant, however many sensors
    spotty = track(3, misses=3)
    life.note_hit(spotty, time_ns=30 * NS_PER_S, sensor_id="R", nation="KOR", period_s=2.0)
    assert confirmed(spotty)
    worn = track(4, misses=6)
    assert not confirmed(worn)  # four of the last eight looks, no longer


def test_a_hit_ends_a_row_of_misses_and_is_remembered() -> None:
    one = track(2, misses=2)
    life.note_hit(one, time_ns=9 * NS_PER_S, sensor_id="I", nation="USA", period_s=10.0)
    assert one.misses == 0 and one.hits == 3 and one.longest_period_s == 10.0
    assert one.sensors == {"R": "KOR", "I": "USA"} and one.last_scan == ("I", 9 * NS_PER_S)


def test_a_tentative_track_is_dropped_for_misses_doubt_or_silence() -> None:
    assert life.is_dropped(track(2, misses=3), existence=0.5, unseen_ns=0)
    assert life.is_dropped(track(2), existence=0.01, unseen_ns=0)
    assert life.is_dropped(track(2), existence=0.5, unseen_ns=7 * NS_PER_S)
    assert not life.is_dropped(track(2, misses=2), existence=0.5, unseen_ns=6 * NS_PER_S)
    assert not life.is_dropped(track(2, period_s=10.0), existence=0.5, unseen_ns=30 * NS_PER_S)


def test_a_confirmed_track_is_lost_to_misses_or_to_the_horizon() -> None:
    assert life.is_lost(track(8, misses=4), existence=0.05, unseen_ns=0)
    assert not life.is_lost(track(8, misses=3), existence=0.05, unseen_ns=0)
    assert not life.is_lost(track(8, misses=9), existence=0.5, unseen_ns=0)
    assert life.is_lost(track(8), existence=0.9, unseen_ns=21 * NS_PER_S)
    assert not life.is_lost(track(8, period_s=10.0), existence=0.9, unseen_ns=29 * NS_PER_S)
    assert life.is_lost(track(8, period_s=10.0), existence=0.9, unseen_ns=31 * NS_PER_S)


def test_the_lost_are_kept_as_long_as_they_may_come_back() -> None:
    flying, fallen = track(8), track(8)
    fallen.fallen = True
    assert not life.is_ended(flying, aircraft=0.0, unseen_ns=5_000 * NS_PER_S)
    assert life.is_ended(flying, aircraft=0.0, unseen_ns=5_401 * NS_PER_S)
    assert life.is_ended(flying, aircraft=0.9, unseen_ns=121 * NS_PER_S)
    assert not life.is_ended(fallen, aircraft=0.0, unseen_ns=119 * NS_PER_S)
    assert life.is_ended(fallen, aircraft=0.0, unseen_ns=121 * NS_PER_S)
    assert life.KEPT_S > 68 * 60  # the longest published lofted flight
