"""One sovereign node: keys, journal, broker, links, intake and feed around one step, in one process and one task loop.

Start: the journal is replayed, the broker started, every link connected, `ready` called. Then turns of the lockstep
feed (EXERCISE with a feed) or the node's own clock drive the step. Link time (monotonic) drives hellos, beats and
receipts. End: on SIGTERM or SIGINT everything is flushed and the journal folded into one file.
"""

import asyncio
import contextlib
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from beaconfire.kernel import wire
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.time import NS_PER_S, unix_utc_to_tai_ns
from beaconfire.node import (
    ClockTrouble,
    ControlIn,
    Effect,
    EnvelopeIn,
    Input,
    NodeState,
    Restart,
    ScanIn,
    Tick,
    initial,
)
from beaconfire.node import step as node_step
from beaconfire.share import Link as Words
from beaconfire.shell import bundles, journal, keys
from beaconfire.shell.alerting import Office
from beaconfire.shell.arrivals import Arrivals
from beaconfire.shell.beats import Beats
from beaconfire.shell.broker import Broker, check_port
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.engine import Engine, Step, Window
from beaconfire.shell.feed import Answer, Feed, Turn, order_input
from beaconfire.shell.intake import Intake
from beaconfire.shell.link import PartnerLink, client_context
from beaconfire.shell.store import Head, Identification, Record, Store
from beaconfire.shell.tasks import ended, woken
from beaconfire.shell.topology import Lane

TICK_S = 0.1
GREETING_S = 3.0  # how long the first turn waits for partners to say hello
AWAIT_S = 2.0  # how long a turn waits for an awaited envelope before it goes on without that partner
_CLOCK_STEP_S = 0.5
_FLUSH_S = 1.0


@dataclass(frozen=True, slots=True)
class PartnerStatus:
    """How the link with one partner stands.

    `silent_s` is the link time since its last verified word (None before the first); everything up to `contiguous`
    has arrived, of which `received_number` is the highest that is known of.
    """

    nation: str
    connected: bool
    silent_s: float | None
    epoch: int
    sent_number: int
    received_number: int
    contiguous: int
    rejected: int


