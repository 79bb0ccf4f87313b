"""Both ends of a link together: controls, replay, clocks, roll-back and renewal."""

from typing import Any

import pytest

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import NS_PER_S
from beaconfire.share import Link, Numbered, next_epoch
from tests.exchange import NOW_NS, link_pair, open_releaser, product, send_all

RELEASER = open_releaser()


def send(link: Link, number: int) -> Numbered:
    return send_all(link, RELEASER, [product(number=number)])[0]


def beat(link: Link, now_ns: int = NOW_NS) -> bytes:
    words = {"clock_error_s": 0.01, "clock_trusted": True, "journal_seq": 5, "journal_head": b"j" * 32}
    return link.beat(now_ns=now_ns, **words).unsigned  # type: ignore[arg-type]


def test_receipts_go_round() -> None:
    korea, japan = link_pair()
    for number in range(3):
        japan.accept(send(korea, number).unsigned, now_ns=NOW_NS)
    assert korea.outgoing.unreceipted() == 3
    out = japan.receipt(now_ns=NOW_NS)
    assert out.subject == "bf.EXERCISE.ctl.JPN.KOR.receipt"
    heard = korea.on_control(out.unsigned, now_ns=NOW_NS)
    assert (heard.settled.covered, korea.outgoing.unreceipted()) == (3, 0)


def test_a_receipt_of_nothing() -> None:
    korea, japan = link_pair()
    send(korea, 1)
    heard = korea.on_control(japan.receipt(now_ns=NOW_NS).unsigned, now_ns=NOW_NS + 5 * NS_PER_S)
    assert heard.settled.covered == 0
    assert not heard.settled.rolled_back


def test_a_beat_tells_of_a_lost_tail_and_a_receipt_brings_it() -> None:
    korea, japan = link_pair()
    japan.accept(send(korea, 1).unsigned, now_ns=NOW_NS)
    lost = send(korea, 2)
    japan.on_control(beat(korea), now_ns=NOW_NS)
    assert japan.gaps() == ((2, 2),)
    later = NOW_NS + 3 * NS_PER_S
    heard = korea.on_control(japan.receipt(now_ns=later).unsigned, now_ns=later)
    assert heard.settled.resend == (lost,)


def test_clock_offsets() -> None:
    korea, japan = link_pair()
    heard = japan.on_control(beat(korea), now_ns=NOW_NS - 2 * NS_PER_S)
    assert heard.clock_offset_s == pytest.approx(2.0)


def test_controls_cannot_be_replayed_or_reordered() -> None:
    korea, japan = link_pair()
    first, second = beat(korea), beat(korea)
    japan.on_control(second, now_ns=NOW_NS)
    for old in (first, second):
        with pytest.raises(Refused) as caught:
            japan.on_control(old, now_ns=NOW_NS)
        assert caught.value.reason == "replay"


def test_counters_rise_over_a_restart() -> None:
    korea, japan = link_pair()
    japan.on_control(beat(korea), now_ns=NOW_NS)
    restarted, _ = link_pair()
    later = NOW_NS + NS_PER_S
    assert isinstance(japan.on_control(beat(restarted, later), now_ns=later).control, wire.Beat)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sender": "USA"}, "sender"),
        ({"recipient": "USA"}, "recipient"),
        ({"format": 7, "floor": 2}, "format"),
        ({"realm": Realm.LIVE}, "realm"),
    ],
)
def test_hellos_that_are_refused(changes: dict[str, Any], reason: str) -> None:
    words = {
        "format": 1,
        "floor": 1,
        "sender": "KOR",
        "recipient": "JPN",
        "realm": Realm.EXERCISE,
        "epoch": 1,
        "counter": 1,
    }
    seen = {"time_ns": NOW_NS, "seen_epoch": 0, "seen_number": 0, "seen_head": bytes(32)}
    hello = wire.Hello(**(words | seen | changes))  # type: ignore[arg-type]
    japan = link_pair()[1]
    with pytest.raises(Refused) as caught:
        japan.on_control(codec.encode(hello), now_ns=NOW_NS)
    assert caught.value.reason == reason
    assert japan.on_control(beat(link_pair()[0]), now_ns=NOW_NS).control.counter > 0


