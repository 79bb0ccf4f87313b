"""Rows of the contract: names word for word, null rules, GeoJSON, and JSON that any reader takes."""

import json
import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import (
    CLASSES,
    KINDS,
    PHASES,
    Ellipse,
    EventRevision,
    EventStatus,
    ImpactEstimate,
    LaunchEstimate,
    ObjectAssessment,
    TrackStatus,
    TrackUpdate,
)
from beaconfire.kernel.results import event_row, footprint_geometry, object_row, track_row
from beaconfire.kernel.time import parse_utc

NOW_NS = parse_utc("2025-01-06T03:05:00.25Z")
ELLIPSE = Ellipse(semi_major_m=12_000.04, semi_minor_m=3_000.0, azimuth_deg=61.237)
SQUARE = ((134.0, 41.0), (135.0, 41.0), (135.0, 42.0), (134.0, 42.0), (134.0, 41.0))
LAUNCH = LaunchEstimate(time_ns=NOW_NS, time_sigma_s=2.345, latitude_deg=39.2, longitude_deg=126.0, ellipse_95=ELLIPSE)
IMPACT = ImpactEstimate(
    time_ns=NOW_NS, time_sigma_s=8.0, latitude_deg=41.5, longitude_deg=134.5, ellipse_95=ELLIPSE,
    footprint_95=(SQUARE,), footprint_km2=9250.1234,
)  # fmt: skip
AREA_ONLY = ImpactEstimate(
    time_ns=None, time_sigma_s=None, latitude_deg=None, longitude_deg=None, ellipse_95=None,
    footprint_95=(SQUARE,), footprint_km2=9250.0,
)  # fmt: skip


def certain(names: tuple[str, ...], name: str) -> tuple[float, ...]:
    return tuple(float(one == name) for one in names)


def assessed(**changes: object) -> ObjectAssessment:
    values: dict[str, object] = {
        "object_id": "KOR-E1-1", "track_ids": ("KOR-1",), "time_ns": NOW_NS, "lost": False,
        "kinds": certain(KINDS, "ballistic"), "classes": certain(CLASSES, "IRBM"),
        "phases": certain(PHASES, "ballistic"), "launch": LAUNCH, "impact": IMPACT, "impact_reason": None,
        "burnout_time_ns": NOW_NS, "apogee_m": 99_800.06, "ground_range_m": 1_100_000.0,
    }  # fmt: skip
    return ObjectAssessment(**{**values, **changes})  # type: ignore[arg-type]


def revision(*objects: ObjectAssessment, **changes: object) -> EventRevision:
    values: dict[str, object] = {
        "event_id": "KOR-E1", "revision": 7, "picture": "fused", "issued_ns": NOW_NS,
        "status": EventStatus.CONFIRMED, "count_at_least": len(objects), "count_probability": 0.9876543,
        "objects": objects, "contributors": ("JPN", "KOR"), "aliases": ("JPN-E4",),
    }  # fmt: skip
    return EventRevision(**{**values, **changes})  # type: ignore[arg-type]


def update() -> TrackUpdate:
    covariance = np.arange(81.0).reshape(9, 9)
    return TrackUpdate(
        picture="own", track_id="KOR-1", time_ns=NOW_NS, status=TrackStatus.CONFIRMED,
        mean=np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]), covariance=covariance,
        modes=np.array([0.25] * 4), existence=0.999, first_time_ns=NOW_NS, last_measured_ns=NOW_NS,
        sensors=("KOR-R1", "KOR-R2"), nations=("KOR",),
    )  # fmt: skip


def test_a_track_row_has_the_names_of_the_contract() -> None:
    row = track_row(update(), realm=Realm.EXERCISE, phases=certain(PHASES, "boost"))
    for name in (
        "track_id",
        "time_utc",
        "position_ecef_m",
        "velocity_ecef_m_s",
        "covariance",
        "phase",
        "status",
        "sensors",
    ):
        assert name in row
    assert row["realm"] == "EXERCISE"
    assert row["time_utc"] == "2025-01-06T03:05:00.250000000Z"
    assert row["position_ecef_m"] == [1.0, 2.0, 3.0]
    assert row["velocity_ecef_m_s"] == [4.0, 5.0, 6.0]
    assert row["covariance"] == [9.0 * i + j for i in range(6) for j in range(6)]
    assert list(row["phase"]) == list(PHASES)
    assert row["status"] == "confirmed"
    assert row["sensors"] == ["KOR-R1", "KOR-R2"]


