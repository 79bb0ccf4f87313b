"""P2: No record leaves to a partner unless that nation's policy, at the moment of sending, allows it; default deny;
every yes and no is journaled with its reason.

The oracle is a second reading of the policy, written from the page docs/policy.md and not from the code: it tries
every grant on every product. Hypothesis draws policies and products from a small world, in which all conditions meet.
"""

from collections.abc import Collection, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from beaconfire.kernel import wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, LaunchBody, Product, Released, TrajectoryBody, Withheld
from beaconfire.kernel.time import NS_PER_S, format_utc
from beaconfire.release import Releaser
from tests.exchange import NOW_NS, SECRET, envelope, policy_toml, product

PARTNERS = ("JPN", "USA")
KINDS = ("launch", "trajectory", "impact")
# Obligations from strict to mild, each level milder in all of them, as a policy must be (docs/policy.md, "Two grants").
LEVELS = (
    {"coarsen_launch_m": 20000.0, "drop_sensor_identity": True, "rate_hz": 0.5},
    {"coarsen_launch_m": 5000.0, "drop_sensor_identity": True, "rate_hz": 2.0},
    {"coarsen_launch_m": 0.0, "drop_sensor_identity": False, "rate_hz": 10.0},
)
Row = dict[str, Any]


def written_keys(row: Row) -> Row:
    return {key: value for key, value in row.items() if value is not None}


def ends_after_it_begins(row: Row) -> bool:
    return bool(row.get("valid_from", -9) < row.get("valid_until", 99))


def maybe(*values: Any) -> st.SearchStrategy[Any]:
    """One of the values, or twice as often None: the key is left out. Most draws must match for grants to meet."""
    return st.sampled_from([*values, *([None] * 2 * len(values))])


rows: st.SearchStrategy[Row] = (
    st.fixed_dictionaries(
        {
            "partner": st.sampled_from(["JPN", "JPN", "USA"]),
            "realm": st.sampled_from(["EXERCISE"] * 5 + ["LIVE"]),
            "kinds": st.sampled_from([list(KINDS), list(KINDS), ["launch"], ["trajectory", "impact"], []]),
            "provenance": st.sampled_from([["KOR", "AUS"], ["KOR"], ["KOR"], ["AUS"], []]),
            "level": st.integers(0, 2),
            "sensors": maybe(["KOR-R1"], ["KOR-R1", "KOR-R2"], []),
            "classes": maybe(["SRBM"], ["IRBM", "SRBM"], []),
            "objects": maybe(["ballistic"], ["ballistic", "glide"], []),
            "compartments": maybe(["main", "east"], ["east"], []),
            "valid_from": maybe(-2, 0, 2),
            "valid_until": maybe(-2, 1, 3),
        }
    )
    .map(written_keys)
    .filter(ends_after_it_begins)
)

wide = st.builds(
    lambda level: {
        "partner": "JPN",
        "realm": "EXERCISE",
        "kinds": list(KINDS),
        "provenance": ["KOR", "AUS"],
        "level": level,
    },
    st.integers(0, 2),
)
grants = rows | wide  # with two that match everything, the mildest must decide

products = st.builds(
    lambda kind, number, **facts: product(Kind(kind), number=number, **facts),
    kind=st.sampled_from(KINDS),
    number=st.integers(1, 9),
    nations=st.sampled_from([("KOR",), ("KOR",), ("KOR", "AUS"), ("AUS",), ()]),
    sensors=st.sampled_from([("KOR-R1",), ("KOR-R1", "KOR-R2"), ()]),
    missile_class=st.sampled_from(["SRBM", "SRBM", "IRBM", "unknown"]),
    object_kind=st.sampled_from(["ballistic", "ballistic", "glide", "aircraft"]),
    compartments=st.sampled_from([("main",), ("main",), ("east",), ("east", "main")]),
)


def written(row: Row, name: str) -> str:
    lines = [f'id = "{name}"', 'reveals = ["launch_point", "delay", "rate"]']
    for key, value in (row | LEVELS[row["level"]]).items():
        if key in ("valid_from", "valid_until"):
            lines.append(f"{key} = {format_utc(NOW_NS + value * NS_PER_S)}")
        elif isinstance(value, list):
            lines.append(f"{key} = [" + ", ".join(f'"{word}"' for word in value) + "]")
        elif key != "level":
            lines.append(f"{key} = " + (f'"{value}"' if isinstance(value, str) else str(value).lower()))
    return "\n".join(lines)


def releaser(policy: list[Row], version: int = 1) -> Releaser:
    made = Releaser(nation="KOR", realm=Realm.EXERCISE, secret=SECRET)
    made.load(toml(policy, version), where="p")
    return made


def toml(policy: list[Row], version: int) -> bytes:
    return policy_toml(*(written(row, f"g{number}") for number, row in enumerate(policy)), version=version)


def allows(row: Row, offered: Product, partner: str, second: int) -> bool:
    """The page's words: every condition that is written must hold; an empty list is nobody."""
    listed: Mapping[str, Collection[str]] = {
        "kinds": (offered.kind,),
        "provenance": offered.nations or ("nobody",),
        "sensors": offered.sensors or ("nobody",),
        "classes": (offered.missile_class,),
        "objects": (offered.object_kind,),
        "compartments": offered.compartments,
    }
    row = dict[str, Any](compartments=["main"]) | row
    in_force: bool = row.get("valid_from", -99) <= second < row.get("valid_until", 99)
    every_condition = all(word in row[key] for key, words in listed.items() if key in row for word in words)
    return (row["partner"], row["realm"]) == (partner, "EXERCISE") and in_force and every_condition


