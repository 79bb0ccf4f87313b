"""The partners of a running node: each one's link, intake and arrivals, and who of them may connect right now.

In: what partners say, which becomes inputs of the step; membership effects of the step, carried out here. Out: the
links, and how each stands. A partner is let in when its link has emptied what an older grant had left, and put out in
this order: what is queued is gone already (`Purge`), the notice is passed on if that takes no longer than `NOTICE_S`,
then the grant and the connection end. Nothing here decides: the step did.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beaconfire.kernel import codec, wire
from beaconfire.kernel.errors import RunFailed
from beaconfire.node import Admit, ControlIn, Cut, EnvelopeIn, Input, NodeState, Tell, members
from beaconfire.shell import bundles
from beaconfire.shell.arrivals import Arrivals
from beaconfire.shell.beats import Beats
from beaconfire.shell.broker import Broker
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.engine import Engine
from beaconfire.shell.intake import Intake
from beaconfire.shell.keys import Identity
from beaconfire.shell.link import PartnerLink, client_context
from beaconfire.shell.partnerstatus import PartnerStatus, is_member, status_of
from beaconfire.shell.store import Head
from beaconfire.shell.tasks import ended, woken
from beaconfire.shell.topology import Lane

NOTICE_S = 0.05  # how long a cut waits for its notice to be passed on (EXCHANGE part 6)
AWAIT_S = 2.0  # how long a turn waits for an awaited envelope before it goes on without that partner
_GREETING_S = 3.0  # how long the first turn waits for partners to say hello
_FLUSH_S = 1.0
_TRY_AGAIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Traffic:
    """One partner's link, door and queue, to be measured."""

    link: PartnerLink
    intake: Intake
    arrivals: Arrivals


@dataclass(frozen=True, slots=True)
class Cutting:
    """When a partner was last put out, in seconds of link time, and how long that took."""

    at_s: float
    took_s: float


