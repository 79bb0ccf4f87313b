"""Azimuth, elevation and range against pymap3d; the horizon against a walk along the line."""

import math

import numpy as np
import pymap3d
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from beaconfire.earth import (
    azimuth_elevation_range,
    enu_axes,
    geodetic_to_ecef,
    point_at,
    positions_geodetic,
    sight_is_clear,
)

Array = NDArray[np.float64]

ANGLE_TOLERANCE_RAD = 1e-9  # of the direction as a whole: a millimetre at 1,000 km
RANGE_TOLERANCE_M = 1e-6
GRAZING_M = 1.0  # nearer to the ellipsoid than this, a walk in steps decides nothing

latitudes = st.one_of(st.floats(-math.pi / 2, math.pi / 2), st.sampled_from([math.pi / 2, -math.pi / 2]))
longitudes = st.one_of(st.floats(-math.pi, math.pi), st.just(math.pi))
azimuths = st.floats(0.0, 2.0 * math.pi, exclude_max=True)
elevations = st.floats(-math.pi / 2, math.pi / 2)
ranges = st.floats(1.0, 4e7)


def place(latitude: float, longitude: float, altitude: float) -> Array:
    return np.array(geodetic_to_ecef(latitude, longitude, altitude))


def direction(azimuth: float, elevation: float) -> Array:
    level = math.cos(elevation)
    return np.array([level * math.sin(azimuth), level * math.cos(azimuth), math.sin(elevation)])


@given(latitudes, longitudes, azimuths, elevations, ranges)
def test_there_and_back(latitude: float, longitude: float, azimuth: float, elevation: float, distance: float) -> None:
    site, enu = place(latitude, longitude, 100.0), enu_axes(latitude, longitude)
    point = np.array(point_at(site, enu, azimuth, elevation, distance))
    back_azimuth, back_elevation, back_distance = azimuth_elevation_range(site, enu, point)
    assert 0.0 <= back_azimuth < 2.0 * math.pi
    assert back_distance == pytest.approx(distance, rel=1e-12, abs=RANGE_TOLERANCE_M)
    # The direction as a vector: near the zenith azimuth alone means nothing, and 1 m away rounding is 1e-9.
    off = np.linalg.norm(direction(back_azimuth, back_elevation) - direction(azimuth, elevation))
    assert off <= ANGLE_TOLERANCE_RAD + 1e-8 / distance


@given(latitudes, longitudes, azimuths, st.floats(-1.5, 1.5), st.floats(1e3, 4e7))
@example(0.0, math.pi, 0.0, 2.222e-8, 1000.0)
def test_agrees_with_pymap3d(
    latitude: float, longitude: float, azimuth: float, elevation: float, distance: float
) -> None:
    site, enu = place(latitude, longitude, 250.0), enu_axes(latitude, longitude)
    theirs = pymap3d.aer2ecef(azimuth, elevation, distance, latitude, longitude, 250.0, deg=False)
    assert point_at(site, enu, azimuth, elevation, distance) == pytest.approx(theirs, abs=1e-6)
    ours = azimuth_elevation_range(site, enu, np.array(theirs))
    back = pymap3d.ecef2aer(*theirs, latitude, longitude, 250.0, deg=False)
    flattened = 1e-3 / distance  # pymap3d takes east, north and up of less than a millimetre for nothing
    tolerance = ANGLE_TOLERANCE_RAD + flattened
    assert direction(ours[0], ours[1]) == pytest.approx(direction(back[0], back[1]), abs=tolerance)
    assert ours[2] == pytest.approx(back[2], abs=1e-5)


def test_the_site_itself_straight_up_and_straight_down() -> None:
    site, enu = place(0.5, 1.0, 0.0), enu_axes(0.5, 1.0)
    assert azimuth_elevation_range(site, enu, site) == (0.0, 0.0, 0.0)
    _, elevation, distance = azimuth_elevation_range(site, enu, place(0.5, 1.0, 1e5))
    assert (elevation, distance) == (pytest.approx(math.pi / 2, abs=1e-7), pytest.approx(1e5))
    _, elevation, _ = azimuth_elevation_range(site, enu, place(0.5, 1.0, -1e3))
    assert elevation == pytest.approx(-math.pi / 2, abs=1e-6)


@pytest.mark.parametrize(("azimuth_deg", "east", "north"), [(0, 0, 1), (90, 1, 0), (180, 0, -1), (270, -1, 0)])
def test_azimuth_runs_clockwise_from_north(azimuth_deg: float, east: float, north: float) -> None:
    site, enu = place(0.5, math.pi, 0.0), enu_axes(0.5, math.pi)
    point = site + enu.T @ np.array([east * 1e4, north * 1e4, 0.0])
    assert azimuth_elevation_range(site, enu, point)[0] == pytest.approx(math.radians(azimuth_deg), abs=1e-12)


def lowest_on_the_way(a: Array, b: Array) -> float:
    """The lowest altitude on a line, by steps and the vertex of the parabola through the lowest three."""
    share = np.linspace(0.0, 1.0, 4001)[:, None]
    heights = positions_geodetic(a + share * (b - a))[:, 2]
    i = int(np.clip(np.argmin(heights), 1, len(heights) - 2))
    left, middle, right = heights[i - 1 : i + 2]
    bend = left - 2.0 * middle + right
    inside = bend > 0.0 and abs(right - left) < 2.0 * bend
    return float(middle - (right - left) ** 2 / (8.0 * bend)) if inside else float(heights.min())


@given(latitudes, longitudes, st.floats(0.0, 3.6e7), latitudes, longitudes, st.floats(100.0, 2e6))
def test_sight_is_clear_when_no_point_of_the_line_is_under_the_ellipsoid(
    latitude1: float, longitude1: float, altitude1: float, latitude2: float, longitude2: float, altitude2: float
) -> None:
    a, b = place(latitude1, longitude1, altitude1), place(latitude2, longitude2, altitude2)
    lowest = lowest_on_the_way(a, b)
    assume(abs(lowest) > GRAZING_M)
    assert sight_is_clear(a, b) == (lowest > 0.0)
    assert sight_is_clear(b, a) == sight_is_clear(a, b)


def test_horizon_of_a_radar_on_the_ground() -> None:
    site = place(0.0, 0.0, 0.0)
    # On the equator the ellipsoid is a circle: a body at height h is seen up to acos(R / (R + h)).
    limit = math.acos(6378137.0 / (6378137.0 + 100e3))
    assert sight_is_clear(site, place(0.0, limit - 1e-6, 100e3))
    assert not sight_is_clear(site, place(0.0, limit + 1e-6, 100e3))


def test_a_site_a_little_below_the_ellipsoid_still_sees_up() -> None:
    site, enu = place(0.6, 2.0, -30.0), enu_axes(0.6, 2.0)
    assert sight_is_clear(site, np.array(point_at(site, enu, 1.0, 0.05, 5e5)))
    assert not sight_is_clear(site, np.array(point_at(site, enu, 1.0, -0.2, 5e6)))


def test_the_other_side_of_the_earth_is_hidden_and_a_point_sees_itself() -> None:
    a = place(0.4, 1.0, 3.6e7)
    assert not sight_is_clear(a, place(-0.4, 1.0 - math.pi, 3.6e7))
    assert sight_is_clear(a, a)
