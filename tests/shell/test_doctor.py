"""The doctor finds each planted illness, says what to do, and changes nothing."""

import datetime as dt
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from beaconfire.kernel.labels import Realm
from beaconfire.shell import doctor, keys
from beaconfire.shell.clock import ClockQuality
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig
from beaconfire.shell.doctor import Finding, disk_finding, examine_machine, numbers, server_version, sync_times_s
from beaconfire.shell.nodedoctor import examine_node
from beaconfire.shell.ports import free_ports
from beaconfire.shell.setup import init_node

NOW = dt.datetime.now(dt.UTC)
POLICY = b'version = 1\nnation = "KOR"\n'


def new_node(root: Path, realm: Realm = Realm.EXERCISE) -> NodeConfig:
    clients, links, console = free_ports(3)
    return init_node(
        root / realm, "KOR", realm, policy_toml=POLICY, console=ConsoleConfig(port=console),
        broker=BrokerConfig(client_port=clients, link_port=links, address=f"127.0.0.1:{links}"),
        passphrase="a passphrase" if realm is Realm.LIVE else None,
    )  # fmt: skip


def found(folder: Path, *, now: dt.datetime = NOW) -> dict[str, Finding]:
    """The worst finding by name."""
    order = ("ok", "warn", "fault")
    worst: dict[str, Finding] = {}
    for finding in examine_node(folder, now=now):
        known = worst.get(finding.name)
        if known is None or order.index(finding.state) > order.index(known.state):
            worst[finding.name] = finding
    return worst


def named(name: str) -> Finding:
    return next(finding for finding in examine_machine() if finding.name == name)


def test_this_machine_is_looked_at_from_end_to_end() -> None:
    findings = list(examine_machine())
    assert [finding.name for finding in findings] == [
        "python", "packages", "kernels", "server", "page", "clock", "home", "disk", "ports",
    ]  # fmt: skip
    assert all(finding.state == "ok" or finding.todo for finding in findings)
    assert all(finding.state in ("ok", "warn", "fault") and finding.words for finding in findings)
    assert "numpy" in named("packages").words and "SHA-256" in named("server").words


def test_a_healthy_node_has_no_fault_and_is_left_as_it_is(tmp_path: Path) -> None:
    config = new_node(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in sorted(Path(config.folder).rglob("*"))}
    worst = found(Path(config.folder))
    assert {finding.state for name, finding in worst.items() if name != "disk"} == {"ok"}
    assert set(worst) == {"node", "secrets", "realm", "certificates", "broker", "disk", "running"}
    assert {path: path.stat().st_mtime_ns for path in sorted(Path(config.folder).rglob("*"))} == before


@pytest.mark.parametrize("name", ["keys/node.key", "keys/id.secret", "tls/link.key", "node.toml"])
def test_a_secret_that_others_can_read_is_a_fault(tmp_path: Path, name: str) -> None:
    config = new_node(tmp_path)
    path = Path(config.folder) / name
    path.chmod(0o640)
    finding = found(Path(config.folder))["secrets"]
    assert (finding.state, finding.todo) == ("fault", f"chmod 600 {path}")
    assert "0640" in finding.words


def test_dates_of_certificates_are_told_before_they_end(tmp_path: Path) -> None:
    folder = Path(new_node(tmp_path).folder)
    ends = min(_certificate_ends(folder))
    assert found(folder, now=ends - dt.timedelta(days=31))["certificates"].state == "ok"
    assert found(folder, now=ends - dt.timedelta(days=29))["certificates"].state == "warn"
    assert found(folder, now=ends)["certificates"].state == "fault"
    assert "valid from" in found(folder, now=dt.datetime(1970, 1, 2, tzinfo=dt.UTC))["certificates"].words


