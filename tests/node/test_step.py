"""The corridor: which room is asked when, what a scan, a tick and a stranger cause, and that nothing raises."""

import pytest

from beaconfire.kernel.records import Detection, Scan, TrackStatus, TrackUpdate
from beaconfire.kernel.time import from_seconds
from beaconfire.node import ClockTrouble, Effect, NodeState, Restart, ScanIn, ShowAudit, ShowTrack, Tick, initial, step
from tests.node.flight import START_NS, genesis, scan


@pytest.fixture
def state() -> NodeState:
    return initial(genesis("JPN"), now_ns=START_NS)


def look(state: NodeState, number: int) -> tuple[Effect, ...]:
    seen = scan(number)
    return step(state, ScanIn(seen), now_ns=seen.time_ns)[1]


def updates(effects: tuple[Effect, ...]) -> list[TrackUpdate]:
    return [effect.update for effect in effects if isinstance(effect, ShowTrack)]


def audits(effects: tuple[Effect, ...]) -> list[ShowAudit]:
    return [effect for effect in effects if isinstance(effect, ShowAudit)]


def test_looks_become_a_track_in_both_pictures_own_first(state: NodeState) -> None:
    shown = [update for number in range(12) for update in updates(look(state, number))]
    assert {update.picture for update in shown} == {"own", "fused"}
    assert shown[0].picture == "own"
    last = {update.picture: update for update in shown}
    assert last["own"].status is last["fused"].status is TrackStatus.CONFIRMED
    assert last["own"].sensors == ("KOR-R1",)


def test_within_one_step_the_own_picture_comes_first(state: NodeState) -> None:
    for number in range(12):
        pictures = [update.picture for update in updates(look(state, number))]
        assert pictures == sorted(pictures, reverse=True)  # every own before any fused


def test_without_partners_there_is_no_fused_picture() -> None:
    alone = initial(genesis(), now_ns=START_NS)
    shown = [update for number in range(12) for update in updates(look(alone, number))]
    assert {update.picture for update in shown} == {"own"}


def test_ticks_let_an_unseen_track_be_lost(state: NodeState) -> None:
    for number in range(12):
        look(state, number)
    lost: list[TrackUpdate] = []
    for second in range(24, 200):
        lost += updates(step(state, Tick(), now_ns=START_NS + from_seconds(float(second)))[1])
    statuses = [update.status for update in lost if update.picture == "own"]
    assert statuses[0] is TrackStatus.LOST


def test_an_unknown_sensor_is_an_audit_row_and_moves_nothing(state: NodeState) -> None:
    seen = scan(0, sensor_id="KOR-R9")
    _, effects = step(state, ScanIn(seen), now_ns=seen.time_ns)
    (row,) = effects
    assert isinstance(row, ShowAudit)
    assert (row.verdict, row.subject, row.reason) == ("quarantined", "KOR-R9", "unknown sensor")


def test_a_flood_of_bad_detections_is_one_audit_row_with_its_count(state: NodeState) -> None:
    (detection,) = scan(0).detections
    flood = Scan(detection.time_ns, "KOR-R9", (detection,) * 500)
    _, effects = step(state, ScanIn(flood), now_ns=flood.time_ns)
    assert [(row.verdict, row.count) for row in audits(effects)] == [("quarantined", 500)]


def test_a_bad_detection_is_held_back_and_the_rest_of_its_scan_is_used(state: NodeState) -> None:
    good = scan(0)
    bad = Detection(time_ns=good.time_ns, sensor_id="KOR-R1", range_m=-1.0, azimuth_rad=0.0, elevation_rad=0.1)
    mixed = Scan(good.time_ns, "KOR-R1", (bad, *good.detections))
    _, effects = step(state, ScanIn(mixed), now_ns=good.time_ns)
    assert [row.verdict for row in audits(effects)] == ["quarantined"]
    assert updates(look(state, 1)), "the good one of the pair was lost"


def test_a_scan_from_another_day_is_held_back(state: NodeState) -> None:
    seen = scan(0)
    _, effects = step(state, ScanIn(seen), now_ns=seen.time_ns + from_seconds(86_400.0))
    assert [row.verdict for row in audits(effects)] == ["quarantined"]
    assert updates(effects) == []


@pytest.mark.parametrize("item", [Tick(), Restart(), ClockTrouble(trusted=False, offset_s=3.0)])
def test_a_node_that_knows_nothing_says_nothing(state: NodeState, item: Tick | Restart | ClockTrouble) -> None:
    assert step(state, item, now_ns=START_NS)[1] == ()
