"""The decision core: default deny, every condition by itself, the nearest miss told, the most generous grant first."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from beaconfire.kernel import codec
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, Product
from beaconfire.kernel.time import NS_PER_S, format_utc
from beaconfire.release import REASONS, Core, compile_core, parse_policy
from beaconfire.release.core import finest_sigma_m
from tests.exchange import NOW_NS, grant_toml, impact_body, launch_body, policy_toml, product, trajectory_body


def core(*grants: str, realm: Realm = Realm.EXERCISE) -> Core:
    return compile_core(parse_policy(policy_toml(*grants), where="p"), realm)


def reason(made: Core, offered: Product | None = None, partner: str = "JPN", **more: Any) -> str:
    words = {"now_ns": NOW_NS} | more
    return made.find(offered or product(), partner, **words)[2]


def utc(offset_s: float) -> str:
    return format_utc(NOW_NS + round(offset_s * NS_PER_S))


def test_default_deny() -> None:
    assert core().find(product(), "JPN", now_ns=NOW_NS) == (None, "", "no_grant")


def test_a_grant_lets_go() -> None:
    rule, name, why = core(grant_toml(name="a")).find(product(), "JPN", now_ns=NOW_NS)
    assert rule is not None
    assert (name, why) == ("a", "")


@pytest.mark.parametrize("key", ["kinds", "provenance", "sensors", "classes", "objects", "regions", "compartments"])
def test_an_empty_list_is_nobody(key: str) -> None:
    lines = [line for line in grant_toml().splitlines() if not line.startswith(f"{key} ")]
    assert reason(core("\n".join([*lines, f"{key} = []"]))) != ""


@pytest.mark.parametrize(
    ("more", "offered", "expected"),
    [
        ("", lambda: product(compartments=("east",)), "compartment"),
        ('compartments = ["east"]', lambda: product(compartments=("east",)), ""),
        ("", lambda: product(nations=("KOR", "USA")), "provenance"),
        ("", lambda: product(nations=()), "provenance"),
        ('sensors = ["KOR-R1"]', product, "sensors"),
        ('sensors = ["KOR-R1", "KOR-R2", "KOR-R3"]', product, ""),
        ('sensors = ["KOR-R1"]', lambda: product(sensors=()), "sensors"),
        ('objects = ["glide"]', product, "object"),
        ('objects = ["ballistic"]', product, ""),
        ('classes = ["SRBM"]', product, "class"),
        ('classes = ["SRBM", "IRBM"]', product, ""),
        ("regions = [{south_deg=0, north_deg=1, west_deg=0, east_deg=1}]", product, "region"),
        ("regions = [{south_deg=30, north_deg=40, west_deg=120, east_deg=130}]", product, ""),
        (
            "regions = [{south_deg=-90, north_deg=90, west_deg=-180, east_deg=180}]",
            lambda: product(latitude_deg=None),
            "region",
        ),
        ("ceiling_m = 26.0", product, "ceiling"),
        ("ceiling_m = 10.0", product, ""),
        ("", lambda: product(originators_allow=("USA",)), "originator"),
        ("", lambda: product(originators_allow=("USA", "JPN")), ""),
        (f"valid_from = {utc(-1)}", product, ""),
        (f"valid_from = {utc(1)}", product, "not_yet_valid"),
        (f"valid_until = {utc(1)}", product, ""),
        (f"valid_until = {utc(0)}", product, "expired"),
    ],
)
def test_each_condition(more: str, offered: Callable[[], Product], expected: str) -> None:
    assert reason(core(grant_toml(more=more)), offered()) == expected


def test_other_partner_kind_and_realm() -> None:
    made = core(grant_toml(kinds=["launch"]))
    assert reason(made, product(Kind.LAUNCH)) == ""
    assert reason(made, product(Kind.LAUNCH), partner="USA") == "no_grant"
    assert reason(made, product(Kind.IMPACT)) == "no_grant"
    assert reason(core(grant_toml(realm="LIVE"))) == "no_grant"
    assert reason(core(grant_toml(realm="LIVE"), realm=Realm.LIVE)) == ""


def test_a_clock_that_is_not_trusted_ends_timed_grants_only() -> None:
    assert reason(core(grant_toml(more=f"valid_until = {utc(9)}")), clock_trusted=False) == "clock"
    assert reason(core(grant_toml()), clock_trusted=False) == ""


def test_the_nearest_miss_is_told() -> None:
    made = core(
        grant_toml(name="far", more='compartments = ["east"]'),
        grant_toml(name="near", more='classes = ["SRBM"]'),
        grant_toml(name="over", more=f"valid_until = {utc(-1)}"),
    )
    assert made.find(product(), "JPN", now_ns=NOW_NS) == (None, "near", "class")


def test_every_reason_is_listed_once() -> None:
    assert len(set(REASONS)) == len(REASONS)


def test_the_most_generous_matching_grant_decides() -> None:
    strict = grant_toml(name="strict", kinds=["launch"], more="coarsen_launch_m = 9000.0")
    mild = grant_toml(name="mild", kinds=["launch"], more='classes = ["IRBM"]')
    for order in ((strict, mild), (mild, strict)):
        made = core(*order)
        assert made.find(product(Kind.LAUNCH), "JPN", now_ns=NOW_NS)[1] == "mild"
        assert made.find(product(Kind.LAUNCH, missile_class="SRBM"), "JPN", now_ns=NOW_NS)[1] == "strict"


def test_a_withdrawal_needs_a_grant_in_force_only() -> None:
    made = core(grant_toml(kinds=["launch"], more='classes = ["SRBM"]'))
    assert made.in_force(Kind.LAUNCH, "JPN", now_ns=NOW_NS) is not None
    assert made.in_force(Kind.IMPACT, "JPN", now_ns=NOW_NS) is None
    over = core(grant_toml(more=f"valid_until = {utc(-1)}"))
    assert over.in_force(Kind.LAUNCH, "JPN", now_ns=NOW_NS) is None


class TestFinest:
    GRANT = parse_policy(
        policy_toml(grant_toml(more='coarsen_launch_m = 8000.0\nreveals = ["launch_point"]')), where="p"
    )

    def test_launch_after_coarsening(self) -> None:
        """The oracle: the smaller eigenvalue of the covariance with 4,000² added."""
        body = launch_body(covariance_m2=(4e6, 1e6, 9e6))
        expected = math.sqrt(np.linalg.eigvalsh([[4e6 + 16e6, 1e6], [1e6, 9e6 + 16e6]])[0])
        offered = product(Kind.LAUNCH, body=body)
        assert finest_sigma_m(offered, self.GRANT.grants[0]) == pytest.approx(expected, rel=1e-12)

    def test_impact(self) -> None:
        offered = product(Kind.IMPACT, body=impact_body(covariance_m2=(9e8, 2e8, 4e8)))
        expected = math.sqrt(np.linalg.eigvalsh([[9e8, 2e8], [2e8, 4e8]])[0])
        assert finest_sigma_m(offered, self.GRANT.grants[0]) == pytest.approx(expected, rel=1e-12)

    def test_an_impact_without_a_point_is_as_coarse_as_can_be(self) -> None:
        body = impact_body(time_ns=None, time_sigma_s=None, latitude_deg=None, longitude_deg=None, covariance_m2=None)
        assert finest_sigma_m(product(Kind.IMPACT, body=body), self.GRANT.grants[0]) == math.inf

    def test_a_trajectory_never_passes_for_coarser_than_it_is(self) -> None:
        """Between 1/√3 of the smallest axis and the smallest axis of the position block."""
        rng = np.random.default_rng(3)
        for _ in range(50):
            root = rng.normal(size=(6, 6)) * [1e3, 50.0, 400.0, 3.0, 1.0, 2.0]
            covariance = root.T @ root
            body = trajectory_body(factor=codec.pack_covariance(covariance))
            smallest = math.sqrt(np.linalg.eigvalsh(covariance[:3, :3])[0])
            found = finest_sigma_m(product(body=body), self.GRANT.grants[0])
            assert smallest / math.sqrt(3.0) * 0.99 <= found <= smallest * 1.01
