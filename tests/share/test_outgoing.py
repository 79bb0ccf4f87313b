"""The sender: numbers and chain, receipts, sending again, voids, bounds, signs of trouble."""

import pytest

from beaconfire.kernel import limits, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, Product, Released, VoidBody
from beaconfire.kernel.time import NS_PER_S
from beaconfire.share import Numbered, Outgoing, Settled
from tests.exchange import NOW_NS, open_releaser, product

RELEASER = open_releaser()
SECOND = NS_PER_S


def released(offered: Product) -> Released:
    decision = RELEASER.decide(offered, "JPN", now_ns=NOW_NS, again=True)
    assert isinstance(decision, Released)
    return decision


def sender(count: int = 0) -> tuple[Outgoing, list[Numbered]]:
    made = Outgoing(nation="KOR", partner="JPN", realm=Realm.EXERCISE, epoch=100)
    return made, [made.send(released(product(number=number)), now_ns=NOW_NS) for number in range(count)]


def receipt(
    made: Outgoing, contiguous: int, *ranges: wire.Range, head: bytes | None = None, epoch: int = 100
) -> wire.Receipt:
    known = made._hashes.get(contiguous, wire.NO_HASH)
    return wire.Receipt(
        format=1,
        sender="JPN",
        recipient="KOR",
        realm=Realm.EXERCISE,
        epoch=7,
        counter=1,
        time_ns=NOW_NS,
        of_epoch=epoch,
        contiguous=contiguous,
        head=known if head is None else head,
        ranges=ranges,
    )


def opened(numbered: Numbered) -> wire.Envelope:
    return wire.decode_envelope(numbered.unsigned, realm=Realm.EXERCISE)


def test_numbers_and_chain() -> None:
    made, sent = sender(3)
    envelopes = [opened(numbered) for numbered in sent]
    assert [envelope.number for envelope in envelopes] == [1, 2, 3]
    assert [envelope.previous for envelope in envelopes] == [
        wire.NO_HASH,
        wire.chain_hash(sent[0].unsigned),
        wire.chain_hash(sent[1].unsigned),
    ]
    assert made.head == wire.chain_hash(sent[2].unsigned)
    assert {(envelope.sender, envelope.recipient, envelope.epoch) for envelope in envelopes} == {("KOR", "JPN", 100)}


def test_the_subject_names_realm_nations_kind_and_the_partners_id() -> None:
    _, (sent,) = sender(1)
    assert sent.subject == f"bf.EXERCISE.rel.KOR.JPN.trajectory.{sent.local_id}"
    assert sent.generation == 1


def test_a_first_envelope_carries_the_old_head() -> None:
    made = Outgoing(nation="KOR", partner="JPN", realm=Realm.EXERCISE, epoch=101, previous=b"h" * 32)
    assert opened(made.send(released(product()), now_ns=NOW_NS)).previous == b"h" * 32


def test_an_epoch_can_be_closed() -> None:
    made, _ = sender(1)
    last = made.close(reason="restart", generation=1, now_ns=NOW_NS)
    assert (opened(last).kind, last.number, last.local_id) == (Kind.EPOCH_CLOSE, 2, "link")


class TestReceipts:
    def test_settling(self) -> None:
        made, _ = sender(5)
        assert made.unreceipted() == 5
        assert made.on_receipt(receipt(made, 3), now_ns=NOW_NS).covered == 3
        assert (made.settled, made.unreceipted()) == (3, 2)
        assert made.on_receipt(receipt(made, 5), now_ns=NOW_NS).covered == 2
        assert made.unreceipted() == 0
        assert not made._hashes

    def test_ranges_beyond_a_gap_count_as_arrived(self) -> None:
        made, sent = sender(6)
        settled = made.on_receipt(receipt(made, 1, (3, 4), (6, 6)), now_ns=NOW_NS + 3 * SECOND)
        assert settled.covered == 4
        assert settled.resend == (sent[1], sent[4])

    def test_the_same_bytes_go_again_and_not_at_every_receipt(self) -> None:
        made, sent = sender(2)
        early = made.on_receipt(receipt(made, 0), now_ns=NOW_NS + SECOND)
        first = made.on_receipt(receipt(made, 0), now_ns=NOW_NS + 2 * SECOND)
        soon = made.on_receipt(receipt(made, 0), now_ns=NOW_NS + 3 * SECOND)
        later = made.on_receipt(receipt(made, 0), now_ns=NOW_NS + 4 * SECOND)
        assert (early.resend, first.resend, soon.resend, later.resend) == ((), tuple(sent), (), tuple(sent))

    def test_a_receipt_of_less_than_before_settles_nothing_and_tells_that_the_partner_forgot(self) -> None:
        made, _ = sender(5)
        old = receipt(made, 2)
        made.on_receipt(receipt(made, 4), now_ns=NOW_NS)
        assert made.on_receipt(old, now_ns=NOW_NS) == Settled(forgot=True)
        assert made.settled == 4

    @pytest.mark.parametrize("contiguous", [2, 4])
    def test_another_head_is_a_fork(self, contiguous: int) -> None:
        made, _ = sender(5)
        made.on_receipt(receipt(made, 2), now_ns=NOW_NS)
        forged = receipt(made, contiguous, head=b"x" * 32)
        assert made.on_receipt(forged, now_ns=NOW_NS).forked
        assert made.settled == 2

    @pytest.mark.parametrize(("contiguous", "ranges"), [(9, ()), (1, ((3, 9),)), (1, ((3, 2**63 - 1),))])
    def test_more_than_was_sent_is_a_roll_back(self, contiguous: int, ranges: tuple[wire.Range, ...]) -> None:
        made, _ = sender(5)
        assert made.on_receipt(receipt(made, contiguous, *ranges), now_ns=NOW_NS).rolled_back
        assert made.unreceipted() == 5

    @pytest.mark.parametrize(("epoch", "rolled_back"), [(99, False), (101, True), (0, False)])
    def test_of_another_epoch(self, epoch: int, rolled_back: bool) -> None:
        made, _ = sender(2)
        settled = made.on_receipt(receipt(made, 1, epoch=epoch), now_ns=NOW_NS)
        assert settled.rolled_back == rolled_back
        assert settled.resend == ()
        assert made.unreceipted() == 2

    def test_an_epoch_of_which_nothing_arrived_is_sent_again(self) -> None:
        """The partner still speaks of the epoch before: the lanes, and the broker's store, have lost all of this."""
        made, sent = sender(2)
        word = receipt(made, 0, epoch=99)
        assert made.on_receipt(word, now_ns=NOW_NS + SECOND).resend == ()
        assert made.on_receipt(word, now_ns=NOW_NS + 3 * SECOND).resend == tuple(sent)
        assert made.on_receipt(word, now_ns=NOW_NS + 4 * SECOND).resend == ()


