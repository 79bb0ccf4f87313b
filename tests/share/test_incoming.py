"""The receiver: who may say what, stages, outcomes, exactly once, epochs."""

from typing import Any

import msgspec
import pytest

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import EpochCloseBody, Kind, VoidBody
from beaconfire.kernel.time import NS_PER_S
from beaconfire.share import Arrival, Incoming, Outcome, Stage
from tests.exchange import NOW_NS, envelope, release


def receiver() -> Incoming:
    return Incoming(nation="JPN", partner="KOR", realm=Realm.EXERCISE)


def chain_of(
    count: int, *, epoch: int = 100, previous: bytes = wire.NO_HASH, start: int = 0, **changes: Any
) -> list[bytes]:
    """Unsigned envelopes 1 to `count`, each with a record of its own."""
    made = []
    for number in range(1, count + 1):
        inner = release(source_id=(start + number).to_bytes(16, "little"), **changes)
        made.append(codec.encode(envelope(inner, number=number, previous=previous, epoch=epoch)))
        previous = wire.chain_hash(made[-1])
    return made


def accept(made: Incoming, unsigned: bytes, now_ns: int = NOW_NS) -> Arrival:
    return made.accept(unsigned, now_ns=now_ns)


def link_body(body: VoidBody | EpochCloseBody, number: int, previous: bytes) -> bytes:
    kind = Kind.VOID if isinstance(body, VoidBody) else Kind.EPOCH_CLOSE
    return codec.encode(envelope(kind=kind, number=number, previous=previous, content=codec.encode(body)))


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"sender": "USA"}, "sender"),
            ({"recipient": "USA"}, "recipient"),
            ({"format": 2}, "format"),
            ({"kind": Kind.LAUNCH}, "kind"),
            ({"content": b"\xc0"}, "invalid"),
        ],
    )
    def test_of_the_envelope(self, changes: dict[str, Any], reason: str) -> None:
        made = receiver()
        with pytest.raises(Refused) as caught:
            accept(made, codec.encode(envelope(**changes)))
        assert caught.value.reason == reason
        assert (made.epoch, made.chain.contiguous) == (0, 0)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"originator": "USA"}, "label"),  # not ours to have: its onward list is empty
            ({"originator": "JPN", "onward": ("JPN",)}, "relayed"),  # our own words come to us from nobody
            ({"releasable_to": ("USA",)}, "label"),
            ({"releasable_to": ()}, "label"),
            ({"body": b"\x90"}, "invalid"),
        ],
    )
    def test_of_the_release(self, changes: dict[str, Any], reason: str) -> None:
        with pytest.raises(Refused) as caught:
            accept(receiver(), codec.encode(envelope(release(**changes))))
        assert caught.value.reason == reason

    def test_of_a_live_envelope(self) -> None:
        with pytest.raises(Refused) as caught:
            accept(receiver(), codec.encode(envelope(release(realm=Realm.LIVE))))
        assert caught.value.reason == "realm"

    def test_of_a_void_that_reaches_itself(self) -> None:
        body = VoidBody(first=1, last=2, anchor=bytes(32), closing=bytes(32), reason="policy")
        with pytest.raises(Refused) as caught:
            accept(receiver(), link_body(body, 2, bytes(32)))
        assert caught.value.reason == "void"


