"""`beaconfire demo`: three nations on this machine play a scenario through the whole real path."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from cyclopts.validators import Number

from beaconfire.cli.bars import progress_bar

if TYPE_CHECKING:
    import asyncio

    from beaconfire.cli.performance import Played
    from beaconfire.record import Launch
    from beaconfire.rehearse import Scenario, Simulation, Staff
    from beaconfire.shell import Fleet

Flag = Annotated[bool, Parameter(negative="")]
Speed = Annotated[float, Parameter(validator=Number(gte=1, lte=50))]
Port = Annotated[int, Parameter(validator=Number(gte=1, lte=65_000))]


def register(app: App) -> None:
    """Add the `demo` command."""
    app.command(demo)


def demo(
    *,
    scenario: str = "2025-01-06",
    headless: Flag = False,
    speed: Speed = 1.0,
    port: Port = 8600,
    out: Path | None = None,
    seed: int | None = None,
    my_record: Flag = False,
    json: Flag = False,
) -> int:
    """Play a scenario: a node, a NATS server and a journal per nation, joined by mTLS links, in realm EXERCISE.

    Parameters
    ----------
    scenario
        Name of a shipped scenario, or a scenario file.
    headless
        No browser: as fast as the machine allows, and stop at the end of the scenario.
    speed
        Scenario time over real time, 1 to 50, where pages are shown.
    port
        The first nation's page; the others take the ports above it.
    out
        Folder for the results and the report: a new one, an empty one, or a former run's.
    seed
        Seed of the sensors' noise and the background; the scenario's own if not given.
    my_record
        Keep your own launch record, in realm EXERCISE, and answer from it; else each node has one of this run alone.
    json
        Print the summary as JSON.
    """
    import asyncio

    from beaconfire.cli.outcome import write_results
    from beaconfire.cli.scenario import read_source
    from beaconfire.rehearse import read_scenario, simulate
    from beaconfire.shell.export import check_folder, new_folder

    source, where = read_source(scenario)
    checked = read_scenario(source, where=where)
    policies = _policies(checked, near=Path(where).parent)
    if out is not None:
        check_folder(out)
    if not headless:
        _check_ports(port, len(checked.nations))
    with progress_bar("simulating") as report:
        simulation = simulate(checked, seed=seed, progress=report)
    subprocess.run([sys.executable, "-m", "beaconfire", "warm"], check=True, stdout=subprocess.DEVNULL)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it; SIGTERM needs it
    with _home() as home, new_folder(out or home / "out") as folder:
        setting = Setting(home, simulation, policies, speed=None if headless else speed, port=port, my_record=my_record)
        played = asyncio.run(_run(setting))
        launches = _launches(home, my_record=my_record)
        summary = write_results(home, folder, simulation, played, launches=launches)
    if json:
        print(dumps(summary, ensure_ascii=False, indent=2))
    else:
        print("\n".join(_lines(summary, out)))
    return int(summary["exit_status"])


@dataclass(frozen=True, slots=True)
class Setting:
    """What one run is to be; `speed` None is headless and as fast as it goes."""

    home: Path
    simulation: Simulation
    policies: Mapping[str, bytes]
    speed: float | None
    port: int
    my_record: bool = False


async def _run(setting: Setting) -> Played:
    """Set the stage, start the fleet, perform, and end every process whatever happens."""
    import asyncio

    from beaconfire.cli.performance import perform
    from beaconfire.cli.stage import RECORD, build_stage, hire
    from beaconfire.rehearse import Prompter
    from beaconfire.shell import Fleet

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, os.kill, os.getpid(), signal.SIGINT)  # one way to end, as for Ctrl-C
    scenario, paced = setting.simulation.scenario, setting.speed is not None
    configs = build_stage(
        setting.home,
        scenario,
        policies=setting.policies,
        console_port=setting.port if paced else None,
        speed=setting.speed or 1.0,
        record="" if setting.my_record else RECORD,
    )
    staffs = hire(configs, scenario)
    prompter = Prompter(scenario, staffs)
    fleet = Fleet()
    try:
        await fleet.start(list(configs.values()))
        for line in _addresses(fleet, configs, staffs):
            print(line, flush=True)
        with progress_bar(f"EXERCISE {scenario.name}") as report:
            played = await perform(fleet, setting.simulation, prompter, speed=setting.speed, report=report)
        if paced and sys.stdin.isatty():
            print("The scenario has ended. The pages stay until Ctrl-C.", flush=True)
            await _interrupt(loop)
    finally:
        codes = await fleet.stop()
    for nation, code in codes.items():
        if code != 0:
            played.failed.setdefault(nation, f"ended with code {code}")
    return played


def _addresses(fleet: Fleet, nations: Iterable[str], staffs: Mapping[str, Staff]) -> Iterator[str]:
    """The page of each nation, to look; and as each of its people, to order alerts in separate browsers."""
    for nation in nations:
        if page := fleet.children[nation].ready.console:
            yield f"EXERCISE {nation}  {page}"
            tokens = staffs[nation].tokens if nation in staffs else {}
            for person, token in tokens.items():
                yield f"         as {person}  {page.partition('?')[0]}?token={token}"


async def _interrupt(loop: asyncio.AbstractEventLoop) -> None:
    """Wait for Ctrl-C."""
    import asyncio

    asked = asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, asked.set)
    try:
        await asked.wait()
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def _check_ports(port: int, count: int) -> None:
    """Raise `PortInUse` unless every page has its port."""
    from beaconfire.shell.broker import check_port

    for place in range(count):
        check_port("127.0.0.1", port + place)


def _launches(home: Path, *, my_record: bool) -> tuple[Launch, ...]:
    """What bulletins answer from: the user's record, or the shipped announcements, so that a run repeats."""
    from beaconfire.kernel.labels import Realm
    from beaconfire.shell.bulletins import launches_of
    from beaconfire.shell.recordstore import RecordStore

    return launches_of(RecordStore(None if my_record else home / "none.sqlite"), Realm.EXERCISE)


