"""What an alert should do next, as the situation stands: the rules of its course, without anybody's approval.

Areas that grow are taken at once. What shrinks, ends or has passed must hold for a few seconds first, and is never
done silently: a draft may be made smaller in the open, what was sent is only ended by a person or a written rule.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertStatus, AreaThreat, MessageKind
from beaconfire.kernel.time import from_seconds
from beaconfire.warn.case import TAKE_SHELTER, Alert, Draft
from beaconfire.warn.outlook import in_order
from beaconfire.warn.situation import Situation, passed

SETTLE_NS = from_seconds(limits.SETTLE_S)
WITHDRAW_NS = from_seconds(limits.WITHDRAW_S)
BOOST_HOLD_NS = from_seconds(limits.BOOST_HOLD_S)
REDRAFT_NS = from_seconds(limits.REDRAFT_S)
_ORDER_NS = from_seconds(limits.ORDER_VALID_S)
_EARLIER_NS = from_seconds(60.0)  # a first arrival that moved less is the same news

Core = Callable[[Collection[AreaThreat]], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do. `draft`: write a message; `drop`: take the draft back; `withdraw`: end what was never sent;
    `propose`: an end, with a countdown; `recall`: no end after all; `expire`: it has run out."""

    what: Literal["draft", "drop", "withdraw", "propose", "recall", "expire"]
    why: str
    kind: MessageKind | None = None
    areas: tuple[AreaThreat, ...] = ()


def next_moves(
    alert: Alert, situation: Situation, *, core: Core, valid_ns: int, margin_ns: int, now_ns: int
) -> list[Move]:
    """Return what is to be done now; also keeps the alert's timers. `core` names the areas threatened themselves."""
    if situation.threatened or situation.lost:
        alert.quiet_since_ns = None
    elif alert.quiet_since_ns is None:
        alert.quiet_since_ns = now_ns
    if situation.threatened:
        alert.last = situation.threatened
    _note_gone(alert, situation, now_ns)
    if alert.sent:
        return list(_after(alert, situation, core, margin_ns, now_ns))
    move = _before(alert, situation, core, valid_ns, now_ns)
    return [] if move is None else [move]


def ahead(areas: Collection[AreaThreat], now_ns: int) -> dict[str, AreaThreat]:
    """Return the areas that may still be reached, by id."""
    return {area.area_id: area for area in areas if area.last_ns > now_ns}


def _wanted(alert: Alert, situation: Situation, now_ns: int) -> dict[str, AreaThreat]:
    """The areas that are threatened and may still be reached, without those that a person left out."""
    areas = ahead(situation.threatened, now_ns)
    return {area_id: area for area_id, area in areas.items() if area_id not in alert.declined}


def _note_gone(alert: Alert, situation: Situation, now_ns: int) -> None:
    """Since when each area of the draft has not been named."""
    named = {area.area_id for area in situation.threatened}
    drafted = alert.draft.area_ids if alert.draft is not None else frozenset()
    if situation.lost:
        return
    alert.gone_since_ns = {
        area_id: alert.gone_since_ns.get(area_id, now_ns) for area_id in sorted(drafted) if area_id not in named
    }


def _before(alert: Alert, situation: Situation, core: Core, valid_ns: int, now_ns: int) -> Move | None:
    draft = alert.draft
    assert draft is not None, "what was never sent is a draft"
    if draft.kind is MessageKind.DEBRIS:
        old = now_ns - alert.opened_ns > valid_ns
        return Move("withdraw", "nobody sent it and its time is over") if old else _refreshed(alert, draft, now_ns)
    areas = draft.ready.message.areas
    if not ahead(areas, now_ns):
        if situation.lost:
            return Move(
                "withdraw", "the predicted time is over; the track was lost, so nothing is said of where it went"
            )
        return Move("draft", "the predicted passage or impact is over", MessageKind.DEBRIS, areas)
    if situation.ended:
        return Move("withdraw", "the event was retracted" if situation.retracted else "the event is closed")
    if not situation.threatened and not situation.lost and not draft.by_hand:
        if not _settled(alert.quiet_since_ns, now_ns, max(WITHDRAW_NS, _hold_ns(situation))):
            return None
        if passed(alert.last, situation, core=core(alert.last), now_ns=now_ns):
            return Move("draft", "it was measured beyond the areas", MessageKind.DEBRIS, areas)
        return Move("withdraw", "no area is threatened any more")
    return _revised(alert, draft, situation, now_ns) or _refreshed(alert, draft, now_ns)


def _revised(alert: Alert, draft: Draft, situation: Situation, now_ns: int) -> Move | None:
    """A draft with areas that came or went, or with news that matter."""
    wanted, drafted = _wanted(alert, situation, now_ns), ahead(draft.ready.message.areas, now_ns)
    new = sorted(wanted.keys() - drafted.keys())
    if new:
        return Move(
            "draft", f"now threatened too: {', '.join(new)}", draft.kind, in_order({**drafted, **wanted}.values())
        )
    if draft.by_hand or draft.ready.stage is not AlertStatus.DRAFTED:
        return None
    hold_ns = _hold_ns(situation)
    gone = [area_id for area_id, since in alert.gone_since_ns.items() if _settled(since, now_ns, hold_ns)]
    kept = {area_id: wanted.get(area_id, area) for area_id, area in drafted.items() if area_id not in gone}
    if gone and kept and now_ns - draft.made_ns >= SETTLE_NS:
        why = f"no longer threatened, or behind it: {', '.join(sorted(gone))}"
        return Move("draft", why, draft.kind, in_order(kept.values()))
    news = _news(draft, situation, wanted) if now_ns - draft.made_ns >= SETTLE_NS else ""
    return Move("draft", news, draft.kind, in_order({**drafted, **wanted}.values())) if news else None


