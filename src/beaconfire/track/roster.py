"""The roster of one picture: names and numbers of its tracks, and everything that happens to a track as a whole.

Starting, storing, reporting, confirming, losing, merging and ending happen here; what a scan means is decided in
`tracker`. Changes are collected as updates by track id, in the order in which the tracks were first touched.
"""

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.records import Measurement, PictureName, TrackStatus, TrackUpdate
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track import life
from beaconfire.track.bank import GRID_NS, coast_once, mixture
from beaconfire.track.history import Bank, History, Look
from beaconfire.track.merge import Duplicates, same_object
from beaconfire.track.models import AIR
from beaconfire.track.rows import predict_rows, store_rows
from beaconfire.track.tables import LOST, TENTATIVE, Banks, Tables, Track

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Updates = dict[str, TrackUpdate]

_SETTLE_NS = NS_PER_S // 2
_COAST_NS = 3 * GRID_NS  # older banks are brought forward in the tables, whole grid steps at a time


class Roster:
    """The tracks of one picture."""

    def __init__(self, picture: PictureName, *, id_prefix: str) -> None:
        self.tables = Tables()
        self.tracks: dict[str, Track] = {}
        self.histories: dict[str, History] = {}
        self.current: dict[str, TrackUpdate] = {}
        self._picture: PictureName = picture
        self._prefix = id_prefix
        self._number = 0
        self._duplicates = Duplicates()
        self._aliases: dict[str, str] = {}
        self._settled_ns = 0
        self._missed: set[str] = set()  # since everything was last settled
        self._listed: tuple[list[Track], Rows] | None = None

    def copy(self) -> Self:
        """Return an independent copy."""
        other = type(self)(self._picture, id_prefix=self._prefix)
        other.tables, other._number = self.tables.copy(), self._number
        other.tracks = {name: track.copy() for name, track in self.tracks.items()}
        other.histories = {name: history.copy() for name, history in self.histories.items()}
        other.current, other._aliases = dict(self.current), dict(self._aliases)
        other._settled_ns = self._settled_ns
        other._duplicates, other._missed = self._duplicates.copy(), set(self._missed)
        return other

    def start(self, bank: Bank, *, status: TrackStatus, existence: float) -> Track | None:
        """Give a new track a name and a row, with its history starting at the bank; None when the tables are full."""
        row = self.tables.take()
        if row is None:
            return None
        self._number += 1
        track = life.new_track(f"{self._prefix}{self._number:05d}", row, first_ns=bank.time_ns, status=status)
        self.tables.mark(track, status)
        self.tracks[track.id], self._listed = track, None
        self.histories[track.id] = History(bank)
        self.tables.existence[row] = existence
        self.store(track, bank)
        self.saw(track, bank.time_ns)
        return track

    def listed(self) -> tuple[list[Track], Rows]:
        """Return all tracks in order of their start, and their rows."""
        if self._listed is None:
            tracks = list(self.tracks.values())
            self._listed = tracks, np.array([track.row for track in tracks], np.int64)
        return self._listed

    def flying(self) -> tuple[list[Track], Rows]:
        """Return the tracks that a sensor could meet, and their rows: all but those predicted to have fallen."""
        tracks, rows = self.listed()
        standing = [track for track in tracks if not track.fallen]
        return (tracks, rows) if len(standing) == len(tracks) else (standing, _rows(standing))

    def banks(self, tracks: list[Track], rows: Rows, time_ns: int) -> Banks:
        """Return copies of the tracks' banks predicted to a time; for a past time, as they were then."""
        used = np.array([track.used for track in tracks], np.int64)
        tables = self.tables
        banks = Banks(time_ns, tables.x[rows], tables.p[rows], tables.c[rows], tables.weights[rows], used)
        ahead_ns = time_ns - tables.time_ns[rows]
        predict_rows(banks.x, banks.p, banks.c, used, banks.weights, np.maximum(ahead_ns, 0))
        for i in np.flatnonzero(ahead_ns < 0):
            past = self.histories[tracks[i].id].bank_at(time_ns, used=tracks[i].used)
            if past is None:
                banks.weights[i] = 0.0  # opens no gate
            else:
                banks.x[i], banks.p[i], banks.c[i], banks.weights[i] = past.x, past.p, past.c, past.weights
        return banks

    def is_late(self, track: Track, time_ns: int) -> bool:
        """Say whether the track's bank is already past a time."""
        return time_ns < int(self.tables.time_ns[track.row])

    def keep(self, track: Track, look: Look, bank: Bank) -> None:
        """Store a bank that took a look in order of time."""
        self.histories[track.id].add(look, bank)
        self.store(track, bank)

    def store(self, track: Track, bank: Bank) -> None:
        """Write a bank into the tables."""
        tables, row = self.tables, track.row
        tables.x[row], tables.p[row], tables.c[row], tables.weights[row] = bank.x, bank.p, bank.c, bank.weights
        tables.time_ns[row] = bank.time_ns
        self._remix(track)

    def keep_all(self, looks: list[tuple[Track, Look]], banks: Banks, picks: Rows) -> None:
        """Store bank `picks[n]`, which took track and look n in order; as `keep` and `saw` do for each."""
        tables, rows = self.tables, _rows([track for track, _ in looks])
        for (track, look), pick in zip(looks, picks.tolist(), strict=True):
            self.histories[track.id].add(look, banks.one(pick))
            track.fallen = False
        store_rows(
            banks.x, banks.p, banks.c, banks.used, banks.weights, picks, rows, tables.x, tables.p, tables.c,
            tables.weights, tables.mean, tables.covariance, tables.seen,
        )  # fmt: skip
        tables.time_ns[rows] = banks.time_ns
        tables.measured_ns[rows] = np.maximum(tables.measured_ns[rows], banks.time_ns)

    def missed(self, track: Track, *, detection_probability: float) -> None:
        """Count a look that should have seen the track."""
        existence = float(self.tables.existence[track.row])
        self.tables.existence[track.row] = life.after_miss(existence, detection_probability=detection_probability)
        life.note_miss(track)
        self._missed.add(track.id)

    def saw(self, track: Track, time_ns: int) -> None:
        """Note that the track was measured at a time, now part of its stored bank."""
        tables, row = self.tables, track.row
        tables.measured_ns[row] = max(int(tables.measured_ns[row]), time_ns)
        tables.seen[row] = tables.mean[row]
        track.fallen = False

    def hit(self, track: Track, *, time_ns: int, sensor_id: str, nation: str, period_s: float) -> None:
        """Count a detection of the track."""
        life.note_hit(track, time_ns=time_ns, sensor_id=sensor_id, nation=nation, period_s=period_s)
        self.tables.longest_period_s[track.row] = track.longest_period_s

    def report(
        self, track: Track, updates: Updates, *, accepted: tuple[Measurement, ...] = (), replaces: str | None = None
    ) -> None:
        """Put the track as it is now among the updates; measurements already reported in this step are kept."""
        tables, row = self.tables, track.row
        before = updates.get(track.id)
        update = TrackUpdate(
            picture=self._picture, track_id=track.id, time_ns=int(tables.time_ns[row]), status=track.status,
            mean=tables.mean[row].copy(), covariance=tables.covariance[row].copy(), modes=tables.weights[row].copy(),
            existence=float(tables.existence[row]), first_time_ns=track.first_ns,
            last_measured_ns=int(tables.measured_ns[row]), sensors=tuple(track.sensors),
            nations=tuple(dict.fromkeys(track.sensors.values())),
            accepted=(before.accepted if before is not None else ()) + accepted,
            replaces=replaces if replaces is not None or before is None else before.replaces,
        )  # fmt: skip
        updates[track.id] = update
        self.current[track.id] = update

    def named(self, hint: str | None) -> Track | None:
        """Return the live track of a name, or of what it was merged into."""
        for _ in range(len(self._aliases) + 1):
            if hint is None or hint in self.tracks:
                break
            hint = self._aliases.get(hint)
        return self.tracks.get(hint) if hint is not None else None

    def coast(self, now_ns: int) -> None:
        """Bring banks that nothing measured for long forward on their grid, down to the ground."""
        tables, (tracks, rows) = self.tables, self.listed()
        for place in np.flatnonzero(now_ns - tables.time_ns[rows] > _COAST_NS):
            track, row = tracks[place], rows[place]
            while now_ns - tables.time_ns[row] > _COAST_NS and not track.fallen:
                coast_once(tables.x[row], tables.p[row], tables.c[row], track.used, tables.weights[row])
                tables.time_ns[row] += GRID_NS
                self._remix(track)
                track.fallen = self._altitude_m(track) < 0.0

    def settle(self, now_ns: int, updates: Updates) -> None:
        """Confirm, drop, lose, end and merge: at once what was touched, the rest twice a second."""
        names = list(updates)
        if now_ns - self._settled_ns >= _SETTLE_NS:
            self._settled_ns = now_ns
            names = self._unsettled(now_ns, updates)
        for name in names:
            track = self.tracks.get(name)
            if track is not None:
                self._settle_one(track, now_ns, updates)
        tracks, rows = self.listed()
        for older, younger in self._duplicates.find(self.tables, tracks, rows, now_ns, measured=bool(updates)):
            if older.id in self.tracks and younger.id in self.tracks:
                self._merge(older, younger, updates)

    def _unsettled(self, now_ns: int, updates: Updates) -> list[str]:
        """Return the tracks of which something may be to say: touched, missed, unseen for long or lost."""
        tables, (tracks, rows) = self.tables, self.listed()
        status, period_s = tables.status[rows], tables.longest_period_s[rows]
        unseen_s = (now_ns - tables.measured_ns[rows]) / NS_PER_S
        young = unseen_s >= life.patience_s(period_s, confirmed=False)
        old = unseen_s >= life.patience_s(period_s, confirmed=True)
        idle = np.where(status == TENTATIVE, young, old) | (status == LOST)
        late = {tracks[place].id for place in np.flatnonzero(idle)}
        late.update(self._missed, updates)
        self._missed.clear()
        return [track.id for track in tracks if track.id in late]

    def withdraw(self, track: Track, prefix: str, updates: Updates) -> None:
        """Take measurements out of a track, by the beginning of their ids; it ends if it began with one of them.

        What is left of such a track is seen again by the sensors that see it, and begins anew.
        """
        if any(name.startswith(prefix) for name in track.used_ids):
            self.end(track, updates)
            return
        history = self.histories[track.id]
        bank = history.without(prefix, used=track.used)
        if bank is None:
            return
        measured = [look.measurement for look in history.looks if look.measurement is not None]
        named = {item.sensor_id: item.nation for item in measured}
        track.sensors = {sensor: nation for sensor, nation in track.sensors.items() if sensor in named} or named
        self.tables.measured_ns[track.row] = max((item.time_ns for item in measured), default=track.first_ns)
        self.store(track, bank)
        self.report(track, updates)

    def end(self, track: Track, updates: Updates, *, replaced_by: str | None = None) -> None:
        """Report a track as ended and forget it."""
        self.tables.mark(track, TrackStatus.ENDED)
        self.report(track, updates)
        self.tables.release(track.row)
        del self.histories[track.id]
        self._forget(track, replaced_by=replaced_by)

    def _settle_one(self, track: Track, now_ns: int, updates: Updates) -> None:
        tables, row = self.tables, track.row
        existence, unseen_ns = float(tables.existence[row]), now_ns - int(tables.measured_ns[row])
        if track.status is TrackStatus.TENTATIVE:
            if life.is_dropped(track, existence=existence, unseen_ns=unseen_ns):
                self.end(track, updates)
            elif track.id in updates and life.is_confirmed(
                track, existence=existence, time_ns=now_ns,
                velocity_sigma_m_s=math.sqrt(float(tables.covariance[row, 3:6, 3:6].trace())),
            ):  # fmt: skip
                self._confirm(track, updates)
        elif track.status is TrackStatus.CONFIRMED:
            if life.is_lost(track, existence=existence, unseen_ns=unseen_ns):
                tables.mark(track, TrackStatus.LOST)
                self.report(track, updates)
        else:
            if life.is_ended(track, aircraft=float(tables.weights[row, AIR]), unseen_ns=unseen_ns):
                self.end(track, updates)

    def _confirm(self, track: Track, updates: Updates) -> None:
        """Confirm a track: as the continuation of a lost one where it fits, else unless it doubles a confirmed one."""
        for rival in self._rivals(track):
            self.end(rival, updates)
        match = same_object(self.tables, *self.listed(), track)
        if match is not None and match.status is TrackStatus.CONFIRMED:
            self.end(track, updates, replaced_by=match.id)
            return
        self.tables.mark(track, TrackStatus.CONFIRMED)
        if match is None:
            self.report(track, updates)
            return
        accepted = updates.pop(track.id).accepted
        self._continue(match, track)
        self.report(match, updates, accepted=accepted, replaces=track.id)

    def _rivals(self, track: Track) -> list[Track]:
        """Return the tentative tracks that began with a look that this one began with."""
        tracks, rows = self.listed()
        young = [tracks[place] for place in np.flatnonzero(self.tables.status[rows] == TENTATIVE)]
        return [other for other in young if other is not track and not set(track.used_ids).isdisjoint(other.used_ids)]

    def _merge(self, older: Track, younger: Track, updates: Updates) -> None:
        tables = self.tables
        gone = updates.pop(younger.id, None)
        if tables.covariance[younger.row, :6, :6].trace() < tables.covariance[older.row, :6, :6].trace():
            self._continue(older, younger)
        else:
            for sensor_id, nation in younger.sensors.items():
                older.sensors.setdefault(sensor_id, nation)
            tables.release(younger.row)
            del self.histories[younger.id]
            self._forget(younger, replaced_by=older.id)
        self.report(older, updates, accepted=gone.accepted if gone is not None else (), replaces=younger.id)

    def _continue(self, older: Track, newer: Track) -> None:
        """Give the newer track's numbers to the older's name; the newer name becomes an alias."""
        self.tables.release(older.row)
        older.row, older.columns, self._listed = newer.row, newer.columns, None
        self.tables.mark(older, newer.status)
        older.misses, older.looks, older.look_times_ns = newer.misses, newer.looks, newer.look_times_ns
        older.used_ids = newer.used_ids
        older.longest_period_s = max(older.longest_period_s, newer.longest_period_s)
        self.tables.longest_period_s[older.row] = older.longest_period_s
        older.last_scan, older.fallen = newer.last_scan, False
        for sensor_id, nation in newer.sensors.items():
            older.sensors.setdefault(sensor_id, nation)
        self.histories[older.id] = self.histories.pop(newer.id)
        self._forget(newer, replaced_by=older.id)

    def _forget(self, track: Track, *, replaced_by: str | None) -> None:
        del self.tracks[track.id]
        self._listed = None
        self.current.pop(track.id, None)
        self._duplicates.forget(track.id)
        if replaced_by is not None:
            self._aliases[track.id] = replaced_by

    def _remix(self, track: Track) -> None:
        tables, row = self.tables, track.row
        mixture(tables.x[row], tables.p[row], tables.weights[row], tables.mean[row], tables.covariance[row])

    def _altitude_m(self, track: Track) -> float:
        mean = self.tables.mean[track.row]
        return altitude_and_up(mean[0], mean[1], mean[2])[0]


def _rows(tracks: list[Track]) -> Rows:
    return np.array([track.row for track in tracks], np.int64)
