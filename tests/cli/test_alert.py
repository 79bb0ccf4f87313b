"""`alert` and `user` at a node that runs and at one that stopped: people, keys, exact bytes, exit codes."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from beaconfire.cli import run
from beaconfire.kernel.labels import Realm
from beaconfire.shell import control, people
from beaconfire.shell.config import ConsoleConfig
from beaconfire.shell.setup import init_node
from tests.shell.alarm import ALERT, EVENT, Duty, Station, make_station, on_duty

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test alone, and a session per call, as separate terminals give."""
    monkeypatch.setenv("BEACONFIRE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BEACONFIRE_KEY_PASSPHRASE", raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    counter = itertools.count()
    monkeypatch.setattr(control, "session_of", lambda pid: f"terminal:{next(counter)}")
    return tmp_path / "home"


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return make_station(tmp_path)


def at_work(station: Station, story: Callable[[Duty], Awaitable[None]]) -> None:
    """Run a story while the node gets a turn every few milliseconds."""

    async def go() -> None:
        async with on_duty(station) as duty:
            await duty.turn(seen=True)
            over = asyncio.Event()

            async def play() -> None:
                while not over.is_set():
                    await duty.turn()
                    await asyncio.sleep(0.01)

            player = asyncio.create_task(play())
            try:
                await story(duty)
            finally:
                over.set()
                await player

    asyncio.run(go())


async def said(*words: str) -> int:
    return await asyncio.to_thread(run, words)


class Desk:
    """The command line of one node, with what it printed."""

    def __init__(self, station: Station, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.station, self.tmp_path, self.capsys = station, tmp_path, capsys

    async def __call__(self, action: str, *words: str, person: str = "") -> tuple[int, str, str]:
        command = ["alert", action, *words, "--node", self.station.config.folder]
        if person:
            command += ["--as", person, "--key", str(self.tmp_path / f"{person}.key")]
        self.capsys.readouterr()
        code = await said(*command)
        out, err = self.capsys.readouterr()
        return code, out, err


@pytest.fixture
def desk(station: Station, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(station, tmp_path, capsys)


def test_an_alert_from_draft_to_cancel(station: Station, desk: Desk) -> None:
    """The whole way on the command line; every step is the state machine's, seen again in `list` and `show`."""

    async def story(duty: Duty) -> None:
        code, out, _ = await desk("list", "--json")
        assert (code, json.loads(out)[0]["status"]) == (0, "drafted")
        assert (await desk("submit", ALERT, person="aoki"))[0] == 0
        code, out, err = await desk("approve", ALERT, "--yes", person="aoki")
        assert (code, "1 more to come" in out) == (0, True)
        digest = duty.view().draft.digest  # type: ignore[union-attr]
        for words in ("Aomori", "JP-02", "EXERCISE", "【訓練】", "[훈련]", digest.hex(), "in words: "):
            assert words in err
        code, out, _ = await desk("approve", ALERT, "--yes", person="baba")
        assert (code, "approved → sent" in out) == (0, True)
        code, out, _ = await desk("show", ALERT, "--json")
        shown = json.loads(out)
        assert (shown["status"], shown["sent"]["sha256"], shown["draft"]) == ("sent", digest.hex(), None)
        assert set(shown["ready"]) == {"correction", "cancel", "all_clear"}
        code, out, err = await desk("cancel", ALERT, "--words", "test of the siren", "--yes", person="chiba")
        assert (code, "approved → cancelled" in out, "test of the siren" in err) == (0, True, True)
        code, out, _ = await desk("channels", "--json")
        assert [(row["channel"], row["ok"]) for row in json.loads(out)] == [("files", True), ("feed", True)]

    at_work(station, story)
    assert len(list(Path(station.config.folder, "alerts").glob("*.xml"))) == 2


def test_a_stopped_node_is_read_from_its_journal(station: Station, desk: Desk) -> None:
    async def story(duty: Duty) -> None:
        for action, person in (("submit", "aoki"), ("approve", "aoki"), ("approve", "baba")):
            more = () if action == "submit" else ("--yes",)
            assert (await desk(action, ALERT, *more, person=person))[0] == 0

    at_work(station, story)
    code, out, _ = asyncio.run(desk("list"))
    assert code == 0
    assert "stopped, from its journal" in out
    code, _, err = asyncio.run(desk("cancel", ALERT, "--yes", person="chiba"))
    assert (code, "no node runs here" in err) == (1, True)


@pytest.mark.parametrize(
    ("action", "words", "person", "code", "why"),
    [
        ("approve", (ALERT, "--yes"), "aoki", 1, "refused: approve of JPN-E1-A1 by aoki: is of a message that is draf"),
        ("approve", (ALERT,), "aoki", 2, "nobody can be asked here"),
        ("approve", ("JPN-E9-A1", "--yes"), "aoki", 2, "is no alert of JPN; known: JPN-E1-A1"),
        ("cancel", (ALERT, "--yes"), "aoki", 1, "never sent"),
        ("update", (ALERT,), "aoki", 1, "does not fit the alert"),
        ("send", (ALERT, "--yes"), "aoki", 1, "without valid approvals"),
        ("submit", (ALERT,), "nobody", 3, "nobody.key: No such file"),
        ("draft", ("JPN-E7",), "aoki", 1, "is no alert"),
        ("draft", (EVENT,), "aoki", 1, "has an alert; expected an order about JPN-E1-A1"),
        ("draft", (ALERT, "--areas", "JP-47"), "aoki", 1, "areas that this node answers for"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why_and_changes_nothing(
    station: Station, desk: Desk, action: str, words: tuple[str, ...], person: str, code: int, why: str
) -> None:
    async def story(duty: Duty) -> None:
        before = duty.view()
        found, out, err = await desk(action, *words, person=person)
        assert (found, why in err, out) == (code, True, ""), err
        assert duty.view().draft == before.draft

    at_work(station, story)


def test_a_draft_by_hand_and_its_withdrawal(station: Station, desk: Desk) -> None:
    async def story(duty: Duty) -> None:
        code, _, _ = await desk("draft", ALERT, "--areas", "JP-02", "--words", "as told by telephone", person="aoki")
        assert code == 0
        draft = duty.view().draft
        assert draft is not None
        assert draft.author == "aoki"
        assert "JP-02" in {area.area_id for area in draft.message.areas}
        assert (await desk("submit", ALERT, person="aoki"))[0] == 0
        code, _, err = await desk("approve", ALERT, "--yes", person="aoki")
        assert (code, "is by the one who wrote it" in err) == (1, True)
        assert (await desk("withdraw", ALERT, "--words", "it was a drill call", person="baba"))[0] == 0
        assert str(duty.view().status) == "withdrawn"

    at_work(station, story)


def test_a_real_process_is_a_session_of_its_own(
    station: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a person calls it: another process, told apart by the kernel's word."""
    monkeypatch.undo()
    command = [sys.executable, "-m", "beaconfire", "alert", "submit", ALERT, "--node", station.config.folder]
    command += ["--as", "aoki", "--key", str(tmp_path / "aoki.key"), "--json"]
    found: list[subprocess.CompletedProcess[str]] = []

    async def story(duty: Duty) -> None:
        found.append(
            await asyncio.to_thread(
                subprocess.run, command, capture_output=True, text=True, cwd=ROOT, start_new_session=True, timeout=60
            )
        )

    at_work(station, story)
    assert found[0].returncode == 0, found[0].stderr
    assert json.loads(found[0].stdout)["rows"][0]["status"] == "submitted"


def test_a_person_is_added_with_a_key_and_can_order(
    station: Station, desk: Desk, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A running node takes the new list when it is asked to; the key lies in the person's own home."""
    folder = station.config.folder

    async def story(duty: Duty) -> None:
        assert await said("user", "add", "doi", "--role", "author", "--node", folder, "--token") == 0
        path = own_home / "keys" / "JPN-EXERCISE-doi.key"
        assert path.stat().st_mode & 0o777 == 0o600
        out = capsys.readouterr().out
        assert str(path) in out
        assert "/?token=" in out
        assert await said("alert", "submit", ALERT, "--node", folder, "--as", "doi") == 1
        assert "nobody of this node" in capsys.readouterr().err
        assert await said("alert", "reload", "--node", folder) == 0
        assert await said("alert", "submit", ALERT, "--node", folder, "--as", "doi") == 0
        capsys.readouterr()
        assert await said("alert", "approve", ALERT, "--node", folder, "--as", "doi", "--yes") == 1
        assert "an officer" in capsys.readouterr().err

    at_work(station, story)


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("aoki", "--role", "officer"), 2, "is known at this node already"),
        (("no name", "--role", "officer"), 3, "name"),
        (("doi", "--role", "general"), 2, "general"),
        (("doi",), 2, "--role"),
    ],
)
def test_a_person_that_cannot_be_added(
    station: Station, own_home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, why: str
) -> None:
    before = station.config.path("people.toml").read_bytes()
    assert run(["user", "add", *words, "--node", station.config.folder]) == code
    assert why in capsys.readouterr().err
    assert station.config.path("people.toml").read_bytes() == before
    assert not own_home.exists()


def test_a_locked_key_asks_for_its_passphrase(
    station: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BEACONFIRE_KEY_PASSPHRASE", "correct horse")
    assert run(["user", "add", "doi", "--role", "officer", "--node", station.config.folder]) == 0
    path = tmp_path / "home" / "keys" / "JPN-EXERCISE-doi.key"
    assert b"ENCRYPTED" in path.read_bytes()

    async def story(duty: Duty) -> None:
        command = ("alert", "submit", ALERT, "--node", station.config.folder, "--as", "doi")
        monkeypatch.setenv("BEACONFIRE_KEY_PASSPHRASE", "wrong")
        assert await said(*command) == 3
        monkeypatch.delenv("BEACONFIRE_KEY_PASSPHRASE")
        assert await said(*command) == 3
        assert "is encrypted" in capsys.readouterr().err
        monkeypatch.setenv("BEACONFIRE_KEY_PASSPHRASE", "correct horse")
        assert await said(*command) == 0

    at_work(station, story)


def test_a_live_person_needs_a_passphrase_and_gets_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BEACONFIRE_PASSPHRASE", "root of the nation")
    init_node(
        tmp_path / "live", "JPN", Realm.LIVE, policy_toml=b"", passphrase="root of the nation",
        console=ConsoleConfig(port=0),
    )  # fmt: skip
    command = ["user", "add", "aoki", "--role", "officer", "--node", str(tmp_path / "live")]
    assert run([*command, "--token"]) == 2
    assert run(command) == 2
    assert "LIVE key needs a passphrase" in capsys.readouterr().err
    monkeypatch.setenv("BEACONFIRE_KEY_PASSPHRASE", "aoki's own")
    assert run(command) == 0
    path = people.personal_key_path(tmp_path / "home", nation="JPN", realm=Realm.LIVE, person="aoki")
    assert b"ENCRYPTED" in path.read_bytes()


# --- check -------------------------------------------------------------------------------------------


@pytest.fixture
def published(station: Station, desk: Desk) -> Path:
    """A real message that was sent."""

    async def story(duty: Duty) -> None:
        await desk("submit", ALERT, person="aoki")
        await desk("approve", ALERT, "--yes", person="aoki")
        assert (await desk("approve", ALERT, "--yes", person="baba"))[0] == 0

    at_work(station, story)
    return next(Path(station.config.folder, "alerts").glob("*.xml"))


def test_what_was_published_keeps_every_rule_and_a_changed_byte_is_found(
    published: Path, station: Station, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trusted = os.path.join(station.config.folder, "keys", "cap.pem")
    assert run(["alert", "check", str(published), "--trusted", trusted]) == 0
    assert "its signature holds" in capsys.readouterr().out
    assert run(["alert", "check", str(published)]) == 0
    assert "its signature was not checked" in capsys.readouterr().out
    changed = tmp_path / "changed.xml"
    changed.write_bytes(published.read_bytes().replace(b"shelter now", b"shelter soon", 1))
    assert run(["alert", "check", str(changed), "--trusted", trusted, "--json"]) == 4
    (fault,) = json.loads(capsys.readouterr().out)
    assert "Signature" in fault["what"]
    broken = tmp_path / "broken.xml"
    broken.write_bytes(published.read_bytes().replace(b"<status>Exercise</status>", b"<status>Sometimes</status>", 1))
    assert run(["alert", "check", str(broken)]) == 4
    assert "status" in capsys.readouterr().out


@pytest.mark.parametrize("data", [b"", b"no xml", b"<alert>", b"<html></html>"])
def test_what_is_no_cap_is_invalid_input(tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    path = tmp_path / "file.xml"
    path.write_bytes(data)
    assert run(["alert", "check", str(path)]) == 3
    assert "expected" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_invalid_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["alert", "check", str(tmp_path / "none.xml")]) == 3
    assert "none.xml: No such file" in capsys.readouterr().err