class TestStages:
    def test_in_order(self) -> None:
        made = receiver()
        arrivals = [accept(made, unsigned) for unsigned in chain_of(3)]
        assert [arrival.stage for arrival in arrivals] == [Stage.CHAINED] * 3
        assert [arrival.outcome for arrival in arrivals] == [Outcome.APPLY] * 3
        assert [arrival.contiguous for arrival in arrivals] == [1, 2, 3]
        assert arrivals[0].release is not None
        assert arrivals[0].body is not None
        assert wire.body_id(arrivals[0].body) == "KOR-T1"

    def test_out_of_order_is_authentic_and_applies_at_once(self) -> None:
        made = receiver()
        first, second, third = chain_of(3)
        assert accept(made, third).stage is Stage.AUTHENTIC
        assert accept(made, first).stage is Stage.CHAINED
        late = accept(made, second)
        assert (late.stage, late.contiguous, late.outcome) == (Stage.CHAINED, 3, Outcome.APPLY)

    def test_over_two_lanes(self) -> None:
        made = receiver()
        (only,) = chain_of(1)
        accept(made, only)
        again = accept(made, only)
        assert (again.stage, again.outcome) == (Stage.DUPLICATE, Outcome.NOTHING)

    def test_equivocation_is_proof_and_has_no_effect(self) -> None:
        made = receiver()
        one, other = chain_of(1), chain_of(1, start=50)
        accept(made, one[0])
        arrival = accept(made, other[0])
        assert (arrival.stage, arrival.outcome) == (Stage.EQUIVOCATION, Outcome.NOTHING)
        assert arrival.proof is not None
        assert (arrival.proof.epoch, arrival.proof.number) == (100, 1)
        assert (arrival.proof.first, arrival.proof.second) == (wire.chain_hash(one[0]), wire.chain_hash(other[0]))
        assert made.conflicts == 1

    def test_a_void_closes_and_the_chain_goes_on(self) -> None:
        made = receiver()
        sent = chain_of(3)
        accept(made, sent[0])
        hashes = [wire.chain_hash(unsigned) for unsigned in sent]
        body = VoidBody(first=2, last=3, anchor=hashes[0], closing=hashes[2], reason="policy")
        arrival = accept(made, link_body(body, 4, hashes[2]))
        assert (arrival.stage, arrival.outcome, arrival.contiguous) == (Stage.CHAINED, Outcome.NOTHING, 4)

    def test_a_void_of_another_past_is_equivocation(self) -> None:
        made = receiver()
        accept(made, chain_of(1)[0])
        body = VoidBody(first=2, last=3, anchor=b"x" * 32, closing=bytes(32), reason="policy")
        assert accept(made, link_body(body, 4, bytes(32))).stage is Stage.EQUIVOCATION


class TestOutcomes:
    def test_exactly_once_by_source_id(self) -> None:
        made = receiver()
        first = chain_of(1)
        accept(made, first[0])
        again = codec.encode(
            envelope(release(source_id=(1).to_bytes(16, "little")), number=2, previous=wire.chain_hash(first[0]))
        )
        arrival = accept(made, again)
        assert (arrival.stage, arrival.outcome, arrival.reason) == (Stage.CHAINED, Outcome.NOTHING, "repeated")

    @pytest.mark.parametrize(
        ("age_s", "expected"),
        [
            (0.0, (Outcome.APPLY, "")),
            (900.0, (Outcome.APPLY, "")),
            (900.1, (Outcome.RECORD, "late")),
            (1e6, (Outcome.RECORD, "late")),
            (-5.0, (Outcome.APPLY, "")),
            (-5.1, (Outcome.RECORD, "future")),
        ],
    )
    def test_lateness_by_the_records_own_time(self, age_s: float, expected: tuple[Outcome, str]) -> None:
        (only,) = chain_of(1, expires_ns=NOW_NS + 2_000_000 * NS_PER_S)
        arrival = accept(receiver(), only, NOW_NS + round(age_s * NS_PER_S))
        assert (arrival.outcome, arrival.reason) == expected

    def test_expired(self) -> None:
        (only,) = chain_of(1, expires_ns=NOW_NS + NS_PER_S)
        arrival = accept(receiver(), only, NOW_NS + NS_PER_S)
        assert (arrival.outcome, arrival.reason) == (Outcome.RECORD, "expired")

    def test_memory_of_sources_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "MAX_SEEN", 5)
        made = receiver()
        for unsigned in chain_of(20):
            accept(made, unsigned)
        assert sum(map(len, made._seen._by.values())) == 5


