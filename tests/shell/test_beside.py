"""Announced space launches beside alerts: shown to people, and nothing else is one byte different with or without."""

import asyncio
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from beaconfire.cli.app import run
from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertView
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import NS_PER_S, format_utc
from beaconfire.node import Effect, Input, NodeState, ScanIn, ShowAlert, ShowEvent
from beaconfire.shell import loop
from beaconfire.shell.beside import Beside
from beaconfire.shell.noticestore import NoticeStore
from tests.node.test_words import event
from tests.shell.alarm import ALERT, EVENT, START_NS, Duty, Station, make_station, on_duty, threatening

OPEN_NS, CLOSED_NS = START_NS - 3600 * NS_PER_S, START_NS + 3600 * NS_PER_S
NOTICE = f"""[[notice]]
id = "NAV-1"
source = "Japan Coast Guard"
from_utc = "{format_utc(OPEN_NS)}"
until_utc = "{format_utc(CLOSED_NS)}"
"""


def seen(now_ns: int, event_id: str = EVENT) -> ShowEvent:
    """An event whose launch point nobody knows yet."""
    objects = tuple(msgspec.structs.replace(item, launch=None) for item in event().objects)
    return ShowEvent(event(event_id=event_id, issued_ns=now_ns, objects=objects))


def view(*event_ids: str) -> AlertView:
    return AlertView(
        alert_id=ALERT, event_ids=event_ids, status="drafted", draft=None, ready=(), sent=(), silent=(),  # type: ignore[arg-type]
        conflicts=(), due_ns=None, nations=(), measured_ns=0,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> NoticeStore:
    (tmp_path / "notices.toml").write_text(NOTICE)
    return NoticeStore(tmp_path / "record.sqlite")


def test_what_fits_an_alerts_events_is_said_by_event(store: NoticeStore) -> None:
    beside = Beside(store, realm=Realm.EXERCISE)
    beside.take([seen(START_NS), seen(CLOSED_NS + 600 * NS_PER_S, "E2")])
    said = beside.context([view(EVENT, "E2", "E3")])
    assert list(said) == [EVENT]
    assert "source Japan Coast Guard" in said[EVENT][0]
    assert "no alert depends on it" in said[EVENT][0]


def test_the_last_word_on_an_event_counts_and_a_withdrawn_notice_says_nothing(store: NoticeStore) -> None:
    beside = Beside(store, realm=Realm.EXERCISE)
    beside.take([seen(START_NS)])
    beside.show(seq=2, now_ns=0, effects=[seen(CLOSED_NS + 600 * NS_PER_S)], durable=True)
    assert beside.context([view(EVENT)]) == {}
    beside.take([seen(START_NS)])
    assert beside.context([view(EVENT)]) != {}
    store.withdraw("NAV-1")
    assert beside.context([view(EVENT)]) == {}


def test_no_more_events_are_kept_than_may_be_open(store: NoticeStore) -> None:
    beside = Beside(store, realm=Realm.EXERCISE)
    beside.take(seen(START_NS, f"E{number}") for number in range(limits.MAX_OPEN_EVENTS + 1))
    assert beside.context([view("E0")]) == {}
    assert set(beside.context([view("E1", f"E{limits.MAX_OPEN_EVENTS}")])) == {"E1", f"E{limits.MAX_OPEN_EVENTS}"}


@dataclass
class Run:
    """What one run proposed, tick by tick, and what `alert show` printed of it."""

    rows: list[tuple[int, object]]
    shown: dict[str, Any]
    text: str


def perform(station: Station, capsys: pytest.CaptureFixture[str]) -> Run:
    """The same scans in a node of its own: a quiet turn, then two prefectures are threatened."""
    rows: list[tuple[int, object]] = []

    def telling(state: NodeState, item: Input, *, now_ns: int) -> tuple[NodeState, Sequence[Effect]]:
        state, effects = threatening(state, item, now_ns=now_ns)
        rows.extend((now_ns, effect.row) for effect in effects if isinstance(effect, ShowAlert))
        return state, [*effects, seen(now_ns)] if isinstance(item, ScanIn) else effects

    async def printed(*words: str) -> str:
        capsys.readouterr()
        command = ("alert", "show", ALERT, "--node", station.config.folder, *words)
        assert await asyncio.to_thread(run, command) == 0
        return capsys.readouterr().out

    async def story(duty: Duty) -> tuple[str, str]:
        await duty.turn()
        await duty.turn(seen=True)
        await duty.turn()
        return await printed("--json"), await printed()

    async def go() -> tuple[str, str]:
        async with on_duty(station, step=telling) as duty:
            return await story(duty)

    shown, text = asyncio.run(go())
    return Run(rows, json.loads(shown), text)


def test_the_same_alert_is_proposed_at_the_same_moment_with_and_without_a_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two nodes of one folder's keys: byte for byte the same but for the line of context."""
    monkeypatch.setenv("BEACONFIRE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(loop, "wall_ns", lambda: START_NS)  # an epoch is the second in which a node began
    station = make_station(tmp_path)
    folder = Path(station.config.folder)
    shutil.copytree(folder, tmp_path / "as it was")
    plain = perform(station, capsys)
    shutil.rmtree(folder)
    (tmp_path / "as it was").rename(folder)
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "notices.toml").write_text(NOTICE)
    told = perform(station, capsys)
    assert plain.rows
    assert told.rows == plain.rows  # each with its tick, its hash of the bytes and its probabilities
    assert plain.shown.pop("context") == []
    (line,) = told.shown.pop("context")
    assert "source Japan Coast Guard" in line
    assert json.dumps(told.shown) == json.dumps(plain.shown)
    assert told.text.splitlines() != plain.text.splitlines()
    assert [row for row in told.text.splitlines() if row != f"context: {line}"] == plain.text.splitlines()
