"""New tracks from detections that no track took: pairs of looks that one object could have caused.

Two radar looks within a few scans bound the velocity; two lines of sight of different sensors that pass near each
other fix a place although the object moved between them; a radar look and a line of sight do the same. Each pair
gives a prior at the earlier look's time, wide enough for everything up to 8 km/s; a bank started there takes both
looks as ordinary measurements. Rivals that share a look are kept side by side until one is confirmed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.observe import LOS, RADAR
from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track.pack import Packed

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

MAX_SPEED_M_S = 8_000.0  # above what any missile reaches below orbit
_MAX_RISE_SPEED_M_S = 4_000.0  # while an infrared sensor's two looks are paired, the object is still in its boost
_MAX_PAIRS_PER_LOOK = 3  # rivals of one detection kept side by side
_MAX_SEEDS = 256  # new hypotheses of one scan; a clutter flood is cut here
_MAX_PAIRINGS = 2_000_000  # of one scan: some 50 ms; in a flood every n-th look is tried, it is no place to start from
_ROWS_AT_ONCE = 32  # new looks per table: none is scored in vain once there are seeds enough
_MAX_LOOSE = 4_096  # unclaimed looks kept; the oldest go first
_SCANS_KEPT = 2.6  # one missed scan between the two looks of a pair, with jitter
_LOOSE_MAX_S = 26.0
_PLACE_SIGMA_M = 30e3  # before the first look is taken: it is to outweigh the prior a thousandfold
_VELOCITY_SIGMA_M_S = 2_500.0
_RISE_M_S, _RISE_SIGMA_M_S = 700.0, 1_200.0  # a booster when an infrared sensor first sees it
_SIGMAS = 4.0
_MIN_ANGLE = 0.02  # sine between two lines of sight that fix a place
_LOWEST_M, _HIGHEST_BOOST_M = -5e3, 800e3


@dataclass(frozen=True, slots=True)
class Seed:
    """A pair of looks: `earlier` is the loose look, `row` the new one's row; the bank starts at the earlier."""

    earlier: "Loose"
    row: int
    state: Array  # (6,) ECEF position and velocity before the earlier look, at its time
    covariance: Array  # (6, 6)


@dataclass(frozen=True, slots=True)
class Loose:
    """One look that no track took."""

    time_ns: int
    period_s: float
    columns: Packed
    row: int


