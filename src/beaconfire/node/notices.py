"""Public alerts between nations: ours are offered to partners as notices, theirs are held against our desk's areas.

A partner's notice warns nobody. It makes the desk refer to the other voice where the areas meet and show the conflict
(one voice per area), until a later notice of the same alert takes its place, ends it, or its time is over. What is kept
of each partner is bounded, and a partner can end only what it said itself.
"""

from collections.abc import Sequence

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import Message, MessageKind, Notice
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.products import AlertNoticeBody, Kind, Product
from beaconfire.node.effects import Effect, Publish, ShowAudit
from beaconfire.node.state import Heard, NodeState
from beaconfire.node.warning import effects_of
from beaconfire.share import Arrival, Outcome
from beaconfire.warn import Desk, reference

_ENDING = (MessageKind.CANCEL, MessageKind.ALL_CLEAR)


def notices_of(state: NodeState, effects: Sequence[Effect]) -> list[Product]:
    """Return what partners may be told of the messages that are published now."""
    published = [effect.approved.identifier for effect in effects if isinstance(effect, Publish)]
    if not published or state.desk is None or not state.links:
        return []
    sent = state.desk.sent()
    return [_product(state, *sent[identifier]) for identifier in published if identifier in sent]


def standing_notices(state: NodeState) -> list[Product]:
    """Return what partners may be told of all alerts of ours in force: a wider grant lets go what is still true."""
    if state.desk is None or not state.links:
        return []
    standing = (pair for pair in state.desk.sent().values() if pair[1].expires_ns > state.now_ns)
    return [_product(state, *pair) for pair in standing if pair[1].kind not in _ENDING]


def counts(arrival: Arrival) -> bool:
    """Say whether a notice counts here: it warns nobody, so that one which comes late still says what is in force."""
    return arrival.outcome is Outcome.APPLY or (arrival.outcome is Outcome.RECORD and arrival.reason == "late")


def take_notice(state: NodeState, nation: str, body: AlertNoticeBody, *, revision: int) -> list[Effect]:
    """Take a partner's notice: the newest of its alert counts, whatever order they come in."""
    heard = state.heard_alerts.setdefault(nation, {})
    for name in [name for name, one in heard.items() if one.body.expires_ns <= state.now_ns]:
        del heard[name]
    former, order = heard.get(body.alert), (body.sent_ns, revision)
    if body.expires_ns <= state.now_ns or (former is not None and former.order >= order):
        return []
    if former is None and len(heard) >= limits.MAX_PARTNER_ALERTS:
        return [_refused(state, nation, body, "alerts", f"more than {limits.MAX_PARTNER_ALERTS} alerts in force")]
    heard[body.alert] = Heard(order, body)
    try:
        rows = [] if state.desk is None else _bring(state, state.desk, nation, body, former)
        return [_told(state, nation, body), *rows]
    except Refused as refusal:
        del heard[body.alert]  # what the desk never took cannot be ended there either
        return [_refused(state, nation, body, refusal.reason, str(refusal))]


def _bring(state: NodeState, desk: Desk, nation: str, body: AlertNoticeBody, former: Heard | None) -> list[Effect]:
    """Replace the former notice of the alert at the desk by this one, or by nothing."""
    if former is not None and not former.body.ended:
        desk.notice(_notice(former.body, ended=True), now_ns=state.now_ns, nation=nation)
    if body.ended:
        return []
    if body.reference in {one.reference for one in desk.notices()}:
        raise Refused("known", where="alert_notice: reference", what="is another's", expected="one of its own messages")
    return effects_of(desk.notice(_notice(body, ended=False), now_ns=state.now_ns, nation=nation))


def _notice(body: AlertNoticeBody, *, ended: bool) -> Notice:
    return Notice(
        authority=body.authority, reference=body.reference, areas=body.areas, expires_ns=body.expires_ns, ended=ended
    )


def _product(state: NodeState, alert_id: str, message: Message) -> Product:
    """A public message is the nation's own words, whoever's sensors it rests on, and the public has it already."""
    body = AlertNoticeBody(
        alert=alert_id,
        authority=message.author,
        reference=reference(message),
        says=message.kind,
        areas=tuple(area.area_id for area in message.areas),
        sent_ns=message.sent_ns,
        expires_ns=message.expires_ns,
        ended=message.kind in _ENDING,
    )
    return Product(
        kind=Kind.ALERT_NOTICE,
        local_id=alert_id,
        revision=0,
        time_ns=state.now_ns,
        body=body,
        nations=(state.genesis.nation,),
        urgent=True,
        event_id=message.incidents[0] if message.incidents else "",
    )


def _told(state: NodeState, nation: str, body: AlertNoticeBody) -> ShowAudit:
    words = f"{body.says} in {', '.join(body.areas)}: {body.reference}"[: limits.MAX_TEXT_LENGTH]
    return ShowAudit(state.now_ns, nation, Kind.ALERT_NOTICE, body.alert, "told", body.authority, words)


def _refused(state: NodeState, nation: str, body: AlertNoticeBody, reason: str, text: str) -> ShowAudit:
    text = text[: limits.MAX_TEXT_LENGTH]
    return ShowAudit(state.now_ns, nation, Kind.ALERT_NOTICE, body.alert, "refused", reason, text)
