"""The book of events: objects with their tracks in both pictures, salvos, status, count, revisions.

An object is one thing that was launched; its tracks of the two pictures, re-found tracks and debris hang on it, so that
none of them is counted twice. An event is one launch or salvo and has one id for both pictures. Counts are probability
statements and never fall. Nothing here is iterated but in the order in which it came.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import is_not

from beaconfire.assess.arc import Arc
from beaconfire.assess.launch import LaunchFit
from beaconfire.assess.match import apart, intersected, telling
from beaconfire.kernel.records import EventStatus, ObjectAssessment, PictureName

PICTURES: tuple[PictureName, ...] = ("own", "fused")
LOST_PERIOD_S = 10  # the footprint of what is lost grows in steps of so many seconds
COUNT_P = 0.95  # "at least n": the largest n with this probability (TRACKING part 4)


@dataclass(slots=True)
class Thing:
    """One launched object: its arcs by picture, oldest first, and partners' launch estimates of it by nation."""

    object_id: str
    event_id: str
    arcs: dict[PictureName, list[Arc]] = field(default_factory=lambda: {"own": [], "fused": []})
    advice: dict[str, LaunchFit] = field(default_factory=dict)
    surely_other: bool = True  # seen beside all older objects, or launched at another time than each
    said: dict[PictureName, tuple[tuple[object, ...], ObjectAssessment]] = field(default_factory=dict)
    _crossed: tuple[tuple[LaunchFit | None, ...], LaunchFit | None] = ((), None)

    def main(self, picture: PictureName) -> Arc | None:
        """The arc that speaks for the object: a live one with most scans, else the one measured last."""
        arcs = self.arcs[picture]
        alive = [arc for arc in arcs if arc.alive]
        if alive:
            return max(alive, key=lambda arc: arc.kinds.scans)
        return max(arcs, key=lambda arc: arc.last.last_measured_ns, default=None)

    def launch(self, picture: PictureName) -> LaunchFit | None:
        """The best launch estimate in a picture; partners' advice enters the fused one only, by intersection."""
        fits = [arc.launch for arc in self.arcs[picture] if arc.launch is not None]
        best = min(fits, key=lambda fit: fit.semi_major_m, default=None)
        if picture == "fused" and self.advice:
            given = (best, *self.advice.values())
            if len(given) != len(self._crossed[0]) or any(map(is_not, given, self._crossed[0])):
                for advised in self.advice.values():
                    best = advised if best is None else intersected(best, advised)
                self._crossed = given, best
            return self._crossed[1]
        return best

    def assessment(self, picture: PictureName, now_ns: int) -> ObjectAssessment:
        """The object's record of the moment; one that is lost is worked out anew only now and then."""
        arc = self.main(picture)
        assert arc is not None
        track_ids = tuple(one.track_id for one in self.arcs[picture])
        stage = (arc.last, track_ids, len(self.advice), int(arc.lost_s(now_ns)) // LOST_PERIOD_S)
        known = self.said.get(picture)
        if known is None or arc.alive or known[0][1:] != stage[1:] or known[0][0] is not arc.last:
            record = arc.assessment(
                self.object_id, track_ids=track_ids, best_launch=self.launch(picture), now_ns=now_ns
            )
            known = self.said[picture] = (stage, record)
        return known[1]

    def words(self, picture: PictureName) -> tuple[object, ...]:
        """Live or lost, thrusting or not, burnout known or not, and whether there is a point of impact."""
        arc = self.main(picture)
        assert arc is not None
        return arc.alive, arc.burnout.thrusting, arc.burnout.time_s is None, arc.impact_reason == "reachable_set"

    def all_arcs(self) -> Iterator[Arc]:
        """Every arc of both pictures."""
        for picture in PICTURES:
            yield from self.arcs[picture]


@dataclass(slots=True)
class View:
    """What one picture says of an event."""

    status: EventStatus = EventStatus.SUSPECTED
    count: int = 0
    count_p: float = 0.0
    confirmed: bool = False
    issued_ns: int | None = None
    judged_ns: int | None = None
    said: tuple[object, ...] = ()


@dataclass(slots=True)
class Event:
    """One launch or salvo."""

    event_id: str
    things: list[Thing] = field(default_factory=list)
    views: dict[PictureName, View] = field(default_factory=dict)
    revision: int = 0
    contributors: dict[PictureName, dict[str, None]] = field(default_factory=lambda: {"own": {}, "fused": {}})
    aliases: dict[str, None] = field(default_factory=dict)
    closed: bool = False

    def seen(self, picture: PictureName) -> list[Thing]:
        """The objects that a picture has tracks of."""
        return [thing for thing in self.things if thing.arcs[picture]]

    def words(self, picture: PictureName) -> tuple[object, ...]:
        """What is told at once when it changes: status, count, and each object's state in words."""
        view, things = self.views[picture], self.seen(picture)
        return (view.status, view.count, len(things), *(thing.words(picture) for thing in things))

    def launches(self) -> list[LaunchFit | None]:
        """The sharpest launch estimate of each object, whichever picture made it."""
        return [best_launch(thing) for thing in self.things]

    def latest_ns(self) -> int:
        """When the latest member was launched, or first seen if that is all that is known."""
        times = []
        for thing, launch in zip(self.things, self.launches(), strict=True):
            first_ns = min(arc.last.first_time_ns for arc in thing.all_arcs())
            times.append(launch.time_ns if launch is not None else first_ns)
        return max(times)

    def recount(self, picture: PictureName) -> None:
        """Raise the picture's count to the largest n with probability ≥ 0.95; it never falls."""
        view = self.views[picture]
        sure = [_existence(thing, picture) for thing in self.seen(picture) if is_other(thing, self.things)]
        count, probability = at_least(sure)
        if count >= max(view.count, 1) or view.count == 0:
            view.count, view.count_p = max(count, view.count), probability


def best_launch(thing: Thing) -> LaunchFit | None:
    """The sharpest launch estimate of an object over both pictures, for telling objects apart."""
    fits = [arc.launch for arc in thing.all_arcs() if arc.launch is not None]
    return min(fits, key=lambda fit: fit.semi_major_m, default=None)


def is_other(thing: Thing, things: Sequence[Thing]) -> bool:
    """Whether an object surely is none of the older ones; once sure, it stays so."""
    if not thing.surely_other:
        mine = best_launch(thing)
        older = things[: things.index(thing)]
        others = [best_launch(other) for other in older]
        thing.surely_other = (
            mine is not None
            and telling(mine)
            and all(other is not None and telling(other) and apart(mine, other) for other in others)
        )
    return thing.surely_other


def at_least(probabilities: Sequence[float]) -> tuple[int, float]:
    """Return the largest n with P(at least n of these exist) ≥ 0.95, and that probability (independent objects).

    Where not even one is that sure, the answer is 0 with probability 1: "at least none".
    """
    exactly = [1.0]
    for p in probabilities:
        exactly = [
            (exactly[k] * (1.0 - p) if k < len(exactly) else 0.0) + (exactly[k - 1] * p if k > 0 else 0.0)
            for k in range(len(exactly) + 1)
        ]
    tail = 0.0
    for n in range(len(probabilities), 0, -1):
        tail += exactly[n]
        if tail >= COUNT_P:
            return n, min(tail, 1.0)
    return 0, 1.0


def _existence(thing: Thing, picture: PictureName) -> float:
    return max(arc.best_existence for arc in thing.arcs[picture])
