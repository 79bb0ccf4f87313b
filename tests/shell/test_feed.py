"""The lockstep feed: turns in, answers out, one conductor at a time, the node's own user alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertAction, Order
from beaconfire.kernel.errors import InvalidInput, RunFailed, UsageError
from beaconfire.kernel.records import Detection, Scan
from beaconfire.node import Command, Input, Leave, PolicyLoad, Resume, Suspend
from beaconfire.shell.feed import (
    AlertOrder,
    Answer,
    ClockOrder,
    Conductor,
    Feed,
    PolicyOrder,
    Turn,
    decode_turn,
    order_input,
)

SCAN = Scan(17, "R1", (Detection(time_ns=17, sensor_id="R1", range_m=1e5, azimuth_rad=0.1, elevation_rad=0.2),))


def answer(turn: Turn) -> Answer:
    return Answer(tick=turn.tick, sent={"JPN": turn.tick}, taken={}, missing={})


@asynccontextmanager
async def echo(path: Path) -> AsyncIterator[list[Turn]]:
    """A feed whose every turn is answered at once."""
    feed, seen = Feed(path), list[Turn]()
    await feed.open()

    async def serve() -> None:
        async for turn in feed.turns():
            seen.append(turn)
            feed.answer(answer(turn))

    task = asyncio.create_task(serve())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await feed.close()


def test_turns_are_given_and_answered_in_order(tmp_path: Path) -> None:
    async def run() -> None:
        async with echo(tmp_path / "feed.sock") as seen:
            conductor = await Conductor.connect(tmp_path / "feed.sock")
            turns = [
                Turn(tick=1, time_ns=17, scans=(SCAN,), awaited={"USA": 3}),
                Turn(tick=2, time_ns=18, orders=(PolicyOrder("version = 1"), ClockOrder(trusted=False, offset_s=-3.5))),
                Turn(tick=3, time_ns=19),
            ]
            for turn in turns:
                conductor.give(turn)
                assert await conductor.answer() == answer(turn)
            assert seen == turns
            conductor.close()

    asyncio.run(run())


def test_a_turn_is_one_json_line_of_known_names() -> None:
    line = msgspec.json.encode(Turn(tick=1, time_ns=17, scans=(SCAN,), awaited={"USA": 3}))
    assert msgspec.json.decode(line)["await"] == {"USA": 3}
    assert decode_turn(line).scans == (SCAN,)
    assert decode_turn(b'{"tick": 1, "time_ns": 2}') == Turn(tick=1, time_ns=2)


def test_the_socket_is_the_owners_and_goes_with_the_feed(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "run" / "feed.sock"
        async with echo(path):
            assert path.stat().st_mode & 0o777 == 0o600
        assert not path.exists()

    asyncio.run(run())


def test_one_conductor_after_another(tmp_path: Path) -> None:
    async def run() -> None:
        async with echo(tmp_path / "feed.sock") as seen:
            for tick in (1, 2):
                conductor = await Conductor.connect(tmp_path / "feed.sock")
                conductor.give(Turn(tick=tick, time_ns=tick))
                assert (await conductor.answer()).tick == tick
                conductor.close()
            assert [turn.tick for turn in seen] == [1, 2]

    asyncio.run(run())


@pytest.mark.parametrize(
    "line", [b"nonsense", b"{}", b'{"tick": "x", "time_ns": 1}', b'{"tick":1,"time_ns":2,"new":3}']
)
def test_a_turn_that_is_none_is_refused_and_the_feed_lives_on(tmp_path: Path, line: bytes) -> None:
    async def run() -> None:
        async with echo(tmp_path / "feed.sock"):
            conductor = await Conductor.connect(tmp_path / "feed.sock")
            conductor._writer.write(line + b"\n")
            with pytest.raises(UsageError, match="refused a turn"):
                await conductor.answer()
            conductor.close()
            again = await Conductor.connect(tmp_path / "feed.sock")
            again.give(Turn(tick=5, time_ns=5))
            assert (await again.answer()).tick == 5
            again.close()

    asyncio.run(run())


def test_an_endless_line_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_TURN_BYTES", 1_000)

    async def run() -> None:
        async with echo(tmp_path / "feed.sock") as seen:
            conductor = await Conductor.connect(tmp_path / "feed.sock")
            conductor._writer.write(b"x" * 5_000 + b"\n")
            with pytest.raises((UsageError, RunFailed)):
                await conductor.answer()
            conductor.close()
            assert seen == []

    asyncio.run(run())


def test_no_node_no_feed(tmp_path: Path) -> None:
    async def run() -> None:
        with pytest.raises(RunFailed, match="cannot be reached"):
            await Conductor.connect(tmp_path / "absent.sock")
        with pytest.raises(RunFailed, match="cannot be made"):
            await Feed(Path("/proc/no/feed.sock")).open()

    asyncio.run(run())


def test_a_node_that_ends_is_told(tmp_path: Path) -> None:
    async def run() -> None:
        async with echo(tmp_path / "feed.sock"):
            conductor = await Conductor.connect(tmp_path / "feed.sock")
            conductor.give(Turn(tick=1, time_ns=1))
            await conductor.answer()
        with pytest.raises(RunFailed):
            await conductor.answer()
        conductor.close()

    asyncio.run(run())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_typed_refusal(line: bytes) -> None:
    with pytest.raises(InvalidInput, match="feed"):
        decode_turn(b"[" + line)  # a turn is an object, so none of these is one


def test_an_order_of_the_exercise_enters_as_what_a_person_signed_in_a_session_of_ones_own() -> None:
    signed = Order(
        person="kim", session="somebody else's", action=AlertAction.CANCEL, alert_id="KOR-E1-A1", digest=bytes(32),
        nonce=bytes(16), issued_ns=7, signature=b"s" * 64, words="short",
    )  # fmt: skip
    line = msgspec.json.encode(Turn(tick=1, time_ns=1, orders=(AlertOrder(signed), PolicyOrder("x"))))
    command, policy = (order_input(order) for order in decode_turn(line).orders)
    assert isinstance(command, Command)
    assert (command.person, command.action, command.digest, command.signature) == (
        "kim", "cancel", bytes(32), b"s" * 64
    )  # fmt: skip
    assert command.session == "exercise:kim"
    assert policy == PolicyLoad(b"x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"order":"suspend","partner":"JPN","reason":"r"}', Suspend("JPN", ("exercise",), "r")),
        ('{"order":"resume","partner":"JPN"}', Resume("JPN", b"", ("exercise",))),
        ('{"order":"leave","partner":"JPN"}', Leave("JPN", ("exercise",), "", 0)),
        ('{"order":"leave","partner":"JPN","effective_ns":9}', Leave("JPN", ("exercise",), "", 9)),
    ],
)
def test_a_conductor_orders_partings(text: str, expected: Input) -> None:
    (order,) = decode_turn(f'{{"tick":1,"time_ns":2,"orders":[{text}]}}'.encode()).orders
    assert order_input(order) == expected
