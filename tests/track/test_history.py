"""Late looks: the replayed bank equals the one that had everything in order, bit for bit."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pymap3d
import pytest

from beaconfire.kernel.limits import REPLAY_HORIZON_S
from beaconfire.kernel.records import Measurement
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track.bank import BIASES, start_bank
from beaconfire.track.history import Bank, History, Look, take_look
from beaconfire.track.models import MODELS, STATE

SITE = np.array(pymap3d.geodetic2ecef(36.6, 127.4, 300.0))
AXES = np.array([pymap3d.enu2uvw(*unit, 36.6, 127.4) for unit in np.eye(3)])
PLACE = np.array(pymap3d.aer2ecef(60.0, 30.0, 300e3, 36.6, 127.4, 300.0))
VELOCITY = np.array([-700.0, 900.0, 1100.0])


def start(time_s: float = 0.0) -> Bank:
    bank = Bank(
        round(time_s * NS_PER_S), np.zeros((MODELS, STATE)), np.zeros((MODELS, STATE, STATE)),
        np.zeros((MODELS, STATE, BIASES)), np.array([0.3, 0.5, 0.1, 0.1]),
    )  # fmt: skip
    start_bank(np.concatenate([PLACE, VELOCITY]), np.diag([1e6] * 3 + [1e4] * 3), bank.weights, bank.x, bank.p)
    return bank


def look(time_s: float, *, seed: int = 0, column: int = 0) -> Look:
    rng = np.random.default_rng([seed, abs(round(time_s * 1000))])
    there = PLACE + VELOCITY * time_s - 4.0 * time_s**2 * PLACE / np.linalg.norm(PLACE)
    azimuth, elevation, distance = (float(v) for v in pymap3d.ecef2aer(*there, 36.6, 127.4, 300.0))
    values = np.array([distance, np.radians(azimuth), np.radians(elevation), np.nan])
    values[:3] += rng.normal(size=3) * [30.0, 9e-4, 9e-4]
    item = Measurement(
        f"R:{time_s}", round(time_s * NS_PER_S), "R", "KOR", "radar", values, np.array([36.0, 1e-3, 1e-3, 2.0]), SITE,
        AXES, bias_sigmas=np.array([20.0, 3e-4, 3e-4]),
    )  # fmt: skip
    return Look(round(time_s * NS_PER_S), item, column)


def unseen(time_s: float) -> Look:
    return Look(round(time_s * NS_PER_S), None, detection_probability=0.9)


def in_order(looks: Iterable[Look]) -> tuple[History, Bank]:
    history, bank = History(start()), start()
    for one in looks:
        bank = bank.at(one.time_ns, used=3)
        take_look(bank, one)
        history.add(one, bank)
    return history, bank


def same(one: Bank | None, other: Bank) -> bool:
    return one is not None and one.time_ns == other.time_ns and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("x", "p", "weights")
    ) and np.array_equal(one.c[:, :, :3], other.c[:, :, :3])  # fmt: skip


TIMES = [0.4, 1.0, 2.3, 2.9, 4.4, 6.0, 17.5, 18.0, 19.7, 21.0]


@pytest.mark.parametrize("late", [0.4, 2.3, 6.0, 17.5, 19.7])
def test_a_late_look_is_taken_in_as_if_it_had_come_in_time(late: float) -> None:
    everything = [look(t) if t != 4.4 else unseen(t) for t in TIMES]
    _, want = in_order(everything)
    history, _ = in_order([one for one in everything if one.time_ns != round(late * NS_PER_S)])
    got = history.insert(look(late), used=3)
    assert same(got, want)
    assert [one.time_ns for one in history.looks] == [round(t * NS_PER_S) for t in TIMES]


def test_several_late_looks_in_any_order() -> None:
    _, want = in_order([look(t) for t in TIMES])
    history, _ = in_order([look(t) for t in TIMES[::3]])
    for t in (18.0, 1.0, 6.0, 19.7, 2.3, 4.4):
        got = history.insert(look(t), used=3)
    assert same(got, want)


def test_a_look_that_is_the_newest_but_came_last_is_in_order() -> None:
    _, want = in_order([look(t) for t in (*TIMES, 25.0)])
    history, _ = in_order([look(t) for t in TIMES])
    assert same(history.insert(look(25.0), used=3), want)


def test_the_bank_of_a_past_moment_is_what_it_then_was() -> None:
    history, _ = in_order([look(t) for t in TIMES])
    _, then = in_order([look(t) for t in TIMES if t <= 6.0])
    at = round(16.9 * NS_PER_S)
    assert same(history.bank_at(at, used=3), then.at(at, used=3))
    assert history.bank_at(-1, used=3) is None


def test_what_is_older_than_the_history_is_turned_away() -> None:
    history, _ = in_order([look(t) for t in TIMES])
    assert history.insert(look(-1.0), used=3) is None
    assert len(history.looks) == len(TIMES)


def test_thousands_of_looks_leave_few_checkpoints_and_a_whole_horizon() -> None:
    history, bank = History(start()), start()
    for number in range(1, 4_001):
        one = unseen(number * 0.3)
        bank = Bank(one.time_ns, bank.x, bank.p, bank.c, bank.weights, 3)
        history.add(one, bank)
    assert len(history.checkpoints) <= 65
    oldest, newest = history.checkpoints[0][0].time_ns, history.checkpoints[-1][0].time_ns
    assert REPLAY_HORIZON_S * NS_PER_S <= newest - oldest < 1.4 * REPLAY_HORIZON_S * NS_PER_S
    assert len(history.looks) < 4_001
    counts = [count for _, count in history.checkpoints]
    assert counts == sorted(counts) and counts[-1] == len(history.looks)
    for stored, count in history.checkpoints:
        assert count == 0 or history.looks[count - 1].time_ns == stored.time_ns
    young = [c.time_ns for c, _ in history.checkpoints if c.time_ns > newest - 3 * NS_PER_S]
    assert len(young) >= 9  # dense where late data come


def test_a_late_look_after_thinning_still_equals_the_whole_story() -> None:
    times = [0.5 * n for n in range(1, 241)]
    _, want = in_order([look(t) for t in times])
    history, _ = in_order([look(t) for t in times if t != 31.5])
    assert len(history.checkpoints) < 100
    assert same(history.insert(look(31.5), used=3), want)


def test_a_copy_is_independent() -> None:
    history, _ = in_order([look(t) for t in TIMES])
    other = history.copy()
    other.insert(look(3.3), used=3)
    assert len(history.looks) == len(TIMES) and len(other.looks) == len(TIMES) + 1


def test_a_stored_bank_keeps_only_the_columns_in_use() -> None:
    _, bank = in_order([look(t) for t in TIMES[:3]])
    stored = bank.stored()
    assert stored.c.shape == (MODELS, STATE, 3)
    back = stored.at(bank.time_ns, used=6)
    assert back.c.shape == (MODELS, STATE, BIASES) and back.used == 6
    np.testing.assert_array_equal(back.c[:, :, :3], bank.c[:, :, :3])
    assert bank.is_sound()
    bank.p[0, 0, 0] = np.nan
    assert not bank.is_sound()


class TestWithdrawal:
    """What is taken out leaves no trace: the bank equals, bit for bit, one that never had it."""

    @pytest.mark.parametrize("theirs", [range(3, 30, 4), range(1, 2), range(27, 30)])
    def test_the_bank_is_as_if_it_had_never_come(self, theirs: range) -> None:
        ours = [look(float(t)) for t in range(1, 30) if t not in theirs]
        both = [look(float(t)) for t in range(1, 30)]
        mixed, _ = in_order([renamed(one) if one.time_ns // NS_PER_S in theirs else one for one in both])
        _, alone = in_order(ours)
        assert same(mixed.without("JPN:T1:", used=3), alone)
        assert [one.time_ns for one in mixed.looks] == [one.time_ns for one in ours]

    def test_later_looks_go_on_from_there(self) -> None:
        mixed, _ = in_order([look(1.0), renamed(look(2.0)), look(3.0)])
        plain, _ = in_order([look(1.0), look(3.0)])
        mixed.without("JPN:T1:", used=3)
        assert same(mixed.insert(look(2.5), used=3), plain.insert(look(2.5), used=3) or start())

    def test_nothing_of_it_changes_nothing(self) -> None:
        history, _ = in_order([look(1.0), look(2.0)])
        before = list(history.checkpoints)
        assert history.without("JPN:T1:", used=3) is None
        assert history.checkpoints == before


def renamed(one: Look) -> Look:
    assert one.measurement is not None
    return replace(one, measurement=replace(one.measurement, id=f"JPN:T1:{one.time_ns}"))
