"""A nation's public alert reaches its partner's desk by the wire, shows as a second voice, and ends there with it."""

from collections.abc import Sequence

import msgspec
import pytest

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.alerts import AlertAction, AlertView, AreaThreat, Forecast, MessageKind, Order
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import AlertNoticeBody, Kind
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    Command,
    Effect,
    EnvelopeIn,
    NodeState,
    Partner,
    PolicyLoad,
    ScanIn,
    Send,
    ShowAlert,
    ShowAudit,
    Tick,
    initial,
    step,
)
from beaconfire.node.notices import take_notice
from beaconfire.warn import outlook as warn_outlook
from beaconfire.warn import signed_bytes
from tests.exchange import grant_toml, policy_toml
from tests.node.flight import SENSORS, START_NS, genesis, scan
from tests.warn.desks import ROOT_PUBLIC, key_of, people_toml, warning_toml

LOOKS = 30
ALERTS = policy_toml(grant_toml(kinds=["alert_notice"]))
KOREAN = warning_toml().replace(b'nation = "JPN"', b'nation = "KOR"').replace(b"JPN-FDMA", b"KOR-MND")


@pytest.fixture(autouse=True)
def aomori(monkeypatch: pytest.MonkeyPatch) -> None:
    def threats(forecast: Forecast, _areas: Sequence[str] | None = None) -> tuple[AreaThreat, ...]:
        after_ns = forecast.time_ns + 300 * NS_PER_S
        return (AreaThreat(area_id="JP-02", hit_p=0.0, pass_p=0.9, first_ns=after_ns, last_ns=after_ns + NS_PER_S),)

    monkeypatch.setattr(warn_outlook, "threats", threats)


def node(nation: str, partner: str, *, warning: bytes, policy: bytes = b"") -> NodeState:
    row = msgspec.structs.replace(
        genesis(policy=policy), nation=nation, sensors_toml=SENSORS.replace(b"KOR", nation.encode()),
        partners=(Partner(partner, bytes(32)),), warning_toml=warning, people_toml=people_toml() if warning else b"",
        root_public=ROOT_PUBLIC,
    )  # fmt: skip
    return initial(row, now_ns=START_NS)


def look(state: NodeState, numbers: range = range(LOOKS)) -> list[Effect]:
    effects: list[Effect] = []
    for number in numbers:
        seen = scan(number, sensor_id=f"{state.genesis.nation}-R1")
        effects += step(state, ScanIn(seen), now_ns=seen.time_ns)[1]
        effects += step(state, Tick(), now_ns=seen.time_ns)[1]
    return effects


def view(state: NodeState) -> AlertView:
    assert state.desk is not None
    return state.desk.alerts()[-1]


def order(state: NodeState, person: str, action: AlertAction, digest: bytes) -> list[Effect]:
    made = Order(
        person=person, session=person, action=action, alert_id=view(state).alert_id, digest=digest,
        nonce=f"{person}/{action}".encode().ljust(16)[:16], issued_ns=state.now_ns, signature=b"",
    )  # fmt: skip
    signature = key_of(person).sign(signed_bytes(made, realm=Realm.EXERCISE))
    fields = {name: getattr(made, name) for name in Order.__struct_fields__}
    return list(step(state, Command(**{**fields, "signature": signature}), now_ns=state.now_ns)[1])


def warn(state: NodeState) -> list[Effect]:
    look(state)
    effects: list[Effect] = []
    draft = view(state).draft
    assert draft is not None
    for person, action in (("aoki", AlertAction.SUBMIT), ("baba", AlertAction.APPROVE), ("chiba", AlertAction.APPROVE)):
        effects += order(state, person, action, draft.digest)
    return effects


def cancel(state: NodeState) -> list[Effect]:
    ready = next(item for item in view(state).ready if item.kind is MessageKind.CANCEL)
    return order(state, "doi", AlertAction.CANCEL, ready.digest)


