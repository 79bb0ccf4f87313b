"""Step, journal, send, show, in that order: the heart of the shell.

`do` runs one input through the step and hands its row to the store; when the store says that the row is on disk, the
input's effects are carried out: envelopes signed and published, alerts given to their channels, the rest shown. So
nothing is sent before it is durable (promise P1). While the disk refuses, showing goes on, marked, and sending waits
for the disk, but for a warning that the publisher lets go without.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.alerts import Approved
from beaconfire.node import Admit, Cut, Effect, Genesis, Input, Publish, Purge, Send, Tell, digest, encode_input
from beaconfire.shell.link import PartnerLink
from beaconfire.shell.parcels import parcels
from beaconfire.shell.store import Store

State = TypeVar("State")
Step = Callable[..., tuple[State, Sequence[Effect]]]


class Window(Protocol):
    """Whatever shows effects to people or writes them to files."""

    def show(self, *, seq: int, now_ns: int, effects: Sequence[Effect], durable: bool) -> None:
        """Show the effects of journal row `seq`; not durable while the disk refuses it."""

    def close(self) -> None:
        """End; called once."""


class Publisher(Protocol):
    """Whatever brings approved messages to the public."""

    def publish(self, approved: Approved, *, recorded: bool) -> None:
        """Sign and send a message once; not `recorded` while the disk refuses the row that approved it."""


class Membership(Protocol):
    """Whatever lets partners in and puts them out."""

    def carry_out(self, effect: Tell | Cut | Admit) -> None:
        """Do what the step decided of a partner."""


@dataclass(slots=True)
class _Done:
    seq: int
    now_ns: int
    effects: Sequence[Effect]
    shown: bool = False


class Engine(Generic[State]):
    """Runs the step. `links` and `windows` may be filled until the first `do`."""

    def __init__(
        self,
        state: State,
        step: Step[State],
        *,
        store: Store,
        key: Ed25519PrivateKey,
        links: Mapping[str, PartnerLink],
        windows: Sequence[Window],
        publisher: Publisher | None = None,
        membership: Membership | None = None,
    ) -> None:
        """Take the state as it is after the journal's last row.

        Without a publisher nobody is warned; without membership all partners stay as they are.
        """
        self.state = state
        self._step, self._store, self._key = step, store, key
        self._links, self._windows, self._publisher, self._membership = links, windows, publisher, membership
        self._waiting: deque[_Done] = deque()
        self._durable = asyncio.Event()
        self.now_ns = 0
        self.trouble: Exception | None = None
        self.failed: Exception | None = None

    @property
    def seq(self) -> int:
        """The journal's last row."""
        return self._store.seq

    @property
    def head(self) -> bytes:
        """The hash of the journal's last row."""
        return self._store.head

    @property
    def backlog(self) -> int:
        """Rows that are not on disk yet."""
        return len(self._waiting)

    @property
    def numbered(self) -> dict[str, int]:
        """The last number given to an envelope, per partner that one was made for."""
        state: Any = self.state  # the engine runs any state; a node's has links
        return {nation: link.outgoing.number for nation, link in state.links.items() if link.outgoing.number}

    @property
    def warns(self) -> bool:
        """Whether a public warning waits for the disk."""
        return any(isinstance(effect, Publish) for done in self._waiting for effect in done.effects)

    def do(self, item: Input, *, now_ns: int) -> int:
        """Run one input and return its row's number."""
        self.state, effects = self._step(self.state, item, now_ns=now_ns)
        return self._journal(item, now_ns, effects)

    def record(self, genesis: Genesis, *, now_ns: int) -> int:
        """Write the first row: the genesis of which the state was made."""
        return self._journal(genesis, now_ns, ())

    async def durable(self, seq: int) -> None:
        """Wait until row `seq` is on disk and its effects are carried out; raises what went wrong meanwhile."""
        while self._waiting and self._waiting[0].seq <= seq and self.trouble is None:
            self._durable.clear()
            await self._durable.wait()
            if self.failed is not None:
                raise self.failed

    def committed(self, seq: int) -> None:
        """Carry out the effects of all rows up to `seq`; called in the loop's thread."""
        try:
            while self._waiting and self._waiting[0].seq <= seq:
                done = self._waiting.popleft()
                self._send(done.effects)
                if not done.shown:
                    self._show(done, durable=True)
        except Exception as error:  # a programmer's error must not be lost in a callback: `durable` raises it
            self.failed = error
        self._durable.set()

    def troubled(self, error: Exception | None) -> None:
        """Note that the disk refuses (or takes again): what waits is shown, and not sent."""
        self.trouble = error
        if error is not None:
            for done in self._waiting:
                self._unrecorded(done)
        self._durable.set()

    def _journal(self, item: Input, now_ns: int, effects: Sequence[Effect]) -> int:
        self.now_ns = now_ns
        seq = self._store.append(now_ns=now_ns, item=encode_input(item), digest=digest(effects))
        done = _Done(seq, now_ns, effects)
        self._waiting.append(done)
        if self.trouble is not None:
            self._unrecorded(done)
        return seq

    def _unrecorded(self, done: _Done) -> None:
        """Show a row that the disk refuses; of all it asks for only a warning may go out (ARCHITECTURE, wall 3)."""
        self._warn(done.effects, recorded=False)
        self._show(done, durable=False)

    def _send(self, effects: Sequence[Effect]) -> None:
        sends: dict[str, list[Send]] = {}
        for effect in effects:
            if isinstance(effect, Send):
                sends.setdefault(effect.partner, []).append(effect)
            elif isinstance(effect, Purge) and effect.partner in self._links:
                self._publish(effect.partner, sends.pop(effect.partner, []))
                self._links[effect.partner].purge(generation=effect.generation)
            elif isinstance(effect, Tell | Cut | Admit) and self._membership is not None:
                self._membership.carry_out(effect)
        for partner, of_partner in sends.items():
            self._publish(partner, of_partner)
        self._warn(effects, recorded=True)

    def _warn(self, effects: Sequence[Effect], *, recorded: bool) -> None:
        for effect in effects:
            if isinstance(effect, Publish) and self._publisher is not None:
                self._publisher.publish(effect.approved, recorded=recorded)

    def _publish(self, partner: str, sends: Sequence[Send]) -> None:
        link = self._links.get(partner)
        if link is None:  # it left in the meantime, and so did its link
            return
        for parcel in parcels(sends, self._key.sign):
            link.publish(parcel.subject, parcel.data, generation=parcel.generation)

    def _show(self, done: _Done, *, durable: bool) -> None:
        if done.shown:
            return
        done.shown = True
        for window in self._windows:
            window.show(seq=done.seq, now_ns=done.now_ns, effects=done.effects, durable=durable)
