"""The policy file: TOML in, frozen grants out, or every fault with what would be right (docs/policy.md).

A grant names whom, what and under which conditions; a key left out does not limit, except that partner, realm, kinds
and provenance must be said, and an empty list is nobody. Two grants that can meet in one product must be comparable:
one asks at least as much as the other in every obligation. So the most generous one that matches decides, and taking
a grant away never lets anything across that did not cross before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from beaconfire.kernel import limits
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm, check_nation
from beaconfire.kernel.products import GRANTABLE, Kind, LatitudeDeg, LongitudeDeg
from beaconfire.kernel.records import CLASSES
from beaconfire.kernel.records import KINDS as OBJECTS
from beaconfire.kernel.sensors import parse_toml
from beaconfire.kernel.time import parse_utc

Names = Annotated[tuple[str, ...], Meta(max_length=limits.MAX_GRANTS)]
Metres = Annotated[float, Meta(ge=0.0, le=limits.MAX_COARSENED_M)]

_REQUIRED = ("partner", "realm", "kinds", "provenance")
_TIMES = ("valid_from", "valid_until")
_VOCABULARY: dict[str, tuple[str, ...]] = {
    "realm": tuple(Realm),
    "kinds": GRANTABLE,
    "classes": CLASSES,
    "objects": OBJECTS,
}


class Region(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box of the globe; `west_deg` > `east_deg` crosses the antimeridian."""

    south_deg: LatitudeDeg
    north_deg: LatitudeDeg
    west_deg: LongitudeDeg
    east_deg: LongitudeDeg

    def holds(self, *, latitude_deg: float, longitude_deg: float) -> bool:
        """Say whether a point lies in the box, edges included."""
        if not self.south_deg <= latitude_deg <= self.north_deg:
            return False
        if self.west_deg <= self.east_deg:
            return self.west_deg <= longitude_deg <= self.east_deg
        return longitude_deg >= self.west_deg or longitude_deg <= self.east_deg


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[grant]]`, key for key; times are TAI nanoseconds here, None where a key does not limit."""

    partner: str
    realm: str
    kinds: Names
    provenance: Names
    id: Annotated[str, Meta(pattern=rf"\A[A-Za-z0-9_-]{{1,{limits.MAX_ID_LENGTH}}}\Z")] = ""
    sensors: Names | None = None
    classes: Names | None = None
    objects: Names | None = None
    regions: tuple[Region, ...] | None = None
    compartments: Names = ("main",)
    valid_from: int | None = None
    valid_until: int | None = None
    ceiling_m: Metres = 0.0
    drop_sensor_identity: bool = True
    coarsen_launch_m: Metres = 0.0
    rate_hz: Annotated[float, Meta(ge=1e-4, le=limits.MAX_RATE_HZ)] = limits.DEFAULT_RATE_HZ
    delay_s: Annotated[float, Meta(ge=0.0, le=limits.MAX_DELAY_S)] = 0.0
    onward: Names = ()
    reveals_launch: bool = False

    @property
    def timed(self) -> bool:
        """Whether the grant rests on the clock."""
        return self.valid_from is not None or self.valid_until is not None

    def terms(self) -> "Grant":
        """Return the grant without its name, to compare what it grants."""
        return msgspec.structs.replace(self, id="")


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy file."""

    version: int
    nation: str
    grants: tuple[Grant, ...]


def parse_policy(data: bytes, *, where: str) -> Policy:
    """Return the policy of a TOML file's bytes; raises `InvalidInput` with every fault found in `where`."""
    document = parse_toml(data, where=where)
    faults: list[Fault] = []
    for key in document:
        if key not in ("version", "nation", "grant"):
            faults.append(_unknown(f"{where}: {key}", key, ("version", "nation", "grant")))
    version = _version(document.get("version"), where, faults)
    nation = _nation(document.get("nation"), f"{where}: nation", faults)
    rows = document.get("grant", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or len(rows) > limits.MAX_GRANTS:
        raise InvalidInput(
            [*faults, Fault(f"{where}: grant", "is not a list", f"[[grant]] tables, at most {limits.MAX_GRANTS}")]
        )
    grants = _grants(rows, nation, where, faults)
    _check_pairs(grants, where, faults)
    if faults:
        raise InvalidInput(faults)
    return Policy(version, nation, tuple(grants))


def generosity(grant: Grant, kind: Kind) -> tuple[float, ...]:
    """Return what a grant leaves of a product of this kind: every number is larger the more generous it is."""
    common = (grant.rate_hz, -grant.delay_s)
    if kind is Kind.LAUNCH:
        return (-grant.coarsen_launch_m, *common)
    return (0.0 if grant.drop_sensor_identity else 1.0, *common) if kind is Kind.TRAJECTORY else common


def at_least_as_generous(first: Grant, second: Grant, kind: Kind) -> bool:
    """Say whether `first` asks no more than `second` in any obligation that bears on this kind."""
    pairs = zip(generosity(first, kind), generosity(second, kind), strict=True)
    return all(one >= other for one, other in pairs) and set(first.onward) >= set(second.onward)


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
        place = f"{where}: grant {str(name)[:40]}"
        grant = _grant({**row, "id": name}, place, faults)
        if name in names:
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
            faults.append(_unknown(f"{place}: {key}", key, tuple(types)))
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
    for key, known in _VOCABULARY.items():
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


def _check_pairs(grants: list[Grant], where: str, faults: list[Fault]) -> None:
    """Refuse grants that cannot be ordered, and kinds that give back what another withholds."""
    for number, later in enumerate(grants):
        for earlier in grants[:number]:
            if (earlier.partner, earlier.realm) == (later.partner, later.realm):
                faults.extend(_incomparable(earlier, later, where))
    for launch in grants:
        if Kind.LAUNCH in launch.kinds and launch.coarsen_launch_m > 0.0:
            faults.extend(_give_backs(launch, grants, where))


def _incomparable(earlier: Grant, later: Grant, where: str) -> Iterable[Fault]:
    for kind in (kind for kind in GRANTABLE if kind in earlier.kinds and kind in later.kinds):
        if not (at_least_as_generous(earlier, later, kind) or at_least_as_generous(later, earlier, kind)):
            what = f"asks more of {kind} than grant {earlier.id} in one obligation and less in another"
            yield Fault(f"{where}: grant {later.id}", what, "obligations that are all stricter or all milder, or equal")


def _give_backs(launch: Grant, grants: list[Grant], where: str) -> Iterable[Fault]:
    for other in grants:
        meets = (other.partner, other.realm) == (launch.partner, launch.realm) and Kind.TRAJECTORY in other.kinds
        if meets and not other.reveals_launch:
            what = f"gives back the launch point that grant {launch.id} coarsens by {launch.coarsen_launch_m:g} m"
            yield Fault(
                f"{where}: grant {other.id}: kinds", what, "no trajectory, or reveals_launch = true to accept it"
            )


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


def _unknown(where: str, word: str, known: tuple[str, ...]) -> Fault:
    near = get_close_matches(word, known, n=1)
    return Fault(where, f"{word[:40]!r} is unknown", near[0] if near else "one of " + ", ".join(known))


def _expected(key: str) -> str:
    if key in _VOCABULARY:
        return "one of " + ", ".join(_VOCABULARY[key]) if key == "realm" else "a list of " + ", ".join(_VOCABULARY[key])
    return {
        "partner": "an ISO 3166 alpha-3 code such as JPN",
        "provenance": 'the nations whose sensors may have contributed, such as ["KOR"]',
        "id": "a name of letters, digits, _ and -",
        "regions": "boxes with south_deg, north_deg, west_deg, east_deg",
    }.get(key, "a value as in docs/policy.md")
