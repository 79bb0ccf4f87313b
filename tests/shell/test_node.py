"""Whole nodes in this process: real keys, servers, links, journals; only the scans' meaning is made up.

`chatty` is the real step, but each own scan is a launch that the policy lets go to every partner.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest

from beaconfire.kernel.errors import InvalidInput, PortInUse, Violation
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, LaunchBody, Product
from beaconfire.kernel.records import CLASSES, KINDS, EventStatus, Scan
from beaconfire.node import (
    ClockTrouble,
    Effect,
    EnvelopeIn,
    Input,
    NodeState,
    PolicyLoad,
    Restart,
    ScanIn,
    decode_input,
    step,
)
from beaconfire.node.membership import time_passed
from beaconfire.node.outbound import offer
from beaconfire.release import preset
from beaconfire.shell.bundles import exchange_bundles
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig
from beaconfire.shell.feed import Answer, ClockOrder, Conductor, Order, PolicyOrder, Turn
from beaconfire.shell.loop import Node
from beaconfire.shell.setup import init_node
from beaconfire.shell.store import Reader, decode_record
from beaconfire.shell.verify import verify_journal
from tests.shell.support import free_port, until

START_NS = 1_736_132_400_000_000_000
TICK_NS = 100_000_000


def launch(event: str, revision: int, now_ns: int, nation: str) -> Product:
    body = LaunchBody(
        event=event, time_ns=now_ns, time_sigma_s=1.0, latitude_deg=39.0, longitude_deg=126.0,
        covariance_m2=(1e6, 0.0, 1e6), status=EventStatus.CONFIRMED, count_at_least=1, count_probability=0.9,
        classes=tuple(1.0 / len(CLASSES) for _ in CLASSES), kinds=tuple(1.0 / len(KINDS) for _ in KINDS),
    )  # fmt: skip
    return Product(Kind.LAUNCH, event, revision, now_ns, body, (nation,), ("R1",), urgent=True)


def chatty(state: NodeState, item: Input, *, now_ns: int) -> tuple[NodeState, Sequence[Effect]]:
    if not isinstance(item, ScanIn):
        return step(state, item, now_ns=now_ns)
    state.now_ns = max(state.now_ns, now_ns)
    gone = time_passed(state)
    return state, gone + offer(state, launch(f"E{now_ns}", 1, now_ns, state.genesis.nation), tuple(state.links))


def new_nodes(root: Path, *nations: str) -> list[NodeConfig]:
    configs = []
    for nation in nations:
        port = free_port()
        partners = [other for other in nations if other != nation]
        configs.append(
            init_node(
                root / nation, nation, Realm.EXERCISE, feed="feed.sock", console=ConsoleConfig(port=0),
                policy_toml=preset("default", nation=nation, partners=partners, realm=Realm.EXERCISE),
                broker=BrokerConfig(client_port=free_port(), link_port=port, address=f"127.0.0.1:{port}"),
            )
        )  # fmt: skip
    exchange_bundles(configs)
    return configs


class Play:
    """A conductor's side of several nodes."""

    def __init__(self, conductors: dict[str, Conductor]) -> None:
        self.conductors = conductors
        self.sent: dict[str, dict[str, int]] = {nation: {} for nation in conductors}
        self.epochs: dict[str, dict[str, int]] = {}
        self.tick = 0

    async def order(self, nation: str, *orders: Order) -> dict[str, Answer]:
        """One turn in which one nation is given orders."""
        return await self.turn(ordered=nation, orders=orders)

    async def turn(
        self, *watchers: str, orders: tuple[Order, ...] = (), ordered: str | None = None
    ) -> dict[str, Answer]:
        """One turn; every nation in `watchers` gets one empty scan; the orders are `ordered`'s, or everybody's."""
        now_ns = START_NS + self.tick * TICK_NS
        for nation, conductor in self.conductors.items():
            awaited = {other: words.get(nation, 0) for other, words in self.sent.items() if other != nation}
            scans = (Scan(now_ns, "R1", ()),) if nation in watchers else ()
            given = orders if ordered in (None, nation) else ()
            epochs = {other: words.get(nation, 0) for other, words in self.epochs.items() if other != nation}
            conductor.give(
                Turn(tick=self.tick, time_ns=now_ns, scans=scans, awaited=awaited, epochs=epochs, orders=given)
            )
        answers = {nation: await conductor.answer() for nation, conductor in self.conductors.items()}
        self.sent.update({nation: answer.sent for nation, answer in answers.items()})
        self.epochs.update({nation: answer.epochs for nation, answer in answers.items()})
        self.tick += 1
        return answers


