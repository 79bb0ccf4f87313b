"""What the corridor does for the warning desk: brings it each event with its forecast, orders, receipts and time.

A node without `warning.toml` has no desk and does nothing here. Forecasts cost more than revisions: the desk says when
it needs the next one of an event and picture; a changed status gets one at once.
"""

from collections.abc import Callable, Sequence

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertRow, Approved
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.records import EventRevision
from beaconfire.node.effects import Effect, Publish, ShowAlert, ShowAudit
from beaconfire.node.inputs import Command, Delivered, NoticeIn, WarningLoad
from beaconfire.node.state import NodeState, make_desk
from beaconfire.warn import ENDED, Desk


def warn(state: NodeState, revision: EventRevision) -> list[Effect]:
    """Bring the desk a revision with the forecast of this moment, and its tracks' age and sources."""
    desk, key = state.desk, (revision.event_id, revision.picture)
    if desk is None:
        return []
    status, last_ns = state.forecast_at.get(key, (None, 0))
    waits_ns = desk.forecast_after_ns(*key)
    if revision.status == status and state.now_ns - last_ns < waits_ns:
        return []
    state.forecast_at[key] = (revision.status, state.now_ns)
    if revision.status in ENDED:
        del state.forecast_at[key]
    forecast = state.assessor.forecast(revision.event_id, revision.picture, now_ns=state.now_ns)
    measured_ns, sources = _behind(state, revision)
    return effects_of(desk.see(revision, forecast, measured_ns=measured_ns, sources=sources, now_ns=state.now_ns))


def warning_tick(state: NodeState) -> list[Effect]:
    """Let the desk's time pass."""
    return [] if state.desk is None else effects_of(state.desk.tick(now_ns=state.now_ns))


def trust_clock(state: NodeState, trusted: bool) -> list[Effect]:
    """Tell the desk whether the clock is trusted."""
    return [] if state.desk is None else effects_of(state.desk.trust_clock(trusted, now_ns=state.now_ns))


def command(state: NodeState, item: Command) -> list[Effect]:
    """Carry out a person's order, or say why not."""
    return _asked(state, item.alert_id, lambda desk: desk.order(item, now_ns=state.now_ns))


def delivered(state: NodeState, item: Delivered) -> list[Effect]:
    """Note a channel's receipt."""
    return _asked(state, item.alert_id, lambda desk: desk.deliver(item, now_ns=state.now_ns))


def notice(state: NodeState, item: NoticeIn) -> list[Effect]:
    """Note another authority's alert."""
    return _asked(state, item.reference, lambda desk: desk.notice(item, now_ns=state.now_ns))


def warning_load(state: NodeState, item: WarningLoad) -> list[Effect]:
    """Take new warning files as a whole, or refuse them and keep the old."""
    try:
        if state.desk is not None:
            return effects_of(state.desk.load(item.warning_toml, item.people_toml, item.rules, now_ns=state.now_ns))
        state.desk = make_desk(
            state.genesis, warning_toml=item.warning_toml, people_toml=item.people_toml, rules=item.rules
        )
    except InvalidInput as error:
        reason = error.reason if isinstance(error, Refused) else "invalid"
        return [_refused(state, "warning", reason, str(fault)) for fault in error.faults]
    return []


def _behind(state: NodeState, revision: EventRevision) -> tuple[int, int]:
    """When anything of an event was last measured, and how many sensors and partners ever measured it."""
    tracker = state.own if revision.picture == "own" else state.fused
    current = {} if tracker is None else tracker.current()
    tracks = [current[name] for item in revision.objects for name in item.track_ids if name in current]
    sensors = {sensor for track in tracks for sensor in track.sensors}
    return max((track.last_measured_ns for track in tracks), default=0), len(sensors)


def _asked(state: NodeState, subject: str, ask: Callable[[Desk], Sequence[AlertRow | Approved]]) -> list[Effect]:
    if state.desk is None:
        return [_refused(state, subject, "no_desk", "this node warns nobody: it has no warning.toml")]
    try:
        return effects_of(ask(state.desk))
    except InvalidInput as error:  # a person's words may make a text that may not be said
        reason = error.reason if isinstance(error, Refused) else "invalid"
        return [_refused(state, subject, reason, str(error))]


def effects_of(outs: Sequence[AlertRow | Approved]) -> list[Effect]:
    """Return what the shell is to do of what a desk gave out."""
    return [Publish(item) if isinstance(item, Approved) else ShowAlert(item) for item in outs]


def _refused(state: NodeState, subject: str, reason: str, text: str) -> ShowAudit:
    subject = subject[: limits.MAX_ID_LENGTH]
    return ShowAudit(state.now_ns, "", "alert", subject, "refused", reason, text[: limits.MAX_TEXT_LENGTH])
