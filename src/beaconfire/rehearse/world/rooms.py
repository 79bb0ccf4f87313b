"""Rooms with a script instead of physics: they come to believe what the plan says, at the node's own time.

They stand in the place of `track`, `assess` and the arithmetic of `fuse`, so that the real `step`, with all it does
about release, numbering, chains, receipts and policy, runs at thousands of simulated seconds per second. What
they do follows from the plan and the node's time alone, so a journal replays with them as it does with physics.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from beaconfire.assess import Assessor
from beaconfire.fuse import Tracklet, Tracklets
from beaconfire.kernel.keyed import batch_id
from beaconfire.kernel.products import PartnerAdvice
from beaconfire.kernel.records import (
    CLASSES,
    KINDS,
    PHASES,
    Ellipse,
    EventRevision,
    EventStatus,
    ImpactEstimate,
    LaunchEstimate,
    MeasurementScan,
    ObjectAssessment,
    PictureName,
    TrackStatus,
    TrackUpdate,
)
from beaconfire.node import NodeState
from beaconfire.rehearse.world.plan import NS_PER_MS, START_NS, Sighting
from beaconfire.track import Tracker

_MEAN = np.array([-3.1e6, 4.0e6, 4.1e6, 1500.0, -800.0, 2100.0, 0.0, 0.0, 0.0])
_COVARIANCE = np.diag([900.0, 1600.0, 625.0, 9.0, 4.0, 16.0, 1.0, 1.0, 1.0])
_MODES = np.array([0.7, 0.1, 0.1, 0.1])


def stage(state: NodeState, sightings: Sequence[Sighting]) -> None:
    """Put scripted rooms into a fresh state, to play these sightings."""
    nation = state.genesis.nation
    state.own = _Tracker("own", nation, [row for row in sightings if row.what == "track"])
    if state.fused is not None:
        state.fused = _Tracker("fused", nation, [])
    state.assessor = _Assessor(nation, [row for row in sightings if row.what == "assessment"])
    state.telling.tracklets = _Tracklets(nation, state.genesis.id_secret)


class _Script:
    """Sightings in order, each given out once its time has come."""

    def __init__(self, rows: Sequence[Sighting]) -> None:
        self._rows, self._next = rows, 0

    def due(self, now_ns: int) -> Iterator[Sighting]:
        while self._next < len(self._rows) and START_NS + self._rows[self._next].at_ms * NS_PER_MS <= now_ns:
            self._next += 1
            yield self._rows[self._next - 1]


class _Tracker(Tracker):
    """A picture whose tracks move by script; what it is made to scan shows, as it would in a real one."""

    def __init__(self, picture: PictureName, nation: str, rows: Sequence[Sighting]) -> None:
        self._picture, self._nation, self._script = picture, nation, _Script(rows)

    def advance(self, now_ns: int) -> list[TrackUpdate]:
        return [self._update(row) for row in self._script.due(now_ns)]

    def scan(self, scan: MeasurementScan) -> list[TrackUpdate]:
        return [_update(self._picture, f"{self._nation}-S", scan.time_ns, scan.nation, ("state",))]

    def current(self) -> Mapping[str, TrackUpdate]:
        return {}

    def _update(self, row: Sighting) -> TrackUpdate:
        sensors = (f"{self._nation}-R1", f"{self._nation}-R2")[: 1 + row.event % 2]
        time_ns = START_NS + row.at_ms * NS_PER_MS
        return _update(self._picture, f"{self._nation}-{row.event}", time_ns, self._nation, sensors)


class _Assessor(Assessor):
    """Opinions by script; it takes advice and lets it be."""

    def __init__(self, nation: str, rows: Sequence[Sighting]) -> None:
        super().__init__(nation=nation, id_prefix=f"{nation}-E")
        self._script = _Script(rows)

    def update(self, updates: Sequence[TrackUpdate], *, now_ns: int) -> list[EventRevision]:
        return []

    def tick(self, now_ns: int) -> list[EventRevision]:
        return [_revision(self.nation, row) for row in self._script.due(now_ns)]

    def advise(self, advice: PartnerAdvice) -> None:
        return None


class _Tracklets(Tracklets):
    """Every update of a track is a tracklet of its own."""

    def __init__(self, nation: str, secret: bytes) -> None:
        super().__init__(nation, secret)
        self._key, self._told = secret, 0

    def observe(self, update: TrackUpdate) -> Tracklet | None:
        self._told += 1
        return Tracklet(
            nation=update.nations[0],
            track=update.track_id,
            batch_id=batch_id(self._key, track_id=update.track_id, number=self._told),
            time_ns=update.time_ns,
            mean=update.mean[:6],
            covariance=update.covariance[:6, :6],
            first=self._told == 1,
        )


def _update(
    picture: PictureName, track_id: str, time_ns: int, nation: str, sensors: tuple[str, ...]
) -> TrackUpdate:  # fmt: skip
    return TrackUpdate(
        picture=picture,
        track_id=track_id,
        time_ns=time_ns,
        status=TrackStatus.CONFIRMED,
        mean=_MEAN,
        covariance=_COVARIANCE,
        modes=_MODES,
        existence=1.0,
        first_time_ns=time_ns,
        last_measured_ns=time_ns,
        sensors=sensors,
        nations=(nation,),
    )


def _revision(nation: str, row: Sighting) -> EventRevision:
    time_ns, event_id = START_NS + row.at_ms * NS_PER_MS, f"{nation}-E{row.event}"
    launch = LaunchEstimate(
        time_ns=time_ns - 60_000 * NS_PER_MS,
        time_sigma_s=1.0,
        latitude_deg=row.latitude_deg,
        longitude_deg=row.longitude_deg,
        ellipse_95=Ellipse(semi_major_m=4_000.0 + row.revision, semi_minor_m=3_000.0, azimuth_deg=30.0),
    )
    assessed = ObjectAssessment(
        object_id=f"{event_id}-1",
        track_ids=(f"{nation}-{row.event}",),
        time_ns=time_ns,
        lost=False,
        kinds=tuple(float(kind == row.object_kind) for kind in KINDS),
        classes=tuple(float(name == row.missile_class) for name in CLASSES),
        phases=(1.0, *(0.0 for _ in PHASES[1:])),
        launch=launch,
        impact=_impact(row, time_ns) if row.revision % 2 == 0 else None,
        impact_reason=None,
        burnout_time_ns=None,
        apogee_m=None,
        ground_range_m=None,
    )
    return EventRevision(
        event_id=event_id,
        revision=row.revision,
        picture="own",
        issued_ns=time_ns,
        status=EventStatus.CONFIRMED,
        count_at_least=1 + (row.revision + 1) // 2,
        count_probability=0.9,
        objects=(assessed,),
        contributors=(nation,),
    )


def _impact(row: Sighting, time_ns: int) -> ImpactEstimate:
    west, south = row.longitude_deg + 8.0, row.latitude_deg
    ring = ((west, south), (west + 1.0, south), (west + 1.0, south + 1.0), (west, south))
    return ImpactEstimate(
        time_ns=time_ns + 400_000 * NS_PER_MS,
        time_sigma_s=4.0,
        latitude_deg=south + 0.5,
        longitude_deg=west + 0.5,
        ellipse_95=Ellipse(semi_major_m=9_000.0 + row.revision, semi_minor_m=4_000.0, azimuth_deg=80.0),
        footprint_95=(ring,),
        footprint_km2=5_000.0,
    )
