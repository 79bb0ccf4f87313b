"""docs/alerts.md states the kinds, names and limits of CAP messages as they are written."""

import re

import pytest
from lxml import etree

from beaconfire.kernel.alerts import MessageKind
from beaconfire.warn import render
from beaconfire.warn.capprofiles import KOREA_LONG, KOREA_SHORT, WEA_LONG, WEA_SHORT
from beaconfire.warn.texts import LIMIT_EXTENDED, LIMIT_LONG, LIMIT_SHORT
from beaconfire.warn.wording import MARKS
from tests.house import ROOT
from tests.warn.messages import HAWAII, JAPAN, KOREA, message

TEXT = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
ROWS = {
    cells[0].strip("`"): cells[1:]
    for line in TEXT.splitlines()
    if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 6 and cells[0].startswith("`")
}


def test_the_table_names_every_kind() -> None:
    assert sorted(ROWS) == sorted(MessageKind)


@pytest.mark.parametrize("kind", MessageKind)
def test_the_table_says_what_is_written(kind: MessageKind) -> None:
    type_, responses, urgency, severity, certainty = ROWS[kind]
    root = etree.fromstring(render(message(kind, languages=("en",)), authority=JAPAN))

    def written(tag: str) -> str:
        return ", ".join(element.text or "" for element in root.iter(f"{{*}}{tag}"))

    assert written("msgType") == type_.split()[-1]
    assert (written("responseType"), written("urgency"), written("severity")) == (responses, urgency, severity)
    assert written("certainty") in certainty or certainty == "as above"


def test_names_and_limits_are_those_of_the_code() -> None:
    for name, limit in (
        (KOREA_SHORT, LIMIT_SHORT),
        (KOREA_LONG, LIMIT_LONG),
        (WEA_SHORT, LIMIT_SHORT),
        (WEA_LONG, LIMIT_EXTENDED),
    ):
        assert re.search(rf"`{name}`\s*\((?:at most )?{limit}", TEXT), (name, limit)
    assert all(f"`{mark}`" in TEXT for mark in MARKS.values())


def test_the_parameters_named_are_the_ones_written() -> None:
    written = set()
    for authority in (HAWAII, KOREA):
        root = etree.fromstring(render(message(authority=authority), authority=authority))
        written |= {element.text for element in root.iter("{*}valueName")}
    assert [name for name in sorted(filter(None, written)) if f"`{name}`" not in TEXT and name != "SAME"] == []
