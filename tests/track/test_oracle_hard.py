"""Hard places and hard input: poles, the antimeridian, overhead, a sensor at the target, partial rows, floods."""

import math
import time
import tracemalloc

import numpy as np
import pymap3d
import pytest

from beaconfire.kernel.records import Detection, MeasurementScan, Scan, Sensor, TrackStatus
from beaconfire.kernel.time import NS_PER_S
from beaconfire.sense import Sense
from beaconfire.track import Tracker
from tests.track import play, world

# A flood of n looks in one scan costs each of them a share of every track's gate: linear in n, with room for noise of
# a shared machine. Quadratic would be a hundred times.
LINEAR_ROOM = 10.0


def radar_at(latitude_deg: float, longitude_deg: float, *, clutter: float = 0.0) -> Sensor:
    return Sensor(
        id="R", nation="NOR", kind="radar", latitude_deg=latitude_deg, longitude_deg=longitude_deg,
        max_range_m=2_000e3, false_alarms_per_scan=clutter, min_elevation_deg=0.5, detection_probability=0.95,
    )  # fmt: skip


def follow(flight: world.Flight, sensor: Sensor, *, until_s: float) -> play.Log:
    return play.play([flight], (sensor,), until_s=until_s, seed=2)


@pytest.mark.parametrize(
    ("latitude_deg", "longitude_deg"),
    [(90.0, 0.0), (89.9, 170.0), (-90.0, 0.0), (0.0, 180.0), (52.0, 179.9), (52.0, -179.9), (0.0, 0.0)],
)
def test_no_place_on_earth_is_special(latitude_deg: float, longitude_deg: float) -> None:
    """A ballistic body that passes over the sensor, over the pole and over the antimeridian."""
    start = play.along(
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        altitude_m=250e3,
        azimuth_deg=40.0,
        climb_deg=20.0,
        speed_m_s=3_500.0,
    )
    start[:3] -= 30.0 * start[3:]  # it comes from behind and passes over
    flight = play.thrown("F", start, seconds_s=120.0, beta=5e3)
    log = follow(flight, radar_at(latitude_deg, longitude_deg), until_s=110.0)
    (updates,) = log.confirmed.values()
    last = updates[-1]
    assert last.status is TrackStatus.CONFIRMED and play.seconds(last) > 100.0
    error = last.mean[:6] - flight.state(play.seconds(last))
    assert np.linalg.norm(error[:3]) < 3e3 and np.linalg.norm(error[3:]) < 100.0
    statistic = float(error @ np.linalg.solve(last.covariance[:6, :6], error))
    assert statistic < 30.0  # chi-square of 6 at 99.996 %


def test_straight_overhead_azimuth_means_nothing_and_harms_nothing() -> None:
    """It rises along the zenith of the radar: azimuths are random, the track is not."""
    start = play.along(
        latitude_deg=60.0, longitude_deg=10.0, altitude_m=150e3, azimuth_deg=0.0, climb_deg=89.99, speed_m_s=3_000.0
    )
    flight = play.thrown("Z", start, seconds_s=90.0, beta=5e3)
    log = follow(flight, radar_at(60.0, 10.0), until_s=85.0)
    (updates,) = log.confirmed.values()
    error = updates[-1].mean[:3] - flight.state(play.seconds(updates[-1]))[:3]
    assert np.linalg.norm(error) < 2e3


def radar_scan(rows: list[Detection], sensor: Sensor, t: float) -> MeasurementScan:
    time_ns = world.START_NS + round(t * NS_PER_S)
    scan, _ = Sense([sensor]).accept(Scan(time_ns, sensor.id, tuple(rows)), now_ns=time_ns)
    assert scan is not None
    return scan


def test_a_sensor_at_the_target_does_not_break_the_others() -> None:
    start = play.along(
        latitude_deg=60.0, longitude_deg=10.0, altitude_m=200e3, azimuth_deg=90.0, climb_deg=10.0, speed_m_s=2_500.0
    )
    flight = play.thrown("F", start, seconds_s=80.0, beta=5e3)
    sensor = radar_at(60.0, 11.0)
    log = follow(flight, sensor, until_s=40.0)
    (name,) = log.confirmed
    t = 41.0
    at = tuple(float(v) for v in flight.state(t)[:3])
    ship = Sensor(id="AIRBORNE", nation="NOR", kind="radar", max_range_m=900e3, min_elevation_deg=-10.0)
    row = Detection(
        time_ns=world.START_NS + round(t * NS_PER_S), sensor_id=ship.id, range_m=0.5, azimuth_rad=0.0,
        elevation_rad=0.0, sensor_ecef_m=(at[0], at[1], at[2]),
    )  # fmt: skip
    log.take(log.tracker.scan(radar_scan([row], ship, t)))
    log = play.play([flight], (sensor,), until_s=70.0, seed=2, log=log, from_s=42.0)
    last = log.updates[name][-1]
    assert np.isfinite(last.covariance).all()
    assert np.linalg.norm(last.mean[:3] - flight.state(play.seconds(last))[:3]) < 2e3


