"""Wrong inputs end in a typed refusal, or in an answer that is flagged and bounded: one test for each kind."""

import math

import msgspec
import numpy as np
import pytest

from beaconfire.kernel.limits import REPLAY_HORIZON_S
from beaconfire.kernel.records import Detection, Measurement, MeasurementScan, Scan, Sensor, TrackStatus, TrackUpdate
from beaconfire.kernel.time import NS_PER_S
from beaconfire.sense import Sense
from beaconfire.track import Tracker
from tests.track import play, world

RADAR = world.RADARS[0]
GOOD = Detection(
    time_ns=world.START_NS, sensor_id=RADAR.id, range_m=3e5, azimuth_rad=0.7, elevation_rad=0.3, range_rate_m_s=10.0
)


def reasons(*items: Detection, time_ns: int = world.START_NS, now_ns: int | None = None) -> list[str]:
    """Why `sense` holds detections of one scan back."""
    scan = Scan(time_ns, RADAR.id, items)
    _, held = Sense((RADAR,)).accept(scan, now_ns=time_ns if now_ns is None else now_ns)
    return [row.reason for row in held]


def tracked(until_s: float = 60.0) -> tuple[Tracker, world.Flight, list[MeasurementScan]]:
    """A tracker with one confirmed aircraft, and the scans it came from."""
    flight = world.aircraft("A", latitude_deg=37.0, longitude_deg=128.5, heading_deg=70.0)
    scans = play.trusted(world.scans([flight], (RADAR,), until_s=until_s, seed=3), (RADAR,))
    tracker = Tracker("own", id_prefix="T")
    for scan in scans:
        tracker.scan(scan)
    return tracker, flight, scans


def states(tracker: Tracker) -> dict[str, bytes]:
    return {name: update.mean.tobytes() + update.covariance.tobytes() for name, update in tracker.current().items()}


def sound(updates: list[TrackUpdate]) -> bool:
    return all(np.isfinite(one.mean).all() and np.isfinite(one.covariance).all() for one in updates)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["range_m", "azimuth_rad", "elevation_rad", "range_rate_m_s", "range_sigma_m"])
def test_what_is_no_number_is_held_back(field: str, value: float) -> None:
    assert reasons(msgspec.structs.replace(GOOD, **{field: value}), GOOD) == ["a number is not finite"]


@pytest.mark.parametrize(
    "covariance",
    [
        np.zeros((6, 6)), np.full((6, 6), math.nan), -np.eye(6), np.ones((6, 6)), np.diag([1.0] * 5 + [0.0]),
        np.diag([1e300] * 6), np.diag([1e-300] * 6),
    ],
    ids=["zero", "NaN", "negative", "rank 1", "flat", "huge", "tiny"],
)  # fmt: skip
def test_a_covariance_that_is_none_moves_no_track(covariance: np.ndarray) -> None:
    tracker, _, _ = tracked()
    before = states(tracker)
    (update,) = [one for one in tracker.current().values() if one.status is TrackStatus.CONFIRMED]
    item = Measurement(
        "P:1", update.time_ns, "P", "JPN", "state", update.mean[:6] + 1e3, np.zeros(4), covariance=covariance,
        track_hint=update.track_id,
    )  # fmt: skip
    scan = MeasurementScan(
        update.time_ns, "P", "JPN", "state", (item,), 1.0, 0.0, np.zeros(3), np.eye(3), math.inf, -1.6, 1.0
    )
    assert sound(tracker.scan(scan))
    if covariance[0, 0] < 1e299:
        assert states(tracker) == before
    else:  # it says nothing, which is no fault; the look alone makes the likely model a little likelier
        np.testing.assert_allclose(tracker.current()[update.track_id].mean[:6], update.mean[:6], atol=0.01)


def test_a_sensor_at_the_target_is_held_back_or_bounded() -> None:
    assert reasons(msgspec.structs.replace(GOOD, range_m=0.0)) == ["range is outside the sensor's reach"]
    tracker, flight, scans = tracked()
    (update,) = [one for one in tracker.current().values() if one.status is TrackStatus.CONFIRMED]
    here = scans[-1].time_ns + 2 * NS_PER_S
    ahead = flight.state((here - world.START_NS) / NS_PER_S)
    item = Measurement(
        "Q:1", here, "Q", "KOR", "radar", np.array([0.5, 0.3, 0.2, 0.0]), np.array([30.0, 1e-3, 1e-3, 2.0]), ahead[:3]
    )
    scan = MeasurementScan(here, "Q", "KOR", "radar", (item,), 0.9, 1e-9, ahead[:3], np.eye(3), 1e6, 0.0, 2.0)
    assert sound(tracker.scan(scan))
    after = tracker.current()[update.track_id]
    assert np.linalg.norm(after.mean[:3] - ahead[:3]) < 3e3


