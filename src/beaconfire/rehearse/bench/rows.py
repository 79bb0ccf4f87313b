"""One row of a benchmark, with its target beside it, and the table for people."""

from collections.abc import Sequence
from math import isfinite, nan
from statistics import median

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """`ratio` is figure by anchor, `spread` (largest less smallest) by median over repetitions, None of one only.

    `figure` is NaN for what never came about, and null in JSON. `missed` compares what `target` bounds: the ratio
    where there is an anchor, else the figure.
    """

    name: str
    figure: float
    unit: str
    spread: float | None = None
    anchor: float | None = None
    ratio: float | None = None
    target: str | None = None
    missed: bool = False
    note: str = ""


def row(
    name: str,
    figures: Sequence[float],
    unit: str,
    *,
    anchors: Sequence[float] = (),
    at_most: float | None = None,
    at_least: float | None = None,
    note: str = "",
) -> Row:
    """Return the row of repeated measurements; the bound is of the ratio where there is an anchor."""
    figure = median(figures)
    anchor = median(anchors) if anchors else None
    ratio = figure / anchor if anchor else None
    judged = figure if ratio is None else ratio
    missed = (at_most is not None and not judged <= at_most) or (at_least is not None and not judged >= at_least)
    spread = (max(figures) - min(figures)) / figure if len(figures) > 1 and figure else None
    return Row(
        name=name, figure=rounded(figure) if isfinite(figure) else nan, unit=unit, spread=_rounded(spread),
        anchor=_rounded(anchor), ratio=_rounded(ratio),
        target=_target(at_most, at_least, "" if ratio is not None else unit), missed=missed, note=note,
    )  # fmt: skip


def rounded(value: float) -> float:
    """Return four significant digits: no measurement here is better."""
    return float(f"{value:.4g}")


def _rounded(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| row | figure | anchor | ratio | target | |", "|---|---|---|---|---|---|"]
    for item in rows:
        spread = "" if item.spread is None else f" ± {item.spread / 2:.0%}"
        words = " · ".join(word for word in ("**missed**" if item.missed else "", item.note) if word)
        cells = [
            item.name,
            f"{_or_dash(item.figure)} {item.unit}{spread}".strip(),
            _or_dash(item.anchor),
            _or_dash(item.ratio),
        ]
        lines.append(f"| {' | '.join(cells)} | {item.target or '–'} | {words} |")
    return "\n".join(lines)


def _or_dash(value: float | None) -> str:
    return "–" if value is None or not isfinite(value) else f"{value:g}"


def _target(at_most: float | None, at_least: float | None, unit: str) -> str | None:
    if at_most is not None and at_least is not None:
        return f"{at_least:g} to {at_most:g} {unit}".rstrip()
    if at_most is not None:
        return f"≤ {at_most:g} {unit}".rstrip()
    return None if at_least is None else f"≥ {at_least:g} {unit}".rstrip()
