"""Rings for the page against geodesics: closed, counter-clockwise, at the right place and of the right size."""

import itertools
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.earth import enu_axes, geodetic_to_ecef
from beaconfire.kernel.records import Ellipse, TrackStatus, TrackUpdate
from beaconfire.shell.rings import ESTIMATE_POINTS, TRACK_POINTS, Ring, ellipse_ring, track_ellipse

DRAWING_TOLERANCE = 0.02  # of the axis: a plane about the centre on a sphere, for a picture


def signed_area(ring: Ring) -> float:
    return sum((x1 * y2 - x2 * y1) / 2.0 for (x1, y1), (x2, y2) in itertools.pairwise(ring))


def distances_m(ring: Ring, latitude_deg: float, longitude_deg: float) -> list[float]:
    return [Geodesic.WGS84.Inverse(latitude_deg, longitude_deg, lat, lon)["s12"] for lon, lat in ring]


def track(latitude_deg: float, sigma_east_m: float, sigma_north_m: float) -> TrackUpdate:
    latitude, longitude = math.radians(latitude_deg), math.radians(131.0)
    axes = enu_axes(latitude, longitude)
    covariance = np.eye(9)
    covariance[:3, :3] = axes.T @ np.diag([sigma_east_m**2, sigma_north_m**2, 1e4]) @ axes
    fields: dict[str, Any] = {
        "picture": "fused", "track_id": "T", "time_ns": 0, "status": TrackStatus.CONFIRMED,
        "mean": np.array([*geodetic_to_ecef(latitude, longitude, 80e3), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        "covariance": covariance, "modes": np.array([0.0, 1.0, 0.0, 0.0]), "existence": 1.0, "first_time_ns": 0,
        "last_measured_ns": 0, "sensors": (), "nations": (),
    }  # fmt: skip
    return TrackUpdate(**fields)


@given(
    st.floats(-80.0, 80.0),
    st.floats(-179.0, 179.0),
    st.floats(1e3, 100e3),
    st.floats(0.05, 1.0),
    st.floats(0.0, 180.0),
)
def test_an_estimates_ring_has_the_axes_of_its_ellipse(
    latitude_deg: float, longitude_deg: float, major_m: float, ratio: float, azimuth_deg: float
) -> None:
    ellipse = Ellipse(semi_major_m=major_m, semi_minor_m=major_m * ratio, azimuth_deg=azimuth_deg)
    ring = ellipse_ring(ellipse, latitude_deg=latitude_deg, longitude_deg=longitude_deg)
    assert ring is not None
    assert len(ring) == ESTIMATE_POINTS + 1
    assert ring[0] == ring[-1]
    far = distances_m(ring, latitude_deg, longitude_deg)
    stretch = DRAWING_TOLERANCE + 2.0 * major_m / 6.371e6 * math.tan(math.radians(abs(latitude_deg)))
    assert max(far) == pytest.approx(major_m, rel=stretch, abs=2.0)
    assert min(far) == pytest.approx(major_m * ratio, rel=stretch + 0.01, abs=2.0)
    if abs(longitude_deg) < 150.0:
        assert signed_area(ring) > 0.0


def test_the_major_axis_points_along_the_azimuth() -> None:
    ring = ellipse_ring(
        Ellipse(semi_major_m=50e3, semi_minor_m=5e3, azimuth_deg=50.0), latitude_deg=40.0, longitude_deg=130.0
    )
    assert ring is not None
    lon, lat = max(ring, key=lambda point: distances_m([point], 40.0, 130.0)[0])
    azimuth = Geodesic.WGS84.Inverse(40.0, 130.0, lat, lon)["azi1"] % 180.0
    assert azimuth == pytest.approx(50.0, abs=1.0)


def test_a_tracks_ring_is_its_horizontal_95_percent_ellipse_and_fits_json() -> None:
    ring = track_ellipse(track(40.0, 2000.0, 500.0))
    assert ring is not None
    assert len(ring) == TRACK_POINTS + 1
    far = distances_m(ring, 40.0, 131.0)
    assert max(far) == pytest.approx(2000.0 * math.sqrt(5.991), rel=DRAWING_TOLERANCE)
    assert min(far) == pytest.approx(500.0 * math.sqrt(5.991), rel=DRAWING_TOLERANCE)
    assert signed_area(ring) > 0.0
    assert msgspec.json.decode(msgspec.json.encode(ring)) == ring


def test_what_would_fold_over_itself_is_not_drawn() -> None:
    assert track_ellipse(track(40.0, 2e6, 500.0)) is None
    huge = Ellipse(semi_major_m=2e6, semi_minor_m=5e3, azimuth_deg=50.0)
    assert ellipse_ring(huge, latitude_deg=0.0, longitude_deg=0.0) is None


def test_longitudes_stay_on_the_map_across_the_antimeridian() -> None:
    circle = Ellipse(semi_major_m=100e3, semi_minor_m=100e3, azimuth_deg=0.0)
    ring = ellipse_ring(circle, latitude_deg=40.0, longitude_deg=179.9)
    assert ring is not None
    assert all(-180.0 <= lon <= 180.0 for lon, _ in ring)
    assert min(lon for lon, _ in ring) < -178.0
