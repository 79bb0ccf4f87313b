"""The life of a track: how sure we are that it exists, when it is confirmed, lost and ended.

Existence is kept as a probability: a detection multiplies its odds by the likelihood ratio against clutter (held, so
that no single look decides), a look that should have seen it by the miss probability (Musicki and Evans 2004, without
the soft weights).
"""

import math
from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beaconfire.kernel.records import TrackStatus
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track.tables import Track

Array = NDArray[np.float64]

FIRST_EXISTENCE = 0.3  # of a pair of looks
PARTNER_EXISTENCE = 0.999  # a partner says that it has a track
_MOST_ODDS, _LEAST_ODDS = 1e5, 1e-6
_LARGEST_STEP = 100.0  # one detection may not raise the odds further
_MOST_DETECTION = 0.98  # a sensor that claims never to miss is not believed
_CONFIRM_EXISTENCE = 0.999
_CONFIRM_HITS, _CONFIRM_TIMES, _CONFIRM_AGE_S = 4, 3, 2.0
_CONFIRM_VELOCITY_SIGMA_M_S = 900.0
_DROP_EXISTENCE, _DROP_MISSES = 0.02, 3
_LOST_EXISTENCE, _LOST_MISSES = 0.1, 4
_LOST_AFTER_S = 20.0
_AIRCRAFT_KEPT_S = 120.0
_FALLEN_KEPT_S = 120.0  # after the last detection: "lost" is not "fell", it may have pulled up unseen
KEPT_S = 5_400.0  # a lofted flight is out of sight for an hour; longer is an orbit


def after_hit(existence: float, *, log_ratio: float) -> float:
    """Return the existence after a detection with this log likelihood ratio against clutter."""
    return _from_odds(_odds(existence) * min(math.exp(min(log_ratio, 50.0)), _LARGEST_STEP))


def after_miss(existence: float, *, detection_probability: float) -> float:
    """Return the existence after a look that should have seen it with this probability and did not."""
    return _from_odds(_odds(existence) * (1.0 - believed(detection_probability)))


def believed(detection_probability: float) -> float:
    """Return how surely a sensor detects, as far as it is believed."""
    return min(detection_probability, _MOST_DETECTION)


def is_confirmed(track: Track, *, existence: float, velocity_sigma_m_s: float, time_ns: int) -> bool:
    """Say whether a tentative track has earned confirmation: sure, seen often, over time, and with a velocity."""
    return (
        existence >= _CONFIRM_EXISTENCE
        and sum(track.looks) >= _CONFIRM_HITS
        and len(set(track.look_times_ns)) >= _CONFIRM_TIMES
        and time_ns - track.first_ns >= _CONFIRM_AGE_S * NS_PER_S
        and velocity_sigma_m_s <= _CONFIRM_VELOCITY_SIGMA_M_S
    )


def is_dropped(track: Track, *, existence: float, unseen_ns: int) -> bool:
    """Say whether a tentative track is given up."""
    late = unseen_ns > patience_s(track.longest_period_s, confirmed=False) * NS_PER_S
    return existence < _DROP_EXISTENCE or track.misses >= _DROP_MISSES or bool(late)


def is_lost(track: Track, *, existence: float, unseen_ns: int) -> bool:
    """Say whether a confirmed track is lost: not seen where it should be, or out of everyone's sight for long."""
    late = unseen_ns > patience_s(track.longest_period_s, confirmed=True) * NS_PER_S
    return (existence < _LOST_EXISTENCE and track.misses >= _LOST_MISSES) or bool(late)


def patience_s(longest_period_s: ArrayLike, *, confirmed: bool) -> Array:
    """Return how long a track, or each of several, is waited for: by the slowest of the sensors that saw it."""
    period_s = np.asarray(longest_period_s, dtype=np.float64)
    return np.maximum(_LOST_AFTER_S, 2.5 * period_s + 5.0) if confirmed else np.maximum(3.2 * period_s, 4.0)


def is_ended(track: Track, *, aircraft: float, unseen_ns: int) -> bool:
    """Say whether a lost track is over: fallen, an aircraft that does not come back, or coasted for too long."""
    kept_s = _AIRCRAFT_KEPT_S if aircraft > 0.5 else KEPT_S
    return unseen_ns > (_FALLEN_KEPT_S if track.fallen else kept_s) * NS_PER_S


def note_hit(track: Track, *, time_ns: int, sensor_id: str, nation: str, period_s: float) -> None:
    """Count a detection."""
    track.hits += 1
    track.misses = 0
    track.looks.append(True)
    track.look_times_ns.append(time_ns)
    track.longest_period_s = max(track.longest_period_s, period_s)
    track.sensors.setdefault(sensor_id, nation)
    track.last_scan = (sensor_id, time_ns)


def note_miss(track: Track) -> None:
    """Count a look that should have seen it."""
    track.misses += 1
    track.looks.append(False)


def new_track(track_id: str, row: int, *, first_ns: int, status: TrackStatus) -> Track:
    """Return the words of a new track."""
    return Track(
        id=track_id, row=row, status=status, first_ns=first_ns, sensors={},
        looks=deque(maxlen=8), look_times_ns=deque(maxlen=8),
    )  # fmt: skip


def _odds(probability: float) -> float:
    return probability / max(1.0 - probability, 1e-9)


def _from_odds(odds: float) -> float:
    held = min(max(odds, _LEAST_ODDS), _MOST_ODDS)
    return held / (1.0 + held)
