"""Alerts in words for the terminal, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beaconfire.cli.orders import Found
    from beaconfire.kernel.alerts import AreaThreat, Ready
    from beaconfire.kernel.errors import Fault
    from beaconfire.shell.channels import Health
    from beaconfire.shell.control import Outcome


def print_rows(found: Found, *, json: bool) -> None:
    """Print one line per alert."""
    from beaconfire.shell.alertrows import alert_row

    if json:
        _print_json([alert_row(view, realm=found.realm) for view in found.alerts])
        return
    print(_where(found))
    for view in found.alerts:
        silent = f", silent: {', '.join(view.silent)}" if view.silent else ""
        draft = f", draft {view.draft.kind} {view.draft.stage}" if view.draft else ""
        print(f"  {view.alert_id}  {view.status}{draft}, {len(view.sent)} sent, {', '.join(view.event_ids)}{silent}")
    if not found.alerts:
        print("  no alert")


def print_one(found: Found, *, json: bool) -> None:
    """Print everything of one alert."""
    from beaconfire.shell.alertrows import alert_row

    (view,) = found.alerts
    context = [line for event_id in view.event_ids for line in found.context.get(event_id, ())]
    if json:
        _print_json({**alert_row(view, realm=found.realm), "context": context})
        return
    print(_where(found))
    print(f"{view.alert_id}  {view.status}, events {', '.join(view.event_ids)}")
    for line in context:
        print(f"context: {line}")
    if view.draft is not None:
        print("draft")
        print("\n".join(ready_lines(view.draft, digest=view.draft.digest, now_ns=found.now_ns)))
    for title, messages in (("ready to be sent in one step", view.ready), ("sent", view.sent)):
        for ready in messages:
            print(f"{title}: {_line(ready)}")
    for title, names in (("silent", view.silent), ("another authority warns there", view.conflicts)):
        if names:
            print(f"{title}: {', '.join(names)}")


def print_channels(channels: Sequence[Health], *, json: bool) -> None:
    """Print how every end-point stands."""
    import msgspec

    if json:
        _print_json(msgspec.to_builtins(list(channels)))
        return
    for row in channels:
        state = {True: "well", False: f"DOWN: {row.detail}", None: "not tested yet"}[row.ok]
        print(f"{row.channel}  {row.endpoint}  {state}, {row.waiting} waiting, self-test {_age(row.tested_s)}, "
              f"last delivery {_age(row.delivered_s)}")  # fmt: skip
    if not channels:
        print("no channel")


def print_outcome(outcome: Outcome, *, json: bool) -> None:
    """Print what an order did."""
    from beaconfire.shell.alertrows import log_row

    if json:
        rows = [log_row(row) for row in outcome.rows]
        _print_json({"seq": outcome.seq, "durable": outcome.durable, "refused": outcome.refused, "rows": rows})
        return
    for row in outcome.rows:
        print(f"{row.alert_id}  {row.previous or 'new'} → {row.status}  {row.kind or ''} {row.identifier}: {row.why}")
    for reason in outcome.refused:
        print(f"refused: {reason}")
    if not outcome.durable:
        print("UNRECORDED: the journal cannot be written")


def print_faults(name: str, faults: Sequence[Fault], *, signed: bool, json: bool) -> None:
    """Print what a check found."""
    if json:
        _print_json([{"where": item.where, "what": item.what, "expected": item.expected} for item in faults])
        return
    for fault in faults:
        print(f"{name}: {fault}")
    if not faults:
        print(f"{name}: keeps every rule{' and its signature holds' if signed else '; its signature was not checked'}")


def ready_lines(ready: Ready, *, digest: bytes, now_ns: int) -> Iterator[str]:
    """Yield a message for the one who is to sign it: what, where, until when, in which words, and the hash."""
    from beaconfire.kernel.time import format_utc
    from beaconfire.shell.alertrows import hash_words, texts_of

    message = ready.message
    yield f"  {message.realm} {ready.kind} {ready.identifier}, {ready.stage}, by {ready.author}"
    yield f"  approved by {', '.join(ready.approved_by) or 'nobody yet'}; {ready.needs} needed"
    yield f"  until {format_utc(message.expires_ns, decimals=0)}, at least {message.count_at_least}"
    for area in message.areas:
        yield f"    {_area(area, now_ns)}"
    for text in texts_of(ready.unsigned):
        yield f"  [{text['language']}] {text['headline']}"
        yield from (f"    {text[part]}" for part in ("description", "instruction") if text[part])
    yield f"  SHA-256 {digest.hex()}"
    yield f"  in words: {hash_words(digest)}"


def _area(area: AreaThreat, now_ns: int) -> str:
    from beaconfire.kernel.time import NS_PER_S
    from beaconfire.warn import areas

    known = areas().get(area.area_id)
    name = "" if known is None else f" {known.names.get('en', '')}"
    left_s = (area.first_ns - now_ns) / NS_PER_S
    left = f"in {left_s / 60:.1f} min" if left_s > 0 else "now or past"
    return f"{area.area_id}{name}: hit {area.hit_p:.1%}, overflight {area.pass_p:.1%}, {left}"


def _line(ready: Ready) -> str:
    from beaconfire.shell.alertrows import hash_words

    areas = ", ".join(area.area_id for area in ready.message.areas)
    return f"{ready.kind} {ready.identifier} ({areas}), {hash_words(ready.digest)}"


def _where(found: Found) -> str:
    from beaconfire.kernel.time import format_utc

    source = "running" if found.running else "stopped, from its journal"
    return f"{found.nation} {found.realm} at {format_utc(found.now_ns) if found.now_ns else 'no time yet'}, {source}"


def _age(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.0f} s ago"


def _print_json(value: Any) -> None:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
