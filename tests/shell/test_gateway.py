"""The gateway over real sockets: who may look, what the stream carries, and what a browser is told."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from beaconfire.kernel import limits
from beaconfire.kernel.errors import PortInUse, UsageError
from beaconfire.shell.feedhub import FeedHub
from beaconfire.shell.gateway import Gateway, build_app, serve

CONFIG = {"nation": "KOR", "realm": "EXERCISE", "sensors": [], "partners": ["JPN"], "version": "0"}
COOKIE = "bf-KOR-EXERCISE"
TOKEN = "a-token-for-one-use"
PATIENCE_S = 10.0


@pytest.fixture
def page_dir(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Beaconfire</title>")
    (tmp_path / "assets" / "app.js").write_text("void 0;" * 1000)
    return tmp_path


class House:
    """A running gateway and a client that keeps cookies."""

    def __init__(self, hub: FeedHub, gateway: Gateway, client: httpx.AsyncClient) -> None:
        self.hub, self.gateway, self.client = hub, gateway, client

    async def sign_in(self) -> httpx.Response:
        return await self.client.get("/", params={"token": TOKEN})


@asynccontextmanager
async def house(page_dir: Path, **options: object) -> AsyncIterator[House]:
    hub = FeedHub()
    app = build_app(hub, lambda: CONFIG, token=TOKEN, page_dir=page_dir, **options)  # type: ignore[arg-type]
    gateway = await serve(app, hub=hub)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}", timeout=PATIENCE_S) as client:
            yield House(hub, gateway, client)
    finally:
        await gateway.close()


def live(page_dir: Path, story: Callable[[House], Awaitable[None]], **options: object) -> None:
    """Run `story` against a gateway of its own."""

    async def run() -> None:
        async with house(page_dir, **options) as running:
            await story(running)

    asyncio.run(run())


async def read_rows(response: httpx.Response, count: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            rows.append(json.loads(line[6:]))
            if len(rows) == count:
                break
    return rows


def test_the_token_is_exchanged_for_a_cookie_once(page_dir: Path) -> None:
    async def story(at: House) -> None:
        first = await at.sign_in()
        assert first.status_code == 303
        assert first.headers["location"] == "/"
        cookie = first.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}=")
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert (await at.client.get("/")).status_code == 200
        at.client.cookies.clear()
        again = await at.sign_in()
        assert again.status_code == 401
        assert "set-cookie" not in again.headers

    live(page_dir, story)


def test_the_printed_address_still_works_in_the_browser_that_used_it(page_dir: Path) -> None:
    async def story(at: House) -> None:
        await at.sign_in()
        assert (await at.sign_in()).status_code == 303

    live(page_dir, story)


@pytest.mark.parametrize("path", ["/", "/config", "/stream", "/?token=wrong", "/?token=", "/?token=%C3%A9"])
def test_without_a_session_there_is_nothing_to_see(page_dir: Path, path: str) -> None:
    async def story(at: House) -> None:
        answer = await at.client.get(path)
        assert answer.status_code == 401
        assert "Open the address that the node printed" in answer.text

    live(page_dir, story)


@pytest.mark.parametrize("cookie", ["x.y", "session.", ".", "no-dot", "a" * 3000])
def test_a_made_up_cookie_is_no_session(page_dir: Path, cookie: str) -> None:
    async def story(at: House) -> None:
        answer = await at.client.get("/config", headers={"cookie": f"{COOKIE}={cookie}"})
        assert answer.status_code == 401

    live(page_dir, story)


def test_a_session_outlives_a_restart_only_with_the_same_key(page_dir: Path) -> None:
    async def cookie_of(key: bytes) -> str:
        async with house(page_dir, session_key=key) as at:
            await at.sign_in()
            return at.client.cookies[COOKIE]

    async def status_with(key: bytes, cookie: str) -> int:
        async with house(page_dir, session_key=key) as at:
            return (await at.client.get("/config", headers={"cookie": f"{COOKIE}={cookie}"})).status_code

    async def story() -> tuple[int, int]:
        cookie = await cookie_of(b"k" * 32)
        return await status_with(b"k" * 32, cookie), await status_with(b"other" * 7, cookie)

    assert asyncio.run(story()) == (200, 401)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:80"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1"},
    ],
    ids=["foreign host", "host that begins like ours", "foreign origin", "opaque origin", "other scheme"],
)
def test_a_foreign_host_or_origin_is_refused(page_dir: Path, headers: dict[str, str]) -> None:
    async def story(at: House) -> None:
        answer = await at.client.get("/healthz", headers=headers)
        assert answer.status_code == 403
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")

    live(page_dir, story)


def test_our_own_origin_and_names_are_served(page_dir: Path) -> None:
    async def story(at: House) -> None:
        port = at.gateway.port
        for name in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"):
            answer = await at.client.get("/healthz", headers={"host": name, "origin": f"http://{name}"})
            assert (answer.status_code, answer.text) == (200, "ok\n")

    live(page_dir, story)


def test_every_answer_forbids_foreign_content(page_dir: Path) -> None:
    async def story(at: House) -> None:
        await at.sign_in()
        for path in ("/", "/config", "/healthz", "/assets/app.js", "/nowhere"):
            headers = (await at.client.get(path)).headers
            assert "default-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert "server" not in headers

    live(page_dir, story)


def test_assets_are_compressed_and_stay_inside_their_folder(page_dir: Path) -> None:
    (page_dir / "secret.txt").write_text("secret")

    async def story(at: House) -> None:
        answer = await at.client.get("/assets/app.js")
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.text == "void 0;" * 1000
        assert (await at.client.get("/assets/..%2fsecret.txt")).status_code == 404

    live(page_dir, story)


def test_config_is_what_the_node_says_now(page_dir: Path) -> None:
    async def story(at: House) -> None:
        await at.sign_in()
        answer = await at.client.get("/config")
        about = answer.json()
        assert len(about.pop("csrf")) == 64
        assert about == {**CONFIG, "person": None}
        assert answer.headers["cache-control"] == "no-store"

    live(page_dir, story)


def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    async def story(at: House) -> None:
        await at.sign_in()
        answer = await at.client.get("/")
        assert answer.status_code == 503
        assert "npm run build" in answer.text

    live(tmp_path, story)


@pytest.mark.parametrize("way", ["Last-Event-ID", "from"])
def test_the_stream_catches_up_both_ways(page_dir: Path, way: str) -> None:
    async def story(at: House) -> None:
        await at.sign_in()
        for offset in range(5):
            at.hub.publish("event", {"n": offset}, offset)
        asked = {"headers": {way: "1"}} if way == "Last-Event-ID" else {"params": {way: "1"}}
        async with at.client.stream("GET", "/stream", **asked) as response:  # type: ignore[arg-type]
            assert response.headers["content-type"].startswith("text/event-stream")
            assert await read_rows(response, 3) == [{"n": 2}, {"n": 3}, {"n": 4}]

    live(page_dir, story)


def test_the_number_of_the_last_event_wins_over_the_address(page_dir: Path) -> None:
    """A browser reconnects to the same address; only its header knows what has arrived since."""

    async def story(at: House) -> None:
        await at.sign_in()
        for offset in range(5):
            at.hub.publish("event", {"n": offset}, offset)
        async with at.client.stream("GET", "/stream?from=0", headers={"Last-Event-ID": "3"}) as response:
            assert await read_rows(response, 1) == [{"n": 4}]

    live(page_dir, story)


@pytest.mark.parametrize("offset", ["x", "1.5", "9" * 4000, "٣", "1_0"])
def test_an_offset_that_is_none_is_refused(page_dir: Path, offset: str) -> None:
    async def story(at: House) -> None:
        await at.sign_in()
        answer = await at.client.get("/stream", params={"from": offset})
        assert answer.status_code == 400
        assert "is not an integer such as" in answer.text

    live(page_dir, story)


def test_a_session_has_a_bounded_number_of_streams(page_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STREAMS_PER_USER", 2)

    async def story(at: House) -> None:
        await at.sign_in()
        at.hub.publish("clock", {})
        async with at.client.stream("GET", "/stream") as one, at.client.stream("GET", "/stream") as two:
            await read_rows(one, 1)
            await read_rows(two, 1)
            assert (await at.client.get("/stream")).status_code == 429
        await until(lambda: at.hub.subscribers == 0)
        async with at.client.stream("GET", "/stream") as response:
            assert await read_rows(response, 1) == [{}]

    live(page_dir, story)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.01)


def test_closing_ends_open_streams_and_frees_the_port(page_dir: Path) -> None:
    async def story() -> int:
        async with house(page_dir) as at:
            await at.sign_in()
            at.hub.publish("event", {"n": 1}, 1)
            async with at.client.stream("GET", "/stream") as response:
                assert await read_rows(response, 1) == [{"n": 1}]
                await at.gateway.close()
            return at.gateway.port

    port = asyncio.run(story())
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
        assert free.getsockname()[1] == port


def test_a_port_in_use_is_a_clear_error(page_dir: Path) -> None:
    async def story() -> None:
        async with house(page_dir) as at:
            hub = FeedHub()
            app = build_app(hub, lambda: CONFIG, token=TOKEN, page_dir=page_dir)
            with pytest.raises(PortInUse, match=f"port {at.gateway.port} on 127.0.0.1 cannot be used") as caught:
                await serve(app, hub=hub, port=at.gateway.port)
            assert (caught.value.port, caught.value.exit_code) == (at.gateway.port, 1)

    asyncio.run(story())


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_no_listener_beyond_this_machine(page_dir: Path, host: str) -> None:
    async def story() -> None:
        hub = FeedHub()
        with pytest.raises(UsageError, match="only this machine"):
            await serve(build_app(hub, lambda: CONFIG, token=TOKEN, page_dir=page_dir), hub=hub, host=host)

    asyncio.run(story())
