"""What a message costs at both ends: the benchmark's own arithmetic, and what must hold whatever the machine."""

from benchmarks.exchange.growth import PARTNERS, _accepted, _costs
from benchmarks.exchange.steps import PARTNERS as EIGHT


def test_costs_are_named_and_a_copy_costs_less_than_a_message() -> None:
    rows = {row.name: row.figure for row in _costs(1_100)}
    assert set(rows) == {
        "cost_release_single", "cost_release_bundled", "cost_accept_single", "cost_accept_bundled", "cost_copy",
    }  # fmt: skip
    assert 0.0 < rows["cost_copy"] < rows["cost_accept_single"] / 5
    assert rows["cost_accept_bundled"] < rows["cost_accept_single"]  # one signature for 64: less than half
    assert min(rows["cost_release_bundled"], rows["cost_release_single"]) > 0.0  # too near each other for a test


def test_nothing_costs_nothing() -> None:
    assert _accepted([]) < 0.01


def test_the_partners_of_the_growth_are_among_those_of_the_load() -> None:
    assert max(PARTNERS) <= len(EIGHT) and sorted(PARTNERS) == list(PARTNERS)
