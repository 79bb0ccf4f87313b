"""The demo's stage: three nodes that know each other, each with its own sensors, policy, ports and words."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from beaconfire.cli.stage import ALERTS, FEED, RESULTS, build_stage, hire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.sensors import parse_sensors
from beaconfire.rehearse import read_scenario, shipped
from beaconfire.rehearse.network import scenario_policy
from beaconfire.shell import NodeConfig, check_node, load_config, load_partners
from beaconfire.shell.alerting import read_warning
from beaconfire.shell.people import read_people
from beaconfire.warn import parse_settings

SCENARIO = read_scenario(shipped("2025-01-06"), where="2025-01-06")
OVERFLIGHT = read_scenario(shipped("overflight"), where="overflight")
NATIONS = [nation.code for nation in SCENARIO.nations]
POLICIES = {nation: scenario_policy(SCENARIO, nation) for nation in NATIONS}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bf-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def configs(home: Path) -> dict[str, NodeConfig]:
    return build_stage(home, SCENARIO, policies=POLICIES, console_port=18600, speed=5.0)


def test_each_node_is_a_node_of_its_own_that_only_exercises(home: Path, configs: dict[str, NodeConfig]) -> None:
    assert list(configs) == NATIONS
    for nation, config in configs.items():
        assert load_config(home / nation / "node.toml") == config
        assert (config.nation, config.realm) == (nation, Realm.EXERCISE)
        assert (config.feed, config.results) == (FEED, RESULTS)
        assert check_node(config, passphrase=None)


def test_no_two_doors_are_the_same(configs: dict[str, NodeConfig]) -> None:
    doors = [
        port
        for config in configs.values()
        for port in (config.broker.client_port, config.broker.link_port, config.console.port)
    ]
    assert len(set(doors)) == len(doors)
    assert [config.console.port for config in configs.values()] == [18600, 18601, 18602]


def test_each_is_the_partner_of_each(configs: dict[str, NodeConfig]) -> None:
    for nation, config in configs.items():
        partners = load_partners(config)
        assert {partner.nation for partner in partners} == set(NATIONS) - {nation}
        for partner in partners:
            assert partner.port == configs[partner.nation].broker.link_port


def test_a_nation_has_its_own_sensors_and_policy_only(home: Path, configs: dict[str, NodeConfig]) -> None:
    for nation in configs:
        sensors = parse_sensors((home / nation / "sensors.toml").read_bytes(), where="sensors.toml")
        assert sensors == tuple(sensor for sensor in SCENARIO.sensors if sensor.nation == nation)
        assert (home / nation / "policy.toml").read_bytes() == POLICIES[nation]


def test_a_page_knows_what_is_played_how_fast_and_in_which_languages(configs: dict[str, NodeConfig]) -> None:
    assert configs["KOR"].console.languages == ("ko", "en")
    assert {config.console.scenario for config in configs.values()} == {"2025-01-06"}
    assert {config.console.speed for config in configs.values()} == {5.0}


def test_headless_nodes_have_no_page() -> None:
    with tempfile.TemporaryDirectory(prefix="bf-") as folder:
        configs = build_stage(Path(folder), SCENARIO, policies=POLICIES, console_port=None, speed=1.0)
    assert {config.console.port for config in configs.values()} == {0}


def test_each_node_has_its_staffs_files_sealed_by_its_own_root() -> None:
    with tempfile.TemporaryDirectory(prefix="bf-") as folder:
        configs = build_stage(Path(folder), OVERFLIGHT, policies=POLICIES, console_port=None)
        staffs = hire(configs, OVERFLIGHT)
        assert set(staffs) == set(NATIONS)
        for nation, config in configs.items():
            root = bytes.fromhex((config.path("keys/root.pub")).read_text())
            assert set(read_people(config, root_public=root)) == {"author", "officer-1", "officer-2"}
            assert config.path(config.people).stat().st_mode & 0o077 == 0
            files = read_warning(config)
            settings = parse_settings(files.warning_toml, nation=nation, realm=Realm.EXERCISE, where="")
            assert [channel.path for channel in settings.channel] == [f"{RESULTS}/{ALERTS}", "feed"]
            assert len(files.rules) == (nation == "JPN")
            assert check_node(config, passphrase=None)


def test_two_runs_have_different_keys() -> None:
    keys = set()
    for _ in range(2):
        with tempfile.TemporaryDirectory(prefix="bf-") as folder:
            configs = build_stage(Path(folder), OVERFLIGHT, policies=POLICIES, console_port=None)
            staffs = hire(configs, OVERFLIGHT)
            keys.add(staffs["JPN"].keys["officer-1"].public_key().public_bytes_raw())
    assert len(keys) == 2
