"""Sensors files: the whole form, its defaults, and every fault with its place."""

import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.sensors import format_sensors, geostationary, parse_sensors, site_geodetic

WHOLE = b"""
[[sensor]]
id = "KOR-R1"
nation = "KOR"
kind = "radar"
latitude_deg = 36.6
longitude_deg = 127.4
altitude_m = 300.0
range_sigma_m = 30.0
azimuth_sigma_deg = 0.05
elevation_sigma_deg = 0.05
range_rate_sigma_m_s = 2.0
max_range_m = 900e3
min_elevation_deg = 1.0
detection_probability = 0.9
false_alarms_per_scan = 0.5
period_s = 2.0
bias_sigma = { range_m = 20.0, azimuth_deg = 0.02, elevation_deg = 0.02, los_rad = 0.0, time_s = 0.0 }
refraction = false
time_of = "object"

[[sensor]]
id = "USA-I1"
nation = "USA"
kind = "infrared"
longitude_deg = 120
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse_sensors(text.encode(), where="s.toml")
    return [str(fault) for fault in caught.value.faults]


def row(**changes: object) -> str:
    cells: dict[str, object] = {
        "id": '"R"', "nation": '"KOR"', "kind": '"radar"', "latitude_deg": 1.0, "longitude_deg": 2.0,
    }  # fmt: skip
    cells |= changes
    return "[[sensor]]\n" + "\n".join(f"{key} = {value}" for key, value in cells.items() if value is not None)


def test_the_contracts_example_and_defaults_by_kind() -> None:
    radar, infrared = parse_sensors(WHOLE, where="s.toml")
    assert (radar.bias_sigma.azimuth_deg, radar.scan_period_s, site_geodetic(radar)) == (
        0.02,
        2.0,
        (36.6, 127.4, 300.0),
    )
    assert (infrared.los_sigma_rad, infrared.scan_period_s, infrared.min_altitude_m) == (3e-5, 10.0, 10e3)
    assert geostationary(infrared) and not geostationary(radar)
    assert site_geodetic(infrared) == (0.0, 120.0, 35_786e3)


def test_a_sensor_may_leave_its_place_to_the_rows() -> None:
    (sensor,) = parse_sensors(row(latitude_deg=None, longitude_deg=None).encode(), where="s.toml")
    assert site_geodetic(sensor) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (row(latitude_deg=91), "s.toml: sensor R: latitude_deg: is 91.0"),
        (row(longitude_deg=200), "longitude_deg: is 200.0"),
        (row(longitude_deg="nan"), "longitude_deg: is nan"),
        (row(range_sigma_m=0), "range_sigma_m: is 0.0"),
        (row(period_s=0), "period_s: is 0.0"),
        (row(detection_probability=1.5), "detection_probability: is 1.5"),
        (row(nation='"Korea"'), "nation: is 'Korea'"),
        (row(id='"a b"'), "id: is 'a b'"),
        (row(kind='"sonar"'), "Invalid enum value 'sonar'"),
        (row(rang_sigma_m=3), "unknown key 'rang_sigma_m'; expected range_sigma_m"),
        (row(latitude_deg=None), "latitude_deg: is missing"),
        (row(longitude_deg=None), "longitude_deg: is missing"),
        (row(bias_sigma="{ range_m = -1 }"), "bias_sigma.range_m: is -1.0"),
        (row() + "\n" + row(), "uses an id twice"),
        ("x = 1", "holds 'x'"),
        ("", "holds no [[sensor]]"),
        ("sensor = [1]", "Expected `object`, got `int`"),
        ("[[sensor]\n", "at line 1"),
    ],
)
def test_faults_say_where_what_and_what_is_right(text: str, fault: str) -> None:
    assert any(fault in line for line in faults_of(text)), faults_of(text)


def test_all_faults_of_a_file_come_at_once() -> None:
    assert len(faults_of(row(latitude_deg=91) + "\n" + row(id='"Q"', period_s=0))) == 2


def test_bytes_that_are_no_text_or_too_many() -> None:
    for data in (b"\xff\xfe", b"#" * 2_000_000):
        with pytest.raises(InvalidInput):
            parse_sensors(data, where="s.toml")


def test_sensors_written_are_the_sensors_read() -> None:
    sensors = parse_sensors(WHOLE, where="s.toml")
    text = format_sensors(sensors)
    assert parse_sensors(text.encode(), where="again") == sensors
    assert "range_sigma_m" not in text  # the default is not said
