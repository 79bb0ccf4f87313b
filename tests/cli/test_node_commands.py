"""`init`, `node check`, `node run` and `verify` as a person meets them: words, exit codes, nothing half done."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from beaconfire.cli import run
from tests.shell.test_verify import write


def test_init_makes_a_node_that_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "kor"
    assert run(["init", "KOR", "--out", str(out)]) == 0
    assert "EXERCISE" in capsys.readouterr().out
    assert run(["node", "check", "--config", str(out / "node.toml"), "--json"]) in (0, 1)  # 1: a default port is taken
    text = capsys.readouterr().out
    if text:
        assert json.loads(text)["nation"] == "KOR"
    assert not (out / "data").exists()


def test_init_takes_only_a_new_or_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("")
    assert run(["init", "KOR", "--out", str(tmp_path)]) == 2
    assert "holds something already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_init_of_no_nation_is_invalid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "Korea", "--out", str(tmp_path / "x")]) == 3
    assert "alpha-3" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_live_needs_a_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["init", "KOR", "--out", str(tmp_path / "live"), "--realm", "LIVE"]
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    monkeypatch.delenv("BEACONFIRE_PASSPHRASE", raising=False)
    assert run(arguments) == 2
    assert "BEACONFIRE_PASSPHRASE" in capsys.readouterr().err
    monkeypatch.setenv("BEACONFIRE_PASSPHRASE", "correct horse")
    assert run(arguments) == 0
    assert b"ENCRYPTED" in (tmp_path / "live" / "keys" / "root.key").read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [('nation = "KOR"', 'nation = "XX"', "nation"), ("client_port", "client_prt", "client_prt")],
)
def test_a_wrong_node_toml_is_exit_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, fault: str
) -> None:
    run(["init", "KOR", "--out", str(tmp_path / "kor")])
    path = tmp_path / "kor" / "node.toml"
    path.write_text(path.read_text().replace(old, new))
    for command in ("check", "run"):
        assert run(["node", command, "--config", str(path)]) == 3
        error = capsys.readouterr().err
        assert "node.toml" in error
        assert fault in error


def test_verify_proves_a_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "journal.sqlite"
    write(path)
    assert run(["verify", str(path)]) == 0
    text = capsys.readouterr().out
    assert "tail not compared" in text
    assert "byte for byte" in text
    assert run(["verify", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 20


def test_verify_of_another_machines_journal_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "journal.sqlite", where="elsewhere")
    assert run(["verify", str(tmp_path / "journal.sqlite")]) == 0
    assert "replay not comparable" in capsys.readouterr().out


def test_verify_finds_damage_and_other_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "journal.sqlite"
    write(path)
    with sqlite3.connect(path) as base:
        data = bytearray(base.execute("SELECT record FROM journal WHERE seq = 7").fetchone()[0])
        data[20] ^= 1
        base.execute("UPDATE journal SET record = ? WHERE seq = 7", (bytes(data),))
    base.close()
    assert run(["verify", str(path)]) == 4
    assert "row 7" in capsys.readouterr().err
    (tmp_path / "other").write_text("no journal")
    assert run(["verify", str(tmp_path / "other")]) == 3
    assert run(["verify", str(tmp_path / "absent")]) == 3


def test_help_is_quick_and_names_the_files() -> None:
    for command in (["init"], ["node", "run"], ["node", "check"], ["verify"]):
        told = subprocess.run(
            [sys.executable, "-m", "beaconfire", *command, "--help"], capture_output=True, text=True, check=True
        )
        assert "Usage" in told.stdout
