"""`beaconfire node run|check`: one sovereign node."""

from __future__ import annotations

import os
import sys
from collections import deque
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from beaconfire.cli.init import ask_passphrase

if TYPE_CHECKING:
    from beaconfire.shell import Node, NodeConfig
    from beaconfire.shell.engine import Window

Config = Annotated[Path, Parameter(name="--config", help="the node's node.toml")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="print JSON")]


def register(app: App) -> None:
    """Add the `node` group."""
    group = App(name="node", help="One sovereign node: run it, or check its configuration.")
    group.command(run)
    group.command(check)
    app.command(group)


def run(*, config: Config) -> None:
    """Run a node until it is interrupted or terminated.

    Prints one JSON line once it is ready. Partners' links come up by themselves whenever the partners are there. What
    its sensors detect and what partners tell is entered into the launch record.
    """
    import asyncio
    import logging

    from beaconfire.cli.warm import load_kernels
    from beaconfire.shell import Node, load_config

    logging.getLogger("nats").setLevel(logging.CRITICAL)  # a lost connection is told by the links' own state
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    settings = load_config(config)
    deque(load_kernels(), maxlen=0)
    windows = _windows(settings)
    node = Node(settings, passphrase=ask_passphrase(settings.realm), windows=windows)
    asyncio.run(_serve(node, windows))


def _windows(settings: NodeConfig) -> list[Window]:
    """The launch record, and what is written into the results folder if there is one."""
    from beaconfire.shell.bulletins import BulletinWriter
    from beaconfire.shell.export import ResultsWriter
    from beaconfire.shell.recordkeeper import RecordKeeper
    from beaconfire.shell.recordstore import RecordStore

    store, nation, realm = RecordStore(settings.record_path), settings.nation, settings.realm
    windows: list[Window] = [RecordKeeper(store, nation=nation, realm=realm, told=_told)]
    if settings.results:
        folder = settings.path(settings.results)
        windows.append(ResultsWriter(folder, realm))
        languages = settings.console.languages
        windows.append(BulletinWriter(folder, store, nation=nation, realm=realm, languages=languages, told=_told))
    return windows


def _told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def _serve(node: Node, windows: list[Window]) -> None:
    """Run the node with its console, if it is to have one, and say on standard output when both are up."""
    from beaconfire.shell.console import ConsoleWindow

    words = {"ready": node.config.nation, "pid": os.getpid()}
    console = ConsoleWindow(node) if node.config.console.port else None
    if console is not None:
        windows.append(console)
        words["console"] = await console.open()
    try:
        await node.run(lambda: print(dumps(words), flush=True))
    finally:
        if console is not None:
            await console.shut()


def check(*, config: Config, json: Json = False) -> None:
    """Check a node's configuration, keys, partners, sensors and policy, and say what would happen; starts nothing."""
    from beaconfire.shell import check_node, load_config

    settings = load_config(config)
    found = check_node(settings, passphrase=ask_passphrase(settings.realm))
    if json:
        print(dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:10} {', '.join(value) or 'none' if isinstance(value, list) else value}")
