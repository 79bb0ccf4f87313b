"""A scenario played once: truth and every sensor's scans, from one seed.

The demo's conductor takes `scans()` as its feed and `truth` as its judge; `scenario simulate` writes both.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from beaconfire.kernel.records import Detection
from beaconfire.rehearse.objects import TruthObject, build_objects
from beaconfire.rehearse.scenario import Scenario
from beaconfire.rehearse.sensing import Bias, SensorScan, SimulatedSensor

Progress = Callable[[int, int], None]
"""Called with the steps done and the steps in all."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What happened and what was seen of it."""

    scenario: Scenario
    seed: int
    truth: tuple[TruthObject, ...]
    biases: dict[str, Bias]
    _scans: tuple[tuple[SensorScan, ...], ...]

    def scans(self) -> Iterator[tuple[int, str, list[Detection], list[str]]]:
        """(time_ns, sensor_id, detections, object_ids) of every scan in order of time; empty scans too."""
        for scan in heapq.merge(*self._scans, key=lambda scan: (scan.time_ns, scan.sensor_id)):
            yield scan.time_ns, scan.sensor_id, scan.detections, scan.object_ids


def simulate(scenario: Scenario, *, seed: int | None = None, progress: Progress | None = None) -> Simulation:
    """Fly and watch a scenario under a seed (its own, where none is given); the same seed gives the same bytes.

    Raises `InvalidInput` or `RunFailed` when the scenario's figures cannot be met.
    """
    seed = scenario.seed if seed is None else seed
    report = progress or (lambda done, total: None)
    total = 1 + len(scenario.sensors)
    report(0, total)
    objects = build_objects(scenario, seed=seed)
    report(1, total)
    scans, biases = [], {}
    for index, sensor in enumerate(scenario.sensors):
        simulated = SimulatedSensor(scenario, index, seed=seed)
        biases[sensor.id] = simulated.bias
        scans.append(tuple(simulated.scans(objects)))
        report(index + 2, total)
    return Simulation(scenario, seed, objects, biases, tuple(scans))
