"""The codec under Hypothesis: any bytes become a record within its bounds or a typed refusal, never anything else."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beaconfire.kernel import codec, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Body, Kind
from beaconfire.share import Link, open_control, open_envelope
from tests.exchange import NOW_NS, RELEASED_BODIES, envelope, key_pair, release, sign

PRIVATE, PUBLIC = key_pair()
UNSIGNED = codec.encode(envelope())
SIGNED = sign(UNSIGNED, PRIVATE)

READERS: dict[str, Callable[[bytes], object]] = {
    "signed": wire.decode_signed,
    "envelope": lambda data: wire.decode_envelope(data, realm=Realm.EXERCISE),
    "live": lambda data: wire.decode_envelope(data, realm=Realm.LIVE),
    "control": lambda data: wire.decode_control(data, realm=Realm.EXERCISE),
    "release": lambda data: wire.decode_release(envelope(content=data)),
    **{kind: lambda data, kind=kind: wire.decode_body(kind, data) for kind in Kind},  # type: ignore[misc]
}

packed = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=100),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=30,
)


def mutations(data: bytes) -> st.SearchStrategy[bytes]:
    """Flip, cut, splice, insert, delete: any of them anywhere."""
    at = st.integers(0, len(data) - 1)
    flips = st.builds(lambda i, b: data[:i] + bytes([data[i] ^ b]) + data[i + 1 :], at, st.integers(1, 255))
    cuts = st.builds(lambda i: data[:i], at)
    inserts = st.builds(lambda i, extra: data[:i] + extra + data[i:], at, st.binary(min_size=1, max_size=8))
    splices = st.builds(lambda i, j: data[:i] + data[j:], at, at)
    return st.one_of(flips, cuts, inserts, splices)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=200)
@given(data=st.binary(max_size=600) | packed.map(codec.encode))
@example(data=b"\xdd\xff\xff\xff\xff")  # an array that says it has four thousand million elements
@example(data=b"\xdf\xff\xff\xff\xff")
@example(data=b"\xc6\xff\xff\xff\xff")
def test_any_bytes_are_a_record_or_refused(name: str, data: bytes) -> None:
    record = None
    with contextlib.suppress(Refused):
        record = READERS[name](data)
    if record is not None:
        assert codec.encode(record) == data


@settings(max_examples=400)
@given(st.data())
def test_any_change_of_a_body_is_another_record_or_refused(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(RELEASED_BODIES)))
    body: Body = RELEASED_BODIES[kind]()
    changed = data.draw(mutations(codec.encode(body)))
    record = body
    with contextlib.suppress(Refused):
        record = wire.decode_body(kind, changed)
    assert record == body or codec.encode(record) == changed


@settings(max_examples=600)
@given(mutations(SIGNED))
def test_any_change_of_a_signed_envelope_is_refused(data: bytes) -> None:
    if data != SIGNED:
        with pytest.raises(Refused):
            open_envelope(data, key=PUBLIC, realm=Realm.EXERCISE)


@settings(max_examples=300)
@given(mutations(UNSIGNED))
def test_a_link_takes_any_verified_bytes_or_refuses_and_then_has_not_changed(data: bytes) -> None:
    """A partner signs what it likes: what follows is an arrival or a refusal."""
    link = Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=1)
    before = (link.incoming.epoch, link.incoming.chain.contiguous)
    arrival = None
    with contextlib.suppress(Refused):
        arrival = link.accept(data, now_ns=NOW_NS)
    after = (link.incoming.epoch, link.incoming.chain.contiguous)
    if arrival is None:
        assert after == before
    else:
        assert after == (arrival.envelope.epoch, int(arrival.envelope.number == 1))


@settings(max_examples=300)
@given(st.binary(max_size=300) | packed.map(codec.encode))
def test_a_link_takes_any_verified_control_or_refuses(data: bytes) -> None:
    link = Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=1)
    with pytest.raises(Refused):
        link.on_control(data, now_ns=NOW_NS)
    with pytest.raises(Refused):
        open_control(data, key=PUBLIC, realm=Realm.EXERCISE)


@settings(max_examples=200)
@given(st.data())
def test_a_release_changed_and_signed_again_keeps_realm_and_label(data: st.DataObject) -> None:
    """Whatever gets through names this realm and this recipient."""
    content = data.draw(mutations(codec.encode(release())))
    link = Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=1)
    with contextlib.suppress(Refused):
        arrival = link.accept(codec.encode(envelope(content=content)), now_ns=NOW_NS)
        assert arrival.release is not None
        assert arrival.release.realm is Realm.EXERCISE
        assert "JPN" in arrival.release.releasable_to
