"""Which areas a forecast threatens, how probably, and when; and which of them a regime would warn.

In comes a `Forecast` (weighted paths of every object), out come `AreaThreat`s. An area is hit by a path that falls
within the debris radius of it, and passed by a path whose ground track crosses it and leaves it before the fall. Over
the objects of an event the chances that none does are multiplied. Nothing is smoothed: how uncertain the paths are is
the forecast's business. The trap avoided: a footprint in the sea next to a town threatens that town.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.alerts import AreaThreat, Forecast, ForecastPath
from beaconfire.kernel.records import Array
from beaconfire.warn.areas import Areas, outlines_of
from beaconfire.warn.areas import areas as known_areas
from beaconfire.warn.crossing import Outlines, distances, passages

# Fragments shed where a body breaks up, near 15 km, fall at some 40 m/s for some 375 s; winds of 25 m/s carry them
# 9.4 km aside meanwhile. This holds the error of the outlines and of the nearest harbour's boats too.
DEBRIS_RADIUS_M = 10_000.0
MIN_P = 0.001  # a tenth of the lowest threshold; below that an area is only named to be forgotten
EARLIEST, LATEST = 0.05, 0.95  # shares of the arrivals before the span begins and ends
_EQUAL = 1e-9  # weights that add up to a share but for rounding reach it


@dataclass(frozen=True, slots=True)
class Regime:
    """From which probability on an area is warned, and whether those adjoining it are warned with it."""

    name: str
    p_hit: float
    p_pass: float
    neighbours: bool
    reason: str


# The published words name no number. What they say of one missile is asked here of one area, and a fall that is sure
# to be in the country is spread over several areas; so one half is all that "largely certain" can mean.
REGIMES: Mapping[str, Regime] = MappingProxyType(
    {
        regime.name: regime
        for regime in (
            Regime("default", 0.01, 0.10, False, "a warned town that is spared costs minutes, the reverse costs lives"),
            Regime("j_alert_2022", 0.50, 0.50, False, "until September 2023: where fall or passage is largely certain"),
            Regime("j_alert_2023", 0.01, 0.10, True, "since then: a certain probability, and adjoining prefectures"),
        )
    }
)


def threats(forecast: Forecast, areas: Sequence[str] | None = None) -> tuple[AreaThreat, ...]:
    """Return the areas that may be hit or passed, the first to be reached first, then by id.

    `areas` are the ids to be asked about, None all. Only what has a probability above `MIN_P` is there. Arrival is
    from entering an area to leaving it or falling; 5 % of the threatening paths come before `first_ns`, 5 % leave
    after `last_ns`. Raises `InvalidInput` for an unknown id.
    """
    known = known_areas()
    outlines = known.outlines if areas is None else outlines_of(tuple(areas))
    paths = [path for path in forecast.paths if len(path.times_ns)]
    if not paths:
        return ()
    flights = _Flights(paths, forecast.time_ns)
    met = _meeting(flights, known, outlines)
    hit_p, pass_p = flights.any_object(met.hit), flights.any_object(met.passed)
    found = []
    for k in np.flatnonzero((hit_p > MIN_P) | (pass_p > MIN_P)):
        ways = np.flatnonzero(met.hit[:, k] | met.passed[:, k])
        weights = flights.weights[ways]
        found.append(
            AreaThreat(
                area_id=known.all_ids[met.areas[k]],
                hit_p=float(hit_p[k]),
                pass_p=float(pass_p[k]),
                first_ns=forecast.time_ns + round(_quantile(met.begins[ways, k], weights, EARLIEST)),
                last_ns=forecast.time_ns + round(_quantile(met.ends[ways, k], weights, LATEST)),
            )
        )
    return _in_order(found)


def threatened(threats: Sequence[AreaThreat], regime: Regime) -> tuple[AreaThreat, ...]:
    """Return those that a regime warns, in the order of `threats`; adjoining areas of the same nation if it says so.

    An adjoining area keeps its own probabilities, 0 if it had none, and gets the times of those it adjoins.
    """
    warned = {one.area_id: one for one in threats if one.hit_p >= regime.p_hit or one.pass_p >= regime.p_pass}
    if not regime.neighbours:
        return _in_order(list(warned.values()))
    own = {one.area_id: one for one in threats}
    beside: dict[str, list[AreaThreat]] = {}
    for one in warned.values():
        for area_id in _adjoining(one.area_id):
            if area_id not in warned:
                beside.setdefault(area_id, [own[area_id]] if area_id in own else []).append(one)
    return _in_order([*warned.values(), *(_beside(area_id, near, own) for area_id, near in beside.items())])


def _adjoining(area_id: str) -> tuple[str, ...]:
    known = known_areas()
    area = known.get(area_id)
    if area is None:
        return ()
    ours = known.ids(area.nation)
    return tuple(neighbour for neighbour in area.neighbours if neighbour in ours)


def _beside(area_id: str, near: list[AreaThreat], own: Mapping[str, AreaThreat]) -> AreaThreat:
    return AreaThreat(
        area_id=area_id,
        hit_p=own[area_id].hit_p if area_id in own else 0.0,
        pass_p=own[area_id].pass_p if area_id in own else 0.0,
        first_ns=min(one.first_ns for one in near),
        last_ns=max(one.last_ns for one in near),
    )


def _in_order(found: Sequence[AreaThreat]) -> tuple[AreaThreat, ...]:
    return tuple(sorted(found, key=lambda one: (one.first_ns, one.area_id)))


class _Flights:
    """Paths as flat arrays; times in nanoseconds from the forecast's."""

    def __init__(self, paths: Sequence[ForecastPath], time_ns: int) -> None:
        self.starts = np.cumsum([0, *(len(path.times_ns) for path in paths)], dtype=np.int64)
        self.times = (np.concatenate([path.times_ns for path in paths]) - time_ns).astype(np.float64)
        self.longitude_deg = np.concatenate([path.longitude_deg for path in paths])
        self.latitude_deg = np.concatenate([path.latitude_deg for path in paths])
        self.altitude_m = np.concatenate([path.altitude_m for path in paths])
        self.falls = np.array([path.falls for path in paths], dtype=np.bool_)
        self.weights = np.array([path.weight for path in paths])
        self._objects = _grouped(paths)

    def any_object(self, happens: NDArray[np.bool_]) -> Array:
        """The probability by area that it happens to any object: objects are independent, paths of one exclude."""
        none = np.ones(happens.shape[1])
        for rows in self._objects:
            each = (self.weights[rows, None] * happens[rows]).sum(axis=0)
            none *= 1.0 - np.clip(each, 0.0, 1.0)
        return 1.0 - none


