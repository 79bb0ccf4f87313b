"""What a partner takes back leaves the FUSED picture; what comes late replaces nothing newer; what we take back."""

from typing import Any

import msgspec
import numpy as np
import pytest

from beaconfire.kernel import codec, products, wire
from beaconfire.kernel.products import Kind, PartnerAdvice, WithdrawalBody
from beaconfire.kernel.records import EventStatus
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    Effect,
    EnvelopeIn,
    NodeState,
    ScanIn,
    ShowPartner,
    ShowTrack,
    event_offers,
    initial,
    step,
)
from beaconfire.node.telling import Telling
from beaconfire.share import Link
from tests.exchange import launch_body, open_releaser, product, send_all, trajectory_body, withdrawal
from tests.exchange import release as inner
from tests.node.flight import START_NS, genesis, scan
from tests.node.test_words import assessment, event


class Neighbour:
    """Japan, that says what it is told to say, in its one chain."""

    def __init__(self) -> None:
        self.number, self.head = 0, wire.NO_HASH

    def say(self, body: products.Body, *, time_ns: int, **changes: Any) -> EnvelopeIn:
        self.number += 1
        words = {"originator": "JPN", "releasable_to": ("KOR",), "source_id": self.number.to_bytes(16, "big"),
                 "time_ns": time_ns, "issued_ns": time_ns, "expires_ns": time_ns + 900 * NS_PER_S}  # fmt: skip
        release = inner(body, **(words | changes))
        envelope = wire.ENVELOPE_TYPES[release.realm](
            format=1, sender="JPN", recipient="KOR", realm=release.realm, epoch=7, number=self.number,
            previous=self.head, kind=release.kind, content=codec.encode(release),
        )  # fmt: skip
        unsigned = codec.encode(envelope)
        self.head = wire.chain_hash(unsigned)
        return EnvelopeIn("JPN", unsigned, b"")


def at(number: float) -> int:
    return START_NS + round(number * 2 * NS_PER_S)


