"""The whole release path against the raw engine: latency at a thousand messages a second, and throughput.

Raw is the engine's durable path, read by its own client; it runs over the same servers and streams as ours, with bytes
of the same length. Ours on the stored lane is compared with it. A node takes whichever lane is first, so the direct
lane is measured too, against the raw engine's plain subscription.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from beaconfire.rehearse.bench import Row, row
from benchmarks.exchange.pair import RECEIVER, SECOND, SENDER, Pair, pair

_STORED, _DIRECT, _BOTH = ("stored",), ("direct",), ("direct", "stored")
_WARM_SHARE = 0.1


@dataclass(frozen=True)
class Run:
    """One run: latencies in milliseconds after the warm-up, messages per second, and what went wrong."""

    latency_ms: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    per_s: float
    lost: int
    again: int

    def at(self, share: float) -> float:
        return float(np.quantile(self.latency_ms, share))


async def latency(*, count: int, repeat: int, progress: Callable[[str], None]) -> list[Row]:
    """Return p50 and p99 of the release path at 1,000 messages a second."""
    runs: dict[tuple[str, tuple[str, ...]], list[Run]] = {}
    for turn in range(repeat):
        for mode, lanes in (("raw", _STORED), ("ours", _STORED), ("raw", _DIRECT), ("ours", _BOTH)):
            progress(f"release path, {mode} by {' and '.join(lanes)}, {turn + 1} of {repeat}")
            runs.setdefault((mode, lanes), []).append(await _run(mode, lanes, count=count, rate=1_000.0))
    found = []
    pairs = (("stored", _STORED, _STORED), ("first", _BOTH, _DIRECT))
    for share, at_most in ((0.5, 1.25), (0.99, 1.5)):
        for name, ours, raw in pairs:
            found.append(
                row(
                    f"release_path_{name}_p{share * 100:g}", [run.at(share) for run in runs["ours", ours]], "ms",
                    anchors=[run.at(share) for run in runs["raw", raw]], at_most=at_most,
                    note="the durable lane" if name == "stored" else "whichever lane is first",
                )
            )  # fmt: skip
    return found


async def throughput(*, count: int, repeat: int, progress: Callable[[str], None]) -> list[Row]:
    """Return messages a second of one chain, and of two chains with a process each on both sides."""
    one: dict[str, list[float]] = {"raw": [], "ours": []}
    two: list[float] = []
    for turn in range(repeat):
        for mode in ("raw", "ours"):
            progress(f"throughput, {mode}, {turn + 1} of {repeat}")
            one[mode].append((await _run(mode, _STORED, count=count, rate=0.0)).per_s)
        progress(f"throughput of two workers, {turn + 1} of {repeat}")
        async with pair(RECEIVER, SECOND) as three:
            runs = await asyncio.gather(
                *(measured(three, "ours", _STORED, count=count, rate=0.0, to=to) for to in (RECEIVER, SECOND))
            )
        two.append(sum(run.per_s for run in runs))
    return [
        row("throughput_one_worker", one["ours"], "messages/s", anchors=one["raw"], at_least=0.6),
        row(
            "throughput_two_workers", two, "messages/s", anchors=one["raw"], at_least=0.8,
            note="two chains, a process each at both ends, against one raw",
        ),
    ]  # fmt: skip


async def _run(mode: str, lanes: tuple[str, ...], *, count: int, rate: float) -> Run:
    async with pair() as both:
        return await measured(both, mode, lanes, count=count, rate=rate)


async def measured(
    both: Pair, mode: str, lanes: tuple[str, ...], *, count: int, rate: float, to: str = RECEIVER
) -> Run:
    """Send `count` messages at `rate` (0: as fast as may be) and return what arrived when."""
    words = {"mode": mode, "count": count}
    sender = await both.speaker(SENDER, to, role="send", out=str(both.root / f"sent-{to}.npy"), rate=rate, **words)
    receiver = await both.speaker(
        to, SENDER, role="receive", out=str(both.root / f"got-{to}.npy"), lanes=lanes, **words
    )
    await receiver.go()
    await sender.go()
    told = await receiver.line()
    await sender.line()
    return judged(both, told, to=to)


def judged(both: Pair, told: dict[str, int], *, to: str = RECEIVER) -> Run:
    """Compare what was sent with what came."""
    sent, got = both.times(f"sent-{to}")[1:], both.times(f"got-{to}")[1:]
    came = got > 0
    after = int(_WARM_SHARE * len(sent))
    latency_ms = ((got - sent)[after:][came[after:]]) / 1e6
    span_s = float(got[came].max() - got[came].min()) / 1e9
    return Run(latency_ms, int(came.sum()) / span_s, int((~came).sum()), told["again"])
