"""Warnings in the engine: given to the publisher after the commit, and, only then marked, while the disk refuses."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.alerts import Approved, MessageKind
from beaconfire.node import Effect, Input, Publish, Tick
from beaconfire.shell.engine import Engine
from beaconfire.shell.store import Reader
from tests.shell.support import Told, open_store, until

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def warn_always(state: int, item: Input, *, now_ns: int) -> tuple[int, list[Effect]]:
    state += 1
    approved = Approved(
        alert_id="A", identifier=f"M{state}", kind=MessageKind.SHELTER, digest=bytes(32), unsigned=b"",
        channels=("files",), approved_by=("aoki", "baba"),
    )  # fmt: skip
    return state, [Publish(approved)]


class Publisher:
    """Notes what it is given and how many rows the journal held at that moment."""

    def __init__(self, path: Path) -> None:
        self.given: list[tuple[str, bool]] = []
        self.rows: list[int] = []
        self._path = path

    def publish(self, approved: Approved, *, recorded: bool) -> None:
        reader = Reader(self._path)
        self.rows.append(len(list(reader.rows())))
        reader.close()
        self.given.append((approved.identifier, recorded))


class Pane:
    def __init__(self) -> None:
        self.durable: list[bool] = []

    def show(self, *, seq: int, now_ns: int, effects: Sequence[Effect], durable: bool) -> None:
        self.durable.append(durable)

    def close(self) -> None:
        """Nothing to end."""


class Bench:
    """An engine on a real journal whose callbacks come in the loop's thread."""

    def __init__(self, path: Path) -> None:
        loop = asyncio.get_running_loop()
        self.store, self.told = open_store(path)
        self.publisher, self.pane = Publisher(path), Pane()
        self.engine: Engine[Any] = Engine(
            0, warn_always, store=self.store, key=KEY, links={}, windows=[self.pane], publisher=self.publisher
        )
        self.store._committed = lambda seq: _hand_over(loop, self.engine.committed, seq)
        self.store._troubled = lambda error: _hand_over(loop, self.engine.troubled, error)


def _hand_over(loop: asyncio.AbstractEventLoop, function: Any, argument: object) -> None:
    loop.call_soon_threadsafe(function, argument)


def test_a_warning_goes_out_after_its_row_is_on_disk(tmp_path: Path) -> None:
    async def run() -> None:
        bench = Bench(tmp_path / "journal.sqlite")
        for number in range(1, 4):
            seq = bench.engine.do(Tick(), now_ns=number)
            assert len(bench.publisher.given) < number
            assert bench.engine.warns
            await bench.engine.durable(seq)
        assert bench.publisher.given == [("M1", True), ("M2", True), ("M3", True)]
        assert [rows >= index for index, rows in enumerate(bench.publisher.rows, start=1)] == [True] * 3
        assert not bench.engine.warns
        bench.store.close()

    asyncio.run(run())


def test_while_the_disk_refuses_the_publisher_decides_and_is_told(tmp_path: Path) -> None:
    """Wall 3: shown as not durable, offered as not recorded; offered again, recorded, when the disk takes rows."""
    path = tmp_path / "journal.sqlite"

    async def run() -> None:
        bench = Bench(path)
        await bench.engine.durable(bench.engine.do(Tick(), now_ns=1))
        lock = sqlite3.connect(path, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        bench.engine.do(Tick(), now_ns=2)
        await until(lambda: bench.engine.trouble is not None)
        bench.engine.do(Tick(), now_ns=3)
        assert bench.publisher.given == [("M1", True), ("M2", False), ("M3", False)]
        assert bench.pane.durable == [True, False, False]
        lock.execute("ROLLBACK")
        lock.close()
        await until(lambda: bench.engine.trouble is None and bench.engine.backlog == 0)
        assert bench.publisher.given[3:] == [("M2", True), ("M3", True)]
        assert bench.pane.durable == [True, False, False]
        bench.store.close()

    asyncio.run(run())


def test_without_a_publisher_nobody_is_warned(tmp_path: Path) -> None:
    async def run() -> int:
        store, told = open_store(tmp_path / "journal.sqlite")
        engine: Engine[Any] = Engine(0, warn_always, store=store, key=KEY, links={}, windows=[])
        seq = engine.do(Tick(), now_ns=1)
        await asyncio.to_thread(_wait, told, seq)
        engine.committed(seq)
        store.close()
        return engine.backlog

    assert asyncio.run(run()) == 0


def _wait(told: Told, seq: int) -> None:
    told.wait_for(seq)