class TestEpochs:
    def run_to(self, made: Incoming, count: int) -> bytes:
        sent = chain_of(count)
        for unsigned in sent:
            accept(made, unsigned)
        return wire.chain_hash(sent[-1])

    @pytest.mark.parametrize(
        ("previous", "word"), [(None, "continued"), (wire.NO_HASH, "lost"), (b"x" * 32, "unknown")]
    )
    def test_a_new_one_says_how_it_joins_the_old(self, previous: bytes | None, word: str) -> None:
        made = receiver()
        head = self.run_to(made, 2)
        (fresh,) = chain_of(1, epoch=101, previous=head if previous is None else previous, start=10)
        arrival = accept(made, fresh)
        assert (arrival.renewed, arrival.stage, made.epoch, made.chain.contiguous) == (word, Stage.CHAINED, 101, 1)

    def test_a_lower_one_is_refused_for_ever(self) -> None:
        made = receiver()
        self.run_to(made, 2)
        accept(made, chain_of(1, epoch=200, start=10)[0])
        with pytest.raises(Refused) as caught:
            accept(made, chain_of(3)[2])
        assert caught.value.reason == "epoch"

    def test_records_take_effect_once_over_epochs(self) -> None:
        made = receiver()
        self.run_to(made, 2)
        arrivals = [accept(made, unsigned) for unsigned in chain_of(3, epoch=101)]
        assert [arrival.reason for arrival in arrivals] == ["repeated", "repeated", ""]

    def test_a_new_one_may_begin_in_the_middle(self) -> None:
        made = receiver()
        head = self.run_to(made, 2)
        first, second = chain_of(2, epoch=101, previous=head, start=10)
        assert accept(made, second).stage is Stage.AUTHENTIC
        assert accept(made, first).renewed == "continued"
        assert made.chain.contiguous == 2

    def test_a_very_first_one_joins_nothing(self) -> None:
        assert accept(receiver(), chain_of(1)[0]).renewed == ""


class TestBeats:
    def beat(self, number: int, head: bytes, epoch: int = 100) -> wire.Beat:
        words: dict[str, Any] = {
            "clock_error_s": 0.0,
            "clock_trusted": True,
            "journal_seq": 1,
            "journal_head": bytes(32),
        }
        base: dict[str, Any] = {
            "format": 1,
            "sender": "KOR",
            "recipient": "JPN",
            "realm": Realm.EXERCISE,
            "counter": 1,
            "time_ns": NOW_NS,
        }
        return wire.Beat(**(base | words), epoch=epoch, number=number, head=head)

    def test_tell_what_is_missing(self) -> None:
        made = receiver()
        accept(made, chain_of(1)[0])
        assert made.on_beat(self.beat(4, b"h" * 32)) is None
        assert made.chain.gaps() == ((2, 4),)

    def test_a_changed_history_is_seen(self) -> None:
        made = receiver()
        sent = chain_of(2)
        for unsigned in sent:
            accept(made, unsigned)
        assert made.on_beat(self.beat(2, wire.chain_hash(sent[1]))) is None
        proof = made.on_beat(self.beat(2, b"h" * 32))
        assert proof is not None
        assert (proof.number, proof.first, proof.second) == (2, wire.chain_hash(sent[1]), b"h" * 32)

    def test_of_another_epoch_say_nothing(self) -> None:
        made = receiver()
        accept(made, chain_of(1)[0])
        assert made.on_beat(self.beat(9, bytes(32), epoch=99)) is None
        assert made.chain.gaps() == ()


def test_arrivals_are_frozen() -> None:
    arrival = accept(receiver(), chain_of(1)[0])
    with pytest.raises(AttributeError):
        arrival.outcome = Outcome.NOTHING  # type: ignore[misc]
    assert msgspec.structs.asdict(arrival.envelope)["number"] == 1