@asynccontextmanager
async def running(*configs: NodeConfig) -> AsyncIterator[tuple[Play, dict[str, Node]]]:
    nodes = {config.nation: Node(config, passphrase=None, step=chatty) for config in configs}
    ready = dict.fromkeys(nodes, False)
    tasks = [asyncio.create_task(node.run(partial(ready.__setitem__, nation, True))) for nation, node in nodes.items()]
    try:
        await until(lambda: all(ready.values()) or any(task.done() for task in tasks))
        for task in tasks:
            if task.done():
                task.result()
        play = Play({config.nation: await Conductor.connect(config.path(config.feed)) for config in configs})
        yield play, nodes
        for conductor in play.conductors.values():
            conductor.close()
    finally:
        for node in nodes.values():
            node.stop()
        with contextlib.suppress(PortInUse, InvalidInput, Violation):
            await asyncio.gather(*tasks)


def inputs(config: NodeConfig) -> list[Input]:
    reader = Reader(config.path(config.data) / "journal.sqlite")
    try:
        return [decode_input(decode_record(row, where="").item) for row in reader.rows()]
    finally:
        reader.close()


def test_three_nodes_share_in_lockstep(tmp_path: Path) -> None:
    configs = new_nodes(tmp_path, "JPN", "KOR", "USA")

    async def run() -> None:
        async with running(*configs) as (play, nodes):
            for number in range(20):
                answers = await play.turn("KOR") if number % 2 else await play.turn("JPN", "USA")
                assert all(answer.missing == {} for answer in answers.values())
            answers = await play.turn()
            assert answers["KOR"].sent == {"JPN": 10, "USA": 10}
            assert answers["JPN"].taken == {"KOR": 10, "USA": 10}
            assert {nation: node.trouble for nation, node in nodes.items()} == dict.fromkeys(nodes)

    asyncio.run(run())
    for config in configs:
        envelopes = [item for item in inputs(config) if isinstance(item, EnvelopeIn)]
        assert len(envelopes) == 20
        numbers = [msgspec.msgpack.decode(item.envelope)[6] for item in envelopes if item.partner != "KOR"]
        assert numbers == sorted(numbers) or config.nation == "KOR"


def test_the_same_turns_give_the_same_decisions(tmp_path: Path) -> None:
    """Envelopes are taken at their turn in the order of their numbers, whatever the network did."""
    orders: list[list[str]] = []
    for attempt in ("a", "b"):
        configs = new_nodes(tmp_path / attempt, "JPN", "KOR")

        async def run(configs: list[NodeConfig] = configs) -> None:
            async with running(*configs) as (play, _):
                for _ in range(10):
                    await play.turn("JPN", "KOR")

        asyncio.run(run())
        kinds = [type(item).__name__ for item in inputs(configs[0]) if type(item).__name__ != "ControlIn"]
        orders.append(kinds)
    assert orders[0] == orders[1]
    assert orders[0].count("EnvelopeIn") == 9


def test_a_killed_server_stops_nothing(tmp_path: Path) -> None:
    configs = new_nodes(tmp_path, "JPN", "KOR")

    async def run() -> None:
        async with running(*configs) as (play, nodes):
            for number in range(40):
                await play.turn("JPN", "KOR")
                if number in (10, 25):
                    broker = nodes["JPN" if number == 10 else "KOR"]._joined.broker
                    assert broker is not None
                    assert broker.pid is not None
                    os.kill(broker.pid, signal.SIGKILL)
            for _ in range(600):
                answers = await play.turn()
                if answers["JPN"].taken == answers["KOR"].taken == {"JPN": 40} | {"KOR": 40}:
                    break
                if answers["JPN"].taken["KOR"] == 40 and answers["KOR"].taken["JPN"] == 40:
                    break
                await asyncio.sleep(0.02)
            assert answers["JPN"].taken == {"KOR": 40}
            assert answers["KOR"].taken == {"JPN": 40}

    asyncio.run(run())
    for config in configs:
        taken = {item.envelope for item in inputs(config) if isinstance(item, EnvelopeIn)}
        assert len(taken) == 40  # nothing lost


