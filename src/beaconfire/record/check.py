"""`record check`: what physics and the other claims say of each claim's figures and clock.

    fine           nothing speaks against it
    irregular      possible, but not for a body that only falls: far too long in flight, or far too slow: glide or power
    inconsistent   impossible as stated: shorter than a fall, faster than any such path, farther than its class
    suspect_entry  looks like a slip of the pen: swapped figures, AM for PM, the date of another zone

A bound is no figure: after "over 2,000 km" a long flight proves nothing, and after "under" a short one does not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from msgspec.structs import replace

from beaconfire.record import physics
from beaconfire.record.claims import Bound, Claim
from beaconfire.record.launches import Launch
from beaconfire.record.slips import Surroundings, clock_slip, confirmed, other_day_slip, published_before, swapped_with

IRREGULAR_RATIO = 1.5  # of a two-body time; rounded figures of ballistic flights reach 1.34
FASTEST_RATIO = 1.6  # announced speed over a fall's; short flights that lose speed to the air reach 1.43
_DENSE_AIR_M = 150e3  # below it a body can glide, and so be slower than a fall; above it cannot
_CLASS_MARGIN = 1.1  # ranges are announced in round numbers
_MOST_RANGE_M = {"CRBM": 300e3, "SRBM": 1000e3, "MRBM": 3000e3, "IRBM": 5500e3}  # the classes' own definitions
_SHORT = {"CRBM", "SRBM"}
_STEEPEST = 9.0  # apogee over range; lofted flights reach 7.7 (31 October 2024)
_MOST_ROUNDING = 0.03  # of a figure; "6,000 km" is not meant to the thousand
_MINUTE_S = 60.0


class Verdict(StrEnum):
    """What a check came to; the later the worse."""

    FINE = "fine"
    IRREGULAR = "irregular"
    INCONSISTENT = "inconsistent"
    SUSPECT_ENTRY = "suspect_entry"


@dataclass(frozen=True, slots=True)
class Finding:
    """One claim judged; `numbers` are those that the reason rests on."""

    launch_id: str
    claim: Claim
    verdict: Verdict
    reason: str
    numbers: dict[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Return the finding for `record check --json`."""
        return {
            "launch_id": self.launch_id,
            "reported_utc": self.claim.reported,
            "source": self.claim.source,
            "verdict": str(self.verdict),
            "reason": self.reason,
            "numbers": self.numbers,
            "claim_id": self.claim.id,
        }


@dataclass(frozen=True, slots=True)
class _Judged:
    verdict: Verdict
    reason: str
    numbers: dict[str, float]


def check(launches: Sequence[Launch]) -> tuple[Finding, ...]:
    """Return one finding per claim that states enough to judge, in the order of launches and claims."""
    around = Surroundings(launches)
    return tuple(finding for launch in launches for finding in _findings(launch, around))


def check_launch(launch: Launch, launches: Sequence[Launch]) -> tuple[Finding, ...]:
    """Return the findings on one launch of a record."""
    return _findings(launch, Surroundings(launches))


def report(findings: Sequence[Finding]) -> str:
    """Return a small report for people: how many of each verdict, and why those that are not fine are not."""
    counts = ", ".join(f"{sum(item.verdict is verdict for item in findings)} {verdict}" for verdict in Verdict)
    lines = [f"# The record against physics\n\n{len(findings)} claims state enough to judge: {counts}.\n"]
    for verdict in reversed(Verdict):
        chosen = [item for item in findings if item.verdict is verdict and verdict is not Verdict.FINE]
        if chosen:
            lines.append(f"\n## {verdict}\n")
            lines += [f"- {x.launch_id}, {x.claim.source}, {x.claim.reported}: {x.reason}" for x in chosen]
    return "\n".join(lines) + "\n"


def _findings(launch: Launch, around: Surroundings) -> tuple[Finding, ...]:
    found = (_finding(claim, launch, around) for claim in launch.claims)
    return tuple(finding for finding in found if finding is not None)


def _finding(claim: Claim, launch: Launch, around: Surroundings) -> Finding | None:
    judged = [found for test in _TESTS if (found := test(claim, launch, around)) is not None]
    if not judged:
        return None
    order = list(Verdict)
    worst = max((item.verdict for item in judged), key=order.index)
    told = [item for item in judged if item.verdict is worst]
    numbers = {name: round(value, 3) for item in judged for name, value in item.numbers.items()}
    return Finding(launch.id, claim, worst, "; ".join(item.reason for item in told), numbers)


