"""Fifty thousand seeds of protocol and five hundred with physics, on all cores; the time they took is printed."""

import os
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context

import pytest

from beaconfire.rehearse.world import draw, run, script
from tests.simulation.test_physics import minute

PROTOCOL, PHYSICS = 50_000, 500
_CHUNK = 20


def protocol(seed: int) -> tuple[int, str, float]:
    """Run one seed; returns it, what broke with its script, and the seconds it lasted in the world."""
    plan = draw(seed)
    outcome = run(plan)
    return seed, f"{outcome.broken}\n{script(plan)}" if outcome.broken else "", outcome.simulated_s


def physics(seed: int) -> tuple[int, str, float]:
    """The same with three nations' real tracks."""
    plan = draw(seed, nodes=3)
    outcome = run(plan, senses=minute())
    return seed, f"{outcome.broken}\n{script(plan)}" if outcome.broken else "", outcome.simulated_s


def each(play: Callable[[int], tuple[int, str, float]], count: int) -> Iterator[tuple[int, str, float]]:
    with get_context("spawn").Pool(os.cpu_count()) as pool:
        yield from pool.imap_unordered(play, range(count), chunksize=_CHUNK)


@pytest.mark.long
@pytest.mark.timeout(8 * 3600)
@pytest.mark.parametrize(("play", "count"), [(protocol, PROTOCOL), (physics, PHYSICS)])
def test_no_promise_breaks_in_any_of_them(play: Callable[[int], tuple[int, str, float]], count: int) -> None:
    start_s, simulated_s, broken = time.perf_counter(), 0.0, list[str]()
    for _, what, lasted_s in each(play, count):
        simulated_s += lasted_s
        if what:
            broken.append(what)
    took_s = time.perf_counter() - start_s
    speed = f"{simulated_s:.0f} s of the world in {took_s:.0f} s, {simulated_s / took_s:.0f} s per second"
    print(f"\n{count} seeds of {play.__name__}: {speed} on {os.cpu_count()} cores; {len(broken)} broken")  # noqa: T201
    assert not broken, "\n\n".join(broken[:5])


def test_a_seed_tells_what_it_did() -> None:
    assert protocol(3) == (3, "", 60.0)
