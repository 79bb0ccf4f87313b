"""P10: Nothing that arrives from outside can stop the node, grow memory beyond the written limit, or delay own
detections beyond the written latency.

The latency is `limits.OWN_DELAY_S`. It is kept by order and by budget, so it is tested by counts, not by a clock: a
flood is looked at no faster than the written rate, what it may cost of a turn is bounded, and own scans go first.
"""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel import limits
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import from_seconds
from beaconfire.node import EnvelopeIn, Input, NodeState, ScanIn, ShowTrack, Tick, digest, initial, step
from beaconfire.shell import loop
from beaconfire.shell.arrivals import Arrivals
from beaconfire.shell.intake import Intake
from beaconfire.shell.loop import Node
from tests.exchange import link_pair, open_releaser, product, send_all
from tests.node.flight import START_NS, genesis, scan
from tests.shell.test_intake import KEY, Door, envelope, signed

FLOOD_PER_S = 10_000
COST_S = 0.001  # of one input, by the clock of these tests
LOOKS = 16


def flood(count: int, *, first: int = 1) -> Iterator[bytes]:
    """Correctly signed envelopes of a partner, as fast as it likes."""
    return (signed(envelope(number)) for number in range(first, first + count))


@pytest.fixture(scope="module")
def many() -> list[bytes]:
    return list(flood(FLOOD_PER_S))


def test_a_flood_is_verified_no_faster_than_the_written_rate(many: list[bytes]) -> None:
    door = Door()
    for number, data in enumerate(many):
        door.clock.now_s = number / FLOOD_PER_S
        door.intake.take("direct", data)
    allowed = 2 * limits.PARTNER_ENVELOPES_PER_S  # a second's worth at once, and a second's
    assert len(door.envelopes) == pytest.approx(allowed, abs=2)
    assert door.intake.refused == {"rate": FLOOD_PER_S - len(door.envelopes)}


def test_the_stored_lane_of_a_flood_waits_on_the_broker(many: list[bytes]) -> None:
    door = Door()
    asked = taken = 0
    for data in many:
        if not door.intake.has_room():
            break
        asked += 1
        door.intake.take("stored", data)
    taken = len(door.envelopes)
    assert taken == limits.PARTNER_ENVELOPES_PER_S and door.intake.waiting == asked - taken == 1
    assert door.intake.refused.total() == 0


def test_memory_is_bounded_whatever_comes(monkeypatch: pytest.MonkeyPatch, many: list[bytes]) -> None:
    monkeypatch.setattr(limits, "MAX_INTAKE_QUEUE", 500)
    monkeypatch.setattr(limits, "RECENT_ENVELOPES", 100)
    arrivals, ticks = Arrivals(), iter(range(10**9))
    kept: list[bool] = []
    door = Intake(
        "KOR", key=KEY.public_key().public_bytes_raw(), realm=Realm.EXERCISE, clock=lambda: 1e6 * next(ticks),
        envelope=lambda words, item: kept.append(arrivals.add(words, item)), control=lambda *_: None,
    )  # fmt: skip
    for data in many[:2_000]:
        door.take("direct", data)
    assert arrivals.waiting == sum(kept) == 500
    assert len(door._recent) == 100
    assert len(arrivals.take(arrivals.highest)) == 500 and arrivals.waiting == 0


def test_signatures_that_do_not_hold_cost_the_partner_its_rate() -> None:
    door, liar = Door(), Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    for number in range(1, FLOOD_PER_S // 2):
        door.intake.take("direct", signed(envelope(number), key=liar) if number < 3_000 else b"\x93")
    assert door.envelopes == []
    assert sum(door.intake.refused[reason] for reason in door.intake.refused if reason != "rate") == 2_000


class PretendTime:
    """A clock of which every input that is run takes some."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


def taking(monkeypatch: pytest.MonkeyPatch, run: Any) -> tuple[Node, list[EnvelopeIn]]:
    """A node of which only the taking of inputs is real; `run` does one input. Returns it and what was put back."""
    time = PretendTime()
    monkeypatch.setattr(loop, "time", time)
    node: Any = object.__new__(Node)
    back: list[EnvelopeIn] = []

    def do(item: Input, *, now_ns: int) -> int:
        time.now_s += COST_S
        run(item, now_ns)
        return 1

    node._do = do
    node._joined = SimpleNamespace(put_back=lambda items: back.extend(items))
    return node, back


def letters(count: int) -> list[EnvelopeIn]:
    return [EnvelopeIn("JPN", number.to_bytes(4, "big"), bytes(64)) for number in range(count)]


@pytest.mark.parametrize("waiting", [0, 10, 1_000, limits.MAX_INTAKE_QUEUE])
def test_a_turn_spends_no_more_than_its_budget_on_partners(monkeypatch: pytest.MonkeyPatch, waiting: int) -> None:
    done: list[Input] = []
    node, back = taking(monkeypatch, lambda item, now_ns: done.append(item))
    items: Sequence[Input] = [ScanIn(scan(0)), *letters(waiting), Tick()]
    node._take(items, now_ns=START_NS, for_s=limits.TICK_PARTNERS_S)
    spent = sum(isinstance(item, EnvelopeIn) for item in done)
    assert spent == pytest.approx(min(waiting, limits.TICK_PARTNERS_S / COST_S), abs=1)
    assert isinstance(done[0], ScanIn) and isinstance(done[-1], Tick)  # own first, and time passes all the same
    assert [*done[1:-1], *back] == letters(waiting)  # in order, none lost
    assert limits.TICK_PARTNERS_S + COST_S * 2 < limits.OWN_DELAY_S


def flown(monkeypatch: pytest.MonkeyPatch, per_turn: int) -> tuple[bytes, list[int], int]:
    """Fly with a partner's flood waiting at every turn; returns OWN, the turns of its updates, and envelopes done."""
    state: NodeState = initial(genesis("JPN"), now_ns=START_NS)
    own: list[ShowTrack] = []
    turns: list[int] = []
    done = 0
    turn = 0

    def run(item: Input, now_ns: int) -> None:
        nonlocal state, done
        state, effects = step(state, item, now_ns=now_ns)
        done += isinstance(item, EnvelopeIn)
        shown = [effect for effect in effects if isinstance(effect, ShowTrack) and effect.update.picture == "own"]
        own.extend(shown)
        turns.extend([turn] * len(shown))

    node, back = taking(monkeypatch, run)
    for turn in range(LOOKS):
        waiting = [*back, *_lies(per_turn, turn)]
        back.clear()
        now_ns = START_NS + from_seconds(2.0 * turn)
        node._take([ScanIn(scan(turn)), *waiting, Tick()], now_ns=now_ns, for_s=limits.TICK_PARTNERS_S)
    return digest(own), turns, done


def _lies(count: int, turn: int) -> list[EnvelopeIn]:
    """Envelopes that pass every check of form, with other words in each."""
    kor, _ = link_pair()
    sent = send_all(kor, open_releaser(), [product(number=turn * count + number + 1) for number in range(count)])
    return [EnvelopeIn("JPN", words.unsigned, bytes(64)) for words in sent]


def test_own_tracks_come_in_the_same_turn_with_the_same_bytes_under_a_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    alone, turns_alone, _ = flown(monkeypatch, 0)
    flooded, turns_flooded, done = flown(monkeypatch, 200)
    assert flooded == alone and turns_flooded == turns_alone and len(turns_alone) > LOOKS // 2
    assert 0 < done <= LOOKS * (limits.TICK_PARTNERS_S / COST_S + 1)
