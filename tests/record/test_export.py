"""What leaves the record comes back as it was: CSV to the same claims, JSON and GeoJSON by other readers."""

import csv
import io
import json

import shapely
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import parse_utc
from beaconfire.record import (
    FIELDS,
    Bound,
    Claim,
    CountBound,
    SourceClass,
    associate,
    claim_row,
    launch_row,
    read_claims,
    shipped_claims,
    to_csv,
    to_geojson,
)
from beaconfire.record.claims import STATED_CLASSES
from tests.record.made import claim, shipped, shipped_launch

TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12)
FIGURE = st.none() | st.integers(1, 20_000_000).map(float)


def test_the_shipped_record_comes_back_to_the_same_ids() -> None:
    claims = shipped_claims()
    again = read_claims(to_csv(claims).encode(), where="again")
    assert [item.id for item in again] == [item.id for item in claims]


@given(
    st.builds(
        claim,
        source=TEXT,
        source_class=st.sampled_from(SourceClass),
        missile_class=st.sampled_from(STATED_CLASSES),
        designation=st.sampled_from(["", "KN-23", 'a "quoted", name']),
        count=st.none() | st.integers(2, 1000),
        count_bound=st.sampled_from(CountBound),
        range_m=FIGURE,
        apogee_m=FIGURE,
        range_bound=st.sampled_from(Bound),
        apogee_bound=st.sampled_from(Bound),
        flight_time_s=st.none() | st.integers(1, 86_400).map(float),
        latitude_deg=st.none() | st.floats(-90.0, 90.0),
        longitude_deg=st.none() | st.floats(-180.0, 180.0),
        mach=st.none() | st.integers(1, 50).map(float),
        utc_offset_min=st.sampled_from([-570, 0, 510, 540, 840]),
        until_ns=st.none() | st.just(parse_utc("2024-05-01T03:09Z")),
        precision_s=st.sampled_from([0.5, 1.0, 60.0]),
        remark=st.just("") | TEXT,
        confidence=st.sampled_from(["A", "B", "C", ""]),
        statement=st.just("") | TEXT,
        withdrawn=st.booleans(),
        realm=st.sampled_from(Realm),
    )
)
def test_any_claim_comes_back_as_it_was(item: Claim) -> None:
    (again,) = read_claims(to_csv([item]).encode(), where="again")
    assert again == item


def test_several_figures_come_back_with_both_ends() -> None:
    item = claim(range_m=350e3, range_least_m=250e3, apogee_m=90_500.0, apogee_least_m=25e3)
    (again,) = read_claims(to_csv([item]).encode(), where="again")
    assert again == item


def test_the_csv_has_the_fields_in_their_order() -> None:
    (header, row) = csv.reader(io.StringIO(to_csv([claim(range_m=400e3)])))
    assert header == list(FIELDS)
    assert dict(zip(header, row, strict=True))["range_km"] == "400.0"
    assert list(claim_row(claim())) == list(FIELDS)


def test_a_launch_for_programs_is_json_and_keeps_what_was_replaced() -> None:
    first, second = (claim(statement="a", edition=edition, range_m=edition * 1e5) for edition in (1, 2))
    (launch,) = associate([first, second])
    row = json.loads(json.dumps(launch_row(launch)))
    assert (row["launch_id"], row["local_date"], row["local_time"]) == ("2024-05-01.1", "2024-05-01", "12:00")
    assert [each["claim_id"] for each in row["claims"]] == [second.id]
    assert [each["claim_id"] for each in row["history"]] == [first.id]
    assert row["established"]


def test_bounds_of_the_count_stand_in_the_row() -> None:
    row = launch_row(shipped_launch("2024-11-05.1"))
    assert (row["count_at_least"], row["count_at_most"]) == (7, None)
    assert row["time_utc"] == "2024-11-04T22:30:00Z"


def test_the_geojson_is_read_by_another_library() -> None:
    collection = to_geojson(shipped())
    assert len(collection["features"]) == sum(item.latitude_deg is not None for item in shipped_claims())
    for feature in collection["features"]:
        point = shapely.from_geojson(json.dumps(feature["geometry"]))
        ((x, y),) = shapely.get_coordinates(point).tolist()
        assert 123.0 < x < 131.0 and 37.0 < y < 43.0  # the Korean peninsula: not swapped
        assert feature["properties"]["launch_id"]
