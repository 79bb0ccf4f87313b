"""A lying wire and a lying partner: replay, reorder, cut, splice, re-sign, relabel, downgrade, two histories.

The wire may do anything with bytes but sign; the partner may sign anything. Nothing that either does is more than a
refusal, a gap that is seen, or a proof that is kept.
"""

import random
from collections.abc import Sequence
from itertools import permutations

import msgspec
import pytest

from beaconfire.kernel import codec, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind
from beaconfire.share import Link, Outcome, Proof, Stage, open_control, open_envelope
from tests.exchange import (
    NOW_NS,
    envelope,
    key_pair,
    launch_body,
    link_pair,
    open_releaser,
    product,
    release,
    send_all,
    sign,
)

PRIVATE, PUBLIC = key_pair(1)
MALLORY, _ = key_pair(66)
COUNT = 6


def sent(count: int = COUNT) -> list[bytes]:
    korea, _ = link_pair()
    return [one.unsigned for one in send_all(korea, open_releaser(), [product(number=n) for n in range(count)])]


def japan() -> Link:
    return link_pair()[1]


def taken(link: Link, unsigned: Sequence[bytes]) -> list[Outcome]:
    return [link.accept(data, now_ns=NOW_NS).outcome for data in unsigned]


def refused(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        open_envelope(data, key=PUBLIC, realm=Realm.EXERCISE)
    return caught.value.reason


def test_replay_has_no_effect() -> None:
    link, whole = japan(), sent()
    assert taken(link, whole) == [Outcome.APPLY] * COUNT
    assert taken(link, whole * 3) == [Outcome.NOTHING] * (3 * COUNT)
    assert link.incoming.chain.contiguous == COUNT
    assert link.incoming.conflicts == 0


def test_a_control_replayed_is_refused() -> None:
    korea, link = link_pair()
    beat = korea.hello(now_ns=NOW_NS).unsigned
    link.on_control(beat, now_ns=NOW_NS)
    with pytest.raises(Refused) as caught:
        link.on_control(beat, now_ns=NOW_NS)
    assert caught.value.reason == "replay"


def test_every_order_ends_at_the_same_place() -> None:
    whole = sent(5)
    for order in permutations(whole):
        link = japan()
        assert taken(link, order) == [Outcome.APPLY] * 5
        assert (link.incoming.chain.contiguous, link.incoming.conflicts) == (5, 0)


def test_what_is_cut_out_is_seen_as_a_gap_and_never_acknowledged() -> None:
    for missing in range(1, COUNT):
        link, whole = japan(), sent()
        taken(link, whole[:missing] + whole[missing + 1 :])
        assert link.gaps() == (((missing + 1, missing + 1),) if missing < COUNT - 1 else ())
        assert link.incoming.chain.contiguous == (missing if missing < COUNT - 1 else COUNT - 1)


def test_the_cut_off_end_is_seen_by_the_next_beat() -> None:
    korea, link = link_pair()
    whole = [one.unsigned for one in send_all(korea, open_releaser(), [product(number=n) for n in range(3)])]
    taken(link, whole[:2])
    assert link.gaps() == ()
    words = {"clock_error_s": 0.0, "clock_trusted": True, "journal_seq": 1, "journal_head": bytes(32)}
    link.on_control(korea.beat(now_ns=NOW_NS, **words).unsigned, now_ns=NOW_NS)  # type: ignore[arg-type]
    assert link.gaps() == ((3, 3),)


def test_a_splice_of_two_signed_messages_is_refused() -> None:
    first, second = (sign(data, PRIVATE) for data in sent(2))
    chance = random.Random(1)
    for _ in range(300):
        at, to = chance.randrange(1, len(first)), chance.randrange(1, len(second))
        spliced = first[:at] + second[to:]
        if spliced not in (first, second):
            assert refused(spliced)


def test_a_signature_moved_to_another_envelope_is_refused() -> None:
    first, second = (wire.decode_signed(sign(data, PRIVATE)) for data in sent(2))
    assert refused(codec.encode(msgspec.structs.replace(first, signature=second.signature))) == "signature"


def test_signed_again_by_a_stranger_is_refused() -> None:
    assert refused(sign(sent(1)[0], MALLORY)) == "signature"


@pytest.mark.parametrize("label", [(), ("USA",), ("JPN", "USA"), ("USA", "JPN")])
def test_a_label_changed_on_the_way_is_refused(label: tuple[str, ...]) -> None:
    """Whoever changes a label changes bytes that are signed."""
    genuine = wire.decode_signed(sign(codec.encode(envelope()), PRIVATE))
    relabelled = codec.encode(envelope(release(releasable_to=label)))
    assert refused(codec.encode(msgspec.structs.replace(genuine, unsigned=relabelled))) == "signature"


def test_a_label_stripped_by_its_sender_gives_the_recipient_nothing() -> None:
    with pytest.raises(Refused) as caught:
        japan().accept(codec.encode(envelope(release(releasable_to=()))), now_ns=NOW_NS)
    assert caught.value.reason == "label"


@pytest.mark.parametrize("version", [0, 2, 255])
def test_a_version_outside_floor_and_highest_is_refused(version: int) -> None:
    with pytest.raises(Refused) as caught:
        japan().accept(codec.encode(envelope(format=version)), now_ns=NOW_NS)
    assert caught.value.reason in ("format", "invalid")


def test_a_hello_cannot_talk_the_version_down() -> None:
    korea, link = link_pair()
    hello = wire.decode_control(korea.hello(now_ns=NOW_NS).unsigned, realm=Realm.EXERCISE)
    assert isinstance(hello, wire.Hello)
    for changes in ({"format": 0, "floor": 0}, {"format": wire.FORMAT_FLOOR - 1, "floor": 0}):
        with pytest.raises(Refused):
            link.on_control(codec.encode(msgspec.structs.replace(hello, **changes)), now_ns=NOW_NS)
    too_new = msgspec.structs.replace(hello, format=9, floor=9)
    with pytest.raises(Refused) as caught:
        link.on_control(codec.encode(too_new), now_ns=NOW_NS)
    assert caught.value.reason == "format"
    assert link.format == wire.FORMAT


def test_two_histories_are_proof_and_only_the_first_has_effect() -> None:
    link, whole = japan(), sent(3)
    taken(link, whole)
    other = codec.encode(envelope(release(source_id=b"other" * 3 + b"!"), number=2, previous=wire.chain_hash(whole[0])))
    arrival = link.accept(other, now_ns=NOW_NS)
    assert (arrival.stage, arrival.outcome) == (Stage.EQUIVOCATION, Outcome.NOTHING)
    assert arrival.proof == Proof(100, 2, wire.chain_hash(whole[1]), wire.chain_hash(other))
    assert link.incoming.chain.head == wire.chain_hash(whole[2])


def test_a_beat_with_another_head_is_proof_too() -> None:
    korea, link = link_pair()
    whole = [one.unsigned for one in send_all(korea, open_releaser(), [product(number=n) for n in range(2)])]
    taken(link, whole)
    words = {"clock_error_s": 0.0, "clock_trusted": True, "journal_seq": 1, "journal_head": bytes(32)}
    beat = wire.decode_control(korea.beat(now_ns=NOW_NS, **words).unsigned, realm=Realm.EXERCISE)  # type: ignore[arg-type]
    assert isinstance(beat, wire.Beat)
    lie = codec.encode(msgspec.structs.replace(beat, head=b"\x11" * 32))
    heard = link.on_control(lie, now_ns=NOW_NS)
    assert heard.proof is not None
    assert (heard.proof.number, heard.proof.second) == (2, b"\x11" * 32)


def test_an_old_epoch_played_again_is_refused() -> None:
    link = japan()
    taken(link, sent())
    link.accept(codec.encode(envelope(epoch=101)), now_ns=NOW_NS)
    with pytest.raises(Refused) as caught:
        link.accept(sent()[0], now_ns=NOW_NS)
    assert caught.value.reason == "epoch"


def test_a_ghost_launch_is_its_signers_own_word() -> None:
    """A partner may invent what it likes under its own name; under another's it needs that nation's key."""
    ghost = release(launch_body(event="GHOST"), originator="USA", releasable_to=("KOR",), onward=("JPN",))
    made = envelope(ghost)
    unsigned = codec.encode(made)
    forged = wire.Signed(
        unsigned=unsigned, signature=PRIVATE.sign(unsigned), origin_signature=PRIVATE.sign(made.content)
    )
    with pytest.raises(Refused) as caught:
        open_envelope(codec.encode(forged), key=PUBLIC, realm=Realm.EXERCISE, origins={"USA": key_pair(5)[1]})
    assert caught.value.reason == "origin"


def test_an_envelope_for_another_nation_is_refused_though_genuine() -> None:
    """What Korea sent the United States, sent on by whoever tapped that line."""
    with pytest.raises(Refused) as caught:
        japan().accept(codec.encode(envelope(release(releasable_to=("USA",)), recipient="USA")), now_ns=NOW_NS)
    assert caught.value.reason == "recipient"


def test_a_control_is_no_envelope_whatever_its_signature() -> None:
    hello = link_pair()[0].hello(now_ns=NOW_NS).unsigned
    assert refused(sign(hello, PRIVATE)) in ("realm", "invalid")
    with pytest.raises(Refused):
        open_control(sign(sent(1)[0], PRIVATE), key=PUBLIC, realm=Realm.EXERCISE)


def test_a_release_signed_for_itself_is_no_envelope() -> None:
    """The second signature is over a release's bytes: as an envelope they are refused by their tag."""
    content = codec.encode(release())
    assert refused(sign(content, PRIVATE)) == "realm"


def test_a_body_of_another_kind_is_refused() -> None:
    made = envelope(release(launch_body(), kind=Kind.IMPACT))
    with pytest.raises(Refused) as caught:
        japan().accept(codec.encode(made), now_ns=NOW_NS)
    assert caught.value.reason == "invalid"
