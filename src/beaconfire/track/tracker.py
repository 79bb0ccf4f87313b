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
from beaconfire.track.bank import BIASES, start_bank
from beaconfire.track.gate import INSIDE, OUT, any_near, coverage, extrapolate, likelihoods
from beaconfire.track.history import Bank, Look, take_look, take_row
from beaconfire.track.initiate import LooseLooks, Seed
from beaconfire.track.models import BOOST, MODELS, STATE
from beaconfire.track.pack import Packed, pack
from beaconfire.track.roster import Roster, Updates
from beaconfire.track.tables import Banks, Track

Array = NDArray[np.float64]
Choice = tuple[int, float]  # a detection's column and the association weight with which it is taken

# Prior probabilities of the models for a new track: what a radar sees high up, what thrusts for an infrared sensor,
# what a partner tells of; and what a radar sees in the layers where aircraft fly.
_PRIOR = {"radar": (0.40, 0.54, 0.02, 0.04), "los": (0.94, 0.03, 0.01, 0.02), "state": (0.35, 0.45, 0.02, 0.18)}
_LOW_PRIOR, _LOW_M = (0.06, 0.03, 0.01, 0.90), 16e3
_WIDE = 4.0  # shares of a gate: a look this near to an unserved track is taken to be its own, not a new object
_UNSERVED_MISSES = 2  # a track that missed more often may have to be started anew
_DIRECT_SIGMA_M = 25e3  # a lost track wider than this only comes back through a confirmed new one
_UNSEEN_THRUST = 0.02  # below this probability of thrust an infrared look that saw nothing says nothing
_MOST_DETECTION = 0.98  # a sensor that claims never to miss is not believed
_HINT_GATE = 3.0  # shares of a gate for a tracklet that names its track
_TRACKLET_RATIO = math.log(100.0)  # what one tracklet says for the track's existence
_TRACKLET_SIGMA_M, _TRACKLET_SIGMA_M_S = 50e3, 1e3  # a wider increment starts no track


