"""Sensors files: TOML in, checked `Sensor` records out, and back (INTERFACES part 4)."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import check_name, check_nation
from beaconfire.kernel.limits import MAX_CONFIG_BYTES
from beaconfire.kernel.records import Sensor

_POSITIVE = ("range_sigma_m", "azimuth_sigma_deg", "elevation_sigma_deg", "range_rate_sigma_m_s", "los_sigma_rad")
_ALWAYS = ("id", "nation", "kind")
_DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(Sensor)}
_GEOSTATIONARY_ALTITUDE_M = 35_786e3


def parse_sensors(data: bytes, *, where: str) -> tuple[Sensor, ...]:
    """Return the sensors of a TOML file's bytes; `where` names the file in faults.

    Raises `InvalidInput` with every fault found: syntax, unknown keys, wrong types, values out of bounds, twin ids.
    """
    document = parse_toml(data, where=where)
    unknown = [key for key in document if key != "sensor"]
    rows = document.get("sensor", [])
    if unknown or not isinstance(rows, list) or not rows:
        what = f"holds {unknown[0]!r}" if unknown else "holds no [[sensor]]"
        raise InvalidInput.single(where, what, "one or more [[sensor]] tables and nothing else")
    return build_sensors(rows, where=where)


def build_sensors(rows: Iterable[Mapping[str, Any]], *, where: str) -> tuple[Sensor, ...]:
    """Return checked sensors of decoded tables (a sensors file's or a scenario's)."""
    faults: list[Fault] = []
    sensors: dict[str, Sensor] = {}
    for number, row in enumerate(rows, start=1):
        place = f"{where}: sensor {row.get('id', number) if isinstance(row, dict) else number}"
        try:
            sensor = msgspec.convert(row, Sensor)
            _check_sensor(sensor, place)
        except msgspec.ValidationError as error:
            faults.append(explain(error, where=place, known=Sensor.__struct_fields__))
            continue
        except InvalidInput as error:
            faults.extend(error.faults)
            continue
        if sensor.id in sensors:
            faults.append(Fault(place, "uses an id twice", "ids unique in the file"))
        sensors[sensor.id] = sensor
    if faults:
        raise InvalidInput(faults)
    return tuple(sensors.values())


def format_sensors(sensors: Iterable[Sensor]) -> str:
    """Return a sensors file's TOML: every key that differs from its default."""
    blocks = []
    for sensor in sensors:
        lines = ["[[sensor]]"]
        for key in sensor.__struct_fields__:
            value = getattr(sensor, key)
            if value is not None and (key in _ALWAYS or value != _DEFAULTS[key]):
                lines.append(f"{key} = {_toml(value)}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def parse_toml(data: bytes, *, where: str) -> dict[str, Any]:
    """Return a TOML document's tables, or raise `InvalidInput` with the line and column of the syntax error."""
    if len(data) > MAX_CONFIG_BYTES:
        raise InvalidInput.single(where, f"is {len(data)} bytes", f"at most {MAX_CONFIG_BYTES}")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidInput.single(where, f"byte {error.start} is not UTF-8", "UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput.single(where, str(error), "valid TOML") from None


def explain(error: msgspec.ValidationError, *, where: str, known: Iterable[str]) -> Fault:
    """Turn msgspec's message into a fault, with the nearest known name for an unknown field."""
    text = str(error)
    match = re.search(r"unknown field `([^`]+)`", text)
    names = list(known)
    if match is None:
        return Fault(where, text, "see `--help` and the reference of this file")
    near = get_close_matches(match.group(1), names, n=1)
    return Fault(where, f"unknown key {match.group(1)!r}", near[0] if near else "one of " + ", ".join(names))


def geostationary(sensor: Sensor) -> bool:
    """Say whether an infrared sensor is given by its geostationary longitude alone."""
    return sensor.kind == "infrared" and sensor.latitude_deg is None and sensor.longitude_deg is not None


def site_geodetic(sensor: Sensor) -> tuple[float, float, float] | None:
    """Return `(latitude_deg, longitude_deg, altitude_m)` of a fixed sensor, None if its rows carry the place."""
    if geostationary(sensor):
        assert sensor.longitude_deg is not None
        return 0.0, sensor.longitude_deg, _GEOSTATIONARY_ALTITUDE_M
    if sensor.latitude_deg is None or sensor.longitude_deg is None:
        return None
    return sensor.latitude_deg, sensor.longitude_deg, sensor.altitude_m


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return msgspec.json.encode(value).decode("utf-8")  # a JSON string is a TOML basic string
    if isinstance(value, msgspec.Struct):
        inner = ", ".join(f"{key} = {_toml(getattr(value, key))}" for key in value.__struct_fields__)
        return f"{{ {inner} }}"
    return repr(value)


def _check_sensor(sensor: Sensor, where: str) -> None:
    check_name(sensor.id, where=f"{where}: id")
    check_nation(sensor.nation, where=f"{where}: nation")
    check_name(sensor.compartment, where=f"{where}: compartment")
    bounds: list[tuple[str, float | None, float, float]] = [
        ("latitude_deg", sensor.latitude_deg, -90.0, 90.0),
        ("longitude_deg", sensor.longitude_deg, -180.0, 180.0),
        ("altitude_m", sensor.altitude_m, -500.0, 1e8),
        ("max_range_m", sensor.max_range_m, 1.0, 5e7),
        ("min_elevation_deg", sensor.min_elevation_deg, -10.0, 90.0),
        ("min_altitude_m", sensor.min_altitude_m, 0.0, 1e6),
        ("detection_probability", sensor.detection_probability, 1e-3, 1.0),
        ("false_alarms_per_scan", sensor.false_alarms_per_scan, 0.0, 1e5),
        ("period_s", sensor.scan_period_s, 1e-3, 3600.0),
    ]
    bounds += [(name, getattr(sensor, name), 1e-9, 1e6) for name in _POSITIVE]
    bounds += [
        (f"bias_sigma.{name}", getattr(sensor.bias_sigma, name), 0.0, 1e6)
        for name in sensor.bias_sigma.__struct_fields__
    ]
    faults = [
        Fault(f"{where}: {name}", f"is {value}", f"a number from {low:g} to {high:g}")
        for name, value, low, high in bounds
        if value is not None and not low <= value <= high  # also refuses NaN
    ]
    if sensor.latitude_deg is not None and sensor.longitude_deg is None:
        faults.append(Fault(f"{where}: longitude_deg", "is missing beside latitude_deg", "both or neither"))
    if sensor.kind == "radar" and sensor.latitude_deg is None and sensor.longitude_deg is not None:
        faults.append(Fault(f"{where}: latitude_deg", "is missing beside longitude_deg", "both or neither"))
    if faults:
        raise InvalidInput(faults)
