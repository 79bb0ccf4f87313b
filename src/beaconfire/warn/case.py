"""What the desk keeps of one alert: its draft, what lies ready, what was sent, and how its areas fared."""

from dataclasses import dataclass, field

from beaconfire.kernel.alerts import AlertStatus, AlertView, AreaThreat, MessageKind, Ready
from beaconfire.warn.situation import Situation

ENDS = {
    MessageKind.CANCEL: AlertStatus.CANCELLED,
    MessageKind.ALL_CLEAR: AlertStatus.ALL_CLEAR,
}
BECOMES = {  # what an alert is once such a message follows its first
    MessageKind.SHELTER: AlertStatus.SENT,
    MessageKind.UPDATE: AlertStatus.UPDATED,
    MessageKind.PASSED: AlertStatus.UPDATED,
    MessageKind.LOST: AlertStatus.UPDATED,
    MessageKind.DEBRIS: AlertStatus.UPDATED,
    MessageKind.CORRECTION: AlertStatus.CORRECTED,
    **ENDS,
}
TAKE_SHELTER = (MessageKind.SHELTER, MessageKind.UPDATE)
PREPARED = (MessageKind.CORRECTION, MessageKind.CANCEL, MessageKind.ALL_CLEAR)
OVER = (AlertStatus.CANCELLED, AlertStatus.ALL_CLEAR, AlertStatus.EXPIRED, AlertStatus.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word for exact bytes."""

    person: str
    session: str
    issued_ns: int


@dataclass(slots=True)
class Draft:
    """A message on its way. `author` wrote it (`desk`, or a person in `session`); a changed message is a new draft."""

    ready: Ready
    made_ns: int
    author: str
    session: str = ""
    approvals: list[Approval] = field(default_factory=list)

    @property
    def by_hand(self) -> bool:
        """Whether a person wrote it: then the desk adds areas to it and takes none away."""
        return self.author != "desk"

    @property
    def kind(self) -> MessageKind:
        """What it says."""
        return self.ready.kind

    @property
    def area_ids(self) -> frozenset[str]:
        """The areas it names."""
        return frozenset(area.area_id for area in self.ready.message.areas)


@dataclass(slots=True)
class Closing:
    """An end that is proposed: which message, why, and when its countdown is over."""

    kind: MessageKind
    why: str
    due_ns: int
    over: bool = False


@dataclass(slots=True)
class Alert:
    """One alert about one event, or about several that threaten the same areas.

    `warned` are the areas as last told to the public. `last` are those that a live picture named last, before it named
    none; `held` those of each event that OWN named last while it was live. `declined` are areas that a person
    left out or whose draft a person withdrew.
    """

    alert_id: str
    events: list[str]
    opened_ns: int
    channels: tuple[str, ...] = ()
    status: AlertStatus = AlertStatus.PROPOSED
    draft: Draft | None = None
    ready: dict[MessageKind, tuple[Ready, ...]] = field(default_factory=dict)
    ready_ns: int = 0
    sent: list[Ready] = field(default_factory=list)
    sent_ns: list[int] = field(default_factory=list)  # when each went out; its own `sent` is when it was made
    numbered: int = 0
    warned: dict[str, AreaThreat] = field(default_factory=dict)
    last: tuple[AreaThreat, ...] = ()
    held: dict[str, tuple[AreaThreat, ...]] = field(default_factory=dict)
    declined: frozenset[str] = frozenset()
    declined_kinds: frozenset[MessageKind] = frozenset()
    count_at_least: int = 0
    quiet_since_ns: int | None = None
    gone_since_ns: dict[str, int] = field(default_factory=dict)
    closing: Closing | None = None
    lost_said: bool = False
    passed_said: bool = False
    ruled_ns: int | None = None  # when a rule last sent something of it
    delivered: dict[tuple[str, str], bool] = field(default_factory=dict)  # (identifier, channel): it arrived
    silence_said: set[str] = field(default_factory=set)
    beside: tuple[str, ...] = ()
    situation: Situation | None = None  # as it was when last reviewed

    def named(self) -> frozenset[str]:
        """The areas that it names, drafted or told."""
        return frozenset(self.warned) | (frozenset() if self.draft is None else self.draft.area_ids)

    @property
    def over(self) -> bool:
        """Whether nothing follows any more."""
        return self.status in OVER

    @property
    def expires_ns(self) -> int:
        """When the last of what was sent runs out."""
        return max((item.message.expires_ns for item in self.sent), default=0)


def view_of(alert: Alert, conflicts: tuple[str, ...]) -> AlertView:
    """Return an alert as people are shown it."""
    return AlertView(
        alert_id=alert.alert_id,
        event_ids=tuple(alert.events),
        status=alert.status,
        draft=None if alert.draft is None else alert.draft.ready,
        ready=tuple(ready[0] for ready in alert.ready.values()),
        sent=tuple(alert.sent),
        silent=silent_channels(alert, alert.sent[-1]) if alert.sent else (),
        conflicts=conflicts,
        due_ns=None if alert.closing is None else alert.closing.due_ns,
        nations=() if alert.situation is None else alert.situation.nations,
        measured_ns=0 if alert.situation is None else alert.situation.measured_ns,
    )


def silent_channels(alert: Alert, ready: Ready) -> tuple[str, ...]:
    """Return the channels that have not said that they carried a message."""
    return tuple(name for name in alert.channels if not alert.delivered.get((ready.identifier, name)))
