"""The desk: every alert of a node from its proposal to its end, by the written rules and by what people order.

What the pictures say of events comes in (`see`), time passes (`tick`), people order, channels answer; out come rows of
the log and, at the end of one way only, messages that were approved byte for byte. That way is two people, or one
officer for an end or a correction, or a rule that the nation's root signed. The desk is pure: the same inputs give the
same rows, and it is copied whole with the node's state.
"""

from collections.abc import Iterable, Sequence

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import (
    AlertStatus,
    AlertView,
    AreaThreat,
    Delivery,
    Forecast,
    Message,
    MessageKind,
    Notice,
    Order,
)
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventRevision, PictureName
from beaconfire.kernel.time import from_seconds
from beaconfire.warn.approvals import Gate
from beaconfire.warn.automatic import Automatic
from beaconfire.warn.capxml import is_reference
from beaconfire.warn.case import Alert, view_of
from beaconfire.warn.course import Move, ahead, next_moves
from beaconfire.warn.files import read_files
from beaconfire.warn.ledger import Ledger
from beaconfire.warn.office import DESK, PREPARED_NS, Office, Out
from beaconfire.warn.orders import Orders
from beaconfire.warn.outlook import KEEP, Outlook, look, reaches
from beaconfire.warn.press import Press
from beaconfire.warn.rules import Rule
from beaconfire.warn.situation import Situation, assemble
from beaconfire.warn.threats import Regime

_SLEPT_NS = from_seconds(limits.TICK_GAP_S)
_LATE_NS = from_seconds(limits.LATE_S)
_PICTURES: tuple[PictureName, ...] = ("own", "fused")


