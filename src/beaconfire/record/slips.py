"""Slips of the pen in a claim: its clock, its date, two figures swapped; found by what else is said of the launch.

Published compilations hold them all. A slip is suspected where another reading fits what others say and this one does
not; of two claims that cannot both be right, the one with less support is named, and both where they are equal.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from beaconfire.kernel.time import DAY_S, NS_PER_S, format_utc
from beaconfire.record.claims import KOREA_OFFSET_MIN, Claim, SourceClass, local_date
from beaconfire.record.launches import GATE_NS, Launch, compatible

SAME_FIGURE = 0.2  # sources differ by a fifth and mean the same flight
_HALF_DAY_MIN, _DAY_MIN = 720, 1440
_CLOCK_TOLERANCE_MIN = 1  # one clock gives seconds, the other does not
_HOUR_NS = 3600 * NS_PER_S
_SHIFTS = (
    (12 * _HOUR_NS, "an AM/PM slip"),
    (24 * _HOUR_NS, "the wrong UTC date"),
    (9 * _HOUR_NS, "local time entered as UTC"),
)
_PUBLISHED = re.compile(r"\b(20\d\d)[-/](\d\d)[-/](\d\d)(?!\d)")


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


def other_day_slip(claim: Claim, launch: Launch, launches: Iterable[Launch]) -> Slip | None:
    """Find another launch that this claim would join if it were 12 or 24 hours, or a time zone, earlier or later.

    Not where its own launch has other sources, or the other launch has this one already: then there were two.
    """
    if {other.source for other in launch.claims} != {claim.source}:
        return None
    for other in launches:
        if other.id == launch.id or not other.claims or claim.source in {each.source for each in other.claims}:
            continue
        if claim.realm is not other.claims[0].realm or _support(launch) > _support(other):
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


def swapped_with(claim: Claim, launch: Launch, launches: Iterable[Launch]) -> str:
    """Return why range and apogee look swapped beside the launch's other claims, or its type's other flights, or ""."""
    others = [other for other in launch.claims if other.source != claim.source]
    if reason := _mirrored(claim, others, "as {} says"):
        return reason
    known = any(_figures(other) for other in others)
    if known or not claim.designation:
        return ""
    peers = [
        other
        for each in launches
        for other in each.claims
        if other.designation == claim.designation and each.id != launch.id
    ]
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


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= SAME_FIGURE * max(a, b)


def _same_flight(claim: Claim, others: Sequence[Claim]) -> bool:
    """Whether type or figures say that it is the same flight, and none says that it is not."""
    pairs = [
        (mine, theirs)
        for other in others
        for mine, theirs in ((claim.range_m, other.range_m), (claim.apogee_m, other.apogee_m))
        if mine is not None and theirs is not None
    ]
    named = any(claim.designation and claim.designation == other.designation for other in others)
    return all(_near(mine, theirs) for mine, theirs in pairs) and (bool(pairs) or named)


def _meets(claim: Claim, other: Launch, shift_ns: int) -> bool:
    if claim.dated_only:
        shifted = {local_date(claim.time_ns + sign * shift_ns, utc_offset_min=claim.utc_offset_min) for sign in (-1, 1)}
        return shift_ns == 24 * _HOUR_NS and other.local_date in shifted
    clocks = [each for each in other.claims if not each.dated_only]
    return any(abs(claim.time_ns + sign * shift_ns - each.time_ns) <= GATE_NS for each in clocks for sign in (-1, 1))


def _support(launch: Launch) -> tuple[int, bool, bool]:
    """How much speaks for a launch: its sources, publication dates that fit, and that one of them is no copyist."""
    sources = len({claim.source for claim in launch.claims})
    fits = all(_published_in_time(claim) for claim in launch.claims)
    return sources, fits, not all(_copied(claim) for claim in launch.claims)


def _copied(claim: Claim) -> bool:
    """Whether a claim comes by way of a compilation, where most slips happen."""
    return claim.source_class is SourceClass.COMPILED


def _published_in_time(claim: Claim) -> bool:
    dates = ["-".join(match) for match in _PUBLISHED.findall(claim.via)]
    return not dates or max(dates) >= claim.local_date


def _apart(a_min: int, b_min: int) -> int:
    """The distance of two clocks on a dial of a day."""
    return min((a_min - b_min) % _DAY_MIN, (b_min - a_min) % _DAY_MIN)
