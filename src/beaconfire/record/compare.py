"""Where sources differ, and what was the first or the most: shown with both sides, never averaged."""

from collections.abc import Iterator, Sequence
from typing import Any

from beaconfire.record.answer import Answer, Quantity, claims_of, described, figure_of, figure_words, long_date, summary
from beaconfire.record.claims import Bound, Claim, CountBound
from beaconfire.record.launches import Launch

QUANTITIES: tuple[Quantity, ...] = ("range", "apogee", "flight time")


def differences(
    launches: Sequence[Launch], *, percent: float, quantities: Sequence[str] = (*QUANTITIES, "count")
) -> Answer:
    """Answer where sources differ by more than a percentage of the larger figure, both sides named.

    `allowed` says that the wording makes both true ("at least 500 km" beside 1,000 km).
    """
    rows, ids = [], []
    claims: dict[str, Claim] = {}
    for launch in launches:
        for quantity in quantities:
            found = _widest(launch, quantity)
            if found is not None and found[2] > percent / 100.0:
                low, high, share = found
                rows.append(_difference_row(launch, quantity, low, high, share))
                claims |= {low.id: low, high.id: high}
                ids.append(launch.id)
    what = f"launches whose sources differ by more than {percent:g} %"
    lines = [
        f"{row['launch_id']}: {row['quantity']} {row['percent']:g} %: "
        + f"{row['low']['source']} {row['low']['figure']}, {row['high']['source']} {row['high']['figure']}"
        + (" (the wording allows both)" if row["allowed"] else "")
        for row in rows
    ]
    head = f"{what}: {len(set(ids))}."
    return Answer(what, "\n".join([head, *lines]), rows, tuple(claims.values()), tuple(dict.fromkeys(ids)))


def first_over(launches: Sequence[Launch], *, quantity: Quantity, over: float) -> Answer:
    """Answer which launch was the first for which a source states a range or apogee (m) or time (s) over a value."""
    unit = f"{over:g} s" if quantity == "flight time" else f"{over / 1e3:,.10g} km"
    what = f"first time ever that the {quantity} was over {unit}"
    for launch in launches:
        claims = tuple(claim for claim in launch.claims if (_value(claim, quantity) or 0.0) > over)
        if claims:
            said = "; ".join(f"{claim.source}: {figure_words(claim, quantity)}" for claim in claims)
            text = f"{what}: {long_date(launch.local_date)} ({launch.id}), {described(launch)}; {said}."
            return Answer(what, text, summary(launch), claims, (launch.id,))
    return Answer(what, f"{what}: not in this record.", None)


def records_of(launches: Sequence[Launch], *, quantity: Quantity) -> Answer:
    """Answer which launches went beyond all earlier ones, by the largest figure that a source states."""
    what = f"launches whose {quantity} was beyond all before"
    best, rows, lines, claims = 0.0, [], [], []
    for launch in launches:
        claim = max(launch.claims, key=lambda claim: (_value(claim, quantity) or 0.0, claim.id))
        value = _value(claim, quantity) or 0.0
        if value > best:
            best = value
            rows.append({**summary(launch), "value": value, "source": claim.source})
            lines.append(f"{launch.id}: {claim.missile_class} {claim.designation}, {claim.source}: "
                         f"{figure_words(claim, quantity)}")  # fmt: skip
            claims.append(claim)
    return Answer(what, "\n".join([f"{what}:", *lines]), rows, tuple(claims), tuple(row["launch_id"] for row in rows))


def most(launches: Sequence[Launch], *, quantity: Quantity) -> Answer:
    """Answer which launch had the largest range, apogee or flight time that a source states."""
    what = f"largest {quantity}"
    stated = [(claim, item) for item in launches for claim in item.claims if _value(claim, quantity) is not None]
    if not stated:
        return Answer(what, f"{what}: nobody states one.", None)
    claim, launch = max(stated, key=lambda pair: (_value(pair[0], quantity) or 0.0, pair[0].id))
    text = f"{what}: {long_date(launch.local_date)} ({launch.id}), {claim.missile_class} {claim.designation}; "
    text += "; ".join(f"{each.source}: {figure_words(each, quantity) or 'not stated'}" for each in launch.claims) + "."
    return Answer(what, text, {**summary(launch), "value": _value(claim, quantity)}, launch.claims, (launch.id,))


