"""A measured flight laid over other ground: its speed and altitude kept, the rest worked out at the new place.

The file gives speed over ground and altitude alone, quantised (rounded) and with gaps. Altitude is smoothed first, its
climb taken off the speed, and what is left runs along a great circle until burnout. In coast the heading turns
as Coriolis turns it at the new place. Where the body was born it felt another gravity and another Coriolis
lift: how far the kept figures are from free flight at the new place is measured and stated (`mismatch`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import msgspec
import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.interpolate import BSpline, CubicSpline, make_lsq_spline

from beaconfire.kernel import data
from beaconfire.rehearse.truth.background import Sampled
from beaconfire.rehearse.truth.force import (
    ECCENTRICITY_2,
    EQUATOR_M,
    ROTATION_RAD_S,
    Array,
    gravity_inertial_m_s2,
)
from beaconfire.rehearse.truth.place import east_north_up, geodetic, place_ecef_m

_STEP_S = 0.1
_RISE_S = 12.0  # straight up so long: altitude is the sum of speed, far finer than its own steps
_COARSE_M = 100e3  # from here up the file's altitude is in steps of 1 km, below in steps of 0.1 km
_COARSE_WEIGHT = 0.1
_ALTITUDE_KNOTS_S = (8.0, 60.0, 8.0, 8.0)  # boost, coast, entry burn, fall: free flight is smooth, steps are not
_SPEED_KNOTS_S = (5.0, 40.0, 4.0, 5.0)
_VACUUM_M = 75e3  # above it the air's drag on the body is below 1 % of gravity


class _Telemetry(msgspec.Struct, frozen=True):
    time: list[float]
    velocity: list[float]
    altitude: list[float]


class _Events(msgspec.Struct, frozen=True):
    meco: float
    entry_start: float
    entry_end: float


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Kept figures minus free flight at the new place, over the coast above the air (m/s²)."""

    from_s: float
    to_s: float
    vertical_m_s2: float
    along_track_m_s2: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The flight over the new ground; times since lift-off."""

    path: Sampled
    thrust_s: tuple[tuple[float, float], ...]
    apogee_m: float
    apogee_s: float
    mismatch: Mismatch


def lay_out(file: str, *, latitude_deg: float, longitude_deg: float, altitude_m: float, azimuth_deg: float) -> Measured:
    """The shipped flight `file` from a new launch point and azimuth."""
    kept = _keep(file)
    times, climb = kept.times_s, kept.altitude.derivative()(kept.times_s)
    heights = kept.altitude(times) + altitude_m
    start = math.radians(latitude_deg), math.radians(longitude_deg), math.radians(azimuth_deg)
    track = _ground_track(kept, climb, heights, *start)
    points = zip(track, heights, strict=True)
    places = np.array([place_ecef_m(math.degrees(a), math.degrees(b), h) for (a, b), h in points])
    path = Sampled(0.0, float(times[-1]), CubicSpline(times, places))
    top = int(np.argmax(heights))
    return Measured(
        path=path,
        thrust_s=((0.0, kept.burnout_s), kept.entry_burn_s),
        apogee_m=float(heights[top]),
        apogee_s=float(times[top]),
        mismatch=_mismatch(path, kept, heights),
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the file says, smooth: altitude (m) as a spline, speed over ground's horizontal part on a grid."""

    times_s: Array
    altitude: BSpline
    horizontal_m_s: Array
    burnout_s: float
    entry_burn_s: tuple[float, float]


@cache
def _keep(file: str) -> _Kept:
    rows = msgspec.json.decode(data.read_bytes("beaconfire.rehearse", "flights", f"{file}.json"), type=_Telemetry)
    name = file.replace("stage1", "events")
    events = msgspec.json.decode(data.read_bytes("beaconfire.rehearse", "flights", f"{name}.json"), type=_Events)
    time, speed = np.array(rows.time), np.array(rows.velocity)
    kinks = (events.meco, events.entry_start, events.entry_end)
    altitude = np.where(time < _RISE_S, cumulative_trapezoid(speed, time, initial=0), 1e3 * np.array(rows.altitude))
    weights = np.where(altitude < _COARSE_M, 1.0, _COARSE_WEIGHT)
    smooth = _fit(time, altitude, weights, spacings_s=_ALTITUDE_KNOTS_S, kinks=kinks, repeat=2)
    flat = np.sqrt(np.maximum(speed**2 - smooth.derivative()(time) ** 2, 0.0))
    horizontal = _fit(time, flat, np.ones(time.size), spacings_s=_SPEED_KNOTS_S, kinks=kinks, repeat=3)
    grid = np.arange(0.0, time[-1], _STEP_S)
    return _Kept(grid, smooth, np.maximum(horizontal(grid), 0.0), events.meco, (events.entry_start, events.entry_end))


