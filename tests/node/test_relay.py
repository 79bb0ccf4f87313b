"""What may travel on: A's record reaches C through B as A signed it, once whichever way it came, and nothing else does.

Three nodes in one process; the shell's part (two signatures, the pinned keys) is done here with real Ed25519.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel import codec, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, Product
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    Effect,
    EnvelopeIn,
    Genesis,
    NodeState,
    Partner,
    PolicyLoad,
    Send,
    ShowAudit,
    ShowTrack,
    Tick,
    initial,
    step,
)
from beaconfire.node.outbound import offer
from beaconfire.share import open_envelope
from tests.exchange import NOW_NS, key_pair, product, trajectory_body

NATIONS = ("KOR", "JPN", "USA")
KEYS = {nation: key_pair(number + 1) for number, nation in enumerate(NATIONS)}
REALM = Realm.EXERCISE


def grant(partner: str, *, provenance: Sequence[str], more: str = "", kinds: str = '"launch", "trajectory"') -> str:
    names = ", ".join(f'"{nation}"' for nation in provenance)
    return (
        f'[[grant]]\nid = "{partner}"\npartner = "{partner}"\nrealm = "EXERCISE"\nkinds = [{kinds}]\n'
        f"provenance = [{names}]\nrate_hz = 100.0\n{more}\n"
    )


def policy(nation: str, *grants: str, version: int = 1) -> bytes:
    return f'version = {version}\nnation = "{nation}"\n{"".join(grants)}'.encode()


WHOLE = "drop_sensor_identity = false\n"
POLICIES = {
    "KOR": policy("KOR", grant("JPN", provenance=["KOR"], more=WHOLE + 'onward = ["USA"]')),
    "JPN": policy("JPN", grant("USA", provenance=["JPN", "KOR"], more=WHOLE)),
    "USA": policy("USA", grant("KOR", provenance=["KOR", "USA"], more=WHOLE)),
}


@dataclass
class Wire:
    """Nodes and the bytes between them; `refused` are those that an intake did not take."""

    states: dict[str, NodeState]
    refused: list[str] = field(default_factory=list)
    crossed: list[tuple[str, str, wire.Release]] = field(default_factory=list)

    def carry(self, sender: str, effects: Sequence[Effect]) -> dict[str, list[Effect]]:
        """Sign, carry, verify and step until nobody sends any more."""
        done: dict[str, list[Effect]] = {nation: [] for nation in self.states}
        queue = [(sender, effect) for effect in effects if isinstance(effect, Send)]
        while queue:
            by, sent = queue.pop(0)
            caused = self.take(by, sent.partner, seal(sent, KEYS[by][0]))
            done[sent.partner] += caused
            queue += [(sent.partner, effect) for effect in caused if isinstance(effect, Send)]
        return done

    def take(self, sender: str, recipient: str, data: bytes) -> list[Effect]:
        state = self.states[recipient]
        pinned = {nation: KEYS[nation][1] for nation in state.links}
        try:
            signed, envelope = open_envelope(data, key=KEYS[sender][1], realm=REALM, origins=pinned)
        except Refused as refusal:
            self.refused.append(refusal.reason)
            return []
        if envelope.kind is not Kind.VOID:
            self.crossed.append((sender, recipient, wire.decode_release(envelope)))
        item = EnvelopeIn(sender, signed.unsigned, signed.signature, signed.origin_signature)
        return list(step(state, item, now_ns=state.now_ns)[1])


def seal(sent: Send, key: Ed25519PrivateKey) -> bytes:
    """What `shell.engine` does."""
    origin = key.sign(sent.inner) if sent.inner else sent.origin_signature
    return codec.encode(wire.Signed(unsigned=sent.unsigned, signature=key.sign(sent.unsigned), origin_signature=origin))


def network(*, without: tuple[str, str] | None = None, **policies: bytes) -> Wire:
    """Everybody the partner of everybody, but for one pair."""
    states = {}
    for nation in NATIONS:
        partners = [other for other in NATIONS if other != nation and {nation, other} != set(without or ())]
        row = Genesis(
            nation=nation, realm=REALM, sensors_toml=b"", policy_toml=(POLICIES | policies)[nation],
            partners=tuple(Partner(other, KEYS[other][1]) for other in partners), id_secret=nation.encode() * 10,
            epoch=100, fingerprint="",
        )  # fmt: skip
        states[nation] = initial(row, now_ns=NOW_NS)
    return Wire(states)


def released(net: Wire, *products: Product, to: tuple[str, ...] = ("JPN",)) -> list[Effect]:
    korea = net.states["KOR"]
    return [effect for one in products for effect in offer(korea, one, to)]


def refusals(effects: Sequence[Effect]) -> list[str]:
    return [effect.rule for effect in effects if isinstance(effect, ShowAudit) and effect.verdict == "refused"]


def withheld(net: Wire, nation: str) -> list[str]:
    state = net.states[nation]
    rows = step(state, Tick(), now_ns=state.now_ns + 61 * NS_PER_S)[1]
    return [row.reason for row in rows if isinstance(row, ShowAudit) and row.verdict == "withheld"]


def test_what_may_travel_on_reaches_the_third_nation_as_its_originator_signed_it() -> None:
    net = network()
    done = net.carry("KOR", released(net, product()))
    (first, second) = net.crossed
    assert first[:2] == ("KOR", "JPN")
    assert second[:2] == ("JPN", "USA")
    assert first[2] == second[2]  # the same bytes
    assert second[2].originator == "KOR"
    assert any(isinstance(effect, ShowTrack) and "KOR" in effect.update.nations for effect in done["USA"])
    assert net.refused == []


def test_a_release_that_goes_no_further_needs_one_signature_only() -> None:
    net = network(KOR=policy("KOR", grant("JPN", provenance=["KOR"], more=WHOLE)))
    (sent,) = [effect for effect in released(net, product()) if isinstance(effect, Send)]
    assert (sent.inner, sent.origin_signature) == (b"", b"")
    net.carry("KOR", [sent])
    assert [pair[:2] for pair in net.crossed] == [("KOR", "JPN")]


def test_once_only_whichever_way_it_came() -> None:
    """Korea tells both; Japan passes its copy on: the second of the two has no effect in the United States."""
    both = policy(
        "KOR", grant("JPN", provenance=["KOR"], more=WHOLE + 'onward = ["USA"]'),
        grant("USA", provenance=["KOR"], more=WHOLE),
    )  # fmt: skip
    net = network(KOR=both)
    done = net.carry("KOR", released(net, product(), to=("JPN", "USA")))
    assert [pair[:2] for pair in net.crossed].count(("JPN", "USA")) == 1
    assert len({pair[2].source_id for pair in net.crossed}) == 1
    fused = [effect.update for effect in done["USA"] if isinstance(effect, ShowTrack)]
    assert len(fused) == 1


def test_a_rumour_goes_round_and_counts_once() -> None:
    """Korea lets it travel to all, its own list names itself: what comes back to Korea is refused."""
    net = network(
        KOR=policy("KOR", grant("JPN", provenance=["KOR"], more=WHOLE + 'onward = ["USA", "JPN", "KOR"]')),
    )
    net.carry("KOR", released(net, product()))
    assert [pair[:2] for pair in net.crossed] == [("KOR", "JPN"), ("JPN", "USA")]
    (_, _, inner) = net.crossed[0]
    forged = envelope("USA", "KOR", inner)
    data = signed(forged, by="USA", origin=KEYS["KOR"][0].sign(forged.content))
    net.states["KOR"].links["USA"]  # the loop's last leg, sent by a node that does not keep the rules
    net.refused.clear()
    back = net.states["KOR"]
    opened, _ = open_envelope(data, key=KEYS["USA"][1], realm=REALM, origins={"KOR": KEYS["KOR"][1]})
    _, effects = step(back, EnvelopeIn("USA", opened.unsigned, b"", opened.origin_signature), now_ns=NOW_NS)
    assert refusals(list(effects)) == ["relayed"]
    assert net.take("USA", "KOR", data) == []
    assert net.refused == ["unpinned"]  # no node pins itself as a partner


def envelope(sender: str, recipient: str, inner: wire.Release) -> wire.Envelope:
    return wire.ExerciseEnvelope(
        format=1, sender=sender, recipient=recipient, realm=REALM, epoch=200, number=1, previous=wire.NO_HASH,
        kind=inner.kind, content=codec.encode(inner),
    )  # fmt: skip


def signed(made: wire.Envelope, *, by: str, origin: bytes = b"") -> bytes:
    unsigned = codec.encode(made)
    return codec.encode(wire.Signed(unsigned=unsigned, signature=KEYS[by][0].sign(unsigned), origin_signature=origin))


def korean(**changes: object) -> wire.Release:
    """What Korea released to Japan, to go no further."""
    net = network(KOR=policy("KOR", grant("JPN", provenance=["KOR"], more=WHOLE)))
    net.carry("KOR", released(net, product()))
    return msgspec.structs.replace(net.crossed[0][2], **changes)


def test_label_laundering_is_refused() -> None:
    """Japan tries to hand on what Korea gave it alone: as it is, with a list of its own making, and stripped."""
    kept = korean()
    genuine = KEYS["KOR"][0].sign(codec.encode(kept))
    opened = korean(onward=("USA",), releasable_to=("USA",))
    own = KEYS["JPN"][0].sign(codec.encode(opened))
    cases = [
        (signed(envelope("JPN", "USA", opened), by="JPN", origin=own), "origin"),  # signed by the launderer
        (signed(envelope("JPN", "USA", opened), by="JPN", origin=genuine), "origin"),  # another release's signature
        (signed(envelope("JPN", "USA", opened), by="JPN"), "origin"),  # none
    ]
    net = network()
    for data, reason in cases:
        net.refused.clear()
        assert net.take("JPN", "USA", data) == []
        assert net.refused == [reason]
    as_it_is = signed(envelope("JPN", "USA", kept), by="JPN", origin=genuine)
    assert refusals(net.take("JPN", "USA", as_it_is)) == ["label"]


def test_a_third_party_that_has_not_pinned_the_originator_takes_nothing() -> None:
    net = network(without=("KOR", "USA"), USA=policy("USA"))
    done = net.carry("KOR", released(net, product()))
    assert done["USA"] == []
    assert net.refused == ["unpinned"]


def test_the_step_refuses_an_unpinned_originator_by_itself() -> None:
    net = network(without=("KOR", "USA"), USA=policy("USA"))
    made = envelope("JPN", "USA", korean(onward=("USA",)))
    effects = step(net.states["USA"], EnvelopeIn("JPN", codec.encode(made), b""), now_ns=NOW_NS)[1]
    assert refusals(list(effects)) == ["unpinned"]
    assert not any(isinstance(effect, ShowTrack) for effect in effects)


def test_a_signature_that_is_not_needed_may_not_stand() -> None:
    """Else one record would have many forms, and a copy would not be known as one."""
    net = network()
    kept = korean()
    data = signed(envelope("KOR", "JPN", kept), by="KOR", origin=KEYS["KOR"][0].sign(codec.encode(kept)))
    assert net.take("KOR", "JPN", data) == []
    assert net.refused == ["origin"]


def test_what_travels_without_its_second_signature_is_refused_by_the_first_receiver() -> None:
    net = network()
    (sent,) = [effect for effect in released(net, product()) if isinstance(effect, Send)]
    stripped = codec.encode(wire.Signed(unsigned=sent.unsigned, signature=KEYS["KOR"][0].sign(sent.unsigned)))
    assert net.take("KOR", "JPN", stripped) == []
    assert net.refused == ["origin"]


@pytest.mark.parametrize(
    ("japanese", "reason"),
    [
        (policy("JPN"), "no_grant"),
        (policy("JPN", grant("USA", provenance=["JPN"], more=WHOLE)), "provenance"),
        (policy("JPN", grant("USA", provenance=["JPN", "KOR"])), "unchangeable"),  # it would drop the sensors' names
    ],
)
def test_the_relays_own_policy_decides_too(japanese: bytes, reason: str) -> None:
    net = network(JPN=japanese)
    net.carry("KOR", released(net, product()))
    assert [pair[:2] for pair in net.crossed] == [("KOR", "JPN")]
    assert withheld(net, "JPN") == [reason]


def test_a_narrowed_grant_at_the_relay_voids_what_was_on_its_way() -> None:
    net = network()
    (sent,) = [effect for effect in released(net, product()) if isinstance(effect, Send)]
    japan = net.states["JPN"]
    net.take("KOR", "JPN", seal(sent, KEYS["KOR"][0]))
    assert japan.links["USA"].outgoing.number == 1
    effects = step(japan, PolicyLoad(policy("JPN", version=2)), now_ns=NOW_NS)[1]
    sends = [effect for effect in effects if isinstance(effect, Send)]
    assert [effect.kind for effect in sends] == [Kind.VOID]


def test_a_relayed_record_released_again_after_a_restart_keeps_its_signature() -> None:
    net = network()
    (sent,) = [effect for effect in released(net, product()) if isinstance(effect, Send)]
    net.take("KOR", "JPN", seal(sent, KEYS["KOR"][0]))
    japan = net.states["JPN"]
    again = japan.links["USA"].renew(now_ns=NOW_NS, lost=False)
    (kept,) = again
    assert kept.relayed is not None
    assert kept.relayed.signature == KEYS["KOR"][0].sign(kept.relayed.release)


def test_tracklets_of_two_ways_add_up_once_each() -> None:
    """Half of Korea's tracklets come straight, half through Japan: the same batch ids are never counted twice."""
    net = network()
    bodies = [trajectory_body(batch_id=bytes([number]) * 16, first=number == 0) for number in range(4)]
    rows = [product(body=body, time_ns=NOW_NS + number) for number, body in enumerate(bodies)]
    done = net.carry("KOR", released(net, *rows))
    used = [
        measurement.id for effect in done["USA"] if isinstance(effect, ShowTrack)
        for measurement in effect.update.accepted
    ]  # fmt: skip
    assert len(used) == len(set(used))
    again = net.carry("KOR", released(net, *rows))
    assert not any(isinstance(effect, ShowTrack) for effect in again["USA"])
