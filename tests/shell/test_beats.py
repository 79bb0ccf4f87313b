"""Hellos, beats and receipts: said in time, after the commit, and not while the disk refuses."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel import wire
from beaconfire.kernel.labels import Realm
from beaconfire.share import Link
from beaconfire.shell import beats
from beaconfire.shell.arrivals import Arrivals
from beaconfire.shell.beats import Beats
from beaconfire.shell.clock import ClockQuality
from tests.shell.support import until

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOW_NS = 1_750_000_000_000_000_000


class LinkDouble:
    def __init__(self) -> None:
        self.connections = 1
        self.said: list[wire.Control] = []
        self.acknowledged = self.woken = 0

    def control(self, kind: str, data: bytes) -> None:
        signed = wire.decode_signed(data)
        KEY.public_key().verify(signed.signature, signed.unsigned)
        words = wire.decode_control(signed.unsigned, realm=Realm.EXERCISE)
        assert type(words).__name__.lower() == kind
        self.said.append(words)

    def acknowledge(self) -> None:
        self.acknowledged += 1

    def wake(self) -> None:
        self.woken += 1


class IntakeDouble:
    def resume(self) -> None:
        """Nothing waits."""


class EngineDouble:
    """An engine whose rows become durable when the test says so."""

    def __init__(self) -> None:
        self.state = self
        self.links = {"JPN": Link(nation="KOR", partner="JPN", realm=Realm.EXERCISE, epoch=5)}
        self.now_ns, self.seq, self.head = NOW_NS, 17, bytes([9] * 32)
        self.trouble: Exception | None = None
        self.disk = asyncio.Event()

    async def durable(self, seq: int) -> None:
        assert seq == self.seq
        await self.disk.wait()


class Bench:
    def __init__(self, engine: Callable[[], Any] | None = None) -> None:
        self.link, self.engine, self.arrivals = LinkDouble(), EngineDouble(), Arrivals()
        doubles: Any = {
            "links": {"JPN": self.link}, "intakes": {"JPN": IntakeDouble()}, "engine": engine or (lambda: self.engine),
        }  # fmt: skip
        self.beats = Beats(key=KEY, arrivals={"JPN": self.arrivals}, **doubles)

    def kinds(self) -> list[str]:
        return [type(words).__name__ for words in self.link.said]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats, "BEAT_S", 0.01)


async def during(bench: Bench, condition: Callable[[], bool]) -> None:
    task = asyncio.create_task(bench.beats.run())
    try:
        await until(condition, timeout_s=5)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_a_new_connection_brings_three_hellos_then_beats_and_receipts_go_on() -> None:
    async def run() -> None:
        bench = Bench()
        bench.engine.disk.set()
        await during(bench, lambda: bench.kinds().count("Receipt") >= 6)
        assert bench.kinds()[:3] == ["Hello", "Beat", "Receipt"]
        assert bench.kinds().count("Hello") == 3
        before = len(bench.link.said)
        bench.link.connections = 2  # the broker was away
        await during(bench, lambda: bench.kinds()[before:].count("Receipt") >= 6)
        assert bench.kinds().count("Hello") == 6
        counters = [words.counter for words in bench.link.said]
        assert counters == sorted(set(counters))

    asyncio.run(run())


def test_who_is_put_out_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the clock, not by a greeting, and not by a receipt that waited for the disk when it was put out."""

    async def run() -> None:
        bench = Bench()
        out: set[str] = set()
        bench.beats._out = out
        task = asyncio.create_task(bench.beats.run())
        await until(lambda: bench.kinds() == ["Hello"])
        out.add("JPN")
        bench.engine.disk.set()
        bench.beats.greet(bench.engine)  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert bench.kinds() == ["Hello"]

    asyncio.run(run())


def test_nothing_is_claimed_before_the_commit() -> None:
    async def run() -> None:
        bench = Bench()
        task = asyncio.create_task(bench.beats.run())
        await asyncio.sleep(0.1)
        assert bench.kinds() == ["Hello"]
        assert bench.link.acknowledged == 0
        bench.engine.disk.set()
        await until(lambda: "Receipt" in bench.kinds() and bench.link.acknowledged > 0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        beat = next(words for words in bench.link.said if isinstance(words, wire.Beat))
        assert (beat.journal_seq, beat.journal_head) == (17, bytes([9] * 32))

    asyncio.run(run())


def test_while_the_disk_refuses_nothing_is_claimed() -> None:
    async def run() -> None:
        bench = Bench()
        bench.engine.trouble = OSError("disk full")
        bench.engine.disk.set()
        await during(bench, lambda: bench.link.woken >= 3)
        assert set(bench.kinds()) == {"Hello"}
        assert bench.link.acknowledged == 0

    asyncio.run(run())


def test_what_waits_for_its_turn_is_not_acknowledged_to_the_broker() -> None:
    async def run() -> None:
        bench = Bench()
        bench.engine.disk.set()
        bench.arrivals._held[1] = Any  # type: ignore[assignment]
        await during(bench, lambda: bench.link.woken >= 3)
        assert bench.link.acknowledged == 0

    asyncio.run(run())


def test_beats_tell_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats, "read_quality", lambda: ClockQuality(True, 1e-3, 1e-2, "none"))

    async def run() -> None:
        bench = Bench()
        bench.engine.disk.set()
        bench.beats.clock_trusted, bench.beats.clock_offset_s = False, -37.0
        await during(bench, lambda: "Beat" in bench.kinds())
        beat = next(words for words in bench.link.said if isinstance(words, wire.Beat))
        assert (beat.clock_trusted, beat.clock_error_s) == (False, 37.0)

    asyncio.run(run())


def test_before_the_first_row_nothing_is_said_and_a_greeting_is_at_once() -> None:
    async def run() -> None:
        bench = Bench(lambda: None)
        task = asyncio.create_task(bench.beats.run())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert bench.kinds() == []
        engine: Any = bench.engine
        bench.beats.greet(engine)
        assert bench.kinds() == ["Hello"]

    asyncio.run(run())
