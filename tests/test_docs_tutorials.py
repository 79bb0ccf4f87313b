"""The how-to pages do what they say: their scenario is whole, their commands work, their messages are the real ones."""

import json
import re
from pathlib import Path

import pytest

from beaconfire.cli import run
from tests.house import ROOT
from tests.test_docs import arguments_of, shown_commands


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def block(name: str, language: str) -> str:
    match = re.search(rf"^```{language}\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)
    assert match is not None, f"{name}: no {language} block"
    return match[1]


def commands(name: str, *, but: str = "nothing") -> list[list[str]]:
    shown = (arguments_of(words) for where, _, words in shown_commands() if where.startswith(f"docs/{name}:"))
    return [arguments for arguments in shown if arguments is not None and arguments[0] != but]


def test_the_scenario_of_the_page_is_checked_simulated_and_tracked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("first.toml").write_text(block("write-a-scenario.md", "toml"))
    for arguments in commands("write-a-scenario.md", but="demo"):
        assert run(arguments) == 0, arguments
    capsys.readouterr()
    assert run(["track", "simulated/detections.csv", "--sensors", "simulated/sensors.toml", "--json"]) == 0
    (event,) = json.loads(capsys.readouterr().out)["events"]
    assert max(event["class"], key=event["class"].get) == "SRBM"
    assert (event["launch"]["latitude_deg"], event["launch"]["longitude_deg"]) == pytest.approx((39.2, 126.0), abs=0.1)


def test_the_five_minutes_work_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (simulate, track) = commands("track-your-own-file.md")
    assert run(simulate) == 0
    assert run(track) == 0
    assert {"tracks.jsonl", "events.jsonl", "events.json"} <= {item.name for item in Path("tracked").iterdir()}


def test_the_fault_shown_is_the_one_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    good = "2025-01-06T03:01:12.5Z,KOR-R1,400000.0,8.5\n"
    rows = good * 15 + good.replace("8.5", "NaN")
    Path("mine.csv").write_text("time_utc,sensor_id,range_m,elevation_deg\n" + rows)
    Path("sensors.toml").write_text('[[sensor]]\nid = "KOR-R1"\nnation = "KOR"\nkind = "radar"\n')
    assert run(["track", "mine.csv", "--sensors", "sensors.toml", "--out", "out"]) == 3
    assert capsys.readouterr().err == block("track-your-own-file.md", "text")
    assert not Path("out").exists()
