"""Shrinking: a failing run comes down to the faults that matter, and breaks the same promise still."""

from dataclasses import replace

import pytest

from beaconfire.rehearse.world import Plan, draw, run, script, shrink
from beaconfire.rehearse.world.plan import Crash, StoreLost
from tests.simulation.flaws import restart_forgets


def by_faults(*needed: int) -> "tuple[Plan, object]":
    """A plan of many faults, and a judge for whom it breaks as long as these of them are in it."""
    plan = next(plan for plan in map(draw, range(100)) if len(plan.faults) >= 14)
    wanted = {plan.faults[number] for number in needed}
    return plan, lambda shrunk: "P4" if wanted <= set(shrunk.faults) else ""


@pytest.mark.parametrize("needed", [(0,), (13,), (3, 11), (0, 6, 7, 12)])
def test_what_does_not_matter_is_left_out(needed: tuple[int, ...]) -> None:
    plan, breaks = by_faults(*needed)
    small = shrink(plan, breaks)  # type: ignore[arg-type]
    assert small.faults == tuple(plan.faults[number] for number in needed)
    assert all(rows == () for rows in small.load.values())


def test_load_is_thinned_too() -> None:
    plan = draw(3, nodes=3)
    row = plan.load["JPN"][1]
    small = shrink(plan, lambda shrunk: "P2" if row in shrunk.load["JPN"] else "")
    assert small.load == {"KOR": (), "JPN": (row,), "USA": ()}
    assert small.faults == ()


def test_another_promise_does_not_count() -> None:
    plan = next(plan for plan in map(draw, range(100)) if len(plan.faults) >= 6)
    small = shrink(plan, lambda shrunk: "P2" if len(shrunk.faults) >= 4 else "P9")
    assert len(small.faults) == 4


def test_a_plan_that_breaks_nothing_cannot_be_shrunk() -> None:
    with pytest.raises(ValueError, match="breaks no promise"):
        shrink(draw(1, nodes=3), lambda plan: "")


def test_a_planted_bug_becomes_a_short_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that forgets at its return: one crash is all it takes, and the script says so."""
    restart_forgets(monkeypatch)

    def breaks(plan: Plan) -> str:
        broken = run(plan).broken
        return broken.promise if broken is not None else ""

    plan = next(plan for seed in range(100) if breaks(plan := draw(seed, nodes=3)) == "P4")
    small = shrink(plan, breaks)
    assert breaks(small) == "P4"
    assert len(small.faults) <= 3
    assert any(isinstance(fault, Crash) for fault in small.faults)
    assert len(script(small).splitlines()) == 1 + len(small.faults)
    assert breaks(replace(small, faults=())) == ""


def test_a_fault_tells_itself() -> None:
    plan = replace(draw(1, nodes=3), faults=(StoreLost(21_846, "USA"),))
    assert script(plan).splitlines()[1].split() == ["21.846", "s", "StoreLost", "nation=USA"]
