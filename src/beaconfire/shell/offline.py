"""One node's pictures of detections that lie in files: no partners, no network, no journal, data time alone.

The same `step` as a live node's, so that what a file gives is what the feed would have given. Between scans time passes
in ticks, as it does in a node; after the last detection nothing more is known, and nothing more is said.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from typing import Protocol

from beaconfire.kernel.detections import group_scans
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import Detection, EventRevision, Sensor, TrackStatus
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import Effect, Genesis, Input, ScanIn, ShowAudit, ShowEvent, ShowTrack, Tick, initial, step

TICK_NS = NS_PER_S
QUIET_NS = 2 * 3600 * NS_PER_S  # after so long without a detection every track has ended; ticks would change nothing
SEVERAL_NATIONS = "XXX"  # ISO 3166 keeps it for users: sensors of several nations watched as one


class Detections(Iterable[Detection], Sized, Protocol):
    """Detections in order of time, as many as can be said beforehand: a list, or rows that wait on disk."""


@dataclass(slots=True)
class Outcome:
    """What a run came to; `events` are the last revisions, by id."""

    detections: int = 0
    scans: int = 0
    tracks: int = 0
    confirmed_tracks: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    events: dict[str, EventRevision] = field(default_factory=dict)


def nation_of(sensors: Sequence[Sensor]) -> str:
    """Return the nation whose picture a run makes: the sensors' own, or a code for several."""
    nations = {sensor.nation for sensor in sensors}
    return nations.pop() if len(nations) == 1 else SEVERAL_NATIONS


def watch(
    detections: Detections,
    *,
    sensors_toml: bytes,
    nation: str,
    realm: Realm,
    classes_toml: bytes = b"",
    take: Callable[[Sequence[Effect]], None],
    progress: Callable[[int, int], None],
) -> Outcome:
    """Run time-ordered detections through a node without partners; `take` is given the effects of every input.

    `classes_toml` are classes to hold launches against, b"" for the package's. Raises `InvalidInput` if they are wrong.
    `progress` is called with the detections done and their number.
    """
    genesis = Genesis(
        nation=nation, realm=realm, sensors_toml=sensors_toml, policy_toml=b"", partners=(), id_secret=bytes(32),
        epoch=1, fingerprint="", classes_toml=classes_toml,
    )  # fmt: skip
    outcome, done = Outcome(detections=len(detections)), 0
    tracks: set[str] = set()
    confirmed: set[str] = set()
    state = initial(genesis, now_ns=next((item.time_ns for item in detections), 0))
    for now_ns, item in _inputs(detections):
        state, effects = step(state, item, now_ns=now_ns)
        take(effects)
        for effect in effects:
            if isinstance(effect, ShowTrack):
                tracks.add(effect.update.track_id)
                if effect.update.status is TrackStatus.CONFIRMED:
                    confirmed.add(effect.update.track_id)
            elif isinstance(effect, ShowEvent):
                outcome.events[effect.revision.event_id] = effect.revision
            elif isinstance(effect, ShowAudit) and effect.verdict == "quarantined":
                outcome.quarantined[effect.reason] += effect.count
        if isinstance(item, ScanIn):
            done += len(item.scan.detections)
            outcome.scans += 1
            progress(done, len(detections))
    outcome.tracks, outcome.confirmed_tracks = len(tracks), len(confirmed)
    return outcome


def _inputs(detections: Iterable[Detection]) -> Iterator[tuple[int, Input]]:
    """Yield (now_ns, input): scans at their time, ticks while none comes."""
    now_ns: int | None = None
    for scan in group_scans(detections):
        for tick_ns in _ticks(now_ns, scan.time_ns):
            yield tick_ns, Tick()
        yield scan.time_ns, ScanIn(scan)
        now_ns = scan.time_ns
    if now_ns is not None:
        yield now_ns, Tick()


def _ticks(last_ns: int | None, next_ns: int) -> Iterator[int]:
    """Yield a tick at every whole second after the last scan and before the next."""
    if last_ns is None:
        return
    first_ns = (last_ns // TICK_NS + 1) * TICK_NS
    yield from range(first_ns, min(next_ns, last_ns + QUIET_NS), TICK_NS)
