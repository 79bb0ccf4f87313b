"""The tables of one picture: every track's bank as rows of arrays, changed in place, and the few words beside them."""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.limits import MAX_TRACKS
from beaconfire.kernel.records import TrackStatus
from beaconfire.track.bank import BIASES
from beaconfire.track.history import Bank
from beaconfire.track.models import MODELS, STATE

Array = NDArray[np.float64]

_FIRST_ROWS = 64
_STATUS = {status: number for number, status in enumerate(TrackStatus)}
TENTATIVE, CONFIRMED, LOST = (
    _STATUS[name] for name in (TrackStatus.TENTATIVE, TrackStatus.CONFIRMED, TrackStatus.LOST)
)


@dataclass(slots=True)
class Track:
    """What is known of one track besides its numbers; `row` is its place in the tables."""

    id: str
    row: int
    status: TrackStatus  # changed by `Tables.mark` alone
    first_ns: int
    sensors: dict[str, str]  # id -> nation, in order of first use
    hits: int = 0
    misses: int = 0  # in a row, where a sensor should have seen it
    looks: deque[bool] = field(default_factory=lambda: deque(maxlen=8))
    look_times_ns: deque[int] = field(default_factory=lambda: deque(maxlen=8))
    longest_period_s: float = 0.0
    fallen: bool = False  # unseen and, by its prediction, on the ground: kept a while in case it manoeuvred
    used_ids: tuple[str, ...] = ()  # ids of the first measurements, by which rival tentative tracks are known
    last_scan: tuple[str, int] = ("", 0)
    columns: dict[str, int] = field(default_factory=dict)  # sensor id -> its first column of constant errors

    def column_of(self, sensor_id: str) -> int:
        """Return the sensor's first column of constant errors, else the next free one, else -1."""
        first = self.columns.get(sensor_id, 3 * len(self.columns))
        return first if first + 3 <= BIASES else -1

    def claim_column(self, sensor_id: str) -> int:
        """Give the sensor its columns for good and return the first, or -1."""
        first = self.column_of(sensor_id)
        if first >= 0:
            self.columns[sensor_id] = first
        return first

    @property
    def used(self) -> int:
        """How many columns of constant errors are in use."""
        return 3 * len(self.columns)

    def copy(self) -> "Track":
        """Return an independent copy."""
        return replace(
            self,
            sensors=dict(self.sensors),
            columns=dict(self.columns),
            looks=self.looks.copy(),
            look_times_ns=self.look_times_ns.copy(),
        )


@dataclass(frozen=True, slots=True)
class Banks:
    """Copies of several banks at one time: the arrays of a `Bank` with the tracks in front; `used` is (n,)."""

    time_ns: int
    x: Array
    p: Array
    c: Array
    weights: Array
    used: NDArray[np.int64]

    @classmethod
    def of(cls, bank: Bank) -> Self:
        """Return one bank as several."""
        used = np.array([bank.used])
        return cls(bank.time_ns, bank.x[None], bank.p[None], bank.c[None], bank.weights[None], used)

    def one(self, i: int) -> Bank:
        """Return one of them; its arrays are shared."""
        return Bank(self.time_ns, self.x[i], self.p[i], self.c[i], self.weights[i], int(self.used[i]))


class Tables:
    """Arrays over rows: means (n, 4, 9), covariances (n, 4, 9, 9) and with biases (n, 4, 9, 24), probabilities (n, 4).

    Beside them the mixture as one Gaussian, times, and the status as a number.
    """

    def __init__(self, rows: int = _FIRST_ROWS) -> None:
        self.x = np.zeros((rows, MODELS, STATE))
        self.p = np.zeros((rows, MODELS, STATE, STATE))
        self.c = np.zeros((rows, MODELS, STATE, BIASES))
        self.weights = np.zeros((rows, MODELS))
        self.mean = np.zeros((rows, STATE))
        self.covariance = np.zeros((rows, STATE, STATE))
        self.time_ns = np.zeros(rows, np.int64)
        self.measured_ns = np.zeros(rows, np.int64)
        self.seen = np.zeros((rows, STATE))  # the mixture's mean when last measured
        self.existence = np.zeros(rows)
        self.longest_period_s = np.zeros(rows)  # of the sensors that saw it
        self.status = np.full(rows, _STATUS[TrackStatus.ENDED], np.int64)
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

    def mark(self, track: Track, status: TrackStatus) -> None:
        """Give a track a status, in words and in its row."""
        track.status = status
        self.status[track.row] = _STATUS[status]

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
