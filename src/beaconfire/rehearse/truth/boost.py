"""Generic boost: stages that push along the path, vertical rise, tilt, gravity turn, burnout.

Kinematic truth for warning exercises, built from public figures. A stage is known by three numbers: burn
time, acceleration at ignition and exhaust speed; with mass flowing out steadily the acceleration at age t is
a0 / (1 - a0 t / exhaust).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.integrate import OdeSolution

from beaconfire.rehearse.truth.force import ROTATION_RAD_S, Array
from beaconfire.rehearse.truth.path import Push, Vector, integrate_leg, to_inertial
from beaconfire.rehearse.truth.place import east_north_up, place_ecef_m

RISE_S = 5.0
"""Vertical rise before the tilt begins."""
TILT_S = 8.0
"""Over this time thrust leans, linearly, to the tilt; from then on it follows the velocity."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One generic stage: burn time, acceleration at ignition and exhaust speed."""

    burn_s: float
    ignition_m_s2: float
    exhaust_m_s: float

    def thrust_m_s2(self, age_s: float) -> float:
        """Acceleration by thrust `age_s` after ignition."""
        return self.ignition_m_s2 / (1.0 - self.ignition_m_s2 * age_s / self.exhaust_m_s)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a launch starts (geodetic), its azimuth from true north, and the tilt that shapes its path."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    azimuth_deg: float
    tilt_deg: float


@dataclass(frozen=True, slots=True)
class Ascent:
    """A flown boost: its legs, the inertial state (6,) at the last burnout, and every stage's burnout time."""

    legs: tuple[OdeSolution, ...]
    state: Array
    burnouts_s: tuple[float, ...]


def ascend(departure: Departure, stages: tuple[Stage, ...], *, ballistic_kg_m2: float) -> Ascent:
    """Boost from rest on the ground through every stage; `ballistic_kg_m2` is that of the whole at lift-off."""
    place = place_ecef_m(departure.latitude_deg, departure.longitude_deg, departure.altitude_m)
    state = to_inertial(0.0, place, np.zeros(3))
    legs: list[OdeSolution] = []
    burnouts: list[float] = []
    ignition_s, lean = 0.0, _Lean(departure)
    for stage in stages:
        for start_s, end_s, leaning in _cuts(ignition_s, ignition_s + stage.burn_s, tilted_s=RISE_S + TILT_S):
            steer = lean if leaning else None
            push = _thrust(stage, ignition_s=ignition_s, ballistic_kg_m2=ballistic_kg_m2, lean=steer)
            flown = integrate_leg(state, start_s, end_s, push)
            state = flown.state
            legs.append(flown.solution)
        ignition_s += stage.burn_s
        burnouts.append(ignition_s)
    return Ascent(tuple(legs), state, tuple(burnouts))


class _Lean:
    """Thrust direction while it leans from the vertical at the launch place towards the azimuth."""

    def __init__(self, departure: Departure) -> None:
        east, north, self.up = east_north_up(departure.latitude_deg, departure.longitude_deg)
        azimuth = math.radians(departure.azimuth_deg)
        self.ahead = math.sin(azimuth) * east + math.cos(azimuth) * north
        self.tilt_rad = math.radians(departure.tilt_deg)

    def direction(self, time_s: float) -> Vector:
        """Inertial unit vector of thrust."""
        tilt = self.tilt_rad * min(max((time_s - RISE_S) / TILT_S, 0.0), 1.0)
        x, y, z = math.cos(tilt) * self.up + math.sin(tilt) * self.ahead
        c, s = math.cos(ROTATION_RAD_S * time_s), math.sin(ROTATION_RAD_S * time_s)
        return float(c * x - s * y), float(s * x + c * y), float(z)


def _cuts(start_s: float, end_s: float, *, tilted_s: float) -> Iterator[tuple[float, float, bool]]:
    """Cut a stage's burn where the steering changes, so that no leg holds a kink: start, end, leaning or not."""
    cuts = [start_s, *(cut for cut in (RISE_S, tilted_s) if start_s < cut < end_s), end_s]
    for low, high in pairwise(cuts):
        yield low, high, high <= tilted_s


def _thrust(stage: Stage, *, ignition_s: float, ballistic_kg_m2: float, lean: _Lean | None) -> Push:
    def push(time_s: float, position: Vector, wind: Vector, speed: float, density: float) -> Vector:
        thrust = stage.thrust_m_s2(time_s - ignition_s)
        drag = 0.5 * density * speed / ballistic_kg_m2 * (thrust / stage.ignition_m_s2)  # a lighter body brakes more
        if lean is None:
            along = thrust / speed - drag
            return wind[0] * along, wind[1] * along, wind[2] * along
        ux, uy, uz = lean.direction(time_s)
        return thrust * ux - drag * wind[0], thrust * uy - drag * wind[1], thrust * uz - drag * wind[2]

    return push
