"""What the nodes of a world with physics see: the scans of a scenario's minute, told in the world's own time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from beaconfire.kernel.records import Scan
from beaconfire.rehearse.conductor import beats
from beaconfire.rehearse.simulation import Simulation
from beaconfire.rehearse.world.plan import START_NS
from beaconfire.rehearse.writing import sensors_toml


@dataclass(frozen=True, slots=True)
class Senses:
    """Each nation's sensors file, and its scans in order of time; scan times are the world's, from `START_NS` on."""

    sensors_toml: Mapping[str, bytes]
    scans: Mapping[str, Sequence[Scan]]


def senses(simulation: Simulation, *, from_s: float, length_s: float) -> Senses:
    """Return what the nations of a simulation see from `from_s` on, for so long, moved to the start of the world."""
    scenario = simulation.scenario
    begin_ns = scenario.start_ns + int(from_s * 1e9)
    shift_ns = START_NS - begin_ns
    scans: dict[str, list[Scan]] = {nation.code: [] for nation in scenario.nations}
    for beat in beats(simulation):
        if begin_ns <= beat.time_ns < begin_ns + int(length_s * 1e9):
            for code, seen in beat.scans.items():
                scans[code] += [_moved(scan, shift_ns) for scan in seen if scan.time_ns >= begin_ns]
    files = {}
    for nation in scenario.nations:
        own = tuple(sensor for sensor in scenario.sensors if sensor.nation == nation.code)
        files[nation.code] = sensors_toml(own).encode() if own else b""
    return Senses(files, scans)


def _moved(scan: Scan, shift_ns: int) -> Scan:
    detections = tuple(
        msgspec.structs.replace(one, time_ns=one.time_ns + shift_ns) for one in scan.detections
    )  # fmt: skip
    return Scan(scan.time_ns + shift_ns, scan.sensor_id, detections)
