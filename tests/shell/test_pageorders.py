"""Orders from the page: by token in an exercise, by security key when LIVE, from no other page; and the public feed."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import Order
from beaconfire.kernel.errors import Refused, RunFailed
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person
from beaconfire.kernel.webauthn import decoded, encoded
from beaconfire.shell.console import ConsoleWindow
from beaconfire.shell.control import Outcome
from beaconfire.shell.feedhub import FeedHub
from beaconfire.shell.gateway import Gateway, build_app, serve
from beaconfire.shell.loop import Node
from beaconfire.shell.pageorders import PageOrders
from beaconfire.shell.people import token_hash
from beaconfire.warn.approvals import Gate
from tests.kernel.securitykeys import SoftKey
from tests.shell.alarm import ALERT, START_NS, Duty, make_station, on_duty, threatening
from tests.shell.support import until
from tests.shell.test_control import ROW

TOKENS = {"kim": "kim's own token", "lee": "lee's own token"}
POST = {"action": "approve", "alert_id": "KOR-A1", "sha256": "01" * 32}


class DeskDouble:
    """Notes what it is given, and answers as told."""

    def __init__(
        self, realm: Realm = Realm.EXERCISE, folder: Path | None = None, persons: Mapping[str, Person] | None = None
    ) -> None:
        self.persons = persons
        self.realm, self.now_ns, self.folder = realm, START_NS, folder
        self.given: list[Order] = []
        self.outcome: Outcome | Exception = Outcome(seq=1, rows=(ROW,), refused=(), durable=True)

    def people(self) -> Mapping[str, Person]:
        return self.persons or {
            name: Person(id=name, name=name, roles=("officer",), tokens=(token_hash(token),))
            for name, token in TOKENS.items()
        }

    async def give(self, order: Order) -> Outcome:
        self.given.append(order)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def feed_folder(self) -> Path | None:
        return self.folder


class Visit:
    """A browser at the gateway: its cookies, its CSRF token, its origin."""

    def __init__(self, gateway: Gateway, client: httpx.AsyncClient) -> None:
        self.client = client
        self.origin = f"http://127.0.0.1:{gateway.port}"
        self.csrf = ""

    async def open(self, token: str) -> dict[str, Any]:
        answer = await self.client.get("/", params={"token": token})
        if answer.status_code == 303:
            about: dict[str, Any] = (await self.client.get("/config")).json()
            self.csrf = about["csrf"]
            return about
        return {}

    async def ask(self, content: Any) -> httpx.Response:
        """Ask for the challenge of an order."""
        headers = {"origin": self.origin, "x-csrf-token": self.csrf}
        return await self.client.post("/alert/challenge", json=content, headers=headers)

    async def post(self, content: Any = None, **headers: str | None) -> httpx.Response:
        sent = {"origin": self.origin, "x-csrf-token": self.csrf, **headers}
        body = content if isinstance(content, bytes) else msgspec.json.encode(POST if content is None else content)
        given = {name: value for name, value in sent.items() if value is not None}
        return await self.client.post("/alert", content=body, headers=given)


def visited(desk: DeskDouble, story: Callable[[Visit], Awaitable[None]], page_dir: Path) -> None:
    async def run() -> None:
        async with visit(desk, page_dir) as at:
            await story(at)

    asyncio.run(run())


@asynccontextmanager
async def visit(desk: DeskDouble, page_dir: Path) -> AsyncIterator[Visit]:
    hub = FeedHub()
    config = {"nation": "KOR", "realm": str(desk.realm)}
    app = build_app(hub, lambda: config, token="one-time", page_dir=page_dir, orders=PageOrders(desk))
    gateway = await serve(app, hub=hub)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}", timeout=20.0) as client:
            yield Visit(gateway, client)
    finally:
        await gateway.close()


def test_a_persons_token_opens_that_persons_session_again_and_again(tmp_path: Path) -> None:
    desk = DeskDouble()

    async def story(at: Visit) -> None:
        assert (await at.open(TOKENS["kim"]))["person"] == "kim"
        answer = await at.post()
        assert (answer.status_code, answer.json()["refused"], answer.json()["rows"][0]["who"]) == (200, [], "kim")
        (order,) = desk.given
        assert (order.person, order.signature) == ("kim", TOKENS["kim"].encode())
        assert (str(order.action), order.alert_id, order.digest) == ("approve", "KOR-A1", b"\x01" * 32)
        assert (order.issued_ns, len(order.nonce)) == (START_NS, limits.NONCE_BYTES)
        assert (await at.open(TOKENS["lee"]))["person"] == "lee"
        await at.post()
        assert (await at.open(TOKENS["kim"]))["person"] == "kim"
        await at.post()
        sessions = [order.session for order in desk.given]
        assert len(set(sessions)) == 3
        assert all(re.fullmatch(r"page:\S{16,}", session) for session in sessions)

    visited(desk, story, tmp_path)


def test_the_printed_address_opens_a_session_that_may_only_look(tmp_path: Path) -> None:
    desk = DeskDouble()

    async def story(at: Visit) -> None:
        assert (await at.open("one-time"))["person"] is None
        answer = await at.post()
        assert answer.status_code == 403
        assert "This session is nobody's" in answer.text

    visited(desk, story, tmp_path)
    assert desk.given == []


def test_without_a_security_key_a_live_page_orders_nothing(tmp_path: Path) -> None:
    desk = DeskDouble(Realm.LIVE)

    async def story(at: Visit) -> None:
        assert await at.open(TOKENS["kim"]) == {}
        assert (await at.open("one-time"))["person"] is None
        answer = await at.post()
        assert (answer.status_code, "on the command line" in answer.text) == (403, True)
        answer = await at.ask({**POST, "person": "lee"})
        assert (answer.status_code, answer.text) == (403, "lee has no security key at this node.\n")
        at.csrf = "another"
        assert (await at.ask({**POST, "person": "kim"})).status_code == 403

    visited(desk, story, tmp_path)
    assert desk.given == []


@pytest.mark.parametrize("ed25519", [False, True])
def test_a_security_key_signs_exactly_one_live_order(tmp_path: Path, ed25519: bool) -> None:
    """What comes through is judged by the desk's own gate: good as it is, and for nothing else."""
    soft = SoftKey("kim", ed25519=ed25519)
    kim = Person(id="kim", name="Kim", roles=("officer",), security_keys=(soft.sealed,))
    desk = DeskDouble(Realm.LIVE, persons={"kim": kim})

    async def story(at: Visit) -> None:
        await at.open("one-time")
        wanted = {**POST, "person": "kim", "words": "w", "areas": ["KR-11"]}
        answer = await at.ask(wanted)
        asked = answer.json()
        assert (asked["rp_id"], asked["credentials"]) == ("localhost", [encoded(soft.credential_id)])
        given = soft.answer(decoded(asked["challenge"]))
        assertion = {name: encoded(value) for name, value in msgspec.structs.asdict(given).items()}
        body = {**wanted, "nonce": asked["nonce"], "issued_ns": asked["issued_ns"], "assertion": assertion}
        assert (await at.post(body)).status_code == 200
        assert (await at.post({**body, "sha256": "02" * 32})).status_code == 200

    visited(desk, story, tmp_path)
    right, changed = desk.given
    assert (right.person, right.issued_ns, right.words, right.areas) == ("kim", START_NS, "w", ("KR-11",))
    assert right.session.startswith("page:")
    gate = Gate(Realm.LIVE, {"kim": kim})
    with pytest.raises(Refused, match="is not signed by that person"):
        gate.admit(changed, now_ns=START_NS)
    assert gate.admit(right, now_ns=START_NS) == kim
    with pytest.raises(Refused, match="was given already"):
        gate.admit(right, now_ns=START_NS)


