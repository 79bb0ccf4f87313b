"""Hours in which much flies and nothing is launched, as detection files: written by the rehearsal's own background."""

import csv
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from beaconfire.kernel.detections import FIELDS, to_row
from beaconfire.kernel.time import NS_PER_S
from beaconfire.rehearse import read_scenario, sensors_toml, shipped, simulate
from beaconfire.rehearse.scenario import Aircraft, Area, Clutter, Meteor, Satellites, Scenario

HOUR_S = 3600.0
PERIOD_S = 10.0
# Six radars and two infrared sensors of the quiet day; its ship and the rest stay at home.
SENSORS = ("KOR-R1", "KOR-R2", "JPN-R1", "JPN-R3", "USA-R1", "USA-R2", "USA-I2", "USA-I3")
AIRCRAFT = 300  # at every moment, exchanged for others each hour: over a day one crowd would fly out of sight
PASSES = 12  # of satellites over the area in an hour: sixty satellites with five passes a day each
METEORS = 1  # an hour, 24 a day
AREA = Area(south_deg=32.0, north_deg=43.0, west_deg=124.0, east_deg=144.0)


def hour(number: int, *, seed: int) -> Scenario:
    """One hour of a day: the quiet day's sensors and clutter, everything else drawn from the seed."""
    quiet = read_scenario(shipped("quiet-day"), where="quiet-day")
    rng = np.random.default_rng([seed, number])
    meteors = [
        Meteor(
            time_s=float(rng.uniform(60.0, HOUR_S - 60.0)), latitude_deg=float(rng.uniform(33.0, 42.0)),
            longitude_deg=float(rng.uniform(126.0, 142.0)), azimuth_deg=float(rng.uniform(0.0, 359.0)),
            speed_m_s=float(rng.uniform(12e3, 28e3)), descent_deg=float(rng.uniform(5.0, 60.0)),
        )
        for _ in range(METEORS)
    ]  # fmt: skip
    clutter = [group for group in quiet.backgrounds if isinstance(group, Clutter)]
    sensors = [msgspec.structs.replace(one, period_s=PERIOD_S) for one in quiet.sensors if one.id in SENSORS]
    return msgspec.structs.replace(
        quiet, start_ns=quiet.start_ns + number * round(HOUR_S) * NS_PER_S, duration_s=HOUR_S, sensors=tuple(sensors),
        backgrounds=(Aircraft(count=AIRCRAFT, area=AREA), Satellites(count=PASSES, area=AREA), *meteors, *clutter),
    )  # fmt: skip


def write(folder: Path, hours: Sequence[int], *, seed: int) -> list[Path]:
    """Write one detection file per hour and the sensors file beside them; returns the detection files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in hours:
        scenario = hour(number, seed=seed)
        path = folder / f"hour-{number:02d}.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            for _, _, rows, labels in simulate(scenario, seed=seed * 100 + number).scans():
                writer.writerows(to_row(row, label) for row, label in zip(rows, labels, strict=True))
        (folder / "sensors.toml").write_text(sensors_toml(scenario.sensors))
        paths.append(path)
    return paths
