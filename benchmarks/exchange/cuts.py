"""Cuts of the link: catching up after ten seconds, the first fresh state behind a backlog, a silent link noticed."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from beaconfire.rehearse.bench import Row, row
from benchmarks.exchange.pair import RECEIVER, SENDER, Child, Pair, pair

_BEFORE, _AFTER = 500, 500
_CUT_S = 10.0
_STORED, _BOTH = ("stored",), ("direct", "stored")


async def catch_up(*, missed: int, progress: Callable[[str], None]) -> list[Row]:
    """Return how long the last of `missed` took after a ten-second cut, and what was lost, doubled, reordered."""
    figures = {}
    for mode in ("raw", "ours"):
        progress(f"catching up with {missed:,}, {mode}")
        figures[mode] = await _one_cut(mode, _STORED, missed=missed, progress=progress)
    ours, told = figures["ours"]
    raw, _ = figures["raw"]
    return [
        row(
            "catch_up", [ours["last_s"]], "s", anchors=[raw["last_s"]], at_most=1.5,
            note=f"{missed:,} missed in {_CUT_S:g} s; without the partner's rate limit",
        ),
        row("catch_up_lost", [ours["lost"]], "messages", at_most=0),
        row("catch_up_doubled", [float(told["again"])], "messages", at_most=0, note="taken twice by the chain"),
        row(
            "catch_up_reordered", [ours["reordered"]], "messages", at_most=0,
            note="of history; the newest, and the last bundle, go ahead by intent",
        ),
    ]  # fmt: skip


async def fresh(*, backlog: int, progress: Callable[[str], None]) -> list[Row]:
    """Return when the first state published after the link healed has arrived, over a long backlog."""
    progress(f"first fresh state over a backlog of {backlog:,}")
    ours, _ = await _one_cut("ours", _BOTH, missed=backlog, progress=progress, newest=True)
    return [row("first_fresh_state", [ours["fresh_s"]], "s", at_most=1.0, note=f"backlog of {backlog:,}")]


async def _one_cut(
    mode: str, lanes: tuple[str, ...], *, missed: int, progress: Callable[[str], None], newest: bool = False
) -> tuple[dict[str, float], dict[str, int]]:
    """Cut the link after some messages, publish the rest meanwhile, heal; times are seconds after the healing."""
    async with pair(cuttable=True) as both:
        assert both.forwarder is not None
        sender, receiver = await _workers(both, mode, lanes, missed, newest)
        await receiver.go()
        await sender.go()
        await sender.line()  # held after the first ones
        await asyncio.sleep(1.0)
        cut_s = time.monotonic()
        both.forwarder.cut("reset")
        await sender.go()
        await sender.line()  # held before the last ones
        await asyncio.sleep(max(0.0, cut_s + _CUT_S - time.monotonic()))
        progress(f"healing after {time.monotonic() - cut_s:.0f} s")
        healed_ns = time.monotonic_ns()
        both.forwarder.heal()
        await sender.go()
        told = await receiver.line()
        await sender.line()
        got = both.times(f"got-{RECEIVER}")[1:]
        old, new = got[_BEFORE : _BEFORE + missed], got[_BEFORE + missed :]
        return {
            "last_s": (int(old.max()) - healed_ns) / 1e9,
            "fresh_s": (int(new[new > 0].min()) - healed_ns) / 1e9 if new.any() else float("inf"),
            "lost": int((got == 0).sum()),
            "reordered": reordered(both.times(f"sent-{RECEIVER}.npy.order"), got) if mode == "ours" else 0,
        }, told


def reordered(published: "np.ndarray[Any, np.dtype[np.int64]]", got: "np.ndarray[Any, np.dtype[np.int64]]") -> int:
    """Return how many first arrivals came before one that was published earlier; repetitions do not count."""
    _, first = np.unique(published, return_index=True)
    order = published[np.sort(first)]
    times = got[order - 1]
    times = times[times > 0]
    return int((np.diff(times) < 0).sum())


async def _workers(both: Pair, mode: str, lanes: tuple[str, ...], missed: int, newest: bool) -> tuple[Child, Child]:
    words = {"mode": mode, "count": _BEFORE + missed + _AFTER}
    sender = await both.speaker(
        SENDER, RECEIVER, role="send", last_rate=500.0, out=str(both.root / f"sent-{RECEIVER}.npy"),
        holds=[_BEFORE, _BEFORE + missed], **words,
    )  # fmt: skip
    receiver = await both.speaker(
        RECEIVER, SENDER, role="receive", lanes=lanes, newest=newest, out=str(both.root / f"got-{RECEIVER}.npy"),
        **words,
    )  # fmt: skip
    return sender, receiver
