"""One sovereign node: keys, journal, broker, links, intake and feed around one step, in one process and one task loop.

Start: the journal is replayed, the broker started, every link connected, `ready` called. Then turns of the lockstep
feed (EXERCISE with a feed) or the node's own clock drive the step. Link time (monotonic) drives hellos, beats and
receipts. End: on SIGTERM or SIGINT everything is flushed and the journal folded into one file.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import ClockTrouble, Effect, EnvelopeIn, Input, Join, NodeState, Restart, ScanIn, Tick, initial
from beaconfire.node import Partner as Named
from beaconfire.node import step as node_step
from beaconfire.shell import bundles, journal, keys
from beaconfire.shell.alerting import Office
from beaconfire.shell.broker import check_port
from beaconfire.shell.clock import NodeClock, wall_ns
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.engine import Engine, Step, Window
from beaconfire.shell.feed import Answer, Feed, Turn, order_input
from beaconfire.shell.partnerdesk import PartnerDesk
from beaconfire.shell.partners import Partners
from beaconfire.shell.partnerstatus import PartnerStatus, is_member
from beaconfire.shell.store import Head, Identification, Record, Store
from beaconfire.shell.tasks import ended, woken

TICK_S = 0.1


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
        self._stop = asyncio.Event()
        self._news = asyncio.Event()
        self._engine: Engine[NodeState] | None = None
        self._store: Store | None = None
        self._joined = Partners(
            config, self.identity, engine=lambda: self._engine, news=self._news.set, note_head=self._note_head
        )
        self.office = Office(
            config, self.identity, state=lambda: self.state, now_ns=lambda: self._now_ns, news=self._news.set
        )
        self.office.partners = PartnerDesk(
            config, self.identity, state=lambda: self.state, status=self._joined.status, orders=self.office.orders
        )
        self.scenario_over = False  # the conductor's last turn is done
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

    @property
    def partners(self) -> tuple[bundles.Partner, ...]:
        """The partners taken in, by name."""
        return tuple(self._joined.known[nation] for nation in sorted(self._joined.known))

    @property
    def exchange(self) -> Partners:
        """The partners' links, to be read and not changed."""
        return self._joined

    @property
    def engine(self) -> Engine[NodeState] | None:
        """What runs the step, to be read; None before the first turn."""
        return self._engine

    @property
    def store(self) -> Store | None:
        """The journal's writer, to be read; None before `run`."""
        return self._store

    def partner_status(self) -> dict[str, PartnerStatus]:
        """Say how each link stands; empty before the first turn."""
        return self._joined.status()

    async def run(self, ready: Callable[[], None]) -> None:
        """Run until `stop`, SIGTERM or SIGINT; raises `PortInUse`, `RunFailed`, `InvalidInput` or `Violation`."""
        for port in (self.config.broker.client_port, self.config.broker.link_port):
            check_port(self.config.broker.host, port)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        resumed = journal.resume(self._journal_path, self._step, self._show_again)
        self._genesis = journal.make_genesis(
            self.config, self.identity, self.partners, epoch=wall_ns() // NS_PER_S, begun=resumed is not None
        )
        try:
            self._open_store()
            if resumed is not None:
                self._go_on(resumed[0], now_ns=resumed[1])
            self._joined.make(self._epochs(), self.state)  # before anything is awaited: a row may send something
            await self._joined.open()
            await self.office.open()
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
            state, self._step, store=self._store, key=self.identity.node_key, links=self._joined.links,
            windows=[*self._windows, self.office.orders, self.office.beside], publisher=self.office,
            membership=self._joined,
        )  # fmt: skip

    def _go_on(self, state: NodeState, *, now_ns: int) -> None:
        """Go on from the journal's last row; who was taken in while the node was down joins now."""
        self._start_engine(state)
        self._replayed_ns = now_ns
        if not self.config.feed:  # the last row may be of an old copy: epochs are dated by the clock, not by it
            now_ns = max(wall_ns(), now_ns)
        self._do(Restart(), now_ns=now_ns)
        for partner in self.partners:
            left = partner.nation in state.links and bundles.is_used(self.config, partner.nation)
            if not left and not is_member(state, partner.nation):
                self._join(partner, now_ns=now_ns)

    def _join(self, partner: bundles.Partner, *, now_ns: int) -> None:
        """Take in who stands in the folder and not in the journal; when LIVE that is for `partner accept` alone."""
        if self.config.realm is Realm.LIVE:
            place = f"{bundles.PARTNERS_FOLDER}/{partner.nation}.json"
            raise InvalidInput.single(place, "is no partner of this journal", "one of `beaconfire partner accept`")
        self._do(Join(Named(partner.nation, partner.node_public), ()), now_ns=now_ns)

    def _epochs(self) -> dict[str, int]:
        if self._engine is None:
            return dict.fromkeys(self._joined.known, self._genesis.epoch)
        return {nation: link.outgoing.epoch for nation, link in self._engine.state.links.items()}

    def _show_again(self, record: Record, effects: Sequence[Effect]) -> None:
        self.office.replayed(record.item, effects)
        for window in self._windows:
            window.show(seq=record.seq, now_ns=record.now_ns, effects=effects, durable=True)

    async def _drive(self, ready: Callable[[], None], *, last_ns: int) -> None:
        feed = Feed(self.config.path(self.config.feed)) if self.config.feed else None
        tasks = [asyncio.create_task(self._stop.wait()), asyncio.create_task(self._joined.beats.run())]
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
                await self._joined.greet()
            missing = await self._joined.gather(turn.awaited, turn.epochs)
            seq = self._take(self._items(turn), now_ns=turn.time_ns, for_s=limits.TURN_PARTNERS_S)
            engine = self._running()
            # The disk works on this turn while the others finish theirs: whoever is sent something waits for its
            # number, which comes after the commit. A warning is waited for: its receipts belong to the next turn.
            await engine.durable(seq if engine.warns else before)
            await self.office.settled()
            before, self.scenario_over = seq, turn.last
            feed.answer(
                Answer(
                    tick=turn.tick, sent=engine.numbered, taken=self._joined.taken, missing=missing,
                    epochs=self._epochs(),
                )
            )  # fmt: skip

    def _begin(self, now_ns: int) -> None:
        """Make the first row at the first time that is known."""
        assert self._store is not None, "opened first"
        self._start_engine(initial(self._genesis, now_ns=now_ns))
        self._running().record(self._genesis, now_ns=now_ns)

    def _items(self, turn: Turn) -> list[Input]:
        """The inputs of a turn: own scans first, then what partners said, orders, and that time has passed."""
        items: list[Input] = [ScanIn(scan) for scan in turn.scans]
        items += self._joined.envelopes(turn.awaited)
        items += self._joined.controls()
        items += self.office.take()
        return [*items, *map(order_input, turn.orders), Tick()]

    async def _by_clock(self, last_ns: int) -> None:
        """Drive the step by the node's own clock: last journaled time plus monotonic time elapsed."""
        clock = NodeClock(last_ns)
        if self._engine is None:
            self._begin(clock.now_ns())
        beats = self._joined.beats
        trusted = beats.clock_trusted = self._running().state.releaser.clock_trusted  # as the journal left it
        while True:
            now_ns = clock.now_ns()
            if clock.trusted(now_ns) is not trusted:
                trusted = not trusted
                self._do(ClockTrouble(trusted, clock.offset_s(now_ns)), now_ns=now_ns)
            items = [*self._joined.envelopes(), *self._joined.controls(), *self.office.take(), Tick()]
            seq = self._take(items, now_ns=now_ns, for_s=limits.TICK_PARTNERS_S)
            await self._running().durable(seq)
            await woken(self._news, TICK_S)
            self._news.clear()

    def _take(self, items: Sequence[Input], *, now_ns: int, for_s: float) -> int:
        """Run inputs and return the last one's row; what partners sent beyond a time waits for the next turn.

        A partner's history may cost more than it took to send: own scans, orders and the clock do not wait for it.
        """
        end_s, seq, rest = time.monotonic() + for_s, 0, list[EnvelopeIn]()
        for item in items:
            if isinstance(item, EnvelopeIn) and time.monotonic() > end_s:
                rest.append(item)
            else:
                seq = self._do(item, now_ns=now_ns)
        self._joined.put_back(rest)
        return seq

    def _do(self, item: Input, *, now_ns: int) -> int:
        if isinstance(item, ClockTrouble):
            self._joined.beats.clock_trusted, self._joined.beats.clock_offset_s = item.trusted, item.offset_s
        seq = self._running().do(item, now_ns=now_ns)
        self.office.orders.entered(item, seq)
        return seq

    def _running(self) -> Engine[NodeState]:
        assert self._engine is not None, "begun before it runs"
        return self._engine

    def _note_head(self, head: Head) -> None:
        if self._store is not None:
            self._store.note_head(head)

    def _committed(self, seq: int) -> None:
        self._joined.renew(self._epochs())
        self._running().committed(seq)  # a renewed link forgets what was queued, so what is sent now comes after it

    def _troubled(self, error: Exception | None) -> None:
        self.trouble = error
        if self._engine is not None:
            self._engine.troubled(error)

    async def _close(self) -> None:
        await self.office.close()
        await self._joined.close()
        if self._store is not None:
            self._store.close()
        for window in self._windows:
            window.close()


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., None], argument: object) -> None:
    """Call a function in the loop's thread; after the loop has ended there is nobody to tell."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function, argument)