class Partners:
    """All partners' links. `make` prepares them for an epoch each, `open` starts server and links."""

    def __init__(
        self,
        config: NodeConfig,
        identity: Identity,
        *,
        engine: Callable[[], Engine[NodeState] | None],
        news: Callable[[], None],
        note_head: Callable[[Head], None],
    ) -> None:
        """Read the partners; raises `InvalidInput` for a file that does not hold. Nothing runs yet.

        `engine` gives None before the first row; `news` is called when something waits for the step.
        """
        self._config, self._identity = config, identity
        self._engine, self._news, self._note_head = engine, news, note_head
        self.known = {partner.nation: partner for partner in bundles.load_partners(config)}
        self.links: dict[str, PartnerLink] = {}
        self._intakes: dict[str, Intake] = {}
        self._pinned: dict[str, bytes] = {}  # the keys of all partners: whose words another may pass on
        self._arrivals: dict[str, Arrivals] = {nation: Arrivals() for nation in self.known}
        self._controls: deque[ControlIn] = deque()
        self._arrived = asyncio.Event()
        self._heard: set[str] = set()
        self._absent: set[str] = set()
        self._out: set[str] = set()  # neither let in nor spoken to
        self._tasks: set[asyncio.Task[None]] = set()
        self.cuts: dict[str, Cutting] = {}
        self.broker: Broker | None = None
        self.beats = Beats(
            key=identity.node_key, links=self.links, intakes=self._intakes, arrivals=self._arrivals,
            engine=engine, out=self._out,
        )  # fmt: skip

    # --- start and end -----------------------------------------------------------------------------------------

    def make(self, epochs: Mapping[str, int], state: NodeState | None) -> None:
        """Make the links of all partners, of which those that are suspended are not let in.

        Raises `InvalidInput` for a partner by the journal whose bundle is not there.
        """
        nations = [nation for nation in epochs if state is None or is_member(state, nation)]
        for nation in nations:
            self.known.setdefault(nation, bundles.load_partner(self._config, nation))
            bundles.mark_used(self._config, nation)
        self.broker = Broker(self._config, [self.known[nation] for nation in nations], epochs=epochs)
        for nation in nations:
            if state is not None and state.links[nation].closed:
                self._out.add(nation)
            self._make_link(self.known[nation], epochs[nation], key=b"" if state is None else state.keys[nation])

    async def open(self) -> None:
        """Start the server, then the links: each lets its partner in when nothing old is left on the broker."""
        assert self.broker is not None, "made first"
        await self.broker.start()
        for link in self.links.values():
            link.start()

    async def close(self) -> None:
        """Let what waits go out for a moment, then end everything."""
        await ended(self._tasks)
        for link in self.links.values():
            await link.flushed(timeout_s=_FLUSH_S)
            await link.close()
        if self.broker is not None:
            await self.broker.stop()

    # --- what partners say ---------------------------------------------------------------------------------------

    def controls(self) -> list[Input]:
        """Return the controls that wait for the step."""
        items: list[Input] = list(self._controls)
        self._controls.clear()
        return items

    def envelopes(self, awaited: Mapping[str, int] | None = None) -> list[Input]:
        """Return the envelopes that are due: up to the awaited number of each partner, or all; all of who is away."""
        items: list[Input] = []
        for nation in sorted(self._arrivals):
            arrivals = self._arrivals[nation]
            last = arrivals.highest if awaited is None or self._away(nation) else awaited.get(nation, 0)
            items += arrivals.take(last)
        return items

    def put_back(self, items: Sequence[EnvelopeIn]) -> None:
        """Let the next turn have, before all others, what this one had no time for."""
        for nation in {item.partner for item in items} & self._arrivals.keys():
            self._arrivals[nation].put_back([item for item in items if item.partner == nation])
        if items:
            self._news()

    @property
    def taken(self) -> dict[str, int]:
        """The last number taken of each partner."""
        return {nation: arrivals.taken for nation, arrivals in self._arrivals.items()}

    async def gather(self, awaited: Mapping[str, int], epochs: Mapping[str, int]) -> dict[str, int]:
        """Wait until what a turn awaits has arrived; returns which partners' last number did not.

        Nothing is awaited of a partner that is away, until it says that it is in another epoch.
        """
        deadline_s = time.monotonic() + AWAIT_S
        awaited = {nation: last for nation, last in awaited.items() if not self._away(nation, epochs.get(nation))}
        while True:
            self._arrived.clear()
            late = {
                nation: last
                for nation, last in awaited.items()
                if nation in self._arrivals and not self._arrivals[nation].has_all(last, epoch=epochs.get(nation))
            }
            self._absent &= late.keys()
            left_s = deadline_s - time.monotonic()
            if not late.keys() - self._absent or left_s <= 0:
                self._absent |= late.keys()
                return late
            await woken(self._arrived, left_s)

    async def greet(self) -> None:
        """Say hello until every partner was heard, or for so long; later turns do not wait for this."""
        engine = self._engine()
        assert engine is not None, "begun before it greets"
        deadline_s = time.monotonic() + _GREETING_S
        while not self.links.keys() - self._out <= self._heard and time.monotonic() < deadline_s:
            self.beats.greet(engine)
            await woken(self._arrived, 0.1)
            self._arrived.clear()

    def status(self) -> dict[str, PartnerStatus]:
        """Say how each link stands, of partners that left too; empty before the first turn."""
        engine = self._engine()
        if engine is None:
            return {}
        return {
            member.nation: status_of(
                member, engine.state, link=self.links.get(member.nation), intake=self._intakes.get(member.nation)
            )
            for member in members(engine.state)
        }

    def traffic(self) -> dict[str, Traffic]:
        """Return the parts of each partner's link, to be measured."""
        return {
            nation: Traffic(link, self._intakes[nation], self._arrivals[nation]) for nation, link in self.links.items()
        }

    # --- what the step decided -----------------------------------------------------------------------------------

    def renew(self, epochs: Mapping[str, int]) -> None:
        """Let links follow the step into new epochs; called before the effects of the row that began them."""
        for nation, link in self.links.items():
            if nation in epochs and link.lane.epoch != epochs[nation]:
                link.renew(epochs[nation])

    def carry_out(self, effect: Tell | Cut | Admit) -> None:
        """Carry out an effect of membership, after the commit of its row."""
        if isinstance(effect, Admit):
            self._admit(effect)
        elif effect.partner not in self.links:
            if isinstance(effect, Cut) and effect.reason == "left":  # the node died before it forgot
                bundles.forget_partner(self._config, effect.partner)
        elif isinstance(effect, Tell):
            signed = wire.Signed(unsigned=effect.unsigned, signature=self._identity.node_key.sign(effect.unsigned))
            self.links[effect.partner].control(effect.kind, codec.encode(signed))
        else:
            self._out.add(effect.partner)
            self._spawn(self._cut(effect.partner, left=effect.reason == "left"))

    def _admit(self, effect: Admit) -> None:
        nation = effect.partner
        partner = bundles.load_partner(self._config, nation)
        bundles.mark_used(self._config, nation)
        self._out.discard(nation)
        self.known[nation] = partner
        engine = self._engine()
        assert engine is not None, "the step admits"
        epoch = engine.state.links[nation].outgoing.epoch
        if nation in self.links:
            self._intakes[nation].change_key(effect.public_key)
            self._pinned[nation] = effect.public_key
            self._spawn(self._rejoin(partner, epoch))
            return
        self._arrivals.setdefault(nation, Arrivals())
        self._make_link(partner, epoch, key=effect.public_key)
        self._spawn(self._join(partner, epoch))

    async def _join(self, partner: bundles.Partner, epoch: int) -> None:
        assert self.broker is not None, "a partner is admitted by a running node"
        await self.broker.join(partner, epoch=epoch)
        self.links[partner.nation].start()

    async def _rejoin(self, partner: bundles.Partner, epoch: int) -> None:
        """Let a partner in again whose link is there: once it has its new outbox, which it may have by now."""
        assert self.broker is not None, "a partner is admitted by a running node"
        await self.broker.join(partner, epoch=epoch)
        self._let_in(partner.nation)

    async def _cut(self, nation: str, *, left: bool) -> None:
        assert self.broker is not None, "a partner is cut by a running node"
        link, begun_s = self.links[nation], time.monotonic()
        await link.told(timeout_s=NOTICE_S)
        await self.broker.revoke(nation)
        self.cuts[nation] = Cutting(time.monotonic(), time.monotonic() - begun_s)
        if nation not in self._out:  # it has come back meanwhile
            self._let_in(nation)
        elif left:
            await link.forget()
            del self.links[nation], self._intakes[nation], self._pinned[nation], self.known[nation]
            bundles.forget_partner(self._config, nation)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _away(self, nation: str, epoch: int | None = None) -> bool:
        """Say whether nothing can come from a partner: we or it closed the link, and it began no epoch since."""
        engine = self._engine()
        words = None if engine is None else engine.state.links.get(nation)
        if engine is None or words is None:
            return False
        back = words.theirs is not None and epoch is not None and epoch > words.theirs.epoch
        return words.closed or (words.away(engine.state.now_ns) and not back)

    def _make_link(self, partner: bundles.Partner, epoch: int, *, key: bytes = b"") -> None:
        nation, broker = partner.nation, self._config.broker
        self._pinned[nation] = key or partner.node_public
        intake = Intake(
            nation, key=self._pinned[nation], realm=self._config.realm, clock=time.monotonic, origins=self._pinned,
            envelope=self._on_envelope, control=self._on_control,
        )  # fmt: skip
        self._intakes[nation] = intake
        self.links[nation] = PartnerLink(
            Lane(self._config.nation, nation, realm=self._config.realm, epoch=epoch),
            url=f"tls://{broker.host}:{broker.client_port}",
            tls=client_context(str(self._identity.tls), partner.certificate_name),
            deliver=intake.take, has_room=intake.has_room, ready=lambda: self._let_in(nation),
        )  # fmt: skip

    def _let_in(self, nation: str) -> None:
        if nation not in self._out:
            self._spawn(self._grant(nation))

    async def _grant(self, nation: str) -> None:
        """Grant a partner as long as it is to be in; the server may be starting again just now."""
        assert self.broker is not None, "a link is ready on a running server"
        while nation not in self._out and nation in self.links:
            link = self.links[nation]
            if not link.ready:
                return  # it says so when it is
            try:
                await self.broker.grant(nation, epoch=link.lane.epoch)
            except RunFailed:
                await asyncio.sleep(_TRY_AGAIN_S)
                continue
            if nation in self._out:  # cut while it was let in
                await self.broker.revoke(nation)
            return

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        engine = self._engine()
        if isinstance(error, Exception) and engine is not None:
            engine.failed = error  # a programmer's error must not be lost in a task: the loop's next wait raises it

    def _on_envelope(self, envelope: wire.Envelope, item: EnvelopeIn) -> None:
        self._arrivals[item.partner].add(envelope, item)
        self._wake()

    def _on_control(self, control: wire.Control, item: ControlIn) -> None:
        self._heard.add(item.partner)
        self.links[item.partner].heard(control.epoch, hello=isinstance(control, wire.Hello))
        if isinstance(control, wire.Beat):
            self._note_head(Head(item.partner, control.journal_seq, control.journal_head, item.control))
        if self._engine() is not None:
            self._controls.append(item)
        self._wake()

    def _wake(self) -> None:
        self._arrived.set()
        self._news()
