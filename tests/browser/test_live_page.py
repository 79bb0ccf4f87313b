"""Two officers at a LIVE page with security keys: enrolled, sealed by the root, approving, cancelling; and every way in
which a word does not count.

The node is the command's own, the browser real, the keys are Chromium's virtual authenticators (CDP WebAuthn). Each
officer sits in a browser context of their own, as at a desk of their own.
"""

import base64
import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from beaconfire.kernel.alerts import AlertAction, Order
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.webauthn import challenge_of, encoded
from beaconfire.shell.config import NodeConfig
from beaconfire.warn import signed_bytes
from tests.shell.live import ALERT, EVENT, LiveNode, make_live, running

pytestmark = pytest.mark.browser
PATIENCE_MS = 40_000.0  # generous: the machine may be busy with other things
_SIGN = """async ({ challenge, credentials, verification }) => {
  const bytes = (text) => Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const found = await navigator.credentials.get({ publicKey: {
    challenge: bytes(challenge), rpId: "localhost", userVerification: verification,
    allowCredentials: credentials.map((id) => ({ type: "public-key", id: bytes(id) })) } });
  return { credential_id: text(found.rawId), authenticator_data: text(found.response.authenticatorData),
           client_data: text(found.response.clientDataJSON), signature: text(found.response.signature) };
}"""
_POST = """async ({ path, body, csrf }) => {
  const reply = await fetch(path, { method: "POST", body: JSON.stringify(body),
    headers: { "content-type": "application/json", "x-csrf-token": csrf } });
  return { status: reply.status, text: await reply.text() };
}"""


@dataclass
class Officer:
    """One person at a page of their own, with a virtual security key."""

    name: str
    node: LiveNode
    page: Page
    cdp: Any
    authenticator: str
    posted: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pane(self) -> Any:
        return self.page.locator(".alerts")

    def enrol(self, folder: Path) -> tuple[Path, str]:
        """Make a key on the page; returns the file it hands out and the words it shows."""
        self.pane.locator("summary", has_text="Register a security key").click()
        self.pane.locator(".registration input").fill(self.name)
        self.pane.get_by_role("button", name="Make").click()
        link = self.pane.get_by_role("link", name=f"{self.name}.security-key.json")
        with self.page.expect_download(timeout=PATIENCE_MS) as download:
            link.click()
        path = folder / f"{self.name}.security-key.json"
        download.value.save_as(path)
        return path, self.pane.locator(".registration b.hash").inner_text()

    def sit_down(self) -> None:
        self.page.reload()
        self.ready()
        self.pane.get_by_label("Signing here:").select_option(self.name)

    def ready(self) -> None:
        self.page.locator('html[data-ready="true"]').wait_for(timeout=PATIENCE_MS)

    def press(self, action: str) -> None:
        """Press a button of the alert twice: the second press signs the bytes whose hash it names."""
        card = self.pane.get_by_label(ALERT, exact=True)
        card.get_by_role("button", name=action).click(timeout=PATIENCE_MS)
        again = card.get_by_role("button", name=f"LIVE {action}: press again to sign")
        expect(again).to_have_text(re.compile(r"sign ([a-z]{5}-){3}[a-z]{5}$"))
        if action in ("Submit", "Approve"):  # the message shown is the one that is meant
            expect(again).to_contain_text(card.locator(".hash").first.inner_text().split()[1])
        again.click(timeout=PATIENCE_MS)

    def challenge(self, **order: Any) -> dict[str, Any]:
        reply = self.post("/alert/challenge", order)
        assert reply["status"] == 200, reply
        asked: dict[str, Any] = json.loads(reply["text"])
        return asked

    def sign(self, challenge: str, credentials: list[str], *, verification: str = "required") -> dict[str, str]:
        what = {"challenge": challenge, "credentials": credentials, "verification": verification}
        answer: dict[str, str] = self.page.evaluate(_SIGN, what)
        return answer

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        csrf = self.page.evaluate("async () => (await (await fetch('/config')).json()).csrf")
        reply: dict[str, Any] = self.page.evaluate(_POST, {"path": path, "body": body, "csrf": csrf})
        return reply

    def signed(
        self, order: dict[str, Any], *, by: "Officer | None" = None, verification: str = "required"
    ) -> dict[str, Any]:
        """Return an order with the assertion of this person's key, or of another's hand."""
        asked = self.challenge(person=self.name, **order)
        credentials = (asked if by is None else by.challenge(person=by.name, **order))["credentials"]
        assertion = (by or self).sign(asked["challenge"], credentials, verification=verification)
        times = {"nonce": asked["nonce"], "issued_ns": asked["issued_ns"]}
        return {**order, "person": self.name, **times, "assertion": assertion}

    def refused(self, body: dict[str, Any]) -> str:
        """Post an order and return why it was refused; fails where it was not."""
        reply = self.post("/alert", body)
        assert reply["status"] == 200, reply
        (reason,) = json.loads(reply["text"])["refused"]
        return str(reason)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveNode]:
    with running(make_live(tmp_path)) as node:
        yield node


