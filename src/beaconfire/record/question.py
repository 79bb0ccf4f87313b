"""A question in plain English as a query: a small, tolerant grammar of dates, classes, types, sites and quantities."""

import calendar
import re
from dataclasses import dataclass
from datetime import date as Date
from typing import TypeVar

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput, UsageError
from beaconfire.kernel.time import parse_utc
from beaconfire.record.answer import Quantity
from beaconfire.record.claims import local_date

UNDERSTOOD = (
    "first since [DATE|LAUNCH]           when the launch before that one was (of a class: first IRBM since …)",
    "last ICBM [before DATE]             the latest launch, of a class or type",
    "how many SRBM in 2024               launches and missiles in a period",
    "first time range over 1000 km       also apogee, flight time; without a number, every new record",
    "first launch from Sinpo             also: first time ever site, first ever SLBM",
    "longest range [in 2022]             also highest apogee, longest flight time",
    "by year and class [in …]            also: by year, by class",
    "differences > 20 % [in range]       where sources differ",
    "list Hwasong-18 in 2023             launches of a class, type, site, period",
)
PERIODS = "in 2024, in March 2024, on 5 November 2024, since/before/after DATE, between DATE and DATE"
_Name = TypeVar("_Name", bound=str)
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join(f"{name}|{name[:3]}" for name in _MONTHS) + "|sept"
_YEAR = r"(?:19|20)\d{2}"
_NAMED = rf"(?:\d{{1,2}}\.? (?:{_MONTH})\.?,? {_YEAR}|(?:{_MONTH})\.? \d{{1,2}},? {_YEAR}|(?:{_MONTH})\.? {_YEAR})"
_ISO = rf"{_YEAR}-\d{{2}}-\d{{2}}(?:t\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?z)?|{_YEAR}-\d{{2}}(?!\d)"
_DATE = rf"(?:{_ISO}|{_NAMED}|{_YEAR}(?![\d-]))"
_BETWEEN = re.compile(rf"(?:between|from) ({_DATE}) (?:and|to|until) ({_DATE})")
_BOUNDED = re.compile(rf"\b(since|after|from|before|until|in|on|of|for|during) (?:the )?(?:launch of )?({_DATE})")
_UNBOUNDED = re.compile(r"\b(?:since|before|after|between|until)\b")  # and no date that is understood
_BARE = re.compile(rf"(?<![\w-])({_DATE})(?![\w-])")
_LAUNCH = re.compile(r"(?<![\w-])(?:exercise-)?\d{4}-\d{2}-\d{2}\.\d+\b")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|percent|per cent)")
_OVER = re.compile(
    r"(?:over|more than|above|exceed\w*|beyond|>|≥|at least)\s*(\d[\d,]*(?:\.\d+)?)\s*(km|m|s|min\w*|seconds)?\b"
)
_TYPE = re.compile(
    r"\b(?:hwasong|pukguksong|kn|chollima|unha|musudan|scud|mrl|kwangmyongsong|malligyong)(?:-?\d+\w*)?\b"
)
_SITE = re.compile(r"\b(?:from|at|near) (?:the )?([a-z][a-z'-]+)")
_ACCORDING = re.compile(r"\baccording to (?:the )?([a-z][a-z /]*?)(?= (?:in|since|on|before)\b|$)")
_CLASSES = (
    ("CRBM", r"crbms?|close[- ]range"),
    ("SRBM", r"srbms?|short[- ]range"),
    ("MRBM", r"mrbms?|medium[- ]range"),
    ("IRBM", r"irbms?|intermediate[- ]range|intermediate"),
    ("ICBM", r"icbms?|intercontinental"),
    ("SLBM", r"slbms?|submarine[- ]launched"),
    ("SLV", r"slvs?|space launch(?:es|ers?)?|satellite launch(?:es)?|space"),
    ("HGV", r"hgvs?|glid(?:e|er|ers|ing)|hypersonic"),
)
_QUANTITIES: tuple[tuple[Quantity, str], ...] = (
    ("apogee", r"apogees?|altitudes?|highest|height"),
    ("flight time", r"flight[- ]times?|longest flight|flew longest|time of flight"),
    ("range", r"ranges?|distances?|farthest|furthest|longest"),
)
_KINDS = (
    ("differences", r"differ\w*|disagree\w*|discrepanc\w*"),
    ("tally", r"(?:by|per|each) (?:year|class)|yearly"),
    ("how many", r"how many|number of|how often|count"),
    ("most", r"longest|highest|farthest|furthest|largest|maximum|greatest|record (?:range|apogee)"),
    ("since", r"first (?:\w+[ -]){0,3}since|since when|before this(?: one)?"),
    ("first", r"first"),
    ("last", r"last|latest|previous|most recent"),
    ("list", r"list|show|which|what|when|launches|missiles|launched|all"),
)


@dataclass(frozen=True, slots=True)
class Query:
    """What a question asks: the kind, and what narrows it; dates are local, `since` and `until` inclusive."""

    kind: str
    missile_class: str | None = None
    designation: str = ""
    site: str = ""
    source: str = ""
    since: str = ""
    until: str = ""
    anchor: str = ""  # the launch id or local date that "first since" is about
    quantity: Quantity | None = None
    over: float | None = None
    percent: float = 20.0
    by_year: bool = False
    by_class: bool = False


