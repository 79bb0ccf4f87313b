"""The library of generic classes, read once from package data."""

import tomllib
from dataclasses import dataclass
from functools import cache

import numpy as np

from beaconfire.kernel.data import read_text
from beaconfire.kernel.records import CLASSES, Array


@dataclass(frozen=True, slots=True)
class Entry:
    """One generic class: `stages` (n, 3) are burn s, acceleration at ignition m/s² and exhaust speed m/s."""

    name: str
    class_index: int
    prior: float
    most_range_m: float
    stages: Array

    @property
    def burn_s(self) -> float:
        """Time from lift-off to the last burnout."""
        return float(sum(self.stages[:, 0]))


@cache
def library() -> tuple[Entry, ...]:
    """The entries of `data/classes.toml`, with priors that sum to 1."""
    rows = tomllib.loads(read_text("beaconfire", "data", "classes.toml"))["entry"]
    total = sum(row["prior"] for row in rows)
    return tuple(
        Entry(
            name=row["name"],
            class_index=CLASSES.index(row["class"]),
            prior=row["prior"] / total,
            most_range_m=row["most_range_m"],
            stages=np.array(row["stages"], dtype=np.float64),
        )
        for row in rows
    )