def _certificate_ends(folder: Path) -> list[dt.datetime]:
    """The oracle: what openssl says of every certificate."""
    ends = []
    for path in [*(folder / "tls").glob("*.pem"), *(folder / "keys").glob("*.pem")]:
        command = ["openssl", "x509", "-enddate", "-noout", "-in", str(path)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        text = told.strip().removeprefix("notAfter=").removesuffix(" GMT")
        ends.append(dt.datetime.strptime(text, "%b %d %H:%M:%S %Y").replace(tzinfo=dt.UTC))
    return ends


def test_exercise_keys_in_a_live_node_are_a_fault(tmp_path: Path) -> None:
    live, exercise = (Path(new_node(tmp_path, realm).folder) for realm in (Realm.LIVE, Realm.EXERCISE))
    assert found(live)["realm"].state == "ok"
    assert found(live)["root key"].state == "warn"
    for name in ("credentials.json", "root.pub"):
        (live / "keys" / name).write_bytes((exercise / "keys" / name).read_bytes())
    finding = found(live)["realm"]
    assert finding.state == "fault" and "for EXERCISE" in finding.words
    (live / "tls" / "link.pem").write_bytes((exercise / "tls" / "link.pem").read_bytes())
    words = [item.words for item in examine_node(live, now=NOW) if item.name == "realm"]
    assert any("link.pem is of" in text for text in words)


def test_an_unencrypted_live_key_is_a_fault(tmp_path: Path) -> None:
    live, exercise = (Path(new_node(tmp_path, realm).folder) for realm in (Realm.LIVE, Realm.EXERCISE))
    (live / "keys" / "node.key").write_bytes((exercise / "keys" / "node.key").read_bytes())
    assert "not encrypted" in found(live)["realm"].words


def test_a_foreign_signature_on_a_key_is_a_fault(tmp_path: Path) -> None:
    folder = Path(new_node(tmp_path).folder)
    keys.create(tmp_path / "other", "KOR", Realm.EXERCISE, hosts=("localhost",), passphrase=None)
    (folder / "keys" / "root.pub").write_bytes((tmp_path / "other" / "keys" / "root.pub").read_bytes())
    assert "not signed by the root" in found(folder)["realm"].words


def test_a_port_that_another_has_is_a_fault_and_a_running_node_is_none(tmp_path: Path) -> None:
    config = new_node(tmp_path)
    folder = Path(config.folder)
    assert found(folder)["running"].words == "the node does not run; its ports are free"
    with socket.create_server(("127.0.0.1", config.broker.client_port)):
        assert found(folder)["running"].state == "fault"
        with _listening(folder / "control.sock"), socket.create_server(("127.0.0.1", config.console.port)):
            assert found(folder)["running"].state == "ok"
        with _listening(folder / "control.sock"):
            assert f"nobody accepts at {config.console.port}" in found(folder)["running"].words


def _listening(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(4)
    return server


def test_a_folder_that_is_no_node_is_one_fault(tmp_path: Path) -> None:
    assert [finding.state for finding in examine_node(tmp_path, now=NOW)] == ["fault"]
    (tmp_path / "node.toml").write_text("nation = 3\n")
    assert "node.toml" in found(tmp_path)["node"].words


def test_another_server_than_the_pinned_one_is_a_fault(tmp_path: Path) -> None:
    folder = Path(new_node(tmp_path).folder)
    text = (folder / "node.toml").read_text()
    pinned = next(line for line in text.splitlines() if line.startswith("server_sha256"))
    (folder / "node.toml").write_text(text.replace(pinned, f'server_sha256 = "{"0" * 64}"'))
    assert found(folder)["broker"].state == "fault"


Plant = Callable[[pytest.MonkeyPatch, Path], None]


def _no_server(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(doctor, "installed_server", lambda: None)


def _old_server(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(doctor, "server_version", lambda path: "2.10.9")


def _no_page(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr(doctor, "PAGE_DIR", root)


def _no_kernels(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(doctor, "cache_folder", lambda module: root / "none")


def _wild_clock(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(doctor, "read_quality", lambda: ClockQuality(False, None, None, "unknown"))


def _old_python(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (9, 9))


def _slow_disk(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(doctor, "sync_times_s", lambda folder: [0.05] * 3)


def _port_taken(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(doctor, "port_is_free", lambda host, port: port != 8600)


def _no_package(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(doctor, "requires", lambda name: ["numpy>=99", "not-there-at-all>=1", 'x>=1; extra == "y"'])


@pytest.mark.parametrize(
    ("plant", "name", "state", "words"),
    [
        (_no_server, "server", "fault", "no NATS server"),
        (_old_server, "server", "fault", "2.10.9"),
        (_no_page, "page", "warn", "not built"),
        (_no_kernels, "kernels", "warn", "not compiled"),
        (_wild_clock, "clock", "warn", "not synchronised"),
        (_old_python, "python", "fault", "ython"),
        (_slow_disk, "disk", "warn", "50 ms"),
        (_port_taken, "ports", "warn", "8600"),
        (_no_package, "packages", "fault", "older than 99"),
    ],
)
def test_each_illness_of_the_machine_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, plant: Plant, name: str, state: str, words: str
) -> None:
    plant(monkeypatch, tmp_path)
    finding = named(name)
    assert finding.state == state and words in finding.words and finding.todo


def test_a_home_and_a_disk_that_cannot_be_written_are_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEACONFIRE_HOME", str(tmp_path / "new" / "place"))
    assert named("home").state == "ok" and not (tmp_path / "new").exists()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert named("home").state == "fault"
    (tmp_path / "a file").write_text("")
    assert disk_finding(tmp_path / "a file").state == "fault"


def test_the_disk_is_measured_and_left_empty(tmp_path: Path) -> None:
    assert min(sync_times_s(tmp_path, writes=3)) > 0.0
    assert list(tmp_path.iterdir()) == []


def test_versions_compare_as_numbers() -> None:
    assert numbers("2.15.1") > numbers("2.9.30") and numbers("0.2026.11.2") > numbers("0.2026.9")
    assert server_version(Path("/nowhere/nats-server")) == ""