def _fit(
    time: Array, values: Array, weights: Array, *, spacings_s: tuple[float, ...], kinks: tuple[float, ...], repeat: int
) -> BSpline:
    """Least-squares cubic spline whose derivatives may jump at the kinks (repeated knots)."""
    edges = (float(time[0]), *kinks, float(time[-1]))
    inner: list[float] = []
    for low, high, spacing_s in zip(edges, edges[1:], spacings_s, strict=False):
        pieces = max(round((high - low) / spacing_s), 1)
        inner += [*np.linspace(low, high, pieces + 1)[1:-1].tolist(), *[high] * repeat]
    knots = np.array([edges[0]] * 4 + inner[: len(inner) - repeat] + [edges[-1]] * 4)
    return make_lsq_spline(time, values, knots, k=3, w=weights)


def _ground_track(
    kept: _Kept, climb: Array, heights: Array, latitude: float, longitude: float, azimuth: float
) -> list[tuple[float, float]]:
    """Latitude and longitude (rad) on the grid: great circle under thrust, Coriolis in coast (midpoint rule)."""
    track, heading = [(latitude, longitude)], azimuth
    for index in range(len(kept.times_s) - 1):
        coasting = kept.times_s[index] >= kept.burnout_s
        u = 0.5 * float(kept.horizontal_m_s[index] + kept.horizontal_m_s[index + 1])
        w = 0.5 * float(climb[index] + climb[index + 1])
        h = float(heights[index])
        middle = _course_rates(latitude, heading, u, w, h, coasting=coasting)
        half = [0.5 * _STEP_S * rate for rate in middle]
        north, east, turn = _course_rates(latitude + half[0], heading + half[2], u, w, h, coasting=coasting)
        latitude, longitude, heading = latitude + _STEP_S * north, longitude + _STEP_S * east, heading + _STEP_S * turn
        track.append((latitude, longitude))
    return track


def _course_rates(
    latitude: float, heading: float, horizontal: float, climb: float, height: float, *, coasting: bool
) -> tuple[float, float, float]:
    """Rates of latitude, longitude and heading (rad/s)."""
    sine = math.sin(latitude)
    square = 1.0 - ECCENTRICITY_2 * sine * sine
    meridian = EQUATOR_M * (1.0 - ECCENTRICITY_2) / (square * math.sqrt(square)) + height
    normal = EQUATOR_M / math.sqrt(square) + height
    east = horizontal * math.sin(heading) / (normal * math.cos(latitude))
    turn = east * sine  # a great circle's own turn against the meridians
    if coasting and horizontal > 1.0:
        aside = 2.0 * ROTATION_RAD_S * (horizontal * sine - climb * math.cos(latitude) * math.cos(heading))
        turn += aside / horizontal
    return horizontal * math.cos(heading) / meridian, east, turn


def _mismatch(path: Sampled, kept: _Kept, heights: Array) -> Mismatch:
    coast = (kept.times_s > kept.burnout_s + 1.0) & (kept.times_s < kept.entry_burn_s[0] - 1.0) & (heights > _VACUUM_M)
    times = kept.times_s[coast]
    positions, velocities = path.at(times)
    felt = path.curve(times, 2)
    left = np.empty((len(times), 2))
    spin = np.array([0.0, 0.0, ROTATION_RAD_S])
    for row, (position, velocity) in enumerate(zip(positions, velocities, strict=True)):
        free = np.array(gravity_inertial_m_s2(*(float(value) for value in position)))
        free -= 2.0 * np.cross(spin, velocity) + np.cross(spin, np.cross(spin, position))
        latitude, longitude, _ = geodetic(position)
        _, _, up = east_north_up(latitude, longitude)
        along = velocity - (velocity @ up) * up
        extra = felt[row] - free
        left[row] = extra @ up, extra @ along / np.linalg.norm(along)
    vertical, along_track = left.mean(axis=0)
    return Mismatch(float(times[0]), float(times[-1]), float(vertical), float(along_track))