class TestVoids:
    def body(self, numbered: Numbered) -> VoidBody:
        body = wire.decode_body(Kind.VOID, opened(numbered).content)
        assert isinstance(body, VoidBody)
        return body

    def test_what_no_receipt_covers_is_closed_and_handed_back(self) -> None:
        made, sent = sender(5)
        made.on_receipt(receipt(made, 2, (4, 4)), now_ns=NOW_NS)
        void, again = made.void_unreceipted(reason="policy", generation=2, now_ns=NOW_NS)
        assert void is not None
        assert (void.number, void.generation) == (6, 2)
        body = self.body(void)
        assert (body.first, body.last, body.reason) == (3, 5, "policy")
        assert body.anchor == wire.chain_hash(sent[1].unsigned)
        assert body.closing == wire.chain_hash(sent[4].unsigned) == opened(void).previous
        assert [offered.local_id for offered in again] == ["KOR-T2", "KOR-T4"]
        assert made.unreceipted() == 1  # the void itself

    def test_nothing_to_close(self) -> None:
        made, _ = sender(2)
        made.on_receipt(receipt(made, 2), now_ns=NOW_NS)
        assert made.void_unreceipted(reason="policy", generation=2, now_ns=NOW_NS) == (None, ())
        assert made.number == 2

    def test_voided_numbers_are_not_sent_again(self) -> None:
        made, _ = sender(3)
        void, _ = made.void_unreceipted(reason="policy", generation=2, now_ns=NOW_NS)
        assert made.on_receipt(receipt(made, 0), now_ns=NOW_NS + 9 * SECOND).resend == (void,)

    def test_a_receipt_for_a_voided_number_is_still_understood(self) -> None:
        made, _ = sender(3)
        late = receipt(made, 2)
        made.void_unreceipted(reason="policy", generation=2, now_ns=NOW_NS)
        assert not made.on_receipt(late, now_ns=NOW_NS).forked
        assert made.settled == 2

    def test_a_second_void_closes_the_first(self) -> None:
        made, _ = sender(3)
        made.void_unreceipted(reason="policy", generation=2, now_ns=NOW_NS)
        void, again = made.void_unreceipted(reason="policy", generation=3, now_ns=NOW_NS)
        assert void is not None
        assert (self.body(void).first, self.body(void).last, again) == (1, 4, ())


class TestBound:
    def test_the_oldest_are_let_go_and_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "MAX_PENDING", 3)
        made, sent = sender(7)
        assert made.missing() == (1, 4)
        assert made.unreceipted() == 3
        void = made.void_missing(generation=1, now_ns=NOW_NS)
        assert void is not None
        body = wire.decode_body(Kind.VOID, opened(void).content)
        assert isinstance(body, VoidBody)
        assert (body.first, body.last, body.reason) == (1, 4, "age")
        assert body.closing == wire.chain_hash(sent[3].unsigned)

    def test_a_receipt_may_cover_them_after_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "MAX_PENDING", 3)
        made, _ = sender(7)
        made.on_receipt(receipt(made, 2), now_ns=NOW_NS)
        assert made.missing() == (3, 4)
        made.on_receipt(receipt(made, 5), now_ns=NOW_NS)
        assert made.missing() is None
        assert made.void_missing(generation=1, now_ns=NOW_NS) is None
