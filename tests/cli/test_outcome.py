"""What is kept of a run, also of a node that was killed with half its words still in the log of its database."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from beaconfire.cli.outcome import write_results
from beaconfire.cli.performance import Played
from beaconfire.kernel.records import CLASSES, KINDS
from beaconfire.record import associate, shipped_claims
from beaconfire.rehearse.lines import Account
from tests.rehearse.pretend import pretend, simulation

NATIONS = ("KOR", "JPN", "USA")
AREA = {"area_id": "JP-01", "hit_p": 0.2, "pass_p": 0.3}
LINE = {"alert_id": "KOR-E1-A1", "previous": None, "who": "desk", "why": "", "kind": "shelter", "areas": [AREA]}
ALERT_LOG = [
    {**LINE, "alert_id": "KOR-E1", "time_utc": "2025-01-06T03:01:08.000Z", "status": "proposed", "picture": "own"},
    {**LINE, "time_utc": "2025-01-06T03:01:08.000Z", "status": "drafted"},
    {**LINE, "time_utc": "2025-01-06T03:01:09.000Z", "status": "sent", "previous": "approved", "identifier": "KOR-1",
     "who": "rule:KOR-exercise"},
    {**LINE, "time_utc": "2025-01-06T03:01:09.100Z", "status": "sent", "previous": "sent", "identifier": "KOR-1",
     "who": "channel:files"},
]  # fmt: skip


def whole(row: dict[str, Any]) -> dict[str, Any]:
    """A line of `events.jsonl` with what the review does not read and a bulletin does."""
    impact = row["impact"] and {**row["impact"], "footprint_km2": 1.0}
    objects = [{**item, "lost": False, "time_utc": row["issued_utc"]} for item in row["objects"]]
    return {
        **row, "realm": "EXERCISE", "count_probability": 0.999, "impact": impact, "objects": objects,
        "class": {**dict.fromkeys(CLASSES, 0.0), **row["class"]}, "kind": {**dict.fromkeys(KINDS, 0.0), **row["kind"]},
    }  # fmt: skip


def node_folder(home: Path, nation: str, account: Account | None) -> sqlite3.Connection:
    """A node's folder as it lies after it ended; the journal is still open, with rows in its write-ahead log."""
    (home / nation / "data").mkdir(parents=True)
    (home / nation / "node.log").write_text("something went wrong\n")
    if account is not None:
        results = home / nation / "results"
        results.mkdir()
        events = [whole(json.loads(msgspec.json.encode(row))) for row in account.events]
        (results / "events.jsonl").write_text("".join(json.dumps(row) + "\n" for row in events))
        if nation == "KOR":
            (results / "alerts").mkdir()
            (results / "alerts" / "KOR-1.xml").write_text("<alert/>")
            (results / "alerts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ALERT_LOG))
        tracks = [line for lines in account.tracks.values() for line in lines]
        (results / "tracks.jsonl").write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in tracks))
    journal = sqlite3.connect(home / nation / "data" / "journal.sqlite")
    journal.execute("PRAGMA journal_mode=WAL")
    journal.execute("CREATE TABLE journal (seq INTEGER PRIMARY KEY, record BLOB, signature BLOB)")
    journal.executemany("INSERT INTO journal VALUES (?, ?, ?)", [(n, bytes([n]) * 40, b"s" * 64) for n in range(50)])
    journal.commit()
    return journal


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Results of a run in which the American node died before it wrote any, and the others lived."""
    home, out = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("out")
    accounts = {"KOR": pretend("KOR", simulation()), "JPN": pretend("JPN", simulation(), own=False), "USA": None}
    journals = [node_folder(home, nation, accounts[nation]) for nation in NATIONS]
    played = Played(wall_s=39.0, failed={"USA": "the node ended"})
    played.late["JPN"] = 2
    played.missed.append("KOR: cancel by kim at 9 s")
    summary = write_results(home, out, simulation(), played, launches=associate(shipped_claims()))
    for journal in journals:
        journal.close()
    return out, summary


def test_every_file_of_the_contract_is_there(outcome: tuple[Path, dict[str, Any]]) -> None:
    out, _ = outcome
    top = {"detections.csv", "sensors.toml", "truth.jsonl", "summary.json", "report.html", *NATIONS}
    assert {item.name for item in out.iterdir()} == top
    own = {"tracks.jsonl", "events.jsonl", "events.json", "journal.sqlite", "alerts", "alerts.jsonl", "bulletins"}
    assert {item.name for item in (out / "KOR").iterdir()} == own
    assert [item.name for item in (out / "KOR" / "alerts").iterdir()] == ["KOR-1.xml"]


def test_every_event_has_a_bulletin_in_each_language(outcome: tuple[Path, dict[str, Any]]) -> None:
    out, _ = outcome
    names = {item.name for item in (out / "KOR" / "bulletins").iterdir()}
    assert names == {f"KOR-E1.{language}.md" for language in ("en", "ko", "ja")}
    assert "East Sea" in (out / "KOR" / "bulletins" / "KOR-E1.en.md").read_text()
    assert [item.name.endswith(".md") for item in (out / "JPN" / "bulletins").iterdir()] == [True] * 3


def test_what_was_sent_stands_in_summary_and_report(outcome: tuple[Path, dict[str, Any]]) -> None:
    out, summary = outcome
    warning = summary["nations"]["KOR"]["warning"]
    assert [message["kind"] for message in warning["messages"]] == ["shelter"]
    assert warning["messages"][0]["delivered"] == {"files": "2025-01-06T03:01:09.100Z"}
    assert summary["nations"]["USA"]["warning"]["messages"] == []
    report = (out / "report.html").read_text()
    assert "Warning the public" in report
    assert "JP-01 0.200, 0.300" in report


def test_the_summary_says_how_it_went(outcome: tuple[Path, dict[str, Any]]) -> None:
    out, summary = outcome
    assert json.loads((out / "summary.json").read_text()) == summary
    assert (summary["failed"], summary["exit_status"]) == (["USA"], 1)
    assert summary["run"] == {
        "scenario_s": 780.0, "wall_s": 39.0, "speed": 20.0, "failed": {"USA": "the node ended"},
        "late_ticks": {"JPN": 2}, "missed_orders": ["KOR: cancel by kim at 9 s"],
    }  # fmt: skip


def test_of_a_node_that_failed_the_log_is_kept_and_what_it_had(outcome: tuple[Path, dict[str, Any]]) -> None:
    out, summary = outcome
    assert {item.name for item in (out / "USA").iterdir()} == {"journal.sqlite", "node.log", "alerts", "bulletins"}
    assert summary["nations"]["USA"]["shared"]["events"] == []
    assert not (out / "KOR" / "node.log").exists()


def test_a_journal_is_one_whole_file_with_the_rows_of_its_log(outcome: tuple[Path, dict[str, Any]]) -> None:
    for nation in NATIONS:
        path = outcome[0] / nation / "journal.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as journal:
            rows = journal.execute("SELECT seq, record FROM journal ORDER BY seq").fetchall()
        assert rows == [(n, bytes([n]) * 40) for n in range(50)]
        assert not list(path.parent.glob("journal.sqlite-*"))


def test_events_json_holds_the_last_word_of_each(outcome: tuple[Path, dict[str, Any]]) -> None:
    (last,) = json.loads((outcome[0] / "KOR" / "events.json").read_text())
    lines = (outcome[0] / "KOR" / "events.jsonl").read_text().splitlines()
    assert last == json.loads(lines[-1])


def test_the_report_names_who_failed(outcome: tuple[Path, dict[str, Any]]) -> None:
    assert "Did not live to the end: USA." in (outcome[0] / "report.html").read_text()
