"""`node check`: what a start would do is said, what would stop it is named, and nothing is started or written."""

import socket
from pathlib import Path

import pytest

from beaconfire.kernel.errors import InvalidInput, PortInUse
from beaconfire.shell import check_node
from beaconfire.shell.config import NodeConfig
from tests.exchange import grant_toml, policy_toml
from tests.shell.alarm import WARNING, make_station
from tests.shell.support import make_nations

SENSORS = '[[sensor]]\nid = "JPN-R1"\nnation = "JPN"\nkind = "radar"\nlatitude_deg = 38.1\nlongitude_deg = 138.4\n'


@pytest.fixture
def japan(tmp_path: Path) -> NodeConfig:
    (japan, _, _) = make_nations(tmp_path, "JPN", "KOR", "USA")
    return japan


def files(config: NodeConfig) -> dict[str, bytes]:
    folder = Path(config.folder)
    return {str(item.relative_to(folder)): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


def rows(found: dict[str, str | int | list[str]], name: str) -> list[str]:
    value = found[name]
    assert isinstance(value, list)
    return value


def test_it_says_who_dials_whom_and_starts_nothing(japan: NodeConfig) -> None:
    before = files(japan)
    found = check_node(japan, passphrase=None)
    assert files(japan) == before
    assert (found["nation"], found["realm"], found["console"]) == ("JPN", "EXERCISE", "none")
    dialled = [line.partition(" at ")[0] for line in rows(found, "dials")]
    assert sorted([*dialled, *rows(found, "expects")]) == ["KOR", "USA"]
    assert str(found["clients"]) == f"127.0.0.1:{japan.broker.client_port}"
    assert "SHA-256" in str(found["server"])


def test_sensors_and_grants_are_counted_out(japan: NodeConfig) -> None:
    japan.path(japan.sensors).write_text(SENSORS)
    policy = policy_toml(grant_toml("KOR")).replace(b'nation = "KOR"', b'nation = "JPN"', 1)
    japan.path(japan.policy).write_bytes(policy.replace(b'provenance = ["KOR"]', b'provenance = ["JPN"]'))
    found = check_node(japan, passphrase=None)
    assert found["sensors"] == ["JPN-R1"]
    assert [line.partition(":")[0] for line in rows(found, "grants")] == ["KOR"]


def test_without_sensors_and_policy_nothing_is_seen_and_nothing_is_told(japan: NodeConfig) -> None:
    found = check_node(japan, passphrase=None)
    assert (found["sensors"], found["grants"]) == ([], [])


@pytest.mark.parametrize("port", ["client_port", "link_port"])
def test_a_port_that_somebody_has_is_named(japan: NodeConfig, port: str) -> None:
    number = getattr(japan.broker, port)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", number))
        taken.listen()
        with pytest.raises(PortInUse, match=str(number)):
            check_node(japan, passphrase=None)


@pytest.mark.parametrize(
    ("name", "text"), [("sensors.toml", "[[sensor]]\n"), ("policy.toml", "version = 0\n"), ("sensors.toml", "[[")]
)
def test_files_that_do_not_hold_are_named(japan: NodeConfig, name: str, text: str) -> None:
    (Path(japan.folder) / name).write_text(text)
    with pytest.raises(InvalidInput, match=name):
        check_node(japan, passphrase=None)


def test_keys_that_are_gone_are_named(japan: NodeConfig) -> None:
    for key in (Path(japan.folder) / "keys").glob("*"):
        key.unlink()
    with pytest.raises(InvalidInput, match="keys"):
        check_node(japan, passphrase=None)


def test_whom_it_would_warn_and_by_whose_word(tmp_path: Path) -> None:
    station = make_station(tmp_path)
    found = check_node(station.config, passphrase=None)
    assert found["people"] == ["aoki: officer", "baba: officer", "chiba: officer"]
    assert found["channels"] == ["files: directory alerts", "feed: atom feed"]
    station.config.path("warning.toml").write_text(
        WARNING.replace('realm = "EXERCISE"\nkind', 'realm = "LIVE"\nkind', 1)
    )
    with pytest.raises(InvalidInput, match="channel files: realm: is LIVE"):
        check_node(station.config, passphrase=None)
