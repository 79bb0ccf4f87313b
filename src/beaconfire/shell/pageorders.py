"""The page's way to order something about an alert: by a security key when LIVE, by a plain token in an exercise.

LIVE, the page asks for the challenge of exactly one order (`POST /alert/challenge`), has the person's security key
sign it, and posts order and assertion together. Between the two nothing is kept here: the nonce and the time of the
order are in what was signed, and the step judges both, so that a node that restarts in between loses nobody's word.

In an exercise a browser session is one person's when it was opened with that person's own plain token (`beaconfire
user add --token`); the token is kept here, in memory, and vouches for the orders of that session.
Nothing is decided here: the step decides.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertAction, Order
from beaconfire.kernel.errors import BeaconfireError
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person
from beaconfire.kernel.webauthn import Assertion, challenge_of, decoded, encoded, pack
from beaconfire.shell.alertrows import log_row
from beaconfire.shell.channels import CAP_TYPE, FEED_FILE
from beaconfire.shell.control import Outcome
from beaconfire.shell.people import person_of_token, token_order
from beaconfire.shell.securitykeys import RP_ID
from beaconfire.warn import signed_bytes

_BYTES = Annotated[str, Meta(max_length=2 * limits.MAX_ASSERTION_BYTES)]
_UNSIGNED = "A LIVE order needs the assertion of a person's security key, or `beaconfire alert` on the command line.\n"
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


class PageAssertion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A security key's answer as the browser gives it: base64url without padding."""

    credential_id: _BYTES
    authenticator_data: _BYTES
    client_data: _BYTES
    signature: _BYTES


class LiveOrder(PageOrder, frozen=True, kw_only=True):
    """What the page posts when LIVE; without an assertion it asks for the challenge to be signed.

    `issued_ns` is text, for a browser's numbers end at 2^53.
    """

    person: str = ""
    nonce: str = ""
    issued_ns: Annotated[str, Meta(pattern=r"\A[0-9]{0,19}\Z")] = ""
    assertion: PageAssertion | None = None


_ORDERS = msgspec.json.Decoder(PageOrder)
_LIVE_ORDERS = msgspec.json.Decoder(LiveOrder)
_Read = Callable[[bytes], Order | Response]


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

    async def challenge(self, request: Request, session: str) -> Response:
        """Answer what a person's security key is to sign so that an order becomes this person's; LIVE only."""
        if self._desk.realm is not Realm.LIVE:
            return PlainTextResponse("In an exercise your token signs: post the order itself.\n", 403)
        order = await self._read(request, lambda body: self._asked(body, session))
        if isinstance(order, Response):
            return order
        keys = [key.credential_id for key in self._desk.people()[order.person].security_keys]
        return JSONResponse(
            {
                "challenge": encoded(challenge_of(signed_bytes(order, realm=Realm.LIVE))),
                "nonce": order.nonce.hex(),
                "issued_ns": str(order.issued_ns),
                "rp_id": RP_ID,
                "credentials": [encoded(bytes.fromhex(key)) for key in keys],
            }
        )

    async def order(self, request: Request, session: str) -> Response:
        """Answer a posted order: what it did, or in the desk's words why it was refused."""
        live = self._desk.realm is Realm.LIVE
        person = None if live else self.person_behind(session)
        if not live and person is None:
            return PlainTextResponse(_NOBODY, 403)
        read = self._signed if live else self._vouched
        order = await self._read(request, lambda body: read(body, session))
        if isinstance(order, Response):
            return order
        try:
            outcome = await self._desk.give(order)
        except BeaconfireError as error:
            return PlainTextResponse(f"{error}\n", 503)
        rows = [log_row(row) for row in outcome.rows]
        return JSONResponse({"rows": rows, "refused": outcome.refused})

    async def _read(self, request: Request, read: _Read) -> Order | Response:
        """Read a bounded body; what is no order meets words."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > limits.MAX_CONTROL_BYTES:
                return PlainTextResponse(f"an order has at most {limits.MAX_CONTROL_BYTES} bytes\n", 413)
        try:
            return read(body)
        except (msgspec.DecodeError, ValueError) as error:
            return PlainTextResponse(f"order: {error}; expected action, alert_id and sha256\n", 400)

    def _vouched(self, body: bytes, session: str) -> Order:
        """An order of an exercise, by whoever's token opened the session."""
        asked, token = _ORDERS.decode(body), self._tokens[session]
        return token_order(
            token, session=_session(session), person=self.person_of(token) or "", action=asked.action,
            alert_id=asked.alert_id, digest=bytes.fromhex(asked.sha256), issued_ns=self._desk.now_ns,
            words=asked.words, areas=asked.areas,
        )  # fmt: skip

    def _asked(self, body: bytes, session: str) -> Order | Response:
        """An order that is to be signed: of this moment, with a nonce of its own."""
        asked = _LIVE_ORDERS.decode(body)
        person = self._desk.people().get(asked.person)
        if person is None or not person.security_keys:
            return PlainTextResponse(f"{asked.person[:60]} has no security key at this node.\n", 403)
        nonce = secrets.token_bytes(limits.NONCE_BYTES)
        return _live_order(asked, session, nonce=nonce, issued_ns=self._desk.now_ns, signature=b"")

    def _signed(self, body: bytes, session: str) -> Order | Response:
        """A LIVE order with the assertion of a security key, which the step will judge."""
        asked = _LIVE_ORDERS.decode(body)
        if asked.assertion is None:
            return PlainTextResponse(_UNSIGNED, 403)
        given = asked.assertion
        assertion = Assertion(
            decoded(given.credential_id), decoded(given.authenticator_data), decoded(given.client_data),
            decoded(given.signature),
        )  # fmt: skip
        nonce, issued_ns = bytes.fromhex(asked.nonce), int(asked.issued_ns or 0)
        return _live_order(asked, session, nonce=nonce, issued_ns=issued_ns, signature=pack(assertion))

    def feed(self, name: str) -> Response:
        """Return the Atom feed or a CAP file it points to; public, as alerts are."""
        folder = self._desk.feed_folder()
        path = None if folder is None else folder / name
        if path is None or name.startswith(".") or "/" in name or not path.is_file():
            return PlainTextResponse("No such feed or alert at this node.\n", 404)
        kind = "application/atom+xml" if name == FEED_FILE else CAP_TYPE
        return FileResponse(path, media_type=kind, headers={"cache-control": "no-cache"})


def _live_order(asked: LiveOrder, session: str, *, nonce: bytes, issued_ns: int, signature: bytes) -> Order:
    return Order(
        person=asked.person, session=_session(session), action=asked.action, alert_id=asked.alert_id,
        digest=bytes.fromhex(asked.sha256), nonce=nonce, issued_ns=issued_ns, signature=signature, words=asked.words,
        areas=asked.areas,
    )  # fmt: skip


def _session(session: str) -> str:
    return f"page:{session}"
