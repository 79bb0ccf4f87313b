"""Both ends of an epoch come to one sum, in whatever order its records come."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import limits
from beaconfire.share import Tally

ids = st.lists(st.binary(min_size=16, max_size=16), max_size=30)


@given(sources=ids, order=st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(sources: list[bytes], order: object) -> None:
    told, came = Tally(), Tally()
    for source in sources:
        told.add(source)
    numbered = list(enumerate(sources, start=1))
    order.shuffle(numbered)  # type: ignore[attr-defined]
    for number, source in numbered:
        came.note(number, source)
    came.advance(len(sources))
    assert (came.count, came.root) == (told.count, told.root)


@given(sources=ids)
def test_the_root_is_as_the_wire_says(sources: list[bytes]) -> None:
    told = Tally()
    for source in sources:
        told.add(source)
    total = sum(int(hashlib.sha256(source).hexdigest(), 16) for source in sources) % (1 << 256)
    assert told.root == bytes.fromhex(f"{total:064x}")


def test_only_what_stands_without_a_gap_counts() -> None:
    came = Tally()
    came.note(1, b"a" * 16)
    came.note(3, b"c" * 16)
    came.advance(1)
    assert came.count == 1
    came.note(2, b"b" * 16)
    came.advance(3)
    assert came.count == 3


def test_what_was_closed_is_taken_back() -> None:
    told, plain = Tally(), Tally()
    for source in (b"a" * 16, b"b" * 16):
        told.add(source)
    told.take_away(b"b" * 16)
    plain.add(b"a" * 16)
    assert (told.count, told.root) == (plain.count, plain.root)


def test_memory_ahead_of_a_gap_is_bounded_and_then_nothing_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PENDING", 10)
    came = Tally()
    for number in range(2, 40):
        came.note(number, number.to_bytes(16, "big"))
    assert came.void
    came.advance(40)
    assert came.count == 10
