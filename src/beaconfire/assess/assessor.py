"""The room's door: track updates of both pictures in, revisions of events out.

Pure and deterministic: no clock but `now_ns`, no order but that of arrival. A partner's estimates (`advise`) touch the
fused picture alone, so that the own one has the same bytes with and without partners.
"""

import re
from collections.abc import Sequence

from beaconfire.assess.arc import Arc
from beaconfire.assess.book import LOST_PERIOD_S, PICTURES, Event, Thing, View, best_launch
from beaconfire.assess.forecast import paths_of
from beaconfire.assess.library import Library, library
from beaconfire.assess.match import advised_launch, apart, may_join, same_launch, same_state, telling
from beaconfire.kernel.alerts import Forecast
from beaconfire.kernel.limits import MAX_OPEN_EVENTS
from beaconfire.kernel.products import LaunchBody, PartnerAdvice
from beaconfire.kernel.records import (
    EventRevision,
    EventStatus,
    ObjectAssessment,
    PictureName,
    TrackStatus,
    TrackUpdate,
)
from beaconfire.kernel.time import NS_PER_S, from_seconds

OPEN_P, CONFIRM_P = 0.9, 0.99  # INTERFACES part 5
_RETRACT_P = 0.5
_FOLLOW_P = 0.5
_PERIOD_NS = NS_PER_S  # between revisions of one event and picture that bring nothing new
_LOST_PERIOD_NS = LOST_PERIOD_S * NS_PER_S
_SHARED_IDS = 2  # measurements that two tracks of different pictures share when they are one object
_IMPACT_MARGIN_S, _IMPACT_SIGMAS = 60.0, 3.0
_UNKNOWN_S = 3600.0  # what was lost under power comes down within this time
_LEAST_SCANS = 5.0


