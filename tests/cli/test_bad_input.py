"""One contract for all bad input: exit 3; on standard error one line per fault that says where, what, and what would be
right; nothing on standard output; nothing written, nothing changed.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from beaconfire.cli import run
from tests.rehearse.played import SMALL

FAULT = re.compile(r"\S.*: \S.*; expected \S.*")  # where: what; what would be right
SENSOR = '[[sensor]]\nid = "KOR-R1"\nnation = "KOR"\nkind = "radar"\nlatitude_deg = 36.6\nlongitude_deg = 127.4\n'
ROW = "2025-01-06T03:00:01Z,KOR-R1,300000,10,5"
HEAD = "time_utc,sensor_id,range_m,azimuth_deg,elevation_deg"
GRANT = """version = 1
nation = "KOR"

[[grant]]
id = "trajectories"
partner = "JPN"
realm = "EXERCISE"
kinds = ["trajectory"]
provenance = ["KOR"]
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one good file of each kind, and a node; after the test it holds what it held before."""
    monkeypatch.chdir(tmp_path)
    Path("d.csv").write_text(f"{HEAD}\n{ROW}\n")
    Path("sensors.toml").write_text(SENSOR)
    Path("scenario.toml").write_text(SMALL)
    assert run(["init", "KOR", "--out", "kor"]) == 0
    Path("kor/sensors.toml").write_text(SENSOR)
    Path("kor/policy.toml").write_text(GRANT)
    return tmp_path


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(item.relative_to(folder)): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


@pytest.fixture
def refused(place: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Run a command line that must be refused, and return the lines that it says."""

    def check(*arguments: str) -> list[str]:
        capsys.readouterr()
        before = snapshot(place)
        assert run(arguments) == 3
        said = capsys.readouterr()
        assert said.out == ""
        assert snapshot(place) == before
        assert sorted(item.name for item in place.iterdir()) == ["d.csv", "kor", "scenario.toml", "sensors.toml"]
        faults = said.err.splitlines()
        assert faults, "nothing was said"
        assert [line for line in faults if not FAULT.fullmatch(line)] == []
        return faults

    return check


Refused = Callable[..., list[str]]
TRACK = ("track", "d.csv", "--sensors", "sensors.toml", "--out", "out")