@pytest.mark.parametrize(
    "gone", [("range_m",), ("range_rate_m_s",), ("azimuth_rad",), ("elevation_rad",), ("azimuth_rad", "elevation_rad")]
)
def test_rows_with_gaps_keep_a_track(gone: tuple[str, ...]) -> None:
    """From the twentieth second on every row lacks something; with range and rate alone the track stays, if wider."""
    start = play.along(
        latitude_deg=60.0, longitude_deg=14.0, altitude_m=200e3, azimuth_deg=100.0, climb_deg=10.0, speed_m_s=2_500.0
    )
    flight = play.thrown("F", start, seconds_s=80.0, beta=5e3)
    sensor = radar_at(60.0, 11.0)
    log = follow(flight, sensor, until_s=20.0)
    (name,) = log.confirmed
    rows = [scan for scan in world.scans([flight], (sensor,), until_s=70.0, seed=3) if play_time(scan) > 20.0]
    for scan in rows:
        partial = tuple(replace_row(item, gone) for item in scan.detections)
        log.take(log.tracker.scan(radar_scan(list(partial), sensor, play_time(scan))))
    last = log.updates[name][-1]
    assert last.status is TrackStatus.CONFIRMED and play.seconds(last) > 60.0
    assert set(log.confirmed) == {name}
    error = last.mean[:6] - flight.state(play.seconds(last))
    assert float(error @ np.linalg.solve(last.covariance[:6, :6], error)) < 30.0


def play_time(scan: Scan) -> float:
    return (scan.time_ns - world.START_NS) / NS_PER_S


def replace_row(item: Detection, gone: tuple[str, ...]) -> Detection:
    values = {name: getattr(item, name) for name in Detection.__struct_fields__}
    return Detection(**{**values, **dict.fromkeys(gone)})


@pytest.mark.parametrize("rate", [True, False])
def test_a_track_starts_with_and_without_range_rate(rate: bool) -> None:
    start = play.along(
        latitude_deg=60.0, longitude_deg=14.0, altitude_m=200e3, azimuth_deg=280.0, climb_deg=5.0, speed_m_s=2_500.0
    )
    flight = play.thrown("F", start, seconds_s=80.0, beta=5e3)
    sensor = radar_at(60.0, 11.0)
    log = play.Log(Tracker("own", id_prefix="T"))
    for scan in world.scans([flight], (sensor,), until_s=24.0, seed=3):
        rows = [item if rate else replace_row(item, ("range_rate_m_s",)) for item in scan.detections]
        log.take(log.tracker.scan(radar_scan(rows, sensor, play_time(scan))))
    (updates,) = log.confirmed.values()
    assert play.seconds(updates[0]) < 14.0  # four looks 2 s apart, one missed, and the velocity must be known
    assert np.linalg.norm(updates[-1].mean[3:6] - flight.state(play.seconds(updates[-1]))[3:]) < 300.0


def flood(sensor: Sensor, t: float, count: int, seed: int) -> list[Detection]:
    rng = np.random.default_rng(seed)
    time_ns = world.START_NS + round(t * NS_PER_S)
    return [
        Detection(
            time_ns=time_ns, sensor_id=sensor.id, range_m=float(rng.uniform(2e4, 1.9e6)),
            azimuth_rad=float(rng.uniform(0.0, 2.0 * math.pi)), elevation_rad=float(np.arcsin(rng.uniform(0.02, 0.9))),
            range_rate_m_s=float(rng.uniform(-3e3, 3e3)),
        )
        for _ in range(count)
    ]  # fmt: skip


def test_a_flood_is_bounded_in_time_and_tracks_and_the_track_survives() -> None:
    """Scans of ten times as many false looks beside a known object cost what the pairs cost, no more."""
    start = play.along(
        latitude_deg=60.0, longitude_deg=14.0, altitude_m=200e3, azimuth_deg=280.0, climb_deg=5.0, speed_m_s=2_500.0
    )
    flight = play.thrown("F", start, seconds_s=80.0, beta=5e3)
    sensor = radar_at(60.0, 11.0, clutter=0.5)
    log = follow(flight, sensor, until_s=30.0)
    (name,) = (key for key, updates in log.confirmed.items() if updates[-1].status is TrackStatus.CONFIRMED)
    spent = {}
    for count in (1_000, 10_000):
        tracker = log.tracker.checkpoint()
        scans = [
            radar_scan([*_true_row(flight, sensor, t), *flood(sensor, t, count, seed=int(t))], sensor, t)
            for t in (32.13, 34.13, 36.13)
        ]
        begun = time.process_time()
        for scan in scans:
            tracker.scan(scan)
        spent[count] = time.process_time() - begun
        update = tracker.current()[name]
        assert np.linalg.norm(update.mean[:3] - flight.state(play.seconds(update))[:3]) < 3e3
        assert len(tracker.current()) < 1_000, "new hypotheses of one scan are cut"
    assert spent[10_000] < 10.0 * LINEAR_ROOM * max(spent[1_000], 0.01)


