"""Scenarios played once for every test that looks at them: the truth is dear, the looking is cheap."""

from dataclasses import replace as replaced
from functools import cache

import msgspec
import numpy as np

from beaconfire.kernel.records import Sensor
from beaconfire.rehearse import Scenario, Simulation, read_scenario, shipped, simulate
from beaconfire.rehearse.objects import TruthObject
from beaconfire.rehearse.scenario import Nation

SMALL = """
[scenario]
name = "small"
title = "One short flight"
start_utc = "2025-01-06T03:00:00Z"
duration_s = 400.0
seed = 7
realm = "EXERCISE"

[[nation]]
code = "KOR"
languages = ["ko", "en"]

[[sensor]]
id = "KOR-R1"
nation = "KOR"
kind = "radar"
latitude_deg = 36.6
longitude_deg = 127.4
altitude_m = 300.0
period_s = 1.0

[[launch]]
id = "L1"
time_s = 20.0
latitude_deg = 38.5
longitude_deg = 125.8
azimuth_deg = 65.0
profile = { class = "srbm_solid", range_m = 400e3, apogee_m = 100e3 }
"""


@cache
def scenario(name: str) -> Scenario:
    """A shipped scenario, read once."""
    return read_scenario(shipped(name), where=f"{name}.toml")


@cache
def played(name: str, seed: int | None = None) -> Simulation:
    """A shipped scenario, played once per seed."""
    return simulate(scenario(name), seed=seed)


@cache
def small() -> Scenario:
    """One radar, one short flight."""
    return read_scenario(SMALL.encode(), where="small.toml")


def with_sensors(*sensors: Sensor, **changes: object) -> Scenario:
    """The small scenario watched by other sensors, with other fields changed."""
    codes = {sensor.nation for sensor in sensors}
    nations = tuple(Nation(code=code, languages=("en",)) for code in sorted(codes))
    return msgspec.structs.replace(small(), sensors=sensors, nations=nations, **changes)


def radar(**changes: object) -> Sensor:
    """The small scenario's radar with other fields."""
    return msgspec.structs.replace(small().sensors[0], **changes)


class Parked:
    """A path that stands or moves straight in ECEF: for sensors, where it stands is all that matters."""

    def __init__(self, position_m: np.ndarray, velocity_m_s: np.ndarray, *, end_s: float = 1e5) -> None:
        self.start_s, self.end_s = 0.0, end_s
        self._position_m, self._velocity_m_s = position_m, velocity_m_s

    def at(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        times_s = np.asarray(times_s, dtype=float)
        moved = self._position_m + times_s[:, None] * self._velocity_m_s
        return moved, np.broadcast_to(self._velocity_m_s, moved.shape).copy()


def parked(position_m: np.ndarray, velocity_m_s: np.ndarray | None = None, **fields: object) -> TruthObject:
    """An object on a straight path."""
    still = np.zeros(3) if velocity_m_s is None else velocity_m_s
    return replaced(TruthObject("X", "aircraft", Parked(position_m, still), 0.0), **fields)  # type: ignore[arg-type]