class Desk:
    """The alerts of one node; `root` is the public key (32 bytes) that signs its people and its automatic rules."""

    def __init__(
        self,
        *,
        nation: str,
        realm: Realm,
        epoch: int,
        root: bytes,
        warning_toml: bytes,
        people_toml: bytes,
        rules: Sequence[bytes],
    ) -> None:
        """Start with no alert; raises `InvalidInput` (`Refused` for a signature) for files that are wrong."""
        self._nation, self._realm, self._epoch, self._root = nation, realm, epoch, root
        self._gate = Gate(realm, {})
        self._rules: tuple[Rule, ...] = ()
        self._outlooks: dict[str, dict[PictureName, Outlook]] = {}
        self._ledger = Ledger()
        self._alerts: dict[str, Alert] = {}
        self._ended: dict[str, Alert] = {}
        self._opened: dict[str, int] = {}
        self._declined: dict[str, frozenset[str]] = {}
        self._ticked_ns: int | None = None
        self._office = self._read(warning_toml, people_toml, rules)

    @property
    def regime(self) -> Regime:
        """The thresholds in force."""
        return self._office.regime

    def load(self, warning_toml: bytes, people_toml: bytes, rules: Sequence[bytes], *, now_ns: int) -> list[Out]:
        """Take new settings, people and rules, or none of them: raises as the constructor. Given approvals are void."""
        notices = self._office.notices
        self._office = self._read(warning_toml, people_toml, rules)
        self._office.notices = notices
        return self._void("settings, people or rules changed", now_ns)

    def see(
        self, revision: EventRevision, forecast: Forecast | None, *, measured_ns: int, sources: int, now_ns: int
    ) -> list[Out]:
        """Take one picture's revision of an event with the forecast of that moment (None where nothing flies)."""
        settings = self._office.settings
        outlook = look(
            revision, forecast, regime=self.regime, areas=settings.ours, measured_ns=measured_ns, sources=sources
        )
        return self.take(outlook, now_ns=now_ns)

    def take(self, outlook: Outlook, *, now_ns: int) -> list[Out]:
        """Take one picture's word on an event."""
        event_id = outlook.event_id
        outs: list[Out] = [*self._ledger.note(outlook, self._office)]
        self._outlooks.setdefault(event_id, {})[outlook.picture] = outlook
        alert = self._alert_of(event_id)
        if alert is None:
            outs += self._open(event_id, now_ns)
        else:
            outs += self._review(alert, now_ns)
        if all(item.ended for item in self._outlooks[event_id].values()) and self._alert_of(event_id) is None:
            self._forget(event_id)
        return outs

    def forecast_after_ns(self, event_id: str, picture: PictureName) -> int:
        """Return how long a picture's next word on an event may wait, by its last one alone."""
        outlook = self._outlooks.get(event_id, {}).get(picture)
        if outlook is None:
            return 0
        if outlook.lost:
            return from_seconds(limits.FORECAST_LOST_S)
        if any(reaches(area, self.regime, share=KEEP) for area in outlook.threats):
            return from_seconds(limits.FORECAST_S)
        return from_seconds(limits.FORECAST_BOOST_S if outlook.reach == "boosting" else limits.FORECAST_IDLE_S)

    def tick(self, *, now_ns: int) -> list[Out]:
        """Let time pass: countdowns, what runs out, who is silent. A node that slept starts its countdowns again."""
        slept = self._ticked_ns is not None and now_ns - self._ticked_ns > _SLEPT_NS
        self._ticked_ns = now_ns
        outs: list[Out] = []
        for reference in [key for key, item in self._office.notices.items() if item.expires_ns <= now_ns]:
            del self._office.notices[reference]
        for alert in list(self._alerts.values()):
            if slept:
                alert.quiet_since_ns = None
                if alert.closing is not None:
                    alert.closing.due_ns = now_ns + from_seconds(self._office.settings.times.countdown_s)
            outs += self._review(alert, now_ns)
            outs += self._automatic.countdown(alert, now_ns=now_ns)
            self._settle(alert)
            outs += self._office.silence(alert, now_ns=now_ns)
            if alert.sent and not alert.over and now_ns - alert.ready_ns >= PREPARED_NS:
                self._office.prepare(alert, now_ns=now_ns)
        return outs

    def order(self, order: Order, *, now_ns: int) -> list[Out]:
        """Carry out a person's order; raises `Refused` with its reason, and sends nothing, when a rule forbids."""
        self._gate.admit(order, now_ns=now_ns)
        orders = Orders(self._office)
        alert = self._alerts.get(order.alert_id) or self._ended.get(order.alert_id)
        if alert is not None:
            outs = orders.carry_out(order, alert, now_ns=now_ns)
            self._settle(alert)
            return outs
        where = f"{order.action} of {order.alert_id[: limits.MAX_ID_LENGTH]}"
        if (open_alert := self._alert_of(order.alert_id)) is not None:
            raise Refused("open", where=where, what="has an alert", expected=f"an order about {open_alert.alert_id}")
        if order.alert_id not in self._outlooks or len(self._alerts) >= limits.MAX_OPEN_ALERTS:
            raise Refused(
                "unknown", where=where, what="is no alert", expected="an open alert, or an open event to draft for"
            )
        alert = self._new(order.alert_id, now_ns)
        outs = orders.carry_out(order, alert, now_ns=now_ns)
        self._alerts[alert.alert_id] = alert
        return outs

    def deliver(self, delivery: Delivery, *, now_ns: int) -> list[Out]:
        """Note what a channel did with a message; raises `Refused` for a message that was never sent."""
        alert = self._alerts.get(delivery.alert_id) or self._ended.get(delivery.alert_id)
        ready = next((r for r in alert.sent if r.identifier == delivery.identifier), None) if alert else None
        if alert is None or ready is None or delivery.channel not in alert.channels:
            where = f"receipt of {delivery.channel[: limits.MAX_ID_LENGTH]}"
            raise Refused("unknown", where=where, what="is of no message of ours", expected="a message that was sent")
        key = (delivery.identifier, delivery.channel)
        if alert.delivered.get(key) is delivery.ok:
            return []
        alert.delivered[key] = delivery.ok
        verdict = "delivered to" if delivery.ok else "not delivered to"
        why = f"{verdict} {delivery.endpoint} {delivery.detail}".strip()[: limits.MAX_TEXT_LENGTH]
        who = f"channel:{delivery.channel}"
        return [self._office.row(alert, ready.stage, ready.stage, who, why, now_ns, ready=ready)]

    def notice(self, notice: Notice, *, now_ns: int, nation: str = "") -> list[Out]:
        """Note another authority's alert, or its end; raises `Refused` for one that is not in the registry.

        `nation` is the partner that brought it by the wire, "" for a person: a partner speaks for authorities that the
        registry does not know, and for those that it gives its nation, never for another's.
        """
        registry = {item.id: item.nations for item in self._office.settings.authority}
        known = nation in registry.get(notice.authority, (nation,)) if nation else notice.authority in registry
        if not known or notice.authority == self._office.settings.author:
            raise Refused(
                "authority", where="notice", what=f"is by {notice.authority[:40]!r}", expected="another of the registry"
            )
        if not is_reference(notice.reference):
            what = f"has {notice.reference[:80]!r}"
            raise Refused("reference", where="notice", what=what, expected="sender,identifier,sent of their message")
        notices = self._office.notices
        if notice.ended or notice.expires_ns <= now_ns:
            notices.pop(notice.reference, None)
            return []
        if notice.reference in notices or len(notices) >= limits.MAX_NOTICES:
            return []
        notices[notice.reference] = notice
        outs: list[Out] = []
        for alert in self._alerts.values():
            if not alert.named().isdisjoint(notice.areas):
                outs += self._refer(alert, notice, now_ns)
        return outs

    def notices(self) -> tuple[Notice, ...]:
        """Return other authorities' alerts in force."""
        return tuple(self._office.notices.values())

    def sent(self) -> dict[str, tuple[str, Message]]:
        """Return the last message of every alert that was sent: its alert and its content, by identifier."""
        alerts = (*self._ended.values(), *self._alerts.values())
        last = ((alert.alert_id, alert.sent[-1].message) for alert in alerts if alert.sent)
        return {message.identifier: (alert_id, message) for alert_id, message in last}

    def trust_clock(self, trusted: bool, *, now_ns: int) -> list[Out]:
        """While the clock is not trusted no order and no rule counts, and what was approved is void."""
        self._gate.trusted = trusted
        return [] if trusted else self._void("the clock is not trusted", now_ns)

    def alerts(self) -> tuple[AlertView, ...]:
        """Return all alerts as they stand, the ended ones first."""
        return tuple(
            view_of(alert, self._office.conflicting(alert.warned))
            for alert in (*self._ended.values(), *self._alerts.values())
        )

    # --- what is proposed ---------------------------------------------------------------------------

    def _open(self, event_id: str, now_ns: int) -> list[Out]:
        """Open an alert for a live event that threatens areas, or let it join one that names some of them already."""
        alert = self._new(event_id, now_ns)
        situation = alert.situation
        assert situation is not None, "made with the alert"
        wanted = ahead(situation.threatened, now_ns)
        late = now_ns - situation.measured_ns > _LATE_NS
        if late or not wanted.keys() - self._declined.get(event_id, frozenset()):
            return []
        for other in self._alerts.values():
            if not other.named().isdisjoint(wanted):
                other.events.append(event_id)
                return self._review(other, now_ns)
        if len(self._alerts) >= limits.MAX_OPEN_ALERTS:
            return []
        self._alerts[alert.alert_id] = alert
        self._opened[event_id] = self._opened.get(event_id, 0) + 1
        why = "areas reach a threshold"
        outs = self._office.proposed(alert, why=why, now_ns=now_ns)
        outs += self._office.draft(alert, MessageKind.SHELTER, tuple(wanted.values()), why=why, now_ns=now_ns)
        return outs + self._review(alert, now_ns)

    def _new(self, event_id: str, now_ns: int) -> Alert:
        """An alert that nobody knows of yet."""
        number = self._opened.get(event_id, 0) + 1
        alert = Alert(f"{event_id}-A{number}", [event_id], now_ns, channels=self._office.settings.channels)
        alert.situation = self._situation(alert, now_ns)
        return alert

    # --- how it goes on -----------------------------------------------------------------------------

    def _review(self, alert: Alert, now_ns: int) -> list[Out]:
        situation = alert.situation = self._situation(alert, now_ns)
        outs = self._beside(alert, situation, now_ns)
        times = self._office.settings.times
        moves = next_moves(
            alert, situation, core=self._core, valid_ns=from_seconds(times.valid_s),
            margin_ns=from_seconds(times.margin_s), now_ns=now_ns,
        )  # fmt: skip
        for move in moves:
            outs += self._do(alert, move, now_ns)
        outs += self._automatic.follow(alert, situation, now_ns=now_ns)
        self._settle(alert)
        return outs

    def _do(self, alert: Alert, move: Move, now_ns: int) -> list[Out]:
        office = self._office
        if move.what == "draft":
            assert move.kind is not None, "a draft says something"
            if alert.numbered >= limits.MAX_MESSAGES_OF_ALERT and alert.sent:
                return []
            return self._redraft(alert, move.kind, move.areas, move.why, now_ns)
        if move.what == "propose":
            assert move.kind is not None, "an end is a message"
            return office.propose(alert, move.kind, why=move.why, now_ns=now_ns)
        if move.what == "drop":
            return office.drop(alert, who=DESK, why=move.why, now_ns=now_ns)
        if move.what == "recall":
            return office.recall(alert, why=move.why, now_ns=now_ns)
        status = AlertStatus.EXPIRED if move.what == "expire" else AlertStatus.WITHDRAWN
        return office.finish(alert, status, who=DESK, why=move.why, now_ns=now_ns)

    def _redraft(
        self, alert: Alert, kind: MessageKind, areas: tuple[AreaThreat, ...], why: str, now_ns: int
    ) -> list[Out]:
        """Write the draft anew; one that a person wrote keeps its author, who still cannot approve it."""
        old = alert.draft
        if old is None or not old.by_hand or old.kind is not kind:
            return self._office.draft(alert, kind, areas, why=why, now_ns=now_ns)
        return self._office.draft(
            alert, kind, areas, why=why, now_ns=now_ns, author=old.author, session=old.session,
            words=old.ready.message.words,
        )  # fmt: skip

    def _beside(self, alert: Alert, situation: Situation, now_ns: int) -> list[Out]:
        """Say when FUSED names fewer areas than OWN: a person or a written rule may take that."""
        if situation.beside == alert.beside:
            return []
        alert.beside = situation.beside
        why = f"only OWN still names {', '.join(alert.beside)}" if alert.beside else "OWN and FUSED name the same areas"
        return [self._office.row(alert, alert.status, alert.status, DESK, why, now_ns)]

    def _refer(self, alert: Alert, notice: Notice, now_ns: int) -> list[Out]:
        """Show a second voice, and let what is not sent yet refer to it."""
        why = f"{notice.authority} warns there too: {notice.reference}"
        draft = alert.draft
        if draft is None:
            return [self._office.row(alert, alert.status, alert.status, DESK, why, now_ns)]
        return self._redraft(alert, draft.kind, draft.ready.message.areas, why, now_ns)

    def _void(self, why: str, now_ns: int) -> list[Out]:
        """Nothing that was approved before holds any more."""
        outs: list[Out] = []
        for alert in self._alerts.values():
            draft = alert.draft
            if draft is not None and draft.approvals:
                draft.approvals = []
                why_void = f"approvals are void: {why}"
                outs += self._office.stage(alert, AlertStatus.SUBMITTED, who=DESK, why=why_void, now_ns=now_ns)
        return outs

    # --- small things -------------------------------------------------------------------------------

    def _read(self, warning_toml: bytes, people_toml: bytes, rules: Sequence[bytes]) -> Office:
        loaded = read_files(warning_toml, people_toml, rules, nation=self._nation, realm=self._realm, root=self._root)
        self._gate.people, self._rules = loaded.people, loaded.rules
        return Office(loaded.settings, loaded.regime, Press(loaded.settings, self._epoch))

    @property
    def _automatic(self) -> Automatic:
        return Automatic(self._office, self._rules if self._gate.trusted else ())

    def _situation(self, alert: Alert, now_ns: int) -> Situation:
        words = [self._outlooks[event_id] for event_id in alert.events if event_id in self._outlooks]
        outlooks = [word[picture] for word in words for picture in _PICTURES if picture in word]
        for outlook in outlooks:
            if outlook.picture == "own" and not outlook.lost:
                alert.held[outlook.event_id] = outlook.threatened
        held = {area.area_id: area for areas in alert.held.values() for area in areas}
        takes = any(
            rule.takes_fused_shrink and rule.trusts(outlook, now_ns=now_ns)
            for rule in self._rules
            for outlook in outlooks
            if outlook.picture == "fused"
        )
        return assemble(outlooks, regime=self.regime, held=held, kept=alert.named(), takes_fused_shrink=takes)

    def _core(self, areas: Iterable[AreaThreat]) -> tuple[str, ...]:
        """The areas that are named for themselves, not as neighbours."""
        return tuple(area.area_id for area in areas if reaches(area, self.regime, share=KEEP))

    def _alert_of(self, event_id: str) -> Alert | None:
        return next((alert for alert in self._alerts.values() if event_id in alert.events), None)

    def _settle(self, alert: Alert) -> None:
        """Put an alert that is over among the ended ones."""
        if not alert.over or self._alerts.pop(alert.alert_id, None) is None:
            return
        self._ended[alert.alert_id] = alert
        if len(self._ended) > limits.MAX_ENDED_ALERTS:
            del self._ended[next(iter(self._ended))]
        for event_id in alert.events:
            self._declined[event_id] = self._declined.get(event_id, frozenset()) | alert.declined
            if all(item.ended for item in self._outlooks.get(event_id, {}).values()):
                self._forget(event_id)

    def _forget(self, event_id: str) -> None:
        """An event that is closed in every picture comes no more."""
        self._outlooks.pop(event_id, None)
        self._declined.pop(event_id, None)
        self._opened.pop(event_id, None)
        self._ledger.forget(event_id)
