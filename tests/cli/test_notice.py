"""`beaconfire notice`: add, list and withdraw, with the faults of a typed one."""

import json
from pathlib import Path

import pytest

from beaconfire.cli.app import run

ADD = ["notice", "add", "NAV-1", "--source", "Japan Coast Guard", "--from", "2025-01-06T02:00Z",
       "--until", "2025-01-06T05:00Z"]  # fmt: skip


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEACONFIRE_HOME", str(tmp_path))


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    assert run(["notice", "list", "--json"]) == 0
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows


def test_a_notice_is_added_listed_and_withdrawn(capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--latitude", "39.66", "--longitude", "124.7", "--azimuth", "180", "--area", "124,30 126,30 126,33 124,33"]
    assert run([*ADD, "--site", "Sohae", *place]) == 0
    (row,) = listed(capsys)
    assert (row["id"], row["site"], row["azimuth_deg"]) == ("NAV-1", "Sohae", 180.0)
    assert row["areas"] == [[[124.0, 30.0], [126.0, 30.0], [126.0, 33.0], [124.0, 33.0]]]
    assert run(["notice", "withdraw", "NAV-1"]) == 0
    assert run(["notice", "list"]) == 0
    assert "(withdrawn)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--latitude", "95", "--longitude", "1"], 3, "latitude_deg"),
        (["--latitude", "35"], 3, "half a place"),
        (["--area", "here and there"], 2, "longitude,latitude"),
        (["--area", "1,2 3"], 3, "areas"),
    ],
)
def test_a_wrong_notice_is_refused(more: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*ADD, *more]) == code
    assert said in capsys.readouterr().err
    assert listed(capsys) == []


def test_what_is_not_there_cannot_be_withdrawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["notice", "withdraw", "NAV-1"]) == 3
    assert "no notice here" in capsys.readouterr().err
