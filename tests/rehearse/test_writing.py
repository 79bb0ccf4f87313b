"""The three files of a simulation: read back by the readers that users' files meet, and never half written."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from beaconfire.kernel.detections import read_csv
from beaconfire.kernel.errors import UsageError
from beaconfire.kernel.sensors import parse_sensors
from beaconfire.kernel.time import parse_utc
from beaconfire.rehearse import FILES, Simulation, sensors_toml, simulate, truth_lines, write_simulation, writing
from tests.rehearse.played import played, scenario, small

LINE_M = 2e-3  # the file's millimetres
ANGLE_RAD = 1e-14  # degrees there and back


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(small())


@pytest.fixture(scope="module")
def folder(simulation: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("out") / "run"
    write_simulation(simulation, made)
    return made


def test_the_folder_holds_the_three_files_and_nothing_else(folder: Path) -> None:
    assert sorted(item.name for item in folder.iterdir()) == sorted(FILES)


def test_detections_read_back_as_they_were(simulation: Simulation, folder: Path) -> None:
    with (folder / "detections.csv").open(newline="") as lines:
        rows = list(read_csv(lines, where="detections.csv"))
    made = [row for _, _, detections, _ in simulation.scans() for row in detections]
    assert len(rows) == len(made) > 100
    for read, written in zip(rows, made, strict=True):
        assert (read.time_ns, read.sensor_id, read.range_m) == (written.time_ns, written.sensor_id, written.range_m)
        assert read.azimuth_rad == pytest.approx(written.azimuth_rad, abs=ANGLE_RAD)


def test_sensors_read_back_as_they_were(folder: Path) -> None:
    assert parse_sensors((folder / "sensors.toml").read_bytes(), where="s") == small().sensors
    for name in ("2025-01-06", "quiet-day"):
        sensors = scenario(name).sensors
        assert parse_sensors(sensors_toml(sensors).encode(), where="s") == sensors


def test_truth_has_one_line_per_second_of_every_objects_life(simulation: Simulation, folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    item = simulation.truth[0]
    times = [(parse_utc(line["time_utc"]) - small().start_ns) / 1e9 for line in lines]
    assert times == list(range(20, int(item.end_s) + 1))
    assert {line["object_id"] for line in lines} == {"L1"}
    assert {line["realm"] for line in lines} == {"EXERCISE"}
    position, velocity = item.at(np.array([times[100]]))
    assert lines[100]["position_ecef_m"] == pytest.approx(position[0], abs=LINE_M)
    assert lines[100]["velocity_ecef_m_s"] == pytest.approx(velocity[0], abs=1e-4)
    assert [line["thrusting"] for line in lines] == [time < 62.0 for time in times]


def test_the_first_line_of_an_object_states_its_facts(folder: Path) -> None:
    first, *others = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    facts = first["facts"]
    assert facts["launch"]["time_utc"] == "2025-01-06T03:00:20.000Z"
    assert (facts["launch"]["latitude_deg"], facts["launch"]["longitude_deg"]) == (38.5, 125.8)
    assert facts["range_m"] == pytest.approx(400e3, rel=1e-4)
    assert facts["apogee"]["altitude_m"] == pytest.approx(100e3, rel=1e-4)
    assert facts["burnouts"][0]["time_utc"] == "2025-01-06T03:01:02.000Z"
    assert facts["impact"]["altitude_m"] == pytest.approx(0.0, abs=0.1)
    assert not any("facts" in line for line in others)


def test_the_boosters_mismatch_is_stated_in_the_truth() -> None:
    first = next(truth_lines(played("real-booster")))
    assert first["facts"]["impact"] is None
    assert "free flight" in first["facts"]["mismatch"]["what"]
    assert abs(first["facts"]["mismatch"]["vertical_m_s2"]) < 0.1


def test_a_quiet_days_truth_has_every_object_and_no_facts_of_a_launch() -> None:
    kinds: dict[str, str] = {}
    for line in truth_lines(played("quiet-day")):
        kinds[line["object_id"]] = line["kind"]
        assert "launch" not in line.get("facts", {})
    counts = Counter(kinds.values())
    assert counts == {"aircraft": 45, "satellite": 18, "meteor": 1}


def test_a_former_runs_folder_is_replaced(simulation: Simulation, folder: Path) -> None:
    before = (folder / "detections.csv").read_bytes()
    write_simulation(simulation, folder)
    assert (folder / "detections.csv").read_bytes() == before


def test_any_other_folder_is_refused(simulation: Simulation, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"letter\.txt"):
        write_simulation(simulation, tmp_path)
    with pytest.raises(UsageError, match="is a file"):
        write_simulation(simulation, tmp_path / "letter.txt")
    assert [item.name for item in tmp_path.iterdir()] == ["letter.txt"]


def test_a_stopped_run_leaves_nothing_half_written(
    simulation: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "_write_truth", stop)
    with pytest.raises(KeyboardInterrupt):
        write_simulation(simulation, tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []


def test_progress_of_writing_runs_to_its_end(simulation: Simulation, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    write_simulation(simulation, tmp_path / "run", progress=lambda done, total: steps.append((done, total)))
    assert steps == [(0, 2), (1, 2), (2, 2)]
