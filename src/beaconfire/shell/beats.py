"""What a node says to its partners by link time: hellos after a new connection, each second a beat and a receipt.

A receipt is a promise that the journal holds what it names: it is made of the state as it is, then waits until the rows
behind it are on disk, and only then is sent. While the disk refuses, nothing is said, and partners see the node grow
silent.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel import codec, wire
from beaconfire.node import NodeState
from beaconfire.share import ControlOut
from beaconfire.shell.arrivals import Arrivals
from beaconfire.shell.clock import read_quality, said_error_s
from beaconfire.shell.engine import Engine
from beaconfire.shell.intake import Intake
from beaconfire.shell.link import PartnerLink

BEAT_S = 1.0
_HELLOS = 3  # beats after a new connection that bring a hello: the first may come before the leaf link is up


class Beats:
    """Speaks on all links. `clock_trusted` and `clock_offset_s` are what the beats say of the node's clock."""

    def __init__(
        self,
        *,
        key: Ed25519PrivateKey,
        links: Mapping[str, PartnerLink],
        intakes: Mapping[str, Intake],
        arrivals: Mapping[str, Arrivals],
        engine: Callable[[], Engine[NodeState] | None],
        out: Collection[str] = (),
    ) -> None:
        """Hold the node's parts; `engine` gives None before the first row. To those in `out` nothing is said."""
        self._key, self._links, self._intakes, self._arrivals = key, links, intakes, arrivals
        self._engine, self._out = engine, out
        self._greeted: dict[str, int] = {}
        self.clock_trusted = True
        self.clock_offset_s = 0.0

    async def run(self) -> None:
        """Speak until cancelled."""
        while True:
            await asyncio.sleep(BEAT_S)
            for intake in self._intakes.values():
                intake.resume()
            engine = self._engine()
            if engine is not None:
                for nation in tuple(self._links):
                    if nation not in self._out:
                        await self._speak(nation, engine)

    def greet(self, engine: Engine[NodeState]) -> None:
        """Say hello to everybody now."""
        for nation in self._links.keys() - self._out:
            self._tell(nation, "hello", engine.state.links[nation].hello(now_ns=engine.now_ns))

    async def _speak(self, nation: str, engine: Engine[NodeState]) -> None:
        link, words, now_ns = self._links[nation], engine.state.links[nation], engine.now_ns
        greeted = self._greeted.setdefault(nation, 0)
        if greeted < link.connections * _HELLOS:
            self._greeted[nation] = greeted + 1
            self._tell(nation, "hello", words.hello(now_ns=now_ns))
        beat = words.beat(
            now_ns=now_ns,
            clock_error_s=said_error_s(read_quality(), offset_s=self.clock_offset_s),
            clock_trusted=self.clock_trusted,
            journal_seq=engine.seq,
            journal_head=engine.head,
        )
        receipt = words.receipt(now_ns=now_ns)
        settled = self._arrivals[nation].empty
        await engine.durable(engine.seq)
        if engine.trouble is None and nation not in self._out:
            self._tell(nation, "beat", beat)
            self._tell(nation, "receipt", receipt)
            if settled:
                link.acknowledge()
        link.wake()

    def _tell(self, nation: str, kind: str, words: ControlOut) -> None:
        signed = wire.Signed(unsigned=words.unsigned, signature=self._key.sign(words.unsigned))
        self._links[nation].control(kind, codec.encode(signed))
