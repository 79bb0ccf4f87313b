"""`beaconfire doctor` on the command line: findings, exit codes, JSON."""

from json import loads
from pathlib import Path

import pytest

from beaconfire.cli import run
from beaconfire.kernel.labels import Realm
from beaconfire.shell.setup import init_node


@pytest.fixture
def node(tmp_path: Path) -> Path:
    policy = b'version = 1\nnation = "KOR"\n'
    return Path(init_node(tmp_path / "KOR", "KOR", Realm.EXERCISE, policy_toml=policy).folder)


def test_json_is_an_array_of_findings(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["doctor", "--json"])
    findings = loads(capsys.readouterr().out)
    assert {tuple(finding) for finding in findings} == {("name", "state", "words", "todo")}
    assert code == int(any(finding["state"] == "fault" for finding in findings))


def test_a_fault_of_a_node_is_exit_1_with_what_to_do(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (node / "keys" / "node.key").chmod(0o644)
    assert run(["doctor", "--node", str(node / "node.toml")]) == 1
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("fault secrets"))
    assert line.endswith(f"-> chmod 600 {node / 'keys' / 'node.key'}")


def test_warnings_alone_are_no_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from beaconfire.shell import doctor
    from beaconfire.shell.doctor import Finding

    monkeypatch.setattr(doctor, "examine_machine", lambda: iter([Finding("clock", "warn", "wild", "tame it")]))
    assert run(["doctor"]) == 0
    assert capsys.readouterr().out == "warn  clock        wild -> tame it\n"
