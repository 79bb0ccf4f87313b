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
from beaconfire.kernel.products import (
    AlertNoticeBody,
    Body,
    ImpactBody,
    LaunchBody,
    PartnerAdvice,
    Product,
    Released,
    TrajectoryBody,
)
from beaconfire.kernel.records import EventRevision, EventStatus, TrackStatus, TrackUpdate
from beaconfire.node.effects import Effect, Purge, Send, ShowAudit, ShowEvent, ShowTrack
from beaconfire.node.inputs import (
    ClockTrouble,
    Command,
    ControlIn,
    Delivered,
    EnvelopeIn,
    Input,
    NoticeIn,
    PolicyLoad,
    Restart,
    ScanIn,
    Tick,
    WarningLoad,
)
from beaconfire.node.notices import counts, notices_of, standing_notices, take_notice
from beaconfire.node.offers import event_offers, received_tracklet, trajectory_offer
from beaconfire.node.state import NodeState
from beaconfire.node.warning import command, delivered, notice, trust_clock, warn, warning_load, warning_tick
from beaconfire.share import Numbered, Outcome, Proof

_SHARED = (EventStatus.SUSPECTED, EventStatus.CONFIRMED, EventStatus.LOST)


def step(state: NodeState, item: Input, *, now_ns: int) -> tuple[NodeState, tuple[Effect, ...]]:
    """Take one input at node time `now_ns` (it never falls) and return the state, changed in place, and the effects."""
    state.now_ns = max(state.now_ns, now_ns)
    effects = _HANDLERS[type(item)](state, item)
    for product in notices_of(state, effects):
        effects += _release(state, product, tuple(state.links))
    return state, (*effects, *_audit_rows(state))


def _scan(state: NodeState, item: ScanIn) -> list[Effect]:
    measured, quarantined = state.sense.accept(item.scan, now_ns=state.now_ns)
    counts = Counter(row.reason for row in quarantined)  # a flood is one row with its count, not ten thousand
    effects: list[Effect] = [
        ShowAudit(state.now_ns, "", "detection", item.scan.sensor_id, "quarantined", "", reason, count)
        for reason, count in counts.items()
    ]
    if measured is None:
        return effects
    effects += _own(state, state.own.scan(measured))
    if state.fused is not None:
        effects += _fused(state, state.fused.scan(measured))
    return effects


def _tick(state: NodeState, _item: Tick) -> list[Effect]:
    effects = _own(state, state.own.advance(state.now_ns))
    if state.fused is not None:
        effects += _fused(state, state.fused.advance(state.now_ns))
    revisions = state.assessor.tick(state.now_ns)
    effects += _events(state, revisions)
    ticked = state.releaser.tick(state.now_ns)
    effects += _narrowed(state, ticked.narrowed)
    for partner, product in ticked.due:
        effects += _release(state, product, (partner,))
    return effects + warning_tick(state)


def _own(state: NodeState, updates: Sequence[TrackUpdate]) -> list[Effect]:
    effects: list[Effect] = [ShowTrack(update) for update in updates]
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
        status = (revision.status, revision.count_at_least)
        urgent = state.event_status.get(revision.event_id) != status
        state.event_status[revision.event_id] = status
        if revision.status in _SHARED:
            for assessed in revision.objects:
                for track_id in assessed.track_ids:
                    state.told[track_id] = assessed
        for product in event_offers(revision, urgent=urgent):
            if state.offered.get((product.kind, product.local_id)) != product.body:  # said once is said
                state.offered[product.kind, product.local_id] = product.body
                effects += _release(state, product, tuple(state.links))
    return effects


def _tell(state: NodeState, update: TrackUpdate) -> list[Effect]:
    """Offer what an own track of an event gained since the last tracklet."""
    if update.replaces in state.told:
        state.told[update.track_id] = state.told.pop(update.replaces)
        state.tracklets.forget(update.replaces)
    told = state.told.get(update.track_id)
    if update.status is TrackStatus.ENDED:
        state.tracklets.forget(update.track_id)
        state.told.pop(update.track_id, None)
        return []
    if told is None or not state.links:
        return []
    tracklet = state.tracklets.observe(update)
    if tracklet is None:
        return []
    product = trajectory_offer(tracklet, update, told)
    return _release(state, product, tuple(state.links))


def _release(state: NodeState, product: Product, partners: Sequence[str], *, again: bool = False) -> list[Effect]:
    """Decide a product for partners now and number what may go; `again`: it went before and was not received."""
    effects: list[Effect] = []
    for partner in partners:
        decision = state.releaser.decide(product, partner, now_ns=state.now_ns, again=again)
        if isinstance(decision, Released):
            effects.append(_send(state.links[partner].number(decision, now_ns=state.now_ns)))
    return effects


def _send(numbered: Numbered) -> Send:
    return Send(
        partner=numbered.partner,
        number=numbered.number,
        generation=numbered.generation,
        kind=numbered.kind,
        local_id=numbered.local_id,
        subject=numbered.subject,
        unsigned=numbered.unsigned,
    )


