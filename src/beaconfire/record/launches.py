"""From claims to launches: which statements are of one launch, by time, place and class.

The trap avoided: sources differ by minutes and tens of kilometres, and a salvo is one line here and seven there; yet
two launches half an hour apart are two. Claims are taken in order of time (never of arrival) and join the nearest
launch within the gate; those with only a date join afterwards, where their figures fit best. Disagreement is kept:
nothing here averages.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import NS_PER_S
from beaconfire.record.claims import LADDER, SENSED, STATED_CLASSES, Claim, CountBound, local_clock

GATE_NS = 300 * NS_PER_S  # sources differ by up to five minutes
SALVO_GATE_NS = 600 * NS_PER_S  # several missiles take their time: nine minutes on 5 November 2024
_ONE_EVENT_NS = 3 * 3600 * NS_PER_S  # the longest flight to be lost and found takes little more than an hour
SAME_PLACE_M = 100e3  # sources name places up to some 40 km apart; two sites fired from at once are further
_EARTH_RADIUS_M = 6_371_008.8
_SEA_BASED = frozenset({"SLBM", "HGV", "unknown"})  # say nothing of the distance


@dataclass(frozen=True, slots=True)
class Launch:
    """The claims of one launch (a salvo is one), in order of time; `history` holds what their sources replaced.

    `established` is false for what a single unrated source says.
    """

    id: str
    claims: tuple[Claim, ...]
    history: tuple[Claim, ...] = ()

    @property
    def established(self) -> bool:
        """Whether a rated source, or two sources, say so."""
        return any(claim.confidence for claim in self.claims) or len({claim.source for claim in self.claims}) > 1

    @property
    def time_ns(self) -> int:
        """The earliest announced time; of claims with a clock where there are any."""
        return (self.claims or self.history)[0].time_ns

    @property
    def local_date(self) -> str:
        """The local date, `YYYY-MM-DD`."""
        return (self.claims or self.history)[0].local_date

    @property
    def clock(self) -> str:
        """The local clock of the earliest claim that gives one, or nothing."""
        first = (self.claims or self.history)[0]
        return "" if first.dated_only else local_clock(first.time_ns, utc_offset_min=first.utc_offset_min)

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class that a source stated, the shortest reach first."""
        stated = {name for claim in self.claims for name in claim.classes}
        return tuple(sorted(stated - {"unknown"} or stated, key=STATED_CLASSES.index))

    @property
    def count(self) -> "Count":
        """How many missiles, as far as the sources agree."""
        return count_of(self.claims)


@dataclass(frozen=True, slots=True)
class Count:
    """A number of missiles between bounds; `most` is None where nobody gives an exact one."""

    least: int
    most: int | None

    def __str__(self) -> str:
        """For people: `7`, `at least 7`, `1 to 3`."""
        if self.most is None:
            return f"at least {self.least}"
        return f"{self.least}" if self.most == self.least else f"{self.least} to {self.most}"


def associate(claims: Iterable[Claim], *, unrated: bool = False) -> tuple[Launch, ...]:
    """Return the launches that claims speak of, in order of time; the order of the claims does not matter.

    What a single unrated source says is no launch; with `unrated` it is returned too, not `established`. Claims of
    exercises are never mixed with real ones: they come as launches of their own.
    """
    latest, history = _editions(claims)
    groups: list[list[Claim]] = []
    for realm in Realm:
        mine = sorted((claim for claim in latest if claim.realm is realm), key=_order)
        by_clock = _grouped([claim for claim in mine if not claim.dated_only])
        groups += _with_dates(by_clock, [claim for claim in mine if claim.dated_only])
    launches = _numbered([_launch(group, history) for group in groups])
    return tuple(launch for launch in launches if unrated or launch.established)


def count_of(claims: Sequence[Claim]) -> Count:
    """Return how many missiles claims speak of; a source's several claims add up, sources do not."""
    sums: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.count is not None:
            sums[claim.source].append(claim)
    exact, least = [], [1]
    for mine in sums.values():
        total = sum(claim.count or 0 for claim in mine)
        if all(claim.count_bound is CountBound.EXACT for claim in mine):
            exact.append(total)
        else:
            least.append(total)
    if not exact:
        return Count(max(least), None)
    if max(least) > min(exact):  # one counts more than another's exact number: both are shown
        return Count(min(exact), max(*exact, *least) if max(exact) >= max(least) else None)
    return Count(min(exact), max(exact))


def distance_m(a: Claim, b: Claim) -> float | None:
    """Return the distance between two claimed launch points on the sphere, None if one is not stated."""
    if a.latitude_deg is None or a.longitude_deg is None or b.latitude_deg is None or b.longitude_deg is None:
        return None
    lat1, lat2 = math.radians(a.latitude_deg), math.radians(b.latitude_deg)
    half_lat, half_lon = (lat2 - lat1) / 2.0, math.radians(b.longitude_deg - a.longitude_deg) / 2.0
    h = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2.0 * _EARTH_RADIUS_M * math.asin(min(math.sqrt(h), 1.0))


def compatible(a: Claim, b: Claim) -> bool:
    """Return whether place and class of two claims may be of one launch: what one does not state excludes nothing."""
    apart = distance_m(a, b)
    return (apart is None or apart <= SAME_PLACE_M) and _same_class(a.classes, b.classes)


