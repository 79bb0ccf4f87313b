"""Bundles: one signature for many envelopes, each with a proof of its own; held against a tree written otherwise."""

import contextlib
import hashlib
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.share import bundle as room
from beaconfire.share import bundle_words, is_bundle, open_message, signed_words
from beaconfire.share.verify import holds
from tests.exchange import envelope, key_pair, link_pair, open_releaser, product, release, send_all, sign

PRIVATE, PUBLIC = key_pair(1)


def sent(count: int) -> list[bytes]:
    link, _ = link_pair()
    return [one.unsigned for one in send_all(link, open_releaser(), [product(number=n) for n in range(count)])]


def bundle(unsigned: Sequence[bytes], seconds: Sequence[bytes] = ()) -> wire.Bundle:
    signature = PRIVATE.sign(bundle_words(unsigned))
    return wire.Bundle(
        unsigned=tuple(unsigned), signature=signature, origin_signatures=tuple(seconds) or (b"",) * len(unsigned)
    )


def refused(made: wire.Bundle) -> str:
    with pytest.raises(Refused) as caught:
        open_message(codec.encode(made), key=PUBLIC, realm=Realm.EXERCISE)
    return caught.value.reason


def root(data: Sequence[bytes]) -> bytes:
    """RFC 9162, 2.1.1, as it is written there: split at the largest power of two below the count."""
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    half = 1
    while 2 * half < len(data):
        half *= 2
    return hashlib.sha256(b"\x01" + root(data[:half]) + root(data[half:])).digest()


@given(st.lists(st.binary(max_size=20), min_size=2, max_size=limits.MAX_BUNDLE))
def test_the_root_is_that_of_the_standard(data: list[bytes]) -> None:
    words = codec.decode(bundle_words(data), wire.BundleRoot, where="root", limit=100)
    assert words == wire.BundleRoot(count=len(data), root=root(data))


@pytest.mark.parametrize("count", [2, 3, 5, 31, 64])
def test_every_envelope_of_a_bundle_is_taken_and_verifies_alone(count: int) -> None:
    unsigned = sent(count)
    opened = open_message(codec.encode(bundle(unsigned)), key=PUBLIC, realm=Realm.EXERCISE)
    assert [one.unsigned for one in opened] == unsigned
    assert [one.envelope.number for one in opened] == list(range(1, count + 1))
    for one in opened:
        PRIVATE.public_key().verify(one.signature, signed_words(one.unsigned, one.proof))
        assert len(one.proof) <= 2 + 6 * 32


def test_one_alone_is_as_it_was() -> None:
    (unsigned,) = sent(1)
    (one,) = open_message(sign(unsigned, PRIVATE), key=PUBLIC, realm=Realm.EXERCISE)
    assert (one.unsigned, one.proof) == (unsigned, b"")
    assert signed_words(unsigned, b"") == unsigned


def test_one_signature_is_verified_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bundle is for: 64 signatures of about 70 µs become one, and 127 hashes of half a microsecond."""
    asked: list[bytes] = []

    def counted(key: bytes, signature: bytes, data: bytes) -> bool:
        asked.append(data)
        return holds(key, signature, data)

    monkeypatch.setattr(room, "holds", counted)
    assert len(open_message(codec.encode(bundle(sent(64))), key=PUBLIC, realm=Realm.EXERCISE)) == 64
    assert len(asked) == 1


def test_an_envelope_left_out_added_or_turned_round_is_refused() -> None:
    unsigned = sent(5)
    made = bundle(unsigned[:4])
    for other in (unsigned[:3], unsigned, unsigned[3::-1], [*unsigned[:3], unsigned[4]]):
        changed = msgspec.structs.replace(made, unsigned=tuple(other), origin_signatures=(b"",) * len(other))
        assert refused(changed) == "signature"


def test_a_bundle_is_taken_whole_or_not_at_all() -> None:
    mixed = [*sent(2), codec.encode(envelope(release(realm=Realm.LIVE), number=3))]
    assert refused(bundle(mixed)) == "realm"


def test_second_signatures_are_asked_of_each() -> None:
    inner = release(onward=("USA",))
    travelling = codec.encode(envelope(inner, number=3))
    second = PRIVATE.sign(codec.encode(inner))
    unsigned = [*sent(2), travelling]
    opened = open_message(codec.encode(bundle(unsigned, (b"", b"", second))), key=PUBLIC, realm=Realm.EXERCISE)
    assert opened[2].origin_signature == second
    assert refused(bundle(unsigned)) == "origin"
    assert refused(bundle(unsigned, (second, b"", second))) == "origin"
    assert refused(bundle(unsigned, (b"",))) == "invalid"


def test_limits() -> None:
    assert refused(bundle(sent(limits.MAX_BUNDLE + 1))) == "invalid"
    one = sent(1)
    assert refused(wire.Bundle(unsigned=tuple(one), signature=bytes(64), origin_signatures=(b"",))) == "invalid"
    huge = b"\x94" + codec.encode("bundle") + bytes(limits.MAX_BUNDLE_BYTES)
    with pytest.raises(Refused) as caught:
        open_message(huge, key=PUBLIC, realm=Realm.EXERCISE)
    assert caught.value.reason == "too_large"


def test_a_root_signed_is_no_envelope_and_an_envelopes_signature_no_bundles() -> None:
    unsigned = sent(2)
    words = bundle_words(unsigned)
    with pytest.raises(Refused):
        open_message(sign(words, PRIVATE), key=PUBLIC, realm=Realm.EXERCISE)
    assert refused(msgspec.structs.replace(bundle(unsigned), signature=PRIVATE.sign(unsigned[0]))) == "signature"


@settings(max_examples=300)
@given(st.data())
def test_any_change_of_a_proof_leads_elsewhere_or_is_refused(data: st.DataObject) -> None:
    unsigned = sent(5)
    opened = open_message(codec.encode(bundle(unsigned)), key=PUBLIC, realm=Realm.EXERCISE)
    one = data.draw(st.sampled_from(opened))
    changed = bytearray(one.proof)
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    words = None
    with contextlib.suppress(Refused):
        words = signed_words(one.unsigned, bytes(changed))
    assert words != signed_words(one.unsigned, one.proof)


@pytest.mark.parametrize("proof", [b"\x00", b"\x02\x02", b"\x00\xff", b"\x00\x02" + bytes(31), b"\x00\x02" + bytes(64)])
def test_a_proof_that_is_none_is_refused(proof: bytes) -> None:
    with pytest.raises(Refused) as caught:
        signed_words(b"words", proof)
    assert caught.value.reason == "proof"


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(noise: bytes) -> None:
    data = b"\x94" + codec.encode("bundle") + noise
    assert is_bundle(data)
    with pytest.raises(Refused):
        open_message(data, key=PUBLIC, realm=Realm.EXERCISE)
