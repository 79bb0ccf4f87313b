"""The one function of a node: an input and a time in, the changed state and the effects out.

Order inside a step is the order of ARCHITECTURE: the OWN picture first, from own scans alone; what follows from it is
assessed and offered to partners; only then the FUSED picture takes the same scan. A partner's envelope touches the
FUSED picture alone. Each revision of either picture goes to the warning desk (`warning`) as it comes, OWN first. `step`
is synchronous, called by one task, knows no clock, disk, key or chance, and no bytes from outside can raise anything
but a typed refusal, which becomes an audit row.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.people import load_people
from beaconfire.kernel.records import EventRevision, TrackUpdate
from beaconfire.kernel.wire import body_id
from beaconfire.node.effects import Effect, ShowAudit, ShowEvent, ShowLate, ShowTrack
from beaconfire.node.inputs import (
    ClockTrouble,
    Command,
    ControlIn,
    Delivered,
    EnvelopeIn,
    Input,
    Join,
    KeyChange,
    Leave,
    NoticeIn,
    PolicyLoad,
    Restart,
    Resume,
    ScanIn,
    Suspend,
    Tick,
    WarningLoad,
)
from beaconfire.node.membership import (
    catch_up,
    follow,
    join,
    key_change,
    leave,
    membership_restart,
    notices_end,
    resume,
    start_over,
    suspend,
    time_passed,
)
from beaconfire.node.notices import notices_of, standing_notices
from beaconfire.node.outbound import narrowed, offer, release, renew, renew_by_word, send
from beaconfire.node.received import take
from beaconfire.node.state import NodeState, look_again
from beaconfire.node.status import status_offers
from beaconfire.node.warning import command, delivered, notice, trust_clock, warn, warning_load, warning_tick
from beaconfire.share import Arrival, Outcome, Proof


def step(state: NodeState, item: Input, *, now_ns: int) -> tuple[NodeState, tuple[Effect, ...]]:
    """Take one input at node time `now_ns` (it never falls) and return the state, changed in place, and the effects."""
    state.now_ns = max(state.now_ns, now_ns)
    effects = [*time_passed(state), *_HANDLERS[type(item)](state, item)]
    for product in notices_of(state, effects):
        effects += offer(state, product, tuple(state.links))
    return state, (*effects, *_audit_rows(state))


def _scan(state: NodeState, item: ScanIn) -> list[Effect]:
    measured, quarantined = state.sense.accept(item.scan, now_ns=state.now_ns)
    counts = Counter(row.reason for row in quarantined)  # a flood is one row with its count, not ten thousand
    effects: list[Effect] = [
        ShowAudit(state.now_ns, "", "detection", item.scan.sensor_id, "quarantined", "", reason, count)
        for reason, count in counts.items()
    ]
    effects += [
        ShowAudit(state.now_ns, "", "detection", sensor, "clock", "", words or "its clock may be right again")
        for sensor, words in state.sense.drain_clock_news().items()
    ]
    if measured is None:
        return effects
    effects += _own(state, state.own.scan(measured))
    effects += [
        ShowAudit(state.now_ns, "", "detection", sensor, "noise", "", _noise_words(factor))
        for sensor, factor in state.own.drain_noise_news().items()
    ]
    if state.fused is not None:
        effects += _fused(state, state.fused.scan(measured))
    compartment = state.compartments[measured.sensor_id]
    for view in state.views.values():
        for product in view.scan(measured, compartment=compartment, now_ns=state.now_ns):
            effects += offer(state, product, view.partners)
    return effects


def _noise_words(factor: float) -> str:
    if factor == 1.0:
        return "its noise is what is stated again"
    return f"its noise is more than stated: its standard deviations are taken {factor:g} times as large"


def _tick(state: NodeState, _item: Tick) -> list[Effect]:
    effects = notices_end(state)
    effects += _own(state, state.own.advance(state.now_ns))
    if state.fused is not None:
        effects += _fused(state, state.fused.advance(state.now_ns))
    revisions = state.assessor.tick(state.now_ns)
    effects += _events(state, revisions)
    for view in state.views.values():
        for product in view.advance(state.now_ns):
            effects += offer(state, product, view.partners)
    ticked = state.releaser.tick(state.now_ns)
    effects += narrowed(state, ticked.narrowed)
    for partner, product in ticked.due:
        effects += release(state, product, (partner,))
    for product in status_offers(state):
        effects += offer(state, product, tuple(state.links))
    return effects + catch_up(state) + warning_tick(state)


def _own(state: NodeState, updates: Sequence[TrackUpdate]) -> list[Effect]:
    effects: list[Effect] = [ShowTrack(update) for update in updates]
    state.telling.note(updates)
    effects += _events(state, state.assessor.update(updates, now_ns=state.now_ns))
    for update in updates:
        effects += _tell(state, update)
    return effects


def _fused(state: NodeState, updates: Sequence[TrackUpdate]) -> list[Effect]:
    for update in updates:
        state.partner_tracks.observe(update)
    effects: list[Effect] = [ShowTrack(update) for update in updates]
    return effects + _events(state, state.assessor.update(updates, now_ns=state.now_ns))


def _events(state: NodeState, revisions: Sequence[EventRevision]) -> list[Effect]:
    """Show every revision; offer those of the OWN picture and note which tracks partners are to be told of."""
    effects: list[Effect] = []
    for revision in revisions:
        effects.append(ShowEvent(revision))
        effects += warn(state, revision)
        if revision.picture != "own":
            continue
        for product in state.telling.event(revision):
            effects += offer(state, product, state.audience)
    return effects


def _tell(state: NodeState, update: TrackUpdate) -> list[Effect]:
    """Offer what an own track of an event gained since the last tracklet."""
    products = state.telling.track(update) if state.links else ()
    return [effect for product in products for effect in offer(state, product, state.audience)]


def _envelope(state: NodeState, item: EnvelopeIn) -> list[Effect]:
    link = state.links.get(item.partner)
    if link is None:
        return [_refused(state, item.partner, "envelope", "partner", "is no partner of this node")]
    try:
        arrival = link.accept(item.envelope, now_ns=state.now_ns)
        effects = [*_alarms(state, item.partner, arrival.proof), *_passed(state, item.partner, arrival)]
        taken = take(state, item, arrival)
        effects += taken.effects
        for scan in taken.scans:
            assert state.fused is not None, "a node with links keeps a FUSED picture"
            effects += _fused(state, state.fused.scan(scan))
        effects += _fused(state, taken.changed)
    except Refused as refusal:
        return [_refused(state, item.partner, "envelope", refusal.reason, str(refusal))]
    return effects + follow(state, item.partner)


def _passed(state: NodeState, nation: str, arrival: Arrival) -> list[Effect]:
    """Return what is to be shown of an arrival that is not for the picture: a late record, the end of a catch-up."""
    effects: list[Effect] = []
    release, body, ended = arrival.release, arrival.body, arrival.caught_up
    if arrival.outcome is Outcome.RECORD and release is not None and body is not None:
        effects.append(
            ShowLate(state.now_ns, nation, release.kind, body_id(body), release.time_ns, arrival.reason, release.body)
        )
    if ended is not None:
        agreed = {True: "complete", False: "differs from what came", None: "not comparable: numbers were closed"}
        text = f"{ended.count} records of this epoch, {agreed[ended.same]}"
        effects.append(ShowAudit(state.now_ns, nation, "link", "", "caught up", "", text, ended.count))
    return effects


def _control(state: NodeState, item: ControlIn) -> list[Effect]:
    link = state.links.get(item.partner)
    if link is None:
        return [_refused(state, item.partner, "control", "partner", "is no partner of this node")]
    try:
        heard = link.on_control(item.control, now_ns=state.now_ns)
    except Refused as refusal:
        return [_refused(state, item.partner, "control", refusal.reason, str(refusal))]
    effects = _alarms(state, item.partner, heard.proof)
    if not link.closed:
        effects += [send(numbered) for numbered in heard.settled.resend]
    if heard.settled.rolled_back or heard.settled.forked:
        effects += renew_by_word(state, item.partner)
    elif heard.settled.forgot:
        effects += start_over(state, item.partner)
    return effects + follow(state, item.partner)


def _restart(state: NodeState, _item: Restart) -> list[Effect]:
    effects = [effect for partner in state.links for effect in renew(state, partner, lost=False)]
    return effects + membership_restart(state)


def _alarms(state: NodeState, partner: str, proof: Proof | None) -> list[Effect]:
    if proof is None:
        return []
    reason = f"number {proof.number} of epoch {proof.epoch} has hash {proof.first.hex()} and {proof.second.hex()}"
    return [ShowAudit(state.now_ns, partner, "link", "", "equivocation", "", reason)]


def _policy(state: NodeState, item: PolicyLoad) -> list[Effect]:
    genesis = state.genesis
    try:
        people_toml = item.people_toml or genesis.people_toml
        people = load_people(people_toml, realm=genesis.realm, root=genesis.root_public, where="people.toml")
        loaded = state.releaser.load(item.policy_toml, where="policy.toml", people=people)
    except InvalidInput as error:
        return [_refused(state, "", "policy", "invalid", str(fault)) for fault in error.faults]
    look_again(state)
    effects = narrowed(state, loaded.narrowed)
    for product in standing_notices(state):
        effects += offer(state, product, tuple(state.links))
    return effects


def _clock(state: NodeState, item: ClockTrouble) -> list[Effect]:
    effects = narrowed(state, state.releaser.trust_clock(item.trusted))
    return effects + trust_clock(state, item.trusted)


def _audit_rows(state: NodeState) -> list[Effect]:
    return [
        ShowAudit(
            row.last_ns,
            row.partner,
            row.kind,
            row.local_id,
            row.verdict,
            row.rule,
            row.reason or ", ".join(row.obligations),
            row.count,
        )
        for row in state.releaser.drain_audit(now_ns=state.now_ns)
    ]


def _refused(state: NodeState, partner: str, kind: str, reason: str, text: str) -> ShowAudit:
    return ShowAudit(state.now_ns, partner, kind, "", "refused", reason, text[: limits.MAX_TEXT_LENGTH])


_HANDLERS: dict[type, Callable[[NodeState, Any], list[Effect]]] = {
    ScanIn: _scan,
    Tick: _tick,
    EnvelopeIn: _envelope,
    ControlIn: _control,
    Restart: _restart,
    PolicyLoad: _policy,
    ClockTrouble: _clock,
    Join: join,
    Suspend: suspend,
    Resume: resume,
    Leave: leave,
    KeyChange: key_change,
    WarningLoad: warning_load,
    Command: command,
    Delivered: delivered,
    NoticeIn: notice,
}