@contextmanager
def _home() -> Iterator[Path]:
    """A folder of this run alone for keys, servers and journals; gone when it ends."""
    home = Path(tempfile.mkdtemp(prefix="beaconfire-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _policies(scenario: Scenario, *, near: Path) -> dict[str, bytes]:
    """Each nation's release policy: a preset, or a file named relative to the scenario's."""
    from beaconfire.kernel.labels import Realm
    from beaconfire.rehearse.network import scenario_policy
    from beaconfire.release import Releaser, preset_names
    from beaconfire.shell.config import read_bounded

    policies = {}
    for nation in scenario.nations:
        if nation.policy in preset_names():
            policies[nation.code] = scenario_policy(scenario, nation.code)
            continue
        path = near / nation.policy
        policies[nation.code] = read_bounded(path)
        Releaser(nation=nation.code, realm=Realm.EXERCISE, secret=bytes(32)).load(
            policies[nation.code], where=str(path)
        )
    return policies


def _lines(summary: Mapping[str, Any], out: Path | None) -> Iterator[str]:
    """The summary for people."""
    from beaconfire.rehearse.partings import parting_lines

    run = summary["run"]
    yield (
        f"EXERCISE {summary['scenario']}, seed {summary['seed']}: {run['scenario_s']:.0f} s played in "
        f"{run['wall_s']:.1f} s ({run['speed']:.1f} times real time)"
    )
    for nation, values in summary["nations"].items():
        yield f"  {nation}: {_nation_line(values)}"
    for line in parting_lines(summary["partings"]):
        yield f"  {line}"
    for nation, reason in run["failed"].items():
        yield f"  {nation} did not live to the end: {reason}"
    if out is not None:
        yield f"report: {out / 'report.html'}"


def _nation_line(values: Mapping[str, Any]) -> str:
    shared, alone, comparison = values["shared"], values["alone"], values["comparison"]
    events = shared["events"] or alone["events"]
    if not events:
        return "no event"
    first = events[0]
    words = f"{len(events)} event{'s' if len(events) > 1 else ''}, at least {first['count_at_least']}"
    words += f", {first['kind']}, {first['class']}"
    for name, picture in (("alone", alone), ("shared", shared)):
        if picture["warning_s"] is not None:
            words += f"; {name} confirmed {picture['warning_s']:.0f} s before the end"
    messages = values["warning"]["messages"]
    if messages:
        words += f"; sent {', '.join(message['kind'] for message in messages)}"
    if comparison is not None:
        words += f"; area {comparison['own_km2']:,.0f} km² alone, {comparison['shared_km2']:,.0f} km² shared"
    return words
