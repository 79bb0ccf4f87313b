"""Scenario files: TOML in, a checked `Scenario` out, or one fault per mistake with its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from beaconfire.kernel import data
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.records import Sensor
from beaconfire.kernel.sensors import build_sensors, parse_toml, site_geodetic
from beaconfire.kernel.time import format_utc, parse_utc
from beaconfire.rehearse import scenario as words
from beaconfire.rehearse.scenario import Launch, Scenario
from beaconfire.rehearse.tables import TableReader
from beaconfire.rehearse.truth.profiles import PROFILES
from beaconfire.warn import areas

_PACKAGE = "beaconfire.rehearse"
_FOLDER = "scenarios"
_TABLES: dict[str, Any] = {
    "nation": words.Nation,
    "launch": words.Launch,
    "background": words.Background,
    "inject": words.Inject,
}
_REQUIRED = ("scenario", "nation", "sensor")


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
    reader = TableReader(source.decode("utf-8"), where=where)
    known = words.ScenarioFile.__struct_fields__
    for key in document:
        if key not in known:
            reader.unknown((), key, known)
    for key in _REQUIRED:
        if not document.get(key):
            reader.fault((), f"has no [{key}]" if key == "scenario" else f"has no [[{key}]]", "it is required")
    header = reader.table(document["scenario"], words.Header, ("scenario",)) if document.get("scenario") else None
    rows = {name: reader.tables(document.get(name, []), kind, name) for name, kind in _TABLES.items()}
    sensors = _sensors(document.get("sensor", []), reader)
    start_ns = _start(header, reader)
    keys = (("nation", "code"), ("sensor", "id"), ("launch", "id"))
    named = {name: _named(document.get(name), key) for name, key in keys}
    _check(header, rows, sensors, named, reader)
    if reader.faults or header is None:
        raise InvalidInput(reader.faults)
    return Scenario(
        name=header.name, title=header.title, start_ns=start_ns, duration_s=header.duration_s, seed=header.seed,
        nations=tuple(rows["nation"].values()), sensors=tuple(sensors.values()),
        launches=tuple(rows["launch"].values()), backgrounds=tuple(rows["background"].values()),
        injects=tuple(rows["inject"].values()),
    )  # fmt: skip


def schema() -> dict[str, Any]:
    """JSON Schema of a scenario file."""
    return msgspec.json.schema(words.ScenarioFile)


def scenario_json(scenario: Scenario) -> dict[str, Any]:
    """A checked scenario as plain values, with its start as UTC."""
    plain = msgspec.to_builtins(scenario)
    plain["start_utc"] = format_utc(plain.pop("start_ns"))
    return dict(plain)


def _start(header: words.Header | None, reader: TableReader) -> int:
    try:
        return parse_utc(header.start_utc) if header is not None else 0
    except InvalidInput as error:
        for fault in error.faults:
            reader.fault(("scenario", "start_utc"), fault.what, fault.expected)
        return 0


def _sensors(rows: object, reader: TableReader) -> dict[int, Sensor]:
    """Checked sensors by their index, the bad ones left out; the kernel's faults are put where they belong."""
    if not isinstance(rows, list):
        reader.fault(("sensor",), "is not an array of tables", "[[sensor]]")
        return {}
    good: dict[int, Sensor] = {}
    for index, row in enumerate(rows):
        try:
            (good[index],) = build_sensors([row], where="")
        except InvalidInput as error:
            for fault in error.faults:
                named = re.search(r"(?:unknown key|unknown field) [`']([^`']+)", fault.what)
                key = named or re.search(r": ([a-z_]+)(?:\.[a-z_]+)?$", fault.where)
                reader.fault(("sensor", index, *([key.group(1)] if key else [])), fault.what, fault.expected)
    return good


def _check(
    header: words.Header | None,
    rows: Mapping[str, Mapping[int, Any]],
    sensors: Mapping[int, Sensor],
    named: Mapping[str, list[str]],
    reader: TableReader,
) -> None:
    """What no single table can show: twins, undefined names, times beyond the end."""
    _twins("nation", [(index, nation.code) for index, nation in rows["nation"].items()], "code", reader)
    _twins("sensor", [(index, sensor.id) for index, sensor in sensors.items()], "id", reader)
    _twins("launch", [(index, launch.id) for index, launch in rows["launch"].items()], "id", reader)
    if header is not None:
        _check_times(header.duration_s, rows, reader)
    for index, sensor in sensors.items():
        _check_sensor(sensor, ("sensor", index), named["nation"], reader)
    for index, nation in rows["nation"].items():
        presets = [name.removesuffix(".toml") for name in data.names("beaconfire", "data", "policies", suffix=".toml")]
        if not nation.policy.endswith(".toml") and nation.policy not in presets:
            reader.undefined(("nation", index, "policy"), nation.policy, presets)
    for index, launch in rows["launch"].items():
        _check_launch(launch, ("launch", index), reader)
    for index, inject in rows["inject"].items():
        for key, value, known in _mentions(inject, named):
            if value not in known:
                reader.undefined(("inject", index, key), value, known)
    _check_warning(rows, reader)
    _check_partings(rows["inject"], reader)


