"""How near to the bound: filters on truth drawn from their own model, against the posterior Cramér-Rao bound.

The bound is Tichavský, Muravchik and Nehorai's recursion (1998, eq. 21) with the Jacobians taken along each drawn
truth and averaged: no estimator that knows the model does better. Truth, noise and measurements are drawn here by the
same model that the filter has, which is what the bound is about; independent truth is `flights`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth import enu_axes, geodetic_to_ecef
from beaconfire.earth.observe import MAX_ROWS, RADAR, observe
from beaconfire.kernel.records import Measurement
from beaconfire.track import ModelFilter, ModelName

Array = NDArray[np.float64]
UPDATES, PERIOD_S = 20, 2.0
_SIGMAS = np.array([30.0, math.radians(0.05), math.radians(0.05), 2.0])
_SITE_DEG, _OBJECT_DEG = (36.6, 127.4, 300.0), (38.5, 129.5)
_SPREAD_M, _SPREAD_M_S = 300.0, 40.0
_STEPS = np.array([20.0] * 3 + [0.2] * 3)
# Altitude m, velocity m/s and parameter of each model at the start; the filters' own parameter spread is a share of it.
_STARTS: dict[ModelName, tuple[float, tuple[float, float, float], tuple[float, float, float]]] = {
    "ballistic": (250e3, (-900.0, 1800.0, 1200.0), (2e-4, -2.5e-4, -1.5e-4)),
    "glide": (38e3, (-900.0, 1500.0, 300.0), (1e-4, -1e-4, 2e-4)),
    "boost": (60e3, (-600.0, 900.0, 900.0), (-9.0, 14.0, 16.0)),
}
_STATE = 9


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Root mean square errors over the bound's, of place and of velocity, after the last update."""

    position: float
    velocity: float


def efficiency(model: ModelName, *, runs: int, seed: int, progress: Callable[[int, int], None]) -> Efficiency:
    """Filter `runs` drawn flights of one model for 20 updates."""
    chance = np.random.default_rng(seed)
    centre, start = _start(model)
    root = np.linalg.cholesky(start)
    errors, steps = np.empty((runs, 6)), _Averages(runs)
    for run in range(runs):
        progress(run, runs)
        errors[run] = _filtered(model, centre, start, centre + root @ chance.normal(size=_STATE), chance, steps)
    progress(runs, runs)
    bound = steps.bound(np.asarray(np.linalg.inv(start), dtype=np.float64))
    square, least = np.mean(errors**2, axis=0), np.diag(bound)
    return Efficiency(math.sqrt(square[:3].sum() / least[:3].sum()), math.sqrt(square[3:].sum() / least[3:6].sum()))


class _Averages:
    """The means over the runs of what the recursion needs, per update."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._d11, self._d12, self._d22 = (np.zeros((UPDATES, _STATE, _STATE)) for _ in range(3))

    def add(self, update: int, transition: Array, noise: Array, seen: Array) -> None:
        """Take the transition, process noise and measurement information (9, 9) of one run's update."""
        weight = _inverse(noise)
        self._d11[update] += transition.T @ weight @ transition / self._runs
        self._d12[update] += -transition.T @ weight / self._runs
        self._d22[update] += (weight + seen) / self._runs

    def bound(self, information: Array) -> Array:
        """Return the least covariance (9, 9) after the last update."""
        for d11, d12, d22 in zip(self._d11, self._d12, self._d22, strict=True):
            information = d22 - d12.T @ np.linalg.solve(information + d11, d12)
        return np.asarray(np.linalg.inv(information), dtype=np.float64)


def _start(model: ModelName) -> tuple[Array, Array]:
    """Return the middle (9,) of what flights begin at, and its covariance (9, 9)."""
    altitude, velocity, theta = _STARTS[model]
    place = geodetic_to_ecef(math.radians(_OBJECT_DEG[0]), math.radians(_OBJECT_DEG[1]), altitude)
    sigmas = np.array([_SPREAD_M] * 3 + [_SPREAD_M_S] * 3 + [0.15 * max(map(abs, theta))] * 3)
    return np.array([*place, *velocity, *theta]), np.diag(sigmas**2)


def _filtered(
    model: ModelName, centre: Array, start: Array, truth: Array, chance: np.random.Generator, steps: _Averages
) -> Array:
    """Return the error (6,) of place and velocity after the last update of one drawn flight."""
    place, axes = _site()
    tracked, drawn = ModelFilter(model, centre, start), ModelFilter(model, truth, np.zeros((_STATE, _STATE)))
    for update in range(UPDATES):
        before = drawn.state.copy()
        drawn.covariance[:] = 0.0
        noise = drawn.predict(PERIOD_S).covariance
        drawn.state += _root(noise) @ chance.normal(size=_STATE)
        seen, information = _measured(drawn.state, place, axes, chance)
        steps.add(update, _transition(model, before), noise, information)
        tracked.predict(PERIOD_S).update(seen)
    return tracked.state[:6] - drawn.state[:6]


def _site() -> tuple[Array, Array]:
    latitude, longitude, altitude = math.radians(_SITE_DEG[0]), math.radians(_SITE_DEG[1]), _SITE_DEG[2]
    return np.array(geodetic_to_ecef(latitude, longitude, altitude)), enu_axes(latitude, longitude)


def _measured(truth: Array, place: Array, axes: Array, chance: np.random.Generator) -> tuple[Measurement, Array]:
    """Return what a radar measures of the truth, with noise, and the information (9, 9) that it holds."""
    line = truth[:3] - place
    distance = float(np.linalg.norm(line))
    east, north, up = axes @ (line / distance)
    exact = np.array([distance, math.atan2(east, north), math.asin(up), float(line @ truth[3:6]) / distance])
    values = exact + chance.normal(size=4) * _SIGMAS
    y, h, r, padded = np.empty(MAX_ROWS), np.empty((MAX_ROWS, 6)), np.empty(MAX_ROWS), np.full(MAX_ROWS, math.nan)
    padded[:4] = values
    rows = observe(RADAR, padded, _SIGMAS, place, axes, np.eye(6), 0.0, truth, y, h, r)
    information = np.zeros((_STATE, _STATE))
    information[:6, :6] = h[:rows].T @ (h[:rows] / r[:rows, None])
    seen = Measurement(
        id="", time_ns=0, sensor_id="", nation="", kind="radar", values=values, sigmas=_SIGMAS, site_ecef_m=place,
        axes_enu=axes,
    )  # fmt: skip
    return seen, information


def _transition(model: ModelName, state: Array) -> Array:
    """Return the derivative (9, 9) of one period's flow by central differences."""
    steps = np.concatenate([_STEPS, np.full(3, 0.01 * max(map(abs, _STARTS[model][2])))])
    exact, found = np.zeros((_STATE, _STATE)), np.empty((_STATE, _STATE))
    for n, size in enumerate(steps):
        ends = []
        for sign in (1.0, -1.0):
            moved = state.copy()
            moved[n] += sign * size
            ends.append(ModelFilter(model, moved, exact).predict(PERIOD_S).state)
        found[:, n] = (ends[0] - ends[1]) / (2.0 * size)
    return found


def _root(noise: Array) -> Array:
    scale = np.sqrt(np.diag(noise))
    return np.asarray(scale[:, None] * np.linalg.cholesky(noise / np.outer(scale, scale) + 1e-12 * np.eye(_STATE)))


def _inverse(noise: Array) -> Array:
    scale = np.sqrt(np.diag(noise))
    return np.asarray(np.linalg.inv(noise / np.outer(scale, scale) + 1e-12 * np.eye(_STATE)) / np.outer(scale, scale))
