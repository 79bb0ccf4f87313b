"""The page's way to order something about an alert: only in an exercise, only by a person whose token opened the page.

A browser session is one person's when it was opened with that person's own plain token (`beaconfire user add --token`);
the token is kept here, in memory, and vouches for the orders of that session. A LIVE order needs a person's key, which
a page cannot hold, so it is refused here and made on the command line. Nothing else is decided here: the step is.
"""

from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertAction, Order
from beaconfire.kernel.errors import BeaconfireError
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person
from beaconfire.shell.alertrows import log_row
from beaconfire.shell.channels import CAP_TYPE, FEED_FILE
from beaconfire.shell.control import Outcome
from beaconfire.shell.people import person_of_token, token_order

_LIVE = "A LIVE order needs a person's own key: use `beaconfire alert` on the command line.\n"
_NOBODY = (
    "This session is nobody's. Open the page with your own exercise address, as `beaconfire user add --token` printed "
    "it, or use `beaconfire alert` on the command line.\n"
)


class PageOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page posts; `sha256` is that of the bytes it showed."""

    action: AlertAction
    alert_id: str
    sha256: str = ""
    words: str = ""
    areas: tuple[str, ...] = ()


_ORDERS = msgspec.json.Decoder(PageOrder)


class Desk(Protocol):
    """What orders from the page need of the node."""

    @property
    def realm(self) -> Realm:
        """The node's realm."""

    @property
    def now_ns(self) -> int:
        """Node time."""

    def people(self) -> Mapping[str, Person]:
        """The people of the node."""

    def give(self, order: Order) -> Awaitable[Outcome]:
        """Let an order enter the step."""

    def feed_folder(self) -> Path | None:
        """Where the Atom feed lies, None without one."""


class PageOrders:
    """The people behind the page's sessions, and what they order."""

    def __init__(self, desk: Desk) -> None:
        """Start with no session."""
        self._desk = desk
        self._tokens: dict[str, str] = {}

    def person_of(self, token: str) -> str | None:
        """Return whose plain token this is; None for nobody's, and always when LIVE."""
        return None if self._desk.realm is Realm.LIVE else person_of_token(self._desk.people(), token)

    def remember(self, session: str, token: str) -> None:
        """Note that a session was opened with a person's token."""
        self._tokens[session] = token
        if len(self._tokens) > limits.MAX_PEOPLE:
            del self._tokens[next(iter(self._tokens))]

    def person_behind(self, session: str) -> str | None:
        """Return whose session this is, None for one that may only look."""
        token = self._tokens.get(session)
        return None if token is None else self.person_of(token)

    async def order(self, request: Request, session: str) -> Response:
        """Answer a posted order: what it did, or in the desk's words why it was refused."""
        if self._desk.realm is Realm.LIVE:
            return PlainTextResponse(_LIVE, 403)
        person = self.person_behind(session)
        if person is None:
            return PlainTextResponse(_NOBODY, 403)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > limits.MAX_CONTROL_BYTES:
                return PlainTextResponse(f"an order has at most {limits.MAX_CONTROL_BYTES} bytes\n", 413)
        try:
            asked = _ORDERS.decode(body)
            order = token_order(
                self._tokens[session], session=f"page:{session}", person=person, action=asked.action,
                alert_id=asked.alert_id, digest=bytes.fromhex(asked.sha256), issued_ns=self._desk.now_ns,
                words=asked.words, areas=asked.areas,
            )  # fmt: skip
        except (msgspec.DecodeError, ValueError) as error:
            return PlainTextResponse(f"order: {error}; expected action, alert_id and sha256\n", 400)
        try:
            outcome = await self._desk.give(order)
        except BeaconfireError as error:
            return PlainTextResponse(f"{error}\n", 503)
        rows = [log_row(row) for row in outcome.rows]
        return JSONResponse({"rows": rows, "refused": outcome.refused})

    def feed(self, name: str) -> Response:
        """Return the Atom feed or a CAP file it points to; public, as alerts are."""
        folder = self._desk.feed_folder()
        path = None if folder is None else folder / name
        if path is None or name.startswith(".") or "/" in name or not path.is_file():
            return PlainTextResponse("No such feed or alert at this node.\n", 404)
        kind = "application/atom+xml" if name == FEED_FILE else CAP_TYPE
        return FileResponse(path, media_type=kind, headers={"cache-control": "no-cache"})
