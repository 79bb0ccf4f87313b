"""`node.toml`: what one node is, where its files lie, and which addresses it uses.

Paths are relative to the file. Everything that matters is written out by `beaconfire init`; nothing is looked up in
the environment. Faults are named by key, as in every configuration file.
"""

from pathlib import Path
from typing import Literal

import msgspec

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm, check_nation
from beaconfire.kernel.limits import MAX_CONFIG_BYTES
from beaconfire.kernel.sensors import explain, parse_toml

NODE_FILE = "node.toml"
_MAX_PORT = 65_535
DEFAULT_PORTS = {Realm.LIVE: (4222, 7422, 8600), Realm.EXERCISE: (4322, 7522, 8600)}  # clients, links, console


class BrokerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The nation's NATS server of this realm."""

    host: str = "127.0.0.1"
    client_port: int
    link_port: int
    address: str  # host:port at which partners reach the link port
    server: str = ""  # path of nats-server; empty is the one installed with this package
    server_sha256: str = ""  # checked before each start when given
    sync_always: bool = False  # the broker syncs every message to disk: slower, survives power loss


class ConsoleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The nation's console. `scenario` and `speed` are what the page of an exercise says of it."""

    host: str = "127.0.0.1"
    port: int = 0  # 0 is no console
    languages: tuple[Literal["en", "ko", "ja"], ...] = ("en", "ko", "ja")
    scenario: str = ""
    speed: float = 1.0


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One node's configuration; `folder` is where `node.toml` lies, set when it is read."""

    nation: str
    realm: Realm
    sensors: str = "sensors.toml"
    policy: str = "policy.toml"
    people: str = "people.toml"
    warning: str = "warning.toml"  # how it warns the public; a node without this file warns nobody
    data: str = "data"
    results: str = ""  # folder for tracks.jsonl and events.jsonl; empty writes none
    record: str = ""  # the launch record that it keeps and answers from; empty is the user's own
    feed: str = ""  # EXERCISE only: the local socket of the lockstep feed
    broker: BrokerConfig
    console: ConsoleConfig = ConsoleConfig()
    folder: str = ""

    @property
    def record_path(self) -> Path | None:
        """The file of the launch record, None for the user's own."""
        return self.path(self.record) if self.record else None

    def path(self, name: str) -> Path:
        """Return the absolute path of a file named in this configuration."""
        return Path(self.folder) / name


def load_config(path: Path) -> NodeConfig:
    """Read and check `node.toml`; raises `InvalidInput` naming file and key."""
    table = parse_toml(read_bounded(path), where=str(path))
    if "folder" in table:
        raise InvalidInput.single(str(path), "unknown key 'folder'", "the file's own folder is used")
    try:
        config = msgspec.convert({**table, "folder": str(path.resolve().parent)}, NodeConfig)
    except msgspec.ValidationError as error:
        raise InvalidInput([explain(error, where=str(path), known=NodeConfig.__struct_fields__)]) from None
    _check(config, where=str(path))
    return config


def render_config(config: NodeConfig) -> str:
    """Return the text of `node.toml`."""
    rows = msgspec.to_builtins(config)
    broker, console = rows.pop("broker"), rows.pop("console")
    del rows["folder"]
    parts = ["# One sovereign node. Paths are relative to this file.", *_lines(rows)]
    parts += ["", "[broker]", *_lines(broker), "", "[console]", *_lines(console)]
    return "\n".join(parts) + "\n"


def read_bounded(path: Path) -> bytes:
    """Return a configuration file's bytes; raises `InvalidInput` if it cannot be read or is too long."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput.single(str(path), error.strerror or "cannot be read", "a readable file") from None
    if len(data) > MAX_CONFIG_BYTES:
        raise InvalidInput.single(str(path), f"is {len(data)} bytes long", f"at most {MAX_CONFIG_BYTES}")
    return data


def _lines(rows: dict[str, object]) -> list[str]:
    return [f"{key} = {_literal(value)}" for key, value in rows.items()]


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return msgspec.json.encode(str(value)).decode()  # TOML's basic strings are JSON's


def _check(config: NodeConfig, *, where: str) -> None:
    check_nation(config.nation, where=f"{where}: nation")
    broker = config.broker
    ports = {"broker.client_port": broker.client_port, "broker.link_port": broker.link_port}
    for key, port in ports.items():
        if not 0 < port <= _MAX_PORT:
            raise InvalidInput.single(f"{where}: {key}", f"is {port}", f"1 to {_MAX_PORT}")
    if not 0 <= config.console.port <= _MAX_PORT:
        raise InvalidInput.single(f"{where}: console.port", f"is {config.console.port}", f"0 to {_MAX_PORT}")
    if broker.client_port == broker.link_port:
        raise InvalidInput.single(f"{where}: broker.link_port", "is also the client port", "a port of its own")
    host, _, port_text = broker.address.rpartition(":")
    if not host or not port_text.isdigit() or not 0 < int(port_text) <= _MAX_PORT:
        raise InvalidInput.single(f"{where}: broker.address", f"is {broker.address!r}", "host:port")
    if config.feed and config.realm is Realm.LIVE:
        raise InvalidInput.single(f"{where}: feed", "is set on a LIVE node", "no lockstep feed when LIVE")
