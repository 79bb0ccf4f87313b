"""`node check`: everything a start would read and need, looked at without starting anything."""

from pathlib import Path

from beaconfire.kernel.sensors import parse_sensors
from beaconfire.release import parse_policy
from beaconfire.shell import bundles, journal, keys
from beaconfire.shell.alerting import channels
from beaconfire.shell.broker import check_port, server_binary, sha256_of
from beaconfire.shell.config import NodeConfig, read_bounded
from beaconfire.shell.people import read_people
from beaconfire.shell.recordstore import RecordStore


def check_node(config: NodeConfig, *, passphrase: str | None) -> dict[str, str | int | list[str]]:
    """Return what a start would do, by name.

    Raises `InvalidInput` for configuration, keys, bundles, sensors, policy, people or warning settings that do not
    hold, `PortInUse` for a port that another program has.
    """
    identity = keys.load(Path(config.folder), config.nation, config.realm, passphrase=passphrase)
    partners = bundles.load_partners(config)
    people = read_people(config, root_public=identity.root_public)
    server = server_binary(config)
    begun = (config.path(config.data) / "journal.sqlite").exists()
    journal.make_genesis(config, identity, partners, epoch=1, begun=begun)
    broker = config.broker
    for port in (broker.client_port, broker.link_port):
        check_port(broker.host, port)
    if config.console.port:
        check_port(config.console.host, config.console.port)
    return {
        "nation": config.nation,
        "realm": str(config.realm),
        "root": identity.root_public.hex(),
        "dials": [f"{partner.nation} at {partner.host}:{partner.port}" for partner in partners if partner.dial],
        "expects": [partner.nation for partner in partners if not partner.dial],
        "sensors": _sensors(config.path(config.sensors)),
        "grants": _grants(config.path(config.policy)),
        "people": [f"{person.id}: {', '.join(person.roles)}" for person in people.values()],
        "channels": [f"{row.name}: {row.kind} {row.path or row.url}" for row in channels(config)],
        "server": f"{server} (SHA-256 {sha256_of(server)})",
        "clients": f"{broker.host}:{broker.client_port}",
        "links": f"{broker.host}:{broker.link_port}, known to partners as {broker.address}",
        "console": f"{config.console.host}:{config.console.port}" if config.console.port else "none",
        "record": str(RecordStore(config.record_path).path),
        "journal": str(config.path(config.data) / "journal.sqlite"),
    }


def _sensors(path: Path) -> list[str]:
    return [sensor.id for sensor in parse_sensors(read_bounded(path), where=str(path))] if path.exists() else []


def _grants(path: Path) -> list[str]:
    if not path.exists():
        return []
    policy = parse_policy(read_bounded(path), where=str(path))
    return [f"{grant.partner}: {', '.join(grant.kinds)}" for grant in policy.grants]
