"""Nodes' parts on this machine for the shell's tests: free ports, nations with keys, brokers and links."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.labels import Realm
from beaconfire.shell import bundles, keys
from beaconfire.shell.broker import Broker
from beaconfire.shell.config import BrokerConfig, NodeConfig
from beaconfire.shell.keys import Credential
from beaconfire.shell.link import LaneName, PartnerLink, client_context
from beaconfire.shell.ports import free_ports
from beaconfire.shell.store import Identification, Store
from beaconfire.shell.topology import Lane

EPOCH = 1_000
HOSTS = ("localhost", "127.0.0.1")


def free_port() -> int:
    return free_ports(1)[0]


def make_nation(root: Path, nation: str, realm: Realm = Realm.EXERCISE, passphrase: str | None = None) -> NodeConfig:
    folder = root / nation
    keys.create(folder, nation, realm, hosts=HOSTS, passphrase=passphrase)
    link_port = free_port()
    return NodeConfig(
        nation=nation,
        realm=realm,
        folder=str(folder),
        broker=BrokerConfig(client_port=free_port(), link_port=link_port, address=f"127.0.0.1:{link_port}"),
    )


def make_nations(root: Path, *nations: str) -> list[NodeConfig]:
    configs = [make_nation(root, nation) for nation in nations]
    bundles.exchange_bundles(configs)
    return configs


def make_broker(config: NodeConfig) -> Broker:
    partners = bundles.load_partners(config)
    return Broker(config, partners, epochs={partner.nation: EPOCH for partner in partners})


class Heard:
    """What one link delivered, by lane."""

    def __init__(self) -> None:
        self.direct: list[bytes] = []
        self.stored: list[bytes] = []
        self.control: list[bytes] = []

    def deliver(self, lane: LaneName, data: bytes) -> None:
        {"direct": self.direct, "stored": self.stored, "control": self.control}[lane].append(data)


def make_link(config: NodeConfig, partner: str, broker: Broker | None = None) -> tuple[PartnerLink, Heard]:
    """A link; with its broker given, the partner is let in as a node does it."""
    heard, grants = Heard(), set[asyncio.Task[None]]()

    def ready() -> None:
        if broker is not None:
            grants.add(asyncio.get_running_loop().create_task(broker.grant(partner, epoch=EPOCH)))

    link = PartnerLink(
        Lane(config.nation, partner, realm=config.realm, epoch=EPOCH),
        url=f"tls://127.0.0.1:{config.broker.client_port}",
        tls=client_context(str(Path(config.folder) / "tls"), bundles.boundary_name(partner)),
        deliver=heard.deliver,
        has_room=lambda: True,
        ready=ready,
    )
    return link, heard


async def until(condition: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
    """Wait for a condition; fails the test when it does not come true in time."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + timeout_s
    while not condition():
        assert loop.time() < deadline_s, "did not happen in time"
        await asyncio.sleep(0.01)


class Told:
    """What a store told, and a way to wait for it."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.troubles: list[Exception | None] = []
        self._changed = threading.Condition()

    def committed(self, seq: int) -> None:
        with self._changed:
            self.seqs.append(seq)
            self._changed.notify_all()

    def troubled(self, error: Exception | None) -> None:
        with self._changed:
            self.troubles.append(error)
            self._changed.notify_all()

    def wait_for(self, seq: int, *, timeout_s: float = 20.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: bool(self.seqs) and self.seqs[-1] >= seq, timeout_s)

    def wait_for_trouble(self, *, timeout_s: float = 20.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(self.troubles), timeout_s)


_JOURNAL_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def open_store(path: Path, *, nation: str = "KOR") -> tuple[Store, Told]:
    credential = Credential(
        nation=nation, realm=Realm.EXERCISE, role="journal", public_key=_JOURNAL_KEY.public_key().public_bytes_raw()
    )
    told = Told()
    identification = Identification(nation, "EXERCISE", bytes(32), credential)
    store = Store(path, identification, _JOURNAL_KEY, committed=told.committed, troubled=told.troubled)
    return store, told
