"""Scenario files: TOML in, a checked `Scenario` out, or one fault per mistake with its line.

Every table is converted on its own, so that one mistake does not hide the next; an unknown key is named with
the nearest known one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from beaconfire.kernel import data
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.records import Sensor
from beaconfire.kernel.sensors import build_sensors, parse_toml
from beaconfire.kernel.time import format_utc, parse_utc
from beaconfire.rehearse import scenario as words
from beaconfire.rehearse.scenario import Launch, Scenario
from beaconfire.rehearse.truth.profiles import PROFILES

_PACKAGE = "beaconfire.rehearse"
_FOLDER = "scenarios"
_TABLES: dict[str, Any] = {
    "nation": words.Nation,
    "launch": words.Launch,
    "background": words.Background,
    "inject": words.Inject,
}


def names() -> tuple[str, ...]:
    """Names of the shipped scenarios, sorted."""
    return tuple(name.removesuffix(".toml") for name in data.names(_PACKAGE, _FOLDER, suffix=".toml"))


def shipped(name: str) -> bytes:
    """The file of a shipped scenario; raises `InvalidInput` with the nearest name for an unknown one."""
    if name not in names():
        near = get_close_matches(name, names(), n=1)
        expected = near[0] if near else "one of " + ", ".join(names())
        raise InvalidInput.single(f"scenario {name!r}", "is not shipped", expected)
    return data.read_bytes(_PACKAGE, _FOLDER, f"{name}.toml")


def read_scenario(source: bytes, *, where: str) -> Scenario:
    """The scenario of a TOML file's bytes; `where` names the file in faults.

    Raises `InvalidInput` with every fault found.
    """
    document = parse_toml(source, where=where)
    reader = _Reader(source.decode("utf-8"), where)
    known = words.ScenarioFile.__struct_fields__
    for key in document:
        if key not in known:
            reader.unknown((key,), key, known)
    for key in known[:3]:
        if key not in document:
            reader.fault((), f"has no [{key}]" if key == "scenario" else f"has no [[{key}]]", "it is required")
    header = reader.table(document.get("scenario"), words.Header, ("scenario",)) if "scenario" in document else None
    rows = {name: reader.tables(document.get(name, []), kind, name) for name, kind in _TABLES.items()}
    sensors = _sensors(document.get("sensor", []), reader)
    start_ns = _start(header, reader)
    if header is not None:
        _check(header, rows, sensors, reader)
    if reader.faults or header is None:
        raise InvalidInput(reader.faults)
    return Scenario(
        name=header.name, title=header.title, start_ns=start_ns, duration_s=header.duration_s, seed=header.seed,
        nations=tuple(rows["nation"].values()), sensors=sensors, launches=tuple(rows["launch"].values()),
        backgrounds=tuple(rows["background"].values()), injects=tuple(rows["inject"].values()),
    )  # fmt: skip


def schema() -> dict[str, Any]:
    """JSON Schema of a scenario file."""
    return msgspec.json.schema(words.ScenarioFile)


def scenario_json(scenario: Scenario) -> dict[str, Any]:
    """A checked scenario as plain values, with its start as UTC."""
    plain = msgspec.to_builtins(scenario)
    plain["start_utc"] = format_utc(plain.pop("start_ns"))
    return dict(plain)


class _Reader:
    """Converts tables and gathers faults, each with the line where it can be found."""

    def __init__(self, text: str, where: str) -> None:
        self.faults: list[Fault] = []
        self._lines = text.splitlines()
        self._where = where

    def fault(self, path: tuple[str | int, ...], what: str, expected: str) -> None:
        line = self._line(path)
        place = f"{self._where}:{line}" if line else self._where
        self.faults.append(Fault(f"{place}: {_dotted(path)}" if path else place, what, expected))

    def unknown(self, path: tuple[str | int, ...], key: str, known: Iterable[str]) -> None:
        names = list(known)
        near = get_close_matches(key, names, n=1)
        self.fault(path, f"unknown key {key!r}", near[0] if near else "one of " + ", ".join(names))

    def tables(self, rows: object, kind: Any, name: str) -> dict[int, Any]:
        """Converted rows of an array of tables by their index; the bad ones are left out."""
        if not isinstance(rows, list):
            self.fault((name,), "is not an array of tables", f"[[{name}]]")
            return {}
        converted = {index: self.table(row, kind, (name, index)) for index, row in enumerate(rows)}
        return {index: row for index, row in converted.items() if row is not None}

    def table(self, row: object, kind: Any, path: tuple[str | int, ...]) -> Any:
        """One converted table, or None after its faults are noted."""
        sound = True
        while True:
            try:
                converted = msgspec.convert(row, kind)
            except msgspec.ValidationError as error:
                message, inner = _split(str(error))
                key = re.search(r"unknown field `([^`]+)`", message)
                if key is None:
                    self.fault((*path, *inner), *_plain(message))
                    return None
                self.unknown((*path, *inner, key.group(1)), key.group(1), _known(kind, row, inner))
                sound, row = False, _without(row, inner, key.group(1))
                continue
            return converted if sound else None

    def _line(self, path: tuple[str | int, ...]) -> int | None:
        """Line number of a key path, as far as the file's plain form shows it."""
        if not path:
            return None
        index = path[1] if len(path) > 1 and isinstance(path[1], int) else 0
        root, seen, header_line = re.escape(str(path[0])), -1, None
        key = next((part for part in reversed(path[1:]) if isinstance(part, str)), None)
        for number, line in enumerate(self._lines, start=1):
            if re.match(rf"\s*(\[+\s*{root}\s*\]+|{root}\s*=)", line):
                seen += 1
                header_line = number if seen == index else header_line
            elif re.match(r"\s*\[+\s*\w", line) and not re.match(rf"\s*\[+\s*{root}\.", line):
                seen += 0 if header_line is None else 1
            if header_line is not None and seen == index and key and re.search(rf"(^|[{{,\s]){re.escape(key)}\s*=", line):
                return number
            if header_line is not None and seen > index:
                break
        return header_line


