"""Places and directions on the ellipsoid against pymap3d and a printed geodesic."""

import math

import numpy as np
import pymap3d
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.rehearse.truth.place import east_north_up, geodetic, ground_range_m, place_ecef_m
from tests.authorities import wgs84

CLOSE_M = 1e-6
ANGLE_DEG = 1e-9

latitudes, longitudes = st.floats(-89.99, 89.99), st.floats(-179.99, 180.0)


@given(latitudes, longitudes, st.floats(-400.0, 4e7))
def test_places_are_those_of_another_library(latitude: float, longitude: float, height: float) -> None:
    expected = np.array(pymap3d.geodetic2ecef(latitude, longitude, height))
    assert place_ecef_m(latitude, longitude, height) == pytest.approx(expected, abs=CLOSE_M)


def test_the_printed_point_is_met() -> None:
    latitude, longitude, height = wgs84.EPSG_POINT_GEODETIC
    place = place_ecef_m(math.degrees(latitude), math.degrees(longitude), height)
    assert place == pytest.approx(wgs84.EPSG_POINT_ECEF_M, abs=wgs84.PRINTED_TO_M)


@given(latitudes, longitudes, st.floats(-400.0, 7e6))
def test_there_and_back_is_the_same_place(latitude: float, longitude: float, height: float) -> None:
    back = geodetic(place_ecef_m(latitude, longitude, height))
    assert back[0] == pytest.approx(latitude, abs=ANGLE_DEG)
    assert back[2] == pytest.approx(height, abs=1e-4)
    assert math.cos(math.radians(back[1] - longitude)) == pytest.approx(1.0, abs=1e-12)


@given(latitudes, longitudes)
def test_the_local_frame_is_that_of_another_library(latitude: float, longitude: float) -> None:
    axes = np.stack(east_north_up(latitude, longitude))
    for row, enu in zip(axes, np.eye(3), strict=True):
        ahead = np.array(pymap3d.enu2uvw(*enu, latitude, longitude))
        assert row == pytest.approx(ahead, abs=1e-12)
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-14)


def test_distance_over_ground_is_the_printed_geodesic() -> None:
    lat_1, lon_1, _, lat_2, lon_2, _, distance = wgs84.KARNEY_LINE
    assert ground_range_m((lat_1, lon_1), (lat_2, lon_2)) == pytest.approx(distance, abs=1e-6)
