"""What one partner may hold here is bounded and what is beyond it is said; a doubt is said when it begins."""

from collections.abc import Sequence

import msgspec
import pytest

from beaconfire.fuse import partners
from beaconfire.kernel import codec, limits, wire
from beaconfire.node import Effect, EnvelopeIn, NodeState, Partner, ShowAudit, ShowTrack, initial, step
from beaconfire.share import Chain
from tests.exchange import MEAN, NOW_NS, envelope, release, trajectory_body
from tests.node.flight import genesis

FEW = 6


def japan() -> NodeState:
    row = msgspec.structs.replace(genesis(sensors=b""), nation="JPN", partners=(Partner("KOR", bytes(32)),))
    return initial(row, now_ns=NOW_NS)


def tell(state: NodeState, number: int, **changes: object) -> list[Effect]:
    """One tracklet of a track of its own, far from all others."""
    far = MEAN.copy()
    far[1] += 3e4 * number
    body = trajectory_body(
        **{"track": f"T{number}", "event": f"E{number}", "batch_id": number.to_bytes(16, "big"),
           "mean": codec.pack_state(far)} | changes
    )  # fmt: skip
    inner = release(body, source_id=number.to_bytes(16, "little"), time_ns=body.time_ns)
    made = envelope(inner, number=number + 1, previous=bytes([number]) * 32 if number else wire.NO_HASH)
    state.links["KOR"].incoming.chain = Chain()  # the chain is not what is looked at here
    return list(step(state, EnvelopeIn("KOR", codec.encode(made), b""), now_ns=NOW_NS)[1])


def rows(effects: Sequence[Effect], verdict: str) -> list[ShowAudit]:
    return [effect for effect in effects if isinstance(effect, ShowAudit) and effect.verdict == verdict]


def test_tracks_beyond_the_limit_are_not_taken_and_said_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partners, "MAX_PARTNER_TRACKS", FEW)
    state = japan()
    said = [tell(state, number) for number in range(FEW + 9)]
    assert all(any(isinstance(effect, ShowTrack) for effect in effects) for effects in said[:FEW])
    assert not any(isinstance(effect, ShowTrack) for effects in said[FEW:] for effect in effects)
    told = [row for effects in said for row in rows(effects, "refused")]
    assert [(row.rule, row.count) for row in told] == [("tracks", count) for count in (1, 2, 4, 8)]


def test_events_of_a_partner_are_bounded() -> None:
    state = japan()
    for number in range(limits.MAX_PARTNER_EVENTS + 5):
        tell(state, number)
    assert len(state.partner_events["KOR"]) == limits.MAX_PARTNER_EVENTS
    assert f"E{limits.MAX_PARTNER_EVENTS + 4}" in state.partner_events["KOR"]


def test_a_partner_that_scatters_more_than_it_says_is_named_once() -> None:
    state = japan()
    state.partner_tracks.trust.factors["KOR"] = 1.99
    tell(state, 0)
    off = MEAN.copy()
    off[:3] += 2_000.0
    (row,) = rows(tell(state, 1, track="T0", mean=codec.pack_state(off), first=False), "doubted")
    assert row.partner == "KOR"
    assert "times what they say" in row.reason
    again = tell(state, 2, track="T0", mean=codec.pack_state(off), first=False)
    assert rows(again, "doubted") == []
