"""Doubles are merged, twins are not; what comes back is recognised, also after a turn that nobody saw."""

from collections.abc import Iterable

import numpy as np
import pymap3d
import pytest
from numpy.typing import NDArray

from beaconfire.kernel.records import TrackStatus
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track import life
from beaconfire.track.bank import BIASES, mixture, start_bank
from beaconfire.track.merge import Duplicates, close_pairs, same_object
from beaconfire.track.models import MODELS, STATE
from beaconfire.track.tables import Tables, Track

Array = NDArray[np.float64]
PLACE = np.array(pymap3d.geodetic2ecef(40.0, 132.0, 60e3))
VELOCITY = np.array([-1500.0, 1200.0, 800.0])
SPREAD = np.diag([200.0**2] * 3 + [20.0**2] * 3)


class Picture:
    """Tables and tracks by hand."""

    def __init__(self) -> None:
        self.tables, self.tracks = Tables(8), dict[str, Track]()

    def add(
        self, name: str, *, place: Array = PLACE, velocity: Array = VELOCITY, time_s: float = 0.0,
        status: TrackStatus = TrackStatus.CONFIRMED, first_s: float = 0.0, scan: tuple[str, int] = ("", 0),
        weights: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 0.0), spread: Array = SPREAD,
    ) -> Track:  # fmt: skip
        tables, row = self.tables, self.tables.take()
        assert row is not None
        tables.weights[row] = weights
        start_bank(np.concatenate([place, velocity]), spread, tables.weights[row], tables.x[row], tables.p[row])
        tables.weights[row] = weights
        tables.c[row] = np.zeros((MODELS, STATE, BIASES))
        mixture(tables.x[row], tables.p[row], tables.weights[row], tables.mean[row], tables.covariance[row])
        tables.time_ns[row] = tables.measured_ns[row] = round(time_s * NS_PER_S)
        tables.seen[row] = tables.mean[row]
        track = life.new_track(name, row, first_ns=round(first_s * NS_PER_S), status=status)
        tables.mark(track, status)
        track.last_scan = scan if scan[0] else (name, 0)
        self.tracks[name] = track
        return track

    def listed(self) -> tuple[list[Track], NDArray[np.int64]]:
        tracks = list(self.tracks.values())
        return tracks, np.array([track.row for track in tracks])

    def found(self, duplicates: Duplicates, seconds: Iterable[float]) -> list[tuple[str, str]]:
        pairs = list[tuple[str, str]]()
        for second in seconds:
            now_ns = round(second * NS_PER_S)
            self.tables.time_ns[:] = self.tables.measured_ns[:] = now_ns
            pairs.extend((a.id, b.id) for a, b in duplicates.find(self.tables, *self.listed(), now_ns))
        return pairs


def test_two_tracks_of_one_object_are_found_after_three_looks() -> None:
    picture = Picture()
    picture.add("young", first_s=9.0, place=PLACE + 150.0)
    picture.add("old", first_s=1.0)
    duplicates = Duplicates()
    assert picture.found(duplicates, [10.0, 10.2, 10.4, 11.1]) == []
    assert picture.found(duplicates, [12.2]) == [("old", "young")]


@pytest.mark.parametrize("apart", [np.array([4e3, 0, 0]), np.array([0, 0, -90e3])])
def test_two_objects_are_two(apart: bool) -> None:
    picture = Picture()
    picture.add("a", place=PLACE + apart)
    picture.add("b")
    assert picture.found(Duplicates(), range(10, 30)) == []


def test_different_velocities_are_two_objects() -> None:
    picture = Picture()
    picture.add("a", velocity=VELOCITY + np.array([300.0, 0.0, 0.0]))
    picture.add("b")
    assert picture.found(Duplicates(), range(10, 30)) == []


def test_detections_of_their_own_in_one_scan_hold_them_apart() -> None:
    picture, duplicates = Picture(), Duplicates()
    first, second = picture.add("a"), picture.add("b", place=PLACE + 100.0)
    for second_s in range(10, 40):
        first.last_scan = second.last_scan = ("R", second_s)
        assert picture.found(duplicates, [second_s]) == []
    first.last_scan, second.last_scan = ("R", 40), ("Q", 40)
    assert picture.found(duplicates, range(41, 69)) == []
    assert picture.found(duplicates, range(69, 80))[0] == ("a", "b")


def test_lost_and_stale_tracks_are_not_compared() -> None:
    picture = Picture()
    picture.add("a", status=TrackStatus.LOST)
    picture.add("b")
    assert picture.found(Duplicates(), range(10, 20)) == []


