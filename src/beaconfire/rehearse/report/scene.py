"""What the report draws, taken once from the run: truth and estimates as arrays, and who has which colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from beaconfire.kernel.time import from_seconds, seconds_between
from beaconfire.rehearse.judge import TrueLaunch, true_launches
from beaconfire.rehearse.lines import Account, Picture, TrackLine
from beaconfire.rehearse.simulation import Simulation
from beaconfire.rehearse.truth.force import Array
from beaconfire.rehearse.truth.place import geodetic

# Okabe and Ito's colours that stay apart for every eye and in print; truth is black.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_STEP_S = 2.0
_SAMPLES = 600  # of one track: finer than a drawing shows


@dataclass(frozen=True, slots=True)
class Course:
    """Where something went: seconds after the first launch (n,), latitude, longitude, altitude, and speed."""

    name: str
    times_s: Array
    latitude_deg: Array
    longitude_deg: Array
    altitude_m: Array
    speed_m_s: Array


@dataclass(frozen=True, slots=True)
class Scene:
    """One run, ready to be drawn."""

    simulation: Simulation
    accounts: Mapping[str, Account]
    summary: Mapping[str, Any]
    truths: tuple[TrueLaunch, ...]
    start_ns: int  # the first launch, or the scenario's start
    truth: tuple[Course, ...]
    estimates: Mapping[tuple[str, Picture], tuple[Course, ...]]
    colours: Mapping[str, str]

    def seconds(self, time_ns: int) -> float:
        """Return seconds after the first launch."""
        return seconds_between(time_ns, self.start_ns)

    @property
    def end_s(self) -> float:
        """The last second that the plots show: the last impact or end of a launch, or the scenario's."""
        scenario = self.simulation.scenario
        last_ns = scenario.start_ns + from_seconds(scenario.duration_s)
        return self.seconds(min(max((truth.end_ns for truth in self.truths), default=last_ns), last_ns))


def build(simulation: Simulation, accounts: Mapping[str, Account], summary: Mapping[str, Any]) -> Scene:
    """Gather what the drawings need."""
    truths = true_launches(simulation)
    start_ns = truths[0].launch.time_ns if truths else simulation.scenario.start_ns
    nations = [nation.code for nation in simulation.scenario.nations]
    pictures: tuple[Picture, ...] = ("own", "fused")
    return Scene(
        simulation=simulation,
        accounts=accounts,
        summary=summary,
        truths=truths,
        start_ns=start_ns,
        truth=_true_courses(simulation, start_ns),
        estimates={
            (nation, picture): _estimated(accounts[nation], picture, start_ns)
            for nation in nations
            if nation in accounts
            for picture in pictures
        },
        colours={nation: _COLOURS[place % len(_COLOURS)] for place, nation in enumerate(nations)},
    )


def _true_courses(simulation: Simulation, start_ns: int) -> tuple[Course, ...]:
    offset_s = seconds_between(simulation.scenario.start_ns, start_ns)
    courses = []
    for item in simulation.truth:
        if item.facts is None:
            continue
        end_s = min(item.end_s, simulation.scenario.duration_s)
        times = np.append(np.arange(max(item.start_s, 0.0), end_s, _STEP_S), end_s)
        courses.append(_course(item.object_id, times + offset_s, *item.at(times)))
    return tuple(courses)


def _estimated(account: Account, picture: Picture, start_ns: int) -> tuple[Course, ...]:
    courses = []
    for name, lines in account.tracks.items():
        chosen = [line for line in lines if line.picture == picture and line.status in ("confirmed", "tentative")]
        thinned = chosen[:: max(len(chosen) // _SAMPLES, 1)]
        if len(thinned) > 1:
            courses.append(_of_lines(name, thinned, start_ns))
    return tuple(courses)


def _of_lines(name: str, lines: Sequence[TrackLine], start_ns: int) -> Course:
    times = np.array([seconds_between(line.time_ns, start_ns) for line in lines])
    positions = np.array([line.position_ecef_m for line in lines])
    velocities = np.array([line.velocity_ecef_m_s for line in lines])
    return _course(name, times, positions, velocities)


def _course(name: str, times_s: Array, positions_m: Array, velocities_m_s: Array) -> Course:
    latitude, longitude, altitude = np.array([geodetic(row) for row in positions_m]).T
    return Course(name, times_s, latitude, longitude, altitude, np.sqrt((velocities_m_s**2).sum(axis=1)))
