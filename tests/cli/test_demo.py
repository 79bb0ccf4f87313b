"""`beaconfire demo` as a stranger runs it: real nodes, real NATS servers, a short scenario; and what goes wrong."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from beaconfire.cli import run
from beaconfire.kernel import wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.results import track_row
from beaconfire.node import EnvelopeIn, ShowTrack
from beaconfire.node.inputs import decode_input
from beaconfire.rehearse import read_scenario, shipped, simulate
from beaconfire.rehearse.network import genesis_rows, play
from beaconfire.shell.store import Reader, decode_record

NATIONS = ("KOR", "JPN", "USA")
LAST_S = 140.0  # every nation has confirmed by then, and has heard from a partner
PATIENCE_S = 150.0  # the machine may be busy


def short_scenario() -> str:
    whole = shipped("2025-01-06").decode()
    assert "duration_s = 780.0" in whole
    return whole.replace("duration_s = 780.0", f"duration_s = {LAST_S}")


@dataclass
class Stage:
    """Where one demo runs: its scenario, the folder of its nodes, and where its results go."""

    folder: Path
    homes: Path

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "beaconfire", "demo", "--scenario", str(self.folder / "short.toml")]
        return subprocess.Popen(
            [*command, "--out", str(self.out), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "TMPDIR": str(self.homes)},
        )  # fmt: skip

    def wait_for_tracks(self, nation: str) -> None:
        """Until a nation's node has written something."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if any(path.stat().st_size for path in self.homes.glob(f"beaconfire-*/{nation}/results/tracks.jsonl")):
                return
            time.sleep(0.05)
        raise AssertionError(f"{nation} wrote nothing")

    def processes(self, part: str = "") -> list[int]:
        """The processes that run in this stage's folder and name `part`."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(self.homes) in words and part in words:
                found.append(int(entry.name))
        return found

    def nothing_is_left(self) -> bool:
        until = time.monotonic() + 5.0
        while self.processes() and time.monotonic() < until:
            time.sleep(0.05)
        return not self.processes() and not list(self.homes.iterdir())


def make_stage(folder: Path) -> Iterator[Stage]:
    (folder / "short.toml").write_text(short_scenario())
    homes = Path(tempfile.mkdtemp(prefix="bf-"))  # short: a socket's path holds 107 bytes
    yield Stage(folder, homes)
    shutil.rmtree(homes, ignore_errors=True)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    yield from make_stage(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, dict[str, Any], str]]:
    """One whole run: its stage, what it printed as JSON, and its standard error."""
    for stage in make_stage(tmp_path_factory.mktemp("demo")):
        process = stage.start("--headless", "--json")
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        yield stage, json.loads(out), err


def test_a_run_leaves_the_files_of_the_contract(finished: tuple[Stage, dict[str, Any], str]) -> None:
    out = finished[0].out
    assert {"report.html", "detections.csv", "sensors.toml", "truth.jsonl", "summary.json", *NATIONS} <= set(
        os.listdir(out)
    )
    told = {"alerts", "alerts.jsonl", "bulletins", "record.sqlite"}
    own = {"tracks.jsonl", "events.jsonl", "events.json", "journal.sqlite", *told}
    for nation in NATIONS:
        assert set(os.listdir(out / nation)) == own


def test_nothing_was_sent_and_the_log_gives_probability_and_threshold(
    finished: tuple[Stage, dict[str, Any], str],
) -> None:
    for nation in NATIONS:
        assert os.listdir(finished[0].out / nation / "alerts") == []
        assert finished[1]["nations"][nation]["warning"]["messages"] == []
        rows = [json.loads(line) for line in (finished[0].out / nation / "alerts.jsonl").read_text().splitlines()]
        assert {row["realm"] for row in rows} == {"EXERCISE"}
        assert {(row["p_hit"], row["p_pass"]) for row in rows} == {(0.01, 0.1)}
        assert all(0.0 <= area["pass_p"] <= 1.0 for row in rows for area in row["areas"])


def test_every_nation_has_a_bulletin_in_three_languages(finished: tuple[Stage, dict[str, Any], str]) -> None:
    for nation in NATIONS:
        folder = finished[0].out / nation / "bulletins"
        assert len(os.listdir(folder)) == 3
        (path,) = folder.glob("*.en.md")
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# EXERCISE Launch of 6 January 2025")
        assert "since 5 November 2024, when at least seven short-range missiles were launched" in text
        assert "- ROK JCS (government): “intermediate range”" in text


def test_what_it_prints_is_the_summary(finished: tuple[Stage, dict[str, Any], str]) -> None:
    stage, told, _ = finished
    assert told == json.loads((stage.out / "summary.json").read_text())
    assert (told["realm"], told["failed"], told["exit_status"]) == ("EXERCISE", [], 0)
    assert told["run"]["scenario_s"] == LAST_S
    assert told["run"]["late_ticks"] == {}


def test_each_nation_has_one_event_and_knows_whose_word_it_took(finished: tuple[Stage, dict[str, Any], str]) -> None:
    stage, told, _ = finished
    for nation in NATIONS:
        (event,) = json.loads((stage.out / nation / "events.json").read_text())
        revisions = map(json.loads, (stage.out / nation / "events.jsonl").read_text().splitlines())
        told_by = {name for row in revisions if row["picture"] == "fused" for name in row["contributors"]}
        assert event["realm"] == "EXERCISE"
        assert len(told_by) >= 2
        assert told["nations"][nation]["shared"]["confirmed_utc"] is not None


def test_every_line_says_exercise(finished: tuple[Stage, dict[str, Any], str]) -> None:
    for nation in NATIONS:
        for name in ("tracks.jsonl", "events.jsonl"):
            lines = (finished[0].out / nation / name).read_text().splitlines()
            assert lines
            assert {json.loads(line)["realm"] for line in lines} == {"EXERCISE"}


def test_own_tracks_are_those_of_a_node_in_one_process(finished: tuple[Stage, dict[str, Any], str]) -> None:
    """Servers, journals, files and lockstep change nothing that a nation knows of itself."""
    scenario = read_scenario(short_scenario().encode(), where="short")
    simulation = simulate(scenario)
    expected: dict[str, list[dict[str, Any]]] = {nation: [] for nation in NATIONS}
    for row in play(simulation, genesis_rows(scenario, seed=1)):
        for effect in row.effects:
            if isinstance(effect, ShowTrack) and effect.update.picture == "own":
                line = track_row(effect.update, realm=Realm.EXERCISE, phases=(*(0.0,) * 6, 1.0))
                expected[row.nation].append({key: value for key, value in line.items() if key != "phase"})
    for nation in NATIONS:
        lines = map(json.loads, (finished[0].out / nation / "tracks.jsonl").read_text().splitlines())
        own = [line for line in lines if line["picture"] == "own"]
        assert [{key: value for key, value in line.items() if key != "phase"} for line in own] == expected[nation]


def test_the_journals_hold(finished: tuple[Stage, dict[str, Any], str], capsys: pytest.CaptureFixture[str]) -> None:
    for nation in NATIONS:
        assert run(["verify", str(finished[0].out / nation / "journal.sqlite")]) == 0, capsys.readouterr().err


def test_the_report_is_whole_and_marked(finished: tuple[Stage, dict[str, Any], str]) -> None:
    text = (finished[0].out / "report.html").read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert text.count("EXERCISE") > 10
    assert all(f"{nation} shared" in text for nation in NATIONS)


def test_nothing_is_left_behind(finished: tuple[Stage, dict[str, Any], str]) -> None:
    assert finished[0].nothing_is_left()


def test_a_killed_server_loses_nothing_and_a_killed_node_is_named(stage: Stage) -> None:
    process = stage.start("--headless")
    stage.wait_for_tracks("KOR")
    (server,) = stage.processes("/JPN/data/broker/server.conf")  # its node starts it again
    os.kill(server, signal.SIGKILL)
    (victim,) = stage.processes("/USA/node.toml")
    os.kill(victim, signal.SIGKILL)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, err
    assert "USA did not live to the end" in out
    summary = json.loads((stage.out / "summary.json").read_text())
    assert (summary["failed"], summary["exit_status"]) == (["USA"], 1)
    for nation in ("KOR", "JPN"):
        assert summary["nations"][nation]["shared"]["events"]
    numbers = numbers_taken(stage.out / "JPN" / "journal.sqlite", "KOR")
    assert sorted(numbers) == list(range(1, len(numbers) + 1))  # each once; what the dead server held comes late
    assert len(numbers) > 50
    assert (stage.out / "USA" / "journal.sqlite").exists()
    assert "Did not live to the end: USA" in (stage.out / "report.html").read_text()
    assert stage.nothing_is_left()


def numbers_taken(journal: Path, partner: str) -> list[int]:
    """The numbers of a partner's envelopes that a node took, in the order of its journal."""
    reader, found = Reader(journal), []
    for row in reader.rows():
        item = decode_input(decode_record(row, where="").item)
        if isinstance(item, EnvelopeIn) and item.partner == partner:
            found.append(wire.decode_envelope(item.envelope, realm=Realm.EXERCISE).number)
    reader.close()
    return found


