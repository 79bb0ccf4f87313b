"""A new node's folder: keys, certificates and the files by which people steer it."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from beaconfire.kernel.errors import UsageError
from beaconfire.kernel.labels import Realm, check_nation
from beaconfire.kernel.sealed import seal
from beaconfire.shell import keys, pki
from beaconfire.shell.broker import installed_server, sha256_of
from beaconfire.shell.config import (
    DEFAULT_PORTS,
    NODE_FILE,
    BrokerConfig,
    ConsoleConfig,
    NodeConfig,
    load_config,
    render_config,
)

_PEOPLE = b"""# Who may do what at this node, sealed by the nation's root: `beaconfire user add` writes it.
"""


def init_node(
    folder: Path,
    nation: str,
    realm: Realm,
    *,
    policy_toml: bytes,
    sensors_toml: bytes = b"",
    warning_toml: bytes = b"",
    rules: Mapping[str, bytes] = MappingProxyType({}),
    broker: BrokerConfig | None = None,
    console: ConsoleConfig | None = None,
    feed: str = "",
    results: str = "",
    record: str = "",
    passphrase: str | None = None,
) -> NodeConfig:
    """Make a new node under `folder` and return its configuration.

    Raises `UsageError` if the folder holds anything, or LIVE keys have no passphrase; `InvalidInput` for a code that
    is none. Without `warning_toml` the node warns nobody; `rules` are texts of automatic rules by file, sealed here and
    in force only where `warning_toml` names them. `broker` and `console` are the realm's default addresses
    unless given. `record` is the file of the launch record, by default the user's.
    """
    check_nation(nation, where="nation")
    if realm is Realm.LIVE and not passphrase:
        raise UsageError("LIVE keys need a passphrase (BEACONFIRE_PASSPHRASE, or type it when asked)")
    _claim(folder)
    clients, links, page = DEFAULT_PORTS[realm]
    server = installed_server()
    broker = broker or BrokerConfig(client_port=clients, link_port=links, address=f"127.0.0.1:{links}")
    if server is not None and not broker.server:
        broker = msgspec.structs.replace(broker, server_sha256=sha256_of(server))
    config = NodeConfig(
        nation=nation,
        realm=realm,
        feed=feed,
        results=results,
        record=record,
        broker=broker,
        console=console or ConsoleConfig(port=page),
        folder=str(folder.resolve()),
    )
    hosts = dict.fromkeys(("localhost", "127.0.0.1", broker.host, broker.address.rpartition(":")[0]))
    keys.create(folder, nation, realm, hosts=tuple(hosts), passphrase=passphrase)
    pki.write_secret(folder / NODE_FILE, render_config(config).encode())
    pki.write_secret(folder / config.policy, policy_toml)
    root = keys.load_root(folder, passphrase=passphrase)
    pki.write_secret(folder / config.people, seal(_PEOPLE, purpose="people", realm=realm, sign=root.sign))
    for name, text in rules.items():
        pki.write_secret(folder / name, seal(text, purpose="rule", realm=realm, sign=root.sign))
    for name, text in ((config.sensors, sensors_toml), (config.warning, warning_toml)):
        if text:
            pki.write_secret(folder / name, text)
    return load_config(folder / NODE_FILE)


def _claim(folder: Path) -> None:
    """Make the folder, or take an empty one."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.iterdir()):
            raise UsageError(f"{folder}: holds something already; expected a new or empty folder")
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}; expected a folder that can be made") from None
