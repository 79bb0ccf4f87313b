"""`record ask`: a question of the record, narrowed to launches, answered with their claims."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from beaconfire.kernel.errors import UsageError
from beaconfire.record import compare
from beaconfire.record.answer import (
    Answer,
    described,
    first_since,
    how_many,
    listed,
    long_date,
    of_class,
    summary,
    tally,
)
from beaconfire.record.claims import Claim
from beaconfire.record.launches import Launch
from beaconfire.record.question import Query, parse_question


def ask(launches: Sequence[Launch], question: str) -> Answer:
    """Answer a question in plain English; raises `UsageError` that lists what is understood when it is none.

    `launches` are those of one realm in order of time, as `associate` gives them. The answer's claims are those that
    support it.
    """
    query = parse_question(question)
    chosen = [launch for launch in _by_source(launches, query) if _fits(launch, query)]
    if query.kind == "since":
        return _since(chosen, launches, query)
    if query.kind == "last":
        return _last(chosen, query)
    if query.kind == "how many":
        space = [
            item
            for item in launches
            if query.missile_class is None and _fits(item, replace(query, missile_class="SLV"))
        ]
        return how_many(chosen, what=_what(query), space_launches=len(space))
    if query.kind == "tally":
        return tally(chosen, by=_axes(query), what=f"{_what(query)} by {' and '.join(_axes(query))}")
    if query.kind == "differences":
        named = (query.quantity,) if query.quantity else (*compare.QUANTITIES, "count")
        return compare.differences(chosen, percent=query.percent, quantities=named)
    if query.kind == "most":
        return compare.most(chosen, quantity=query.quantity or "range")
    if query.kind == "first":
        return _first(chosen, question, query)
    return listed(chosen, what=_what(query))


def _by_source(launches: Sequence[Launch], query: Query) -> list[Launch]:
    """The launches as one source tells them, if the question names one."""
    if not query.source:
        return list(launches)
    told = [(item, tuple(claim for claim in item.claims if _says(claim, query.source))) for item in launches]
    return [Launch(item.id, claims) for item, claims in told if claims]


def _says(claim: Claim, source: str) -> bool:
    return source in claim.source.lower()


def _fits(launch: Launch, query: Query) -> bool:
    wanted = query.missile_class
    texts = [(claim.designation.lower(), claim.site.lower()) for claim in launch.claims]
    return (
        (not query.since or launch.local_date >= query.since)
        and (not query.until or launch.local_date <= query.until)
        and ((query.kind in ("list", "differences") and wanted is None) or of_class(launch, wanted) or _any_kind(query))
        and (not query.designation or any(query.designation in name for name, _ in texts))
        and (not query.site or any(query.site in site for _, site in texts))
        and (query.over is None or query.kind == "first" or _beyond(launch, query))
    )


def _space_launches(launches: Sequence[Launch], query: Query) -> int:
    if query.missile_class is not None:
        return 0
    return sum(_fits(item, replace(query, missile_class="SLV")) for item in launches)


def _any_kind(query: Query) -> bool:
    """A question for a type or by class may mean space launchers without saying so."""
    return query.missile_class is None and (bool(query.designation) or query.by_class)


def _beyond(launch: Launch, query: Query) -> bool:
    return compare.first_over([launch], quantity=query.quantity or "range", over=query.over or 0.0).value is not None


def _since(chosen: Sequence[Launch], launches: Sequence[Launch], query: Query) -> Answer:
    """What "first since" was, for the launch asked about, or for the latest of its kind."""
    about = [item for item in launches if query.anchor in (item.id, item.local_date)]
    if not query.anchor:
        about = list(chosen[-1:])
    elif "." in query.anchor and not about:
        raise UsageError(f"there is no launch {query.anchor!r}; `record list` names them")
    if not about:
        return _after(chosen, query)
    answer = first_since(
        chosen, before_ns=about[0].time_ns, missile_class=query.missile_class, utc_offset_min=_offset_min(about[0])
    )
    said = " and ".join(described(item) for item in about)
    text = f"{long_date(about[0].local_date)} ({said}): {answer.text[0].lower()}{answer.text[1:]}"
    value = None if answer.value is None else {**answer.value, "of": summary(about[0])}
    claims = tuple(claim for item in about for claim in item.claims)
    question = f"first{_class(query)} since, for {about[0].id}"
    return Answer(question, text, value, answer.claims + claims, answer.launches + tuple(item.id for item in about))


def _after(chosen: Sequence[Launch], query: Query) -> Answer:
    """A date without a launch: the last one before it and the first one after it."""
    earlier = [item for item in chosen if item.local_date < query.anchor][-1:]
    later = [item for item in chosen if item.local_date > query.anchor][:1]
    what = f"first{_class(query)} since {query.anchor or 'ever'}"
    parts = [f"last before: {item.id}, {described(item)}" for item in earlier]
    parts += [f"first after: {item.id}, {described(item)}" for item in later]
    text = f"No launch on {query.anchor}; " + ("; ".join(parts) or "none before and none after") + "."
    value = {
        "last_before": summary(earlier[0]) if earlier else None,
        "first_after": summary(later[0]) if later else None,
    }
    found = (*earlier, *later)
    claims = tuple(claim for item in found for claim in item.claims)
    return Answer(what, text, value, claims, tuple(item.id for item in found))


def _last(chosen: Sequence[Launch], query: Query) -> Answer:
    cut = query.anchor[:10]
    earlier = [item for item in chosen if not cut or item.local_date < cut]
    what = f"last{_class(query)}" + (f" before {cut}" if cut else "")
    if not earlier:
        return Answer(what, f"{what}: not in this record.", None)
    launch = max(earlier, key=lambda item: (item.local_date, item.time_ns))
    text = f"{what}: {long_date(launch.local_date)} ({launch.id}), {described(launch)}."
    return Answer(what, text, summary(launch), launch.claims, (launch.id,))


def _first(chosen: Sequence[Launch], question: str, query: Query) -> Answer:
    if query.quantity is not None and query.over is not None:
        return compare.first_over(chosen, quantity=query.quantity, over=query.over)
    if query.over is not None:
        return compare.first_over(chosen, quantity="range", over=query.over)
    if query.quantity is not None:
        return compare.records_of(chosen, quantity=query.quantity)
    if "site" in question.lower() and not query.site:
        return compare.first_sites(chosen)
    return compare.first_of(chosen, what=f"first of {_what(query)}")


def _axes(query: Query) -> tuple[Literal["year", "class"], ...]:
    if query.by_year and query.by_class:
        return ("year", "class")
    return ("class",) if query.by_class else ("year",)


def _offset_min(launch: Launch) -> int:
    return (launch.claims or launch.history)[0].utc_offset_min


def _class(query: Query) -> str:
    return f" {query.missile_class}" if query.missile_class else ""


def _what(query: Query) -> str:
    """The launches that were chosen, in words."""
    parts = [query.missile_class or "", query.designation, "launches"]
    parts += [f"from {query.site}"] if query.site else []
    parts += [f"according to {query.source}"] if query.source else []
    if query.over is not None:
        parts.append(f"with {query.quantity or 'range'} over {query.over / 1e3:,g} km")
    return " ".join(part for part in (*parts, _period(query)) if part)


def _period(query: Query) -> str:
    since, until = query.since, query.until
    if not since or not until:
        return f"since {since}" if since else f"until {until}" if until else ""
    if since.endswith("-01-01") and until == f"{since[:4]}-12-31":
        return f"in {since[:4]}"
    return f"on {since}" if since == until else f"{since} to {until}"
