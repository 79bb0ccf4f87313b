"""Whole flights, many seeds: is the truth where the ellipses say, and is the state as good as its covariance says?

Truth comes from `rehearse.truth`, which shares no physics with the engine. Three moments are named, as TRACKING part 6
has them: 20 s after burnout, halfway from there to the end, and the last detection.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth import propagate
from beaconfire.kernel.records import EventRevision, ImpactEstimate, LaunchEstimate, TrackStatus, TrackUpdate
from beaconfire.kernel.time import NS_PER_S, from_seconds
from beaconfire.rehearse.bench.watching import Watcher
from beaconfire.rehearse.judge import Place, TrueLaunch, ellipse_share, true_launches
from beaconfire.rehearse.objects import TruthObject
from beaconfire.rehearse.reading import read_scenario, shipped
from beaconfire.rehearse.simulation import Simulation, simulate

Array = NDArray[np.float64]
MOMENTS = ("burnout + 20 s", "mid-flight", "last detection")
LEVELS = {0.50: 1.386, 0.90: 4.605, 0.95: 5.991}  # χ² of two degrees of freedom
_AFTER_BURNOUT_S, _COAST_S, _AHEAD_S = 20.0, 60.0, 150.0


@dataclass(slots=True)
class Moment:
    """What one flight's last revision before a moment said, held against the truth.

    `launch` and `impact` are the squared sizes, in sigmas, of the ellipse of that shape through the truth (two degrees
    of freedom), None where nothing was estimated; `nees` is the state's normalised error squared (six).
    """

    launch: float | None = None
    impact: float | None = None
    nees: float | None = None


@dataclass(slots=True)
class Flown:
    """One flight: the named moments, and what `real-booster` is judged by (None where not said)."""

    seed: int
    moments: dict[str, Moment] = field(default_factory=dict)
    burnout_error_s: float | None = None
    apogee_error_m: float | None = None
    speed_error: float | None = None


def fly(name: str, seeds: Sequence[int], progress: Callable[[int, int], None]) -> Iterator[Flown]:
    """Watch a shipped scenario of one launch under each seed."""
    scenario = read_scenario(shipped(name), where=name)
    for number, seed in enumerate(seeds):
        progress(number, len(seeds))
        yield _flown(simulate(scenario, seed=seed), seed)
    progress(len(seeds), len(seeds))


def _flown(simulation: Simulation, seed: int) -> Flown:
    truth, body = true_launches(simulation)[0], next(item for item in simulation.truth if item.facts is not None)
    burnout_ns = _burnout_ns(simulation, body)
    last_ns = max(time_ns for time_ns, _, detections, ids in simulation.scans() if detections and body.object_id in ids)
    first_ns = burnout_ns + from_seconds(_AFTER_BURNOUT_S)
    times = dict(zip(MOMENTS, (first_ns, (first_ns + truth.end_ns) // 2, last_ns), strict=True))
    coast_ns = burnout_ns + from_seconds(_COAST_S)
    flown, watcher, due = Flown(seed), Watcher(simulation), dict(times)
    track: TrackUpdate | None = None
    for now_ns, updates, _ in watcher.watch():
        for name, time_ns in tuple(due.items()):
            if now_ns > time_ns:
                del due[name]
                flown.moments[name] = _moment(watcher, truth, track, simulation, body)
        if flown.apogee_error_m is None and now_ns > coast_ns:
            _coasting(flown, watcher, track, simulation, body)
        track = next((update for update in updates if update.status is TrackStatus.CONFIRMED), track)
    for name in due:
        flown.moments[name] = _moment(watcher, truth, track, simulation, body)
    said = _first(watcher)
    if said is not None and said.objects[0].burnout_time_ns is not None:
        flown.burnout_error_s = (said.objects[0].burnout_time_ns - burnout_ns) / NS_PER_S
    return flown


def _burnout_ns(simulation: Simulation, body: TruthObject) -> int:
    assert body.facts is not None, "chosen for having facts"
    return simulation.scenario.start_ns + from_seconds(body.facts.burnouts[0 if body.kind == "booster" else -1].time_s)


def _first(watcher: Watcher) -> EventRevision | None:
    return next(iter(watcher.events.values()), None)


def _moment(
    watcher: Watcher, truth: TrueLaunch, track: TrackUpdate | None, simulation: Simulation, body: TruthObject
) -> Moment:
    said = _first(watcher)
    found = Moment()
    if said is not None:
        launch, impact = said.objects[0].launch, said.objects[0].impact
        found.launch = None if launch is None else _size(launch, truth.launch)
        if impact is not None and truth.impact is not None:
            found.impact = _size(impact, truth.impact)
    if track is not None:
        found.nees = _nees(track, simulation, body)
    return found


def _size(estimate: LaunchEstimate | ImpactEstimate, truth: Place) -> float | None:
    """Return the χ² of two degrees at which the estimate's ellipse passes through the truth."""
    if estimate.ellipse_95 is None or estimate.latitude_deg is None or estimate.longitude_deg is None:
        return None
    share = ellipse_share((estimate.latitude_deg, estimate.longitude_deg), estimate.ellipse_95, truth)
    return share * share * LEVELS[0.95]


def _nees(track: TrackUpdate, simulation: Simulation, body: TruthObject) -> float:
    error = track.mean[:6] - _truth_at(track.time_ns, simulation, body)
    return float(error @ np.linalg.solve(track.covariance[:6, :6], error))


def _truth_at(time_ns: int, simulation: Simulation, body: TruthObject) -> Array:
    seconds = np.array([(time_ns - simulation.scenario.start_ns) / NS_PER_S])
    place, velocity = body.at(seconds)
    return np.concatenate([place[0], velocity[0]])


def _coasting(
    flown: Flown, watcher: Watcher, track: TrackUpdate | None, simulation: Simulation, body: TruthObject
) -> None:
    """Hold the predicted apogee, and the speed in 150 s, against the truth."""
    said = _first(watcher)
    assert body.facts is not None, "chosen for having facts"
    apogee_m = None if said is None else said.objects[0].apogee_m
    flown.apogee_error_m = math.inf if apogee_m is None else apogee_m - body.facts.apogee.altitude_m
    if track is None:
        return
    state = track.mean[:6].copy()
    propagate(state, 0.0, _AHEAD_S, 1.0)
    truth = _truth_at(track.time_ns + from_seconds(_AHEAD_S), simulation, body)
    speed = float(np.linalg.norm(truth[3:]))
    flown.speed_error = (float(np.linalg.norm(state[3:])) - speed) / speed
