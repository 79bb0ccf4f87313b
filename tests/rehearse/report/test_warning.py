"""The report's part on warning: every step with its probabilities, who sent it and what arrived, in proper HTML."""

from dataclasses import replace
from xml.etree import ElementTree

import msgspec
import pytest

from beaconfire.rehearse.lines import AlertLine
from beaconfire.rehearse.report import render
from beaconfire.rehearse.report.scene import Scene, build
from beaconfire.rehearse.report.warning import MOST_ROWS, probabilities, section
from beaconfire.rehearse.review import review
from tests.rehearse.pretend import pretend, simulation
from tests.rehearse.report.test_report import Page
from tests.rehearse.test_warnings import CANCEL, CARRIED, DRAFTED, PROPOSED, SENT


def scene(*alerts: AlertLine) -> Scene:
    sim = simulation()
    accounts = {"KOR": pretend("KOR", sim), "JPN": replace(pretend("JPN", sim), alerts=alerts)}
    return build(sim, accounts, review(sim, accounts))


def test_every_step_is_a_row_with_its_areas_and_what_arrived() -> None:
    page = Page("".join(section(scene(PROPOSED, DRAFTED, SENT, CARRIED, CANCEL))))
    assert page.open == []
    heads, *rows = page.rows
    assert [row[3] for row in rows] == ["shared: would warn", "drafted shelter", "sent shelter", "cancelled cancel"]
    assert {len(row) for row in rows} == {len(heads)}
    assert rows[0][6] == "JP-02 0.100, 0.800"
    assert [row[8] for row in rows] == ["", "", "files 03:00:03.2", ""]
    assert rows[2][4] == "rule:JPN-exercise"
    assert "2 messages sent: shelter for JP-02 by rule:JPN-exercise" in page.words


def test_a_nation_that_sent_nothing_says_so() -> None:
    text = "".join(section(scene(PROPOSED, DRAFTED)))
    assert "nothing was sent; 1 draft proposed" in text
    assert list(section(scene())) == []


def test_the_plot_is_proper_and_has_a_mark_per_message() -> None:
    few, more = (probabilities(scene(PROPOSED, *rest)) for rest in ((), (SENT, CANCEL)))
    for text in (few, more):
        ElementTree.fromstring(text)
    assert more.count("stroke-width") - few.count("stroke-width") == 2


def test_a_flood_of_steps_is_cut_and_said() -> None:
    text = "".join(section(scene(*[DRAFTED] * (MOST_ROWS + 5))))
    assert "5 more in alerts.jsonl" in text
    assert len(Page(text).rows) == MOST_ROWS + 2


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", "a & b"])
def test_what_a_person_wrote_is_shown_and_never_run(words: str) -> None:
    text = "".join(section(scene(replace_why(CANCEL, words))))
    assert words not in text
    assert words in Page(text).rows[-1][5]


def test_the_page_holds_it_between_the_figures_and_the_tables() -> None:
    shown = scene(PROPOSED, SENT)
    text = render(shown.simulation, shown.accounts, shown.summary)
    assert text.index("Area that may be hit") < text.index("Warning the public") < text.index("Who knew what, when")


def replace_why(row: AlertLine, why: str) -> AlertLine:
    return msgspec.structs.replace(row, why=why)
