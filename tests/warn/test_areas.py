"""The areas against published figures, ISO 3166-2 and known places; their outlines against shapely and each other."""

import re
from itertools import combinations

import numpy as np
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.alerts import LANGUAGES
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.ground import area_km2
from beaconfire.warn.areas import OUTLINE_ERROR_M, Area, areas, outlines_of
from beaconfire.warn.crossing import distances

COUNTS = {"JPN": 47, "KOR": 17, "PRK": 11, "USA": 51 + 2}  # Guam and the Northern Marianas are of the USA

# Square kilometres. Japan: Geospatial Information Authority, 2020 (Hokkaido without the northern islands). Korea:
# cadastral statistics 2023, Gunwi in Daegu. United States: Census Bureau, with inland water.
PUBLISHED_KM2 = {
    "JP-01": 78421, "JP-02": 9646, "JP-03": 15275, "JP-04": 7282, "JP-05": 11638, "JP-06": 9323, "JP-07": 13784,
    "JP-08": 6097, "JP-09": 6408, "JP-10": 6362, "JP-11": 3798, "JP-12": 5157, "JP-13": 2194, "JP-14": 2416,
    "JP-15": 12584, "JP-16": 4248, "JP-17": 4186, "JP-18": 4191, "JP-19": 4465, "JP-20": 13562, "JP-21": 10621,
    "JP-22": 7777, "JP-23": 5173, "JP-24": 5774, "JP-25": 4017, "JP-26": 4612, "JP-27": 1905, "JP-28": 8401,
    "JP-29": 3691, "JP-30": 4725, "JP-31": 3507, "JP-32": 6708, "JP-33": 7114, "JP-34": 8480, "JP-35": 6113,
    "JP-36": 4147, "JP-37": 1877, "JP-38": 5676, "JP-39": 7104, "JP-40": 4987, "JP-41": 2441, "JP-42": 4131,
    "JP-43": 7409, "JP-44": 6341, "JP-45": 7735, "JP-46": 9187, "JP-47": 2282,
    "KR-11": 605, "KR-26": 770, "KR-27": 1499, "KR-28": 1067, "KR-29": 501, "KR-30": 540, "KR-31": 1062,
    "KR-41": 10196, "KR-42": 16830, "KR-43": 7407, "KR-44": 8247, "KR-45": 8073, "KR-46": 12363, "KR-47": 18420,
    "KR-48": 10542, "KR-49": 1850, "KR-50": 465,
    "US-AZ": 295234, "US-CO": 269601, "US-GU": 544, "US-HI": 16635, "US-IA": 145746, "US-KS": 213100, "US-MT": 380831,
    "US-NM": 314917, "US-NV": 286380, "US-OK": 181037, "US-TN": 109153, "US-UT": 219882, "US-WY": 253335,
}  # fmt: skip
# Drawn at 1:10 million, prefectures are within 6 % (Wakayama is the worst), South Korea's own survey within 5 % (land
# won from the sea at Incheon), states within 4 %.
WITHIN = {"JP": 0.065, "KR": 0.05, "US": 0.04}

