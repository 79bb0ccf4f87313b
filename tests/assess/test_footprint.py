"""Outlines on the ground: ellipses, corridors and sectors, everywhere on Earth."""

import math

import pytest
import shapely

from beaconfire.assess.footprint import corridor_rings, ellipse_rings, outline_rings, reachable_rings
from beaconfire.assess.plane import Plane
from beaconfire.kernel.ground import area_km2

SEA = Plane(math.radians(41.0), math.radians(134.0))
EDGE = Plane(math.radians(50.0), math.radians(179.9))


@pytest.mark.parametrize("plane", [SEA, EDGE], ids=["sea", "antimeridian"])
def test_an_ellipse_has_its_area_and_is_split_where_it_must(plane: Plane) -> None:
    rings = ellipse_rings(plane, east_m2=20e3**2, east_north_m2=0.5 * 20e3 * 8e3, north_m2=8e3**2)
    area = math.pi * 5.991464547 * 20e3 * 8e3 * math.sqrt(0.75) / 1e6
    assert area_km2(rings) == pytest.approx(area, rel=5e-3)
    assert len(rings) == (1 if plane is SEA else 2)


def test_a_degenerate_covariance_still_has_an_outline() -> None:
    rings = ellipse_rings(SEA, east_m2=1e6, east_north_m2=1e6, north_m2=1e6)
    assert len(rings) == 1
    assert len(rings[0]) > 20


def test_a_corridor_holds_its_discs_and_what_lies_between() -> None:
    discs = [(0.0, 0.0, 10e3), (100e3, 30e3, 20e3), (400e3, 90e3, 40e3)]
    (ring,) = corridor_rings(SEA, discs)
    polygon = shapely.Polygon(ring)
    for east, north in ((0.0, 0.0), (100e3, 30e3), (250e3, 60e3), (400e3, 90e3), (430e3, 100e3)):
        latitude, longitude = SEA.back(east_m=east, north_m=north)
        assert polygon.contains(shapely.Point(math.degrees(longitude), math.degrees(latitude)))
    latitude, longitude = SEA.back(east_m=-50e3, north_m=-50e3)
    assert not polygon.contains(shapely.Point(math.degrees(longitude), math.degrees(latitude)))


def test_a_corridor_of_one_disc_is_the_disc() -> None:
    (ring,) = corridor_rings(SEA, [(0.0, 0.0, 30e3)])
    assert area_km2((ring,)) == pytest.approx(math.pi * 900.0, rel=0.06)  # a polygon of sixteen corners


def test_a_long_corridor_over_the_antimeridian_is_whole() -> None:
    discs = [(500e3 * k, 100e3 * k, 20e3 + 10e3 * k) for k in range(9)]
    rings = corridor_rings(SEA, discs)
    assert len(rings) == 2
    for ring in rings:
        assert all(-180.0 <= x <= 180.0 for x, _ in ring)
        assert shapely.LinearRing(ring).is_ccw
        assert shapely.Polygon(ring).is_valid


def test_a_reachable_set_looks_ahead() -> None:
    (ring,) = reachable_rings(SEA, heading_rad=math.radians(60.0), reach_m=500e3, width_m=40e3)
    polygon = shapely.Polygon(ring)
    for bearing, distance, held in (
        (60.0, 480e3, True),
        (20.0, 300e3, True),
        (240.0, 100e3, False),
        (60.0, 600e3, False),
    ):
        latitude, longitude = SEA.back(
            east_m=distance * math.sin(math.radians(bearing)), north_m=distance * math.cos(math.radians(bearing))
        )
        assert polygon.contains(shapely.Point(math.degrees(longitude), math.degrees(latitude))) is held


def test_outlines_are_thinned_from_outside() -> None:
    """A ragged shape is simplified to a message's size and still holds the shape."""
    ragged = shapely.union_all([shapely.Point(7e3 * k, 3e3 * (k % 3)).buffer(6e3, quad_segs=16) for k in range(40)])
    rings = outline_rings(SEA, ragged)
    assert all(len(ring) <= 66 for ring in rings)
    assert area_km2(rings) >= 0.98 * ragged.area / 1e6
