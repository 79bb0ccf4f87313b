"""Is this one of those: χ² at 99.9 % on state and on launch, and covariance intersection of launches.

States are carried to one time as free fall with a covariance that grows by what the body may do meanwhile; a state that
was under power grows so much that only its launch can still tell it apart.
"""

import math
from collections.abc import Sequence

import numpy as np

from beaconfire.assess.arc import Arc
from beaconfire.assess.ellipse import CHI2_95_2, CHI2_999_3, CHI2_999_6
from beaconfire.assess.launch import LaunchFit
from beaconfire.assess.plane import Plane
from beaconfire.earth import propagate_with_transition
from beaconfire.earth.linear import invert, squared_distance
from beaconfire.kernel.products import LaunchBody
from beaconfire.kernel.records import Array
from beaconfire.kernel.time import NS_PER_S, from_seconds, seconds_between

_BETA_INVERSE = 1.0 / 5000.0
_MAX_GAP_S = 5400.0  # a lofted flight is out of sight for most of it
_STEP_S = 10.0
_COAST_M_S2, _POWERED_M_S2 = 0.05, 20.0  # unmodelled acceleration, steady over the gap
_AIR_M_S2, _AIR_M = 15.0, 90e3  # in the air lift and drag may do this
_FLOOR_M, _FLOOR_M_S = 300.0, 10.0  # registration of different sensors
_LAUNCH_FLOOR_M, _LAUNCH_FLOOR_S = 1e3, 1.0
_TELLING_S = 15.0  # a launch time vaguer than this says nothing between members of a salvo
JOIN_S, JOIN_M = 300.0, 50e3  # INTERFACES part 5
_FIRST_SEEN_S = 900.0  # without a launch estimate: a flight is first seen within this time of it


def same_state(a: Arc, b: Arc) -> bool:
    """Whether two arcs' last states may be one object's."""
    old, new = (a, b) if a.last.time_ns <= b.last.time_ns else (b, a)
    gap_s = seconds_between(new.last.time_ns, old.last.time_ns)
    if gap_s > _MAX_GAP_S:
        return False
    x, phi = old.last.mean[:6].copy(), np.empty((6, 6))
    propagate_with_transition(x, _BETA_INVERSE, gap_s, _STEP_S, phi)
    p = _sandwich(phi, old.last.covariance[:6, :6]) + new.last.covariance[:6, :6]
    unmodelled = _COAST_M_S2
    if gap_s > 1.0:
        if old.burnout.thrusting or old.last.modes[0] > 0.5:
            unmodelled = _POWERED_M_S2
        elif min(old.now.altitude_m, new.now.altitude_m) < _AIR_M:
            unmodelled = _AIR_M_S2
    for i in range(3):
        p[i, i] += _FLOOR_M**2 + (0.5 * unmodelled * gap_s * gap_s) ** 2
        p[3 + i, 3 + i] += _FLOOR_M_S**2 + (unmodelled * gap_s) ** 2
    return float(squared_distance(new.last.mean[:6] - x, p)) < CHI2_999_6


def same_launch(a: LaunchFit, b: LaunchFit) -> bool:
    """Whether two estimates may be one launch's, in place and time."""
    d, c = launch_offset(a, b)
    return float(squared_distance(d, c)) < CHI2_999_3


def telling(launch: LaunchFit | None) -> bool:
    """Whether a launch estimate is sharp enough in time to tell the members of a salvo apart."""
    return launch is not None and launch.covariance[2, 2] < _TELLING_S**2


def apart(a: LaunchFit, b: LaunchFit) -> bool:
    """Whether two launches are surely two: the times differ by more than their 99.9 %."""
    d, c = launch_offset(a, b)
    return float(squared_distance(d, c)) > CHI2_999_3 and abs(float(d[2])) > 3.3 * math.sqrt(c[2, 2])


