"""What is kept of a demo: each nation's own files and journal, the scenario's files, the report and the summary."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from beaconfire.cli.performance import Played
from beaconfire.cli.stage import ALERTS, RESULTS
from beaconfire.record import Launch
from beaconfire.rehearse import Simulation, write_simulation
from beaconfire.rehearse.lines import EVENTS_FILE, read_account
from beaconfire.rehearse.report import render
from beaconfire.rehearse.review import review
from beaconfire.rehearse.scenario import Nation
from beaconfire.shell.bulletins import BULLETINS, write_bulletins
from beaconfire.shell.export import write_last_events

JOURNAL = "journal.sqlite"


def write_results(
    home: Path, folder: Path, simulation: Simulation, played: Played, *, launches: Sequence[Launch]
) -> dict[str, Any]:
    """Write the files of INTERFACES part 5 into an empty folder and return the values of `summary.json`.

    `home` holds the nodes' folders, by nation, after they have ended; `launches` are the record that bulletins answer
    from.
    """
    write_simulation(simulation, folder)
    accounts = {}
    for row in simulation.scenario.nations:
        place = folder / row.code
        _collect(home / row.code, place, failed=row.code in played.failed)
        _tell(row, place, launches)
        accounts[row.code] = read_account(row.code, place)
    summary = {**review(simulation, accounts, failed=sorted(played.failed)), "run": _run_values(simulation, played)}
    (folder / "summary.json").write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
    (folder / "report.html").write_text(render(simulation, accounts, summary), encoding="utf-8")
    return summary


def _collect(node: Path, place: Path, *, failed: bool) -> None:
    """Take a node's results and its journal as one file; of a node that failed its log too."""
    place.mkdir()
    if (node / RESULTS).exists():
        for item in sorted((node / RESULTS).iterdir()):
            shutil.move(item, place / item.name)
    (place / ALERTS).mkdir(exist_ok=True)
    if (place / EVENTS_FILE).exists():
        write_last_events(place)
    if (node / "data" / JOURNAL).exists():
        _copy_journal(node / "data" / JOURNAL, place / JOURNAL)
    if failed and (node / "node.log").exists():
        shutil.copy(node / "node.log", place / "node.log")


def _tell(nation: Nation, place: Path, launches: Sequence[Launch]) -> None:
    """Write a bulletin of each of a nation's events."""
    (place / BULLETINS).mkdir(exist_ok=True)
    if (place / EVENTS_FILE).exists():
        write_bulletins(place, nation=nation.code, languages=nation.languages, launches=launches)


def _copy_journal(source: Path, target: Path) -> None:
    """Copy a journal with what its write-ahead log still holds: a killed node has folded nothing."""
    with closing(sqlite3.connect(source)) as journal, closing(sqlite3.connect(target)) as copy:
        journal.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def _run_values(simulation: Simulation, played: Played) -> dict[str, Any]:
    scenario_s = simulation.scenario.duration_s
    failed: Mapping[str, str] = played.failed
    return {
        "scenario_s": scenario_s,
        "wall_s": round(played.wall_s, 3),
        "speed": round(scenario_s / played.wall_s, 2) if played.wall_s else 0.0,
        "failed": dict(failed),
        "late_ticks": dict(played.late),
        "missed_orders": list(played.missed),
    }
