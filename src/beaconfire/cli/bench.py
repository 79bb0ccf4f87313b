"""`beaconfire bench`: how good and how fast the engine is, with the target beside each figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from beaconfire.cli.bars import Report, progress_bar

if TYPE_CHECKING:
    from beaconfire.rehearse.bench import Row

Group = Literal["bound", "flights", "announced"]
GROUPS: tuple[Group, ...] = ("announced", "bound", "flights")
_Named = Annotated[Group, Parameter(help="what to measure; everything unless named")]
_Runs = Annotated[int, Parameter(name="--runs", validator=Number(gte=1), help="drawn flights against the bound")]
_Flights = Annotated[int, Parameter(name="--flights", validator=Number(gte=1), help="seeds of whole flights")]
_Json = Annotated[bool, Parameter(name="--json", negative="", help="print JSON")]


def register(app: App) -> None:
    """Add the command."""
    app.command(bench)


def bench(*groups: _Named, runs: _Runs = 2000, flights: _Flights = 20, json: _Json = False) -> None:
    """Measure the engine and print each figure with its target.

    `bound` holds filters against the posterior Cramér-Rao bound, `flights` whole flights against an independent truth,
    `announced` generic flights against announced flight times. More flights sharpen the shares: 4,000 tell a point.
    """
    import msgspec

    from beaconfire.rehearse.bench import table

    rows: list[Row] = []
    for group in groups or GROUPS:
        with progress_bar(group) as report:
            rows += _measure(group, runs, flights, report)
    print(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() if json else table(rows))


def _measure(group: Group, runs: int, flights: int, report: Report) -> Iterator[Row]:
    from beaconfire.rehearse import bench as benchmarks

    measures: dict[Group, Callable[[], Iterator[Row]]] = {
        "announced": benchmarks.announced_rows,
        "bound": lambda: benchmarks.bound_rows(runs, report),
        "flights": lambda: benchmarks.flight_rows(flights, report),
    }
    return measures[group]()
