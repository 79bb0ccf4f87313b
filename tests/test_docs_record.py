"""docs/launch-record.md states the fields, the mapping, the questions and the verdicts that the record really has."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from beaconfire.record import FIELDS, Verdict, ask, associate, parse_mapping, shipped_claims
from beaconfire.shell.recordstore import RecordStore
from tests.house import ROOT

TEXT = (ROOT / "docs" / "launch-record.md").read_text(encoding="utf-8")


def first_cells(title: str) -> list[str]:
    section = re.split(r"^## ", TEXT.partition(f"\n## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return [line.strip("|").split("|")[0].strip() for line in section.splitlines() if line.startswith("| `")]


def test_the_table_of_fields_is_that_of_the_reader_in_order() -> None:
    assert [cell.strip("`") for cell in first_cells("A claim")] == list(FIELDS)


def test_the_mapping_that_is_shown_is_read() -> None:
    match = re.search(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert match is not None
    mapping = parse_mapping(match[1].encode(), where="docs")
    assert mapping.columns["range_km"] == "Distance"
    assert mapping.units == {"range_km": "mi"}


def test_every_question_that_is_shown_is_answered_with_claims() -> None:
    launches = associate(shipped_claims())
    questions = [question for cell in first_cells("Questions") for question in re.findall(r"`([^`]+)`", cell)]
    assert len(questions) > 8
    for question in questions:
        assert ask(launches, question).claims, question


def test_every_verdict_is_explained() -> None:
    assert [cell.strip("`") for cell in first_cells("The check")] == [str(verdict) for verdict in Verdict]


def test_the_columns_of_the_file_are_those_that_files_md_names(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "record.sqlite")
    store.add(shipped_claims()[:1])
    with closing(sqlite3.connect(store.path)) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(claims)")]
    (row,) = re.findall(r"^\| `claims` \| (.*) \|$", (ROOT / "docs" / "files.md").read_text(), re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == columns