def _of_clock(claim: Claim, launch: Launch, around: Surroundings) -> _Judged | None:
    slip = clock_slip(claim)
    if slip is None:
        return None
    verdict = Verdict.SUSPECT_ENTRY if slip.reason else Verdict.FINE
    return _Judged(verdict, slip.reason or "local time and UTC agree", slip.numbers)


def _of_other_days(claim: Claim, launch: Launch, around: Surroundings) -> _Judged | None:
    slip = other_day_slip(claim, launch, around) or published_before(claim)
    return None if slip is None else _Judged(Verdict.SUSPECT_ENTRY, slip.reason, slip.numbers)


def _of_swapping(claim: Claim, launch: Launch, around: Surroundings) -> _Judged | None:
    if claim.range_m is None or claim.apogee_m is None or "SLV" in claim.classes:
        return None
    reason = swapped_with(claim, launch, around)
    if _stands_as_stated(claim) or (not reason and confirmed(claim, launch)):
        return None
    if not reason and claim.classes <= _SHORT and claim.apogee_m > claim.range_m:
        reason = "higher than far, as no short-range missile flies"
    if not reason and claim.apogee_m > _STEEPEST * claim.range_m:
        reason = f"over {_STEEPEST:g} times higher than far, steeper than any flight that was announced"
    if not reason and not _time_fits(claim) and _time_fits(_swapped(claim)):
        reason = "the flight time fits them the other way round"
    if not reason and _beyond_class(claim) and not _beyond_class(_swapped(claim)):
        reason = "beyond its class as stated, within it the other way round"
    if not reason:
        return None
    numbers = {"range_km": claim.range_m / 1e3, "apogee_km": claim.apogee_m / 1e3}
    return _Judged(Verdict.SUSPECT_ENTRY, f"range and apogee look swapped: {reason}", numbers)


def _of_time(claim: Claim, launch: Launch, around: Surroundings) -> _Judged | None:
    numbers = _times(claim)
    if numbers is None:
        return None
    announced_s, ratio, least_s = numbers["announced_s"], numbers["ratio"], numbers["two_body_least_s"]
    if announced_s < least_s and claim.apogee_bound is not Bound.UNDER:
        return _Judged(Verdict.INCONSISTENT, f"{announced_s:g} s is shorter than a fall of {least_s:.0f} s", numbers)
    if ratio > IRREGULAR_RATIO:
        if claim.apogee_bound is Bound.OVER:
            reason = f"{announced_s:g} s is long, but an apogee said to be over its figure is no evidence"
            return _Judged(Verdict.FINE, reason, numbers)
        reason = f"{announced_s:g} s is {ratio:.2f} times the fall's {numbers['two_body_s']:.0f} s: glide or power"
        return _Judged(Verdict.IRREGULAR, reason, numbers)
    reason = f"{announced_s:g} s is {numbers['excess_s']:.0f} s over the fall's {numbers['two_body_s']:.0f} s"
    return _Judged(Verdict.FINE, reason, numbers)


def _of_mach(claim: Claim, launch: Launch, around: Surroundings) -> _Judged | None:
    if claim.mach is None or claim.range_m is None or claim.apogee_m is None or "SLV" in claim.classes:
        return None
    needed = physics.ground_speed_m_s(range_m=claim.range_m, apogee_m=claim.apogee_m) / physics.SOUND_M_S
    ratio = claim.mach / needed
    numbers = {"mach": claim.mach, "two_body_mach": needed, "mach_ratio": ratio}
    said = f"Mach {claim.mach:g} for a path that takes Mach {needed:.1f}"
    if ratio > FASTEST_RATIO and claim.range_bound is not Bound.OVER and claim.apogee_bound is not Bound.OVER:
        return _Judged(Verdict.INCONSISTENT, f"{said}: too fast to come down so near", numbers)
    if ratio < 1.0 / IRREGULAR_RATIO:
        if claim.apogee_m < _DENSE_AIR_M:
            return _Judged(Verdict.IRREGULAR, f"{said}: carried by lift or power", numbers)
        return _Judged(Verdict.INCONSISTENT, f"{said}: too slow to get there", numbers)
    return _Judged(Verdict.FINE, said, numbers)


