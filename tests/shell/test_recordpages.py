"""The record in the console: only with a session, read anew when it has changed, answers escaped, realms apart."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from starlette.applications import Starlette

from beaconfire.kernel.labels import Realm
from beaconfire.record import PLOTS, shipped_claims
from beaconfire.shell.recordpages import record_routes
from beaconfire.shell.recordstore import HOME, RecordStore
from tests.record.made import claim

Story = Callable[[httpx.AsyncClient], Awaitable[None]]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME, str(tmp_path))


def look(story: Story, *, signed_in: bool = True) -> None:
    """Run a story against the routes alone."""

    async def run() -> None:
        app = Starlette(routes=record_routes(lambda request: signed_in))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            await story(client)

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/record", "/record/plots/by-year.svg", "/record/launches/2025-01-06.1"])
def test_nobody_looks_without_a_session(path: str) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        answer = await client.get(path)
        assert answer.status_code == 403
        assert "2025" not in answer.text

    look(story, signed_in=False)


def test_the_page_lists_launches_and_answers_a_question_with_its_claims() -> None:
    async def story(client: httpx.AsyncClient) -> None:
        page = (await client.get("/record", params={"q": "first since 2025-01-06"})).text
        assert "the first since 5 November 2024 (62 days), when at least 7 SRBM were launched" in page
        assert "<li>2024-11-05 07:30 Japan (government; confidence A)" in page
        assert '<a href="/record/launches/2024-11-05.1?realm=LIVE">' in page
        assert page.count("<tr>") == 95
        assert all(f"/record/plots/{name}.svg" in page for name in PLOTS)
        assert "<style" not in page and "<script" not in page  # the console's policy allows neither

    look(story)


def test_what_is_not_understood_is_said_and_cannot_break_out() -> None:
    async def story(client: httpx.AsyncClient) -> None:
        page = (await client.get("/record", params={"q": '"><script>alert(1)</script>'})).text
        assert "What is understood" in page
        assert "<script>" not in page

    look(story)


def test_plots_are_drawings_and_a_launch_has_its_page() -> None:
    async def story(client: httpx.AsyncClient) -> None:
        for name in PLOTS:
            answer = await client.get(f"/record/plots/{name}.svg")
            assert answer.headers["content-type"].startswith("image/svg+xml")
            assert ElementTree.fromstring(answer.text).tag.endswith("svg")
        assert "1,100-odd km" in (await client.get("/record/launches/2025-01-06.1")).text
        assert (await client.get("/record/launches/1999-01-01.1")).status_code == 404
        assert (await client.get("/record/plots/pie.svg")).status_code == 404
        assert (await client.get("/record/style.css")).headers["content-type"].startswith("text/css")

    look(story)


def test_what_is_imported_meanwhile_is_seen_and_exercises_are_apart() -> None:
    async def story(client: httpx.AsyncClient) -> None:
        assert "2024-11-05.1" in (await client.get("/record")).text
        RecordStore().add([claim(), claim(source="KOR own sensors", realm=Realm.EXERCISE)])
        page = (await client.get("/record")).text
        assert "2024-05-01.1" in page and "2024-11-05.1" not in page
        RecordStore().add(shipped_claims())
        assert "2024-11-05.1" in (await client.get("/record")).text
        exercise = (await client.get("/record", params={"realm": "EXERCISE"})).text
        assert "EXERCISE-2024-05-01.1" in exercise
        assert "2024-11-05.1" not in exercise

    look(story)


def test_a_damaged_record_is_said_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "record.sqlite").write_bytes(b"not a database, but long enough to be looked at as one" * 10)

    async def story(client: httpx.AsyncClient) -> None:
        answer = await client.get("/record")
        assert answer.status_code == 400
        assert "the launch record of this version" in answer.text

    look(story)