PLACES = {  # town halls and airports: latitude, longitude
    "JP-01": (43.064, 141.347), "JP-02": (40.822, 140.747), "JP-13": (35.690, 139.692), "JP-27": (34.686, 135.520),
    "JP-40": (33.606, 130.418), "JP-47": (26.212, 127.681), "KR-11": (37.567, 126.978), "KR-26": (35.180, 129.075),
    "KR-27": (35.871, 128.601), "KR-28": (37.456, 126.705), "KR-29": (35.160, 126.852), "KR-30": (36.350, 127.385),
    "KR-31": (35.539, 129.311), "KR-49": (33.489, 126.498), "KR-50": (36.480, 127.289), "KP-01": (39.019, 125.738),
    "US-AK": (58.302, -134.410), "US-CA": (38.577, -121.494), "US-DC": (38.889, -77.009), "US-GU": (13.484, 144.797),
    "US-HI": (21.307, -157.858), "US-MP": (15.190, 145.748), "US-NY": (40.713, -74.006), "US-TX": (30.275, -97.740),
}  # fmt: skip
ISLANDS = {  # islands that people live on, some given to the wrong area by the source, some left out there
    "Ulleungdo": (37.50, 130.87, "KR-47"), "Baengnyeongdo": (37.96, 124.68, "KR-28"),
    "Ganghwa": (37.72, 126.45, "KR-28"),
    "Yeonpyeongdo": (37.667, 125.70, "KR-28"), "Marado": (33.117, 126.268, "KR-49"),
    "Chujado": (33.955, 126.30, "KR-49"),
    "Heuksando": (34.68, 125.43, "KR-46"), "Gadeokdo": (35.03, 128.83, "KR-26"),
    "Eocheongdo": (36.117, 125.98, "KR-45"),
    "Gunwi, no island": (36.24, 128.57, "KR-27"), "Uljin, no island": (36.99, 129.40, "KR-47"),
    "Okushiri": (42.15, 139.47, "JP-01"), "Sado": (38.05, 138.40, "JP-15"), "Tobishima": (39.19, 139.55, "JP-06"),
    "Tsushima": (34.20, 129.29, "JP-42"), "Iki": (33.79, 129.71, "JP-42"), "Oki": (36.24, 133.28, "JP-32"),
    "Amami": (28.32, 129.40, "JP-46"), "Yoron": (27.04, 128.43, "JP-46"), "Takarajima": (29.145, 129.205, "JP-46"),
    "Hateruma": (24.06, 123.785, "JP-47"), "Yonaguni": (24.455, 122.99, "JP-47"), "Daito": (25.84, 131.24, "JP-47"),
    "Hachijojima": (33.11, 139.80, "JP-13"), "Chichijima": (27.075, 142.21, "JP-13"),
    "Attu": (52.90, 172.90, "US-AK"), "Shemya": (52.72, 174.11, "US-AK"), "Adak": (51.87, -176.65, "US-AK"),
    "Rota": (14.16, 145.21, "US-MP"), "Niihau": (21.90, -160.15, "US-HI"), "Catalina": (33.38, -118.42, "US-CA"),
}  # fmt: skip
SEA = [
    (40.0, 135.0),
    (38.5, 133.0),
    (37.0, 131.9),
    (34.55, 128.9),
    (30.0, 160.0),
    (13.9, 145.0),
    (53.0, 180.0),
    (0.0, 0.0),
]
NAMES = {
    "JP-01": ("Hokkaido", "홋카이도", "北海道"),
    "JP-02": ("Aomori Prefecture", "아오모리현", "青森県"),
    "JP-13": ("Tokyo", "도쿄도", "東京都"),
    "JP-26": ("Kyoto Prefecture", "교토부", "京都府"),
    "JP-47": ("Okinawa Prefecture", "오키나와현", "沖縄県"),
    "KR-11": ("Seoul", "서울특별시", "ソウル特別市"),
    "KR-41": ("Gyeonggi Province", "경기도", "京畿道"),
    "KR-42": ("Gangwon State", "강원특별자치도", "江原特別自治道"),
    "KR-45": ("Jeonbuk State", "전북특별자치도", "全北特別自治道"),
    "KP-01": ("Pyongyang", "평양직할시", "平壌直轄市"),
    "US-GA": ("Georgia", "조지아주", "ジョージア州"),
    "US-GU": ("Guam", "괌", "グアム"),
    "US-MP": ("Northern Mariana Islands", "북마리아나 제도", "北マリアナ諸島"),
}


def every_area() -> list[Area]:
    found = [areas().get(area_id) for area_id in areas().all_ids]
    return [area for area in found if area is not None]


def shape_of(area: Area) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.Polygon(part[0], part[1:]) for part in area.parts])


def geodesic_km2(area: Area) -> float:
    """The area on the ellipsoid by another library (Karney's)."""
    total = 0.0
    for part in area.parts:
        for number, ring in enumerate(part):
            polygon = Geodesic.WGS84.Polygon()
            for longitude, latitude in ring[:-1]:
                polygon.AddPoint(latitude, longitude)
            total += abs(polygon.Compute()[2]) * (-1.0 if number else 1.0)
    return total / 1e6


def test_every_nation_has_all_its_areas_under_iso_ids() -> None:
    assert {nation: len(areas().ids(nation)) for nation in COUNTS} == COUNTS
    assert len(areas().all_ids) == sum(COUNTS.values())
    prefix = {"JPN": "JP", "KOR": "KR", "PRK": "KP", "USA": "US"}
    assert all(re.fullmatch(prefix[area.nation] + "-[0-9A-Z]{2}", area.id) for area in every_area())
    assert areas().ids("JPN") == tuple(f"JP-{number:02d}" for number in range(1, 48))
    assert list(areas().all_ids) == sorted(areas().all_ids)


def test_an_unknown_id_or_nation_has_nothing() -> None:
    assert areas().get("JP-48") is None
    assert areas().ids("XXX") == ()


