"""Properties of release under any policy: realms, onward lists, audit, generosity in rounding (EXCHANGE part 3).

That default is deny, that a grant removed never lets more across, and that redaction is what crosses stand in
`tests/promises/test_p02.py`.
"""

import math
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from beaconfire.kernel import wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import AuditRow, ImpactBody, Kind, LaunchBody, Product, Released
from beaconfire.kernel.time import NS_PER_S
from beaconfire.release import Releaser
from tests.exchange import NOW_NS, SECRET, envelope, grant_toml, impact_body, launch_body, policy_toml, product

NATIONS = ["JPN", "USA", "AUS", "GBR"]
KINDS = ["launch", "trajectory", "impact"]
nations = st.lists(st.sampled_from(NATIONS), unique=True)
grants = st.builds(
    lambda partner, realm, kinds, onward: (partner, realm, kinds, onward),
    st.sampled_from(NATIONS),
    st.sampled_from(["LIVE", "EXERCISE"]),
    st.lists(st.sampled_from(KINDS), unique=True),
    nations,
)
policies = st.lists(grants, max_size=5)
products = st.builds(
    lambda kind, allow: product(Kind(kind), originators_allow=None if allow is None else tuple(allow)),
    st.sampled_from(KINDS),
    st.none() | nations,
)
Row = tuple[str, str, list[str], list[str]]


def written(rows: list[Row]) -> bytes:
    return policy_toml(
        *(
            grant_toml(
                partner, name=f"g{number}", kinds=kinds, realm=realm,
                more="onward = [" + ", ".join(f'"{nation}"' for nation in onward) + "]",
            )
            for number, (partner, realm, kinds, onward) in enumerate(rows)
        )
    )  # fmt: skip


def comparable(rows: list[Row]) -> list[Row]:
    """One grant for each partner and realm: two may ask for onward lists of which neither holds the other."""
    return list({(partner, realm): (partner, realm, kinds, onward) for partner, realm, kinds, onward in rows}.values())


def made(rows: list[Row], realm: Realm = Realm.EXERCISE) -> Releaser:
    releaser = Releaser(nation="KOR", realm=realm, secret=SECRET)
    releaser.load(written(comparable(rows)), where="p")
    return releaser


def opened(decision: Released) -> wire.Release:
    return wire.decode_release(envelope(content=decision.release, kind=decision.kind))


@settings(max_examples=100)
@given(policies, products)
def test_no_exercise_to_live(rows: list[Row], offered: Product) -> None:
    """What an EXERCISE node releases says EXERCISE, under a grant of EXERCISE; grants of LIVE are nothing to it."""
    releaser = made(rows)
    for partner in NATIONS:
        decision = releaser.decide(offered, partner, now_ns=NOW_NS)
        if isinstance(decision, Released):
            assert opened(decision).realm is Realm.EXERCISE
            assert any(row[:2] == (partner, "EXERCISE") for row in rows)
    live_only = [row for row in rows if row[1] == "LIVE"]
    quiet = made(live_only)
    assert not any(isinstance(quiet.decide(offered, partner, now_ns=NOW_NS), Released) for partner in NATIONS)


@settings(max_examples=200)
@given(policies, products)
def test_onward_is_never_more_than_grant_and_originators_allow(rows: list[Row], offered: Product) -> None:
    releaser, kept = made(rows), comparable(rows)
    for partner in NATIONS:
        decision = releaser.decide(offered, partner, now_ns=NOW_NS)
        if isinstance(decision, Released):
            granted = {nation for row in kept if row[:2] == (partner, "EXERCISE") for nation in row[3]}
            onward = set(opened(decision).onward)
            assert onward <= granted
            if offered.originators_allow is not None:
                assert onward <= set(offered.originators_allow)
                assert partner in offered.originators_allow


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(NATIONS), st.sampled_from(KINDS), st.integers(0, 400)), max_size=60))
def test_equal_noes_are_one_row_a_minute(asked: list[tuple[str, str, int]]) -> None:
    """Over any stream: no row is lost, no minute has two equal ones, and each says how many it stands for."""
    releaser, rows = made([]), list[AuditRow]()
    for partner, kind, second in sorted(asked, key=lambda one: one[2]):
        now_ns = NOW_NS + second * NS_PER_S
        rows += releaser.drain_audit(now_ns=now_ns)
        releaser.decide(product(Kind(kind)), partner, now_ns=now_ns)
    rows += releaser.drain_audit(now_ns=NOW_NS + 500 * NS_PER_S, everything=True)
    assert sum(row.count for row in rows) == len(asked)
    for key in {(row.partner, row.kind, row.reason) for row in rows}:
        starts = [row.first_ns for row in rows if (row.partner, row.kind, row.reason) == key]
        assert all(later - earlier >= 60 * NS_PER_S for earlier, later in pairwise(starts))


rounding = st.tuples(st.sampled_from([0.0, 500.0, 20e3]), st.sampled_from([0.0, 10.0, 600.0]))


@settings(max_examples=100)
@given(rounding, st.floats(-60.0, 60.0), st.floats(-179.0, 179.0), st.sampled_from(["launch", "impact"]))
def test_what_is_rounded_is_covered(mesh: tuple[float, float], lat: float, lon: float, kind: str) -> None:
    """The released 95 % ellipse holds the true point, the time's 1.96 σ the true time, even for an exact estimate."""
    round_m, round_s = mesh
    exact: dict[str, Any] = {
        "latitude_deg": lat, "longitude_deg": lon, "covariance_m2": (1.0, 0.0, 1.0), "time_sigma_s": 0.0
    }  # fmt: skip
    body = launch_body(**exact) if kind == "launch" else impact_body(**exact)
    releaser = Releaser(nation="KOR", realm=Realm.EXERCISE, secret=SECRET)
    releaser.load(policy_toml(grant_toml(kinds=[kind], more=f"round_m = {round_m}\nround_s = {round_s}")), where="p")
    decision = releaser.decide(product(Kind(kind), body=body), "JPN", now_ns=NOW_NS)
    assert isinstance(decision, Released)
    inner = opened(decision)
    told = wire.decode_body(inner.kind, inner.body)
    assert isinstance(told, LaunchBody | ImpactBody)
    assert told.latitude_deg is not None
    assert told.longitude_deg is not None
    assert told.covariance_m2 is not None
    assert told.time_ns is not None
    assert told.time_sigma_s is not None
    assert inner.modified == (round_m > 0.0 or round_s > 0.0)
    north_m, east_m = (told.latitude_deg - lat) * 111_195.0, metres_east(told.longitude_deg - lon, lat)
    assert north_m**2 / told.covariance_m2[2] + east_m**2 / told.covariance_m2[0] <= 5.991
    assert body.time_ns is not None
    assert abs(told.time_ns - body.time_ns) / NS_PER_S <= 1.96 * told.time_sigma_s + 1e-6


def metres_east(degrees: float, latitude_deg: float) -> float:
    return ((degrees + 180.0) % 360.0 - 180.0) * 111_195.0 * math.cos(math.radians(latitude_deg))
