"""From a run that broke a promise to the few faults that break it: delta debugging over the plan.

Zeller & Hildebrandt, *Simplifying and isolating failure-inducing input*, IEEE TSE 28 (2002): halves, then quarters and
so on are left out while the same promise still breaks; then the load of each nation is thinned the same way.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from beaconfire.rehearse.world.plan import Plan, Sighting

_Part = TypeVar("_Part")
Breaks = Callable[[Plan], str]
"""Runs a plan and returns the promise that it breaks, or ""."""


def shrink(plan: Plan, breaks: Breaks) -> Plan:
    """Return a smaller plan that breaks the same promise; raises `ValueError` if this one breaks none."""
    promise = breaks(plan)
    if not promise:
        raise ValueError(f"seed {plan.seed} breaks no promise")
    plan = replace(plan, faults=_fewest(plan.faults, lambda faults: breaks(replace(plan, faults=faults)) == promise))
    for nation in plan.nations:
        plan = _with_less_load(plan, nation, breaks, promise)
    return plan


def _with_less_load(plan: Plan, nation: str, breaks: Breaks, promise: str) -> Plan:
    def with_load(kept: tuple[Sighting, ...]) -> Plan:
        return replace(plan, load={**plan.load, nation: kept})

    if breaks(with_load(())) == promise:
        return with_load(())
    return with_load(_fewest(plan.load[nation], lambda kept: breaks(with_load(kept)) == promise))


def _fewest(parts: tuple[_Part, ...], still: Callable[[tuple[_Part, ...]], bool]) -> tuple[_Part, ...]:
    """Return a subset from which no single chunk of the last size can be left out (ddmin, complements only)."""
    chunks = 2
    while parts:
        size = max(1, len(parts) // chunks)
        for start in range(0, len(parts), size):
            rest = parts[:start] + parts[start + size :]
            if still(rest):
                parts, chunks = rest, max(chunks - 1, 2)
                break
        else:
            if size == 1:
                break
            chunks = min(2 * chunks, len(parts))
    return parts
