"""A policy enters a running node: signatures as in people.toml, a wrong file changes nothing, narrowing at once."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.people import person_table
from beaconfire.kernel.person import Person
from beaconfire.kernel.products import Kind
from beaconfire.kernel.sealed import seal
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    Effect,
    Genesis,
    NodeState,
    Partner,
    PolicyLoad,
    Purge,
    Send,
    ShowAudit,
    Tick,
    decode_input,
    encode_input,
    initial,
    step,
)
from tests.exchange import NOW_NS, SECRET, grant_toml, policy_toml, product
from tests.release.test_signing import EMPTY, KEYS, NARROW, WIDE, signed

ROOT = Ed25519PrivateKey.from_private_bytes(bytes([99]) * 32)


def people(*names: str, realm: Realm = Realm.LIVE, root: Ed25519PrivateKey = ROOT) -> bytes:
    rows = [
        Person(id=name, name=name, roles=("officer",), keys=(KEYS[name].public_key().public_bytes_raw().hex(),))
        for name in names
    ]
    text = "\n".join(map(person_table, rows)).encode()
    return seal(text, purpose="people", realm=realm, sign=root.sign)


def genesis(policy: bytes, *, people_toml: bytes = b"", realm: Realm = Realm.LIVE) -> Genesis:
    return Genesis(
        nation="KOR", realm=realm, sensors_toml=b"", policy_toml=policy, partners=(Partner("JPN", bytes(32)),),
        id_secret=SECRET, epoch=100, fingerprint="test", people_toml=people_toml,
        root_public=ROOT.public_key().public_bytes_raw(),
    )  # fmt: skip


def live(policy: bytes = EMPTY, *names: str) -> NodeState:
    return initial(genesis(policy, people_toml=people(*names) if names else b""), now_ns=NOW_NS)


def load(state: NodeState, policy: bytes, people_toml: bytes = b"") -> tuple[Effect, ...]:
    item = decode_input(encode_input(PolicyLoad(policy, people_toml)))  # as the journal has it
    return step(state, item, now_ns=state.now_ns + 1)[1]


def refusals(effects: tuple[Effect, ...]) -> list[str]:
    return [effect.reason for effect in effects if isinstance(effect, ShowAudit) and effect.verdict == "refused"]


class TestLive:
    def test_two_officers_of_the_list_that_comes_with_it(self) -> None:
        state = live()
        assert refusals(load(state, signed(WIDE, "a", "b"), people("a", "b"))) == []
        assert (state.releaser.policy.version, state.releaser.signed_by) == (2, ("a", "b"))

    def test_two_officers_of_the_first_row(self) -> None:
        state = live(EMPTY, "a", "b")
        assert refusals(load(state, signed(WIDE, "a", "b"))) == []

    @pytest.mark.parametrize(
        ("people_toml", "words"),
        [
            (b"", "is by nobody of this node"),
            (people("a"), "signature of b: is by nobody of this node"),
            (people("a", "b", realm=Realm.EXERCISE), "is not signed by the nation's root"),
            (people("a", "b", root=KEYS["a"]), "is not signed by the nation's root"),
        ],
    )
    def test_nobody_elses_word(self, people_toml: bytes, words: str) -> None:
        state = live()
        (why,) = refusals(load(state, signed(WIDE, "a", "b"), people_toml))
        assert words in why
        assert state.releaser.policy.version == 1

    def test_unsigned(self) -> None:
        state = live(EMPTY, "a", "b")
        (why,) = refusals(load(state, WIDE))
        assert why.startswith("policy.toml: is signed by nobody; expected 2 officer(s) of people.toml")

    def test_narrowing_needs_one_and_takes_effect_at_once(self) -> None:
        state = live(signed(WIDE, "a", "b"), "a", "b")
        effects = load(state, signed(NARROW, "a"))
        assert refusals(effects) == []
        assert [effect.generation for effect in effects if isinstance(effect, Purge)] == [2]

    def test_a_first_row_is_held_to_the_same(self) -> None:
        with pytest.raises(Refused, match="is signed by a; expected 2"):
            live(signed(WIDE, "a"), "a", "b")


class TestExercise:
    def node(self, *grants: str) -> NodeState:
        return initial(genesis(policy_toml(*grants), realm=Realm.EXERCISE), now_ns=NOW_NS)

    @pytest.mark.parametrize(
        ("policy", "words"),
        [
            (b"version = ", "policy.toml: Invalid value"),
            (policy_toml(grant_toml(), version=1), "version: is 1; expected more than 1"),
            (policy_toml(grant_toml(kinds=["rockets"]), version=2), "kinds: 'rockets' is unknown"),
            (policy_toml(version=2, nation="JPN"), "nation: is JPN; expected KOR"),
            (policy_toml(grant_toml(more="coarsen_launch_m = 9.0"), version=2), "gives back the launch point"),
        ],
    )
    def test_a_wrong_file_leaves_the_old_in_force_and_says_why(self, policy: bytes, words: str) -> None:
        state = self.node(grant_toml(kinds=["launch"]))
        effects = load(state, policy)
        assert any(words in why for why in refusals(effects))
        assert not [effect for effect in effects if isinstance(effect, Purge | Send)]
        assert state.releaser.preview(product(Kind.LAUNCH), "JPN", now_ns=state.now_ns).reason == ""

    def test_what_waits_for_its_delay_is_decided_by_the_policy_of_that_moment(self) -> None:
        state = self.node(grant_toml(kinds=["launch"], more="delay_s = 30.0"))
        waiting = product(Kind.LAUNCH, time_ns=state.now_ns)
        assert state.releaser.preview(waiting, "JPN", now_ns=state.now_ns).due_ns == state.now_ns + 30 * NS_PER_S
        state.releaser.decide(waiting, "JPN", now_ns=state.now_ns)
        load(state, policy_toml(version=2))
        _, effects = step(state, Tick(), now_ns=state.now_ns + 31 * NS_PER_S)
        assert not [effect for effect in effects if isinstance(effect, Send)]
        rows = state.releaser.drain_audit(now_ns=state.now_ns, everything=True)
        assert ("JPN", "no_grant") in {(row.partner, row.reason) for row in rows}

    def test_a_faster_grant_makes_faster_tracklets(self) -> None:
        state = self.node(grant_toml().replace("rate_hz = 100.0", "rate_hz = 2.0"))
        assert state.telling.tracklets.interval_ns == NS_PER_S // 2
        load(state, policy_toml(grant_toml(), version=2))
        assert state.telling.tracklets.interval_ns == NS_PER_S // 100
