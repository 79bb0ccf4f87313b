"""`beaconfire partner` as people use it: files that are exchanged, words compared, orders at nodes that run."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from beaconfire.cli.app import run
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.node import Join, Leave, Resume, Suspend
from beaconfire.release import preset
from beaconfire.shell import BrokerConfig, NodeConfig, init_node, verify_journal
from beaconfire.shell.loop import Node
from tests.shell.support import free_port, until
from tests.shell.test_node import inputs

PASSPHRASE = "a passphrase of the test"


def make(root: Path, nation: str, *partners: str, realm: Realm = Realm.EXERCISE) -> NodeConfig:
    port = free_port()
    live = realm is Realm.LIVE
    return init_node(
        root / nation, nation, realm, policy_toml=preset("default", nation=nation, partners=partners, realm=realm),
        broker=BrokerConfig(client_port=free_port(), link_port=port, address=f"127.0.0.1:{port}"),
        passphrase=PASSPHRASE if live else None,
    )  # fmt: skip


class Shell:
    """Runs commands of the `partner` group and keeps what they said."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        self.capsys.readouterr()
        got = run(["partner", *words])
        out, err = self.capsys.readouterr()
        assert got == code, out + err
        return out + err

    async def beside(self, *words: str, code: int = 0) -> str:
        """The same while nodes run in this process."""
        return await asyncio.to_thread(self, *words, code=code)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    monkeypatch.setenv("BEACONFIRE_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("BEACONFIRE_KEY_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("BEACONFIRE_HOME", str(tmp_path / "home"))
    return Shell(capsys)


def invited(shell: Shell, config: NodeConfig, nation: str) -> tuple[str, str]:
    """A file with an invitation, and its twelve words."""
    file = str(Path(config.folder).parent / f"{config.nation}-for-{nation}.json")
    said = shell("invite", nation, "--out", file, "--node", config.folder)
    return file, said.rpartition(": ")[2].strip()


def joined(shell: Shell, one: NodeConfig, other: NodeConfig) -> None:
    for inviting, accepting in ((one, other), (other, one)):
        file, words = invited(shell, inviting, accepting.nation)
        shell("accept", file, "--node", accepting.folder, "--fingerprint", words)


@asynccontextmanager
async def on(*configs: NodeConfig) -> AsyncIterator[dict[str, Node]]:
    """Nodes that run by their own clock in this process."""
    nodes = {config.nation: Node(config, passphrase=None) for config in configs}
    tasks = [asyncio.create_task(node.run(lambda: None)) for node in nodes.values()]
    try:
        await until(lambda: all(node.state is not None for node in nodes.values()) or any(t.done() for t in tasks))
        yield nodes
    finally:
        for node in nodes.values():
            node.stop()
        await asyncio.gather(*tasks)


def state(node: Node, partner: str) -> str:
    return node.partner_status()[partner].state


def test_two_nations_join_with_words_and_run(tmp_path: Path, shell: Shell) -> None:
    kor, jpn = make(tmp_path, "KOR", "JPN"), make(tmp_path, "JPN", "KOR")
    joined(shell, kor, jpn)
    assert "JPN  silent" in shell("list", "--node", kor.folder)

    async def story() -> None:
        async with on(kor, jpn) as nodes:
            await until(lambda: state(nodes["KOR"], "JPN") == state(nodes["JPN"], "KOR") == "active")
            rows = json.loads(await shell.beside("list", "--node", kor.folder, "--json"))
            assert [(row["nation"], row["state"], row["link"]) for row in rows] == [("JPN", "active", "up")]

    asyncio.run(story())


def test_wrong_words_another_realm_and_another_nation_are_refused(tmp_path: Path, shell: Shell) -> None:
    kor, jpn = make(tmp_path, "KOR"), make(tmp_path, "JPN")
    file, words = invited(shell, kor, "JPN")
    other = make(tmp_path, "USA")
    said = shell("accept", file, "--node", jpn.folder, "--fingerprint", " ".join(["babab"] * 12), code=3)
    assert "fingerprint" in said
    assert words not in said, "who cannot say the words is not told them"
    assert "is meant for JPN" in shell("accept", file, "--node", other.folder, code=3)
    assert "is KOR's own" in shell("accept", file, "--node", kor.folder, code=3)
    live = make(tmp_path / "live", "JPN", realm=Realm.LIVE)
    said = shell("accept", file, "--node", live.folder, "--fingerprint", words, code=3)
    assert "is for realm EXERCISE" in said
    assert "a node of LIVE" in said
    assert shell("list", "--node", live.folder).strip().endswith("no partners")
    assert "not compared over another channel" in shell("accept", file, "--node", jpn.folder)


def test_live_asks_for_words_and_two_officers(tmp_path: Path, shell: Shell) -> None:
    kor, jpn = (make(tmp_path, nation, realm=Realm.LIVE) for nation in ("KOR", "JPN"))
    file, words = invited(shell, kor, "JPN")
    assert "LIVE never skips it" in shell("accept", file, "--node", jpn.folder, code=2)
    fingerprint = ("--fingerprint", words)
    said = shell("accept", file, "--node", jpn.folder, *fingerprint, code=2)
    assert "needs 2 officers" in said
    for officer in ("kim", "lee"):
        run(["user", "add", officer, "--role", "officer", "--node", jpn.folder])
    one = shell("accept", file, "--node", jpn.folder, *fingerprint, "--as", "kim", code=2)
    assert "needs 2 officers" in one
    doubled = shell("accept", file, "--node", jpn.folder, *fingerprint, "--as", "kim", "--as", "kim", code=3)
    assert "signed by this person already" in doubled
    assert not list(Path(jpn.folder, "partners").glob("*.json"))
    assert "is a partner now" in shell("accept", file, "--node", jpn.folder, *fingerprint, "--as", "kim", "--as", "lee")


def test_a_running_node_suspends_resumes_and_leaves(tmp_path: Path, shell: Shell) -> None:
    kor, jpn = make(tmp_path, "KOR", "JPN"), make(tmp_path, "JPN", "KOR")
    joined(shell, kor, jpn)

    async def story() -> None:
        async with on(kor, jpn) as nodes:
            await until(lambda: state(nodes["KOR"], "JPN") == state(nodes["JPN"], "KOR") == "active")
            await shell.beside("suspend", "JPN", "--node", kor.folder, "--reason", "agreement")
            await until(lambda: state(nodes["JPN"], "KOR") == "suspended_by_partner")
            said = await shell.beside("list", "--node", kor.folder)
            assert "JPN  suspended since" in said
            assert "by owner: agreement" in said
            assert "link out" in said
            assert "is suspended already" in await shell.beside("suspend", "JPN", "--node", kor.folder, code=1)
            await shell.beside("resume", "JPN", "--node", kor.folder)
            await until(lambda: state(nodes["KOR"], "JPN") == state(nodes["JPN"], "KOR") == "active")
            await shell.beside("leave", "JPN", "--node", kor.folder, "--effective", "2126-03-01")
            await until(lambda: state(nodes["KOR"], "JPN") == state(nodes["JPN"], "KOR") == "leaving")
            assert "until 2126-03-01" in await shell.beside("list", "--node", jpn.folder)
            await shell.beside("leave", "JPN", "--node", kor.folder)
            await until(lambda: not Path(kor.folder, "partners", "JPN.json").exists())
            assert not Path(kor.folder, "tls", "node-JPN.key").exists()
            assert state(nodes["KOR"], "JPN") == "left"

    asyncio.run(story())
    orders = [type(item) for item in inputs(kor) if isinstance(item, Suspend | Resume | Leave)]
    assert orders == [Suspend, Suspend, Resume, Leave, Leave]
    assert verify_journal(kor.path("data") / "journal.sqlite").rows > 5


def test_a_nation_joins_a_node_that_runs_and_comes_back_after_it_left(tmp_path: Path, shell: Shell) -> None:
    kor, jpn = make(tmp_path, "KOR", "JPN"), make(tmp_path, "JPN", "KOR")

    async def story() -> None:
        async with on(kor, jpn) as nodes:
            for _ in range(2):
                await asyncio.to_thread(joined, shell, kor, jpn)
                await until(lambda: state(nodes["KOR"], "JPN") == state(nodes["JPN"], "KOR") == "active")
                old = Path(kor.folder).parent / "JPN-for-KOR.json"
                kept = old.read_bytes()
                await shell.beside("leave", "JPN", "--node", kor.folder)
                await shell.beside("leave", "KOR", "--node", jpn.folder)
                await until(lambda: not Path(kor.folder, "partners", "JPN.json").exists())
                await until(lambda: not Path(jpn.folder, "partners", "KOR.json").exists())
                old.write_bytes(kept)
                assert "partnership has ended" in await shell.beside("accept", str(old), "--node", kor.folder, code=3)

    asyncio.run(story())
    assert sum(isinstance(item, Join) for item in inputs(kor)) == 2


def test_a_stopped_node_is_ordered_by_its_journal(tmp_path: Path, shell: Shell) -> None:
    kor, jpn = make(tmp_path, "KOR", "JPN"), make(tmp_path, "JPN", "KOR")
    assert "has not run yet" in shell("suspend", "JPN", "--node", kor.folder, code=1)
    joined(shell, kor, jpn)

    async def both(*expected: str) -> None:
        async with on(kor, jpn) as nodes:
            await until(lambda: (state(nodes["KOR"], "JPN"), state(nodes["JPN"], "KOR")) == expected)
            assert nodes["KOR"]._joined.broker is not None

    asyncio.run(both("active", "active"))
    shell("suspend", "JPN", "--node", kor.folder, "--reason", "at night")
    assert "JPN  suspended since" in shell("list", "--node", kor.folder)
    assert "is suspended already" in shell("suspend", "JPN", "--node", kor.folder, code=1)
    asyncio.run(both("suspended", "silent"))  # it is never let in, so nobody can tell it
    shell("resume", "JPN", "--node", kor.folder)
    asyncio.run(both("active", "active"))
    shell("leave", "JPN", "--node", kor.folder)
    assert not Path(kor.folder, "partners", "JPN.json").exists()
    file, words = invited(shell, jpn, "KOR")
    shell("accept", file, "--node", kor.folder, "--fingerprint", words)
    asyncio.run(both("active", "active"))
    assert verify_journal(kor.path("data") / "journal.sqlite").rows > 5


def test_a_live_journal_takes_no_partner_from_a_folder_alone(tmp_path: Path, shell: Shell) -> None:
    """Who can write into the folder cannot bring a nation in past the officers."""
    kor = make(tmp_path, "KOR", realm=Realm.LIVE)

    async def once(*, refused: bool) -> None:
        node = Node(kor, passphrase=PASSPHRASE)
        task = asyncio.create_task(node.run(lambda: None))
        await until(lambda: node.state is not None or task.done())
        if refused:
            with pytest.raises(InvalidInput, match=r"JPN\.json: is no partner of this journal"):
                await task
        node.stop()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(once(refused=False))
    jpn = make(tmp_path, "JPN", realm=Realm.LIVE)
    file, _ = invited(shell, jpn, "KOR")
    Path(kor.folder, "partners").mkdir(exist_ok=True)
    Path(kor.folder, "partners", "JPN.json").write_bytes(Path(file).read_bytes())
    asyncio.run(once(refused=True))


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("invite", "KOR", "--out", "x"), 2, "own nation"),
        (("invite", "Korea", "--out", "x"), 3, "nation"),
        (("leave", "JPN", "--effective", "tomorrow"), 3, "tomorrow"),
        (("accept", "nowhere.json"), 3, "nowhere.json"),
    ],
)
def test_wrong_words_are_named(
    tmp_path: Path, shell: Shell, words: tuple[str, ...], code: int, told: str
) -> None:  # fmt: skip
    kor = make(tmp_path, "KOR")
    assert told in shell(*words, "--node", kor.folder, code=code)
