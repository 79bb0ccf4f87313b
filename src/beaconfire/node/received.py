"""What one verified record of a partner does here: into the FUSED picture, to the desk, shown as its word, passed on.

A record counts as its originator's, whoever brought it. Nothing here touches OWN.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from beaconfire.fuse import NOTICED
from beaconfire.kernel import limits
from beaconfire.kernel.products import (
    AlertNoticeBody,
    AssessmentBody,
    DetectionBody,
    ImpactBody,
    Kind,
    LaunchBody,
    ReleasedBody,
    SensorStatusBody,
    TrajectoryBody,
    WithdrawalBody,
)
from beaconfire.kernel.records import CLASSES, KINDS, MeasurementScan, TrackUpdate
from beaconfire.kernel.time import format_utc
from beaconfire.node.advice import advise, withdraw
from beaconfire.node.effects import Effect, ShowAudit, ShowPartner
from beaconfire.node.inputs import EnvelopeIn
from beaconfire.node.notices import counts, take_notice
from beaconfire.node.offers import received_looks, received_tracklet
from beaconfire.node.outbound import offer
from beaconfire.node.relay import next_stops, relayed_product
from beaconfire.node.state import NodeState
from beaconfire.share import Arrival, Outcome


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a record: effects, what the FUSED tracker is to take, and what changed in it, in this order."""

    effects: list[Effect]
    scans: tuple[MeasurementScan, ...] = ()
    changed: Sequence[TrackUpdate] = ()


def take(state: NodeState, item: EnvelopeIn, arrival: Arrival) -> Taken:
    """Let one accepted record have its effect, once; raises `Refused` for a state or covariance that is none."""
    release, body = arrival.release, arrival.body
    if release is None or not isinstance(body, ReleasedBody) or arrival.outcome is Outcome.NOTHING:
        return Taken([])
    nation = release.originator
    if nation not in state.links:
        text = f"words of {nation}, passed on by {item.partner}: it is not pinned here"
        return Taken([ShowAudit(state.now_ns, item.partner, release.kind, "", "refused", "unpinned", text)])
    if isinstance(body, AlertNoticeBody):
        effects = take_notice(state, nation, body, revision=release.revision) if counts(arrival) else []
        return Taken([*effects, *_pass_on(state, item, arrival, body)])
    if arrival.outcome is not Outcome.APPLY:
        return Taken([])
    taken = _apply(state, nation, body, time_ns=release.time_ns)
    return Taken([*taken.effects, *_pass_on(state, item, arrival, body)], taken.scans, taken.changed)


def _apply(state: NodeState, nation: str, body: ReleasedBody, *, time_ns: int) -> Taken:
    assert state.fused is not None, "a node with links keeps a FUSED picture"
    if isinstance(body, TrajectoryBody):
        tracklet = received_tracklet(nation, body, where=f"trajectory {body.track} of {nation}")
        _note_event(state.partner_events.setdefault(nation, {}), body)
        scan = state.partner_tracks.measure(tracklet, state.fused.current())
        return Taken(_doubts(state) + _flood(state), _scans(scan))
    if isinstance(body, DetectionBody):
        looks = received_looks(nation, body)
        scans = state.partner_tracks.measure_looks(nation, body.track, body.batch_id, looks)
        return Taken(_flood(state), scans)
    if isinstance(body, AssessmentBody | SensorStatusBody):
        return Taken([_told(state, nation, body)])
    if isinstance(body, LaunchBody | ImpactBody):
        advise(state, nation, body, time_ns=time_ns)
        return Taken([ShowPartner(nation, state.now_ns, body)])
    if isinstance(body, WithdrawalBody):
        return Taken([ShowPartner(nation, state.now_ns, body)], changed=withdraw(state, nation, body))
    return Taken([])


def _scans(scan: MeasurementScan | None) -> tuple[MeasurementScan, ...]:
    return () if scan is None else (scan,)


def _flood(state: NodeState) -> list[Effect]:
    """Say who has more live tracks than one partner may have here."""
    text = f"more than {limits.MAX_PARTNER_TRACKS} live tracks: what is beyond them is not taken"
    return [
        ShowAudit(state.now_ns, nation, Kind.TRAJECTORY, "", "refused", "tracks", text, count)
        for nation, count in state.partner_tracks.drain_flood().items()
    ]


def _doubts(state: NodeState) -> list[Effect]:
    """Say whose tracklets scatter more than they claim, and when that ends."""
    return [
        ShowAudit(
            state.now_ns, nation, Kind.TRAJECTORY, "", "doubted" if factor >= NOTICED else "believed", "scatter",
            f"its tracklets scatter as if their covariances were {factor:.1f} times what they say; taken so",
        )
        for nation, factor in state.partner_tracks.trust.drain().items()
    ]  # fmt: skip


def _told(state: NodeState, nation: str, body: AssessmentBody | SensorStatusBody) -> ShowAudit:
    """Show a partner's word as its word: no picture of ours takes it."""
    if isinstance(body, SensorStatusBody):
        text = f"{body.state} since {format_utc(body.since_ns)}"
        return ShowAudit(state.now_ns, nation, Kind.SENSOR_STATUS, body.sensor, "told", "", text)
    kind, missile = (_most_probable(*pair) for pair in ((KINDS, body.kinds), (CLASSES, body.classes)))
    text = f"{body.status}, at least {body.count_at_least}: {kind}, {missile}{', lost' if body.lost else ''}"
    return ShowAudit(state.now_ns, nation, Kind.ASSESSMENT, body.event, "told", "", text)


def _most_probable(names: tuple[str, ...], probabilities: tuple[float, ...]) -> str:
    probability, name = max(zip(probabilities, names, strict=True))
    return f"{name} {probability:.2f}"


def _note_event(tracks: dict[str, str], body: TrajectoryBody) -> None:
    tracks[body.event] = body.track
    if len(tracks) > limits.MAX_PARTNER_EVENTS:
        del tracks[next(iter(tracks))]


def _pass_on(state: NodeState, item: EnvelopeIn, arrival: Arrival, body: ReleasedBody) -> list[Effect]:
    """Offer a record to those on its onward list, as our own policy lets it go."""
    release = arrival.release
    assert release is not None, "only a release has an onward list"
    stops = next_stops(release, sender=item.partner, links=tuple(state.links))
    if not stops or arrival.outcome is not Outcome.APPLY:
        return []
    content = arrival.envelope.content
    return offer(state, relayed_product(release, body, content=content, signature=item.origin_signature), stops)
