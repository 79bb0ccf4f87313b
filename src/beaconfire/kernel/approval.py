"""These people have signed this act: the one way in which a human's word is judged, for alerts and for all else.

An act is what is to be done, to whom, with the hash of what exactly; a word is one person's signature under it, with a
nonce and a time. The proof in a word is an Ed25519 signature, an assertion of a security key, or in an exercise a plain
token. A word is good for five minutes of node time, and once where somebody keeps the nonces (`Nonces`, part of a
room's state); where nobody does, an act's hash must name something that the act itself changes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from beaconfire.kernel import codec, limits
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person, Word
from beaconfire.kernel.sealed import verifies
from beaconfire.kernel.time import from_seconds
from beaconfire.kernel.webauthn import asserts

VALID_NS = from_seconds(limits.ORDER_VALID_S)
_AHEAD_NS = from_seconds(limits.ORDER_AHEAD_S)
_TWO = frozenset({"resume", "grant", "partner", "person"})  # LIVE only (WARNING part 2, rule 5)


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What people agree to: `action` a verb or noun of the house, `subject` whom it is about, `digest` of what exactly.

    Known actions: suspend, leave, policy (any change); resume, grant (a wider policy), partner (a new one), person (a
    new one).
    """

    realm: Realm
    action: str
    subject: str
    digest: bytes


@dataclass(slots=True)
class Nonces:
    """Those used in the last five minutes, with the time of the word that used each."""

    used: dict[bytes, int] = field(default_factory=dict)

    def use(self, nonce: bytes, *, issued_ns: int, now_ns: int, where: str) -> None:
        """Use up a nonce; raises `Refused`: "nonce" for one used before or of a wrong length, "busy" for too many."""
        if nonce in self.used:
            raise Refused("nonce", where=where, what="was given already", expected="a new nonce for each")
        if len(nonce) != limits.NONCE_BYTES:
            what = f"has a nonce of {len(nonce)} bytes"
            raise Refused("nonce", where=where, what=what, expected=f"{limits.NONCE_BYTES}")
        if len(self.used) >= limits.MAX_NONCES:
            self.used = {old: at_ns for old, at_ns in self.used.items() if at_ns >= now_ns - VALID_NS}
        if len(self.used) >= limits.MAX_NONCES:
            expected = f"{limits.MAX_NONCES} in five minutes"
            raise Refused("busy", where=where, what="is one of too many", expected=expected)
        self.used[nonce] = issued_ns


def officers_needed(action: str, realm: Realm) -> int:
    """Return how many officers an act needs; one that nobody listed needs one. An exercise needs none."""
    if realm is Realm.EXERCISE:
        return 0
    return 2 if action in _TWO else 1


def signed_by(
    act: Act, words: Sequence[Word], *, people: Mapping[str, Person], needs: int, now_ns: int,
    nonces: Nonces | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Return the ids of the officers, `needs` or more different ones, who signed this act within the last minutes.

    Raises `Refused` and uses no nonce up unless all is well: "person", "role", "signature", "stale", "future",
    "twice", "too_few", "nonce" or "busy". One word that does not hold spoils all.
    """
    names: list[str] = []
    for word in words:
        where = f"{act.action} of {act.subject[: limits.MAX_ID_LENGTH]} by {word.person[: limits.MAX_ID_LENGTH]}"
        check_word(act, word, people=people, where=where)
        check_age(word.issued_ns, now_ns=now_ns, where=where)
        if word.person in names:
            raise Refused("twice", where=where, what="was signed by this person already", expected="another person")
        names.append(word.person)
    where = f"{act.action} of {act.subject[: limits.MAX_ID_LENGTH]}"
    if len(names) < needs:
        what = f"is signed by {', '.join(names) or 'nobody'}"
        raise Refused("too_few", where=where, what=what, expected=f"{needs} different officers")
    if nonces is not None:
        _use_all(nonces, words, now_ns=now_ns, where=where)
    return tuple(names)


def check_word(act: Act, word: Word, *, people: Mapping[str, Person], where: str) -> None:
    """Check that an officer of `people` signed; its age is not looked at. Raises `Refused`: person, role, signature."""
    person = people.get(word.person)
    if person is None:
        raise Refused("person", where=where, what="is by nobody of this node", expected="an id of people.toml")
    if "officer" not in person.roles:
        what = f"is not for {', '.join(person.roles) or 'no role'}"
        raise Refused("role", where=where, what=what, expected="an officer")
    data = act_bytes(act, person=word.person, nonce=word.nonce, issued_ns=word.issued_ns)
    if not proves(person, word.proof, data, realm=act.realm):
        what = "is not signed by that person"
        raise Refused("signature", where=where, what=what, expected=f"a signature for {act.realm}")


def check_age(issued_ns: int, *, now_ns: int, where: str) -> None:
    """Raise `Refused` for a word that is "stale" or from the "future"."""
    if issued_ns < now_ns - VALID_NS:
        raise Refused("stale", where=where, what="is too old", expected=f"at most {limits.ORDER_VALID_S:g} s")
    if issued_ns > now_ns + _AHEAD_NS:
        raise Refused("future", where=where, what="is from the future", expected="node time")


def act_bytes(act: Act, *, person: str, nonce: bytes, issued_ns: int) -> bytes:
    """Return the bytes that one person signs."""
    return codec.encode(
        ("beaconfire/act", act.realm, act.action, act.subject, act.digest, person, nonce, issued_ns)
    )  # fmt: skip


def proves(person: Person, proof: bytes, data: bytes, *, realm: Realm) -> bool:
    """Say whether `proof` is this person's word for `data`: by key, by security key, or by token in an exercise."""
    if realm is Realm.EXERCISE and hashlib.sha256(proof).hexdigest() in person.tokens:
        return True
    return any(verifies(bytes.fromhex(key), proof, data) for key in person.keys) or any(
        asserts(key, proof, data) for key in person.security_keys
    )


def _use_all(nonces: Nonces, words: Sequence[Word], *, now_ns: int, where: str) -> None:
    """Use up every nonce, or none."""
    before = dict(nonces.used)
    try:
        for word in words:
            nonces.use(word.nonce, issued_ns=word.issued_ns, now_ns=now_ns, where=where)
    except Refused:
        nonces.used = before
        raise
