"""`people.toml` in LIVE: two officers by the root alone, everyone later under two officers' words; security keys."""

import msgspec
import pytest

from beaconfire.kernel.approval import Act
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.people import act_of, approvals_needed, parse_people, person_table, read_request
from beaconfire.kernel.person import Person
from tests.kernel.securitykeys import SoftKey
from tests.kernel.test_approval import person, word

LIVE, EXERCISE = Realm.LIVE, Realm.EXERCISE


def plain(name: str, *roles: str) -> Person:
    return msgspec.structs.replace(person(name, *roles), tokens=())


def taken_in(newcomer: Person, *officers: str, act: Act | None = None) -> Person:
    words = tuple(word(name, act or act_of(newcomer, realm=LIVE)) for name in officers)
    return msgspec.structs.replace(newcomer, approved=words)


def text(*people: Person) -> bytes:
    return "\n".join(map(person_table, people)).encode()


def faults(*people: Person, realm: Realm = LIVE) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_people(text(*people), realm=realm, where="people.toml")
    return str(caught.value)


KIM, LEE, AOKI, PARK = plain("kim"), plain("lee"), plain("aoki", "author"), plain("park")


def test_the_root_alone_names_people_until_two_officers_are_listed() -> None:
    assert list(parse_people(text(AOKI, KIM, LEE), realm=LIVE, where="p")) == ["aoki", "kim", "lee"]
    assert "park: approved: is by nobody; expected the words of 2 officers" in faults(KIM, LEE, PARK)
    assert "approved: is by nobody" in faults(KIM, LEE, AOKI), "an author too"
    assert list(parse_people(text(KIM, LEE, PARK), realm=EXERCISE, where="p")) == ["kim", "lee", "park"]


def test_later_people_stand_under_the_words_of_two_officers_above_them() -> None:
    park = taken_in(PARK, "kim", "lee")
    assert parse_people(text(KIM, LEE, park), realm=LIVE, where="p")["park"] == park
    choi = taken_in(plain("choi", "author"), "lee", "park")
    assert len(parse_people(text(KIM, LEE, park, choi), realm=LIVE, where="p")) == 4
    assert "approved by park: is by nobody of this node" in faults(KIM, LEE, choi, park)
    assert "approved: is by kim; expected" in faults(KIM, LEE, taken_in(PARK, "kim"))
    assert "approved: is by kim; expected" in faults(KIM, LEE, taken_in(PARK, "kim", "kim"))
    assert "is not for author" in faults(AOKI, KIM, LEE, taken_in(PARK, "kim", "aoki"))
    assert "is by nobody of this node" in faults(KIM, LEE, taken_in(PARK, "kim", "park"))


def test_what_was_signed_is_the_person_whole() -> None:
    park = taken_in(PARK, "kim", "lee")
    for change in ({"name": "Another"}, {"roles": ("author",)}, {"keys": ()}, {"security_keys": ()}):
        assert "is not signed by that person" in faults(KIM, LEE, msgspec.structs.replace(park, **change))
    exercise = taken_in(PARK, "kim", "lee", act=act_of(PARK, realm=EXERCISE))
    assert "is not signed by that person" in faults(KIM, LEE, exercise)


def test_how_many_must_sign_for_the_next() -> None:
    steps = [(), (AOKI,), (AOKI, KIM), (AOKI, KIM, LEE)]
    assert [approvals_needed({p.id: p for p in people}, LIVE) for people in steps] == [0, 0, 0, 2]
    assert [approvals_needed({p.id: p for p in people}, EXERCISE) for people in steps] == [0, 0, 0, 0]


def test_an_entry_is_read_as_it_was_written() -> None:
    park = taken_in(msgspec.structs.replace(PARK, name='Park "朴"\n박'), "kim", "lee")
    assert read_request(person_table(park).encode(), where="p") == park
    for wrong in (b"", b"[[person]]\n[[person]]\n", b"person = 3\n", b'[[person]]\nid = "x"\n', b"\xff"):
        with pytest.raises(InvalidInput):
            read_request(wrong, where="p")


def test_a_security_key_is_one_persons_and_a_key_of_ours() -> None:
    shared = msgspec.structs.replace(LEE, security_keys=KIM.security_keys)
    assert "keys: are also kim's" in faults(KIM, shared)
    renamed = msgspec.structs.replace(KIM.security_keys[0], credential_id="ab" * 16)
    assert "keys: are also kim's" in faults(KIM, msgspec.structs.replace(LEE, security_keys=(renamed,)))
    rsa = msgspec.structs.replace(SoftKey().sealed, public_key="a10339" + "0100")
    assert "security key 1: has another algorithm" in faults(msgspec.structs.replace(KIM, security_keys=(rsa,)))
    odd = msgspec.structs.replace(SoftKey().sealed, credential_id="ABC")
    assert "credential_id" in faults(msgspec.structs.replace(KIM, security_keys=(odd,)))
