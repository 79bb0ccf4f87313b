"""P7: A changed, removed or forked history of a pair's chain is detected by that partner; of the journal, by anyone
who compares it with an exported or beaten head.

Here the pair's chain. The adversary is the sender itself, with its own key: it signs what it likes.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from beaconfire.kernel import codec, wire
from beaconfire.kernel.labels import Realm
from beaconfire.share import Arrival, Link, Stage
from tests.exchange import NOW_NS, envelope, link_pair, open_releaser, product, release, send_all

COUNT = 8


def history(count: int = COUNT, *, changed: int | None = None) -> list[bytes]:
    """A chain of `count`; from number `changed` on it is another one."""
    made, previous = [], wire.NO_HASH
    for number in range(1, count + 1):
        branch = 100 if changed is not None and number >= changed else 0
        inner = release(source_id=(number + branch).to_bytes(16, "little"))
        made.append(codec.encode(envelope(inner, number=number, previous=previous)))
        previous = wire.chain_hash(made[-1])
    return made


def take(link: Link, sent: list[bytes]) -> list[Arrival]:
    return [link.accept(unsigned, now_ns=NOW_NS) for unsigned in sent]


def beat(head: bytes, number: int = COUNT, counter: int = 1) -> bytes:
    return codec.encode(
        wire.Beat(
            format=1,
            sender="KOR",
            recipient="JPN",
            realm=Realm.EXERCISE,
            epoch=100,
            counter=counter,
            time_ns=NOW_NS,
            number=number,
            head=head,
            clock_error_s=0.0,
            clock_trusted=True,
            journal_seq=1,
            journal_head=bytes(32),
        )
    )


@given(st.integers(1, COUNT), st.permutations(list(range(COUNT))), st.permutations(list(range(COUNT))))
def test_a_changed_history_in_any_order(changed: int, first: list[int], second: list[int]) -> None:
    """Both histories are shown in any order: the two forms of one number come to light, with proof."""
    _, japan = link_pair()
    true, forged = history(), history(changed=changed)
    arrivals = take(japan, [true[at] for at in first] + [forged[at] for at in second])
    proofs = [arrival.proof for arrival in arrivals if arrival.stage is Stage.EQUIVOCATION]
    assert proofs
    for proof in proofs:
        assert proof is not None
        hashes = {wire.chain_hash(made[proof.number - 1]) for made in (true, forged)}
        assert {proof.first, proof.second} == hashes
    assert sum(arrival.outcome == "apply" for arrival in arrivals) == COUNT  # the second history told nothing


@settings(max_examples=60)
@given(st.integers(2, COUNT), st.data())
def test_a_spliced_history(cut: int, data: st.DataObject) -> None:
    """The past until `cut` is one, from there on it claims another: the joint does not hold in any order."""
    _, japan = link_pair()
    spliced = history(changed=cut - 1)[cut - 1 :]
    sent = history()[: cut - 1] + spliced
    order = data.draw(st.permutations(sent))
    arrivals = take(japan, order)
    assert any(arrival.stage is Stage.EQUIVOCATION for arrival in arrivals)
    assert japan.incoming.chain.contiguous < COUNT


@given(st.integers(1, COUNT - 1))
def test_a_removed_record_leaves_a_gap_that_is_never_receipted(gone: int) -> None:
    _, japan = link_pair()
    sent = history()
    del sent[gone - 1]
    take(japan, sent)
    assert japan.gaps() == ((gone, gone),)
    receipt = wire.decode_control(japan.receipt(now_ns=NOW_NS).unsigned, realm=Realm.EXERCISE)
    assert isinstance(receipt, wire.Receipt)
    assert receipt.contiguous == gone - 1
    assert receipt.ranges == ((gone + 1, COUNT),)


@given(st.integers(1, COUNT - 1))
def test_a_removed_tail_is_shown_by_the_beat(kept: int) -> None:
    _, japan = link_pair()
    sent = history()
    take(japan, sent[:kept])
    japan.on_control(beat(wire.chain_hash(sent[-1])), now_ns=NOW_NS)
    assert japan.gaps() == ((kept + 1, COUNT),)


def test_a_beaten_head_of_another_history_is_proof() -> None:
    _, japan = link_pair()
    take(japan, history())
    heard = japan.on_control(beat(wire.chain_hash(history(changed=3)[-1])), now_ns=NOW_NS)
    assert heard.proof is not None
    assert heard.proof.number == COUNT


def test_the_sender_sees_a_receipt_of_a_history_it_never_sent() -> None:
    """And the other way round: Japan cannot claim to hold other bytes than Korea sent."""
    korea, japan = link_pair()
    take(japan, history(changed=1))
    send_all(korea, open_releaser(), [product(number=number) for number in range(COUNT)])
    heard = korea.on_control(japan.receipt(now_ns=NOW_NS).unsigned, now_ns=NOW_NS)
    assert heard.settled.forked
