"""The performance against a fleet that only writes down what it is given: order, barrier, pace, and who is lost."""

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from beaconfire.cli.performance import lost, perform
from beaconfire.kernel.alerts import AlertAction
from beaconfire.kernel.errors import RunFailed
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import from_seconds
from beaconfire.rehearse import Prompter, Simulation, read_scenario, shipped, simulate
from beaconfire.rehearse.conductor import beat_count
from beaconfire.rehearse.network import rehearsal_staffs
from beaconfire.rehearse.scenario import OperatorAction, PartnerLeave, PartnerResume, PartnerSuspend
from beaconfire.shell import Answer, Fleet, LeaveOrder, ResumeOrder, SuspendOrder, Turn
from beaconfire.shell.control import Alerts

NATIONS = ("JPN", "KOR", "USA")
LAST_S = 3.0


@cache
def simulation() -> Simulation:
    scenario = read_scenario(shipped("2025-01-06"), where="2025-01-06")
    return simulate(msgspec.structs.replace(scenario, duration_s=LAST_S))


@dataclass
class Recorder:
    """Stands where a fleet stands: answers every turn, and loses whom the test says at the tick it says."""

    dies: Mapping[str, int] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)
    turns: dict[str, list[Turn]] = field(default_factory=lambda: {nation: [] for nation in NATIONS})
    children: dict[str, Any] = field(default_factory=lambda: {nation: SimpleNamespace(lost="") for nation in NATIONS})

    @property
    def living(self) -> tuple[str, ...]:
        return tuple(nation for nation in NATIONS if not self.children[nation].lost)

    async def turn(self, turns: Mapping[str, Turn]) -> dict[str, Answer]:
        answers = {}
        for nation, turn in turns.items():
            self.turns[nation].append(turn)
            if self.dies.get(nation) == turn.tick:
                self.children[nation].lost = "the node ended"
                continue
            sent = {other: 10 * turn.tick + place for place, other in enumerate(NATIONS) if other != nation}
            missing = {"KOR": 3} if self.late.get(nation) == turn.tick else {}
            answers[nation] = Answer(tick=turn.tick, sent=sent, taken={}, missing=missing)
        return answers


def play(
    recorder: Recorder, *, speed: float | None = None, prompter: Prompter | None = None
) -> tuple[Any, list[tuple[float, float]]]:
    told: list[tuple[float, float]] = []
    played = asyncio.run(
        perform(
            cast(Fleet, recorder),
            simulation(),
            prompter or Prompter(simulation().scenario, {}),
            speed=speed,
            report=lambda done, total: told.append((done, total)),
        )
    )
    return played, told


def test_every_living_nation_is_given_every_tick_in_order() -> None:
    recorder = Recorder()
    played, told = play(recorder)
    count = beat_count(simulation())
    for nation in NATIONS:
        assert [turn.tick for turn in recorder.turns[nation]] == list(range(1, count + 1))
    assert recorder.turns["KOR"][-1].time_ns == simulation().scenario.start_ns + from_seconds(LAST_S)
    assert [turn.tick for turn in recorder.turns["KOR"] if turn.last] == [count]
    assert (played.failed, dict(played.late)) == ({}, {})
    assert told[-1] == pytest.approx((LAST_S, LAST_S))
    assert len(told) == count


def test_a_turn_awaits_what_partners_said_they_sent_by_the_turn_before() -> None:
    recorder = Recorder()
    play(recorder)
    first, second, third = recorder.turns["KOR"][:3]
    assert first.awaited == {}
    assert second.awaited == {"JPN": 11, "USA": 11}  # KOR is the second of the nations
    assert third.awaited == {"JPN": 21, "USA": 21}
    assert recorder.turns["USA"][1].awaited == {"JPN": 12, "KOR": 12}


