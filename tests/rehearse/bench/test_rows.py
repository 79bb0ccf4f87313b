"""A row says what was found, what was asked, and whether they agree."""

import math

import msgspec
import pytest

from beaconfire.rehearse.bench import percentile, row, table


def test_a_row_without_an_anchor_is_judged_by_its_figure() -> None:
    found = row("latency", [3.0, 1.0, 2.0], "ms", at_most=2.5)
    assert (found.figure, found.unit, found.target, found.missed) == (2.0, "ms", "≤ 2.5 ms", False)
    assert found.spread == 1.0  # largest less smallest, by the median
    assert found.anchor is found.ratio is None
    assert row("latency", [3.0], "ms", at_most=2.5).missed


def test_a_row_with_an_anchor_is_judged_by_the_ratio() -> None:
    found = row("speed", [50.0], "1/s", anchors=[10.0, 20.0, 30.0], at_least=3.0)
    assert (found.anchor, found.ratio, found.target) == (20.0, 2.5, "≥ 3")
    assert found.missed
    assert not row("speed", [70.0], "1/s", anchors=[20.0], at_least=3.0).missed


@pytest.mark.parametrize(("figure", "missed"), [(0.91, True), (0.92, False), (0.98, False), (0.99, True)])
def test_two_bounds_hold_on_both_sides(figure: float, missed: bool) -> None:
    found = row("share", [figure], "", at_least=0.92, at_most=0.98)
    assert (found.missed, found.target) == (missed, "0.92 to 0.98")


@pytest.mark.parametrize("figure", [math.inf, math.nan])
def test_what_never_came_about_is_missed_and_has_no_figure(figure: float) -> None:
    found = row("burnout", [figure], "s", at_most=2.0)
    assert found.missed
    assert math.isnan(found.figure)
    assert b'"figure":null' in msgspec.json.encode(found)
    assert "| – s |" in table([found])


def test_one_measurement_has_no_spread() -> None:
    assert row("x", [1.0], "s").spread is None
    assert row("x", [1.0], "s").target is None


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 3.0), (0.99, 5.0), (1.0, 5.0)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile([5.0, 1.0, 3.0, 2.0, 4.0], share) == expected


def test_the_table_names_what_was_missed() -> None:
    lines = table([row("good", [1.0], "s", at_most=2.0), row("bad", [3.0], "s", at_most=2.0, note="why")]).splitlines()
    assert len(lines) == 4
    assert lines[2] == "| good | 1 s | – | – | ≤ 2 s |  |"
    assert lines[3] == "| bad | 3 s | – | – | ≤ 2 s | **missed** · why |"
