"""The parts of the exchange benchmark that need no server: what they count is counted right."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from beaconfire.kernel import limits
from beaconfire.kernel.labels import Realm
from beaconfire.node import ShowTrack
from beaconfire.rehearse.bench import rounded
from benchmarks.exchange import node as flowing
from benchmarks.exchange import steps
from benchmarks.exchange.cuts import reordered
from benchmarks.exchange.node import LINE, flow, logged
from benchmarks.exchange.pair import POLICY, RECEIVER, SENDER
from benchmarks.exchange.speakers import Offers, release_path
from tests.exchange import link_pair
from tests.node.test_words import NOW_NS, track


def numbers(*values: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.array(values, dtype=np.int64)


def test_arrivals_in_the_order_of_publication_are_not_reordered() -> None:
    assert reordered(numbers(1, 2, 3, 4), numbers(10, 20, 30, 40)) == 0
    assert reordered(numbers(3, 1, 2, 4), numbers(20, 30, 10, 40)) == 0  # the newest went first by intent
    assert reordered(numbers(1, 2, 3, 4), numbers(10, 30, 20, 40)) == 1
    assert reordered(numbers(1, 2, 3, 2), numbers(10, 20, 30)) == 0  # sent again later: the first counts
    assert reordered(numbers(1, 2, 3), numbers(10, 0, 20)) == 0  # what is lost is counted elsewhere


def test_every_product_is_released_as_if_it_were_the_next_of_its_track() -> None:
    kor, jpn = link_pair(epoch=1_000)
    release = release_path(kor)
    sends = [release(number) for number in range(1, 200)]
    assert [send.number for send in sends] == list(range(1, 200))
    for send in sends:
        jpn.accept(send.unsigned, now_ns=Offers().product(1).time_ns)
    assert jpn.incoming.chain.contiguous == 199
    assert len({send.subject for send in sends}) == 50


def test_the_times_of_a_flow_hold_for_a_replay_too(tmp_path: Path) -> None:
    flow(str(tmp_path), from_ns=100, until_ns=200)
    flow(str(tmp_path), from_ns=300, until_ns=400)
    assert [flowing._flows(str(tmp_path), at) for at in (99, 100, 199, 200, 350)] == [False, True, True, False, True]
    assert not flowing._flows(str(tmp_path / "elsewhere"), 150)


def test_a_log_cut_by_a_kill_is_read_up_to_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(LINE.pack(b"e", 5) + LINE.pack(b"c", 6) + LINE.pack(b"e", 7)[:-3])
    assert logged(path) == {"e": [5], "c": [6]}
    assert logged(tmp_path / "none") == {"e": [], "c": []}


def test_no_mutated_exercise_message_passes_a_live_door() -> None:
    (row,) = asyncio.run(steps.exercise(count=300, progress=lambda words: None))
    assert (row.name, row.figure, row.missed) == ("exercise_accepted_live", 0.0, False)
    assert "of 300 looked at" in row.note


def test_the_same_door_takes_what_is_of_its_realm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a door that is nailed up would look as good."""
    monkeypatch.setattr(steps, "Realm", _Exercise)
    (row,) = asyncio.run(steps.exercise(count=300, progress=lambda words: None))
    assert row.figure > 0 and row.missed


class _Exercise:
    LIVE = EXERCISE = Realm.EXERCISE


def test_windows_note_when_a_picture_was_shown() -> None:
    window = steps.Shown()
    window.show(seq=1, now_ns=NOW_NS, effects=[ShowTrack(track(picture="fused"))], durable=True)
    assert set(window.at_s) == {"fused"} and window.count == 1
    outbox = steps.Outbox()
    outbox.publish("subject", b"data", generation=1)
    assert outbox.sent == [b"data"]
    outbox.purge(generation=2)
    assert outbox.sent == []


def test_the_load_is_the_written_one() -> None:
    simulation = steps.salvo(72.0, false_alarms=steps.OBJECTS)
    seen = [
        len(detections) for at_ns, _, detections, _ in simulation.scans() if at_ns > simulation.scenario.start_ns + 60e9
    ]
    assert len(seen) == pytest.approx(12.0 * 10 * steps.RADARS, rel=0.02)
    assert sum(seen) / 12.0 == pytest.approx(2_000, rel=0.15)  # QUALITY part 3: 8 sensors, 10 Hz, 12 objects, clutter
    assert len(steps.PARTNERS) == 8 <= limits.MAX_PARTNERS


def test_policies_of_the_benchmark_name_both_sides() -> None:
    assert SENDER.encode() in POLICY % (SENDER.encode(), RECEIVER.encode(), SENDER.encode())
    assert rounded(0.0123456) == 0.01235