@pytest.mark.parametrize("area_id", PUBLISHED_KM2)
def test_an_area_is_as_large_as_published(area_id: str) -> None:
    area = areas().get(area_id)
    assert area is not None
    assert geodesic_km2(area) == pytest.approx(PUBLISHED_KM2[area_id], rel=WITHIN[area_id[:2]])


def test_a_nation_is_as_large_as_published() -> None:
    japan = sum(geodesic_km2(area) for area in every_area() if area.nation == "JPN")
    korea = sum(geodesic_km2(area) for area in every_area() if area.nation == "KOR")
    assert japan == pytest.approx(377_975 - 5_003, rel=0.01)
    assert korea == pytest.approx(100_444, rel=0.015)


@pytest.mark.parametrize(("area_id", "place"), PLACES.items())
def test_a_capital_lies_in_its_area(area_id: str, place: tuple[float, float]) -> None:
    found = areas().at(*place)
    assert found is not None and found.id == area_id


@pytest.mark.parametrize("name", ISLANDS)
def test_an_island_belongs_to_who_governs_it(name: str) -> None:
    latitude, longitude, area_id = ISLANDS[name]
    found = areas().at(latitude, longitude)
    assert found is not None and found.id == area_id


@pytest.mark.parametrize(("latitude", "longitude"), SEA)
def test_the_sea_is_no_area(latitude: float, longitude: float) -> None:
    assert areas().at(latitude, longitude) is None


def test_a_harbour_just_off_its_outline_belongs_to_it_and_the_open_sea_does_not() -> None:
    area = areas().get("JP-05")  # Akita's coast runs north and south
    assert area is not None
    shape = shape_of(area)
    west = min(x for x, y in shape.geoms[0].exterior.coords if 39.4 < y < 39.6)
    per_m = 1.0 / (111_195.0 * np.cos(np.radians(39.5)))
    near, far = west - 0.5 * OUTLINE_ERROR_M * per_m, west - 4.0 * OUTLINE_ERROR_M * per_m
    coast = next(y for x, y in shape.geoms[0].exterior.coords if x == west)
    found = areas().at(coast, near)
    assert found is area
    assert areas().at(coast, far) is None


@pytest.mark.parametrize("area_id", NAMES)
def test_names_are_those_in_use(area_id: str) -> None:
    area = areas().get(area_id)
    assert area is not None
    assert (area.names["en"], area.names["ko"], area.names["ja"]) == NAMES[area_id]


def test_every_area_has_one_name_of_its_own_in_every_language() -> None:
    scripts = {"en": r"[A-Za-z .\-]+", "ko": r"[가-힣 .A-Z]+", "ja": r"[぀-ヿ一-鿿 .A-Z・]+"}
    for language in LANGUAGES:
        names = [area.names[language] for area in every_area()]
        assert [name for name in names if not re.fullmatch(scripts[language], name)] == []
        repeated = {name for name in names if names.count(name) > 1}
        assert repeated <= {"강원도", "江原道"}, language  # North Korea's Kangwon only, since the South's was renamed


def test_neighbours_are_mutual_known_and_none_is_its_own() -> None:
    for area in every_area():
        assert area.id not in area.neighbours
        for other in area.neighbours:
            neighbour = areas().get(other)
            assert neighbour is not None and area.id in neighbour.neighbours


@pytest.mark.parametrize(
    ("area_id", "neighbours"),
    [
        ("JP-01", {"JP-02"}),  # over the Tsugaru strait
        ("JP-02", {"JP-01", "JP-03", "JP-05"}),
        ("JP-20", {"JP-10", "JP-11", "JP-15", "JP-16", "JP-19", "JP-21", "JP-22", "JP-23"}),  # Nagano has most
        ("JP-25", {"JP-18", "JP-21", "JP-24", "JP-26"}),
        ("JP-47", {"JP-46"}),  # over the sea between Yoron and Okinawa
        ("KR-11", {"KR-28", "KR-41"}),
        ("KR-29", {"KR-46"}),  # an enclave
        ("KR-49", {"KR-46"}),
        ("US-GU", {"US-MP"}),
        ("US-HI", set()),
        ("US-CO", {"US-WY", "US-NE", "US-KS", "US-OK", "US-NM", "US-UT"}),  # a corner with Arizona is no border
    ],
)
def test_neighbours_are_those_on_the_map(area_id: str, neighbours: set[str]) -> None:
    area = areas().get(area_id)
    assert area is not None
    assert set(area.neighbours) == neighbours


