"""`beaconfire verify`: prove a journal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

_PROGRESS_ROWS = 5_000


def register(app: App) -> None:
    """Add the `verify` command."""
    app.command(verify)


def verify(
    journal: Path,
    *,
    heads: Annotated[Path | None, Parameter(name="--heads")] = None,
    json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Check a journal's chain, signatures and recorded decisions; exit 4 if anything was changed.

    On the same build and kind of machine the journal is replayed and every decision compared.

    Parameters
    ----------
    journal
        A node's journal.sqlite.
    heads
        What partners heard of this journal's end: a partner's journal.sqlite, or JSON lines of nation, seq and head.
    json
        Print the report as JSON.
    """
    import msgspec

    from beaconfire.shell import verify_journal

    def progress(seq: int) -> None:
        if seq % _PROGRESS_ROWS == 0:
            print(f"  {seq} rows", file=sys.stderr)

    report = verify_journal(journal, heads=heads, progress=progress)
    if json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
        return
    print(f"{report.journal}: journal of {report.nation}, {report.realm}, {report.rows} rows")
    print(f"root key   {report.root}")
    print(f"head       {report.head}")
    print("chain and signatures hold")
    if report.heads_compared is None:
        print("tail not compared (no --heads given)")
    else:
        print(f"tail compared with {report.heads_compared} heads that partners heard")
    if report.replayed:
        print("replay gives the same decisions, byte for byte")
    else:
        print(f"replay not comparable: {report.why_not_replayed}")
