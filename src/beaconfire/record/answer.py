"""Answers to questions about the record, each with the claims that support it.

The trap avoided: a number without its sources. "At least" stays "at least", sources that disagree are shown side by
side, and "first since" goes by local date.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Any, Literal

from beaconfire.record.claims import Bound, Claim, CountBound, local_date
from beaconfire.record.launches import Count, Launch

Quantity = Literal["range", "apogee", "flight time"]
_WORDS = {Bound.EXACT: "", Bound.OVER: "over ", Bound.UNDER: "under ", Bound.ABOUT: "about "}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the record says: a sentence, the value for programs, and the claims it rests on."""

    question: str  # as it was understood
    text: str
    value: Any  # JSON-ready
    claims: tuple[Claim, ...] = ()
    launches: tuple[str, ...] = ()


def first_since(
    launches: Sequence[Launch],
    *,
    before_ns: int,
    missile_class: str | None = None,
    utc_offset_min: int = 540,
) -> Answer:
    """Answer when, before the local date of `before_ns`, there was a launch (of a class): "the first since …".

    A launch of the same local date is part of the same day and not counted. `value` is None where there is none, else
    `local_date`, `launch_id`, `classes`, `count`, `count_at_least`, `days`.
    """
    day = local_date(before_ns, utc_offset_min=utc_offset_min)
    what = f"{missile_class or 'launch'} before {day}"
    earlier = [item for item in launches if item.local_date < day and of_class(item, missile_class)]
    if not earlier:
        return Answer(f"last {what}", f"The record has no {what}: the first in it.", None)
    last = max(earlier, key=lambda item: (item.local_date, item.time_ns))
    same_day = [item for item in earlier if item.local_date == last.local_date]
    days = (Date.fromisoformat(day) - Date.fromisoformat(last.local_date)).days
    text = f"The first{'' if missile_class is None else ' ' + missile_class} since {long_date(last.local_date)} "
    text += f"({days} days), when {' and '.join(described(item) for item in same_day)}."
    value = {"local_date": last.local_date, "days": days, **summary(last)}
    return Answer(f"last {what}", text, value, claims_of(same_day), tuple(item.id for item in same_day))


def how_many(launches: Sequence[Launch], *, what: str, space_launches: int = 0) -> Answer:
    """Answer how many launches and missiles there were: sums of what sources count, "at least" where one says so.

    `space_launches` of the same time are mentioned, not counted.
    """
    least = sum(item.count.least for item in launches)
    mosts = [item.count.most for item in launches]
    known = [most for most in mosts if most is not None]
    total = Count(least, sum(known) if len(known) == len(mosts) else None)
    noun = "missile" if least == 1 and total.most == 1 else "missiles"
    text = f"{what}: {total} {noun} in {_plural(len(launches), 'launch', 'launches')}."
    differ = [item.id for item in launches if item.count.most not in (None, item.count.least)]
    if differ:
        text += f" Sources count differently for {', '.join(differ)}."
    if space_launches:
        text += f" Not counted: {_plural(space_launches, 'space launch', 'space launches')}."
    value = {
        "launches": len(launches),
        "space_launches": space_launches,
        "count_at_least": least,
        "count_at_most": total.most,
        "count_bound": str(CountBound.EXACT if total.most == least else CountBound.AT_LEAST),
    }
    return Answer(what, text, value, claims_of(launches), tuple(item.id for item in launches))


def tally(launches: Sequence[Launch], *, by: Sequence[Literal["year", "class"]], what: str) -> Answer:
    """Answer how many by year, by class, or both, as a table."""
    groups: dict[tuple[str, ...], list[Launch]] = {}
    for launch in launches:
        key = tuple(launch.local_date[:4] if axis == "year" else class_name(launch) for axis in by)
        groups.setdefault(key, []).append(launch)
    rows: list[dict[str, Any]] = []
    for key in sorted(groups):
        counts = [item.count for item in groups[key]]
        total = Count(sum(count.least for count in counts), 0 if all(count.most for count in counts) else None)
        rows.append(
            {
                **{str(axis): part for axis, part in zip(by, key, strict=True)},
                "launches": len(counts),
                "count_at_least": total.least,
                "count_exact": total.most is not None and all(count.most == count.least for count in counts),
            }
        )
    width = max((len(" ".join(key)) for key in groups), default=0)
    lines = [
        f"{' '.join(key):{width}}  {row['launches']:3} launches, "
        f"{'' if row['count_exact'] else 'at least '}{row['count_at_least']} missiles"
        for key, row in zip(sorted(groups), rows, strict=True)
    ]
    return Answer(what, "\n".join([f"{what}:", *lines]), rows, claims_of(launches), tuple(x.id for x in launches))


