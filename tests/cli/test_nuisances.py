"""No launch is declared where none is: air traffic, satellites, meteors and clutter seen by eight sensors."""

import json
from pathlib import Path

import pytest

from beaconfire.cli import run
from tests.cli import nuisances


def declared(folder: Path, hours: range, seed: int, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """What `beaconfire track` says of some hours."""
    paths = [str(path) for path in nuisances.write(folder, hours, seed=seed)]
    assert run(["track", *paths, "--sensors", str(folder / "sensors.toml"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["scans"] > 2_000 * len(hours)  # of infrared scans only those that saw something are in a file
    assert told["confirmed_tracks"] > 250 * len(hours)
    assert not told["quarantined"]
    return dict(told)


@pytest.mark.timeout(600)
def test_an_hour_of_nuisances_is_no_launch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert declared(tmp_path, range(1), 1, capsys)["events"] == []


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10))
def test_a_day_of_nuisances_is_no_launch(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert declared(tmp_path, range(24), seed, capsys)["events"] == []