class Tracker:
    """Tracks of one picture (`own` or `fused`); ids are `id_prefix` and a number."""

    def __init__(self, picture: PictureName, *, id_prefix: str) -> None:
        self._roster = Roster(picture, id_prefix=id_prefix)
        self._loose = LooseLooks()

    def scan(self, scan: MeasurementScan) -> list[TrackUpdate]:
        """Take in one scan (radar, infrared, or partners' tracklets), late ones too; returns the updates it caused."""
        updates: Updates = {}
        self._roster.coast(scan.time_ns)
        if scan.kind == "state":
            for item in sorted(scan.measurements, key=lambda one: one.time_ns):
                self._take_tracklet(item, scan, updates)
        else:
            self._take_scan(scan, updates)
        self._roster.settle(scan.time_ns, updates)
        return list(updates.values())

    def advance(self, now_ns: int) -> list[TrackUpdate]:
        """Let time pass: returns the tracks that were lost, dropped or ended by it."""
        updates: Updates = {}
        self._roster.coast(now_ns)
        self._roster.settle(now_ns, updates)
        return list(updates.values())

    def current(self) -> Mapping[str, TrackUpdate]:
        """Return the last update of every live track by id."""
        return self._roster.current

    def checkpoint(self) -> Self:
        """Return an independent copy: both go on without touching each other."""
        other = type(self)("own", id_prefix="")
        other._roster, other._loose = self._roster.copy(), self._loose.copy()
        return other

    # --- one scan of a sensor ---------------------------------------------------------------------

    def _take_scan(self, scan: MeasurementScan, updates: Updates) -> None:
        columns = pack(scan.measurements, time_ns=scan.time_ns, scan=scan)
        tracks, seen = self._visible(scan, columns)
        banks = self._roster.banks(tracks, scan.time_ns)
        log_likelihood, distance = _compare(banks, columns, tracks)
        log_ratio = _log_ratios(scan, log_likelihood, distance, columns, banks.weights)
        taken = _assign(tracks, log_ratio)
        for i, track in enumerate(tracks):
            choice = taken[i]
            if choice is not None:
                ratio = float(log_ratio[i, choice[0]]) + math.log(max(choice[1], 1e-3))
                self._hit(track, scan, columns, choice[0], banks.one(i), updates, log_ratio=ratio)
            elif seen[i] == INSIDE:
                self._miss(track, scan, banks.one(i))
        free = _unclaimed(tracks, taken, distance, len(columns.measurements))
        self._initiate(scan, columns, free, updates)

    def _visible(self, scan: MeasurementScan, columns: Packed) -> tuple[list[Track], NDArray[np.int64]]:
        """Return the tracks that one of the detections may be of, and whether the sensor must see them.

        What it must see and nothing is near is counted as missed here: no prediction is needed to say so.
        """
        tables, tracks = self._roster.tables, self._roster.flying()
        rows = np.array([track.row for track in tracks], np.int64)
        ahead, spreads, seen = np.empty((len(rows), STATE)), np.empty(len(rows)), np.empty(len(rows), np.int64)
        ahead_s = (scan.time_ns - tables.time_ns[rows]).astype(np.float64) * 1e-9
        extrapolate(tables.mean[rows], tables.covariance[rows], ahead_s, ahead, spreads)
        kind = LOS if scan.kind == "los" else RADAR
        coverage(
            kind, scan.site_ecef_m, scan.axes_enu, scan.max_range_m, scan.min_elevation_rad, scan.min_altitude_m,
            ahead, spreads, seen,
        )  # fmt: skip
        met = np.empty(len(rows), np.bool_)
        any_near(
            ahead, spreads, columns.kind, columns.values, columns.sites, columns.points, columns.point_covariances, met
        )
        if scan.kind == "los":  # a look at something hot that saw nothing says something of its thrust
            met |= tables.weights[rows, BOOST] > _UNSEEN_THRUST
        chosen = []
        for i, track in enumerate(tracks):
            if seen[i] == OUT or (track.status is TrackStatus.LOST and spreads[i] > _DIRECT_SIGMA_M):
                continue
            if met[i]:
                chosen.append(i)
            elif seen[i] == INSIDE and scan.kind == "radar":
                self._miss(track, scan, None)
        return [tracks[i] for i in chosen], seen[chosen]

    def _hit(
        self, track: Track, scan: MeasurementScan, columns: Packed, row: int, bank: Bank, updates: Updates, *,
        log_ratio: float,
    ) -> None:  # fmt: skip
        """Update a track with the detection it took, in order or by replay."""
        item, roster = columns.measurements[row], self._roster
        column = track.claim_column(item.sensor_id) if columns.biases[row].any() else -1
        look = Look(scan.time_ns, item, column)
        if roster.is_late(track, scan.time_ns):
            late = roster.histories[track.id].insert(look, used=track.used)
            if late is None or not late.is_sound():
                return
            roster.store(track, late)
        else:
            bank = bank.at(scan.time_ns, used=track.used)
            if take_row(bank, columns, row, column=column) == -math.inf or not bank.is_sound():
                return
            roster.keep(track, look, bank)
        roster.saw(track, scan.time_ns)
        tables, place = roster.tables, track.row
        tables.existence[place] = life.after_hit(float(tables.existence[place]), log_ratio=log_ratio)
        life.note_hit(track, time_ns=scan.time_ns, sensor_id=item.sensor_id, nation=item.nation, period_s=scan.period_s)
        if track.status is TrackStatus.LOST:
            track.status = TrackStatus.CONFIRMED
        roster.report(track, updates, accepted=(item,))

    def _miss(self, track: Track, scan: MeasurementScan, bank: Bank | None) -> None:
        """Count a look that should have seen the track; an infrared one also says something of its thrust."""
        tables, row, sees = self._roster.tables, track.row, min(scan.detection_probability, _MOST_DETECTION)
        if self._roster.is_late(track, scan.time_ns) or scan.time_ns <= tables.measured_ns[row]:
            return
        if scan.kind == "los" and bank is not None:
            thrust = float(bank.weights[BOOST])
            if thrust > _UNSEEN_THRUST:
                look = Look(scan.time_ns, None, detection_probability=sees)
                bank = bank.at(scan.time_ns, used=track.used)
                take_look(bank, look)
                self._roster.keep(track, look, bank)
            if thrust < 0.5:
                return
            sees *= thrust
        tables.existence[row] = life.after_miss(float(tables.existence[row]), detection_probability=sees)
        life.note_miss(track)

    # --- new tracks -------------------------------------------------------------------------------

    def _initiate(self, scan: MeasurementScan, columns: Packed, free: list[int], updates: Updates) -> None:
        self._loose.forget(scan.time_ns)
        for seed in self._loose.seeds(columns, free, time_ns=scan.time_ns):
            self._start_pair(scan, columns, seed, updates)
        self._loose.add(columns, free, time_ns=scan.time_ns, period_s=scan.period_s)

    def _start_pair(self, scan: MeasurementScan, columns: Packed, seed: Seed, updates: Updates) -> None:
        """Start a tentative track at the earlier look of a pair, if the later one then falls into its gate."""
        old = seed.earlier
        first, second = old.columns.measurements[old.row], columns.measurements[seed.row]
        kind = "los" if "los" in (first.kind, second.kind) else "radar"
        start = _start(seed.state, seed.covariance, kind, old.time_ns)
        track = life.new_track("", 0, first_ns=old.time_ns, status=TrackStatus.TENTATIVE)
        column = track.claim_column(first.sensor_id) if old.columns.biases[old.row].any() else -1
        bank = start.at(old.time_ns, used=track.used)
        if take_row(bank, old.columns, old.row, column=column) == -math.inf or not bank.is_sound():
            return
        ahead = bank.at(scan.time_ns, used=track.used)
        _, distance = _compare(Banks.of(ahead), columns, [track])
        if not distance[0, seed.row] <= 1.0:
            return
        started = self._roster.start(start, status=TrackStatus.TENTATIVE, existence=life.FIRST_EXISTENCE)
        if started is None:
            return
        started.columns, started.used_ids = track.columns, (first.id, second.id)
        self._roster.keep(started, Look(old.time_ns, first, column), bank)
        life.note_hit(
            started, time_ns=old.time_ns, sensor_id=first.sensor_id, nation=first.nation, period_s=old.period_s
        )
        self._roster.report(started, updates, accepted=(first,))
        self._hit(started, scan, columns, seed.row, ahead, updates, log_ratio=0.0)

    # --- partners' tracklets ------------------------------------------------------------------------

    def _take_tracklet(self, item: Measurement, scan: MeasurementScan, updates: Updates) -> None:
        columns = pack([item], time_ns=item.time_ns, scan=None)
        if not columns.usable[0]:
            return
        track, bank = self._tracklet_owner(item, columns)
        if track is None or bank is None:
            self._start_tracklet(item, columns, scan, updates)
            return
        own = MeasurementScan(
            item.time_ns, item.sensor_id, item.nation, "state", (item,), scan.detection_probability, 0.0,
            scan.site_ecef_m, scan.axes_enu, scan.max_range_m, scan.min_elevation_rad, scan.period_s,
        )  # fmt: skip
        self._hit(track, own, columns, 0, bank, updates, log_ratio=_TRACKLET_RATIO)

    def _tracklet_owner(self, item: Measurement, columns: Packed) -> tuple[Track | None, Bank | None]:
        """Return the track a tracklet belongs to, and its bank at the tracklet's time."""
        hinted = self._roster.named(item.track_hint)
        if hinted is not None and hinted.fallen:
            return None, None
        tracks = [hinted] if hinted is not None else self._roster.flying()
        if not tracks:
            return None, None
        banks = self._roster.banks(tracks, item.time_ns)
        log_likelihood, distance = _compare(banks, columns, tracks)
        log_likelihood[distance > (_HINT_GATE if hinted is not None else 1.0)] = -math.inf
        best = int(np.argmax(log_likelihood[:, 0]))
        if log_likelihood[best, 0] == -math.inf:
            return None, None
        return tracks[best], banks.one(best)

    def _start_tracklet(self, item: Measurement, columns: Packed, scan: MeasurementScan, updates: Updates) -> None:
        covariance = np.ascontiguousarray(item.covariance, dtype=np.float64)
        wide = math.sqrt(float(np.trace(covariance[:3, :3]))) > _TRACKLET_SIGMA_M
        fast = math.sqrt(float(np.trace(covariance[3:, 3:]))) > _TRACKLET_SIGMA_M_S
        if self._roster.named(item.track_hint) is not None or (not item.first and (wide or fast)):
            return
        bank = _start(columns.values[0], covariance, "state", item.time_ns)
        track = self._roster.start(bank, status=TrackStatus.CONFIRMED, existence=life.PARTNER_EXISTENCE)
        if track is None:
            return
        life.note_hit(track, time_ns=item.time_ns, sensor_id=item.sensor_id, nation=item.nation, period_s=scan.period_s)
        self._roster.report(track, updates, accepted=(item,))


