"""Suspend, leave, return, join in mid-life: what a step does about each, and that each order has one right answer."""

from typing import Any

import pytest

from beaconfire.kernel import limits, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    Admit,
    ControlIn,
    Cut,
    Join,
    KeyChange,
    Leave,
    Partner,
    PolicyLoad,
    Purge,
    Restart,
    Resume,
    Send,
    ShowAudit,
    Suspend,
    Tell,
    digest,
    initial,
    members,
    step,
)
from beaconfire.share import Link
from tests.exchange import NOW_NS, grant_toml, policy_toml, product
from tests.node.parting import (
    JOIN,
    LEAVE,
    RESUME,
    SUSPEND,
    TICK,
    Japan,
    Korea,
    genesis,
    korea,
    names,
    sends,
    words,
)


def member(node: Korea, nation: str = "JPN") -> Any:
    return next(one for one in members(node.state) if one.nation == nation)


def notice(effects: Any) -> wire.Suspend:
    (tell,) = [effect for effect in effects if isinstance(effect, Tell)]
    control = wire.decode_control(tell.unsigned, realm=Realm.EXERCISE)
    assert isinstance(control, wire.Suspend)
    assert tell.subject == "bf.EXERCISE.ctl.KOR.JPN.suspend"
    return control


# --- suspend --------------------------------------------------------------------------------------------------------


def test_a_suspension_purges_then_tells_then_cuts() -> None:
    node = korea()
    node.offers(product(number=1), product(Kind.LAUNCH, number=1))
    out = node.state.links["JPN"].outgoing
    last, head, generation = out.number, out.head, node.state.releaser.generation("JPN")
    effects = node.do(SUSPEND)
    assert names(effects)[:3] == ["Purge", "Tell", "Cut"]
    assert effects[0] == Purge("JPN", generation + 1)
    assert effects[2] == Cut("JPN", "suspended")
    assert words(effects) == ["suspended"]
    said = notice(effects)
    assert (said.number, said.head, said.reason, said.effective_ns) == (last, head, "suspended", 0)
    assert last == 2


def test_the_standing_says_since_when_by_whom_and_what_went_last() -> None:
    node = korea()
    assert member(node).standing.state == "active"
    node.offers(product(number=1))
    node.do(SUSPEND, after_s=5.0)
    node.offers(product(number=2), product(number=3))
    seen = member(node)
    standing = seen.standing
    assert (standing.state, standing.since_ns, standing.reason, standing.by) == (
        "suspended", NOW_NS + 5 * NS_PER_S, "a drill", ("kim",),
    )  # fmt: skip
    assert (standing.number, standing.head) == (1, node.state.links["JPN"].outgoing.head)
    assert (seen.missed, seen.lost, seen.catching_up) == (2, 0, False)
    assert member(node, "USA").standing.state == "active"


def test_the_other_partners_go_on() -> None:
    node = korea()
    node.do(SUSPEND)
    effects = node.offers(product(number=1))
    assert sends(effects) == []
    assert len(sends(effects, "USA")) == 1


def test_who_is_suspended_is_told_no_more_by_any_input() -> None:
    """A receipt, a hello that knows more, narrower and wider policies, restarts, time: none of them sends anything."""
    node, japan = korea(), Japan()
    japan.take(node.offers(product(number=1), product(number=2)), now_ns=NOW_NS)
    node.offers(product(number=3))  # this one is lost on its way and waits for its receipt
    node.do(SUSPEND)
    narrower = policy_toml(grant_toml(kinds=["launch"]), version=2)
    wider = policy_toml(grant_toml(), version=3)
    liar = Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=100)
    liar.incoming.epoch, liar.incoming.chain.contiguous = 10**9, 70
    for item in (
        japan.receipt(now_ns=node.now_ns + 10 * NS_PER_S),
        ControlIn("JPN", liar.hello(now_ns=node.now_ns + 11 * NS_PER_S).unsigned, b""),
        PolicyLoad(narrower),
        PolicyLoad(wider),
        Restart(),
        TICK,
    ):
        assert sends(node.do(item, after_s=10.0)) == []
    assert sends(node.offers(product(Kind.LAUNCH, number=9))) == []


def test_what_waited_for_its_delay_does_not_go_and_comes_with_the_return() -> None:
    delayed = policy_toml(grant_toml(more="delay_s = 5.0"))
    node, japan = korea(delayed), Japan()
    assert sends(node.offers(product(number=1))) == []
    node.do(SUSPEND)
    assert sends(node.do(TICK, after_s=6.0)) == []
    japan.take(node.do(RESUME), now_ns=node.now_ns)
    japan.take(node.do(TICK, after_s=0.1), now_ns=node.now_ns)
    assert japan.kinds == [Kind.TRAJECTORY, Kind.CAUGHT_UP]


def test_a_restart_closes_again_what_is_closed() -> None:
    """The node may have died between the row and what it was to do."""
    node = korea()
    node.do(SUSPEND)
    effects = node.do(Restart())
    assert [effect for effect in effects if not isinstance(effect, Send)] == [
        Purge("JPN", node.state.releaser.generation("JPN")),
        Cut("JPN", "suspended"),
    ]


def test_every_no_is_told_with_its_reason() -> None:
    node = korea()
    node.do(SUSPEND)
    node.offers(product(number=1), product(number=2))
    rows = [row for row in node.do(TICK, after_s=61.0) if isinstance(row, ShowAudit) and row.partner == "JPN"]
    assert [(row.verdict, row.reason, row.count) for row in rows] == [("withheld", "suspended", 2)]


# --- leave, join, keys ---------------------------------------------------------------------------------------------


