"""Who looks on: every decision, number and arrival of every node is noted and held against the promises.

The real releaser and links of a node are watched from inside its step, so that nothing can pass unseen; what a node
did is noted per life of its process, since a crash makes what was not committed unhappened. The first broken promise
ends the run.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from beaconfire.kernel import wire
from beaconfire.kernel.products import Kind, LaunchBody, Product, Released, Withheld
from beaconfire.node import (
    Effect,
    Input,
    Join,
    Leave,
    NodeState,
    Resume,
    Send,
    ShowAudit,
    ShowEvent,
    ShowTrack,
    Suspend,
    Tick,
    digest,
)
from beaconfire.rehearse.world.plan import REALM, Decree
from beaconfire.rehearse.world.policy import allows
from beaconfire.rehearse.world.queue import Queue
from beaconfire.release import Releaser
from beaconfire.share import Arrival, Link, Numbered, Outcome

RecordKey = tuple[Kind, bytes]
_AWAY = ("suspended", "left", "suspended_by_partner", "leaving")
_LATER = ("rate", "delay", "waiting_full", *_AWAY)  # a no that is no word of the policy
_HONEST = ("epoch", "replay", "partner")  # refusals that late and doubled words earn without anybody's fault
_Watched = TypeVar("_Watched")


class Broken(Exception):
    """A promise did not hold: which, when (world time), and how."""

    def __init__(self, promise: str, *, at_ns: int, text: str) -> None:
        """Keep the parts."""
        super().__init__(f"{promise} at {at_ns / 1e9:.3f} s: {text}")
        self.promise, self.at_ns, self.text = promise, at_ns, text


@dataclass(slots=True)
class Ledger:
    """What one node's history holds: rebuilt with the state when a journal is replayed.

    `decree` and `trusted` are the policy in force and whether the clock is trusted, in the order of the rows;
    `closed` are the partners that the orders of its people closed, `leaving` those left at a node time to come, `kept`
    what was kept back from partners since it was last decided.
    `decided` when (node time) each record was let go to each partner, None where the last word was no; `took` what
    took effect, by sender; `own` a hash of the OWN picture's effects.
    """

    decree: Decree
    trusted: bool = True
    decided: dict[tuple[str, RecordKey], int | None] = field(default_factory=dict)
    took: dict[tuple[str, RecordKey], int] = field(default_factory=dict)
    numbered: set[bytes] = field(default_factory=set)
    closed: dict[str, str] = field(default_factory=dict)
    leaving: dict[str, int] = field(default_factory=dict)
    kept: set[tuple[str, RecordKey]] = field(default_factory=set)
    own: bytes = bytes(32)


@dataclass(slots=True)
class Watch:
    """What the whole world has seen: which release bytes carry which record, which envelope carries which product."""

    queue: Queue
    forms: dict[tuple[str, str, bytes], RecordKey] = field(default_factory=dict)
    carried: dict[bytes, Product] = field(default_factory=dict)
    checks: int = 0

    def fail(self, promise: str, text: str) -> Broken:
        """Return the exception that ends a run."""
        return Broken(promise, at_ns=self.queue.now_ns, text=text)

    def look_into(self, state: NodeState, ledger: Ledger) -> None:
        """Watch a fresh state."""
        nation = state.genesis.nation
        state.releaser = _adopt(_Releaser, state.releaser, watch=self, ledger=ledger, nation=nation)
        for partner, link in state.links.items():
            state.links[partner] = _adopt(_Link, link, watch=self, ledger=ledger)

    def decided(
        self, ledger: Ledger, nation: str, decision: Released | Withheld, product: Product, now_ns: int
    ) -> None:
        """Hold a decision against the oracle, and the bytes against what may not be in them."""
        partner, key = decision.partner, _key(product)
        grants, trusted = ledger.decree.grants, ledger.trusted
        allowed = allows(grants, product, partner, now_ns=now_ns, clock_trusted=trusted)
        yes = isinstance(decision, Released)
        self.checks += 1
        ledger.decided[partner, key] = now_ns if yes else None
        away = isinstance(decision, Withheld) and decision.reason in _AWAY
        (ledger.kept.add if away else ledger.kept.discard)((partner, key))
        if yes and not allowed:
            raise self.fail(
                "P2", f"{nation} released {product.kind} {product.local_id} to {partner} against its policy"
            )
        if isinstance(decision, Withheld) and allowed and decision.reason not in _LATER:
            what = f"{nation} withheld {product.kind} {product.local_id} from {partner} ({decision.reason})"
            raise self.fail("P2", f"{what} though its policy grants it")
        if isinstance(decision, Released):
            self.forms[nation, partner, decision.release] = key
            self._redacted(ledger.decree, nation, decision)

    def _redacted(self, decree: Decree, nation: str, released: Released) -> None:
        product, data = released.product, released.release
        grant = next(grant for grant in decree.grants if grant.partner == released.partner)
        leaks = [product.local_id]
        if grant.drop_sensors:
            leaks += product.sensors
        found = [word for word in leaks if word.encode() in data]
        body = product.body
        if isinstance(body, LaunchBody) and grant.coarsen_m and struct.pack(">d", body.latitude_deg) in data:
            found.append("the exact latitude")
        if found:
            raise self.fail("P2", f"{nation} let {', '.join(found)} cross to {released.partner}")

    def took(self, ledger: Ledger, link: Link, arrival: Arrival) -> None:
        """Note that a partner's record takes effect; it must be one that was released to us, and for the first time."""
        self.checks += 1
        if arrival.envelope.realm is not REALM:
            raise self.fail("P5", f"{link.nation} took a {arrival.envelope.realm} record")
        key = self.forms.get((link.partner, link.nation, arrival.envelope.content))
        if key is None:
            raise self.fail("P7", f"{link.nation} took a {arrival.envelope.kind} that {link.partner} never released")
        count = ledger.took[link.partner, key] = ledger.took.get((link.partner, key), 0) + 1
        if count > 1:
            raise self.fail("P4", f"one {key[0]} of {link.partner} took effect twice at {link.nation}")

    def stepped(self, ledger: Ledger, nation: str, effects: Sequence[Effect], *, outside: bool) -> None:
        """Look at the effects of one input of a node; `outside`: a partner's words."""
        own = [_plain(effect) for effect in effects if _is_own(effect)]
        if own and outside:
            raise self.fail("P8", f"a partner's words changed the OWN picture of {nation}")
        if own:
            ledger.own = sha256(ledger.own + digest(own)).digest()
        for effect in effects:
            if isinstance(effect, ShowAudit):
                self._audited(nation, effect)
            elif isinstance(effect, Send) and effect.partner in ledger.closed:
                word = ledger.closed[effect.partner]
                raise self.fail("P3", f"{nation} sends a {effect.kind} to {effect.partner}, which is {word}")

    def ordered(self, ledger: Ledger, item: Input, now_ns: int) -> None:
        """Note what an order means for who is a partner."""
        if isinstance(item, Suspend):
            ledger.closed.setdefault(item.nation, "suspended")
        elif isinstance(item, Leave) and item.effective_ns > now_ns:
            ledger.leaving[item.nation] = item.effective_ns
        elif isinstance(item, Leave):
            ledger.closed[item.nation] = "left"
        elif isinstance(item, Resume) and ledger.closed.get(item.nation) != "left":
            ledger.closed.pop(item.nation, None)
            ledger.leaving.pop(item.nation, None)
        elif isinstance(item, Join):
            ledger.closed.pop(item.partner.nation, None)
        elif isinstance(item, Tick):
            for partner in [partner for partner, end_ns in ledger.leaving.items() if end_ns <= now_ns]:
                del ledger.leaving[partner]
                ledger.closed[partner] = "left"

    def _audited(self, nation: str, row: ShowAudit) -> None:
        if row.verdict == "equivocation":
            raise self.fail("P7", f"{nation} accuses {row.partner}, which is honest: {row.reason}")
        if row.verdict == "caught up" and "differs" in row.reason:
            raise self.fail("P4", f"what {row.partner} caught up with at {nation} {row.reason}")
        if row.verdict == "refused" and row.rule not in _HONEST and not (row.rule == "realm" and row.partner):
            raise self.fail("P10", f"{nation} refused an honest {row.kind} of {row.partner}: {row.reason}")


