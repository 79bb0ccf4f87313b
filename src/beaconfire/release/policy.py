"""The policy file: TOML in, frozen grants out, or every fault with what would be right (docs/policy.md).

A grant names whom, what and under which conditions; a key left out does not limit, except that partner, realm, kinds
and provenance must be said, and an empty list is nobody. Two grants that can meet in one product must be comparable:
one asks at least as much as the other in every obligation. So the most generous one that matches decides, and taking
a grant away never lets anything across that did not cross before.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from typing import Any, get_type_hints

import msgspec

from beaconfire.kernel import limits
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import check_nation
from beaconfire.kernel.sensors import parse_toml
from beaconfire.kernel.time import parse_utc
from beaconfire.release.compare import incomparable
from beaconfire.release.giveback import given_back
from beaconfire.release.grants import VOCABULARY, Grant, Policy

_REQUIRED = ("partner", "realm", "kinds", "provenance")
_TIMES = ("valid_from", "valid_until")


def parse_policy(data: bytes, *, where: str) -> Policy:
    """Return the policy of a TOML file's bytes; raises `InvalidInput` with every fault found in `where`."""
    document = parse_toml(data, where=where)
    faults: list[Fault] = []
    for key in document:
        if key not in ("version", "nation", "grant"):
            faults.append(_unknown(f"{where}: {_shown(key)}", key, ("version", "nation", "grant")))
    version = _version(document.get("version"), where, faults)
    nation = _nation(document.get("nation"), f"{where}: nation", faults)
    rows = document.get("grant", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or len(rows) > limits.MAX_GRANTS:
        raise InvalidInput(
            [*faults, Fault(f"{where}: grant", "is not a list", f"[[grant]] tables, at most {limits.MAX_GRANTS}")]
        )
    grants = _grants(rows, nation, where, faults)
    faults += [*incomparable(grants, where), *given_back(grants, where)]
    if faults:
        raise InvalidInput(faults)
    return Policy(version, nation, tuple(grants))


def _version(value: Any, where: str, faults: list[Fault]) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= limits.MAX_INTEGER:
        return value
    faults.append(
        Fault(
            f"{where}: version", f"is {value!r}" if value is not None else "is missing", "a whole number from 1, rising"
        )
    )
    return 0


def _nation(value: Any, where: str, faults: list[Fault]) -> str:
    try:
        return check_nation(value if isinstance(value, str) else repr(value), where=where)
    except InvalidInput as error:
        faults.extend(error.faults)
        return ""


def _grants(rows: list[dict[str, Any]], nation: str, where: str, faults: list[Fault]) -> list[Grant]:
    grants: list[Grant] = []
    names: set[str] = set()
    for number, row in enumerate(rows, start=1):
        name = row.get("id", f"grant-{number}")
        place = f"{where}: grant {_shown(name)}"
        twin = isinstance(name, str) and name in names
        grant = _grant({**row, "id": name}, place, faults)
        if twin:
            faults.append(Fault(f"{place}: id", "is used twice", "ids unique in the file"))
        if grant is not None:
            names.add(grant.id)
            _check_grant(grant, nation, place, faults)
            grants.append(grant)
    return grants


def _grant(row: Mapping[str, Any], place: str, faults: list[Fault]) -> Grant | None:
    """Convert key by key, so that one wrong key does not hide the next."""
    types = _types()
    values: dict[str, Any] = {}
    before = len(faults)
    for key, value in row.items():
        if key not in types:
            faults.append(_unknown(f"{place}: {_shown(key)}", key, tuple(types)))
            continue
        try:
            values[key] = _time_ns(value, f"{place}: {key}") if key in _TIMES else msgspec.convert(value, types[key])
        except msgspec.ValidationError as error:
            faults.append(Fault(f"{place}: {key}", str(error), _expected(key)))
        except InvalidInput as error:
            faults.extend(error.faults)
    for key in _REQUIRED:
        if key not in row:
            faults.append(Fault(f"{place}: {key}", "is missing", _expected(key)))
    return Grant(**values) if len(faults) == before else None


def _check_grant(grant: Grant, nation: str, place: str, faults: list[Fault]) -> None:
    """Check words and bounds that a type cannot say."""
    for key, known in VOCABULARY.items():
        value = getattr(grant, key)
        for word in (value,) if isinstance(value, str) else value or ():
            if word not in known:
                faults.append(_unknown(f"{place}: {key}", word, known))
    for key in ("partner", "provenance", "onward"):
        value = getattr(grant, key)
        for code in (value,) if isinstance(value, str) else value:
            _nation(code, f"{place}: {key}", faults)
    if grant.partner == nation:
        faults.append(Fault(f"{place}: partner", "is the nation itself", "another nation"))
    for region in grant.regions or ():
        if region.south_deg > region.north_deg:
            faults.append(Fault(f"{place}: regions", "south_deg is above north_deg", "south_deg ≤ north_deg"))
    if grant.valid_from is not None and grant.valid_until is not None and grant.valid_until <= grant.valid_from:
        faults.append(Fault(f"{place}: valid_until", "is not after valid_from", "a later time"))


@cache
def _types() -> dict[str, Any]:
    return get_type_hints(Grant, include_extras=True)


def _time_ns(value: Any, where: str) -> int:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidInput.single(
                where, f"{value.isoformat()} has no zone", "a time with Z such as 2025-01-06T03:00:00Z"
            )
        value = value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return parse_utc(value if isinstance(value, str) else repr(value), where=where)


def _shown(word: Any) -> str:
    """Return what a stranger's file calls something, fit for one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(word)[:40])


def _unknown(where: str, word: str, known: tuple[str, ...]) -> Fault:
    near = get_close_matches(word, known, n=1)
    return Fault(where, f"{word[:40]!r} is unknown", near[0] if near else "one of " + ", ".join(known))


def _expected(key: str) -> str:
    if key in VOCABULARY:
        return "one of " + ", ".join(VOCABULARY[key]) if key == "realm" else "a list of " + ", ".join(VOCABULARY[key])
    return {
        "partner": "an ISO 3166 alpha-3 code such as JPN",
        "provenance": 'the nations whose sensors may have contributed, such as ["KOR"]',
        "id": "a name of letters, digits, _ and -",
        "regions": "boxes with south_deg, north_deg, west_deg, east_deg",
    }.get(key, "a value as in docs/policy.md")
