"""Two sovereign brokers on this machine, and the child processes that speak over them.

JPN listens and KOR dials, as their names decide; with `cuttable` the dialer goes through a forwarder that can be cut.
Everything lies in a temporary folder, on loopback ports nobody uses, and ends with the block.
"""

import asyncio
import contextlib
import logging
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from beaconfire.kernel.labels import Realm
from beaconfire.shell import bundles
from beaconfire.shell.broker import Broker, die_with_parent
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig
from beaconfire.shell.ports import free_ports
from beaconfire.shell.setup import init_node

EPOCH = 1_000
SENDER, RECEIVER, SECOND = "KOR", "JPN", "USA"
_CHUNK = 1 << 18
POLICY = b"""version = 1
nation = "%s"
[[grant]]
id = "g"
partner = "%s"
realm = "EXERCISE"
kinds = ["launch", "trajectory"]
provenance = ["%s"]
rate_hz = 100.0
"""


class Forwarder:
    """A TCP forwarder: `cut("reset")` closes at once, `cut("black")` keeps the connections and passes nothing."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self._target = port, target
        self._mode = "up"
        self._healed = asyncio.Event()
        self._healed.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    def cut(self, mode: str) -> None:
        self._mode = mode
        self._healed.clear()
        if mode == "reset":
            self._drop()

    def heal(self) -> None:
        if self._mode == "black":
            self._drop()  # what was swallowed is gone with its connection
        self._mode = "up"
        self._healed.set()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._drop()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "reset":
            writer.transport.abort()
            return
        self._writers.add(writer)
        if self._mode == "black":
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(far_writer)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            pump = asyncio.get_running_loop().create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                if self._mode == "black":
                    await self._healed.wait()
                    return
                sink.write(data)
                await sink.drain()
        sink.transport.abort()


class Child:
    """A worker process; `go` lets it begin, `result` waits for its word."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker ended with {await self.process.wait()}")
        words: dict[str, Any] = msgspec.json.decode(line)
        return words

    async def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        await self.process.stdin.drain()

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


class Pair:
    """The two nations of one measurement."""

    def __init__(self, root: Path, configs: Mapping[str, NodeConfig], brokers: Mapping[str, Broker]) -> None:
        self.root, self.configs, self.brokers = root, dict(configs), dict(brokers)
        self.forwarder: Forwarder | None = None
        self._children: list[Child] = []

    async def child(self, module: str, **words: Any) -> Child:
        """Start `python -m benchmarks.exchange.<module>` with its orders, and wait until it says that it is ready."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"benchmarks.exchange.{module}", msgspec.json.encode(words).decode(),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, preexec_fn=die_with_parent(),
            limit=1 << 24,
        )  # fmt: skip
        child = Child(process)
        self._children.append(child)
        await child.line()
        return child

    async def speaker(self, nation: str, partner: str, **words: Any) -> Child:
        """Start one end of a chain and let the partner in once its link is made; wait until a receiver hears."""
        child = await self.child("speakers", node=str(self.root / nation), partner=partner, **words)
        await self.brokers[nation].grant(partner, epoch=EPOCH)
        if words["role"] == "receive":
            await child.line()
        return child

    def times(self, name: str) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """Return monotonic nanoseconds by number as a worker wrote them, 0 where there is none."""
        loaded: np.ndarray[Any, np.dtype[np.int64]] = np.load(self.root / f"{name}.npy")
        return loaded

    async def close(self) -> None:
        for child in self._children:
            await child.end()
        for broker in self.brokers.values():
            await broker.stop()
        if self.forwarder is not None:
            await self.forwarder.stop()


def _policy(nation: str) -> bytes:
    partner = RECEIVER if nation == SENDER else SENDER
    return POLICY % (nation.encode(), partner.encode(), nation.encode())


@asynccontextmanager
async def pair(
    *receivers: str, cuttable: bool = False, sync_always: bool = False, start: bool = True
) -> AsyncIterator[Pair]:
    """Run the sender's broker and one per receiver (JPN unless named), each joined with the sender's by a link.

    `cuttable`: JPN's link goes through `Pair.forwarder`. Without `start` the brokers are left to the caller.
    """
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    root = Path(tempfile.mkdtemp(prefix="beaconfire-bench-"))
    nations = (SENDER, *(receivers or (RECEIVER,)))
    ports = free_ports(2 * len(nations) + 1)
    forwarder = Forwarder(ports[-1], ports[3]) if cuttable else None
    configs = {}
    for place, nation in enumerate(nations):
        clients, links = ports[2 * place : 2 * place + 2]
        seen = forwarder.port if forwarder is not None and nation == RECEIVER else links
        configs[nation] = init_node(
            root / nation, nation, Realm.EXERCISE, policy_toml=_policy(nation),
            console=ConsoleConfig(port=0),
            broker=BrokerConfig(
                client_port=clients, link_port=links, address=f"127.0.0.1:{seen}", sync_always=sync_always
            ),
        )  # fmt: skip
    ours, *others = configs.values()
    for other in others:
        bundles.exchange_bundles([ours, other])
    brokers = {}
    for nation, config in configs.items():
        partners = bundles.load_partners(config)
        brokers[nation] = Broker(config, partners, epochs={partner.nation: EPOCH for partner in partners})
    made = Pair(root, configs, brokers)
    made.forwarder = forwarder
    try:
        if forwarder is not None:
            await forwarder.start()
        for broker in brokers.values() if start else ():
            await broker.start()
        yield made
    finally:
        await made.close()
        shutil.rmtree(root, ignore_errors=True)