@pytest.mark.parametrize(
    "change",
    [{"nonce": "xy"}, {"issued_ns": "-5"}, {"issued_ns": "soon"}, {"assertion": 3}, {"assertion": {}},
     {"assertion": {"credential_id": "=", "authenticator_data": "", "client_data": "", "signature": ""}}],
)  # fmt: skip
def test_a_live_order_that_is_none_meets_words(tmp_path: Path, change: dict[str, Any]) -> None:
    desk = DeskDouble(Realm.LIVE)

    async def story(at: Visit) -> None:
        await at.open("one-time")
        empty = {"credential_id": "", "authenticator_data": "", "client_data": "", "signature": ""}
        answer = await at.post({**POST, "person": "kim", "assertion": empty, **change})
        assert (answer.status_code, answer.text[:7]) == (400, "order: ")

    visited(desk, story, tmp_path)
    assert desk.given == []


def test_an_exercise_asks_no_key(tmp_path: Path) -> None:
    desk = DeskDouble()

    async def story(at: Visit) -> None:
        await at.open(TOKENS["kim"])
        assert (await at.ask(POST)).status_code == 403

    visited(desk, story, tmp_path)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": None}, 403), ({"origin": "http://evil.example"}, 403), ({"x-csrf-token": None}, 403),
        ({"x-csrf-token": "0" * 64}, 403), ({"x-csrf-token": ""}, 403), ({"cookie": "bf-KOR-EXERCISE=forged.00"}, 401),
        ({"cookie": ""}, 401),
    ],
)  # fmt: skip
def test_a_foreign_page_orders_nothing(tmp_path: Path, headers: dict[str, str | None], status: int) -> None:
    desk = DeskDouble()

    async def story(at: Visit) -> None:
        await at.open(TOKENS["kim"])
        assert (await at.post(**headers)).status_code == status
        assert (await at.client.get("/alert")).status_code == 405

    visited(desk, story, tmp_path)
    assert desk.given == []


