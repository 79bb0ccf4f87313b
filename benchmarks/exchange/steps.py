"""One node, or two, without a link: from a detection to the partner's picture with both commits, the wall of realms,
and a node with eight partners under load.

Engine, journal, disk, signatures and step are the real ones; between the two nodes of `detection` the bytes are handed
over in the process, for the link is measured by `path`.
"""

import asyncio
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.cli.warm import load_kernels
from beaconfire.kernel import codec, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import Scan
from beaconfire.kernel.time import NS_PER_S, from_seconds
from beaconfire.node import Effect, EnvelopeIn, NodeState, ScanIn, ShowTrack, Tick, initial, step
from beaconfire.node import Partner as Member
from beaconfire.rehearse import Simulation, read_scenario, shipped, simulate
from beaconfire.rehearse.bench import Row, percentile, row
from beaconfire.rehearse.conductor import beats
from beaconfire.rehearse.network import genesis_rows
from beaconfire.release import preset
from beaconfire.share import Link, open_message
from beaconfire.shell.engine import Engine
from beaconfire.shell.intake import Intake
from beaconfire.shell.keys import Credential
from beaconfire.shell.store import Identification, Store
from benchmarks.exchange.speakers import release_path, warmed

PARTNERS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH")
RADARS, OBJECTS = 8, 12  # at 10 Hz, with as much clutter: 2,000 detections a second (QUALITY part 3, load)
_UP_S = 60.0  # then all twelve fly
_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


class Outbox:
    """In a link's place: keeps what was published."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def publish(self, _subject: str, data: bytes, *, generation: int) -> None:
        self.sent.append(data)

    def purge(self, *, generation: int) -> None:
        self.sent.clear()


class Shown:
    """A window that notes when tracks of a picture were shown: after the commit."""

    def __init__(self) -> None:
        self.at_s: dict[str, float] = {}
        self.count = 0

    def show(self, *, seq: int, now_ns: int, effects: Sequence[Effect], durable: bool) -> None:
        for effect in effects:
            if isinstance(effect, ShowTrack):
                self.count += 1
                self.at_s[effect.update.picture] = time.monotonic()

    def close(self) -> None:
        """Hold nothing."""


class Core:
    """One node's engine on a journal of its own."""

    def __init__(self, root: Path, state: NodeState) -> None:
        nation, loop = state.genesis.nation, asyncio.get_running_loop()
        credential = Credential(
            nation=nation, realm=Realm.EXERCISE, role="journal", public_key=_KEY.public_key().public_bytes_raw()
        )

        def in_loop(call: Callable[[], None]) -> None:
            loop.call_soon_threadsafe(call)

        self.links = {partner: Outbox() for partner in state.links}
        self.shown = Shown()
        self.store = Store(
            root / f"{nation}.sqlite", Identification(nation, "EXERCISE", bytes(32), credential), _KEY,
            committed=lambda seq: in_loop(lambda: self.engine.committed(seq)),
            troubled=lambda error: in_loop(lambda: self.engine.troubled(error)),
        )  # fmt: skip
        links: Any = self.links
        self.engine = Engine(state, step, store=self.store, key=_KEY, links=links, windows=[self.shown])
        self.engine.record(state.genesis, now_ns=state.now_ns)

    async def done(self, item: ScanIn | EnvelopeIn | Tick, *, now_ns: int) -> None:
        """Run one input and wait until its row is on disk and its effects are carried out."""
        await self.engine.durable(self.engine.do(item, now_ns=now_ns))


def warm() -> None:
    """Have every number kernel ready, as a node has before it says so: a compile is no latency."""
    deque(load_kernels(), maxlen=0)


def flight(duration_s: float) -> Simulation:
    scenario = read_scenario(shipped("2025-01-06"), where="2025-01-06")
    return simulate(msgspec.structs.replace(scenario, duration_s=duration_s))


async def detection(*, duration_s: float, progress: Callable[[str], None]) -> list[Row]:
    """Return how long a detection at A that triggers a release takes to FUSED at B, both commits included."""
    progress(f"a detection to the partner's picture, over {duration_s:g} s of a flight")
    warm()
    simulation = flight(duration_s)
    genesis = genesis_rows(simulation.scenario, seed=1)
    took_ms: list[float] = []
    with tempfile.TemporaryDirectory(prefix="beaconfire-bench-") as folder:
        ours, theirs = (Core(Path(folder), initial(genesis[nation], now_ns=0)) for nation in ("KOR", "JPN"))
        key = _KEY.public_key().public_bytes_raw()
        for beat in beats(simulation):
            for scan in beat.scans.get("JPN", ()):
                await theirs.done(ScanIn(scan), now_ns=beat.time_ns)
            for scan in beat.scans.get("KOR", ()):
                begun_s = time.monotonic()
                await ours.done(ScanIn(scan), now_ns=beat.time_ns)
                outbox, shown = ours.links["JPN"].sent, theirs.shown.count
                while outbox:
                    for opened in open_message(outbox.pop(0), key=key, realm=Realm.EXERCISE):
                        await theirs.done(EnvelopeIn("KOR", opened.unsigned, opened.signature), now_ns=beat.time_ns)
                if theirs.shown.count > shown:
                    took_ms.append(1e3 * (theirs.shown.at_s["fused"] - begun_s))
            for core in (ours, theirs):
                await core.done(Tick(), now_ns=beat.time_ns)
        for core in (ours, theirs):
            core.store.close()
    note = f"{len(took_ms)} releases; without the link, which release_path_first has"
    return [
        row("detection_to_fused_p50", [percentile(took_ms, 0.5)], "ms", at_most=3.0, note=note),
        row("detection_to_fused_p99", [percentile(took_ms, 0.99)], "ms", at_most=10.0),
    ]