def crossing(decision: Released | Withheld) -> tuple[float, ...] | None:
    """What crossed, as numbers that are larger the more it tells; None for nothing."""
    if isinstance(decision, Withheld):
        return None
    body = wire.decode_body(
        decision.kind, wire.decode_release(envelope(content=decision.release, kind=decision.kind)).body
    )
    if isinstance(body, LaunchBody):
        return (-body.coarsened_m,)
    return (float(len(body.sensors)),) if isinstance(body, TrajectoryBody) else (0.0,)


@settings(max_examples=200)
@given(st.lists(grants, max_size=6), products, st.sampled_from(("JPN", *PARTNERS, "CHN")), st.integers(-2, 3))
def test_what_leaves_is_what_the_policy_allows(policy: list[Row], offered: Product, partner: str, second: int) -> None:
    decision = releaser(policy).decide(offered, partner, now_ns=NOW_NS + second * NS_PER_S)
    matching = [row for row in policy if allows(row, offered, partner, second)]
    assert isinstance(decision, Released) == bool(matching)
    if matching and offered.kind is Kind.LAUNCH:
        mildest = min(LEVELS[row["level"]]["coarsen_launch_m"] for row in matching)
        assert crossing(decision) == (-mildest,)


@settings(max_examples=200)
@given(
    st.lists(grants, min_size=2, max_size=6),
    products,
    st.sampled_from(("JPN", *PARTNERS)),
    st.integers(0, 3),
    st.data(),
)
def test_removing_a_grant_never_increases_what_crosses(
    policy: list[Row], offered: Product, partner: str, second: int, data: st.DataObject
) -> None:
    gone = data.draw(st.integers(0, len(policy) - 1))
    fewer = [row for number, row in enumerate(policy) if number != gone]
    before, after = (
        crossing(releaser(left).decide(offered, partner, now_ns=NOW_NS + second * NS_PER_S)) for left in (policy, fewer)
    )
    if after is not None:
        assert before is not None
        assert all(one >= other for one, other in zip(before, after, strict=True))


@settings(max_examples=50)
@given(st.lists(grants, max_size=4), st.lists(grants, max_size=4), st.lists(products, max_size=6))
def test_a_policy_takes_effect_at_once(old: list[Row], new: list[Row], offered: list[Product]) -> None:
    """After a load nothing goes that the new policy alone would not let go, whatever went before."""
    made, fresh = releaser(old), releaser(new, version=2)
    for one in offered:
        made.decide(one, "JPN", now_ns=NOW_NS)
    before = made.generation("JPN")
    loaded = made.load(toml(new, 2), where="p")
    assert before == 0 or made.generation("JPN") == before + ("JPN" in loaded.narrowed)
    for one in offered:
        decisions = [some.decide(one, "JPN", now_ns=NOW_NS, again=True) for some in (made, fresh)]
        assert crossing(decisions[0]) == crossing(decisions[1])


@settings(max_examples=50)
@given(st.lists(grants, max_size=4), st.lists(st.tuples(products, st.sampled_from((*PARTNERS, "CHN"))), max_size=12))
def test_every_answer_is_audited(policy: list[Row], asked: list[tuple[Product, str]]) -> None:
    made = releaser(policy)
    decisions = [made.decide(offered, partner, now_ns=NOW_NS) for offered, partner in asked]
    audit = made.drain_audit(now_ns=NOW_NS, everything=True)
    assert sum(row.count for row in audit) == len(asked)
    yes = [decision for decision in decisions if isinstance(decision, Released)]
    assert [row.source_id for row in audit if row.verdict == "released"] == [decision.source_id for decision in yes]
    noes: dict[tuple[str, str], int] = {}
    for decision in decisions:
        if isinstance(decision, Withheld):
            noes[decision.partner, decision.reason] = noes.get((decision.partner, decision.reason), 0) + 1
    told: dict[tuple[str, str], int] = {}
    for row in audit:
        if row.verdict == "withheld":
            assert row.reason
            told[row.partner, row.reason] = told.get((row.partner, row.reason), 0) + row.count
    assert told == noes


@given(products)
def test_default_deny(offered: Product) -> None:
    silent = Releaser(nation="KOR", realm=Realm.EXERCISE, secret=SECRET)
    for made in (silent, releaser([])):
        for partner in PARTNERS:
            assert isinstance(made.decide(offered, partner, now_ns=NOW_NS), Withheld)


@settings(max_examples=50)
@given(st.lists(grants, min_size=1, max_size=4), products, st.sampled_from(PARTNERS))
def test_redaction_is_what_crosses(policy: list[Row], offered: Product, partner: str) -> None:
    """No own id is in the bytes, and a sensor's name only where a grant keeps it."""
    decision = releaser(policy).decide(offered, partner, now_ns=NOW_NS)
    if isinstance(decision, Released):
        assert offered.local_id.encode() not in decision.release
        assert b"KOR-E" not in decision.release
        assert b"KOR-T" not in decision.release
        kept = any(row["level"] == 2 and allows(row, offered, partner, 0) for row in policy)
        assert (b"KOR-R" in decision.release) <= kept
        inner = wire.decode_release(envelope(content=decision.release, kind=decision.kind))
        assert inner.releasable_to == (partner,)
        assert inner.onward == ()
