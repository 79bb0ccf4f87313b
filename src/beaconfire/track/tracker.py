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

from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.records import Measurement, MeasurementScan, PictureName, TrackStatus, TrackUpdate
from beaconfire.track import life
from beaconfire.track.bank import BIASES, start_bank
from beaconfire.track.health import Health
from beaconfire.track.history import Bank, Look, take_look, take_row
from beaconfire.track.initiate import LooseLooks, Seed
from beaconfire.track.meet import UNSEEN_THRUST, Meeting, compare, everything, meet, nearest, shared, unclaimed, widened
from beaconfire.track.models import BOOST, MODELS, STATE
from beaconfire.track.pack import Packed, pack
from beaconfire.track.roster import Roster, Updates
from beaconfire.track.rows import update_rows
from beaconfire.track.tables import Banks, Track

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

# Prior probabilities of the models for a new track: what a radar sees high up, what thrusts for an infrared sensor,
# what a partner tells of; and what a radar sees in the layers where aircraft fly.
_PRIOR = {"radar": (0.40, 0.54, 0.02, 0.04), "los": (0.94, 0.03, 0.01, 0.02), "state": (0.35, 0.45, 0.02, 0.18)}
_LOW_PRIOR, _LOW_M = (0.06, 0.03, 0.01, 0.90), 16e3
_HINT_GATE = 3.0  # shares of a gate for a tracklet that names its track
_TRACKLET_RATIO = math.log(100.0)  # what one tracklet says for the track's existence
_TRACKLET_SIGMA_M, _TRACKLET_SIGMA_M_S = 50e3, 1e3  # a wider increment starts no track


