"""Flights for the tests of this room: independent truth, and a plain Kalman filter that turns it into track updates.

Truth comes from `rehearse.truth`, which shares no line with `earth`. The filter is a textbook one (constant
acceleration, white jerk, position measurements of radar size), so that nothing here is graded against the tracker.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from beaconfire.kernel.records import Array, Measurement, PictureName, TrackStatus, TrackUpdate
from beaconfire.kernel.time import from_seconds, parse_utc
from beaconfire.rehearse.truth import arc
from beaconfire.rehearse.truth.arc import Flight
from beaconfire.rehearse.truth.boost import Departure
from beaconfire.rehearse.truth.force import ROTATION_RAD_S, gravity_inertial_m_s2, height_m
from beaconfire.rehearse.truth.profiles import PROFILES

START_NS = parse_utc("2025-01-06T03:00:00Z")
SITE_DEG = (39.2, 126.0)
SIGMA_M = 120.0  # of a radar at a few hundred kilometres, per axis
_JERK = 4.0  # m/s³ per root hertz: covers growing thrust and burnout


@dataclass(frozen=True)
class Seen:
    """What a filter made of a stretch of truth: updates, and the truth (9,) at each."""

    updates: tuple[TrackUpdate, ...]
    truths: tuple[Array, ...]


@cache
def flight(name: str, range_m: float, apogee_m: float, azimuth_deg: float = 60.0) -> Flight:
    """A generic class flown to a range and an apogee from the common site."""
    profile = PROFILES[name]
    departure = Departure(*SITE_DEG, 150.0, azimuth_deg, profile.tilt_deg)
    return arc.aim(
        departure, profile.stages, whole_kg_m2=profile.whole_kg_m2, body_kg_m2=profile.body_kg_m2,
        range_m=range_m, apogee_m=apogee_m,
    )  # fmt: skip


def states(path: object, times_s: Array) -> Array:
    """Position, velocity and specific force (n, 9), ECEF, by differencing the truth's velocity."""
    position, velocity = path.at(times_s)  # type: ignore[attr-defined]
    h = 0.05
    low = np.clip(times_s - h, path.start_s, path.end_s)  # type: ignore[attr-defined]
    high = np.clip(times_s + h, path.start_s, path.end_s)  # type: ignore[attr-defined]
    rate = (path.at(high)[1] - path.at(low)[1]) / (high - low)[:, None]  # type: ignore[attr-defined]
    pull = np.array([_pull(*p, *v) for p, v in zip(position, velocity, strict=True)])
    return np.hstack((position, velocity, rate - pull))


def heights_m(rows: Array) -> Array:
    """Heights above the ellipsoid of state rows."""
    return np.array([height_m(*row[:3].tolist()) for row in rows])


def watch(
    rows: Array,
    times_s: Array,
    *,
    seed: int,
    track_id: str = "T1",
    picture: PictureName = "own",
    offset_s: float = 0.0,
    status: TrackStatus = TrackStatus.CONFIRMED,
    ids: str = "R1",
    nation: str = "KOR",
) -> Seen:
    """Filter noisy positions of truth rows (n, 9); tentative for the first three updates."""
    rng = np.random.default_rng(seed)
    first_ns = START_NS + from_seconds(float(times_s[0]) + offset_s)
    x, p = np.zeros(9), np.diag([1e12] * 3 + [9e6] * 3 + [2500.0] * 3)
    updates, truths = [], []
    for number, (row, time_s) in enumerate(zip(rows, times_s, strict=True)):
        measured = row[:3] + SIGMA_M * rng.standard_normal(3)
        if number == 0:
            x[:3], p[:3, :3] = measured, SIGMA_M**2 * np.eye(3)
        else:
            x, p = _kalman(x, p, measured, float(time_s - times_s[number - 1]))
        mean = x.copy()
        mean[6:] -= _pull(*x[:6])
        time_ns = START_NS + from_seconds(float(time_s) + offset_s)
        updates.append(
            TrackUpdate(
                picture=picture,
                track_id=track_id,
                time_ns=time_ns,
                status=TrackStatus.TENTATIVE if number < 3 else status,
                mean=mean,
                covariance=p.copy(),
                modes=modes_of(mean, p),
                existence=1.0 - 0.5 ** (number + 1),
                first_time_ns=first_ns,
                last_measured_ns=time_ns,
                sensors=(ids,),
                nations=(nation,),
                accepted=(measurement(f"{ids}-{time_ns}", time_ns, nation),),
            )
        )
        truths.append(row)
    return Seen(tuple(updates), tuple(truths))


def measurement(name: str, time_ns: int, nation: str = "KOR", *, first: bool = False) -> Measurement:
    """A measurement of which only the id matters here."""
    return Measurement(name, time_ns, "R1", nation, "radar", np.zeros(4), np.ones(4), first=first)


def lost(update: TrackUpdate, after_s: float, *, ended: bool = False) -> TrackUpdate:
    """The update by which a tracker says that it lost a track."""
    status = TrackStatus.ENDED if ended else TrackStatus.LOST
    return replace(update, time_ns=update.time_ns + from_seconds(after_s), status=status, accepted=())


def modes_of(mean: Array, covariance: Array) -> Array:
    """A stand-in for a model bank: boost by force along the velocity, glide by force across, air by slow lift."""
    speed = max(float(np.linalg.norm(mean[3:6])), 1.0)
    along = float(mean[6:9] @ mean[3:6]) / speed
    across = float(np.linalg.norm(mean[6:9] - along * mean[3:6] / speed))
    sigma = float(np.sqrt(np.trace(covariance[6:9, 6:9]) / 3.0))
    if along > 4.0 + sigma:
        return np.array([0.97, 0.02, 0.005, 0.005])
    if speed < 600.0 and across > 5.0:
        return np.array([0.01, 0.02, 0.01, 0.96])
    if across > 8.0 + 2.0 * sigma:
        return np.array([0.01, 0.09, 0.9, 0.0])
    return np.array([0.02, 0.95, 0.02, 0.01])


def steps(start_s: float, end_s: float, period_s: float = 1.0) -> Array:
    """Times from `start_s` to before `end_s`."""
    return np.arange(start_s, end_s, period_s)


def interleaved(*rows: tuple[TrackUpdate, ...]) -> Iterator[TrackUpdate]:
    """Updates of several tracks in order of time."""
    yield from sorted((update for row in rows for update in row), key=lambda update: update.time_ns)


def _kalman(x: Array, p: Array, measured: Array, dt: float) -> tuple[Array, Array]:
    f = np.eye(9)
    f[:6, 3:] += dt * np.eye(6)
    f[:3, 6:] += 0.5 * dt * dt * np.eye(3)
    powers = np.array([dt**3 / 6.0, dt**2 / 2.0, dt])
    q = _JERK**2 / dt * np.kron(np.outer(powers, powers), np.eye(3))
    x, p = f @ x, f @ p @ f.T + q
    h = np.eye(3, 9)
    gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + SIGMA_M**2 * np.eye(3))
    kept = np.eye(9) - gain @ h
    return x + gain @ (measured - x[:3]), kept @ p @ kept.T + SIGMA_M**2 * gain @ gain.T


def _pull(x: float, y: float, z: float, vx: float, vy: float, vz: float) -> Array:
    """Gravity, centrifugal and Coriolis acceleration by the truth's own code."""
    gx, gy, gz = gravity_inertial_m_s2(float(x), float(y), float(z))
    w = ROTATION_RAD_S
    return np.array([gx + w * w * x + 2.0 * w * vy, gy + w * w * y - 2.0 * w * vx, gz])
