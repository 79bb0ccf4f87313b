"""The maker of `areas.json` on a small made-up country, and its file as it stands."""

import json
from typing import Any

import pytest
import shapely

from beaconfire.kernel import data
from tools import build_areas
from tools.area_patches import IDS, ISLANDS, MOVES, NAMES, NEIGHBOURS, Island, Move
from tools.build_areas import Draft, add_islands, build, cap_rings, find_neighbours, gather, move_parts, simplify


def feature(iso: str, nation: str, shape: Any, en: str = "Name", ko: str = "이름", ja: str = "名") -> dict[str, Any]:
    words = {"adm0_a3": nation, "iso_3166_2": iso, "name_en": en, "name_ko": ko, "name_ja": ja}
    return {"properties": words, "geometry": shapely.geometry.mapping(shape)}


def drafts(**shapes: Any) -> dict[str, Draft]:
    return {name: Draft(name, "JPN", {}, shape) for name, shape in shapes.items()}


def test_features_become_areas_by_iso_id_and_others_are_left_out() -> None:
    found = gather(
        [
            feature("US-HI", "USA", shapely.box(0, 0, 1, 1), "Hawaii", "하와이", "ハワイ州"),
            feature("JP-26", "JPN", shapely.box(0, 0, 1, 1), "Kyōto Prefecture"),
            feature("MP-X01~", "MNP", shapely.box(0, 0, 1, 1)),
            feature("MP-X03~", "MNP", shapely.box(2, 0, 3, 1)),
            feature("FR-75", "FRA", shapely.box(0, 0, 1, 1)),
        ]
    )
    assert list(found) == ["JP-26", "US-HI", "US-MP"]
    assert found["JP-26"].names["en"] == "Kyoto Prefecture"
    assert found["US-HI"].names["ko"] == "하와이주"
    assert found["US-MP"].names == NAMES["US-MP"] and found["US-MP"].nation == "USA"
    assert shapely.get_num_geometries(found["US-MP"].shape) == 2


def test_parts_in_a_box_move_to_another_area() -> None:
    some = drafts(A=shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6)]), B=shapely.box(8, 8, 9, 9))
    move_parts(some, (Move("A", "B", 4, 4, 7, 7),))
    left, right = (shapely.get_coordinates(some[name].shape) for name in "AB")
    assert (left.min(), left.max()) == (0.0, 1.0)
    assert (right.min(), right.max()) == (5.0, 9.0)
    assert some["B"].shape.area == pytest.approx(2.0)


def test_an_island_has_its_area_and_takes_nothing_from_others() -> None:
    some = drafts(A=shapely.box(0, 60, 1, 61), B=shapely.box(3, 60, 4, 61))
    add_islands(some, (Island("A", "far", 60.5, 2.0, 100.0), Island("A", "in B", 60.5, 3.5, 10.0)))
    assert some["A"].shape.area == pytest.approx(1.0 + 100.0 / (111.195**2 * 0.4924), rel=0.001)
    assert not some["A"].shape.intersects(some["B"].shape)


def test_neighbours_share_a_border_or_face_each_other_over_a_strait() -> None:
    some = drafts(
        A=shapely.box(0, 0, 1, 1),
        B=shapely.box(1, 0, 2, 1),  # touches A
        C=shapely.box(2, 1, 3, 2),  # touches B at a corner
        D=shapely.box(0, 1.2, 1, 2),  # 22 km north of A
        E=shapely.box(0, 2.5, 1, 3),  # 55 km north of D
    )
    some |= {
        "US-GU": Draft("US-GU", "USA", {}, shapely.box(50, 0, 51, 1)),
        "US-MP": Draft("US-MP", "USA", {}, shapely.box(53, 0, 54, 1)),
    }
    korea = {
        name: Draft(name, "KOR", {}, shapely.box(60 + k, 0, 61 + k, 1))
        for k, name in enumerate(("KP-06", "KP-07", "KR-41", "KR-42"))
    }
    some |= korea
    find_neighbours(some)
    assert some["A"].neighbours == {"B", "D"}
    assert some["E"].neighbours == set()
    assert "US-MP" in some["US-GU"].neighbours


