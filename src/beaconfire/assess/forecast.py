"""Forecast: what is not known of an object's future, as weighted paths over the ground until it comes down.

The paths of an object are a quadrature of the same distribution that its impact states: coasting, of the fall's
Gaussian; boosting, of the remaining burn; gliding, of the reachable set. No chance: nodes and fixed sequences. The
nodes lie closer in the tails than equal weights would have them, since an area counts as threatened from 1 % on. The
trap avoided: a path drawn to a point where there is none.
"""

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from beaconfire.assess.arc import GLIDE, Arc, Basis
from beaconfire.assess.between import ways_between
from beaconfire.assess.burn import burn_ways
from beaconfire.assess.classes import ClassEvidence
from beaconfire.assess.footprint import MOST_TURN_RAD
from beaconfire.assess.impact import (
    BETA_KG_M2,
    EXHAUST_M_S,
    MAX_FLIGHT_S,
    MODEL_M2,
    MODEL_S2,
    Fall,
    aside_m,
    fall_of,
    lost_growth_m,
    reach_of,
    thrust_m_s2,
)
from beaconfire.assess.remaining import burn_quantiles
from beaconfire.earth import MEAN_RADIUS_M, ground_ways
from beaconfire.earth.linear import cholesky, solve_upper
from beaconfire.kernel.alerts import ForecastPath
from beaconfire.kernel.records import KINDS, LAUNCH_KINDS, Array
from beaconfire.kernel.time import NS_PER_S, seconds_between

PLACES = 64  # of one path at most: one in 30 to 60 s on the longest flight
EVERY_S = 10.0  # between two places of a path at least; no area is crossed in less

# Rings of the coasting quadrature over the map: each holds its share of a two-dimensional Gaussian at its root mean
# square radius, so that mean and covariance are exact; one edge is at 95 %, and so is the footprint's.
_RING_EDGES = (0.0, 0.08, 0.30, 0.60, 0.82, 0.95, 0.99, 1.0)
_RING_NODES = (1, 5, 8, 10, 10, 8, 6)
# While boosting each way is to weigh less than the lowest threshold (1 %): one way that slips into an area or out of it
# must not make or unmake a threat. The heaviest of 160 weighs 1 %. One in four is flown, the rest lie between them.
_BURNS, _FLOWN = 160, 40
_GLIDES = 40
_GLIDE_TURN_RAD = math.radians(30.0)  # one sigma of how far a glider turns in the rest of its flight
_FALL_AT_ONCE = 0.1  # of a glider's ways end within the circle that it can fall into
_STRAIGHT_RAD = 1e-9
_POLAR = 1e-3  # no path is moved east or west nearer to a pole than 6 km
_R2 = (0.7548776662466927, 0.5698402909980532)  # the low-discrepancy sequence of the plastic number (Roberts 2018)


def paths_of(arc: Arc, object_id: str, *, now_ns: int) -> tuple[ForecastPath, ...]:
    """The paths of one object from now on, as the arc's last prediction has it; none before there is one.

    What has no measurement strays as its impact's footprint does. What would be down already has one place: its fall.
    """
    basis = arc.basis
    if basis is None:
        return ()
    start_ns, in_air_s = basis.update.time_ns, arc.lost_s(now_ns)
    if arc.fall is not None:
        in_air_s = min(in_air_s, max(arc.fall.time_s, 0.0))
    span = _Span(max(seconds_between(now_ns, start_ns), 0.0), lost_growth_m(in_air_s))
    glide = _glide_share(arc) if arc.impact_reason == "reachable_set" else 0.0
    plain = _boosting(arc.class_evidence(), basis, span) if basis.boosting else _falling(arc, basis, span)
    sets = [(1.0 - glide, plain)]
    if glide > 0.0:
        sets.append((glide, _gliding(basis, span)))
    return tuple(path for share, ways in sets if share > 0.0 for path in _paths(ways, share, object_id, start_ns))


@dataclass(frozen=True, slots=True)
class _Span:
    """From how many seconds after the state on, and how far (one sigma, each way) a lost object has strayed."""

    begin_s: float
    astray_m: float


