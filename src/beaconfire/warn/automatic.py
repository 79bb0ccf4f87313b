"""What goes without people: the desk's own drafts and ends, where a written rule says so and never otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertStatus, MessageKind, Ready
from beaconfire.kernel.time import from_seconds
from beaconfire.warn.case import TAKE_SHELTER, Alert
from beaconfire.warn.course import ahead
from beaconfire.warn.office import DESK, Office, Out
from beaconfire.warn.rules import Rule, warrant
from beaconfire.warn.situation import Situation

_GAP_NS = from_seconds(limits.AUTOMATIC_GAP_S)


@dataclass(frozen=True, slots=True)
class Automatic:
    """Applies the rules in force; there are none while the clock is not trusted."""

    office: Office
    rules: Sequence[Rule]

    def follow(self, alert: Alert, situation: Situation, *, now_ns: int) -> list[Out]:
        """Send the desk's own draft if a rule says so; what a person wrote waits for people."""
        draft = alert.draft
        if draft is None or draft.by_hand or alert.over:
            return []
        areas = draft.ready.message.areas
        if not alert.sent and draft.kind is not MessageKind.SHELTER:
            return []  # nothing late warns by itself
        if draft.kind in TAKE_SHELTER and not ahead(areas, now_ns):
            return []
        if draft.kind is MessageKind.UPDATE and alert.ruled_ns is not None and now_ns - alert.ruled_ns < _GAP_NS:
            return []
        rule = warrant(self.rules, draft.kind, areas, situation.live, now_ns=now_ns)
        return [] if rule is None else self._send(rule, alert, draft.ready, now_ns)

    def countdown(self, alert: Alert, *, now_ns: int) -> list[Out]:
        """At the end of a countdown a rule may end the alert; else it is said once that an officer must."""
        closing = alert.closing
        if closing is None or alert.over or now_ns < closing.due_ns:
            return []
        ready = alert.ready[closing.kind][0]
        areas = ready.message.areas
        rule = next((one for one in self.rules if one.allows(closing.kind, areas, now_ns=now_ns)), None)
        if rule is not None:
            return self._send(rule, alert, ready, now_ns)
        if closing.over:
            return []
        closing.over = True
        why = f"the countdown is over; an officer decides: {closing.why}"
        return [self.office.row(alert, AlertStatus.PROPOSED, AlertStatus.PROPOSED, DESK, why, now_ns, ready=ready)]

    def _send(self, rule: Rule, alert: Alert, ready: Ready, now_ns: int) -> list[Out]:
        alert.ruled_ns = now_ns
        who = f"rule:{rule.id}"
        return self.office.send(alert, ready, approved_by=(who,), who=who, why="the written rule holds", now_ns=now_ns)
