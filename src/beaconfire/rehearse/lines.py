"""The lines of a nation's result files (INTERFACES part 5) as the review reads them: only what it judges by.

In: `tracks.jsonl`, `events.jsonl`, `alerts.jsonl` and `partners.jsonl` of one nation. Out: one `Account`. Every
revision of every event and every line on alerts and partners is kept; of the track updates only those of tracks that
some event names, since an hour of air traffic is a million lines.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.time import parse_utc

Point = tuple[float, float]
Vector3 = tuple[float, float, float]
Picture = Literal["own", "fused"]
Line = TypeVar("Line")

TRACKS_FILE = "tracks.jsonl"
EVENTS_FILE = "events.jsonl"
ALERTS_FILE = "alerts.jsonl"
PARTNERS_FILE = "partners.jsonl"
_OVER = ("closed", "retracted")


class EllipseLine(msgspec.Struct, frozen=True, gc=False):
    """A 95 % ellipse: semi-axes in m, azimuth of the major one from true north."""

    semi_major_m: float
    semi_minor_m: float
    azimuth_deg: float


class LaunchLine(msgspec.Struct, frozen=True, gc=False):
    """Where and when it was launched, as a file says it."""

    time_utc: str
    time_sigma_s: float
    latitude_deg: float
    longitude_deg: float
    ellipse_95: EllipseLine


class Polygon(msgspec.Struct, frozen=True, tag_field="type", tag="Polygon"):
    """A GeoJSON polygon."""

    coordinates: list[list[Point]]

    @property
    def outlines(self) -> list[list[Point]]:
        """Its outer ring, closed, of (longitude, latitude) in degrees, in a list."""
        return self.coordinates[:1]


class MultiPolygon(msgspec.Struct, frozen=True, tag_field="type", tag="MultiPolygon"):
    """A GeoJSON multipolygon."""

    coordinates: list[list[list[Point]]]

    @property
    def outlines(self) -> list[list[Point]]:
        """Its outer rings, each closed, of (longitude, latitude) in degrees."""
        return [part[0] for part in self.coordinates if part]


class ImpactLine(msgspec.Struct, frozen=True):
    """Where and when it will fall; point and ellipse are None while boosting or for a reachable set."""

    time_utc: str | None = None
    time_sigma_s: float | None = None
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    ellipse_95: EllipseLine | None = None
    footprint_95: Polygon | MultiPolygon | None = None


class ObjectLine(msgspec.Struct, frozen=True):
    """One object of an event."""

    launch: LaunchLine | None = None
    impact: ImpactLine | None = None
    impact_reason: str | None = None
    apogee_m: float | None = None
    ground_range_m: float | None = None
    burnout_time_utc: str | None = None
    class_: dict[str, float] | None = msgspec.field(name="class", default=None)
    kind: dict[str, float] | None = None


class EventLine(msgspec.Struct, frozen=True):
    """One revision of one event."""

    event_id: str
    revision: int
    issued_utc: str
    status: str
    picture: Picture
    count_at_least: int
    class_: dict[str, float] = msgspec.field(name="class")
    kind: dict[str, float]
    launch: LaunchLine | None = None
    impact: ImpactLine | None = None
    impact_reason: str | None = None
    objects: tuple[ObjectLine, ...] = ()
    ground_range_m: float | None = None
    apogee_m: float | None = None
    burnout_time_utc: str | None = None
    contributors: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()

    @property
    def issued_ns(self) -> int:
        """When it was issued, TAI nanoseconds."""
        return parse_utc(self.issued_utc)

    @property
    def each_object(self) -> tuple[ObjectLine, ...]:
        """The objects; an event that lists none is its own only object."""
        if self.objects:
            return self.objects
        return (
            ObjectLine(
                launch=self.launch, impact=self.impact, impact_reason=self.impact_reason, apogee_m=self.apogee_m,
                ground_range_m=self.ground_range_m, burnout_time_utc=self.burnout_time_utc, class_=self.class_,
                kind=self.kind,
            ),
        )  # fmt: skip


class TrackLine(msgspec.Struct, frozen=True, gc=False):
    """One update of one track."""

    track_id: str
    time_utc: str
    position_ecef_m: Vector3
    velocity_ecef_m_s: Vector3
    status: str
    picture: Picture
    phase: dict[str, float] = {}

    @property
    def time_ns(self) -> int:
        """Time of validity, TAI nanoseconds."""
        return parse_utc(self.time_utc)


class AreaLine(msgspec.Struct, frozen=True, gc=False):
    """How one area is threatened."""

    area_id: str
    hit_p: float
    pass_p: float


class AlertLine(msgspec.Struct, frozen=True):
    """One transition of one alert, or a line of its log."""

    alert_id: str
    time_utc: str
    status: str
    previous: str | None
    who: str
    why: str
    kind: str | None = None
    identifier: str = ""
    areas: tuple[AreaLine, ...] = ()
    picture: Picture | None = None
    p_hit: float = 0.0
    p_pass: float = 0.0
    due_utc: str | None = None

    @property
    def time_ns(self) -> int:
        """When it happened, TAI nanoseconds."""
        return parse_utc(self.time_utc)


class PartnerLine(msgspec.Struct, frozen=True):
    """One word on a partner: suspended, returned, caught_up and so on."""

    time_utc: str
    partner: str
    word: str
    by: str = ""
    why: str = ""
    count: int = 1

    @property
    def time_ns(self) -> int:
        """When it happened, TAI nanoseconds."""
        return parse_utc(self.time_utc)


@dataclass(frozen=True)
class Account:
    """What one nation wrote: revisions, alerts and words on partners in order, and the updates of the tracks that its
    events name, by track."""

    nation: str
    events: tuple[EventLine, ...] = ()
    tracks: dict[str, tuple[TrackLine, ...]] = field(default_factory=dict)
    lines: int = 0  # track updates in all
    alerts: tuple[AlertLine, ...] = ()
    partners: tuple[PartnerLine, ...] = ()

    def revisions(self, picture: Picture) -> list[EventLine]:
        """Return a picture's revisions in the order in which they were issued."""
        return [revision for revision in self.events if revision.picture == picture]

    def last_revisions(self, picture: Picture) -> list[EventLine]:
        """Return the last revision of each event in a picture, in the order in which the events were opened."""
        return [revisions[-1] for _, revisions in self._by_event[picture].values()]

    def in_force(self, picture: Picture, time_ns: int) -> list[EventLine]:
        """Return each event's last revision in a picture at a time, without what is closed or retracted by then."""
        found = []
        for times, revisions in self._by_event[picture].values():
            place = bisect_right(times, time_ns)
            if place and revisions[place - 1].status not in _OVER:
                found.append(revisions[place - 1])
        return found

    @cached_property
    def _by_event(self) -> dict[Picture, dict[str, tuple[list[int], list[EventLine]]]]:
        """For each picture and event the times of issue and the revisions, in order."""
        found: dict[Picture, dict[str, tuple[list[int], list[EventLine]]]] = {"own": {}, "fused": {}}
        for revision in self.events:
            times, revisions = found[revision.picture].setdefault(revision.event_id, ([], []))
            times.append(revision.issued_ns)
            revisions.append(revision)
        return found