def test_partings_are_ordered_of_the_nation_that_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pair: dict[str, Any] = {"nation": "KOR", "partner": "JPN"}
    injects = (
        PartnerSuspend(time_s=1.0, reason="r", **pair), PartnerResume(time_s=1.25, **pair),
        PartnerLeave(time_s=2.0, notice_s=0.5, **pair), PartnerLeave(time_s=2.5, nation="USA", partner="JPN"),
    )  # fmt: skip
    parted = replace(simulation(), scenario=msgspec.structs.replace(simulation().scenario, injects=injects))
    recorder = Recorder()
    monkeypatch.setattr(sys.modules[__name__], "simulation", lambda: parted)
    play(recorder)
    found = {
        (nation, turn.tick): list(turn.orders) for nation, turns in recorder.turns.items() for turn in turns
        if turn.orders
    }  # fmt: skip
    until_ns = parted.scenario.start_ns + from_seconds(2.5)
    assert found == {
        ("KOR", 10): [SuspendOrder("JPN", "r")], ("KOR", 13): [ResumeOrder("JPN")],
        ("KOR", 20): [LeaveOrder("JPN", "", until_ns)], ("USA", 25): [LeaveOrder("JPN")],
    }  # fmt: skip


def test_scans_go_to_those_whose_they_are() -> None:
    recorder = Recorder()
    play(recorder)
    owner = {sensor.id: sensor.nation for sensor in simulation().scenario.sensors}
    for nation in NATIONS:
        scans = [scan for turn in recorder.turns[nation] for scan in turn.scans]
        assert scans
        assert {owner[scan.sensor_id] for scan in scans} == {nation}


def test_who_dies_is_named_and_no_longer_asked_or_waited_for() -> None:
    recorder = Recorder(dies={"USA": 5})
    played, told = play(recorder)
    assert played.failed == {"USA": "the node ended"}
    assert len(recorder.turns["USA"]) == 5
    assert len(recorder.turns["KOR"]) == len(told) == beat_count(simulation())
    assert recorder.turns["KOR"][5].awaited == {"JPN": 51}


def test_when_nobody_is_left_the_run_has_failed() -> None:
    recorder = Recorder(dies=dict.fromkeys(NATIONS, 4))
    with pytest.raises(RunFailed, match="no node is left: JPN the node ended; KOR the node ended; USA the node ended"):
        play(recorder)
    assert set(lost(cast(Fleet, recorder))) == set(NATIONS)


def test_words_that_came_late_are_counted() -> None:
    played, _ = play(Recorder(late={"USA": 7}))
    assert dict(played.late) == {"USA": 1}


def test_a_pace_is_kept_and_never_hurried() -> None:
    started_s = time.monotonic()
    played, _ = play(Recorder(), speed=10.0)
    taken_s = time.monotonic() - started_s
    assert played.wall_s >= LAST_S / 10.0 - 0.01
    assert taken_s >= LAST_S / 10.0 - 0.01


def test_without_a_pace_nothing_waits() -> None:
    played, _ = play(Recorder())
    assert played.wall_s < LAST_S


def test_people_order_through_the_feed_knowing_what_their_node_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft about the latest open event, at the tick that the scenario says and never again."""
    (tmp_path / "events.jsonl").write_text(
        '{"event_id":"KOR-E1","status":"confirmed"}\n{"event_id":"KOR-E2","status":"confirmed"}\n'
        '{"event_id":"KOR-E2","status":"closed"}\n{"event_id":"KOR-E3","sta'
    )
    shown = Alerts(nation="KOR", realm=Realm.EXERCISE, now_ns=0, alerts=())
    monkeypatch.setattr("beaconfire.cli.performance.ask", lambda path, request: shown)
    recorder = Recorder()
    for child in recorder.children.values():
        child.config = SimpleNamespace(folder=str(tmp_path), results=".", path=lambda name: tmp_path / name)
    actions = tuple(
        OperatorAction(time_s=time_s, nation="KOR", person="author", action=action, within_s=0.5, words="now")
        for time_s, action in ((1.0, AlertAction.DRAFT), (2.0, AlertAction.SUBMIT))
    )
    scenario = msgspec.structs.replace(simulation().scenario, injects=actions)
    prompter = Prompter(scenario, rehearsal_staffs(scenario, seed=1))
    played, _ = play(recorder, prompter=prompter)
    given = {turn.tick: turn.orders for turn in recorder.turns["KOR"] if turn.orders}
    assert list(given) == [10]
    (order,) = given[10]
    assert (order.signed.person, order.signed.action, order.signed.alert_id) == ("author", "draft", "KOR-E1")  # type: ignore[union-attr]
    assert not any(turn.orders for turn in recorder.turns["JPN"])
    assert played.missed == ["KOR: submit by author at 2 s"]
