"""docs/files.md names the keys of results as the code writes them, in order, and those of a node as they are read."""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from beaconfire.kernel.alerts import AlertRow, AlertStatus, AreaThreat, MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import CLASSES, KINDS, PHASES, EventStatus, ObjectAssessment, TrackStatus
from beaconfire.kernel.results import event_row, track_row
from beaconfire.kernel.time import parse_utc
from beaconfire.node import ShowAudit
from beaconfire.rehearse import FILES, truth_lines
from beaconfire.rehearse.lines import Account, PartnerLine
from beaconfire.rehearse.partings import partings
from beaconfire.rehearse.review import review
from beaconfire.shell import BrokerConfig, ConsoleConfig, NodeConfig
from beaconfire.shell.alertrows import log_row
from beaconfire.shell.export import ALERTS, EVENTS, LAST_EVENTS, PARTNERS, TRACKS, partner_word
from tests.node.test_words import event as a_revision
from tests.node.test_words import track as an_update
from tests.rehearse.pretend import pretend, simulation
from tests.shell.support import open_store
from tests.test_docs_files import TEXT

NOW_NS = parse_utc("2025-01-06T03:00:00Z")


def part(title: str) -> str:
    """What stands under a heading, up to the next one of any depth."""
    match = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert match is not None, f"docs/files.md: no {title}"
    return match[1]


def cells(title: str) -> dict[str, str]:
    """The rows of a table: the name in the first cell, what is said in the second."""
    return dict(re.findall(r"^\| `([^`|]+)` \| (.*?) ?\|$", part(title), re.MULTILINE))


def named(text: str) -> list[str]:
    return re.findall(r"`([\w.]+)`", text)


@pytest.fixture(scope="module")
def event() -> dict[str, Any]:
    return event_row(a_revision(), realm=Realm.EXERCISE)


def test_every_file_of_a_run_is_named() -> None:
    told = {ALERTS, PARTNERS, "alerts/*.xml", "bulletins/<event_id>.<lang>.md"}
    files = {TRACKS, EVENTS, LAST_EVENTS, *told, *FILES, "journal.sqlite", "summary.json", "report.html"}
    assert set(cells("Results")) == files


def test_a_line_of_tracks() -> None:
    row = track_row(an_update(), realm=Realm.EXERCISE, phases=[0.0] * len(PHASES))
    said = cells("A line of tracks.jsonl")
    assert list(said) == list(row)
    assert said["phase"].endswith(" ".join(f"{name}," for name in PHASES)[:-1])
    assert said["status"] == ", ".join(TrackStatus)
    assert len(row["covariance"]) == 36


def test_a_line_of_events(event: dict[str, Any]) -> None:
    said = cells("A line of events.jsonl")
    assert list(said) == list(event)
    assert named(said["launch"]) == list(event["launch"])
    assert named(said["impact"]) == list(event["impact"])
    assert named(said["objects"]) == list(event["objects"][0])
    assert set(event["objects"][0]) >= {"launch", "impact"}


def test_a_line_of_alerts() -> None:
    area = AreaThreat(area_id="JP-02", hit_p=0.1, pass_p=0.2, first_ns=NOW_NS, last_ns=NOW_NS)
    row = {"realm": "EXERCISE", **log_row(
        AlertRow(alert_id="A", event_ids=("E",), time_ns=NOW_NS, status=AlertStatus.SENT, previous=None, who="desk",
                 why="", areas=(area,))
    )}  # fmt: skip
    said = cells("A line of alerts.jsonl")
    assert list(said) == list(row)
    assert said["status"] == ", ".join(AlertStatus)
    assert said["kind"] == f"of the message: {', '.join(MessageKind)}"
    assert isinstance(row["areas"], list)
    assert named(said["areas"]) == list(row["areas"][0])


def test_a_line_of_partners() -> None:
    row = partner_word(ShowAudit(NOW_NS, "JPN", "partner", "kim", "lost its journal", "", "why"))
    assert row is not None
    said = cells("A line of partners.jsonl")
    assert list(said) == ["realm", *row]
    assert row["word"] in said["word"]
    words = re.split(r"[,;:] ", said["word"])
    assert {"suspended", "left", "leaving", "returned", "joined", "suspended_by_partner", "caught_up"} <= set(words)


def test_words_of_events(event: dict[str, Any]) -> None:
    said = cells("A line of events.jsonl")
    assert said["status"] == ", ".join(EventStatus)
    assert ", ".join(CLASSES) in said["class"]
    assert ", ".join(KINDS) in said["kind"]
    reasons = [field.type for field in msgspec.structs.fields(ObjectAssessment) if field.name == "impact_reason"]
    words = [word for part in get_args(reasons[0]) for word in get_args(part)]
    assert said["impact_reason"].partition(": ")[2].split(", ") == words
    ellipse = named(part("A line of events.jsonl").partition("`ellipse_95` has ")[2])[:3]
    assert ellipse == list(event["launch"]["ellipse_95"])


def test_a_line_of_the_truth() -> None:
    (first, second) = (line for _, line in zip(range(2), truth_lines(simulation()), strict=False))
    names = named(part("A line of truth.jsonl"))
    assert names == [*second, "facts"] == list(first)


def test_the_tables_of_the_journal(tmp_path: Path) -> None:
    store, _ = open_store(tmp_path / "journal.sqlite")
    store.close()
    with sqlite3.connect(tmp_path / "journal.sqlite") as base:
        tables = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {name: [row[1] for row in base.execute(f"PRAGMA table_info({name})")] for name in tables}
    base.close()
    said = cells("journal.sqlite")
    assert set(said) == set(columns)
    for name, text in said.items():
        assert named(text)[: len(columns[name])] == columns[name]


def test_the_summary() -> None:
    summary = review(simulation(), {"KOR": pretend("KOR", simulation())})
    text = part("summary.json")
    head = named(text.partition("Each nation has")[0])
    assert head == [*summary, "run"]
    nation = summary["nations"]["KOR"]
    inside = text.partition("Each nation has")[2].partition("\n\n")[0]
    assert named(inside) == list(nation)
    assert list(cells("summary.json")) == list(nation["alone"]) == list(nation["shared"])
    told = text.partition("sharing told most: ")[2].partition(";")[0]
    assert named(told) == list(nation["comparison"])
    parted = PartnerLine("2025-01-06T03:01:30Z", "JPN", "suspended")
    (values,) = partings({"KOR": Account("KOR", partners=(parted,))}, (), lambda nation, time_ns: None)
    assert named(text.partition("who parted from whom: ")[2].partition(" null where")[0]) == list(values)
    assert json.loads(json.dumps(summary)) == summary  # plain values only


def test_the_configuration_of_a_node() -> None:
    said = cells("node.toml")
    fields = [field.name for field in msgspec.structs.fields(NodeConfig)]
    assert list(said) == [name for name in fields if name != "folder"]
    assert named(said["broker"]) == list(BrokerConfig.__struct_fields__)
    assert named(said["console"]) == list(ConsoleConfig.__struct_fields__)
