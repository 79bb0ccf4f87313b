"""A link over a world that loses, doubles, reorders and cuts: every record takes effect exactly once.

The state machine drives the real sender and receiver; the oracle is the plain list of what was handed to the sender.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Product, Released
from beaconfire.kernel.time import NS_PER_S
from beaconfire.share import Link, Numbered, Outcome, Stage
from tests.exchange import NOW_NS, open_releaser, product


class LossyLink(RuleBasedStateMachine):
    """Korea sends to Japan; envelopes and receipts lie in a bag from which any may be taken, again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.releaser = open_releaser()
        self.korea = Link(nation="KOR", partner="JPN", realm=Realm.EXERCISE, epoch=100)
        self.japan = Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=100)
        self.now_ns = NOW_NS
        self.offered = 0
        self.sources: set[bytes] = set()
        self.bag: list[Numbered] = []
        self.receipts: list[bytes] = []
        self.applied: list[bytes] = []

    @rule(count=st.integers(1, 4))
    def send(self, count: int) -> None:
        for _ in range(count):
            self.offered += 1
            self._release(product(number=self.offered, time_ns=self.now_ns))

    @rule(at=st.integers(0, 1000), keep=st.booleans())
    def deliver(self, at: int, keep: bool) -> None:
        if self.bag:
            self._take(self.bag[at % len(self.bag)] if keep else self.bag.pop(at % len(self.bag)))

    @rule(at=st.integers(0, 1000))
    def lose(self, at: int) -> None:
        if self.bag:
            del self.bag[at % len(self.bag)]

    @rule(seconds=st.floats(0.1, 5.0))
    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * NS_PER_S)

    @rule()
    def write_receipt(self) -> None:
        self.receipts.append(self.japan.receipt(now_ns=self.now_ns).unsigned)

    @rule()
    def read_newest_receipt(self) -> None:
        """Older ones are refused as replays by their counter."""
        if self.receipts:
            self._hear(self.receipts.pop())
            self.receipts.clear()

    @rule()
    def narrow(self) -> None:
        void, again = self.korea.void_unreceipted(generation=1, now_ns=self.now_ns)
        if void is not None:
            self.bag.append(void)
        for offered in again:
            self._release(offered)

    @rule()
    def renew(self) -> None:
        self.now_ns += NS_PER_S
        self.bag.clear()  # an outbox is not used again
        self.receipts.clear()
        for offered in self.korea.renew(now_ns=self.now_ns, lost=False):
            self._release(offered)

    @invariant()
    def nothing_twice_and_nothing_made_up(self) -> None:
        assert len(self.applied) == len(set(self.applied))
        assert set(self.applied) <= self.sources

    @invariant()
    def settled_is_never_more_than_arrived(self) -> None:
        if self.japan.incoming.epoch == self.korea.outgoing.epoch:
            assert self.korea.outgoing.settled <= self.japan.incoming.chain.contiguous

    def teardown(self) -> None:
        """Once the world behaves, sending again brings all that is left."""
        for _ in range(6):
            for numbered in self.bag:
                self._take(numbered)
            self.bag.clear()
            self.now_ns += 3 * NS_PER_S
            self._hear(self.japan.receipt(now_ns=self.now_ns).unsigned)
        assert set(self.applied) == self.sources
        assert self.korea.outgoing.unreceipted() == 0
        assert self.japan.gaps() == ()
        assert self.japan.incoming.conflicts == 0

    def _release(self, offered: Product) -> None:
        decision = self.releaser.decide(offered, "JPN", now_ns=self.now_ns, again=True)
        assert isinstance(decision, Released)
        self.sources.add(decision.source_id)
        self.bag.append(self.korea.number(decision, now_ns=self.now_ns))

    def _take(self, numbered: Numbered) -> None:
        arrival = self.japan.accept(numbered.unsigned, now_ns=self.now_ns)
        assert arrival.stage is not Stage.EQUIVOCATION
        if arrival.outcome is Outcome.APPLY:
            assert arrival.release is not None
            self.applied.append(arrival.release.source_id)

    def _hear(self, receipt: bytes) -> None:
        heard = self.korea.on_control(receipt, now_ns=self.now_ns)
        assert not heard.settled.forked
        assert not heard.settled.rolled_back
        self.bag.extend(heard.settled.resend)


LossyLink.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLossyLink = LossyLink.TestCase
