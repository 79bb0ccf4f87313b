"""Which policy gives more: each condition and obligation by itself, and a property against the decisions."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import GRANTABLE, Kind
from beaconfire.release import Policy, compile_core, parse_policy, widened
from tests.exchange import NOW_NS, grant_toml, policy_toml, product

BASE = grant_toml(
    kinds=["launch"],
    more='sensors = ["KOR-R1", "KOR-R2"]\nclasses = ["SRBM", "IRBM"]\nobjects = ["ballistic"]\n'
    "regions = [{ south_deg = 30, north_deg = 40, west_deg = 120, east_deg = 130 }]\n"
    'ceiling_m = 100.0\ncoarsen_launch_m = 5000.0\nround_m = 100.0\nround_s = 10.0\ndelay_s = 30.0\nonward = ["USA"]\n'
    "valid_from = 2025-01-01T00:00:00Z\nvalid_until = 2025-02-01T00:00:00Z",
)


def policy(*grants: str) -> Policy:
    return parse_policy(policy_toml(*grants), where="p")


def wider(before: str, after: str) -> bool:
    return widened(policy(before), policy(after), Realm.EXERCISE) != ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["launch"]', '["launch", "impact"]'),
        ('provenance = ["KOR"]', 'provenance = ["KOR", "USA"]'),
        ('sensors = ["KOR-R1", "KOR-R2"]\n', ""),
        ('["KOR-R1", "KOR-R2"]', '["KOR-R1", "KOR-R2", "KOR-R3"]'),
        ('["SRBM", "IRBM"]', '["SRBM", "IRBM", "ICBM"]'),
        ('objects = ["ballistic"]\n', ""),
        ("south_deg = 30", "south_deg = 29"),
        ("east_deg = 130", "east_deg = 131"),
        ("west_deg = 120", "west_deg = -120"),
        ("ceiling_m = 100.0", "ceiling_m = 99.0"),
        ("coarsen_launch_m = 5000.0", "coarsen_launch_m = 4999.0"),
        ("round_m = 100.0", "round_m = 10.0"),
        ("round_s = 10.0", "round_s = 1.0"),
        ("delay_s = 30.0", "delay_s = 0.0"),
        ("rate_hz = 100.0", "rate_hz = 50.0"),
        ('onward = ["USA"]', 'onward = ["USA", "AUS"]'),
        ("valid_from = 2025-01-01T00:00:00Z\n", ""),
        ("valid_until = 2025-02-01T00:00:00Z", "valid_until = 2025-02-02T00:00:00Z"),
        ('partner = "JPN"', 'partner = "USA"'),
        ("ceiling_m", 'compartments = ["main", "east"]\nceiling_m'),
    ],
)
def test_each_key(old: str, new: str) -> None:
    """Each change alone is wider one way and, but for another partner, narrower the other way."""
    assert old in BASE
    changed = BASE.replace(old, new)
    if old.startswith("rate_hz"):
        changed, base = BASE, changed
    else:
        base = BASE
    assert wider(base, changed)
    assert wider(changed, base) == old.startswith("partner")


def test_the_same_and_another_name_are_no_wider() -> None:
    assert not wider(BASE, BASE)
    assert not wider(BASE, BASE.replace('id = "g"', 'id = "h"'))


def test_several_old_grants_may_cover_one_new() -> None:
    launch, impact = grant_toml(name="a", kinds=["launch"]), grant_toml(name="b", kinds=["impact"])
    both = grant_toml(name="c", kinds=["launch", "impact"])
    assert widened(policy(launch, impact), policy(both), Realm.EXERCISE) == ()
    assert widened(policy(launch), policy(both), Realm.EXERCISE) == ("c",)


def test_grants_of_another_realm_are_not_compared() -> None:
    live = grant_toml(realm="LIVE")
    assert widened(policy(), policy(live), Realm.EXERCISE) == ()
    assert widened(policy(), policy(live), Realm.LIVE) == ("g",)


grants = st.fixed_dictionaries(
    {
        "partner": st.sampled_from(["JPN", "USA"]),
        "kinds": st.sampled_from([["launch"], ["impact"], ["launch", "impact"], []]),
        "classes": st.sampled_from([None, ["SRBM"], ["SRBM", "IRBM"], []]),
        "sensors": st.sampled_from([None, ["KOR-R1"], ["KOR-R1", "KOR-R2"]]),
        "west_deg": st.sampled_from([None, 120.0, 125.5]),
    }
)


def written(row: dict[str, Any], name: str) -> str:
    lines = []
    for key in ("classes", "sensors"):
        if row[key] is not None:
            lines.append(f"{key} = [" + ", ".join(f'"{word}"' for word in row[key]) + "]")
    if row["west_deg"] is not None:
        lines.append(f"regions = [{{ south_deg = 30, north_deg = 40, west_deg = {row['west_deg']}, east_deg = 130 }}]")
    return grant_toml(row["partner"], name=name, kinds=row["kinds"], more="\n".join(lines))


@settings(max_examples=150)
@given(st.lists(grants, max_size=3), st.lists(grants, max_size=3))
def test_what_is_no_wider_lets_nothing_new_go(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    before, after = (policy(*(written(row, f"g{n}") for n, row in enumerate(rows))) for rows in (old, new))
    if widened(before, after, Realm.EXERCISE):
        return
    cores = [compile_core(one, Realm.EXERCISE) for one in (before, after)]
    for kind in (Kind.LAUNCH, Kind.IMPACT):
        for missile_class in ("SRBM", "IRBM", "ICBM"):
            for sensors in ((), ("KOR-R1",), ("KOR-R1", "KOR-R2")):
                for longitude_deg in (121.0, 126.0):
                    offered = product(kind, missile_class=missile_class, sensors=sensors, longitude_deg=longitude_deg)
                    for partner in ("JPN", "USA"):
                        first, second = (core.find(offered, partner, now_ns=NOW_NS)[0] for core in cores)
                        assert second is None or first is not None


def test_every_kind_has_its_generosity() -> None:
    from beaconfire.release.compare import generosity

    (grant,) = policy(BASE).grants
    for kind in GRANTABLE:
        assert generosity(grant, kind)[-2:] == (100.0, -30.0)
