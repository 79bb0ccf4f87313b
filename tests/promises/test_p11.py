"""P11: A wrong clock (own, sensor's, partner's) is noticed, shown, and cannot silently move a track or accept a replay.

Own clock: node time is the last journaled time plus monotonic time elapsed, so no step and no drift of the wall clock
reaches a track; it is told to the step, the beats, the metrics and the page. Sensor's: a scan is judged by when it
arrives. Partner's: measured by beats. Replays are refused by epoch and number, which know no time.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from beaconfire.kernel.errors import Refused
from beaconfire.kernel.limits import CLOCK_BEATS, PARTNER_OFFSET_S, SENSOR_SCANS
from beaconfire.kernel.time import NS_PER_S, from_seconds
from beaconfire.node import ClockTrouble, Effect, NodeState, ScanIn, ShowAudit, ShowTrack, Tick, digest, initial, step
from beaconfire.share import Link, Outcome, Stage
from beaconfire.shell import loop
from beaconfire.shell.clock import NodeClock, wall_ns
from beaconfire.shell.loop import Node
from beaconfire.shell.metrics import Metrics
from tests.exchange import NOW_NS, link_pair, open_releaser, product, send_all
from tests.node.flight import START_NS, genesis, scan
from tests.shell.support import until
from tests.shell.test_node import new_nodes

STEPS_S = (0.5, -0.5, 18.0, -18.0, 37.0, -37.0, 3600.0, -3600.0)
LOOKS = 24
TO_1970_S = -START_NS / NS_PER_S


class Wall:
    """A wall clock that a test sets wrong, beside a monotonic one that nobody can."""

    def __init__(self) -> None:
        self.monotonic_ns = 0
        self.wrong_s = 0.0

    def node_clock(self) -> NodeClock:
        return NodeClock(
            START_NS,
            wall=lambda: max(0, START_NS + self.monotonic_ns + round(self.wrong_s * NS_PER_S)),
            monotonic=lambda: self.monotonic_ns,
        )


def flown(wrong_s: Iterator[float] | None = None) -> tuple[list[Effect], list[ClockTrouble]]:
    """Play one flight by a node's own clock; `wrong_s` is the wall clock's error at each look."""
    wall = Wall()
    clock, state = wall.node_clock(), initial(genesis(), now_ns=START_NS)
    effects: list[Effect] = []
    troubles: list[ClockTrouble] = []
    trusted = True
    for number in range(LOOKS):
        wall.monotonic_ns = from_seconds(2.0 * number + 0.02)
        wall.wrong_s = next(wrong_s) if wrong_s is not None else 0.0
        now_ns = clock.now_ns()
        if clock.trusted(now_ns) is not trusted:
            trusted = not trusted
            troubles.append(ClockTrouble(trusted, clock.offset_s(now_ns)))
            step(state, troubles[-1], now_ns=now_ns)
        for item in (ScanIn(scan(number)), Tick()):
            state, shown = step(state, item, now_ns=now_ns)
            effects += [effect for effect in shown if isinstance(effect, ShowTrack)]
    return effects, troubles


RIGHT, NO_TROUBLE = flown()


def test_the_flight_is_tracked_by_a_right_clock() -> None:
    assert len(RIGHT) > LOOKS // 2 and NO_TROUBLE == []


@pytest.mark.parametrize("step_s", [*STEPS_S, TO_1970_S])
def test_a_step_of_the_own_clock_is_told_at_the_next_turn_and_moves_no_track(step_s: float) -> None:
    effects, troubles = flown(iter([0.0] * 10 + [step_s] * (LOOKS - 10)))
    assert digest(effects) == digest(RIGHT)
    assert [trouble.trusted for trouble in troubles] == [False]
    if step_s != TO_1970_S:
        assert troubles[0].offset_s == pytest.approx(step_s, abs=1e-6)


@pytest.mark.parametrize("drift_ppm", [50.0, 100.0, 500.0, -50.0, -500.0])
def test_drift_of_the_own_clock_moves_no_track(drift_ppm: float) -> None:
    effects, troubles = flown(iter([drift_ppm * 1e-6 * 2.0 * number for number in range(LOOKS)]))
    assert digest(effects) == digest(RIGHT)
    assert troubles == []  # 24 ms in 48 s at most: it is told when it has become a step (tests/shell/test_clock.py)


def test_trust_returns_with_the_clock() -> None:
    _, troubles = flown(iter([0.0] * 5 + [37.0] * 5 + [0.0] * (LOOKS - 10)))
    assert [trouble.trusted for trouble in troubles] == [False, True]


def watched(error_s: float, *, looks: int = LOOKS) -> tuple[NodeState, list[ShowAudit]]:
    """Play the flight with a sensor whose clock is `error_s` ahead and whose feed takes 20 ms."""
    state, said = initial(genesis(), now_ns=START_NS), []
    for number in range(looks):
        seen = scan(number)
        time_ns = seen.time_ns + from_seconds(error_s)
        moved = tuple(msgspec.structs.replace(row, time_ns=time_ns) for row in seen.detections)
        item = ScanIn(msgspec.structs.replace(seen, time_ns=time_ns, detections=moved))
        state, effects = step(state, item, now_ns=seen.time_ns + from_seconds(0.02))
        said += [effect for effect in effects if isinstance(effect, ShowAudit)]
    return state, said


@pytest.mark.parametrize("error_s", [0.1, 0.5, 1.0, 18.0, 37.0, 60.0, -2.0, -18.0, -37.0, -60.0, -3600.0])
def test_a_sensors_wrong_clock_is_said_in_the_journal(error_s: float) -> None:
    state, said = watched(error_s)
    (told,) = [audit for audit in said if audit.verdict == "clock"]
    assert told.subject == "KOR-R1" and ("ahead" if error_s > 0 else "behind") in told.reason
    assert list(state.sense.clock_troubles()) == ["KOR-R1"]
    held = [audit for audit in said if audit.verdict == "quarantined"]
    assert bool(held) is (error_s > 1.02 or error_s < -900.0)  # and what is impossible never reaches a track


@pytest.mark.parametrize("error_s", [0.001, 0.01, 0.05, -0.001, -0.05, -1.0])
def test_below_the_written_bounds_a_sensors_clock_is_not_told_from_its_feed(error_s: float) -> None:
    """The honest other side: this much is for `bias_sigma.time_s` of the sensors file to cover."""
    state, said = watched(error_s)
    assert [audit for audit in said if audit.verdict == "clock"] == []
    assert state.sense.clock_troubles() == {}


def test_one_late_scan_is_no_wrong_clock() -> None:
    state, _ = watched(0.0, looks=SENSOR_SCANS)
    late = scan(SENSOR_SCANS)
    step(state, ScanIn(late), now_ns=late.time_ns + from_seconds(30.0))
    assert state.sense.clock_troubles() == {}


def beat(sender: Link, receiver: Link, *, second: int, wrong_s: float, delay_s: float = 0.08) -> None:
    """One beat of a partner whose clock is `wrong_s` ahead, underway for a while."""
    words = sender.beat(
        now_ns=max(NOW_NS + from_seconds(second + wrong_s), 63_072_010 * NS_PER_S), clock_error_s=0.001,
        clock_trusted=True, journal_seq=1, journal_head=bytes(32),
    )  # fmt: skip
    receiver.on_control(words.unsigned, now_ns=NOW_NS + from_seconds(second + delay_s))


def measured(link: Link) -> float:
    assert link.clock_offset_s is not None
    return link.clock_offset_s


@pytest.mark.parametrize("wrong_s", STEPS_S)
def test_a_partners_clock_is_measured_by_its_least_delayed_beat(wrong_s: float) -> None:
    kor, jpn = link_pair()
    assert jpn.clock_offset_s is None, "before the first beat"
    for second in range(CLOCK_BEATS):
        beat(kor, jpn, second=second, wrong_s=wrong_s, delay_s=0.01 if second == 7 else 0.17)
    assert measured(jpn) == pytest.approx(wrong_s - 0.01, abs=1e-6)
    assert abs(measured(jpn)) > PARTNER_OFFSET_S


def test_a_partner_back_in_1970_is_noticed_and_its_counter_still_rises() -> None:
    kor, jpn = link_pair()
    beat(kor, jpn, second=0, wrong_s=0.0)
    for second in range(1, CLOCK_BEATS + 1):
        beat(kor, jpn, second=second, wrong_s=-NOW_NS / NS_PER_S)
    assert measured(jpn) < -1e9


@pytest.mark.parametrize("wrong_s", [*STEPS_S, -1e6])
def test_no_clock_makes_a_replay_acceptable(wrong_s: float) -> None:
    """The receiver's clock steps between an envelope and its replay; so does the sender's, for a replayed control."""
    kor, jpn = link_pair()
    (sent,) = send_all(kor, open_releaser(), [product()])
    assert jpn.accept(sent.unsigned, now_ns=NOW_NS).outcome is Outcome.APPLY
    again = jpn.accept(sent.unsigned, now_ns=NOW_NS + from_seconds(wrong_s))
    assert (again.stage, again.outcome) == (Stage.DUPLICATE, Outcome.NOTHING)
    hello = kor.hello(now_ns=NOW_NS)
    jpn.on_control(hello.unsigned, now_ns=NOW_NS)
    with pytest.raises(Refused) as refusal:
        jpn.on_control(hello.unsigned, now_ns=NOW_NS + from_seconds(wrong_s))
    assert refusal.value.reason == "replay"


@pytest.mark.parametrize(
    ("wrong_s", "outcome"), [(3600.0, Outcome.RECORD), (-3600.0, Outcome.RECORD), (0.5, Outcome.APPLY)]
)
def test_what_a_wrong_clock_dates_far_off_goes_to_the_record_and_to_no_track(wrong_s: float, outcome: Outcome) -> None:
    kor, jpn = link_pair()
    (sent,) = send_all(kor, open_releaser(), [product(time_ns=NOW_NS + from_seconds(wrong_s))])
    assert jpn.accept(sent.unsigned, now_ns=NOW_NS).outcome is outcome


def test_real_nodes_say_it_to_their_people_their_partners_and_their_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Japan's clock is three seconds ahead from the start; Korea's falls back by 18 s under way."""
    configs = [msgspec.structs.replace(config, feed="") for config in new_nodes(tmp_path, "JPN", "KOR")]
    nodes = {config.nation: Node(config, passphrase=None) for config in configs}
    wrong_s = {"JPN": 3.0, "KOR": 0.0}
    order = iter(nodes)

    def clock_of_next(last_ns: int) -> NodeClock:
        nation = next(order)
        return NodeClock(last_ns, wall=lambda: wall_ns() + from_seconds(wrong_s[nation]))

    monkeypatch.setattr(loop, "NodeClock", clock_of_next)

    def offset_s(at: str, of: str) -> float:
        status = nodes[at].partner_status().get(of)
        return 0.0 if status is None or status.clock_offset_s is None else status.clock_offset_s

    async def run() -> None:
        tasks = []
        for node in nodes.values():
            tasks.append(asyncio.create_task(node.run(lambda: None)))
            await until(lambda node=node: node.engine is not None)  # type: ignore[misc]
        await until(lambda: offset_s("KOR", "JPN") > 2.0 and offset_s("JPN", "KOR") < -2.0, timeout_s=40)
        said = Metrics(nodes["KOR"])
        assert any("JPN: its clock is +2." in words or "JPN: its clock is +3." in words for words in _trouble(said))
        assert 'beaconfire_partner_clock_offset_seconds{partner="JPN"}' in said.text()
        wrong_s["KOR"] = -18.0
        await until(lambda: not nodes["KOR"].exchange.beats.clock_trusted)
        assert any(words.startswith("the wall clock stepped by -18.") for words in _trouble(said))
        assert "beaconfire_clock_trusted 0.0" in said.text()
        wrong_s["KOR"] = 0.0
        await until(lambda: nodes["KOR"].exchange.beats.clock_trusted)
        for node in nodes.values():
            node.stop()
        await asyncio.gather(*tasks)

    asyncio.run(run())


def _trouble(said: Metrics) -> list[str]:
    trouble = said.report()["trouble"]
    assert isinstance(trouble, list)
    return trouble
