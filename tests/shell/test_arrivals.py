"""Envelopes held until their turn: complete, in order, once, and voids close what will not come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import EpochCloseBody, Kind, VoidBody
from beaconfire.node import EnvelopeIn
from beaconfire.shell.arrivals import Arrivals


def add(arrivals: Arrivals, number: int, *, epoch: int = 5, void: tuple[int, int] | None = None) -> bool:
    body: EpochCloseBody | VoidBody = EpochCloseBody(reason="leave")
    if void:
        body = VoidBody(first=void[0], last=void[1], anchor=bytes(32), closing=bytes(32), reason="policy")
    envelope = wire.ExerciseEnvelope(
        format=1, sender="KOR", recipient="JPN", realm=Realm.EXERCISE, epoch=epoch, number=number,
        previous=wire.NO_HASH, kind=Kind.VOID if void else Kind.EPOCH_CLOSE, content=codec.encode(body),
    )  # fmt: skip
    return arrivals.add(envelope, EnvelopeIn("KOR", b"%d/%d" % (epoch, number), b""))


def taken(arrivals: Arrivals, last: int) -> list[str]:
    return [item.envelope.decode() for item in arrivals.take(last)]


def test_a_turn_takes_what_it_awaits_and_leaves_the_rest() -> None:
    arrivals = Arrivals()
    for number in (3, 1, 2, 5):
        add(arrivals, number)
    assert arrivals.has_all(3)
    assert not arrivals.has_all(4)
    assert taken(arrivals, 3) == ["5/1", "5/2", "5/3"]
    assert (arrivals.taken, arrivals.highest, arrivals.empty) == (3, 5, False)
    assert taken(arrivals, 4) == []
    add(arrivals, 4)
    assert arrivals.has_all(5)
    assert taken(arrivals, 5) == ["5/4", "5/5"]
    assert (arrivals.taken, arrivals.empty) == (5, True)


def test_nothing_awaited_is_always_there() -> None:
    assert Arrivals().has_all(0)
    assert taken(Arrivals(), 0) == []


def test_what_comes_again_goes_to_the_step_at_once() -> None:
    """Another form of a number that was taken is a contradiction, which the step alone can judge."""
    arrivals = Arrivals()
    add(arrivals, 1)
    assert taken(arrivals, 1) == ["5/1"]
    add(arrivals, 1)
    assert taken(arrivals, 1) == ["5/1"]
    assert arrivals.taken == 1


def test_a_gap_does_not_count_as_taken() -> None:
    arrivals = Arrivals()
    for number in (1, 3):
        add(arrivals, number)
    assert taken(arrivals, 3) == ["5/1", "5/3"]
    assert arrivals.taken == 1
    add(arrivals, 2)
    assert taken(arrivals, 3) == ["5/2"]
    assert arrivals.taken == 3


def test_voided_numbers_are_not_waited_for() -> None:
    arrivals = Arrivals()
    add(arrivals, 1)
    add(arrivals, 5, void=(2, 4))
    assert arrivals.has_all(5)
    assert taken(arrivals, 5) == ["5/1", "5/5"]
    assert arrivals.taken == 5


def test_a_new_epoch_begins_at_one() -> None:
    arrivals = Arrivals()
    for number in (1, 2):
        add(arrivals, number)
    add(arrivals, 1, epoch=6)
    assert arrivals.has_all(1)
    assert taken(arrivals, 1) == ["5/1", "5/2", "6/1"]
    add(arrivals, 3, epoch=5)  # late, of the closed epoch: for the step to refuse
    assert taken(arrivals, 1) == ["5/3"]
    assert arrivals.taken == 1


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_INTAKE_QUEUE", 3)
    arrivals = Arrivals()
    assert [add(arrivals, number) for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert len(arrivals.take(10)) == 3
    assert add(arrivals, 4)


@given(st.permutations(range(1, 13)), st.lists(st.integers(0, 12), max_size=12))
def test_in_any_order_everything_is_taken_once_in_order(order: list[int], turns: list[int]) -> None:
    arrivals = Arrivals()
    got: list[str] = []
    waiting = list(order)
    for last in turns:
        add(arrivals, waiting.pop(0))
        if arrivals.has_all(last):
            before = len(got)
            got += taken(arrivals, last)
            assert got[before:] == sorted(got[before:], key=lambda text: int(text[2:]))
    for number in waiting:
        add(arrivals, number)
    got += taken(arrivals, 12)
    assert sorted(got, key=lambda text: int(text[2:])) == [f"5/{number}" for number in range(1, 13)]
    assert (arrivals.taken, arrivals.empty) == (12, True)


def test_another_epoch_is_awaited_even_where_its_numbers_are_lower() -> None:
    """A partner that came back counts from one again: what was taken of its old epoch is not what a turn awaits."""
    arrivals = Arrivals()
    for number in (1, 2, 3):
        add(arrivals, number, epoch=5)
    assert taken(arrivals, 3) == ["5/1", "5/2", "5/3"]
    assert arrivals.has_all(2, epoch=5)
    assert not arrivals.has_all(2, epoch=6)
    add(arrivals, 1, epoch=6)
    assert not arrivals.has_all(2, epoch=6)
    assert arrivals.has_all(2, epoch=5), "what is still to come of an old epoch does not come any more"
    add(arrivals, 2, epoch=6)
    assert arrivals.has_all(2, epoch=6)


def test_what_is_put_back_comes_first_and_in_its_order() -> None:
    arrivals = Arrivals()
    for number in (1, 2, 3, 4):
        add(arrivals, number)
    items = arrivals.take(3)
    arrivals.put_back(items[1:])
    assert not arrivals.empty
    assert taken(arrivals, 4) == ["5/2", "5/3", "5/4"]
    assert arrivals.taken == 4
