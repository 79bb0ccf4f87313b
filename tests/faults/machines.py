"""Nations as processes that can be hurt: real nodes with real servers, started again as a service manager would.

A node's server is its child and dies with it; the node itself starts a killed server again. Everything is on loopback
and ends with the test.
"""

import contextlib
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import NS_PER_S, unix_utc_to_tai_ns
from beaconfire.release import preset
from beaconfire.shell.broker import die_with_parent
from beaconfire.shell.bundles import exchange_bundles
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig
from beaconfire.shell.keys import signature_holds
from beaconfire.shell.ports import free_ports
from beaconfire.shell.setup import init_node
from beaconfire.shell.store import NO_HASH, Reader, decode_record
from tests.faults import chatty

ROOT = Path(__file__).resolve().parents[2]
_AHEAD_NS = NS_PER_S // 2
_READY_S, _END_S = 90.0, 20.0  # bounds that end a test which hangs, not what is measured


def make_nations(root: Path, *nations: str, doors: Mapping[str, int] | None = None) -> dict[str, NodeConfig]:
    """Nodes that know each other, driven by their own clocks; the default policy releases launches.

    `doors` are ports at which the others dial a nation, if not its server's own: a wire listens there.
    """
    ports = iter(free_ports(2 * len(nations)))
    configs = {}
    for nation in nations:
        link = next(ports)
        door = (doors or {}).get(nation, link)
        partners = [other for other in nations if other != nation]
        configs[nation] = init_node(
            root / nation, nation, Realm.EXERCISE, console=ConsoleConfig(port=0),
            policy_toml=preset("default", nation=nation, partners=partners, realm=Realm.EXERCISE),
            broker=BrokerConfig(client_port=next(ports), link_port=link, address=f"127.0.0.1:{door}"),
        )  # fmt: skip
    exchange_bundles(list(configs.values()))
    return configs


class DidNotStart(Exception):
    """A node ended before it was ready; the words are its own."""


class Machine:
    """One nation's node as a process; `wrapper` is put before the command (`strace` and the like)."""

    def __init__(self, config: NodeConfig, *, wrapper: Sequence[str] = ()) -> None:
        self.config, self._wrapper = config, tuple(wrapper)
        self._process: subprocess.Popen[str] | None = None
        self.pid = 0

    def start(self) -> None:
        """Start the node and wait until it says that it runs."""
        with (Path(self.config.folder) / "node.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._wrapper, sys.executable, "-m", "tests.faults.chatty", self.config.folder],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                preexec_fn=die_with_parent(),
            )  # fmt: skip
        assert self._process.stdout is not None
        heard, _, _ = select.select([self._process.stdout], [], [], _READY_S)
        line = self._process.stdout.readline() if heard else ""
        if not line:
            code = self._reap()
            raise DidNotStart(f"{self.config.nation} ended with {code}:\n{self.words()[-3000:]}")
        self.pid = int(json.loads(line)["pid"])

    def words(self) -> str:
        """What the node said on standard error."""
        return (Path(self.config.folder) / "node.log").read_text(errors="replace")

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def server_pid(self) -> int | None:
        """The nation's server: the node's child of that name."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        for child in map(int, children):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{child}/comm").read_text().startswith("nats-server"):
                    return child
        return None

    def kill(self) -> None:
        """`kill -9` of the node; its server goes with it."""
        self.signal(signal.SIGKILL)
        self._reap()

    def kill_server(self) -> None:
        """`kill -9` of the server alone, if it is up."""
        pid = self.server_pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def signal(self, number: int) -> None:
        """Send the node a signal."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def end(self) -> int:
        """Ask the node to end and return its exit code."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return self._reap()

    def _reap(self) -> int:
        assert self._process is not None, "started"
        try:
            code = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return code


@contextlib.contextmanager
def running(
    configs: dict[str, NodeConfig], *, talk_s: float, wrappers: dict[str, Sequence[str]] | None = None
) -> Iterator[dict[str, Machine]]:
    """Start all nations; they release for `talk_s` seconds. Ends whatever still runs."""
    machines = {nation: Machine(config, wrapper=(wrappers or {}).get(nation, ())) for nation, config in configs.items()}
    try:
        for machine in machines.values():
            machine.start()
        from_ns = unix_utc_to_tai_ns(time.time_ns()) + _AHEAD_NS
        for config in configs.values():
            chatty.Times(config.folder).add(from_ns=from_ns, until_ns=from_ns + round(talk_s * NS_PER_S))
        yield machines
    finally:
        for machine in machines.values():
            if machine.running:
                machine.end()


def refused(config: NodeConfig) -> str:
    """Start a node that must not start, and return its words."""
    machine = Machine(config)
    try:
        machine.start()
    except DidNotStart as error:
        return str(error)
    machine.end()
    raise AssertionError(f"{config.nation} started")


def missing(machines: dict[str, Machine]) -> dict[tuple[str, str], int]:
    """How many records that one nation's journal decided to release are not in the other's, by (from, to).

    A nation that has released nothing yet counts as missing one.
    """
    found = {}
    for sender in machines.values():
        for receiver in machines.values():
            if sender is not receiver:
                sent = chatty.decided(sender.config, receiver.config.nation)
                have = set(chatty.received(receiver.config, sender.config.nation))
                found[sender.config.nation, receiver.config.nation] = len(sent - have) if sent else 1
    return found


def all_there(machines: dict[str, Machine], *, timeout_s: float) -> bool:
    """Whether everything decided has arrived everywhere within a bound."""
    return eventually(lambda: not any(missing(machines).values()), timeout_s=timeout_s)


def check_journal(config: NodeConfig) -> int:
    """Hold a journal's pages, numbers, chain and signatures; returns the number of its rows.

    Not its replay: the made-up step is not the one that `beaconfire verify` replays with.
    """
    reader = Reader(config.path(config.data) / "journal.sqlite")
    try:
        reader.check_pages()
        seq, head, key = 0, NO_HASH, reader.identification.credential.public_key
        for row in reader.rows():
            record = decode_record(row, where="")
            assert (record.seq, record.previous) == (seq + 1, head), f"{config.nation}: row {row.seq} breaks the chain"
            assert signature_holds(key, row.signature, row.record)
            seq, head = record.seq, hashlib.sha256(row.record).digest()
        return seq
    finally:
        reader.close()


def eventually(condition: Callable[[], bool], *, timeout_s: float) -> bool:
    """Whether a condition comes true within a bound."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.25)
    return True
