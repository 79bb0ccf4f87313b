"""Rings on the ground: the antimeridian, the poles, orientation, and areas against GeographicLib."""

import math

import pytest
import shapely
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.ground import area_km2, rings_of


def square(longitude_deg: float, latitude_deg: float, half_deg: float) -> list[tuple[float, float]]:
    """A square outline with points every quarter of an edge, clockwise."""
    corners = [(-1, -1), (-1, 1), (1, 1), (1, -1)]
    points = []
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        for k in range(4):
            x, y = x1 + (x2 - x1) * k / 4, y1 + (y2 - y1) * k / 4
            points.append((longitude_deg + half_deg * x, latitude_deg + half_deg * y))
    return points


def geodesic_area_km2(points: list[tuple[float, float]]) -> float:
    polygon = Geodesic.WGS84.Polygon()
    for x, y in points:
        polygon.AddPoint(y, x)
    return float(abs(polygon.Compute(False, True)[2])) / 1e6


def test_a_ring_is_closed_and_counter_clockwise() -> None:
    (ring,) = rings_of(square(130.0, 40.0, 1.0))
    assert ring[0] == ring[-1]
    assert shapely.LinearRing(ring).is_ccw


@pytest.mark.parametrize("longitude_deg", [179.5, -179.5, 180.0, 539.7])
def test_a_ring_over_the_antimeridian_becomes_two(longitude_deg: float) -> None:
    outline = square(longitude_deg, 40.0, 1.0)
    rings = rings_of(outline)
    assert len(rings) == 2
    for ring in rings:
        assert all(-180.0 <= x <= 180.0 for x, _ in ring)
        assert max(x for x, _ in ring) - min(x for x, _ in ring) < 2.0
        assert shapely.LinearRing(ring).is_ccw
    assert area_km2(rings) == pytest.approx(geodesic_area_km2(outline), rel=2e-3)


def test_longitudes_may_jump_by_a_turn() -> None:
    jumped = [(x - 360.0 if x > 180.0 else x, y) for x, y in square(179.9, 50.0, 1.0)]
    assert area_km2(rings_of(jumped)) == pytest.approx(area_km2(rings_of(square(179.9, 50.0, 1.0))), rel=1e-9)


def test_a_ring_round_the_pole_holds_the_pole() -> None:
    outline = [(30.0 * k, 85.0) for k in range(12)]
    rings = rings_of(outline)
    cap_km2 = 2.0 * math.pi * 6371.0**2 * (1.0 - math.sin(math.radians(85.0)))
    assert area_km2(rings) == pytest.approx(cap_km2, rel=0.01)  # geodetic latitude and flattening: under 1 %
    assert any(shapely.Polygon(ring).buffer(1e-6).contains(shapely.Point(10.0, 89.0)) for ring in rings)


def test_less_than_a_triangle_has_no_ring() -> None:
    assert rings_of([]) == ()
    assert rings_of([(1.0, 2.0), (3.0, 4.0)]) == ()
    assert area_km2(()) == 0.0


@given(
    st.floats(-540.0, 540.0, allow_nan=False),
    st.floats(-75.0, 75.0, allow_nan=False),
    st.floats(0.05, 3.0, allow_nan=False),
)
def test_area_and_window_hold_everywhere(longitude_deg: float, latitude_deg: float, half_deg: float) -> None:
    outline = square(longitude_deg, latitude_deg, half_deg)
    rings = rings_of(outline)
    assert all(-180.0 <= x <= 180.0 and -90.0 <= y <= 90.0 for ring in rings for x, y in ring)
    # Edges here are straight in longitude and latitude, there geodesics: with four points an edge a part in 500.
    assert area_km2(rings) == pytest.approx(geodesic_area_km2(outline), rel=5e-3)
