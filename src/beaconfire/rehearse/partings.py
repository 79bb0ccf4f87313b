"""Who parted from whom in a run: from when until when, what the other lost by it, and when it had everything again.

In: the accounts of the nations, and a way to tell the area that may be hit in a nation's shared picture. Out: plain
values for `summary.json`, one per parting. What was lost is shown by the area: before, at the end of the parting, and
once all was told again; the nation that was left had by then only its own sensors and its other partners.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from beaconfire.kernel.time import NS_PER_S, format_utc
from beaconfire.rehearse.lines import Account, PartnerLine

Values = dict[str, Any]
Km2 = Callable[[str, int], float | None]
_PARTED = ("suspended", "left")
_HEARD = ("suspended_by_partner", "suspended", "left")


def partings(accounts: Mapping[str, Account], times_ns: Sequence[int], km2: Km2) -> list[Values]:
    """Return every parting in order of time; `km2` tells a nation's area (km²) at one of the equal times `times_ns`."""
    found = [
        _values(account, line, accounts.get(line.partner), times_ns, km2)
        for account in accounts.values()
        for line in account.partners
        if line.word in _PARTED
    ]
    return sorted(found, key=lambda values: (values["from_utc"], values["nation"], values["partner"]))


def _values(
    account: Account, line: PartnerLine, other: Account | None, times_ns: Sequence[int], km2: Km2
) -> Values:  # fmt: skip
    partner, begin_ns = line.partner, line.time_ns
    returned = _next(_about(account, partner), ("returned", "joined"), begin_ns)
    theirs = _about(other, account.nation)
    heard = _next(theirs, _HEARD, begin_ns)
    caught_up = None if returned is None else _next(theirs, ("caught_up",), returned.time_ns)
    end_ns = None if returned is None else returned.time_ns

    def area(time_ns: int | None, step: int) -> float | None:
        place = None if time_ns is None else bisect_right(times_ns, time_ns) + step
        return km2(partner, times_ns[place]) if place is not None and 0 <= place < len(times_ns) else None

    return {
        "nation": account.nation, "partner": partner, "word": line.word, "why": line.why, "from_utc": line.time_utc,
        "heard_utc": None if heard is None else heard.time_utc,
        "until_utc": None if end_ns is None else format_utc(end_ns),
        "away_s": None if end_ns is None else round((end_ns - begin_ns) / NS_PER_S, 3),
        "caught_up_utc": None if caught_up is None else caught_up.time_utc,
        "records": None if caught_up is None else caught_up.count,
        "before_km2": area(begin_ns, -1),
        "alone_km2": area(end_ns, -1) if end_ns is not None else km2(partner, times_ns[-1]) if times_ns else None,
        "after_km2": area(None if caught_up is None else caught_up.time_ns, 0),
    }  # fmt: skip


def _about(account: Account | None, nation: str) -> list[PartnerLine]:
    return [] if account is None else [line for line in account.partners if line.partner == nation]


def _next(lines: Sequence[PartnerLine], wanted: Sequence[str], after_ns: int) -> PartnerLine | None:
    return next((line for line in lines if line.word in wanted and line.time_ns >= after_ns), None)


def parting_lines(values: Sequence[Values]) -> Iterator[str]:
    """Yield one sentence per parting, for people."""
    for row in values:
        verb = "suspended" if row["word"] == "suspended" else "left"
        words = f"{row['nation']} {verb} {row['partner']} at {row['from_utc'][11:19]} UTC"
        if row["until_utc"] is None:
            yield f"{words}, for good"
            continue
        words += f", for {row['away_s']:.0f} s"
        if row["caught_up_utc"] is not None:
            words += f"; complete again at {row['caught_up_utc'][11:21]} UTC with {row['records']} records"
        else:
            words += "; its history was not complete at the end"
        yield words
