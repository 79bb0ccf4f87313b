"""The report: one page, whole in itself, marked as an exercise, with the numbers that the review gave."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from beaconfire.kernel.time import format_utc, from_seconds
from beaconfire.rehearse import Simulation
from beaconfire.rehearse.lines import Account, PartnerLine, account
from beaconfire.rehearse.report import render
from beaconfire.rehearse.review import review
from tests.rehearse.pretend import pretend, simulation, track

OUTSIDE = re.compile(r"""(https?:)?//(?!www\.w3\.org)[a-z]|url\(|@import|<script|<link|<img|<iframe|src=|href=""", re.I)


class Page(HTMLParser):
    """Collects the tags, the cells of tables and whether everything opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def accounts_of(sim: Simulation) -> dict[str, Account]:
    return {
        "KOR": pretend("KOR", sim),
        "JPN": pretend("JPN", sim, own=False, shared_m=25e3),
        "USA": pretend("USA", sim, own_m=40e3, shared_m=12e3),
    }


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    return review(simulation(), accounts_of(simulation()))


@pytest.fixture(scope="module")
def text(summary: dict[str, Any]) -> str:
    return render(simulation(), accounts_of(simulation()), summary)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def drawings(text: str) -> list[ElementTree.Element]:
    whole = re.findall(r"<figure>(<svg.*?</svg>)<figcaption>", text, re.S)
    return [ElementTree.fromstring(drawing) for drawing in whole]


def test_it_asks_no_other_place_for_anything(text: str) -> None:
    assert OUTSIDE.search(text) is None


def test_every_tag_is_closed(page: Page) -> None:
    assert page.open == []


def test_it_says_exercise_at_both_ends_and_under_every_figure(text: str, page: Page) -> None:
    assert text.count('class="realm"') == 2
    assert re.search(r"<title>EXERCISE 2025-01-06: review</title>", text)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    assert len(captions) == 8
    assert all(caption.startswith("EXERCISE") for caption in captions)
    assert "realm EXERCISE" in page.words


def test_the_drawings_are_well_formed_and_hold_numbers_only(text: str) -> None:
    found = drawings(text)
    assert len(found) == 8
    for drawing in found:
        assert drawing.get("viewBox")
        for element in drawing.iter():
            data = element.get("d")
            if data is not None:
                assert re.fullmatch(r"[MLHVZlhvm0-9., e-]+", data), data[:200]
                assert "nan" not in data


def test_the_truth_and_each_nations_colour_are_on_the_map(text: str) -> None:
    overview = drawings(text)[0]
    classes = [element.get("class", "") for element in overview.iter()]
    assert classes.count("truth") == 1
    assert classes.count("track shared") == 3
    assert {"sea", "land", "site", "mark", "cross", "bar"} <= set(classes)
    names = {element.text for element in overview.iter() if element.tag == "text"}
    assert {"KOR-R1", "JPN-R1", "USA-S1"} <= names
    assert "USA-I1" not in names  # in orbit, not on the ground


def test_a_nations_map_shows_alone_and_shared(text: str) -> None:
    korea, japan, _ = drawings(text)[1:4]

    def kinds(drawing: ElementTree.Element) -> list[str]:
        return [element.get("class", "") for element in drawing.iter()]

    assert {"foot alone", "foot shared", "ellipse alone", "ellipse shared"} <= set(kinds(korea))
    assert "foot alone" not in kinds(japan)


def test_who_knew_what_when(page: Page, summary: dict[str, Any]) -> None:
    head = next(row for row in page.rows if row[1:3] == ["KOR alone", "KOR shared"])
    rows = {row[0]: dict(zip(head, row, strict=True)) for row in page.rows if len(row) == len(head)}
    told = summary["nations"]["KOR"]["alone"]["confirmed_utc"]
    assert rows["event confirmed"]["KOR alone"] == f"{told[11:21]} (+140.0 s)"
    assert rows["event confirmed"]["JPN alone"] == "–"
    warning_s = summary["nations"]["USA"]["shared"]["warning_s"]
    assert rows["warning before the first end"]["USA shared"] == f"{warning_s:.0f} s"


def test_how_well_each_nation_did(page: Page) -> None:
    (row,) = [row for row in page.rows if row[:3] == ["KOR", "alone", "KOR-E1"]]
    assert row[3:8] == ["confirmed", "1", "IRBM", "glide", "L1"]
    assert row[8:10] == ["21.0 km, +2.0 s", "70.0 km, holds it"]
    assert not [row for row in page.rows if row[:2] == ["JPN", "alone"]]


def test_what_sharing_bought_is_said_in_words(page: Page, summary: dict[str, Any]) -> None:
    told = summary["nations"]["KOR"]["comparison"]
    assert (
        f"{told['own_km2']:,.0f} km² alone and {told['shared_km2']:,.0f} km² shared ({told['ratio']:.0%})" in page.words
    )
    assert "JPN: 1 event, shared confirmed" in page.words


def test_a_dead_node_is_named_at_the_top() -> None:
    accounts = accounts_of(simulation())
    text = render(simulation(), accounts, review(simulation(), accounts, failed=["USA"]))
    assert re.search(r'<p class="failed">Did not live to the end: USA\.</p>', text)


def test_who_parted_from_whom_is_said_and_nothing_where_nobody_did(text: str) -> None:
    assert "Who parted from whom" not in text
    start_ns = simulation().scenario.start_ns

    def line(second: float, partner: str, word: str, count: int = 1) -> PartnerLine:
        return PartnerLine(format_utc(start_ns + from_seconds(second)), partner, word, count=count)

    accounts = accounts_of(simulation())
    accounts["KOR"] = replace(accounts["KOR"], partners=(line(90, "JPN", "suspended"), line(150, "JPN", "returned")))
    accounts["JPN"] = replace(
        accounts["JPN"], partners=(line(90.1, "KOR", "suspended_by_partner"), line(151, "KOR", "caught_up", 77))
    )
    summary = review(simulation(), accounts)
    page = Page(render(simulation(), accounts, summary))
    (row,) = (cells for cells in page.rows if cells[:2] == ["KOR", "JPN"])
    assert row[5:8] == ["60 s", summary["partings"][0]["caught_up_utc"][11:21], "77"]
    assert "KOR suspended JPN at" in page.words
    assert "complete again" in page.words


def test_a_run_in_which_nobody_saw_anything_has_a_page_too() -> None:
    nothing = {nation: Account(nation) for nation in ("KOR", "JPN", "USA")}
    page = Page(render(simulation(), nothing, review(simulation(), nothing)))
    assert "KOR: no event." in page.words
    assert page.open == []


def test_tracks_that_are_no_event_leave_the_map_alone() -> None:
    only = {"KOR": account("KOR", [], track(simulation(), "own", from_s=100.0, off_m=0.0))}
    text = render(simulation(), only, review(simulation(), only))
    assert "track shared" not in text.partition("</style>")[2]


def test_a_salvo_fits_on_the_page_and_the_page_stays_small() -> None:
    sim = simulation("2024-11-05")
    accounts = accounts_of(sim)
    text = render(sim, accounts, review(sim, accounts))
    assert Page(text).open == []
    assert len([row for row in Page(text).rows if row[:2] == ["USA", "shared"]]) == 7
    assert len(text) < 2_000_000  # a mail takes it


def test_text_from_outside_cannot_become_markup() -> None:
    from msgspec.structs import replace

    evil = replace(simulation().scenario, title="<script>alert(1)</script> & co")
    sim = Simulation(evil, 1, simulation().truth, {}, ())
    text = render(sim, {"KOR": Account("KOR")}, review(sim, {"KOR": Account("KOR")}))
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in text


def test_the_same_run_gives_the_same_page(text: str, summary: dict[str, Any]) -> None:
    assert render(simulation(), accounts_of(simulation()), summary) == text
    assert np.all([summary["seed"] == simulation().seed])