@pytest.fixture
def officers(browser: Browser, live: LiveNode, tmp_path: Path) -> Iterator[tuple[Officer, Officer]]:
    """Kim and Lee, enrolled on their pages, added by the root, sitting down; an alert lies drafted before them."""
    contexts: list[BrowserContext] = []
    people = []
    for name, address in (("kim", live.said["console"]), ("lee", live.here("user", "page").strip())):
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 1200}, accept_downloads=True))
        people.append(arrive(name, live, contexts[-1], address))
        file, words = people[-1].enrol(tmp_path)
        said = live.here("user", "add", name, "--role", "officer", "--security-key", str(file))
        assert f"security key {words}: compare" in said
    live.here("alert", "reload")
    for each in people:
        each.sit_down()
    yield people[0], people[1]
    for context in contexts:
        context.close()


def arrive(name: str, live: LiveNode, context: BrowserContext, address: str) -> Officer:
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True,
               "automaticPresenceSimulation": True}  # fmt: skip
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(address)
    officer = Officer(name, live, page, cdp, made["authenticatorId"])
    officer.ready()
    page.on("request", lambda request: note(officer, request))
    return officer


def note(officer: Officer, request: Any) -> None:
    if request.method == "POST" and request.url.endswith("/alert"):
        officer.posted.append(json.loads(request.post_data))


def alerts(live: LiveNode, alert_id: str = ALERT) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(live.here("alert", "show", alert_id, "--json"))
    return row


def sent(config: NodeConfig) -> list[str]:
    return [path.read_text() for path in sorted(Path(config.folder, "alerts").glob("*.xml"))]


@pytest.mark.timeout(300)
def test_two_officers_approve_and_one_cancels(officers: tuple[Officer, Officer], live: LiveNode) -> None:
    """And whoever wrote a draft does not approve it."""
    kim, lee = officers
    expect(kim.page.locator(".realm")).to_contain_text("LIVE")
    expect(kim.pane.locator(".mark.live").first).to_have_text("LIVE")
    kim.press("Submit")
    expect(kim.pane).to_contain_text("0 of 2 approvals", timeout=PATIENCE_MS)
    kim.press("Approve")
    expect(lee.pane).to_contain_text("1 of 2 approvals kim", timeout=PATIENCE_MS)
    assert sent(live.config) == []
    lee.press("Approve")
    expect(kim.pane).to_contain_text("SENT", timeout=PATIENCE_MS)
    (message,) = sent(live.config)
    assert "<status>Actual</status>" in message
    kim.press("Correct")
    expect(lee.pane.locator(".status").first).to_have_text("corrected", timeout=PATIENCE_MS)
    lee.press("Cancel: it was wrong")
    expect(kim.pane.locator(".status").first).to_have_text("cancelled", timeout=PATIENCE_MS)
    assert sum("<msgType>Cancel</msgType>" in text for text in sent(live.config)) == 1
    assert alerts(live)["status"] == "cancelled"

    again = f"{EVENT}-A2"  # what flies still flies, and is proposed anew
    expect(kim.pane).to_contain_text(again, timeout=PATIENCE_MS)
    by_hand = kim.signed({"action": "draft", "alert_id": again, "words": "by hand"})
    assert json.loads(kim.post("/alert", by_hand)["text"])["refused"] == []
    for officer, action in ((lee, "submit"), (kim, "approve")):
        order = {"action": action, "alert_id": again, "sha256": alerts(live, again)["draft"]["sha256"]}
        answer = officer.post("/alert", officer.signed(order))
    assert "is by the one who wrote it" in answer["text"]
    assert len(sent(live.config)) == 3, "nothing but the first alert, its correction and its cancel"


