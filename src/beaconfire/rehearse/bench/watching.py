"""One node that watches a scenario with all its sensors, at one tick a second: the way a benchmark sees a flight."""

from collections.abc import Iterator

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventRevision, Scan, TrackUpdate
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import Genesis, Input, NodeState, ScanIn, ShowEvent, ShowTrack, Tick, initial, step
from beaconfire.rehearse.simulation import Simulation
from beaconfire.rehearse.writing import sensors_toml

_NATION = "XXX"  # ISO 3166 keeps it for users: the sensors of several nations, watched as one


class Watcher:
    """A node without partners. `watch` goes through a simulation and keeps the last revision of every event."""

    def __init__(self, simulation: Simulation) -> None:
        """Prepare; nothing has been watched."""
        genesis = Genesis(
            nation=_NATION, realm=Realm.EXERCISE, sensors_toml=sensors_toml(simulation.scenario.sensors).encode(),
            policy_toml=b"", partners=(), id_secret=bytes(32), epoch=1, fingerprint="",
        )  # fmt: skip
        self._simulation = simulation
        self.state: NodeState = initial(genesis, now_ns=simulation.scenario.start_ns)
        self.events: dict[str, EventRevision] = {}

    def watch(self) -> Iterator[tuple[int, list[TrackUpdate], list[EventRevision]]]:
        """Yield node time and what each input changed, in order."""
        for now_ns, item in self._inputs():
            self.state, effects = step(self.state, item, now_ns=now_ns)
            revisions = [effect.revision for effect in effects if isinstance(effect, ShowEvent)]
            self.events.update({revision.event_id: revision for revision in revisions})
            yield now_ns, [effect.update for effect in effects if isinstance(effect, ShowTrack)], revisions

    def _inputs(self) -> Iterator[tuple[int, Input]]:
        tick_ns = self._simulation.scenario.start_ns
        for time_ns, sensor_id, detections, _ in self._simulation.scans():
            while tick_ns + NS_PER_S <= time_ns:
                tick_ns += NS_PER_S
                yield tick_ns, Tick()
            yield time_ns, ScanIn(Scan(time_ns, sensor_id, tuple(detections)))
