"""Detection rows: every field, every fault, both forms."""

import json
import math
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.detections import FIELDS, group_scans, parse_row, read_csv, read_jsonl, to_row
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.records import Detection
from beaconfire.kernel.time import parse_utc

TIME = "2025-01-06T03:00:01.5Z"
T_NS = parse_utc(TIME)


def faults_of(lines: list[str]) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        list(read_csv(lines, where="d.csv"))
    return [str(fault) for fault in caught.value.faults]


def test_a_radar_row_in_radians_without_its_truth_label() -> None:
    lines = ["time_utc,sensor_id,range_m,azimuth_deg,elevation_deg,object_id", f"{TIME},KOR-R1,350000.5,12.5,3.25,M1"]
    (detection,) = read_csv(lines, where="d.csv")
    assert detection == Detection(
        time_ns=T_NS,
        sensor_id="KOR-R1",
        range_m=350000.5,
        azimuth_rad=math.radians(12.5),
        elevation_rad=math.radians(3.25),
    )
    assert "M1" not in repr(detection)


def test_both_forms_give_the_same_detections() -> None:
    rows = [
        {"time_utc": TIME, "sensor_id": "A", "range_m": 1e5, "azimuth_deg": 1.0, "azimuth_sigma_deg": 0.1},
        {"time_utc": TIME, "sensor_id": "B", "los_x": 0.6, "los_y": 0.8, "los_z": 0.0, "los_sigma_rad": 1e-4},
    ]
    columns = list({name: None for row in rows for name in row})
    csv_lines = [",".join(columns), *(",".join(str(row.get(name, "")) for name in columns) for row in rows)]
    assert list(read_csv(csv_lines, where="c")) == list(read_jsonl(map(json.dumps, rows), where="j"))


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"range_m": "nan"}, "d.csv:2: range_m: is 'nan'"),
        ({"range_m": "inf"}, "d.csv:2: range_m: is 'inf'"),
        ({"range_m": "-5"}, "d.csv:2: range_m: is '-5'"),
        ({"range_m": "0"}, "d.csv:2: range_m: is 0"),
        ({"range_m": "ten"}, "d.csv:2: range_m: is 'ten'"),
        ({"range_m": "1e308"}, "d.csv:2: range_m: is '1e308'"),
        ({"azimuth_deg": "360.0001"}, "d.csv:2: azimuth_deg: is '360.0001'"),
        ({"elevation_deg": "91"}, "d.csv:2: elevation_deg: is '91'"),
        ({"time_utc": "2025-01-06T03:00:01"}, "d.csv:2: time_utc: is '2025-01-06T03:00:01'"),
        ({"sensor_id": ""}, "d.csv:2: sensor_id: is ''"),
        ({"range_m": "", "azimuth_deg": "", "elevation_deg": ""}, "d.csv:2: measures nothing"),
    ],
)
def test_a_bad_cell_is_named(cells: dict[str, str], fault: str) -> None:
    row = {"time_utc": TIME, "sensor_id": "S", "range_m": "1000", "azimuth_deg": "1", "elevation_deg": "2"} | cells
    assert faults_of([",".join(row), ",".join(row.values())])[0].startswith(fault)


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("time_utc,sensor_id,rang_m", "unknown column 'rang_m'"),
        ("time_utc,range_m", "no column 'sensor_id'"),
        ("time_utc,sensor_id,range_m,range_m", "names a column twice"),
    ],
)
def test_a_bad_header_is_named(header: str, fault: str) -> None:
    assert any(fault in line and line.startswith("d.csv:1") for line in faults_of([header, ""]))


def test_lines_of_sight_must_be_whole_unit_vectors() -> None:
    header = "time_utc,sensor_id,los_x,los_y,los_z"
    assert "vector has length 1.1180" in faults_of([header, f"{TIME},S,1,0.5,0"])[0]
    assert "vector is incomplete" in faults_of([header, f"{TIME},S,1,,0"])[0]
    (detection,) = read_csv([header, f"{TIME},S,0.6001,0.8,0"], where="d.csv")
    assert detection.los_ecef is not None
    assert math.isclose(math.hypot(*detection.los_ecef), 1.0, abs_tol=1e-15)


def test_structure_faults_name_their_line() -> None:
    assert "has 2 cells" in faults_of(["time_utc,sensor_id,range_m", f"{TIME},S"])[0]
    assert "is empty" in faults_of([])[0]
    with pytest.raises(InvalidInput, match="j:2"):
        list(read_jsonl(['{"time_utc":"' + TIME + '","sensor_id":"S","range_m":5}', '{"range_m": NaN}'], where="j"))
    with pytest.raises(InvalidInput, match="bytes long"):
        list(read_jsonl(["x" * 70_000], where="j"))


@given(
    st.builds(
        Detection,
        time_ns=st.integers(T_NS, T_NS + 10**15),
        sensor_id=st.just("S-1"),
        range_m=st.floats(1.0, 4e7),
        azimuth_rad=st.none() | st.floats(-3.0, 6.0),
        elevation_rad=st.none() | st.floats(-1.5, 1.5),
        range_rate_m_s=st.none() | st.floats(-9e3, 9e3),
        range_sigma_m=st.none() | st.floats(0.1, 1e5),
    )
)
def test_rows_survive_writing_and_reading(detection: Detection) -> None:
    row = to_row(detection, "M1")
    again = parse_row({name: "" if cell is None else str(cell) for name, cell in row.items()}, where="x")
    assert tuple(row) == FIELDS
    assert again.time_ns == detection.time_ns
    for name in ("range_m", "range_rate_m_s", "range_sigma_m"):
        assert getattr(again, name) == getattr(detection, name)
    for name in ("azimuth_rad", "elevation_rad"):  # degrees and back cost two roundings
        ours, theirs = getattr(again, name), getattr(detection, name)
        assert (ours is None) == (theirs is None)
        assert ours is None or math.isclose(ours, theirs, rel_tol=1e-15, abs_tol=1e-17)


@given(st.lists(st.text(max_size=60), max_size=5))
def test_no_text_reaches_an_assertion(lines: list[str]) -> None:
    for reader in (read_csv, read_jsonl):
        with suppress(InvalidInput):
            assert list(reader(lines, where="f")) == []


def test_scans_are_grouped_by_time_and_sensor() -> None:
    def detection(second: int, sensor_id: str) -> Detection:
        return Detection(time_ns=T_NS + second * 10**9, sensor_id=sensor_id, range_m=1.0)

    scans = list(group_scans([detection(0, "A"), detection(0, "B"), detection(0, "A"), detection(1, "A")]))
    assert [(s.sensor_id, (s.time_ns - T_NS) // 10**9, len(s.detections)) for s in scans] == [
        ("A", 0, 2),
        ("B", 0, 1),
        ("A", 1, 1),
    ]
    assert list(group_scans([])) == []


def test_detections_are_frozen_and_compact_on_the_wire() -> None:
    detection = Detection(time_ns=T_NS, sensor_id="S", range_m=1.0)
    with pytest.raises(AttributeError):
        detection.range_m = 2.0  # type: ignore[misc]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(detection), type=Detection) == detection