def test_ctrl_c_ends_everything_and_leaves_nothing(stage: Stage) -> None:
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell starts its background jobs
    process = stage.start("--headless")
    signal.signal(signal.SIGINT, handler)
    stage.wait_for_tracks("KOR")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert stage.nothing_is_left()
    assert [item.name for item in stage.folder.iterdir()] == ["short.toml"]


def test_a_port_in_use_is_said_before_anything_starts(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run(["demo", "--scenario", str(stage.folder / "short.toml"), "--port", str(port - 1)]) == 1
    assert capsys.readouterr().err.startswith(f"port {port} on 127.0.0.1 cannot be used: Address already in use")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--scenario", "2025-01-07"], 3, "scenario '2025-01-07': is not shipped; expected 2025-01-06"),
        (["--speed", "51"], 2, "--speed"),
        (["--speed", "0.5"], 2, "--speed"),
        (["--port", "0"], 2, "--port"),
        (["--headles"], 2, "--headles"),
    ],
)
def test_wrong_words_are_named(arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", *arguments]) == code
    assert told in capsys.readouterr().err


def test_a_broken_scenario_is_exit_3_and_nothing_is_written(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    path = stage.folder / "short.toml"
    path.write_text(short_scenario().replace("range_m = 1100e3", "range_m = -1"))
    assert run(["demo", "--headless", "--scenario", str(path), "--out", str(stage.out)]) == 3
    assert str(path) in capsys.readouterr().err
    assert not stage.out.exists()


def test_a_policy_file_lies_beside_its_scenario_and_its_faults_are_named(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stage.folder / "short.toml"
    path.write_text(short_scenario().replace('policy = "default"', 'policy = "ours.toml"', 1))
    assert run(["demo", "--headless", "--scenario", str(path)]) == 3
    assert f"{stage.folder / 'ours.toml'}: No such file" in capsys.readouterr().err
    (stage.folder / "ours.toml").write_text("[[grant]]\nto = 3\n")
    assert run(["demo", "--headless", "--scenario", str(path)]) == 3
    assert str(stage.folder / "ours.toml") in capsys.readouterr().err


def test_a_folder_that_is_somebodys_is_refused_before_anything_starts(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", "--headless", "--out", str(stage.folder)]) == 2
    assert "holds 'short.toml'" in capsys.readouterr().err