async def exercise(*, count: int, progress: Callable[[str], None]) -> list[Row]:
    """Return how many of so many mutated exercise messages, signed by a key that LIVE pins, a LIVE door takes."""
    progress(f"{count:,} mutated exercise messages at a LIVE door")
    warmed()
    taken: list[object] = []
    door = Intake(
        "KOR", key=_KEY.public_key().public_bytes_raw(), realm=Realm.LIVE, clock=lambda: 1e3 * time.monotonic(),
        envelope=lambda *_: taken.append(1), control=lambda *_: taken.append(1),
    )  # fmt: skip
    for data in _mutated(count):
        door.take("direct", data)
    refused = door.refused.total() - door.refused["rate"]
    return [
        row("exercise_accepted_live", [float(len(taken))], "messages", at_most=0,
            note=f"of {refused:,} looked at, a half of them with a signature that holds"),
    ]  # fmt: skip


def _mutated(count: int) -> Iterator[bytes]:
    """Exercise envelopes with one byte changed: signed anew after the change, or before it."""
    release = release_path(Link(nation="KOR", partner="JPN", realm=Realm.EXERCISE, epoch=1))
    chance = np.random.default_rng(11)
    words = [release(number).unsigned for number in range(1, 65)]
    for number in range(count):
        changed = bytearray(words[number % len(words)])
        changed[chance.integers(len(changed))] = chance.integers(256)
        signed = bytes(changed) if number % 2 else words[number % len(words)]
        data = codec.encode(wire.Signed(unsigned=bytes(changed), signature=_KEY.sign(signed)))
        yield data


async def load(*, seconds: float, progress: Callable[[str], None]) -> list[Row]:
    """Return the 99th percentile from a scan to the own tracks on disk, with eight partners and 2,000 detections/s."""
    run = await loaded(PARTNERS, seconds=seconds, false_alarms=OBJECTS, progress=progress)
    return [row("load_own_track_p99", [run.at(0.99)], "ms", at_most=100.0, note=run.words)]


@dataclass(frozen=True)
class Load:
    """What came of a loaded run: each scan's milliseconds to own tracks on disk, and how much there was."""

    took_ms: list[float]
    detections: int
    seconds: float
    late_s: float
    envelopes: int
    cpu_s: float

    def at(self, share: float) -> float:
        return percentile(self.took_ms, share)

    @property
    def words(self) -> str:
        return (
            f"{self.detections / self.seconds:,.0f} detections/s, {self.envelopes / self.seconds:,.0f} envelopes/s "
            f"signed, {self.late_s:.1f} s behind at the end"
        )


async def loaded(
    partners: Sequence[str], *, seconds: float, false_alarms: float, progress: Callable[[str], None]
) -> Load:
    """Play a salvo of twelve in clutter to a node with partners, at real time."""
    progress(f"{len(partners)} partners, {OBJECTS} objects and {false_alarms:g} false alarms a scan, for {seconds:g} s")
    warm()
    simulation = salvo(_UP_S + seconds, false_alarms=false_alarms)
    genesis = genesis_rows(simulation.scenario, seed=1)["KOR"]
    policy = preset("default", nation="KOR", partners=partners, realm=Realm.EXERCISE)
    members = tuple(Member(nation, bytes(32)) for nation in partners)
    genesis = msgspec.structs.replace(genesis, partners=members, policy_toml=policy)
    first_ns = simulation.scenario.start_ns + from_seconds(_UP_S)
    took_ms: list[float] = []
    detections = 0
    with tempfile.TemporaryDirectory(prefix="beaconfire-bench-") as folder:
        core = Core(Path(folder), initial(genesis, now_ns=first_ns))
        begun_s, begun_cpu_s = time.monotonic(), time.process_time()
        for at_ns, sensor_id, seen, _ in simulation.scans():
            if at_ns < first_ns:
                continue
            due_s = begun_s + (at_ns - first_ns) / NS_PER_S
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            await core.done(ScanIn(Scan(at_ns, sensor_id, tuple(seen))), now_ns=at_ns)
            took_ms.append(1e3 * (time.monotonic() - due_s))
            detections += len(seen)
        late_s, cpu_s = max(0.0, time.monotonic() - begun_s - seconds), time.process_time() - begun_cpu_s
        sent = sum(len(link.sent) for link in core.links.values())
        core.store.close()
    return Load(took_ms, detections, seconds, late_s, sent, cpu_s)


def salvo(duration_s: float, *, false_alarms: float) -> Simulation:
    """Twelve short-range missiles two seconds apart, seen by eight radars at ten looks a second."""
    scenario = read_scenario(shipped("2024-11-05"), where="2024-11-05")
    radar = next(sensor for sensor in scenario.sensors if sensor.kind == "radar" and sensor.nation == "KOR")
    radars = tuple(
        msgspec.structs.replace(radar, id=f"KOR-R{number}", period_s=0.1, false_alarms_per_scan=false_alarms)
        for number in range(1, RADARS + 1)
    )
    launches = tuple(
        msgspec.structs.replace(scenario.launches[0], id=f"L{number}", time_s=2.0 * number) for number in range(OBJECTS)
    )
    return simulate(
        msgspec.structs.replace(
            scenario, duration_s=duration_s, sensors=radars, launches=launches, backgrounds=(), injects=()
        )
    )
