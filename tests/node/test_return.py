"""The way back: a new epoch, what is true now, history, an end; and what a partner's own word does to what we send."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from beaconfire.kernel import limits, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import CaughtUpBody, Kind
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    Admit,
    ControlIn,
    PolicyLoad,
    members,
    step,
)
from beaconfire.node.telling import Telling
from beaconfire.share import Link
from tests.exchange import NOW_NS, grant_toml, policy_toml, product
from tests.node.parting import (
    RESUME,
    SUSPEND,
    TICK,
    Japan,
    Korea,
    korea,
    names,
    sends,
    words,
)


def member(node: Korea, nation: str = "JPN") -> Any:
    return next(one for one in members(node.state) if one.nation == nation)


# --- return ---------------------------------------------------------------------------------------------------------


def test_a_return_begins_a_new_epoch_and_tells_what_was_missed_once() -> None:
    node, japan = korea(), Japan()
    japan.take(node.offers(product(number=1)), now_ns=NOW_NS)
    node.do(japan.receipt(now_ns=NOW_NS))
    lost = node.offers(product(number=2))  # unreceipted
    assert len(sends(lost)) == 1
    node.do(SUSPEND)
    node.offers(product(number=3), product(Kind.LAUNCH, number=3))
    effects = node.do(RESUME, after_s=60.0)
    assert effects[0] == Admit("JPN", node.state.keys["JPN"])
    assert words(effects) == ["returned"]
    effects += node.do(TICK, after_s=0.1)
    japan.take(effects, now_ns=node.now_ns)
    assert japan.kinds == [Kind.TRAJECTORY, *[Kind.TRAJECTORY] * 2, Kind.LAUNCH, Kind.CAUGHT_UP]
    assert len(set(japan.applied)) == len(japan.applied) == 4
    assert japan.ends == [True]
    assert {envelope.epoch for envelope in sends(effects)} == {node.now_ns // NS_PER_S}
    assert member(node).standing.state == "active"
    assert (member(node).missed, member(node).catching_up) == (0, False)


def test_caught_up_counts_what_went_and_says_up_to_when() -> None:
    node = korea()
    node.do(SUSPEND)
    node.offers(*(product(number=number) for number in range(5)))
    node.do(RESUME, after_s=60.0)
    *records, last = sends(node.do(TICK, after_s=0.1))
    body = wire.decode_body(Kind.CAUGHT_UP, last.content)
    assert isinstance(body, CaughtUpBody)
    assert (body.count, body.up_to) == (len(records), node.now_ns) == (5, node.now_ns)


def test_what_the_policy_of_the_day_forbids_is_absent_and_not_counted() -> None:
    node, japan = korea(), Japan()
    node.do(SUSPEND)
    node.offers(product(number=1), product(Kind.LAUNCH, number=1), product(Kind.IMPACT, number=1))
    node.do(PolicyLoad(policy_toml(grant_toml(kinds=["launch"]), version=2)))
    japan.take(node.do(RESUME, after_s=1.0) + node.do(TICK), now_ns=node.now_ns)
    assert japan.kinds == [Kind.LAUNCH, Kind.CAUGHT_UP]
    assert japan.ends == [True]


def test_what_is_true_now_comes_before_history_and_not_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    node = korea()
    node.do(SUSPEND)
    history = [product(number=1, time_ns=NOW_NS + number * NS_PER_S) for number in range(1, 6)]
    history = [at_own_time(one) for one in history]
    node.offers(*history)
    monkeypatch.setattr(Telling, "live", lambda self: (history[-1],))
    first = sends(node.do(RESUME, after_s=10.0))
    rest = sends(node.do(TICK))
    times = [wire.decode_release(envelope).time_ns - NOW_NS for envelope in (*first, *rest[:-1])]
    assert [time_ns // NS_PER_S for time_ns in times] == [5, 1, 2, 3, 4]
    assert rest[-1].kind is Kind.CAUGHT_UP


def at_own_time(one: Any) -> Any:
    """The same product with a body of its own time: another record."""
    return replace(one, body=msgspec.structs.replace(one.body, time_ns=one.time_ns))


def test_history_is_thinned_by_its_own_times_as_the_grant_says() -> None:
    """A partner that may have one a second does not get ten a second of the past."""
    slow = policy_toml(grant_toml(more="").replace("rate_hz = 100.0", "rate_hz = 1.0"))
    node = korea(slow)
    node.do(SUSPEND)
    node.offers(*(at_own_time(product(number=1, time_ns=NOW_NS + number * NS_PER_S // 10)) for number in range(30)))
    node.do(RESUME, after_s=60.0)
    *records, _ = sends(node.do(TICK))
    times = [(wire.decode_release(envelope).time_ns - NOW_NS) // (NS_PER_S // 10) for envelope in records]
    assert times == [0, 10, 20]


def test_history_goes_so_much_a_tick_and_waits_for_receipts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CATCH_UP_PER_TICK", 10)
    monkeypatch.setattr(limits, "MAX_CATCH_UP_PENDING", 25)
    node, japan = korea(), Japan()
    node.do(SUSPEND)
    node.offers(*(product(number=number) for number in range(60)))
    node.do(RESUME, after_s=1.0)
    first = [node.do(TICK, after_s=0.1) for _ in range(4)]
    assert [len(sends(effects)) for effects in first] == [10, 10, 5, 0]
    for effects in first:
        japan.take(effects, now_ns=node.now_ns)
    node.do(japan.receipt(now_ns=node.now_ns))
    assert [len(sends(node.do(TICK, after_s=0.1))) for _ in range(3)] == [10, 10, 5]
    assert member(node).catching_up


def test_what_is_new_during_a_catch_up_goes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CATCH_UP_PER_TICK", 1)
    node = korea()
    node.do(SUSPEND)
    node.offers(*(product(number=number) for number in range(10)))
    node.do(RESUME, after_s=1.0)
    assert len(sends(node.offers(product(Kind.LAUNCH, number=77)))) == 1


def test_a_second_suspension_in_mid_catch_up_keeps_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CATCH_UP_PER_TICK", 4)
    node, japan = korea(), Japan()
    node.do(SUSPEND)
    node.offers(*(product(number=number) for number in range(10)))
    node.do(RESUME, after_s=1.0)
    japan.take(node.do(TICK), now_ns=node.now_ns)
    node.do(SUSPEND)
    assert sends(node.do(TICK, after_s=1.0)) == []
    node.offers(product(number=20))
    japan.take(node.do(RESUME, after_s=1.0), now_ns=node.now_ns)
    for _ in range(6):
        japan.take(node.do(TICK, after_s=0.1), now_ns=node.now_ns)
    assert len(set(japan.applied)) == len(japan.applied) == 11
    assert japan.kinds.count(Kind.CAUGHT_UP) == 1


# --- the partner's own word ------------------------------------------------------------------------------------------


def suspended_by_japan(node: Korea) -> Link:
    japan = Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=200)
    word = japan.notice(now_ns=node.now_ns, reason="suspended").unsigned
    assert words(node.do(ControlIn("JPN", word, b""))) == ["suspended_by_partner"]
    return japan


def test_a_partner_that_suspends_us_is_sent_nothing_until_it_begins_a_new_epoch() -> None:
    node = korea()
    japan = suspended_by_japan(node)
    assert member(node).standing.state == "suspended_by_partner"
    assert sends(node.offers(product(number=1))) == []
    old = japan.beat(
        now_ns=node.now_ns + NS_PER_S, clock_error_s=0.0, clock_trusted=True, journal_seq=1, journal_head=bytes(32)
    )
    assert sends(node.do(ControlIn("JPN", old.unsigned, b""), after_s=1.0)) == []
    japan.renew(now_ns=node.now_ns + 9 * NS_PER_S, lost=False)
    hello = japan.hello(now_ns=node.now_ns + 9 * NS_PER_S)
    assert words(node.do(ControlIn("JPN", hello.unsigned, b""), after_s=9.0)) == ["returned"]
    sent = sends(node.do(TICK))
    assert [envelope.kind for envelope in sent] == [Kind.TRAJECTORY, Kind.CAUGHT_UP]
    assert sent[0].epoch == 100  # it is their epoch that is new, ours goes on


def test_a_partner_that_goes_and_comes_all_the_time_is_no_load() -> None:
    """Each return costs a look at all that is live: a liar gets one in five seconds."""
    node, liar = korea(), Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=200)
    rows: list[str] = []
    for number in range(1_000):
        now_ns = node.now_ns + number * NS_PER_S // 50
        liar.renew(now_ns=now_ns, lost=True)
        for word in (liar.hello(now_ns=now_ns), liar.notice(now_ns=now_ns, reason="suspended")):
            node.state.now_ns = now_ns
            rows += words(step(node.state, ControlIn("JPN", word.unsigned, b""), now_ns=now_ns)[1])
    assert rows.count("returned") <= 4
    assert rows[0] == "suspended_by_partner"


def test_our_own_word_counts_before_theirs() -> None:
    node = korea()
    suspended_by_japan(node)
    node.do(SUSPEND)
    assert member(node).standing.state == "suspended"
    assert names(node.do(RESUME))[0] == "Admit"
    assert member(node).standing.state == "active"


def test_a_partner_that_lost_its_journal_is_told_what_is_true_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its receipts fall below what it had receipted: a new epoch begins with what is live, receipted or not."""
    node, japan = korea(), Japan()
    live = product(Kind.LAUNCH, number=1)
    japan.take(node.offers(live, product(number=1)), now_ns=NOW_NS)
    node.do(japan.receipt(now_ns=NOW_NS))
    monkeypatch.setattr(Telling, "live", lambda self: (live,))
    anew = Japan()
    effects = node.do(anew.receipt(now_ns=NOW_NS + 9 * NS_PER_S), after_s=9.0)
    assert words(effects) == ["lost its journal"]
    anew.take(effects + node.do(TICK), now_ns=node.now_ns)
    assert anew.kinds == [Kind.LAUNCH, Kind.CAUGHT_UP]


def test_a_partners_word_begins_no_storm_of_epochs() -> None:
    """A partner that tells lies of what it holds, at its full rate, gets one new epoch in five seconds."""
    node, liar = korea(), Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=200)
    node.offers(*(product(number=number) for number in range(50)))
    sent = 0
    for number in range(1_000):
        liar.incoming.epoch = node.state.links["JPN"].outgoing.epoch
        liar.incoming.chain.contiguous = 10**9
        receipt = liar.receipt(now_ns=node.now_ns + number * NS_PER_S // 100)
        sent += len(sends(node.do(ControlIn("JPN", receipt.unsigned, b""), after_s=0.01)))
    assert 50 * 2 <= sent <= 50 * 3
