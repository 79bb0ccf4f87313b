"""Result lines are read as INTERFACES states them, whole lines only, and only what the review needs is kept."""

from pathlib import Path

import msgspec
import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.rehearse import lines
from beaconfire.rehearse.judge import true_launches
from beaconfire.rehearse.lines import EventLine, MultiPolygon, Polygon, TrackLine, account, read_account
from tests.rehearse.pretend import event, simulation, thing, track

RING = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]
SPELLED = {
    "event_id": "KOR-E1", "aliases": ["USA-E1"], "revision": 3, "issued_utc": "2025-01-06T03:02:00.000Z",
    "status": "confirmed", "count_at_least": 1, "count_probability": 0.99, "class": {"IRBM": 1.0},
    "kind": {"glide": 1.0}, "picture": "fused", "contributors": ["KOR", "USA"], "tracks": ["KOR-F1"],
    "impact": {
        "time_utc": None, "time_sigma_s": None, "latitude_deg": None, "longitude_deg": None, "ellipse_95": None,
        "footprint_95": {"type": "MultiPolygon", "coordinates": [[RING], [RING]]},
    },
    "impact_reason": "reachable_set", "launch": None, "realm": "EXERCISE", "something_new": [1, 2, 3],
}  # fmt: skip


def test_an_event_is_read_by_the_names_of_the_file_and_what_is_new_is_passed_over() -> None:
    line = msgspec.json.decode(msgspec.json.encode(SPELLED), type=EventLine)
    assert (line.event_id, line.revision, line.class_, line.kind) == ("KOR-E1", 3, {"IRBM": 1.0}, {"glide": 1.0})
    assert line.issued_ns == 1_736_132_557_000_000_000  # 120 s after 03:00:00Z, TAI
    (only,) = line.each_object
    assert (only.impact_reason, only.launch, only.kind) == ("reachable_set", None, {"glide": 1.0})
    assert only.impact is not None
    assert isinstance(only.impact.footprint_95, MultiPolygon)
    assert only.impact.footprint_95.outlines == [RING, RING]


def test_a_polygon_with_a_hole_has_one_outline() -> None:
    assert Polygon([RING, RING]).outlines == [RING]
    assert Polygon([]).outlines == []
    assert MultiPolygon([[RING, RING], []]).outlines == [RING]


def test_objects_of_a_salvo_are_taken_as_they_are() -> None:
    (truth,) = true_launches(simulation())
    objects = [thing(truth, off_m=off_m, half_m=5e3) for off_m in (0.0, 9e3)]
    assert event("own", 1, truth.launch.time_ns, objects).each_object == tuple(objects)


def test_an_account_keeps_the_tracks_that_events_name_and_counts_the_rest() -> None:
    (truth,) = true_launches(simulation())
    updates = track(simulation(), "own", from_s=100.0, off_m=0.0)
    stranger = [msgspec.structs.replace(line, track_id="T-9") for line in updates]
    made = account(
        "KOR", [event("own", 1, truth.launch.time_ns, [thing(truth, off_m=0.0, half_m=5e3)])], updates + stranger
    )
    assert made.tracks == {"T-own": tuple(updates)}
    assert made.lines == 2 * len(updates)
    assert updates[0].time_ns == simulation().scenario.start_ns + 100_000_000_000


def test_a_folder_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    (truth,) = true_launches(simulation())
    events = [event("own", 1, truth.launch.time_ns, [thing(truth, off_m=0.0, half_m=5e3)])]
    updates = track(simulation(), "own", from_s=100.0, off_m=0.0)
    for name, rows in ((lines.EVENTS_FILE, events), (lines.TRACKS_FILE, updates)):
        (tmp_path / name).write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    assert read_account("KOR", tmp_path) == account("KOR", events, updates)


def test_a_line_cut_short_by_a_kill_is_left_out(tmp_path: Path) -> None:
    whole = msgspec.json.encode(SPELLED) + b"\n"
    (tmp_path / lines.EVENTS_FILE).write_bytes(whole + whole[:100])
    assert [row.event_id for row in read_account("KOR", tmp_path).events] == ["KOR-E1"]


def test_a_node_that_wrote_nothing_has_an_empty_account(tmp_path: Path) -> None:
    empty = read_account("KOR", tmp_path / "nowhere")
    assert (empty.events, empty.tracks, empty.lines) == ((), {}, 0)


@pytest.mark.parametrize("bad", [b"{}\n", b"no json\n", b'{"event_id": 3}\n', b"\xff\n"])
def test_a_line_that_is_none_is_named(tmp_path: Path, bad: bytes) -> None:
    (tmp_path / lines.EVENTS_FILE).write_bytes(msgspec.json.encode(SPELLED) + b"\n" + bad)
    with pytest.raises(InvalidInput, match=r"events\.jsonl:2: "):
        read_account("KOR", tmp_path)


def test_a_track_is_read_by_the_names_of_the_file() -> None:
    spelled = {
        "track_id": "KOR-1", "time_utc": "2025-01-06T03:02:00.5Z", "position_ecef_m": [1.0, 2.0, 3.0],
        "velocity_ecef_m_s": [4.0, 5.0, 6.0], "covariance": [0.0] * 36, "phase": {"boost": 1.0},
        "status": "confirmed", "sensors": ["KOR-R1"], "picture": "own", "realm": "EXERCISE",
    }  # fmt: skip
    line = msgspec.json.decode(msgspec.json.encode(spelled), type=TrackLine)
    assert (line.position_ecef_m, line.velocity_ecef_m_s) == ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    assert (line.status, line.picture, line.phase) == ("confirmed", "own", {"boost": 1.0})
