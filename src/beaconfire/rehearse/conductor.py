"""The conductor: a simulation cut into ticks of a tenth of a second, one batch of scans per nation.

It knows no process and no clock: who plays it decides how fast a tick follows the last (ARCHITECTURE, "Two times").
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from beaconfire.kernel.records import Scan
from beaconfire.kernel.time import from_seconds
from beaconfire.rehearse.scenario import Parting
from beaconfire.rehearse.simulation import Simulation

TICK_S = 0.1


@dataclass(frozen=True, slots=True)
class Beat:
    """One tick: every scan up to and with `time_ns` that no earlier tick held, by nation, in order of time.

    `partings` are the suspensions, returns and leaves of partners that the scenario has in it, in order of time.
    """

    number: int
    time_ns: int
    scans: dict[str, tuple[Scan, ...]]
    partings: tuple[Parting, ...] = ()


def beat_count(simulation: Simulation) -> int:
    """Return how many ticks the scenario lasts."""
    return round(simulation.scenario.duration_s / TICK_S)


def beats(simulation: Simulation) -> Iterator[Beat]:
    """Yield the scenario's ticks in order, from number 1 at a tenth of a second after its start."""
    nation_of = {sensor.id: sensor.nation for sensor in simulation.scenario.sensors}
    nations = [nation.code for nation in simulation.scenario.nations]
    source, partings = simulation.scans(), _partings(simulation)
    waiting = next(source, None)
    for number in range(1, beat_count(simulation) + 1):
        time_ns = simulation.scenario.start_ns + from_seconds(number * TICK_S)
        scans: dict[str, list[Scan]] = {code: [] for code in nations}
        while waiting is not None and waiting[0] <= time_ns:
            at_ns, sensor_id, detections, _ = waiting
            scans[nation_of[sensor_id]].append(Scan(at_ns, sensor_id, tuple(detections)))
            waiting = next(source, None)
        yield Beat(
            number, time_ns, {code: tuple(rows) for code, rows in scans.items()}, tuple(partings.get(number, ()))
        )


def _partings(simulation: Simulation) -> dict[int, list[Parting]]:
    """The partings of each tick, by its number: the first one that is not before them."""
    found: dict[int, list[Parting]] = {}
    for inject in sorted(simulation.scenario.injects, key=lambda inject: inject.time_s):
        if isinstance(inject, Parting):
            found.setdefault(max(1, math.ceil(inject.time_s / TICK_S - 1e-9)), []).append(inject)
    return found