def _of_class(claim: Claim, launch: Launch, around: Surroundings) -> _Judged | None:
    most_m = _most_range_m(claim)
    if most_m is None or (claim.range_m is None and claim.apogee_m is None):
        return None
    numbers = {"class_most_km": most_m / 1e3}
    if claim.apogee_m is not None:
        numbers["least_reach_km"] = physics.least_reach_m(apogee_m=claim.apogee_m) / 1e3
    if _beyond_class(claim):
        return _Judged(Verdict.INCONSISTENT, f"farther than {claim.missile_class}, {most_m / 1e3:g} km", numbers)
    return _Judged(Verdict.FINE, f"within what {claim.missile_class} reaches", numbers)


_Test = Callable[[Claim, Launch, Surroundings], _Judged | None]
_TESTS: tuple[_Test, ...] = (_of_time, _of_mach, _of_swapping, _of_clock, _of_other_days, _of_class)


def _times(claim: Claim) -> dict[str, float] | None:
    """The announced time beside the fall's, and the shortest that rounding and the Earth's turning allow."""
    if claim.range_m is None or claim.apogee_m is None or claim.flight_time_s is None or "SLV" in claim.classes:
        return None
    fall_s = physics.two_body_time_s(range_m=claim.range_m, apogee_m=claim.apogee_m)
    least_m, latitude_deg = claim.range_least_m or claim.range_m, claim.latitude_deg or 0.0
    low_m = claim.apogee_m - (0.0 if claim.apogee_bound is Bound.OVER else _rounding_m(claim.apogee_m))
    low_s, _ = physics.two_body_span_s(range_m=least_m, apogee_m=low_m, latitude_deg=latitude_deg)
    _, high_s = physics.two_body_span_s(range_m=claim.range_m, apogee_m=claim.apogee_m, latitude_deg=latitude_deg)
    rounding_s = _MINUTE_S if claim.flight_time_s % _MINUTE_S == 0.0 else 1.0
    return {
        "announced_s": claim.flight_time_s,
        "two_body_s": fall_s,
        "two_body_least_s": max(low_s - rounding_s, 0.0),
        "two_body_most_s": high_s,
        "excess_s": claim.flight_time_s - fall_s,
        "ratio": claim.flight_time_s / fall_s,
    }


def _rounding_m(value_m: float) -> float:
    """Half a unit of the last digit of a figure in kilometres that is not zero, as it was said."""
    said = f"{value_m / 1e3:.3f}".rstrip("0").rstrip(".")
    whole, _, decimals = said.partition(".")
    place = -len(decimals) if decimals else len(whole) - len(whole.rstrip("0"))
    return min(500.0 * 10.0**place, _MOST_ROUNDING * value_m)


def _time_fits(claim: Claim) -> bool:
    """Whether the flight time is that of a ballistic path, or there is none."""
    numbers = _times(claim)
    if numbers is None:
        return True
    return numbers["announced_s"] >= numbers["two_body_least_s"] and numbers["ratio"] <= IRREGULAR_RATIO


def _stands_as_stated(claim: Claim) -> bool:
    """Whether physics itself says that range and apogee are not swapped."""
    if claim.range_m is not None and claim.apogee_m is not None and claim.classes <= _SHORT:
        return claim.range_m > claim.apogee_m
    return claim.flight_time_s is not None and _time_fits(claim) and not _time_fits(_swapped(claim))


def _swapped(claim: Claim) -> Claim:
    return replace(claim, range_m=claim.apogee_m, apogee_m=claim.range_m, range_least_m=None, apogee_least_m=None)


def _most_range_m(claim: Claim) -> float | None:
    """The longest range of the stated classes; None where one of them has no end or says nothing of range."""
    known = [_MOST_RANGE_M.get(name) for name in claim.classes - {"HGV"}]
    most = [value for value in known if value is not None]
    return max(most) if most and len(most) == len(known) else None


def _beyond_class(claim: Claim) -> bool:
    most_m = _most_range_m(claim)
    if most_m is None:
        return False
    flown_m = 0.0 if claim.range_m is None or claim.range_bound is Bound.UNDER else claim.range_m
    if claim.apogee_m is not None and claim.apogee_bound is not Bound.UNDER:
        flown_m = max(flown_m, physics.least_reach_m(apogee_m=claim.apogee_m))
    return flown_m > _CLASS_MARGIN * most_m
