"""The conductor cuts a simulation into ticks without losing, doubling or reordering a scan."""

from itertools import pairwise

import pytest

from beaconfire.kernel.records import Scan
from beaconfire.kernel.time import from_seconds
from beaconfire.rehearse.conductor import TICK_S, Beat, beat_count, beats
from tests.rehearse.pretend import simulation


@pytest.fixture(scope="module")
def played() -> list[Beat]:
    return list(beats(simulation()))


def test_ticks_are_a_tenth_of_a_second_from_start_to_end(played: list[Beat]) -> None:
    scenario = simulation().scenario
    assert [beat.number for beat in played] == list(range(1, beat_count(simulation()) + 1))
    assert played[0].time_ns == scenario.start_ns + 100_000_000
    assert played[-1].time_ns == scenario.start_ns + from_seconds(scenario.duration_s)
    assert {later.time_ns - earlier.time_ns for earlier, later in pairwise(played)} == {from_seconds(TICK_S)}


def test_every_scan_comes_once_in_the_first_tick_that_is_not_before_it(played: list[Beat]) -> None:
    expected = {(time_ns, sensor_id): len(rows) for time_ns, sensor_id, rows, _ in simulation().scans()}
    given: dict[tuple[int, str], int] = {}
    for beat in played:
        for scans in beat.scans.values():
            for scan in scans:
                assert scan.time_ns <= beat.time_ns
                assert beat.number == 1 or scan.time_ns > beat.time_ns - from_seconds(TICK_S)
                assert (scan.time_ns, scan.sensor_id) not in given
                given[scan.time_ns, scan.sensor_id] = len(scan.detections)
    missing = expected.keys() - given.keys()
    assert all(time_ns > played[-1].time_ns for time_ns, _ in missing)
    assert given == {key: count for key, count in expected.items() if key not in missing}


def test_a_nation_is_given_its_own_sensors_scans_in_order_of_time(played: list[Beat]) -> None:
    owner = {sensor.id: sensor.nation for sensor in simulation().scenario.sensors}
    for nation in ("KOR", "JPN", "USA"):
        scans: list[Scan] = [scan for beat in played for scan in beat.scans[nation]]
        assert {owner[scan.sensor_id] for scan in scans} == {nation}
        assert all(a.time_ns <= b.time_ns for a, b in pairwise(scans))


def test_scans_hold_no_truth(played: list[Beat]) -> None:
    told = " ".join(repr(scan) for beat in played[600:640] for scans in beat.scans.values() for scan in scans)
    assert "Detection" in told
    assert "L1" not in told


def test_an_empty_look_is_told_too(played: list[Beat]) -> None:
    assert any(not scan.detections for beat in played for scans in beat.scans.values() for scan in scans)
