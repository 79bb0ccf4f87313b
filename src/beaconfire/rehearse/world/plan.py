"""What one run of the simulated world is made of: nations, their policies, their load, and the faults that befall them.

A plan is data: the same plan gives the same bytes, and `script` prints it as the list of faults that a person reads.
Times are milliseconds of the world since its start, so that a shrunk script stays readable.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from random import Random
from typing import Literal

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import parse_utc

START_NS = parse_utc("2025-01-06T03:00:00Z")
REALM = Realm.EXERCISE
NATIONS = ("KOR", "JPN", "USA", "AUS", "CAN", "FRA", "GBR", "NZL", "PHL")  # of whom a world takes 3, 5 or 9
NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Weather:
    """The line from `sender` to `recipient` loses, doubles and delays for a while."""

    at_ms: int
    sender: str
    recipient: str
    for_ms: int
    loss_percent: int
    doubles_percent: int
    delay_ms: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Nothing goes from `sender` to `recipient` for a while; the other way may go on."""

    at_ms: int
    sender: str
    recipient: str
    for_ms: int


@dataclass(frozen=True, slots=True)
class Crash:
    """A node dies at its `after`-th act from `at_ms` on: a row, a commit's start or end, or one effect carried out.

    Of the commit under way `kept_percent` of the rows reach the disk, of what waits behind it nothing.
    """

    at_ms: int
    nation: str
    after: int
    kept_percent: int
    down_ms: int


@dataclass(frozen=True, slots=True)
class SlowDisk:
    """Commits of a node take `commit_ms` for a while."""

    at_ms: int
    nation: str
    for_ms: int
    commit_ms: int


@dataclass(frozen=True, slots=True)
class StoreLost:
    """A node's broker loses all it had stored for its partners."""

    at_ms: int
    nation: str


@dataclass(frozen=True, slots=True)
class ClockStep:
    """A node's wall clock is wrong by `step_ms` for a while."""

    at_ms: int
    nation: str
    for_ms: int
    step_ms: int


@dataclass(frozen=True, slots=True)
class Forgery:
    """A message that the sender's own keys signed for the LIVE realm comes over an EXERCISE line."""

    at_ms: int
    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Parting:
    """A nation suspends or leaves a partner, and takes it back after `for_ms` (0: never).

    A leave is announced `notice_ms` ahead.
    """

    at_ms: int
    nation: str
    partner: str
    how: Literal["suspended", "left"]
    notice_ms: int
    for_ms: int


@dataclass(frozen=True, slots=True)
class DiskLost:
    """A node dies with all that its disk held, and is set up anew with its keys and the policy of the day."""

    at_ms: int
    nation: str
    down_ms: int


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant as its officer means it; the oracle reads this, the node the file made of it. None does not limit."""

    partner: str
    kinds: tuple[str, ...]
    provenance: tuple[str, ...]
    sensors: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    objects: tuple[str, ...] | None = None
    region: tuple[float, float, float, float] | None = None  # south, north, west, east, degrees
    from_ms: int | None = None
    until_ms: int | None = None
    drop_sensors: bool = True
    coarsen_m: int = 0
    rate_hz: float = 2.0
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Decree:
    """A nation's new policy; version 1 is the one a node starts with."""

    at_ms: int
    nation: str
    version: int
    grants: tuple[Grant, ...]


Fault = Weather | Cut | Crash | SlowDisk | StoreLost | ClockStep | Forgery | Decree | Parting | DiskLost


@dataclass(frozen=True, slots=True)
class Sighting:
    """Scripted load: what a node without physics comes to believe of one of its events at one time."""

    at_ms: int
    event: int
    revision: int
    what: str  # "assessment" | "track"
    missile_class: str
    object_kind: str
    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `load` and `offsets_ms` (of the wall clocks) are by nation; faults end before `healed_ms`.

    `real`: Ed25519 signs and SQLite keeps the journals, instead of what stands for them.
    """

    seed: int
    nations: tuple[str, ...]
    length_ms: int
    healed_ms: int
    policies: tuple[Decree, ...]
    load: dict[str, tuple[Sighting, ...]]
    offsets_ms: dict[str, int]
    faults: tuple[Fault, ...]
    tick_ms: int
    beat_ms: int
    real: bool = False


def ns(milliseconds: float) -> int:
    """Return milliseconds as whole nanoseconds."""
    return int(milliseconds * NS_PER_MS)


def stream(*words: str | int) -> Random:
    """Return a source of chance of its own for each use, so that a fault taken away leaves the others as they are."""
    return Random("/".join(map(str, words)))  # noqa: S311  # the same seed must give the same bytes


def script(plan: Plan) -> str:
    """Return the faults of a plan as lines in order of time, with what a person needs to run it again."""
    head = f"seed {plan.seed}: {', '.join(plan.nations)} for {plan.length_ms / 1000:g} s, {len(plan.faults)} faults"
    return "\n".join([head, *(_line(fault) for fault in sorted(plan.faults, key=lambda fault: fault.at_ms))])


def _line(fault: Fault) -> str:
    words = " ".join(_words(fault))
    return f"  {fault.at_ms / 1000:8.3f} s  {type(fault).__name__:<9} {words}"


def _words(fault: Fault) -> Iterator[str]:
    for field in fields(fault):
        value = getattr(fault, field.name)
        if field.name == "grants":
            yield "; ".join(_grant_words(grant) for grant in value) or "nobody"
        elif field.name != "at_ms":
            yield f"{field.name}={value}"


def _grant_words(grant: Grant) -> str:
    said = (f"{field.name}={getattr(grant, field.name)}" for field in fields(grant) if _is_said(grant, field.name))
    return f"[{' '.join(said)}]"


def _is_said(grant: Grant, name: str) -> bool:
    return name in ("partner", "kinds") or getattr(grant, name) != getattr(_PLAIN, name)


_PLAIN = Grant("", (), ())
