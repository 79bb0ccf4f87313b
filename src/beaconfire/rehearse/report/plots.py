"""The report's plots: truth against estimate over time, and how large the uncertain areas were, alone and shared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from beaconfire.kernel.time import parse_utc
from beaconfire.rehearse.lines import EventLine, Picture
from beaconfire.rehearse.report import svg
from beaconfire.rehearse.report.scene import Course, Scene
from beaconfire.rehearse.truth.force import Array

WIDTH, HEIGHT = 560.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 12.0, 26.0, 40.0
_TICKS = 6
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PICTURES: tuple[tuple[Picture, str], ...] = (("own", "alone"), ("fused", "shared"))


class Axes:
    """One plot's frame; logarithmic ones show whole powers of ten."""

    def __init__(self, title: str, *, x: tuple[float, float], y: tuple[float, float], log: bool = False) -> None:
        self.title, self._x, self._log = title, x, log
        self._y = (math.log10(y[0]), math.log10(y[1])) if log else y
        self._lines: list[str] = []

    def line(self, x: Array, y: Array, **attributes: str | float) -> None:
        """Draw a line through points; one that is not a number breaks it."""
        across, up = self._across(x), self._up(np.log10(np.maximum(y, 1e-9)) if self._log else y)
        runs = np.split(np.arange(len(x)), np.flatnonzero(np.diff(np.isfinite(y).astype(int))) + 1)
        known = [run for run in runs if run.size and np.isfinite(y[run[0]])]
        data = "".join(svg.path(list(zip(across[run].tolist(), up[run].tolist(), strict=True))) for run in known)
        if data:
            self._lines.append(svg.element("path", d=data, **attributes))

    def steps(self, x: Array, y: Array, **attributes: str | float) -> None:
        """Draw values that hold from each time until the next."""
        self.line(np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1], **attributes)

    def drawing(self) -> str:
        """Return the plot as one drawing."""
        box = {"x": _LEFT, "y": _TOP, "width": WIDTH - _LEFT - _RIGHT, "height": HEIGHT - _TOP - _BOTTOM}
        window = " ".join(f"{value:g}" for value in box.values())
        return svg.drawing(
            [
                svg.element("rect", class_="frame", **box),
                *self._ticks(),
                svg.element("svg", "".join(self._lines), viewBox=window, **box) if self._lines else "",
                svg.text((_LEFT, 16.0), self.title, class_="title"),
                svg.text((WIDTH - _RIGHT, HEIGHT - 6.0), "seconds after the first launch", class_="small end"),
            ],
            width=WIDTH,
            height=HEIGHT,
            label=self.title,
        )

    def _ticks(self) -> Iterator[str]:
        for value in _round_steps(*self._x):
            x = float(self._across(np.array(value)))
            yield svg.element("path", d=f"M{x:.1f},{_TOP:g}V{HEIGHT - _BOTTOM:g}", class_="grid")
            yield svg.text((x, HEIGHT - _BOTTOM + 15.0), f"{value:g}", class_="small middle")
        whole = [float(power) for power in range(math.ceil(self._y[0]), math.floor(self._y[1]) + 1)]
        for value in whole if self._log else _round_steps(*self._y):
            y = float(self._up(np.array(value)))
            yield svg.element("path", d=f"M{_LEFT:g},{y:.1f}H{WIDTH - _RIGHT:g}", class_="grid")
            name = _power(value) if self._log else f"{value:g}"
            yield svg.text((_LEFT - 6.0, y + 4.0), name, class_="small end")

    def _across(self, x: Array) -> Array:
        return _LEFT + (x - self._x[0]) / (self._x[1] - self._x[0]) * (WIDTH - _LEFT - _RIGHT)

    def _up(self, y: Array) -> Array:
        return HEIGHT - _BOTTOM - (y - self._y[0]) / (self._y[1] - self._y[0]) * (HEIGHT - _TOP - _BOTTOM)


def altitude(scene: Scene) -> str:
    """Return altitude over time: truth, and every nation's shared estimate."""
    return _courses(scene, "Altitude (km)", lambda course: course.altitude_m / 1e3)


def speed(scene: Scene) -> str:
    """Return speed over time: truth, and every nation's shared estimate."""
    return _courses(scene, "Speed, Earth-fixed (km/s)", lambda course: course.speed_m_s / 1e3)


def footprints(scene: Scene) -> str:
    """Return the size of the area that may be hit over time, alone and shared."""
    rows = []
    for nation, values in scene.summary["nations"].items():
        for part in ("alone", "shared"):
            grid = values[part]["footprint_km2"] or []
            times = np.array([scene.seconds(parse_utc(row["time_utc"])) for row in grid])
            rows.append((nation, part, times, np.array([_or_nan(row["km2"]) for row in grid])))
    return _sizes(scene, "Area that may be hit, 95 % (km²)", rows)


def launch_ellipses(scene: Scene) -> str:
    """Return the area of the first object's launch ellipse over time, alone and shared."""
    rows = []
    for nation, account in scene.accounts.items():
        for picture, part in _PICTURES:
            revisions = account.revisions(picture)
            times = np.array([scene.seconds(row.issued_ns) for row in revisions] + [scene.end_s])
            sizes = np.array([_launch_km2(row) for row in revisions] + [math.nan])
            rows.append((nation, part, times, sizes if revisions else np.full(1, math.nan)))
    return _sizes(scene, "Launch point, 95 % ellipse (km²)", rows)


def _courses(scene: Scene, title: str, value: Callable[[Course], Array]) -> str:
    top = max((float(value(course).max()) for course in scene.truth), default=1.0)
    axes = Axes(title, x=(0.0, scene.end_s), y=(0.0, 1.12 * top))
    for (nation, picture), courses in scene.estimates.items():
        for course in courses:
            if picture == "fused" or not scene.estimates.get((nation, "fused")):
                axes.line(course.times_s, value(course), class_="track shared", stroke=scene.colours[nation])
    for course in scene.truth:
        axes.line(course.times_s, value(course), class_="truth")
    return axes.drawing()


def _sizes(scene: Scene, title: str, rows: Sequence[tuple[str, str, Array, Array]]) -> str:
    known = np.concatenate([sizes for _, _, _, sizes in rows] or [np.zeros(0)])
    known = known[np.isfinite(known) & (known > 0.0)]
    low, high = (float(known.min()), float(known.max())) if known.size else (1.0, 10.0)
    axes = Axes(title, x=(0.0, scene.end_s), y=(10 ** math.floor(math.log10(low)), 1.5 * high + low), log=True)
    for nation, part, times, sizes in rows:
        if times.size > 1:
            axes.steps(times, sizes, class_=f"size {part}", stroke=scene.colours[nation])
    return axes.drawing()


def _launch_km2(revision: EventLine) -> float:
    launch = revision.each_object[0].launch
    if launch is None or revision.status in ("closed", "retracted"):
        return math.nan
    return math.pi * launch.ellipse_95.semi_major_m * launch.ellipse_95.semi_minor_m / 1e6


def _power(exponent: float) -> str:
    """A power of ten: written out while that is short."""
    return f"{10.0**exponent:g}" if -2 <= exponent <= 4 else "10" + f"{exponent:.0f}".translate(_RAISED)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _round_steps(low: float, high: float) -> list[float]:
    """About six round numbers from low to high."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(unit for unit in (1.0, 2.0, 5.0, 10.0) if unit * power >= rough)
    return [round(step * number, 9) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
