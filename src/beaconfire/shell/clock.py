"""The clocks of a node: how good the machine's is, and node time that no step of it can move.

`read_quality` asks the kernel (`adjtimex` with no mode: it reads and never sets). `NodeClock` is the last journaled
time plus the monotonic time elapsed, so that a wall clock that steps, drifts or stands in 1970 moves no track and
opens no window for a replay: it is said (`ClockTrouble`) and shown. Clocks are given, so tests can make them wrong.
"""

import ctypes
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from beaconfire.kernel.limits import CLOCK_ERROR_S, CLOCK_STEP_S, EARLIEST_CLOCK_NS, MAX_TIME_SIGMA_S
from beaconfire.kernel.time import NS_PER_S, unix_utc_to_tai_ns

Leap = Literal["none", "insert", "delete", "now", "unknown"]

_STA_UNSYNC = 0x0040
_LEAPS: dict[int, Leap] = {0: "none", 1: "insert", 2: "delete", 3: "now", 4: "now"}
_MICRO = 1e-6


@dataclass(frozen=True, slots=True)
class ClockQuality:
    """What the kernel says of the machine's clock.

    `error_s` is its estimated error, `most_s` the bound that whoever disciplines it gives; None where the kernel does
    not say, or where nobody disciplines the clock and the figures mean nothing.
    """

    synchronised: bool
    error_s: float | None
    most_s: float | None
    leap: Leap

    @property
    def words(self) -> str:
        """The quality in a few words."""
        if not self.synchronised or self.error_s is None:
            return "not synchronised: nobody disciplines this machine's clock"
        return f"synchronised, estimated error {self.error_s * 1e3:.3g} ms"

    @property
    def good(self) -> bool:
        """Whether its times may be taken as they are."""
        return self.synchronised and self.error_s is not None and self.error_s <= CLOCK_ERROR_S


UNKNOWN = ClockQuality(False, None, None, "unknown")


class Timex(ctypes.Structure):
    """`struct timex` of Linux on 64 bits (adjtimex(2))."""

    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("constant", ctypes.c_long),
        ("precision", ctypes.c_long), ("tolerance", ctypes.c_long), ("seconds", ctypes.c_long),
        ("microseconds", ctypes.c_long), ("tick", ctypes.c_long), ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long), ("shift", ctypes.c_int), ("stabil", ctypes.c_long), ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long), ("errcnt", ctypes.c_long), ("stbcnt", ctypes.c_long), ("tai", ctypes.c_int),
        ("padding", ctypes.c_int * 11),
    )  # fmt: skip


def read_quality() -> ClockQuality:
    """Ask the kernel; `UNKNOWN` where it cannot be asked. Nothing is ever set."""
    if not sys.platform.startswith("linux"):
        return UNKNOWN
    words = Timex(modes=0)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(words))
    except (OSError, AttributeError):
        return UNKNOWN
    return UNKNOWN if state < 0 else quality_of(words, state=state)


def quality_of(words: Timex, *, state: int) -> ClockQuality:
    """Return what the kernel's answer and its return value say."""
    if words.status & _STA_UNSYNC or state not in _LEAPS:
        return ClockQuality(False, None, None, _LEAPS.get(state, "unknown"))
    return ClockQuality(True, words.esterror * _MICRO, words.maxerror * _MICRO, _LEAPS[state])


def wall_ns() -> int:
    """Return the machine's clock as TAI nanoseconds."""
    return unix_utc_to_tai_ns(time.time_ns())


class NodeClock:
    """Node time of a node that no feed drives."""

    def __init__(
        self,
        last_ns: int,
        *,
        wall: Callable[[], int] = wall_ns,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Begin at the later of the wall clock and the last journaled time (TAI nanoseconds)."""
        self._wall, self._monotonic = wall, monotonic
        self._base_ns, self._start_ns = max(wall(), last_ns), monotonic()

    def now_ns(self) -> int:
        """Return node time: it never falls and never jumps, whatever the wall clock does."""
        return self._base_ns + self._monotonic() - self._start_ns

    def offset_s(self, now_ns: int) -> float:
        """Return the wall clock ahead of node time in seconds."""
        return (self._wall() - now_ns) / NS_PER_S

    def trusted(self, now_ns: int) -> bool:
        """Say whether wall clock and node time agree, at a time that can be."""
        return abs(self.offset_s(now_ns)) < CLOCK_STEP_S and now_ns >= EARLIEST_CLOCK_NS


def said_error_s(quality: ClockQuality, *, offset_s: float) -> float:
    """Return the clock error that a beat states: the estimate, or the step if that is larger; a day for unknown."""
    error_s = MAX_TIME_SIGMA_S if quality.error_s is None else quality.error_s
    return max(error_s, abs(offset_s))
