"""Signatures: what the pinned key signed opens, everything else is refused; `cryptography` itself signs here."""

import pytest

from beaconfire.kernel import codec, wire
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.share import Link, open_control, open_envelope, verify
from tests.exchange import NOW_NS, envelope, key_pair, link_pair, sign

PRIVATE, PUBLIC = key_pair()


def test_an_envelope_opens() -> None:
    unsigned = codec.encode(envelope())
    signed, opened = open_envelope(sign(unsigned, PRIVATE), key=PUBLIC, realm=Realm.EXERCISE)
    assert signed.unsigned == unsigned
    assert opened == envelope()


def test_a_control_opens() -> None:
    out = link_pair()[0].hello(now_ns=NOW_NS)
    _, control = open_control(sign(out.unsigned, PRIVATE), key=PUBLIC, realm=Realm.EXERCISE)
    assert isinstance(control, wire.Hello)


def test_another_key() -> None:
    _, other = key_pair(2)
    with pytest.raises(Refused) as caught:
        verify(sign(b"words", PRIVATE), key=other)
    assert caught.value.reason == "signature"


def test_a_signature_over_other_bytes() -> None:
    signature = PRIVATE.sign(b"other")
    with pytest.raises(Refused) as caught:
        verify(codec.encode(wire.Signed(unsigned=b"words", signature=signature)), key=PUBLIC)
    assert caught.value.reason == "signature"


def test_the_realm_is_judged_after_the_signature() -> None:
    """A correctly signed exercise envelope does not open in a live intake."""
    data = sign(codec.encode(envelope()), PRIVATE)
    with pytest.raises(Refused) as caught:
        open_envelope(data, key=PUBLIC, realm=Realm.LIVE)
    assert caught.value.reason == "realm"


def test_an_envelope_is_no_control_and_the_reverse() -> None:
    with pytest.raises(Refused):
        open_control(sign(codec.encode(envelope()), PRIVATE), key=PUBLIC, realm=Realm.EXERCISE)
    out = Link(nation="KOR", partner="JPN", realm=Realm.EXERCISE, epoch=1).hello(now_ns=NOW_NS)
    with pytest.raises(Refused):
        open_envelope(sign(out.unsigned, PRIVATE), key=PUBLIC, realm=Realm.EXERCISE)


def test_a_key_that_is_none() -> None:
    with pytest.raises(InvalidInput, match="32 bytes of an Ed25519 key"):
        verify(sign(b"words", PRIVATE), key=b"short")
