"""The exchange inside the step: narrowing, restart and roll-back release again what no receipt covers, once each."""

import pytest

from beaconfire.kernel import wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, VoidBody
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    ControlIn,
    Effect,
    EnvelopeIn,
    Genesis,
    NodeState,
    Partner,
    PolicyLoad,
    Purge,
    Restart,
    Send,
    ShowAudit,
    Tick,
    initial,
    step,
)
from tests.exchange import NOW_NS, SECRET, grant_toml, link_pair, policy_toml, product, send_all

SENSORS = b'[[sensor]]\nid = "KOR-R1"\nnation = "KOR"\nkind = "radar"\nlatitude_deg = 36.6\nlongitude_deg = 127.4\n'
COUNT = 4


def korea(count: int = COUNT) -> NodeState:
    """Korea's node, that has sent Japan some tracklets and half as many launches."""
    genesis = Genesis(
        nation="KOR",
        realm=Realm.EXERCISE,
        sensors_toml=SENSORS,
        policy_toml=policy_toml(grant_toml()),
        partners=(Partner("JPN", bytes(32)),),
        id_secret=SECRET,
        epoch=100,
        fingerprint="test",
    )
    state = initial(genesis, now_ns=NOW_NS)
    tracks = [product(number=1, time_ns=NOW_NS + number * NS_PER_S) for number in range(count)]
    launches = [product(Kind.LAUNCH, number=number) for number in range(count // 2)]
    send_all(state.links["JPN"], state.releaser, [*tracks, *launches])
    state.releaser.drain_audit(now_ns=NOW_NS)
    return state


def sends(effects: tuple[Effect, ...]) -> list[wire.Envelope]:
    found = [effect for effect in effects if isinstance(effect, Send)]
    return [wire.decode_envelope(effect.unsigned, realm=Realm.EXERCISE) for effect in found]


def kinds(envelopes: list[wire.Envelope]) -> list[Kind]:
    return [envelope.kind for envelope in envelopes]


def test_a_narrowed_policy_voids_and_releases_again_what_it_still_allows() -> None:
    state = korea()
    narrower = policy_toml(grant_toml(kinds=["trajectory"]), version=2)
    _, effects = step(state, PolicyLoad(narrower), now_ns=NOW_NS)
    assert isinstance(effects[0], Purge)
    assert (effects[0].partner, effects[0].generation) == ("JPN", 2)
    sent = sends(effects)
    assert kinds(sent) == [Kind.VOID] + [Kind.TRAJECTORY] * COUNT
    void = wire.decode_body(Kind.VOID, sent[0].content)
    assert isinstance(void, VoidBody)
    assert (void.first, void.last) == (1, COUNT + COUNT // 2)
    assert {effect.generation for effect in effects if isinstance(effect, Send)} == {2}
    reasons = [effect.reason for effect in effects if isinstance(effect, ShowAudit) and effect.verdict == "withheld"]
    assert reasons == []  # equal noes wait for their minute
    _, later = step(state, Tick(), now_ns=NOW_NS + 61 * NS_PER_S)
    assert [effect.reason for effect in later if isinstance(effect, ShowAudit)] == ["no_grant"]


def test_a_wider_policy_voids_nothing() -> None:
    state = korea()
    wider = policy_toml(grant_toml(), grant_toml("USA", name="u"), version=2)
    _, effects = step(state, PolicyLoad(wider), now_ns=NOW_NS)
    assert effects == ()


def test_a_restart_begins_a_new_epoch_with_all_that_no_receipt_covers() -> None:
    state = korea()
    _, effects = step(state, Restart(), now_ns=NOW_NS)
    sent = sends(effects)
    assert kinds(sent) == [Kind.TRAJECTORY] * COUNT + [Kind.LAUNCH] * (COUNT // 2)
    assert {envelope.epoch for envelope in sent} == {NOW_NS // NS_PER_S}
    assert [envelope.number for envelope in sent] == list(range(1, len(sent) + 1))


def test_a_receipt_settles_and_a_gap_is_sent_again() -> None:
    state, (_, japan) = korea(), link_pair()
    pending = [row.numbered for row in state.links["JPN"].outgoing._pending.values()]
    for numbered in pending[:2] + pending[3:]:
        japan.accept(numbered.unsigned, now_ns=NOW_NS)
    later = NOW_NS + 3 * NS_PER_S
    receipt = japan.receipt(now_ns=later).unsigned
    _, effects = step(state, ControlIn("JPN", receipt, b""), now_ns=later)
    (again,) = sends(effects)
    assert again.number == 3
    assert state.links["JPN"].outgoing.unreceipted() == 1


@pytest.mark.parametrize("partner", ["JPN", "CHN"])
@pytest.mark.parametrize("make", [EnvelopeIn, ControlIn])
def test_any_bytes_become_an_audit_row(make: type, partner: str) -> None:
    state = korea()
    for data in (b"", b"\x90", b"\xc1" * 50):
        _, effects = step(state, make(partner, data, b""), now_ns=NOW_NS)
        (row,) = effects
        assert isinstance(row, ShowAudit)
        assert row.verdict == "refused"
        assert row.reason


def test_a_broken_policy_leaves_the_old_in_force_and_says_each_fault() -> None:
    state = korea()
    _, effects = step(state, PolicyLoad(b'version = 2\nnation = "KORR"\n'), now_ns=NOW_NS)
    assert [effect.verdict for effect in effects if isinstance(effect, ShowAudit)] == ["refused"]
    assert state.releaser.partners() == ("JPN",)
