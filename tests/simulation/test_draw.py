"""Plans: what a seed brings, that a hundred of them bring everything, and how a plan reads."""

import pytest

from beaconfire.rehearse.world import draw, script
from beaconfire.rehearse.world.draw import HEALED_MS
from beaconfire.rehearse.world.plan import (
    ClockStep,
    Crash,
    Cut,
    Decree,
    DiskLost,
    Fault,
    Forgery,
    Parting,
    SlowDisk,
    StoreLost,
    Weather,
    stream,
)
from beaconfire.rehearse.world.policy import policy_toml
from beaconfire.release import parse_policy

PLANS = [draw(seed) for seed in range(100)]


def test_a_seed_is_one_plan() -> None:
    assert draw(5) == draw(5)
    assert draw(5) != draw(6)


@pytest.mark.parametrize("nodes", [3, 5, 9])
def test_how_many_take_part_can_be_fixed(nodes: int) -> None:
    assert len(draw(1, nodes=nodes).nations) == nodes


def test_all_sizes_occur() -> None:
    assert {len(plan.nations) for plan in PLANS} == {3, 5, 9}


@pytest.mark.parametrize("kind", [Weather, Cut, Crash, SlowDisk, StoreLost, ClockStep, Forgery, Decree, Parting])
def test_a_hundred_seeds_bring_every_fault(kind: type[Fault]) -> None:
    assert sum(isinstance(fault, kind) for plan in PLANS for fault in plan.faults) >= 20


def test_some_nations_part_for_good_and_some_lose_all() -> None:
    faults = [fault for plan in PLANS for fault in plan.faults]
    partings = [fault for fault in faults if isinstance(fault, Parting)]
    assert {fault.how for fault in partings} == {"suspended", "left"}
    assert 0 < sum(fault.for_ms == 0 for fault in partings) < len(partings) / 2
    assert any(fault.notice_ms for fault in partings)
    assert all(fault.notice_ms < max(fault.for_ms, 1) for fault in partings)
    assert sum(isinstance(fault, DiskLost) for fault in faults) >= 5


def test_nobody_parts_from_one_partner_twice() -> None:
    for plan in PLANS:
        pairs = [(fault.nation, fault.partner) for fault in plan.faults if isinstance(fault, Parting)]
        assert len(set(pairs)) == len(pairs)


def test_one_seed_in_a_hundred_is_real() -> None:
    assert [plan.seed for plan in PLANS if plan.real] == [0]


def test_faults_leave_time_to_heal() -> None:
    for plan in PLANS:
        for fault in plan.faults:
            assert fault.at_ms + getattr(fault, "for_ms", 0) <= HEALED_MS < plan.length_ms


def test_loss_and_delay_reach_what_is_asked() -> None:
    weather = [fault for plan in PLANS for fault in plan.faults if isinstance(fault, Weather)]
    assert {fault.loss_percent for fault in weather} >= {0, 50}
    assert max(fault.delay_ms for fault in weather) == 5_000


def test_every_policy_is_one_that_a_node_takes() -> None:
    for plan in PLANS:
        versions: dict[str, int] = {}
        decrees = [fault for fault in plan.faults if isinstance(fault, Decree)]
        for decree in (*plan.policies, *sorted(decrees, key=lambda decree: decree.at_ms)):
            policy = parse_policy(policy_toml(decree), where="policy.toml")
            assert policy.version > versions.get(decree.nation, 0)
            versions[decree.nation] = policy.version
            assert len(policy.grants) == len(decree.grants)


def test_streams_are_apart() -> None:
    assert stream("lane", 1, "KOR").random() == stream("lane", 1, "KOR").random()
    assert stream("lane", 1, "KOR").random() != stream("lane", 1, "JPN").random()


def test_a_script_names_every_fault_in_order_of_time() -> None:
    plan = next(plan for plan in PLANS if len(plan.faults) > 8)
    head, *lines = script(plan).splitlines()
    assert head.startswith(f"seed {plan.seed}: KOR, JPN, USA")
    assert len(lines) == len(plan.faults)
    times = [float(line.split()[0]) for line in lines]
    assert times == sorted(times)
    assert {line.split()[2] for line in lines} == {type(fault).__name__ for fault in plan.faults}


def test_a_decree_that_grants_nothing_says_so() -> None:
    plan = PLANS[0]
    nobody = Decree(1_000, "KOR", 2, ())
    assert "nobody" in script(
        type(plan)(**{name: getattr(plan, name) for name in plan.__slots__} | {"faults": (nobody,)})
    )
