"""What one track took, and checkpoints of its bank: a late measurement is taken in by replay, in its own order.

Nothing but measurements (and infrared looks that saw nothing) moves a bank, and a prediction's steps are counted from
the last of them, so a replayed bank equals one that had everything in order, bit for bit. Checkpoints are dense for
the last seconds and sparse up to the replay horizon.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.limits import REPLAY_HORIZON_S
from beaconfire.kernel.records import Measurement
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track.bank import predict_bank, unseen_thrust, update_bank
from beaconfire.track.pack import Packed, pack

Array = NDArray[np.float64]

_DENSE_NS = 20 * NS_PER_S  # partners' data come up to 2 s late; a busy link some seconds more
_SPARSE_NS = 30 * NS_PER_S
_HORIZON_NS = REPLAY_HORIZON_S * NS_PER_S


@dataclass(frozen=True, slots=True)
class Bank:
    """One track's bank at one time; the arrays are its own."""

    time_ns: int
    x: Array
    p: Array
    weights: Array

    def copy(self) -> "Bank":
        """Return an independent copy."""
        return Bank(self.time_ns, self.x.copy(), self.p.copy(), self.weights.copy())

    def at(self, time_ns: int) -> "Bank":
        """Return the bank predicted to a later time."""
        later = Bank(time_ns, self.x.copy(), self.p.copy(), self.weights.copy())
        predict_bank(later.x, later.p, later.weights, time_ns - self.time_ns)
        return later


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that moved the bank: a measurement, or an infrared look that saw nothing (`measurement` is None)."""

    time_ns: int
    measurement: Measurement | None
    detection_probability: float = 0.0


class History:
    """The looks of one track in order of time, and checkpoints (bank, number of looks that it holds)."""

    def __init__(self, start: Bank) -> None:
        self.looks: list[Look] = []
        self.checkpoints: list[tuple[Bank, int]] = [(start, 0)]

    def add(self, look: Look, bank: Bank) -> None:
        """Remember a look that was taken in order, and the bank after it."""
        self.looks.append(look)
        self.checkpoints.append((bank, len(self.looks)))
        self._thin(look.time_ns)

    def bank_at(self, time_ns: int) -> Bank | None:
        """Return the bank as it was at a past time with the looks up to then; None before the oldest checkpoint."""
        place = self._checkpoint_before(time_ns)
        if place is None:
            return None
        bank, count = self.checkpoints[place]
        last = bisect_right(self.looks, time_ns, key=_time_of)
        bank = _replay(bank, self.looks[count:last])
        return bank.at(time_ns)

    def insert(self, look: Look) -> Bank | None:
        """Take in a late look by replay; returns the newest bank, or None if it is older than the history."""
        place = self._checkpoint_before(look.time_ns)
        if place is None:
            return None
        bank, count = self.checkpoints[place]
        del self.checkpoints[place + 1 :]
        self.looks.insert(bisect_right(self.looks, look.time_ns, key=_time_of), look)
        for number in range(count, len(self.looks)):
            bank = _replay(bank, self.looks[number : number + 1])
            self.checkpoints.append((bank, number + 1))
        self._thin(self.looks[-1].time_ns)
        return bank

    def copy(self) -> Self:
        """Return an independent copy; banks and looks are never changed once stored."""
        other = type(self)(self.checkpoints[0][0])
        other.looks, other.checkpoints = list(self.looks), list(self.checkpoints)
        return other

    def _checkpoint_before(self, time_ns: int) -> int | None:
        for place in range(len(self.checkpoints) - 1, -1, -1):
            if self.checkpoints[place][0].time_ns <= time_ns:
                return place
        return None

    def _thin(self, now_ns: int) -> None:
        """Drop a checkpoint that leaves the dense span unless it is the first in its sparse interval."""
        kept = self.checkpoints
        edge = len(kept) - 1
        while edge > 0 and kept[edge][0].time_ns > now_ns - _DENSE_NS:
            edge -= 1
        while edge > 1 and kept[edge][0].time_ns - kept[edge - 2][0].time_ns < _SPARSE_NS:
            del kept[edge - 1]
            edge -= 1
        if len(kept) > 1 and kept[1][0].time_ns <= now_ns - _HORIZON_NS:
            done = kept[1][1]
            del kept[0], self.looks[:done]
            self.checkpoints = [(bank, count - done) for bank, count in kept]


def take_look(bank: Bank, look: Look) -> float:
    """Take a look into a bank already predicted to its time, in place; returns the log likelihood."""
    if look.measurement is None:
        unseen_thrust(bank.weights, look.detection_probability)
        return 0.0
    columns = pack([look.measurement], time_ns=bank.time_ns, scan=None)
    return take_row(bank.x, bank.p, bank.weights, columns, 0)


def take_row(x: Array, p: Array, weights: Array, columns: Packed, row: int) -> float:
    """Take one packed measurement into one bank in place; returns the log likelihood."""
    return update_bank(
        x, p, weights, int(columns.kind[row]), columns.values[row], columns.sigmas[row], columns.sites[row],
        columns.axes[row], columns.whiteners[row], float(columns.offset_s[row]), columns.measurements[row].thrusting,
    )  # fmt: skip


def _replay(bank: Bank, looks: list[Look]) -> Bank:
    for look in looks:
        bank = bank.at(look.time_ns)
        take_look(bank, look)
    return bank


def _time_of(look: Look) -> int:
    return look.time_ns
