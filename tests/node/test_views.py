"""Compartments: what a partner is told comes from the granted ones alone, and tells nothing of the others.

The proof is by comparison: a node with a second radar in another compartment sends a partner that is not granted it
the same bytes as a node that has no such radar.
"""

import msgspec
import pytest

from beaconfire.kernel import wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, LaunchBody, TrajectoryBody
from beaconfire.node import Effect, NodeState, PolicyLoad, ScanIn, Send, ShowAudit, Tick, initial, step
from beaconfire.node.views import make_views
from tests.exchange import grant_toml, policy_toml
from tests.node.flight import SENSORS, START_NS, genesis, scan

EAST = SENSORS.replace(b"KOR-R1", b"KOR-R2") + b'compartment = "east"\n'
MAIN = grant_toml("JPN", name="jpn", more='compartments = ["main"]')
BOTH = grant_toml("USA", name="usa", more='compartments = ["main", "east"]')
LOOKS = 40


def node(*grants: str, sensors: bytes = SENSORS + EAST) -> NodeState:
    return initial(genesis("JPN", "USA", sensors=sensors, policy=policy_toml(*grants)), now_ns=START_NS)


def play(state: NodeState, *, seen_by: tuple[str, ...], first: int = 0, last: int = LOOKS) -> list[Effect]:
    """Let radars look every two seconds."""
    effects: list[Effect] = []
    for number in range(first, last):
        for seed, sensor_id in enumerate(seen_by, start=1):
            look = scan(number, sensor_id=sensor_id, seed=seed)
            effects += step(state, ScanIn(look), now_ns=look.time_ns)[1]
        effects += step(state, Tick(), now_ns=scan(number).time_ns + 10**8)[1]
    return effects


def sent(effects: list[Effect], partner: str) -> list[bytes]:
    return [effect.unsigned for effect in effects if isinstance(effect, Send) and effect.partner == partner]


def bodies(effects: list[Effect], partner: str) -> list[object]:
    envelopes = [wire.decode_envelope(unsigned, realm=Realm.EXERCISE) for unsigned in sent(effects, partner)]
    return [wire.decode_body(one.kind, wire.decode_release(one).body) for one in envelopes]


def test_by_default_there_is_one_picture() -> None:
    state = node(grant_toml("JPN", name="jpn"), grant_toml("USA", name="usa"), sensors=SENSORS)
    assert state.views == {}
    assert state.audience == ("JPN", "USA")


def test_who_is_granted_all_is_told_of_the_own_picture() -> None:
    state = node(MAIN, BOTH)
    assert list(state.views) == [frozenset({"main"})]
    assert state.views[frozenset({"main"})].partners == ("JPN",)
    assert state.audience == ("USA",)


def test_what_is_not_granted_leaves_no_trace() -> None:
    """The same bytes to Japan: tracks, ids, counts, revisions, numbers, hashes; and something did cross."""
    alone = play(node(MAIN, BOTH, sensors=SENSORS + EAST), seen_by=("KOR-R1",))
    beside = play(node(MAIN, BOTH), seen_by=("KOR-R1", "KOR-R2"))
    assert sent(alone, "JPN") == sent(beside, "JPN")
    kinds = {type(body) for body in bodies(beside, "JPN")}
    assert {TrajectoryBody, LaunchBody} <= kinds
    assert sent(alone, "USA") != sent(beside, "USA")


def test_what_only_the_other_compartment_sees_does_not_exist() -> None:
    effects = play(node(MAIN, BOTH), seen_by=("KOR-R2",))
    assert sent(effects, "JPN") == []
    assert sent(effects, "USA") != []


def test_contributors_are_those_of_the_granted() -> None:
    effects = play(node(MAIN + "\ndrop_sensor_identity = false", BOTH + "\ndrop_sensor_identity = false"),
                   seen_by=("KOR-R1", "KOR-R2"))  # fmt: skip
    named = {
        partner: {
            sensor for body in bodies(effects, partner) if isinstance(body, TrajectoryBody) for sensor in body.sensors
        }
        for partner in ("JPN", "USA")
    }
    assert named == {"JPN": {"KOR-R1"}, "USA": {"KOR-R1", "KOR-R2"}}


def test_no_compartment_of_ours_is_nothing() -> None:
    """A partner whose grants name other compartments is held against OWN, and the core withholds it all."""
    effects = play(node(grant_toml("JPN", name="jpn", more='compartments = ["north"]')), seen_by=("KOR-R1",))
    effects += play(node(grant_toml("JPN", name="jpn", more="compartments = []")), seen_by=("KOR-R1",))
    assert sent(effects, "JPN") == []


def test_the_decision_core_stands_behind() -> None:
    """Whatever picture a product came from, one with a share of a compartment that is not granted stays."""
    state = node(MAIN, BOTH)
    play(state, seen_by=("KOR-R1", "KOR-R2"), last=20)
    products = state.telling.live()
    assert {product.compartments for product in products} == {("east", "main")}
    for product in products:
        assert state.releaser.preview(product, "JPN", now_ns=state.now_ns).reason == "compartment"
        assert state.releaser.preview(product, "USA", now_ns=state.now_ns).reason == ""


@pytest.mark.parametrize("kind", [Kind.TRAJECTORY, Kind.LAUNCH])
def test_a_load_that_takes_a_compartment_away_begins_a_new_picture(kind: Kind) -> None:
    state = node(grant_toml("JPN", name="jpn", more='compartments = ["main", "east"]'))
    before = play(state, seen_by=("KOR-R1", "KOR-R2"), last=20)
    names = {getattr(body, "event", "") for body in bodies(before, "JPN")}
    assert state.views == {}
    narrower = policy_toml(MAIN, version=2)
    _, effects = step(state, PolicyLoad(narrower), now_ns=state.now_ns)
    assert not [effect for effect in effects if isinstance(effect, ShowAudit) and effect.verdict == "refused"]
    assert list(state.views) == [frozenset({"main"})]
    after = play(state, seen_by=("KOR-R1", "KOR-R2"), first=20)
    later = [body for body in bodies(after, "JPN") if getattr(body, "event", "")]
    assert any(isinstance(body, TrajectoryBody if kind is Kind.TRAJECTORY else LaunchBody) for body in later)
    assert not names & {getattr(body, "event", "") for body in later}


def test_pictures_that_go_on_are_kept() -> None:
    state = node(MAIN, BOTH)
    view = state.views[frozenset({"main"})]
    step(state, PolicyLoad(policy_toml(MAIN, version=2)), now_ns=state.now_ns + 1)
    assert state.views[frozenset({"main"})] is view
    step(state, PolicyLoad(policy_toml(BOTH, version=3)), now_ns=state.now_ns + 1)
    assert state.views == {}


def test_partners_with_the_same_compartments_share_one() -> None:
    some = frozenset({"main"})
    views = make_views(
        {"JPN": some, "USA": some, "AUS": frozenset({"main", "east"}), "GBR": frozenset({"north"})}, {}, nation="KOR",
        secret=bytes(32), interval_ns=10**9, compartments={"KOR-R1": "main", "KOR-R2": "east"},
    )  # fmt: skip
    assert {key: view.partners for key, view in views.items()} == {some: ("JPN", "USA")}


def test_a_replay_makes_the_same_pictures() -> None:
    runs = [play(node(MAIN, BOTH), seen_by=("KOR-R1", "KOR-R2"), last=15) for _ in range(2)]
    encoded = [msgspec.msgpack.encode([sent(run, "JPN"), sent(run, "USA")]) for run in runs]
    assert encoded[0] == encoded[1]