def test_a_newer_partner_is_met_at_our_version() -> None:
    korea, japan = link_pair()
    hello = codec.decode(korea.hello(now_ns=NOW_NS).unsigned, wire.Hello, where="x", limit=999)
    words = {name: getattr(hello, name) for name in hello.__struct_fields__} | {"format": 9}
    japan.on_control(codec.encode(wire.Hello(**words)), now_ns=NOW_NS)
    assert japan.format == wire.FORMAT


class TestEpochs:
    def test_rule(self) -> None:
        seconds = NOW_NS // NS_PER_S
        assert next_epoch(now_ns=NOW_NS, attested=()) == seconds
        assert next_epoch(now_ns=NOW_NS, attested=(5, seconds - 1)) == seconds
        assert next_epoch(now_ns=NOW_NS, attested=(seconds, 7)) == seconds + 1

    def test_an_old_copy_of_a_journal_is_noticed_and_renewed(self) -> None:
        """Korea's disk goes back to before its second envelope; Japan's hello shows more than Korea remembers."""
        korea, japan = link_pair()
        for number in (1, 2, 3):
            japan.accept(send(korea, number).unsigned, now_ns=NOW_NS)
        restored, _ = link_pair()
        send(restored, 1)
        heard = restored.on_control(japan.hello(now_ns=NOW_NS).unsigned, now_ns=NOW_NS)
        assert heard.settled.rolled_back
        again = restored.renew(now_ns=NOW_NS, lost=True)
        assert [offered.local_id for offered in again] == ["KOR-T1"]
        assert restored.outgoing.epoch > 100
        assert restored.outgoing.number == 0
        arrival = japan.accept(send(restored, 9).unsigned, now_ns=NOW_NS)
        assert (arrival.renewed, arrival.outcome) == ("lost", "apply")

    def test_an_orderly_renewal_carries_the_head(self) -> None:
        korea, japan = link_pair()
        japan.accept(send(korea, 1).unsigned, now_ns=NOW_NS)
        korea.renew(now_ns=NOW_NS, lost=False)
        assert japan.accept(send(korea, 2).unsigned, now_ns=NOW_NS).renewed == "continued"

    def test_a_partner_that_attests_the_end_of_time_is_not_believed(self) -> None:
        """Else one lie would leave no epoch to go on with."""
        korea, japan = link_pair()
        japan.incoming.epoch = limits.MAX_INTEGER
        heard = korea.on_control(japan.hello(now_ns=NOW_NS).unsigned, now_ns=NOW_NS)
        assert heard.settled.rolled_back
        korea.renew(now_ns=NOW_NS, lost=True)
        assert korea.outgoing.epoch == NOW_NS // NS_PER_S


def test_narrowing_voids_and_hands_back() -> None:
    korea, japan = link_pair()
    japan.accept(send(korea, 1).unsigned, now_ns=NOW_NS)
    korea.on_control(japan.receipt(now_ns=NOW_NS).unsigned, now_ns=NOW_NS)
    send(korea, 2)
    void, again = korea.void_unreceipted(generation=2, now_ns=NOW_NS)
    assert void is not None
    assert [offered.local_id for offered in again] == ["KOR-T2"]
    arrival = japan.accept(void.unsigned, now_ns=NOW_NS)
    assert arrival.contiguous == 3
    assert japan.gaps() == ()


def test_missing_is_voided_and_released_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PENDING", 2)
    korea, japan = link_pair()
    sent = [send(korea, number) for number in range(5)]
    assert korea.missing() == (1, 3)
    void = korea.void_missing(generation=1, now_ns=NOW_NS)
    again = send(korea, 0)
    assert void is not None
    for numbered in (*sent[3:], void, again):
        arrival = japan.accept(numbered.unsigned, now_ns=NOW_NS)
    assert arrival.contiguous == 7