def test_the_csrf_token_of_one_session_is_no_other_sessions(tmp_path: Path) -> None:
    desk = DeskDouble()

    async def story(at: Visit) -> None:
        await at.open(TOKENS["kim"])
        others = at.csrf
        await at.open(TOKENS["lee"])
        assert (await at.post(**{"x-csrf-token": others})).status_code == 403

    visited(desk, story, tmp_path)
    assert desk.given == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", {"action": "launch", "alert_id": "A"}, {"action": "approve"}, {**POST, "sha256": "xyz"},
     {**POST, "person": "lee"}, {**POST, "words": 7}, b"\xff" * 100],
)  # fmt: skip
def test_bytes_that_are_no_order_meet_words(tmp_path: Path, body: object) -> None:
    desk = DeskDouble()

    async def story(at: Visit) -> None:
        await at.open(TOKENS["kim"])
        answer = await at.post(body)
        assert (answer.status_code, answer.text[:7]) == (400, "order: ")

    visited(desk, story, tmp_path)
    assert desk.given == []


def test_an_order_has_a_bounded_length(tmp_path: Path) -> None:
    desk = DeskDouble()

    async def story(at: Visit) -> None:
        await at.open(TOKENS["kim"])
        assert (await at.post(b" " * (limits.MAX_CONTROL_BYTES + 1))).status_code == 413

    visited(desk, story, tmp_path)


def test_what_the_desk_refuses_and_what_the_node_cannot_do_are_told(tmp_path: Path) -> None:
    desk = DeskDouble()

    async def story(at: Visit) -> None:
        await at.open(TOKENS["kim"])
        desk.outcome = Outcome(seq=1, rows=(), refused=("is by the one who wrote it",), durable=True)
        answer = await at.post()
        assert (answer.status_code, answer.json()) == (200, {"rows": [], "refused": ["is by the one who wrote it"]})
        desk.outcome = RunFailed("not taken: the node made no turn")
        answer = await at.post()
        assert (answer.status_code, answer.text) == (503, "not taken: the node made no turn\n")

    visited(desk, story, tmp_path)


