"""The Cedar engine as a second opinion: the same answers on thousands of requests, from the exported policy alone."""

import random
from typing import Any

import cedarpy
import pytest

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, Product
from beaconfire.kernel.records import CLASSES
from beaconfire.kernel.time import NS_PER_S, format_utc
from beaconfire.release import Policy, cedar_request, compile_core, export_cedar, parse_policy, preset
from beaconfire.release.core import Core
from tests.exchange import NOW_NS, grant_toml, impact_body, launch_body, policy_toml, product

KINDS = ("launch", "trajectory", "impact")
NATIONS = ("JPN", "USA", "AUS", "CHN")


def words(some: list[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in some) + "]"


def random_grant(chance: random.Random, number: int) -> str:
    def some(*all_of_them: str) -> list[str]:
        return [word for word in all_of_them if chance.random() < 0.7]

    lines = [f"compartments = {words(some('main', 'main', 'east'))}", 'reveals = ["launch_point", "ceiling", "delay"]']
    if chance.random() < 0.3:
        lines.append(f"sensors = {words(some('KOR-R1', 'KOR-R2'))}")
    if chance.random() < 0.3:
        lines.append(f"classes = {words(some(*CLASSES))}")
    if chance.random() < 0.3:
        lines.append(f"objects = {words(some('ballistic', 'glide'))}")
    if chance.random() < 0.3:
        west_deg, east_deg = chance.choice(((120.0, 130.0), (170.0, -150.0), (126.25, 126.25)))
        box = f"south_deg = 30.5, north_deg = 40.25, west_deg = {west_deg}, east_deg = {east_deg}"
        lines.append(f"regions = [{{ {box} }}]")
    if chance.random() < 0.3:
        lines.append(f"valid_from = {format_utc(NOW_NS + chance.choice((-5, 0, 5)) * NS_PER_S)}")
    if chance.random() < 0.3:
        lines.append(f"valid_until = {format_utc(NOW_NS + chance.choice((6, 10)) * NS_PER_S)}")
    if chance.random() < 0.2:
        lines.append(f"ceiling_m = {chance.choice((500.0, 2000.0, 7000.0))}")
    kinds = chance.sample(KINDS, chance.randrange(1, 4))
    realm = "EXERCISE" if chance.random() < 0.9 else "LIVE"
    return grant_toml(chance.choice(NATIONS[:3]), name=f"g{number}", kinds=kinds, realm=realm, more="\n".join(lines))


def random_product(chance: random.Random) -> Product:
    kind = Kind(chance.choice(KINDS))
    changes: dict[str, Any] = {
        "nations": chance.choice((("KOR",), ("KOR",), ("KOR", "USA"), ())),
        "sensors": chance.choice(((), ("KOR-R1",), ("KOR-R1", "KOR-R2"))),
        "missile_class": chance.choice(CLASSES),
        "object_kind": chance.choice(("ballistic", "glide", "meteor")),
        "compartments": chance.choice((("main",), ("main",), ("east",), ("east", "main"))),
        "latitude_deg": chance.choice((None, 30.5, 35.0, 40.250000001)),
        "longitude_deg": chance.choice((126.25, -160.0, 170.0, 129.9999)),
        "originators_allow": chance.choice((None, None, ("JPN",), ())),
        "known_m": chance.choice((None, 100.0, 5000.0)) if kind is Kind.TRAJECTORY else None,
    }
    variance_m2 = chance.choice((1e4, 4e6, 1e8))
    if kind is Kind.LAUNCH:
        changes["body"] = launch_body(covariance_m2=(variance_m2, 0.0, 4 * variance_m2))
    if kind is Kind.IMPACT:
        changes["body"] = impact_body(covariance_m2=(variance_m2, 0.0, 4 * variance_m2))
    return product(kind, **changes)


def compared(policy: Policy, asked: list[tuple[Product, str, int, bool]]) -> tuple[int, int]:
    """Ask both; returns how often they said yes, of how many."""
    core = compile_core(policy, Realm.EXERCISE)
    requests = [
        cedar_request(one, partner, now_ns=now_ns, clock_trusted=trusted) for one, partner, now_ns, trusted in asked
    ]
    answers = cedarpy.is_authorized_batch(requests, export_cedar(policy, Realm.EXERCISE), [])
    allowed = 0
    for (one, partner, now_ns, trusted), answer in zip(asked, answers, strict=True):
        assert not answer.diagnostics.errors
        rule, name, _ = core.find(one, partner, now_ns=now_ns, clock_trusted=trusted)
        assert (answer.decision == cedarpy.Decision.Allow) == (rule is not None), (one, partner, now_ns, trusted)
        allowed += rule is not None
        if rule is not None:
            assert len(answer.diagnostics.reasons) == matching(core, one, partner, now_ns, trusted)
            assert name in {grant.id for grant in policy.grants}
    return allowed, len(asked)


def matching(core: Core, one: Product, partner: str, now_ns: int, trusted: bool) -> int:
    rules = core.rules.get((partner, one.kind), ())
    return sum(rule.objection(one, now_ns=now_ns, clock_trusted=trusted) is None for rule in rules)


@pytest.mark.parametrize("seed", range(20))
def test_the_same_answers(seed: int) -> None:
    """Policies of some grants, 200 requests each: 4,000 in all, of which a good share is let go."""
    chance = random.Random(seed)
    policy = None
    while policy is None:  # grants of one partner may be incomparable: drawn again
        grants = [random_grant(chance, number) for number in range(6)]
        policy = parse_policy(policy_toml(*grants), where="p")
    asked = [
        (
            random_product(chance),
            chance.choice(NATIONS),
            NOW_NS + chance.choice((-5, -1, 0, 5, 6, 10)) * NS_PER_S,
            chance.random() < 0.8,
        )
        for _ in range(200)
    ]
    allowed, count = compared(policy, asked)
    assert 0 < allowed < count


@pytest.mark.parametrize("name", ["closed", "default", "open", "warning-only"])
def test_the_shipped_policies(name: str) -> None:
    chance = random.Random(name)
    policy = parse_policy(preset(name, nation="KOR", partners=("JPN", "USA"), realm=Realm.EXERCISE), where=name)
    asked = [(random_product(chance), chance.choice(NATIONS), NOW_NS, True) for _ in range(200)]
    allowed, _ = compared(policy, asked)
    assert (allowed > 0) == (name != "closed")


def test_an_empty_policy_permits_nothing() -> None:
    text = export_cedar(parse_policy(policy_toml(), where="p"), Realm.EXERCISE)
    answer = cedarpy.is_authorized(cedar_request(product(), "JPN", now_ns=NOW_NS), text, [])
    assert answer.decision != cedarpy.Decision.Allow


def test_the_text_is_cedar() -> None:
    policy = parse_policy(policy_toml(grant_toml(more='classes = ["IRBM"]')), where="p")
    text = export_cedar(policy, Realm.EXERCISE)
    assert text.startswith("// The release policy of KOR, version 1, EXERCISE")
    assert len(cedarpy.policies_to_json_str(text)) > 100
    assert "permit (" not in export_cedar(policy, Realm.LIVE)
