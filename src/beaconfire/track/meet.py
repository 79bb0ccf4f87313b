"""Whom a scan meets: the tracks that its sensor could see, at its time, and what each detection would be worth.

Everything is by candidate (a track and a detection that may be its own), never by the whole table of tracks and
detections, so that ten thousand objects cost a hundred times what a hundred cost.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.observe import LOS, RADAR
from beaconfire.kernel.records import MeasurementScan
from beaconfire.track.associate import share_out
from beaconfire.track.gate import INSIDE, OUT, candidates, coverage, extrapolate, likelihoods
from beaconfire.track.life import believed
from beaconfire.track.models import BOOST, STATE
from beaconfire.track.pack import Packed
from beaconfire.track.roster import Roster
from beaconfire.track.tables import CONFIRMED, LOST, TENTATIVE, Banks, Track

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

_WIDE = 4.0  # shares of a gate: a look this near to an unserved track is taken to be its own, not a new object
_UNSERVED_MISSES = 2  # a track that missed more often may have to be started anew
_DIRECT_SIGMA_M = 25e3  # a lost track wider than this only comes back through a confirmed new one
_FURTHEST = 1e3  # shares of a gate: what the coarse gate turned away lies further than one would say
UNSEEN_THRUST = 0.02  # below this probability of thrust an infrared look that saw nothing says nothing


@dataclass(frozen=True, slots=True)
class Meeting:
    """The tracks (n) that a scan may be of, their banks at its time, and their candidates.

    Track i may have caused detections `columns[begin[i]:begin[i + 1]]`; `log_ratio` and `distance` are by candidate
    (log of taking it against missing it, -inf outside the gate; share of the gate). `unmet` are tracks that the
    sensor must have seen and that nothing is near.
    """

    tracks: list[Track]
    inside: NDArray[np.bool_]  # (n,) the sensor must see it
    status: Rows  # (n,)
    banks: Banks
    begin: Rows
    columns: Rows
    log_ratio: Array
    distance: Array
    unmet: list[Track]


def meet(roster: Roster, scan: MeasurementScan, packed: Packed) -> Meeting:
    """Return whom a scan meets."""
    tables, (tracks, rows) = roster.tables, roster.flying()
    ahead, spreads, seen = np.empty((len(rows), STATE)), np.empty(len(rows)), np.empty(len(rows), np.int64)
    ahead_s = (scan.time_ns - tables.time_ns[rows]).astype(np.float64) * 1e-9
    extrapolate(tables.mean, tables.covariance, rows, ahead_s, ahead, spreads)
    coverage(
        LOS if scan.kind == "los" else RADAR, scan.site_ecef_m, scan.axes_enu, scan.max_range_m,
        scan.min_elevation_rad, scan.min_altitude_m, ahead, spreads, seen,
    )  # fmt: skip
    status = tables.status[rows]
    seen[(status == LOST) & (spreads > _DIRECT_SIGMA_M)] = OUT
    met = np.empty(len(rows), np.bool_)
    begin, columns = candidates(
        ahead, spreads, seen, packed.kind, packed.values, packed.sites, packed.points, packed.point_covariances, met
    )
    if scan.kind == "los":  # a look at something hot that saw nothing says something of its thrust
        met |= (tables.weights[rows, BOOST] > UNSEEN_THRUST) & (seen != OUT)
    inside = seen == INSIDE
    chosen = np.flatnonzero(met)
    counts = np.diff(begin)
    begin, columns = _kept(counts, columns, met)
    mine = [tracks[i] for i in chosen]
    banks = roster.banks(mine, rows[chosen], scan.time_ns)
    log_likelihood, distance = compare(banks, packed, mine, begin, columns)
    ratio = _log_ratios(
        scan, log_likelihood, distance, packed, columns, np.repeat(banks.weights[:, BOOST], np.diff(begin))
    )
    unmet = [tracks[i] for i in np.flatnonzero(inside & ~met)] if scan.kind == "radar" else []
    return Meeting(mine, inside[chosen], status[chosen], banks, begin, columns, ratio, distance, unmet)


def widened(scan: MeasurementScan, factor: float) -> MeasurementScan:
    """Return a scan with its standard deviations times a factor: a doubted sensor's."""
    if factor == 1.0:
        return scan
    measurements = tuple(replace(item, sigmas=item.sigmas * factor) for item in scan.measurements)
    return replace(scan, measurements=measurements)


