"""P4: A returning partner catches up without hand work, live first, history second: of every record that policy at
return allows and no receipt covers, exactly one form takes effect."""

from collections import Counter
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.products import Kind
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import EnvelopeIn, ShowAudit, ShowLate, ShowTrack, Tick
from beaconfire.node.telling import Telling
from tests.exchange import NOW_NS, product
from tests.node.corridor import Corridor, histories, random_history
from tests.node.parting import RESUME, SUSPEND, TICK, Japan, Korea, korea, sends


def check(corridor: Corridor) -> None:
    corridor.settle()
    times = Counter([*corridor.japan.applied, *corridor.japan.recorded])
    assert max(times.values(), default=1) == 1, "something took effect twice"
    missing = [kind for identity, kind in corridor.due().items() if identity not in times]
    assert missing == []
    assert False not in corridor.japan.ends, "a catch-up's sum is not what came"
    assert corridor.node.state.backlog.left("JPN") == 0


@settings(max_examples=200)
@given(history=histories)
def test_every_record_that_may_go_takes_effect_once(history: list[tuple[str, int]]) -> None:
    corridor = Corridor()
    for act, number in history:
        corridor.play(act, number)
    check(corridor)


def test_so_it_is_after_long_histories() -> None:
    for seed in range(20):
        corridor = Corridor()
        for act, number in random_history(seed, length=250):
            corridor.play(act, number)
        check(corridor)


def test_live_first_history_second_and_an_end_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    node, japan = korea(), Japan()
    node.do(SUSPEND)
    node.offers(*(product(number=number) for number in range(2_000)))
    live = product(Kind.LAUNCH, number=1)
    node.offers(live)
    node.offers(*(product(number=number) for number in range(2_000, 4_000)))
    monkeypatch.setattr(Telling, "live", lambda self: (live,))
    effects = node.do(RESUME, after_s=60.0)
    assert [envelope.kind for envelope in sends(effects)] == [Kind.LAUNCH]
    while node.state.catching_up:
        japan.take(effects, now_ns=node.now_ns)
        effects = (*node.do(japan.receipt(now_ns=node.now_ns)), *node.do(TICK, after_s=0.1))
    japan.take(effects, now_ns=node.now_ns)
    assert japan.kinds == [Kind.LAUNCH, *[Kind.TRAJECTORY] * 4_000, Kind.CAUGHT_UP]
    assert japan.ends == [True]


def test_a_cut_longer_than_what_is_kept_for_sending_again_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody suspends: the line is dead for so long that envelopes are let go; their records come again."""
    monkeypatch.setattr(limits, "MAX_PENDING", 50)
    monkeypatch.setattr(limits, "MAX_CATCH_UP_PENDING", 20)
    node, japan = korea(), Japan()
    lost = node.offers(*(product(number=number) for number in range(300)))
    assert len(sends(lost)) == 300
    for _ in range(200):
        node.do(japan.receipt(now_ns=node.now_ns), after_s=0.0)
        japan.take(node.do(TICK, after_s=1.0), now_ns=node.now_ns)
        japan.take(node.do(japan.receipt(now_ns=node.now_ns), after_s=2.1), now_ns=node.now_ns)
    assert len(set(japan.applied)) == len(japan.applied) == 300
    assert "JPN" not in node.state.catching_up
    assert node.state.links["JPN"].outgoing.unreceipted() == 0


# --- the receiver judges lateness ------------------------------------------------------------------------------------


def receive(minutes: float, *, kind: Kind = Kind.TRAJECTORY) -> tuple[Korea, list[object]]:
    """What Korea makes of a record of Japan's that was true so many minutes ago."""
    sender, node = korea(), korea()
    time_ns = NOW_NS - int(minutes * 60 * NS_PER_S)
    one = product(kind, time_ns=time_ns)
    if kind is Kind.TRAJECTORY:
        one = replace(one, body=msgspec.structs.replace(one.body, time_ns=time_ns, first_time_ns=time_ns))
    (envelope,) = sends(sender.offers(one))
    release = msgspec.structs.replace(wire.decode_release(envelope), originator="JPN", releasable_to=("KOR",))
    turned = msgspec.structs.replace(envelope, sender="JPN", recipient="KOR", content=codec.encode(release))
    return node, list(node.do(EnvelopeIn("JPN", codec.encode(turned), b"")))


@pytest.mark.parametrize("kind", [Kind.TRAJECTORY, Kind.LAUNCH])
def test_what_is_older_than_the_horizon_is_for_the_record_only(kind: Kind) -> None:
    _, effects = receive(15.1, kind=kind)
    (row,) = effects
    assert isinstance(row, ShowLate)
    assert (row.partner, row.kind, row.reason) == ("JPN", kind, "late")
    assert row.time_ns < NOW_NS - limits.REPLAY_HORIZON_S * NS_PER_S
    assert wire.decode_body(kind, row.body) is not None


def test_what_is_younger_enters_the_picture() -> None:
    _, effects = receive(14.0)
    assert not any(isinstance(effect, ShowLate) for effect in effects)
    assert any(isinstance(effect, ShowTrack) for effect in effects)


def test_history_that_comes_late_never_moves_a_track() -> None:
    node, _ = receive(15.1)
    assert node.state.fused is not None
    assert node.state.fused.current() == {}
    assert not any(isinstance(effect, ShowTrack) for effect in node.do(Tick(), after_s=1.0))


def test_beyond_the_limit_of_memory_it_is_said_how_much_is_in_the_journal_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The one exception, and it is written: a million records are kept; older ones are counted and told."""
    monkeypatch.setattr(limits, "MAX_BACKLOG", 512)
    node = korea()
    node.do(SUSPEND)
    node.offers(*(product(number=number) for number in range(2_000)))
    node.do(RESUME, after_s=60.0)
    effects = [effect for _ in range(4) for effect in node.do(TICK, after_s=0.1)]
    sent = [envelope for envelope in sends(effects) if envelope.kind is Kind.TRAJECTORY]
    (row,) = [row for row in effects if isinstance(row, ShowAudit) and row.rule == "history_full"]
    assert len(sent) + row.count == 2_000
    assert len(sent) >= 512
