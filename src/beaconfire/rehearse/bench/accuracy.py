"""The rows of accuracy: what TRACKING part 6 asks, what was found, and how far apart they are."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy.stats import chi2

from beaconfire.rehearse.bench import announced, bound
from beaconfire.rehearse.bench.flights import LEVELS, MOMENTS, Flown, fly
from beaconfire.rehearse.bench.rows import Row, row
from beaconfire.track import ModelName

Progress = Callable[[int, int], None]
_NEAR_BOUND: dict[ModelName, float] = {"ballistic": 1.05, "boost": 1.5, "glide": 1.5}
_POINTS = 0.03  # how far from its level a share of truths may lie
_BAND = 0.999  # of the mean of so many χ²
_BURNOUT_S, _APOGEE_M, _APOGEE_SHARE, _SPEED = 2.0, 1e3, 0.95, 0.01
_ANNOUNCED_S, _ROUND_M = 60.0, 50e3
_SEED = 20250106


def bound_rows(runs: int, progress: Progress) -> Iterator[Row]:
    """Yield errors over the posterior Cramér-Rao bound, per model, for place and velocity."""
    for name, most in _NEAR_BOUND.items():
        found = bound.efficiency(name, runs=runs, seed=_SEED, progress=progress)
        for what, ratio in (("position", found.position), ("velocity", found.velocity)):
            label = f"{name}: error of {what} over the bound, {bound.UPDATES} updates in"
            yield row(label, [ratio], "", at_most=most, note=f"{runs} runs")


def flight_rows(flights: int, progress: Progress) -> Iterator[Row]:
    """Yield what whole flights of `overflight` and `real-booster` show over so many seeds."""
    seeds = range(1, flights + 1)
    yield from _overflight(tuple(fly("overflight", seeds, progress)))
    yield from _booster(tuple(fly("real-booster", seeds, progress)))


def announced_rows() -> Iterator[Row]:
    """Yield how far a generic flight's time is from the announced one, for figures that are not round."""
    for item in announced.compare():
        claim = item.claim
        assert claim.range_m is not None and claim.apogee_m is not None, "chosen so"
        if claim.range_m % _ROUND_M == 0.0 and claim.apogee_m % _ROUND_M == 0.0:
            continue
        label = f"flight time, {claim.designation} {claim.reported[:10]} ({claim.source})"
        figures = f"{claim.range_m / 1e3:g} km, apogee {claim.apogee_m / 1e3:g} km, {item.announced_s:g} s announced"
        error_s = np.inf if item.error_s is None else item.error_s
        yield row(label, [error_s], "s", at_most=_ANNOUNCED_S, at_least=-_ANNOUNCED_S, note=figures)


def _overflight(flown: Sequence[Flown]) -> Iterator[Row]:
    note = f"{len(flown)} flights"
    for moment in MOMENTS:
        found = [item.moments[moment] for item in flown]
        nees = [item.nees for item in found if item.nees is not None]
        low, high = (float(chi2.ppf(p, 6 * len(nees))) / len(nees) for p in ((1.0 - _BAND) / 2, (1.0 + _BAND) / 2))
        yield row(f"NEES of 6, {moment}", [float(np.mean(nees))], "", at_least=low, at_most=high, note=note)
        for what in ("launch", "impact"):
            sizes = [size for item in found if (size := getattr(item, what)) is not None]
            for level, bar in LEVELS.items():
                share = float(np.mean([size <= bar for size in sizes])) if sizes else 0.0
                label = f"{what} ellipse {level:.0%}, {moment}: share of truths inside"
                low, high = level - _POINTS, min(level + _POINTS, 1.0)
                yield row(label, [share], "", at_least=low, at_most=high, note=f"{len(sizes)} flights")


def _booster(flown: Sequence[Flown]) -> Iterator[Row]:
    note = f"worst of {len(flown)}"
    burnouts = [abs(item.burnout_error_s) for item in flown if item.burnout_error_s is not None]
    worst = max(burnouts) if len(burnouts) == len(flown) else np.inf
    yield row("real booster: burnout", [worst], "s", at_most=_BURNOUT_S, note=note)
    near = [abs(item.apogee_error_m) <= _APOGEE_M for item in flown if item.apogee_error_m is not None]
    label = "real booster: apogee within 1 km, 60 s into the coast: share"
    yield row(label, [sum(near) / len(flown)], "", at_least=_APOGEE_SHARE, note=f"{len(flown)} flights")
    speeds = [abs(item.speed_error) if item.speed_error is not None else np.inf for item in flown]
    yield row("real booster: speed 150 s ahead", [max(speeds)], "", at_most=_SPEED, note=note)