@dataclass(frozen=True, slots=True)
class _Ways:
    """Ways (N, M, 4) as `earth.arc` writes them, their ends (N, 2), and weights (N,) that sum to 1."""

    rows: Array
    ends: Array
    weights: Array


def _glide_share(arc: Arc) -> float:
    """P(glide), given that it is one of the kinds that come down at all."""
    kinds = arc.kinds.probabilities()
    return kinds[GLIDE] / sum(kinds[KINDS.index(name)] for name in LAUNCH_KINDS)


def _falling(arc: Arc, basis: Basis, span: _Span) -> _Ways:
    """The fall's Gaussian: to each node of its place and time the likeliest errors of the state that lead there."""
    update, beta = basis.update, basis.beta
    fall = arc.fall or fall_of(update.mean, update.covariance, beta=beta)
    if fall is None:  # it leaves the Earth, or nearly so
        return _flown(update.mean[None, :6].copy(), np.array([math.exp(-beta[0])]), np.ones(1), span)
    nodes, weights = _nodes()
    aside_m2 = MODEL_M2 + span.astray_m**2
    errors, unexplained = _likeliest(fall, nodes, np.array([aside_m2, aside_m2, MODEL_S2]))
    ways = _flown(update.mean[:6] + errors[:, :6], np.exp(-(beta[0] + errors[:, 6])), weights, span)
    _shift(ways, unexplained[:, :2])
    return ways


def _likeliest(fall: Fall, nodes: Array, aside: Array) -> tuple[Array, Array]:
    """The errors (N, 7) of state and coefficient of least norm that move the fall to the nodes, and the rest (N, 3).

    `aside` (3,) is the part of the fall's variance, in m², m² and s², that no error of the state explains.
    """
    spread = (fall.slopes[:, None, :] * fall.slopes[None, :, :]).sum(axis=2)
    for i in range(3):
        spread[i, i] += aside[i]
    lower, weighed = np.zeros((3, 3)), np.empty_like(nodes)
    cholesky(spread, lower)
    for node, out in zip(nodes, weighed, strict=True):
        solve_upper(lower, node, out)
    sigmas = (weighed[:, :, None] * fall.slopes[None, :, :]).sum(axis=1)
    return (fall.lower[None, :, :] * sigmas[:, None, :]).sum(axis=2), aside * weighed


def _flown(states: Array, beta_inverse_m2_kg: Array, weights: Array, span: _Span) -> _Ways:
    rows, ends = np.zeros((len(states), PLACES, 4)), np.zeros((len(states), 2))
    ground_ways(states, beta_inverse_m2_kg, span.begin_s, EVERY_S, MAX_FLIGHT_S, rows, ends)
    return _Ways(rows, ends, weights)


def _boosting(evidence: ClassEvidence, basis: Basis, span: _Span) -> _Ways:
    """The remaining burn at quantiles of its mixture over the classes, each strayed aside as the corridor is wide."""
    weights, state, thrust = _weights(), basis.update.mean[:6].copy(), thrust_m_s2(basis.now)
    middles = np.cumsum(weights) - 0.5 * weights
    burns = burn_quantiles(evidence, middles, state=state, thrust_m_s2=thrust, exhaust_m_s=EXHAUST_M_S)
    ways = _Ways(*_burnt(state, thrust, burns, span), weights)
    last = _last(ways)
    away_m = _distance_m(ways.rows[:, 0], last)
    sigmas = [
        math.hypot(aside_m(basis.now, distance_m=distance_m, time_s=time_s), span.astray_m)
        for distance_m, time_s in zip(away_m.tolist(), last[:, 0].tolist(), strict=True)
    ]
    _shift(ways, np.array(sigmas)[:, None] * _gaussians(_BURNS))
    return ways


@cache
def _weights() -> Array:
    """Of the ways of a burn: small at both ends."""
    return np.asarray(np.diff(0.5 - 0.5 * np.cos(np.pi * np.arange(_BURNS + 1) / _BURNS)))


