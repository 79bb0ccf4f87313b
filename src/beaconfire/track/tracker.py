"""The tracker of one picture: a scan in, the updates of the tracks that it touched out.

One instance per picture (OWN, FUSED), the same code. Per scan: predict the tracks that the sensor could see, gate,
let confirmed tracks choose first and tentative ones second, update, count misses, start new tracks from what nobody
took, confirm, lose, merge. All numbers stand in tables that change in place; nothing depends on the order of a set or
on a clock, so the same scans give the same bytes.
"""

import math
from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.observe import LOS, RADAR
from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.records import Measurement, MeasurementScan, PictureName, TrackStatus, TrackUpdate
from beaconfire.track import life
from beaconfire.track.associate import association_weights, best_assignment, clusters
from beaconfire.track.bank import GRID_NS, coast_once, mixture, start_bank
from beaconfire.track.gate import INSIDE, OUT, coverage, extrapolate, likelihoods, predict_rows
from beaconfire.track.history import Bank, History, Look, take_look, take_row
from beaconfire.track.initiate import LooseLooks, Seed
from beaconfire.track.merge import Duplicates, same_object
from beaconfire.track.models import AIR, BOOST, MODELS, STATE
from beaconfire.track.pack import Packed, pack
from beaconfire.track.tables import Tables, Track

Array = NDArray[np.float64]

_LIVE = (TrackStatus.TENTATIVE, TrackStatus.CONFIRMED, TrackStatus.LOST)
_PRIOR = {"radar": (0.35, 0.30, 0.01, 0.34), "los": (0.94, 0.03, 0.01, 0.02), "state": (0.35, 0.45, 0.02, 0.18)}
_WIDE = 4.0  # shares of a gate: a look this near to an unserved track is taken to be its own, not a new object
_UNSERVED_MISSES = 2  # a track that missed more often may have to be started anew
_DIRECT_SIGMA_M = 25e3  # a lost track wider than this only comes back through a confirmed new one
_COAST_NS = 3 * GRID_NS
_DEEP_M = -3e3
_UNSEEN_THRUST = 0.02  # below this probability of thrust an infrared look that saw nothing says nothing
_HINT_GATE = 3.0
_TRACKLET_SIGMA_M, _TRACKLET_SIGMA_M_S = 50e3, 1e3


