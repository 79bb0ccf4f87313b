"""What one node knows: the real state and the real `step` on it, looked at, and made again from a journal.

A journal is replayed at every return from a crash, and every decision compared (P9); the same node is also played
without any partner's word, for its OWN picture must come out the same (P8).
"""

from collections.abc import Callable, Sequence

import msgspec

from beaconfire.kernel import wire
from beaconfire.node import (
    Admit,
    ClockTrouble,
    ControlIn,
    Effect,
    EnvelopeIn,
    Genesis,
    Input,
    Join,
    NodeState,
    PolicyLoad,
    Resume,
    Send,
    decode_input,
    digest,
    initial,
    step,
)
from beaconfire.rehearse.world.disk import NO_HASH, Row, chained
from beaconfire.rehearse.world.plan import START_NS, Decree
from beaconfire.rehearse.world.policy import policy_toml
from beaconfire.rehearse.world.watch import Broken, Ledger, Watch

Stage = Callable[[NodeState], None]
"""Makes a fresh state what a world wants it to be."""

_NO_EFFECTS = digest(())


class Mind:
    """A node's state and the ledger of its history; `learn` a policy before it is loaded."""

    def __init__(self, genesis: Genesis, decree: Decree, *, watch: Watch, stage: Stage) -> None:
        """Prepare for a journal's first row, `decree` being the policy in it; there is nothing before `begin`."""
        self.nation = genesis.nation
        self._genesis, self._first, self._watch, self._stage = genesis, decree, watch, stage
        self._decrees = {genesis.policy_toml: decree}
        self.state: NodeState
        self.ledger: Ledger

    def learn(self, decree: Decree) -> PolicyLoad:
        """Return the order that loads a policy; from now on its bytes are known to mean this."""
        toml = policy_toml(decree)
        self._decrees[toml] = decree
        return PolicyLoad(toml)

    def meaning(self, order: PolicyLoad) -> Decree:
        """Return what the bytes of a policy that was learned mean."""
        return self._decrees[order.policy_toml]

    def set_up_anew(self, *, epoch: int) -> Genesis:
        """Forget everything; returns the first row of a new journal, under the policy of the day."""
        self._first = self.ledger.decree
        self._genesis = msgspec.structs.replace(self._genesis, policy_toml=policy_toml(self._first), epoch=epoch)
        self._decrees[self._genesis.policy_toml] = self._first
        return self._genesis

    def begin(self) -> None:
        """Start, or start again, from the first row."""
        self.ledger = Ledger(self._first)
        self.state = initial(self._genesis, now_ns=START_NS)
        self._stage(self.state)
        self._watch.look_into(self.state, self.ledger)

    def take(self, item: Input, *, now_ns: int) -> Sequence[Effect]:
        """Run one input and return its effects; raises `Broken` for what may not be, an exception included."""
        if isinstance(item, PolicyLoad):
            self.ledger.decree = self.meaning(item)
        elif isinstance(item, ClockTrouble):
            self.ledger.trusted = item.trusted
        else:
            self._watch.ordered(self.ledger, item, now_ns)
        ended = self._epochs() if isinstance(item, Resume | Join) else {}
        try:
            self.state, effects = step(self.state, item, now_ns=now_ns)
        except Broken:
            raise
        except Exception as error:
            raise self._watch.fail("P10", f"{self.nation} fails at a {type(item).__name__}: {error!r}") from error
        if isinstance(item, Resume | Join) and ended == self._epochs() and _admits(effects):
            raise self._watch.fail("P3", f"{self.nation} goes on in the epoch of before a return")
        outside = isinstance(item, EnvelopeIn | ControlIn)
        if effects:
            self._watch.stepped(self.ledger, self.nation, effects, outside=outside)
        for effect in effects:
            if isinstance(effect, Send):
                self.ledger.numbered.add(wire.chain_hash(effect.unsigned))
        return effects

    def _epochs(self) -> dict[str, int]:
        return {nation: link.outgoing.epoch for nation, link in self.state.links.items()}

    def replay(self, rows: Sequence[Row]) -> None:
        """Begin again and take every row, comparing what is decided now with what was decided then."""
        self.begin()
        head = NO_HASH
        for row in rows:
            head = chained(head, row.seq, row.now_ns, row.item, row.digest)
            if head != row.head:
                raise self._watch.fail("P7", f"row {row.seq} of the journal of {self.nation} does not chain")
            if row.seq > 1 and hash_of(self.take(decode_input(row.item), now_ns=row.now_ns)) != row.digest:
                raise self._watch.fail("P9", f"{self.nation} decides row {row.seq} otherwise in replay")

    def check_replay(self, rows: Sequence[Row]) -> None:
        """Replay a whole journal beside what is; raises `Broken` if it comes out elsewhere."""
        live = self.state, self.ledger
        self.replay(rows)
        replayed, (self.state, self.ledger) = self.ledger, live
        if replayed != self.ledger:
            raise self._watch.fail("P9", f"the replay of {self.nation} comes out elsewhere")

    def check_alone(self, rows: Sequence[Row]) -> None:
        """Play the same node without its partners' words; raises `Broken` if its OWN picture is another."""
        live = self.state, self.ledger
        self.begin()
        for row in rows[1:]:
            item = decode_input(row.item)
            if not isinstance(item, EnvelopeIn | ControlIn):
                self.take(item, now_ns=row.now_ns)
        alone, (self.state, self.ledger) = self.ledger, live
        if alone.own != self.ledger.own:
            raise self._watch.fail("P8", f"alone, {self.nation} would have had another OWN picture")


def _admits(effects: Sequence[Effect]) -> bool:
    return any(isinstance(effect, Admit) for effect in effects)


def hash_of(effects: Sequence[Effect]) -> bytes:
    """Return the node's own digest of effects; most inputs have none."""
    return digest(effects) if effects else _NO_EFFECTS