def _burnt(state: Array, thrust_m_s2: float, burns_s: Array, span: _Span) -> tuple[Array, Array]:
    """The ways of such remaining burns, ascending, and their ends: some are flown, the others lie between them."""
    chosen = _to_fly(burns_s)
    flown, flown_ends = np.zeros((len(chosen), PLACES, 4)), np.zeros((len(chosen), 2))
    burn_ways(
        state, thrust_m_s2, EXHAUST_M_S, burns_s[chosen], 1.0 / BETA_KG_M2, span.begin_s, EVERY_S, MAX_FLIGHT_S,
        flown, flown_ends,
    )  # fmt: skip
    rows, ends = np.zeros((len(burns_s), PLACES, 4)), np.zeros((len(burns_s), 2))
    left = np.minimum(np.searchsorted(chosen, np.arange(len(burns_s)), side="right") - 1, len(chosen) - 2)
    from_s, apart_s = burns_s[chosen[left]], burns_s[chosen[left + 1]] - burns_s[chosen[left]]
    shares = np.where(apart_s > 0.0, (burns_s - from_s) / np.where(apart_s > 0.0, apart_s, 1.0), 0.0)
    ways_between(flown, flown_ends, left + shares, rows, ends)
    return rows, ends


def _to_fly(burns_s: Array) -> NDArray[np.int64]:
    """Which of the burns are flown, the first and the last among them: as many by their number as by their length.

    Between two classes the burns leap, and both before and after the leap are flown: none lies over a leap.
    """
    gone = np.arange(len(burns_s)) / (len(burns_s) - 1.0) + (burns_s - burns_s[0]) / max(burns_s[-1] - burns_s[0], 1e-6)
    levels = np.linspace(0.0, gone[-1], _FLOWN)
    leaps = np.flatnonzero(np.diff(gone) > levels[1])
    return np.unique(np.concatenate((np.searchsorted(gone, levels[:-1]), leaps, leaps + 1, (len(burns_s) - 1,))))


def _gliding(basis: Basis, span: _Span) -> _Ways:
    """Arcs of a circle from the heading of now to places of the reachable set; speed falls evenly with time."""
    reach = reach_of(basis.update.mean, basis.now)
    across, along = _pairs(_GLIDES).T
    turn = np.array([_turn(share) for share in across.tolist()])[:, None]
    ahead_m = reach.ahead_m * np.sqrt(np.cos(turn))
    beyond = np.maximum(along[:, None] - _FALL_AT_ONCE, 0.0) / (1.0 - _FALL_AT_ONCE)
    full_m = reach.around_m * np.minimum(along[:, None] / _FALL_AT_ONCE, 1.0) + ahead_m * beyond
    full_s = reach.longest_s * full_m / (reach.ahead_m + reach.around_m)
    left_s = np.maximum(full_s - span.begin_s, 0.0)
    count = int(min(max(math.ceil(float(left_s.max()) / EVERY_S) + 1, 2), PLACES))
    clock = full_s - left_s + left_s * np.linspace(0.0, 1.0, count)
    gone = 1.0 - (1.0 - clock / full_s) ** 2  # of the way
    bend = np.where(np.abs(turn) > _STRAIGHT_RAD, np.sin(turn * gone) / np.where(turn == 0.0, 1.0, np.sin(turn)), gone)
    bearing = reach.heading_rad + turn * gone
    east_m, north_m = full_m * bend * np.sin(bearing), full_m * bend * np.cos(bearing)
    latitude, longitude = reach.plane.backs(east_m=east_m, north_m=north_m)
    rows = np.stack((clock, latitude, longitude, basis.now.altitude_m * (1.0 - gone)), -1)
    ends = np.stack((np.where(left_s[:, 0] > 0.0, float(count), 1.0), np.ones(_GLIDES)), -1)
    ways = _Ways(rows, ends, np.full(_GLIDES, 1.0 / _GLIDES))
    _shift(ways, span.astray_m * _gaussians(_GLIDES))
    return ways


def _turn(share: float) -> float:
    """The turn below which lies such a share of glides: normal, cut off where a turn costs too much."""
    normal = NormalDist(0.0, _GLIDE_TURN_RAD)
    low = normal.cdf(-MOST_TURN_RAD)
    return normal.inv_cdf(low + (1.0 - 2.0 * low) * share)


def _last(ways: _Ways) -> Array:
    return ways.rows[np.arange(len(ways.ends)), ways.ends[:, 0].astype(np.int64) - 1]