def test_leaving_destroys_the_keys_as_well() -> None:
    node = korea()
    effects = node.do(LEAVE)
    assert names(effects)[:3] == ["Purge", "Tell", "Cut"]
    assert effects[2] == Cut("JPN", "left")
    assert notice(effects).reason == "left"
    assert member(node).standing.state == "left"


def test_a_notice_period_is_said_ahead_and_ends_at_the_first_tick_after_it() -> None:
    node = korea()
    end_ns = NOW_NS + 90 * NS_PER_S
    effects = node.do(Leave("JPN", ("kim",), "a treaty ends", end_ns))
    assert names(effects) == ["Tell", "ShowAudit"]
    assert notice(effects).effective_ns == end_ns
    standing = member(node).standing
    assert (standing.state, standing.effective_ns) == ("leaving", end_ns)
    assert len(sends(node.offers(product(number=1)))) == 1
    assert {*names(node.do(TICK, after_s=89.0))} == {"ShowAudit"}
    ended = node.do(TICK, after_s=2.0)
    assert names(ended)[:3] == ["Purge", "Tell", "Cut"]
    assert member(node).standing.state == "left"
    assert sends(node.offers(product(number=2))) == []


def test_a_notice_is_said_again_after_a_restart() -> None:
    node = korea()
    node.do(Leave("JPN", (), "", NOW_NS + 90 * NS_PER_S))
    assert notice(node.do(Restart())).effective_ns == NOW_NS + 90 * NS_PER_S


def test_a_leave_can_be_called_off() -> None:
    node, japan = korea(), Japan()
    japan.take(node.do(Leave("JPN", (), "", NOW_NS + 90 * NS_PER_S)), now_ns=NOW_NS)
    assert japan.link.standing(NOW_NS).state == "leaving"
    assert names(node.do(RESUME, after_s=6.0))[0] == "Admit"
    assert member(node).standing.state == "active"
    japan.link.on_control(node.state.links["JPN"].hello(now_ns=node.now_ns).unsigned, now_ns=node.now_ns)
    assert japan.link.standing(node.now_ns).state == "active"


def test_a_suspended_partner_can_be_left() -> None:
    node = korea()
    node.do(SUSPEND)
    effects = node.do(LEAVE)
    assert names(effects) == ["Purge", "Cut", "ShowAudit"]  # who is cut already cannot be told
    assert member(node).standing.state == "left"


def test_who_left_comes_back_with_another_key_and_misses_nothing() -> None:
    node, japan = korea(), Japan()
    node.do(LEAVE)
    node.offers(product(number=1))
    effects = node.do(JOIN, after_s=5.0)
    assert effects[0] == Admit("JPN", b"n" * 32)
    assert member(node).public_key == b"n" * 32
    japan.take(effects + node.do(TICK), now_ns=node.now_ns)
    assert japan.kinds == [Kind.TRAJECTORY, Kind.CAUGHT_UP]


def test_a_nation_joins_in_mid_life() -> None:
    node = korea(partners=())
    before = node.state.fused
    assert before is None
    effects = node.do(Join(Partner("JPN", b"n" * 32), ("kim", "lee")), after_s=9.0)
    assert effects[0] == Admit("JPN", b"n" * 32)
    assert words(effects) == ["joined"]
    assert node.state.fused is not None
    (sent,) = sends(node.offers(product(number=1)))
    assert (sent.epoch, sent.number) == (node.now_ns // NS_PER_S, 1)


def test_a_key_changes_in_mid_life() -> None:
    node = korea()
    effects = node.do(KeyChange("JPN", b"n" * 32, ("kim",)))
    assert effects[0] == Admit("JPN", b"n" * 32)
    assert member(node).public_key == b"n" * 32
    node.do(SUSPEND)
    assert names(node.do(KeyChange("JPN", b"o" * 32, ("kim",)))) == ["ShowAudit"]  # it may not connect for that
    assert node.do(RESUME)[0] == Admit("JPN", b"o" * 32)


@pytest.mark.parametrize(
    ("before", "item"),
    [
        ((), Suspend("FRA", (), "")),
        ((SUSPEND,), SUSPEND),
        ((LEAVE,), SUSPEND),
        ((), Resume("FRA", b"", ())),
        ((), RESUME),
        ((LEAVE,), RESUME),
        ((), Leave("FRA", (), "", 0)),
        ((LEAVE,), LEAVE),
        ((SUSPEND,), Leave("JPN", (), "", NOW_NS + 10**12)),
        ((), JOIN),
        ((SUSPEND,), JOIN),
        ((), Join(Partner("KOR", bytes(32)), ())),
        ((), KeyChange("FRA", bytes(32), ())),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_changes_nothing(before: Any, item: Any) -> None:
    node = korea()
    for one in before:
        node.do(one)
    was = members(node.state)
    (row,) = node.do(item)
    assert isinstance(row, ShowAudit)
    assert (row.verdict, row.kind) == ("refused", "partner")
    assert row.reason
    assert members(node.state) == was


def test_there_are_so_many_partners_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PARTNERS", 2)
    (row,) = korea().do(Join(Partner("FRA", bytes(32)), ()))
    assert isinstance(row, ShowAudit)
    assert row.verdict == "refused"


def test_a_journal_with_partings_replays_to_the_same_bytes() -> None:
    node = korea()
    orders = (SUSPEND, TICK, RESUME, TICK, LEAVE, Restart(), JOIN, TICK, SUSPEND, RESUME, TICK)
    decided = [digest(node.do(item, after_s=1.0)) for item in orders]
    state = initial(genesis(), now_ns=NOW_NS)
    again = []
    for now_ns, item in node.rows:
        state, effects = step(state, item, now_ns=now_ns)
        again.append(digest(effects))
    assert again == decided
    assert members(state) == members(node.state)