class Node:
    """A node of this process. `run` returns when it was asked to stop."""

    def __init__(
        self,
        config: NodeConfig,
        *,
        passphrase: str | None,
        windows: Sequence[Window] = (),
        step: Step[NodeState] = node_step,
    ) -> None:
        """Read keys and partners; raises `InvalidInput` for what does not hold. Nothing runs yet."""
        self.config = config
        self._step = step
        self._windows = windows
        self.identity = keys.load(Path(config.folder), config.nation, config.realm, passphrase=passphrase)
        self.partners = bundles.load_partners(config)
        self._stop = asyncio.Event()
        self._links: dict[str, PartnerLink] = {}
        self._intakes: dict[str, Intake] = {}
        self._arrivals = {partner.nation: Arrivals() for partner in self.partners}
        self._controls: deque[ControlIn] = deque()
        self._news = asyncio.Event()
        self._heard: set[str] = set()
        self._absent: set[str] = set()
        self._engine: Engine[NodeState] | None = None
        self._beats = Beats(
            key=self.identity.node_key, links=self._links, intakes=self._intakes, arrivals=self._arrivals,
            engine=lambda: self._engine,
        )  # fmt: skip
        self._broker: Broker | None = None
        self._store: Store | None = None
        self.office = Office(
            config, self.identity, state=lambda: self.state, now_ns=lambda: self._now_ns, news=self._news.set
        )
        self._replayed_ns = 0
        self.trouble: Exception | None = None  # why the journal is not durable, None while it is

    def stop(self) -> None:
        """Ask the node to end."""
        self._stop.set()

    @property
    def state(self) -> NodeState | None:
        """The state of the step, to be read and not changed; None before the first turn."""
        return None if self._engine is None else self._engine.state

    @property
    def _now_ns(self) -> int:
        """Node time: that of the last row, 0 before there is one."""
        return self._replayed_ns if self._engine is None else max(self._engine.now_ns, self._replayed_ns)

    def partner_status(self) -> dict[str, PartnerStatus]:
        """Say how each link stands; empty before the first turn."""
        if self._engine is None:
            return {}
        links = self._engine.state.links
        return {nation: self._status_of(nation, links[nation]) for nation in self._links}

    def _status_of(self, nation: str, words: Words) -> PartnerStatus:
        lane, incoming = self._links[nation], words.incoming
        return PartnerStatus(
            nation=nation, connected=lane.connected, silent_s=lane.silent_s, epoch=words.outgoing.epoch,
            sent_number=words.outgoing.number, received_number=incoming.chain.highest,
            contiguous=incoming.chain.contiguous, rejected=self._intakes[nation].refused.total(),
        )  # fmt: skip

    async def run(self, ready: Callable[[], None]) -> None:
        """Run until `stop`, SIGTERM or SIGINT; raises `PortInUse`, `RunFailed`, `InvalidInput` or `Violation`."""
        for port in (self.config.broker.client_port, self.config.broker.link_port):
            check_port(self.config.broker.host, port)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        resumed = journal.resume(self._journal_path, self._step, self._show_again)
        self._genesis = journal.make_genesis(self.config, self.identity, self.partners, epoch=_wall_ns() // NS_PER_S)
        try:
            self._open_store()
            if resumed is not None:
                self._check_members(resumed[0])
                self._start_engine(resumed[0])
                self._replayed_ns = resumed[1]
                self._do(Restart(), now_ns=resumed[1])
            self._make_links()  # before anything is awaited: the row just written may have something to send
            await self._open_doors()
            await self._drive(ready, last_ns=resumed[1] if resumed else 0)
        finally:
            await self._close()

    @property
    def _journal_path(self) -> Path:
        return self.config.path(self.config.data) / "journal.sqlite"

    def _open_store(self) -> None:
        loop = asyncio.get_running_loop()
        self._store = Store(
            self._journal_path,
            Identification(
                self.config.nation, str(self.config.realm), self.identity.root_public, self.identity.journal_credential
            ),
            self.identity.journal_key,
            committed=lambda seq: _call(loop, self._committed, seq),
            troubled=lambda error: _call(loop, self._troubled, error),
        )

    def _start_engine(self, state: NodeState) -> None:
        assert self._store is not None, "opened first"
        self._engine = Engine(
            state, self._step, store=self._store, key=self.identity.node_key, links=self._links,
            windows=[*self._windows, self.office.orders], publisher=self.office,
        )  # fmt: skip

    def _check_members(self, state: NodeState) -> None:
        """The journal's first row names the partners; whoever joined since is not in it."""
        for partner in self.partners:
            if partner.nation not in state.links:
                place = f"{bundles.PARTNERS_FOLDER}/{partner.nation}.json"
                raise InvalidInput.single(place, "is no partner of this journal", "the partners it was begun with")

    def _make_links(self) -> None:
        epochs, broker = self._epochs(), self.config.broker
        self._broker = Broker(self.config, self.partners, epochs=epochs)
        for partner in self.partners:
            intake = Intake(
                partner.nation, key=partner.node_public, realm=self.config.realm, clock=time.monotonic,
                envelope=self._on_envelope, control=self._on_control,
            )  # fmt: skip
            self._intakes[partner.nation] = intake
            self._links[partner.nation] = PartnerLink(
                Lane(self.config.nation, partner.nation, realm=self.config.realm, epoch=epochs[partner.nation]),
                url=f"tls://{broker.host}:{broker.client_port}",
                tls=client_context(str(self.identity.tls), partner.certificate_name),
                deliver=intake.take, has_room=intake.has_room,
            )  # fmt: skip

    async def _open_doors(self) -> None:
        assert self._broker is not None, "made with the links"
        await self._broker.start()
        for link in self._links.values():
            link.start()
        await self.office.open()

    def _epochs(self) -> dict[str, int]:
        if self._engine is None:
            return {partner.nation: self._genesis.epoch for partner in self.partners}
        return {nation: link.outgoing.epoch for nation, link in self._engine.state.links.items()}

    def _show_again(self, record: Record, effects: Sequence[Effect]) -> None:
        self.office.replayed(record.item, effects)
        for window in self._windows:
            window.show(seq=record.seq, now_ns=record.now_ns, effects=effects, durable=True)

    async def _drive(self, ready: Callable[[], None], *, last_ns: int) -> None:
        feed = Feed(self.config.path(self.config.feed)) if self.config.feed else None
        tasks = [asyncio.create_task(self._stop.wait()), asyncio.create_task(self._beats.run())]
        if feed is not None:
            await feed.open()
            tasks.append(asyncio.create_task(self._lockstep(feed)))
        else:
            tasks.append(asyncio.create_task(self._by_clock(last_ns)))
        ready()
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await ended(pending)
        if feed is not None:
            await feed.close()
        for task in done:
            task.result()

    async def _lockstep(self, feed: Feed) -> None:
        before = 0
        async for turn in feed.turns():
            if self._engine is None:
                self._begin(turn.time_ns)
                await self._greet()
            missing = await self._gather(turn)
            seq = 0
            for item in self._items(turn):
                seq = self._do(item, now_ns=turn.time_ns)
            engine = self._running()
            # The disk works on this turn while the others finish theirs: whoever is sent something waits for its
            # number, which comes after the commit. A warning is waited for: its receipts belong to the next turn.
            await engine.durable(seq if engine.warns else before)
            await self.office.settled()
            before = seq
            taken = {nation: arrivals.taken for nation, arrivals in self._arrivals.items()}
            feed.answer(Answer(tick=turn.tick, sent=engine.numbered, taken=taken, missing=missing))

    def _begin(self, now_ns: int) -> None:
        """Make the first row at the first time that is known."""
        assert self._store is not None, "opened first"
        self._start_engine(initial(self._genesis, now_ns=now_ns))
        self._running().record(self._genesis, now_ns=now_ns)

    def _items(self, turn: Turn) -> list[Input]:
        """The inputs of a turn: own scans first, then what partners said, orders, and that time has passed."""
        items: list[Input] = [ScanIn(scan) for scan in turn.scans]
        for nation in sorted(self._arrivals):
            items += self._arrivals[nation].take(turn.awaited.get(nation, 0))
        items += self._controls
        self._controls.clear()
        items += self.office.take()
        return [*items, *map(order_input, turn.orders), Tick()]

    async def _gather(self, turn: Turn) -> dict[str, int]:
        """Wait until what the turn awaits has arrived; returns which partners' last number did not."""
        deadline_s = time.monotonic() + AWAIT_S
        while True:
            self._news.clear()
            late = {
                n: last
                for n, last in turn.awaited.items()
                if n in self._arrivals and not self._arrivals[n].has_all(last)
            }
            self._absent &= late.keys()
            left_s = deadline_s - time.monotonic()
            if not late.keys() - self._absent or left_s <= 0:
                self._absent |= late.keys()
                return late
            await woken(self._news, left_s)

    async def _greet(self) -> None:
        """Say hello until every partner was heard, or for so long; later turns do not wait for this."""
        deadline_s = time.monotonic() + GREETING_S
        while self._heard != self._links.keys() and time.monotonic() < deadline_s:
            self._beats.greet(self._running())
            await woken(self._news, 0.1)
            self._news.clear()

    async def _by_clock(self, last_ns: int) -> None:
        """Drive the step by the node's own clock: last journaled time plus monotonic time elapsed."""
        base_ns, start_ns = max(_wall_ns(), last_ns), time.monotonic_ns()
        if self._engine is None:
            self._begin(base_ns)
        trusted = self._beats.clock_trusted = self._running().state.releaser.clock_trusted  # as the journal left it
        while True:
            now_ns = base_ns + time.monotonic_ns() - start_ns
            offset_s = (_wall_ns() - now_ns) / NS_PER_S
            if (abs(offset_s) < _CLOCK_STEP_S) is not trusted:
                trusted = not trusted
                self._do(ClockTrouble(trusted, offset_s), now_ns=now_ns)
            for nation in sorted(self._arrivals):
                for item in self._arrivals[nation].take(self._arrivals[nation].highest):
                    self._do(item, now_ns=now_ns)
            while self._controls:
                self._do(self._controls.popleft(), now_ns=now_ns)
            for order in self.office.take():
                self._do(order, now_ns=now_ns)
            seq = self._do(Tick(), now_ns=now_ns)
            await self._running().durable(seq)
            await woken(self._news, TICK_S)
            self._news.clear()

    def _do(self, item: Input, *, now_ns: int) -> int:
        if isinstance(item, ClockTrouble):
            self._beats.clock_trusted, self._beats.clock_offset_s = item.trusted, item.offset_s
        seq = self._running().do(item, now_ns=now_ns)
        self.office.orders.entered(item, seq)
        return seq

    def _running(self) -> Engine[NodeState]:
        assert self._engine is not None, "begun before it runs"
        return self._engine

    def _on_envelope(self, envelope: wire.Envelope, item: EnvelopeIn) -> None:
        self._arrivals[item.partner].add(envelope, item)
        self._news.set()

    def _on_control(self, control: wire.Control, item: ControlIn) -> None:
        self._heard.add(item.partner)
        self._links[item.partner].heard(control.epoch, hello=isinstance(control, wire.Hello))
        if isinstance(control, wire.Beat) and self._store is not None:
            self._store.note_head(Head(item.partner, control.journal_seq, control.journal_head, item.control))
        if self._engine is not None:
            self._controls.append(item)
        self._news.set()

    def _committed(self, seq: int) -> None:
        epochs = self._epochs()
        renewed = [nation for nation, link in self._links.items() if link.lane.epoch != epochs[nation]]
        for nation in renewed:
            self._links[nation].renew(epochs[nation])
        if renewed and self._broker is not None:
            self._broker.reload(epochs)
        self._running().committed(seq)  # a renewed link forgets what was queued, so what is sent now comes after it

    def _troubled(self, error: Exception | None) -> None:
        self.trouble = error
        if self._engine is not None:
            self._engine.troubled(error)

    async def _close(self) -> None:
        await self.office.close()
        for link in self._links.values():
            await link.flushed(timeout_s=_FLUSH_S)
            await link.close()
        if self._broker is not None:
            await self._broker.stop()
        if self._store is not None:
            self._store.close()
        for window in self._windows:
            window.close()


def _wall_ns() -> int:
    return unix_utc_to_tai_ns(time.time_ns())


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., None], argument: object) -> None:
    """Call a function in the loop's thread; after the loop has ended there is nobody to tell."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function, argument)