def _news(draft: Draft, situation: Situation, wanted: Mapping[str, AreaThreat]) -> str:
    message = draft.ready.message
    if situation.count_at_least > message.count_at_least:
        return f"at least {situation.count_at_least}"
    if situation.reach != message.reach:
        return f"how the place is known changed from {message.reach} to {situation.reach}"
    first = min((area.first_ns for area in message.areas), default=0)
    if wanted and min(area.first_ns for area in wanted.values()) < first - _EARLIER_NS:
        return "it comes earlier"
    return ""


def _refreshed(alert: Alert, draft: Draft, now_ns: int) -> Move | None:
    """Bytes that are too old to be approved are made afresh, and what was approved of them is void."""
    age_ns = now_ns - draft.made_ns
    untouched = draft.ready.stage is AlertStatus.DRAFTED
    if age_ns <= (REDRAFT_NS if untouched else _ORDER_NS):
        return None
    return Move("draft", "made afresh: it was getting old", draft.kind, draft.ready.message.areas)


def _after(alert: Alert, situation: Situation, core: Core, margin_ns: int, now_ns: int) -> Iterator[Move]:
    if now_ns >= alert.expires_ns:
        yield Move("expire", "the last message has run out")
        return
    wanted = _wanted(alert, situation, now_ns)
    if wanted:
        yield from _going_on(alert, situation, wanted)
    elif situation.lost:
        if not alert.lost_said and MessageKind.LOST not in alert.declined_kinds and ahead(alert.last, now_ns):
            yield from _follow(alert, MessageKind.LOST, "the track was lost")
    elif _settled(alert.quiet_since_ns, now_ns, _hold_ns(situation)):
        yield from _quiet(alert, situation, core, now_ns)
    last_ns = max(area.last_ns for area in alert.last or tuple(alert.warned.values()))
    if not situation.live and now_ns > last_ns + margin_ns and alert.closing is None:
        yield from _end(alert, MessageKind.ALL_CLEAR, "its time and a margin are over")


def _going_on(alert: Alert, situation: Situation, wanted: Mapping[str, AreaThreat]) -> Iterator[Move]:
    """Something is still threatened: tell what is new, and end nothing."""
    if alert.closing is not None:
        yield Move("recall", "areas are threatened again", alert.closing.kind)
    new = sorted(wanted.keys() - alert.warned.keys())
    whys = [f"now threatened too: {', '.join(new)}"] if new else []
    if situation.count_at_least > alert.count_at_least:
        whys.append(f"at least {situation.count_at_least}")
    if alert.lost_said:
        whys.append("the track was found again")
    draft = alert.draft
    covered = (
        draft is not None
        and draft.kind is MessageKind.UPDATE
        and draft.area_ids >= wanted.keys()
        and draft.ready.message.count_at_least >= situation.count_at_least
    )
    if whys and not covered:
        told = {**alert.warned, **({area.area_id: area for area in draft.ready.message.areas} if draft else {})}
        areas = {**told, **wanted}
        yield Move("draft", "; ".join(whys), MessageKind.UPDATE, in_order(areas.values()))
    elif draft is not None and draft.kind not in TAKE_SHELTER and not draft.by_hand:
        yield Move("drop", "areas are threatened again")


def _quiet(alert: Alert, situation: Situation, core: Core, now_ns: int) -> Iterator[Move]:
    """No live picture names an area any more: it has passed, or it will not come."""
    if situation.ended:
        if situation.retracted:
            yield from _end(alert, MessageKind.CANCEL, "the event was retracted: there was nothing")
        else:
            yield from _end(alert, MessageKind.ALL_CLEAR, "the event is closed")
    elif passed(alert.last, situation, core=core(alert.last), now_ns=now_ns):
        if not alert.passed_said and MessageKind.PASSED not in alert.declined_kinds:
            yield from _follow(alert, MessageKind.PASSED, "it was measured beyond the areas")
    elif alert.last and not alert.passed_said:
        yield from _end(alert, MessageKind.CANCEL, "it failed, fell short or turned: no area is threatened any more")


def _follow(alert: Alert, kind: MessageKind, why: str) -> Iterator[Move]:
    if alert.draft is None or alert.draft.kind is not kind:
        yield Move("draft", why, kind, in_order(alert.warned.values()))


def _end(alert: Alert, kind: MessageKind, why: str) -> Iterator[Move]:
    if alert.closing is not None:
        return
    if alert.draft is not None and not alert.draft.by_hand:
        yield Move("drop", why)
    yield Move("propose", why, kind, in_order(alert.warned.values()))


def _hold_ns(situation: Situation) -> int:
    """How long an area must not be named before it counts as gone.

    What still boosts has missed nothing yet: a moment's forecast without an area is no news, and the next fit may name
    it again. An event that is over in every picture holds nothing.
    """
    boosts = any(item.reach == "boosting" for item in situation.live)
    return BOOST_HOLD_NS if boosts else SETTLE_NS


def _settled(since_ns: int | None, now_ns: int, for_ns: int = SETTLE_NS) -> bool:
    return since_ns is not None and now_ns - since_ns >= for_ns
