"""A node that warns, for the tests of the shell: people with keys, channels, and a step whose scans are threats.

`threatening` is the real step, but each own scan is a picture's word that two prefectures lie under a missile.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.alerts import AlertAction, AlertView, Approved, AreaThreat, Order
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person
from beaconfire.kernel.records import EventStatus, Scan
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import Effect, Input, NodeState, Publish, ScanIn, ShowAlert, step
from beaconfire.release import preset
from beaconfire.shell import keys, people
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig
from beaconfire.shell.control import Outcome
from beaconfire.shell.engine import Step
from beaconfire.shell.feed import Conductor, Turn
from beaconfire.shell.loop import Node
from beaconfire.shell.setup import init_node
from beaconfire.warn import Outlook
from tests.shell.support import free_port, until

START_NS = 1_736_132_400_000_000_000
TICK_NS = 100_000_000
EVENT, ALERT = "JPN-E1", "JPN-E1-A1"
WARNING = """version = 1
nation = "JPN"
realm = "EXERCISE"
author = "JPN-FDMA"
languages = ["ja", "en", "ko"]

[[authority]]
id = "JPN-FDMA"
name = { ja = "消防庁", en = "Fire and Disaster Management Agency", ko = "소방청" }
sender = "alerts@example.jp"
contact = "https://example.jp/contact"
web = "https://example.jp"
areas = ["JP-01", "JP-02"]

[[channel]]
name = "files"
realm = "EXERCISE"
kind = "directory"
path = "alerts"

[[channel]]
name = "feed"
realm = "EXERCISE"
kind = "atom"
path = "feed"
"""
SENSORS = b"""
[[sensor]]
id = "R1"
nation = "JPN"
kind = "radar"
latitude_deg = 38.1
longitude_deg = 138.4
"""


def outlook(now_ns: int, **changes: object) -> Outlook:
    areas = tuple(
        AreaThreat(
            area_id=area, hit_p=0.02, pass_p=0.8, first_ns=now_ns + lead * NS_PER_S, last_ns=now_ns + 400 * NS_PER_S
        )
        for area, lead in (("JP-02", 200), ("JP-01", 260))
    )
    fields: dict[str, object] = {
        "event_id": EVENT, "picture": "own", "status": EventStatus.CONFIRMED, "time_ns": now_ns, "measured_ns": now_ns,
        "sources": 2, "count_at_least": 1, "launch_ns": now_ns - 60 * NS_PER_S, "launch_nation": "PRK",
        "reach": "point", "nations": ("JPN", "KOR"), "threats": areas, "threatened": areas,
    }  # fmt: skip
    return Outlook(**{**fields, **changes})  # type: ignore[arg-type]


def threatening(state: NodeState, item: Input, *, now_ns: int) -> tuple[NodeState, Sequence[Effect]]:
    if not isinstance(item, ScanIn) or state.desk is None:
        return step(state, item, now_ns=now_ns)
    state.now_ns = max(state.now_ns, now_ns)
    outs = state.desk.take(outlook(state.now_ns), now_ns=state.now_ns)
    return state, [Publish(out) if isinstance(out, Approved) else ShowAlert(out) for out in outs]


@dataclass
class Station:
    """A node's folder, its people's private keys and plain tokens."""

    config: NodeConfig
    keys: dict[str, Ed25519PrivateKey] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def order(self, person: str, action: str, alert_id: str, digest: bytes, now_ns: int, **more: object) -> Order:
        return people.sign_order(
            self.keys[person], realm=self.config.realm, person=person, action=AlertAction(action), alert_id=alert_id,
            digest=digest, issued_ns=now_ns, **more,  # type: ignore[arg-type]
        )  # fmt: skip


def make_station(
    root: Path, *, warning: str = WARNING, persons: Sequence[str] = ("aoki", "baba", "chiba"), port: int = 0
) -> Station:
    link = free_port()
    config = init_node(
        root / "JPN", "JPN", Realm.EXERCISE, feed="feed.sock", console=ConsoleConfig(port=port),
        policy_toml=preset("closed", nation="JPN", partners=(), realm=Realm.EXERCISE), warning_toml=warning.encode(),
        sensors_toml=SENSORS,
        broker=BrokerConfig(client_port=free_port(), link_port=link, address=f"127.0.0.1:{link}"),
    )  # fmt: skip
    station = Station(config)
    secret = keys.load_root(Path(config.folder), passphrase=None)
    for name in persons:
        path = root / f"{name}.key"
        public = people.make_personal_key(path, realm=Realm.EXERCISE, passphrase=None)
        station.tokens[name], hashed = people.new_token()
        station.keys[name] = people.personal_key(path, passphrase=None)
        people.add_person(
            config, Person(id=name, name=name, roles=("officer",), keys=(public,), tokens=(hashed,)), root=secret
        )
    return station


class Duty:
    """A running node, given turns, and what its people do."""

    def __init__(self, station: Station, node: Node, conductor: Conductor) -> None:
        self.station, self.node, self.conductor = station, node, conductor
        self.tick = 0

    @property
    def now_ns(self) -> int:
        return START_NS + self.tick * TICK_NS

    async def turn(self, *, seen: bool = False, skip_s: float = 0.0) -> None:
        self.tick += 1 + round(skip_s * NS_PER_S / TICK_NS)
        scans = (Scan(self.now_ns, "R1", ()),) if seen else ()
        self.conductor.give(Turn(tick=self.tick, time_ns=self.now_ns, scans=scans))
        await self.conductor.answer()

    def view(self, alert_id: str = ALERT) -> AlertView:
        return next(view for view in self.node.office.views() if view.alert_id == alert_id)

    async def order(
        self, person: str, action: str, digest: bytes = b"", *, session: str = "", **more: object
    ) -> Outcome:
        """Give an order in a session of that person's own, and the turn that takes it."""
        order = self.station.order(person, action, str(more.pop("alert_id", ALERT)), digest, self.now_ns, **more)
        order = msgspec.structs.replace(order, session=session or f"test:{person}")
        giving = asyncio.create_task(self.node.office.give(order))
        await asyncio.sleep(0)
        await self.turn()
        return await giving

    async def warned(self) -> bytes:
        """Let the desk draft, one submit, two approve; returns the digest of what was sent."""
        await self.turn(seen=True)
        draft = self.view().draft
        assert draft is not None
        for person, action in (("aoki", "submit"), ("aoki", "approve"), ("baba", "approve")):
            outcome = await self.order(person, action, draft.digest)
            assert outcome.refused == (), action
        await self.turn()
        return draft.digest


@asynccontextmanager
async def on_duty(station: Station, *, tick: int = 0, step: Step[NodeState] = threatening) -> AsyncIterator[Duty]:
    node = Node(station.config, passphrase=None, step=step)
    ready = asyncio.Event()
    task = asyncio.create_task(node.run(ready.set))
    await until(lambda: ready.is_set() or task.done())
    if task.done():
        task.result()
    conductor = await Conductor.connect(station.config.path(station.config.feed))
    duty = Duty(station, node, conductor)
    duty.tick = tick
    try:
        yield duty
    finally:
        conductor.close()
        node.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await task
