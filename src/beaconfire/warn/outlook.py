"""What one picture says of one event now, as far as warning goes: threatened areas, how sure, how fresh, how many."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from beaconfire.kernel.alerts import AreaThreat, Forecast
from beaconfire.kernel.records import EventRevision, EventStatus, PictureName
from beaconfire.warn.areas import areas as known_areas
from beaconfire.warn.threats import Regime, threatened, threats

Reach = Literal["point", "boosting", "reachable_set", "lost"]

ENDED = (EventStatus.CLOSED, EventStatus.RETRACTED)
KEEP = 0.5  # of a threshold: an area once named stays until it falls below, for sampled paths waver by some per cent


@dataclass(frozen=True, slots=True)
class Outlook:
    """One picture's word on one event.

    `threats` are all areas with their probabilities, `threatened` those that the regime names, neighbours included;
    both only of the areas that the node answers for. `sources` counts the sensors and partners behind it,
    `nations` names whose they are.
    """

    event_id: str
    picture: PictureName
    status: EventStatus
    time_ns: int
    measured_ns: int
    sources: int
    nations: tuple[str, ...]
    count_at_least: int
    launch_ns: int | None
    launch_nation: str
    reach: Reach
    threats: tuple[AreaThreat, ...]
    threatened: tuple[AreaThreat, ...]

    @property
    def lost(self) -> bool:
        """Whether nothing of it is measured any more: then it neither adds areas nor lets any go."""
        return self.reach == "lost" or self.status is EventStatus.LOST

    @property
    def ended(self) -> bool:
        """Whether the event is closed or retracted in this picture."""
        return self.status in ENDED


def look(
    revision: EventRevision,
    forecast: Forecast | None,
    *,
    regime: Regime,
    areas: Sequence[str],
    measured_ns: int,
    sources: int,
) -> Outlook:
    """Return the outlook of a revision and the forecast made with it (None where nothing flies any more)."""
    every = () if forecast is None else threats(forecast, areas)
    launch = next((item.launch for item in revision.objects if item.launch is not None), None)
    ground = None if launch is None else known_areas().at(launch.latitude_deg, launch.longitude_deg)
    return Outlook(
        event_id=revision.event_id,
        picture=revision.picture,
        status=revision.status,
        time_ns=revision.issued_ns,
        measured_ns=measured_ns,
        sources=sources,
        nations=revision.contributors,
        count_at_least=revision.count_at_least,
        launch_ns=None if launch is None else launch.time_ns,
        launch_nation="" if ground is None else ground.nation,
        reach=_reach(revision, lost=forecast is not None and forecast.lost),
        threats=every,
        threatened=_ours(threatened(every, regime), areas),
    )


def named(outlook: Outlook, *, kept: Collection[str], regime: Regime) -> tuple[AreaThreat, ...]:
    """Return the areas an outlook names: those threatened, and those of `kept` that are not far below a threshold."""
    known = {area.area_id for area in outlook.threatened}
    still = (area for area in outlook.threats if area.area_id in kept and area.area_id not in known)
    return (*outlook.threatened, *(area for area in still if reaches(area, regime, share=KEEP)))


def reaches(area: AreaThreat, regime: Regime, *, share: float) -> bool:
    """Say whether an area reaches this share of one of the thresholds."""
    return area.hit_p >= share * regime.p_hit or area.pass_p >= share * regime.p_pass


def merged(words: Iterable[Sequence[AreaThreat]]) -> tuple[AreaThreat, ...]:
    """Return the areas that any of the outlooks names, each with its largest probabilities and widest time span."""
    found: dict[str, AreaThreat] = {}
    for areas in words:
        for area in areas:
            found[area.area_id] = widest(found[area.area_id], area) if area.area_id in found else area
    return in_order(found.values())


def widest(first: AreaThreat, second: AreaThreat) -> AreaThreat:
    """Return two words on one area as one: the larger probabilities, the wider time span."""
    return AreaThreat(
        area_id=first.area_id,
        hit_p=max(first.hit_p, second.hit_p),
        pass_p=max(first.pass_p, second.pass_p),
        first_ns=min(first.first_ns, second.first_ns),
        last_ns=max(first.last_ns, second.last_ns),
    )


def in_order(areas: Collection[AreaThreat]) -> tuple[AreaThreat, ...]:
    """Return areas as `threats` has them: the first to be reached first."""
    return tuple(sorted(areas, key=lambda area: (area.first_ns, area.area_id)))


def ids(areas: Collection[AreaThreat]) -> tuple[str, ...]:
    """Return the ids of areas, sorted."""
    return tuple(sorted(area.area_id for area in areas))


def _reach(revision: EventRevision, *, lost: bool) -> Reach:
    reasons = [item.impact_reason for item in revision.objects]
    if lost or revision.status is EventStatus.LOST:
        return "lost"
    if "boosting" in reasons:
        return "boosting"
    return "reachable_set" if "reachable_set" in reasons else "point"


def _ours(areas: Collection[AreaThreat], ours: Collection[str]) -> tuple[AreaThreat, ...]:
    return tuple(area for area in areas if area.area_id in ours)
