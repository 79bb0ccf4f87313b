"""Signed policies: whose word holds for which bytes and realm, how many are needed for what, and no way around it."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from beaconfire.kernel.approval import act_bytes
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person, Role, Word
from beaconfire.release import Releaser, parse_policy, policy_act, signers, with_word
from tests.exchange import SECRET, grant_toml, policy_toml

KEYS = {name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number, name in enumerate("abc", start=1)}
EMPTY, WIDE = policy_toml(version=1), policy_toml(grant_toml(realm="LIVE"), version=2)
NARROW = policy_toml(grant_toml(realm="LIVE", kinds=["launch"]), version=3)


def person(name: str, role: Role = "officer") -> Person:
    return Person(id=name, name=name, roles=(role,), keys=(KEYS[name].public_key().public_bytes_raw().hex(),))


PEOPLE = {name: person(name) for name in "ab"} | {"c": person("c", "author")}


def signed(data: bytes, *names: str, realm: Realm = Realm.LIVE, nation: str = "KOR", **more: Any) -> bytes:
    for name in names:
        act = policy_act(data, nation=nation, realm=realm)
        words: dict[str, Any] = {"person": name, "nonce": bytes(16), "issued_ns": 5} | more
        proof = KEYS[name].sign(act_bytes(act, **words))
        data = with_word(data, Word(proof=proof, **words), realm=realm)
    return data


def live(*loads: bytes) -> Releaser:
    made = Releaser(nation="KOR", realm=Realm.LIVE, secret=SECRET)
    for data in loads:
        made.load(data, where="p", people=PEOPLE)
    return made


def names(data: bytes, realm: Realm = Realm.LIVE) -> tuple[str, ...]:
    return signers(data, nation="KOR", realm=realm, people=PEOPLE, where="p")


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        names(data)
    return caught.value.reason


class TestFile:
    def test_a_signed_file_is_the_same_policy(self) -> None:
        assert parse_policy(signed(WIDE, "a", "b"), where="p") == parse_policy(WIDE, where="p")

    def test_all_who_signed(self) -> None:
        assert names(WIDE) == ()
        assert names(signed(WIDE, "a", "b")) == ("a", "b")

    def test_who_signs_again_replaces_the_former(self) -> None:
        twice = signed(signed(WIDE, "a", "b"), "a", issued_ns=9)
        assert names(twice) == ("b", "a")
        assert twice.count(b"signed by a") == 1

    def test_a_signature_of_another_realm_does_not_count(self) -> None:
        data = signed(signed(WIDE, "a"), "b", realm=Realm.EXERCISE)
        assert names(data) == ("a",)
        assert names(data, Realm.EXERCISE) == ("b",)

    def test_a_realm_rewritten(self) -> None:
        assert refusal(signed(WIDE, "a", realm=Realm.EXERCISE).replace(b"for EXERCISE", b"for LIVE")) == "signature"

    def test_another_nations(self) -> None:
        assert refusal(signed(WIDE, "a", nation="JPN")) == "signature"

    def test_a_person_who_may_not(self) -> None:
        assert refusal(signed(WIDE, "c")) == "role"

    def test_a_person_nobody_knows(self) -> None:
        data = signed(WIDE, "a")
        with pytest.raises(Refused, match="is by nobody of this node"):
            signers(data, nation="KOR", realm=Realm.LIVE, people={}, where="p")

    def test_a_name_changed(self) -> None:
        assert refusal(signed(WIDE, "a").replace(b"signed by a", b"signed by b")) == "malformed"

    @pytest.mark.parametrize("tail", [b"[[grant]]\n", b"x = 1\n", b"# a remark\n", b"# signed by a for LIVE: zz\n"])
    def test_nothing_stands_below_a_signature_but_signatures(self, tail: bytes) -> None:
        assert refusal(signed(WIDE, "a") + tail) == "malformed"

    @given(st.integers(0, len(WIDE) - 2), st.integers(1, 255))
    def test_any_byte_changed(self, place: int, flip: int) -> None:
        data = bytearray(signed(WIDE, "a"))
        assume(data[place + 1 : place + 3] != b"# ")  # the line's end before the mark
        data[place] ^= flip
        assert refusal(bytes(data)) in ("signature", "malformed")

    def test_without_its_mark_a_signature_is_a_remark(self) -> None:
        assert names(signed(WIDE, "a").replace(b"# signed by", b"# sinned by")) == ()

    def test_lines_at_the_end_do_not_matter(self) -> None:
        assert names(signed(WIDE + b"\n\n", "a")) == names(signed(WIDE.rstrip(), "a")) == ("a",)


class TestLive:
    def test_a_first_file_that_gives_nothing_needs_nobody(self) -> None:
        assert live(EMPTY).policy.version == 1

    @pytest.mark.parametrize("who", [(), ("a",)])
    def test_a_wider_one_needs_two(self, who: tuple[str, ...]) -> None:
        made = live(EMPTY)
        with pytest.raises(Refused, match=r"expected 2 officer\(s\) of people.toml, for it gives more .*grant g"):
            made.load(signed(WIDE, *who), where="p", people=PEOPLE)
        assert made.policy.version == 1
        assert made.partners() == ()

    def test_two_officers(self) -> None:
        made = live(EMPTY, signed(WIDE, "a", "b"))
        assert (made.policy.version, made.signed_by) == (2, ("a", "b"))

    def test_a_narrower_one_needs_one(self) -> None:
        made = live(EMPTY, signed(WIDE, "a", "b"))
        with pytest.raises(
            Refused, match=r"is signed by nobody; expected 1 officer\(s\) of people.toml, for any change"
        ):
            made.load(NARROW, where="p", people=PEOPLE)
        made.load(signed(NARROW, "b"), where="p", people=PEOPLE)
        assert made.signed_by == ("b",)

    def test_back_to_the_wide_one_needs_two_again_and_a_new_version(self) -> None:
        made = live(EMPTY, signed(WIDE, "a", "b"), signed(NARROW, "b"))
        with pytest.raises(InvalidInput, match="version: is 2; expected more than 3"):
            made.load(signed(WIDE, "a", "b"), where="p", people=PEOPLE)
        again = WIDE.replace(b"version = 2", b"version = 4")
        with pytest.raises(Refused, match="2 officer"):
            made.load(signed(again, "b"), where="p", people=PEOPLE)

    def test_an_author_is_no_officer(self) -> None:
        with pytest.raises(Refused, match="is not for author"):
            live(EMPTY, signed(WIDE, "a", "c"))

    def test_one_wrong_signature_spoils_the_file(self) -> None:
        data = signed(WIDE, "a", "b")
        with pytest.raises(Refused, match="is not signed by that person"):
            live(EMPTY, data[:-3] + (b"00\n" if data[-3:] != b"00\n" else b"11\n"))

    def test_grants_of_an_exercise_are_no_matter(self) -> None:
        data = policy_toml(grant_toml(realm="EXERCISE"), version=2)
        assert live(EMPTY, data).partners() == ()


class TestExercise:
    def test_needs_nobody(self) -> None:
        made = Releaser(nation="KOR", realm=Realm.EXERCISE, secret=SECRET)
        made.load(policy_toml(grant_toml()), where="p")
        assert made.signed_by == ()

    def test_but_a_word_that_is_given_must_hold(self) -> None:
        made = Releaser(nation="KOR", realm=Realm.EXERCISE, secret=SECRET)
        data = signed(policy_toml(grant_toml()), "a", realm=Realm.EXERCISE)
        with pytest.raises(Refused, match="not signed by that person"):
            made.load(data.replace(b"rate_hz = 100.0", b"rate_hz = 99.0"), where="p", people=PEOPLE)
        made.load(data, where="p", people=PEOPLE)
        assert made.signed_by == ("a",)