def sent_notices(effects: Sequence[Effect]) -> list[AlertNoticeBody]:
    found = []
    for effect in effects:
        if isinstance(effect, Send) and effect.kind == Kind.ALERT_NOTICE:
            inner = wire.decode_release(wire.decode_envelope(effect.unsigned, realm=Realm.EXERCISE))
            body = wire.decode_body(inner.kind, inner.body)
            assert isinstance(body, AlertNoticeBody)
            found.append(body)
    return found


def bring(effects: Sequence[Effect], to: NodeState) -> list[Effect]:
    """What one node sends is the other's input."""
    taken: list[Effect] = []
    for effect in effects:
        if isinstance(effect, Send):
            taken += step(to, EnvelopeIn("KOR", effect.unsigned, b""), now_ns=to.now_ns)[1]
    return taken


def references(state: NodeState) -> list[str]:
    assert state.desk is not None
    return [notice.reference for notice in state.desk.notices()]


def refusals(effects: Sequence[Effect]) -> list[str]:
    return [effect.rule for effect in effects if isinstance(effect, ShowAudit) and effect.verdict == "refused"]


def notice(alert: str = "A1", *, at_s: int = 0, ended: bool = False, authority: str = "KOR-MND") -> AlertNoticeBody:
    sent_ns = START_NS + at_s * NS_PER_S
    return AlertNoticeBody(
        alert=alert, authority=authority, reference=f"k@example,{alert}-{at_s},2025-01-06T12:00:00+09:00",
        says=MessageKind.CANCEL if ended else MessageKind.SHELTER, areas=("JP-02",), sent_ns=sent_ns,
        expires_ns=sent_ns + 3600 * NS_PER_S, ended=ended,
    )  # fmt: skip


def test_a_sent_alert_reaches_the_partners_desk_and_ends_there_when_it_is_cancelled() -> None:
    korea = node("KOR", "JPN", warning=KOREAN, policy=ALERTS)
    japan = node("JPN", "KOR", warning=warning_toml())
    look(japan)
    sent = warn(korea)
    (told,) = sent_notices(sent)
    assert (told.authority, told.says, told.areas, told.ended) == ("KOR-MND", MessageKind.SHELTER, ("JP-02",), False)
    shown = bring(sent, japan)
    rows = [effect.row for effect in shown if isinstance(effect, ShowAlert)]
    assert any("KOR-MND warns there too" in row.why for row in rows)
    draft = view(japan).draft
    assert draft is not None
    assert told.reference in draft.message.references  # ours refers to theirs
    assert references(japan) == [told.reference]
    ended = cancel(korea)
    (over,) = sent_notices(ended)
    assert (over.alert, over.ended) == (told.alert, True)
    assert refusals(bring(ended, japan)) == []
    assert references(japan) == []


def test_an_alert_sent_here_conflicts_with_theirs_until_theirs_ends() -> None:
    korea = node("KOR", "JPN", warning=KOREAN, policy=ALERTS)
    japan = node("JPN", "KOR", warning=warning_toml())
    warn(japan)
    assert view(japan).conflicts == ()
    bring(warn(korea), japan)
    assert view(japan).conflicts == tuple(references(japan)) != ()
    bring(cancel(korea), japan)
    assert view(japan).conflicts == ()


def test_nothing_is_told_without_a_grant_and_the_rest_when_one_comes() -> None:
    korea = node("KOR", "JPN", warning=KOREAN, policy=policy_toml(grant_toml(kinds=["launch"])))
    assert sent_notices(warn(korea)) == []
    wider = policy_toml(grant_toml(kinds=["launch", "alert_notice"]), version=2)
    (told,) = sent_notices(step(korea, PolicyLoad(wider), now_ns=korea.now_ns)[1])
    assert told.says is MessageKind.SHELTER
    cancel(korea)
    again = step(korea, PolicyLoad(wider.replace(b"version = 2", b"version = 3")), now_ns=korea.now_ns)[1]
    assert sent_notices(again) == []  # what has ended is no news