def _editions(claims: Iterable[Claim]) -> tuple[list[Claim], dict[str, list[Claim]]]:
    """The statement that counts of each source, and what came before it, by the id of the one that counts."""
    by_statement: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in {claim.id: claim for claim in claims}.values():
        by_statement[_statement(claim)].append(claim)
    latest: list[Claim] = []
    history: dict[str, list[Claim]] = {}
    for stated in by_statement.values():
        for editions in _of_one_event(stated):
            editions.sort(key=lambda claim: (claim.edition, claim.id))
            latest.append(editions[-1])
            history[editions[-1].id] = editions[:-1]
    return latest, history


def _of_one_event(claims: list[Claim]) -> list[list[Claim]]:
    """The claims of one statement. Machines count their events anew with every journal: hours apart are two events."""
    if claims[0].source_class not in SENSED:
        return [claims]
    apart: list[list[Claim]] = []
    for claim in sorted(claims, key=_order):
        if apart and claim.time_ns - apart[-1][-1].time_ns <= _ONE_EVENT_NS:
            apart[-1].append(claim)
        else:
            apart.append([claim])
    return apart


def _statement(claim: Claim) -> tuple[str, str]:
    return (f"{claim.realm} {claim.source}", claim.statement or claim.id)


def _order(claim: Claim) -> tuple[int, str, str]:
    return (claim.time_ns, claim.source, claim.id)


def _place_in_record(group: Sequence[Claim]) -> tuple[int, str, tuple[int, str, str]]:
    return list(Realm).index(group[0].realm), group[0].local_date, _order(group[0])


def _grouped(claims: Sequence[Claim]) -> list[list[Claim]]:
    """Claims with a clock, in order of time, as groups of one launch each."""
    groups: list[list[Claim]] = []
    open_groups: list[list[Claim]] = []
    for claim in claims:
        open_groups = [group for group in open_groups if claim.time_ns - _latest_ns(group) <= SALVO_GATE_NS]
        near = [group for group in open_groups if _within_gate(group, claim)]
        fits = [group for group in near if all(compatible(claim, other) for other in group)]
        if fits:
            max(fits, key=_latest_ns).append(claim)
        else:
            groups.append([claim])
            open_groups.append(groups[-1])
    return groups


def _within_gate(group: Sequence[Claim], claim: Claim) -> bool:
    several = any((other.count or 1) > 1 for other in (*group, claim))
    return claim.time_ns - _latest_ns(group) <= (SALVO_GATE_NS if several else GATE_NS)


def _latest_ns(group: Sequence[Claim]) -> int:
    return max(other.latest_ns for other in group)


def _with_dates(groups: list[list[Claim]], claims: Sequence[Claim]) -> list[list[Claim]]:
    """The groups, in order of local date, with the claims that have only a date put to them."""
    by_date: dict[str, list[list[Claim]]] = defaultdict(list)
    for group in groups:
        for date in sorted({claim.local_date for claim in group}):
            by_date[date].append(group)
    for claim in claims:
        if not _joined(by_date[claim.local_date], claim):
            groups.append([claim])
            by_date[claim.local_date].append(groups[-1])
    return sorted(groups, key=lambda group: (group[0].local_date, _order(group[0])))


def _joined(groups: Sequence[list[Claim]], claim: Claim) -> bool:
    """Put a claim that has only a date to the one of that date's launches that it fits best; False if to none."""
    fits = [group for group in groups if all(compatible(claim, other) for other in group)]
    if fits:
        min(fits, key=lambda group: (_misfit(group, claim), _order(group[0]))).append(claim)
    return bool(fits)


def _misfit(group: Sequence[Claim], claim: Claim) -> float:
    """How far a claim's figures are from a group's: the mean of the relative differences, 1 where nothing compares."""
    pairs = [
        (mine, theirs)
        for other in group
        for mine, theirs in ((claim.range_m, other.range_m), (claim.apogee_m, other.apogee_m))
        if mine and theirs
    ]
    off = sum(abs(mine - theirs) / max(mine, theirs) for mine, theirs in pairs) / len(pairs) if pairs else 1.0
    named = any(claim.designation and claim.designation == other.designation for other in group)
    return off - 0.5 * named


def _launch(group: Sequence[Claim], history: dict[str, list[Claim]]) -> Launch:
    replaced = [old for claim in group for old in history[claim.id]]
    gone = (*replaced, *(claim for claim in group if claim.withdrawn))
    return Launch("", tuple(claim for claim in group if not claim.withdrawn), gone)


def _same_class(a: frozenset[str], b: frozenset[str]) -> bool:
    if a & b or a & _SEA_BASED or b & _SEA_BASED:
        return True
    steps_a, steps_b = ([LADDER.index(name) for name in sorted(names) if name in LADDER] for names in (a, b))
    if "SLV" in a | b:  # a space launch is announced as a long-range missile by others
        return "ICBM" in a | b
    return any(abs(mine - theirs) <= 1 for mine in steps_a for theirs in steps_b)


def _numbered(launches: Sequence[Launch]) -> list[Launch]:
    """Launches with ids: the local date and a number within it."""
    numbers: dict[tuple[str, Realm], int] = defaultdict(int)
    out = []
    for launch in launches:
        realm = (launch.claims or launch.history)[0].realm
        numbers[launch.local_date, realm] += 1
        name = f"{launch.local_date}.{numbers[launch.local_date, realm]}"
        out.append(Launch(name if realm is Realm.LIVE else f"{realm}-{name}", launch.claims, launch.history))
    return out
