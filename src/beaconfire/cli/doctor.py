"""`beaconfire doctor`: the health of this installation, and of one node."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

Node = Annotated[Path | None, Parameter(name="--node", help="a node's folder, or its node.toml")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="print an array of findings")]


def register(app: App) -> None:
    """Add the `doctor` command."""
    app.command(doctor)


def doctor(*, node: Node = None, json: Json = False) -> int:
    """Look at this installation, and at a node if one is named; says what to do about what is not ok.

    Exit code 1 if there is a fault; a warning is none. Nothing is changed, and a running node is not disturbed.
    """
    import datetime as dt
    from dataclasses import asdict

    from beaconfire.shell.doctor import examine_machine
    from beaconfire.shell.nodedoctor import examine_node

    findings = list(examine_machine())
    if node is not None:
        findings += examine_node(node, now=dt.datetime.now(dt.UTC))
    if json:
        print(dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{finding.state:5} {finding.name:12} {finding.words}{f' -> {finding.todo}' if finding.todo else ''}")
    return int(any(finding.state == "fault" for finding in findings))
