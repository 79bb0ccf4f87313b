"""A LIVE alert from draft to cancel by nothing but commands, at a node process as people run it.

Every command is a process of its own, as officers at their own terminals start them, each with the file of their own
locked key. Five channels carry both messages: a folder, an Atom feed, and receivers that answer at once, late, and not
the first time.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beaconfire.cli.signing import read_words
from beaconfire.kernel.approval import Act, signed_by
from beaconfire.kernel.labels import Realm
from beaconfire.shell import capsign
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.people import read_people
from tests.shell.live import ALERT, LiveNode, make_live, running
from tests.shell.receivers import Receivers, receivers

PATIENCE_S = 60.0  # generous: the machine may be busy with other things
CHANNELS = ("prompt", "slow", "down")


def add_people(live: LiveNode, folder: Path) -> None:
    for name, role in (("aoki", "author"), ("kim", "officer"), ("lee", "officer")):
        live.here("user", "add", name, "--role", role, "--key", str(folder / f"{name}.key"))
    live.here("alert", "reload")


def order(live: LiveNode, folder: Path, person: str, action: str, *more: str, code: int = 0) -> str:
    key = str(folder / f"{person}.key")
    return live.command("alert", action, ALERT, "--as", person, "--key", key, *more, code=code)


def shown_of(live: LiveNode) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(live.here("alert", "show", ALERT, "--json"))
    return found


def folder_of(config: NodeConfig) -> dict[str, str]:
    return {path.stem: path.read_text() for path in Path(config.folder, "alerts").glob("*.xml")}


def until(true: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.02)


def everywhere(live: LiveNode, there: Receivers, count: int) -> None:
    until(lambda: all(len(there.taken(name)) >= count for name in CHANNELS), f"{count} messages at every receiver")
    until(lambda: len(folder_of(live.config)) >= count, f"{count} messages in the folder")
    feed = Path(live.config.folder, "feed", "alerts.atom")
    until(lambda: feed.exists() and feed.read_text().count("<entry>") >= count, f"{count} entries in the feed")


@pytest.mark.timeout(400)
def test_a_live_alert_and_its_cancel_by_commands(tmp_path: Path) -> None:
    with receivers() as there, running(make_live(tmp_path, channels=there.channels, console=0)) as live:
        add_people(live, tmp_path)
        order(live, tmp_path, "aoki", "submit")
        order(live, tmp_path, "kim", "approve", "--yes")
        assert "given by this person already" in order(live, tmp_path, "kim", "approve", "--yes", code=1)
        assert there.posts == []
        said = order(live, tmp_path, "lee", "approve", "--yes")
        assert "SHA-256" in said or "sha256" in said.lower()
        everywhere(live, there, 1)
        order(live, tmp_path, "lee", "cancel", "--yes")
        everywhere(live, there, 2)
        until(lambda: shown_of(live)["silent"] == [], "a receipt of every end-point")
        shown = shown_of(live)

    assert shown["status"] == "cancelled"
    alert, cancel = (message["identifier"] for message in shown["messages"])
    for name in CHANNELS:
        took = [(post.identifier, post.kind) for post in there.taken(name)]
        assert took == [(alert, "Alert"), (cancel, "Cancel")], f"each once and in order at {name}"
    for identifier in (alert, cancel):
        tries = {name: there.tries(name, identifier) for name in CHANNELS}
        assert tries == {"prompt": 1, "slow": 1, "down": 2}, "tried again where it failed and nowhere else"
    trusted = Path(live.config.folder, "keys", "cap.pem").read_bytes()
    for identifier, text in folder_of(live.config).items():
        capsign.verify(text.encode(), trusted)
        assert identifier in text
    assert f"{alert}," in folder_of(live.config)[cancel], "the cancel names what it takes back"


@pytest.mark.timeout(400)
def test_a_third_officer_of_a_live_node_needs_two_words(tmp_path: Path) -> None:
    """By request, two signatures and the root's seal; or with both officers where the root is."""
    live = LiveNode(make_live(tmp_path, console=0), {})
    keys = {name: str(tmp_path / f"{name}.key") for name in ("kim", "lee", "park", "choi")}
    for name in ("kim", "lee"):
        live.here("user", "add", name, "--role", "officer", "--key", keys[name])
    said = live.here("user", "add", "park", "--role", "officer", "--key", keys["park"], code=2)
    assert "needs the words of 2 officers" in said
    file = str(tmp_path / "park.toml")
    live.here("user", "request", "park", "--role", "officer", "--key", keys["park"], "--out", file)
    assert "approved: is by nobody" in live.here("user", "seal", file, code=3)
    live.here("user", "sign", file, "--as", "kim", "--key", keys["kim"])
    assert "approved: is by kim" in live.here("user", "seal", file, code=3)
    live.here("user", "sign", file, "--as", "lee", "--key", keys["lee"])
    assert "park is officer" in live.here("user", "seal", file)
    both = ("--as", "lee", "--key-of", keys["lee"], "--as", "park", "--key-of", keys["park"])
    assert "choi is author" in live.here("user", "add", "choi", "--role", "author", "--key", keys["choi"], *both)
    act = Act(realm=Realm.LIVE, action="resume", subject="KOR", digest=b"\xab" * 32)
    files = [tmp_path / f"{name}.word" for name in ("kim", "park")]
    for name, path in zip(("kim", "park"), files, strict=True):
        command = ["user", "word", "resume", "KOR", "ab" * 32, "--as", name, "--key", keys[name], "--out", str(path)]
        assert "LIVE: resume KOR" in live.here(*command)
    words = read_words(files)
    root = bytes.fromhex(Path(live.config.folder, "keys", "root.pub").read_text())
    people = read_people(live.config, root_public=root)
    assert signed_by(act, words, people=people, needs=2, now_ns=words[-1].issued_ns) == ("kim", "park")
