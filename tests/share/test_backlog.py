"""What partners miss is kept once, in order, packed, within its limit; what goes beyond is counted, never silent."""

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import codec, limits
from beaconfire.kernel.products import Kind, Product
from beaconfire.share import Backlog
from beaconfire.share import backlog as module
from tests.exchange import MEAN, NOW_NS, SIGMAS, impact_body, product, trajectory_body, withdrawal


def drained(kept: Backlog, partner: str, *, by: int = 7) -> list[Product]:
    found: list[Product] = []
    while rows := kept.take(partner, by):
        found += [one for one, _ in rows]
    return found


def made(count: int) -> list[Product]:
    return [product(number=number) for number in range(count)]


@pytest.mark.parametrize(
    "one",
    [
        product(),
        product(Kind.LAUNCH),
        product(Kind.IMPACT),
        withdrawal(Kind.LAUNCH, "KOR-E1"),
        product(latitude_deg=None, longitude_deg=None, urgent=True, originators_allow=("USA",), event_id="KOR-E"),
        product(Kind.IMPACT, body=impact_body(reason="reachable_set", footprint=())),
    ],
)
def test_a_product_comes_back_as_it_was(one: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 2)
    kept = Backlog()
    for _ in range(3):
        kept.append(one, ("JPN",))
    assert drained(kept, "JPN") == [one] * 3


def test_each_partner_has_its_own_place_in_one_log() -> None:
    kept, rows = Backlog(), made(700)
    for number, one in enumerate(rows):
        kept.append(one, ("JPN",) if number < 100 else ("JPN", "USA"))
    assert (kept.left("JPN"), kept.left("USA")) == (700, 600)
    assert drained(kept, "USA") == rows[100:]
    assert kept.left("JPN") == 700
    assert drained(kept, "JPN") == rows
    assert (kept.left("JPN"), kept.size_bytes()) == (0, 0)


def test_what_must_go_first_goes_first_and_says_so() -> None:
    kept, rows = Backlog(), made(6)
    kept.append(rows[0], ("JPN",))
    kept.append(rows[1], ("JPN",), again=True)
    kept.put_first(rows[2:4], "JPN")
    kept.put_first(rows[4:], "JPN")
    assert kept.first("JPN") == tuple(rows[4:] + rows[2:4])
    assert kept.take("JPN", 10) == [
        (rows[4], True), (rows[5], True), (rows[2], True), (rows[3], True), (rows[0], False), (rows[1], True),
    ]  # fmt: skip


def test_forgetting_a_partner_frees_what_nobody_else_waits_for() -> None:
    kept = Backlog()
    for one in made(1_000):
        kept.append(one, ("JPN",))
    assert kept.size_bytes() > 0
    kept.forget("JPN")
    assert (kept.size_bytes(), kept.left("JPN"), kept.take("JPN", 5)) == (0, 0, [])


def test_beyond_the_limit_the_oldest_go_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BACKLOG", 1_000)
    kept, rows = Backlog(), made(3_000)
    for number, one in enumerate(rows):
        kept.append(one, ("JPN", "USA") if number % 2 else ("JPN",))
    left = kept.left("JPN")
    assert left + kept.lost["JPN"] == 3_000
    assert 700 <= left <= 1_000 + 256
    assert kept.left("USA") + kept.lost["USA"] == 1_500
    assert drained(kept, "JPN", by=600) == rows[-left:]


def test_memory_of_a_record_is_as_the_limit_says() -> None:
    """The limit's comment speaks of 250 MB for a million records: tracklets of full covariances, names repeating."""
    rng, kept, count = np.random.default_rng(1), Backlog(), 4_096
    for number in range(count):
        spread = np.linalg.qr(rng.normal(size=(6, 6)))[0] * SIGMAS
        body = trajectory_body(
            track=f"KOR-T{number % 40}",
            mean=codec.pack_state(MEAN + rng.normal(size=6) * 1e4),
            factor=codec.pack_covariance(spread @ spread.T),
            batch_id=rng.bytes(16),
        )
        kept.append(product(body=body, time_ns=NOW_NS + number * 10**8), ("JPN",))
    assert 150 < kept.size_bytes() / count < 250


Step = tuple[str, Any]
steps = st.lists(
    st.tuples(st.just("append"), st.sampled_from([("JPN",), ("USA",), ("JPN", "USA"), ("FRA",)]))
    | st.tuples(st.just("take"), st.tuples(st.sampled_from(["JPN", "USA", "FRA"]), st.integers(0, 9)))
    | st.tuples(st.just("first"), st.sampled_from(["JPN", "USA"]))
    | st.tuples(st.just("forget"), st.sampled_from(["JPN", "FRA"])),
    max_size=60,
)


@given(plan=steps)
def test_it_is_a_list_per_partner(plan: list[Step]) -> None:
    """Against the plainest second implementation: one list for each partner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", 4)
        kept, plain = Backlog(), {"JPN": [], "USA": [], "FRA": []}  # type: ignore[var-annotated]
        for number, (what, words) in enumerate(plan):
            one = replace(product(), body=msgspec.structs.replace(trajectory_body(), track=f"T{number}"))
            if what == "append":
                kept.append(one, words)
                for partner in words:
                    plain[partner].append(one)
            elif what == "first":
                kept.put_first([one], words)
                plain[words].insert(0, one)
            elif what == "forget":
                kept.forget(words)
                plain[words].clear()
            else:
                partner, count = words
                assert [row for row, _ in kept.take(partner, count)] == plain[partner][:count]
                del plain[partner][:count]
            assert {partner: kept.left(partner) for partner in plain} == {key: len(rows) for key, rows in plain.items()}