def _assign(tracks: list[Track], log_ratio: Array) -> list[Choice | None]:
    """Let confirmed and lost tracks choose first, then tentative ones."""
    taken: list[Choice | None] = [None] * len(tracks)
    if not log_ratio.size:
        return taken
    left = log_ratio.copy()
    tentative = np.array([track.status is TrackStatus.TENTATIVE for track in tracks])
    for tier in (np.flatnonzero(~tentative), np.flatnonzero(tentative)):
        if not tier.size:
            continue
        for rows, columns in clusters(left[tier] > 0.0):
            if len(rows) == 1 and len(columns) == 1:  # nobody competes
                ratio = float(left[tier[rows[0]], columns[0]])
                taken[tier[rows[0]]] = (int(columns[0]), 1.0 / (1.0 + math.exp(-ratio)))
                continue
            ratios = left[np.ix_(tier[rows], columns)]
            chosen = best_assignment(ratios)
            belief = association_weights(ratios)
            for row, column in enumerate(chosen):
                if column >= 0:
                    taken[tier[rows[row]]] = (int(columns[column]), float(belief[row, column]))
        left[:, [choice[0] for choice in taken if choice is not None]] = -math.inf
    return taken


def _unclaimed(tracks: list[Track], taken: list[Choice | None], distance: Array, count: int) -> list[int]:
    """Return the looks that may be new objects: nobody's, and not just outside the gate of an unserved track."""
    used = {choice[0] for choice in taken if choice is not None}
    unserved = [
        i
        for i, track in enumerate(tracks)
        if taken[i] is None and track.status is TrackStatus.CONFIRMED and track.misses <= _UNSERVED_MISSES
    ]
    near = np.flatnonzero((distance[unserved] < _WIDE).any(axis=0)) if unserved else np.zeros(0, np.int64)
    held = used | set(near.tolist())
    return [column for column in range(count) if column not in held]


