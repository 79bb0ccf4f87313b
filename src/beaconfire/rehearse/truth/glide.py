"""A generic glide: boost, arc, re-entry, one or more dips pulled by lift, glide, dive to the ground.

Lift acts across the velocity in the vertical plane, grows with dynamic pressure and is held below a load
limit; drag is what the lift-to-drag ratio leaves. At a dip the body departs by tens of kilometres from the
arc it flew. The search runs along the flight: the boost is aimed by apogee and reach; per dip the height of
the pull meets the depth and the climb at its end meets the peak that follows; the boost's reach is corrected
until the first dip lies where it should; last the distance at which the dive begins meets the range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from beaconfire.kernel.errors import RunFailed
from beaconfire.rehearse.truth.arc import LONGEST_S, Flight, aim
from beaconfire.rehearse.truth.boost import Departure, Stage
from beaconfire.rehearse.truth.force import STANDARD_GRAVITY_M_S2, Array, height_m
from beaconfire.rehearse.truth.path import (
    Leg,
    Path,
    Push,
    Vector,
    at_climb,
    at_distance,
    at_height,
    drag_only,
    integrate_leg,
    precision,
    to_fixed,
)
from beaconfire.rehearse.truth.place import geodetic, ground_range_m, place_ecef_m

_SETTLE_S = 12.0  # time in which the glide lets a climb or sink die away
_STRAIGHT_UP = 1e-9
_OVERSHOOT_M = 50e3  # first guess of how far beyond the dip the arc would have fallen
_CORRECTIONS = 6
_PLACE_M = 200.0  # a dip is where it was asked to be within this
_HEIGHT_M = 1.0


@dataclass(frozen=True, slots=True)
class Glider:
    """A generic gliding body."""

    lift_to_drag: float
    load_limit_g: float
    ballistic_kg_m2: float


@dataclass(frozen=True, slots=True)
class Dip:
    """A dip to reach: ground distance (met by the first dip alone), depth, and the peak that follows."""

    distance_m: float
    altitude_m: float
    peak_m: float


@dataclass(frozen=True, slots=True)
class Point:
    """When, where and how high."""

    time_s: float
    place_deg: tuple[float, float]
    altitude_m: float


@dataclass(frozen=True, slots=True)
class Glide:
    """A finished glide: the facts of any flight, and the bottoms of its dips."""

    flight: Flight
    dips: tuple[Point, ...]


def aim_glide(
    departure: Departure, stages: tuple[Stage, ...], glider: Glider, dips: Sequence[Dip], *, whole_kg_m2: float,
    range_m: float, apogee_m: float,
) -> Glide:  # fmt: skip
    """The glide that meets the figures; `departure.tilt_deg` is the first guess.

    Raises `RunFailed` when these stages and this body cannot meet them.
    """
    start = (departure.latitude_deg, departure.longitude_deg)
    reach_m = dips[0].distance_m + _OVERSHOOT_M
    for _ in range(_CORRECTIONS):
        arc = aim(
            departure, stages, whole_kg_m2=whole_kg_m2, body_kg_m2=glider.ballistic_kg_m2, range_m=reach_m,
            apogee_m=apogee_m,
        )  # fmt: skip
        hops = _hops(arc, glider, dips)
        bottoms = tuple(_point(hop.bottom) for hop in hops)
        missed_m = dips[0].distance_m - ground_range_m(start, bottoms[0].place_deg)
        if abs(missed_m) < _PLACE_M:
            return Glide(_finish(arc, hops, glider, range_m=range_m), bottoms)
        departure, stages, reach_m = arc.departure, arc.stages, reach_m + missed_m
    raise RunFailed(f"no boost found for this dip; the nearest is {abs(missed_m) / 1e3:.1f} km off")


@dataclass(frozen=True, slots=True)
class _Hop:
    """From one top to the next: fall, pull to the bottom, pull on, rise to the peak."""

    legs: tuple[Leg, Leg, Leg, Leg]

    @property
    def bottom(self) -> Leg:
        return self.legs[1]

    @property
    def peak(self) -> Leg:
        return self.legs[3]


def _hops(arc: Flight, glider: Glider, dips: Sequence[Dip]) -> list[_Hop]:
    state, time_s = arc.path.inertial_state(arc.apogee_s), arc.apogee_s
    top_m, hops = arc.apogee_m, []
    for dip in dips:
        hops.append(_hop(state, time_s, glider, dip, top_m=top_m))
        state, time_s, top_m = hops[-1].peak.state, hops[-1].peak.end_s, _height(hops[-1].peak)
    return hops


def _hop(state: Array, time_s: float, glider: Glider, dip: Dip, *, top_m: float) -> _Hop:
    falling, lifting, ground = drag_only(glider.ballistic_kg_m2), _lift(glider, level=False), at_height(0.0)

    def down(pull_m: float) -> tuple[Leg, Leg]:
        fall = integrate_leg(state, time_s, LONGEST_S, falling, (at_height(pull_m),))
        return fall, integrate_leg(fall.state, fall.end_s, LONGEST_S, lifting, (at_climb(0.0, rising=True), ground))

    def up(bottom: Leg, climb_rad: float) -> tuple[Leg, Leg]:
        stops = (at_climb(climb_rad, rising=True), at_climb(0.0, rising=False))
        pull = integrate_leg(bottom.state, bottom.end_s, LONGEST_S, lifting, stops)
        if pull.stop == 1:  # such a climb is out of reach: this peak is the highest
            return pull, pull
        return pull, integrate_leg(pull.state, pull.end_s, LONGEST_S, falling, (at_climb(0.0, rising=False), ground))

    pull_m = _solve(lambda pull: _height(down(pull)[1]) - dip.altitude_m, dip.altitude_m, 0.95 * top_m, "depth")
    fall, bottom = down(pull_m)
    climb = _solve(lambda angle: _height(up(bottom, angle)[1]) - dip.peak_m, 1e-3, math.radians(40.0), "peak")
    return _Hop((fall, bottom, *up(bottom, climb)))


def _solve(miss_m: Callable[[float], float], low: float, high: float, what: str) -> float:
    with precision(loose=True):
        if miss_m(low) * miss_m(high) > 0.0:
            between = f"{miss_m(low):.0f} to {miss_m(high):.0f} m"
            raise RunFailed(f"no manoeuvre of this body reaches the {what}: it misses by {between}")
        return float(brentq(miss_m, low, high, rtol=1e-6))


def _finish(arc: Flight, hops: Sequence[_Hop], glider: Glider, *, range_m: float) -> Flight:
    """Glide from the last peak, then dive so as to fall at `range_m`."""
    start = (arc.departure.latitude_deg, arc.departure.longitude_deg)
    pad_m, peak = place_ecef_m(*start, arc.departure.altitude_m), hops[-1].peak
    gliding, falling, ground = _lift(glider, level=True), drag_only(glider.ballistic_kg_m2), at_height(0.0)

    def dive(turn_m: float) -> tuple[Leg, Leg]:
        glide = integrate_leg(peak.state, peak.end_s, LONGEST_S, gliding, (at_distance(turn_m, pad_m), ground))
        if glide.stop == 1:
            return glide, glide
        return glide, integrate_leg(glide.state, glide.end_s, LONGEST_S, falling, (ground,))

    first_m = ground_range_m(start, _point(peak).place_deg) + 5e3

    def miss_m(turn_m: float) -> float:
        return ground_range_m(start, _point(dive(turn_m)[1]).place_deg) - range_m

    ending = dive(_solve(miss_m, first_m, range_m, "range"))
    last = _point(ending[1])
    ascent = tuple(leg for leg in arc.path.legs if leg.ts[-1] <= arc.apogee_s)
    flown = (*(leg for hop in hops for leg in hop.legs), *ending)
    return Flight(
        departure=arc.departure,
        stages=arc.stages,
        path=Path((*ascent, *(leg.solution for leg in flown))),
        burnouts_s=arc.burnouts_s,
        apogee_m=arc.apogee_m,
        apogee_s=arc.apogee_s,
        impact_deg=last.place_deg,
        range_m=ground_range_m(start, last.place_deg),
    )


def _lift(glider: Glider, *, level: bool) -> Push:
    """Full lift upward, or (`level`) just what lets the climb or sink die away."""
    inverse = 0.5 / glider.ballistic_kg_m2
    limit = glider.load_limit_g * STANDARD_GRAVITY_M_S2

    def push(time_s: float, position: Vector, wind: Vector, speed: float, density: float) -> Vector:
        drag = inverse * density * speed * speed
        radius = math.sqrt(position[0] ** 2 + position[1] ** 2 + position[2] ** 2)
        ux, uy, uz = position[0] / radius, position[1] / radius, position[2] / radius
        sine = (ux * wind[0] + uy * wind[1] + uz * wind[2]) / speed
        bound = min(glider.lift_to_drag * drag, limit)
        wanted = STANDARD_GRAVITY_M_S2 - speed * speed / radius - speed * sine / _SETTLE_S if level else bound
        lift = min(max(wanted, -bound), bound) / math.sqrt(max(1.0 - sine * sine, _STRAIGHT_UP))
        along = (drag + lift * sine) / speed  # lift is the part of `up` across the velocity
        return lift * ux - along * wind[0], lift * uy - along * wind[1], lift * uz - along * wind[2]

    return push


def _height(leg: Leg) -> float:
    return height_m(*(float(value) for value in leg.state[:3]))


def _point(leg: Leg) -> Point:
    position, _ = to_fixed(np.array([leg.end_s]), leg.state[:, None])
    latitude, longitude, height = geodetic(position[0])
    return Point(leg.end_s, (latitude, longitude), height)
