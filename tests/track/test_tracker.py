"""The tracker on whole flights of the tests' own physics: one track per object, honest, deterministic."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec
import numpy as np
import pytest

from beaconfire.kernel.records import MODES, MeasurementScan, Sensor, TrackStatus, TrackUpdate
from beaconfire.kernel.time import NS_PER_S
from beaconfire.sense import Sense
from beaconfire.track import Tracker
from tests.track import world

BOOST, BALLISTIC, GLIDE, AIR = range(4)
RADARS, EYES = world.RADARS, world.INFRARED


Log = dict[str, list[TrackUpdate]]
Played = tuple[str, Tracker, Log]


@pytest.fixture(scope="module")
def missile() -> world.Flight:
    return world.missile(
        "M", latitude_deg=39.2, longitude_deg=126.0, azimuth_deg=75.0, burn_s=85.0, thrust=(22.0, 55.0)
    )


def measured(
    flights: list[world.Flight], sensors: tuple[Sensor, ...], *, until_s: float, seed: int = 1
) -> list[MeasurementScan]:
    sense = Sense(sensors)
    taken = (
        sense.accept(scan, now_ns=scan.time_ns)[0] for scan in world.scans(flights, sensors, until_s=until_s, seed=seed)
    )
    return [scan for scan in taken if scan is not None]


def follow(scans: Iterable[MeasurementScan], tracker: Tracker | None = None) -> tuple[Tracker, Log]:
    tracker = tracker or Tracker("own", id_prefix="T")
    log = defaultdict(list)
    for scan in scans:
        for update in tracker.scan(scan):
            log[update.track_id].append(update)
    return tracker, log


def seconds(update: TrackUpdate) -> float:
    return (update.time_ns - world.START_NS) / NS_PER_S


def confirmed(log: Log) -> Log:
    return {name: updates for name, updates in log.items() if any(u.status is TrackStatus.CONFIRMED for u in updates)}


def nees(update: TrackUpdate, flight: world.Flight, size: int = 6) -> float:
    error = update.mean[:size] - flight.state(seconds(update))[:size]
    return float(error @ np.linalg.solve(update.covariance[:size, :size], error))


@pytest.fixture(scope="module", params=["radars", "infrared", "both", "biased"])
def flight_log(request: pytest.FixtureRequest, missile: world.Flight) -> Played:
    sensors = {"radars": RADARS, "infrared": EYES, "both": RADARS + EYES, "biased": world.BIASED}[request.param]
    tracker, log = follow(measured([missile], sensors, until_s=330.0))
    return request.param, tracker, log


def test_one_object_is_one_track(flight_log: Played) -> None:
    _, _, log = flight_log
    assert len(confirmed(log)) == 1


def test_the_track_is_where_the_object_is(flight_log: Played, missile: world.Flight) -> None:
    name, _, log = flight_log
    (updates,) = confirmed(log).values()
    good = [u for u in updates if u.status is TrackStatus.CONFIRMED and u.accepted and seconds(u) < missile.end_s]
    errors = [np.linalg.norm(u.mean[:3] - missile.state(seconds(u))[:3]) for u in good[len(good) // 2 :]]
    assert np.median(errors) < (3e3 if name == "infrared" else 400.0)


def test_the_covariance_is_honest(flight_log: Played, missile: world.Flight) -> None:
    """One run's NEES is correlated in time: its mean must lie between a third of and three times 6.

    Radars that could be crooked and are not leave less.
    """
    name, _, log = flight_log
    (updates,) = confirmed(log).values()
    good = [u for u in updates if u.status is TrackStatus.CONFIRMED and u.accepted and seconds(u) < missile.end_s]
    assert (0.5 if name == "biased" else 2.0) < np.mean([nees(u, missile) for u in good]) < 18.0


def test_updates_are_whole(flight_log: Played) -> None:
    _, tracker, log = flight_log
    for updates in log.values():
        for update in updates:
            assert update.picture == "own" and update.modes.sum() == pytest.approx(1.0)
            assert update.first_time_ns <= update.last_measured_ns and 0.0 < update.existence < 1.0
            np.testing.assert_array_equal(update.covariance, update.covariance.T)
            scale = np.sqrt(np.diag(update.covariance))
            assert (np.linalg.eigvalsh(update.covariance / np.outer(scale, scale)) > -1e-7).all()
            assert {item.sensor_id for item in update.accepted} <= set(update.sensors)
    assert set(tracker.current()) <= set(log)
    for name, update in tracker.current().items():
        assert log[name][-1] is update


def test_every_detection_is_used_once(flight_log: Played) -> None:
    _, _, log = flight_log
    used = Counter(item.id for updates in log.values() for u in updates for item in u.accepted)
    (updates,) = confirmed(log).values()
    own = Counter(item.id for u in updates for item in u.accepted)
    assert max(own.values()) == 1
    assert sum(own.values()) > 0.9 * sum(used.values())  # rivals of the first seconds shared a few


def test_modes_follow_thrust_and_coast(missile: world.Flight) -> None:
    _, log = follow(measured([missile], RADARS, until_s=330.0))
    (updates,) = confirmed(log).values()
    burning = [u.modes for u in updates if u.status is TrackStatus.CONFIRMED and seconds(u) < missile.burnout_s]
    assert np.mean([m[BOOST] for m in burning]) > 0.7
    later = [u for u in updates if u.accepted and missile.burnout_s + 6.0 < seconds(u) < missile.end_s]
    assert all(u.modes[BOOST] < 0.2 and u.modes[GLIDE] < 0.1 for u in later)
    assert np.mean([u.modes[BALLISTIC] for u in later]) > 0.97
    burnout = next(seconds(u) for u in updates if seconds(u) > missile.burnout_s and u.modes[BOOST] < 0.5)
    assert burnout - missile.burnout_s < 6.0
    assert MODES == ("boost", "ballistic", "glide", "powered_air")


def test_a_pull_up_is_a_glide_and_a_fall_is_none() -> None:
    glider = world.missile(
        "G", latitude_deg=39.2, longitude_deg=126.0, azimuth_deg=80.0, burn_s=75.0, thrust=(22.0, 50.0), pitch_deg=30.0,
        lift=(150.0, 190.0, 20.0),
    )  # fmt: skip
    sharp = msgspec.structs.replace(RADARS[0], azimuth_sigma_deg=0.015, elevation_sigma_deg=0.015)
    _, log = follow(measured([glider], (sharp,), until_s=190.0))
    (updates,) = confirmed(log).values()
    during = [u.modes[GLIDE] for u in updates if u.accepted and seconds(u) > 165.0]
    before = [u.modes[GLIDE] for u in updates if u.accepted and 90.0 < seconds(u) < 148.0]
    assert len(before) > 20 and max(before) < 0.1
    assert np.mean(during) > 0.7 and np.mean(np.array(during) > 0.5) >= 0.8


def test_a_salvo_among_aircraft_and_clutter_is_counted_exactly() -> None:
    flights = [
        world.missile(f"M{i}", latitude_deg=39.2 + 0.02 * i, longitude_deg=126.0, azimuth_deg=75.0, start_s=75.0 * i)
        for i in range(4)
    ]
    rng = np.random.default_rng(5)
    flights += [
        world.aircraft(f"A{i}", latitude_deg=rng.uniform(35, 40), longitude_deg=rng.uniform(126, 139),
                       heading_deg=rng.uniform(0, 360), duration_s=420.0)
        for i in range(25)
    ]  # fmt: skip
    _, log = follow(measured(flights, RADARS + EYES, until_s=400.0))
    owners = defaultdict(list)
    for name, updates in confirmed(log).items():
        votes = Counter[str]()
        for update in updates:
            if update.accepted:
                near = [(np.linalg.norm(f.state(seconds(update))[:3] - update.mean[:3]), f.name)
                        for f in flights if f.alive(seconds(update))]  # fmt: skip
                votes[min(near)[1]] += 1
        owners[votes.most_common(1)[0][0]].append(name)
    assert all(len(owners[f"M{i}"]) == 1 for i in range(4))
    assert all(len(names) == 1 for names in owners.values())
    for flight, (name,) in owners.items():
        good = [u for u in log[name] if u.status is TrackStatus.CONFIRMED][6:]
        if flight.startswith("A"):
            assert np.mean([u.modes[AIR] > 0.5 for u in good]) > 0.99
        else:
            assert max(u.modes[AIR] for u in good) < 0.1


def test_clutter_alone_confirms_nothing() -> None:
    _, log = follow(measured([], RADARS, until_s=600.0))
    assert not confirmed(log)


def test_an_object_that_leaves_is_lost_and_one_that_comes_back_keeps_its_name(missile: world.Flight) -> None:
    scans = measured([missile], RADARS, until_s=330.0)
    hidden = [s for s in scans if not 120.0 < (s.time_ns - world.START_NS) / NS_PER_S < 190.0]
    _, log = follow(hidden)
    (name,) = confirmed(log)
    assert {u.status for u in log[name]} >= {TrackStatus.CONFIRMED, TrackStatus.LOST}
    back = [u for u in log[name] if seconds(u) > 190.0 and u.accepted]
    assert len(back) > 20 and np.mean([nees(u, missile) for u in back]) < 18.0


def test_time_alone_loses_and_ends_tracks(missile: world.Flight) -> None:
    tracker, log = follow(measured([missile], RADARS, until_s=150.0))
    (name,) = confirmed(log)
    begin = tracker.current()[name].time_ns
    statuses = [u.status for step in range(1, 60) for u in tracker.advance(begin + step * 10 * NS_PER_S)]
    assert statuses == [TrackStatus.LOST, TrackStatus.ENDED]
    assert not tracker.current()


def test_the_same_scans_give_the_same_bytes(missile: world.Flight) -> None:
    flights = [missile, world.aircraft("A", latitude_deg=38.0, longitude_deg=130.0, heading_deg=30.0)]
    scans = measured(flights, RADARS + EYES, until_s=120.0)
    first, second = follow(scans)[1], follow(scans)[1]
    assert list(first) == list(second)
    for name in first:
        for one, other in zip(first[name], second[name], strict=True):
            assert one.mean.tobytes() == other.mean.tobytes() and one.covariance.tobytes() == other.covariance.tobytes()


def test_a_checkpoint_goes_its_own_way(missile: world.Flight) -> None:
    scans = measured([missile], RADARS, until_s=160.0)
    tracker, _ = follow(scans[:180])
    kept = tracker.checkpoint()
    _, once = follow(scans[180:], tracker)
    _, again = follow(scans[180:], kept)
    assert {n: [u.mean.tobytes() for u in v] for n, v in once.items()} == {
        n: [u.mean.tobytes() for u in v] for n, v in again.items()
    }


def test_a_sensor_s_late_scans_change_nothing_in_the_end(missile: world.Flight) -> None:
    """Scans of one radar come two seconds late: the track ends where it ends when all come in time."""
    scans = measured([missile], RADARS, until_s=160.0)
    delay = {id(s): s.time_ns + (2 * NS_PER_S if s.sensor_id == "KOR-R2" else 0) for s in scans}
    _, log = follow(scans)
    _, late_log = follow(sorted(scans, key=lambda s: delay[id(s)]))
    (one,), (other,) = confirmed(log).values(), confirmed(late_log).values()
    ahead = [u for u in one if u.accepted][-1]
    behind = [u for u in other if u.accepted][-1]
    assert abs(ahead.time_ns - behind.time_ns) <= 4 * NS_PER_S
    assert nees(behind, missile) < 25.0
    assert {"KOR-R1", "KOR-R2"} <= set(behind.sensors)


def test_partial_rows_update_and_never_crash(missile: world.Flight) -> None:
    scans = measured([missile], RADARS, until_s=150.0)
    rng = np.random.default_rng(3)
    for number, scan in enumerate(scans):
        if number > 150:
            for item in scan.measurements:
                item.values[rng.choice(4, size=int(rng.integers(1, 4)), replace=False)] = np.nan
    _, log = follow(scans)
    (updates,) = confirmed(log).values()
    partial = [u for u in updates if u.accepted and np.isnan(u.accepted[0].values).any()]
    assert len(partial) > 20
    assert np.mean([nees(u, missile) for u in partial]) < 20.0


def test_a_sensor_at_the_target_is_survived() -> None:
    site = world.RADARS[0]
    flight = world.aircraft(
        "A", latitude_deg=36.6, longitude_deg=127.39, heading_deg=90.0, altitude_m=301.0, speed_m_s=100.0
    )
    _, log = follow(measured([flight], (site,), until_s=100.0))
    assert all(np.isfinite(u.mean).all() for updates in log.values() for u in updates)
