"""The pictures' words on an alert's events put together: partner data may add or enlarge, never make smaller alone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AreaThreat
from beaconfire.kernel.records import EventStatus
from beaconfire.kernel.time import from_seconds
from beaconfire.warn.outlook import Outlook, Reach, ids, in_order, merged, named
from beaconfire.warn.threats import Regime

FRESH_NS = from_seconds(limits.FRESH_S)


@dataclass(frozen=True, slots=True)
class Situation:
    """What holds now for the events of one alert.

    `threatened` is what some live picture names, with what OWN named last and only FUSED no longer does (`beside`).
    `lost`: nothing is measured any more and nothing has ended; `ended`: every picture has closed every event.
    """

    threatened: tuple[AreaThreat, ...]
    beside: tuple[str, ...]
    live: tuple[Outlook, ...]
    lost: bool
    ended: bool
    retracted: bool
    count_at_least: int
    launch_ns: int | None
    launch_nation: str
    reach: Reach
    measured_ns: int
    nations: tuple[str, ...]


def assemble(
    outlooks: Sequence[Outlook],
    *,
    regime: Regime,
    held: Mapping[str, AreaThreat],
    kept: Collection[str] = (),
    takes_fused_shrink: bool = False,
) -> Situation:
    """Return the situation of these outlooks (OWN before FUSED, event by event).

    `kept` are the areas that the alert names already: they stay until they are well below the thresholds.
    `held` are areas that OWN named while it was live. When OWN is lost and FUSED lives, FUSED alone cannot take them
    away, unless `takes_fused_shrink`: then what it no longer names is gone.
    """
    live = tuple(item for item in outlooks if not item.lost and not item.ended)
    ended = all(item.ended for item in outlooks)
    own = merged(named(item, kept=kept, regime=regime) for item in live if item.picture == "own")
    fused = merged(named(item, kept=kept, regime=regime) for item in live if item.picture == "fused")
    own_named, fused_named = set(ids(own)), ids(fused)
    if any(item.picture == "own" and item.lost and not item.ended for item in outlooks):
        own_named |= held.keys()
    beside: tuple[str, ...] = ()
    if any(item.picture == "fused" for item in live):
        beside = tuple(area for area in sorted(own_named) if area not in fused_named)
    threatened = {area.area_id: area for area in merged((own, fused))}
    if live:
        for area_id in beside:
            if takes_fused_shrink:
                threatened.pop(area_id, None)
            elif area_id not in threatened:
                threatened[area_id] = held[area_id]
    speaker = _speaker(outlooks, live)
    return Situation(
        threatened=in_order(threatened.values()),
        beside=beside,
        live=live,
        lost=not live and not ended,
        ended=ended,
        retracted=ended and all(item.status is EventStatus.RETRACTED for item in outlooks),
        count_at_least=_count(outlooks),
        launch_ns=speaker.launch_ns,
        launch_nation=speaker.launch_nation,
        reach=speaker.reach,
        measured_ns=max((item.measured_ns for item in live), default=0),
        nations=tuple(sorted({nation for item in outlooks for nation in item.nations})),
    )


def passed(last: Collection[AreaThreat], situation: Situation, *, core: Collection[str], now_ns: int) -> bool:
    """Say whether the areas named last were passed, and not spared: their time had come, and it was measured beyond.

    `core` are the ids that were threatened themselves, not as neighbours. A lost track never passes anything.
    """
    times = [area.first_ns for area in last if area.area_id in core]
    fresh = bool(situation.live) and now_ns - situation.measured_ns <= FRESH_NS
    return fresh and bool(times) and max(times) <= now_ns


def _count(outlooks: Sequence[Outlook]) -> int:
    """The counts of different events add up; of one event the larger of both pictures holds."""
    counts: dict[str, int] = {}
    for item in outlooks:
        counts[item.event_id] = max(item.count_at_least, counts.get(item.event_id, 1))
    return sum(counts.values())


def _speaker(outlooks: Sequence[Outlook], live: Sequence[Outlook]) -> Outlook:
    """The outlook that speaks for launch and reach: a live one of OWN, else a live one, else the first."""
    own = [item for item in live if item.picture == "own"]
    return (own or list(live) or list(outlooks))[0]