def _start(header: words.Header | None, reader: _Reader) -> int:
    try:
        return parse_utc(header.start_utc) if header is not None else 0
    except InvalidInput as error:
        for fault in error.faults:
            reader.fault(("scenario", "start_utc"), fault.what, fault.expected)
        return 0


def _sensors(rows: object, reader: _Reader) -> tuple[Sensor, ...]:
    if not isinstance(rows, list):
        reader.fault(("sensor",), "is not an array of tables", "[[sensor]]")
        return ()
    good: list[Sensor] = []
    for index, row in enumerate(rows):
        try:
            good.extend(build_sensors([row], where=""))
        except InvalidInput as error:
            for fault in error.faults:
                key = re.search(r"(\w+)$", fault.where if ": " in fault.where.lstrip(": ") else "")
                named = re.search(r"unknown key '([^']+)'", fault.what) or key
                reader.fault(("sensor", index, *([named.group(1)] if named else [])), fault.what, fault.expected)
    return tuple(good)


def _check(header: words.Header, rows: Mapping[str, Mapping[int, Any]], sensors: tuple[Sensor, ...], reader: _Reader) -> None:
    """What no single value can show: twins, unknown names, times beyond the end, figures that do not go together."""
    codes = [nation.code for nation in rows["nation"].values()]
    ids = [sensor.id for sensor in sensors]
    _twins("nation", [(index, nation.code) for index, nation in rows["nation"].items()], "code", reader)
    _twins("sensor", list(enumerate(ids)), "id", reader)
    _twins("launch", [(index, launch.id) for index, launch in rows["launch"].items()], "id", reader)
    for index, sensor in enumerate(sensors):
        _named(("sensor", index, "nation"), sensor.nation, codes, reader)
    for name in ("launch", "background", "inject"):
        for index, row in rows[name].items():
            if getattr(row, "time_s", 0.0) > header.duration_s:
                reader.fault((name, index, "time_s"), f"is {row.time_s:g}", f"at most duration_s, {header.duration_s:g}")
    for index, launch in rows["launch"].items():
        _check_launch(launch, ("launch", index), reader)
    for index, inject in rows["inject"].items():
        for key in ("nation", "partner"):
            if hasattr(inject, key):
                _named(("inject", index, key), getattr(inject, key), codes, reader)
        for code in getattr(inject, "between", ()):
            _named(("inject", index, "between"), code, codes, reader)
        if hasattr(inject, "sensor"):
            _named(("inject", index, "sensor"), inject.sensor, ids, reader)