def first_sites(launches: Sequence[Launch]) -> Answer:
    """Answer when each launch site was named for the first time."""
    what = "first launch from each site"
    first: dict[str, Launch] = {}
    for launch in launches:
        for claim in launch.claims:
            if claim.site and claim.latitude_deg is not None:
                first.setdefault(claim.site, launch)
    lines = [f"{launch.id}: {site}" for site, launch in first.items()]
    rows = [{"site": site, **summary(launch)} for site, launch in first.items()]
    claims = tuple(next(c for c in launch.claims if c.site == site) for site, launch in first.items())
    return Answer(what, "\n".join([f"{what}:", *lines]), rows, claims, tuple(item.id for item in first.values()))


def first_of(launches: Sequence[Launch], *, what: str) -> Answer:
    """Answer which of some launches was the first."""
    if not launches:
        return Answer(what, f"{what}: not in this record.", None)
    launch = launches[0]
    text = f"{what}: {long_date(launch.local_date)} ({launch.id}), {described(launch)}."
    return Answer(what, text, summary(launch), claims_of([launch]), (launch.id,))


def source_pairs(launches: Sequence[Launch], *, quantity: Quantity) -> Iterator[tuple[Launch, Claim, Claim, float]]:
    """Yield `(launch, low, high, share of the larger)` of launches for which two sources state a quantity."""
    for launch in launches:
        found = _widest(launch, quantity)
        if found is not None:
            yield launch, *found


def _widest(launch: Launch, quantity: str) -> tuple[Claim, Claim, float] | None:
    """The lowest and the highest claim of different sources, and their difference as a share of the higher."""
    stated = sorted(
        ((_value(claim, quantity), claim.id, claim) for claim in launch.claims if _value(claim, quantity) is not None),
        key=lambda row: row[:2],
    )
    if len({claim.source for _, _, claim in stated}) < 2:
        return None
    high = stated[-1][2]
    low = next(claim for _, _, claim in stated if claim.source != high.source)
    top, bottom = _value(high, quantity) or 0.0, _value(low, quantity) or 0.0
    return low, high, (top - bottom) / top


def _value(claim: Claim, quantity: str) -> float | None:
    if quantity == "count":
        return None if claim.count is None else float(claim.count)
    if quantity == "flight time":
        return claim.flight_time_s
    return figure_of(claim, "range" if quantity == "range" else "apogee")[0]


def _difference_row(launch: Launch, quantity: str, low: Claim, high: Claim, share: float) -> dict[str, Any]:
    if quantity == "count":
        allowed = low.count_bound is not CountBound.EXACT
    elif quantity == "flight time":
        allowed = False
    else:
        name = "range" if quantity == "range" else "apogee"
        allowed = figure_of(low, name)[2] is Bound.OVER or figure_of(high, name)[2] is Bound.UNDER  # type: ignore[arg-type]
    return {
        "launch_id": launch.id,
        "quantity": quantity,
        "percent": round(100.0 * share, 1),
        "allowed": allowed,
        "low": _side(low, quantity),
        "high": _side(high, quantity),
    }


def _side(claim: Claim, quantity: str) -> dict[str, Any]:
    if quantity == "count":
        figure = f"{'at least ' if claim.count_bound is CountBound.AT_LEAST else ''}{claim.count}"
    else:
        figure = figure_words(claim, quantity).removeprefix(f"{quantity} ")  # type: ignore[arg-type]
    return {"source": claim.source, "value": _value(claim, quantity), "figure": figure, "claim_id": claim.id}
