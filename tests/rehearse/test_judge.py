"""The judge against geometry that can be worked out by hand or by another library."""

import math

import pymap3d
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.time import from_seconds
from beaconfire.rehearse import judge
from beaconfire.rehearse.judge import Place, TrueLaunch
from beaconfire.rehearse.lines import EllipseLine, ImpactLine, MultiPolygon, ObjectLine, Polygon
from tests.rehearse.pretend import event, moved, simulation, square, thing

PLACE = Place(1_736_132_437_000_000_000, 39.2, 126.0)
HALF_PERCENT = 0.005  # a plane ellipse against one on the ellipsoid, within some 100 km


def launch(name: str, *, latitude_deg: float = 39.2, after_s: float = 0.0) -> TrueLaunch:
    start = Place(PLACE.time_ns + from_seconds(after_s), latitude_deg, 126.0)
    end = Place(start.time_ns + from_seconds(600.0), latitude_deg + 3.0, 131.0)
    return TrueLaunch(name, start, end, start.time_ns + from_seconds(60.0), end.time_ns)


def test_the_truth_of_a_scenario_is_its_launches() -> None:
    (truth,) = judge.true_launches(simulation())
    assert (truth.object_id, truth.launch.latitude_deg, truth.launch.longitude_deg) == ("L1", 39.2, 126.0)
    assert truth.launch.time_ns == simulation().scenario.start_ns + from_seconds(30.0)
    assert truth.burnout_ns == truth.launch.time_ns + from_seconds(120.0)
    assert truth.impact is not None
    assert truth.end_ns == truth.impact.time_ns


@pytest.mark.parametrize(("azimuth_deg", "along"), [(30.0, True), (210.0, True), (120.0, False), (300.0, False)])
def test_an_ellipse_reaches_as_far_as_its_axes(azimuth_deg: float, *, along: bool) -> None:
    ellipse = EllipseLine(40e3, 10e3, 30.0)
    edge_m = 40e3 if along else 10e3
    for part, held in ((1.0 - HALF_PERCENT, True), (1.0 + HALF_PERCENT, False)):
        # seen from the truth, the centre lies the other way
        centre = moved(PLACE, azimuth_deg=azimuth_deg, distance_m=part * edge_m)
        assert judge.inside_ellipse(centre, ellipse, PLACE) is held


def test_an_ellipse_agrees_with_its_covariance() -> None:
    """Mahalanobis distance of the truth in a local frame (pymap3d) under the ellipse's covariance, χ² at 95 %."""
    ellipse = EllipseLine(30e3, 12e3, 75.0)
    for azimuth_deg in range(0, 360, 15):
        centre = moved(PLACE, azimuth_deg=azimuth_deg, distance_m=20e3)
        east, north, _ = pymap3d.geodetic2enu(PLACE.latitude_deg, PLACE.longitude_deg, 0.0, *centre, 0.0)
        turn = math.radians(ellipse.azimuth_deg)
        along = east * math.sin(turn) + north * math.cos(turn)
        across = east * math.cos(turn) - north * math.sin(turn)
        chi2 = (along**2 / (30e3**2 / 5.991)) + (across**2 / (12e3**2 / 5.991))
        if abs(chi2 - 5.991) > 0.1:
            assert judge.inside_ellipse(centre, ellipse, PLACE) is bool(chi2 < 5.991)


def test_distance_is_the_ellipsoids() -> None:
    # one degree of latitude at 39.7 N on WGS 84 is 111.03 km (Karney's GeodSolve)
    assert judge.distance_m((40.2, 126.0), PLACE) == pytest.approx(111_030.0, abs=20.0)


@given(st.permutations(range(3)), st.floats(0.0, 5e3))
def test_objects_are_matched_whatever_their_order(order: list[int], off_m: float) -> None:
    truths = [launch("A"), launch("B", after_s=60.0), launch("C", latitude_deg=39.5, after_s=60.0)]
    objects = [thing(truths[place], off_m=off_m, half_m=10e3) for place in order]
    assert judge.match(objects, truths) == [truths[place] for place in order]