def test_the_partner_knows_the_alert_by_a_name_of_its_own() -> None:
    korea = node("KOR", "JPN", warning=KOREAN, policy=ALERTS)
    (told,) = sent_notices(warn(korea))
    assert told.alert != view(korea).alert_id
    assert told.alert.startswith("A")


def test_the_newest_counts_whatever_order_they_come_in() -> None:
    japan = node("JPN", "KOR", warning=warning_toml())
    (told,) = take_notice(japan, "KOR", notice(at_s=20, ended=True), revision=3)
    assert isinstance(told, ShowAudit)
    assert (told.verdict, told.partner, told.rule) == ("told", "KOR", "KOR-MND")
    assert take_notice(japan, "KOR", notice(at_s=0), revision=1) == []
    assert references(japan) == []  # an end that overtook its alert ends it
    take_notice(japan, "KOR", notice("A2", at_s=5), revision=2)
    take_notice(japan, "KOR", notice("A2", at_s=5), revision=1)
    take_notice(japan, "KOR", notice("A2", at_s=9), revision=3)
    assert references(japan) == [notice("A2", at_s=9).reference]  # an update takes the place of what it updates


@pytest.mark.parametrize(("authority", "reason"), [("JPN-FDMA", "authority"), ("JPN-TOWN", "authority")])
def test_a_partner_speaks_for_no_authority_of_ours(authority: str, reason: str) -> None:
    """The registry gives JPN-TOWN no nation of the partner's."""
    japan = node("JPN", "KOR", warning=warning_toml())
    assert refusals(take_notice(japan, "KOR", notice(authority=authority), revision=1)) == [reason]
    assert references(japan) == []


def test_a_partner_cannot_end_what_another_said() -> None:
    japan = node("JPN", "KOR", warning=warning_toml())
    take_notice(japan, "USA", notice(authority="USA-X"), revision=1)
    assert refusals(take_notice(japan, "KOR", notice(), revision=1)) == ["known"]
    take_notice(japan, "KOR", notice(at_s=3, ended=True), revision=2)
    assert references(japan) == [notice().reference]


def test_what_a_partner_may_keep_in_force_is_bounded_and_runs_out() -> None:
    japan = node("JPN", "KOR", warning=warning_toml())
    for number in range(limits.MAX_PARTNER_ALERTS):
        take_notice(japan, "KOR", notice(f"A{number}"), revision=1)
    assert refusals(take_notice(japan, "KOR", notice("more"), revision=1)) == ["alerts"]
    assert len(references(japan)) == limits.MAX_PARTNER_ALERTS
    later = START_NS + 3601 * NS_PER_S
    step(japan, Tick(), now_ns=later)
    assert references(japan) == []
    take_notice(japan, "KOR", notice("new", at_s=3601), revision=1)
    assert references(japan) == [notice("new", at_s=3601).reference]


def test_a_notice_that_comes_late_still_says_what_is_in_force() -> None:
    """A partner that was cut off for twenty minutes: its alert is no measurement, and it is not over."""
    korea = node("KOR", "JPN", warning=KOREAN, policy=ALERTS)
    japan = node("JPN", "KOR", warning=warning_toml())
    sent = warn(korea)
    step(japan, Tick(), now_ns=korea.now_ns + 1200 * NS_PER_S)
    bring(sent, japan)
    assert len(references(japan)) == 1


def test_a_node_that_warns_nobody_takes_a_notice_without_complaint() -> None:
    japan = node("JPN", "KOR", warning=b"")
    assert refusals(take_notice(japan, "KOR", notice(), revision=1)) == []
    assert japan.heard_alerts["KOR"]["A1"].body == notice()


def test_a_notice_is_bounded_on_the_wire() -> None:
    for wrong in ({"areas": ()}, {"areas": ("Aomori",)}, {"reference": ""}, {"expires_ns": START_NS - NS_PER_S}):
        with pytest.raises(Refused):
            wire.decode_body(Kind.ALERT_NOTICE, codec.encode(msgspec.structs.replace(notice(), **wrong)))