def test_an_event_row_has_the_names_of_the_contract() -> None:
    row = event_row(revision(assessed()), realm=Realm.LIVE)
    expected = {
        "realm", "event_id", "aliases", "revision", "issued_utc", "status", "count_at_least", "count_probability",
        "class", "kind", "launch", "impact", "impact_reason", "objects", "ground_range_m", "apogee_m",
        "burnout_time_utc", "contributors", "tracks", "picture",
    }  # fmt: skip
    assert expected <= set(row)
    assert row["realm"] == "LIVE"
    assert row["issued_utc"] == "2025-01-06T03:05:00.250Z"
    assert set(row["class"]) == {"SRBM", "MRBM", "IRBM", "ICBM", "space_launch", "unknown"}
    assert set(row["kind"]) == {
        "ballistic", "quasi_ballistic", "glide", "space_launch", "aircraft", "satellite", "meteor", "unknown",
    }  # fmt: skip
    assert set(row["launch"]) == {"time_utc", "time_sigma_s", "latitude_deg", "longitude_deg", "ellipse_95"}
    assert set(row["launch"]["ellipse_95"]) == {"semi_major_m", "semi_minor_m", "azimuth_deg"}
    assert {"time_utc", "time_sigma_s", "latitude_deg", "longitude_deg", "ellipse_95", "footprint_95"} <= set(
        row["impact"]
    )
    assert row["impact_reason"] is None
    assert (row["apogee_m"], row["ground_range_m"]) == (99_800.1, 1_100_000.0)
    assert row["burnout_time_utc"] == "2025-01-06T03:05:00.250Z"
    assert row["contributors"] == ["JPN", "KOR"]
    assert row["aliases"] == ["JPN-E4"]
    assert row["picture"] == "fused"


def test_the_single_figures_are_the_first_objects_and_tracks_are_all() -> None:
    second = assessed(
        object_id="KOR-E1-2", track_ids=("KOR-2", "KOR-3"), apogee_m=50e3, classes=certain(CLASSES, "SRBM")
    )
    row = event_row(revision(assessed(), second), realm=Realm.EXERCISE)
    assert row["tracks"] == ["KOR-1", "KOR-2", "KOR-3"]
    assert row["apogee_m"] == 99_800.1
    assert row["class"]["IRBM"] == 1.0
    assert [one["object_id"] for one in row["objects"]] == ["KOR-E1-1", "KOR-E1-2"]
    assert row["objects"][1]["apogee_m"] == 50e3
    for name in (
        "class",
        "kind",
        "launch",
        "impact",
        "impact_reason",
        "ground_range_m",
        "apogee_m",
        "burnout_time_utc",
    ):
        assert name in row["objects"][1]


@pytest.mark.parametrize("reason", ["boosting", "reachable_set"])
def test_without_a_point_the_footprint_still_stands(reason: str) -> None:
    impact = object_row(assessed(impact=AREA_ONLY, impact_reason=reason))["impact"]
    for name in ("time_utc", "time_sigma_s", "latitude_deg", "longitude_deg", "ellipse_95"):
        assert impact[name] is None
    assert impact["footprint_95"]["type"] == "Polygon"


def test_what_is_not_known_is_null() -> None:
    row = object_row(
        assessed(
            launch=None, impact=None, impact_reason="unknown", burnout_time_ns=None, apogee_m=None, ground_range_m=None
        )
    )
    for name in ("launch", "impact", "burnout_time_utc", "apogee_m", "ground_range_m"):
        assert row[name] is None
    assert object_row(assessed(apogee_m=math.inf))["apogee_m"] is None


def test_an_event_without_objects_says_unknown() -> None:
    row = event_row(revision(), realm=Realm.EXERCISE)
    assert row["class"]["unknown"] == 1.0
    assert row["kind"]["unknown"] == 1.0
    assert row["launch"] is None
    assert row["impact_reason"] == "unknown"
    assert row["objects"] == []


def test_rows_are_json_without_nan() -> None:
    rows = [
        event_row(revision(assessed()), realm=Realm.LIVE),
        track_row(update(), realm=Realm.LIVE, phases=certain(PHASES, "boost")),
    ]
    for row in rows:
        assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_a_clockwise_ring_is_turned_and_one_over_the_antimeridian_is_split() -> None:
    clockwise = tuple(reversed(SQUARE))
    geometry = footprint_geometry((clockwise,))
    assert geometry["type"] == "Polygon"
    assert shapely.LinearRing(geometry["coordinates"][0]).is_ccw
    split = footprint_geometry((((179.0, 40.0), (181.0, 40.0), (181.0, 41.0), (179.0, 41.0), (179.0, 40.0)),))
    assert split["type"] == "MultiPolygon"
    assert len(split["coordinates"]) == 2
    shape = shapely.geometry.shape(split)
    assert shape.is_valid
    assert shape.area == pytest.approx(2.0)


@given(st.floats(-180.0, 180.0), st.floats(-80.0, 80.0), st.floats(0.01, 3.0))
def test_footprints_are_valid_geojson_everywhere(longitude_deg: float, latitude_deg: float, half_deg: float) -> None:
    x, y, h = longitude_deg, latitude_deg, half_deg
    ring = ((x - h, y - h), (x + h, y - h), (x + h, y + h), (x - h, y + h), (x - h, y - h))
    geometry = footprint_geometry((ring,))
    shape = shapely.geometry.shape(geometry)
    assert shape.is_valid
    assert shape.area == pytest.approx(4.0 * h * h, rel=1e-3)
    west, south, east, north = shape.bounds
    assert -180.0 <= west <= east <= 180.0
    assert -90.0 <= south <= north <= 90.0


def test_no_ring_is_an_empty_multipolygon() -> None:
    assert footprint_geometry(()) == {"type": "MultiPolygon", "coordinates": []}
