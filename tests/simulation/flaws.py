"""Bugs planted in the real rooms, each as a mistake that somebody could make; the world must find every one.

Each plants itself with pytest's `monkeypatch` and stays within what one edit of the room could do.
"""

import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from beaconfire.kernel import wire
from beaconfire.kernel.keyed import keyed_digest
from beaconfire.kernel.products import Product, Released, TrajectoryBody, Withheld
from beaconfire.node import EnvelopeIn, NodeState, received, received_tracklet
from beaconfire.node.received import Taken
from beaconfire.release import Releaser, releaser
from beaconfire.release.form import release_of
from beaconfire.release.redact import Redactor
from beaconfire.share import Arrival, Backlog, Incoming, Link, Outcome, Outgoing, Settled

step_module: Any = sys.modules["beaconfire.node.step"]  # its function has the package's name for it
Plant = Callable[[pytest.MonkeyPatch], None]


def policy_checked_when_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a delay or a rate goes by the rule that let it wait, not by the policy of the day it goes."""
    right = Releaser._decide

    def decide(self: Releaser, product: Product, partner: str, now_ns: int, again: bool) -> Released | Withheld:
        queued: dict[Any, Any] = vars(self).setdefault("queued", {})
        key = (partner, product.kind, product.local_id, product.time_ns)
        rule = queued.pop(key, None)
        if rule is not None and rule.name in self._rule_ids:
            return self._release(product, rule, now_ns)
        decision = right(self, product, partner, now_ns, again)
        if isinstance(decision, Withheld) and decision.reason in ("delay", "rate"):
            queued[key] = self._core.find(product, partner, now_ns=now_ns, clock_trusted=self.clock_trusted)[0]
        return decision

    monkeypatch.setattr(Releaser, "_decide", decide)


def rereleased_without_source_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record released again gets a new id, so that no partner can know it again."""

    def wrap(*words: Any, source_id: bytes, revision: int, **more: Any) -> Any:
        fresh = keyed_digest(source_id, "release", str(revision))[:16]
        return release_of(*words, source_id=fresh, revision=revision, **more)

    monkeypatch.setattr(releaser, "release_of", wrap)


def no_deduplication(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has not come under this number before is taken, whether or not the record took effect already."""

    def outcome(self: Incoming, release: wire.Release, now_ns: int) -> tuple[Outcome, str]:
        return Outcome.APPLY, ""

    monkeypatch.setattr(Incoming, "_outcome", outcome)


def naive_fusion(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner's tracklet is one more look, so it goes to the node's own tracker too: the way to a rumour."""

    def take(state: NodeState, item: EnvelopeIn, arrival: Arrival) -> Taken:
        taken, body = received.take(state, item, arrival), arrival.body
        if isinstance(body, TrajectoryBody) and arrival.outcome is Outcome.APPLY:
            tracklet = received_tracklet(item.partner, body, where="trajectory")
            scan = type(state.partner_tracks)().measure(tracklet, state.own.current())
            if scan is not None:
                taken.effects.extend(step_module._own(state, state.own.scan(scan)))
        return taken

    monkeypatch.setattr(step_module, "take", take)


def unheard_epochs_not_resent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receipt for nothing of an epoch is passed over: found by this world's first hundred seeds in the real room."""
    right = Outgoing.on_receipt

    def on_receipt(self: Outgoing, receipt: wire.Receipt, *, now_ns: int) -> Settled:
        nothing = receipt.of_epoch < self.epoch or receipt.contiguous == 0
        return Settled() if nothing else right(self, receipt, now_ns=now_ns)

    monkeypatch.setattr(Outgoing, "on_receipt", on_receipt)


def restart_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that comes up again begins a new epoch and leaves what no receipt covered to the old one."""
    monkeypatch.setattr(Outgoing, "unreceipted_products", lambda self: ())


def narrowing_releases_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are voided when a policy narrows, and what it still allows is not released again."""
    right = Outgoing.void_unreceipted

    def void(self: Outgoing, **words: Any) -> Any:
        return right(self, **words)[0], ()

    monkeypatch.setattr(Outgoing, "void_unreceipted", void)


def sensors_named_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The obligation to leave out sensor names is noted and not obeyed."""
    right = Redactor._trajectory

    def trajectory(self: Redactor, body: TrajectoryBody, grant: Any) -> TrajectoryBody:
        return msgspec.structs.replace(right(self, body, grant), sensors=body.sensors)

    monkeypatch.setattr(Redactor, "_trajectory", trajectory)


def chance_in_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that no input brought enters a decision: here a count of the whole process."""
    calls = [0]

    def wrap(*words: Any, now_ns: int, **more: Any) -> Any:
        calls[0] += 1
        return release_of(*words, now_ns=now_ns + calls[0], **more)

    monkeypatch.setattr(releaser, "release_of", wrap)


def resends_to_who_is_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receipt that was under way when a link was closed has its gaps filled all the same: flow after suspend."""
    monkeypatch.setattr(Link, "closed", property(lambda self: False))


def return_starts_no_new_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who returns goes on where it stopped, with what waited for its receipts: the old outbox once more."""

    def renew(self: Link, *, now_ns: int, lost: bool) -> tuple[Product, ...]:
        return () if self.ours.state == "active" and self.ours.by else right(self, now_ns=now_ns, lost=lost)

    right = Link.renew
    monkeypatch.setattr(Link, "renew", renew)


def what_was_missed_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept for a partner that is away: it is told of what comes after its return."""
    monkeypatch.setattr(Backlog, "append", lambda self, product, partners, again=False: None)


def history_comes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner's place in what it missed does not move on, and its receiver knows no copies: both must fail."""
    no_deduplication(monkeypatch)
    monkeypatch.setattr(Backlog, "put_first", lambda self, products, partner: [
        self.append(product, (partner,), again=True) for product in (*products, *products)
    ])  # fmt: skip


PLANTS: dict[Plant, set[str]] = {
    policy_checked_when_queued: {"P2"},
    rereleased_without_source_id: {"P4"},
    no_deduplication: {"P4"},
    naive_fusion: {"P8"},
    unheard_epochs_not_resent: {"P4", "P7"},
    restart_forgets: {"P4"},
    narrowing_releases_nothing_again: {"P4"},
    sensors_named_all_the_same: {"P2"},
    chance_in_the_step: {"P9"},
    resends_to_who_is_suspended: {"P3", "P10"},
    return_starts_no_new_epoch: {"P3"},
    what_was_missed_is_forgotten: {"P4"},
    history_comes_twice: {"P4"},
}
"""What is planted, and the promises of which one must be found broken."""
