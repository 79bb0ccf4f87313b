"""The receiver's chain: order, gaps, voids, conflicts; a model that remembers every number is the oracle."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import limits
from beaconfire.kernel.products import VoidBody
from beaconfire.share import Chain
from beaconfire.share.chain import Conflict, Place


def digest(number: int, branch: str = "") -> bytes:
    return hashlib.sha256(f"{number}{branch}".encode()).digest()


def place(chain: Chain, number: int) -> Place:
    return chain.place(number, digest=digest(number), previous=digest(number - 1))[0]


def void(first: int, last: int) -> VoidBody:
    return VoidBody(first=first, last=last, anchor=digest(first - 1), closing=digest(last), reason="policy")


def test_in_order() -> None:
    chain = Chain()
    assert [place(chain, number) for number in (1, 2, 3)] == [Place.TAKEN] * 3
    assert (chain.contiguous, chain.head, chain.gaps(), chain.ranges()) == (3, digest(3), (), ())


def test_gaps_and_ranges() -> None:
    chain = Chain()
    for number in (1, 9, 4, 5, 8):
        assert place(chain, number) is Place.TAKEN
    assert chain.contiguous == 1
    assert chain.ranges() == ((4, 5), (8, 9))
    assert chain.gaps() == ((2, 3), (6, 7))
    for number in (2, 3):
        place(chain, number)
    assert (chain.contiguous, chain.head) == (5, digest(5))


def test_a_tail_known_from_a_beat_is_a_gap() -> None:
    chain = Chain()
    place(chain, 1)
    chain.highest = 4
    assert chain.gaps() == ((2, 4),)


@given(st.permutations(list(range(1, 25))), st.data())
def test_any_order_with_duplicates_ends_contiguous(order: list[int], data: st.DataObject) -> None:
    chain, got = Chain(), set[int]()
    doubled = data.draw(st.lists(st.sampled_from(order), max_size=20))
    for number in [*order, *doubled]:
        expected = Place.DUPLICATE if number in got else Place.TAKEN
        assert place(chain, number) is expected
        got.add(number)
        model = next(top for top in range(26) if top + 1 not in got)
        assert chain.contiguous == model
        covered = [number for first, last in chain.ranges() for number in range(first, last + 1)]
        assert covered == sorted(number for number in got if number > model)
        missing = [number for first, last in chain.gaps() for number in range(first, last + 1)]
        assert missing == [number for number in range(1, max(got)) if number not in got]
    assert (chain.contiguous, chain.ranges()) == (24, ())


class TestConflicts:
    def test_other_bytes_under_one_number(self) -> None:
        chain = Chain()
        place(chain, 1)
        place(chain, 2)
        result = chain.place(1, digest=digest(1, "x"), previous=bytes(32))
        assert result == (Place.CONFLICT, Conflict(1, digest(1), digest(1, "x")))
        assert chain.contiguous == 2

    def test_also_beyond_a_gap(self) -> None:
        chain = Chain()
        place(chain, 7)
        assert chain.place(7, digest=digest(7, "x"), previous=digest(6))[0] is Place.CONFLICT

    def test_another_past_than_was_received(self) -> None:
        chain = Chain()
        place(chain, 1)
        result = chain.place(2, digest=digest(2), previous=digest(1, "x"))
        assert result == (Place.CONFLICT, Conflict(1, digest(1), digest(1, "x")))
        assert chain.contiguous == 1

    def test_another_past_than_the_next_one_names(self) -> None:
        chain = Chain()
        place(chain, 3)
        result = chain.place(2, digest=digest(2, "x"), previous=digest(1))
        assert result == (Place.CONFLICT, Conflict(2, digest(2), digest(2, "x")))
        assert chain.ranges() == ((3, 3),)

    @given(st.permutations(list(range(1, 12))), st.integers(1, 11))
    def test_a_fork_is_found_in_any_order(self, order: list[int], forked: int) -> None:
        """One number comes in a second form: whichever form or neighbour comes last is refused."""
        chain, found = Chain(), []
        for number in order:
            branch = "x" if number == forked else ""
            found.append(chain.place(number, digest=digest(number, branch), previous=digest(number - 1))[0])
        found.append(place(chain, forked))
        assert Place.CONFLICT in found

    def test_the_first_of_an_epoch_names_what_is_not_judged_here(self) -> None:
        chain = Chain()
        assert chain.place(1, digest=digest(1), previous=digest(99))[0] is Place.TAKEN


class TestVoids:
    def test_a_void_closes_a_gap(self) -> None:
        chain = Chain()
        place(chain, 1)
        place(chain, 6)
        assert chain.void(void(2, 5)) is None
        assert (chain.contiguous, chain.head) == (6, digest(6))

    def test_what_came_before_it_counts(self) -> None:
        chain = Chain()
        for number in (1, 2, 3, 6):
            place(chain, number)
        assert chain.void(void(2, 5)) is None
        assert chain.contiguous == 6

    def test_it_waits_for_what_stands_before_it(self) -> None:
        chain = Chain()
        place(chain, 6)
        assert chain.void(void(3, 5)) is None
        assert chain.contiguous == 0
        place(chain, 1)
        place(chain, 2)
        assert chain.contiguous == 6

    def test_nothing_is_left_to_close(self) -> None:
        chain = Chain()
        for number in (1, 2, 3):
            place(chain, number)
        assert chain.void(void(2, 3)) is None
        assert chain.contiguous == 3

    def test_an_overlapping_second_void(self) -> None:
        chain = Chain()
        place(chain, 1)
        chain.void(void(2, 5))
        chain.void(void(2, 8))
        place(chain, 9)
        assert chain.contiguous == 9

    @pytest.mark.parametrize(
        ("changes", "number"),
        [({"anchor": bytes(32)}, 1), ({"closing": bytes(32)}, 4)],
    )
    def test_a_void_that_tells_another_past(self, changes: dict[str, bytes], number: int) -> None:
        chain = Chain()
        for got in (1, 5):
            place(chain, got)
        conflict = chain.void(msgspec.structs.replace(void(2, 4), **changes))
        assert conflict is not None
        assert conflict.number == number
        assert chain.contiguous == 1

    def test_a_run_that_contradicts_a_waiting_void_stands_still(self) -> None:
        chain = Chain()
        chain.void(void(2, 4))
        chain.place(5, digest=digest(5), previous=digest(4, "x"))
        place(chain, 1)
        assert chain.contiguous == 4


class TestBounds:
    def test_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "MAX_SEGMENTS", 3)
        chain = Chain()
        for number in (2, 4, 6, 8, 10):
            assert place(chain, number) is Place.TAKEN
        assert chain.ranges() == ((2, 2), (4, 4), (6, 6))
        for number in range(1, 11):
            place(chain, number)
        assert chain.contiguous == 10

    def test_hashes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Beyond the memory for hashes a second form passes for a duplicate, and still does nothing."""
        monkeypatch.setattr(limits, "RECENT_HASHES", 4)
        chain = Chain()
        for number in range(1, 21):
            place(chain, number)
        assert len(chain._recent) == 4
        assert chain.place(2, digest=digest(2, "x"), previous=digest(1))[0] is Place.DUPLICATE
        assert chain.place(20, digest=digest(20, "x"), previous=digest(19))[0] is Place.CONFLICT

    def test_voids(self) -> None:
        chain = Chain()
        for number in range(1000):
            chain.void(void(2 * number + 2, 2 * number + 2))
        assert len(chain._voids) <= 64
