"""One object, one track: doubles against brute force, two objects side by side kept apart, continuing a lost name."""

import itertools
import math

import numpy as np
import pytest

from beaconfire.kernel.records import Sensor, TrackStatus
from beaconfire.track import Tracker
from beaconfire.track.merge import close_pairs
from tests.track import oracle, play, world
from tests.track.oracle import Array

SENSOR = Sensor(
    id="R1", nation="NOR", kind="radar", latitude_deg=60.0, longitude_deg=11.0, max_range_m=2_000e3,
    false_alarms_per_scan=0.0, detection_probability=0.98,
)  # fmt: skip
SECOND = Sensor(
    id="R2", nation="SWE", kind="radar", latitude_deg=59.3, longitude_deg=18.0, max_range_m=2_000e3,
    false_alarms_per_scan=0.0, detection_probability=0.98,
)  # fmt: skip


def body(name: str, *, aside_m: float = 0.0) -> world.Flight:
    start = play.along(
        latitude_deg=60.5, longitude_deg=14.0, altitude_m=200e3, azimuth_deg=80.0, climb_deg=12.0, speed_m_s=2_500.0
    )
    across = np.cross(start[:3], start[3:])
    start[:3] += aside_m * across / np.linalg.norm(across)
    return play.thrown(name, start, seconds_s=150.0, beta=5e3)


def cloud(seed: int, count: int) -> tuple[Array, Array, Array]:
    """States about a few centres, so that some are near each other and most are not."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(5, 6)) * np.array([200e3] * 3 + [1e3] * 3)
    means = np.zeros((count, 9))
    means[:, :6] = centres[rng.integers(0, 5, count)] + rng.normal(size=(count, 6)) * ([400.0] * 3 + [40.0] * 3)
    covariances = np.zeros((count, 9, 9))
    for n in range(count):
        covariances[n] = oracle.spd(rng, np.array([200.0] * 3 + [20.0] * 3 + [3.0] * 3))
    spreads = np.sqrt(np.trace(covariances[:, :3, :3], axis1=1, axis2=2))
    return means, covariances, spreads


@pytest.mark.parametrize("seed", range(5))
def test_near_pairs_are_those_of_brute_force(seed: int) -> None:
    """Every pair whose states agree within chi-square is found, with its exact distance, and once."""
    means, covariances, spreads = cloud(seed, 24)
    found, distances = np.empty((400, 2), np.int64), np.empty(400)
    count = close_pairs(means, covariances, np.arange(len(means)), spreads, found, distances)
    got = {(int(a), int(b)): float(d) for (a, b), d in zip(found[:count], distances[:count], strict=True)}
    assert len(got) == count
    for i, j in itertools.combinations(range(24), 2):
        difference = means[j, :6] - means[i, :6]
        both = covariances[i, :6, :6] + covariances[j, :6, :6]
        want = float(difference @ np.linalg.solve(both, difference))
        if (i, j) in got:
            assert got[i, j] == pytest.approx(want, rel=1e-9)
        else:
            assert want > 50.0, "nothing that could be one object is left out"


def test_the_table_of_pairs_is_never_overrun() -> None:
    means, covariances, spreads = cloud(1, 30)
    means[:] = means[0]
    found, distances = np.empty((10, 2), np.int64), np.empty(10)
    assert close_pairs(means, covariances, np.arange(len(means)), spreads, found, distances) == 10


def alive(tracker: Tracker) -> list[str]:
    return [name for name, update in tracker.current().items() if update.status is TrackStatus.CONFIRMED]


def test_two_sensors_of_one_object_are_one_track() -> None:
    log = play.play([body("F")], (SENSOR, SECOND), until_s=100.0, seed=3)
    assert len(alive(log.tracker)) == 1
    (name,) = alive(log.tracker)
    assert set(log.tracker.current()[name].nations) == {"NOR", "SWE"}


@pytest.mark.parametrize("aside_m", [3e3, 10e3])
def test_two_objects_side_by_side_stay_two(aside_m: float) -> None:
    flights = [body("A"), body("B", aside_m=aside_m)]
    log = play.play(flights, (SENSOR, SECOND), until_s=130.0, seed=4)
    names = alive(log.tracker)
    assert len(names) == 2
    owners = {_nearest(log, name, flights) for name in names}
    assert owners == {"A", "B"}


def _nearest(log: play.Log, name: str, flights: list[world.Flight]) -> str:
    update = log.tracker.current()[name]
    t = play.seconds(update)
    distances = {flight.name: math.dist(flight.state(t)[:3], update.mean[:3]) for flight in flights}
    return min(distances, key=lambda key: distances[key])


@pytest.mark.parametrize("gap_s", [25.0, 60.0])
def test_a_name_survives_a_gap(gap_s: float) -> None:
    """Nobody looks for a while: the track is lost, coasts, and the object keeps its name when it is seen again."""
    flight = body("F")
    log = play.play([flight], (SENSOR,), until_s=40.0, seed=5)
    (name,) = alive(log.tracker)
    log.take(log.tracker.advance(world.START_NS + round((40.0 + gap_s) * 1e9)))
    assert log.updates[name][-1].status is TrackStatus.LOST
    log = play.play([flight], (SENSOR,), until_s=140.0, seed=6, log=log, from_s=41.0 + gap_s)
    assert alive(log.tracker) == [name]


def test_a_lost_track_s_spread_grows_and_holds_the_truth() -> None:
    flight = body("F")
    log = play.play([flight], (SENSOR,), until_s=40.0, seed=5)
    (name,) = alive(log.tracker)
    spreads = []
    for t in (60.0, 80.0, 100.0, 120.0):
        log.tracker.advance(world.START_NS + round((t + 31.0) * 1e9))
        update = log.tracker.current()[name]
        table_t = play.seconds(update)
        spreads.append(float(np.trace(update.covariance[:3, :3])))
        error = update.mean[:6] - flight.state(table_t)
        assert float(error @ np.linalg.solve(update.covariance[:6, :6], error)) < 30.0
    assert spreads == sorted(spreads)


def test_merged_names_are_told_once_and_the_older_stays() -> None:
    """Two radars start their own tracks of one object while neither knows it well; one name is left, and it is told."""
    coarse = tuple(
        Sensor(
            id=f"C{n}", nation="NOR", kind="radar", latitude_deg=60.0 + n, longitude_deg=11.0 + 3 * n,
            max_range_m=2_000e3, azimuth_sigma_deg=0.3, elevation_sigma_deg=0.3, range_sigma_m=200.0,
            false_alarms_per_scan=0.0,
        )
        for n in range(3)
    )  # fmt: skip
    for seed in range(4):
        log = play.play([body("F")], coarse, until_s=100.0, seed=seed)
        (name,) = alive(log.tracker)
        replaced = [u.replaces for u in log.updates[name] if u.replaces is not None]
        assert len(replaced) == len(set(replaced))
        others = set(log.confirmed) - {name}
        assert others <= set(replaced) | {
            key for key in others if log.updates[key][-1].status in (TrackStatus.ENDED, TrackStatus.LOST)
        }
