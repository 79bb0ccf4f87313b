"""Detection files: any order, several files, both forms; every fault with its place before anything is handed on."""

import json
import random
import tracemalloc
from pathlib import Path

import pytest

from beaconfire.kernel import limits
from beaconfire.kernel.detections import read_csv
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.records import Detection
from beaconfire.shell import detection_files
from beaconfire.shell.detection_files import read_detections

HEAD = "time_utc,sensor_id,range_m,azimuth_deg,elevation_deg\n"
SENSORS = ["KOR-R1", "KOR-R2", "JPN-R1"]


def row(second: int, sensor: str = "KOR-R1", range_m: float = 3e5) -> str:
    return f"2025-01-06T03:00:{second:02d}Z,{sensor},{range_m},10,5\n"


def write(path: Path, *rows: str) -> Path:
    path.write_text(HEAD + "".join(rows))
    return path


def read(*paths: Path, sensors: list[str] = SENSORS) -> list[tuple[int, str, float | None]]:
    with read_detections(paths, sensors=sensors, progress=lambda done, total: None) as found:
        return [(item.time_ns, item.sensor_id, item.range_m) for item in found]


def faults(*paths: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read(*paths)
    return [str(fault) for fault in caught.value.faults]


def test_rows_come_out_in_order_of_time_whatever_their_order(tmp_path: Path) -> None:
    rows = [row(second, sensor, 1e5 + second) for second in range(30) for sensor in SENSORS]
    ordered = read(write(tmp_path / "a.csv", *rows))
    random.Random(1).shuffle(rows)
    assert read(write(tmp_path / "b.csv", *rows)) == ordered
    assert [time_ns for time_ns, _, _ in ordered] == sorted(time_ns for time_ns, _, _ in ordered)


def test_several_files_of_both_forms_are_one(tmp_path: Path) -> None:
    one = write(tmp_path / "a.csv", row(1), row(3))
    two = tmp_path / "b.JSONL"
    values = {"time_utc": "2025-01-06T03:00:02Z", "sensor_id": "JPN-R1", "range_m": 2e5, "azimuth_deg": None}
    two.write_text(json.dumps(values) + "\n\n")
    assert [sensor for _, sensor, _ in read(two, one)] == ["KOR-R1", "JPN-R1", "KOR-R1"]


def test_a_file_with_a_header_alone_has_no_detections(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.csv")) == []


def test_an_unknown_sensor_names_file_line_and_the_known_ones(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", row(1), row(2, "KOR_R1"), row(3))
    assert faults(path) == [
        f"{path}:3: sensor_id: 'KOR_R1' is not in the sensors file; expected 'KOR-R1', or another of "
        "KOR-R1, KOR-R2, JPN-R1"
    ]
    path = write(tmp_path / "b.csv", row(1, "zzz"))
    assert faults(path) == [
        f"{path}:2: sensor_id: 'zzz' is not in the sensors file; expected one of KOR-R1, KOR-R2, JPN-R1"
    ]


def test_the_line_is_right_after_blank_lines_and_in_json(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEAD + "\n\n" + row(1, "zzz"))
    assert faults(path)[0].startswith(f"{path}:4: sensor_id:")
    path = tmp_path / "a.jsonl"
    path.write_text("\n" + json.dumps({"time_utc": "2025-01-06T03:00:02Z", "sensor_id": "zzz", "range_m": 2e5}) + "\n")
    assert faults(path)[0].startswith(f"{path}:2: sensor_id:")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("time_utc,sensor_id,range\n", "a.csv:1: unknown column 'range'"),
        (HEAD + row(1).replace("Z", ""), "a.csv:2: time_utc: is '2025-01-06T03:00:01'; expected ISO 8601 UTC"),
        (HEAD + row(1, range_m=float("nan")), "a.csv:2: range_m: is 'nan'; expected a number from"),
        (HEAD + row(1, range_m=-5.0), "a.csv:2: range_m: is '-5.0'"),
        (HEAD + row(1).replace(",5\n", "\n"), "a.csv:2: has 4 cells; expected 5"),
        ("", "a.csv: is empty"),
        (HEAD + row(1).replace(",10,5", ",10,95"), "a.csv:2: elevation_deg: is '95'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    assert faults(path)[0].startswith(str(tmp_path / told))


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes((HEAD + row(1)).encode() + b"\xff\xfe\n")
    assert faults(path) == [f"{path}:3: byte 0 is not UTF-8; expected UTF-8 text"]


def test_a_line_without_end_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEAD + "9" * (limits.MAX_LINE_BYTES + 1000))
    assert faults(path)[0].startswith(f"{path}:2: is too long for a line")


def test_what_is_no_detection_file_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path / "none.csv") == [
        f"{tmp_path / 'none.csv'}: No such file or directory; expected a readable file"
    ]
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    assert "ends in '.xlsx'; expected a detection file, .csv or .jsonl" in faults(tmp_path / "a.xlsx")[0]
    (tmp_path / "d.csv").mkdir()
    assert "Is a directory" in faults(tmp_path / "d.csv")[0]


def test_more_than_a_run_can_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_FILE_DETECTIONS", 2)
    path = write(tmp_path / "a.csv", row(1), row(2), row(3))
    assert faults(path) == [f"{path}:4: is one detection too many; expected at most 2 in one run"]


def test_progress_goes_to_the_last_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.csv", *(row(second % 60, range_m=1e5 + second) for second in range(5000)))
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(detection_files, "_BLOCK_BYTES", 1 << 16)
    with read_detections([path], sensors=SENSORS, progress=lambda done, total: told.append((done, total))) as rows:
        assert len(rows) == 5000
    size = path.stat().st_size
    assert [total for _, total in told] == [size] * len(told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) == size // (1 << 16) + 2 and told[-1] == (size, size)


def everything(path: Path) -> list[Detection]:
    with read_detections([path], sensors=SENSORS, progress=lambda done, total: None) as found:
        assert len(found) == len(list(found))
        return list(found)


@pytest.mark.parametrize("block", [64, 1000, 1 << 20])
def test_where_a_block_ends_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """Blank lines, line ends of two kinds, a quoted cell and no line end at last, in blocks of any size."""
    rows = [row(second % 60, range_m=1e5 + second) for second in range(200)]
    rows[50] = "\n" + rows[50]
    rows[120] = rows[120].replace("\n", "\r\n")
    rows[150] = rows[150].replace("KOR-R1", '"KOR-R1"')
    rows[-1] = rows[-1].removesuffix("\n")
    path = write(tmp_path / "a.csv", *rows)
    monkeypatch.setattr(detection_files, "_BLOCK_BYTES", block)
    monkeypatch.setattr(detection_files, "_BLOCK_ROWS", 7)
    lines = path.read_bytes().decode().splitlines(keepends=True)
    assert everything(path) == sorted(read_csv(lines, where="a"), key=lambda item: item.time_ns)


@pytest.mark.parametrize("block", [64, 1000, 1 << 20])
@pytest.mark.parametrize("place", [0, 77, 199])
def test_a_fault_has_its_line_wherever_a_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, place: int
) -> None:
    rows = [row(second % 60, range_m=1e5 + second) for second in range(200)]
    rows[place] = row(1, range_m=-1.0)
    rows[10] = "\n" + rows[10]
    path = write(tmp_path / "a.csv", *rows)
    monkeypatch.setattr(detection_files, "_BLOCK_BYTES", block)
    assert faults(path)[0].startswith(f"{path}:{place + 2 + (place >= 10)}: range_m: is '-1.0'")


def test_the_rows_of_a_large_file_do_not_stay_in_memory(tmp_path: Path) -> None:
    """Sorted by an index: what is held at once is a small part of the rows' own numbers."""
    path = write(tmp_path / "a.csv", *(row(second % 60, range_m=1e5 + second) for second in range(60_000)))
    tracemalloc.start()
    with read_detections([path], sensors=SENSORS, progress=lambda done, total: None) as rows:
        _, reading = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        kept, _ = tracemalloc.get_traced_memory()
        assert sum(1 for _ in rows) == 60_000
        _, handing = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 60_000 * 40
    assert reading < 24e6 and handing - kept < 24e6  # a block of text as cells, a block of rows as records
