"""The door between one node and its people's browsers: a page, its configuration and one stream of server-sent events.

In: HTTP from a browser on this machine, and by `POST /alert` an order, with the session's own CSRF token (LIVE, before
it, by `POST /alert/challenge` the question what a security key is to sign). Out: the built page, `/config`, `/stream`,
`/healthz`, the public feed `/alerts/…`, the launch record `/record…`; nothing else, and never a request of its own.
Who may look is settled here alone: the host and origin must be ours (a foreign page that resolves its name to loopback
is refused), a one-time token of an address that the node gave is exchanged for a session cookie, and a session has a
bounded number of streams.

Traps: cookies ignore ports, so the cookie's name holds nation and realm; middleware that wraps responses in tasks keeps
closed streams alive, so the guard is plain ASGI.
"""

import asyncio
import contextlib
import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Collection, Generator, Mapping
from pathlib import Path

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import beaconfire
from beaconfire.kernel import limits
from beaconfire.kernel.errors import PortInUse, UsageError
from beaconfire.shell.feedhub import FeedHub
from beaconfire.shell.healthpages import Source, health_routes
from beaconfire.shell.pageorders import PageOrders
from beaconfire.shell.recordpages import record_routes
from beaconfire.shell.sessions import Access, OneTimeTokens

PAGE_DIR = Path(beaconfire.__file__).parent / "console" / "dist"
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_OFFSET = re.compile(r"-1|[0-9]{1,18}")
_CLOSE_S = 2.0  # a stream that has not ended by then is cut
_NOT_BUILT = "The console page is not built. In a checkout: cd web && npm ci --ignore-scripts && npm run build\n"
_NO_SESSION = (
    "No session. Open the address that the node printed when it started (it ends in /?token=...).\n"
    "A token works once: `beaconfire user page` prints a new one, or use the browser that took it.\n"
)
_HEADERS = {
    "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

ConfigProvider = Callable[[], Mapping[str, object]]


def build_app(
    hub: FeedHub,
    config_provider: ConfigProvider,
    *,
    token: str | OneTimeTokens,
    allowed_hosts: Collection[str] = LOOPBACK_HOSTS,
    session_key: bytes | None = None,
    page_dir: Path = PAGE_DIR,
    orders: PageOrders | None = None,
    standing: Source | None = None,
    record: Path | None = None,
) -> Starlette:
    """Return the web application of one node.

    `config_provider` gives the JSON object of `/config`; its `nation` and `realm` name the cookie. Each `token` opens
    one session, once. `allowed_hosts` are host names without a port. Sessions outlive a restart of the process only if
    it gets the same `session_key` again.
    Without `orders` the page can only look; without `standing` nothing tells how the node stands. `record` is the
    launch record's file, by default the user's.
    """
    config = config_provider()
    tokens = OneTimeTokens(token) if isinstance(token, str) else token
    cookie, key = f"bf-{config['nation']}-{config['realm']}", session_key or secrets.token_bytes(32)
    access = Access(cookie=cookie, tokens=tokens, key=key)
    site = _Site(hub, config_provider, access, page_dir, orders)
    routes = [
        Route("/", site.page),
        Route("/healthz", site.health),
        Route("/config", site.config),
        Route("/stream", site.stream),
        Route("/alert", site.order, methods=["POST"]),
        Route("/alert/challenge", site.challenge, methods=["POST"]),
        Route("/alerts/{name}", site.alerts),
        *record_routes(lambda request: access.session(request) is not None, path=record),
        *(() if standing is None else health_routes(standing)),
    ]
    if (page_dir / "assets").is_dir():
        routes_static: list[Route | Mount] = [Mount("/assets", StaticFiles(directory=page_dir / "assets"))]
    else:
        routes_static = []
    middleware = [
        Middleware(_Guard, allowed_hosts=frozenset(allowed_hosts)),
        Middleware(GZipMiddleware, minimum_size=1024, compresslevel=6),
    ]
    return Starlette(routes=[*routes, *routes_static], middleware=middleware)


class Gateway:
    """A running web server; `port` is the one it got, `close()` ends streams and server."""

    def __init__(self, server: uvicorn.Server, task: "asyncio.Task[None]", port: int, hub: FeedHub) -> None:
        """Hold what `serve` started."""
        self._server = server
        self._task = task
        self._hub = hub
        self.port = port

    async def close(self) -> None:
        """End the streams, then the server; returns when the port is free."""
        self._hub.close()
        self._server.should_exit = True
        await self._task


async def serve(app: Starlette, *, hub: FeedHub, host: str = "127.0.0.1", port: int = 0) -> Gateway:
    """Serve `app` inside the running loop; returns once the port accepts.

    Raises `PortInUse` if another program has the port, `UsageError` for an address beyond this machine: such a
    listener needs TLS and users, which this server has not.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(_CLOSE_S),
        ws="none",
        http="h11",
        loop="none",
    )
    server = _EmbeddedServer(config)
    task = asyncio.get_running_loop().create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    if task.done():
        task.result()
    return Gateway(server, task, listener.getsockname()[1], hub)


class _EmbeddedServer(uvicorn.Server):
    """A server that leaves the signals to the node."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise UsageError(f"console address {host!r}: only this machine may be served; expected 127.0.0.1 or ::1")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortInUse(host, port, error.strerror or str(error)) from error
    listener.setblocking(False)
    return listener


class _Site:
    """The routes."""

    def __init__(
        self, hub: FeedHub, config: ConfigProvider, access: Access, page_dir: Path, orders: PageOrders | None
    ) -> None:
        self._hub = hub
        self._orders = orders
        self._config = config
        self._access = access
        self._page = page_dir / "index.html"

    async def page(self, request: Request) -> Response:
        """The page, or the exchange of the address's token for a cookie."""
        token = request.query_params.get("token")
        signed_in = self._access.session(request) is not None
        if token is not None and self._orders is not None and self._orders.person_of(token) is not None:
            session, value = self._access.begin()
            self._orders.remember(session, token)
            return self._to_page(value)
        if token is not None:
            return RedirectResponse("/", 303) if signed_in else self._sign_in(token)
        if not signed_in:
            return PlainTextResponse(_NO_SESSION, 401, {"cache-control": "no-store"})
        if not self._page.is_file():
            return PlainTextResponse(_NOT_BUILT, 503)
        return FileResponse(self._page, headers={"cache-control": "no-cache"})

    def _sign_in(self, token: str) -> Response:
        value = self._access.exchange(token)
        if value is None:
            return PlainTextResponse(_NO_SESSION, 401, {"cache-control": "no-store"})
        return self._to_page(value)

    def _to_page(self, value: str) -> Response:
        response = RedirectResponse("/", 303, {"cache-control": "no-store"})
        response.set_cookie(self._access.cookie, value, path="/", httponly=True, samesite="strict")
        return response

    async def health(self, request: Request) -> Response:
        """Whether this process serves; no session needed, nothing told."""
        return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})

    async def config(self, request: Request) -> Response:
        """What the page must know to draw the first picture."""
        session = self._access.session(request)
        if session is None:
            return PlainTextResponse(_NO_SESSION, 401)
        person = None if self._orders is None else self._orders.person_behind(session)
        body = msgspec.json.encode({**self._config(), "person": person, "csrf": self._access.csrf(session)})
        return Response(body, media_type="application/json", headers={"cache-control": "no-store"})

    async def order(self, request: Request) -> Response:
        """An order about an alert: from this page's own script in a session, or not at all."""
        refusal, session = self._script(request)
        if refusal is not None or self._orders is None:
            return refusal or PlainTextResponse(_NO_SESSION, 401)
        return await self._orders.order(request, session)

    async def challenge(self, request: Request) -> Response:
        """What a security key is to sign for an order; asked for as an order is."""
        refusal, session = self._script(request)
        if refusal is not None or self._orders is None:
            return refusal or PlainTextResponse(_NO_SESSION, 401)
        return await self._orders.challenge(request, session)

    def _script(self, request: Request) -> tuple[Response | None, str]:
        """Tell this page's own script in a session (its id) from everybody else (a refusal)."""
        session = self._access.session(request)
        if session is None:
            return PlainTextResponse(_NO_SESSION, 401), ""
        given = request.headers.get("x-csrf-token", "")
        if "origin" not in request.headers or not hmac.compare_digest(
            given.encode(), self._access.csrf(session).encode()
        ):
            what = "Not from this page: no origin, or not this session's CSRF token.\n"
            return PlainTextResponse(what, 403), ""
        return None, session

    async def alerts(self, request: Request) -> Response:
        """The public feed of alerts and the messages it names; no session needed."""
        if self._orders is None:
            return PlainTextResponse("No such feed or alert at this node.\n", 404)
        return self._orders.feed(str(request.path_params["name"]))

    async def stream(self, request: Request) -> Response:
        """The feed, from the offset of `Last-Event-ID` or `from`."""
        session = self._access.session(request)
        if session is None:
            return PlainTextResponse(_NO_SESSION, 401)
        text = request.headers.get("last-event-id") or request.query_params.get("from") or "-1"
        if _OFFSET.fullmatch(text) is None:
            return PlainTextResponse(f"offset {text[:20]!r} is not an integer such as 1042\n", 400)
        if self._access.streams[session] >= limits.STREAMS_PER_USER:
            return PlainTextResponse(f"more than {limits.STREAMS_PER_USER} streams of one user\n", 429)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._frames(session, int(text)), media_type="text/event-stream", headers=headers)

    async def _frames(self, session: str, after: int) -> AsyncIterator[bytes]:
        streams = self._access.streams
        streams[session] += 1
        try:
            async with contextlib.aclosing(self._hub.subscribe(after=after).frames()) as frames:
                async for frame in frames:
                    yield frame
        finally:
            streams[session] -= 1
            if not streams[session]:
                del streams[session]


class _Guard:
    """Refuses foreign hosts and origins, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: frozenset[str]) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(headers.get("host", ""), headers.get("origin"))
        app = self._app if refusal is None else PlainTextResponse(refusal, 403)
        await app(scope, receive, send_with_headers)

    def _refusal(self, host: str, origin: str | None) -> str | None:
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        if name not in self._allowed_hosts:
            return f"host {host[:100]!r} is not served here; expected one of {', '.join(sorted(self._allowed_hosts))}\n"
        if origin is not None and origin != f"http://{host}":
            return f"origin {origin[:100]!r} is not this page\n"
        return None
