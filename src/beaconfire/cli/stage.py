"""The demo's stage: one EXERCISE node per nation of a scenario, set up by one hand in one folder of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from beaconfire.kernel.labels import Realm
from beaconfire.rehearse import Scenario, sensors_toml
from beaconfire.shell import BrokerConfig, ConsoleConfig, NodeConfig, exchange_bundles, free_ports, init_node

HOST = "127.0.0.1"
RESULTS, FEED = "results", "feed.sock"


def build_stage(
    home: Path, scenario: Scenario, *, policies: Mapping[str, bytes], console_port: int | None, speed: float = 1.0
) -> dict[str, NodeConfig]:
    """Make every nation's node under `home`, each the partner of each, and return the configurations by nation.

    `policies` are the bytes of release policies by nation; consoles take `console_port` and those above it, none
    without, and say `speed`. Raises `InvalidInput` for sensors or policies that are wrong.
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
        )
    exchange_bundles(list(configs.values()))
    return configs