@pytest.mark.parametrize(
    ("text", "where", "what", "right"),
    [
        pytest.param(f"{HEAD},rcs\n{ROW},1\n", "d.csv:1", "unknown column 'rcs'", "one of time_utc", id="column"),
        pytest.param(f"{HEAD},range_m\n{ROW},1\n", "d.csv:1", "a column twice", "each column once", id="twice"),
        pytest.param("time_utc,range_m\n", "d.csv:1", "no column 'sensor_id'", "required", id="missing column"),
        pytest.param(f"{HEAD}\n{ROW},7\n", "d.csv:2", "has 6 cells", "5 as in the header", id="cells"),
        pytest.param(f"{HEAD}\n{ROW.replace('300000', 'NaN')}\n", "d.csv:2: range_m", "'NaN'", "a number", id="nan"),
        pytest.param(f"{HEAD}\n{ROW.replace('300000', 'inf')}\n", "d.csv:2: range_m", "'inf'", "a number", id="inf"),
        pytest.param(f"{HEAD}\n{ROW.replace('300000', '-1')}\n", "d.csv:2: range_m", "'-1'", "from 0", id="negative"),
        pytest.param(f"{HEAD}\n{ROW.replace('300000', '0')}\n", "d.csv:2: range_m", "is 0", "positive", id="zero"),
        pytest.param(f"{HEAD}\n{ROW[:-1]}95\n", "d.csv:2: elevation_deg", "'95'", "from -90 to 90", id="elevation"),
        pytest.param(f"{HEAD}\n{ROW.replace('R1', 'R2')}\n", "d.csv:2: sensor_id", "'KOR-R2'", "KOR-R1", id="sensor"),
        pytest.param(f"{HEAD}\n{ROW.replace('Z', '')}\n", "d.csv:2: time_utc", "'2025", "ISO 8601 UTC", id="no Z"),
        pytest.param(f"{HEAD}\n{ROW.replace('Z', '+09:00')}\n", "d.csv:2: time_utc", "+09:00", "UTC", id="zone"),
        pytest.param(f"{HEAD}\n{ROW.replace('03:00:01', '25:00:01')}\n", "d.csv:2: time_utc", "'2025", "", id="hour"),
        pytest.param(f"{HEAD}\n2025-01-06T03:00:01Z,KOR-R1,,,\n", "d.csv:2", "measures nothing", "", id="nothing"),
        pytest.param(f'{HEAD}\n"{ROW}\n', "d.csv:2", "", "CSV", id="quote"),
        pytest.param("", "d.csv", "is empty", "a header line", id="empty"),
    ],
)
def test_detections(refused: Refused, text: str, where: str, what: str, right: str) -> None:
    Path("d.csv").write_text(text)
    (fault,) = refused(*TRACK)
    assert fault.startswith(f"{where}: ")
    assert what in fault
    assert right in fault.partition("; expected ")[2]


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ('{"time_utc": "2025-01-06T03:00:01Z", "sensor_id": "KOR-R1", "range_m": NaN}', "d.jsonl:2"),
        ('{"time_utc": "2025-01-06T03:00:01Z", "sensor_id": "KOR-R1", "range_m": [1]}', "d.jsonl:2"),
        ('{"time_utc": "2025-01-06T03:00:01Z", "sensor_id": "KOR-R1", "range_m": 1e9}', "d.jsonl:2: range_m"),
        ('{"time_utc": "2025-01-06T03:00:01Z", "sensor_id": "KOR-R1", "range_km": 1}', "d.jsonl:2"),
        ('{"time_utc": 5, "sensor_id": "KOR-R1", "range_m": 1}', "d.jsonl:2: time_utc"),
        ('{"sensor_id": "KOR-R1", "range_m": 1}', "d.jsonl:2"),
        ("[]", "d.jsonl:2"),
        ('{"time_utc": "2025', "d.jsonl:2"),
    ],
)
def test_json_lines(place: Path, capsys: pytest.CaptureFixture[str], line: str, where: str) -> None:
    good = '{"time_utc": "2025-01-06T03:00:00Z", "sensor_id": "KOR-R1", "range_m": 3e5}'
    Path("d.jsonl").write_text(f"{good}\n{line}\n")
    capsys.readouterr()
    assert run(["track", "d.jsonl", "--sensors", "sensors.toml", "--out", "out"]) == 3
    (fault,) = capsys.readouterr().err.splitlines()
    assert FAULT.fullmatch(fault)
    assert fault.startswith(f"{where}: ")
    assert not (place / "out").exists()


