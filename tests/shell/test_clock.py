"""The machine's clock is asked and never set; node time is moved by nothing; what is wrong is said."""

import ctypes
import math
import sys

import pytest

from beaconfire.kernel.limits import CLOCK_STEP_S, EARLIEST_CLOCK_NS, MAX_TIME_SIGMA_S
from beaconfire.kernel.time import NS_PER_S, from_seconds, parse_utc
from beaconfire.shell.clock import UNKNOWN, ClockQuality, NodeClock, Timex, quality_of, read_quality, said_error_s

START_NS = parse_utc("2026-03-01T00:00:00Z")


class Clocks:
    """A wall clock and a monotonic one, both of which a test moves."""

    def __init__(self, wall_ns: int = START_NS) -> None:
        self.wall, self.monotonic = wall_ns, 5_000_000_000

    def run(self, seconds: float, *, drift_ppm: float = 0.0) -> None:
        self.monotonic += from_seconds(seconds)
        self.wall += from_seconds(seconds * (1.0 + drift_ppm * 1e-6))

    def node(self, last_ns: int = 0) -> NodeClock:
        return NodeClock(last_ns, wall=lambda: self.wall, monotonic=lambda: self.monotonic)


@pytest.mark.parametrize("step_s", [0.5, 18.0, 37.0, 3600.0, -0.5, -18.0, -37.0, -3600.0])
def test_a_step_of_the_wall_clock_moves_no_node_time_and_is_told(step_s: float) -> None:
    clocks = Clocks()
    node = clocks.node()
    clocks.run(10.0)
    clocks.wall += from_seconds(step_s)
    assert node.now_ns() == START_NS + from_seconds(10.0)
    assert node.offset_s(node.now_ns()) == pytest.approx(step_s, abs=1e-9)
    assert not node.trusted(node.now_ns())
    clocks.wall -= from_seconds(step_s)
    assert node.trusted(node.now_ns())


def test_a_clock_that_falls_back_to_1970_stops_nothing_and_is_told() -> None:
    clocks = Clocks()
    node = clocks.node()
    clocks.wall = 10 * NS_PER_S
    clocks.run(1.0)
    assert node.now_ns() == START_NS + NS_PER_S
    assert not node.trusted(node.now_ns())


def test_a_node_that_starts_in_1970_goes_on_at_its_last_row_and_trusts_nothing() -> None:
    clocks = Clocks(wall_ns=10 * NS_PER_S)
    resumed, fresh = clocks.node(last_ns=START_NS), clocks.node()
    assert resumed.now_ns() == START_NS and not resumed.trusted(resumed.now_ns())
    assert fresh.now_ns() < EARLIEST_CLOCK_NS and not fresh.trusted(fresh.now_ns())


@pytest.mark.parametrize("drift_ppm", [50.0, 100.0, 500.0, -50.0, -500.0])
def test_drift_never_moves_node_time_and_is_told_when_it_has_become_a_step(drift_ppm: float) -> None:
    clocks = Clocks()
    node, before_ns = clocks.node(), START_NS
    told_after_s = None
    for second in range(1, 12_000):
        clocks.run(1.0, drift_ppm=drift_ppm)
        assert node.now_ns() - before_ns == NS_PER_S
        before_ns = node.now_ns()
        if told_after_s is None and not node.trusted(before_ns):
            told_after_s = second
    assert told_after_s == pytest.approx(CLOCK_STEP_S / abs(drift_ppm * 1e-6), abs=1.5)


def test_the_kernel_is_asked_and_the_answer_is_consistent() -> None:
    quality = read_quality()
    assert quality.leap in ("none", "insert", "delete", "now", "unknown")
    assert (quality.error_s is None) is not quality.synchronised
    if quality.error_s is not None and quality.most_s is not None:
        assert quality.error_s >= 0.0 and quality.most_s >= 0.0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="adjtimex is Linux's")
def test_the_structure_has_the_kernels_size_and_nothing_is_ever_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ctypes.sizeof(Timex) == 208  # linux/timex.h on 64 bits
    asked: list[int] = []

    class Library:
        def adjtimex(self, words: "ctypes._CArgObject") -> int:
            asked.append(words._obj.modes)  # type: ignore[attr-defined]
            return 0

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library())
    assert read_quality().synchronised
    assert asked == [0]


def test_what_the_kernel_may_answer_is_told_apart() -> None:
    assert quality_of(Timex(status=0x40), state=5) == UNKNOWN
    assert quality_of(Timex(status=0x40), state=0) == ClockQuality(False, None, None, "none")
    good = quality_of(Timex(status=0x2001, esterror=250, maxerror=4_000), state=0)
    assert good == ClockQuality(True, 250 * 1e-6, 4_000 * 1e-6, "none")
    assert good.good and not quality_of(Timex(esterror=80_000), state=0).good
    assert [quality_of(Timex(), state=state).leap for state in (1, 2, 3, 4)] == ["insert", "delete", "now", "now"]


def test_an_unasked_kernel_is_unknown_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert read_quality() == UNKNOWN
    assert "not synchronised" in UNKNOWN.words
    assert "estimated error 0.25 ms" in ClockQuality(True, 250e-6, 4e-3, "none").words


def test_a_beat_says_the_larger_of_error_and_step_and_a_day_for_nobody_knows() -> None:
    assert said_error_s(ClockQuality(True, 1e-3, 1e-2, "none"), offset_s=0.0) == 1e-3
    assert said_error_s(ClockQuality(True, 1e-3, 1e-2, "none"), offset_s=-18.0) == 18.0
    assert said_error_s(UNKNOWN, offset_s=0.0) == MAX_TIME_SIGMA_S
    assert math.isfinite(said_error_s(UNKNOWN, offset_s=1e9))
