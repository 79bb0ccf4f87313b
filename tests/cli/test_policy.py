"""`policy` as a person meets it: words, exit codes, JSON; at a file, at a node that runs and at one that stopped."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import cedarpy
import pytest

from beaconfire.cli import run
from beaconfire.kernel.labels import Realm
from beaconfire.shell import Node, init_node
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig
from beaconfire.shell.feed import Conductor, Turn
from tests.exchange import grant_toml, policy_toml
from tests.node.flight import SENSORS, scan
from tests.shell.support import free_port
from tests.shell.test_policyfile import Station

LOOKS = 40
GRANTS = (
    grant_toml(name="launches", kinds=["launch"], more="coarsen_launch_m = 10000.0"),
    grant_toml("USA", name="far", kinds=["impact"], more='classes = ["SRBM"]'),
)
Printed = Callable[[], tuple[str, str]]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEACONFIRE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BEACONFIRE_KEY_PASSPHRASE", raising=False)
    monkeypatch.delenv("BEACONFIRE_PASSPHRASE", raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    def read() -> tuple[str, str]:
        out, err = capsys.readouterr()
        return out, err

    return read


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "new.toml"
    path.write_bytes(policy_toml(*GRANTS, version=2))
    return path


def said(*words: object) -> int:
    return run([str(word) for word in words])


class TestCheck:
    def test_a_file_that_holds(self, policy: Path, printed: Printed) -> None:
        assert said("policy", "check", policy) == 0
        out, _ = printed()
        assert out.splitlines()[:-1] == [
            f"{policy}: KOR, version 2, 2 grants",
            "  EXERCISE JPN  launches: launch; provenance [KOR], coarsen_launch_m 10000, rate_hz 100",
            "  EXERCISE USA  far: impact; provenance [KOR], classes [SRBM], rate_hz 100",
        ]

    def test_as_json(self, policy: Path, printed: Printed) -> None:
        assert said("policy", "check", policy, "--json") == 0
        found = json.loads(printed()[0])
        assert (found["valid"], found["nation"], found["version"]) == (True, "KOR", 2)
        assert found["grants"][1] == {"id": "far", "partner": "USA", "realm": "EXERCISE", "kinds": ["impact"]}

    def test_one_line_per_fault(self, tmp_path: Path, printed: Printed) -> None:
        """Where, what is wrong, what would be right; all of them, on standard error; exit 3."""
        path = tmp_path / "wrong.toml"
        path.write_bytes(policy_toml(grant_toml(kinds=["launch", "trajektory"], more="rate_hz2 = 1"), version=0))
        assert said("policy", "check", path) == 3
        out, err = printed()
        assert out == ""
        assert err.splitlines() == [
            f"{path}: version: is 0; expected a whole number from 1, rising",
            f"{path}: grant g: rate_hz2: 'rate_hz2' is unknown; expected rate_hz",
        ]

    def test_a_line_of_toml(self, tmp_path: Path, printed: Printed) -> None:
        path = tmp_path / "wrong.toml"
        path.write_text('version = 1\nnation "KOR"\n')
        assert said("policy", "check", path) == 3
        assert "at line 2" in printed()[1]

    def test_faults_as_json(self, tmp_path: Path, printed: Printed) -> None:
        path = tmp_path / "wrong.toml"
        path.write_bytes(policy_toml(grant_toml(more="coarsen_launch_m = 1000.0")))
        assert said("policy", "check", path, "--json") == 3
        found = json.loads(printed()[0])
        assert found["valid"] is False
        assert found["faults"][0]["where"] == f"{path}: grant g: kinds"
        assert "gives back the launch point" in found["faults"][0]["what"]

    def test_no_file(self, tmp_path: Path, printed: Printed) -> None:
        assert said("policy", "check", tmp_path / "none.toml") == 3
        assert "No such file" in printed()[1]

    def test_wrong_usage(self, printed: Printed) -> None:
        assert said("policy", "check") == 2
        assert said("policy", "would", "Japan", "--node", "x") == 3
        assert "alpha-3" in printed()[1]
        assert said("policy", "would", "JPN") == 2
        assert "--node" in printed()[1]


class TestSigning:
    @pytest.fixture
    def node(self, tmp_path: Path) -> Path:
        folder = tmp_path / "kor"
        assert said("init", "KOR", "--out", folder) == 0
        for name, role in (("kim", "officer"), ("lee", "officer"), ("cho", "author")):
            assert said("user", "add", name, "--role", role, "--node", folder) == 0
        return folder

    def test_signed_and_checked(self, node: Path, policy: Path, printed: Printed) -> None:
        assert said("policy", "sign", policy, "--node", node, "--as", "kim", "--as", "lee") == 0
        out, err = printed()
        assert out.endswith(f"{policy}: signed by kim, lee\n")
        assert "EXERCISE JPN  launches: launch" in err  # what is signed is shown
        assert policy.read_text().count("# signed by") == 2
        assert said("policy", "check", policy, "--node", node) == 0
        assert printed()[0].endswith("signed by kim, lee\n")

    def test_changed_after_it_was_signed(self, node: Path, policy: Path, printed: Printed) -> None:
        said("policy", "sign", policy, "--node", node, "--as", "kim")
        policy.write_text(policy.read_text().replace("10000.0", "1000.0"))
        assert said("policy", "check", policy) == 0  # the file by itself is well formed
        assert said("policy", "check", policy, "--node", node) == 4
        assert "the file was changed after it was signed" in printed()[1]

    def test_who_may_not(self, node: Path, policy: Path, printed: Printed) -> None:
        before = policy.read_bytes()
        assert said("policy", "sign", policy, "--node", node, "--as", "cho") == 3
        assert "is not for author" in printed()[1]
        assert policy.read_bytes() == before
        assert said("policy", "sign", policy, "--node", node) == 2

    def test_a_word_brought_from_elsewhere(self, node: Path, policy: Path, tmp_path: Path, printed: Printed) -> None:
        printed()
        said("policy", "check", policy)
        digest = printed()[0].splitlines()[-1].removeprefix("SHA-256 ")
        assert said("user", "word", "policy", "KOR", digest, "--node", node, "--as", "lee") == 0
        (tmp_path / "lee.word").write_text(printed()[0])
        assert said("policy", "sign", policy, "--node", node, "--signed", tmp_path / "lee.word") == 0
        assert printed()[0].endswith("signed by lee\n")

    def test_another_nations_policy(self, node: Path, tmp_path: Path, printed: Printed) -> None:
        path = tmp_path / "jpn.toml"
        path.write_bytes(policy_toml(nation="JPN"))
        assert said("policy", "sign", path, "--node", node, "--as", "kim") == 3
        assert said("policy", "check", path, "--node", node) == 3
        assert "nation: is JPN; expected KOR" in printed()[1]

    def test_a_node_that_never_ran(self, node: Path, printed: Printed) -> None:
        printed()
        assert said("policy", "show", "--node", node) == 0
        assert printed()[0] == "KOR EXERCISE: version 0\n  nothing leaves\n"
        assert said("policy", "load", "--node", node) == 1
        assert "no node runs here" in printed()[1]


class Running:
    """A node that is told of a flight, look by look."""

    def __init__(self, root: Path) -> None:
        link = free_port()
        self.folder = root / "KOR"
        self.config: NodeConfig = init_node(
            self.folder, "KOR", Realm.EXERCISE, feed="feed.sock", console=ConsoleConfig(port=0), sensors_toml=SENSORS,
            policy_toml=policy_toml(*GRANTS),
            broker=BrokerConfig(client_port=free_port(), link_port=link, address=f"127.0.0.1:{link}"),
        )  # fmt: skip
        self.journal = self.config.path("data") / "journal.sqlite"

    def play(self, story: Callable[[], Awaitable[None]]) -> None:
        async def go() -> None:
            node, ready = Node(self.config, passphrase=None), asyncio.Event()
            task = asyncio.create_task(node.run(ready.set))
            await ready.wait()
            conductor = await Conductor.connect(self.config.path(self.config.feed))
            try:
                for number in range(LOOKS):
                    conductor.give(Turn(tick=number, time_ns=scan(number).time_ns, scans=(scan(number),)))
                    await conductor.answer()
                await story()
            finally:
                conductor.close()
                node.stop()
                await task

        asyncio.run(go())


def test_what_a_partner_would_get_now(tmp_path: Path, printed: Printed) -> None:
    """While it runs, when it has stopped, of its journal alone: the same; and under a draft that nobody loaded."""
    node = Running(tmp_path)
    draft = tmp_path / "draft.toml"
    draft.write_bytes(policy_toml(grant_toml("USA", name="impacts", kinds=["impact"]), version=7))
    rows: dict[str, dict[str, object]] = {}

    def would(partner: str, *words: object) -> dict[str, object]:
        printed()
        assert said("policy", "would", partner, *words, "--json") == 0
        found: dict[str, object] = json.loads(printed()[0])
        return found

    async def story() -> None:
        for partner in ("JPN", "USA"):
            rows[partner] = await asyncio.to_thread(would, partner, "--node", node.folder)
        tried = await asyncio.to_thread(would, "USA", "--node", node.folder, "--policy", draft)
        assert (tried["version"], reasons(tried)) == (7, {("launch", "no_grant"), ("impact", "")})
        view = await asyncio.to_thread(view_of, node.folder, printed)
        await asyncio.to_thread(said, "policy", "show", "--node", node.folder)
        assert printed()[0].splitlines()[:2] == [
            "KOR EXERCISE: version 1",
            f"  JPN  generation 1, view {view}, compartments main",
        ]

    node.play(story)
    assert reasons(rows["JPN"]) == {("launch", ""), ("impact", "no_grant")}
    assert reasons(rows["USA"]) == {("launch", "no_grant"), ("impact", "class")}
    launch = next(row for row in rows["JPN"]["products"] if row["kind"] == "launch")  # type: ignore[attr-defined]
    assert (launch["rule"], launch["obligations"]) == ("launches", ["coarsen_launch_m=10000"])
    for place in (("--node", node.folder), ("--journal", node.journal)):
        assert would("JPN", *place)["products"] == rows["JPN"]["products"]
    assert reasons(would("USA", "--journal", node.journal, "--policy", draft)) == {
        ("launch", "no_grant"),
        ("impact", ""),
    }
    assert said("policy", "would", "USA", "--node", node.folder) == 0
    lines = printed()[0].splitlines()
    assert lines[0].startswith("USA at 2025-01-06T03:01:18")
    assert lines[0].endswith("policy version 1: 0 of 2 products would go")
    assert lines[-1] == "withheld: no_grant 1, class 1"


def reasons(found: dict[str, object]) -> set[tuple[str, str]]:
    return {(row["kind"], row["reason"]) for row in found["products"]}  # type: ignore[attr-defined]


def view_of(folder: Path, printed: Printed) -> str:
    assert said("policy", "show", "--node", folder, "--json") == 0
    found = json.loads(printed()[0])
    return str(found["partners"][0]["view"])[:16]


def test_loaded_into_a_running_node(tmp_path: Path, printed: Printed) -> None:
    """A file that the node does not take is exit 3, with the node's reason, and what was in force stays."""
    station = Station(tmp_path, Realm.EXERCISE)
    folder = station.config.folder

    async def story(asked: Callable[[object], Awaitable[object]]) -> None:
        station.write(policy_toml(*GRANTS, version=2), "kim")
        assert await asyncio.to_thread(said, "policy", "load", "--node", folder, "--json") == 0
        assert json.loads(printed()[0])["durable"] is True
        station.write(policy_toml(version=2))
        assert await asyncio.to_thread(said, "policy", "load", "--node", folder) == 3
        assert printed()[1] == "policy.toml: version: is 2; expected more than 2, the version in force\n"
        station.write(policy_toml(*GRANTS, version=3), "kim")
        path = station.config.path("policy.toml")
        path.write_bytes(path.read_bytes().replace(b"10000.0", b"5000.0"))
        assert await asyncio.to_thread(said, "policy", "load", "--node", folder) == 3
        assert printed()[1].startswith("policy.toml: signature of kim: is not signed by that person; expected")
        path.write_bytes(b"version = 4")
        assert await asyncio.to_thread(said, "policy", "load", "--node", folder) == 3
        assert "nation: is " in printed()[1]
        assert await asyncio.to_thread(said, "policy", "show", "--node", folder) == 0
        lines = printed()[0].splitlines()
        assert lines[0] == "KOR EXERCISE: version 2, signed by kim"
        assert lines[2] == "       launches: launch"

    station.run(story)


def test_a_journal_that_is_none(tmp_path: Path, printed: Printed) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"no journal")
    assert said("policy", "would", "JPN", "--journal", tmp_path / "x.sqlite") in (3, 4)
    assert said("policy", "would", "JPN", "--journal", tmp_path / "none.sqlite") == 3
    assert "none.sqlite" in printed()[1]


def test_cedar(policy: Path, printed: Printed) -> None:
    assert said("policy", "export", policy, "--format", "cedar") == 0
    text = printed()[0]
    assert text.count("permit (") == 2
    assert json.loads(cedarpy.policies_to_json_str(text))
    assert said("policy", "export", policy, "--format", "rego") == 2
