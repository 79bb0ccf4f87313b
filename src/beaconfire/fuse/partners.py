"""Which of theirs is which of ours: partners' tracklets become measurements of the fused picture.

In: a partner's verified trajectory record and the fused tracks of the moment. Out: a scan of one "state"
measurement with a hint which fused track it belongs to. A partner's first tracklet is its whole posterior and is
matched by χ² on position and velocity; the later ones follow the match the tracker made of it. A batch id that was
seen before is dropped, whatever lane, form or detour it came by: nothing counts twice.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.flight import propagate_accelerated
from beaconfire.earth.linear import squared_distance
from beaconfire.fuse.trust import Trust
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.kernel.limits import MAX_PARTNER_TRACKS, MAX_RANGE_M
from beaconfire.kernel.records import Measurement, MeasurementScan, TrackStatus, TrackUpdate
from beaconfire.kernel.time import seconds_between

MATCH_GATE = 22.458  # χ² with 6 degrees of freedom at 99.9 % (INTERFACES part 5)
PARTNER_PERIOD_S = 5.0  # how often a partner's sensors look, as far as anyone tells: silence is judged by it
MAX_MATCH_AGE_S = 30.0  # beyond it a prediction by constant specific force says nothing; the tracker's gate decides
MAX_BATCHES = 100_000  # batch ids remembered: three hours of a partner at its full rate of 8 tracks
_NO_MISS = 1e-2  # of a partner's single look: a track that it does not see loses a hundredth of nothing
_NO_CLUTTER = 1e-9  # false measurements per m·rad·rad: a hundredth of what a radar of ours has, for it was judged there
_JUDGED_S = 2.0  # beyond it what a track may have done meanwhile is more than a tracklet's own error
_NO_SITE = np.zeros(3)
_NO_AXES = np.eye(3)


@dataclass(frozen=True, slots=True)
class Tracklet:
    """What a partner's trajectory record says: a track of theirs, an independent state, and its batch id.

    `mean` (6,) is ECEF position m and velocity m/s at `time_ns`, `covariance` (6, 6) belongs to it. `first` says
    that it holds all the partner knows of the track so far; else only what was added since the last one.
    """

    nation: str
    track: str
    batch_id: bytes
    time_ns: int
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    first: bool
    looks: tuple[Measurement, ...] = ()  # own tracks only: the measurements that it holds


class PartnerTracks:
    """The table of partners' tracks: one per node, changed only by `measure` and `observe`."""

    def __init__(self) -> None:
        """Start with no partner track known."""
        self._fused: dict[tuple[str, str], str | None] = {}
        self._batches: dict[bytes, None] = {}
        self._pending: dict[str, tuple[str, str]] = {}
        self._count: dict[str, int] = {}
        self.trust = Trust()
        self._turned_away: dict[str, int] = {}  # tracklets of tracks beyond the limit, by partner
        self._flood: dict[str, int] = {}

    def measure(self, tracklet: Tracklet, tracks: Mapping[str, TrackUpdate]) -> MeasurementScan | None:
        """Return the tracklet as a scan for the fused tracker; None if it was counted before or is over the limit."""
        key = (tracklet.nation, tracklet.track)
        if tracklet.batch_id in self._batches or not self._admit(key):
            return None
        self._remember(tracklet.batch_id)
        hint = self._fused.get(key)
        if hint is None or hint not in tracks:
            hint = _nearest(tracklet, tracks)
        covariance = tracklet.covariance * self.trust.factor(tracklet.nation)
        self._judge(tracklet, covariance, None if hint is None else tracks[hint])
        measurement = Measurement(
            id=f"{prefix_of(tracklet.nation, tracklet.track)}{tracklet.batch_id.hex()}",
            time_ns=tracklet.time_ns,
            sensor_id=tracklet.nation,
            nation=tracklet.nation,
            kind="state",
            values=tracklet.mean,
            sigmas=np.zeros(4),
            covariance=covariance,
            track_hint=hint,
            first=tracklet.first,
        )
        self._pending = {measurement.id: key}
        return _scan(measurement)

    def measure_looks(
        self, nation: str, track: str, batch_id: bytes, looks: Sequence[Measurement]
    ) -> tuple[MeasurementScan, ...]:
        """Return the measurements behind a tracklet as scans of the partner's sensors, in the order of their times.

        None at all if the batch was counted before, as a tracklet or as detections, or is over the limit.
        """
        if batch_id in self._batches or not self._admit((nation, track)):
            return ()
        self._remember(batch_id)
        self._pending = {look.id: (nation, track) for look in looks}
        return tuple(_sensor_scan(look) for look in sorted(looks, key=lambda look: look.time_ns))

    def observe(self, update: TrackUpdate) -> None:
        """Learn from the fused tracker which of its tracks took the last tracklet, and what was merged."""
        for measurement in update.accepted:
            key = self._pending.pop(measurement.id, None)
            if key is not None:
                self._fused[key] = update.track_id
        if update.replaces is not None:
            self._rename(update.replaces, update.track_id)
        if update.status is TrackStatus.ENDED:
            self._rename(update.track_id, None)

    def withdraw(self, nation: str, track: str) -> tuple[str, str] | None:
        """Forget a partner's track; returns the fused track that it feeds and how its measurements' ids begin."""
        fused = self._fused.get((nation, track))
        if (nation, track) in self._fused:
            self._fused[nation, track] = None
        return None if fused is None else (fused, prefix_of(nation, track))

    def fused_of(self, nation: str, track: str) -> tuple[str, ...]:
        """Return the fused track that a partner's track feeds, as a tuple of one, or of none."""
        fused = self._fused.get((nation, track))
        return () if fused is None else (fused,)

    def drain_flood(self) -> dict[str, int]:
        """Return how many tracklets of partners were turned away for having too many tracks: 1, 2, 4, 8 and so on."""
        flood, self._flood = self._flood, {}
        return flood

    def _judge(self, tracklet: Tracklet, covariance: NDArray[np.float64], track: TrackUpdate | None) -> None:
        """Hold a tracklet against the track it belongs to, where that says much of the moment."""
        if track is None:
            return
        dt_s = seconds_between(tracklet.time_ns, track.time_ns)
        if abs(dt_s) <= _JUDGED_S:
            distance = match_distance(track.mean, track.covariance, dt_s, tracklet.mean, covariance)
            self.trust.judge(tracklet.nation, distance)

    def _admit(self, key: tuple[str, str]) -> bool:
        if key in self._fused:
            return True
        nation = key[0]
        if self._count.get(nation, 0) >= MAX_PARTNER_TRACKS:
            if self._forget_one(nation, key):
                return True
            count = self._turned_away[nation] = self._turned_away.get(nation, 0) + 1
            if count & (count - 1) == 0:
                self._flood[nation] = count
            return False
        self._count[nation] = self._count.get(nation, 0) + 1
        self._fused[key] = None
        return True

    def _forget_one(self, nation: str, key: tuple[str, str]) -> bool:
        """Give the place of a track that feeds nothing any more to a new one; False if all still do."""
        for old, fused in self._fused.items():
            if old[0] == nation and fused is None:
                del self._fused[old]
                self._fused[key] = None
                return True
        return False

    def _remember(self, batch_id: bytes) -> None:
        self._batches[batch_id] = None
        if len(self._batches) > MAX_BATCHES:
            del self._batches[next(iter(self._batches))]

    def _rename(self, old: str, new: str | None) -> None:
        for key, fused in self._fused.items():
            if fused == old:
                self._fused[key] = new