class Assessor:
    """Events of one node; `id_prefix` begins every event id (`KOR-E` gives `KOR-E1`)."""

    def __init__(self, *, nation: str, id_prefix: str, classes: Library | None = None) -> None:
        """Start with an empty book; `classes` are those of `library` if none are given."""
        self._classes = classes or library()
        self.nation = nation
        self._id_prefix = id_prefix
        self._arcs: dict[tuple[PictureName, str], Arc] = {}
        self._things: dict[tuple[PictureName, str], Thing] = {}
        self._events: dict[str, Event] = {}
        self._opened = 0

    def update(self, updates: Sequence[TrackUpdate], *, now_ns: int) -> list[EventRevision]:
        """Take in track updates of either picture and return the revisions that they caused."""
        touched: dict[tuple[str, PictureName], None] = {}
        for update in updates:
            arc = self._arc_of(update)
            key = (update.picture, update.track_id)
            if key not in self._things and arc.launch_probability >= _FOLLOW_P:
                arc.follow()
                if self._qualifies(arc):
                    self._assign(arc)
            elif key in self._things:
                arc.follow()
            thing = self._things.get(key)
            if thing is not None:
                touched[thing.event_id, update.picture] = None
            elif update.status == TrackStatus.ENDED:
                del self._arcs[key]
        revisions = []
        for event_id, picture in touched:
            if event_id in self._events:  # an event may close, and be forgotten, in the middle of this
                revisions += self._revise(self._events[event_id], picture, now_ns)
        return revisions

    def tick(self, now_ns: int) -> list[EventRevision]:
        """Let time pass: lost footprints grow, and what must have fallen is closed."""
        revisions = []
        for event in list(self._events.values()):
            for picture in PICTURES:
                if not event.closed and event.seen(picture) and self._may_change(event, picture, now_ns):
                    revisions += self._revise(event, picture, now_ns)
        return revisions

    def forecast(self, event_id: str, picture: PictureName, *, now_ns: int) -> Forecast | None:
        """Where the objects of an event, as one picture has them, may pass and fall from now on.

        It says what the picture's last revision says; None for an event that is not open or that the picture has not.
        """
        event = self._events.get(event_id)
        things = [] if event is None else event.seen(picture)
        arcs = [(thing.object_id, arc) for thing in things if (arc := thing.main(picture)) is not None]
        if not arcs:
            return None
        paths = tuple(path for object_id, arc in arcs for path in paths_of(arc, object_id, now_ns=now_ns))
        lost = not any(arc.alive for _, arc in arcs)
        return Forecast(event_id=event_id, picture=picture, time_ns=now_ns, lost=lost, paths=paths)

    def advise(self, advice: PartnerAdvice) -> None:
        """Take in a partner's estimate of a launch or an impact, for the fused picture.

        It belongs to the object whose fused track that partner's trajectory feeds, else to the one whose launch it
        matches by χ² at 99.9 %. What matches nothing is dropped: a partner's word alone opens no event here, its
        detections and tracklets do. A launch enters by covariance intersection, since coarsening and shared tracklets
        correlate it; an impact only links the two events, for the tracklets behind it carry the state.
        """
        thing = self._advised(advice)
        if thing is None:
            return
        event = self._events[thing.event_id]
        event.aliases[re.sub(r"-\d+$", "", advice.body.event)] = None
        if isinstance(advice.body, LaunchBody):
            told, known = advised_launch(advice.body), thing.advice.get(advice.nation)
            if known is None or not told.same_as(known):
                thing.advice[advice.nation] = told

    def withdraw(self, advice: PartnerAdvice) -> None:
        """Count a partner's estimate of a launch no longer, for the fused picture."""
        thing = self._advised(advice)
        if thing is not None:
            thing.advice.pop(advice.nation, None)

    def _arc_of(self, update: TrackUpdate) -> Arc:
        key = (update.picture, update.track_id)
        arc = self._arcs.get(key)
        if arc is None:
            arc = self._arcs[key] = Arc.begin(update, self._classes)
        else:
            arc.take(update)
        old_key = (update.picture, update.replaces or "")
        if update.replaces is not None and old_key in self._arcs and update.replaces != update.track_id:
            self._continue(key, old_key)
        return arc

    def _continue(self, key: tuple[PictureName, str], old_key: tuple[PictureName, str]) -> None:
        """One track goes on as, or was merged into, another: the object of the older goes with it."""
        arc, old = self._arcs[key], self._arcs[old_key]
        thing = self._things.get(old_key)
        if thing is not None and key not in self._things:
            self._attach(thing, arc)
        elif thing is None:
            del self._arcs[old_key]
            arc.ids.update(old.ids)

    def _qualifies(self, arc: Arc) -> bool:
        return (
            arc.confirmed_once
            and arc.last.status == TrackStatus.CONFIRMED
            and arc.kinds.scans >= _LEAST_SCANS
            and arc.launch_probability >= OPEN_P
        )

    def _assign(self, arc: Arc) -> None:
        """Find the object that a track belongs to, or make a new one in its event or in a new event."""
        thing = self._same_thing(arc)
        if thing is not None:
            self._attach(thing, arc)
            return
        event = self._event_for(arc)
        if event is None:
            return
        thing = Thing(object_id=f"{event.event_id}-{len(event.things) + 1}", event_id=event.event_id)
        thing.surely_other = all(self._seen_beside(arc, other) for other in event.things)
        event.things.append(thing)
        self._attach(thing, arc)

    def _attach(self, thing: Thing, arc: Arc) -> None:
        picture = arc.last.picture
        older = thing.main(picture)
        thing.arcs[picture].append(arc)
        self._things[picture, arc.track_id] = thing
        event = self._events[thing.event_id]
        event.views.setdefault(picture, View())
        if older is not None and not older.alive:
            arc.inherit(older)

    def _same_thing(self, arc: Arc) -> Thing | None:
        picture: PictureName = arc.last.picture
        other: PictureName = "own" if picture == "fused" else "fused"
        things = [thing for event in self._events.values() for thing in event.things]
        for thing in things:
            if any(sum(mark in theirs.ids for mark in arc.ids) >= _SHARED_IDS for theirs in thing.arcs[other]):
                return thing
        for thing in things:
            mains = (thing.main(one) for one in PICTURES)
            if any(theirs is not None and _one_object(arc, theirs) for theirs in mains):
                return thing
        return None

    def _seen_beside(self, arc: Arc, other: Thing) -> bool:
        """Whether a track was surely seen at the same time as an older object, and elsewhere."""
        theirs = other.main(arc.last.picture)
        if theirs is not None and theirs.alive and not same_state(arc, theirs):
            return True
        launch = best_launch(other)
        return (
            arc.launch is not None
            and launch is not None
            and telling(arc.launch)
            and telling(launch)
            and apart(arc.launch, launch)
        )

    def _event_for(self, arc: Arc) -> Event | None:
        """The open event that a new object joins, or a new one; None when too many are open."""
        open_events = list(self._events.values())
        for event in open_events:
            if may_join(arc.launch, arc.last.first_time_ns, event.launches(), event.latest_ns()):
                return event
        if len(open_events) >= MAX_OPEN_EVENTS:
            return None
        self._opened += 1
        event = Event(event_id=f"{self._id_prefix}{self._opened}")
        self._events[event.event_id] = event
        return event

    def _advised(self, advice: PartnerAdvice) -> Thing | None:
        for track_id in advice.tracks:
            thing = self._things.get(("fused", track_id))
            if thing is not None:
                return thing
        if not isinstance(advice.body, LaunchBody):
            return None
        theirs = advised_launch(advice.body)
        for event in self._events.values():
            for thing in event.things:
                launch = best_launch(thing)
                if launch is not None and same_launch(launch, theirs):
                    return thing
        return None

    def _revise(self, event: Event, picture: PictureName, now_ns: int) -> list[EventRevision]:
        """Work out a picture's status and count, and return the revision if it is due.

        Where there is a fused picture, its revision follows every own one: the last word on an event is the one that
        knows most.
        """
        self._judge(event, picture, now_ns)
        event.recount(picture)
        if event.views[picture].status in (EventStatus.CLOSED, EventStatus.RETRACTED):
            return self._finish(event, now_ns)
        if not self._is_due(event, picture, now_ns):
            return []
        revisions = [self._issue(event, picture, now_ns)]
        if picture == "own" and "fused" in event.views:
            self._judge(event, "fused", now_ns)
            event.recount("fused")
            revisions.append(self._issue(event, "fused", now_ns))
        return revisions

    def _is_due(self, event: Event, picture: PictureName, now_ns: int) -> bool:
        view = event.views[picture]
        period_ns = _LOST_PERIOD_NS if view.status == EventStatus.LOST else _PERIOD_NS
        return view.issued_ns is None or now_ns - view.issued_ns >= period_ns or event.words(picture) != view.said

    def _may_change(self, event: Event, picture: PictureName, now_ns: int) -> bool:
        """Whether time alone may bring a revision; while a track lives, what else does is an update, told at once."""
        view = event.views[picture]
        alive = view.status in (EventStatus.SUSPECTED, EventStatus.CONFIRMED)
        last_ns = view.issued_ns if alive else view.judged_ns
        return last_ns is None or now_ns - last_ns >= _PERIOD_NS

    def _judge(self, event: Event, picture: PictureName, now_ns: int) -> None:
        view = event.views[picture]
        view.judged_ns = now_ns
        arcs = [arc for thing in event.seen(picture) if (arc := thing.main(picture)) is not None]
        best = max(arc.launch_probability for arc in arcs)
        view.confirmed = view.confirmed or best >= CONFIRM_P
        if all(_fallen(arc, now_ns) for arc in arcs):
            view.status = EventStatus.CLOSED if view.confirmed else EventStatus.RETRACTED
        elif not view.confirmed and best < _RETRACT_P:
            view.status = EventStatus.RETRACTED
        elif not any(arc.alive for arc in arcs):
            view.status = EventStatus.LOST
        else:
            view.status = EventStatus.CONFIRMED if view.confirmed else EventStatus.SUSPECTED

    def _finish(self, event: Event, now_ns: int) -> list[EventRevision]:
        """Close an event once both pictures have; the fused revision is the last, for it knows most."""
        views = [event.views[picture] for picture in PICTURES if picture in event.views]
        if not all(view.status in (EventStatus.CLOSED, EventStatus.RETRACTED) for view in views):
            return []
        event.closed = True
        revisions = [self._issue(event, picture, now_ns) for picture in PICTURES if picture in event.views]
        self._forget(event)
        return revisions

    def _forget(self, event: Event) -> None:
        del self._events[event.event_id]
        for thing in event.things:
            for arc in thing.all_arcs():
                self._arcs.pop((arc.last.picture, arc.track_id), None)
                self._things.pop((arc.last.picture, arc.track_id), None)

    def _issue(self, event: Event, picture: PictureName, now_ns: int) -> EventRevision:
        view = event.views[picture]
        view.issued_ns, view.said = now_ns, event.words(picture)
        event.revision += 1
        objects: list[ObjectAssessment] = []
        for thing in event.seen(picture):
            arc = thing.main(picture)
            assert arc is not None
            for nation in arc.last.nations:
                event.contributors[picture][nation] = None
            objects.append(thing.assessment(picture, now_ns))
        return EventRevision(
            event_id=event.event_id,
            revision=event.revision,
            picture=picture,
            issued_ns=now_ns,
            status=view.status,
            count_at_least=view.count,
            count_probability=view.count_p,
            objects=tuple(objects),
            contributors=tuple(sorted(event.contributors[picture])),
            aliases=tuple(event.aliases) if picture == "fused" else (),
        )


