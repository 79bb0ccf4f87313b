"""The ellipsoid against printed constants, a printed point and pymap3d, with round trips everywhere on and off it."""

import math

import numpy as np
import pymap3d
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.earth import (
    ECCENTRICITY_SQUARED,
    FLATTENING,
    GRAVITATIONAL_PARAMETER_M3_S2,
    MEAN_RADIUS_M,
    ROTATION_RATE_RAD_S,
    SEMI_MAJOR_AXIS_M,
    SEMI_MINOR_AXIS_M,
    altitude_and_up,
    ecef_to_geodetic,
    enu_axes,
    geodetic_to_ecef,
    positions_ecef,
    positions_geodetic,
)
from tests.authorities import wgs84

LATITUDE_TOLERANCE_RAD = 1e-9  # the promise: 6 mm on the ground
ALTITUDE_TOLERANCE_M = 1e-6
FAST_UP_TOLERANCE_RAD = 2e-10  # one iteration, see `altitude_and_up`
ROUNDING_M = 2e-8  # a few units in the last place of 4e7 m

latitudes = st.one_of(
    st.floats(-math.pi / 2, math.pi / 2),
    st.sampled_from([0.0, math.pi / 2, -math.pi / 2, math.pi / 2 - 1e-12, 1e-15, -1e-9]),
)
longitudes = st.one_of(st.floats(-math.pi, math.pi), st.sampled_from([0.0, math.pi, -math.pi, math.pi - 1e-15]))
altitudes = st.one_of(st.floats(-20e3, 40e6), st.sampled_from([0.0, -11e3, 35_786e3]))


def test_constants_are_those_of_the_standard() -> None:
    assert SEMI_MAJOR_AXIS_M == wgs84.SEMI_MAJOR_AXIS_M
    assert pytest.approx(wgs84.INVERSE_FLATTENING, rel=1e-15) == 1.0 / FLATTENING
    assert GRAVITATIONAL_PARAMETER_M3_S2 == wgs84.GRAVITATIONAL_PARAMETER_M3_S2
    assert ROTATION_RATE_RAD_S == wgs84.ROTATION_RATE_RAD_S
    assert pytest.approx(wgs84.SEMI_MINOR_AXIS_M, abs=5e-5) == SEMI_MINOR_AXIS_M
    assert pytest.approx(wgs84.ECCENTRICITY_SQUARED, abs=5e-15) == ECCENTRICITY_SQUARED
    assert pytest.approx(wgs84.MEAN_RADIUS_M, abs=5e-5) == MEAN_RADIUS_M


def test_the_printed_point_of_the_epsg_guidance_note() -> None:
    assert geodetic_to_ecef(*wgs84.EPSG_POINT_GEODETIC) == pytest.approx(
        wgs84.EPSG_POINT_ECEF_M, abs=wgs84.PRINTED_TO_M
    )
    latitude, longitude, altitude = ecef_to_geodetic(*wgs84.EPSG_POINT_ECEF_M)
    assert (latitude, longitude) == pytest.approx(
        wgs84.EPSG_POINT_GEODETIC[:2], abs=2e-10
    )  # a millimetre on the ground
    assert altitude == pytest.approx(wgs84.EPSG_POINT_GEODETIC[2], abs=wgs84.PRINTED_TO_M)


@given(latitudes, longitudes, altitudes)
def test_there_and_back(latitude: float, longitude: float, altitude: float) -> None:
    x, y, z = geodetic_to_ecef(latitude, longitude, altitude)
    back_latitude, back_longitude, back_altitude = ecef_to_geodetic(x, y, z)
    assert back_latitude == pytest.approx(latitude, abs=LATITUDE_TOLERANCE_RAD)
    assert back_altitude == pytest.approx(altitude, abs=ALTITUDE_TOLERANCE_M)
    turn = math.remainder(back_longitude - longitude, 2.0 * math.pi)
    assert abs(turn) * math.hypot(x, y) <= 2e-7  # on the axis longitude means nothing; elsewhere sub-micrometre


