"""`beaconfire scenario`: list, show, check and simulate scenarios."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

if TYPE_CHECKING:
    from beaconfire.kernel.errors import Fault

Json = Annotated[bool, Parameter(name="--json", negative="", help="print JSON")]


def register(app: App) -> None:
    """Add the `scenario` group."""
    group = App(name="scenario", help="Scenarios of exercises: list, show, validate, simulate.")
    group.command(list_scenarios, name="list")
    group.command(show)
    group.command(validate)
    group.command(simulate)
    group.command(schema)
    app.command(group)


def list_scenarios(*, json: Json = False) -> None:
    """List the shipped scenarios."""
    from beaconfire.rehearse import names, read_scenario, shipped

    rows = []
    for name in names():
        scenario = read_scenario(shipped(name), where=f"{name}.toml")
        rows.append(
            {
                "name": name,
                "title": scenario.title,
                "duration_s": scenario.duration_s,
                "launches": len(scenario.launches),
            }
        )
    if json:
        _print_json(rows)
        return
    width = max(len(str(row["name"])) for row in rows)
    for row in rows:
        print(f"{row['name']:{width}}  {row['duration_s']:6.0f} s  {row['title']}")


def show(scenario: str, *, json: Json = False) -> None:
    """Print a shipped scenario's file, or what it says as JSON.

    Parameters
    ----------
    scenario
        Name of a shipped scenario, or a scenario file.
    json
        Print the checked scenario as JSON.
    """
    source, where = read_source(scenario)
    from beaconfire.rehearse import read_scenario, scenario_json

    checked = read_scenario(source, where=where)
    if json:
        _print_json(scenario_json(checked))
    else:
        sys.stdout.write(source.decode("utf-8"))


def validate(file: str, *, json: Json = False) -> None:
    """Check a scenario file: one line per mistake, and exit 3 if there is one.

    Parameters
    ----------
    file
        A scenario file, or the name of a shipped scenario.
    json
        Print the outcome as JSON.
    """
    source, where = read_source(file)
    from beaconfire.kernel.errors import InvalidInput
    from beaconfire.rehearse import read_scenario

    try:
        checked = read_scenario(source, where=where)
    except InvalidInput as error:
        if json:
            _print_json({"file": where, "valid": False, "faults": [_fault(fault) for fault in error.faults]})
        raise
    if json:
        _print_json({"file": where, "valid": True, "faults": []})
    else:
        counts = f"{len(checked.sensors)} sensors, {len(checked.launches)} launches"
        print(f"{where}: valid; {counts}, {checked.duration_s:g} s")


def simulate(file: str, *, out: Path, seed: int | None = None, json: Json = False) -> None:
    """Fly and watch a scenario; write detections.csv, sensors.toml and truth.jsonl.

    Parameters
    ----------
    file
        A scenario file, or the name of a shipped scenario.
    out
        Folder for the files: a new one, an empty one, or a former run's.
    seed
        Seed of the sensors' noise and the background; the scenario's own if not given.
    json
        Print the counts and the launches' truth as JSON.
    """
    source, where = read_source(file)
    from beaconfire.rehearse import check_folder, describe, read_scenario, write_simulation
    from beaconfire.rehearse import simulate as play

    checked = read_scenario(source, where=where)
    check_folder(out)
    with _progress("simulating") as report:
        simulation = play(checked, seed=seed, progress=report)
    with _progress("writing") as report:
        counts = write_simulation(simulation, out, progress=report)
    truths = [describe(checked, item) for item in simulation.truth if item.facts is not None]
    if json:
        _print_json({"scenario": checked.name, "seed": simulation.seed, "out": str(out), **counts, "launches": truths})
    else:
        print(f"{out}: {counts['detections']} detections, {counts['truth']} lines of truth, seed {simulation.seed}")


def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from beaconfire.rehearse import schema as scenario_schema

    _print_json(scenario_schema())


def read_source(scenario: str) -> tuple[bytes, str]:
    """Return the bytes of a scenario file or shipped scenario, and how faults name it."""
    from beaconfire.kernel.errors import InvalidInput
    from beaconfire.kernel.limits import MAX_CONFIG_BYTES
    from beaconfire.rehearse import names, shipped

    path = Path(scenario)
    if not path.is_file():
        if path.suffix != ".toml" or scenario in names():
            return shipped(scenario), f"{scenario}.toml"
        raise InvalidInput.single(scenario, "is not there", "a scenario file or a name of `scenario list`")
    with path.open("rb") as file:
        return file.read(MAX_CONFIG_BYTES + 1), str(path)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


def _fault(fault: Fault) -> dict[str, str]:
    return {"where": fault.where, "what": fault.what, "expected": fault.expected}


def _print_json(value: object) -> None:
    print(dumps(value, ensure_ascii=False, indent=2))
