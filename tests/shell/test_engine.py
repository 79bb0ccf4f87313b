"""Step, journal, send, show: in that order, and what happens when the disk refuses."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel import wire
from beaconfire.kernel.labels import Realm
from beaconfire.node import (
    Admit,
    Cut,
    Effect,
    Input,
    PolicyLoad,
    Purge,
    Send,
    ShowAudit,
    Tell,
    Tick,
    decode_input,
    digest,
)
from beaconfire.shell.engine import Engine
from beaconfire.shell.store import Reader, decode_record
from beaconfire.shell.topology import Lane
from tests.shell.support import Told, open_store, until

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


class LinkDouble:
    """Notes what it is given, and what the journal held at that moment."""

    def __init__(self, path: Path) -> None:
        self.lane = Lane("KOR", "JPN", realm=Realm.EXERCISE, epoch=5)
        self.published: list[tuple[str, bytes, int]] = []
        self.purged: list[int] = []
        self.durable_rows: list[int] = []
        self._path = path

    def publish(self, subject: str, data: bytes, *, generation: int) -> None:
        reader = Reader(self._path)
        self.durable_rows.append(len(list(reader.rows())))
        reader.close()
        self.published.append((subject, data, generation))

    def purge(self, *, generation: int) -> None:
        self.purged.append(generation)


class Pane:
    def __init__(self) -> None:
        self.shown: list[tuple[int, bool, int]] = []

    def show(self, *, seq: int, now_ns: int, effects: Sequence[Effect], durable: bool) -> None:
        self.shown.append((seq, durable, len(effects)))

    def close(self) -> None:
        self.shown.append((-1, True, 0))


def count_up(state: int, item: Input, *, now_ns: int) -> tuple[int, list[Effect]]:
    """A step: every policy is a purge and a void, everything else one launch sent."""
    state += 1
    if isinstance(item, PolicyLoad):
        return state, [Purge("JPN", 2), Send("JPN", state, 2, "void", "link", "bf.void", b"void")]
    row = ShowAudit(now_ns, "JPN", "launch", "E1", "released", "rule", "")
    return state, [Send("JPN", state, 1, "launch", "E1", "bf.launch.E1", b"unsigned %d" % state), row]


class Bench:
    def __init__(self, path: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self.store, told = open_store(path)
        self.store._committed, self.store._troubled = self._committed, self._troubled
        self.link, self.pane, self.told = LinkDouble(path), Pane(), told
        links: Any = {"JPN": self.link}
        self.engine = Engine(0, count_up, store=self.store, key=KEY, links=links, windows=[self.pane])

    def _committed(self, seq: int) -> None:
        self._loop.call_soon_threadsafe(self._done, seq)

    def _troubled(self, error: Exception | None) -> None:
        self._loop.call_soon_threadsafe(self._trouble, error)

    def _done(self, seq: int) -> None:
        self.engine.committed(seq)
        self.told.committed(seq)

    def _trouble(self, error: Exception | None) -> None:
        self.engine.troubled(error)
        self.told.troubled(error)


def test_nothing_is_published_before_its_row_is_on_disk(tmp_path: Path) -> None:
    async def run() -> None:
        bench = Bench(tmp_path / "journal.sqlite")
        for number in range(1, 6):
            seq = bench.engine.do(Tick(), now_ns=number)
            assert bench.engine.backlog >= 1
            assert len(bench.link.published) < seq
            await bench.engine.durable(seq)
        assert [rows >= index for index, rows in enumerate(bench.link.durable_rows, start=1)] == [True] * 5
        assert len(bench.link.published) == 5
        assert bench.pane.shown == [(seq, True, 2) for seq in range(1, 6)]
        bench.store.close()

    asyncio.run(run())


def test_what_is_published_is_signed_and_goes_under_its_subject(tmp_path: Path) -> None:
    async def run() -> None:
        bench = Bench(tmp_path / "journal.sqlite")
        bench.engine.do(Tick(), now_ns=1)
        await bench.engine.durable(bench.engine.do(PolicyLoad(b""), now_ns=2))
        (launch, void) = bench.link.published
        assert (launch[0], launch[2]) == ("bf.launch.E1", 1)
        assert (void[0], void[2]) == ("bf.void", 2)
        signed = wire.decode_signed(launch[1])
        assert signed.unsigned == b"unsigned 1"
        KEY.public_key().verify(signed.signature, signed.unsigned)
        assert bench.link.purged == [2]
        bench.store.close()

    asyncio.run(run())


def test_rows_hold_the_input_and_the_digest_of_the_effects(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "journal.sqlite"
        bench = Bench(path)
        await bench.engine.durable(bench.engine.do(Tick(), now_ns=17))
        bench.store.close()
        reader = Reader(path)
        (row,) = reader.rows()
        record = decode_record(row, where="")
        assert (decode_input(record.item), record.now_ns) == (Tick(), 17)
        assert record.digest == digest(count_up(0, Tick(), now_ns=17)[1])
        reader.close()

    asyncio.run(run())


def test_while_the_disk_refuses_showing_goes_on_and_sending_stops(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "journal.sqlite"
        bench = Bench(path)
        await bench.engine.durable(bench.engine.do(Tick(), now_ns=1))
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        await bench.engine.durable(bench.engine.do(Tick(), now_ns=2))  # returns with the trouble, not never
        assert bench.engine.trouble is not None
        bench.engine.do(Tick(), now_ns=3)
        assert bench.pane.shown == [(1, True, 2), (2, False, 2), (3, False, 2)]
        assert len(bench.link.published) == 1
        blocker.execute("ROLLBACK")
        blocker.close()
        await until(lambda: bench.engine.trouble is None and bench.engine.backlog == 0)
        assert [data for _, data, _ in bench.link.published] != []
        assert len(bench.link.published) == 3
        assert len(bench.pane.shown) == 3  # nothing is shown twice
        bench.store.close()

    asyncio.run(run())


def test_an_error_while_carrying_out_is_not_lost(tmp_path: Path) -> None:
    async def run() -> None:
        bench = Bench(tmp_path / "journal.sqlite")

        def fail(subject: str, data: bytes, *, generation: int) -> None:
            raise ZeroDivisionError

        bench.link.publish = fail  # type: ignore[method-assign]
        with pytest.raises(ZeroDivisionError):
            await bench.engine.durable(bench.engine.do(Tick(), now_ns=1))
        bench.store.close()

    asyncio.run(run())


def test_told_is_used() -> None:
    assert Told().seqs == []


def test_what_is_decided_of_partners_is_carried_out_after_the_commit_and_in_order(tmp_path: Path) -> None:
    async def run() -> None:
        store, _ = open_store(tmp_path / "other.sqlite")
        effects: tuple[Effect, ...] = (
            Tell("JPN", "suspend", "subject", b"words"),
            Cut("JPN", "suspended"),
            Admit("USA", bytes(32)),
        )
        done: list[Effect] = []
        engine: Engine[int] = Engine(
            0, lambda state, item, now_ns: (state, effects), store=store, key=KEY, links={}, windows=(),
            membership=SimpleNamespace(carry_out=done.append),
        )  # fmt: skip
        seq = engine.do(Tick(), now_ns=1)
        assert done == [], "nothing before it is on disk"
        engine.committed(seq)
        assert done == list(effects)
        gone = Send("JPN", 1, 1, "launch", "E", "subject", b"unsigned")
        effects = (Purge("JPN", 2), gone)  # who left has no link: that is no fault
        engine.committed(engine.do(Tick(), now_ns=2))
        assert engine.failed is None
        store.close()

    asyncio.run(run())