def _envelope(state: NodeState, item: EnvelopeIn) -> list[Effect]:
    link = state.links.get(item.partner)
    if link is None:
        return [_refused(state, item.partner, "envelope", "partner", "is no partner of this node")]
    try:
        arrival = link.accept(item.envelope, now_ns=state.now_ns)
        effects = _alarms(state, item.partner, arrival.proof)
        if isinstance(arrival.body, AlertNoticeBody) and arrival.release is not None and counts(arrival):
            effects += take_notice(state, item.partner, arrival.body, revision=arrival.release.revision)
        elif arrival.outcome is Outcome.APPLY and arrival.body is not None:
            effects += _take(state, item.partner, arrival.body)
    except Refused as refusal:
        return [_refused(state, item.partner, "envelope", refusal.reason, str(refusal))]
    return effects


def _take(state: NodeState, nation: str, body: Body) -> list[Effect]:
    """Let one verified, once-accepted record of a partner into the FUSED picture."""
    assert state.fused is not None, "a node with links keeps a FUSED picture"
    if isinstance(body, TrajectoryBody):
        tracklet = received_tracklet(nation, body, where=f"trajectory {body.track} of {nation}")
        _note_event(state.partner_events.setdefault(nation, {}), body)
        scan = state.partner_tracks.measure(tracklet, state.fused.current())
        return [] if scan is None else _fused(state, state.fused.scan(scan))
    if isinstance(body, LaunchBody | ImpactBody):
        track = state.partner_events.get(nation, {}).get(body.event)
        fused = () if track is None else state.partner_tracks.fused_of(nation, track)
        state.assessor.advise(PartnerAdvice(nation, state.now_ns, body, fused))
    return []


def _note_event(tracks: dict[str, str], body: TrajectoryBody) -> None:
    tracks[body.event] = body.track
    if len(tracks) > limits.MAX_PARTNER_EVENTS:
        del tracks[next(iter(tracks))]


def _control(state: NodeState, item: ControlIn) -> list[Effect]:
    link = state.links.get(item.partner)
    if link is None:
        return [_refused(state, item.partner, "control", "partner", "is no partner of this node")]
    try:
        heard = link.on_control(item.control, now_ns=state.now_ns)
    except Refused as refusal:
        return [_refused(state, item.partner, "control", refusal.reason, str(refusal))]
    effects = _alarms(state, item.partner, heard.proof)
    effects += [_send(numbered) for numbered in heard.settled.resend]
    if heard.settled.rolled_back or heard.settled.forked:
        effects += _renew(state, item.partner, lost=True)
    return effects


def _restart(state: NodeState, _item: Restart) -> list[Effect]:
    return [effect for partner in state.links for effect in _renew(state, partner, lost=False)]


def _renew(state: NodeState, partner: str, *, lost: bool) -> list[Effect]:
    """Start a new epoch towards a partner and release again, under today's policy, what no receipt covers."""
    products = state.links[partner].renew(now_ns=state.now_ns, lost=lost)
    return [effect for product in products for effect in _release(state, product, (partner,), again=True)]


def _alarms(state: NodeState, partner: str, proof: Proof | None) -> list[Effect]:
    if proof is None:
        return []
    reason = f"number {proof.number} of epoch {proof.epoch} has hash {proof.first.hex()} and {proof.second.hex()}"
    return [ShowAudit(state.now_ns, partner, "link", "", "equivocation", "", reason)]


def _policy(state: NodeState, item: PolicyLoad) -> list[Effect]:
    try:
        loaded = state.releaser.load(item.policy_toml, where="policy.toml")
    except InvalidInput as error:
        return [_refused(state, "", "policy", "invalid", str(fault)) for fault in error.faults]
    state.offered.clear()  # a wider grant may let go what is still true
    effects = _narrowed(state, loaded.narrowed)
    for product in standing_notices(state):
        effects += _release(state, product, tuple(state.links))
    return effects


def _clock(state: NodeState, item: ClockTrouble) -> list[Effect]:
    effects = _narrowed(state, state.releaser.trust_clock(item.trusted))
    return effects + trust_clock(state, item.trusted)


def _narrowed(state: NodeState, partners: Sequence[str]) -> list[Effect]:
    """Purge what a narrowed policy left queued, void those numbers, and release again what it still allows."""
    effects: list[Effect] = []
    for partner in partners:
        link, generation = state.links.get(partner), state.releaser.generation(partner)
        if link is None:  # the policy names a nation this node is not joined with
            continue
        effects.append(Purge(partner, generation))
        void, products = link.void_unreceipted(generation=generation, now_ns=state.now_ns)
        if void is not None:
            effects.append(_send(void))
        for product in products:
            effects += _release(state, product, (partner,), again=True)
    return effects


def _audit_rows(state: NodeState) -> list[Effect]:
    return [
        ShowAudit(row.last_ns, row.partner, row.kind, row.local_id, row.verdict, row.rule, row.reason, row.count)
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
    WarningLoad: warning_load,
    Command: command,
    Delivered: delivered,
    NoticeIn: notice,
}
