"""A real node in a process of its own whose step makes up what to release: `python -m tests.faults.chatty NODE_TOML`.

Keys, journal, server, links, intake and loop are the real ones. Only what is released is made up: at every tick within
the times that stand in the node's folder (so that a replay says the same again) one launch goes to every partner.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from beaconfire.kernel import wire
from beaconfire.kernel.products import RELEASED_KINDS, Released
from beaconfire.node import Effect, EnvelopeIn, Genesis, Input, NodeState, Send, Tick, decode_input, step
from beaconfire.shell.config import NodeConfig, load_config
from beaconfire.shell.journal import begin
from beaconfire.shell.loop import Node
from beaconfire.shell.store import Reader, decode_record
from tests.shell.test_node import launch

_TIMES = "talk.txt"
EVENTS = 8  # so many go round: a partner that names a new event at each tick would meet a limit


class Times:
    """The spans of node time in which a node releases, as they stand in its folder; read anew when it changed."""

    def __init__(self, folder: str) -> None:
        self._path, self._read_ns = Path(folder) / _TIMES, 0
        self._spans: list[tuple[int, int]] = []

    def add(self, *, from_ns: int, until_ns: int) -> None:
        """Add a span; one that lies ahead is the same to the running node and to a later replay."""
        with self._path.open("a") as file:
            file.write(f"{from_ns} {until_ns}\n")

    def hold(self, now_ns: int) -> bool:
        """Whether this node time lies in a span."""
        changed_ns = self._path.stat().st_mtime_ns if self._path.exists() else 0
        if changed_ns != self._read_ns:
            lines = self._path.read_text().splitlines()
            self._spans = [(int(first), int(last)) for first, _, last in (line.partition(" ") for line in lines)]
            self._read_ns = changed_ns
        return any(first <= now_ns < last for first, last in self._spans)


def chatty(state: NodeState, item: Input, *, now_ns: int, times: Times) -> tuple[NodeState, Sequence[Effect]]:
    """The real step; a tick within the times also releases one launch to every partner."""
    state, effects = step(state, item, now_ns=now_ns)
    if not isinstance(item, Tick) or not times.hold(now_ns):
        return state, effects
    said: list[Effect] = []
    product = launch(f"E{now_ns // 100_000_000 % EVENTS}", 1, state.now_ns, state.genesis.nation)
    for partner, link in state.links.items():
        decision = state.releaser.decide(product, partner, now_ns=now_ns)
        if isinstance(decision, Released):
            out = link.number(decision, now_ns=now_ns)
            said.append(Send(partner, out.number, out.generation, out.kind, out.local_id, out.subject, out.unsigned))
    return state, (*effects, *said)


def decided(config: NodeConfig, partner: str) -> set[bytes]:
    """The source ids of all records that this node's journal has decided to release to a partner."""
    found: set[bytes] = set()
    state: NodeState | None = None
    times = Times(config.folder)
    for now_ns, item in rows(config):
        if state is None:
            assert isinstance(item, Genesis)
            state = begin(item, now_ns=now_ns, where="")
            continue
        state, effects = chatty(state, item, now_ns=now_ns, times=times)
        sends = (effect for effect in effects if isinstance(effect, Send) and effect.partner == partner)
        found |= {source for send in sends if (source := source_of(send.unsigned, config)) is not None}
    return found


def received(config: NodeConfig, partner: str) -> list[bytes]:
    """The source ids of all records of a partner in this node's journal, in order, copies in other epochs too."""
    envelopes = (item for _, item in rows(config) if isinstance(item, EnvelopeIn) and item.partner == partner)
    return [source for item in envelopes if (source := source_of(item.envelope, config)) is not None]


def rows(config: NodeConfig) -> Iterator[tuple[int, Input]]:
    """Every row's time and input."""
    reader = Reader(config.path(config.data) / "journal.sqlite")
    try:
        for row in reader.rows():
            record = decode_record(row, where="")
            yield record.now_ns, decode_input(record.item)
    finally:
        reader.close()


def source_of(unsigned: bytes, config: NodeConfig) -> bytes | None:
    """The source id in an envelope, None for the link's own kinds."""
    envelope = wire.decode_envelope(unsigned, realm=config.realm)
    return wire.decode_release(envelope).source_id if envelope.kind in RELEASED_KINDS else None


def main(folder: str) -> None:
    """Run until told to end; one JSON line says that it is ready."""
    logging.getLogger("nats").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    step_ = partial(chatty, times=Times(folder))
    node = Node(load_config(Path(folder) / "node.toml"), passphrase=None, step=step_)
    asyncio.run(node.run(partial(_ready, node.config.nation)))


def _ready(nation: str) -> None:
    sys.stdout.write(json.dumps({"ready": nation, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
