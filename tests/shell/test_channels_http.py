"""Posting to an address: a real HTTP server of another make reads it, and peers that misbehave are bounded."""

import asyncio
import http.server
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from beaconfire.kernel.errors import ChannelDown, InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.shell import pki
from beaconfire.shell.channels import CAP_TYPE, HttpPost, check_url
from tests.shell.cap import cap, message


class Taking(http.server.BaseHTTPRequestHandler):
    """The standard library's server: what it could parse was well formed."""

    protocol_version = "HTTP/1.1"
    taken: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.taken.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(self.status)
        self.send_header("content-length", "0")
        self.end_headers()

    do_HEAD = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    Taking.taken, Taking.status = [], 200
    running = http.server.HTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def post(url: str, *, unrecorded: bool = False) -> None:
    async def run() -> None:
        alert = message()
        object.__setattr__(alert, "unrecorded", unrecorded)
        await HttpPost(url).deliver(alert)

    asyncio.run(run())


def test_a_message_is_posted_as_it_is(server: http.server.HTTPServer) -> None:
    post(f"http://127.0.0.1:{server.server_port}/alerts/in?from=KOR")
    ((method, path, headers, body),) = Taking.taken
    assert (method, path, body) == ("POST", "/alerts/in?from=KOR", cap())
    assert headers["content-type"] == CAP_TYPE == "application/cap+xml"
    assert headers["x-cap-identifier"] == "KOR-A1-1"
    assert headers["host"] == f"127.0.0.1:{server.server_port}"
    assert "x-beaconfire-unrecorded" not in headers


def test_what_was_not_recorded_says_so(server: http.server.HTTPServer) -> None:
    post(f"http://127.0.0.1:{server.server_port}/", unrecorded=True)
    assert Taking.taken[0][2]["x-beaconfire-unrecorded"] == "true"


@pytest.mark.parametrize(
    ("status", "final"), [(301, True), (400, True), (403, True), (404, True), (408, False), (429, False), (500, False)]
)
def test_what_the_other_side_answers_decides_whether_it_is_tried_again(
    server: http.server.HTTPServer, status: int, final: bool
) -> None:
    Taking.status = status
    with pytest.raises(ChannelDown, match=f"answered {status}") as caught:
        post(f"http://127.0.0.1:{server.server_port}/")
    assert caught.value.final is final


@pytest.mark.parametrize(("status", "fine"), [(200, True), (405, True), (503, False)])
def test_a_self_test_posts_nothing(server: http.server.HTTPServer, status: int, fine: bool) -> None:
    Taking.status = status
    probe = HttpPost(f"http://127.0.0.1:{server.server_port}/in").probe
    if fine:
        asyncio.run(probe())
    else:
        with pytest.raises(ChannelDown, match="503"):
            asyncio.run(probe())
    assert [(method, body) for method, _, _, body in Taking.taken] == [("HEAD", b"")]


def test_nobody_there_is_said(server: http.server.HTTPServer) -> None:
    server.socket.close()
    with pytest.raises(ChannelDown) as caught:
        post(f"http://127.0.0.1:{server.server_port}/")
    assert not caught.value.final


def answering(reply: bytes, story: Callable[[str], Awaitable[None]]) -> None:
    """Run a story against a peer that reads the request's head and answers with these bytes."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        writer.close()

    async def run() -> None:
        peer = await asyncio.start_server(take, "127.0.0.1", 0)
        async with peer:
            await story(f"http://127.0.0.1:{peer.sockets[0].getsockname()[1]}/")

    asyncio.run(run())


@pytest.mark.parametrize(
    "reply",
    [b"", b"\r\n", b"200 OK\r\n", b"HTTP/1.1 999 Odd\r\n\r\n", b"HTTP/1.1 20", b"\x00" * 50_000, b"HTTP/1.1 200OK\r\n",
     b"HTTP/1.1 100 Continue\r\n" + b"a: b\r\n" * 10_000],
)  # fmt: skip
def test_an_answer_that_is_no_http_is_a_failure_to_be_tried_again(reply: bytes) -> None:
    async def story(url: str) -> None:
        with pytest.raises(ChannelDown) as caught:
            await HttpPost(url).deliver(message())
        assert not caught.value.final

    answering(reply, story)


def test_an_interim_answer_is_passed_over() -> None:
    async def story(url: str) -> None:
        with pytest.raises(ChannelDown, match="answered 410"):
            await HttpPost(url).deliver(message())

    answering(b"HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 410 Gone\r\n\r\n", story)


def test_ending_an_attempt_ends_its_connection() -> None:
    """A peer that dribbles its answer for ever is cut off by the caller's time."""
    ended = asyncio.Event()

    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"H")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            ended.set()
        finally:
            writer.close()

    async def run() -> None:
        peer = await asyncio.start_server(dribble, "127.0.0.1", 0)
        async with peer:
            sink = HttpPost(f"http://127.0.0.1:{peer.sockets[0].getsockname()[1]}/")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await sink.deliver(message())
            async with asyncio.timeout(10):
                await ended.wait()

    asyncio.run(run())


def test_over_tls_the_other_side_must_be_who_it_says(tmp_path: Path) -> None:
    authority = pki.Authority.create("KOR", Realm.EXERCISE)
    authority.save(tmp_path, passphrase=None)
    authority.issue(tmp_path, "server", realm=Realm.EXERCISE, hosts=["localhost"])
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    known = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async def run() -> None:
        peer = await asyncio.start_server(take, "localhost", 0, ssl=serving)
        async with peer:
            url = f"https://localhost:{peer.sockets[0].getsockname()[1]}/"
            await HttpPost(url, tls=known).deliver(message())
            with pytest.raises(ChannelDown, match="certificate"):
                await HttpPost(url).deliver(message())
            with pytest.raises(ChannelDown, match=r"(?i)certificate|hostname"):
                await HttpPost(url.replace("localhost", "127.0.0.1"), tls=known).deliver(message())

    asyncio.run(run())


@pytest.mark.parametrize(
    "url",
    ["", "ftp://example.org/", "http://example.org/in", "https://", "https://a b/", "https://user:pw@example.org/",
     "https://example.org:0x/", "https://example.org:99999/", "https://exämple.org/", "https://example.org/\r\nx: y"],
)  # fmt: skip
def test_an_address_that_must_not_be_posted_to_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="has address"):
        check_url(url, where="warning.toml: channel sirens")


@pytest.mark.parametrize(
    "url", ["https://example.org/in", "http://127.0.0.1:8080/", "http://[::1]:80/", "http://localhost/a?b=c"]
)
def test_an_address_that_may_be_posted_to_is_taken(url: str) -> None:
    assert check_url(url, where="x").geturl() == url