def test_sessions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PEOPLE", 2)
    orders = PageOrders(DeskDouble())
    for session in ("a", "b", "c"):
        orders.remember(session, TOKENS["kim"])
    assert [orders.person_behind(session) for session in ("a", "b", "c")] == [None, "kim", "kim"]


def test_the_public_feed_needs_no_session_and_stays_in_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    folder.mkdir()
    (folder / "alerts.atom").write_text("<feed/>")
    (folder / "M1.xml").write_text("<alert/>")
    (folder / ".hidden").write_text("x")
    (tmp_path / "secret.xml").write_text("secret")

    async def story(at: Visit) -> None:
        answer = await at.client.get("/alerts/alerts.atom")
        assert (answer.text, answer.headers["content-type"]) == ("<feed/>", "application/atom+xml")
        answer = await at.client.get("/alerts/M1.xml")
        assert (answer.text, answer.headers["content-type"]) == ("<alert/>", "application/cap+xml")
        for name in ("none.xml", ".hidden", "..%2fsecret.xml", "%2e%2e/secret.xml", "../secret.xml"):
            assert (await at.client.get(f"/alerts/{name}")).status_code == 404

    visited(DeskDouble(folder=folder), story, tmp_path)


def test_without_a_feed_or_without_orders_there_is_none(tmp_path: Path) -> None:
    async def story(at: Visit) -> None:
        assert (await at.client.get("/alerts/alerts.atom")).status_code == 404

    visited(DeskDouble(), story, tmp_path)


# --- the console window of a node that warns ---------------------------------------------------------


def test_the_feed_carries_every_line_of_an_alert_and_how_it_stands(tmp_path: Path) -> None:
    station = make_station(tmp_path)
    published: list[tuple[str, Any, int | None]] = []

    async def story(duty: Duty) -> None:
        window: Any = ConsoleWindow(duty.node)
        window._hub.publish = lambda kind, data, offset=None: published.append((kind, data, offset))
        duty.node._windows.append(window)  # type: ignore[attr-defined]
        duty.node._engine._windows.append(window)  # type: ignore[union-attr]
        await duty.warned()
        await duty.turn()

    async def run() -> None:
        async with on_duty(station) as duty:
            duty.node._windows = []
            await duty.turn()
            await story(duty)

    asyncio.run(run())
    rows = [data for kind, data, _ in published if kind == "alert"]
    statuses = [row["log"]["status"] for row in rows if row["log"]]
    assert statuses[0] == "proposed" or statuses[0] == "drafted"
    assert [status for status in ("drafted", "submitted", "approved", "sent") if status in statuses] == [
        "drafted", "submitted", "approved", "sent",
    ]  # fmt: skip
    assert rows[-1]["alert"]["status"] == "sent"
    assert all(row["durable"] for row in rows)
    offsets = [offset for kind, _, offset in published if kind == "alert"]
    assert offsets == sorted(offsets)  # type: ignore[type-var]


def test_after_a_restart_the_page_is_told_what_stands(tmp_path: Path) -> None:
    """Replayed rows are lines only; the first row of the new run brings every alert as it stands."""
    station = make_station(tmp_path)

    async def first() -> None:
        async with on_duty(station) as duty:
            await duty.warned()

    async def second() -> list[Any]:
        windows: list[Any] = []
        node = Node(station.config, passphrase=None, step=threatening, windows=windows)
        window: Any = ConsoleWindow(node)
        published: list[Any] = []
        window._hub.publish = lambda kind, data, offset=None: published.append((kind, data))
        windows.append(window)
        task = asyncio.create_task(node.run(lambda: None))
        await until(lambda: any(kind == "alert" and data["alert"] for kind, data in published) or task.done())
        node.stop()
        await task
        return [data for kind, data in published if kind == "alert"]

    asyncio.run(first())
    rows = asyncio.run(second())
    assert all(row["alert"] is None for row in rows if row["log"])
    (told,) = [row["alert"] for row in rows if row["alert"]]
    assert (told["alert_id"], told["status"]) == (ALERT, "sent")
