"""A console server with a made-up node behind it, as a process of its own so that it can be killed.

The journal is a file of one offset per line: a new process goes on with the numbers of the one that was killed.
`python -m tests.browser.feed_process --port 0 --journal FILE` prints `port N` once it serves.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

from beaconfire.shell.feedhub import FeedHub, FeedRow
from beaconfire.shell.gateway import build_app, serve
from tests.browser import scene

TOKEN = "open-sesame"
SESSION_KEY = b"the same key after a restart...."
PICTURE_S = 0.1


class Journal:
    """Offsets that were written, read back by a restarted process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()
        self.head = len(path.read_text().split()) - 1

    def append(self) -> FeedRow:
        self.head += 1
        with self.path.open("a") as file:
            file.write(f"{self.head}\n")
        return scene.row(self.head)

    def history(self, after: int) -> Iterator[FeedRow]:
        return (scene.row(offset) for offset in range(after + 1, self.head + 1))


async def publish(hub: FeedHub, journal: Journal, *, speed: float, pause_file: Path) -> None:
    """Tell the scene at `speed`; while `pause_file` exists, fall silent."""
    loop = asyncio.get_running_loop()
    time_s, beat_due_s = scene.DETECTED_S + max(journal.head, 0) / scene.ROWS_PER_S, 0.0
    while True:
        await asyncio.sleep(PICTURE_S)
        if pause_file.exists():
            continue
        time_s += speed * PICTURE_S
        while scene.DETECTED_S + (journal.head + 1) / scene.ROWS_PER_S <= min(time_s, scene.FLIGHT_S):
            row = journal.append()
            hub.publish(row.kind, row.data, row.offset)
        hub.publish("tracks", scene.tracks(time_s))
        if loop.time() >= beat_due_s:
            beat_due_s = loop.time() + 1.0
            hub.publish("clock", scene.clock(time_s, speed=speed, age_s=0.3))


async def run(arguments: argparse.Namespace) -> None:
    journal = Journal(arguments.journal)
    hub = FeedHub(history=journal.history, head=journal.head)
    app = build_app(hub, lambda: scene.CONFIG, token=TOKEN, session_key=SESSION_KEY)
    gateway = await serve(app, hub=hub, port=arguments.port)
    sys.stdout.write(f"port {gateway.port}\n")
    sys.stdout.flush()
    await publish(hub, journal, speed=arguments.speed, pause_file=arguments.journal.with_suffix(".pause"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--speed", type=float, default=8.0)
    asyncio.run(run(parser.parse_args()))
