"""A random history of one link, for promises of membership: Korea's node, a line that loses and turns round, Japan."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import msgspec
from hypothesis import strategies as st

from beaconfire.kernel import wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.keyed import source_id
from beaconfire.kernel.products import Kind, Product
from beaconfire.node import Cut, Effect, Input, PolicyLoad, Restart, Send
from tests.exchange import SECRET, grant_toml, policy_toml, product
from tests.node.parting import JOIN, LEAVE, RESUME, SUSPEND, TICK, Japan, Korea, korea

KINDS = (Kind.TRAJECTORY, Kind.LAUNCH, Kind.IMPACT)
ACTS = ("offer", "offer", "offer", "deliver", "lose", "receipt", "suspend", "return", "leave", "restart", "policy",
        "tick")  # fmt: skip
histories = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2**16)), min_size=3, max_size=60)


@dataclass
class Corridor:
    """Plays acts; `offered` is all that Korea ever came to know, `sent_closed` what left while Japan was shut out."""

    node: Korea = field(default_factory=korea)
    japan: Japan = field(default_factory=Japan)
    letters: list[Send] = field(default_factory=list)
    offered: list[Product] = field(default_factory=list)
    sent_closed: list[Send] = field(default_factory=list)
    granted: tuple[Kind, ...] = KINDS
    version: int = 1
    returned: bool = False

    @property
    def closed(self) -> bool:
        return self.node.state.links["JPN"].closed

    def play(self, act: str, number: int) -> None:
        """One act; `number` chooses what it is about."""
        match act:
            case "offer":
                self._offer(KINDS[number % 3], urgent=bool(number % 5 == 0))
            case "deliver" | "lose" if self.letters:
                letter = self.letters.pop(number % len(self.letters))
                if act == "deliver":
                    self._deliver(letter, again=number % 7 == 0)
            case "receipt" if not self.closed:
                self.do(self.japan.receipt(now_ns=self.node.now_ns + 10**7))
            case "suspend":
                self.do(SUSPEND)
            case "leave":
                self.do(LEAVE)
            case "return":
                self.come_back()
            case "restart":
                self.do(Restart())
            case "policy" if self.closed and not self.returned:  # what a present partner was denied stays denied
                self._policy(number)
            case _:
                self.do(TICK)

    def do(self, item: Input) -> None:
        was = self.closed
        self._went(self.node.do(item, after_s=0.2), shut=was and self.closed)

    def come_back(self) -> None:
        state = self.node.state.links["JPN"].ours.state
        if state in ("suspended", "left"):
            self.returned = True
            self.do(RESUME if state == "suspended" else JOIN)

    def settle(self) -> None:
        """Come back, and let everything that still goes arrive and be receipted, on a line that is fine now."""
        self.come_back()
        for _ in range(60):
            while self.letters:
                self._deliver(self.letters.pop(0))
            self.node.now_ns += 2_100_000_000
            self.do(self.japan.receipt(now_ns=self.node.now_ns))
            self.do(TICK)
            if not (self.letters or self.node.state.catching_up or self._out.unreceipted()):
                return

    def due(self) -> dict[bytes, Kind]:
        """The source ids of all that the policy in force lets go."""
        allowed = [one for one in self.offered if one.kind in self.granted]
        return {
            source_id(SECRET, record_hash=wire.body_hash(one.kind, one.body), kind=one.kind): one.kind
            for one in allowed
        }

    @property
    def _out(self) -> Any:
        return self.node.state.links["JPN"].outgoing

    def _offer(self, kind: Kind, *, urgent: bool) -> None:
        one = product(kind, number=len(self.offered), time_ns=self.node.now_ns, urgent=urgent)
        if kind is Kind.TRAJECTORY:
            one = replace(one, body=msgspec.structs.replace(one.body, time_ns=self.node.now_ns))
        self.offered.append(one)
        self._went(self.node.offers(one, partners=("JPN",)), shut=self.closed)

    def _went(self, effects: Any, *, shut: bool) -> None:
        found: list[Effect] = list(effects)
        sent = [effect for effect in found if isinstance(effect, Send) and effect.partner == "JPN"]
        if shut:
            self.sent_closed += sent
        if any(isinstance(effect, Cut) for effect in found):
            self.letters.clear()  # the queue is purged and the line is cut
        self.letters += sent

    def _deliver(self, letter: Send, *, again: bool = False) -> None:
        for _ in range(1 + again):
            with suppress(Refused):  # of an epoch that is over
                self.japan.accept(letter.unsigned, now_ns=self.node.now_ns)

    def _policy(self, number: int) -> None:
        self.version += 1
        self.granted = tuple(kind for place, kind in enumerate(KINDS) if number >> place & 1)
        grants = [grant_toml(kinds=[*self.granted])] if self.granted else []
        self.do(PolicyLoad(policy_toml(*grants, grant_toml("USA", name="u"), version=self.version)))


def random_history(seed: int, *, length: int) -> list[tuple[str, int]]:
    """A long history, for one test that plays many of them."""
    chance = Random(seed)
    return [(chance.choice(ACTS), chance.randrange(2**16)) for _ in range(length)]
