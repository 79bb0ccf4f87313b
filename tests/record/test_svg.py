"""The few words of SVG: escaped, named as SVG names them, scaled into the frame."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from beaconfire.record import svg


def test_an_element_has_the_names_of_svg() -> None:
    drawn = svg.element("circle", cx=1.26, r=4.0, class_="dot", fill_opacity=0.5, fill="#fff")
    assert drawn == '<circle cx="1.3" r="4" class="dot" fill-opacity="0.5" fill="#fff"/>'
    assert svg.element("g", "inner") == "<g>inner</g>"


def test_words_are_escaped() -> None:
    parsed = ElementTree.fromstring(svg.text('a < b & "c"', x=1.0, y=2.0))
    assert parsed.text == 'a < b & "c"'
    assert ElementTree.fromstring(svg.element("rect", fill='"><x')).attrib["fill"] == '"><x'


def test_a_drawing_is_whole_and_reads_its_title() -> None:
    parsed = ElementTree.fromstring(svg.drawing([svg.element("circle", r=1.0)], title="One & all"))
    assert parsed.attrib["role"] == "img"
    assert parsed.attrib["viewBox"] == f"0 0 {svg.WIDTH:g} {svg.HEIGHT:g}"
    assert next(iter(parsed)).text == "One & all"


def test_the_scales_fill_the_frame() -> None:
    assert svg.scale_x(0.0, 10.0) == svg.LEFT
    assert svg.scale_x(10.0, 10.0) == svg.WIDTH - svg.RIGHT
    assert svg.scale_y(0.0, 10.0) == svg.HEIGHT - svg.BOTTOM
    assert svg.scale_y(10.0, 10.0) == svg.TOP


@pytest.mark.parametrize("top", [0.7, 1.0, 5.0, 12.0, 48.0, 100.0, 6981.0])
def test_ticks_begin_at_zero_and_are_evenly_round(top: float) -> None:
    marks = svg.ticks(top)
    assert marks[0] == 0.0
    assert marks[-1] <= top < marks[-1] + (marks[1] - marks[0]) * 1.001
    step = marks[1] - marks[0]
    assert f"{step:.0e}"[0] in "125"
    assert all(later - earlier == pytest.approx(step) for earlier, later in pairwise(marks))


def test_a_legend_names_every_class_with_a_colour_of_its_own() -> None:
    parsed = ElementTree.fromstring(f"<svg>{svg.legend(['a', 'b', 'c'])}</svg>")
    assert [text.text for text in parsed.iter("text")] == ["a", "b", "c"]
    assert len({circle.attrib["fill"] for circle in parsed.iter("circle")}) == 3
    assert len(set(svg.COLOURS)) == len(svg.COLOURS)


def test_a_grid_has_a_line_and_a_number_for_each_tick() -> None:
    parsed = ElementTree.fromstring(f"<svg>{svg.grid_y(10.0, name='launches')}</svg>")
    assert len(list(parsed.iter("path"))) == len(svg.ticks(10.0))
    assert [text.text for text in parsed.iter("text")] == ["launches", "0", "2", "4", "6", "8", "10"]