def listed(launches: Sequence[Launch], *, what: str) -> Answer:
    """Answer which launches there were, a line each."""
    lines = [f"{item.id}: {described(item)}" for item in launches]
    text = "\n".join([f"{what}: {_plural(len(launches), 'launch', 'launches')}.", *lines])
    return Answer(what, text, [summary(item) for item in launches], claims_of(launches), tuple(x.id for x in launches))


def of_class(launch: Launch, missile_class: str | None) -> bool:
    """Return whether a source states that class of the launch; None is any missile, a space launcher is none."""
    return launch.classes != ("SLV",) if missile_class is None else missile_class in launch.classes


def class_name(launch: Launch) -> str:
    """The classes that sources state, as one word: `IRBM`, `HGV/IRBM`."""
    return "/".join(launch.classes)


def claims_of(launches: Iterable[Launch]) -> tuple[Claim, ...]:
    """The claims of several launches, in order."""
    return tuple(claim for launch in launches for claim in launch.claims)


def summary(launch: Launch) -> dict[str, Any]:
    """A launch in short, for programs."""
    return {
        "launch_id": launch.id,
        "local_date": launch.local_date,
        "local_time": launch.clock,
        "classes": list(launch.classes),
        "count": str(launch.count),
        "count_at_least": launch.count.least,
        "sources": sorted({claim.source for claim in launch.claims}),
    }


def described(launch: Launch) -> str:
    """A launch as part of a sentence: "at least 7 SRBM were launched"."""
    count = launch.count
    verb = "was" if count.least == 1 and count.most in (1, None) else "were"
    return f"{count} {class_name(launch)} {verb} launched"


def told(claim: Claim) -> str:
    """A claim as one line for people: who says what, with its bounds, and where it was published."""
    parts = [f"{_count_words(claim)}{claim.missile_class}", claim.designation, claim.site]
    parts += [figure_words(claim, "range"), figure_words(claim, "apogee"), figure_words(claim, "flight time")]
    when = claim.local_date + (f" {claim.local_time}" if claim.local_time else "")
    said = ", ".join(part for part in parts if part)
    grade = f"; confidence {claim.confidence}" if claim.confidence else "; unrated"
    return f"{when} {claim.source} ({claim.source_class}{grade}): {said}" + (f" [{claim.via}]" if claim.via else "")


def figure_words(claim: Claim, quantity: Quantity) -> str:
    """A claimed figure with its bound, such as "apogee over 2,000 km"; nothing if it is not stated."""
    if quantity == "flight time":
        return "" if claim.flight_time_s is None else f"flight time {claim.flight_time_s:g} s"
    value_m, least_m, bound = figure_of(claim, quantity)
    if value_m is None:
        return ""
    least = "" if least_m is None else f"{least_m / 1e3:,.10g} to "
    return f"{quantity} {_WORDS[bound]}{least}{value_m / 1e3:,.10g} km"


def figure_of(claim: Claim, quantity: Literal["range", "apogee"]) -> tuple[float | None, float | None, Bound]:
    """The largest, the smallest (None if one) and the bound of a claimed figure, in metres."""
    if quantity == "range":
        return claim.range_m, claim.range_least_m, claim.range_bound
    return claim.apogee_m, claim.apogee_least_m, claim.apogee_bound


def long_date(day: str) -> str:
    """A local date for people: `5 November 2024`."""
    moment = Date.fromisoformat(day)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


_MONTHS = (
    "January February March April May June July August September October November December".split()
)  # not strftime: the locale must not speak


def _count_words(claim: Claim) -> str:
    if claim.count is None:
        return ""
    return f"{'at least ' if claim.count_bound is CountBound.AT_LEAST else ''}{claim.count} "


def _plural(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
