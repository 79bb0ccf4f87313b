"""What one track took, and checkpoints of its bank: a late measurement is taken in by replay, in its own order.

Nothing but measurements (and infrared looks that saw nothing) moves a bank, and a prediction's steps are counted from
the last of them, so a replayed bank equals one that had everything in order, bit for bit. Checkpoints lie closer the
younger they are: some forty of them reach back over the replay horizon.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.limits import REPLAY_HORIZON_S
from beaconfire.kernel.records import Measurement
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track.bank import BIASES
from beaconfire.track.models import MODELS, STATE
from beaconfire.track.pack import Packed, pack
from beaconfire.track.rows import predict_rows, update_rows
from beaconfire.track.update import is_finite, unseen_thrust

Array = NDArray[np.float64]

_DENSE_NS = 3 * NS_PER_S  # partners' data come up to 2 s late
_SPACING = 6  # a checkpoint of age a has a neighbour within a / 6
_MOST_CHECKPOINTS = 64  # thinned when there are more: some forty stay
_HORIZON_NS = REPLAY_HORIZON_S * NS_PER_S


@dataclass(frozen=True, slots=True)
class Bank:
    """One track's bank at one time: means (4, 9), covariances (4, 9, 9) and with biases (4, 9, k), probabilities (4,).

    `used` columns of `c` are in use; a stored bank keeps only those.
    """

    time_ns: int
    x: Array
    p: Array
    c: Array
    weights: Array
    used: int = 0

    def stored(self) -> "Bank":
        """Return an independent copy to keep."""
        return Bank(
            self.time_ns, self.x.copy(), self.p.copy(), self.c[:, :, : self.used].copy(), self.weights.copy(), self.used
        )

    def at(self, time_ns: int, *, used: int) -> "Bank":
        """Return an independent bank predicted to the same or a later time, with `used` columns of constant errors."""
        c = np.zeros((MODELS, STATE, BIASES))
        c[:, :, : self.used] = self.c[:, :, : self.used]
        later = Bank(time_ns, self.x.copy(), self.p.copy(), c, self.weights.copy(), used)
        ahead_ns = np.array([time_ns - self.time_ns])
        predict_rows(later.x[None], later.p[None], later.c[None], np.array([used]), later.weights[None], ahead_ns)
        return later

    def is_sound(self) -> bool:
        """Say whether it holds finite numbers only; one that does not is never kept."""
        return is_finite(self.x, self.p, self.c, self.used, self.weights)


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that moved the bank: a measurement, or an infrared look that saw nothing (`measurement` is None).

    `column` is the sensor's first column of constant errors, -1 for none.
    """

    time_ns: int
    measurement: Measurement | None
    column: int = -1
    detection_probability: float = 0.0


class History:
    """The looks of one track in order of time, and checkpoints (bank, number of looks that it holds)."""

    def __init__(self, start: Bank) -> None:
        self.looks: list[Look] = []
        self.checkpoints: list[tuple[Bank, int]] = [(start.stored(), 0)]

    def add(self, look: Look, bank: Bank) -> None:
        """Remember a look that was taken in order, and the bank after it."""
        self.looks.append(look)
        self.checkpoints.append((bank.stored(), len(self.looks)))
        if len(self.checkpoints) > _MOST_CHECKPOINTS:
            self._thin(look.time_ns)

    def bank_at(self, time_ns: int, *, used: int) -> Bank | None:
        """Return the bank as it was at a past time with the looks up to then; None before the oldest checkpoint."""
        place = self._checkpoint_before(time_ns)
        if place is None:
            return None
        bank, count = self.checkpoints[place]
        last = bisect_right(self.looks, time_ns, key=_time_of)
        for look in self.looks[count:last]:
            bank = bank.at(look.time_ns, used=used)
            take_look(bank, look)
        return bank.at(time_ns, used=used)

    def insert(self, look: Look, *, used: int) -> Bank | None:
        """Take in a late look by replay; returns the newest bank, or None if it is older than the history."""
        place = self._checkpoint_before(look.time_ns)
        if place is None:
            return None
        bank, count = self.checkpoints[place]
        del self.checkpoints[place + 1 :]
        self.looks.insert(bisect_right(self.looks, look.time_ns, key=_time_of), look)
        for number in range(count, len(self.looks)):
            bank = bank.at(self.looks[number].time_ns, used=used)
            take_look(bank, self.looks[number])
            self.checkpoints.append((bank.stored(), number + 1))
        self._thin(self.looks[-1].time_ns)
        return bank

    def without(self, prefix: str, *, used: int) -> Bank | None:
        """Take out the measurements whose ids begin so, and what they did; returns the newest bank, None without any.

        What is older than the history was taken for good.
        """
        first = next((n for n, look in enumerate(self.looks) if _is_of(look, prefix)), None)
        if first is None:
            return None
        place = max(n for n, (_, count) in enumerate(self.checkpoints) if count <= first)
        bank, count = self.checkpoints[place]
        del self.checkpoints[place + 1 :]
        bank = bank.at(bank.time_ns, used=used)
        self.looks = [look for look in self.looks if not _is_of(look, prefix)]
        for number in range(count, len(self.looks)):
            bank = bank.at(self.looks[number].time_ns, used=used)
            take_look(bank, self.looks[number])
            self.checkpoints.append((bank.stored(), number + 1))
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
        """Drop checkpoints whose neighbours lie close for their age, and what is older than the horizon."""
        kept = self.checkpoints
        place = len(kept) - 2
        while place > 0:
            age_ns = now_ns - kept[place][0].time_ns
            gap_ns = kept[place + 1][0].time_ns - kept[place - 1][0].time_ns
            if age_ns > _DENSE_NS and gap_ns * _SPACING < age_ns:
                del kept[place]
            place -= 1
        if len(kept) > 1 and kept[1][0].time_ns <= now_ns - _HORIZON_NS:
            done = kept[1][1]
            del kept[0], self.looks[:done]
            self.checkpoints = [(bank, count - done) for bank, count in kept]


def take_look(bank: Bank, look: Look) -> bool:
    """Take a look into a bank already predicted to its time, in place; says whether it was used and left it sound."""
    if look.measurement is None:
        unseen_thrust(bank.weights, look.detection_probability)
        return True
    columns = pack([look.measurement], time_ns=bank.time_ns, scan=None)
    return take_row(bank, columns, 0, column=look.column)


def take_row(bank: Bank, columns: Packed, row: int, *, column: int) -> bool:
    """Take one packed measurement into one bank in place; says whether it was used and left the bank sound."""
    zero, taken = np.zeros(1, np.int64), np.zeros(1, np.bool_)
    update_rows(
        bank.x[None], bank.p[None], bank.c[None], np.array([bank.used]), bank.weights[None], zero, np.array([row]),
        np.array([column]), taken, *columns.for_update(),
    )  # fmt: skip
    return bool(taken[0])


def _is_of(look: Look, prefix: str) -> bool:
    return look.measurement is not None and look.measurement.id.startswith(prefix)


def _time_of(look: Look) -> int:
    return look.time_ns
