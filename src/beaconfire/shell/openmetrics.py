"""OpenMetrics text: families with typed samples, bounded counters, a histogram; nothing of ours in it.

Format: OpenMetrics 1.0.0. A family's name has its unit last; a counter's samples end in `_total`, an info's in `_info`.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from beaconfire.kernel.limits import METRIC_SERIES

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
OTHER = "other"

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: what it counts, in which unit, told apart by which labels."""

    name: str
    kind: Literal["gauge", "counter", "histogram", "info"]
    labels: Labels
    words: str
    unit: str = ""


class Tally:
    """Counts by labels, of at most `METRIC_SERIES` different ones: of what comes later the last label is `other`."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.counts: Counter[Labels] = Counter()

    def add(self, *labels: str, count: int = 1) -> None:
        """Count so many."""
        known = labels in self.counts or len(self.counts) < METRIC_SERIES
        self.counts[labels if known else (*labels[:-1], OTHER)] += count


class Histogram:
    """Durations in seconds by upper bounds; `add` may be called from one other thread."""

    def __init__(self, bounds_s: Sequence[float]) -> None:
        """Take rising upper bounds; what is above the last is in the bucket without one."""
        self.bounds_s = tuple(bounds_s)
        self.counts = [0] * (len(self.bounds_s) + 1)
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration; a bound belongs to its bucket."""
        self.counts[bisect_left(self.bounds_s, seconds)] += 1
        self.total_s += seconds

    def quantile(self, share: float) -> float | None:
        """Return the upper bound under which `share` of the durations lie; None without any, infinity beyond all."""
        wanted, below = share * sum(self.counts), 0
        for bound, count in zip((*self.bounds_s, float("inf")), self.counts, strict=True):
            below += count
            if count and below >= wanted:
                return bound
        return None


Values = Mapping[Labels, float] | Histogram


def render(families: Iterable[tuple[Family, Values]]) -> str:
    """Return the text of families with their values; one without a value is named without a sample."""
    lines: list[str] = []
    for family, values in families:
        lines.append(f"# TYPE {family.name} {family.kind}")
        if family.unit:
            lines.append(f"# UNIT {family.name} {family.unit}")
        lines.append(f"# HELP {family.name} {_escaped(family.words)}")
        lines += _histogram(family.name, values) if isinstance(values, Histogram) else _samples(family, values)
    return "\n".join([*lines, "# EOF", ""])


def _samples(family: Family, values: Mapping[Labels, float]) -> Iterable[str]:
    suffix = {"counter": "_total", "info": "_info"}.get(family.kind, "")
    for labels, value in sorted(values.items()):
        named = ",".join(f'{name}="{_escaped(label)}"' for name, label in zip(family.labels, labels, strict=True))
        yield f"{family.name}{suffix}{f'{{{named}}}' if named else ''} {float(value)!r}"


def _histogram(name: str, values: Histogram) -> Iterable[str]:
    counts, below = tuple(values.counts), 0
    for bound, count in zip((*map(repr, values.bounds_s), "+Inf"), counts, strict=True):
        below += count
        yield f'{name}_bucket{{le="{bound}"}} {below}'
    yield f"{name}_count {below}"
    yield f"{name}_sum {values.total_s!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
