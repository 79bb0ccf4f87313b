"""What a partner's server can do to ours through the leaf link: hear and say what was meant for it, nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from beaconfire.shell.config import NodeConfig
from beaconfire.shell.link import PartnerLink, client_context
from beaconfire.shell.topology import Lane
from tests.shell.support import EPOCH, Heard, make_broker, make_link, make_nations, until

_API = (
    "INFO", "ACCOUNT.PURGE.X", "META.LEADER.STEPDOWN", "META.SERVER.PEER.REMOVE", "SERVER.REMOVE", "STREAM.NAMES",
    "STREAM.LIST", "STREAM.CREATE.MINE", "STREAM.UPDATE.{log}", "STREAM.INFO.{log}", "STREAM.DELETE.{log}",
    "STREAM.PURGE.{log}", "STREAM.PURGE.{now}", "STREAM.PURGE.{inbox}", "STREAM.DELETE.{inbox}", "STREAM.INFO.{inbox}",
    "STREAM.SNAPSHOT.{log}", "STREAM.RESTORE.MINE", "STREAM.MSG.GET.{log}", "STREAM.MSG.DELETE.{log}",
    "STREAM.PEER.REMOVE.{log}", "STREAM.LEADER.STEPDOWN.{log}", "STREAM.TEMPLATE.NAMES", "DIRECT.GET.{log}",
    "DIRECT.GET.{inbox}", "CONSUMER.NAMES.{log}", "CONSUMER.LIST.{log}", "CONSUMER.LIST.{inbox}",
    "CONSUMER.INFO.{inbox}.intake", "CONSUMER.DELETE.{inbox}.intake", "CONSUMER.CREATE.{inbox}",
    "CONSUMER.CREATE.{inbox}.mine", "CONSUMER.DURABLE.CREATE.{log}.mine", "CONSUMER.DURABLE.CREATE.{inbox}.mine",
    "CONSUMER.MSG.NEXT.{inbox}.intake", "CONSUMER.LEADER.STEPDOWN.{inbox}.intake", "CONSUMER.PAUSE.{inbox}.intake",
    "CONSUMER.UNPIN.{inbox}.intake", "CONSUMER.RESET.{inbox}.intake",
)  # fmt: skip


@dataclass
class Nation:
    """One side: its own client in the boundary account, which sees everything that enters it."""

    config: NodeConfig
    lane: Lane
    client: Client
    seen: list[str] = field(default_factory=list)

    async def watch(self) -> None:
        async def note(message: Msg) -> None:
            if message.data != b"kept":  # deliveries of the streams are seen under their first subject
                self.seen.append(message.subject)

        await self.client.subscribe(">", cb=note)
        await self.client.flush()

    async def streams(self) -> dict[str, int]:
        infos = await self.client.jetstream().streams_info()
        return {str(info.config.name): info.state.messages for info in infos}


@asynccontextmanager
async def joined(root: Path) -> AsyncIterator[dict[str, Nation]]:
    """JPN (listens) and KOR (dials), joined and with full streams."""
    async with contextlib.AsyncExitStack() as stack:
        links, nations = {}, {}
        for config, partner in zip(make_nations(root, "JPN", "KOR"), ("KOR", "JPN"), strict=True):
            broker = make_broker(config)
            await broker.start()
            stack.push_async_callback(broker.stop)
            link, heard = make_link(config, partner, broker)
            link.start()
            stack.push_async_callback(link.close)
            links[config.nation] = (link, heard)
            client = await nats.connect(
                f"tls://127.0.0.1:{config.broker.client_port}",
                tls=client_context(f"{config.folder}/tls", f"node-{partner}"), tls_hostname="localhost",
            )  # fmt: skip
            stack.push_async_callback(client.close)
            lane = Lane(config.nation, partner, realm=config.realm, epoch=EPOCH)
            nations[config.nation] = Nation(config, lane, client)
        for link, heard in links.values():
            other = next(item for item, _ in links.values() if item is not link)
            await until(partial(_greeted, other, heard))
            link.heard(EPOCH, hello=True)
            link.publish(f"{link.lane.sent}.track.T", b"kept", generation=0)
        for _, heard in links.values():
            await until(partial(_kept_twice, heard))  # by LOG and by NOW
        yield nations


def _greeted(other: PartnerLink, heard: Heard) -> bool:
    other.control("hello", b"hello")
    return bool(heard.control)


def _kept_twice(heard: Heard) -> bool:
    return heard.stored.count(b"kept") == 2


@pytest.mark.parametrize(("attacker", "victim"), [("KOR", "JPN"), ("JPN", "KOR")])
def test_no_administrative_call_crosses_the_link(tmp_path: Path, attacker: str, victim: str) -> None:
    async def run() -> None:
        async with joined(tmp_path) as nations:
            before = await nations[victim].streams()
            answers: list[str] = []

            async def note(message: Msg) -> None:
                if not message.headers or message.headers.get("Status") != "503":  # 503: nobody there to ask
                    answers.append(f"{message.subject} {message.data[:80]!r}")

            client, lane = nations[attacker].client, nations[victim].lane
            await client.subscribe("_INBOX.attack.*", cb=note)
            names = {"log": lane.log, "now": lane.now, "inbox": lane.inbox}
            for number, call in enumerate(_API):
                subject = f"$JS.{victim}.API.{call.format(**names)}"
                await client.publish(subject, b"{}", reply=f"_INBOX.attack.{number}")
            await client.flush()
            await asyncio.sleep(1.0)
            assert answers == []
            assert await nations[victim].streams() == before

    asyncio.run(run())


def test_the_listener_lets_nothing_else_in(tmp_path: Path) -> None:
    """Neither another nation's words, nor the other realm's, nor our own, nor anything unnamed."""

    async def run() -> None:
        async with joined(tmp_path) as nations:
            jpn, kor = nations["JPN"], nations["KOR"]
            before = (await jpn.streams())[jpn.lane.log]
            await jpn.watch()
            await asyncio.sleep(0.3)  # the interest has to cross
            tried = (
                "bf.EXERCISE.rel.JPN.KOR.track.T", "bf.EXERCISE.rel.USA.JPN.track.T", "bf.LIVE.rel.KOR.JPN.track.T",
                "bf.EXERCISE.ctl.USA.JPN.beat", "bf-own.KOR.acks.1", "$JS.ACK.IN_KOR.intake.1.1.1.1.0", "anything",
                "_INBOX.x.1",
            )  # fmt: skip
            for subject in tried:
                await kor.client.publish(subject, b"x")
            await kor.client.publish("bf.EXERCISE.ctl.KOR.JPN.beat", b"the last one, allowed")
            await kor.client.flush()
            await until(lambda: "bf.EXERCISE.ctl.KOR.JPN.beat" in jpn.seen)
            assert set(tried) & set(jpn.seen) == set()
            assert (await jpn.streams())[jpn.lane.log] == before

    asyncio.run(run())


def test_the_dialer_keeps_its_own_affairs(tmp_path: Path) -> None:
    """A dialer has a deny list only: acknowledgements and replies to its own client are on it."""

    async def run() -> None:
        async with joined(tmp_path) as nations:
            jpn, kor = nations["JPN"], nations["KOR"]
            await kor.watch()
            await asyncio.sleep(0.3)
            for subject in ("bf-own.JPN.acks.1", "$JS.ACK.IN_JPN.intake.1.1.1.1.0", "_INBOX.x.1"):
                await jpn.client.publish(subject, b"x")
            await jpn.client.publish("bf.EXERCISE.ctl.JPN.KOR.beat", b"the last one, allowed")
            await jpn.client.flush()
            await until(lambda: "bf.EXERCISE.ctl.JPN.KOR.beat" in kor.seen)
            private = [subject for subject in kor.seen if subject.startswith(("bf-own", "$JS.ACK", "_INBOX"))]
            assert private == []

    asyncio.run(run())


def test_what_stays_in_the_nation_never_reaches_the_partner(tmp_path: Path) -> None:
    async def run() -> None:
        async with joined(tmp_path) as nations:
            jpn, kor = nations["JPN"], nations["KOR"]
            await kor.watch()
            await asyncio.sleep(0.3)
            for subject in ("bf.EXERCISE.rel.JPN.USA.track.T", "bf.EXERCISE.rel.KOR.JPN.track.T", "inside.picture"):
                await jpn.client.publish(subject, b"x")
            await jpn.client.publish("bf.EXERCISE.rel.JPN.KOR.track.T", b"the last one, allowed")
            await jpn.client.flush()
            await until(lambda: "bf.EXERCISE.rel.JPN.KOR.track.T" in kor.seen)
            heard = [subject for subject in kor.seen if not subject.startswith(("bf.EXERCISE.src", "$JS", "bf-own"))]
            assert set(heard) == {"bf.EXERCISE.rel.JPN.KOR.track.T"}

    asyncio.run(run())
