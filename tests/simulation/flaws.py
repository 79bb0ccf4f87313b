"""Bugs planted in the real rooms, each as a mistake that somebody could make; the world must find every one.

Each plants itself with pytest's `monkeypatch` and stays within what one edit of the room could do.
"""

from collections.abc import Callable
from typing import Any

import pytest

from beaconfire.kernel import wire
from beaconfire.kernel.keyed import keyed_digest
from beaconfire.kernel.products import Body, Product, Released, TrajectoryBody, Withheld
from beaconfire.node import Effect, NodeState, received_tracklet
from beaconfire.node import step as node_step
from beaconfire.release import Releaser
from beaconfire.share import Incoming, Outcome, Outgoing, Settled

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
    right = Releaser._wrap

    def wrap(self: Releaser, product: Product, body: Any, rule: Any, identity: bytes, revision: int, *rest: Any) -> Any:
        fresh = keyed_digest(identity, "release", str(revision))[:16]
        return right(self, product, body, rule, fresh, revision, *rest)

    monkeypatch.setattr(Releaser, "_wrap", wrap)


def no_deduplication(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has not come under this number before is taken, whether or not the record took effect already."""

    def outcome(self: Incoming, release: wire.Release, now_ns: int) -> tuple[Outcome, str]:
        return Outcome.APPLY, ""

    monkeypatch.setattr(Incoming, "_outcome", outcome)


def naive_fusion(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner's tracklet is one more look, so it goes to the node's own tracker too: the way to a rumour."""
    module: Any = __import__("sys").modules[node_step.__module__]
    right = module._take

    def take(state: NodeState, nation: str, body: Body) -> list[Effect]:
        effects: list[Effect] = right(state, nation, body)
        if isinstance(body, TrajectoryBody):
            tracklet = received_tracklet(nation, body, where="trajectory")
            scan = type(state.partner_tracks)().measure(tracklet, state.own.current())
            if scan is not None:
                effects += module._own(state, state.own.scan(scan))
        return effects

    monkeypatch.setattr(module, "_take", take)


def unheard_epochs_not_resent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receipt for an older epoch is passed over: found by this world's first hundred seeds in the real room."""
    right = Outgoing.on_receipt

    def on_receipt(self: Outgoing, receipt: wire.Receipt, *, now_ns: int) -> Settled:
        return Settled() if receipt.of_epoch < self.epoch else right(self, receipt, now_ns=now_ns)

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
    module: Any = __import__("sys").modules["beaconfire.release.redact"]
    right = module.Redactor._trajectory

    def trajectory(self: Any, body: TrajectoryBody, grant: Any) -> Any:
        redacted, applied = right(self, body, grant)
        return module.msgspec.structs.replace(redacted, sensors=body.sensors), applied

    monkeypatch.setattr(module.Redactor, "_trajectory", trajectory)


def chance_in_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that no input brought enters a decision: here a count of the whole process."""
    right, calls = Releaser._wrap, [0]

    def wrap(self: Releaser, product: Product, body: Any, rule: Any, identity: bytes, revision: int, now_ns: int,
             modified: bool) -> Any:  # fmt: skip
        calls[0] += 1
        return right(self, product, body, rule, identity, revision, now_ns + calls[0], modified)

    monkeypatch.setattr(Releaser, "_wrap", wrap)


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
}
"""What is planted, and the promises of which one must be found broken."""