class Tracker:
    """Tracks of one picture (`own` or `fused`); ids are `id_prefix` and a number."""

    def __init__(self, picture: PictureName, *, id_prefix: str) -> None:
        self._picture: PictureName = picture
        self._prefix = id_prefix
        self._number = 0
        self._tables = Tables()
        self._tracks: dict[str, Track] = {}
        self._histories: dict[str, History] = {}
        self._loose = LooseLooks()
        self._duplicates = Duplicates()
        self._aliases: dict[str, str] = {}
        self._current: dict[str, TrackUpdate] = {}
        self._now_ns = 0

    def scan(self, scan: MeasurementScan) -> list[TrackUpdate]:
        """Take in one scan (radar, infrared, or partners' tracklets), late ones too; returns the updates it caused."""
        updates: dict[str, TrackUpdate] = {}
        self._now_ns = max(self._now_ns, scan.time_ns)
        self._coast(scan.time_ns, updates)
        if scan.kind == "state":
            for item in sorted(scan.measurements, key=lambda one: one.time_ns):
                self._take_tracklet(item, scan, updates)
        else:
            self._take_scan(scan, updates)
        self._settle(scan.time_ns, updates)
        return list(updates.values())

    def advance(self, now_ns: int) -> list[TrackUpdate]:
        """Let time pass: returns the tracks that were lost, dropped or ended by it."""
        updates: dict[str, TrackUpdate] = {}
        self._now_ns = max(self._now_ns, now_ns)
        self._coast(now_ns, updates)
        self._settle(now_ns, updates)
        return list(updates.values())

    def current(self) -> Mapping[str, TrackUpdate]:
        """Return the last update of every live track by id."""
        return self._current

    def checkpoint(self) -> Self:
        """Return an independent copy: both go on without touching each other."""
        other = type(self)(self._picture, id_prefix=self._prefix)
        other._number, other._now_ns = self._number, self._now_ns
        other._tables = self._tables.copy()
        other._tracks = {name: track.copy() for name, track in self._tracks.items()}
        other._histories = {name: history.copy() for name, history in self._histories.items()}
        other._loose, other._duplicates = self._loose.copy(), self._duplicates.copy()
        other._aliases, other._current = dict(self._aliases), dict(self._current)
        return other

    # --- one scan of a sensor --------------------------------------------------------------------

    def _take_scan(self, scan: MeasurementScan, updates: dict[str, TrackUpdate]) -> None:
        tracks, seen = self._visible(scan)
        columns = pack(scan.measurements, time_ns=scan.time_ns, scan=scan)
        x, p, weights = self._predicted(tracks, scan.time_ns)
        log_likelihood, distance = _compare(x, p, weights, columns)
        log_ratio = _log_ratios(scan, log_likelihood, distance, columns, weights)
        taken = self._assign(tracks, log_ratio)
        for i, track in enumerate(tracks):
            column = taken[i]
            if column is not None:
                self._hit(track, scan, columns, column, Bank(scan.time_ns, x[i], p[i], weights[i]), updates,
                          log_ratio=float(log_ratio[i, column[0]]))  # fmt: skip
            elif seen[i] == INSIDE:
                self._miss(track, scan, Bank(scan.time_ns, x[i], p[i], weights[i]))
        free = self._unclaimed(tracks, taken, distance, len(columns.measurements))
        self._initiate(scan, columns, free, updates)

    def _visible(self, scan: MeasurementScan) -> tuple[list[Track], NDArray[np.int64]]:
        """Return the tracks that the sensor may see, and whether it must."""
        tracks = list(self._tracks.values())
        rows = np.array([track.row for track in tracks], np.int64)
        if not tracks:
            return [], rows
        means = self._tables.mean[rows]
        ahead, spreads = np.empty_like(means), np.empty(len(rows))
        ahead_s = np.asarray((scan.time_ns - self._tables.mean_ns[rows]) * 1e-9, dtype=np.float64)
        extrapolate(means, self._tables.covariance[rows], ahead_s, ahead, spreads)
        seen = np.empty(len(rows), np.int64)
        kind = LOS if scan.kind == "los" else RADAR
        coverage(kind, scan.site_ecef_m, scan.axes_enu, scan.max_range_m, scan.min_elevation_rad, scan.min_altitude_m,
                 ahead, spreads, seen)  # fmt: skip
        near = [
            i for i, track in enumerate(tracks)
            if seen[i] != OUT and (track.status is not TrackStatus.LOST or spreads[i] < _DIRECT_SIGMA_M)
        ]  # fmt: skip
        return [tracks[i] for i in near], seen[near]

    def _predicted(self, tracks: list[Track], time_ns: int) -> tuple[Array, Array, Array]:
        """Return copies of the banks at a time; for a late scan, as they were then."""
        rows = np.array([track.row for track in tracks], np.int64)
        tables = self._tables
        x, p, weights = tables.x[rows], tables.p[rows], tables.weights[rows]
        ahead_ns = time_ns - tables.time_ns[rows]
        predict_rows(x, p, weights, np.maximum(ahead_ns, 0))
        for i in np.flatnonzero(ahead_ns < 0):
            past = self._histories[tracks[i].id].bank_at(time_ns)
            if past is None:
                weights[i] = 0.0  # opens no gate
            else:
                x[i], p[i], weights[i] = past.x, past.p, past.weights
        return x, p, weights

    def _assign(self, tracks: list[Track], log_ratio: Array) -> list[tuple[int, float] | None]:
        """Let confirmed tracks choose first, then tentative ones; returns (column, association weight) or None."""
        taken: list[tuple[int, float] | None] = [None] * len(tracks)
        if log_ratio.size == 0:
            return taken
        left = log_ratio.copy()
        tentative = np.array([track.status is TrackStatus.TENTATIVE for track in tracks])
        for tier in (np.flatnonzero(~tentative), np.flatnonzero(tentative)):
            if not tier.size:
                continue
            for rows, columns in clusters(left[tier] > 0.0):
                ratios = left[np.ix_(tier[rows], columns)]
                chosen = best_assignment(ratios)
                belief = association_weights(ratios)
                for row, column in enumerate(chosen):
                    if column >= 0:
                        taken[tier[rows[row]]] = (int(columns[column]), float(belief[row, column]))
            left[:, [item[0] for item in taken if item is not None]] = -math.inf
        return taken

    def _hit(
        self, track: Track, scan: MeasurementScan, columns: Packed, choice: tuple[int, float], bank: Bank,
        updates: dict[str, TrackUpdate], *, log_ratio: float,
    ) -> None:  # fmt: skip
        item = columns.measurements[choice[0]]
        tables, row = self._tables, track.row
        if scan.time_ns >= tables.time_ns[row]:
            bank = bank.copy()  # out of the scan's arrays
            if take_row(bank.x, bank.p, bank.weights, columns, choice[0]) == -math.inf:
                return
            if not _sound(bank):
                return
            self._histories[track.id].add(Look(scan.time_ns, item), bank)
        else:
            late = self._histories[track.id].insert(Look(scan.time_ns, item))
            if late is None or not _sound(late):
                return
            bank = late
        self._store(track, bank)
        tables.measured_ns[row] = max(int(tables.measured_ns[row]), scan.time_ns)
        tables.existence[row] = life.after_hit(
            float(tables.existence[row]), log_ratio=log_ratio + math.log(max(choice[1], 1e-3))
        )
        life.note_hit(track, time_ns=scan.time_ns, sensor_id=scan.sensor_id, nation=scan.nation, period_s=scan.period_s)
        if track.status is TrackStatus.LOST:
            track.status = TrackStatus.CONFIRMED
        self._report(track, updates, accepted=(item,))

    def _miss(self, track: Track, scan: MeasurementScan, bank: Bank) -> None:
        row, sees = track.row, scan.detection_probability
        if scan.time_ns < self._tables.time_ns[row] or scan.time_ns <= self._tables.measured_ns[row]:
            return
        if scan.kind == "los":
            thrust = float(bank.weights[BOOST])
            if thrust > _UNSEEN_THRUST:
                bank = bank.copy()
                look = Look(scan.time_ns, None, sees)
                take_look(bank, look)
                self._histories[track.id].add(look, bank)
                self._store(track, bank)
            if thrust < 0.5:
                return
            sees *= thrust
        self._tables.existence[row] = life.after_miss(float(self._tables.existence[row]), detection_probability=sees)
        life.note_miss(track)

    def _unclaimed(
        self, tracks: list[Track], taken: list[tuple[int, float] | None], distance: Array, count: int
    ) -> list[int]:
        """Return the looks that may be new objects: nobody's, and not just outside the gate of an unserved track."""
        used = {item[0] for item in taken if item is not None}
        free = []
        for column in range(count):
            if column in used:
                continue
            owner = any(
                distance[i, column] < _WIDE and taken[i] is None and track.status is TrackStatus.CONFIRMED
                and track.misses <= _UNSERVED_MISSES
                for i, track in enumerate(tracks)
            )  # fmt: skip
            if not owner:
                free.append(column)
        return free

    # --- new tracks -------------------------------------------------------------------------------

    def _initiate(
        self, scan: MeasurementScan, columns: Packed, free: list[int], updates: dict[str, TrackUpdate]
    ) -> None:
        self._loose.forget(scan.time_ns)
        for seed in self._loose.seeds(columns, free, time_ns=scan.time_ns):
            self._start_pair(scan, columns, seed, updates)
        self._loose.add(columns, free, time_ns=scan.time_ns, period_s=scan.period_s)

    def _start_pair(self, scan: MeasurementScan, columns: Packed, seed: Seed, updates: dict[str, TrackUpdate]) -> None:
        earlier = seed.earlier
        first, second = earlier.columns.measurements[earlier.row], columns.measurements[seed.row]
        kind = "los" if "los" in (first.kind, second.kind) else "radar"
        start = _start(seed.state, seed.covariance, kind, earlier.time_ns)
        _take_rate(start, earlier.columns, earlier.row)
        bank = start.at(scan.time_ns)
        _ll, distance = _compare(bank.x[None], bank.p[None], bank.weights[None], columns)
        if not distance[0, seed.row] <= 1.0 or take_row(bank.x, bank.p, bank.weights, columns, seed.row) == -math.inf:
            return
        track = self._new(start, first_ns=earlier.time_ns, status=TrackStatus.TENTATIVE)
        if track is None or not _sound(bank):
            return
        track.used = (first.id, second.id)
        self._histories[track.id].add(Look(scan.time_ns, second), bank)
        self._store(track, bank)
        self._tables.existence[track.row] = life.FIRST_EXISTENCE
        self._tables.measured_ns[track.row] = scan.time_ns
        looks = ((first, earlier.time_ns, earlier.period_s), (second, scan.time_ns, scan.period_s))
        for item, time_ns, period_s in looks:
            life.note_hit(track, time_ns=time_ns, sensor_id=item.sensor_id, nation=item.nation, period_s=period_s)
        self._report(track, updates, accepted=(first, second))

    def _new(self, start: Bank, *, first_ns: int, status: TrackStatus) -> Track | None:
        row = self._tables.take()
        if row is None:
            return None
        self._number += 1
        track = life.new_track(f"{self._prefix}{self._number:05d}", row, first_ns=first_ns, status=status)
        self._tracks[track.id] = track
        self._histories[track.id] = History(start)
        return track

    # --- partners' tracklets ------------------------------------------------------------------------

    def _take_tracklet(self, item: Measurement, scan: MeasurementScan, updates: dict[str, TrackUpdate]) -> None:
        columns = pack([item], time_ns=item.time_ns, scan=None)
        if not columns.usable[0]:
            return
        track, bank = self._tracklet_owner(item, columns)
        if track is None or bank is None:
            self._start_tracklet(item, columns, scan, updates)
            return
        one = MeasurementScan(
            item.time_ns, item.sensor_id, item.nation, "state", (item,), scan.detection_probability, 0.0,
            scan.site_ecef_m, scan.axes_enu, scan.max_range_m, scan.min_elevation_rad, scan.period_s,
        )  # fmt: skip
        self._hit(track, one, columns, (0, 1.0), bank, updates, log_ratio=math.log(100.0))

    def _tracklet_owner(self, item: Measurement, columns: Packed) -> tuple[Track | None, Bank | None]:
        """Return the track a tracklet belongs to, and its bank at the tracklet's time."""
        hinted = self._resolve(item.track_hint)
        tracks = [hinted] if hinted is not None else list(self._tracks.values())
        if not tracks:
            return None, None
        x, p, weights = self._predicted(tracks, item.time_ns)
        log_likelihood, distance = _compare(x, p, weights, columns)
        limit = _HINT_GATE if hinted is not None else 1.0
        log_likelihood[distance > limit] = -math.inf
        best = int(np.argmax(log_likelihood[:, 0]))
        if log_likelihood[best, 0] == -math.inf:
            return None, None
        return tracks[best], Bank(item.time_ns, x[best], p[best], weights[best])

    def _resolve(self, hint: str | None) -> Track | None:
        for _ in range(len(self._aliases) + 1):
            if hint is None or hint in self._tracks:
                break
            hint = self._aliases.get(hint)
        return self._tracks.get(hint) if hint is not None else None

    def _start_tracklet(
        self, item: Measurement, columns: Packed, scan: MeasurementScan, updates: dict[str, TrackUpdate]
    ) -> None:
        covariance = np.ascontiguousarray(item.covariance, dtype=np.float64)
        wide = math.sqrt(np.trace(covariance[:3, :3])) > _TRACKLET_SIGMA_M
        fast = math.sqrt(np.trace(covariance[3:, 3:])) > _TRACKLET_SIGMA_M_S
        if self._resolve(item.track_hint) is not None or (not item.first and (wide or fast)):
            return
        bank = _start(columns.values[0], covariance, "state", item.time_ns)
        track = self._new(bank, first_ns=item.time_ns, status=TrackStatus.CONFIRMED)
        if track is None:
            return
        self._store(track, bank)
        self._tables.existence[track.row] = life.PARTNER_EXISTENCE
        self._tables.measured_ns[track.row] = item.time_ns
        life.note_hit(track, time_ns=item.time_ns, sensor_id=item.sensor_id, nation=item.nation, period_s=scan.period_s)
        self._report(track, updates, accepted=(item,))

    # --- time passes ----------------------------------------------------------------------------------

    def _coast(self, now_ns: int, updates: dict[str, TrackUpdate]) -> None:
        """Bring banks that nothing measured for long forward on their grid; end what reaches the ground."""
        tables = self._tables
        for track in list(self._tracks.values()):
            row = track.row
            while now_ns - tables.time_ns[row] > _COAST_NS:
                coast_once(tables.x[row], tables.p[row], tables.weights[row])
                tables.time_ns[row] += GRID_NS
                self._remix(track)
                if _altitude_m(tables.mean[row]) < _DEEP_M:
                    self._end(track, updates)
                    break

    def _settle(self, now_ns: int, updates: dict[str, TrackUpdate]) -> None:
        """Confirm, drop, lose, end and merge."""
        for track in list(self._tracks.values()):
            if track.id in self._tracks:
                self._settle_one(track, now_ns, updates)
        for older, younger in self._duplicates.find(self._tables, self._tracks, now_ns):
            self._merge(older, younger, updates)

    def _settle_one(self, track: Track, now_ns: int, updates: dict[str, TrackUpdate]) -> None:
        tables, row = self._tables, track.row
        existence, unseen_ns = float(tables.existence[row]), now_ns - int(tables.measured_ns[row])
        if track.status is TrackStatus.TENTATIVE:
            if life.is_dropped(track, existence=existence, unseen_ns=unseen_ns):
                self._end(track, updates)
            elif track.id in updates and life.is_confirmed(
                track, existence=existence, time_ns=now_ns,
                velocity_sigma_m_s=math.sqrt(tables.covariance[row].trace() - _other_trace(tables.covariance[row])),
            ):  # fmt: skip
                self._confirm(track, updates)
        elif track.status is TrackStatus.CONFIRMED:
            if life.is_lost(track, existence=existence, unseen_ns=unseen_ns):
                track.status, track.lost_ns = TrackStatus.LOST, now_ns
                self._report(track, updates)
        elif life.is_ended(
            track, altitude_m=_altitude_m(tables.mean[row]), aircraft=float(tables.weights[row, AIR]), time_ns=now_ns
        ):
            self._end(track, updates)

    def _confirm(self, track: Track, updates: dict[str, TrackUpdate]) -> None:
        """Confirm a track: as the continuation of a lost one where it fits, else unless it doubles a confirmed one."""
        accepted = updates[track.id].accepted
        for rival in [other for other in self._tracks.values() if other is not track]:
            if rival.status is TrackStatus.TENTATIVE and set(rival.used) & set(track.used):
                self._end(rival, updates)
        match = same_object(self._tables, self._tracks, track)
        if match is not None and match.status is TrackStatus.CONFIRMED:
            self._end(track, updates, replaced_by=match.id)
            return
        track.status = TrackStatus.CONFIRMED
        if match is None:
            self._report(track, updates, accepted=accepted)
            return
        updates.pop(track.id, None)
        self._continue(match, track)
        self._report(match, updates, accepted=accepted, replaces=track.id)

    def _continue(self, older: Track, newer: Track) -> None:
        """Give the newer track's numbers to the older's name; the newer name becomes an alias."""
        self._tables.release(older.row)
        older.row, older.status = newer.row, newer.status
        older.hits += newer.hits
        older.misses, older.looks, older.look_times_ns = newer.misses, newer.looks, newer.look_times_ns
        older.longest_period_s = max(older.longest_period_s, newer.longest_period_s)
        for sensor_id, nation in newer.sensors.items():
            older.sensors.setdefault(sensor_id, nation)
        self._histories[older.id] = self._histories.pop(newer.id)
        self._forget(newer, replaced_by=older.id)

    def _merge(self, older: Track, younger: Track, updates: dict[str, TrackUpdate]) -> None:
        tables = self._tables
        better = tables.covariance[younger.row].trace() < tables.covariance[older.row].trace()
        accepted = tuple(
            item for track in (older, younger) if track.id in updates for item in updates[track.id].accepted
        )
        updates.pop(younger.id, None)
        if better or older.status is TrackStatus.LOST:
            self._continue(older, younger)
        else:
            older.sensors.update({key: value for key, value in younger.sensors.items() if key not in older.sensors})
            tables.release(younger.row)
            del self._histories[younger.id]
            self._forget(younger, replaced_by=older.id)
        self._report(older, updates, accepted=accepted, replaces=younger.id)

    def _end(self, track: Track, updates: dict[str, TrackUpdate], *, replaced_by: str | None = None) -> None:
        track.status = TrackStatus.ENDED
        self._report(track, updates)
        self._tables.release(track.row)
        del self._histories[track.id]
        self._forget(track, replaced_by=replaced_by)

    def _forget(self, track: Track, *, replaced_by: str | None) -> None:
        del self._tracks[track.id]
        self._current.pop(track.id, None)
        self._duplicates.forget(track.id)
        if replaced_by is not None:
            self._aliases[track.id] = replaced_by

    # --- numbers to words -------------------------------------------------------------------------------

    def _store(self, track: Track, bank: Bank) -> None:
        tables, row = self._tables, track.row
        tables.x[row], tables.p[row], tables.weights[row] = bank.x, bank.p, bank.weights
        tables.time_ns[row] = bank.time_ns
        self._remix(track)

    def _remix(self, track: Track) -> None:
        tables, row = self._tables, track.row
        mixture(tables.x[row], tables.p[row], tables.weights[row], tables.mean[row], tables.covariance[row])
        tables.mean_ns[row] = tables.time_ns[row]

    def _report(
        self, track: Track, updates: dict[str, TrackUpdate], *, accepted: tuple[Measurement, ...] = (),
        replaces: str | None = None,
    ) -> None:  # fmt: skip
        tables, row = self._tables, track.row
        before = updates.get(track.id)
        update = TrackUpdate(
            picture=self._picture, track_id=track.id, time_ns=int(tables.mean_ns[row]), status=track.status,
            mean=tables.mean[row].copy(), covariance=tables.covariance[row].copy(), modes=tables.weights[row].copy(),
            existence=float(tables.existence[row]), first_time_ns=track.first_ns,
            last_measured_ns=int(tables.measured_ns[row]), sensors=tuple(track.sensors),
            nations=tuple(dict.fromkeys(track.sensors.values())),
            accepted=accepted if accepted or before is None else before.accepted,
            replaces=replaces if replaces is not None or before is None else before.replaces,
        )  # fmt: skip
        updates[track.id] = update
        self._current[track.id] = update


