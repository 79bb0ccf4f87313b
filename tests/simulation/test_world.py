"""Seeds of the simulated world: no promise breaks, and one seed is one history, byte for byte.

Here run as many seeds as fit into some twenty seconds of one core; `test_many.py` runs the fifty thousand.
"""

from dataclasses import replace

import pytest

from beaconfire.rehearse.world import draw, run, script

SMALL, MIDDLE, LARGE = range(300, 420), range(420, 426), range(426, 428)  # seeds of 3, 5 and 9 nations


@pytest.mark.parametrize(("nodes", "seeds"), [(3, SMALL), (5, MIDDLE), (9, LARGE)])
def test_no_promise_breaks(nodes: int, seeds: range) -> None:
    for seed in seeds:
        plan = draw(seed, nodes=nodes)
        broken = run(plan).broken
        assert broken is None, f"{broken}\n{script(plan)}"


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, again = (run(draw(7, nodes=3)) for _ in range(2))
    assert first.digest == again.digest
    assert (first.rows, first.crossed, first.taken) == (again.rows, again.crossed, again.taken)


@pytest.mark.parametrize("seed", [100, 200, 1700])
def test_real_signatures_and_a_real_database_make_the_same_history(seed: int) -> None:
    """One seed in a hundred has them; what it does differs from the stand-ins by the bytes of signatures alone."""
    plan = draw(seed, nodes=3)
    assert plan.real
    real, plain = run(plan), run(replace(plan, real=False))
    assert real.broken is None
    assert (real.rows, real.crossed, real.taken, real.checks) == (plain.rows, plain.crossed, plain.taken, plain.checks)
    assert real.digest != plain.digest


def test_another_seed_gives_others() -> None:
    assert len({run(draw(seed, nodes=3)).digest for seed in range(8)}) == 8


def test_a_plan_without_its_faults_is_another_history() -> None:
    plan = draw(9, nodes=3)
    assert plan.faults
    assert run(plan).digest != run(replace(plan, faults=())).digest


def test_records_do_cross_and_are_looked_at() -> None:
    """Silence would keep every promise."""
    outcomes = [run(draw(seed, nodes=3)) for seed in range(12)]
    assert sum(outcome.taken for outcome in outcomes) > 12 * 10
    assert all(outcome.crossed >= outcome.taken for outcome in outcomes)
    assert sum(outcome.checks for outcome in outcomes) > 12 * 60
    assert all(outcome.simulated_s == 60.0 for outcome in outcomes)
