"""A running node's policy file, over its local socket: read again, refused with its reason, shown, tried as a draft."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.errors import RunFailed
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person
from beaconfire.node import NodeState
from beaconfire.release import policy_act, with_word
from beaconfire.shell import keys, people
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig
from beaconfire.shell.control import (
    AskPolicy,
    AskWould,
    LoadPolicy,
    Orders,
    Outcome,
    PolicyInForce,
    Trouble,
    WouldGet,
    ask,
    expect,
    socket_of,
)
from beaconfire.shell.loop import Node
from beaconfire.shell.policyfile import PolicyDesk
from beaconfire.shell.setup import init_node
from tests.exchange import grant_toml, policy_toml
from tests.shell.support import free_port

EMPTY = policy_toml()
LAUNCH = grant_toml(kinds=["launch"])
Story = Callable[[Callable[[object], Awaitable[object]]], Awaitable[None]]


class Station:
    """One node's folder, with two officers."""

    def __init__(self, root: Path, realm: Realm) -> None:
        link = free_port()
        self.secret = "secret" if realm is Realm.LIVE else None
        self.config: NodeConfig = init_node(
            root / "KOR", "KOR", realm, console=ConsoleConfig(port=0), policy_toml=EMPTY, passphrase=self.secret,
            broker=BrokerConfig(client_port=free_port(), link_port=link, address=f"127.0.0.1:{link}"),
        )  # fmt: skip
        self.keys = {name: Ed25519PrivateKey.generate() for name in ("kim", "lee")}
        nation_root = keys.load_root(root / "KOR", passphrase=self.secret)
        for name, key in self.keys.items():
            public = key.public_key().public_bytes_raw().hex()
            people.add_person(
                self.config, Person(id=name, name=name, roles=("officer",), keys=(public,)), root=nation_root
            )

    def write(self, policy: bytes, *signed_by: str) -> None:
        """Put a policy in place, signed."""
        realm = self.config.realm
        for name in signed_by:
            act = policy_act(policy, nation="KOR", realm=realm)
            word = people.sign_act(self.keys[name], act, person=name, issued_ns=1)
            policy = with_word(policy, word, realm=realm)
        self.config.path("policy.toml").write_bytes(policy)

    def run(self, story: Story) -> None:
        """Run a story while the node runs; the story asks through its argument."""

        async def asked(request: object) -> object:
            return await asyncio.to_thread(ask, socket_of(self.config), request)  # type: ignore[arg-type]

        async def go() -> None:
            node, ready = Node(self.config, passphrase=self.secret), asyncio.Event()
            task = asyncio.create_task(node.run(ready.set))
            waiting = asyncio.create_task(ready.wait())
            await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                waiting.cancel()
                task.result()
            try:
                await story(asked)
            finally:
                node.stop()
                await task

        asyncio.run(go())


@pytest.fixture
def live(tmp_path: Path) -> Station:
    return Station(tmp_path, Realm.LIVE)


def live_grant(kinds: list[str]) -> str:
    return grant_toml(kinds=kinds, realm="LIVE")


def test_a_live_node_takes_what_officers_signed(live: Station) -> None:
    """Two for a wider policy, one for a narrower; without a restart, and it is there after one."""

    async def story(asked: Callable[[object], Awaitable[object]]) -> None:
        wide = policy_toml(live_grant(["launch", "impact"]), version=2)
        live.write(wide, "kim")
        refused = expect(await asked(LoadPolicy()), Outcome)
        assert "expected 2 officer(s)" in refused.refused[0]
        assert expect(await asked(AskPolicy()), PolicyInForce).version == 1
        live.write(wide, "kim", "lee")
        assert expect(await asked(LoadPolicy()), Outcome).refused == ()
        found = expect(await asked(AskPolicy()), PolicyInForce)
        assert (found.version, found.signed_by, found.realm) == (2, ("kim", "lee"), Realm.LIVE)
        assert [(view.partner, view.grants[0].standing) for view in found.partners] == [("JPN", "in_force")]
        live.write(policy_toml(live_grant(["launch"]), version=3), "lee")
        assert expect(await asked(LoadPolicy()), Outcome).refused == ()

    live.run(story)

    async def after(asked: Callable[[object], Awaitable[object]]) -> None:
        found = expect(await asked(AskPolicy()), PolicyInForce)
        assert (found.version, found.signed_by) == (3, ("lee",))

    live.run(after)


