"""One object, one track: doubles are found and merged, and what was lost is recognised when it comes back.

Two tracks are one when their states agree within chi-square at several checks in a row and no scan ever gave each of
them a detection of its own. The test adds both covariances although common process noise correlates them: it errs
towards merging, and the look at separate detections holds against that.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.linear import cholesky, squared_distance
from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.kernel.records import TrackStatus
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track.bank import mixture
from beaconfire.track.gate import extrapolate, predict_rows
from beaconfire.track.models import AIR, STATE
from beaconfire.track.tables import Tables, Track

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

_ALIKE = 16.81  # chi-square of 6 at 99 %
_CONTINUES = 22.46  # chi-square of 6 at 99.9 %: turning a returning object away would open a second event
_APART = 50.0  # surely two objects: the count starts again
_CHECKS = 3
_CHECK_EVERY_NS = NS_PER_S
_FRESH_NS = 15 * NS_PER_S
_SEPARATE_FOR_NS = 30 * NS_PER_S
_FURTHEST_M = 60e3
# What an object may have done unseen: manoeuvred inside the air, for up to two minutes, at 2 g in the mean.
_UNSEEN_S, _UNSEEN_M_S2, _AIR_M, _FAST_M_S = 120.0, 20.0, 80e3, 700.0


class Duplicates:
    """Counts, per pair of confirmed tracks, how often in a row they looked like one object."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._separate_ns: dict[tuple[str, str], int] = {}
        self._checked_ns = 0

    def find(
        self, tables: Tables, tracks: Mapping[str, Track], now_ns: int, *, measured: bool = True
    ) -> Iterator[tuple[Track, Track]]:
        """Yield pairs (older, younger) that are one object; looks once a second.

        Where anything was `measured`, it also notes which tracks were given detections of their own.
        """
        if not measured and now_ns - self._checked_ns < _CHECK_EVERY_NS:
            return
        fresh = [
            track for track in tracks.values()
            if track.status is TrackStatus.CONFIRMED and now_ns - tables.measured_ns[track.row] < _FRESH_NS
        ]  # fmt: skip
        pairs = list(self._close(tables, fresh, now_ns)) if len(fresh) > 1 else []
        for older, younger, _distance in pairs:
            if older.last_scan == younger.last_scan:
                self._separate_ns[older.id, younger.id] = now_ns
        if now_ns - self._checked_ns < _CHECK_EVERY_NS:
            return
        self._checked_ns = now_ns
        for older, younger, distance in pairs:
            key = (older.id, younger.id)
            if distance > _APART or now_ns - self._separate_ns.get(key, -_SEPARATE_FOR_NS) < _SEPARATE_FOR_NS:
                self._counts[key] = 0
            elif distance < _ALIKE:
                self._counts[key] = self._counts.get(key, 0) + 1
            if self._counts.get(key, 0) >= _CHECKS and older.id in tracks and younger.id in tracks:
                yield older, younger

    def forget(self, track_id: str) -> None:
        """Drop all pairs of a track that is gone."""
        for table in (self._counts, self._separate_ns):
            for key in [key for key in table if track_id in key]:
                del table[key]

    def copy(self) -> Self:
        """Return an independent copy."""
        other = type(self)()
        other._counts, other._separate_ns = dict(self._counts), dict(self._separate_ns)
        other._checked_ns = self._checked_ns
        return other

    def _close(self, tables: Tables, tracks: list[Track], now_ns: int) -> Iterator[tuple[Track, Track, float]]:
        rows = np.array([track.row for track in tracks])
        means, spreads = np.empty((len(rows), STATE)), np.empty(len(rows))
        covariances = tables.covariance[rows]
        extrapolate(tables.mean[rows], covariances, (now_ns - tables.time_ns[rows]) * 1e-9, means, spreads)
        found = np.empty((4 * len(rows), 2), np.int64)
        distances = np.empty(4 * len(rows))
        count = close_pairs(means, covariances, spreads, found, distances)
        for number in range(count):
            one, two = tracks[found[number, 0]], tracks[found[number, 1]]
            older, younger = (one, two) if (one.first_ns, one.id) <= (two.first_ns, two.id) else (two, one)
            yield older, younger, float(distances[number])


