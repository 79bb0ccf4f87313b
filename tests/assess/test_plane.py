"""The map around a point: there and back exactly, distances as GeographicLib has them."""

import math

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.assess.plane import Plane


@given(
    st.floats(-80.0, 80.0), st.floats(-180.0, 180.0), st.floats(-3e6, 3e6), st.floats(-3e6, 3e6)
)  # fmt: skip
def test_there_and_back(latitude_deg: float, longitude_deg: float, east_m: float, north_m: float) -> None:
    plane = Plane(math.radians(latitude_deg), math.radians(longitude_deg))
    latitude, longitude = plane.back(east_m=east_m, north_m=north_m)
    x, y = plane.place(latitude_rad=latitude, longitude_rad=longitude)
    assert (x, y) == pytest.approx((east_m, north_m), abs=0.05)
    ((degrees_x, degrees_y),) = plane.outline_deg([(east_m, north_m)])
    if math.hypot(east_m, north_m) > 1.0:
        assert degrees_y == pytest.approx(math.degrees(latitude), abs=1e-9)
        assert degrees_x == pytest.approx(math.degrees(longitude), abs=1e-6)


@pytest.mark.parametrize(("latitude_deg", "longitude_deg"), [(41.0, 130.0), (38.0, 150.0), (60.0, 179.0)])
def test_distances_are_true_to_half_a_percent(latitude_deg: float, longitude_deg: float) -> None:
    plane = Plane(math.radians(39.2), math.radians(126.0))
    east, north = plane.place(latitude_rad=math.radians(latitude_deg), longitude_rad=math.radians(longitude_deg))
    line = Geodesic.WGS84.Inverse(39.2, 126.0, latitude_deg, longitude_deg)
    assert math.hypot(east, north) == pytest.approx(line["s12"], rel=5e-3)
    assert math.degrees(math.atan2(east, north)) == pytest.approx(line["azi1"], abs=0.5)


def test_the_centre_is_the_origin() -> None:
    plane = Plane(0.5, 1.0)
    assert plane.place(latitude_rad=0.5, longitude_rad=1.0) == (0.0, 0.0)
    assert plane.back(east_m=0.0, north_m=0.0) == (0.5, 1.0)