def parse_question(question: str) -> Query:
    """Return the query of a question; raises `UsageError` that lists what is understood when it is none."""
    words = " ".join(question.lower().replace("?", " ").split())
    if len(words) > limits.MAX_QUESTION_LENGTH:
        raise UsageError(f"the question has {len(words)} signs; at most {limits.MAX_QUESTION_LENGTH}")
    kind = next((kind for kind, pattern in _KINDS if re.search(rf"\b(?:{pattern})\b", words)), None)
    missile_class = _first(_CLASSES, words)
    designation = _TYPE.search(words)
    if kind is None and (missile_class or designation or _BARE.search(words)):
        kind = "list"
    if kind is None:
        raise UsageError(not_understood(question))
    over = _OVER.search(words)
    anchor, since, until = _when(_OVER.sub(" ", words), about=kind in ("since", "last"))
    site, source = _SITE.search(words), _ACCORDING.search(words)
    percent = _PERCENT.search(words)
    return Query(
        kind=kind,
        missile_class=missile_class,
        designation=designation[0] if designation else "",
        site=site[1] if site else "",
        source=source[1].strip() if source else "",
        since=since,
        until=until,
        anchor=anchor,
        quantity=_first(_QUANTITIES, words),
        over=_threshold(over) if over and not percent else None,
        percent=float(percent[1]) if percent else 20.0,
        by_year="year" in words,
        by_class="class" in words,
    )


def not_understood(question: str) -> str:
    """Return what to say of a question that is none: the forms that are understood."""
    forms = "\n".join(f"  {form}" for form in UNDERSTOOD)
    return f"not understood: {question[:80]!r}. What is understood:\n{forms}\n  periods: {PERIODS}"


def _first(table: tuple[tuple[_Name, str], ...], words: str) -> _Name | None:
    return next((name for name, pattern in table if re.search(rf"\b(?:{pattern})\b", words)), None)


def _when(words: str, *, about: bool) -> tuple[str, str, str]:
    """The anchor, the first and the last local date that a question speaks of, each "" if not."""
    if launch := _LAUNCH.search(words):
        return launch[0].upper() if launch[0].startswith("e") else launch[0], "", ""
    if between := _BETWEEN.search(words):
        return "", _span(between[1])[0], _span(between[2])[1]
    bounded = _BOUNDED.findall(words)
    if not about and (lost := _UNBOUNDED.search(_BOUNDED.sub(" ", words))):
        raise UsageError(f"{lost[0]!r} which date? a date is 2024-11-05, 5 November 2024, 2024-11 or 2024")
    if not bounded:
        bare = _BARE.search(words)
        bounded = [("on", bare[1])] if bare else []
    if about and bounded:
        return (_span(bounded[0][1])[0], "", "")
    since = until = ""
    for word, text in bounded:
        first, last = _span(text)
        if word in ("since", "from"):
            since = first
        elif word == "after":
            since = _next(last)
        elif word == "before":
            until = _before(first)
        elif word == "until":
            until = last
        else:
            since, until = first, last
    return "", since, until


def _span(text: str) -> tuple[str, str]:
    """The first and the last local date of a date, month or year; raises `UsageError` for one that never was."""
    try:
        if re.fullmatch(r"\d{4}", text):
            return Date(int(text), 1, 1).isoformat(), Date(int(text), 12, 31).isoformat()
        if "t" in text and re.match(r"\d{4}-\d{2}-\d{2}t", text):
            day = local_date(parse_utc(text.upper()))
            return day, day
        if re.fullmatch(r"\d{4}-\d{2}", text):
            return _month(int(text[:4]), int(text[5:]))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return Date.fromisoformat(text).isoformat(), text
        numbers = [int(number) for number in re.findall(r"\d+", text)]
        name = re.findall(r"[a-z]{3}", text)[0]
        month = next(index for index, full in enumerate(_MONTHS, start=1) if full.startswith(name))
        if len(numbers) == 1:
            return _month(numbers[0], month)
        day = Date(numbers[1], month, numbers[0]).isoformat()
        return day, day
    except (ValueError, InvalidInput):
        raise UsageError(f"{text!r} is no date; a date is 2024-11-05, 5 November 2024, 2024-11 or 2024") from None


def _month(year: int, month: int) -> tuple[str, str]:
    last = calendar.monthrange(year, month)[1] if 1 <= month <= 12 else 0
    return Date(year, month, 1).isoformat(), Date(year, month, last).isoformat()


def _next(day: str) -> str:
    return Date.fromordinal(Date.fromisoformat(day).toordinal() + 1).isoformat()


def _before(day: str) -> str:
    return Date.fromordinal(Date.fromisoformat(day).toordinal() - 1).isoformat()


def _threshold(match: "re.Match[str]") -> float:
    """The number in metres or seconds; kilometres if no unit is given."""
    value, unit = float(match[1].replace(",", "")), match[2] or "km"
    return value * {"km": 1e3, "m": 1.0}.get(unit, 60.0 if unit.startswith("min") else 1.0)
