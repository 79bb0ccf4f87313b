"""`beaconfire track` as a stranger runs it: rows in any order in, one event out; bad input told in a line each."""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from beaconfire.cli import run
from beaconfire.rehearse import read_scenario, shipped, simulate, write_simulation

HEAD = "time_utc,sensor_id,range_m,azimuth_deg,elevation_deg"
GOOD = "2025-01-06T03:00:01Z,KOR-R1,300000,10,5"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of `scenario simulate 2025-01-06`."""
    folder = tmp_path_factory.mktemp("recorded")
    write_simulation(simulate(read_scenario(shipped("2025-01-06"), where="2025-01-06")), folder)
    return folder


@pytest.fixture(scope="module")
def first_minutes(recorded: Path) -> Path:
    """Its first four minutes in two files: shuffled CSV, and JSON Lines."""
    folder = recorded.parent / "first"
    folder.mkdir(exist_ok=True)
    head, *rows = (recorded / "detections.csv").read_text().splitlines()
    early = [row for row in rows if row < "2025-01-06T03:04"]
    random.Random(7).shuffle(early)
    half = len(early) // 2
    (folder / "a.csv").write_text("\n".join([head, *early[:half]]) + "\n")
    names = head.split(",")
    with (folder / "b.jsonl").open("w") as file:
        for row in early[half:]:
            values = dict(zip(names, row.split(","), strict=True))
            cells = {name: value if name in names[:2] or name == "object_id" else float(value)
                     for name, value in values.items() if value}  # fmt: skip
            file.write(json.dumps(cells) + "\n")
    return folder


@pytest.fixture
def place(tmp_path: Path, recorded: Path) -> Iterator[Path]:
    """A folder with the sensors file and a file of one good row."""
    (tmp_path / "sensors.toml").write_bytes((recorded / "sensors.toml").read_bytes())
    (tmp_path / "d.csv").write_text(f"{HEAD}\n{GOOD}\n")
    yield tmp_path
    assert not [item for item in tmp_path.iterdir() if item.name.startswith(".")], "something half written was left"


def track(place: Path, *arguments: str) -> int:
    return run(["track", str(place / "d.csv"), "--sensors", str(place / "sensors.toml"), *arguments])


def test_one_flight_in_two_shuffled_files_is_one_event(
    first_minutes: Path, recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(first_minutes / name) for name in ("b.jsonl", "a.csv")]
    arguments = ["track", *files, "--sensors", str(recorded / "sensors.toml"), "--out", str(tmp_path / "out"), "--json"]
    assert run(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    (event,) = told["events"]
    assert event["launch"]["latitude_deg"] == pytest.approx(39.2, abs=0.2)  # 22 km: the bound of the spine issue
    assert event["launch"]["longitude_deg"] == pytest.approx(126.0, abs=0.2)
    assert (told["realm"], told["quarantined"]) == ("EXERCISE", {})
    (last,) = json.loads((tmp_path / "out" / "events.json").read_text())
    assert last == event
    lines = (tmp_path / "out" / "tracks.jsonl").read_text().splitlines()
    assert {json.loads(line)["realm"] for line in lines} == {"EXERCISE"}
    assert {json.loads(line)["picture"] for line in lines} == {"own"}
    assert event["tracks"][0] in {json.loads(line)["track_id"] for line in lines}
    bulletins = {item.name: item.read_text("utf-8") for item in (tmp_path / "out" / "bulletins").iterdir()}
    assert set(bulletins) == {f"{event['event_id']}.{language}.md" for language in ("en", "ko", "ja")}
    assert bulletins[f"{event['event_id']}.en.md"].startswith("# EXERCISE Launch of 6 January 2025")


def test_the_order_of_rows_and_files_changes_nothing(
    first_minutes: Path, recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, files in (("one", ["a.csv", "b.jsonl"]), ("two", ["b.jsonl", "a.csv"])):
        paths = [str(first_minutes / file) for file in files]
        out = str(tmp_path / name)
        assert run(["track", *paths, "--sensors", str(recorded / "sensors.toml"), "--out", out]) == 0
    capsys.readouterr()
    for name in ("tracks.jsonl", "events.jsonl", "events.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_people_are_told_in_a_few_lines(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert track(place) == 0
    output = capsys.readouterr()
    assert output.out == "EXERCISE: 1 detections in 1 scans, 0 held back, 0 confirmed tracks, 0 events\n"
    assert output.err == ""


def test_the_realm_is_on_every_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert track(place, "--realm", "LIVE", "--json") == 0
    assert json.loads(capsys.readouterr().out)["realm"] == "LIVE"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (f"{HEAD},speed\n{GOOD},3\n", "d.csv:1: unknown column 'speed'; expected one of time_utc"),
        (f"{HEAD}\n{GOOD}\n{GOOD.replace('300000', 'nan')}\n", "d.csv:3: range_m: is 'nan'; expected a number"),
        (f"{HEAD}\n{GOOD.replace('KOR-R1', 'KOR-R7')}\n", "d.csv:2: sensor_id: 'KOR-R7' is not in the sensors file"),
        (f"{HEAD}\n{GOOD.replace('Z', '')}\n", "d.csv:2: time_utc: is '2025-01-06T03:00:01'; expected ISO 8601 UTC"),
        (f"{HEAD}\n{GOOD.replace('01-06', '02-30')}\n", "d.csv:2: time_utc: is '2025-02-30T03:00:01Z'"),
        ("", "d.csv: is empty; expected a header"),
    ],
)
def test_bad_rows_are_exit_3_and_nothing_is_written(
    place: Path, capsys: pytest.CaptureFixture[str], rows: str, told: str
) -> None:
    (place / "d.csv").write_text(rows)
    assert track(place, "--out", str(place / "out")) == 3
    output = capsys.readouterr()
    assert output.err.startswith(str(place / told))
    assert output.out == ""
    assert "Traceback" not in output.err
    assert not (place / "out").exists()


def test_every_fault_of_a_row_has_its_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "d.csv").write_text(f"{HEAD}\n2025-01-06,KOR-R1,-1,10,95\n")
    assert track(place) == 3
    assert len(capsys.readouterr().err.splitlines()) == 3


@pytest.mark.parametrize(
    ("sensors", "told"),
    [
        ("[[sensor]\n", "sensors.toml: "),
        ('[[sensor]]\nid = "A"\nnation = "KOR"\nkind = "sonar"\n', "sensors.toml: sensor A: "),
        ('[[sensor]]\nid = "A"\nnation = "KOR"\nkind = "radar"\nrange_sigma = 3\n', "unknown key 'range_sigma'"),
        ("", "holds no [[sensor]]"),
    ],
)
def test_bad_sensors_are_exit_3(place: Path, capsys: pytest.CaptureFixture[str], sensors: str, told: str) -> None:
    (place / "sensors.toml").write_text(sensors)
    assert track(place) == 3
    assert told in capsys.readouterr().err


def test_files_that_are_not_there_are_exit_3(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["track", str(place / "x.csv"), "--sensors", str(place / "sensors.toml")]) == 3
    assert "x.csv: No such file or directory; expected a readable file" in capsys.readouterr().err
    assert run(["track", str(place / "d.csv"), "--sensors", str(place / "none.toml")]) == 3
    assert "none.toml: No such file" in capsys.readouterr().err


def test_wrong_usage_is_exit_2(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["track", "--sensors", str(place / "sensors.toml")]) == 2
    assert "no detection file was named" in capsys.readouterr().err
    assert run(["track", str(place / "d.csv")]) == 2
    assert "--sensors" in capsys.readouterr().err
    assert track(place, "--realm", "DRILL") == 2
    (place / "dear").mkdir()
    (place / "dear" / "letter.txt").write_text("x")
    assert track(place, "--out", str(place / "dear")) == 2
    assert "holds 'letter.txt'" in capsys.readouterr().err


def test_a_former_run_is_replaced(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert track(place, "--out", str(place / "out")) == 0
    assert {item.name for item in (place / "out").iterdir()} >= {"tracks.jsonl", "events.jsonl", "events.json"}
    assert capsys.readouterr().out.count("written to") == 2


def test_progress_is_on_standard_error(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert track(place, "--json") == 0
    output = capsys.readouterr()
    json.loads(output.out)
    assert "tracking" in output.err


def test_priors_replace_the_library_of_classes(
    first_minutes: Path, recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only = tmp_path / "mine.toml"
    only.write_text(
        '[[entry]]\nname = "one"\nclass = "SRBM"\nprior = 1.0\nmost_range_m = 9e6\nstages = [[120.0, 22.0, 2600.0]]\n'
    )
    files = [str(first_minutes / "a.csv"), str(first_minutes / "b.jsonl")]
    words = ["track", *files, "--sensors", str(recorded / "sensors.toml"), "--json"]
    assert run([*words, "--priors", str(only)]) == 0
    (event,) = json.loads(capsys.readouterr().out)["events"]
    assert event["class"]["IRBM"] == 0.0
    assert event["class"]["SRBM"] + event["class"]["unknown"] == pytest.approx(1.0)
    only.write_text(only.read_text().replace("SRBM", "medium"))
    assert run([*words, "--priors", str(only)]) == 3
    assert "mine.toml: entry 1: class" in capsys.readouterr().err