def read_account(nation: str, folder: Path) -> Account:
    """Read one nation's result folder; files that are not there are empty (a node that died early wrote none).

    Raises `InvalidInput` naming file and line for a line that is none; a last line cut short by a kill is left out.
    """
    events = _read(folder / EVENTS_FILE, msgspec.json.Decoder(EventLine))
    alerts = _read(folder / ALERTS_FILE, msgspec.json.Decoder(AlertLine))
    partners = _read(folder / PARTNERS_FILE, msgspec.json.Decoder(PartnerLine))
    return account(nation, events, _read(folder / TRACKS_FILE, msgspec.json.Decoder(TrackLine)), alerts, partners)


def account(
    nation: str,
    events: Iterable[EventLine],
    tracks: Iterable[TrackLine],
    alerts: Iterable[AlertLine] = (),
    partners: Iterable[PartnerLine] = (),
) -> Account:
    """Return the account of a nation's lines, each kind in the order in which they were written."""
    revisions = tuple(events)
    named = {track_id for revision in revisions for track_id in revision.tracks}
    kept: dict[str, list[TrackLine]] = {}
    count = 0
    for line in tracks:
        count += 1
        if line.track_id in named:
            kept.setdefault(line.track_id, []).append(line)
    by_track = {name: tuple(lines) for name, lines in kept.items()}
    return Account(nation, revisions, by_track, count, tuple(alerts), tuple(partners))


def _read(path: Path, decoder: msgspec.json.Decoder[Line]) -> Iterator[Line]:
    """The lines of a file one after another; none of one that is not there."""
    if path.exists():
        with path.open("rb") as file:
            yield from _decoded(file, decoder, where=str(path))


def _decoded(lines: Iterable[bytes], decoder: msgspec.json.Decoder[Line], *, where: str) -> Iterator[Line]:
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            return
        try:
            yield decoder.decode(line)
        except msgspec.DecodeError as error:
            raise InvalidInput.single(f"{where}:{number}", str(error), "a line as INTERFACES states it") from None
