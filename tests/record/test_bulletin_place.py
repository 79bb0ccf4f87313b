"""Sea or land, and which: places that an atlas settles, areas whose share of sea is known, and distances."""

import pytest
from geographiclib.geodesic import Geodesic

from beaconfire.record.bulletin_place import Fell, distances_km, fell_of, sea_name

NOWHERE = {"latitude_deg": None, "longitude_deg": None}
# The coast file is simplified to 0.015 degrees and cut to hundredths: boxes of a degree keep their share to this.
COAST_SHARE = 0.01


def box(west: float, south: float, east: float, north: float) -> dict[str, object]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {**NOWHERE, "footprint_95": {"type": "Polygon", "coordinates": [ring]}}


def point(latitude_deg: float, longitude_deg: float) -> dict[str, object]:
    return {"latitude_deg": latitude_deg, "longitude_deg": longitude_deg, "footprint_95": None}


@pytest.mark.parametrize(
    ("latitude_deg", "longitude_deg", "name"),
    [
        (39.5, 133.0, "Sea of Japan"),
        (42.5, 138.5, "Sea of Japan"),
        (36.0, 123.5, "Yellow Sea"),
        (29.0, 125.0, "East China Sea"),
        (46.0, 146.0, "Sea of Okhotsk"),
        (25.0, 133.0, "Philippine Sea"),
        (38.0, 160.0, "Pacific Ocean"),
        (15.0, -160.0, "Pacific Ocean"),
        (40.0, 145.0, "Pacific Ocean"),
        (0.0, -25.0, ""),
    ],
)
def test_a_place_at_sea_has_its_atlas_name(latitude_deg: float, longitude_deg: float, name: str) -> None:
    fell = fell_of(point(latitude_deg, longitude_deg))
    assert fell is not None and fell.at_sea and fell.wholly
    assert sea_name(fell, language="en", languages=("en",)) == name


@pytest.mark.parametrize(
    ("latitude_deg", "longitude_deg"), [(35.7, 139.5), (37.5, 127.0), (43.0, 142.5), (13.45, 144.78), (40.0, -100.0)]
)
def test_a_place_on_land_is_no_sea(latitude_deg: float, longitude_deg: float) -> None:
    fell = fell_of(point(latitude_deg, longitude_deg))
    assert fell is not None and not fell.at_sea and fell.wholly


def test_the_share_of_sea_of_boxes_that_a_map_settles() -> None:
    sea, land = fell_of(box(133.0, 38.0, 134.0, 39.0)), fell_of(box(100.0, 45.0, 101.0, 46.0))
    assert sea is not None and land is not None
    assert sea.sea_share == pytest.approx(1.0, abs=COAST_SHARE)
    assert land.sea_share == pytest.approx(0.0, abs=COAST_SHARE)
    half = fell_of(box(100.0, 45.0, 102.0, 46.0) | {"footprint_95": {"type": "MultiPolygon", "coordinates": [
        [[[100.0, 45.0], [101.0, 45.0], [101.0, 46.0], [100.0, 46.0], [100.0, 45.0]]],
        [[[133.0, 38.0], [134.0, 38.0], [134.0, 39.0], [133.0, 39.0], [133.0, 38.0]]],
        [[[134.0, 38.0], [135.0, 38.0], [135.0, 39.0], [134.0, 39.0], [134.0, 38.0]]],
    ]}})  # fmt: skip
    assert half is not None and half.sea_share == pytest.approx(2 / 3, abs=COAST_SHARE)
    assert half.at_sea and not half.wholly and half.percent == 67
    assert 133.0 < half.longitude_deg < 135.0, "the place that stands for it lies in the larger part"


def test_a_larger_part_of_land_is_told_by_its_own_percent() -> None:
    fell = Fell(0.2, 0.0, 0.0)
    assert not fell.at_sea and fell.percent == 80


def test_nothing_is_told_without_an_area() -> None:
    empty = {**NOWHERE, "footprint_95": {"type": "MultiPolygon", "coordinates": []}}
    assert fell_of(None) is None
    assert fell_of({**NOWHERE, "footprint_95": None}) is None
    assert fell_of(empty) is None
    assert distances_km({"latitude_deg": 0.0, "longitude_deg": 0.0}, empty) is None


def test_distances_are_those_of_the_nearest_and_the_farthest_corner() -> None:
    launch = {"latitude_deg": 39.2, "longitude_deg": 126.0}
    corners = [
        Geodesic.WGS84.Direct(39.2, 126.0, azimuth, far)
        for azimuth, far in ((49.0, 9e5), (51.0, 9e5), (51.0, 12e5), (49.0, 12e5))
    ]
    ring = [[corner["lon2"], corner["lat2"]] for corner in corners]
    area = {**NOWHERE, "footprint_95": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}}
    assert distances_km(launch, area) == pytest.approx((900.0, 1200.0), abs=1e-6)
    assert distances_km(None, area) is None
