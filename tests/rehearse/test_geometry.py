"""What sensors see against pymap3d and against walking along the line of sight."""

import math

import numpy as np
import pymap3d
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.records import Sensor
from beaconfire.rehearse.geometry import behind_earth, look, point, site_of
from tests.rehearse.played import radar

RANGE_M = 1e-6
ANGLE_RAD = 1e-9
RATE_M_S = 1e-3  # of a difference over 0.2 s
GEOSTATIONARY_M = 42_164e3
LIMB_M = 3e3  # a walk in 4,000 steps may step over the last kilometres of the limb

SITE = site_of(radar())
near = st.tuples(st.floats(20.0, 55.0), st.floats(100.0, 155.0), st.floats(1e3, 2e6))


@given(near)
def test_polar_coordinates_are_those_of_another_library(place: tuple[float, float, float]) -> None:
    position = np.array(pymap3d.geodetic2ecef(*place))
    seen = look(SITE, position[None], np.zeros((1, 3)))
    azimuth, elevation, distance = pymap3d.ecef2aer(*position, 36.6, 127.4, 300.0)
    assert seen.range_m[0] == pytest.approx(distance, abs=RANGE_M)
    assert math.cos(seen.azimuth_rad[0] - math.radians(azimuth)) == pytest.approx(1.0, abs=ANGLE_RAD)
    assert seen.elevation_rad[0] == pytest.approx(math.radians(elevation), abs=ANGLE_RAD)


@given(near)
def test_polar_coordinates_lead_back_to_the_point(place: tuple[float, float, float]) -> None:
    position = np.array([pymap3d.geodetic2ecef(*place)])
    seen = look(SITE, position, np.zeros((1, 3)))
    assert point(SITE, seen.range_m, seen.azimuth_rad, seen.elevation_rad) == pytest.approx(position, abs=1e-6)


def test_range_rate_is_the_slope_of_range_and_positive_when_receding() -> None:
    start = np.array(pymap3d.geodetic2ecef(39.0, 130.0, 80e3))
    for velocity in (np.array([900.0, -2000.0, 700.0]), np.array([-900.0, 2000.0, -700.0])):
        before, now, after = (look(SITE, (start + dt * velocity)[None], velocity[None]) for dt in (-0.1, 0.0, 0.1))
        slope = (after.range_m[0] - before.range_m[0]) / 0.2
        assert now.range_rate_m_s[0] == pytest.approx(slope, abs=RATE_M_S)
    away = (start - SITE.position_m) / np.linalg.norm(start - SITE.position_m)
    assert look(SITE, start[None], 1000.0 * away[None]).range_rate_m_s[0] == pytest.approx(1000.0, rel=1e-12)


def test_the_horizon_is_where_the_textbook_has_it() -> None:
    """From height h a point at height H shows up to √(2Rh) + √(2RH) away on a round Earth (R at 36.6 N, eastward)."""
    radius = 6385e3  # prime vertical radius of curvature
    height, target = 300.0, 50e3
    reach = radius * (math.acos(radius / (radius + height)) + math.acos(radius / (radius + target)))
    for factor, hidden in ((0.995, False), (1.005, True)):
        turn = math.degrees(factor * reach / radius) / math.cos(math.radians(36.6))
        position = np.array([pymap3d.geodetic2ecef(36.6, 127.4 + turn, target)])
        assert bool(behind_earth(SITE.position_m, position)[0]) is hidden


@given(st.floats(0.0, 360.0), st.floats(-80.0, 80.0), st.floats(0.0, 500e3))
def test_the_limb_is_where_a_walk_along_the_line_meets_the_ground(
    longitude: float, latitude: float, height: float
) -> None:
    sensor = np.array([GEOSTATIONARY_M, 0.0, 0.0])
    target = np.array(pymap3d.geodetic2ecef(latitude, longitude, height))
    steps = sensor + np.linspace(0.0, 1.0, 4001)[:, None] * (target - sensor)
    lowest = float(pymap3d.ecef2geodetic(*steps[:-1].T)[2].min())
    hidden = bool(behind_earth(sensor, target[None])[0])
    if abs(lowest) > LIMB_M and height > LIMB_M:
        assert hidden is (lowest < 0.0)


def test_a_geostationary_place_is_where_it_stands() -> None:
    site = site_of(Sensor(id="I", nation="USA", kind="infrared", longitude_deg=120.0))
    assert np.linalg.norm(site.position_m) == pytest.approx(GEOSTATIONARY_M, abs=1e3)
    assert math.degrees(math.atan2(site.position_m[1], site.position_m[0])) == pytest.approx(120.0)
    assert site.position_m[2] == 0.0


def test_a_sensor_without_a_place_is_refused() -> None:
    with pytest.raises(InvalidInput, match="has no place"):
        site_of(Sensor(id="S", nation="USA", kind="radar"))
