"""The review against accounts whose every error is known because the test made it."""

from typing import Any

import pytest

from beaconfire.kernel.time import from_seconds, parse_utc, seconds_between
from beaconfire.rehearse.judge import true_launches
from beaconfire.rehearse.lines import Account, account
from beaconfire.rehearse.review import equal_times_ns, review
from tests.rehearse.pretend import event, pretend, simulation, thing, track

SIM = simulation()
(TRUTH,) = true_launches(SIM)
START_NS = TRUTH.launch.time_ns


def at(seconds: float) -> int:
    return START_NS + from_seconds(seconds)


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    return review(SIM, {"KOR": pretend("KOR", SIM), "JPN": pretend("JPN", SIM, own=False)}, failed=["USA"])


def test_the_head_says_which_run_it_was(summary: dict[str, Any]) -> None:
    assert (summary["scenario"], summary["realm"], summary["seed"]) == ("2025-01-06", "EXERCISE", 20250106)
    assert (summary["start_utc"], summary["end_utc"]) == ("2025-01-06T02:59:30.000Z", "2025-01-06T03:12:30.000Z")
    assert (summary["failed"], summary["exit_status"]) == (["USA"], 1)
    assert review(SIM, {})["exit_status"] == 0


def test_the_truth_is_told(summary: dict[str, Any]) -> None:
    (launch,) = summary["launches"]
    assert launch["launch"] == {"time_utc": "2025-01-06T03:00:00.000Z", "latitude_deg": 39.2, "longitude_deg": 126.0}
    assert launch["burnout_utc"] == "2025-01-06T03:02:00.000Z"
    assert launch["impact"]["time_utc"] == launch["end_utc"]


def test_moments_are_each_pictures_own(summary: dict[str, Any]) -> None:
    alone, shared = (summary["nations"]["KOR"][part] for part in ("alone", "shared"))
    assert alone["suspected_utc"] == "2025-01-06T03:01:50.000Z"
    assert alone["confirmed_utc"] == "2025-01-06T03:02:20.000Z"
    assert alone["first_track_utc"] == "2025-01-06T03:01:20.000Z"  # scenario second 110 is 80 s after the launch
    assert shared["confirmed_utc"] == "2025-01-06T03:01:40.000Z"
    assert shared["warning_s"] - alone["warning_s"] == pytest.approx(40.0, abs=1e-6)
    assert TRUTH.impact is not None
    assert shared["warning_s"] == pytest.approx(seconds_between(TRUTH.impact.time_ns, at(100.0)), abs=1e-3)


def test_the_first_detection_is_of_the_launch_by_those_who_contributed(summary: dict[str, Any]) -> None:
    alone, shared = (summary["nations"]["KOR"][part]["first_detection_utc"] for part in ("alone", "shared"))
    expected: dict[str, int] = {}
    nation_of = {sensor.id: sensor.nation for sensor in SIM.scenario.sensors}
    for time_ns, sensor_id, _, object_ids in SIM.scans():
        nation = nation_of[sensor_id]
        if "L1" in object_ids:
            expected.setdefault(nation, time_ns)
    assert parse_utc(alone) == pytest.approx(expected["KOR"], abs=1_000_000)  # files cut to milliseconds
    assert parse_utc(shared) == pytest.approx(min(expected["KOR"], expected["USA"]), abs=1_000_000)


def test_errors_are_those_the_account_was_made_with(summary: dict[str, Any]) -> None:
    (item,) = summary["nations"]["KOR"]["alone"]["events"][0]["objects"]
    size_m = 60e3 * (1.0 + 2.0 / 12.0)
    assert item["truth"] == "L1"
    assert item["launch_error_m"] == pytest.approx(0.3 * size_m, abs=0.1)
    assert item["impact_error_m"] == pytest.approx(0.3 * size_m, abs=0.1)
    assert item["launch_time_error_s"] == 2.0
    assert item["impact_time_error_s"] == pytest.approx(0.0, abs=1e-3)
    assert item["launch_semi_major_m"] == pytest.approx(size_m, abs=0.1)
    assert (item["launch_inside_95"], item["impact_inside_95"]) == (True, True)


def test_an_event_is_told_with_what_it_is(summary: dict[str, Any]) -> None:
    (told,) = summary["nations"]["KOR"]["shared"]["events"]
    assert (told["event_id"], told["status"], told["count_at_least"]) == ("KOR-E1", "confirmed", 1)
    assert (told["class"], told["kind"]) == ("IRBM", "glide")
    assert told["contributors"] == ["KOR", "USA"]


def test_who_saw_nothing_alone_has_nothing_there(summary: dict[str, Any]) -> None:
    alone = summary["nations"]["JPN"]["alone"]
    assert alone.pop("events") == []
    assert set(alone.values()) == {None}
    assert summary["nations"]["JPN"]["comparison"] is None
    assert summary["nations"]["JPN"]["shared"]["confirmed_utc"] is not None


def test_a_nation_without_an_account_has_nothing_at_all(summary: dict[str, Any]) -> None:
    assert summary["nations"]["USA"]["shared"]["events"] == []
    assert summary["nations"]["USA"]["tracks"] == 0


def test_areas_are_given_at_equal_times_and_hold_until_revised(summary: dict[str, Any]) -> None:
    alone, shared = (summary["nations"]["KOR"][part]["footprint_km2"] for part in ("alone", "shared"))
    assert [row["time_utc"] for row in alone] == [row["time_utc"] for row in shared]
    assert [parse_utc(row["time_utc"]) for row in alone] == list(equal_times_ns(SIM, [TRUTH]))
    values = {row["time_utc"][14:19]: row["km2"] for row in alone}
    assert values["01:40"] is None
    assert (
        values["01:50"] == values["02:10"] == pytest.approx(4.0 * 180.0**2, rel=0.01)
    )  # a square, half-side 3 × 60 km
    assert values["02:20"] == pytest.approx(4.0 * 120.0**2, rel=0.01)


