"""The local socket: who may knock, what is understood, how an order comes back as an outcome, and what is bounded."""

import asyncio
import json
import os
import socket
import stat
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertAction, AlertRow, AlertStatus, Order
from beaconfire.kernel.errors import RunFailed
from beaconfire.kernel.labels import Realm
from beaconfire.node import Command, ShowAlert, ShowAudit
from beaconfire.shell import control
from beaconfire.shell.control import (
    Alerts,
    Answer,
    Ask,
    AskAlerts,
    AskChannels,
    ChannelsHealth,
    Control,
    GiveOrder,
    Orders,
    Outcome,
    Trouble,
    ask,
    expect,
)
from tests.shell.support import until

NOW_NS = 10**18
ORDER = Order(
    person="kim", session="", action=AlertAction.APPROVE, alert_id="KOR-A1", digest=b"\x01" * 32, nonce=b"\x02" * 16,
    issued_ns=NOW_NS, signature=b"\x03" * 64,
)  # fmt: skip
ROW = AlertRow(
    alert_id="KOR-A1", event_ids=("KOR-E1",), time_ns=NOW_NS, status=AlertStatus.APPROVED,
    previous=AlertStatus.SUBMITTED, who="kim", why="approved",
)  # fmt: skip
NONE = Alerts(nation="KOR", realm=Realm.EXERCISE, now_ns=NOW_NS, alerts=())
Meet = Callable[[Ask], Awaitable[Answer]]


async def no_alerts(request: Ask) -> Answer:
    return NONE


def served(folder: Path, meet: Meet, story: Callable[[Path], Coroutine[Any, Any, None]]) -> None:
    """Run a story while a socket is open."""

    async def run() -> None:
        server = Control(folder / "control.sock", meet)
        await server.open()
        try:
            await story(folder / "control.sock")
        finally:
            await server.close()

    asyncio.run(run())


def asking(folder: Path, meet: Meet, *requests: Ask) -> list[Answer]:
    """Ask from another thread, as another process would."""
    answers: list[Answer] = []

    async def story(path: Path) -> None:
        for request in requests:
            answers.append(await asyncio.to_thread(ask, path, request, timeout_s=10.0))

    served(folder, meet, story)
    return answers


def test_a_question_is_answered(tmp_path: Path) -> None:
    seen: list[Ask] = []

    async def meet(request: Ask) -> Answer:
        seen.append(request)
        return ChannelsHealth(channels=()) if isinstance(request, AskChannels) else NONE

    assert asking(tmp_path, meet, AskAlerts(), AskChannels()) == [NONE, ChannelsHealth(channels=())]
    assert seen == [AskAlerts(), AskChannels()]


def test_an_order_arrives_as_it_was_signed(tmp_path: Path) -> None:
    seen: list[Ask] = []

    async def meet(request: Ask) -> Answer:
        seen.append(request)
        return Outcome(seq=7, rows=(ROW,), refused=(), durable=True)

    order = msgspec.structs.replace(ORDER, words='"quoted" 경보\n', areas=("KR-11", "KR-26"))
    (answer,) = asking(tmp_path, meet, GiveOrder(order))
    (given,) = seen
    assert isinstance(given, GiveOrder)
    assert given.order.session == control.session_of(os.getpid())  # the node says where it came from
    assert msgspec.structs.replace(given.order, session="") == order
    assert answer == Outcome(seq=7, rows=(ROW,), refused=(), durable=True)


def test_only_the_owner_may_open_the_socket_and_it_goes_with_the_node(tmp_path: Path) -> None:
    async def story(path: Path) -> None:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_ISSOCK(path.stat().st_mode)

    served(tmp_path, no_alerts, story)
    assert not (tmp_path / "control.sock").exists()


