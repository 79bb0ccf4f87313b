"""A real node in a process of its own, of which only what is released is made up.

    python -m benchmarks.exchange.node '{"folder": …, "log": …, "per_tick": 10}'

Keys, journal, server, links, intake and loop are the real ones. At every tick within the times that stand in the
node's folder, `per_tick` launches are offered to every partner; by those times a replay offers the same again. When a
partner's envelope or control is taken, the monotonic time goes to the log.
"""

import asyncio
import logging
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from beaconfire.kernel import wire
from beaconfire.kernel.products import RELEASED_KINDS, Kind, LaunchBody, Product
from beaconfire.kernel.records import CLASSES, KINDS, EventStatus
from beaconfire.node import (
    ControlIn,
    Effect,
    EnvelopeIn,
    Genesis,
    Input,
    NodeState,
    Send,
    Tick,
    decode_input,
    step,
)
from beaconfire.node.outbound import offer
from beaconfire.shell.config import NodeConfig, load_config
from beaconfire.shell.journal import begin
from beaconfire.shell.loop import Node
from beaconfire.shell.store import Reader, decode_record
from benchmarks.exchange.speakers import say

LINE = struct.Struct("<cq")  # what it was (e, c), monotonic nanoseconds
_TIMES = "flow.txt"


class Orders(msgspec.Struct, frozen=True):
    folder: str
    log: str
    per_tick: int = 0


def flow(folder: str, *, from_ns: int, until_ns: int) -> None:
    """Let a node offer from one node time to another; both lie ahead, so that every replay says the same."""
    with (Path(folder) / _TIMES).open("a") as file:
        file.write(f"{from_ns} {until_ns}\n")


def flowing(
    state: NodeState, item: Input, *, now_ns: int, folder: str, per_tick: int
) -> tuple[NodeState, Sequence[Effect]]:
    """The real step; a tick within the times also offers launches to every partner."""
    state, effects = step(state, item, now_ns=now_ns)
    if not isinstance(item, Tick) or not per_tick or not _flows(folder, now_ns):
        return state, effects
    more: list[Effect] = []
    for number in range(per_tick):
        more += offer(state, launch(f"E{number}", now_ns, state.genesis.nation), tuple(state.links))
    return state, (*effects, *more)


def launch(event: str, now_ns: int, nation: str) -> Product:
    even = tuple(1.0 / len(CLASSES) for _ in CLASSES)
    body = LaunchBody(
        event=event, time_ns=now_ns, time_sigma_s=1.0, latitude_deg=39.0, longitude_deg=126.0,
        covariance_m2=(1e6, 0.0, 1e6), status=EventStatus.CONFIRMED, count_at_least=1, count_probability=0.9,
        classes=even, kinds=tuple(1.0 / len(KINDS) for _ in KINDS),
    )  # fmt: skip
    return Product(Kind.LAUNCH, event, 1, now_ns, body, (nation,), ("R1",), urgent=True)


def decided(config: NodeConfig, partner: str, *, per_tick: int) -> set[bytes]:
    """The source ids of all records that a node's journal has decided to release to a partner."""
    found: set[bytes] = set()
    state: NodeState | None = None
    for now_ns, item in _rows(config):
        if state is None:
            assert isinstance(item, Genesis)
            state = begin(item, now_ns=now_ns, where="")
            continue
        state, effects = flowing(state, item, now_ns=now_ns, folder=config.folder, per_tick=per_tick)
        sends = (effect for effect in effects if isinstance(effect, Send) and effect.partner == partner)
        found |= {source for send in sends if (source := _source(send.unsigned, config)) is not None}
    return found


def received(config: NodeConfig, partner: str) -> set[bytes]:
    """The source ids of all records of a partner in a node's journal."""
    envelopes = (item for _, item in _rows(config) if isinstance(item, EnvelopeIn) and item.partner == partner)
    return {source for item in envelopes if (source := _source(item.envelope, config)) is not None}


def logged(path: Path) -> dict[str, list[int]]:
    """Return the monotonic times of envelopes ("e") and controls ("c") in a node's log."""
    found: dict[str, list[int]] = {"e": [], "c": []}
    data = path.read_bytes() if path.exists() else b""
    for kind, at_ns in LINE.iter_unpack(data[: len(data) // LINE.size * LINE.size]):
        found[kind.decode()].append(at_ns)
    return found


def _flows(folder: str, now_ns: int) -> bool:
    path = Path(folder) / _TIMES
    lines = path.read_text().splitlines() if path.exists() else []
    spans = ((int(first), int(last)) for first, _, last in (line.partition(" ") for line in lines))
    return any(first <= now_ns < last for first, last in spans)


def _rows(config: NodeConfig) -> Iterator[tuple[int, Input]]:
    reader = Reader(config.path(config.data) / "journal.sqlite")
    try:
        for row in reader.rows():
            record = decode_record(row, where="")
            yield record.now_ns, decode_input(record.item)
    finally:
        reader.close()


def _source(unsigned: bytes, config: NodeConfig) -> bytes | None:
    envelope = wire.decode_envelope(unsigned, realm=config.realm)
    return wire.decode_release(envelope).source_id if envelope.kind in RELEASED_KINDS else None


def main(orders: Orders) -> None:
    """Run until told to end; a JSON line says that it is ready."""
    logging.getLogger("nats").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    log = Path(orders.log).open("ab", buffering=0)  # noqa: SIM115 as long as the process
    running = False

    def watched(state: NodeState, item: Input, *, now_ns: int) -> tuple[NodeState, Sequence[Effect]]:
        if running and isinstance(item, EnvelopeIn | ControlIn):
            log.write(LINE.pack(b"e" if isinstance(item, EnvelopeIn) else b"c", time.monotonic_ns()))
        return flowing(state, item, now_ns=now_ns, folder=orders.folder, per_tick=orders.per_tick)

    def ready(nation: str) -> None:
        nonlocal running
        running = True
        say({"ready": nation})

    node = Node(load_config(Path(orders.folder) / "node.toml"), passphrase=None, step=watched)
    asyncio.run(node.run(partial(ready, node.config.nation)))


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Orders))