def test_simplifying_keeps_common_borders_and_every_part() -> None:
    wavy = [(0.5 + 0.0005 * (k % 2), k / 200) for k in range(201)]
    west = shapely.Polygon([(0, 0), *wavy, (0, 1)])
    east = shapely.union_all([shapely.Polygon([*wavy, (1, 1), (1, 0)]), shapely.box(2, 0, 2.01, 0.01)])
    some = drafts(A=west, B=east)
    simplify(some)
    assert shapely.coverage_is_valid([some["A"].shape, some["B"].shape])
    assert shapely.get_num_coordinates(some["A"].shape) < 20
    assert shapely.get_num_geometries(some["B"].shape) == 2


@pytest.mark.parametrize(
    "shape",
    [
        shapely.box(10, 10, 11, 11),
        shapely.Point(10, 60).buffer(1.0, quad_segs=64),
        shapely.Polygon(shapely.box(0, 0, 3, 3).exterior.coords, [shapely.box(1, 1, 2, 2).exterior.coords]),
        shapely.MultiPolygon([shapely.box(x, 0, x + 0.01, 0.01) for x in range(40)]),
        shapely.MultiPolygon([shapely.box(179, 50, 180, 51), shapely.box(-180, 50, -178, 51)]),
    ],
)
def test_outlines_for_a_message_cover_the_shape_with_few_corners(shape: Any) -> None:
    rings = cap_rings(shape)
    polygons = [shapely.Polygon(ring) for ring in rings]
    assert all(polygon.is_valid and polygon.exterior.is_ccw for polygon in polygons)
    assert sum(len(ring) - 1 for ring in rings) <= build_areas.CAP_POINTS + build_areas.CAP_ISLAND_POINTS
    assert shapely.union_all(polygons).buffer(1e-9).covers(shape)


def test_a_hole_stays_out_of_the_outlines_of_a_message() -> None:
    holed = shapely.Polygon(shapely.box(0, 0, 3, 3).exterior.coords, [shapely.box(1, 1, 2, 2).exterior.coords])
    whole = shapely.union_all([shapely.Polygon(ring) for ring in cap_rings(holed)])
    assert not whole.contains(shapely.Point(1.5, 1.5))


def test_the_same_source_gives_the_same_text() -> None:
    some = [
        feature(iso, "JPN", shapely.box(135 + k, 35, 136 + k, 36)) for k, iso in enumerate(("JP-02", "JP-01", "JP-03"))
    ]
    some += [feature(iso, "PRK", shapely.box(120 + k, 40, 121 + k, 41)) for k, iso in enumerate(("KP-06", "KP-07"))]
    some += [feature(iso, "KOR", shapely.box(120 + k, 39, 121 + k, 40)) for k, iso in enumerate(("KR-41", "KR-42"))]
    some += [
        feature(iso, n, shapely.box(x, 13, x + 1, 14))
        for iso, n, x in (("GU-X01~", "GUM", 144), ("MP-X01~", "MNP", 147))
    ]
    without_patches = pytest.MonkeyPatch()
    with without_patches.context() as patch:
        patch.setattr(build_areas, "MOVES", ())
        patch.setattr(build_areas, "ISLANDS", ())
        texts = {build(list(some), {}), build(list(reversed(some)), {})}
    assert len(texts) == 1
    rows = json.loads(texts.pop())["areas"]
    assert [row["id"] for row in rows] == [
        "JP-01",
        "JP-02",
        "JP-03",
        "KP-06",
        "KP-07",
        "KR-41",
        "KR-42",
        "US-GU",
        "US-MP",
    ]


def test_the_file_in_the_package_is_small_and_has_every_patch() -> None:
    content = data.read_text("beaconfire", "data", "areas.json")
    rows = {row["id"]: row for row in json.loads(content)["areas"]}
    assert len(content.encode()) < 1_500_000
    for area_id, names in NAMES.items():
        assert rows[area_id]["names"].items() >= names.items()
    assert all(b in rows[a]["neighbours"] and a in rows[b]["neighbours"] for a, b in NEIGHBOURS)
    assert {*IDS.values(), *(island.area_id for island in ISLANDS), *(move.to for move in MOVES)} <= set(rows)
    assert content == json_text(rows.values())


def json_text(rows: Any) -> str:
    """One area a line, as the maker writes it: a change of one area is a change of one line."""
    lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows]
    return '{"unit_deg":0.0001,"areas":[\n' + ",\n".join(lines) + "\n]}\n"