def test_another_user_is_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's word on the peer counts, whatever the file's mode."""
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(RunFailed, match=r"hung up|cannot be asked"):
        asking(tmp_path, no_alerts, AskAlerts())


def test_where_no_node_runs_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match="no node runs here"):
        ask(tmp_path / "control.sock", AskAlerts())
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(tmp_path / "control.sock"))
    with pytest.raises(RunFailed, match="no node runs here"):
        ask(tmp_path / "control.sock", AskAlerts())


def test_a_socket_left_by_a_killed_node_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(tmp_path / "control.sock"))
    assert asking(tmp_path, no_alerts, AskAlerts()) == [NONE]


def test_a_socket_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    async def run() -> None:
        await Control(tmp_path / "none" / "control.sock", no_alerts).open()

    with pytest.raises(RunFailed, match="socket cannot be made"):
        asyncio.run(run())


async def said(path: Path, data: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(data)
        return await reader.readline()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "line",
    [b"\n", b"{\n", b"[]\n", b"null\n", b'{"ask": "launch"}\n', b'{"ask": "order"}\n', b'{"ask": "alerts", "x": 1}\n',
     b'{"ask": "order", "order": ["kim"]}\n', b"\xff\xfe\n", b'{"ask": "order", "order": {"person": "kim"}}\n',
     b"[" * 20_000 + b"\n"],
)  # fmt: skip
def test_bytes_that_are_no_request_meet_words(tmp_path: Path, line: bytes) -> None:
    async def story(path: Path) -> None:
        answer = json.loads(await said(path, line))
        assert answer["answer"] == "error"
        assert answer["error"].startswith("request: ")
        assert json.loads(await said(path, b'{"ask":"alerts"}\n'))["answer"] == "alerts"

    served(tmp_path, no_alerts, story)


def test_a_request_has_a_bounded_length(tmp_path: Path) -> None:
    async def story(path: Path) -> None:
        answer = json.loads(await said(path, b" " * (2 * limits.MAX_CONTROL_BYTES) + b"\n"))
        assert answer == {"answer": "error", "error": f"a request has at most {limits.MAX_CONTROL_BYTES} bytes"}

    served(tmp_path, no_alerts, story)


def test_callers_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CONTROL_CALLERS", 2)

    async def story(path: Path) -> None:
        lines = [await asyncio.open_unix_connection(path) for _ in range(2)]
        for reader, writer in lines:
            writer.write(b'{"ask":"alerts"}\n')
            assert await reader.readline()
        assert await said(path, b'{"ask":"alerts"}\n') == b""
        for _, writer in lines:
            writer.close()

    served(tmp_path, no_alerts, story)


def test_a_typed_failure_is_an_answer(tmp_path: Path) -> None:
    async def meet(request: Ask) -> Answer:
        raise RunFailed("64 orders wait already")

    (answer,) = asking(tmp_path, meet, AskAlerts())
    assert answer == Trouble(error="64 orders wait already")
    with pytest.raises(RunFailed, match="the node says: 64 orders"):
        expect(answer, Alerts)
    with pytest.raises(RunFailed, match="something else: Alerts"):
        expect(NONE, Outcome)


def test_one_line_may_ask_again_and_again(tmp_path: Path) -> None:
    async def story(path: Path) -> None:
        reader, writer = await asyncio.open_unix_connection(path)
        for _ in range(3):
            writer.write(b'{"ask":"alerts"}\n')
            assert json.loads(await reader.readline())["now_ns"] == NOW_NS
        writer.close()

    served(tmp_path, no_alerts, story)


def test_closing_hangs_up_on_whoever_waits(tmp_path: Path) -> None:
    ended: list[bytes] = []

    async def forever(request: Ask) -> Answer:
        await asyncio.sleep(3600)
        return NONE

    async def run() -> None:
        server = Control(tmp_path / "control.sock", forever)
        await server.open()
        waiting = asyncio.create_task(said(tmp_path / "control.sock", b'{"ask":"alerts"}\n'))
        await until(lambda: bool(server._callers))
        await server.close()
        ended.append(await waiting)

    asyncio.run(run())
    assert ended == [b""]


def test_the_process_at_the_other_end_is_told_apart_by_its_session() -> None:
    """Orders given in one terminal are of one session; a process without a terminal is one by itself."""
    ours = control.session_of(os.getpid())
    assert ours == control.session_of(os.getpid())
    assert ours.split(":")[0] in ("terminal", "process")
    assert control.session_of(1) != ours
    assert control.session_of(2**22 + 1) == f"process:{2**22 + 1}"


class Stepping:
    """Orders and a made-up step that refuses what is not signed."""

    def __init__(self) -> None:
        self.news = threading.Event()
        self.orders = Orders(self.news.set)
        self.seq = 0

    def turn(self, *, durable: bool = True) -> int:
        items = self.orders.take()
        for item in items:
            self.seq += 1
            self.orders.entered(item, self.seq)
        for number, item in enumerate(items):
            assert isinstance(item, Command)
            effects = (
                (ShowAlert(ROW),)
                if item.signature
                else (ShowAudit(NOW_NS, "", "order", "KOR-A1", "refused", "signature", "is not signed"),)
            )
            seq = self.seq - len(items) + number + 1
            self.orders.show(seq=seq, now_ns=NOW_NS, effects=effects, durable=durable)
        return len(items)


def test_each_order_gets_the_outcome_of_its_own_row() -> None:
    async def run() -> list[Outcome]:
        node = Stepping()
        bad = msgspec.structs.replace(ORDER, signature=b"")
        tasks = [asyncio.create_task(node.orders.give(order)) for order in (ORDER, bad, ORDER)]
        await asyncio.sleep(0)
        assert node.news.is_set()
        assert node.turn() == 3
        assert node.turn() == 0
        return await asyncio.gather(*tasks)

    first, refused, third = asyncio.run(run())
    assert (first.rows, first.refused, first.seq) == ((ROW,), (), 1)
    assert (refused.rows, refused.refused, refused.seq) == ((), ("is not signed",), 2)
    assert (third.rows, third.seq, third.durable) == ((ROW,), 3, True)


def test_rows_of_others_answer_nobody() -> None:
    node = Stepping()
    node.orders.entered(Command(**msgspec.structs.asdict(ORDER)), 5)  # of the feed: nobody waits
    node.orders.show(seq=5, now_ns=NOW_NS, effects=(ShowAlert(ROW),), durable=True)
    assert node.orders.take() == []


def test_orders_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CONTROL_WAITING", 2)

    async def run() -> None:
        orders = Orders(lambda: None)
        tasks = [asyncio.create_task(orders.give(ORDER)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(RunFailed, match="2 orders wait already"):
            await orders.give(ORDER)
        orders.close()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert str(outcome) == "the node ended"

    asyncio.run(run())


def test_an_order_that_finds_no_turn_is_not_carried_out_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_ANSWER_S", 0.05)

    async def run() -> None:
        orders = Orders(lambda: None)
        with pytest.raises(RunFailed, match="not taken: the node made no turn"):
            await orders.give(ORDER)
        assert orders.take() == []
        giving = asyncio.create_task(orders.give(ORDER))
        await asyncio.sleep(0)
        (item,) = orders.take()
        orders.entered(item, 1)
        with pytest.raises(RunFailed, match="taken, but not committed"):
            await giving
        orders.show(seq=1, now_ns=NOW_NS, effects=(), durable=True)  # too late: nobody waits, nothing breaks

    asyncio.run(run())
