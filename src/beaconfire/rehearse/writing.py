"""Writes a simulation's three files: detections.csv, sensors.toml, truth.jsonl (INTERFACES parts 3 to 5).

Each file is written beside its place under another name and moved there when all three are whole, so that a
stopped run leaves nothing half written.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from beaconfire.kernel.detections import FIELDS, to_row
from beaconfire.kernel.errors import UsageError
from beaconfire.kernel.records import Sensor
from beaconfire.kernel.sensors import format_sensors
from beaconfire.kernel.time import format_utc, from_seconds
from beaconfire.rehearse.objects import TruthObject, describe
from beaconfire.rehearse.simulation import Progress, Simulation

FILES = ("detections.csv", "sensors.toml", "truth.jsonl")
"""What `write_simulation` makes."""


def write_simulation(simulation: Simulation, folder: Path, *, progress: Progress | None = None) -> dict[str, int]:
    """Write the three files into a folder (made if missing) and return the rows of detections and truth.

    Raises `UsageError` when the folder is a file or holds anything but these files.
    """
    report = progress or (lambda done, total: None)
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: folder / f".{name}.part" for name in FILES}
    try:
        total = 1 + len(simulation.truth)
        report(0, total)
        rows = _write_detections(simulation, parts["detections.csv"])
        report(1, total)
        parts["sensors.toml"].write_text(sensors_toml(simulation.scenario.sensors), encoding="utf-8")
        lines = _write_truth(simulation, parts["truth.jsonl"], lambda done: report(1 + done, total))
        for name, part in parts.items():
            os.replace(part, folder / name)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return {"detections": rows, "truth": lines}


def sensors_toml(sensors: tuple[Sensor, ...]) -> str:
    """A sensors file: every key that differs from its default."""
    return f"# realm: EXERCISE (simulated)\n\n{format_sensors(sensors)}"


def truth_lines(simulation: Simulation) -> Iterator[dict[str, Any]]:
    """One line per object and whole second of its life; an object's first line carries its facts."""
    for item in simulation.truth:
        yield from _object_lines(simulation, item)


def _object_lines(simulation: Simulation, item: TruthObject) -> Iterator[dict[str, Any]]:
    scenario = simulation.scenario
    last_s = min(item.end_s, scenario.duration_s)
    times = np.arange(math.ceil(max(item.start_s, 0.0)), math.floor(last_s) + 1, dtype=float)
    positions, velocities = item.at(times)
    lit = item.thrusting(times)
    for index, time_s in enumerate(times.tolist()):
        line: dict[str, Any] = {
            "time_utc": format_utc(scenario.start_ns + from_seconds(time_s)),
            "object_id": item.object_id,
            "position_ecef_m": [round(value, 3) for value in positions[index].tolist()],
            "velocity_ecef_m_s": [round(value, 5) for value in velocities[index].tolist()],
            "kind": item.kind,
            "thrusting": bool(lit[index]),
            "realm": "EXERCISE",
        }
        if index == 0:
            line["facts"] = describe(scenario, item)
        yield line


def _write_detections(simulation: Simulation, path: Path) -> int:
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        for _, _, detections, object_ids in simulation.scans():
            for detection, object_id in zip(detections, object_ids, strict=True):
                writer.writerow(to_row(detection, object_id))
                rows += 1
    return rows


def _write_truth(simulation: Simulation, path: Path, report: Callable[[int], None]) -> int:
    encoder, lines = msgspec.json.Encoder(), 0
    with path.open("wb") as file:
        for done, item in enumerate(simulation.truth, start=1):
            for line in _object_lines(simulation, item):
                file.write(encoder.encode(line) + b"\n")
                lines += 1
            report(done)
    return lines


def check_folder(folder: Path) -> None:
    """Say whether the files may go there: a new folder, an empty one or a former run's; else raise `UsageError`."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder")
    foreign = [item.name for item in folder.iterdir() if item.name not in FILES] if folder.exists() else []
    if foreign:
        raise UsageError(f"{folder} holds {foreign[0]!r}; name a new folder, an empty one or a former run's")
