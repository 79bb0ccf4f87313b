"""What people may do with an alert: each order admitted at the gate is carried out or refused with its reason."""

from collections.abc import Callable
from dataclasses import dataclass

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertAction, AlertStatus, AreaThreat, MessageKind, Order, Ready
from beaconfire.kernel.approval import VALID_NS
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.time import from_seconds
from beaconfire.warn.case import TAKE_SHELTER, Alert, Approval, Draft
from beaconfire.warn.course import ahead
from beaconfire.warn.office import Office, Out

_ENDS = {
    AlertAction.CORRECT: MessageKind.CORRECTION,
    AlertAction.CANCEL: MessageKind.CANCEL,
    AlertAction.ALL_CLEAR: MessageKind.ALL_CLEAR,
}


@dataclass(frozen=True, slots=True)
class Orders:
    """Carries out one order on one alert."""

    office: Office

    def carry_out(self, order: Order, alert: Alert, *, now_ns: int) -> list[Out]:
        """Return what an admitted order does; raises `Refused` and changes nothing when a rule forbids it."""
        if alert.over:
            raise _refused("ended", order, f"is about an alert that is {alert.status}", "an open alert")
        return self._actions()[order.action](order, alert, now_ns)

    def _actions(self) -> dict[AlertAction, Callable[[Order, Alert, int], list[Out]]]:
        return {
            AlertAction.DRAFT: self._draft,
            AlertAction.UPDATE: self._draft,
            AlertAction.SUBMIT: self._submit,
            AlertAction.APPROVE: self._approve,
            AlertAction.SEND: self._send,
            AlertAction.WITHDRAW: self._withdraw,
            AlertAction.CORRECT: self._end,
            AlertAction.CANCEL: self._end,
            AlertAction.ALL_CLEAR: self._end,
        }

    def _draft(self, order: Order, alert: Alert, now_ns: int) -> list[Out]:
        """Write by hand; without areas, those the alert names now. The text is the writer's, who cannot approve it."""
        if bool(alert.sent) is (order.action is AlertAction.DRAFT):
            expected = "an update of what was sent" if alert.sent else "a draft, for nothing was sent"
            raise _refused("order", order, "does not fit the alert", expected)
        areas = self._areas(order, alert, now_ns)
        kind = MessageKind.UPDATE if alert.sent else MessageKind.SHELTER
        if not ahead(areas, now_ns):
            raise _refused("past", order, "is past the predicted passage or impact", "the text on debris")
        why = order.words or "written by hand"
        outs = self.office.draft(
            alert, kind, areas, why=why, now_ns=now_ns, author=order.person, session=order.session, words=order.words
        )
        assert alert.situation is not None, "reviewed before anybody orders"
        alert.declined |= {area.area_id for area in alert.situation.threatened} - {area.area_id for area in areas}
        return outs

    def _areas(self, order: Order, alert: Alert, now_ns: int) -> tuple[AreaThreat, ...]:
        """The areas an order names, with what is known of each; one that nothing threatens is believed for a while."""
        assert alert.situation is not None, "reviewed before anybody orders"
        drafted = alert.draft.ready.message.areas if alert.draft is not None else ()
        known = {area.area_id: area for area in (*alert.warned.values(), *drafted, *alert.situation.threatened)}
        if not order.areas:
            return tuple(known.values())
        unknown = [area_id for area_id in order.areas if area_id not in self.office.settings.ours]
        if unknown:
            raise _refused("areas", order, f"names {unknown[0][:20]}", "areas that this node answers for")
        last_ns = now_ns + from_seconds(self.office.settings.times.valid_s)
        return tuple(
            known.get(area_id, AreaThreat(area_id=area_id, hit_p=0.0, pass_p=0.0, first_ns=now_ns, last_ns=last_ns))
            for area_id in dict.fromkeys(order.areas)
        )

    def _submit(self, order: Order, alert: Alert, now_ns: int) -> list[Out]:
        draft = _draft_of(order, alert, now_ns)
        if draft.ready.stage is not AlertStatus.DRAFTED:
            raise _refused("stage", order, f"is of a message that is {draft.ready.stage}", "one that is drafted")
        return self.office.stage(
            alert, AlertStatus.SUBMITTED, who=order.person, why=order.words or "to be approved", now_ns=now_ns
        )

    def _approve(self, order: Order, alert: Alert, now_ns: int) -> list[Out]:
        draft = _draft_of(order, alert, now_ns)
        stages = (AlertStatus.SUBMITTED,) if draft.ready.needs > 1 else (AlertStatus.SUBMITTED, AlertStatus.DRAFTED)
        if draft.ready.stage not in stages:
            raise _refused("stage", order, f"is of a message that is {draft.ready.stage}", "one that was submitted")
        self._check_time(order, draft, now_ns)
        _check_people(order, draft)
        draft.approvals = [item for item in draft.approvals if now_ns - item.issued_ns <= VALID_NS]
        draft.approvals.append(Approval(order.person, order.session, order.issued_ns))
        missing = draft.ready.needs - len(draft.approvals)
        if missing > 0:
            why = f"approved; {missing} more to come"
            return self.office.stage(alert, AlertStatus.SUBMITTED, who=order.person, why=why, now_ns=now_ns)
        outs = self.office.stage(alert, AlertStatus.APPROVED, who=order.person, why="approved", now_ns=now_ns)
        if self.office.settings.approval.send == "by_command":
            return outs
        return outs + self._fire(alert, draft, order.person, now_ns)

    def _send(self, order: Order, alert: Alert, now_ns: int) -> list[Out]:
        draft = _draft_of(order, alert, now_ns)
        valid = [item for item in draft.approvals if now_ns - item.issued_ns <= VALID_NS]
        if draft.ready.stage is not AlertStatus.APPROVED or len(valid) < draft.ready.needs:
            raise _refused("approval", order, "is of a message without valid approvals", f"{draft.ready.needs} people")
        self._check_time(order, draft, now_ns)
        return self._fire(alert, draft, order.person, now_ns)

    def _fire(self, alert: Alert, draft: Draft, who: str, now_ns: int) -> list[Out]:
        people = tuple(item.person for item in draft.approvals)
        return self.office.send(
            alert, draft.ready, approved_by=people, who=who, why=f"approved by {', '.join(people)}", now_ns=now_ns
        )

    def _check_time(self, order: Order, draft: Draft, now_ns: int) -> None:
        """Nobody is told to take shelter from what has passed."""
        if draft.kind in TAKE_SHELTER and not ahead(draft.ready.message.areas, now_ns):
            raise _refused("past", order, "is past the predicted passage or impact", "the text on debris")

    def _withdraw(self, order: Order, alert: Alert, now_ns: int) -> list[Out]:
        draft = alert.draft
        if draft is None or order.digest != draft.ready.digest:
            raise _refused("other_bytes", order, "is not of the draft as it is now", "the hash of the draft")
        why = order.words or "taken back by hand"
        alert.declined |= draft.area_ids
        alert.declined_kinds |= {draft.kind}
        if alert.sent:
            return self.office.drop(alert, who=order.person, why=why, now_ns=now_ns)
        return self.office.finish(alert, AlertStatus.WITHDRAWN, who=order.person, why=why, now_ns=now_ns)

    def _end(self, order: Order, alert: Alert, now_ns: int) -> list[Out]:
        """Send what lies ready, by one officer; without a hash, lay it ready in own words first."""
        kind = _ENDS[order.action]
        if not alert.sent:
            raise _refused("not_sent", order, "is of an alert that was never sent", "a withdrawal")
        if not order.digest:
            areas = self._areas(order, alert, now_ns) if order.areas else tuple(alert.warned.values())
            more = [area.area_id for area in areas if area.area_id not in alert.warned]
            if more:
                raise _refused("areas", order, f"adds {more[0]}", "an update, which two people approve")
            return self.office.reword(alert, kind, areas, who=order.person, words=order.words, now_ns=now_ns)
        ready = _lying_ready(order, alert, kind)
        return self.office.send(
            alert,
            ready,
            approved_by=(order.person,),
            who=order.person,
            why=order.words or f"{kind} ordered",
            now_ns=now_ns,
        )


