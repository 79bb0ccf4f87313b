"""A flown path: the integrator's dense output, asked in Earth-fixed axes.

A path is a chain of legs, each integrated in the inertial frame that coincides with the Earth-fixed one at
the path's own time 0 (lift-off). Asking outside its span is a caller's error and gives an assertion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from scipy.integrate import OdeSolution, solve_ivp

from beaconfire.kernel.errors import RunFailed
from beaconfire.rehearse.truth.force import (
    EQUATOR_M,
    MEAN_RADIUS_M,
    POLE_M,
    ROTATION_RAD_S,
    Array,
    density_kg_m3,
    gravity_inertial_m_s2,
    height_m,
)

Vector = tuple[float, float, float]
Push = Callable[[float, Vector, Vector, float, float], Vector]
"""(time_s, position, air-relative velocity, its size, density) → specific force, all in inertial axes."""
Stop = Callable[[float, Array], float]
"""A function of time and state whose zero ends a leg."""

_TOLERANCE = ContextVar("tolerance", default=1e-10)  # relative; a thousandth of any sensor's error
_NORMAL_STRETCH = (EQUATOR_M / POLE_M) ** 2
_LOOSE = 1e-8
_SCALE = np.array([1e6] * 3 + [1e3] * 3)  # m and m/s: what the absolute tolerance is relative to


@dataclass(frozen=True, slots=True)
class Path:
    """Where a body is from `start_s` to `end_s`, seconds since lift-off."""

    legs: tuple[OdeSolution, ...]

    @property
    def start_s(self) -> float:
        """First time of the path."""
        return float(self.legs[0].ts[0])

    @property
    def end_s(self) -> float:
        """Last time of the path."""
        return float(self.legs[-1].ts[-1])

    def at(self, times_s: Array) -> tuple[Array, Array]:
        """Position (n, 3) in m and velocity (n, 3) in m/s, Earth-fixed, at the given times (n,)."""
        times_s = np.asarray(times_s, dtype=float)
        assert times_s.size == 0 or (times_s.min() >= self.start_s and times_s.max() <= self.end_s)
        joints = np.array([leg.ts[-1] for leg in self.legs[:-1]])
        leg_of = np.searchsorted(joints, times_s, side="left")
        states = np.empty((6, times_s.size))
        for index, leg in enumerate(self.legs):
            chosen = leg_of == index
            if chosen.any():
                states[:, chosen] = leg(times_s[chosen])
        return to_fixed(times_s, states)

    def inertial_state(self, time_s: float) -> Array:
        """Position and velocity (6,), inertial axes, at one time."""
        joints = [float(leg.ts[-1]) for leg in self.legs[:-1]]
        index = int(np.searchsorted(joints, time_s, side="left"))
        return np.asarray(self.legs[index](time_s), dtype=float)


def to_fixed(times_s: Array, states: Array) -> tuple[Array, Array]:
    """Inertial states (6, n) at times (n,) as Earth-fixed position and velocity, each (n, 3)."""
    c, s = np.cos(ROTATION_RAD_S * times_s), np.sin(ROTATION_RAD_S * times_s)
    x, y, z, vx, vy, vz = states
    wx, wy = vx + ROTATION_RAD_S * y, vy - ROTATION_RAD_S * x
    position = np.stack((c * x + s * y, c * y - s * x, z), axis=1)
    velocity = np.stack((c * wx + s * wy, c * wy - s * wx, vz), axis=1)
    return position, velocity


def to_inertial(time_s: float, position_m: Array, velocity_m_s: Array) -> Array:
    """Earth-fixed position and velocity (3,) each at one time, as an inertial state (6,)."""
    c, s = math.cos(ROTATION_RAD_S * time_s), math.sin(ROTATION_RAD_S * time_s)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    spun = velocity_m_s + np.cross([0.0, 0.0, ROTATION_RAD_S], position_m)
    return np.concatenate((turn @ position_m, turn @ spun))


@dataclass(frozen=True, slots=True)
class Leg:
    """One integrated leg: dense output, the inertial state (6,) at its end, and the stop that ended it."""

    solution: OdeSolution
    state: Array
    end_s: float
    stop: int
    """Index of the stop that ended it, or -1 when its time was over."""


def integrate_leg(state: Array, start_s: float, end_s: float, push: Push, stops: tuple[Stop, ...] = ()) -> Leg:
    """Fly from an inertial state (6,) until `end_s` or the first stop; every stop must be terminal.

    Raises `RunFailed` where no step is small enough: a body that hits the air too hard for its weight.
    """

    def rates(time_s: float, state: Array) -> list[float]:
        x, y, z, vx, vy, vz = state.tolist()
        wind = (vx + ROTATION_RAD_S * y, vy - ROTATION_RAD_S * x, vz)
        speed = math.sqrt(wind[0] * wind[0] + wind[1] * wind[1] + wind[2] * wind[2])
        gx, gy, gz = gravity_inertial_m_s2(x, y, z)
        fx, fy, fz = push(time_s, (x, y, z), wind, speed, density_kg_m3(height_m(x, y, z)))
        return [vx, vy, vz, gx + fx, gy + fy, gz + fz]

    solved = solve_ivp(
        rates, (start_s, end_s), state, method="DOP853", dense_output=True, events=list(stops) or None,
        rtol=_TOLERANCE.get(), atol=_TOLERANCE.get() * _SCALE,
    )  # fmt: skip
    if not solved.success or solved.sol is None:
        raise RunFailed(f"a flight cannot be integrated beyond {solved.t[-1]:.1f} s: {solved.message}")
    stop = next((index for index, times in enumerate(solved.t_events or []) if len(times)), -1)
    return Leg(solved.sol, solved.y[:, -1], float(solved.t[-1]), stop)


@contextmanager
def precision(*, loose: bool) -> Iterator[None]:
    """Fly with the search's tolerance inside, which is quicker and still far below any sensor's error."""
    token = _TOLERANCE.set(_LOOSE if loose else _TOLERANCE.get())
    try:
        yield
    finally:
        _TOLERANCE.reset(token)


def drag_only(ballistic_kg_m2: float) -> Push:
    """A body that only drag acts on; `math.inf` for none."""
    inverse = 0.5 / ballistic_kg_m2

    def push(time_s: float, position: Vector, wind: Vector, speed: float, density: float) -> Vector:
        drag = -inverse * density * speed
        return drag * wind[0], drag * wind[1], drag * wind[2]

    return push


def at_height(level_m: float, *, rising: bool = False) -> Stop:
    """Ends a leg where the height above the ellipsoid passes `level_m`, downward or upward."""

    def stop(time_s: float, state: Array) -> float:
        return height_m(float(state[0]), float(state[1]), float(state[2])) - level_m

    return terminal(stop, direction=1.0 if rising else -1.0)


def at_climb(angle_rad: float, *, rising: bool) -> Stop:
    """Ends a leg where the Earth-fixed velocity's angle above the local horizontal passes `angle_rad`."""
    sine = math.sin(angle_rad)

    def stop(time_s: float, state: Array) -> float:
        x, y, z, vx, vy, vz = state.tolist()
        z *= _NORMAL_STRETCH  # the direction in which height grows, not that of the Earth's centre
        wx, wy = vx + ROTATION_RAD_S * y, vy - ROTATION_RAD_S * x
        size = math.sqrt((x * x + y * y + z * z) * (wx * wx + wy * wy + vz * vz))
        return float((x * wx + y * wy + z * vz) / size - sine)

    return terminal(stop, direction=1.0 if rising else -1.0)


def terminal(stop: Stop, *, direction: float) -> Stop:
    """Mark a function as one that ends a leg, in the way `scipy.integrate.solve_ivp` wants it."""
    stop.terminal = True  # type: ignore[attr-defined]
    stop.direction = direction  # type: ignore[attr-defined]
    return stop


def at_distance(distance_m: float, place_m: Array) -> Stop:
    """Ends a leg where the distance over a sphere of the mean radius from an ECEF place (3,) passes `distance_m`."""
    ux, uy, uz = (place_m / np.linalg.norm(place_m)).tolist()

    def stop(time_s: float, state: Array) -> float:
        x, y, z = (float(value) for value in state[:3])
        c, s = math.cos(ROTATION_RAD_S * time_s), math.sin(ROTATION_RAD_S * time_s)
        cosine = (ux * (c * x + s * y) + uy * (c * y - s * x) + uz * z) / math.sqrt(x * x + y * y + z * z)
        return math.acos(min(max(cosine, -1.0), 1.0)) * MEAN_RADIUS_M - distance_m

    return terminal(stop, direction=1.0)
