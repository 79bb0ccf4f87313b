"""Detected events as claims: ours of "own sensors", a partner's as its own; revisions correct, retraction withdraws."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from beaconfire.kernel.errors import InvalidInput
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
)
from beaconfire.kernel.results import event_row
from beaconfire.kernel.time import NS_PER_S, parse_utc
from beaconfire.record import (
    Bound,
    CountBound,
    SourceClass,
    associate,
    claims_of_event,
    read_claims,
    read_events,
    to_csv,
)

LIFT_OFF = parse_utc("2025-01-06T03:00:04Z")
ELLIPSE = Ellipse(semi_major_m=2000.0, semi_minor_m=900.0, azimuth_deg=50.0)


def probable(names: tuple[str, ...], **chances: float) -> tuple[float, ...]:
    return tuple(chances.get(name, 0.0) for name in names)


def assessed(**changes: Any) -> ObjectAssessment:
    stated: dict[str, Any] = {
        "object_id": "O1",
        "track_ids": ("T1",),
        "time_ns": LIFT_OFF + 300 * NS_PER_S,
        "lost": False,
        "kinds": probable(KINDS, glide=0.7, ballistic=0.3),
        "classes": probable(CLASSES, IRBM=0.8, ICBM=0.2),
        "phases": probable(PHASES, glide=1.0),
        "launch": LaunchEstimate(
            time_ns=LIFT_OFF, time_sigma_s=2.0, latitude_deg=39.21, longitude_deg=126.02, ellipse_95=ELLIPSE
        ),
        "impact": None,
        "impact_reason": "reachable_set",
        "burnout_time_ns": None,
        "apogee_m": 99_800.0,
        "ground_range_m": 1_100_000.0,
    }
    return ObjectAssessment(**{**stated, **changes})


def revision(number: int = 1, **changes: Any) -> EventRevision:
    stated: dict[str, Any] = {
        "event_id": "KOR-E1",
        "revision": number,
        "picture": "own",
        "issued_ns": LIFT_OFF + 300 * NS_PER_S,
        "status": EventStatus.CONFIRMED,
        "count_at_least": 1,
        "count_probability": 0.995,
        "objects": (assessed(),),
        "contributors": ("KOR",),
    }
    return EventRevision(**{**stated, **changes})


def claimed(event: EventRevision, **changes: Any) -> Any:
    return claims_of_event(event, nation="KOR", realm=changes.pop("realm", Realm.EXERCISE), **changes)


def test_our_own_event_is_a_claim_of_own_sensors() -> None:
    claim = claimed(revision())
    assert (claim.source, claim.source_class) == ("KOR own sensors", SourceClass.OWN_SENSORS)
    assert (claim.reported, claim.time_ns, claim.local_time) == ("2025-01-06T03:00:04.000Z", LIFT_OFF, "12:00")
    assert claim.precision_s == 4.0
    assert (claim.missile_class, claim.count, claim.count_bound) == ("IRBM", 1, CountBound.AT_LEAST)
    assert (claim.latitude_deg, claim.longitude_deg) == (39.21, 126.02)
    assert (claim.range_m, claim.range_bound) == (1_100_000.0, Bound.ABOUT)
    assert (claim.apogee_m, claim.confidence, claim.realm) == (99_800.0, "A", Realm.EXERCISE)
    assert "P(IRBM) 0.80, P(glide) 0.70" in claim.remark


def test_a_partners_event_is_its_claim() -> None:
    claim = claims_of_event(revision(), nation="JPN", realm=Realm.LIVE, own=False)
    assert (claim.source, claim.source_class, claim.realm) == ("JPN (partner)", SourceClass.PARTNER, Realm.LIVE)


def test_it_joins_what_others_announce_of_the_same_launch() -> None:
    from tests.record.made import shipped_launch

    own = claims_of_event(revision(), nation="KOR", realm=Realm.LIVE)
    (launch,) = associate([own, *shipped_launch("2025-01-06.1").claims])
    assert len(launch.claims) == 4


def test_a_later_revision_corrects_and_a_retraction_withdraws() -> None:
    first, second = claimed(revision(1)), claimed(revision(2, objects=(assessed(apogee_m=101e3),)))
    (launch,) = associate([first, second])
    assert launch.claims == (second,)
    assert launch.history == (first,)
    gone = claimed(revision(3, status=EventStatus.RETRACTED))
    assert gone.withdrawn
    assert associate([first, second, gone]) == ()


@pytest.mark.parametrize(
    ("classes", "stated"),
    [
        ({"IRBM": 0.45, "MRBM": 0.3, "ICBM": 0.25}, "unknown"),
        ({"unknown": 0.9, "IRBM": 0.1}, "unknown"),
        ({"space_launch": 0.9, "ICBM": 0.1}, "SLV"),
        ({"SRBM": 0.5, "MRBM": 0.5}, "SRBM"),
    ],
)
def test_a_class_is_stated_only_when_it_is_probable(classes: dict[str, float], stated: str) -> None:
    assert claimed(revision(objects=(assessed(classes=probable(CLASSES, **classes)),))).missile_class == stated


def test_an_impact_gives_a_flight_time() -> None:
    impact = ImpactEstimate(
        time_ns=LIFT_OFF + 660 * NS_PER_S,
        time_sigma_s=3.0,
        latitude_deg=43.0,
        longitude_deg=140.0,
        ellipse_95=ELLIPSE,
        footprint_95=(),
        footprint_km2=10.0,
    )
    flown = revision(objects=(assessed(impact=impact, impact_reason=None),))
    assert claimed(flown).flight_time_s == 660.0
    assert claimed(revision(objects=(assessed(impact=replace(impact, time_ns=None)),))).flight_time_s is None
    assert claimed(revision(objects=(assessed(impact=impact, launch=None),))).flight_time_s is None


def test_an_event_whose_launch_is_not_known_is_dated_by_its_first_word() -> None:
    claim = claimed(revision(objects=(assessed(launch=None),)))
    assert claim.time_ns == LIFT_OFF + 300 * NS_PER_S
    assert claim.latitude_deg is None
    assert claim.precision_s == 120.0
    assert claimed(revision(objects=())).missile_class == "unknown"


@pytest.mark.parametrize(
    ("status", "sure", "confidence", "bound"),
    [
        (EventStatus.SUSPECTED, 1.0, "C", CountBound.AT_LEAST),
        (EventStatus.LOST, 1.0, "B", CountBound.AT_LEAST),
        (EventStatus.CLOSED, 1.0, "A", CountBound.EXACT),
        (EventStatus.CLOSED, 0.9, "A", CountBound.AT_LEAST),
    ],
)
def test_standing_and_count_follow_the_status(
    status: EventStatus, sure: float, confidence: str, bound: CountBound
) -> None:
    claim = claimed(revision(status=status, count_probability=sure))
    assert (claim.confidence, claim.count_bound) == (confidence, bound)


def test_it_leaves_the_record_and_comes_back_as_it_was() -> None:
    claim = claimed(revision(objects=(assessed(launch=None),), issued_ns=LIFT_OFF + 123_456_789))
    assert claim.reported == "2025-01-06T03:00:04.123Z"
    assert read_claims(to_csv([claim]).encode(), where="again") == (claim,)


def rows(*events: EventRevision) -> list[dict[str, Any]]:
    return [event_row(event, realm=Realm.EXERCISE) for event in events]


def test_files_of_a_run_give_the_same_claims() -> None:
    events = [revision(1), revision(2)]
    expected = tuple(claimed(event) for event in events)
    array, lines = json.dumps(rows(*events)), "\n".join(json.dumps(row) for row in rows(*events))
    assert read_events(array.encode(), where="events.json", nation="KOR") == expected
    assert read_events(lines.encode(), where="events.jsonl", nation="KOR") == expected
    assert read_events(array.encode(), where="e", nation="JPN", own=False)[0].source == "JPN (partner)"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"status": "odd"}, r"e\[0\]"),
        ({"realm": "REAL"}, r"e\[0\]"),
        ({"launch": {"time_utc": "never", "time_sigma_s": 1.0}}, r"e\[0\]: time_utc"),
        ({"revision": "one"}, r"e\[0\]"),
    ],
)
def test_a_line_that_is_no_event_is_refused_with_its_place(change: dict[str, Any], where: str) -> None:
    content = json.dumps([{**rows(revision())[0], **change}]).encode()
    with pytest.raises(InvalidInput, match=where):
        read_events(content, where="e", nation="KOR")


def test_another_file_or_nation_is_refused() -> None:
    with pytest.raises(InvalidInput, match="event_id"):
        read_events(b'[{"reported_utc": "2024-05-01"}]', where="e", nation="KOR")
    with pytest.raises(InvalidInput, match="nation"):
        read_events(b"[]", where="e", nation="Korea")
