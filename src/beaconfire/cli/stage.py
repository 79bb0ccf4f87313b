"""The demo's stage: one EXERCISE node per nation of a scenario, set up by one hand in one folder of this machine.

Each nation's root, made here, signs who its people are and what its written rule sends. The people's keys are made here
too and live no longer than the run.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from beaconfire.kernel.labels import Realm
from beaconfire.rehearse import Scenario, Staff, make_staff, sensors_toml
from beaconfire.rehearse.scenario import Nation
from beaconfire.shell import BrokerConfig, ConsoleConfig, NodeConfig, exchange_bundles, free_ports, init_node
from beaconfire.shell.keys import read_private_key
from beaconfire.shell.pki import write_secret

HOST = "127.0.0.1"
RESULTS, FEED = "results", "feed.sock"
RECORD = f"{RESULTS}/record.sqlite"  # of the run alone, beside its other results
ALERTS = "alerts"  # where a node's results hold its messages
_ROOT_KEY = "keys/root.key"


def build_stage(
    home: Path,
    scenario: Scenario,
    *,
    policies: Mapping[str, bytes],
    console_port: int | None,
    speed: float = 1.0,
    record: str = RECORD,
) -> dict[str, NodeConfig]:
    """Make every nation's node under `home`, each the partner of each, and return the configurations by nation.

    `policies` are the bytes of release policies by nation; consoles take `console_port` and those above it, none
    without, and say `speed`. `record` is each node's launch record, empty the user's own. Raises `InvalidInput` for
    sensors or policies that are wrong.
    """
    ports = free_ports(2 * len(scenario.nations))
    configs = {}
    for place, row in enumerate(scenario.nations):
        nation = row.code
        own = tuple(sensor for sensor in scenario.sensors if sensor.nation == nation)
        clients, links = ports[2 * place], ports[2 * place + 1]
        configs[nation] = init_node(
            home / nation,
            nation,
            Realm.EXERCISE,
            policy_toml=policies[nation],
            sensors_toml=sensors_toml(own).encode() if own else b"",
            broker=BrokerConfig(client_port=clients, link_port=links, address=f"{HOST}:{links}"),
            console=ConsoleConfig(
                port=0 if console_port is None else console_port + place,
                languages=scenario.nations[place].languages,
                scenario=scenario.name,
                speed=speed,
            ),
            feed=FEED,
            results=RESULTS,
            record=record,
        )
    exchange_bundles(list(configs.values()))
    return configs


def hire(configs: Mapping[str, NodeConfig], scenario: Scenario) -> dict[str, Staff]:
    """Give each node its warning settings, its people and its rule; returns the staffs of those that warn anybody."""
    secret = secrets.token_bytes(32)
    staffs = {nation.code: _staff(configs[nation.code], nation, secret) for nation in scenario.nations}
    return {nation: staff for nation, staff in staffs.items() if staff is not None}


def _staff(config: NodeConfig, nation: Nation, secret: bytes) -> Staff | None:
    root = read_private_key(config.path(_ROOT_KEY), passphrase=None)
    staff = make_staff(nation, secret=secret, seal_with=root.sign, folder=f"{RESULTS}/{ALERTS}")
    if staff is None:
        return None
    files = {config.warning: staff.warning_toml, config.people: staff.people_toml, **staff.rules}
    for name, content in files.items():
        path = config.path(name)
        path.unlink(missing_ok=True)  # `init` named nobody yet
        write_secret(path, content)
    return staff