class _Releaser(Releaser):
    """The node's own releaser, looked at."""

    watch: Watch
    ledger: Ledger
    nation: str

    def decide(
        self, product: Product, partner: str, *, now_ns: int, again: bool = False, past: bool = False
    ) -> Released | Withheld:
        decision = super().decide(product, partner, now_ns=now_ns, again=again, past=past)
        self.watch.decided(self.ledger, self.nation, decision, product, now_ns)
        return decision


class _Link(Link):
    """The node's own link, looked at."""

    watch: Watch
    ledger: Ledger

    def number(self, released: Released, *, now_ns: int) -> Numbered:
        numbered = super().number(released, now_ns=now_ns)
        self.watch.carried[wire.chain_hash(numbered.unsigned)] = released.product
        return numbered

    def accept(self, unsigned: bytes, *, now_ns: int) -> Arrival:
        arrival = super().accept(unsigned, now_ns=now_ns)
        if arrival.outcome is not Outcome.NOTHING:
            self.watch.took(self.ledger, self, arrival)
        return arrival


def _adopt(kind: type[_Watched], old: object, **more: Any) -> _Watched:
    """Return the same thing as one that is watched, whatever it is made of."""
    new = object.__new__(kind)
    vars(new).update(vars(old), **more)
    return new


def _key(product: Product) -> RecordKey:
    return product.kind, wire.body_hash(product.kind, product.body)


def _plain(effect: Effect) -> Effect:
    """Return an effect without what an event shares between its pictures: the count of revisions, partners' names."""
    if not isinstance(effect, ShowEvent):
        return effect
    return ShowEvent(msgspec.structs.replace(effect.revision, revision=0, aliases=()))


def _is_own(effect: Effect) -> bool:
    if isinstance(effect, ShowTrack):
        return effect.update.picture == "own"
    return isinstance(effect, ShowEvent) and effect.revision.picture == "own"
