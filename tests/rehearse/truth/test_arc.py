"""Flights that meet stated figures, and the times that governments announced for them."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from beaconfire.kernel.errors import RunFailed
from beaconfire.rehearse.truth.arc import Flight, aim, fly, scaled, search
from beaconfire.rehearse.truth.boost import Departure, Stage
from beaconfire.rehearse.truth.force import GM_M3_S2, height_m
from beaconfire.rehearse.truth.profiles import PROFILES

FIGURE = 1e-4  # relative: the search's promise with room
ANNOUNCED_S = 60.0  # TRACKING part 6: within a minute of the announced time
TWO_BODY_M = 0.02  # relative: J2 and what is left of the air above burnout
SUMMIT_M = 50.0

# class, site, azimuth, then range km, apogee km and flight time s as announced: rows with exact figures of
# launches/announced.csv (KCNA 2022-11-18 and 2023-07-12; Japan 2022-10-04, whole minutes).
ANNOUNCED = [
    ("icbm_solid", (39.20, 125.67), 66.0, 999.2, 6040.9, 4135.0),
    ("icbm_solid", (39.11, 126.00), 66.0, 1001.2, 6648.4, 4491.0),
    ("irbm_liquid", (40.61, 126.43), 82.5, 4600.0, 1000.0, 1320.0),
]


@cache
def reach(kind: str, place: tuple[float, float], azimuth: float, range_km: float, apogee_km: float) -> Flight:
    profile = PROFILES[kind]
    return aim(
        Departure(*place, 0.0, azimuth, profile.tilt_deg), profile.stages, whole_kg_m2=profile.whole_kg_m2,
        body_kg_m2=profile.body_kg_m2, range_m=1e3 * range_km, apogee_m=1e3 * apogee_km,
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "place", "azimuth", "range_km", "apogee_km", "time_s"), ANNOUNCED)
def test_announced_figures_give_the_announced_time(
    kind: str, place: tuple[float, float], azimuth: float, range_km: float, apogee_km: float, time_s: float
) -> None:
    flown = reach(kind, place, azimuth, range_km, apogee_km)
    assert flown.range_m == pytest.approx(1e3 * range_km, rel=FIGURE)
    assert flown.apogee_m == pytest.approx(1e3 * apogee_km, rel=FIGURE)
    assert flown.path.end_s == pytest.approx(time_s, abs=ANNOUNCED_S)


@pytest.mark.parametrize(
    ("kind", "range_km", "apogee_km"),
    [("srbm_solid", 400.0, 100.0), ("mrbm_solid", 1300.0, 500.0), ("irbm_solid", 3000.0, 700.0)],
)
def test_every_ballistic_class_can_be_aimed(kind: str, range_km: float, apogee_km: float) -> None:
    flown = reach(kind, (39.0, 126.0), 70.0, range_km, apogee_km)
    assert flown.range_m == pytest.approx(1e3 * range_km, rel=FIGURE)
    assert flown.apogee_m == pytest.approx(1e3 * apogee_km, rel=FIGURE)
    assert flown.burnouts_s[-1] == sum(stage.burn_s for stage in PROFILES[kind].stages)


def test_the_arc_after_burnout_is_near_keplers() -> None:
    """Apogee from the vis-viva equation and angular momentum of the burnout state."""
    flown = reach("icbm_solid", (39.20, 125.67), 66.0, 999.2, 6040.9)
    state = flown.path.inertial_state(flown.burnouts_s[-1])
    radius, speed_2 = float(np.linalg.norm(state[:3])), float(state[3:] @ state[3:])
    momentum_2 = float(np.sum(np.cross(state[:3], state[3:]) ** 2))
    axis = 1.0 / (2.0 / radius - speed_2 / GM_M3_S2)
    summit = axis * (1.0 + math.sqrt(1.0 - momentum_2 / (GM_M3_S2 * axis)))
    rise = summit - radius
    burnout_m = height_m(*(float(value) for value in flown.path.at(np.array([flown.burnouts_s[-1]]))[0][0]))
    assert flown.apogee_m == pytest.approx(burnout_m + rise, rel=TWO_BODY_M)


def test_the_facts_are_those_of_the_path() -> None:
    flown = reach("srbm_solid", (39.0, 126.0), 70.0, 400.0, 100.0)
    times = np.linspace(0.0, flown.path.end_s, 4001)
    heights = np.array([height_m(*(float(value) for value in place)) for place in flown.path.at(times)[0]])
    assert heights.max() == pytest.approx(flown.apogee_m, abs=SUMMIT_M)
    assert times[heights.argmax()] == pytest.approx(flown.apogee_s, abs=0.5)
    assert heights[-1] == pytest.approx(0.0, abs=0.01)
    assert heights[0] == pytest.approx(0.0, abs=1e-3)


def test_more_thrust_flies_farther() -> None:
    profile = PROFILES["srbm_solid"]
    pad = Departure(39.0, 126.0, 0.0, 70.0, 30.0)
    ranges = [
        fly(pad, scaled(profile.stages, factor), whole_kg_m2=2e4, body_kg_m2=5e3).range_m for factor in (0.9, 1.0, 1.1)
    ]
    assert ranges[0] < ranges[1] < ranges[2]


def test_figures_out_of_reach_are_said_to_be() -> None:
    weak = (Stage(burn_s=10.0, ignition_m_s2=15.0, exhaust_m_s=900.0),)
    with pytest.raises(RunFailed, match=r"no boost found|cannot be integrated"):
        aim(
            Departure(39.0, 126.0, 0.0, 70.0, 1.0), weak, whole_kg_m2=1e3, body_kg_m2=1e3, range_m=9.9e6, apogee_m=1.2e6
        )


def test_the_search_finds_a_plain_root() -> None:
    def misses(knobs: np.ndarray) -> np.ndarray:
        return np.array([knobs[0] ** 2 + knobs[1] - 3.0, knobs[0] - knobs[1] + 1.0])

    assert search(misses, np.array([2.0, 2.0])) == pytest.approx([1.0, 2.0], abs=1e-4)


def test_scaling_touches_accelerations_alone() -> None:
    stages = PROFILES["icbm_solid"].stages
    assert scaled(stages, 2.0) == tuple(replace(stage, ignition_m_s2=2.0 * stage.ignition_m_s2) for stage in stages)
