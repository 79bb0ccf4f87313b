"""docs/files.md states the fields, defaults and examples that the readers really have."""

import re
import tomllib

import msgspec
import pytest

from beaconfire.kernel import detections
from beaconfire.kernel.records import BiasSigma, Sensor
from beaconfire.kernel.sensors import parse_sensors
from tests.house import ROOT

TEXT = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.split(r"^## ", TEXT.partition(f"\n## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> list[list[str]]:
    table = [line.strip("|").split("|") for line in section(title).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in table]


def example(title: str, language: str) -> str:
    match = re.search(rf"^```{language}\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL)
    assert match is not None, f"docs/files.md: no {language} example under {title}"
    return match[1]


def test_the_table_of_detections_has_the_columns_of_the_reader_in_order() -> None:
    assert [row[0].strip("`") for row in rows("Detections")] == list(detections.FIELDS)


def test_required_columns_are_said_to_be_required() -> None:
    required = {row[0].strip("`") for row in rows("Detections") if row[2].startswith("required")}
    assert required == {"time_utc", "sensor_id"}


def test_units_of_detections_stand_in_their_names() -> None:
    unit_of = {"m": "_m", "degrees": "_deg", "m/s": "_m_s", "rad": "_rad"}
    assert [row for row in rows("Detections") if row[1] and not row[0].strip("`").endswith(unit_of[row[1]])] == []


def test_the_examples_of_detections_are_read_and_say_the_same() -> None:
    from_csv = list(detections.read_csv(example("Detections", "csv").splitlines(), where="docs"))
    from_jsonl = list(detections.read_jsonl(example("Detections", "jsonl").splitlines(), where="docs"))
    assert [item.sensor_id for item in from_csv] == ["KOR-R1", "KOR-R1"]
    assert from_csv[1].range_rate_m_s is None
    assert from_jsonl[0].range_m == from_csv[0].range_m
    assert from_jsonl[0].time_ns == from_csv[0].time_ns


def test_the_table_of_sensors_has_the_keys_of_the_reader_in_order() -> None:
    assert [row[0].strip("`") for row in rows("Sensors")] == list(Sensor.__struct_fields__)


@pytest.mark.parametrize("field", msgspec.structs.fields(Sensor), ids=lambda field: field.name)
def test_what_a_sensor_does_not_say_is_what_the_table_states(field: msgspec.structs.FieldInfo) -> None:
    stated = next(row[2] for row in rows("Sensors") if row[0] == f"`{field.name}`")
    if field.required:
        assert stated == "required"
    elif field.default is None:
        assert stated == "none" or stated.startswith("by kind")
    elif field.name == "bias_sigma":
        assert (stated, field.default) == ("calibrated", BiasSigma())
    else:
        value = tomllib.loads(f"value = {stated}")["value"]
        assert value == field.default


def test_the_periods_by_kind_are_those_of_the_code() -> None:
    stated = next(row[2] for row in rows("Sensors") if row[0] == "`period_s`")
    for kind in ("radar", "infrared"):
        sensor = msgspec.convert({"id": "X", "nation": "KOR", "kind": kind}, Sensor)
        assert f"{kind} {sensor.scan_period_s:.0f}" in stated


def test_every_bias_is_named() -> None:
    stated = next(row[3] for row in rows("Sensors") if row[0] == "`bias_sigma`")
    assert re.findall(r"`(\w+)`", stated) == list(BiasSigma.__struct_fields__)


def test_the_example_of_sensors_is_read() -> None:
    radar, infrared = parse_sensors(example("Sensors", "toml").encode(), where="docs")
    assert (radar.id, radar.bias_sigma.range_m) == ("KOR-R1", 20.0)
    assert (infrared.kind, infrared.latitude_deg, infrared.scan_period_s) == ("infrared", None, 10.0)