def _compare(x: Array, p: Array, weights: Array, columns: Packed) -> tuple[Array, Array]:
    shape = (x.shape[0], len(columns.measurements))
    log_likelihood, distance = np.full(shape, -math.inf), np.full(shape, math.inf)
    if log_likelihood.size:
        likelihoods(
            x, p, weights, columns.kind, columns.values, columns.sigmas, columns.sites, columns.axes,
            columns.whiteners, columns.offset_s, columns.points, columns.point_covariances, columns.log_scale,
            log_likelihood, distance,
        )  # fmt: skip
    return log_likelihood, distance


def _log_ratios(
    scan: MeasurementScan, log_likelihood: Array, distance: Array, columns: Packed, weights: Array
) -> Array:
    """Return for each gated pair the log of taking it against missing it; -inf outside the gate."""
    sees = min(scan.detection_probability, 0.98)
    ratio = log_likelihood + math.log(sees / (1.0 - sees)) - columns.log_clutter[None, :]
    if scan.kind == "los":
        ratio = ratio + np.log(np.maximum(weights[:, BOOST], 0.01))[:, None]
    return np.where(distance <= 1.0, ratio, -math.inf)


def _start(state: Array, covariance: Array, kind: str, time_ns: int) -> Bank:
    bank = Bank(time_ns, np.zeros((MODELS, STATE)), np.zeros((MODELS, STATE, STATE)), np.array(_PRIOR[kind]))
    start_bank(np.ascontiguousarray(state[:6]), np.ascontiguousarray(covariance), bank.weights, bank.x, bank.p)
    return bank


def _take_rate(bank: Bank, columns: Packed, row: int) -> None:
    """Take the range rate of the look that gave the starting position; the position itself is used already."""
    if columns.kind[row] != RADAR or math.isnan(columns.values[row, 3]):
        return
    only = pack([columns.measurements[row]], time_ns=bank.time_ns, scan=None)
    only.values[0, :3] = math.nan
    take_row(bank.x, bank.p, bank.weights, only, 0)


def _sound(bank: Bank) -> bool:
    """Say whether a bank holds finite numbers only; one that does not is never stored."""
    return bool(np.isfinite(bank.x).all() and np.isfinite(bank.p).all() and np.isfinite(bank.weights).all())


def _altitude_m(mean: Array) -> float:
    return altitude_and_up(mean[0], mean[1], mean[2])[0]


def _other_trace(covariance: Array) -> float:
    return float(covariance[:3, :3].trace() + covariance[6:, 6:].trace())
