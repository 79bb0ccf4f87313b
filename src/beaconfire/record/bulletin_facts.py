"""What a bulletin says, before any language: one event's last revisions beside the record, judged once.

The trap avoided: three texts that each work out the facts for themselves, and differ. A class is told as "at least"
from 95 % on; a type is never told from flying like a glider, for sensors see how a thing flew and not what it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beaconfire.kernel.time import NS_PER_S, parse_utc
from beaconfire.record.answer import first_since
from beaconfire.record.bulletin_place import Fell, distances_km, fell_of
from beaconfire.record.claims import SENSED, Claim
from beaconfire.record.launches import SALVO_GATE_NS, Launch

Row = Mapping[str, Any]

SURE = 0.95
_GLIDE = 0.2  # from here on an event has no point of impact but a reachable set
_REACH = ("SRBM", "MRBM", "IRBM", "ICBM")  # by reach


@dataclass(frozen=True, slots=True)
class Sight:
    """One picture's last word on an event. `distance_km` is one figure, or the nearest and the farthest."""

    picture: str
    least: tuple[str, float] | None
    probable: tuple[str, float]
    kind: tuple[str, float]
    glide: float | None
    distance_km: tuple[float, ...]
    apogee_km: float | None
    fell: Fell | None


@dataclass(frozen=True, slots=True)
class Since:
    """The last launch before this one: its local date, its stated classes, how many at least, and whether exactly."""

    local_date: str
    classes: tuple[str, ...]
    count: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a bulletin says. `alone` is the OWN picture where the last word is a shared one."""

    row: Row
    sight: Sight
    alone: Sight | None
    launch_ns: int
    announced: tuple[Claim, ...]
    since: Since | None
    since_least: Since | None
    lost_ns: int | None

    @property
    def count(self) -> int:
        """Missiles, at least."""
        return max(int(self.row["count_at_least"]), 1)


def facts_of(rows: Sequence[Row], launches: Sequence[Launch]) -> Facts:
    """Return the facts of one event from its revisions (lines of `events.jsonl`, in order) and the record's launches.

    The launches of its own time are what was announced of it; earlier local dates answer "first since".
    """
    assert rows, "an event has a revision"
    last = {row["picture"]: row for row in rows}
    row = rows[-1]
    own = last.get("own")
    sight = sight_of(row)
    launch_ns = parse_utc(row["launch"]["time_utc"] if row["launch"] else rows[0]["issued_utc"])
    above = _REACH[_REACH.index(sight.least[0]) :] if sight.least is not None else ()
    reaching = [item for item in launches if set(above) & set(item.classes)]
    return Facts(
        row=row,
        sight=sight,
        alone=sight_of(own) if own is not None and own is not row else None,
        launch_ns=launch_ns,
        announced=_announced(launches, launch_ns),
        since=_since(launches, launch_ns),
        since_least=_since(reaching, launch_ns) if above else None,
        lost_ns=_lost_ns(row),
    )


def sight_of(row: Row) -> Sight:
    """Return what one revision says of type, class, distance, height and place."""
    first = row["impact"]
    exact = row["ground_range_m"]
    between = distances_km(row["launch"], first)
    kinds = row["kind"]
    return Sight(
        picture=row["picture"],
        least=_at_least(row["class"]),
        probable=_most(row["class"]),
        kind=_most(kinds),
        glide=kinds["glide"] if kinds["glide"] >= _GLIDE else None,
        distance_km=(exact / 1e3,) if exact is not None else between or (),
        apogee_km=None if row["apogee_m"] is None else row["apogee_m"] / 1e3,
        fell=None if row["impact_reason"] == "boosting" else fell_of(first),
    )


def _at_least(classes: Mapping[str, float]) -> tuple[str, float] | None:
    """The longest reach that the classes exceed with 95 %, and its probability."""
    for place in reversed(range(len(_REACH))):
        p = sum(classes[name] for name in _REACH[place:])
        if p >= SURE:
            return _REACH[place], p
    return None


def _most(probabilities: Mapping[str, float]) -> tuple[str, float]:
    return max(probabilities.items(), key=lambda item: (item[1], item[0]))


def _announced(launches: Sequence[Launch], launch_ns: int) -> tuple[Claim, ...]:
    """What was announced of the launches whose stated times are this event's; what sensors saw is no announcement.

    Nor is it for the public what partners told us.
    """
    return tuple(
        claim
        for launch in launches
        if any(not claim.dated_only and _near(claim, launch_ns) for claim in launch.claims)
        for claim in launch.claims
        if claim.source_class not in SENSED
    )


def _near(claim: Claim, launch_ns: int) -> bool:
    early_ns = claim.time_ns - SALVO_GATE_NS
    return early_ns <= launch_ns <= claim.latest_ns + SALVO_GATE_NS + round(claim.precision_s) * NS_PER_S


def _since(launches: Sequence[Launch], launch_ns: int) -> Since | None:
    value = first_since(launches, before_ns=launch_ns).value
    if value is None:
        return None
    last = next(item for item in launches if item.id == value["launch_id"])
    count = last.count
    return Since(value["local_date"], tuple(value["classes"]), count.least, count.most == count.least)


def _lost_ns(row: Row) -> int | None:
    """When the last object was last seen, if none is seen any more."""
    objects = row["objects"]
    if not objects or not all(item["lost"] for item in objects):
        return None
    return max(parse_utc(item["time_utc"]) for item in objects)
