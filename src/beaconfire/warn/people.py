"""`people.toml`: one entry per human, with what each may do and the keys each signs with; signed by the root.

    [[person]]
    id = "kim"
    name = "Kim"
    roles = ["officer"]      # author: drafts and submits; officer: also approves, sends, corrects, cancels, clears
    keys = ["64 hexadecimal digits"]     # Ed25519 public keys
    tokens = []              # SHA-256 of plain tokens, in EXERCISE only

Two people are two ids: a key or token that stands under two ids is a fault, so that nobody can be two people.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from beaconfire.kernel import limits
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm, check_name
from beaconfire.kernel.sensors import explain, parse_toml
from beaconfire.warn.sealed import open_sealed

Role = Literal["author", "officer"]
Hex32 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One human."""

    id: str
    name: str
    roles: tuple[Role, ...]
    keys: Annotated[tuple[Hex32, ...], Meta(max_length=limits.MAX_KEYS_OF_PERSON)] = ()
    tokens: Annotated[tuple[Hex32, ...], Meta(max_length=limits.MAX_KEYS_OF_PERSON)] = ()


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
            _check(person, people, owners, realm, place, faults)
            people[person.id] = person
    if faults:
        raise InvalidInput(faults)
    return people


def _person(row: Any, place: str, faults: list[Fault]) -> Person | None:
    try:
        person = msgspec.convert(row, Person)
        check_name(person.id, where=f"{place}: id")
    except msgspec.ValidationError as error:
        faults.append(explain(error, where=place, known=Person.__struct_fields__))
    except InvalidInput as error:
        faults.extend(error.faults)
    else:
        return person
    return None


def _check(
    person: Person, people: dict[str, Person], owners: dict[str, str], realm: Realm, place: str, faults: list[Fault]
) -> None:
    if person.id in people:
        faults.append(Fault(f"{place}: id", "is used twice", "one entry per human"))
    if person.tokens and realm is Realm.LIVE:
        faults.append(Fault(f"{place}: tokens", "stand in a LIVE file", "keys; plain tokens are for exercises"))
    for secret in (*person.keys, *person.tokens):
        owner = owners.setdefault(secret, person.id)
        if owner != person.id:
            faults.append(Fault(f"{place}: keys", f"are also {owner}'s", "keys that one human alone holds"))