def _check_warning(rows: Mapping[str, Mapping[int, Any]], reader: TableReader) -> None:
    """Areas that a nation may warn, people who are named once, orders by people who are named."""
    nations = {nation.code: nation for nation in rows["nation"].values()}
    for index, nation in rows["nation"].items():
        path, alerting = ("nation", index, "alerting"), nation.alerting
        own = areas().ids(nation.code) if alerting.areas else ()
        for area_id in alerting.areas:
            if area_id not in own:
                reader.undefined((*path, "areas"), area_id, own)
        people = [*alerting.authors, *alerting.officers]
        for person in sorted({person for person in people if people.count(person) > 1}):
            reader.fault((*path, "officers"), f"name {person!r} a second time", "one entry per human")
    for index, inject in rows["inject"].items():
        if isinstance(inject, words.OperatorAction) and inject.nation in nations:
            alerting = nations[inject.nation].alerting
            known = [*alerting.authors, *alerting.officers]
            if inject.person not in known:
                reader.undefined(("inject", index, "person"), inject.person, known)
        if isinstance(inject, words.ShortFall):
            flown = [launch for launch in rows["launch"].values() if launch.id == inject.launch]
            if any(launch.flight is not None for launch in flown):
                reader.fault(("inject", index, "launch"), "is a measured flight", "a launch with profile or glide")


def _check_partings(injects: Mapping[int, words.Inject], reader: TableReader) -> None:
    """Each pair's suspensions, returns and leaves in an order in which the node would carry them out."""
    found = {index: inject for index, inject in injects.items() if isinstance(inject, words.Parting)}
    stands: dict[tuple[str, str], str] = {}
    for index, inject in sorted(found.items(), key=lambda item: item[1].time_s):
        pair, path = (inject.nation, inject.partner), ("inject", index)
        if inject.nation == inject.partner:
            reader.fault((*path, "partner"), f"is {inject.nation} itself", "one of the other nations")
            continue
        now = stands.get(pair, "joined")
        if isinstance(inject, words.PartnerResume):
            if now != "suspended":
                reader.fault(path, f"resumes {inject.partner}, which is {now}", "a partner_suspend of it before")
            stands[pair] = "joined"
        elif now != "joined":
            reader.fault(path, f"parts from {inject.partner}, which is {now} already", "a partner_resume before")
        else:
            stands[pair] = "suspended" if isinstance(inject, words.PartnerSuspend) else "left"


def _check_times(duration_s: float, rows: Mapping[str, Mapping[int, Any]], reader: TableReader) -> None:
    for name in ("launch", "background", "inject"):
        for index, row in rows[name].items():
            if getattr(row, "time_s", 0.0) > duration_s:
                reader.fault((name, index, "time_s"), f"is {row.time_s:g}", f"at most duration_s, {duration_s:g}")


def _named(rows: object, key: str) -> list[str]:
    """Names that an array of tables defines, bad rows too, so that one mistake is not told many times."""
    return [str(row[key]) for row in rows if isinstance(row, dict) and key in row] if isinstance(rows, list) else []


def _check_sensor(sensor: Sensor, path: tuple[str | int, ...], codes: list[str], reader: TableReader) -> None:
    if sensor.nation not in codes:
        reader.undefined((*path, "nation"), sensor.nation, codes)
    if site_geodetic(sensor) is None:
        reader.fault(path, "has no place", "latitude_deg and longitude_deg; only fixed sensors are simulated")
    if sensor.refraction:
        reader.fault((*path, "refraction"), "is true", "false; simulated measurements hold no refraction")


def _check_launch(launch: Launch, path: tuple[str | int, ...], reader: TableReader) -> None:
    ways = [name for name in ("profile", "glide", "flight") if getattr(launch, name) is not None]
    if len(ways) != 1:
        reader.fault(path, f"has {' and '.join(ways) or 'no trajectory'}", "exactly one of profile, glide, flight")
        return
    boosted = launch.profile or launch.glide
    if boosted is None:
        return
    stages = PROFILES[boosted.kind].stages
    if boosted.burn_s is not None and len(boosted.burn_s) != len(stages):
        expected = f"{len(stages)}, one per stage of {boosted.kind}"
        reader.fault((*path, ways[0], "burn_s"), f"has {len(boosted.burn_s)} times", expected)
    for dip in launch.glide.dip if launch.glide else ():
        if not dip.altitude_m < dip.peak_altitude_m < boosted.apogee_m:
            expected = "altitude_m < peak_altitude_m < apogee_m"
            reader.fault((*path, "glide", "altitude_m"), "dip, peak and apogee are out of order", expected)


def _twins(name: str, ids: Iterable[tuple[int, str]], key: str, reader: TableReader) -> None:
    seen: set[str] = set()
    for index, identifier in ids:
        if identifier in seen:
            reader.fault((name, index, key), f"is {identifier!r} a second time", f"one [[{name}]] per {key}")
        seen.add(identifier)


def _mentions(inject: words.Inject, named: Mapping[str, list[str]]) -> Iterable[tuple[str, str, list[str]]]:
    """Every name an inject uses: its key, the name, and the names that exist."""
    for key, kind in (("nation", "nation"), ("partner", "nation"), ("sensor", "sensor"), ("launch", "launch")):
        if hasattr(inject, key):
            yield key, getattr(inject, key), named[kind]
    for code in getattr(inject, "between", ()):
        yield "between", code, named["nation"]
