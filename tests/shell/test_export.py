"""Result files: whole lines, the last word on each event, and a folder that appears complete or not at all."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from beaconfire.kernel.alerts import AlertRow, AlertStatus
from beaconfire.kernel.errors import RunFailed, UsageError
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventRevision, EventStatus, PictureName, TrackStatus, TrackUpdate
from beaconfire.kernel.time import format_utc
from beaconfire.node import Send, ShowAlert, ShowAudit, ShowEvent, ShowTrack
from beaconfire.shell.export import (
    MARKER,
    PARTNERS,
    ResultsWriter,
    check_folder,
    new_folder,
    open_events,
    write_last_events,
)

T_NS = 1_736_132_557_000_000_000


def shown(number: int, picture: PictureName = "own") -> ShowTrack:
    return ShowTrack(
        TrackUpdate(
            picture=picture,
            track_id=f"KOR-{number}",
            time_ns=T_NS + number,
            status=TrackStatus.CONFIRMED,
            mean=np.array([-3.2e6, 4.1e6, 3.9e6, 100.0, 200.0, 300.0, 0.0, 0.0, -9.8]),
            covariance=np.diag(np.arange(1.0, 10.0)),
            modes=np.array([0.1, 0.7, 0.1, 0.1]),
            existence=0.99,
            first_time_ns=T_NS,
            last_measured_ns=T_NS,
            sensors=("KOR-R1",),
            nations=("KOR",),
        )
    )


def revised(event_id: str, revision: int) -> ShowEvent:
    return ShowEvent(
        EventRevision(
            event_id=event_id,
            revision=revision,
            picture="own",
            issued_ns=T_NS + revision,
            status=EventStatus.SUSPECTED,
            count_at_least=1,
            count_probability=0.9,
            objects=(),
            contributors=("KOR",),
        )
    )


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_update_and_every_revision_is_a_line(tmp_path: Path) -> None:
    writer = ResultsWriter(tmp_path / "KOR", Realm.EXERCISE)
    audit = ShowAudit(T_NS, "USA", "launch", "E1", "withheld", "", "no rule")
    send = Send("USA", 1, 1, "launch", "E1", "x.y", b"")
    writer.take([shown(1), revised("KOR-E1", 1), audit, send, shown(2, "fused")])
    writer.take([])
    writer.show(seq=2, now_ns=T_NS, effects=[revised("KOR-E2", 2), revised("KOR-E1", 3)], durable=True)
    writer.close()
    tracks, events = lines(tmp_path / "KOR" / "tracks.jsonl"), lines(tmp_path / "KOR" / "events.jsonl")
    assert [(row["track_id"], row["picture"]) for row in tracks] == [("KOR-1", "own"), ("KOR-2", "fused")]
    assert [(row["event_id"], row["revision"]) for row in events] == [("KOR-E1", 1), ("KOR-E2", 2), ("KOR-E1", 3)]
    assert {row["realm"] for row in tracks + events} == {"EXERCISE"}
    assert (writer.tracks, writer.revisions) == (2, 3)


def test_a_track_has_the_fields_of_the_contract(tmp_path: Path) -> None:
    writer = ResultsWriter(tmp_path, Realm.LIVE)
    writer.take([shown(1)])
    writer.close()
    (row,) = lines(tmp_path / "tracks.jsonl")
    assert row["position_ecef_m"] == [-3.2e6, 4.1e6, 3.9e6]
    assert row["velocity_ecef_m_s"] == [100.0, 200.0, 300.0]
    assert row["covariance"] == np.diag(np.arange(1.0, 7.0)).ravel().tolist()
    phase = row["phase"]
    assert isinstance(phase, dict)
    assert sum(phase.values()) == pytest.approx(1.0, abs=1e-5)
    assert (row["status"], row["sensors"], row["realm"]) == ("confirmed", ["KOR-R1"], "LIVE")


def test_the_last_word_on_each_event_is_kept_in_order_of_opening(tmp_path: Path) -> None:
    writer = ResultsWriter(tmp_path, Realm.EXERCISE)
    writer.take([revised("KOR-E1", 1), revised("KOR-E2", 2), revised("KOR-E1", 3)])
    writer.close()
    last = json.loads((tmp_path / "events.json").read_text())
    assert [(row["event_id"], row["revision"]) for row in last] == [("KOR-E1", 3), ("KOR-E2", 2)]


def test_what_was_written_is_there_while_the_node_lives(tmp_path: Path) -> None:
    writer = ResultsWriter(tmp_path, Realm.EXERCISE)
    writer.take([shown(1)])
    assert len(lines(tmp_path / "tracks.jsonl")) == 1
    writer.close()


def test_a_replayed_journal_writes_the_files_anew(tmp_path: Path) -> None:
    for _ in range(2):
        writer = ResultsWriter(tmp_path, Realm.EXERCISE)
        writer.take([shown(1), revised("KOR-E1", 1)])
        writer.close()
    assert len(lines(tmp_path / "tracks.jsonl")) == 1


def test_a_line_cut_by_a_kill_is_no_last_word(tmp_path: Path) -> None:
    writer = ResultsWriter(tmp_path, Realm.EXERCISE)
    writer.take([revised("KOR-E1", 1)])
    writer.close()
    path = tmp_path / "events.jsonl"
    path.write_bytes(path.read_bytes() + path.read_bytes()[:40])
    assert [row["revision"] for row in write_last_events(tmp_path)] == [1]


def test_nothing_said_is_an_empty_list(tmp_path: Path) -> None:
    ResultsWriter(tmp_path, Realm.EXERCISE).close()
    assert json.loads((tmp_path / "events.json").read_text()) == []


def fill(folder: Path, text: str = "x") -> None:
    with new_folder(folder) as staged:
        (staged / "a.txt").write_text(text)
        (staged / "KOR").mkdir()


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "out"
    with new_folder(place) as staged:
        assert staged.parent == place.parent
        assert not place.exists()
        (staged / "a.txt").write_text("x")
    assert {item.name for item in place.iterdir()} == {"a.txt", MARKER}
    assert [item.name for item in place.parent.iterdir()] == ["out"]


def test_after_a_failure_there_is_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with new_folder(tmp_path / "out") as staged:
            (staged / "a.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_after_a_failure_the_former_run_stands(tmp_path: Path) -> None:
    fill(tmp_path / "out", "first")
    with pytest.raises(RunFailed), new_folder(tmp_path / "out"):
        raise RunFailed("x")
    assert (tmp_path / "out" / "a.txt").read_text() == "first"
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_a_former_run_is_replaced_whole(tmp_path: Path) -> None:
    fill(tmp_path / "out", "first")
    with new_folder(tmp_path / "out") as staged:
        (staged / "b.txt").write_text("second")
    assert {item.name for item in (tmp_path / "out").iterdir()} == {"b.txt", MARKER}
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out")
    assert (tmp_path / "out" / "a.txt").exists()


def test_any_other_folder_is_refused_by_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.doc").write_text("dear")
    with pytest.raises(UsageError, match=r"out holds 'thesis\.doc'; name a new folder") as refused:
        fill(tmp_path / "out")
    assert refused.value.exit_code == 2
    assert [item.name for item in (tmp_path / "out").iterdir()] == ["thesis.doc"]


def test_a_former_run_to_which_something_was_added_is_not_thrown_away(tmp_path: Path) -> None:
    fill(tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("dear")
    with pytest.raises(UsageError, match=r"holds 'notes\.txt'"):
        check_folder(tmp_path / "out")


def test_a_marker_that_is_none_protects(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("{")
    with pytest.raises(UsageError, match=MARKER):
        check_folder(tmp_path)


def alert(status: AlertStatus) -> ShowAlert:
    row = AlertRow(alert_id="KOR-E1-A1", event_ids=("KOR-E1",), time_ns=T_NS, status=status, previous=None, who="desk",
                   why="", p_hit=0.01, p_pass=0.1)  # fmt: skip
    return ShowAlert(row)


def test_alerts_are_written_once_there_is_any_and_anew_by_a_replay(tmp_path: Path) -> None:
    for statuses in ((AlertStatus.PROPOSED, AlertStatus.DRAFTED), (AlertStatus.PROPOSED,)):
        writer = ResultsWriter(tmp_path, Realm.EXERCISE)
        writer.take([shown(1)])
        assert not (tmp_path / "alerts.jsonl").exists()
        writer.take([alert(status) for status in statuses])
        writer.close()
        rows = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
        assert [row["status"] for row in rows] == list(statuses)
        assert {(row["realm"], row["p_hit"], row["p_pass"]) for row in rows} == {("EXERCISE", 0.01, 0.1)}


def word(verdict: str, kind: str = "partner") -> ShowAudit:
    return ShowAudit(T_NS, "JPN", kind, "kim", verdict, "", "why", 3)


def test_words_on_partners_are_written_once_there_is_any(tmp_path: Path) -> None:
    """What was decided of a partner, and that a history came to its end; not each record, nor an order refused."""
    writer = ResultsWriter(tmp_path, Realm.EXERCISE)
    writer.take([word("released", "launch"), word("refused")])
    assert not (tmp_path / PARTNERS).exists()
    writer.take([word("suspended"), word("caught up", "link"), word("lost its journal"), word("equivocation", "link")])
    written = lines(tmp_path / PARTNERS)
    assert [row["word"] for row in written] == ["suspended", "caught_up", "lost_its_journal"]
    assert written[0] == {
        "realm": "EXERCISE", "time_utc": format_utc(T_NS), "partner": "JPN", "word": "suspended", "by": "kim",
        "why": "why", "count": 3,
    }  # fmt: skip
    writer.close()
    ResultsWriter(tmp_path, Realm.EXERCISE).close()
    assert not (tmp_path / PARTNERS).exists(), "a journal that is replayed writes it anew"


def test_open_events_are_those_that_have_not_ended_in_order(tmp_path: Path) -> None:
    assert open_events(tmp_path) == ()
    lines = [("E2", "suspected"), ("E1", "confirmed"), ("E3", "confirmed"), ("E1", "closed"), ("E2", "lost")]
    text = "".join(json.dumps({"event_id": name, "status": status}) + "\n" for name, status in lines)
    (tmp_path / "events.jsonl").write_text(text + '{"event_id": "E9"')
    assert open_events(tmp_path) == ("E2", "E3")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        check_folder(tmp_path / "out")


def test_something_put_there_meanwhile_is_not_thrown_away(tmp_path: Path) -> None:
    def overtaken() -> None:
        with new_folder(tmp_path / "out") as staged:
            (staged / "a.txt").write_text("x")
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "late.txt").write_text("dear")

    with pytest.raises(UsageError, match=r"holds 'late\.txt'"):
        overtaken()
    assert [item.name for item in (tmp_path / "out").iterdir()] == ["late.txt"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(RunFailed, match="cannot be written: Permission denied"):
        fill(tmp_path / "out")


def test_the_folder_is_readable_by_others(tmp_path: Path) -> None:
    fill(tmp_path / "out")
    assert os.stat(tmp_path / "out").st_mode & 0o777 == 0o755
