"""Slips of the pen in a claim: its clock, its date, two figures swapped; found by what else is said of the launch.

Published compilations hold them all. A slip is suspected where another reading fits what others say and this one does
not; of two claims that cannot both be right, the one with less support is named, and both where they are equal.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from beaconfire.kernel.time import DAY_S, NS_PER_S, format_utc
from beaconfire.record.claims import KOREA_OFFSET_MIN, Bound, Claim, SourceClass, local_date
from beaconfire.record.launches import GATE_NS, Launch, compatible

SAME_FIGURE = 0.2  # sources differ by a fifth and mean the same figure
_SAME_FLIGHT = 0.3  # of one flight they differ by a third
_SAME_TYPE = 0.5  # and by a half, at most, where they name the same type
_HALF_DAY_MIN, _DAY_MIN = 720, 1440
_CLOCK_TOLERANCE_MIN = 1  # one clock gives seconds, the other does not
_HOUR_NS = 3600 * NS_PER_S
_COMMON = {"SRBM", "CRBM", "unknown"}  # launched so often that two at one clock on two days are no surprise
_AROUND_NS = 50 * _HOUR_NS  # a day away, from either end of a day
_MOST_PEERS = 200  # flights of a type that are looked at: more say nothing more
_SHIFTS = (
    (12 * _HOUR_NS, "an AM/PM slip"),
    (24 * _HOUR_NS, "the wrong UTC date"),
    (9 * _HOUR_NS, "local time entered as UTC"),
)
_PUBLISHED = re.compile(r"\b(20\d\d)[-/](\d\d)[-/](\d\d)(?!\d)")


class Surroundings:
    """The launches of a record, found by time and by type, so that a large record is judged in seconds."""

    def __init__(self, launches: Iterable[Launch]) -> None:
        self._launches = sorted((item for item in launches if item.claims), key=lambda item: item.time_ns)
        self._times = [item.time_ns for item in self._launches]
        self._by_type: dict[str, list[tuple[str, Claim]]] = defaultdict(list)
        for launch in self._launches:
            for claim in launch.claims:
                self._by_type[claim.designation].append((launch.id, claim))

    def near(self, launch: Launch) -> list[Launch]:
        """The other launches of the days around, earliest first."""
        low, high = launch.time_ns - _AROUND_NS, launch.time_ns + _AROUND_NS
        found = self._launches[bisect_left(self._times, low) : bisect_right(self._times, high)]
        return [item for item in found if item.id != launch.id]

    def of_type(self, designation: str, *, but: Launch) -> list[Claim]:
        """The claims of other launches of a type, the latest some."""
        found = self._by_type[designation] if designation else []
        return [claim for name, claim in found[-_MOST_PEERS:] if name != but.id]


@dataclass(frozen=True, slots=True)
class Slip:
    """What looks wrong, or "" if nothing does, with its numbers."""

    reason: str
    numbers: dict[str, float]


def clock_slip(claim: Claim) -> Slip | None:
    """Compare a claim's local clock with its UTC time; None where it does not state both."""
    if claim.dated_only or not claim.local_time:
        return None
    hour, minute = (int(part) for part in claim.local_time.split(":")[:2])
    utc_hour, utc_minute = int(format_utc(claim.time_ns)[11:13]), int(format_utc(claim.time_ns)[14:16])
    offset_min = ((hour - utc_hour) * 60 + minute - utc_minute) % _DAY_MIN
    allowed = {claim.utc_offset_min % _DAY_MIN}
    if claim.source_class is SourceClass.STATE_MEDIA:
        allowed.add(KOREA_OFFSET_MIN)
    numbers = {"local_minus_utc_min": float(offset_min), "expected_min": float(claim.utc_offset_min)}
    off_min = min(allowed, key=lambda value: _apart(offset_min, value))
    apart = _apart(offset_min, off_min)
    if apart <= _CLOCK_TOLERANCE_MIN:
        return Slip("", numbers)
    said = f"local {claim.local_time} against {format_utc(claim.time_ns)[11:16]} UTC"
    if abs(apart - _HALF_DAY_MIN) <= _CLOCK_TOLERANCE_MIN:
        return Slip(f"{said} is 12 hours off: an AM/PM slip", numbers)
    if offset_min <= _CLOCK_TOLERANCE_MIN:
        return Slip(f"{said}: local time entered as UTC", numbers)
    return Slip(f"{said}: {apart} minutes off the local time", numbers)


