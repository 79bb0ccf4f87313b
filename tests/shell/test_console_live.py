"""A LIVE console: who may sign here with a security key, and addresses that open one session each."""

import asyncio
from pathlib import Path

import httpx
import msgspec
import pytest

from beaconfire.kernel.errors import RunFailed
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person
from beaconfire.shell.alerting import Office
from beaconfire.shell.console import ConsoleWindow
from beaconfire.shell.control import AskPage, PageAddress
from tests.kernel.securitykeys import SoftKey
from tests.shell.support import free_port
from tests.shell.test_console import PretendNode
from tests.shell.test_office import alone


def live(folder: Path, *, port: int = 8600) -> PretendNode:
    """A node that is LIVE: of its people kim has a key for this page, lee one for another, park none."""
    node = PretendNode(folder)
    console = msgspec.structs.replace(node.config.console, port=port, scenario="")
    node.config = msgspec.structs.replace(node.config, realm=Realm.LIVE, console=console)
    here = msgspec.structs.replace(SoftKey("kim").sealed, origin=f"http://localhost:{port}")
    there = msgspec.structs.replace(SoftKey("lee").sealed, origin="http://localhost:1")
    keys = {"kim": (here,), "lee": (there,), "park": ()}
    people = {name: Person(id=name, name=name, roles=("officer",), security_keys=held) for name, held in keys.items()}
    node.office.people = lambda: people
    node.office.page = None
    return node


def test_the_page_is_told_who_may_sign_on_it(tmp_path: Path) -> None:
    window = ConsoleWindow(live(tmp_path))  # type: ignore[arg-type]
    signing = window._configuration()["signing"]
    assert signing == {"origin": "http://localhost:8600", "rp_id": "localhost", "people": ["kim"]}
    (tmp_path / "exercise").mkdir()
    assert ConsoleWindow(PretendNode(tmp_path / "exercise"))._configuration()["signing"] is None  # type: ignore[arg-type]


def test_each_address_opens_one_session_by_the_name_that_keys_are_for(tmp_path: Path) -> None:
    node = live(tmp_path, port=free_port())

    async def run() -> None:
        window = ConsoleWindow(node)  # type: ignore[arg-type]
        first = await window.open()
        try:
            second = node.office.page()
            assert first.startswith(f"http://localhost:{node.config.console.port}/?token=")
            assert first != second
            async with httpx.AsyncClient(timeout=20.0) as client:
                for address, status in ((second, 303), (first, 303), (first, 401), (second, 401)):
                    client.cookies.clear()
                    plain = address.replace("localhost", "127.0.0.1")  # whatever this machine calls itself first
                    assert (await client.get(plain)).status_code == status
        finally:
            await window.shut()

    asyncio.run(run())


def test_a_node_without_a_page_says_so(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        with pytest.raises(RunFailed, match="has no page"):
            await office.meet(AskPage())
        office.page = lambda: "http://localhost:1/?token=x"
        assert await office.meet(AskPage()) == PageAddress(address="http://localhost:1/?token=x")

    assert alone(tmp_path, story) == []
