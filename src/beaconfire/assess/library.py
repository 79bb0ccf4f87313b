"""The library of generic classes: package data, or a file of the same form that a user brings (`--priors`).

Its entries carry the prior of their class, so that whoever knows better of a region, or studies what a missing class
does to the answer, says so in one file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import numpy as np

from beaconfire.kernel.data import read_bytes
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.records import CLASSES, Array
from beaconfire.kernel.sensors import explain, parse_toml

_PACKAGED = ("beaconfire", "data", "classes.toml")
_STAGE = "3 numbers above 0: burn s, acceleration at ignition m/s^2, exhaust speed m/s"


@dataclass(frozen=True, slots=True, eq=False)
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


Library = tuple[Entry, ...]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"missile_class": "class"}):
    name: str
    missile_class: str
    prior: float
    most_range_m: float
    stages: tuple[tuple[float, float, float], ...]


@cache
def library() -> Library:
    """Return the entries that come with the package, with priors that sum to 1."""
    return parse_library(read_bytes(*_PACKAGED), where=_PACKAGED[-1])


def parse_library(data: bytes, *, where: str) -> Library:
    """Return the entries of a TOML file of `[[entry]]` tables, with priors that sum to 1.

    Raises `InvalidInput` with every fault: syntax, unknown keys, wrong types, a class that is none, no entry at all.
    """
    document = parse_toml(data, where=where)
    rows = document.get("entry", [])
    unknown = [key for key in document if key != "entry"]
    if unknown or not isinstance(rows, list) or not rows:
        what = f"holds {unknown[0]!r}" if unknown else "holds no [[entry]]"
        raise InvalidInput.single(where, what, "one or more [[entry]] tables and nothing else")
    faults: list[Fault] = []
    found = [_entry(row, f"{where}: entry {number}", faults) for number, row in enumerate(rows, start=1)]
    entries = [entry for entry in found if entry is not None]
    total = sum(entry.prior for entry in entries)
    if not faults and not total > 0.0:
        faults.append(Fault(f"{where}: prior", "is 0 in every entry", "above 0 in one at least"))
    if faults:
        raise InvalidInput(faults)
    return tuple(
        Entry(entry.name, entry.class_index, entry.prior / total, entry.most_range_m, entry.stages) for entry in entries
    )


def _entry(table: Mapping[str, Any], where: str, faults: list[Fault]) -> Entry | None:
    try:
        row = msgspec.convert(table, _Row, strict=False)
    except msgspec.ValidationError as error:
        faults.append(explain(error, where=where, known=tuple(_Row.__struct_encode_fields__)))
        return None
    known = [name for name in CLASSES if name != "unknown"]
    before = len(faults)
    if row.missile_class not in known:
        faults.append(Fault(f"{where}: class", f"is {row.missile_class[:40]!r}", "one of " + ", ".join(known)))
    if not 0.0 <= row.prior < np.inf:
        faults.append(Fault(f"{where}: prior", f"is {row.prior:g}", "0 or more; only ratios count"))
    if not 1e3 <= row.most_range_m <= 1e8:
        faults.append(Fault(f"{where}: most_range_m", f"is {row.most_range_m:g}", "1e3 to 1e8 m"))
    if not row.stages or not all(0.0 < number < 1e5 for stage in row.stages for number in stage):
        faults.append(Fault(f"{where}: stages", "are not such stages", f"one or more of {_STAGE}"))
    if len(faults) > before:
        return None
    return Entry(
        row.name, CLASSES.index(row.missile_class), row.prior, row.most_range_m, np.array(row.stages, dtype=np.float64)
    )
