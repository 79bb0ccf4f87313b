"""`python -m benchmarks.exchange [--json] [--rows NAMES] [--quick]`: every row of EXCHANGE part 10.

Results go to standard output (JSON, or a Markdown table), progress to standard error. It ends by itself.
"""

import argparse
import asyncio
import os
import platform
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import msgspec

from beaconfire.rehearse.bench import Row, table
from benchmarks.exchange import cuts, disk, growth, nodes, path, steps

_LONGEST_S = 600.0  # of one measurement: what takes longer hangs


@dataclass(frozen=True)
class Size:
    """How much is sent: `quick` says whether the machinery works, its figures say little."""

    messages: int
    repeat: int
    missed: int
    backlog: int
    flight_s: float
    mutated: int
    load_s: float


FULL = Size(messages=6_000, repeat=3, missed=50_000, backlog=100_000, flight_s=240.0, mutated=100_000, load_s=20.0)
QUICK = Size(messages=600, repeat=1, missed=1_000, backlog=1_000, flight_s=130.0, mutated=2_000, load_s=2.0)


async def floor(size: Size, progress: Callable[[str], None]) -> list[Row]:
    progress("the disk's floor")
    return disk.rows()


async def latency(size: Size, progress: Callable[[str], None]) -> list[Row]:
    return await path.latency(count=size.messages, repeat=size.repeat, progress=progress)


async def throughput(size: Size, progress: Callable[[str], None]) -> list[Row]:
    return await path.throughput(count=5 * size.messages, repeat=size.repeat, progress=progress)


async def catch_up(size: Size, progress: Callable[[str], None]) -> list[Row]:
    return await cuts.catch_up(missed=size.missed, progress=progress)


async def fresh(size: Size, progress: Callable[[str], None]) -> list[Row]:
    return await cuts.fresh(backlog=size.backlog, progress=progress)


async def black_hole(size: Size, progress: Callable[[str], None]) -> list[Row]:
    return await nodes.black_hole(progress)


async def suspend(size: Size, progress: Callable[[str], None]) -> list[Row]:
    return await nodes.suspend(progress)


async def kills(size: Size, progress: Callable[[str], None]) -> list[Row]:
    return await nodes.kills(progress)


async def detection(size: Size, progress: Callable[[str], None]) -> list[Row]:
    return await steps.detection(duration_s=size.flight_s, progress=progress)


async def exercise(size: Size, progress: Callable[[str], None]) -> list[Row]:
    return await steps.exercise(count=size.mutated, progress=progress)


async def load(size: Size, progress: Callable[[str], None]) -> list[Row]:
    return await steps.load(seconds=size.load_s, progress=progress)


async def grown(size: Size, progress: Callable[[str], None]) -> list[Row]:
    return await growth.growth(messages=size.messages, seconds=size.load_s / 2, progress=progress)


MEASUREMENTS: dict[str, Callable[[Size, Callable[[str], None]], Awaitable[list[Row]]]] = {
    "floor": floor,
    "release_path": latency,
    "throughput": throughput,
    "detection_to_fused": detection,
    "catch_up": catch_up,
    "first_fresh_state": fresh,
    "black_hole": black_hole,
    "suspend": suspend,
    "kills": kills,
    "exercise": exercise,
    "load": load,
    "growth": grown,
}


async def measured(names: Sequence[str], size: Size) -> list[Row]:
    """Run the named measurements one after the other; one that fails is said and does not stop the others."""
    found: list[Row] = []
    for place, name in enumerate(names):
        progress = partial(_progress, f"[{place + 1}/{len(names)}]", time.monotonic())
        try:
            async with asyncio.timeout(_LONGEST_S):
                rows = await MEASUREMENTS[name](size, progress)
            for item in rows:
                progress(f"{item.name}: {item.figure:g} {item.unit}{' MISSED' if item.missed else ''}")
            found += rows
        except Exception as error:  # a benchmark of many parts tells what it has
            progress(f"{name} failed: {type(error).__name__}: {error}")
            found.append(Row(name=name, figure=float("nan"), unit="", missed=True, note=f"failed: {error}"))
    return found


def machine() -> str:
    """Return the commit and the machine, as the table's last line has them."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    cores = len(os.sched_getaffinity(0))
    return (
        f"commit {commit.strip() or 'unknown'}, {cores} cores, {platform.machine()}, Python {platform.python_version()}"
    )


def main(arguments: Sequence[str]) -> int:
    """Run, print, and return 0; a missed target is a finding, not a failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exchange", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print an array of rows")
    parser.add_argument("--rows", default=",".join(MEASUREMENTS), help=f"of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--quick", action="store_true", help="few messages: does it work, not how fast it is")
    parser.add_argument("--repeat", type=int, help="how often what has a raw engine beside it is measured")
    given = parser.parse_args(arguments)
    names = given.rows.split(",")
    for name in names:
        if name not in MEASUREMENTS:
            parser.error(f"no row {name!r}; expected some of {', '.join(MEASUREMENTS)}")
    size = QUICK if given.quick else FULL
    rows = asyncio.run(measured(names, replace(size, repeat=given.repeat or size.repeat)))
    print(msgspec.json.format(msgspec.json.encode(rows)).decode() if given.json else f"{table(rows)}\n\n{machine()}")
    return 0


def _progress(place: str, begun_s: float, words: str) -> None:
    print(f"{place} {time.monotonic() - begun_s:5.0f} s  {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