def prefix_of(nation: str, track: str) -> str:
    """Return how the ids of all measurements of a partner's track begin."""
    return f"{nation}:{track}:"


def _nearest(tracklet: Tracklet, tracks: Mapping[str, TrackUpdate]) -> str | None:
    best, best_distance = None, MATCH_GATE
    for track_id, track in tracks.items():
        dt_s = seconds_between(tracklet.time_ns, track.time_ns)
        if abs(dt_s) > MAX_MATCH_AGE_S or track.status is TrackStatus.ENDED:
            continue
        distance = match_distance(track.mean, track.covariance, dt_s, tracklet.mean, tracklet.covariance)
        if distance < best_distance:
            best, best_distance = track_id, distance
    return best


@kernel
def match_distance(
    mean: NDArray[np.float64],
    covariance: NDArray[np.float64],
    dt_s: float,
    other_mean: NDArray[np.float64],
    other_covariance: NDArray[np.float64],
) -> float:
    """Return the squared Mahalanobis distance of a state (6) to a track (9) carried over `dt_s` to its time.

    The two must hold no common information. The track is moved under its own constant specific force, its
    covariance by constant velocity and force; infinity if the sum is not positive definite.
    """
    state = mean[:6].copy()
    propagate_accelerated(state, mean[6], mean[7], mean[8], dt_s)
    total = other_covariance.copy()
    half = 0.5 * dt_s * dt_s
    for i in range(6):
        for j in range(6):
            # rows of [I dt dt²/2; 0 I dt] with the specific force as third block
            left, right = i % 3, j % 3
            for a in range(3):
                for b in range(3):
                    total[i, j] += (
                        _weight(i < 3, a, dt_s, half)
                        * _weight(j < 3, b, dt_s, half)
                        * covariance[left + 3 * a, right + 3 * b]
                    )
    difference = other_mean - state
    for i in range(6):
        if not math.isfinite(difference[i]):
            return math.inf
    return squared_distance(difference, total)


@kernel
def _weight(position: bool, block: int, dt_s: float, half: float) -> float:
    if position:
        return 1.0 if block == 0 else (dt_s if block == 1 else half)
    return 0.0 if block == 0 else (1.0 if block == 1 else dt_s)


def _sensor_scan(look: Measurement) -> MeasurementScan:
    """Return one look that its sender has associated: it says nothing of other tracks, which it does not miss."""
    return MeasurementScan(
        time_ns=look.time_ns,
        sensor_id=look.sensor_id,
        nation=look.nation,
        kind=look.kind,
        measurements=(look,),
        detection_probability=_NO_MISS,
        false_density=_NO_CLUTTER,
        site_ecef_m=look.site_ecef_m,
        axes_enu=look.axes_enu,
        max_range_m=MAX_RANGE_M,
        min_elevation_rad=-math.pi / 2,
        period_s=PARTNER_PERIOD_S,
    )


def _scan(measurement: Measurement) -> MeasurementScan:
    return MeasurementScan(
        time_ns=measurement.time_ns,
        sensor_id=measurement.sensor_id,
        nation=measurement.nation,
        kind="state",
        measurements=(measurement,),
        detection_probability=1.0,
        false_density=0.0,
        site_ecef_m=_NO_SITE,
        axes_enu=_NO_AXES,
        max_range_m=math.inf,
        min_elevation_rad=-math.pi / 2,
        period_s=PARTNER_PERIOD_S,
    )


@warmer
def _warm() -> None:
    mean = np.array([6.5e6, 0.0, 0.0, 0.0, 3e3, 0.0, 0.0, 0.0, 0.0])
    match_distance(mean, np.eye(9), 1.0, mean[:6].copy(), np.eye(6))
