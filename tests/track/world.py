"""A second model of flights and sensors for the tracker's tests: NumPy and SciPy, none of the engine's kernels."""

import math
from dataclasses import dataclass

import numpy as np
import pymap3d
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from beaconfire.kernel.records import BiasSigma, Detection, Scan, Sensor
from beaconfire.kernel.time import NS_PER_S, parse_utc

Array = NDArray[np.float64]

START_NS = parse_utc("2025-01-06T03:00:00Z")
_MU, _J2, _RE, _OM = 3.986004418e14, 1.08262668e-3, 6378137.0, 7.292115e-5


@dataclass(frozen=True)
class Flight:
    """A path: `state(t)` is ECEF position and velocity (6,), thrusting before `burnout_s`; alive from start to end."""

    name: str
    start_s: float
    end_s: float
    burnout_s: float
    times: Array
    states: Array

    def state(self, t: float) -> Array:
        return np.array([np.interp(t - self.start_s, self.times, column) for column in self.states.T])

    def alive(self, t: float) -> bool:
        return self.start_s <= t < self.end_s


def missile(
    name: str, *, latitude_deg: float, longitude_deg: float, azimuth_deg: float, start_s: float = 0.0,
    burn_s: float = 70.0, thrust: tuple[float, float] = (22.0, 48.0), pitch_deg: float = 42.0, beta: float = 5000.0,
    lift: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Flight:  # fmt: skip
    """Fly a single-stage missile: vertical for 8 s, then pitch to `pitch_deg` above the horizon at burnout.

    `lift` is (start_s, end_s, m/s^2 upwards across the velocity) in seconds of flight.
    """
    site = np.array(pymap3d.geodetic2ecef(latitude_deg, longitude_deg, 20.0))
    axes = [np.array(pymap3d.enu2uvw(*unit, latitude_deg, longitude_deg)) for unit in np.eye(3)]
    along = math.sin(math.radians(azimuth_deg)) * axes[0] + math.cos(math.radians(azimuth_deg)) * axes[1]

    def force(t: float, p: Array, v: Array) -> Array:
        altitude = float(np.linalg.norm(p)) - 6.3705e6
        speed = float(np.linalg.norm(v))
        drag = -0.5 * 1.225 * math.exp(-max(altitude, 0.0) / 7200.0) * speed / beta * v
        if t < burn_s:
            share = min(max((t - 8.0) / 25.0, 0.0), 1.0)
            pitch = math.radians(90.0 + share * (pitch_deg - 90.0))
            level = thrust[0] / (1.0 - t / burn_s * (1.0 - thrust[0] / thrust[1]))
            return drag + level * (math.cos(pitch) * along + math.sin(pitch) * axes[2])
        if lift[0] <= t < lift[1] and speed > 0.0:
            up = p / np.linalg.norm(p)
            across = up - v * float(up @ v) / speed**2
            drag = drag + lift[2] * across / np.linalg.norm(across)
        return drag

    return _fly(name, site, force, start_s=start_s, burnout_s=start_s + burn_s)


def _fly(name: str, site: Array, force, *, start_s: float, burnout_s: float) -> Flight:  # type: ignore[no-untyped-def]
    def rate(t: float, s: Array) -> Array:
        p, v = s[:3], s[3:]
        r = float(np.linalg.norm(p))
        k = 1.5 * _J2 * (_RE / r) ** 2
        z2 = 5.0 * (p[2] / r) ** 2
        gravity = -_MU / r**3 * p * np.array([1 + k * (1 - z2), 1 + k * (1 - z2), 1 + k * (3 - z2)])
        turn = np.array([_OM**2 * p[0] + 2 * _OM * v[1], _OM**2 * p[1] - 2 * _OM * v[0], 0.0])
        return np.concatenate([v, gravity + turn + force(t, p, v)])

    def ground(t: float, s: Array) -> float:
        return float(pymap3d.ecef2geodetic(*s[:3])[2]) if t > 20.0 else 1.0

    ground.terminal = True  # type: ignore[attr-defined]
    burn = burnout_s - start_s
    first = solve_ivp(rate, (0.0, burn), np.concatenate([site, np.zeros(3)]), "DOP853", rtol=1e-9, atol=1e-3,
                      t_eval=np.arange(0.0, burn, 0.25))  # fmt: skip
    second = solve_ivp(rate, (burn, burn + 5000.0), _end(rate, first, burn), "DOP853", rtol=1e-9, atol=1e-3,
                       max_step=5.0, events=ground, t_eval=np.arange(burn, burn + 5000.0, 0.25))  # fmt: skip
    times = np.concatenate([first.t, second.t])
    return Flight(name, start_s, start_s + float(times[-1]), burnout_s, times, np.concatenate([first.y.T, second.y.T]))


def _end(rate, first, burn: float) -> Array:  # type: ignore[no-untyped-def]
    rest = solve_ivp(rate, (first.t[-1], burn), first.y[:, -1], "DOP853", rtol=1e-9, atol=1e-3)
    return rest.y[:, -1]


def aircraft(name: str, *, latitude_deg: float, longitude_deg: float, heading_deg: float, speed_m_s: float = 240.0,
             altitude_m: float = 10_500.0, duration_s: float = 600.0) -> Flight:  # fmt: skip
    """Fly straight and level along a rhumb-like path of short length."""
    times = np.arange(0.0, duration_s, 5.0)
    north, east = math.cos(math.radians(heading_deg)), math.sin(math.radians(heading_deg))
    positions = []
    for t in np.append(times, duration_s):
        latitude = latitude_deg + math.degrees(speed_m_s * t * north / 6.37e6)
        longitude = longitude_deg + math.degrees(speed_m_s * t * east / 6.37e6 / math.cos(math.radians(latitude_deg)))
        positions.append(pymap3d.geodetic2ecef(latitude, longitude, altitude_m))
    place = np.array(positions)
    velocity = np.diff(place, axis=0) / np.diff(np.append(times, duration_s))[:, None]
    return Flight(name, 0.0, duration_s - 5.0, -1.0, times, np.hstack([place[:-1], velocity]))


RADARS = (
    Sensor(id="KOR-R1", nation="KOR", kind="radar", latitude_deg=36.6, longitude_deg=127.4, altitude_m=300.0),
    Sensor(id="KOR-R2", nation="KOR", kind="radar", latitude_deg=35.2, longitude_deg=129.1, altitude_m=300.0),
    Sensor(id="JPN-R1", nation="JPN", kind="radar", latitude_deg=38.1, longitude_deg=138.4, altitude_m=300.0,
           max_range_m=1500e3),
)  # fmt: skip
INFRARED = tuple(
    Sensor(id=f"USA-I{lon}", nation="USA", kind="infrared", longitude_deg=float(lon), los_sigma_rad=3e-5)
    for lon in (85, 120, 165)
)
BIASED = tuple(
    Sensor(
        id=f"{sensor.id}B", nation=sensor.nation, kind="radar", latitude_deg=sensor.latitude_deg,
        longitude_deg=sensor.longitude_deg, altitude_m=300.0, max_range_m=sensor.max_range_m,
        bias_sigma=BiasSigma(range_m=20.0, azimuth_deg=0.02, elevation_deg=0.02),
    )
    for sensor in RADARS
)  # fmt: skip


def scans(flights: list[Flight], sensors: tuple[Sensor, ...], *, until_s: float, seed: int = 1) -> list[Scan]:
    """Simulate every sensor's scans in order of time, with noise, misses and false alarms; phases differ by sensor."""
    rng = np.random.default_rng(seed)
    looks = sorted(
        (phase + k * sensor.scan_period_s, number)
        for number, sensor in enumerate(sensors)
        for phase in [0.13 + 0.37 * number if sensor.kind == "radar" else 1.0 + 3.1 * number]
        for k in range(int(until_s / sensor.scan_period_s))
    )
    return [_look(flights, sensors[number], t, rng) for t, number in looks]


def _look(flights: list[Flight], sensor: Sensor, t: float, rng: np.random.Generator) -> Scan:
    time_ns = START_NS + round(t * NS_PER_S)
    rows = []
    for flight in flights:
        if flight.alive(t) and rng.random() < sensor.detection_probability:
            row = radar_row(flight.state(t), sensor, time_ns, rng) if sensor.kind == "radar" else infrared_row(
                flight, t, sensor, time_ns, rng)  # fmt: skip
            if row is not None:
                rows.append(row)
    if sensor.kind == "radar":
        for _ in range(rng.poisson(sensor.false_alarms_per_scan)):
            rows.append(Detection(
                time_ns=time_ns, sensor_id=sensor.id, range_m=float(rng.uniform(2e4, sensor.max_range_m)),
                azimuth_rad=float(rng.uniform(0, 2 * np.pi)), elevation_rad=float(np.arcsin(rng.uniform(0.02, 0.6))),
                range_rate_m_s=float(rng.uniform(-3000, 3000)),
            ))  # fmt: skip
    order = rng.permutation(len(rows))
    return Scan(time_ns, sensor.id, tuple(rows[i] for i in order))


def radar_row(state: Array, sensor: Sensor, time_ns: int, rng: np.random.Generator) -> Detection | None:
    """Return a noisy radar row of a state, None outside the coverage."""
    site = (sensor.latitude_deg, sensor.longitude_deg, sensor.altitude_m)
    azimuth, elevation, distance = (float(v) for v in pymap3d.ecef2aer(*state[:3], *site))
    if distance > sensor.max_range_m or elevation < sensor.min_elevation_deg:
        return None
    line = state[:3] - np.array(pymap3d.geodetic2ecef(*site))
    rate = float(line @ state[3:]) / distance
    return Detection(
        time_ns=time_ns, sensor_id=sensor.id, range_m=distance + rng.normal() * sensor.range_sigma_m,
        azimuth_rad=math.radians(azimuth + rng.normal() * sensor.azimuth_sigma_deg),
        elevation_rad=math.radians(elevation + rng.normal() * sensor.elevation_sigma_deg),
        range_rate_m_s=rate + rng.normal() * sensor.range_rate_sigma_m_s,
    )  # fmt: skip


def infrared_row(flight: Flight, t: float, sensor: Sensor, time_ns: int, rng: np.random.Generator) -> Detection | None:
    """Return a noisy line of sight from a geostationary place, None if not thrusting or too low."""
    state = flight.state(t)
    altitude = float(pymap3d.ecef2geodetic(*state[:3])[2])
    if t > flight.burnout_s or altitude < sensor.min_altitude_m:
        return None
    site = np.array(pymap3d.geodetic2ecef(0.0, sensor.longitude_deg, 35_786e3))
    line = state[:3] - site
    line = line / np.linalg.norm(line) + rng.normal(size=3) * sensor.los_sigma_rad
    x, y, z = line / np.linalg.norm(line)
    return Detection(time_ns=time_ns, sensor_id=sensor.id, los_ecef=(float(x), float(y), float(z)))
