"""`beaconfire scenario …` as a user meets it: output, exit codes, files."""

import json
from pathlib import Path

import pytest

from beaconfire.cli import run
from beaconfire.rehearse import names
from tests.rehearse.played import SMALL


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def test_list_names_every_shipped_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenario", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(names())
    assert run(["scenario", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"]: row["launches"] for row in rows}["2024-11-05"] == 7


def test_show_prints_the_file_or_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenario", "show", "lofted"]) == 0
    assert "apogee_m = 6050e3" in capsys.readouterr().out
    assert run(["scenario", "show", "lofted", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["launches"][0]["profile"]["apogee_m"] == 6050e3


def test_validate_says_that_a_file_is_valid(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenario", "validate", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: valid; 1 sensors, 1 launches, 400 s\n"
    assert run(["scenario", "validate", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(file), "valid": True, "faults": []}


def test_validate_tells_every_fault_on_a_line_of_its_own(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(SMALL.replace("seed = 7", "sed = 7").replace("65.0", "-1.0"))
    assert run(["scenario", "validate", str(file)]) == 3
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert any("unknown key 'sed'; expected seed" in line for line in said)
    assert run(["scenario", "validate", str(file), "--json"]) == 3
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert {"where", "what", "expected"} == set(faults[0])


@pytest.mark.parametrize("name", ["no-such", "no/such.toml"])
def test_a_scenario_that_is_not_there_is_exit_3(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenario", "validate", name]) == 3
    assert name in capsys.readouterr().err


def test_simulate_writes_its_files_and_says_what(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["scenario", "simulate", str(file), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["detections"] == len((out / "detections.csv").read_text().splitlines()) - 1
    assert said["truth"] == len((out / "truth.jsonl").read_text().splitlines())
    assert said["launches"][0]["object_id"] == "L1"
    first = (out / "detections.csv").read_bytes()
    assert run(["scenario", "simulate", str(file), "--out", str(out)]) == 0
    assert (out / "detections.csv").read_bytes() == first
    assert run(["scenario", "simulate", str(file), "--out", str(out), "--seed", "8"]) == 0
    assert (out / "detections.csv").read_bytes() != first
    assert "seed 8" in capsys.readouterr().out


def test_simulate_of_a_broken_file_writes_nothing(file: Path, tmp_path: Path) -> None:
    file.write_text(SMALL.replace("srbm_solid", "paper_dart"))
    assert run(["scenario", "simulate", str(file), "--out", str(tmp_path / "out")]) == 3
    assert not (tmp_path / "out").exists()


def test_simulate_into_somebody_elses_folder_is_wrong_usage(file: Path, tmp_path: Path) -> None:
    assert run(["scenario", "simulate", str(file), "--out", str(tmp_path)]) == 2
    assert sorted(item.name for item in tmp_path.iterdir()) == ["small.toml"]


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenario", "schema"]) == 0
    assert "ScenarioFile" in json.loads(capsys.readouterr().out)["$defs"]
