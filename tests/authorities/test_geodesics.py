"""Distances and courses over the ellipsoid are the published ones, there and back."""

import math

import numpy as np
import pymap3d
import pytest

import beaconfire as bf
from beaconfire.earth import geodesic_direct, geodesic_inverse
from tests.authorities import geodesics

DISTANCE_TOLERANCE_M = 1e-6  # a hundred times what is printed: degrees become radians and degrees again
AZIMUTH_TOLERANCE_RAD = 1e-12
ECEF_TOLERANCE_M = 1e-6


def apart(one_rad: float, other_rad: float) -> float:
    return abs(math.remainder(one_rad - other_rad, 2.0 * math.pi))


@pytest.mark.parametrize("line", geodesics.LINES)
def test_a_published_line_there(line: tuple[float, ...]) -> None:
    lat1, lon1, azi1, lat2, lon2, _, metres = line
    distance, azimuth = geodesic_inverse(
        latitude1_rad=math.radians(lat1), longitude1_rad=math.radians(lon1),
        latitude2_rad=math.radians(lat2), longitude2_rad=math.radians(lon2),
    )  # fmt: skip
    assert distance == pytest.approx(metres, abs=DISTANCE_TOLERANCE_M)
    assert apart(azimuth, math.radians(azi1)) < AZIMUTH_TOLERANCE_RAD


@pytest.mark.parametrize("line", geodesics.LINES)
def test_a_published_line_from_its_other_end(line: tuple[float, ...]) -> None:
    lat1, lon1, _, lat2, lon2, azi2, metres = line
    latitude, longitude = geodesic_direct(
        latitude_rad=math.radians(lat2), longitude_rad=math.radians(lon2), azimuth_rad=math.radians(azi2 + 180.0),
        distance_m=metres,
    )  # fmt: skip
    assert latitude == pytest.approx(math.radians(lat1), abs=AZIMUTH_TOLERANCE_RAD)
    assert apart(longitude, math.radians(lon1)) < 10.0 * AZIMUTH_TOLERANCE_RAD  # degrees are short near a pole


@pytest.mark.parametrize("case", geodesics.LONGEST)
def test_half_way_round_the_earth(case: tuple[float, ...]) -> None:
    lat1, lon1, lat2, lon2, azi1, metres = case
    distance, azimuth = geodesic_inverse(
        latitude1_rad=math.radians(lat1), longitude1_rad=math.radians(lon1),
        latitude2_rad=math.radians(lat2), longitude2_rad=math.radians(lon2),
    )  # fmt: skip
    assert distance == pytest.approx(metres, abs=geodesics.LONGEST_PRINTED_TO_M)
    assert apart(azimuth, math.radians(azi1)) < math.radians(geodesics.LONGEST_PRINTED_TO_DEG)


def test_the_ends_of_the_lines_in_space() -> None:
    """The library's arrays, against pymap3d."""
    ends = np.radians(
        [[line[0], line[1]] for line in geodesics.LINES] + [[line[3], line[4]] for line in geodesics.LINES]
    )
    ours = bf.positions_ecef(latitude_rad=ends[:, 0], longitude_rad=ends[:, 1], altitude_m=1234.5)
    theirs = np.array(pymap3d.geodetic2ecef(ends[:, 0], ends[:, 1], np.full(len(ends), 1234.5), deg=False)).T
    np.testing.assert_allclose(ours, theirs, atol=ECEF_TOLERANCE_M)
    back = bf.positions_geodetic(ours)
    np.testing.assert_allclose(back[:, 2], 1234.5, atol=ECEF_TOLERANCE_M)