def test_a_live_node_does_not_begin_with_what_nobody_signed(live: Station) -> None:
    live.write(policy_toml(live_grant(["launch"]), version=2), "kim")

    async def story(asked: Callable[[object], Awaitable[object]]) -> None:
        raise AssertionError("it must not run")

    with pytest.raises(Exception, match=r"is signed by kim; expected 2 officer"):
        live.run(story)


def test_a_file_written_while_the_node_was_down_is_taken_at_its_start(tmp_path: Path) -> None:
    station = Station(tmp_path, Realm.EXERCISE)

    async def nothing(asked: Callable[[object], Awaitable[object]]) -> None:
        assert expect(await asked(AskPolicy()), PolicyInForce).version == 1

    station.run(nothing)
    station.write(policy_toml(LAUNCH, version=5))

    async def taken(asked: Callable[[object], Awaitable[object]]) -> None:
        for _ in range(50):
            if expect(await asked(AskPolicy()), PolicyInForce).version == 5:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the policy was not taken")

    station.run(taken)
    station.write(b"version = 6\nnation = ")  # a broken file at a start: what was in force goes on

    async def kept(asked: Callable[[object], Awaitable[object]]) -> None:
        await asyncio.sleep(0.3)
        assert expect(await asked(AskPolicy()), PolicyInForce).version == 5

    station.run(kept)


def test_a_wrong_file_leaves_the_old_in_force(tmp_path: Path) -> None:
    station = Station(tmp_path, Realm.EXERCISE)

    async def story(asked: Callable[[object], Awaitable[object]]) -> None:
        station.write(policy_toml(grant_toml(kinds=["rockets"]), version=2))
        answer = await asked(LoadPolicy())
        assert isinstance(answer, Trouble)
        assert "kinds: 'rockets' is unknown" in answer.error
        station.config.path("policy.toml").unlink()
        answer = await asked(LoadPolicy())
        assert isinstance(answer, Trouble)
        assert "policy.toml: No such file" in answer.error
        assert expect(await asked(AskPolicy()), PolicyInForce).version == 1

    station.run(story)


def test_a_draft_is_tried_without_being_loaded(tmp_path: Path) -> None:
    station = Station(tmp_path, Realm.EXERCISE)

    async def story(asked: Callable[[object], Awaitable[object]]) -> None:
        draft = policy_toml(LAUNCH, version=9).decode()
        tried = expect(await asked(AskWould("JPN", draft)), WouldGet)
        assert (tried.partner, tried.version, tried.products) == ("JPN", 9, ())
        answer = await asked(AskWould("JPN", "version = 1"))
        assert isinstance(answer, Trouble)
        assert "nation" in answer.error
        assert expect(await asked(AskPolicy()), PolicyInForce).version == 1

    station.run(story)


def test_before_a_first_turn_there_is_nothing_to_ask() -> None:
    nobody: Callable[[], NodeState | None] = lambda: None  # noqa: E731
    config = msgspec.convert(
        {"nation": "KOR", "realm": "EXERCISE", "broker": {"client_port": 1, "link_port": 2, "address": "x:1"}},
        NodeConfig,
    )
    desk = PolicyDesk(config, state=nobody, orders=Orders(lambda: None))
    assert desk.changed() == []
    with pytest.raises(RunFailed, match="no turn yet"):
        asyncio.run(desk.meet(AskPolicy()))
