"""Boost against the rocket equation and textbook ascent."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from beaconfire.rehearse.truth.boost import RISE_S, TILT_S, Departure, Stage, ascend
from beaconfire.rehearse.truth.path import Path
from beaconfire.rehearse.truth.place import east_north_up, geodetic, place_ecef_m

STAGE = Stage(burn_s=60.0, ignition_m_s2=24.0, exhaust_m_s=2500.0)
PAD = Departure(latitude_deg=39.0, longitude_deg=126.0, altitude_m=120.0, azimuth_deg=60.0, tilt_deg=20.0)
SMALL = 1e-9


def ideal_m_s(stage: Stage) -> float:
    """Tsiolkovsky: exhaust speed times the logarithm of the mass ratio."""
    return -stage.exhaust_m_s * math.log(1.0 - stage.ignition_m_s2 * stage.burn_s / stage.exhaust_m_s)


def test_the_thrust_adds_up_to_the_rocket_equation() -> None:
    gained, _ = quad(STAGE.thrust_m_s2, 0.0, STAGE.burn_s)
    assert gained == pytest.approx(ideal_m_s(STAGE), rel=SMALL)
    assert STAGE.thrust_m_s2(0.0) == STAGE.ignition_m_s2
    assert STAGE.thrust_m_s2(30.0) < STAGE.thrust_m_s2(59.0)


def test_straight_up_without_air_is_the_textbook_ascent() -> None:
    """h = c t - c (t0 - t) ln(t0 / (t0 - t)) - g t² / 2 with burn-out mass time t0 = c / a0 (Sutton, section 4.4)."""
    up = ascend(replace(PAD, tilt_deg=0.0), (STAGE,), ballistic_kg_m2=math.inf)
    whole = STAGE.exhaust_m_s / STAGE.ignition_m_s2
    left, c, t = whole - STAGE.burn_s, STAGE.exhaust_m_s, STAGE.burn_s
    gravity = 9.80 - 0.09  # sinking by 9 parts in 1,000 over the climb
    height = c * t - c * left * math.log(whole / left) - 0.5 * gravity * t * t
    position, velocity = Path(up.legs).at(np.array([t]))
    assert geodetic(position[0])[2] - PAD.altitude_m == pytest.approx(height, rel=0.01)
    assert float(np.linalg.norm(velocity[0])) == pytest.approx(ideal_m_s(STAGE) - gravity * t, rel=0.01)


def test_it_starts_at_rest_on_the_pad_and_rises_vertically() -> None:
    ascent = Path(ascend(PAD, (STAGE,), ballistic_kg_m2=3e4).legs)
    positions, velocities = ascent.at(np.array([0.0, RISE_S]))
    assert positions[0] == pytest.approx(place_ecef_m(39.0, 126.0, 120.0), abs=1e-6)
    assert velocities[0] == pytest.approx(np.zeros(3), abs=1e-9)
    _, _, up = east_north_up(39.0, 126.0)
    assert float(velocities[1] @ up) == pytest.approx(float(np.linalg.norm(velocities[1])), rel=1e-5)


def test_it_leaves_along_the_azimuth() -> None:
    ascent = Path(ascend(PAD, (STAGE,), ballistic_kg_m2=3e4).legs)
    east, north, _ = east_north_up(39.0, 126.0)
    _, velocity = ascent.at(np.array([RISE_S + TILT_S + 5.0]))
    azimuth = math.degrees(math.atan2(float(velocity[0] @ east), float(velocity[0] @ north)))
    assert azimuth == pytest.approx(60.0, abs=0.5)  # Coriolis has had 18 s


def test_after_the_tilt_thrust_follows_the_velocity() -> None:
    """Gravity turn: what air and thrust do acts along the velocity alone."""
    ascent = Path(ascend(PAD, (STAGE,), ballistic_kg_m2=math.inf).legs)
    before, after = ascent.at(np.array([39.95, 40.05]))[1]
    mean = ascent.at(np.array([40.0]))
    place, velocity = mean[0][0], mean[1][0]
    spin = np.array([0.0, 0.0, 7.292115e-5])
    felt = (after - before) / 0.1 + 2.0 * np.cross(spin, velocity) + np.cross(spin, np.cross(spin, place))
    radius = float(np.linalg.norm(place))
    felt += 3.986004418e14 * place / radius**3
    along = felt @ velocity / np.linalg.norm(velocity)
    assert along == pytest.approx(STAGE.thrust_m_s2(40.0), abs=0.02)  # J2 is left out here
    assert float(np.linalg.norm(felt)) == pytest.approx(along, abs=0.02)


def test_every_stage_has_its_burnout() -> None:
    two = ascend(PAD, (STAGE, replace(STAGE, burn_s=40.0)), ballistic_kg_m2=3e4)
    assert two.burnouts_s == (60.0, 100.0)
    assert Path(two.legs).end_s == 100.0
    losses = ideal_m_s(STAGE) + ideal_m_s(replace(STAGE, burn_s=40.0)) - np.linalg.norm(two.state[3:])
    assert -400.0 < losses < 1200.0  # gravity and air take, the Earth's rotation gives


def test_air_takes_speed() -> None:
    thick = ascend(PAD, (STAGE,), ballistic_kg_m2=1e4)
    none = ascend(PAD, (STAGE,), ballistic_kg_m2=math.inf)
    assert np.linalg.norm(thick.state[3:]) < np.linalg.norm(none.state[3:]) - 50.0
