"""One object, one track: doubles are found and merged, and what was lost is recognised when it comes back.

Two tracks are one when their states agree within chi-square at several checks in a row and no scan ever gave each of
them a detection of its own. The test adds both covariances although common process noise correlates them: it errs
towards merging, and the look at separate detections holds against that.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.linear import cholesky, squared_distance
from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.kernel.records import TrackStatus
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track.bank import mixture
from beaconfire.track.gate import extrapolate
from beaconfire.track.models import AIR, STATE
from beaconfire.track.rows import predict_rows
from beaconfire.track.tables import CONFIRMED, LOST, TENTATIVE, Tables, Track

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
        self, tables: Tables, tracks: Sequence[Track], rows: Rows, now_ns: int, *, measured: bool = True
    ) -> Iterator[tuple[Track, Track]]:
        """Yield pairs (older, younger) of tracks (with their `rows`) that are one object; looks once a second.

        Where anything was `measured`, it also notes which tracks were given detections of their own. A pair may hold
        a track that the taker of an earlier pair has already ended.
        """
        if not measured and now_ns - self._checked_ns < _CHECK_EVERY_NS:
            return
        fresh = np.flatnonzero((tables.status[rows] == CONFIRMED) & (now_ns - tables.measured_ns[rows] < _FRESH_NS))
        pairs = list(self._close(tables, tracks, rows, fresh, now_ns)) if len(fresh) > 1 else []
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
            if self._counts.get(key, 0) >= _CHECKS:
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

    def _close(
        self, tables: Tables, tracks: Sequence[Track], rows: Rows, fresh: Rows, now_ns: int
    ) -> Iterator[tuple[Track, Track, float]]:
        places = rows[fresh]
        means, spreads = np.empty((len(places), STATE)), np.empty(len(places))
        ahead_s = (now_ns - tables.time_ns[places]).astype(np.float64) * 1e-9
        extrapolate(tables.mean, tables.covariance, places, ahead_s, means, spreads)
        found = np.empty((4 * len(places), 2), np.int64)
        distances = np.empty(4 * len(places))
        count = close_pairs(means, tables.covariance, places, spreads, found, distances)
        for number in range(count):
            one, two = (tracks[place] for place in fresh[found[number]].tolist())
            older, younger = (one, two) if (one.first_ns, one.id) <= (two.first_ns, two.id) else (two, one)
            yield older, younger, float(distances[number])


def same_object(tables: Tables, tracks: Sequence[Track], rows: Rows, new: Track) -> Track | None:
    """Return the confirmed or lost track that a newly confirmed one doubles or continues, the likeliest first.

    `rows` are those of `tracks`. Where no prediction fits, a lost track that could have manoeuvred there unseen.
    """
    time_ns, best, match = int(tables.time_ns[new.row]), math.inf, None
    alike = (tables.status[rows] != TENTATIVE) & (
        np.abs(tables.weights[rows, AIR] - tables.weights[new.row, AIR]) <= 0.8
    )
    ahead_s = np.maximum(time_ns - tables.time_ns[rows], 0) * 1e-9
    wide_m = 5.0 * np.sqrt(np.einsum("nii->n", tables.covariance[rows, :3, :3]))
    apart_m = np.sqrt(((tables.mean[rows, :3] - tables.mean[new.row, :3]) ** 2).sum(axis=1))
    near = alike & (apart_m <= _FURTHEST_M + 10e3 * ahead_s + wide_m)
    for place in np.flatnonzero(near).tolist():
        track = tracks[place]
        if track is new or track.fallen or track.last_scan == new.last_scan:
            continue
        limit = _ALIKE if track.status is TrackStatus.CONFIRMED else _CONTINUES
        distance, volume = _between(tables, track.row, new.row, time_ns)
        if distance < limit and distance + volume < best:
            best, match = distance + volume, track
    if match is not None:
        return match
    unseen_ns = int(tables.time_ns[new.row]) - tables.measured_ns[rows]
    lost = alike & (tables.status[rows] == LOST) & (unseen_ns > 0) & (unseen_ns < _UNSEEN_S * NS_PER_S)
    missing = [tracks[place] for place in np.flatnonzero(lost).tolist() if tracks[place] is not new]
    return _manoeuvred(tables, [track for track in missing if track.last_scan != new.last_scan], new)


def _manoeuvred(tables: Tables, candidates: list[Track], new: Track) -> Track | None:
    """Return that one of some lost tracks from which a fast new one is reached with the least unseen acceleration."""
    mean, covariance = tables.mean[new.row], tables.covariance[new.row]
    best, match = _UNSEEN_M_S2, None
    for track in candidates:
        seen, dt_s = tables.seen[track.row], (tables.time_ns[new.row] - tables.measured_ns[track.row]) / NS_PER_S
        fast = min(math.hypot(*seen[3:6]), math.hypot(*mean[3:6])) > _FAST_M_S
        low = min(altitude_and_up(*seen[:3])[0], altitude_and_up(*mean[:3])[0]) < _AIR_M
        if not fast or not low:
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
def close_pairs(means: Array, covariances: Array, rows: Rows, spreads: Array, found: Rows, distances: Array) -> int:
    """Write index pairs whose positions are near, with their squared distance over 6 states; returns how many.

    `means` (n, 9) and `spreads` (n,) are by index, `covariances` (.., 9, 9) by row of the index.
    """
    order, count, widest = np.argsort(means[:, 0]), 0, 0.0
    difference, both = np.empty(6), np.empty((6, 6))
    for i in range(spreads.shape[0]):
        widest = max(widest, spreads[i])
    for a in range(len(order)):
        i = order[a]
        furthest = min(8.0 * (spreads[i] + widest) + 500.0, _FURTHEST_M)
        for b in range(a + 1, len(order)):
            j = order[b]
            apart = means[j, 0] - means[i, 0]
            if apart > furthest or count >= len(distances):
                break
            reach = min(8.0 * (spreads[i] + spreads[j]) + 500.0, _FURTHEST_M)
            if apart > reach or abs(means[j, 1] - means[i, 1]) > reach or abs(means[j, 2] - means[i, 2]) > reach:
                continue
            for k in range(6):
                difference[k] = means[j, k] - means[i, k]
                for m in range(6):
                    both[k, m] = covariances[rows[i], k, m] + covariances[rows[j], k, m]
            found[count, 0], found[count, 1] = min(i, j), max(i, j)
            distances[count] = squared_distance(difference, both)
            count += 1
    return count


@warmer
def _warm() -> None:
    covariances = np.zeros((2, STATE, STATE))
    covariances[0] = covariances[1] = np.eye(STATE)
    close_pairs(np.zeros((2, STATE)), covariances, np.arange(2), np.ones(2), np.zeros((4, 2), np.int64), np.zeros(4))