class Tracker:
    """Tracks of one picture (`own` or `fused`); ids are `id_prefix` and a number."""

    def __init__(self, picture: PictureName, *, id_prefix: str) -> None:
        self._roster = Roster(picture, id_prefix=id_prefix)
        self._loose = LooseLooks()
        self._health = Health()

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

    def withdraw(self, track_id: str, prefix: str) -> list[TrackUpdate]:
        """Compute a track anew without the measurements whose ids begin so; one that rests on them alone ends."""
        updates: Updates = {}
        track = self._roster.named(track_id)
        if track is not None:
            self._roster.withdraw(track, prefix, updates)
        return list(updates.values())

    def current(self) -> Mapping[str, TrackUpdate]:
        """Return the last update of every live track by id."""
        return self._roster.current

    def doubted(self) -> Mapping[str, float]:
        """Return the sensors whose looks lie further off than their stated noise, and by how much it is widened."""
        return self._health.doubted

    def drain_noise_news(self) -> dict[str, float]:
        """Return the sensors whose doubt has changed since this was last asked, and their factors (1: believed)."""
        return self._health.drain_news()

    def checkpoint(self) -> Self:
        """Return an independent copy: both go on without touching each other."""
        other = type(self)("own", id_prefix="")
        other._roster, other._loose = self._roster.copy(), self._loose.copy()
        other._health = self._health.copy()
        return other

    # --- one scan of a sensor ---------------------------------------------------------------------

    def _take_scan(self, scan: MeasurementScan, updates: Updates) -> None:
        scan = widened(scan, self._health.factor(scan.sensor_id))
        columns = pack(scan.measurements, time_ns=scan.time_ns, scan=scan)
        meeting = meet(self._roster, scan, columns)
        self._health.take(scan.sensor_id, nearest(meeting))
        for track in meeting.unmet:
            self._miss(track, scan, None)
        taken, log_ratio = shared(meeting, len(columns.measurements))
        free = unclaimed(meeting, taken, len(columns.measurements))
        self._hits(scan, columns, meeting, taken, log_ratio, updates)
        for i in np.flatnonzero((taken < 0) & meeting.inside).tolist():
            self._miss(meeting.tracks[i], scan, meeting.banks.one(i))
        self._initiate(scan, columns, free, updates)

    def _hits(
        self, scan: MeasurementScan, columns: Packed, meeting: Meeting, taken: Rows, log_ratio: Array, updates: Updates
    ) -> None:
        """Update every track with the detection it took, those in order all at once, late ones by replay."""
        roster, banks, picks = self._roster, meeting.banks, np.flatnonzero(taken >= 0)
        biased = (columns.biases != 0.0).any(axis=1)
        looks: list[tuple[Track, Look]] = []
        for i in picks.tolist():
            track, item = meeting.tracks[i], columns.measurements[taken[i]]
            column = track.claim_column(item.sensor_id) if biased[taken[i]] else -1
            banks.used[i] = track.used
            looks.append((track, Look(scan.time_ns, item, column)))
        on_time = np.array([not roster.is_late(track, scan.time_ns) for track, _ in looks], np.bool_)
        first = np.array([look.column for _, look in looks], np.int64)
        done = np.zeros(len(picks), np.bool_)
        sound = np.empty(int(on_time.sum()), np.bool_)
        update_rows(
            banks.x, banks.p, banks.c, banks.used, banks.weights, picks[on_time], taken[picks[on_time]],
            first[on_time], sound, *columns.for_update(),
        )  # fmt: skip
        done[on_time] = sound
        roster.keep_all([looks[n] for n in np.flatnonzero(done)], banks, picks[done])
        for n, (track, look) in enumerate(looks):
            if done[n] or (not on_time[n] and self._replayed(track, look)):
                self._note(track, scan, look, updates, log_ratio=float(log_ratio[picks[n]]))

    def _hit(
        self, track: Track, scan: MeasurementScan, columns: Packed, row: int, bank: Bank, updates: Updates, *,
        log_ratio: float,
    ) -> None:  # fmt: skip
        """Update one track with one detection, in order or by replay."""
        item, roster = columns.measurements[row], self._roster
        column = track.claim_column(item.sensor_id) if columns.biases[row].any() else -1
        look = Look(scan.time_ns, item, column)
        if roster.is_late(track, scan.time_ns):
            if not self._replayed(track, look):
                return
        else:
            bank = bank.at(scan.time_ns, used=track.used)
            if not take_row(bank, columns, row, column=column):
                return
            roster.keep(track, look, bank)
            roster.saw(track, scan.time_ns)
        self._note(track, scan, look, updates, log_ratio=log_ratio)

    def _replayed(self, track: Track, look: Look) -> bool:
        """Take in a late look; says whether that was possible."""
        late = self._roster.histories[track.id].insert(look, used=track.used)
        if late is None or not late.is_sound():
            return False
        self._roster.store(track, late)
        self._roster.saw(track, look.time_ns)
        return True

    def _note(self, track: Track, scan: MeasurementScan, look: Look, updates: Updates, *, log_ratio: float) -> None:
        """Count a look that a track took, and report the track."""
        roster, item = self._roster, look.measurement
        assert item is not None, "only what was measured is taken"
        tables, place = roster.tables, track.row
        tables.existence[place] = life.after_hit(float(tables.existence[place]), log_ratio=log_ratio)
        roster.hit(track, time_ns=scan.time_ns, sensor_id=item.sensor_id, nation=item.nation, period_s=scan.period_s)
        if track.status is TrackStatus.LOST:
            tables.mark(track, TrackStatus.CONFIRMED)
        roster.report(track, updates, accepted=(item,))

    def _miss(self, track: Track, scan: MeasurementScan, bank: Bank | None) -> None:
        """Count a look that should have seen the track; an infrared one also says something of its thrust."""
        roster, sees = self._roster, life.believed(scan.detection_probability)
        if roster.is_late(track, scan.time_ns) or scan.time_ns <= roster.tables.measured_ns[track.row]:
            return
        if scan.kind == "los" and bank is not None:
            thrust = float(bank.weights[BOOST])
            if thrust > UNSEEN_THRUST:
                look = Look(scan.time_ns, None, detection_probability=sees)
                bank = bank.at(scan.time_ns, used=track.used)
                take_look(bank, look)
                roster.keep(track, look, bank)
            if thrust < 0.5:
                return
            sees *= thrust
        roster.missed(track, detection_probability=sees)

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
        if not take_row(bank, old.columns, old.row, column=column):
            return
        ahead = bank.at(scan.time_ns, used=track.used)
        _, distance = compare(Banks.of(ahead), columns, [track], np.array([0, 1]), np.array([seed.row]))
        if not distance[0] <= 1.0:
            return
        started = self._roster.start(start, status=TrackStatus.TENTATIVE, existence=life.FIRST_EXISTENCE)
        if started is None:
            return
        started.columns, started.used_ids = track.columns, (first.id, second.id)
        self._roster.keep(started, Look(old.time_ns, first, column), bank)
        self._roster.hit(
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
        tracks, rows = ([hinted], np.array([hinted.row])) if hinted is not None else self._roster.flying()
        if not tracks:
            return None, None
        banks = self._roster.banks(tracks, rows, item.time_ns)
        log_likelihood, distance = compare(banks, columns, tracks, *everything(len(tracks), 1))
        log_likelihood[distance > (_HINT_GATE if hinted is not None else 1.0)] = -math.inf
        best = int(np.argmax(log_likelihood))
        if log_likelihood[best] == -math.inf:
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
        track.used_ids = (item.id,)
        self._roster.hit(
            track, time_ns=item.time_ns, sensor_id=item.sensor_id, nation=item.nation, period_s=scan.period_s
        )
        self._roster.report(track, updates, accepted=(item,))


def _start(state: Array, covariance: Array, kind: str, time_ns: int) -> Bank:
    """Return a bank at its prior: position and velocity given, every model's own parameters open."""
    low = kind != "los" and altitude_and_up(state[0], state[1], state[2])[0] < _LOW_M
    bank = Bank(
        time_ns, np.zeros((MODELS, STATE)), np.zeros((MODELS, STATE, STATE)), np.zeros((MODELS, STATE, BIASES)),
        np.array(_LOW_PRIOR if low else _PRIOR[kind]),
    )  # fmt: skip
    start_bank(np.ascontiguousarray(state[:6]), np.ascontiguousarray(covariance), bank.weights, bank.x, bank.p)
    return bank
