"""The desk's hand work: drafts are written, cancels laid ready beside them, messages sent, and every step is a row."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import msgspec

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertRow, AlertStatus, Approved, AreaThreat, MessageKind, Notice, Ready
from beaconfire.kernel.time import from_seconds
from beaconfire.warn.case import BECOMES, ENDS, PREPARED, TAKE_SHELTER, Alert, Closing, Draft, silent_channels
from beaconfire.warn.press import Press, approve
from beaconfire.warn.settings import Settings
from beaconfire.warn.threats import Regime

Out = AlertRow | Approved

PREPARED_NS = from_seconds(limits.PREPARED_S)
DESK = "desk"


@dataclass(slots=True)
class Office:
    """Works on one alert at a time. `notices` are other authorities' alerts in force."""

    settings: Settings
    regime: Regime
    press: Press
    notices: dict[str, Notice] = field(default_factory=dict)

    def proposed(self, alert: Alert, *, why: str, now_ns: int) -> list[Out]:
        """Propose an alert, with every threatened area."""
        assert alert.situation is not None, "reviewed before it is proposed"
        areas = alert.situation.threatened
        row = self.row(alert, AlertStatus.PROPOSED, None, DESK, why, now_ns)
        return [msgspec.structs.replace(row, areas=areas, count_at_least=alert.situation.count_at_least)]

    def draft(
        self,
        alert: Alert,
        kind: MessageKind,
        areas: Collection[AreaThreat],
        *,
        why: str,
        now_ns: int,
        author: str = DESK,
        session: str = "",
        words: str = "",
    ) -> list[Out]:
        """Write a message in place of the alert's draft, with its correction, cancel and all-clear."""
        ready = self._write(alert, kind, areas, now_ns=now_ns, author=author, words=words)
        previous = alert.draft.ready.stage if alert.draft is not None else None
        alert.draft = Draft(ready, now_ns, author, session)
        alert.gone_since_ns = {}
        if not alert.sent:
            previous = previous or alert.status
            alert.status = AlertStatus.DRAFTED
        rows: list[Out] = [self.row(alert, AlertStatus.DRAFTED, previous, author, why, now_ns, ready=ready)]
        self.prepare(alert, now_ns=now_ns)
        return [*rows, *self._conflicts(alert, ready, now_ns)]

    def prepare(self, alert: Alert, *, now_ns: int) -> None:
        """Lay correction, cancel and all-clear ready, of what was sent or else of the draft; the last ones stay good.

        Before anything was sent they refer to the draft, as it would be sent.
        """
        draft = alert.draft.ready if alert.draft is not None and not alert.sent else None
        areas = tuple(alert.warned.values()) or (draft.message.areas if draft is not None else ())
        alert.ready_ns = now_ns
        for kind in PREPARED:
            ready = self._write(alert, kind, areas, now_ns=now_ns, author=DESK, after=draft)
            former = alert.ready.get(kind, ())[:1] if alert.sent else ()
            alert.ready[kind] = (ready, *former)

    def reword(
        self, alert: Alert, kind: MessageKind, areas: Collection[AreaThreat], *, who: str, words: str, now_ns: int
    ) -> list[Out]:
        """Lay an end or a correction ready in a person's own words or for fewer areas."""
        ready = self._write(alert, kind, areas, now_ns=now_ns, author=who, words=words)
        alert.ready[kind] = (ready, *alert.ready.get(kind, ())[:1])
        return [self.row(alert, AlertStatus.DRAFTED, None, who, f"{kind} made ready: {words}", now_ns, ready=ready)]

    def stage(self, alert: Alert, stage: AlertStatus, *, who: str, why: str, now_ns: int) -> list[Out]:
        """Move the draft on, its bytes as they are."""
        draft = alert.draft
        assert draft is not None, "only a draft moves on"
        previous = draft.ready.stage
        people = tuple(item.person for item in draft.approvals)
        draft.ready = msgspec.structs.replace(draft.ready, stage=stage, approved_by=people)
        if not alert.sent:
            alert.status = stage
        return [self.row(alert, stage, previous, who, why, now_ns, ready=draft.ready)]

    def send(
        self, alert: Alert, ready: Ready, *, approved_by: tuple[str, ...], who: str, why: str, now_ns: int
    ) -> list[Out]:
        """Publish a message that was approved, and lay ready what may follow it."""
        done, approved = approve(ready, alert, approved_by)
        outs: list[Out] = []
        if ready.stage is not AlertStatus.APPROVED:
            outs.append(self.row(alert, AlertStatus.APPROVED, ready.stage, who, why, now_ns, ready=done))
        becomes = BECOMES[ready.kind] if alert.sent else AlertStatus.SENT
        done = msgspec.structs.replace(done, stage=becomes)
        alert.sent.append(done)
        alert.sent_ns.append(now_ns)
        alert.status = becomes
        outs += [self.row(alert, becomes, AlertStatus.APPROVED, who, why, now_ns, ready=done), approved]
        if alert.draft is not None and alert.draft.ready.identifier == ready.identifier:
            alert.draft = None
        if ready.kind in (*TAKE_SHELTER, MessageKind.CORRECTION, MessageKind.DEBRIS):
            alert.warned = {area.area_id: area for area in ready.message.areas}
        alert.count_at_least = max(alert.count_at_least, ready.message.count_at_least)
        alert.lost_said = ready.kind is MessageKind.LOST or (alert.lost_said and ready.kind is not MessageKind.UPDATE)
        alert.passed_said = ready.kind in (MessageKind.PASSED, MessageKind.DEBRIS) or (
            alert.passed_said and ready.kind is not MessageKind.UPDATE
        )
        if ready.kind in ENDS:
            self.close(alert)
        else:
            self.prepare(alert, now_ns=now_ns)
        return outs

    def drop(self, alert: Alert, *, who: str, why: str, now_ns: int) -> list[Out]:
        """Take the draft of a follow-up back; what was sent stands."""
        draft, alert.draft = alert.draft, None
        assert draft is not None, "only a draft is taken back"
        return [self.row(alert, AlertStatus.WITHDRAWN, draft.ready.stage, who, why, now_ns, ready=draft.ready)]

    def finish(self, alert: Alert, status: AlertStatus, *, who: str, why: str, now_ns: int) -> list[Out]:
        """End an alert without a message: nothing was sent, or the last message has run out."""
        ready = alert.draft.ready if alert.draft is not None else None
        previous, alert.status = alert.status, status
        self.close(alert)
        return [self.row(alert, status, previous, who, why, now_ns, ready=ready)]

    def propose(
        self, alert: Alert, kind: MessageKind, *, why: str, now_ns: int, countdown_ns: int | None = None
    ) -> list[Out]:
        """Propose an end with a countdown, its message made afresh."""
        due_ns = now_ns + (from_seconds(self.settings.times.countdown_s) if countdown_ns is None else countdown_ns)
        alert.closing = Closing(kind, why, due_ns)
        self.prepare(alert, now_ns=now_ns)
        ready = alert.ready[kind][0]
        return [self.row(alert, AlertStatus.PROPOSED, alert.status, DESK, why, now_ns, ready=ready, due_ns=due_ns)]

    def recall(self, alert: Alert, *, why: str, now_ns: int) -> list[Out]:
        """No end after all."""
        closing, alert.closing = alert.closing, None
        assert closing is not None, "only a proposed end is recalled"
        ready = alert.ready[closing.kind][0]
        return [self.row(alert, AlertStatus.WITHDRAWN, AlertStatus.PROPOSED, DESK, why, now_ns, ready=ready)]

    def silence(self, alert: Alert, *, now_ns: int) -> list[Out]:
        """Name the channels that did not say in time that they carried a message."""
        limit_ns = from_seconds(self.settings.times.receipt_s)
        outs: list[Out] = []
        for ready, sent_ns in zip(alert.sent, alert.sent_ns, strict=True):
            if ready.identifier in alert.silence_said or now_ns - sent_ns <= limit_ns:
                continue
            alert.silence_said.add(ready.identifier)
            silent = silent_channels(alert, ready)
            if silent:
                why = f"no receipt from {', '.join(silent)}"
                outs.append(self.row(alert, ready.stage, ready.stage, DESK, why, now_ns, ready=ready))
        return outs

    def close(self, alert: Alert) -> None:
        """Nothing follows any more."""
        alert.draft, alert.closing, alert.ready = None, None, {}

    def row(
        self,
        alert: Alert,
        status: AlertStatus,
        previous: AlertStatus | None,
        who: str,
        why: str,
        now_ns: int,
        *,
        ready: Ready | None = None,
        due_ns: int | None = None,
    ) -> AlertRow:
        """Return a row of the alert's log, about one of its messages if `ready` is given."""
        return AlertRow(
            alert_id=alert.alert_id,
            event_ids=tuple(alert.events),
            time_ns=now_ns,
            status=status,
            previous=previous,
            who=who,
            why=why,
            kind=None if ready is None else ready.kind,
            identifier="" if ready is None else ready.identifier,
            digest=b"" if ready is None else ready.digest,
            areas=() if ready is None else ready.message.areas,
            count_at_least=0 if ready is None else ready.message.count_at_least,
            regime=self.settings.regime.preset,
            p_hit=self.regime.p_hit,
            p_pass=self.regime.p_pass,
            beside=alert.beside,
            due_ns=due_ns,
            nations=() if alert.situation is None else alert.situation.nations,
        )

    def conflicting(self, areas: Iterable[str]) -> tuple[str, ...]:
        """Return the references of other authorities' alerts in these areas."""
        named = frozenset(areas)
        return tuple(item.reference for item in self.notices.values() if not named.isdisjoint(item.areas))

    def _conflicts(self, alert: Alert, ready: Ready, now_ns: int) -> list[Out]:
        found = self.conflicting(area.area_id for area in ready.message.areas)
        return [
            self.row(
                alert, ready.stage, ready.stage, DESK, f"another authority warns there: {one}", now_ns, ready=ready
            )
            for one in found
        ]

    def _write(
        self,
        alert: Alert,
        kind: MessageKind,
        areas: Collection[AreaThreat],
        *,
        now_ns: int,
        author: str,
        words: str = "",
        after: Ready | None = None,
    ) -> Ready:
        assert alert.situation is not None, "reviewed before anything is written"
        notices = tuple(self.notices.values())
        return self.press.write(
            alert, kind, areas, alert.situation, notices=notices, now_ns=now_ns, author=author, words=words, after=after
        )
