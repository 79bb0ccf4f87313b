"""A simulation as its users take it: scans in order, labels beside them, a seed that repeats every byte."""

from collections import Counter

import msgspec
import numpy as np

from beaconfire.kernel.records import Detection
from beaconfire.rehearse import Simulation, simulate
from tests.rehearse.played import played, radar, small, with_sensors


def bytes_of(simulation: Simulation) -> bytes:
    return msgspec.msgpack.encode(list(simulation.scans()))


def test_scans_come_in_order_of_time_with_a_label_for_each_detection() -> None:
    last = 0
    for time_ns, sensor_id, detections, object_ids in played("2024-11-05").scans():
        assert time_ns >= last
        assert len(detections) == len(object_ids)
        assert all(row.sensor_id == sensor_id and row.time_ns == time_ns for row in detections)
        assert all(isinstance(row, Detection) for row in detections)
        last = time_ns


def test_empty_scans_are_told_too() -> None:
    simulation = simulate(small())
    counts = [len(detections) for _, _, detections, _ in simulation.scans()]
    assert len(counts) == 400
    assert 0 in counts


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    first, again = simulate(small(), seed=5), simulate(small(), seed=5)
    assert bytes_of(first) == bytes_of(again)
    assert bytes_of(first) != bytes_of(simulate(small(), seed=6))
    assert simulate(small()).seed == small().seed


def test_one_sensors_luck_does_not_move_anothers() -> None:
    alone = simulate(with_sensors(radar()))
    beside = simulate(with_sensors(radar(), radar(id="KOR-R2", latitude_deg=35.0)))
    kept = [scan for scan in beside.scans() if scan[1] == "KOR-R1"]
    assert kept == list(alone.scans())


def test_order_inside_a_scan_does_not_tell_true_from_false() -> None:
    simulation = simulate(with_sensors(radar(false_alarms_per_scan=1.0)))
    places = [ids.index("L1") / (len(ids) - 1) for _, _, _, ids in simulation.scans() if "L1" in ids and len(ids) > 1]
    assert 0.35 < np.mean(places) < 0.65


def test_labels_name_the_objects_of_the_truth() -> None:
    simulation = played("2024-11-05")
    labels = Counter(label for _, _, _, ids in simulation.scans() for label in ids)
    assert {item.object_id for item in simulation.truth} == set(labels) - {""}
    assert all(count > 50 for count in labels.values())


def test_biases_are_told_to_the_judge() -> None:
    simulation = played("2025-01-06")
    assert set(simulation.biases) == {sensor.id for sensor in simulation.scenario.sensors}
    assert simulation.biases["KOR-R1"].range_m != 0.0


def test_progress_runs_to_its_end() -> None:
    steps: list[tuple[int, int]] = []
    simulate(small(), progress=lambda done, total: steps.append((done, total)))
    assert steps[0] == (0, 2)
    assert steps[-1] == (2, 2)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
