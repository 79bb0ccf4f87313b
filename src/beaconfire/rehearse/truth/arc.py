"""A generic ballistic flight: boost, arc, fall; and the search for the boost that meets stated figures.

The figures of a launch are what a public report states: range over ground and apogee. Two knobs meet them:
the scale of every stage's acceleration (a heavier or lighter load) and the tilt. Burn times stay as given.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from beaconfire.kernel.errors import RunFailed
from beaconfire.rehearse.truth.boost import Departure, Stage, ascend
from beaconfire.rehearse.truth.force import Array, height_m
from beaconfire.rehearse.truth.path import Path, at_climb, at_height, drag_only, integrate_leg, precision
from beaconfire.rehearse.truth.place import geodetic, ground_range_m

LONGEST_S = 3.0 * 3600.0
"""No flight of these scenarios lasts longer."""
_SEARCH_STEPS = 40
_SEARCH_TOLERANCE = 1e-5  # relative: 10 m in 1,000 km, far below what any report states
_SLOPE_STEP = 1e-3


@dataclass(frozen=True, slots=True)
class Flight:
    """A finished flight and the facts a report would state of it; times in seconds since lift-off."""

    departure: Departure
    stages: tuple[Stage, ...]
    path: Path
    burnouts_s: tuple[float, ...]
    apogee_m: float
    apogee_s: float
    impact_deg: tuple[float, float]
    range_m: float


def fly(departure: Departure, stages: tuple[Stage, ...], *, whole_kg_m2: float, body_kg_m2: float) -> Flight:
    """Fly a boost and the fall of what is left; `whole_kg_m2`, `body_kg_m2` are their ballistic coefficients."""
    ascent = ascend(departure, stages, ballistic_kg_m2=whole_kg_m2)
    push = drag_only(body_kg_m2)
    top = (at_climb(0.0, rising=False), at_height(0.0))
    up = integrate_leg(ascent.state, ascent.burnouts_s[-1], LONGEST_S, push, top)
    down = integrate_leg(up.state, up.end_s, LONGEST_S, push, (at_height(0.0),))
    path = Path((*ascent.legs, up.solution, down.solution))
    latitude, longitude, _ = geodetic(path.at(np.array([down.end_s]))[0][0])
    return Flight(
        departure=departure,
        stages=stages,
        path=path,
        burnouts_s=ascent.burnouts_s,
        apogee_m=height_m(*(float(value) for value in up.state[:3])),
        apogee_s=up.end_s,
        impact_deg=(latitude, longitude),
        range_m=ground_range_m((departure.latitude_deg, departure.longitude_deg), (latitude, longitude)),
    )


def scaled(stages: tuple[Stage, ...], factor: float) -> tuple[Stage, ...]:
    """The same stages with every acceleration times `factor`."""
    return tuple(replace(stage, ignition_m_s2=stage.ignition_m_s2 * factor) for stage in stages)


def aim(
    departure: Departure, stages: tuple[Stage, ...], *, whole_kg_m2: float, body_kg_m2: float, range_m: float,
    apogee_m: float,
) -> Flight:  # fmt: skip
    """The flight that reaches `range_m` and `apogee_m`; `departure.tilt_deg` is the first guess.

    Raises `RunFailed` when these stages cannot reach the figures.
    """

    def flight(knobs: Array) -> Flight:
        lean = replace(departure, tilt_deg=math.degrees(math.exp(knobs[1])))
        return fly(lean, scaled(stages, math.exp(knobs[0])), whole_kg_m2=whole_kg_m2, body_kg_m2=body_kg_m2)

    def misses(knobs: Array) -> Array:
        flown = flight(knobs)
        return np.log([flown.range_m / range_m, max(flown.apogee_m, 1.0) / apogee_m])

    guess = np.array([0.0, math.log(math.radians(departure.tilt_deg))])
    with precision(loose=True):
        knobs = search(misses, guess)
    return flight(knobs)


def search(misses: Callable[[Array], Array], guess: Array) -> Array:
    """Root of `misses` (n → n, logarithms) near `guess`: Newton with differenced slopes and steps held short.

    Raises `RunFailed` when it does not converge.
    """
    knobs, missed = guess, misses(guess)
    for _ in range(_SEARCH_STEPS):
        if np.max(np.abs(missed)) < _SEARCH_TOLERANCE:
            return knobs
        nudged = [misses(knobs + _SLOPE_STEP * unit) - missed for unit in np.eye(knobs.size)]
        step = np.linalg.solve(np.stack(nudged, axis=1) / _SLOPE_STEP, -missed)
        step *= min(1.0, 0.3 / float(np.max(np.abs(step))))
        knobs = knobs + step
        missed = misses(knobs)
    raise RunFailed(f"no boost found for these figures; the nearest misses them by {np.max(np.abs(missed)):.1%}")
