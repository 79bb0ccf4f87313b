"""`node.toml`: written and read back, and every fault named by its key."""

from pathlib import Path

import msgspec
import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig, load_config, read_bounded, render_config

BROKER = BrokerConfig(client_port=4322, link_port=7522, address="192.0.2.7:7522")


def config(**changes: object) -> NodeConfig:
    return msgspec.structs.replace(NodeConfig(nation="KOR", realm=Realm.EXERCISE, broker=BROKER), **changes)


def written(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "node.toml"
    path.write_text(render_config(config(**changes)))
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"feed": "feed.sock", "results": "out", "data": 'a "quoted" name'},
        {"console": ConsoleConfig(port=8600, languages=("ko",), scenario="2025-01-06", speed=2.5)},
        {"broker": msgspec.structs.replace(BROKER, sync_always=True, server="/opt/nats-server", server_sha256="ab")},
    ],
)
def test_what_is_written_is_read_back(tmp_path: Path, changes: dict[str, object]) -> None:
    path = written(tmp_path, **changes)
    assert load_config(path) == config(**changes, folder=str(tmp_path.resolve()))


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    monkeypatch.chdir(tmp_path)
    loaded = load_config(Path("node.toml"))
    assert loaded.path(loaded.policy) == tmp_path.resolve() / "policy.toml"
    assert load_config(path).folder == loaded.folder


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('nation = "KOR"', 'nation = "Korea"', "nation"),
        ('realm = "EXERCISE"', 'realm = "TEST"', "realm"),
        ('policy = "policy.toml"', 'policies = "policy.toml"', "policies"),
        ("client_port = 4322", "client_port = 0", "broker.client_port"),
        ("client_port = 4322", "client_port = 7522", "broker.link_port"),
        ("link_port = 7522", "link_port = 70000", "broker.link_port"),
        ("link_port = 7522", 'link_port = "x"', "int"),
        ('address = "192.0.2.7:7522"', 'address = "192.0.2.7"', "broker.address"),
        ("port = 0", "port = -1", "console.port"),
        ("[broker]", "[broker", "node.toml"),
        ('nation = "KOR"', 'nation = "KOR"\nfolder = "/etc"', "folder"),
    ],
)
def test_faults_name_the_key(tmp_path: Path, old: str, new: str, fault: str) -> None:
    path = written(tmp_path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InvalidInput, match=fault) as caught:
        load_config(path)
    assert str(path) in str(caught.value)


def test_a_live_node_has_no_lockstep_feed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="feed"):
        load_config(written(tmp_path, realm=Realm.LIVE, feed="feed.sock"))
    assert load_config(written(tmp_path, realm=Realm.LIVE)).realm is Realm.LIVE


def test_a_missing_or_endless_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        load_config(tmp_path / "absent.toml")
    big = tmp_path / "big.toml"
    big.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(InvalidInput, match="bytes long"):
        read_bounded(big)
