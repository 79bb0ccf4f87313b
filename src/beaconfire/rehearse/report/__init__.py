"""The report of a run: one page that needs nothing else, with map, plots and tables.

In: the simulation, each nation's account and the review's values. Out: HTML text with its style and its drawings
inside; it asks no other place for anything, and says EXERCISE wherever it is cut.
"""

from beaconfire.rehearse.report.page import render

__all__ = ["render"]