def _one_object(arc: Arc, theirs: Arc) -> bool:
    """χ² on state, unless launches tell them apart; or on launch, for a piece of something that is still seen.

    What rises under power is not what was lost in free fall, and what has come down does not fly again.
    """
    if not theirs.alive and (_fallen(theirs, arc.last.time_ns) or (arc.rising and not theirs.rising)):
        return False
    if telling(arc.launch) and telling(theirs.launch):
        assert arc.launch is not None
        assert theirs.launch is not None
        if apart(arc.launch, theirs.launch):
            return False
        both_boosted = arc.burnout.seen_thrust and theirs.burnout.seen_thrust
        if same_launch(arc.launch, theirs.launch) and not (both_boosted and theirs.alive):
            return True
    return same_state(arc, theirs)


def _fallen(arc: Arc, now_ns: int) -> bool:
    """Whether an object must have come down: its time and a margin are over, and nothing measures it."""
    if arc.alive:
        return False
    impact, margin_s = arc.impact, _IMPACT_MARGIN_S
    if impact is not None and impact.time_ns is not None:
        margin_s += _IMPACT_SIGMAS * (impact.time_sigma_s or 0.0)
        return now_ns > impact.time_ns + from_seconds(margin_s)
    down_by_ns = arc.last.last_measured_ns + from_seconds(_UNKNOWN_S)
    if arc.impact_reason == "reachable_set" and arc.down_by_ns is not None:
        down_by_ns = arc.down_by_ns
    return now_ns > down_by_ns + from_seconds(margin_s)