@pytest.mark.parametrize("azimuth_rad", [0.0, 2.0, -3.1, 6.2])
def test_azimuth_means_nothing_at_the_zenith(azimuth_rad: float) -> None:
    """Overhead any azimuth is the same direction: the track is moved by none of them."""
    latitude, longitude = RADAR.latitude_deg, RADAR.longitude_deg
    assert latitude is not None and longitude is not None
    flight = world.aircraft("A", latitude_deg=latitude, longitude_deg=longitude - 0.15, heading_deg=90.0)
    sensor = msgspec.structs.replace(RADAR, detection_probability=1.0, false_alarms_per_scan=0.0)
    tracker, passed = Tracker("own", id_prefix="T"), 0
    for scan in play.trusted(world.scans([flight], (sensor,), until_s=110.0, seed=4), (sensor,)):
        for item in scan.measurements:
            if item.values[2] > math.radians(89.0):
                item.values[1], passed = azimuth_rad, passed + 1
                item.values[2] = math.radians(90.0)
        assert sound(tracker.scan(scan))
    assert passed > 0
    (update,) = [one for one in tracker.current().values() if one.status is TrackStatus.CONFIRMED]
    assert np.linalg.norm(update.mean[:3] - flight.state(play.seconds(update))[:3]) < 500.0


def test_duplicate_rows_are_held_back() -> None:
    other = msgspec.structs.replace(GOOD, range_m=2e5)
    assert reasons(GOOD, other, GOOD, GOOD) == ["the same detection twice"] * 2


def test_time_going_backwards_is_replayed_or_held_back() -> None:
    """A scan of the past gives what it would have given in time; one beyond the horizon is refused."""
    _, _, scans = tracked()
    late = [*scans[:-5], *scans[-4:], scans[-5]]
    once, again = Tracker("own", id_prefix="T"), Tracker("own", id_prefix="T")
    for scan in scans:
        once.scan(scan)
    for scan in late:
        again.scan(scan)
    confirmed = [name for name, one in once.current().items() if one.status is TrackStatus.CONFIRMED]
    assert {name: states(once)[name] for name in confirmed} == {name: states(again)[name] for name in confirmed}
    old = world.START_NS + (REPLAY_HORIZON_S + 1) * NS_PER_S
    assert reasons(GOOD, now_ns=old) == [f"time is more than {REPLAY_HORIZON_S} s ago"]


def understated(sensor: Sensor, factor: float) -> Sensor:
    return msgspec.structs.replace(
        sensor, range_sigma_m=sensor.range_sigma_m / factor, azimuth_sigma_deg=sensor.azimuth_sigma_deg / factor,
        elevation_sigma_deg=sensor.elevation_sigma_deg / factor,
        range_rate_sigma_m_s=sensor.range_rate_sigma_m_s / factor,
    )  # fmt: skip


def test_a_sensor_whose_noise_is_understated_tenfold_is_named_and_widened() -> None:
    """It is doubted by name, the honest ones are not, and aircraft still have one track each, in their places."""
    flights = [
        world.aircraft(f"A{n}", latitude_deg=36.0 + 0.3 * n, longitude_deg=129.0 + 0.2 * n, heading_deg=40.0 * n)
        for n in range(8)
    ]
    said = (understated(world.RADARS[0], 10.0), *world.RADARS[1:])
    log = play.Log(Tracker("own", id_prefix="T"))
    for scan in play.trusted(world.scans(flights, world.RADARS, until_s=200.0, seed=2), said):
        log.take(log.tracker.scan(scan))
    assert set(log.tracker.doubted()) == {said[0].id}
    assert 4.0 <= log.tracker.doubted()[said[0].id] <= 16.0
    assert log.tracker.drain_noise_news() == log.tracker.doubted()
    alive = [one for one in log.tracker.current().values() if one.status is TrackStatus.CONFIRMED]
    owners = [play.owner(one, flights) for one in alive]
    assert len(owners) == len(set(owners)) >= 7 and "" not in owners
    near = {flight.name: flight for flight in flights}
    errors = [one.mean[:3] - near[play.owner(one, flights)].state(play.seconds(one))[:3] for one in alive]
    spread = [math.sqrt(float(np.trace(one.covariance[:3, :3]))) for one in alive]
    ratio = [float(np.linalg.norm(error)) / sigma for error, sigma in zip(errors, spread, strict=True)]
    assert max(ratio) < 4.0 and float(np.median(ratio)) < 2.0


def test_honest_sensors_are_believed() -> None:
    flights = [world.missile("M", latitude_deg=39.2, longitude_deg=126.0, azimuth_deg=75.0)]
    flights += [
        world.aircraft(f"A{n}", latitude_deg=36.0 + n, longitude_deg=129.0, heading_deg=60.0 * n) for n in range(4)
    ]
    log = play.play(flights, world.RADARS + world.INFRARED, until_s=200.0, seed=5)
    assert log.tracker.doubted() == {}