class LooseLooks:
    """The recent looks that no track took."""

    def __init__(self) -> None:
        self._looks: list[Loose] = []

    def add(self, columns: Packed, rows: list[int], *, time_ns: int, period_s: float) -> None:
        """Keep rows of a scan for later pairs."""
        self._looks.extend(Loose(time_ns, period_s, columns, row) for row in rows)
        del self._looks[:-_MAX_LOOSE]

    def forget(self, now_ns: int) -> None:
        """Drop what is too old to be paired."""
        self._looks = [
            look for look in self._looks
            if now_ns - look.time_ns <= min(_SCANS_KEPT * look.period_s + 1.0, _LOOSE_MAX_S) * NS_PER_S
        ]  # fmt: skip

    def seeds(self, columns: Packed, rows: list[int], *, time_ns: int) -> list[Seed]:
        """Return the pairs that new looks (rows of one scan) make with the loose ones, nearest first per look."""
        if not rows or not self._looks:
            return []
        old = self._looks
        table = _table([look.columns for look in old], [look.row for look in old])
        dt_s = np.array([(time_ns - look.time_ns) / NS_PER_S for look in old])
        examined = rows[:: -(-len(rows) * len(old) // _MAX_PAIRINGS)]
        found: list[Seed] = []
        for start in range(0, len(examined), _ROWS_AT_ONCE):
            some = examined[start : start + _ROWS_AT_ONCE]
            new, score = _table([columns] * len(some), some), np.full((len(some), len(old)), math.inf)
            pair_scores(*new, *table, dt_s, score)
            for i, row in enumerate(some):
                pairs = np.flatnonzero(np.isfinite(score[i]))
                for j in pairs[np.argsort(score[i, pairs], kind="stable")][:_MAX_PAIRS_PER_LOOK].tolist():
                    if _different(columns, row, old[j]):
                        state, covariance = np.zeros(6), np.zeros((6, 6))
                        pair_start(i, j, *new, *table, float(dt_s[j]), state, covariance)
                        found.append(Seed(old[j], row, state, covariance))
            if len(found) >= _MAX_SEEDS:
                break
        return found[:_MAX_SEEDS]

    def copy(self) -> Self:
        """Return an independent copy."""
        other = type(self)()
        other._looks = list(self._looks)
        return other


def _table(columns: Sequence[Packed], rows: Sequence[int]) -> tuple[Rows, Array, Array, Array, Array, Array]:
    """Gather what `pair_scores` needs of looks, each a row of its scan's columns."""
    pairs = list(zip(columns, rows, strict=True))
    return (
        np.array([item.kind[row] for item, row in pairs]),
        np.array([item.values[row] for item, row in pairs]),
        np.array([item.sigmas[row] for item, row in pairs]),
        np.array([item.sites[row] for item, row in pairs]),
        np.array([item.points[row] for item, row in pairs]),
        np.array([item.point_covariances[row] for item, row in pairs]),
    )


def _different(columns: Packed, row: int, look: Loose) -> bool:
    """Two lines of sight must come from two sensors; two looks of one sensor from two scans."""
    new, old = columns.measurements[row], look.columns.measurements[look.row]
    return new.sensor_id != old.sensor_id or (new.kind == "radar" and new.time_ns > old.time_ns)


@kernel
def pair_scores(
    kind: Rows, values: Array, sigmas: Array, sites: Array, points: Array, spreads: Array,
    old_kind: Rows, old_values: Array, old_sigmas: Array, old_sites: Array, old_points: Array, old_spreads: Array,
    dt_s: Array, score: Array,
) -> None:  # fmt: skip
    """Fill a (new, old) table of scores; infinity is no pair."""
    state, covariance = np.empty(6), np.empty((6, 6))
    for i in range(kind.shape[0]):
        for j in range(old_kind.shape[0]):
            if dt_s[j] >= 0.0:
                score[i, j] = pair_start(
                    i, j, kind, values, sigmas, sites, points, spreads, old_kind, old_values, old_sigmas, old_sites,
                    old_points, old_spreads, dt_s[j], state, covariance,
                )  # fmt: skip


@kernel
def pair_start(
    i: int, j: int, kind: Rows, values: Array, sigmas: Array, sites: Array, points: Array, spreads: Array,
    old_kind: Rows, old_values: Array, old_sigmas: Array, old_sites: Array, old_points: Array, old_spreads: Array,
    dt: float, state: Array, covariance: Array,
) -> float:  # fmt: skip
    """Write state (6,) and covariance (6, 6) of new look i and old look j at the old one's time; returns the score."""
    if kind[i] == RADAR and old_kind[j] == RADAR:
        return _radar_pair(points[i], spreads[i], old_points[j], old_spreads[j], dt, state, covariance)
    if kind[i] == LOS and old_kind[j] == LOS:
        return _line_pair(
            values[i], sigmas[i, 0], sites[i], old_values[j], old_sigmas[j, 0], old_sites[j], dt, state, covariance
        )
    if kind[i] == RADAR and old_kind[j] == LOS:
        return _line_and_point(
            old_values[j], old_sigmas[j, 0], old_sites[j], points[i], spreads[i], dt, True, state, covariance
        )
    if kind[i] == LOS and old_kind[j] == RADAR:
        return _line_and_point(
            values[i], sigmas[i, 0], sites[i], old_points[j], old_spreads[j], dt, False, state, covariance
        )
    return math.inf


@kernel
def _radar_pair(point: Array, spread: Array, old: Array, old_spread: Array, dt: float, state: Array, c: Array) -> float:
    if math.isnan(point[0]) or math.isnan(old[0]):
        return math.inf
    own = math.sqrt(_trace(spread)) + math.sqrt(_trace(old_spread))
    distance = _norm(point[0] - old[0], point[1] - old[1], point[2] - old[2])
    if distance > MAX_SPEED_M_S * dt + _SIGMAS * own:
        return math.inf
    _wide(c)
    for i in range(3):
        state[i] = old[i]
        state[3 + i] = (point[i] - old[i]) / dt if dt > 0.5 else 0.0
    return distance / max(dt, 0.5)


@kernel
def _line_pair(u: Array, sigma: float, site: Array, old_u: Array, old_sigma: float, old_site: Array, dt: float,
               state: Array, c: Array) -> float:  # fmt: skip
    """Two lines of sight: the place on the old one nearest to the new one, if they pass near enough."""
    wx, wy, wz = old_site[0] - site[0], old_site[1] - site[1], old_site[2] - site[2]
    cosine = u[0] * old_u[0] + u[1] * old_u[1] + u[2] * old_u[2]
    sine2 = 1.0 - cosine * cosine
    if sine2 < _MIN_ANGLE * _MIN_ANGLE:
        return math.inf
    d, e = u[0] * wx + u[1] * wy + u[2] * wz, old_u[0] * wx + old_u[1] * wy + old_u[2] * wz
    new_range, old_range = (d - cosine * e) / sine2, (cosine * d - e) / sine2
    if new_range <= 0.0 or old_range <= 0.0:
        return math.inf
    for i in range(3):
        state[i] = old_site[i] + old_range * old_u[i]
    miss = _norm(
        state[0] - site[0] - new_range * u[0], state[1] - site[1] - new_range * u[1],
        state[2] - site[2] - new_range * u[2],
    )  # fmt: skip
    noise = sigma * new_range + old_sigma * old_range
    altitude, upx, upy, upz = altitude_and_up(state[0], state[1], state[2])
    along = (_SIGMAS * noise + _MAX_RISE_SPEED_M_S * dt) / math.sqrt(sine2)
    if miss > _SIGMAS * noise + _MAX_RISE_SPEED_M_S * dt or not _LOWEST_M - along < altitude < _HIGHEST_BOOST_M:
        return math.inf
    _line_prior(old_u, along, state, c, upx, upy, upz)
    return miss


@kernel
def _line_and_point(u: Array, sigma: float, site: Array, point: Array, spread: Array, dt: float, line_first: bool,
                    state: Array, c: Array) -> float:  # fmt: skip
    if math.isnan(point[0]):
        return math.inf
    along = u[0] * (point[0] - site[0]) + u[1] * (point[1] - site[1]) + u[2] * (point[2] - site[2])
    if along <= 0.0:
        return math.inf
    px, py, pz = site[0] + along * u[0], site[1] + along * u[1], site[2] + along * u[2]
    miss = _norm(px - point[0], py - point[1], pz - point[2])
    own = math.sqrt(_trace(spread))
    if miss > _SIGMAS * (sigma * along + own) + _MAX_RISE_SPEED_M_S * dt:
        return math.inf
    _altitude, upx, upy, upz = altitude_and_up(point[0], point[1], point[2])
    if line_first:
        state[0], state[1], state[2] = px, py, pz
        _line_prior(u, _SIGMAS * own + _MAX_RISE_SPEED_M_S * dt, state, c, upx, upy, upz)
        return miss
    _wide(c)
    state[0], state[1], state[2] = point[0], point[1], point[2]
    state[3], state[4], state[5] = _RISE_M_S * upx, _RISE_M_S * upy, _RISE_M_S * upz
    return miss


@kernel
def _line_prior(u: Array, along_m: float, state: Array, c: Array, upx: float, upy: float, upz: float) -> None:
    """Wide across the line, for the look itself to fix; as wide along it as the pair leaves it; rising."""
    _wide(c)
    across2 = _PLACE_SIGMA_M * _PLACE_SIGMA_M
    for i in range(3):
        for j in range(3):
            c[i, j] = (across2 if i == j else 0.0) + (along_m * along_m - across2) * u[i] * u[j]
        c[3 + i, 3 + i] = _RISE_SIGMA_M_S * _RISE_SIGMA_M_S
    state[3], state[4], state[5] = _RISE_M_S * upx, _RISE_M_S * upy, _RISE_M_S * upz


@kernel
def _wide(c: Array) -> None:
    for i in range(6):
        for j in range(6):
            c[i, j] = 0.0
        c[i, i] = _PLACE_SIGMA_M * _PLACE_SIGMA_M if i < 3 else _VELOCITY_SIGMA_M_S * _VELOCITY_SIGMA_M_S


@kernel
def _trace(c: Array) -> float:
    return float(c[0, 0] + c[1, 1] + c[2, 2])


@kernel
def _norm(x: float, y: float, z: float) -> float:
    return math.sqrt(x * x + y * y + z * z)


@warmer
def _warm() -> None:
    code, values, sigmas, three = np.zeros(1, np.int64), np.ones((1, 6)), np.ones((1, 4)), np.ones((1, 3))
    spread = np.ones((1, 3, 3))
    looks = (code, values, sigmas, three, three, spread)
    pair_scores(*looks, *looks, np.ones(1), np.zeros((1, 1)))
    pair_start(0, 0, *looks, *looks, 1.0, np.zeros(6), np.zeros((6, 6)))