def test_what_is_gone_is_forgotten_and_a_copy_is_independent() -> None:
    picture, duplicates = Picture(), Duplicates()
    picture.add("a")
    picture.add("b")
    picture.found(duplicates, [10.0, 11.1])
    other = duplicates.copy()
    duplicates.forget("a")
    assert picture.found(duplicates, [12.2]) == []
    assert picture.found(other, [12.2]) == [("a", "b")]


def test_close_pairs_finds_all_of_them() -> None:
    rng = np.random.default_rng(3)
    means = np.zeros((60, STATE))
    means[:, :3] = rng.uniform(-50e3, 50e3, size=(60, 3))
    covariances = np.tile(np.eye(STATE) * 1e6, (60, 1, 1))
    spreads = np.full(60, 1700.0)
    found, distances = np.zeros((2000, 2), np.int64), np.zeros(2000)
    count = close_pairs(means, covariances, np.arange(60), spreads, found, distances)
    reach = 8.0 * 3400.0 + 500.0
    want = {(i, j) for i in range(60) for j in range(i + 1, 60) if (abs(means[i, :3] - means[j, :3]) <= reach).all()}
    assert {tuple(pair) for pair in found[:count].tolist()} == want
    i, j = found[0]
    difference = means[j, :6] - means[i, :6]
    assert distances[0] == pytest.approx(float(difference @ difference) / 2e6)


def test_a_new_track_on_a_confirmed_one_is_its_double() -> None:
    picture = Picture()
    old = picture.add("old")
    new = picture.add("new", place=PLACE + 100.0, status=TrackStatus.TENTATIVE)
    assert same_object(picture.tables, *picture.listed(), new) is old
    new.last_scan = old.last_scan = ("R", 7)
    assert same_object(picture.tables, *picture.listed(), new) is None


def test_an_aircraft_is_no_double_of_a_missile() -> None:
    picture = Picture()
    picture.add("old")
    new = picture.add("new", status=TrackStatus.TENTATIVE, weights=(0.0, 0.02, 0.0, 0.98))
    assert same_object(picture.tables, *picture.listed(), new) is None


def test_a_lost_track_is_found_where_free_fall_takes_it() -> None:
    picture = Picture()
    lost = picture.add("lost", status=TrackStatus.LOST, place=PLACE * 1.05)
    other = picture.add("other", status=TrackStatus.LOST, place=PLACE * 1.05 + np.array([0.0, 30e3, 0.0]))
    tables = picture.tables
    from beaconfire.track.rows import predict_rows  # the prediction itself is tested elsewhere

    x, p, c, w = (part[[lost.row]].copy() for part in (tables.x, tables.p, tables.c, tables.weights))
    predict_rows(x, p, c, np.zeros(1, np.int64), w, np.array([90 * NS_PER_S]))
    new = picture.add("new", place=x[0, 1, :3], velocity=x[0, 1, 3:6], time_s=90.0, status=TrackStatus.TENTATIVE)
    assert same_object(tables, *picture.listed(), new) is lost
    assert other.status is TrackStatus.LOST


def pulled_up(
    picture: Picture, *, turn: Array, after_s: float = 60.0, status: TrackStatus = TrackStatus.TENTATIVE
) -> Track:
    place = PLACE + VELOCITY * after_s + turn * after_s**2 / 2.0
    return picture.add("new", place=place, velocity=VELOCITY + turn * after_s, time_s=after_s, status=status)


def test_a_turn_that_nobody_saw_is_believed_inside_the_air_and_within_reason() -> None:
    up = PLACE / np.linalg.norm(PLACE)
    for turn, after_s, expected in ((6.0 * up, 60.0, True), (30.0 * up, 60.0, False), (6.0 * up, 150.0, False)):
        picture = Picture()
        lost = picture.add("lost", status=TrackStatus.LOST)
        lost.fallen = True
        new = pulled_up(picture, after_s=after_s, turn=turn)
        assert same_object(picture.tables, *picture.listed(), new) is (lost if expected else None)


def test_what_is_slow_or_in_space_did_not_turn() -> None:
    for place, velocity in ((PLACE, VELOCITY / 4.0), (PLACE * 1.1, VELOCITY)):
        picture = Picture()
        lost = picture.add("lost", status=TrackStatus.LOST, place=place, velocity=velocity)
        lost.fallen = True
        new = picture.add("new", place=place + velocity * 60.0, velocity=velocity, time_s=60.0,
                          status=TrackStatus.TENTATIVE)  # fmt: skip
        assert same_object(picture.tables, *picture.listed(), new) is None
