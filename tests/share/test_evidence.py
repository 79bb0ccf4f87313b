"""Two signed histories are a proof that anybody can check; honest statements are none, and nobody can make one up."""

from collections.abc import Callable

import msgspec
import pytest

from beaconfire.kernel import codec, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.share import (
    Evidence,
    Link,
    check_evidence,
    contradictions,
    encode_evidence,
)
from tests.exchange import NOW_NS, envelope, key_pair, launch_body, link_pair, open_releaser, product, release, send_all

PRIVATE, PUBLIC = key_pair(3)
BEAT = {"clock_error_s": 0.0, "clock_trusted": True, "journal_seq": 1, "journal_head": bytes(32)}


def signed(unsigned: bytes) -> wire.Signed:
    return wire.Signed(unsigned=unsigned, signature=PRIVATE.sign(unsigned))


def honest(count: int = 6) -> tuple[Link, list[wire.Signed]]:
    korea, _ = link_pair()
    sent = send_all(korea, open_releaser(), [product(number=number) for number in range(count)])
    return korea, [signed(one.unsigned) for one in sent]


def found(statements: list[wire.Signed]) -> list[bytes]:
    return [encode_evidence(one) for one in contradictions(statements, realm=Realm.EXERCISE)]


def another_form(korea: Link) -> bytes:
    return codec.encode(envelope(release(launch_body(event="X")), number=3, previous=bytes(32)))


def another_past(korea: Link) -> bytes:
    return codec.encode(envelope(number=korea.outgoing.number + 1, previous=b"\1" * 32))


def another_head(korea: Link) -> bytes:
    korea.outgoing.head = b"\2" * 32
    return korea.beat(now_ns=NOW_NS, **BEAT).unsigned  # type: ignore[arg-type]


def another_end(korea: Link) -> bytes:
    korea.outgoing.head = b"\3" * 32
    return korea.notice(now_ns=NOW_NS, reason="left").unsigned


def another_void(korea: Link) -> bytes:
    void, _ = korea.void_unreceipted(generation=1, now_ns=NOW_NS)
    assert void is not None
    told = wire.decode_envelope(void.unsigned, realm=Realm.EXERCISE)
    body = msgspec.structs.replace(wire.decode_body(told.kind, told.content), closing=b"\4" * 32)
    return codec.encode(msgspec.structs.replace(told, content=codec.encode(body)))


@pytest.mark.parametrize("lie", [another_form, another_past, another_head, another_end, another_void])
def test_each_way_to_tell_two_histories_is_a_proof(lie: Callable[[Link], bytes]) -> None:
    korea, statements = honest()
    (proof, *_) = found([*statements, signed(lie(korea))])
    seen = check_evidence(proof, key=PUBLIC, realm=Realm.EXERCISE)
    assert (seen.sender, seen.recipient, seen.epoch) == ("KOR", "JPN", 100)
    assert 1 <= seen.number <= 6
    assert seen.first != seen.second


def test_honest_statements_prove_nothing() -> None:
    korea, statements = honest()
    beats = [korea.beat(now_ns=NOW_NS + number * 10**9, **BEAT) for number in range(3)]  # type: ignore[arg-type]
    void, _ = korea.void_unreceipted(generation=1, now_ns=NOW_NS)
    assert void is not None
    korea.renew(now_ns=NOW_NS + 10**9, lost=False)
    more = send_all(korea, open_releaser(), [product(number=9)])
    words = [*(beat.unsigned for beat in beats), void.unsigned, *(one.unsigned for one in more),
             korea.hello(now_ns=NOW_NS).unsigned, korea.receipt(now_ns=NOW_NS).unsigned]  # fmt: skip
    assert found([*statements, *map(signed, words), *statements]) == []


def test_a_proof_needs_the_partners_own_signatures() -> None:
    korea, statements = honest()
    (proof, *_) = found([*statements, signed(another_form(korea))])
    with pytest.raises(Refused) as caught:
        check_evidence(proof, key=key_pair(4)[1], realm=Realm.EXERCISE)
    assert caught.value.reason == "signature"


def test_two_statements_that_agree_or_speak_of_other_links_prove_nothing() -> None:
    _, statements = honest()
    elsewhere = msgspec.structs.replace(
        wire.decode_envelope(statements[0].unsigned, realm=Realm.EXERCISE), recipient="USA"
    )
    for other in (statements[1], statements[0], signed(codec.encode(elsewhere))):
        made_up = encode_evidence(Evidence(codec.encode(statements[0]), codec.encode(other)))
        with pytest.raises(Refused) as caught:
            check_evidence(made_up, key=PUBLIC, realm=Realm.EXERCISE)
        assert caught.value.reason == "evidence"


@pytest.mark.parametrize("data", [b"", b"\x90", b"\xc1" * 40, codec.encode(["evidence", b"a", b"b"])])
def test_any_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        check_evidence(data, key=PUBLIC, realm=Realm.EXERCISE)


def test_a_flood_of_lies_about_one_number_is_one_proof() -> None:
    _, statements = honest()
    lies = [codec.encode(envelope(release(launch_body(event=f"X{n}")), number=3, previous=bytes(32))) for n in range(9)]
    assert len(found([*statements, *map(signed, lies)])) == 2  # of number 3, and of the one before
