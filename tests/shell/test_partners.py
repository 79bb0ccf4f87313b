"""Whole nodes on real servers: a partner is suspended, returns, leaves, comes back; what goes when, what arrives.

`chatty` is the real step, but each own scan is a launch that the policy lets go to every partner who is not away.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from beaconfire.node import EnvelopeIn, Resume, Suspend
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.feed import ResumeOrder, SuspendOrder
from beaconfire.shell.link import LaneName
from beaconfire.shell.loop import Node
from tests.shell.support import until
from tests.shell.test_node import Play, inputs, new_nodes, running

SUSPEND_S = 0.5  # decision to last record: 0.1 is the target (EXCHANGE part 10), but others may use this machine too


class Ear:
    """When each record of one partner arrived at a node's door, by any lane."""

    def __init__(self, node: Node, partner: str) -> None:
        link = node._joined.links[partner]
        self.times: list[float] = []
        self._deliver = link._deliver
        link._deliver = self._hear

    def _hear(self, lane: LaneName, data: bytes) -> None:
        if lane != "control":
            self.times.append(time.monotonic())
        self._deliver(lane, data)


async def talk(play: Play, until_true: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
    """Give turns until something is so."""
    end_s = time.monotonic() + timeout_s
    while not until_true():
        assert time.monotonic() < end_s, "did not happen in time"
        await play.turn("JPN", "KOR")
        await asyncio.sleep(0.02)


def state_at(node: Node, partner: str) -> str:
    return node.partner_status()[partner].standing.state


def test_a_suspended_partner_gets_nothing_more_and_everything_on_its_return(tmp_path: Path) -> None:
    configs = new_nodes(tmp_path, "JPN", "KOR", "USA")

    async def run() -> None:
        async with running(*configs) as (play, nodes):
            kor, jpn = nodes["KOR"], nodes["JPN"]
            for _ in range(10):
                await play.turn("JPN", "KOR")
            ear, other = Ear(jpn, "KOR"), Ear(nodes["USA"], "KOR")
            await play.order("KOR", SuspendOrder("JPN", "in mid-flight"))
            decided_s = time.monotonic()
            assert state_at(kor, "JPN") == "suspended"
            for _ in range(15):
                await play.turn("JPN", "KOR")
            await asyncio.sleep(0.5)
            assert [at_s - decided_s for at_s in ear.times if at_s > decided_s + SUSPEND_S] == []
            assert len([at_s for at_s in other.times if at_s > decided_s]) >= 15, "who is not suspended goes on"
            await until(lambda: state_at(jpn, "KOR") == "suspended_by_partner" or bool(jpn._joined._controls))
            await play.turn()
            assert state_at(jpn, "KOR") == "suspended_by_partner"
            missed = kor.partner_status()["JPN"].missed
            assert missed >= 15
            await play.order("KOR", ResumeOrder("JPN"))
            await talk(play, lambda: state_at(jpn, "KOR") == "active" and not kor.partner_status()["JPN"].catching_up)
            await play.turn()

    asyncio.run(run())
    assert_once(configs)
    orders = [type(item) for item in inputs(configs[1]) if isinstance(item, Suspend | Resume)]
    assert orders == [Suspend, Resume]


def assert_once(configs: list[NodeConfig]) -> None:
    """Every envelope that came is in the journal once."""
    for config in configs:
        taken = [item.envelope for item in inputs(config) if isinstance(item, EnvelopeIn)]
        assert len(taken) == len(set(taken))
