"""What a nation told its public in a run, and when: from the log of its alerts to plain values.

A proposal is not a warning: what the desk drafted and took back is counted apart from what was sent. `after_s` is the
time from the first confirmed event, the nation's own or one that a partner released.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beaconfire.kernel.time import format_utc, seconds_between
from beaconfire.rehearse.lines import Account, AlertLine

Values = dict[str, Any]

_SENT = ("sent", "updated", "corrected", "cancelled", "all_clear")
_ENDED = ("cancelled", "all_clear", "expired")


def warning_values(account: Account) -> Values:
    """Return the part of `summary.json` on warning: the alerts with the messages that went out and who carried them."""
    confirmed = [row.issued_ns for row in account.events if row.status == "confirmed"]
    first_ns = min(confirmed, default=None)
    messages = list(_messages(account, first_ns))
    proposed = [row for row in account.alerts if row.status == "proposed" and row.picture is not None]
    drafts = {row.alert_id for row in account.alerts if row.status == "drafted"}
    return {
        "first_proposal_utc": proposed[0].time_utc if proposed else None,
        "first_sent_utc": messages[0]["time_utc"] if messages else None,
        "drafted_alerts": len(drafts),
        "sent_alerts": len({row["alert_id"] for row in messages}),
        "ended": _ends(account, sent={row["alert_id"] for row in messages}),
        "messages": messages,
    }


def transitions(account: Account) -> Iterator[AlertLine]:
    """Yield the lines that a timeline shows: what each picture would propose, and every step of each alert."""
    for row in account.alerts:
        if row.picture is not None or row.status != row.previous:
            yield row


def deliveries(account: Account, identifier: str) -> dict[str, AlertLine]:
    """Return the last word of each channel on one message, by the channel's name."""
    said = [row for row in account.alerts if row.identifier == identifier and row.who.startswith("channel:")]
    return {row.who.removeprefix("channel:"): row for row in said}


def _messages(account: Account, confirmed_ns: int | None) -> Iterator[Values]:
    for row in account.alerts:
        if row.status not in _SENT or row.status == row.previous or row.who.startswith("channel:"):
            continue
        yield {
            "alert_id": row.alert_id,
            "identifier": row.identifier,
            "kind": row.kind,
            "time_utc": format_utc(row.time_ns),
            "after_s": None if confirmed_ns is None else round(seconds_between(row.time_ns, confirmed_ns), 3),
            "by": row.who,
            "areas": [area.area_id for area in row.areas],
            "delivered": {name: told.time_utc for name, told in deliveries(account, row.identifier).items()},
        }


def _ends(account: Account, *, sent: set[str]) -> dict[str, str]:
    """How each alert ended, by its id; what was sent does not end with the draft of a follow-up."""
    ends = {}
    for row in account.alerts:
        if row.picture is not None or row.status == row.previous:
            continue
        if row.status in _ENDED or (row.status == "withdrawn" and row.alert_id not in sent):
            ends[row.alert_id] = row.status
    return ends
