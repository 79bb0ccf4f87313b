"""Whole flights through `sense` and `track`, and the flights that `world` does not have: orbits and thrown bodies."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pymap3d
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from beaconfire.kernel.records import MeasurementScan, Scan, Sensor, TrackStatus, TrackUpdate
from beaconfire.kernel.time import NS_PER_S
from beaconfire.sense import Sense
from beaconfire.track import Tracker
from tests.authorities import independent
from tests.track import world
from tests.track.oracle import free_fall

Array = NDArray[np.float64]


@dataclass
class Log:
    """All updates by track id, in order."""

    tracker: Tracker
    updates: dict[str, list[TrackUpdate]] = field(default_factory=lambda: defaultdict(list))

    def take(self, updates: Iterable[TrackUpdate]) -> None:
        for update in updates:
            self.updates[update.track_id].append(update)

    @property
    def confirmed(self) -> dict[str, list[TrackUpdate]]:
        """The tracks that were ever confirmed, from their confirmation on."""
        found = {}
        for name, updates in self.updates.items():
            states = [update.status for update in updates]
            if TrackStatus.CONFIRMED in states:
                found[name] = updates[states.index(TrackStatus.CONFIRMED) :]
        return found


def seconds(update: TrackUpdate) -> float:
    """The update's time in seconds of the scene."""
    return (update.time_ns - world.START_NS) / NS_PER_S


def trusted(scans: Sequence[Scan], sensors: tuple[Sensor, ...]) -> list[MeasurementScan]:
    """Scans through `sense`, each at its own moment."""
    sense = Sense(sensors)
    accepted = [sense.accept(scan, now_ns=scan.time_ns)[0] for scan in scans]
    return [scan for scan in accepted if scan is not None]


def play(
    flights: list[world.Flight], sensors: tuple[Sensor, ...], *, until_s: float, seed: int = 1,
    log: Log | None = None, from_s: float = 0.0,
) -> Log:  # fmt: skip
    """Simulate, sense and track a scene."""
    log = log or Log(Tracker("own", id_prefix="T"))
    scans = world.scans(flights, sensors, until_s=until_s, seed=seed)
    late = [scan for scan in scans if scan.time_ns >= world.START_NS + round(from_s * NS_PER_S)]
    for scan in trusted(late, sensors):
        log.take(log.tracker.scan(scan))
    return log


def owner(update: TrackUpdate, flights: list[world.Flight]) -> str:
    """The flight nearest to an update, or nothing within 20 km."""
    t = seconds(update)
    near = [
        (float(np.linalg.norm(flight.state(t)[:3] - update.mean[:3])), flight.name)
        for flight in flights
        if flight.alive(t)
    ]
    distance, name = min(near, default=(math.inf, ""))
    return name if distance < 20e3 else ""


def thrown(
    name: str, state: Array, *, seconds_s: float, beta: float, step_s: float = 1.0,
    push: Callable[[Array, Array, float], Array] | None = None,
) -> world.Flight:  # fmt: skip
    """A body from a state (6,) on, by the second model of flight, down to the ground at most.

    `push` gives a further specific force from place, velocity and altitude.
    """

    def rate(_: float, s: Array) -> Array:
        p, v = s[:3], s[3:]
        force = free_fall(p, v)
        altitude = float(np.linalg.norm(p)) - 6.3568e6  # from the pole's radius: never above the true one
        if altitude < 180e3:
            altitude = independent.altitude(p)
            force = force - 0.5 * independent.density(altitude) * float(np.linalg.norm(v)) / beta * v
        if push is not None:
            force = force + push(p, v, altitude)
        return np.concatenate([v, force])

    def ground(_: float, s: Array) -> float:
        return independent.altitude(s[:3])

    ground.terminal = True  # type: ignore[attr-defined]
    answer = solve_ivp(
        rate, (0.0, seconds_s), state, "DOP853", rtol=1e-9, atol=1e-2, max_step=20.0, events=ground,
        t_eval=np.arange(0.0, seconds_s, step_s),
    )  # fmt: skip
    return world.Flight(name, 0.0, float(answer.t[-1]), -1.0, answer.t, answer.y.T)


def along(
    *, latitude_deg: float, longitude_deg: float, altitude_m: float, azimuth_deg: float, climb_deg: float,
    speed_m_s: float,
) -> Array:  # fmt: skip
    """A state (6,) from a place, a heading, a climb angle and a speed over the turning Earth."""
    place = pymap3d.geodetic2ecef(latitude_deg, longitude_deg, altitude_m)
    climb, azimuth = math.radians(climb_deg), math.radians(azimuth_deg)
    enu = (math.cos(climb) * math.sin(azimuth), math.cos(climb) * math.cos(azimuth), math.sin(climb))
    velocity = np.array(pymap3d.enu2uvw(*enu, latitude_deg, longitude_deg)) * speed_m_s
    return np.concatenate([place, velocity])