def _grouped(paths: Sequence[ForecastPath]) -> list[NDArray[np.int64]]:
    rows: dict[str, list[int]] = {}
    for number, path in enumerate(paths):
        rows.setdefault(path.object_id, []).append(number)
    return [np.array(numbers, dtype=np.int64) for numbers in rows.values()]


@dataclass(frozen=True, slots=True, eq=False)
class _Meeting:
    """Tables by (path, area): whether it is hit, whether passed, when that begins and ends (infinite: never).

    `areas` are the numbers of the areas that any path meets.
    """

    areas: NDArray[np.int64]
    hit: NDArray[np.bool_]
    passed: NDArray[np.bool_]
    begins: Array
    ends: Array


def _meeting(flights: _Flights, known: Areas, outlines: Outlines) -> _Meeting:
    lasts, falls = flights.starts[1:] - 1, flights.falls[:, None]
    points = flights.longitude_deg[lasts], flights.latitude_deg[lasts]
    near = distances(*points, len(known.all_ids), DEBRIS_RADIUS_M, outlines) <= DEBRIS_RADIUS_M
    track = flights.starts, flights.times, flights.longitude_deg, flights.latitude_deg, flights.altitude_m
    begins, ends = passages(*track, len(known.all_ids), outlines)
    met = np.flatnonzero((near & falls).any(axis=0) | (ends >= begins).any(axis=0))
    near, begins, ends = near[:, met], begins[:, met], ends[:, met]
    hit, down = near & falls, flights.times[lasts][:, None]
    passed = (ends >= begins) & ((ends < down) | ~falls)
    return _Meeting(met, hit, passed, np.where(hit, np.minimum(begins, down), begins), np.where(hit, down, ends))


def _quantile(values: Array, weights: Array, share: float) -> float:
    """The least value with at least a share of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order[np.count_nonzero(below < share * below[-1] - _EQUAL)]])
