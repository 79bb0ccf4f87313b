"""The oracle of policy against the real decision core, over random grants and products, and by hand at the edges."""

import random
from typing import Any

import pytest

from beaconfire.kernel.products import Kind
from beaconfire.kernel.records import CLASSES
from beaconfire.rehearse.world.plan import NS_PER_MS, REALM, START_NS, Decree, Grant
from beaconfire.rehearse.world.policy import allows, policy_toml
from beaconfire.release import compile_core, parse_policy
from tests.exchange import product

JPN = Grant("JPN", ("launch", "trajectory", "impact"), ("KOR",))


def at(ms: int) -> int:
    return START_NS + ms * NS_PER_MS


def grant(**changes: Any) -> Grant:
    return Grant(**({name: getattr(JPN, name) for name in Grant.__slots__} | changes))


def random_grant(chance: random.Random) -> Grant:
    def some(*words: str) -> tuple[str, ...] | None:
        return None if chance.random() < 0.5 else tuple(word for word in words if chance.random() < 0.7)

    begin = chance.choice((None, 1_000))
    return grant(
        kinds=some("launch", "trajectory", "impact") or ("launch",),
        provenance=some("KOR", "USA") or (),
        sensors=some("KOR-R1", "KOR-R2"),
        classes=some(*CLASSES),
        objects=some("ballistic", "glide"),
        region=chance.choice((None, (30.0, 40.0, 120.0, 130.0), (-10.0, 0.0, 0.0, 10.0))),
        from_ms=begin,
        until_ms=chance.choice((None, 5_000)),
    )


def random_product(chance: random.Random) -> Any:
    return product(
        chance.choice((Kind.LAUNCH, Kind.TRAJECTORY, Kind.IMPACT)),
        nations=chance.choice((("KOR",), ("KOR", "USA"), ())),
        sensors=chance.choice(((), ("KOR-R1",), ("KOR-R1", "KOR-R2"))),
        missile_class=chance.choice(CLASSES),
        object_kind=chance.choice(("ballistic", "glide", "meteor")),
        latitude_deg=chance.choice((None, 35.0, 39.2)),
        longitude_deg=126.0,
        compartments=chance.choice((("main",), ("main",), ("main",), ("other",), ("main", "other"))),
    )


@pytest.mark.parametrize("seed", range(40))
def test_it_decides_as_the_engine_does(seed: int) -> None:
    chance = random.Random(seed)
    grants = tuple(random_grant(chance) for _ in range(chance.randrange(3)))
    core = compile_core(parse_policy(policy_toml(Decree(0, "KOR", 1, grants)), where="policy.toml"), REALM)
    for _ in range(60):
        one, partner = random_product(chance), chance.choice(("JPN", "JPN", "JPN", "CHN"))
        now_ns, trusted = at(chance.choice((0, 999, 1_000, 4_999, 5_000, 9_000))), chance.random() < 0.8
        rule, _, _ = core.find(one, partner, now_ns=now_ns, clock_trusted=trusted)
        assert allows(grants, one, partner, now_ns=now_ns, clock_trusted=trusted) == (rule is not None)


def test_nothing_is_granted_to_nobody() -> None:
    assert not allows((), product(), "JPN", now_ns=at(0))


def test_a_grant_ends_with_its_moment() -> None:
    timed = grant(until_ms=5_000)
    assert allows((timed,), product(), "JPN", now_ns=at(5_000) - 1)
    assert not allows((timed,), product(), "JPN", now_ns=at(5_000))


def test_a_window_of_time_counts_as_long_as_any_moment_of_it_is_granted() -> None:
    timed = grant(from_ms=2_000, until_ms=5_000)
    assert allows((timed,), product(), "JPN", now_ns=at(4_900), started_ns=at(5_100))
    assert allows((timed,), product(), "JPN", now_ns=at(1_900), started_ns=at(2_100))
    assert not allows((timed,), product(), "JPN", now_ns=at(5_000), started_ns=at(5_100))
    assert not allows((timed,), product(), "JPN", now_ns=at(0), started_ns=at(1_999))


def test_a_clock_that_is_not_trusted_ends_timed_grants_only() -> None:
    assert not allows((grant(until_ms=5_000),), product(), "JPN", now_ns=at(0), clock_trusted=False)
    assert allows((JPN,), product(), "JPN", now_ns=at(0), clock_trusted=False)