def _true_row(flight: world.Flight, sensor: Sensor, t: float) -> list[Detection]:
    time_ns = world.START_NS + round(t * NS_PER_S)
    row = world.radar_row(flight.state(t), sensor, time_ns, np.random.default_rng(int(t)))
    return [] if row is None else [row]


def test_memory_of_a_flood_is_given_back() -> None:
    """After the flood and a minute of silence nothing of it is kept."""
    sensor = radar_at(60.0, 11.0, clutter=50.0)
    tracker = Tracker("own", id_prefix="T")
    scan = radar_scan(flood(sensor, 0.0, 2_000, seed=0), sensor, 0.0)
    tracemalloc.start()
    try:
        tracker.scan(scan)
        for n in range(1, 4):
            tracker.scan(radar_scan(flood(sensor, 2.0 * n, 2_000, seed=n), sensor, 2.0 * n))
        flooded = tracemalloc.get_traced_memory()[0]
        for n in range(40):
            tracker.scan(radar_scan([], sensor, 10.0 + 2.0 * n))
        tracker.advance(world.START_NS + 200 * NS_PER_S)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert dict(tracker.current()) == {}
    assert after < 0.5 * flooded


def test_five_times_the_flood_takes_no_five_times_the_memory() -> None:
    """The tables of pairs have a fixed size; only the looks themselves grow."""
    sensor = radar_at(60.0, 11.0, clutter=50.0)
    peaks = {}
    for count in (2_000, 10_000):
        tracker = Tracker("own", id_prefix="T")
        scans = [radar_scan(flood(sensor, 2.0 * n, count, seed=n), sensor, 2.0 * n) for n in range(3)]
        tracemalloc.start()
        try:
            for scan in scans:
                tracker.scan(scan)
            peaks[count] = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peaks[10_000] < 3.0 * peaks[2_000]


def test_many_looks_of_one_object_in_one_scan_are_one_track() -> None:
    """A sensor that reports one object five times over: one track is confirmed for it, others at most beside it."""
    start = play.along(
        latitude_deg=60.0, longitude_deg=14.0, altitude_m=200e3, azimuth_deg=280.0, climb_deg=5.0, speed_m_s=2_500.0
    )
    flight = play.thrown("F", start, seconds_s=80.0, beta=5e3)
    sensor = radar_at(60.0, 11.0)
    tracker = Tracker("own", id_prefix="T")
    rng = np.random.default_rng(4)
    for n in range(20):
        t = 2.0 * n
        time_ns = world.START_NS + round(t * NS_PER_S)
        rows = [world.radar_row(flight.state(t), sensor, time_ns, rng) for _ in range(5)]
        tracker.scan(radar_scan([row for row in rows if row is not None], sensor, t))
    alive = [update for update in tracker.current().values() if update.status is TrackStatus.CONFIRMED]
    assert 1 <= len(alive) <= 5, "five looks a scan are five objects to an honest tracker, never more"


def test_two_views_of_a_boost_fix_its_place() -> None:
    flight = world.missile("M", latitude_deg=39.2, longitude_deg=126.0, azimuth_deg=75.0, burn_s=90.0)
    log = play.play([flight], world.INFRARED[:2], until_s=95.0, seed=3)
    (updates,) = log.confirmed.values()
    last = updates[-1]
    error = last.mean[:6] - flight.state(play.seconds(last))
    assert np.linalg.norm(error[:3]) < 5e3  # 3e-5 rad at 37,000 km is 1.1 km, looked at ten times
    assert float(error @ np.linalg.solve(last.covariance[:6, :6], error)) < 30.0
    assert last.modes[0] > 0.9


def test_one_view_alone_starts_no_track() -> None:
    flight = world.missile("M", latitude_deg=39.2, longitude_deg=126.0, azimuth_deg=75.0, burn_s=90.0)
    assert not play.play([flight], world.INFRARED[:1], until_s=95.0, seed=3).updates


@pytest.mark.parametrize("direction", [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [0.6, 0.8, 0.0]])
def test_a_line_of_sight_anywhere_is_harmless(direction: list[float]) -> None:
    """Away from the Earth, along the axes: looks that are of nothing start nothing and break nothing."""
    eyes = world.INFRARED
    tracker = Tracker("own", id_prefix="T")
    for n in range(12):
        sensor = eyes[n % 3]
        time_ns = world.START_NS + 3 * n * NS_PER_S
        x, y, z = direction
        row = Detection(time_ns=time_ns, sensor_id=sensor.id, los_ecef=(x, y, z))
        scan, _ = Sense([sensor]).accept(Scan(time_ns, sensor.id, (row,)), now_ns=time_ns)
        if scan is not None:
            tracker.scan(scan)
    assert all(update.status is not TrackStatus.CONFIRMED for update in tracker.current().values())


def test_the_place_of_the_sensors_is_the_ellipsoid_s() -> None:
    """The world's own geometry agrees with sense's, or no test here would mean anything."""
    sensor = radar_at(60.0, 11.0)
    scan = radar_scan([], sensor, 0.0)
    np.testing.assert_allclose(scan.site_ecef_m, pymap3d.geodetic2ecef(60.0, 11.0, 0.0), atol=1e-6)