def _draft_of(order: Order, alert: Alert, now_ns: int) -> Draft:
    """The draft, if the order means its very bytes and these are not old."""
    draft = alert.draft
    if draft is None or order.digest != draft.ready.digest:
        raise _refused("other_bytes", order, "is not of the draft as it is now", "the hash of the draft")
    if now_ns - draft.made_ns > VALID_NS:
        raise _refused("stale", order, "is of bytes that are too old", f"at most {limits.ORDER_VALID_S:g} s")
    return draft


def _check_people(order: Order, draft: Draft) -> None:
    """Different people, each in a session of their own, and none of them the author."""
    if order.person == draft.author:
        raise _refused("author", order, "is by the one who wrote it", "another person")
    if any(item.person == order.person for item in draft.approvals):
        raise _refused("twice", order, "was given by this person already", "another person")
    sessions = {item.session for item in draft.approvals} | ({draft.session} if draft.by_hand else set())
    if order.session in sessions:
        raise _refused("session", order, "comes from a session that wrote or approved it", "a session of one's own")


def _lying_ready(order: Order, alert: Alert, kind: MessageKind) -> Ready:
    for ready in alert.ready.get(kind, ()):
        if ready.digest == order.digest:
            return ready
    raise _refused("other_bytes", order, f"is not of a {kind} that lies ready", "the hash of one that does")


def _refused(reason: str, order: Order, what: str, expected: str) -> Refused:
    where = f"{order.action} of {order.alert_id[: limits.MAX_ID_LENGTH]} by {order.person}"
    return Refused(reason, where=where, what=what, expected=expected)