@pytest.mark.timeout(300)
def test_no_other_word_counts(officers: tuple[Officer, Officer], live: LiveNode) -> None:
    """Kim has approved; whatever follows is not the second word, until Lee's own comes."""
    kim, lee = officers
    kim.press("Submit")
    kim.press("Approve")
    expect(lee.pane).to_contain_text("1 of 2 approvals kim", timeout=PATIENCE_MS)
    digest = alerts(live)["draft"]["sha256"]
    order = {"action": "approve", "alert_id": ALERT, "sha256": digest}

    assert "given already" in kim.refused(kim.posted[-1]), "a replayed assertion"
    assert "given already" in lee.refused(kim.posted[-1]), "replayed by another"

    for change in (
        {"sha256": "00" * 32}, {"action": "cancel"}, {"alert_id": "JPN-E2-A1"}, {"words": "more"}, {"nonce": "00" * 16},
    ):  # fmt: skip
        assert "is not signed by that person" in lee.refused({**lee.signed(order), **change}), (
            f"signed for another {change}"
        )
    assert "is not signed by that person" in lee.refused(lee.signed(order, by=kim)), "the key of another person"
    assert "given by this person already" in kim.refused(kim.signed(order)), "the same person twice"
    without = lee.signed(order, verification="discouraged")
    if verified(without):  # a key that verifies whenever it can: have it fail to
        lee.cdp.send(
            "WebAuthn.setUserVerified", {"authenticatorId": lee.authenticator, "isUserVerified": False}
        )  # fmt: skip
        without = lee.signed(order, verification="discouraged")
        lee.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": lee.authenticator, "isUserVerified": True})
    assert not verified(without)
    assert "is not signed by that person" in lee.refused(without), "touched, and nobody verified"
    assert "is too old" in lee.refused(old_word(lee, order, age_s=301.0))
    assert "is not signed by that person" in lee.refused(foreign_word(lee, order))
    assert sent(live.config) == []
    assert lee.post("/alert", lee.signed(order))["status"] == 200
    assert len(sent(live.config)) == 1, "Lee's own word, for these bytes, now"


def verified(order: dict[str, Any]) -> bool:
    return bool(binary(order["assertion"]["authenticator_data"])[32] & 0x04)


def binary(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def old_word(officer: Officer, order: dict[str, Any], *, age_s: float) -> dict[str, Any]:
    """An order that the person's own key truly signed, a while ago."""
    asked = officer.challenge(person=officer.name, **order)
    old = Order(
        person=officer.name, session="", action=AlertAction(order["action"]), alert_id=order["alert_id"],
        digest=bytes.fromhex(order["sha256"]), nonce=bytes.fromhex(asked["nonce"]),
        issued_ns=int(asked["issued_ns"]) - int(age_s * 1e9), signature=b"",
    )  # fmt: skip
    challenge = encoded(challenge_of(signed_bytes(old, realm=Realm.LIVE)))
    assertion = officer.sign(challenge, asked["credentials"])
    times = {"nonce": asked["nonce"], "issued_ns": str(old.issued_ns)}
    return {**order, "person": officer.name, **times, "assertion": assertion}


def foreign_word(officer: Officer, order: dict[str, Any]) -> dict[str, Any]:
    """An order that a page of another origin on the same name had signed: it looks the same to the key."""
    asked = officer.challenge(person=officer.name, **order)
    home = officer.page.url
    with foreign_page() as address:
        officer.page.goto(address)
        assertion = officer.sign(asked["challenge"], asked["credentials"])
    officer.page.goto(home)
    officer.ready()
    times = {"nonce": asked["nonce"], "issued_ns": asked["issued_ns"]}
    return {**order, "person": officer.name, **times, "assertion": assertion}


@contextmanager
def foreign_page() -> Iterator[str]:
    """A server of an empty page at another port of localhost."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Empty)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


class Empty(http.server.BaseHTTPRequestHandler):
    """An empty page."""

    log_message: Callable[..., None] = staticmethod(lambda *_: None)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>another page</title>")