def may_join(new: LaunchFit | None, first_seen_ns: int, members: Sequence[LaunchFit | None], latest_ns: int) -> bool:
    """Whether a launch belongs to a salvo: ≤ 5 min after its latest member and ≤ 50 km away, as far as known.

    Without an estimate, what was first seen soon after the latest member is taken for a part of the salvo: it would
    otherwise be a second event of one launch.
    """
    known = [member for member in members if member is not None]
    if new is None or not known:
        return -JOIN_S * NS_PER_S <= first_seen_ns - latest_ns <= (JOIN_S + _FIRST_SEEN_S) * NS_PER_S
    for member in known:
        d, c = launch_offset(member, new)
        distance, delay_s = math.hypot(d[0], d[1]), float(d[2])
        slack_m = math.sqrt(CHI2_95_2 * max(c[0, 0], c[1, 1]))
        slack_s = 2.0 * math.sqrt(c[2, 2])
        if distance <= JOIN_M + max(slack_m - 10e3, 0.0) and abs(delay_s) <= JOIN_S + slack_s:
            return True
    return False


def launch_offset(a: LaunchFit, b: LaunchFit) -> tuple[Array, Array]:
    """`b` minus `a` in east m, north m and time s, and the covariance of that, as if independent."""
    plane = Plane(a.latitude_rad, a.longitude_rad)
    east, north = plane.place(latitude_rad=b.latitude_rad, longitude_rad=b.longitude_rad)
    c = a.covariance + b.covariance
    c[0, 0] += _LAUNCH_FLOOR_M**2
    c[1, 1] += _LAUNCH_FLOOR_M**2
    c[2, 2] += _LAUNCH_FLOOR_S**2
    return np.array([east, north, seconds_between(b.time_ns, a.time_ns)]), c


def advised_launch(body: LaunchBody) -> LaunchFit:
    """A partner's launch estimate as one of ours; coarsening is inside its covariance."""
    ee, en, nn = body.covariance_m2
    return LaunchFit(
        time_ns=body.time_ns,
        latitude_rad=math.radians(body.latitude_deg),
        longitude_rad=math.radians(body.longitude_deg),
        covariance=np.array([[ee, en, 0.0], [en, nn, 0.0], [0.0, 0.0, max(body.time_sigma_s, 0.1) ** 2]]),
        azimuth_rad=math.nan,
        squares=0.0,
    )


def intersected(a: LaunchFit, b: LaunchFit) -> LaunchFit:
    """Covariance intersection (Julier and Uhlmann 1997) of two launches of unknown correlation, by least area.

    `a` where the two contradict each other: then one of them is wrong, and advice never overrules our own.
    """
    d, _ = launch_offset(a, b)
    inverse_a, inverse_b = np.zeros((3, 3)), np.zeros((3, 3))
    if not same_launch(a, b) or not invert(a.covariance, inverse_a) or not invert(b.covariance, inverse_b):
        return a
    best, chosen = a, a.semi_major_m
    for step in range(1, 10):
        share, c = 0.1 * step, np.zeros((3, 3))
        if not invert((1.0 - share) * inverse_a + share * inverse_b, c):
            continue
        gain = share * (c[:, :, None] * inverse_b[None, :, :]).sum(axis=1)
        move = (gain * d[None, :]).sum(axis=1)
        plane = Plane(a.latitude_rad, a.longitude_rad)
        latitude, longitude = plane.back(east_m=float(move[0]), north_m=float(move[1]))
        fit = LaunchFit(a.time_ns + from_seconds(float(move[2])), latitude, longitude, c, a.azimuth_rad, a.squares)
        if fit.semi_major_m < chosen:
            best, chosen = fit, fit.semi_major_m
    return best


def _sandwich(phi: Array, covariance: Array) -> Array:
    """phi·P·phiᵀ by plain sums: no BLAS in a step."""
    half = (phi[:, :, None] * covariance[None, :, :]).sum(axis=1)
    return np.asarray((half[:, None, :] * phi[None, :, :]).sum(axis=2))
