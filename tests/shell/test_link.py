"""Two real servers joined by a mutually authenticated leaf link: what is published here is heard there."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from beaconfire.shell.broker import Broker
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.link import PartnerLink
from tests.shell.support import EPOCH, Heard, make_broker, make_link, make_nations, until


@dataclass
class Side:
    config: NodeConfig
    broker: Broker
    link: PartnerLink
    heard: Heard

    def publish(self, *texts: str, generation: int = 0) -> None:
        for text in texts:
            self.link.publish(f"{self.link.lane.sent}.track.T1", text.encode(), generation=generation)


@asynccontextmanager
async def pair(root: Path) -> AsyncIterator[tuple[Side, Side]]:
    """JPN listens, KOR dials; both follow each other's epoch."""
    sides = []
    for config, partner in zip(make_nations(root, "JPN", "KOR"), ("KOR", "JPN"), strict=True):
        broker = make_broker(config)
        sides.append(Side(config, broker, *make_link(config, partner, broker)))
    try:
        await asyncio.gather(*(side.broker.start() for side in sides))
        for side in sides:
            side.link.start()
        beats = asyncio.get_running_loop().create_task(keep_beating(sides))
        yield sides[0], sides[1]
        beats.cancel()
    finally:
        for side in sides:
            await side.link.close()
            await side.broker.stop()


async def keep_beating(sides: list[Side]) -> None:
    """Greet and listen as a node does: a hello after each new connection, else a beat."""
    greeted = [0, 0]
    while True:
        for index, side in enumerate(sides):
            other = sides[1 - index]
            hello = side.link.connections > greeted[index]
            side.link.control("hello" if hello else "beat", b"hello" if hello else b"beat")
            if other.heard.control:
                if b"hello" in other.heard.control:
                    greeted[index] = side.link.connections
                other.link.heard(EPOCH, hello=b"hello" in other.heard.control)
                other.heard.control.clear()
        await asyncio.sleep(0.3)


def numbered(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


def words(data: list[bytes]) -> list[str]:
    return [item.decode() for item in data]


def hold_in_order(data: list[bytes], expected: list[str]) -> bool:
    """Whether the expected words come in this order among what was heard; NOW's copies may stand between them."""
    heard = iter(words(data))
    return all(word in heard for word in expected)


def test_every_lane_carries_both_ways(tmp_path: Path) -> None:
    async def run() -> None:
        async with pair(tmp_path) as (jpn, kor):
            await until(lambda: jpn.link.connected and kor.link.connected)
            for side in (jpn, kor):
                side.publish(*numbered(1, 50))
            for side in (jpn, kor):
                await until(partial(_has_stored, side.heard, 50))
                assert hold_in_order(side.heard.stored, numbered(1, 50))
                assert side.link.pending == 0
            for side, other in ((jpn, kor), (kor, jpn)):  # the leaf is up by now: direct and control pass at once
                side.publish("direct")
                side.link.control("beat", b"beat")
                await until(partial(_has_both, other.heard))
            assert await jpn.link.flushed(timeout_s=5)

    asyncio.run(run())


def test_a_killed_server_is_started_again_and_nothing_is_lost(tmp_path: Path) -> None:
    async def run() -> None:
        async with pair(tmp_path) as (jpn, kor):
            await until(lambda: jpn.link.connected and kor.link.connected)
            for burst in range(4):
                for number in numbered(1 + 100 * burst, 100 + 100 * burst):
                    kor.publish(number)
                    await asyncio.sleep(0.001)
                if burst < 2:
                    victim = (kor if burst == 0 else jpn).broker
                    assert victim.pid is not None
                    os.kill(victim.pid, signal.SIGKILL)
            await until(lambda: set(words(jpn.heard.stored)) == set(numbered(1, 400)), timeout_s=60)
            assert hold_in_order(jpn.heard.stored, numbered(1, 400))
            assert (jpn.broker.restarts, kor.broker.restarts) == (1, 1)
            await until(lambda: kor.link.pending == 0)

    asyncio.run(run())


def _has_stored(heard: Heard, count: int) -> bool:
    return len(set(heard.stored)) == count


def _has_both(heard: Heard) -> bool:
    return b"direct" in heard.direct and b"beat" in heard.control


def talk(link: PartnerLink, heard: Heard) -> bool:
    link.control("hello", b"hello")
    return bool(heard.control)


def test_purging_drops_what_an_older_policy_let_out(tmp_path: Path) -> None:
    async def run() -> None:
        (jpn_config, kor_config) = make_nations(tmp_path, "JPN", "KOR")
        broker, other = make_broker(kor_config), make_broker(jpn_config)
        kor, _ = make_link(kor_config, "JPN", broker)
        jpn, heard = make_link(jpn_config, "KOR", other)
        try:
            await broker.start()
            kor.start()
            subject = f"{kor.lane.sent}.track.T1"
            for text in (b"1", b"2"):
                kor.publish(subject, text, generation=1)
            await until(lambda: kor.connected and kor.pending == 0)  # on our broker, the partner not there yet
            kor.purge(generation=2)
            kor.publish(subject, b"late", generation=1)
            kor.publish(subject, b"3", generation=2)
            await other.start()
            jpn.start()
            await until(lambda: talk(kor, heard))
            jpn.heard(EPOCH, hello=True)
            await until(lambda: b"3" in heard.stored)
            assert set(heard.stored) == {b"3"}
        finally:
            for link in (kor, jpn):
                await link.close()
            for server in (broker, other):
                await server.stop()

    asyncio.run(run())