def other_day_slip(claim: Claim, launch: Launch, around: Surroundings) -> Slip | None:
    """Find another launch that this claim would join if it were 12 or 24 hours, or a time zone, earlier or later.

    Not where its own launch has other sources, or the other launch has this one already: then there were two. A claim
    that has only a date follows whatever lies on that date, and is no source for a clock.
    """
    clocks = [other for other in launch.claims if claim.dated_only or not other.dated_only]
    if {other.source for other in clocks} != {claim.source}:
        return None
    for other in around.near(launch):
        if claim.source in {each.source for each in other.claims}:
            continue
        if claim.realm is not other.claims[0].realm or _support(clocks) > _support(other.claims):
            continue
        if not all(compatible(claim, each) for each in other.claims) or not _same_flight(claim, other.claims):
            continue
        for shift_ns, what in _SHIFTS:
            if _meets(claim, other, shift_ns):
                sources = ", ".join(sorted({each.source for each in other.claims}))
                reason = f"{what}: it would join {other.id} ({sources}), {shift_ns // _HOUR_NS} hours away"
                return Slip(reason, {"hours": float(shift_ns // _HOUR_NS)})
    return None


def published_before(claim: Claim) -> Slip | None:
    """Compare the launch's date with the dates in `via`: what is published before it happened has a wrong date."""
    dates = ["-".join(match) for match in _PUBLISHED.findall(claim.via)]
    margin_s = DAY_S if claim.dated_only else DAY_S // 2  # somewhere on the Earth it is still the day before
    first_day = local_date(claim.time_ns - margin_s * NS_PER_S, utc_offset_min=0)
    if not dates or max(dates) >= first_day:
        return None
    return Slip(f"the wrong UTC date: published {max(dates)}, before it happened", {})


def swapped_with(claim: Claim, launch: Launch, around: Surroundings) -> str:
    """Return why range and apogee look swapped beside the launch's other claims, or its type's other flights, or ""."""
    others = [other for other in launch.claims if other.source != claim.source]
    if reason := _mirrored(claim, others, "as {} says"):
        return reason
    if any(_figures(other) for other in others):
        return ""
    peers = around.of_type(claim.designation, but=launch)
    return _mirrored(claim, peers, "as in other flights of its type ({})")


def confirmed(claim: Claim, launch: Launch) -> bool:
    """Return whether another source of the launch has range and apogee the same way round."""
    mine = _figures(claim)
    others = [_figures(other) for other in launch.claims if other.source != claim.source]
    return mine is not None and any(
        theirs is not None and _near(mine[0], theirs[0]) and _near(mine[1], theirs[1]) for theirs in others
    )


def _mirrored(claim: Claim, others: Sequence[Claim], words: str) -> str:
    """Whether more of the others have the figures the other way round than this way."""
    mine = _figures(claim)
    told = [(other, figures) for other in others if (figures := _figures(other))]
    if mine is None or not told:
        return ""
    straight = [other for other, (range_m, apogee_m) in told if _near(mine[0], range_m) and _near(mine[1], apogee_m)]
    mirror = [other for other, (range_m, apogee_m) in told if _near(mine[0], apogee_m) and _near(mine[1], range_m)]
    if not mirror or len(straight) >= len(mirror):
        return ""
    outranked = len(mirror) == 1 and not _copied(claim) and _copied(mirror[0])
    return "" if outranked else words.format(", ".join(sorted({other.source for other in mirror})))


def _figures(claim: Claim) -> tuple[float, float] | None:
    return None if claim.range_m is None or claim.apogee_m is None else (claim.range_m, claim.apogee_m)


def _near(a: float, b: float, *, share: float = SAME_FIGURE) -> bool:
    return abs(a - b) <= share * max(a, b)


def _same_flight(claim: Claim, others: Sequence[Claim]) -> bool:
    """Whether type, figures or a rare class say that it is the same flight, and no figure says that it is not."""
    pairs = [pair for other in others for pair in _pairs(claim, other)]
    named = any(claim.designation and claim.designation == other.designation for other in others)
    share = _SAME_TYPE if named else _SAME_FLIGHT
    rare = not claim.classes & _COMMON
    return all(_near(mine, theirs, share=share) for mine, theirs in pairs) and (bool(pairs) or named or rare)


def _pairs(a: Claim, b: Claim) -> list[tuple[float, float]]:
    """The figures that both state, without those whose wording allows both: "at least 500" beside 1,000."""
    stated = (
        (a.range_m, a.range_bound, b.range_m, b.range_bound),
        (a.apogee_m, a.apogee_bound, b.apogee_m, b.apogee_bound),
    )
    return [
        (mine, theirs)
        for mine, my_bound, theirs, their_bound in stated
        if mine is not None
        and theirs is not None
        and (my_bound if mine < theirs else their_bound) is not Bound.OVER
        and (my_bound if mine > theirs else their_bound) is not Bound.UNDER
    ]


def _meets(claim: Claim, other: Launch, shift_ns: int) -> bool:
    """Whether a claim would join a launch if it were so much earlier or later; by date where one gives no clock."""
    shifted = [claim.time_ns + sign * shift_ns for sign in (-1, 1)]
    clocks = [] if claim.dated_only else [each.time_ns for each in other.claims if not each.dated_only]
    if clocks:
        return any(abs(time_ns - clock_ns) <= GATE_NS for time_ns in shifted for clock_ns in clocks)
    dates = {local_date(time_ns, utc_offset_min=claim.utc_offset_min) for time_ns in shifted}
    return shift_ns == 24 * _HOUR_NS and other.local_date in dates


def _support(claims: Sequence[Claim]) -> tuple[int, bool]:
    """How much speaks for a launch: how many sources, and that one of them is no copyist."""
    return len({claim.source for claim in claims}), not all(_copied(claim) for claim in claims)


def _copied(claim: Claim) -> bool:
    """Whether a claim comes by way of a compilation, where most slips happen."""
    return claim.source_class is SourceClass.COMPILED


def _apart(a_min: int, b_min: int) -> int:
    """The distance of two clocks on a dial of a day."""
    return min((a_min - b_min) % _DAY_MIN, (b_min - a_min) % _DAY_MIN)
