"""The one value of a node: started from its first row alone, consumed by steps, kept by checkpoints."""

import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.records import TrackUpdate
from beaconfire.node import Effect, Input, NodeState, ScanIn, ShowTrack, Tick, checkpoint, digest, initial, step
from tests.exchange import grant_toml, policy_toml
from tests.node.flight import START_NS, genesis, scan

LOOKS = 16


def play(state: NodeState, looks: range) -> list[bytes]:
    """The digests of what these looks and the ticks after them cause."""
    digests = []
    for number in looks:
        seen = scan(number)
        inputs: tuple[Input, ...] = (ScanIn(seen), Tick())
        for item in inputs:
            state, effects = step(state, item, now_ns=seen.time_ns)
            digests.append(digest(effects))
    return digests


def test_a_node_alone_keeps_one_picture() -> None:
    state = initial(genesis(), now_ns=START_NS)
    assert state.fused is None
    assert state.links == {}


def test_a_node_with_partners_keeps_two_pictures_and_a_link_to_each() -> None:
    state = initial(genesis("JPN", "USA"), now_ns=START_NS)
    assert state.fused is not None
    assert state.fused is not state.own
    assert sorted(state.links) == ["JPN", "USA"]


def test_two_nodes_of_one_row_decide_the_same() -> None:
    first, second = (initial(genesis("JPN"), now_ns=START_NS) for _ in range(2))
    assert play(first, range(LOOKS)) == play(second, range(LOOKS))


def test_with_and_without_a_partner_the_own_tracks_are_the_same() -> None:
    policy = policy_toml(grant_toml())
    first = initial(genesis("JPN", policy=policy), now_ns=START_NS)
    alone = initial(genesis(), now_ns=START_NS)
    own = [play_own(state) for state in (first, alone)]
    assert own[0] == own[1] != []


def play_own(state: NodeState) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for number in range(LOOKS):
        seen = scan(number)
        state, effects = step(state, ScanIn(seen), now_ns=seen.time_ns)
        found += [(update.track_id, update.mean.tobytes()) for update in own_updates(effects)]
    return found


def own_updates(effects: tuple[Effect, ...]) -> list[TrackUpdate]:
    shown = [effect.update for effect in effects if isinstance(effect, ShowTrack)]
    return [update for update in shown if update.picture == "own"]


def test_a_checkpoint_is_not_moved_by_what_comes_after() -> None:
    state = initial(genesis("JPN"), now_ns=START_NS)
    play(state, range(LOOKS // 2))
    kept = checkpoint(state)
    went_on = play(state, range(LOOKS // 2, LOOKS))
    assert play(checkpoint(kept), range(LOOKS // 2, LOOKS)) == went_on
    assert play(kept, range(LOOKS // 2, LOOKS)) == went_on


def test_steps_consume_the_state_they_are_given() -> None:
    state = initial(genesis(), now_ns=START_NS)
    seen = scan(0)
    after, _ = step(state, ScanIn(seen), now_ns=seen.time_ns)
    assert after is state


def test_time_never_falls() -> None:
    state = initial(genesis(), now_ns=START_NS)
    step(state, Tick(), now_ns=START_NS + 5)
    step(state, Tick(), now_ns=START_NS + 1)
    assert state.now_ns == START_NS + 5


@pytest.mark.parametrize(
    ("sensors", "policy", "told"),
    [
        (b"[[sensor]]\nid = 3\n", b"", "sensor"),
        (b"\xff", b"", "UTF-8"),
        (b"", b"version = 0\n", "version"),
    ],
)
def test_a_first_row_that_cannot_be_read_starts_nothing(sensors: bytes, policy: bytes, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        initial(genesis("JPN", sensors=sensors, policy=policy), now_ns=START_NS)