def _compare(banks: Banks, columns: Packed, tracks: list[Track]) -> tuple[Array, Array]:
    """Return log likelihoods and gate distances (tracks, measurements)."""
    shape = (len(tracks), len(columns.measurements))
    log_likelihood, distance = np.full(shape, -math.inf), np.full(shape, math.inf)
    if not log_likelihood.size:
        return log_likelihood, distance
    sensor_id = columns.measurements[0].sensor_id
    first = np.array([track.column_of(sensor_id) for track in tracks], np.int64)
    likelihoods(
        banks.x, banks.p, banks.c, first, banks.weights, columns.kind, columns.values, columns.sigmas, columns.biases,
        columns.sites, columns.axes, columns.whiteners, columns.offset_s, columns.points, columns.point_covariances,
        columns.log_scale, log_likelihood, distance,
    )  # fmt: skip
    return log_likelihood, distance


def _log_ratios(
    scan: MeasurementScan, log_likelihood: Array, distance: Array, columns: Packed, weights: Array
) -> Array:
    """Return for each gated pair the log of taking it against missing it; -inf outside the gate."""
    sees = min(scan.detection_probability, _MOST_DETECTION)
    ratio = log_likelihood + math.log(sees / (1.0 - sees)) - columns.log_clutter[None, :]
    if scan.kind == "los":
        ratio = ratio + np.log(np.maximum(weights[:, BOOST], 0.01))[:, None]
    return np.where(distance <= 1.0, ratio, -math.inf)


def _start(state: Array, covariance: Array, kind: str, time_ns: int) -> Bank:
    """Return a bank at its prior: position and velocity given, every model's own parameters open."""
    low = kind != "los" and altitude_and_up(state[0], state[1], state[2])[0] < _LOW_M
    bank = Bank(
        time_ns, np.zeros((MODELS, STATE)), np.zeros((MODELS, STATE, STATE)), np.zeros((MODELS, STATE, BIASES)),
        np.array(_LOW_PRIOR if low else _PRIOR[kind]),
    )  # fmt: skip
    start_bank(np.ascontiguousarray(state[:6]), np.ascontiguousarray(covariance), bank.weights, bank.x, bank.p)
    return bank
