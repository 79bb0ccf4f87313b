"""Scans of one radar that sees something rise and speed up, made with pymap3d and none of the engine."""

import math

import numpy as np
import pymap3d

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import Detection, Scan
from beaconfire.kernel.time import from_seconds, parse_utc
from beaconfire.node import Genesis, Partner

START_NS = parse_utc("2025-01-06T03:00:00Z")
SITE = (36.6, 127.4, 300.0)
SENSORS = b"""[[sensor]]
id = "KOR-R1"
nation = "KOR"
kind = "radar"
latitude_deg = 36.6
longitude_deg = 127.4
altitude_m = 300.0
false_alarms_per_scan = 0.1
"""


def genesis(*partners: str, sensors: bytes = SENSORS, policy: bytes = b"") -> Genesis:
    """Korea's first row, joined with these partners."""
    return Genesis(
        nation="KOR", realm=Realm.EXERCISE, sensors_toml=sensors, policy_toml=policy,
        partners=tuple(Partner(code, bytes(32)) for code in partners), id_secret=bytes(range(32)),
        epoch=1, fingerprint="",
    )  # fmt: skip


def scan(number: int, *, sensor_id: str = "KOR-R1", seed: int = 1) -> Scan:
    """Look `number`, every two seconds: an object 250 km off that climbs at 1,200 m/s and gains 20 m/s each second."""
    t_s = 2.0 * number
    start = np.array(pymap3d.geodetic2ecef(39.0, 128.0, 25e3))
    up = np.array(pymap3d.enu2uvw(0.0, 0.0, 1.0, 39.0, 128.0))
    along = np.array(pymap3d.enu2uvw(0.8, 0.6, 0.0, 39.0, 128.0))
    place = start + up * (1_200.0 * t_s + 6.0 * t_s**2) + along * (900.0 * t_s + 10.0 * t_s**2)
    azimuth_deg, elevation_deg, range_m = (float(value) for value in pymap3d.ecef2aer(*place, *SITE))
    noise = np.random.default_rng([seed, number]).normal(size=3) * [30.0, math.radians(0.05), math.radians(0.05)]
    row = Detection(
        time_ns=START_NS + from_seconds(t_s), sensor_id=sensor_id, range_m=float(range_m + noise[0]),
        azimuth_rad=float(math.radians(azimuth_deg) + noise[1]),
        elevation_rad=float(math.radians(elevation_deg) + noise[2]),
    )  # fmt: skip
    return Scan(row.time_ns, sensor_id, (row,))