def test_a_launch_is_given_to_one_object_only_and_the_nearest() -> None:
    truths = [launch("A")]
    near, nearer = (thing(truths[0], off_m=off_m, half_m=10e3) for off_m in (8e3, 2e3))
    assert judge.match([near, nearer], truths) == [None, truths[0]]


def test_what_is_far_off_or_has_no_launch_is_nobody() -> None:
    far = thing(launch("X", latitude_deg=10.0), off_m=0.0, half_m=10e3)
    assert judge.match([far, ObjectLine()], [launch("A")]) == [None, None]
    assert judge.match([], [launch("A")]) == []


def test_a_footprint_is_the_union_of_all_objects() -> None:
    first, second = launch("A"), launch("B", latitude_deg=45.0)
    apart = judge.footprint(event("own", 1, PLACE.time_ns, [thing(x, off_m=0.0, half_m=20e3) for x in (first, second)]))
    twice = judge.footprint(event("own", 1, PLACE.time_ns, [thing(first, off_m=0.0, half_m=20e3)] * 2))
    assert apart is not None
    assert twice is not None
    # squares of 40 km on a sphere, drawn in degrees of the ellipsoid
    assert judge.size_km2(apart) == pytest.approx(3200.0, rel=2 * HALF_PERCENT)
    assert judge.size_km2(twice) == pytest.approx(1600.0, rel=2 * HALF_PERCENT)
    assert first.impact is not None
    assert second.impact is not None
    assert [judge.holds(twice, place) for place in (first.impact, second.impact)] == [True, False]


def test_a_footprint_on_both_sides_of_the_antimeridian_is_one_area() -> None:
    east = [(179.0, 40.0), (180.0, 40.0), (180.0, 41.0), (179.0, 41.0), (179.0, 40.0)]
    west = [(-180.0, 40.0), (-179.0, 40.0), (-179.0, 41.0), (-180.0, 41.0), (-180.0, 40.0)]
    item = ObjectLine(impact=ImpactLine(footprint_95=MultiPolygon([[east], [west]])))
    area = judge.footprint(event("own", 1, PLACE.time_ns, [item]))
    assert area is not None
    # 2 degrees of longitude between 40 and 41 north: 18,882 km² by Karney's Planimeter along the parallels
    assert judge.size_km2(area) == pytest.approx(18_882.0, rel=HALF_PERCENT)
    assert judge.holds(area, Place(0, 40.5, -179.5))
    assert judge.holds(area, Place(0, 40.5, 179.5))
    assert not judge.holds(area, Place(0, 40.5, -178.5))


def test_holes_are_not_counted() -> None:
    outer = shapely.box(130.0, 40.0, 131.0, 41.0)
    ring = outer.difference(shapely.box(130.25, 40.25, 130.75, 40.75))
    assert judge.size_km2(ring) == pytest.approx(
        judge.size_km2(outer) - judge.size_km2(shapely.box(130.25, 40.25, 130.75, 40.75)), rel=1e-9
    )


def test_no_footprint_is_none_and_a_pole_of_no_width_is_no_area() -> None:
    assert judge.footprint(event("own", 1, PLACE.time_ns, [ObjectLine()])) is None
    flat = ObjectLine(impact=ImpactLine(footprint_95=Polygon([[(1.0, 1.0), (2.0, 2.0), (1.0, 1.0)]])))
    area = judge.footprint(event("own", 1, PLACE.time_ns, [flat]))
    assert area is not None
    assert judge.size_km2(area) == 0.0


def test_times_are_compared_in_seconds_and_only_where_both_are_known() -> None:
    assert judge.time_error_s("2025-01-06T03:00:04.248Z", PLACE.time_ns) == pytest.approx(4.248, abs=1e-6)
    assert judge.time_error_s(None, PLACE.time_ns) is None
    assert judge.time_error_s("2025-01-06T03:00:04.248Z", None) is None


def test_the_square_of_the_pretence_is_as_large_as_it_says() -> None:
    square_km2 = judge.size_km2(shapely.Polygon(square((44.9, 136.9), 50e3).outlines[0]))
    assert square_km2 == pytest.approx(10_000.0, rel=2 * HALF_PERCENT)
