"""Nodes as child processes: started, driven in lockstep, lost by name, ended."""

import asyncio
import os
import signal
import socket
import time
from pathlib import Path

import psutil
import pytest

from beaconfire.kernel.errors import RunFailed
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.feed import Answer, Turn
from beaconfire.shell.fleet import Fleet
from beaconfire.shell.verify import verify_journal
from tests.shell.test_node import START_NS, TICK_NS, new_nodes


async def play(fleet: Fleet, first: int, last: int) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for tick in range(first, last + 1):
        turn = Turn(tick=tick, time_ns=START_NS + tick * TICK_NS)
        answers = await fleet.turn(dict.fromkeys(fleet.living, turn))
    return answers


def server_of(fleet: Fleet, nation: str) -> psutil.Process:
    (server,) = psutil.Process(fleet.children[nation].process.pid).children()
    assert "nats-server" in server.name()
    return server


def test_two_nodes_run_and_end_with_whole_journals(tmp_path: Path) -> None:
    configs = new_nodes(tmp_path, "JPN", "KOR")

    async def run() -> None:
        fleet = Fleet()
        await fleet.start(configs)
        assert fleet.living == ("JPN", "KOR")
        answers = await play(fleet, 0, 30)
        assert {nation: answer.tick for nation, answer in answers.items()} == {"JPN": 30, "KOR": 30}
        servers = [server_of(fleet, nation) for nation in fleet.living]
        assert await fleet.stop() == {"JPN": 0, "KOR": 0}
        assert not any(server.is_running() for server in servers)

    asyncio.run(run())
    for config in configs:
        data = config.path("data")
        assert sorted(path.name for path in data.iterdir()) == ["broker", "journal.sqlite"]  # folded into one file
        report = verify_journal(data / "journal.sqlite")
        assert report.rows >= 32
        assert report.replayed


def test_a_killed_node_is_lost_and_named_and_takes_its_server_along(tmp_path: Path) -> None:
    configs = new_nodes(tmp_path, "JPN", "KOR")

    async def run() -> None:
        fleet = Fleet()
        await fleet.start(configs)
        await play(fleet, 0, 5)
        server = server_of(fleet, "KOR")
        os.kill(fleet.children["KOR"].process.pid, signal.SIGKILL)
        answers = await play(fleet, 6, 10)
        assert set(answers) == {"JPN"}
        assert fleet.living == ("JPN",)
        assert fleet.children["KOR"].lost
        codes = await fleet.stop()
        assert (codes["JPN"], codes["KOR"]) == (0, -signal.SIGKILL)
        deadline_s = time.monotonic() + 10
        while server.is_running() and server.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline_s
            await asyncio.sleep(0.05)

    asyncio.run(run())
    assert verify_journal(configs[1].path("data") / "journal.sqlite").rows >= 6  # what was committed is whole


def test_a_silent_node_is_lost_after_the_written_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beaconfire.shell.fleet.SILENCE_S", 4.0)  # a node that lives answers even on a busy machine
    configs = new_nodes(tmp_path, "JPN", "KOR")

    async def run() -> None:
        fleet = Fleet()
        await fleet.start(configs)
        await play(fleet, 0, 2)
        process = fleet.children["KOR"].process
        process.send_signal(signal.SIGSTOP)
        try:
            answers = await play(fleet, 3, 4)
            assert set(answers) == {"JPN"}
            assert "did not answer" in fleet.children["KOR"].lost
        finally:
            process.send_signal(signal.SIGCONT)
            await fleet.stop()

    asyncio.run(run())


@pytest.mark.parametrize("name", ["client_port", "link_port"])
def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    configs = new_nodes(tmp_path, "JPN", "KOR")

    async def run(port: int) -> None:
        fleet = Fleet()
        with pytest.raises(RunFailed, match=f"node KOR did not start: .*port {port}"):
            await fleet.start(configs)
        assert all(child.process.returncode is not None for child in fleet.children.values())

    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = getattr(configs[1].broker, name)
        other.bind(("127.0.0.1", port))
        other.listen()
        asyncio.run(run(port))


def test_a_broken_configuration_is_told_by_the_child(tmp_path: Path) -> None:
    (config,) = new_nodes(tmp_path, "KOR")
    path = Path(config.folder) / "policy.toml"
    path.write_text("[[grant\n")

    async def run(config: NodeConfig) -> None:
        with pytest.raises(RunFailed, match=r"policy\.toml"):
            await Fleet().start([config])

    asyncio.run(run(config))
