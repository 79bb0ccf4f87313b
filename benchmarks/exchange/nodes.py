"""Two real nodes in processes of their own: a silent link, a partner suspended in mid-flight, three kills at once."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from beaconfire.kernel.time import NS_PER_S, from_seconds
from beaconfire.rehearse.bench import Row, row
from beaconfire.shell.clock import wall_ns
from beaconfire.shell.control import AskPartners, PartnerOrder, PartnerRow, PartnerRows, ask, expect, socket_of
from benchmarks.exchange import node as flowing
from benchmarks.exchange.pair import RECEIVER, SENDER, Child, Pair, pair

PER_TICK = 10
_ASK_S = 5.0
_UP_S = 40.0
_POLL_S = 0.02


async def black_hole(progress: Callable[[str], None]) -> list[Row]:
    """Return how long after a link fell silent, without a reset, both nodes say that it is down."""
    progress("a black-holed link")
    async with pair(cuttable=True, start=False) as both:
        assert both.forwarder is not None
        await _nodes(both)
        await _linked(both)
        both.forwarder.cut("black")
        begun_s = time.monotonic()
        took_s = dict.fromkeys(both.configs, 0.0)
        while not all(took_s.values()) and time.monotonic() - begun_s < _UP_S:
            for nation, other in ((SENDER, RECEIVER), (RECEIVER, SENDER)):
                if not took_s[nation] and (await _row(both, nation, other)).link != "up":
                    took_s[nation] = time.monotonic() - begun_s
            await asyncio.sleep(_POLL_S)
        return [row("black_hole_noticed", [max(took_s.values())], "s", at_most=3.0, note="the slower of both nodes")]


async def suspend(progress: Callable[[str], None]) -> list[Row]:
    """Return how long after the order the last record of a suspended partner's sender arrives, and how many later."""
    progress("a partner is suspended in mid-flight")
    async with pair(start=False) as both:
        await _nodes(both, per_tick=PER_TICK)
        await _linked(both)
        _flow(both, for_s=20.0)
        await _hears(both, "e")
        await asyncio.sleep(3.0)
        decided_ns = time.monotonic_ns()
        await _asked(both, SENDER, PartnerOrder("suspend", RECEIVER, reason="benchmark"))
        journaled_ns = time.monotonic_ns()
        await asyncio.sleep(4.0)
        arrived = flowing.logged(_log(both, RECEIVER))["e"]
        last_s = max(0, max(arrived) - decided_ns) / NS_PER_S
        late = sum(at_ns > decided_ns + from_seconds(0.1) for at_ns in arrived)
        return [
            row("suspend_last_record", [1e3 * last_s], "ms", at_most=100.0,
                note=f"from the order on; its row was on disk after {(journaled_ns - decided_ns) / 1e6:.0f} ms"),
            row("suspend_later_records", [float(late)], "messages", at_most=0),
        ]  # fmt: skip


async def kills(progress: Callable[[str], None]) -> list[Row]:
    """Kill server, node and the partner's node within five seconds; return what was lost, and when fresh data flow."""
    progress("three kills in five seconds")
    async with pair(start=False) as both:
        children = await _nodes(both, per_tick=PER_TICK)
        await _linked(both)
        _flow(both, for_s=25.0)
        await _hears(both, "e")
        begun_s = time.monotonic()
        os.kill(_server_of(children[SENDER]), signal.SIGKILL)
        await asyncio.sleep(1.5)
        await children[SENDER].end()
        again = asyncio.create_task(_node(both, SENDER, per_tick=PER_TICK))
        await asyncio.sleep(1.5)
        await children[RECEIVER].end()
        progress(f"three kills within {time.monotonic() - begun_s:.1f} s")
        children = dict(zip(children, await asyncio.gather(again, _node(both, RECEIVER)), strict=True))
        progress(f"both nodes are up again after {time.monotonic() - begun_s:.1f} s")
        back_ns = time.monotonic_ns()
        for kind in ("c", "e"):
            await _hears(both, kind, after_ns=back_ns)
        heard = flowing.logged(_log(both, RECEIVER))
        link_ns = min(at_ns for at_ns in heard["c"] if at_ns > back_ns)
        fresh_s = (min(at_ns for at_ns in heard["e"] if at_ns > back_ns) - link_ns) / NS_PER_S
        await asyncio.sleep(max(0.0, begun_s + 30.0 - time.monotonic()))  # the flow ends, and history is made good
        for child in children.values():
            child.process.terminate()
            await child.process.wait()
        sent = flowing.decided(both.configs[SENDER], RECEIVER, per_tick=PER_TICK)
        lost = sent - flowing.received(both.configs[RECEIVER], SENDER)
        return [
            row("kills_lost", [float(len(lost))], "messages", at_most=0, note=f"of {len(sent):,} decided"),
            row("kills_fresh_data", [max(0.0, fresh_s)], "s", at_most=1.0, note="after the partner's first beat"),
        ]


async def _nodes(both: Pair, *, per_tick: int = 0) -> dict[str, Child]:
    found = {}
    for nation in both.configs:
        found[nation] = await _node(both, nation, per_tick=per_tick if nation == SENDER else 0)
    return found


async def _node(both: Pair, nation: str, *, per_tick: int = 0) -> Child:
    return await both.child("node", folder=both.configs[nation].folder, log=str(_log(both, nation)), per_tick=per_tick)


def _log(both: Pair, nation: str) -> Path:
    return both.root / f"{nation}.log"


def _flow(both: Pair, *, for_s: float) -> None:
    now_ns = wall_ns()
    flowing.flow(both.configs[SENDER].folder, from_ns=now_ns + NS_PER_S, until_ns=now_ns + from_seconds(for_s))


async def _asked(both: Pair, nation: str, request: AskPartners | PartnerOrder) -> object:
    path = socket_of(both.configs[nation])
    return await asyncio.get_running_loop().run_in_executor(None, lambda: ask(path, request, timeout_s=_ASK_S))


async def _row(both: Pair, nation: str, other: str) -> PartnerRow:
    answer = expect(await _asked(both, nation, AskPartners()), PartnerRows)
    return next(item for item in answer.partners if item.nation == other)


async def _linked(both: Pair) -> None:
    """Wait until each node hears the other."""
    until_s = time.monotonic() + _UP_S
    while time.monotonic() < until_s:
        rows = [await _row(both, SENDER, RECEIVER), await _row(both, RECEIVER, SENDER)]
        if all(item.link == "up" for item in rows):
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("the nodes do not hear each other")


async def _hears(both: Pair, kind: str, *, after_ns: int = 0) -> None:
    until_s = time.monotonic() + _UP_S
    while not any(at_ns > after_ns for at_ns in flowing.logged(_log(both, RECEIVER))[kind]):
        if time.monotonic() > until_s:
            raise TimeoutError("nothing arrives")
        await asyncio.sleep(_POLL_S)


def _server_of(child: Child) -> int:
    """The process id of a node's NATS server."""
    return next(part.pid for part in psutil.Process(child.process.pid).children() if "nats-server" in part.name())