def test_several_faults_of_a_row_are_several_lines(refused: Refused) -> None:
    Path("d.csv").write_text(f"{HEAD}\n2025-01-06,KOR-R1,-1,400,95\n")
    places = [fault.split(": ")[1] for fault in refused(*TRACK)]
    assert sorted(places) == ["azimuth_deg", "elevation_deg", "range_m", "time_utc"]


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("latitude_deg = 36.6", "latitude_deg = 96.6", "sensor KOR-R1: latitude_deg", "96.6"),
        ("latitude_deg = 36.6", "latitude_deg = nan", "sensor KOR-R1: latitude_deg", "nan"),
        ("latitude_deg = 36.6", "lattitude_deg = 36.6", "sensor KOR-R1", "unknown key 'lattitude_deg'"),
        ('kind = "radar"', 'kind = "sonar"', "sensor KOR-R1", "sonar"),
        ('nation = "KOR"', 'nation = "Korea"', "sensor KOR-R1: nation", "Korea"),
        ('id = "KOR-R1"', 'id = "KOR R1"', "sensor KOR R1: id", "KOR R1"),
        ("[[sensor]]", "[[senser]]", "sensors.toml", "senser"),
        ("[[sensor]]", "[[sensor]", "sensors.toml", "line 1"),
    ],
)
@pytest.mark.parametrize("command", ["track", "node"])
def test_sensors(refused: Refused, command: str, old: str, new: str, where: str, what: str) -> None:
    file = {"track": Path("sensors.toml"), "node": Path("kor/sensors.toml")}[command]
    file.write_text(SENSOR.replace(old, new))
    (fault,) = refused(*{"track": TRACK, "node": ("node", "check", "--config", "kor/node.toml")}[command])
    assert "sensors.toml: " in fault
    assert where in fault
    assert what in fault


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("seed = 7", "sed = 7", "scenario"),
        ("seed = 7", 'seed = "seven"', "seed"),
        ("srbm_solid", "srbm_sold", "class"),
        ('realm = "EXERCISE"', 'realm = "LIVE"', "realm"),
        ("[[launch]]", "[[lunch]]", "lunch"),
        ("[scenario]", "[scenario", "scenario.toml"),
    ],
)
@pytest.mark.parametrize(
    "command", [("scenario", "validate"), ("scenario", "show"), ("scenario", "simulate"), ("demo", "--headless")]
)
def test_scenarios(refused: Refused, command: tuple[str, str], old: str, new: str, where: str) -> None:
    assert old in SMALL
    Path("scenario.toml").write_text(SMALL.replace(old, new))
    rest = {
        "simulate": ["scenario.toml", "--out", "out"],
        "--headless": ["--scenario", "scenario.toml", "--out", "out"],
    }
    faults = refused(*command, *rest.get(command[1], ["scenario.toml"]))
    assert any(where in fault for fault in faults)
    assert all(fault.startswith("scenario.toml") for fault in faults)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('partner = "JPN"', 'partner = "Japan"', "Japan"),
        ('kinds = ["trajectory"]', 'kinds = ["trajectories"]', "trajectories"),
        ('realm = "EXERCISE"', 'relm = "EXERCISE"', "relm"),
        ("version = 1", 'version = "one"', ""),
        ("[[grant]]", "[grant]", ""),
        ('nation = "KOR"', 'nation = "USA"', "USA"),
        ("version = 1", "version = ", ""),
    ],
)
def test_policies(refused: Refused, old: str, new: str, what: str) -> None:
    Path("kor/policy.toml").write_text(GRANT.replace(old, new, 1))
    faults = refused("node", "check", "--config", "kor/node.toml")
    assert all("policy.toml" in fault for fault in faults)
    assert any(what in fault for fault in faults)


@pytest.mark.parametrize("action", ["check", "run"])
@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('nation = "KOR"', 'nation = "kor"', "kor"),
        ('realm = "EXERCISE"', 'realm = "DRILL"', "DRILL"),
        ("client_port", "clientport", "clientport"),
        ("[broker]", "[broker", "line"),
    ],
)
def test_a_nodes_configuration(refused: Refused, action: str, old: str, new: str, what: str) -> None:
    file = Path("kor/node.toml")
    file.write_text(file.read_text().replace(old, new, 1))
    faults = refused("node", action, "--config", "kor/node.toml")
    assert all("node.toml" in fault for fault in faults)
    assert any(what in fault for fault in faults)


@pytest.mark.parametrize(
    "arguments",
    [
        ("track", "none.csv", "--sensors", "sensors.toml"),
        ("track", "d.csv", "--sensors", "none.toml"),
        ("scenario", "validate", "none.toml"),
        ("demo", "--scenario", "none.toml"),
        ("node", "check", "--config", "none/node.toml"),
        ("verify", "none.sqlite"),
    ],
)
def test_what_is_not_there_is_named(refused: Refused, arguments: tuple[str, ...]) -> None:
    (fault,) = refused(*arguments)
    assert "none" in fault


@pytest.mark.parametrize("data", [b"", b"\x00" * 4096, b"SQLite format 3\x00" + b"\xff" * 500, "건\n".encode("euc-kr")])
def test_bytes_that_are_something_else(refused: Refused, place: Path, data: bytes) -> None:
    for name in ("d.csv", "sensors.toml", "scenario.toml"):
        kept = (place / name).read_bytes()
        (place / name).write_bytes(data)
        command = {"scenario.toml": ("scenario", "validate", name)}.get(name, TRACK)
        assert all(fault.startswith(name) for fault in refused(*command))
        assert len(refused("verify", name)) == 1
        (place / name).write_bytes(kept)
