"""`people.toml`: one entry per human, with what each may do and the keys each signs with; signed by the root.

    [[person]]
    id = "kim"
    name = "Kim"
    roles = ["officer"]      # author: drafts and submits; officer: also approves, sends, corrects, cancels, clears
    keys = ["64 hexadecimal digits"]     # Ed25519 public keys
    tokens = []              # SHA-256 of plain tokens, in EXERCISE only
    security_keys = []       # { credential_id, public_key, origin, rp_id } of security keys
    approved = []            # LIVE: the words of the two officers who took this person in

Two people are two ids: a key or token that stands under two ids is a fault, so that nobody can be two people. In LIVE
the root alone names people only until two officers are listed; each later one stands under the words of two officers
listed above, so that whoever holds the root cannot quietly add an officer to those who watch each other.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from beaconfire.kernel import limits
from beaconfire.kernel.approval import Act, check_word, officers_needed
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm, check_name
from beaconfire.kernel.person import Person
from beaconfire.kernel.sealed import open_sealed
from beaconfire.kernel.sensors import explain, parse_toml
from beaconfire.kernel.webauthn import key_of

PERSON_ACT = "person"


def load_people(data: bytes, *, realm: Realm, root: bytes, where: str) -> dict[str, Person]:
    """Return the people of a sealed file by id; none of an empty one.

    Raises `Refused` for a file that the root did not sign for this realm, `InvalidInput` as `parse_people`.
    """
    if not data:
        return {}
    return parse_people(
        open_sealed(data, purpose="people", realm=realm, key=root, where=where), realm=realm, where=where
    )


def parse_people(text: bytes, *, realm: Realm, where: str) -> dict[str, Person]:
    """Return the people of a file's text by id; raises `InvalidInput` with every fault found in `where`."""
    document = parse_toml(text, where=where)
    rows = document.get("person", [])
    unknown = [key for key in document if key != "person"]
    if unknown or not isinstance(rows, list) or len(rows) > limits.MAX_PEOPLE:
        what = f"holds {unknown[0]!r}" if unknown else f"holds {len(rows)} people"
        raise InvalidInput.single(where, what, f"[[person]] tables and nothing else, at most {limits.MAX_PEOPLE}")
    faults: list[Fault] = []
    people: dict[str, Person] = {}
    owners: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        place = f"{where}: person {row.get('id', number) if isinstance(row, dict) else number}"
        person = _person(row, place, faults)
        if person is not None:
            faults += _faults(person, people, owners, realm, place)
            people[person.id] = person
    if faults:
        raise InvalidInput(faults)
    return people


def read_request(text: bytes, *, where: str) -> Person:
    """Return the one person of an entry that is to be added; who signed it is not judged. Raises `InvalidInput`."""
    rows = parse_toml(text, where=where).get("person")
    if not isinstance(rows, list) or len(rows) != 1:
        raise InvalidInput.single(where, "is no request", "one [[person]] table")
    faults: list[Fault] = []
    person = _person(rows[0], where, faults)
    if person is None:
        raise InvalidInput(faults)
    return person


def approvals_needed(people: Mapping[str, Person], realm: Realm) -> int:
    """Return how many officers must sign for the next person: none until there are as many as that."""
    needs = officers_needed(PERSON_ACT, realm)
    return needs if sum("officer" in person.roles for person in people.values()) >= needs else 0


def act_of(person: Person, *, realm: Realm) -> Act:
    """Return the act of taking a person in, which officers sign."""
    return Act(realm=realm, action=PERSON_ACT, subject=person.id, digest=person.digest)


def person_table(person: Person) -> str:
    """Return the entry of a person as it stands in the file; what is empty is left out."""
    rows = {name: value for name, value in msgspec.to_builtins(person).items() if value or name == "roles"}
    return "\n".join(["[[person]]", *(f"{name} = {_toml(value)}" for name, value in rows.items())]) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(part)}" for name, part in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return msgspec.json.encode(value).decode()  # TOML's basic strings are JSON's


def _person(row: Any, place: str, faults: list[Fault]) -> Person | None:
    try:
        person = msgspec.convert(row, Person)
        check_name(person.id, where=f"{place}: id")
        for number, key in enumerate(person.security_keys, start=1):
            key_of(key.public_key, where=f"{place}: security key {number}")
    except msgspec.ValidationError as error:
        faults.append(explain(error, where=place, known=Person.__struct_fields__))
    except InvalidInput as error:
        faults.extend(error.faults)
    else:
        return person
    return None


def _faults(
    person: Person, people: dict[str, Person], owners: dict[str, str], realm: Realm, place: str
) -> Iterator[Fault]:
    """What is wrong with a person after those listed above."""
    if person.id in people:
        yield Fault(f"{place}: id", "is used twice", "one entry per human")
    if person.tokens and realm is Realm.LIVE:
        yield Fault(f"{place}: tokens", "stand in a LIVE file", "keys; plain tokens are for exercises")
    ids = [key.credential_id for key in person.security_keys]
    for secret in (*person.keys, *person.tokens, *ids, *(key.public_key for key in person.security_keys)):
        owner = owners.setdefault(secret, person.id)
        if owner != person.id:
            yield Fault(f"{place}: keys", f"are also {owner}'s", "keys that one human alone holds")
    yield from _approval_faults(person, people, realm, place)


def _approval_faults(person: Person, people: dict[str, Person], realm: Realm, place: str) -> Iterator[Fault]:
    """What is wrong with the words under which a person was taken in; how old they are matters no more."""
    needs, names = approvals_needed(people, realm), set()
    for word in person.approved:
        try:
            check_word(act_of(person, realm=realm), word, people=people, where=f"{place}: approved by {word.person}")
        except InvalidInput as error:
            yield from error.faults
        names.add(word.person)
    if len(names) < needs:
        who = ", ".join(sorted(names)) or "nobody"
        yield Fault(f"{place}: approved", f"is by {who}", f"the words of {needs} officers listed above")
