"""Benchmarks of the engine: how good against theory and truth, how fast against other libraries.

Each group yields rows with figure and target side by side; none of them is a test.
"""

from beaconfire.rehearse.bench.accuracy import announced_rows, bound_rows, flight_rows
from beaconfire.rehearse.bench.rows import Row, percentile, rounded, row, table

__all__ = ["Row", "announced_rows", "bound_rows", "flight_rows", "percentile", "rounded", "row", "table"]