def test_outlines_are_valid_and_areas_of_a_source_fit_without_overlap_or_gap() -> None:
    shapes = {area.id: shape_of(area) for area in every_area()}
    assert [area_id for area_id, shape in shapes.items() if not shape.is_valid] == []
    for prefix in ("JP", "KR", "KP", "US"):
        assert shapely.coverage_is_valid(
            np.array([shape for area_id, shape in shapes.items() if area_id[:2] == prefix])
        )
    tree = shapely.STRtree(list(shapes.values()))
    pairs = tree.query(list(shapes.values()), predicate="overlaps").T
    ids = list(shapes)
    overlaps = {(ids[a], ids[b]) for a, b in pairs.tolist() if a < b}
    assert all({a[:2], b[:2]} == {"KP", "KR"} for a, b in overlaps)  # two sources meet there, within half a kilometre
    assert sum(shapes[a].intersection(shapes[b]).area for a, b in overlaps) < 0.01


def test_longitudes_stay_within_180_degrees_and_alaska_lies_on_both_sides() -> None:
    bounds = {area.id: shape_of(area).bounds for area in every_area()}
    assert all(west >= -180.0 and east <= 180.0 for west, _, east, _ in bounds.values())
    assert [area_id for area_id, (west, _, east, _) in bounds.items() if east - west > 180.0] == ["US-AK"]


@pytest.mark.parametrize("area", every_area(), ids=lambda area: area.id)
def test_outlines_for_a_message_cover_the_area_and_are_what_a_message_takes(area: Area) -> None:
    rings = areas().polygons(area.id)
    polygons = [shapely.Polygon(ring) for ring in rings]
    for ring, polygon in zip(rings, polygons, strict=True):
        assert ring[0] == ring[-1] and 4 <= len(ring) <= 97
        assert polygon.is_valid and polygon.exterior.is_ccw
        assert all(-180.0 <= x <= 180.0 and -90.0 <= y <= 90.0 and round(x, 4) == x for x, y in ring)
    assert sum(len(ring) - 1 for ring in rings) <= 64 + 96 + 8  # and what the antimeridian's cut adds
    assert shapely.union_all(polygons).buffer(1e-9).covers(shape_of(area))


def test_outlines_for_a_message_are_not_much_larger_than_an_area_without_far_islands() -> None:
    for area in every_area():
        if len(area.parts) == 1:
            rings = areas().polygons(area.id)
            assert area_km2(rings) < 1.45 * geodesic_km2(area) + 20.0, area.id


@given(st.floats(20.0, 72.0), st.floats(-180.0, 180.0))
def test_at_agrees_with_shapely(latitude: float, longitude: float) -> None:
    point = shapely.Point(longitude, latitude)
    inside = [area for area in _shapes_near(point) if SHAPES[area].contains(point)]
    found = areas().at(latitude, longitude)
    if inside:
        assert found is not None and found.id in inside
    elif found is not None:
        far_deg = SHAPES[found.id].distance(point) * np.cos(np.radians(latitude))
        assert far_deg * 111_195.0 <= 1.01 * OUTLINE_ERROR_M


SHAPES = {area.id: shape_of(area) for area in every_area()}
TREE = shapely.STRtree(list(SHAPES.values()))


def _shapes_near(point: shapely.Point) -> list[str]:
    return [list(SHAPES)[k] for k in TREE.query(point)]


def test_areas_far_apart_share_nothing() -> None:
    names = ("JP-47", "KR-11", "US-DC", "KP-13")
    assert all(SHAPES[a].distance(SHAPES[b]) > 3.0 for a, b in combinations(names, 2))


def test_outlines_of_some_areas_meet_these_and_no_other() -> None:
    known = areas()
    ids = ("JP-01", "JP-02", "KR-11")
    some, number = outlines_of(ids), known.all_ids.index("KR-11")
    x, y = np.array([126.98, 140.74, 125.75, 139.69]), np.array([37.57, 40.82, 39.03, 35.69])  # Seoul, Aomori, others
    whole = distances(x, y, len(known.all_ids), 1e4, known.outlines)
    picked = distances(x, y, len(known.all_ids), 1e4, some)
    theirs = [known.all_ids.index(area_id) for area_id in ids]
    assert picked[0, number] == 0.0
    assert np.array_equal(picked[:, theirs], whole[:, theirs])
    assert np.isinf(np.delete(picked, theirs, axis=1)).all()
    assert set(some.owners[some.cell_pieces]) == set(theirs)


def test_outlines_of_an_unknown_area_are_refused() -> None:
    with pytest.raises(InvalidInput, match="JP-99"):
        outlines_of(("JP-01", "JP-99"))
