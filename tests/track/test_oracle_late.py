"""Late and shuffled data, the same input twice, and copies: bytes, not tolerances."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from beaconfire.kernel.records import MeasurementScan, Sensor, TrackUpdate
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track import Tracker
from tests.track import play, world

SENSORS = tuple(
    Sensor(
        id=sensor.id, nation=sensor.nation, kind="radar", latitude_deg=sensor.latitude_deg,
        longitude_deg=sensor.longitude_deg, altitude_m=300.0, max_range_m=1500e3, false_alarms_per_scan=0.2,
    )
    for sensor in world.RADARS
)  # fmt: skip


@pytest.fixture(scope="module")
def scans() -> list[MeasurementScan]:
    flight = world.missile(
        "M", latitude_deg=39.2, longitude_deg=126.0, azimuth_deg=75.0, burn_s=85.0, thrust=(22.0, 55.0)
    )
    return play.trusted(world.scans([flight], SENSORS, until_s=190.0, seed=4), SENSORS)


def digest(updates: Iterable[TrackUpdate]) -> str:
    """A hash over every byte of every update."""
    state = hashlib.sha256()
    for update in updates:
        state.update(
            repr((
                update.track_id, update.time_ns, update.status, update.existence, update.first_time_ns,
                update.last_measured_ns, update.sensors, update.nations, update.replaces,
                [item.id for item in update.accepted],
            )).encode()
        )  # fmt: skip
        for array in (update.mean, update.covariance, update.modes):
            state.update(array.tobytes())
    return state.hexdigest()


def take_all(scans: Iterable[MeasurementScan], tracker: Tracker | None = None) -> tuple[Tracker, list[TrackUpdate]]:
    tracker = tracker or Tracker("own", id_prefix="T")
    return tracker, [update for scan in scans for update in tracker.scan(scan)]


def test_the_same_scans_give_the_same_bytes(scans: list[MeasurementScan]) -> None:
    assert digest(take_all(scans)[1]) == digest(take_all(scans)[1])


def test_a_copy_goes_on_as_the_original_would(scans: list[MeasurementScan]) -> None:
    middle = len(scans) // 2
    tracker, _ = take_all(scans[:middle])
    copy = tracker.checkpoint()
    again = copy.checkpoint()
    whole = digest(take_all(scans[middle:], tracker)[1])
    assert digest(take_all(scans[middle:], copy)[1]) == whole
    assert digest(take_all(scans[middle:], again)[1]) == whole


def test_a_copy_never_touches_the_original(scans: list[MeasurementScan]) -> None:
    middle = len(scans) // 2
    tracker, _ = take_all(scans[:middle])
    before = digest(tracker.current().values())
    copy = tracker.checkpoint()
    take_all(scans[middle:], copy)
    copy.advance(scans[-1].time_ns + 6_000 * NS_PER_S)
    assert digest(tracker.current().values()) == before
    assert digest(take_all(scans[middle:], tracker)[1]) == digest(
        take_all(scans[middle:], take_all(scans[:middle])[0])[1]
    )


def test_a_report_given_out_is_never_changed_later(scans: list[MeasurementScan]) -> None:
    tracker = Tracker("own", id_prefix="T")
    told: list[tuple[TrackUpdate, str]] = []
    for scan in scans:
        told += [(update, digest([update])) for update in tracker.scan(scan)]
    assert all(digest([update]) == then for update, then in told)


def state(tracker: Tracker) -> dict[str, tuple[bytes, bytes, bytes]]:
    return {
        name: (update.mean.tobytes(), update.covariance.tobytes(), update.modes.tobytes())
        for name, update in tracker.current().items()
    }


def confirmed_part(scans: list[MeasurementScan]) -> int:
    """The number of scans after which the one track is old enough to be sure."""
    tracker = Tracker("own", id_prefix="T")
    for number, scan in enumerate(scans):
        if any(update.status == "confirmed" for update in tracker.scan(scan)):
            return number + 20
    raise AssertionError("the scene holds a track")


def hits_only(scans: list[MeasurementScan], tracker: Tracker) -> list[MeasurementScan]:
    """The scans with what the track took of them, so that late clutter starts nothing."""
    used = {item.id for scan in scans for update in tracker.scan(scan) for item in update.accepted}
    kept = []
    for scan in scans:
        items = tuple(item for item in scan.measurements if item.id in used)
        if items:
            kept.append(replace(scan, measurements=items))
    return kept


@pytest.mark.parametrize("delay_s", [0.5, 2.0, 30.0])
@pytest.mark.parametrize("sensor", [0, 1])
def test_one_sensor_s_late_data_end_in_the_same_bytes(
    scans: list[MeasurementScan], delay_s: float, sensor: int
) -> None:
    """What one sensor saw arrives late by a constant delay: once all is in, the track is as if in order."""
    middle = confirmed_part(scans)
    base, _ = take_all(scans[:middle])
    rest = hits_only(scans[middle:], base.checkpoint())
    in_order, _ = take_all(rest, base.checkpoint())
    assert {scan.sensor_id for scan in rest} >= {SENSORS[sensor].id}

    def arrival(scan: MeasurementScan) -> tuple[int, int]:
        late = scan.sensor_id == SENSORS[sensor].id
        return scan.time_ns + (round(delay_s * NS_PER_S) if late else 0), scan.time_ns

    shuffled, _ = take_all(sorted(rest, key=arrival), base.checkpoint())
    assert state(shuffled) == state(in_order)


@pytest.mark.parametrize("seed", range(4))
def test_a_wild_order_within_seconds_ends_in_the_same_bytes(scans: list[MeasurementScan], seed: int) -> None:
    rng = np.random.default_rng(seed)
    middle = confirmed_part(scans)
    base, _ = take_all(scans[:middle])
    rest = hits_only(scans[middle:], base.checkpoint())
    in_order, _ = take_all(rest, base.checkpoint())
    delays = rng.uniform(0.0, 3.0, size=len(rest))
    order = np.argsort([scan.time_ns / NS_PER_S + delay for scan, delay in zip(rest, delays, strict=True)])
    shuffled, _ = take_all([rest[n] for n in order], base.checkpoint())
    assert state(shuffled) == state(in_order)


def test_a_late_scan_never_turns_time_back(scans: list[MeasurementScan]) -> None:
    middle = confirmed_part(scans)
    tracker, _ = take_all(scans[:middle])
    late = scans[middle - 12]
    now = {name: update.time_ns for name, update in tracker.current().items()}
    for update in tracker.scan(late):
        assert update.time_ns >= now.get(update.track_id, 0)


def test_a_scan_older_than_all_history_is_survived(scans: list[MeasurementScan]) -> None:
    middle = confirmed_part(scans)
    tracker, _ = take_all(scans[:middle])
    before = state(tracker)
    old = replace(
        scans[middle],
        time_ns=scans[0].time_ns - 800 * NS_PER_S,
        measurements=tuple(
            replace(item, time_ns=scans[0].time_ns - 800 * NS_PER_S) for item in scans[middle].measurements
        ),
    )
    tracker.scan(old)
    now = state(tracker)
    assert all(now[name] == bytes_then for name, bytes_then in before.items())