def _check_launch(launch: Launch, path: tuple[str | int, ...], reader: _Reader) -> None:
    ways = [name for name in ("profile", "glide", "flight") if getattr(launch, name) is not None]
    if len(ways) != 1:
        reader.fault(path, f"has {', '.join(ways) or 'no trajectory'}", "exactly one of profile, glide, flight")
        return
    boosted = launch.profile or launch.glide
    if boosted is None:
        return
    stages = PROFILES[boosted.kind].stages
    if boosted.burn_s is not None and len(boosted.burn_s) != len(stages):
        reader.fault((*path, ways[0], "burn_s"), f"has {len(boosted.burn_s)} times", f"{len(stages)}, one per stage of {boosted.kind}")
    for dip in launch.glide.dip if launch.glide else ():
        if not dip.altitude_m < dip.peak_altitude_m < boosted.apogee_m:
            reader.fault((*path, "glide", "altitude_m"), "dip, peak and apogee do not rise in this order", "altitude_m < peak_altitude_m < apogee_m")


def _twins(name: str, ids: Iterable[tuple[int, str]], key: str, reader: _Reader) -> None:
    seen: set[str] = set()
    for index, identifier in ids:
        if identifier in seen:
            reader.fault((name, index, key), f"is {identifier!r} a second time", f"one [[{name}]] per {key}")
        seen.add(identifier)


def _named(path: tuple[str | int, ...], name: str, known: list[str], reader: _Reader) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=1)
        reader.fault(path, f"names {name!r}, which this file does not define", near[0] if near else "one of " + ", ".join(known))


def _split(message: str) -> tuple[str, tuple[str | int, ...]]:
    """msgspec's message and the path it names, apart."""
    match = re.fullmatch(r"(.*?)(?: - at `(?:key in )?\$(.*)`)?", message, flags=re.DOTALL)
    assert match is not None
    parts = re.findall(r"\.(\w+)|\[(\d+)\]", match.group(2) or "")
    return match.group(1), tuple(name or int(index) for name, index in parts)


def _plain(message: str) -> tuple[str, str]:
    """What is wrong and what would be right, from msgspec's message."""
    missing = re.fullmatch(r"Object missing required field `(\w+)`", message)
    if missing:
        return f"has no {missing.group(1)}", "it is required"
    typed = re.fullmatch(r"Expected (.*), got (.*)", message)
    if typed:
        return f"is {typed.group(2)}", typed.group(1)
    bounded = re.fullmatch(r"Expected (.*)", message)
    if bounded:
        return "is out of bounds", bounded.group(1)
    return message, "see `beaconfire scenario schema`"


_INNER: dict[str, Any] = {
    "profile": words.Profile,
    "glide": words.Glide,
    "flight": words.Flight,
    "dip": words.Dip,
    "area": words.Area,
}


def _known(kind: Any, row: object, inner: tuple[str | int, ...]) -> tuple[str, ...]:
    """Keys that the table at `inner` may hold."""
    names = [part for part in inner if isinstance(part, str)]
    if names:
        return tuple(_INNER[names[-1]].__struct_fields__)
    members = getattr(kind, "__args__", (kind,))
    if len(members) == 1:
        return tuple(kind.__struct_fields__)
    tag = members[0].__struct_config__.tag_field
    chosen = next(member for member in members if isinstance(row, dict) and member.__struct_config__.tag == row.get(tag))
    return (tag, *chosen.__struct_fields__)


def _without(row: Any, inner: tuple[str | int, ...], key: str) -> Any:
    """A copy of nested tables without one key."""
    if not inner:
        return {name: value for name, value in row.items() if name != key}
    if isinstance(inner[0], int):
        return [_without(item, inner[1:], key) if index == inner[0] else item for index, item in enumerate(row)]
    return {name: _without(value, inner[1:], key) if name == inner[0] else value for name, value in row.items()}