def same_object(tables: Tables, tracks: Mapping[str, Track], new: Track) -> Track | None:
    """Return the confirmed or lost track that a newly confirmed one doubles or continues, the likeliest first.

    Where no prediction fits, a lost track that could have manoeuvred there unseen.
    """
    time_ns, best, match = int(tables.time_ns[new.row]), math.inf, None
    candidates = [
        track for track in tracks.values()
        if track is not new and track.status is not TrackStatus.TENTATIVE and track.last_scan != new.last_scan
        and abs(tables.weights[track.row, AIR] - tables.weights[new.row, AIR]) <= 0.8
    ]  # fmt: skip
    for track in candidates:
        if track.fallen:
            continue
        limit = _ALIKE if track.status is TrackStatus.CONFIRMED else _CONTINUES
        distance, volume = _between(tables, track.row, new.row, time_ns)
        if distance < limit and distance + volume < best:
            best, match = distance + volume, track
    return match or _manoeuvred(tables, candidates, new)


def _manoeuvred(tables: Tables, candidates: list[Track], new: Track) -> Track | None:
    """Return the lost track from which a fast new one is reached with the least unseen acceleration."""
    mean, covariance = tables.mean[new.row], tables.covariance[new.row]
    best, match = _UNSEEN_M_S2, None
    for track in candidates:
        seen, dt_s = tables.seen[track.row], (tables.time_ns[new.row] - tables.measured_ns[track.row]) / NS_PER_S
        fast = min(math.hypot(*seen[3:6]), math.hypot(*mean[3:6])) > _FAST_M_S
        low = min(altitude_and_up(*seen[:3])[0], altitude_and_up(*mean[:3])[0]) < _AIR_M
        if track.status is not TrackStatus.LOST or not 0.0 < dt_s < _UNSEEN_S or not fast or not low:
            continue
        turned = max(math.dist(seen[3:6], mean[3:6]) - 3.0 * math.sqrt(covariance[3:6, 3:6].trace()), 0.0) / dt_s
        off_m = math.dist(seen[:3] + seen[3:6] * dt_s, mean[:3]) - 3.0 * math.sqrt(covariance[:3, :3].trace())
        needed = max(turned, 2.0 * max(off_m, 0.0) / dt_s**2)
        if needed < best:
            best, match = needed, track
    return match


def _between(tables: Tables, old: int, new: int, time_ns: int) -> tuple[float, float]:
    """Return the squared distance of two tracks at a time, and the log determinant of its covariance."""
    x, p, c, weights = tables.x[[old]], tables.p[[old]], tables.c[[old]], tables.weights[[old]]
    ahead_ns = max(time_ns - int(tables.time_ns[old]), 0)
    reach = _FURTHEST_M + 10e3 * ahead_ns * 1e-9 + 5.0 * math.sqrt(tables.covariance[old, :3, :3].trace())
    if math.dist(tables.mean[old, :3], tables.mean[new, :3]) > reach:
        return math.inf, 0.0
    predict_rows(x, p, c, np.zeros(1, np.int64), weights, np.array([ahead_ns]))
    mean, covariance = np.empty(STATE), np.empty((STATE, STATE))
    mixture(x[0], p[0], weights[0], mean, covariance)
    both = np.ascontiguousarray(covariance[:6, :6] + tables.covariance[new, :6, :6])
    lower = np.zeros((6, 6))
    if not cholesky(both, lower):
        return math.inf, 0.0
    distance = squared_distance(np.ascontiguousarray(mean[:6] - tables.mean[new, :6]), both)
    return distance, 2.0 * float(np.log(np.diag(lower)).sum())


@kernel
def close_pairs(means: Array, covariances: Array, spreads: Array, found: Rows, distances: Array) -> int:
    """Write index pairs whose positions are near, with their squared distance over 6 states; returns how many."""
    order, count = np.argsort(means[:, 0]), 0
    difference, both = np.empty(6), np.empty((6, 6))
    for a in range(len(order)):
        i = order[a]
        for b in range(a + 1, len(order)):
            j = order[b]
            if means[j, 0] - means[i, 0] > _FURTHEST_M or count >= len(distances):
                break
            reach = min(8.0 * (spreads[i] + spreads[j]) + 500.0, _FURTHEST_M)
            if abs(means[j, 1] - means[i, 1]) > reach or abs(means[j, 2] - means[i, 2]) > reach:
                continue
            for k in range(6):
                difference[k] = means[j, k] - means[i, k]
                for m in range(6):
                    both[k, m] = covariances[i, k, m] + covariances[j, k, m]
            found[count, 0], found[count, 1] = min(i, j), max(i, j)
            distances[count] = squared_distance(difference, both)
            count += 1
    return count


@warmer
def _warm() -> None:
    covariances = np.zeros((2, STATE, STATE))
    covariances[0] = covariances[1] = np.eye(STATE)
    close_pairs(np.zeros((2, STATE)), covariances, np.ones(2), np.zeros((4, 2), np.int64), np.zeros(4))
