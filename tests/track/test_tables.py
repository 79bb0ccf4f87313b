"""The tables grow, are given back and copied; columns of constant errors are handed out once."""

import numpy as np
import pytest

from beaconfire.kernel import limits
from beaconfire.kernel.records import TrackStatus
from beaconfire.track import tables as module
from beaconfire.track.bank import BIASES
from beaconfire.track.history import Bank
from beaconfire.track.life import new_track
from beaconfire.track.models import MODELS, STATE
from beaconfire.track.tables import Banks, Tables


def test_rows_are_taken_in_order_and_given_back() -> None:
    tables = Tables(3)
    assert [tables.take(), tables.take()] == [0, 1]
    tables.release(0)
    assert [tables.take(), tables.take()] == [0, 2]


def test_tables_grow_and_keep_what_they_hold() -> None:
    tables = Tables(2)
    tables.take()
    tables.x[0] = 7.0
    rows = [tables.take() for _ in range(9)]
    assert rows == list(range(1, 10)) and len(tables.existence) >= 10
    np.testing.assert_array_equal(tables.x[0], 7.0)
    assert {array.shape[0] for array in vars(tables).values() if isinstance(array, np.ndarray)} == {16}


def test_full_tables_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TRACKS", 4)
    tables = Tables(4)
    assert [tables.take() for _ in range(5)] == [0, 1, 2, 3, None]
    assert limits.MAX_TRACKS == 20_000


def test_a_copy_is_independent() -> None:
    tables = Tables(2)
    row = tables.take()
    tables.p[row] = 1.0
    other = tables.copy()
    other.p[row] = 2.0
    other.take()
    np.testing.assert_array_equal(tables.p[row], 1.0)
    assert len(tables.free) == 1 and not other.free


def test_each_sensor_has_its_columns_while_there_are_any() -> None:
    track = new_track("T", 0, first_ns=0, status=TrackStatus.CONFIRMED)
    assert track.column_of("A") == 0 and track.used == 0
    assert [track.claim_column(name) for name in "ABCA"] == [0, 3, 6, 0]
    assert track.used == 9 and track.column_of("D") == 9
    for number in range(BIASES // 3 - 3):
        track.claim_column(f"more{number}")
    assert track.used == BIASES
    assert track.column_of("late") == track.claim_column("late") == -1
    assert track.used == BIASES


def test_a_track_s_copy_is_independent() -> None:
    track = new_track("T", 0, first_ns=0, status=TrackStatus.CONFIRMED)
    track.claim_column("A")
    other = track.copy()
    other.claim_column("B")
    other.looks.append(True)
    other.sensors["A"] = "KOR"
    assert track.columns == {"A": 0} and not track.looks and not track.sensors


def test_one_bank_as_several_and_back() -> None:
    bank = Bank(
        5, np.ones((MODELS, STATE)), np.ones((MODELS, STATE, STATE)), np.zeros((MODELS, STATE, BIASES)),
        np.full(MODELS, 0.25), 6,
    )  # fmt: skip
    several = Banks.of(bank)
    assert several.x.shape == (1, MODELS, STATE) and several.used.tolist() == [6]
    back = several.one(0)
    assert (back.time_ns, back.used) == (5, 6)
    np.testing.assert_array_equal(back.p, bank.p)