def nearest(meeting: Meeting) -> Array:
    """Return the shares of the gate of the nearest look of each confirmed track that the sensor must see."""
    owner = np.repeat(np.arange(len(meeting.tracks)), np.diff(meeting.begin))
    least = np.full(len(meeting.tracks), math.inf)
    np.minimum.at(least, owner, np.minimum(meeting.distance, _FURTHEST))
    found: Array = least[meeting.inside & (meeting.status == CONFIRMED) & (least < math.inf)]
    return found


def compare(banks: Banks, packed: Packed, tracks: list[Track], begin: Rows, columns: Rows) -> tuple[Array, Array]:
    """Return log likelihoods and gate distances by candidate."""
    log_likelihood, distance = np.empty(len(columns)), np.empty(len(columns))
    if len(columns):
        sensor_id = packed.measurements[0].sensor_id
        first = np.array([track.column_of(sensor_id) for track in tracks], np.int64)
        likelihoods(
            banks.x, banks.p, banks.c, first, banks.weights, begin, columns, log_likelihood, distance,
            *packed.for_gates(),
        )  # fmt: skip
    return log_likelihood, distance


def everything(tracks: int, detections: int) -> tuple[Rows, Rows]:
    """Return the candidates where each of some tracks may have caused each of some detections."""
    return np.arange(tracks + 1) * detections, np.tile(np.arange(detections), tracks)


def shared(meeting: Meeting, detections: int) -> tuple[Rows, Array]:
    """Return for each track the detection that it takes, -1 for none, and the log ratio by which it does.

    Confirmed and lost tracks choose first, tentative ones among what is left.
    """
    taken, weight = np.empty(len(meeting.tracks), np.int64), np.empty(len(meeting.tracks))
    share_out(meeting.begin, meeting.columns, meeting.log_ratio, meeting.status == TENTATIVE, detections, taken, weight)
    found = np.full(len(taken), -math.inf)
    owner = np.repeat(np.arange(len(taken)), np.diff(meeting.begin))
    own = np.flatnonzero(taken[owner] == meeting.columns)
    found[owner[own]] = meeting.log_ratio[own]
    return taken, found + np.log(np.maximum(weight, 1e-3))


def unclaimed(meeting: Meeting, taken: Rows, detections: int) -> list[int]:
    """Return the looks that may be new objects: nobody's, and not just outside the gate of an unserved track."""
    held = np.zeros(detections, np.bool_)
    held[taken[taken >= 0]] = True
    misses = np.array([track.misses for track in meeting.tracks], np.int64)
    unserved = (taken < 0) & (meeting.status == CONFIRMED) & (misses <= _UNSERVED_MISSES)
    near = np.repeat(unserved, np.diff(meeting.begin)) & (meeting.distance < _WIDE)
    held[meeting.columns[near]] = True
    return np.flatnonzero(~held).tolist()


def _kept(counts: Rows, columns: Rows, met: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Return the candidates of those tracks that were met."""
    begin = np.zeros(int(met.sum()) + 1, np.int64)
    np.cumsum(counts[met], out=begin[1:])
    return begin, np.ascontiguousarray(columns[np.repeat(met, counts)])


def _log_ratios(
    scan: MeasurementScan, log_likelihood: Array, distance: Array, packed: Packed, columns: Rows, thrust: Array
) -> Array:
    """Return for each candidate the log of taking it against missing it; -inf outside the gate."""
    sees = believed(scan.detection_probability)
    ratio = log_likelihood + math.log(sees / (1.0 - sees)) - packed.log_clutter[columns]
    if scan.kind == "los":
        ratio = ratio + np.log(np.maximum(thrust, 0.01))
    return np.where(distance <= 1.0, ratio, -math.inf)
