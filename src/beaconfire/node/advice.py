"""What partners said of launches and impacts, newest first, and what becomes of the FUSED picture when they take back.

A word that comes late, as history does, does not replace a newer one. A withdrawal takes out all that its originator
had put in: measurements of a track are removed and the track is computed anew, an estimate is no longer counted.
"""

from collections.abc import Sequence

from beaconfire.kernel import limits
from beaconfire.kernel.products import ImpactBody, Kind, LaunchBody, PartnerAdvice, WithdrawalBody
from beaconfire.kernel.records import TrackUpdate
from beaconfire.node.state import Advised, NodeState

_MOST = 2 * limits.MAX_PARTNER_EVENTS  # a launch and an impact of each
_OF_TRACKS = (Kind.TRAJECTORY, Kind.DETECTION)


def advise(state: NodeState, nation: str, body: LaunchBody | ImpactBody, *, time_ns: int) -> None:
    """Take a partner's estimate, unless a newer one of the same event is known."""
    heard = state.advice.setdefault(nation, {})
    key = (Kind.LAUNCH if isinstance(body, LaunchBody) else Kind.IMPACT, body.event)
    former = heard.pop(key, None)
    if former is not None and former.time_ns > time_ns:
        heard[key] = former
        return
    track = state.partner_events.get(nation, {}).get(body.event)
    fused = () if track is None else state.partner_tracks.fused_of(nation, track)
    advice = PartnerAdvice(nation, state.now_ns, body, fused)
    heard[key] = Advised(time_ns, advice)
    if len(heard) > _MOST:
        del heard[next(iter(heard))]
    state.assessor.advise(advice)


def withdraw(state: NodeState, nation: str, body: WithdrawalBody) -> Sequence[TrackUpdate]:
    """Take a partner's words back out of the FUSED picture; returns what changed in it."""
    if body.of in _OF_TRACKS:
        found = state.partner_tracks.withdraw(nation, body.id)
        return () if found is None or state.fused is None else state.fused.withdraw(*found)
    advised = state.advice.get(nation, {}).pop((body.of, body.id), None)
    if advised is not None and body.of is Kind.LAUNCH:
        state.assessor.withdraw(advised.advice)
    return ()