def _distance_m(here: Array, there: Array) -> Array:
    """Distances of rows on the sphere."""
    half = np.sin(0.5 * (there[:, 1] - here[:, 1])) ** 2
    half += np.cos(here[:, 1]) * np.cos(there[:, 1]) * np.sin(0.5 * (there[:, 2] - here[:, 2])) ** 2
    return np.asarray(2.0 * MEAN_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def _shift(ways: _Ways, shifts_m: Array) -> None:
    """Move each way aside, in place, so that its end moves by (N, 2) east and north, and its start not at all."""
    rows = ways.rows
    share = rows[:, :, 0] / np.maximum(_last(ways)[:, 0], 1e-3)[:, None]
    rows[:, :, 1] += share * shifts_m[:, 1:] / MEAN_RADIUS_M
    rows[:, :, 2] += share * shifts_m[:, :1] / (MEAN_RADIUS_M * np.maximum(np.cos(rows[:, :, 1]), _POLAR))
    np.clip(rows[:, :, 1], -0.5 * math.pi, 0.5 * math.pi, out=rows[:, :, 1])


def _paths(ways: _Ways, share: float, object_id: str, start_ns: int) -> list[ForecastPath]:
    clock_ns = start_ns + np.rint(ways.rows[:, :, 0] * NS_PER_S).astype(np.int64)
    latitude = np.degrees(ways.rows[:, :, 1])
    longitude = (np.degrees(ways.rows[:, :, 2]) + 180.0) % 360.0 - 180.0
    altitude = ways.rows[:, :, 3]
    return [
        ForecastPath(
            object_id, share * weight, falls > 0.0, clock_ns[i, : int(count)], latitude[i, : int(count)],
            longitude[i, : int(count)], altitude[i, : int(count)],
        )
        for i, (weight, (count, falls)) in enumerate(zip(ways.weights.tolist(), ways.ends.tolist(), strict=True))
    ]  # fmt: skip


@cache
def _nodes() -> tuple[Array, Array]:
    """Nodes (N, 3) of a standard Gaussian, rings in the first two dimensions, and their weights (N,)."""
    rings: list[tuple[float, float]] = []
    weights: list[float] = []
    for low, high, count in zip(_RING_EDGES[:-1], _RING_EDGES[1:], _RING_NODES, strict=True):
        radius = math.sqrt(2.0 * (_moment(1.0 - low) - _moment(1.0 - high)) / (high - low)) if count > 1 else 0.0
        for k in range(count):
            angle = 2.0 * math.pi * (k + 0.5 * len(rings) % 1.0) / count
            rings.append((radius * math.cos(angle), radius * math.sin(angle)))
            weights.append((high - low) / count)
    shares = np.array(weights)
    normal = NormalDist()
    third = [normal.inv_cdf(share) for share in _pairs(len(rings))[:, 1].tolist()]
    nodes = np.column_stack((np.array(rings), np.array(third)))
    nodes -= (shares[:, None] * nodes).sum(axis=0)
    return nodes / np.sqrt((shares[:, None] * nodes**2).sum(axis=0)), shares


def _moment(above: float) -> float:
    """The integral of half the squared radius over the outermost share of a two-dimensional Gaussian, from outside."""
    return above * (1.0 - math.log(above)) if above > 0.0 else 0.0


@cache
def _pairs(count: int) -> Array:
    """The first points (N, 2) of the unit square's sequence."""
    steps = np.arange(1, count + 1)[:, None] * np.array(_R2)[None, :]
    return np.asarray((0.5 + steps) % 1.0)


@cache
def _gaussians(count: int) -> Array:
    """The same as standard normal pairs (Box and Muller 1958), with mean zero and variance one."""
    pairs = _pairs(count)
    radius, angle = np.sqrt(-2.0 * np.log(1.0 - pairs[:, 0])), 2.0 * math.pi * pairs[:, 1]
    normal = np.stack((radius * np.cos(angle), radius * np.sin(angle)), -1)
    normal -= normal.mean(axis=0)
    return np.asarray(normal / np.sqrt((normal**2).mean(axis=0)))
