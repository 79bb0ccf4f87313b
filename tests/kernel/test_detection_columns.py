"""Rows by the block against rows one by one: the same detections to the last bit, and nothing wrong gets through."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.detection_columns import Times, parse_block, records, table_of
from beaconfire.kernel.detections import BOUNDS, FIELDS, read_csv
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.records import Detection

SENSORS = ("KOR-R1", "USA-I1")
KNOWN = {name: place for place, name in enumerate(SENSORS)}


def by_block(text: str, header: tuple[str, ...] = FIELDS) -> list[Detection] | None:
    table = parse_block(text, header, sensors=KNOWN, times=Times())
    return None if table is None else list(records(table, SENSORS))


def one_by_one(text: str, header: tuple[str, ...] = FIELDS) -> list[Detection]:
    return list(read_csv(text.split("\n"), where="a", header=header))


def line(**cells: object) -> str:
    values = {"time_utc": "2025-01-06T03:00:01.25Z", "sensor_id": "KOR-R1", **cells}
    return ",".join(str(values.get(name, "")) for name in FIELDS) + "\n"


def some_rows(seed: int, count: int) -> str:
    """Rows of all kinds: radar, line of sight, with a place, with sigmas, with a truth label."""
    rng, rows = random.Random(seed), list[str]()
    for number in range(count):
        cells: dict[str, object] = {
            "time_utc": f"2025-01-06T03:{number // 60 % 60:02d}:{number % 60:02d}.{number:09d}Z"
        }
        if rng.random() < 0.3:
            x, y, z = (rng.gauss(0, 1) for _ in range(3))
            norm = math.hypot(x, y, z) * (1.0 + rng.uniform(-5e-4, 5e-4))
            cells |= {"sensor_id": "USA-I1", "los_x": x / norm, "los_y": y / norm, "los_z": z / norm}
        else:
            cells |= {"range_m": rng.uniform(1, 9e5), "azimuth_deg": rng.uniform(-360, 360)}
        for name in ("elevation_deg", "range_rate_m_s", "range_sigma_m", "azimuth_sigma_deg", "los_sigma_rad"):
            if rng.random() < 0.4:
                cells[name] = rng.uniform(0.01, 0.4)
        if rng.random() < 0.2:
            cells |= {"sensor_x_m": 6.4e6, "sensor_y_m": rng.uniform(-9, 9), "sensor_z_m": 1e-3}
        rows.append(line(**cells, object_id=rng.choice(["", "AIR1"])))
    return "".join(rows)


@pytest.mark.parametrize("seed", range(5))
def test_a_block_is_its_rows_to_the_last_bit(seed: int) -> None:
    text = some_rows(seed, 200)
    assert by_block(text) == one_by_one(text)
    assert by_block(text.replace("\n", "\r\n")) == one_by_one(text)
    assert by_block(text.removesuffix("\n")) == one_by_one(text)


def test_columns_may_come_in_any_order_and_most_may_miss() -> None:
    header = ("range_m", "sensor_id", "time_utc")
    text = "5000,KOR-R1,2025-01-06T03:00:01Z\n1e5,KOR-R1,2025-01-06T03:00Z\n"
    assert by_block(text, header) == one_by_one(text, header)


WRONG = [
    {"time_utc": "2025-01-06T03:00:61Z"}, {"time_utc": ""}, {"time_utc": "2025-13-06T03:00:00Z"}, {"sensor_id": ""},
    {"sensor_id": "KOR-R9"}, {"range_m": "nan"}, {"range_m": "inf"}, {"range_m": 0}, {"range_m": -1},
    {"range_m": "1,5"}, {"range_m": "x"}, {"azimuth_deg": 361}, {"elevation_deg": 91}, {"elevation_deg": "--5"},
    {"los_x": 1.0}, {"los_x": 0.9, "los_y": 0.9, "los_z": 0.9}, {"sensor_x_m": 1.0, "sensor_y_m": 2.0},
    {"range_m": "", "azimuth_deg": ""}, {"range_sigma_m": 0}, {"los_sigma_rad": 1}, {"range_rate_m_s": 5e4},
    {"sensor_z_m": "1e999"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_wrong_row_sends_the_block_back(wrong: dict[str, object], place: int) -> None:
    rows = [line(range_m=1e5, azimuth_deg=1.0) for _ in range(3)]
    rows[place] = line(**{"range_m": 1e5, "azimuth_deg": 1.0, **wrong})
    assert by_block("".join(rows)) is None


@pytest.mark.parametrize("text", ["\n", line(range_m=1) + "\n", line(range_m=1).replace(",", ',"",', 1), "a,b\r\n"])
def test_what_is_not_plain_is_sent_back(text: str) -> None:
    assert by_block(text) is None


@given(st.sampled_from(FIELDS), st.text('0123456789.e-+,naif _\u0660\x00"\r Z:T', max_size=12))
def test_a_block_never_takes_what_a_row_does_not(name: str, cell: str) -> None:
    """Whatever stands in one cell: a block either gives what the row gives, or hands it back."""
    text = line(range_m=1e5) + line(**{"range_m": 1e5, name: cell})
    found = by_block(text)
    if found is not None:
        try:
            assert found == one_by_one(text)
        except InvalidInput as error:
            pytest.fail(f"taken in a block, refused alone: {error}")


def test_records_become_rows_and_come_back() -> None:
    items = one_by_one(some_rows(9, 100))
    assert list(records(table_of(items, sensors=KNOWN), SENSORS)) == items
    assert list(records(table_of([], sensors=KNOWN), SENSORS)) == []


def test_each_number_has_its_bounds() -> None:
    assert set(BOUNDS) | {"time_utc", "sensor_id", "object_id"} == set(FIELDS)


def test_times_are_remembered_and_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beaconfire.kernel.detection_columns._MOST_TIMES", 2)
    times = Times()
    texts = [f"2025-01-06T03:00:{second:02d}Z" for second in range(5)]
    once = times.read(texts)
    assert once is not None and once == times.read(texts)
    assert [b - a for a, b in itertools.pairwise(once)] == [1_000_000_000] * 4
    assert times.read([*texts, "soon"]) is None