def tracklet(state: NodeState, number: float, *, track: str = "T1", **changes: Any) -> products.TrajectoryBody:
    """What a sure neighbour would say of the one track that Korea has, a little beside it."""
    (update,) = state.own.current().values()
    ahead_s = (at(number) - update.time_ns) / NS_PER_S
    mean = update.mean[:6] + np.array([60.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    mean[:3] += ahead_s * mean[3:]
    words: dict[str, Any] = {
        "track": track, "time_ns": at(number), "first_time_ns": at(1), "mean": codec.pack_state(mean),
        "factor": codec.pack_covariance(np.diag([1e4] * 3 + [100.0] * 3)), "first": number < 20,
        "batch_id": f"{track}/{number}".encode().ljust(16)[:16],
    }  # fmt: skip
    return trajectory_body(**(words | changes))


def watched(looks: range, state: NodeState | None = None) -> NodeState:
    state = state or initial(genesis("JPN"), now_ns=START_NS)
    for number in looks:
        state, _ = step(state, ScanIn(scan(number)), now_ns=at(number))
    return state


def shown(effects: tuple[Effect, ...]) -> list[ShowTrack]:
    return [effect for effect in effects if isinstance(effect, ShowTrack)]


def only(state: NodeState) -> Any:
    assert state.fused is not None
    (update,) = state.fused.current().values()
    return update


def test_a_withdrawn_track_leaves_the_fused_one_as_if_it_had_never_been_told() -> None:
    told, japan = watched(range(1, 16)), Neighbour()
    for number in (15.1, 15.2):
        told, effects = step(told, japan.say(tracklet(told, number), time_ns=at(number)), now_ns=at(number))
        assert shown(effects)[-1].update.nations == ("KOR", "JPN")
    told = watched(range(16, 19), told)
    plain = watched(range(1, 19))
    assert not np.array_equal(only(told).mean, only(plain).mean)
    back = WithdrawalBody(of=Kind.TRAJECTORY, id="T1", reason="a mistake")
    told, effects = step(told, japan.say(back, time_ns=at(18.5)), now_ns=at(18.5))
    assert ShowPartner("JPN", at(18.5), back) in effects
    (track,) = shown(effects)
    assert track.update.nations == ("KOR",)
    assert np.array_equal(only(told).mean, only(plain).mean)
    assert np.array_equal(only(told).covariance, only(plain).covariance)


def test_what_is_withdrawn_stays_out_when_late_looks_replay_the_track() -> None:
    told, japan = watched(range(1, 16)), Neighbour()
    told, _ = step(told, japan.say(tracklet(told, 15.1), time_ns=at(15.1)), now_ns=at(15.1))
    told, _ = step(
        told, japan.say(WithdrawalBody(of=Kind.TRAJECTORY, id="T1", reason=""), time_ns=at(15.2)), now_ns=at(15.2)
    )
    after = watched(range(16, 22), told)
    assert np.array_equal(only(after).mean, only(watched(range(1, 22))).mean)


def test_another_track_of_the_same_partner_is_left_alone() -> None:
    told, japan = watched(range(1, 16)), Neighbour()
    told, _ = step(told, japan.say(tracklet(told, 15.1), time_ns=at(15.1)), now_ns=at(15.1))
    before = only(told).mean.copy()
    back = WithdrawalBody(of=Kind.TRAJECTORY, id="T2", reason="")
    told, effects = step(told, japan.say(back, time_ns=at(15.2)), now_ns=at(15.2))
    assert shown(effects) == []
    assert np.array_equal(only(told).mean, before)


def test_a_track_that_rests_on_a_partner_alone_ends_with_its_withdrawal() -> None:
    state, japan = initial(genesis("JPN"), now_ns=START_NS), Neighbour()
    seen = watched(range(1, 16))
    state, _ = step(state, japan.say(tracklet(seen, 15.0), time_ns=at(15)), now_ns=at(15))
    assert only(state).nations == ("JPN",)
    state, effects = step(
        state, japan.say(WithdrawalBody(of=Kind.TRAJECTORY, id="T1", reason=""), time_ns=at(15.1)), now_ns=at(15.1)
    )
    assert [effect.update.status for effect in shown(effects)] == ["ended"]
    assert state.fused is not None
    assert state.fused.current() == {}


def test_a_withdrawal_never_touches_own() -> None:
    told, japan = watched(range(1, 16)), Neighbour()
    before = {name: update.mean.copy() for name, update in told.own.current().items()}
    for of in (Kind.TRAJECTORY, Kind.LAUNCH, Kind.IMPACT):
        for name in (*before, "T1", "KOR-E1-1"):
            back = WithdrawalBody(of=of, id=name, reason="")
            told, effects = step(told, japan.say(back, time_ns=at(15.1)), now_ns=at(15.1))
            assert shown(effects) == []
    assert all(np.array_equal(told.own.current()[name].mean, mean) for name, mean in before.items())


def advised(monkeypatch: pytest.MonkeyPatch, state: NodeState) -> list[tuple[str, float]]:
    """What reaches the assessor: estimates that count from now on, and those that count no more."""
    found: list[tuple[str, float]] = []

    def note(word: str) -> Any:
        def call(_: object, advice: PartnerAdvice) -> None:
            found.append((word, advice.body.latitude_deg or 0.0))

        return call

    monkeypatch.setattr(type(state.assessor), "advise", note("counts"))
    monkeypatch.setattr(type(state.assessor), "withdraw", note("no more"))
    return found


def test_history_does_not_replace_a_newer_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catch-up brings what is true now first, and then what was thought before."""
    state, japan = initial(genesis("JPN"), now_ns=START_NS), Neighbour()
    found = advised(monkeypatch, state)
    for latitude_deg, true_at in ((39.4, 30), (39.1, 10), (39.2, 20), (39.5, 31)):
        body = launch_body(event="E1", latitude_deg=latitude_deg)
        state, effects = step(state, japan.say(body, time_ns=at(true_at)), now_ns=at(40))
        assert ShowPartner("JPN", at(40), body) in effects  # the record shows every word
    assert found == [("counts", 39.4), ("counts", 39.5)]


def test_a_withdrawn_estimate_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    state, japan = initial(genesis("JPN"), now_ns=START_NS), Neighbour()
    found = advised(monkeypatch, state)
    state, _ = step(state, japan.say(launch_body(event="E1", latitude_deg=39.4), time_ns=at(1)), now_ns=at(1))
    back = WithdrawalBody(of=Kind.LAUNCH, id="E1", reason="")
    for number in (2, 3):  # said twice it counts once
        state, _ = step(state, japan.say(back, time_ns=at(number)), now_ns=at(number))
    assert found == [("counts", 39.4), ("no more", 39.4)]


def test_a_retracted_event_is_taken_back_once() -> None:
    telling = Telling(initial(genesis(), now_ns=START_NS).telling.tracklets, compartments={})
    assert [one.kind for one in telling.event(event())] == [Kind.LAUNCH, Kind.IMPACT]
    gone = msgspec.structs.replace(event(), status=EventStatus.RETRACTED)
    said = [one for one in telling.event(gone) if one.kind is Kind.WITHDRAWAL]
    assert [(one.body.of, one.body.id) for one in said if isinstance(one.body, WithdrawalBody)] == [
        (Kind.LAUNCH, "KOR-E1-1"), (Kind.IMPACT, "KOR-E1-1"), (Kind.TRAJECTORY, "KOR-T1"),
    ]  # fmt: skip
    assert all(one.urgent for one in said)
    assert [one.kind for one in telling.event(gone)] == []


def test_offers_know_nothing_of_withdrawals() -> None:
    assert {one.kind for one in event_offers(event(objects=(assessment(),)), urgent=True)} == {Kind.LAUNCH, Kind.IMPACT}


def test_a_withdrawal_crosses_as_a_numbered_message_under_the_partners_name_for_it() -> None:
    """End to end between two links: what was given is named as it was named, what was never given is not mentioned."""
    korea = Link(nation="KOR", partner="JPN", realm=genesis().realm, epoch=100)
    japan = Link(nation="JPN", partner="KOR", realm=genesis().realm, epoch=100)
    releaser = open_releaser()
    (sent,) = send_all(korea, releaser, [product(Kind.LAUNCH, number=1)])
    (back,) = send_all(korea, releaser, [withdrawal(Kind.LAUNCH, "KOR-E1")])
    bodies = [japan.accept(one.unsigned, now_ns=START_NS).body for one in (sent, back)]
    assert isinstance(bodies[0], products.LaunchBody)
    assert isinstance(bodies[1], WithdrawalBody)
    assert bodies[1].id == bodies[0].event
    assert back.number == 2
