"""A new node's folder, and what `node check` says of it."""

import socket
from pathlib import Path

import msgspec
import pytest

from beaconfire.kernel.errors import InvalidInput, PortInUse, UsageError
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.sealed import open_sealed
from beaconfire.release import preset
from beaconfire.shell import bundles, keys
from beaconfire.shell.broker import installed_server, sha256_of
from beaconfire.shell.check import check_node
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig, load_config
from beaconfire.shell.setup import init_node
from beaconfire.warn import parse_settings, rule_preset, warning_preset
from tests.shell.support import free_port

SENSORS = b"""
[[sensor]]
id = "KOR-R1"
nation = "KOR"
kind = "radar"
latitude_deg = 36.6
longitude_deg = 127.4
"""


def closed(nation: str) -> bytes:
    return preset("closed", nation=nation, partners=(), realm=Realm.EXERCISE)


def new(folder: Path, nation: str = "KOR", policy: bytes | None = None) -> NodeConfig:
    port = free_port()
    return init_node(
        folder, nation, Realm.EXERCISE, policy_toml=policy or closed(nation), sensors_toml=SENSORS,
        broker=BrokerConfig(client_port=free_port(), link_port=port, address=f"127.0.0.1:{port}"),
        console=ConsoleConfig(port=free_port()),
    )  # fmt: skip


def test_a_new_node_has_its_files(tmp_path: Path) -> None:
    config = new(tmp_path / "node")
    for name in ("node.toml", "policy.toml", "people.toml", "sensors.toml", "keys/root.key", "tls/link.pem"):
        assert (tmp_path / "node" / name).is_file()
    assert load_config(tmp_path / "node" / "node.toml") == config
    server = installed_server()
    assert server is not None
    assert config.broker.server_sha256 == sha256_of(server)


def test_realms_have_ports_of_their_own(tmp_path: Path) -> None:
    exercise = init_node(tmp_path / "a", "KOR", Realm.EXERCISE, policy_toml=closed("KOR"))
    live = init_node(tmp_path / "b", "KOR", Realm.LIVE, policy_toml=closed("KOR"), passphrase="secret")
    ports = [{config.broker.client_port, config.broker.link_port} for config in (exercise, live)]
    assert ports[0] & ports[1] == set()


def test_only_a_new_or_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    new(tmp_path / "empty")
    with pytest.raises(UsageError, match="holds something already"):
        new(tmp_path / "empty")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="can be made"):
        new(tmp_path / "file")


def test_nothing_is_half_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nation"):
        new(tmp_path / "node", nation="Korea", policy=closed("KOR"))
    with pytest.raises(UsageError, match="passphrase"):
        init_node(tmp_path / "node", "KOR", Realm.LIVE, policy_toml=closed("KOR"))
    assert not (tmp_path / "node").exists()


def test_check_says_what_would_happen(tmp_path: Path) -> None:
    policy = preset("default", nation="KOR", partners=("JPN", "USA"), realm=Realm.EXERCISE)
    configs = [new(tmp_path / "KOR", policy=policy), new(tmp_path / "JPN", "JPN"), new(tmp_path / "USA", "USA")]
    bundles.exchange_bundles(configs)
    found = check_node(configs[0], passphrase=None)
    assert found["dials"] == [f"JPN at 127.0.0.1:{configs[1].broker.link_port}"]
    assert found["expects"] == ["USA"]
    assert found["sensors"] == ["KOR-R1"]
    assert found["grants"] == ["JPN: launch, trajectory, impact", "USA: launch, trajectory, impact"]
    assert not (tmp_path / "KOR" / "data").exists()  # nothing was started or written


@pytest.mark.parametrize("name", ["client_port", "link_port"])
def test_check_names_a_port_in_use(tmp_path: Path, name: str) -> None:
    config = new(tmp_path / "node")
    with socket.socket() as other:
        other.bind(("127.0.0.1", getattr(config.broker, name)))
        other.listen()
        with pytest.raises(PortInUse, match=str(getattr(config.broker, name))):
            check_node(config, passphrase=None)


@pytest.mark.parametrize(
    ("name", "data"),
    [("policy.toml", b"version = 0\n"), ("policy.toml", b"[[grant\n"), ("sensors.toml", b"[[sensor]]\nid = 1\n")],
)
def test_check_names_the_file_that_is_wrong(tmp_path: Path, name: str, data: bytes) -> None:
    config = new(tmp_path / "node")
    (tmp_path / "node" / name).write_bytes(data)
    with pytest.raises(InvalidInput, match=name):
        check_node(config, passphrase=None)


def test_a_node_without_sensors_or_policy_is_one(tmp_path: Path) -> None:
    config = new(tmp_path / "node")
    for name in ("policy.toml", "sensors.toml"):
        (tmp_path / "node" / name).unlink()
    found = check_node(msgspec.structs.replace(config, console=ConsoleConfig()), passphrase=None)
    assert (found["sensors"], found["grants"], found["console"]) == ([], [], "none")


def test_a_rule_is_sealed_by_the_root_and_in_force_only_where_it_is_named(tmp_path: Path) -> None:
    text = rule_preset("JPN", Realm.EXERCISE)
    for named in ((), ("rules/one.toml",)):
        config = init_node(
            tmp_path / f"node{len(named)}", "JPN", Realm.EXERCISE, policy_toml=closed("JPN"),
            warning_toml=warning_preset("JPN", Realm.EXERCISE, rules=named), rules={"rules/one.toml": text},
        )  # fmt: skip
        data = config.path("rules/one.toml").read_bytes()
        root = keys.read_public_key(config.path("keys/root.pub"))
        opened = open_sealed(data, purpose="rule", realm=Realm.EXERCISE, key=root, where="rule")
        assert opened == text
        settings = parse_settings(
            config.path("warning.toml").read_bytes(), nation="JPN", realm=Realm.EXERCISE, where="warning.toml"
        )
        assert settings.rules == named
