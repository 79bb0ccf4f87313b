"""Distances over the ellipsoid: radians in and out, against Karney's printed line and pymap3d's Vincenty."""

import math

import pymap3d.vincenty
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from beaconfire.earth import SEMI_MAJOR_AXIS_M, geodesic_direct, geodesic_inverse
from tests.authorities import wgs84

DISTANCE_TOLERANCE_M = 1e-6
VINCENTY_TOLERANCE_M = 1e-3  # his series, printed as good to half a millimetre

latitudes = st.floats(-math.pi / 2, math.pi / 2)
longitudes = st.floats(-math.pi, math.pi)


def test_karneys_line() -> None:
    lat1, lon1, azi1, lat2, lon2, _, distance = wgs84.KARNEY_LINE
    answer = geodesic_inverse(
        latitude1_rad=math.radians(lat1), longitude1_rad=math.radians(lon1),
        latitude2_rad=math.radians(lat2), longitude2_rad=math.radians(lon2),
    )  # fmt: skip
    assert answer[0] == pytest.approx(distance, abs=DISTANCE_TOLERANCE_M)
    assert answer[1] == pytest.approx(math.radians(azi1), abs=1e-12)
    end = geodesic_direct(
        latitude_rad=math.radians(lat1), longitude_rad=math.radians(lon1),
        azimuth_rad=math.radians(azi1), distance_m=distance,
    )  # fmt: skip
    assert end == pytest.approx((math.radians(lat2), math.radians(lon2)), abs=1e-12)


@given(latitudes, longitudes, st.floats(0.0, 2 * math.pi), st.floats(0.0, 1.9e7))
def test_there_and_the_distance_back(latitude: float, longitude: float, azimuth: float, distance: float) -> None:
    end = geodesic_direct(latitude_rad=latitude, longitude_rad=longitude, azimuth_rad=azimuth, distance_m=distance)
    assert -math.pi <= end[1] <= math.pi
    back, heading = geodesic_inverse(
        latitude1_rad=latitude, longitude1_rad=longitude, latitude2_rad=end[0], longitude2_rad=end[1]
    )
    assert back == pytest.approx(distance, abs=DISTANCE_TOLERANCE_M)
    assert 0.0 <= heading < 2.0 * math.pi


@given(latitudes, longitudes, latitudes, longitudes)
def test_agrees_with_vincenty(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> None:
    apart = math.remainder(longitude2 - longitude1, 2 * math.pi)
    assume(abs(apart) < 3.0 or abs(latitude1 + latitude2) > 0.3)  # near the antipode Vincenty does not converge
    assume(abs(latitude1 - latitude2) > 1e-6 or abs(apart) > 1e-6)
    theirs, _ = pymap3d.vincenty.vdist(latitude1, longitude1, latitude2, longitude2, deg=False)
    ours, _ = geodesic_inverse(
        latitude1_rad=latitude1, longitude1_rad=longitude1, latitude2_rad=latitude2, longitude2_rad=longitude2
    )
    assert ours == pytest.approx(float(theirs), abs=VINCENTY_TOLERANCE_M)


def test_a_degree_west_along_the_equator() -> None:
    distance, azimuth = geodesic_inverse(latitude1_rad=0.0, longitude1_rad=0.0, latitude2_rad=0.0, longitude2_rad=-0.01)
    assert distance == pytest.approx(0.01 * SEMI_MAJOR_AXIS_M)
    assert azimuth == pytest.approx(1.5 * math.pi)


def test_across_the_antimeridian_is_short() -> None:
    distance, azimuth = geodesic_inverse(
        latitude1_rad=0.0, longitude1_rad=math.pi - 0.001, latitude2_rad=0.0, longitude2_rad=-math.pi + 0.001
    )
    assert distance == pytest.approx(0.002 * SEMI_MAJOR_AXIS_M)
    assert azimuth == pytest.approx(math.pi / 2)
