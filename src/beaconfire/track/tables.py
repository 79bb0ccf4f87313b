"""The tables of one picture: every track's bank as rows of arrays, changed in place, and the few words beside them."""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.limits import MAX_TRACKS
from beaconfire.kernel.records import TrackStatus
from beaconfire.track.models import MODELS, STATE

Array = NDArray[np.float64]

_FIRST_ROWS = 64


@dataclass(slots=True)
class Track:
    """What is known of one track besides its numbers; `row` is its place in the tables."""

    id: str
    row: int
    status: TrackStatus
    first_ns: int
    sensors: dict[str, str]  # id -> nation, in order of first use
    hits: int = 0
    misses: int = 0  # in a row, where a sensor should have seen it
    looks: deque[bool] = field(default_factory=lambda: deque(maxlen=8))
    look_times_ns: deque[int] = field(default_factory=lambda: deque(maxlen=8))
    longest_period_s: float = 0.0
    lost_ns: int = 0
    used: tuple[str, ...] = ()  # ids of the first measurements, by which rival tentative tracks are known
    last_scan: tuple[str, int] = ("", 0)

    def copy(self) -> "Track":
        """Return an independent copy."""
        return replace(
            self, sensors=dict(self.sensors), looks=self.looks.copy(), look_times_ns=self.look_times_ns.copy()
        )


class Tables:
    """Arrays over rows: means (n, 4, 9), covariances (n, 4, 9, 9), probabilities (n, 4), the mixture, times."""

    def __init__(self, rows: int = _FIRST_ROWS) -> None:
        self.x = np.zeros((rows, MODELS, STATE))
        self.p = np.zeros((rows, MODELS, STATE, STATE))
        self.weights = np.zeros((rows, MODELS))
        self.mean = np.zeros((rows, STATE))
        self.covariance = np.zeros((rows, STATE, STATE))
        self.time_ns = np.zeros(rows, np.int64)  # of x, p, weights
        self.mean_ns = np.zeros(rows, np.int64)  # of mean and covariance
        self.measured_ns = np.zeros(rows, np.int64)
        self.existence = np.zeros(rows)
        self.free = list(range(rows - 1, -1, -1))

    def take(self) -> int | None:
        """Return a free row, growing the tables up to `MAX_TRACKS`; None when full."""
        if not self.free:
            rows = len(self.existence)
            if rows >= MAX_TRACKS:
                return None
            more = min(rows, MAX_TRACKS - rows)
            for name, array in self._arrays().items():
                setattr(self, name, np.concatenate([array, np.zeros((more, *array.shape[1:]), array.dtype)]))
            self.free = list(range(rows + more - 1, rows - 1, -1))
        return self.free.pop()

    def release(self, row: int) -> None:
        """Give a row back."""
        self.free.append(row)

    def copy(self) -> Self:
        """Return an independent copy."""
        other = type(self)(0)
        for name, array in self._arrays().items():
            setattr(other, name, array.copy())
        other.free = list(self.free)
        return other

    def _arrays(self) -> dict[str, Array]:
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