@given(latitudes, longitudes, altitudes)
def test_forward_agrees_with_pymap3d(latitude: float, longitude: float, altitude: float) -> None:
    theirs = pymap3d.geodetic2ecef(latitude, longitude, altitude, deg=False)
    assert geodetic_to_ecef(latitude, longitude, altitude) == pytest.approx(theirs, abs=ROUNDING_M)


@given(latitudes, longitudes, altitudes)
def test_fast_altitude_and_up_agree_with_the_full_conversion(
    latitude: float, longitude: float, altitude: float
) -> None:
    quick, *up = altitude_and_up(*geodetic_to_ecef(latitude, longitude, altitude))
    assert quick == pytest.approx(altitude, abs=ALTITUDE_TOLERANCE_M)
    assert up == pytest.approx(list(enu_axes(latitude, longitude)[2]), abs=FAST_UP_TOLERANCE_RAD)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_near_the_centre_of_the_earth_the_answer_is_finite_and_deep(x: float, y: float, z: float) -> None:
    latitude, longitude, altitude = ecef_to_geodetic(x, y, z)
    assert abs(latitude) <= math.pi / 2
    assert abs(longitude) <= math.pi
    assert altitude < -6.2e6


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_poles_are_exact(sign: float) -> None:
    latitude, longitude, altitude = ecef_to_geodetic(0.0, 0.0, sign * (SEMI_MINOR_AXIS_M + 100.0))
    assert (latitude, longitude) == (sign * math.pi / 2, 0.0)
    assert altitude == pytest.approx(100.0, abs=1e-8)
    assert altitude_and_up(0.0, 0.0, sign * SEMI_MINOR_AXIS_M)[1:] == (0.0, 0.0, sign)


def test_the_antimeridian_from_both_sides() -> None:
    for offset in (1e-9, -1e-9):
        _, longitude, _ = ecef_to_geodetic(-SEMI_MAJOR_AXIS_M, -offset * SEMI_MAJOR_AXIS_M, 0.0)
        assert longitude == pytest.approx(math.copysign(math.pi, -offset), abs=2e-9)


@given(latitudes, longitudes)
def test_axes_are_right_handed_and_of_length_one(latitude: float, longitude: float) -> None:
    axes = enu_axes(latitude, longitude)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-15)
    np.testing.assert_allclose(np.cross(axes[0], axes[1]), axes[2], atol=1e-15)


def test_axes_agree_with_pymap3d() -> None:
    for latitude, longitude in ((0.65, 2.2), (-1.2, -3.0), (0.0, math.pi), (1.5707, 0.3)):
        theirs = [pymap3d.enu2uvw(*unit, latitude, longitude, deg=False) for unit in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
        np.testing.assert_allclose(enu_axes(latitude, longitude), theirs, atol=1e-15)


def test_array_versions_keep_the_shape_and_agree_with_the_scalars() -> None:
    latitude = np.linspace(-1.5, 1.5, 6).reshape(2, 3)
    positions = positions_ecef(latitude_rad=latitude, longitude_rad=0.5, altitude_m=[0.0, 1e3, 1e6])
    assert positions.shape == (2, 3, 3)
    assert tuple(positions[1, 2]) == geodetic_to_ecef(latitude[1, 2], 0.5, 1e6)
    geodetic = positions_geodetic(positions)
    assert geodetic.shape == (2, 3, 3)
    np.testing.assert_allclose(geodetic[..., 0], latitude, atol=LATITUDE_TOLERANCE_RAD)
    np.testing.assert_allclose(geodetic[..., 2], [[0.0, 1e3, 1e6]] * 2, atol=ALTITUDE_TOLERANCE_M)


def test_array_versions_take_one_point_and_no_points() -> None:
    assert positions_ecef(latitude_rad=0.1, longitude_rad=0.2, altitude_m=3.0).shape == (3,)
    assert positions_geodetic(np.empty((0, 3))).shape == (0, 3)
