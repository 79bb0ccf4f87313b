"""These people have signed this act: who, how many, when, once."""

import hashlib
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel import limits
from beaconfire.kernel.approval import Act, Nonces, act_bytes, officers_needed, signed_by
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person, Word
from beaconfire.kernel.time import from_seconds
from tests.kernel.securitykeys import SoftKey

NOW_NS = 1_736_132_400_000_000_000
ACT = Act(realm=Realm.LIVE, action="resume", subject="KOR", digest=bytes(32))
TOKEN = b"a plain token"


def key_of(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def person(name: str, *roles: Any) -> Person:
    key = key_of(name).public_key().public_bytes_raw().hex()
    return Person(
        id=name, name=name, roles=roles or ("officer",), keys=(key,), security_keys=(SoftKey(name).sealed,),
        tokens=(hashlib.sha256(TOKEN).hexdigest(),) if name == "kim" else (),
    )  # fmt: skip


PEOPLE = {name: person(name) for name in ("kim", "lee", "park")} | {"aoki": person("aoki", "author")}


def word(name: str, act: Act = ACT, *, age_s: float = 0.0, nonce: bytes = b"", soft: bool = False) -> Word:
    nonce = nonce or hashlib.sha256(f"{name}{age_s}".encode()).digest()[: limits.NONCE_BYTES]
    issued_ns = NOW_NS - from_seconds(age_s)
    data = act_bytes(act, person=name, nonce=nonce, issued_ns=issued_ns)
    return Word(name, nonce, issued_ns, SoftKey(name).proof(data) if soft else key_of(name).sign(data))


def reason(*words: Word, act: Act = ACT, needs: int = 2, nonces: Nonces | None = None) -> str:
    with pytest.raises(Refused) as caught:
        signed_by(act, words, people=PEOPLE, needs=needs, now_ns=NOW_NS, nonces=nonces)
    return caught.value.reason


def test_two_officers_by_key_or_security_key() -> None:
    assert signed_by(ACT, [word("kim"), word("lee")], people=PEOPLE, needs=2, now_ns=NOW_NS) == ("kim", "lee")
    words = [word("lee", soft=True), word("kim", soft=True), word("park")]
    assert signed_by(ACT, words, people=PEOPLE, needs=2, now_ns=NOW_NS) == ("lee", "kim", "park")
    assert signed_by(ACT, (), people=PEOPLE, needs=0, now_ns=NOW_NS) == ()


def test_who_may_not_and_how_few() -> None:
    assert reason() == "too_few"
    assert reason(word("kim")) == "too_few"
    assert reason(word("kim"), word("kim", age_s=1.0)) == "twice"
    assert reason(word("kim"), word("aoki")) == "role"
    assert reason(word("kim"), word("nobody")) == "person"


@pytest.mark.parametrize(
    "change",
    [
        {"realm": Realm.EXERCISE}, {"action": "suspend"}, {"subject": "USA"}, {"digest": b"\x01" * 32},
    ],
    ids=str,
)  # fmt: skip
def test_a_word_for_one_act_is_none_for_another(change: dict[str, Any]) -> None:
    other = msgspec.structs.replace(ACT, **change)
    for soft in (False, True):
        assert reason(word("kim", soft=soft), word("lee"), act=other) == "signature"


def test_a_word_says_who_when_and_with_which_nonce() -> None:
    given = word("kim")
    for change in ({"person": "lee"}, {"nonce": bytes(16)}, {"issued_ns": NOW_NS - 1}, {"proof": bytes(64)}):
        assert reason(msgspec.structs.replace(given, **change), word("park")) == "signature"


def test_a_word_is_good_for_five_minutes() -> None:
    edge = limits.ORDER_VALID_S
    assert signed_by(ACT, [word("kim", age_s=edge), word("lee")], people=PEOPLE, needs=2, now_ns=NOW_NS)
    assert reason(word("kim", age_s=edge + 1e-6), word("lee")) == "stale"
    assert reason(word("kim", age_s=-limits.ORDER_AHEAD_S - 0.001), word("lee")) == "future"


def test_a_nonce_is_good_once_and_a_refusal_uses_none_up() -> None:
    nonces = Nonces()
    assert reason(word("kim"), nonces=nonces) == "too_few"
    assert reason(word("kim"), word("lee", nonce=word("kim").nonce), nonces=nonces) == "nonce"
    assert nonces.used == {}
    assert signed_by(ACT, [word("kim"), word("lee")], people=PEOPLE, needs=2, now_ns=NOW_NS, nonces=nonces)
    assert reason(word("park"), word("lee"), nonces=nonces) == "nonce"
    assert reason(word("park", nonce=b"short"), word("kim", age_s=2.0), nonces=nonces) == "nonce"


def test_nonces_are_bounded_and_old_ones_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_NONCES", 2)
    nonces = Nonces()
    for number in range(2):
        nonces.use(bytes([number]) * 16, issued_ns=NOW_NS, now_ns=NOW_NS, where="w")
    with pytest.raises(Refused) as caught:
        nonces.use(bytes([9]) * 16, issued_ns=NOW_NS, now_ns=NOW_NS, where="w")
    assert caught.value.reason == "busy"
    later_ns = NOW_NS + from_seconds(limits.ORDER_VALID_S + 1.0)
    nonces.use(bytes([9]) * 16, issued_ns=later_ns, now_ns=later_ns, where="w")
    assert len(nonces.used) == 1


def test_a_token_is_a_word_in_an_exercise_alone() -> None:
    exercise = msgspec.structs.replace(ACT, realm=Realm.EXERCISE)
    plain = msgspec.structs.replace(word("kim"), proof=TOKEN)
    assert signed_by(exercise, [plain], people=PEOPLE, needs=1, now_ns=NOW_NS) == ("kim",)
    assert reason(plain, needs=1) == "signature"


def test_what_needs_two_officers() -> None:
    needs = {
        name: officers_needed(name, Realm.LIVE) for name in ("suspend", "leave", "resume", "grant", "partner", "person")
    }
    assert needs == {"suspend": 1, "leave": 1, "resume": 2, "grant": 2, "partner": 2, "person": 2}
    assert {officers_needed(name, Realm.EXERCISE) for name in needs} == {0}
