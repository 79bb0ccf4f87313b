"""The kernels on shapes small enough to do by hand, and against shapely on random ones."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import scale

from beaconfire.earth import MEAN_RADIUS_M
from beaconfire.warn.crossing import COLUMNS, ROWS, Outlines, distances, passages

DEGREE_M = MEAN_RADIUS_M * math.pi / 180.0


def outlines(*polygons: shapely.Polygon) -> Outlines:
    """One piece per polygon, one area per piece, found in every cell of its box."""
    edges = []
    for polygon in polygons:
        rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
        edges.append(np.vstack([np.hstack([ring[:-1], ring[1:]]) for ring in rings]))
    inside: dict[int, list[int]] = {}
    for number, polygon in enumerate(polygons):
        west, south, east, north = (math.floor(side) for side in polygon.bounds)
        for row in range(south, north + 1):
            for column in range(west, min(east, 179) + 1):
                inside.setdefault((row + 90) * COLUMNS + column + 180, []).append(number)
    counts = np.zeros(ROWS * COLUMNS + 1, dtype=np.int64)
    for cell, some in inside.items():
        counts[cell + 1] = len(some)
    return Outlines(
        edges=np.vstack(edges),
        edge_starts=np.cumsum([0, *map(len, edges)], dtype=np.int64),
        boxes=np.array([polygon.bounds for polygon in polygons]),
        owners=np.arange(len(polygons), dtype=np.int64),
        cell_pieces=np.array([number for _, some in sorted(inside.items()) for number in some], dtype=np.int64),
        cell_starts=np.cumsum(counts),
    )


def cross(places: list[tuple[float, float]], *polygons: shapely.Polygon, up: bool = True) -> list[tuple[float, float]]:
    """First entry and last exit of a track with one place a second, by area."""
    x, y = np.array(places).T
    starts, times = np.array([0, len(x)], dtype=np.int64), np.arange(len(x), dtype=float)
    track = starts, times, np.ascontiguousarray(x), np.ascontiguousarray(y), np.full(len(x), 1e5 if up else 0.0)
    first, last = passages(*track, len(polygons), outlines(*polygons))
    return list(zip(first[0].tolist(), last[0].tolist(), strict=True))


def far(place: tuple[float, float], polygon: shapely.Polygon, *, reach_m: float = 100e3) -> float:
    x, y = np.array([place[0]]), np.array([place[1]])
    return float(distances(x, y, 1, reach_m, outlines(polygon))[0, 0])


SQUARE = shapely.box(10.0, 0.0, 12.0, 2.0)
HOLED = shapely.Polygon(SQUARE.exterior.coords, [shapely.box(10.5, 0.5, 11.5, 1.5).exterior.coords])
NEVER = (math.inf, -math.inf)


@pytest.mark.parametrize(
    ("places", "span"),
    [
        ([(9.0, 1.0), (13.0, 1.0)], (0.25, 0.75)),
        ([(13.0, 1.0), (9.0, 1.0)], (0.25, 0.75)),
        ([(11.0, -1.0), (11.0, 1.0), (11.0, 3.0)], (0.5, 1.5)),
        ([(11.0, 1.0), (13.0, 1.0)], (0.0, 0.5)),  # from inside
        ([(9.0, 1.0), (11.0, 1.0)], (0.5, 1.0)),  # to inside
        ([(10.5, 0.5), (11.5, 1.5)], (0.0, 1.0)),  # all inside
        ([(9.0, 1.0), (13.0, 1.0), (9.0, 1.0)], (0.25, 1.75)),  # there and back
        ([(9.0, 3.0), (13.0, 3.0)], NEVER),
        ([(9.0, 1.0), (9.9, 1.0)], NEVER),
        ([(12.1, -1.0), (13.0, 1.0)], NEVER),  # its box meets none, its line passes by
        ([(11.0, 1.0)], NEVER),  # a point is no track
    ],
)
def test_a_track_enters_and_leaves_a_square(places: list[tuple[float, float]], span: tuple[float, float]) -> None:
    assert cross(places, SQUARE)[0] == pytest.approx(span)


def test_a_hole_is_outside_but_first_and_last_are_of_the_whole_way() -> None:
    assert cross([(10.75, 0.75), (11.25, 1.25)], HOLED)[0] == NEVER
    assert cross([(9.0, 1.0), (13.0, 1.0)], HOLED)[0] == pytest.approx((0.25, 0.75))
    assert far((11.0, 1.0), HOLED) == pytest.approx(0.5 * DEGREE_M, rel=1e-3)


def test_a_leg_under_the_ground_is_not_flown() -> None:
    assert cross([(9.0, 1.0), (13.0, 1.0)], SQUARE, up=False)[0] == NEVER


def test_areas_keep_apart() -> None:
    other = shapely.box(12.0, 0.0, 14.0, 2.0)
    spans = cross([(9.0, 1.0), (15.0, 1.0)], SQUARE, other)
    assert spans == [pytest.approx((1.0 / 6.0, 0.5)), pytest.approx((0.5, 5.0 / 6.0))]


@pytest.mark.parametrize("turn", [-360.0, 0.0, 360.0])
def test_a_track_over_the_antimeridian_meets_both_sides(turn: float) -> None:
    west, east = shapely.box(178.0, 0.0, 180.0, 2.0), shapely.box(-180.0, 0.0, -178.0, 2.0)
    running = cross([(177.0 + turn, 1.0), (183.0 + turn, 1.0)], west, east)
    jumping = cross([(177.0, 1.0), (-177.0, 1.0)], west, east)
    assert running == jumping == [pytest.approx((1.0 / 6.0, 0.5)), pytest.approx((0.5, 5.0 / 6.0))]


@pytest.mark.parametrize(
    ("place", "far_m"),
    [
        ((11.0, 1.0), 0.0),
        ((9.5, 0.0), 0.5 * DEGREE_M),
        ((11.0, -0.5), 0.5 * DEGREE_M),
        ((9.7, -0.4), 0.5 * DEGREE_M),  # 3-4-5 from the corner
        ((5.0, 1.0), math.inf),
        ((11.0, 3.0), math.inf),
    ],
)
def test_a_point_is_so_far_from_a_square(place: tuple[float, float], far_m: float) -> None:
    assert far(place, SQUARE) == pytest.approx(far_m, rel=1e-4)


def test_longitudes_are_narrower_in_the_north() -> None:
    north = shapely.box(10.0, 59.0, 12.0, 61.0)
    assert far((9.0, 60.0), north) == pytest.approx(0.5 * DEGREE_M, rel=1e-6)


def test_a_point_reaches_over_the_antimeridian() -> None:
    assert far((179.9, 1.0), shapely.box(-180.0, 0.0, -178.0, 2.0)) == pytest.approx(0.1 * DEGREE_M, rel=1e-3)
    assert far((-179.9, 1.0), shapely.box(178.0, 0.0, 180.0, 2.0)) == pytest.approx(0.1 * DEGREE_M, rel=1e-3)


corners = st.lists(st.tuples(st.floats(-2.9, 2.9), st.floats(-2.9, 2.9)), min_size=3, max_size=9, unique=True)
places = st.lists(st.tuples(st.floats(-4.0, 4.0), st.floats(-4.0, 4.0)), min_size=2, max_size=6)


@settings(max_examples=150, deadline=None)
@given(corners, places)
def test_crossings_are_shapelys(points: list[tuple[float, float]], way: list[tuple[float, float]]) -> None:
    shape = shapely.Polygon(points).convex_hull
    if not isinstance(shape, shapely.Polygon) or shape.area < 1e-3:
        return
    (first, last), line = cross(way, shape)[0], shapely.LineString(way)
    inner, outer = shape.buffer(-1e-6), shape.buffer(1e-6)
    if line.intersects(inner):
        assert first <= last
        for time in (first, last):
            index = min(int(time), len(way) - 2)
            a, b = np.array(way[index]), np.array(way[index + 1])
            assert outer.covers(shapely.Point(a + (time - index) * (b - a)))
    elif not line.intersects(outer):
        assert (first, last) == NEVER


@settings(max_examples=150, deadline=None)
@given(corners, st.tuples(st.floats(-4.0, 4.0), st.floats(-4.0, 4.0)))
def test_distances_are_shapelys(points: list[tuple[float, float]], place: tuple[float, float]) -> None:
    shape = shapely.Polygon(points).convex_hull
    if not isinstance(shape, shapely.Polygon) or shape.area < 1e-3:
        return
    narrow = math.cos(math.radians(place[1]))
    flat = scale(shape, narrow, 1.0, origin=(0, 0))
    expected = flat.distance(shapely.Point(place[0] * narrow, place[1])) * DEGREE_M
    found = far(place, shape, reach_m=300e3)
    assert found == (pytest.approx(expected, abs=0.01) if expected <= 300e3 else math.inf)
