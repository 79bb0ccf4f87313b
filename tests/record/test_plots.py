"""The plots are SVG that another parser reads, with a mark per claim or launch, in its place."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from beaconfire.record import PLOTS, associate, plot
from beaconfire.record.svg import HEIGHT, WIDTH, scale_x, scale_y, ticks
from tests.record.made import claim, shipped

SVG = "{http://www.w3.org/2000/svg}"


def drawn(name: str, launches: object = None) -> ElementTree.Element:
    return ElementTree.fromstring(plot(shipped() if launches is None else launches, name))  # type: ignore[arg-type]


def marks(drawing: ElementTree.Element, tag: str) -> dict[str, ElementTree.Element]:
    """The marks that have a title, by it."""
    found = {}
    for mark in drawing.iter(f"{SVG}{tag}"):
        title = mark.find(f"{SVG}title")
        if title is not None and title.text:
            found[title.text] = mark
    return found


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_is_one_drawing_with_a_title_inside_its_frame(name: str) -> None:
    drawing = drawn(name)
    assert drawing.tag == f"{SVG}svg"
    assert (drawing.findtext(f"{SVG}title") or "").strip()
    for circle in drawing.iter(f"{SVG}circle"):
        assert 0.0 <= float(circle.attrib["cx"]) <= WIDTH
        assert 0.0 <= float(circle.attrib["cy"]) <= HEIGHT


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_of_nothing_is_an_empty_frame(name: str) -> None:
    assert marks(drawn(name, ()), "circle") == {}
    assert marks(drawn(name, ()), "rect") == {}


def test_range_and_apogee_have_a_dot_per_claim_that_states_both() -> None:
    stated = sum(c.range_m is not None and c.apogee_m is not None for launch in shipped() for c in launch.claims)
    drawing = drawn("range-apogee")
    assert sum(circle.find(f"{SVG}title") is not None for circle in drawing.iter(f"{SVG}circle")) == stated
    dots = marks(drawing, "circle")
    assert "2025-01-06.1 Japan: 1100 km, 100 km" in dots
    high, low = dots["2023-07-12.1 DPRK KCNA: 1001.2 km, 6648.4 km"], dots["2025-01-06.1 Japan: 1100 km, 100 km"]
    assert float(high.attrib["cy"]) < float(low.attrib["cy"])  # up is up
    assert float(high.attrib["cx"]) < float(low.attrib["cx"])


def test_years_are_stacked_to_the_number_of_launches() -> None:
    bars = marks(drawn("by-year"), "rect")
    in_2024 = {title: bar for title, bar in bars.items() if title.startswith("2024 ")}
    assert sum(int(title.rpartition(" ")[2]) for title in in_2024) == 13
    tops = sorted((float(bar.attrib["y"]), float(bar.attrib["height"])) for bar in in_2024.values())
    for (upper, height), (lower, _) in pairwise(tops):
        assert upper + height == pytest.approx(lower, abs=0.3)


def test_disagreement_is_drawn_for_each_source_under_the_highest_claim() -> None:
    launches = associate([claim(range_m=300e3), claim(source="Japan", range_m=400e3)])
    assert set(marks(drawn("disagreement", launches), "circle")) == {"2024-05-01.1: 25 %", "2024-05-01.1: 0 %"}


def test_names_of_sources_cannot_break_out_of_the_drawing() -> None:
    evil = '<script>"&'
    launches = associate([claim(range_m=300e3), claim(source=evil, range_m=400e3)])
    texts = [text.text for text in drawn("disagreement", launches).iter(f"{SVG}text")]
    assert evil in texts


def test_ticks_are_round_and_within() -> None:
    assert ticks(10.0) == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert ticks(6981.0) == [0.0, 2000.0, 4000.0, 6000.0]
    assert all(3 <= len(ticks(top)) <= 8 for top in (1.0, 3.0, 7.0, 99.0, 1234.0))
    assert scale_x(0.0, 1.0) < scale_x(1.0, 1.0)
    assert scale_y(0.0, 1.0) > scale_y(1.0, 1.0)