def test_the_comparison_is_at_one_time_and_says_who_held_the_truth(summary: dict[str, Any]) -> None:
    told = summary["nations"]["KOR"]["comparison"]
    areas = {
        part: {row["time_utc"]: row["km2"] for row in summary["nations"]["KOR"][part]["footprint_km2"]}
        for part in ("alone", "shared")
    }
    assert told["own_km2"] == areas["alone"][told["time_utc"]]
    assert told["shared_km2"] == areas["shared"][told["time_utc"]]
    assert told["ratio"] == pytest.approx(told["shared_km2"] / told["own_km2"], rel=1e-3)
    assert (told["truth_inside_own"], told["truth_inside_shared"]) == (True, True)
    both = [areas["shared"][time] / area for time, area in areas["alone"].items() if area]
    assert told["ratio"] == pytest.approx(min(both), abs=1e-4)


def made(*revisions: tuple[str, float, float, float]) -> Account:
    """An account of (picture, seconds after launch, off the truth, half-width) revisions."""
    events = [
        event(picture, number, at(after_s), [thing(TRUTH, off_m=off_m, half_m=half_m)])  # type: ignore[arg-type]
        for number, (picture, after_s, off_m, half_m) in enumerate(revisions)
    ]
    return account("KOR", events, [])


def test_a_smaller_area_that_misses_the_truth_does_not_count_as_better() -> None:
    both = made(("own", 60, 0.0, 50e3), ("fused", 60, 0.0, 40e3), ("fused", 120, 30e3, 5e3))
    told = review(SIM, {"KOR": both})["nations"]["KOR"]["comparison"]
    assert told["ratio"] == pytest.approx(0.64, abs=0.01)
    assert (told["truth_inside_own"], told["truth_inside_shared"]) == (True, True)


def test_a_truth_that_was_always_missed_is_said() -> None:
    both = made(("own", 60, 0.0, 50e3), ("fused", 60, 30e3, 5e3))
    told = review(SIM, {"KOR": both})["nations"]["KOR"]["comparison"]
    assert (told["truth_inside_own"], told["truth_inside_shared"]) == (True, False)


def test_after_the_impact_nothing_is_compared() -> None:
    assert TRUTH.impact is not None
    late_s = seconds_between(TRUTH.impact.time_ns, START_NS) + 5.0
    both = made(("own", 60, 0.0, 50e3), ("fused", late_s, 0.0, 10e3))
    assert review(SIM, {"KOR": both})["nations"]["KOR"]["comparison"] is None


def test_what_is_closed_is_no_longer_in_force_but_is_the_last_word() -> None:
    thing_there = [thing(TRUTH, off_m=0.0, half_m=5e3)]
    rows = [event("own", 1, at(60), thing_there), event("own", 2, at(90), thing_there, status="closed")]
    told = account("KOR", rows, [])
    assert told.in_force("own", at(59)) == []
    assert told.in_force("own", at(60)) == rows[:1]
    assert told.in_force("fused", at(60)) == []
    assert told.in_force("own", at(90)) == []
    assert told.last_revisions("own") == rows[1:]
    assert told.revisions("own") == rows


def test_a_salvo_is_judged_object_by_object() -> None:
    sim = simulation("2024-11-05")
    truths = true_launches(sim)
    objects = [thing(truth, off_m=100.0 * (place + 1), half_m=5e3) for place, truth in enumerate(reversed(truths))]
    rows = [event("fused", 1, truths[-1].launch.time_ns + from_seconds(90.0), objects)]
    told = review(sim, {"KOR": account("KOR", rows, [])})["nations"]["KOR"]["shared"]["events"][0]["objects"]
    assert [item["truth"] for item in told] == [truth.object_id for truth in reversed(truths)]
    assert [item["launch_error_m"] for item in told] == pytest.approx([100.0 * n for n in range(1, 8)], abs=0.2)


def test_a_truth_that_ends_in_the_air_has_no_impact_error() -> None:
    sim = simulation("real-booster")
    (truth,) = true_launches(sim)
    assert truth.impact is None
    there = thing(TRUTH, off_m=0.0, half_m=5e3)
    launch = thing(type(TRUTH)("X", truth.launch, TRUTH.impact, None, truth.end_ns), off_m=200.0, half_m=5e3)
    rows = [event("own", 1, truth.launch.time_ns + from_seconds(90.0), [launch])]
    told = review(sim, {"KOR": account("KOR", rows, [])})["nations"]["KOR"]
    (item,) = told["alone"]["events"][0]["objects"]
    assert there.impact is not None
    assert item["launch_error_m"] == pytest.approx(200.0, abs=0.1)
    assert item["impact_error_m"] is None
    assert told["alone"]["warning_s"] == pytest.approx(seconds_between(truth.end_ns, rows[0].issued_ns), abs=1e-3)
    assert told["comparison"] is None


def test_the_same_account_gives_the_same_values() -> None:
    accounts = {"KOR": pretend("KOR", SIM)}
    assert review(SIM, accounts) == review(SIM, accounts)


def test_a_quiet_day_has_nothing_to_review() -> None:
    only_tracks = account("KOR", [], track(SIM, "own", from_s=100.0, off_m=0.0))
    told = review(SIM, {"KOR": only_tracks})["nations"]["KOR"]
    assert told["alone"]["first_detection_utc"] is None
    assert told["tracks"] == only_tracks.lines > 0