def test_a_node_goes_on_from_its_journal(tmp_path: Path) -> None:
    configs = new_nodes(tmp_path, "JPN", "KOR")

    async def run(turns: int) -> dict[str, Answer]:
        async with running(*configs) as (play, _):
            play.tick = turns
            for _ in range(5):
                answers = await play.turn("KOR")
            return answers

    first = asyncio.run(run(0))
    second = asyncio.run(run(100))
    assert first["KOR"].sent == {"JPN": 5}
    rows = inputs(configs[1])
    assert sum(isinstance(item, Restart) for item in rows) == 1
    assert sum(isinstance(item, ScanIn) for item in rows) == 10
    assert second["KOR"].sent["JPN"] >= 5  # a new epoch counts from one, unreceipted records again
    with pytest.raises(Violation, match="row 2: decided otherwise"):  # the made-up step is not the real one
        verify_journal(configs[1].path("data") / "journal.sqlite")


def test_orders_become_inputs(tmp_path: Path) -> None:
    (config,) = new_nodes(tmp_path, "KOR")
    closed = preset("closed", nation="KOR", partners=(), realm=Realm.EXERCISE)

    async def run() -> None:
        async with running(config) as (play, _):
            await play.turn()
            await play.turn(orders=(PolicyOrder(closed.decode()), ClockOrder(trusted=False, offset_s=18.0)))

    asyncio.run(run())
    assert PolicyLoad(closed) in inputs(config)
    assert [type(item).__name__ for item in inputs(config)] == [
        "Genesis", "Tick", "PolicyLoad", "ClockTrouble", "Tick",
    ]  # fmt: skip


def test_without_a_feed_the_clock_drives_the_node(tmp_path: Path) -> None:
    (config,) = new_nodes(tmp_path, "KOR")
    config = msgspec.structs.replace(config, feed="")

    async def run() -> None:
        node = Node(config, passphrase=None)
        task = asyncio.create_task(node.run(lambda: None))
        await asyncio.sleep(1.0)
        node.stop()
        await task

    asyncio.run(run())
    reader = Reader(config.path("data") / "journal.sqlite")
    times = [decode_record(row, where="").now_ns for row in reader.rows()]
    reader.close()
    assert len(times) >= 3
    assert times == sorted(times)


def test_a_clock_that_was_not_trusted_is_looked_at_anew_after_a_restart(tmp_path: Path) -> None:
    (config,) = new_nodes(tmp_path, "KOR")

    async def run() -> None:
        async with running(config) as (play, _):
            await play.turn(orders=(ClockOrder(trusted=False, offset_s=18.0),))
        node = Node(msgspec.structs.replace(config, feed=""), passphrase=None)
        task = asyncio.create_task(node.run(lambda: None))
        await until(lambda: node.trouble is not None or len(inputs(config)) > 5 or task.done())
        node.stop()
        await task

    asyncio.run(run())
    troubles = [item for item in inputs(config) if isinstance(item, ClockTrouble)]
    assert [item.trusted for item in troubles] == [False, True]


def test_a_port_in_use_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    (config,) = new_nodes(tmp_path, "KOR")

    async def run() -> None:
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", config.broker.client_port)
        async with server:
            with pytest.raises(PortInUse, match=str(config.broker.client_port)):
                await Node(config, passphrase=None).run(lambda: None)

    asyncio.run(run())
    assert not (config.path("data") / "journal.sqlite").exists()


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("policy.toml", 'version = 1\nnation = "KOR"\n[[grant]]\npartner = "JPN"\n', "policy.toml"),
        ("sensors.toml", "[[sensor]]\nid = 7\n", "sensors.toml"),
    ],
)
def test_wrong_files_fail_before_anything_runs(tmp_path: Path, name: str, text: str, fault: str) -> None:
    (config,) = new_nodes(tmp_path, "KOR")
    (Path(config.folder) / name).write_text(text)

    async def run() -> None:
        with pytest.raises(InvalidInput, match=fault):
            await Node(config, passphrase=None).run(lambda: None)

    asyncio.run(run())
    assert not (config.path("data") / "journal.sqlite").exists()


def test_keys_of_the_other_realm_do_not_start(tmp_path: Path) -> None:
    (config,) = new_nodes(tmp_path, "KOR")
    with pytest.raises(InvalidInput, match="is for realm EXERCISE"):
        Node(msgspec.structs.replace(config, realm=Realm.LIVE, feed=""), passphrase=None)
