"""What a duty officer sees: pixels that move, words when the feed is gone, nothing lost over a killed server."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import scene
from tests.browser.conftest import Node

pytestmark = pytest.mark.browser
PATIENCE_S = 40.0  # generous: the machine may be busy with other things
VERMILION = (213, 94, 0)  # threatened areas
TRACK_COLOURS = ((230, 159, 0), (204, 121, 167))  # ballistic, glide
GREY = (138, 151, 163)  # everything stale

# The pixels of a layer, read from a copy: reading the layer itself would slow the page down.
_PIXELS = """const pixels = (selector) => {
  const layer = document.querySelector(selector);
  const copy = new OffscreenCanvas(layer.width, layer.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(layer, 0, 0);
  return copy.getImageData(0, 0, layer.width, layer.height);
};"""
# Mean place and number of opaque pixels near one of the colours on the layer of moving things.
_FIND = """(colours) => {
  %s
  const { data, width } = pixels("#sky");
  let n = 0, x = 0, y = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] < 100) continue;
    const near = ([r, g, b]) => Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 24;
    if (colours.some(near)) { n += 1; x += (i / 4) % width; y += Math.floor(i / 4 / width); }
  }
  return { n, x: n ? x / n : 0, y: n ? y / n : 0 };
}""".replace("%s", _PIXELS)
_GROUND = """() => {
  %s
  const { data } = pixels(".layer");
  let hash = 0;
  for (let i = 0; i < data.length; i += 4) hash = (hash * 31 + data[i] + data[i + 1] + data[i + 2]) | 0;
  return hash;
}""".replace("%s", _PIXELS)


@dataclass
class Watch:
    """A page with everything that it complained of or asked for."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        self.page.on("console", lambda message: self._console(message.type, message.text))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")

    def foreign(self) -> list[str]:
        return [url for url in self.requests if not url.startswith(self.origin + "/")]

    def data(self, name: str) -> str | None:
        return self.page.locator("html").get_attribute(f"data-{name}")

    def numbered(self) -> tuple[int, int]:
        """Last number and count of numbered rows, at one moment."""
        numbers = self.page.evaluate("() => ({ ...document.documentElement.dataset })")
        return int(numbers.get("offset", -1)), int(numbers.get("rows", 0))

    def find(self, *colours: tuple[int, int, int]) -> dict[str, float]:
        found: dict[str, float] = self.page.evaluate(_FIND, [list(colour) for colour in colours])
        return found


def wait_until(true: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.1)


@pytest.fixture
def watch(browser: Browser, node: Node) -> Iterator[Watch]:
    context: BrowserContext = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    watching = Watch(page, node.address)
    watching.listen()
    page.goto(node.signed_in)
    page.locator('html[data-ready="true"]').wait_for(timeout=1000 * PATIENCE_S)
    yield watching
    context.close()


@pytest.mark.timeout(240)
def test_the_picture_moves_and_nothing_is_asked_from_elsewhere(watch: Watch) -> None:
    wait_until(lambda: watch.find(*TRACK_COLOURS)["n"] > 60, "the track's colour on the globe")
    first = watch.find(*TRACK_COLOURS)
    wait_until(
        lambda: abs(watch.find(*TRACK_COLOURS)["x"] - first["x"]) > 5, "the track's pixels move by more than 5 px"
    )
    wait_until(lambda: watch.find(VERMILION)["n"] > 60, "the threatened area's colour on the globe")
    area = watch.find(VERMILION)["n"]
    sky = watch.page.locator("#sky").bounding_box()
    assert sky is not None
    assert area < 0.2 * sky["width"] * sky["height"], "a ring the wrong way round paints the planet"
    assert watch.complaints == []
    assert watch.foreign() == []


@pytest.mark.timeout(240)
def test_the_words_say_what_the_picture_shows(watch: Watch) -> None:
    page = watch.page
    expect(page.locator(".realm")).to_contain_text("EXERCISE · 훈련 · 演習")
    expect(page.locator("h1")).to_have_text("Beaconfire KOR")
    expect(page.locator(".events")).to_contain_text(scene.EVENT_ID, timeout=1000 * PATIENCE_S)
    expect(page.locator(".table tbody")).to_contain_text(scene.TRACK_ID, timeout=1000 * PATIENCE_S)
    expect(page.locator(".sharing")).to_contain_text("km²", timeout=1000 * PATIENCE_S)
    expect(page.locator(".partners")).to_contain_text("link up", timeout=1000 * PATIENCE_S)
    expect(page.locator(".audit ol")).to_contain_text("coarsened to 10 km", timeout=1000 * PATIENCE_S)
    expect(page.locator(".facts")).to_contain_text("39.20°N 126.00°E", timeout=1000 * PATIENCE_S)
    assert page.title() == "[EXERCISE] Beaconfire KOR"


@pytest.mark.timeout(240)
def test_each_language_is_whole_and_sets_the_pages_language(watch: Watch) -> None:
    page = watch.page
    for language, tracks, title in [("ko", "항적", "[훈련]"), ("ja", "航跡", "[演習]"), ("en", "Tracks", "[EXERCISE]")]:
        page.locator(f".languages button[lang={language}]").click()
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator(".table h2")).to_contain_text(tracks)
        assert page.title().startswith(title)
    assert watch.complaints == []


@pytest.mark.timeout(240)
def test_keys_move_the_globe(watch: Watch) -> None:
    sky = watch.page.locator("#sky")
    sky.focus()
    for key in ("ArrowLeft", "+", "Shift+ArrowUp", "Home"):
        before = watch.page.evaluate(_GROUND)
        watch.page.keyboard.press(key)
        wait_until(lambda before=before: watch.page.evaluate(_GROUND) != before, f"{key} redraws the ground")  # type: ignore[misc]
    assert watch.complaints == []


@pytest.mark.timeout(240)
def test_silence_is_said_in_words_and_greys_the_tracks(watch: Watch, node: Node) -> None:
    feed = watch.page.locator(".feed")
    wait_until(lambda: watch.find(*TRACK_COLOURS)["n"] > 60, "the track's colour on the globe")
    node.silence(on=True)
    expect(feed).to_contain_text("No heartbeat for", timeout=1000 * PATIENCE_S)
    assert watch.data("feed") == "stale"
    wait_until(lambda: watch.find(*TRACK_COLOURS)["n"] == 0, "no track keeps its colour")
    assert watch.find(GREY)["n"] > 60
    node.silence(on=False)
    expect(feed).to_contain_text("newest detection", timeout=1000 * PATIENCE_S)
    wait_until(lambda: watch.find(*TRACK_COLOURS)["n"] > 60, "the colour is back")


@pytest.mark.timeout(240)
def test_an_alert_says_whom_it_warns_and_whose_word_it_has(watch: Watch, node: Node) -> None:
    """Areas, minutes left, age, realm, sources and the hash of the bytes; nobody's session may only look."""
    pane = watch.page.locator(".alerts")
    for words in ("JPN + KOR", "Aomori Prefecture", "2.0 %", "80 %", "1 of 2 approvals kim", "lusab-babad-gutih-tugad",
                  "no receipt from sirens", "as of", "EXERCISE. Missile warning", "tested 12 s ago",
                  "connection refused"):  # fmt: skip
        expect(pane).to_contain_text(words, timeout=1000 * PATIENCE_S)
    assert re.fullmatch(r"[0-9]+:[0-9]{2}", pane.locator(".minutes").first.inner_text())
    expect(pane.locator(".mark.exercise")).to_have_text("EXERCISE")
    approve = pane.get_by_role("button", name="Approve")
    expect(approve).to_be_disabled()
    expect(pane).to_contain_text("open the page with your own exercise address")
    watch.page.get_by_role("button", name="日本語").click()
    expect(pane).to_contain_text("青森県")
    assert watch.complaints == []


@pytest.mark.timeout(240)
def test_a_killed_server_costs_no_record(watch: Watch, node: Node) -> None:
    wait_until(lambda: watch.numbered()[0] >= 3, "the first numbered rows")
    node.kill()
    expect(watch.page.locator(".feed")).to_contain_text("No heartbeat for", timeout=1000 * PATIENCE_S)
    written = node.rows_written()
    node.start()
    wait_until(lambda: watch.numbered()[0] >= written + 3, "the numbering goes on after the restart")
    offset, rows = watch.numbered()
    assert rows == offset + 1  # every number from 0 once
    assert watch.data("feed") == "live"
    expect(watch.page.locator(".notices")).to_have_text("")
    assert [complaint for complaint in watch.complaints if "net::ERR" not in complaint] == []
    assert watch.foreign() == []


@pytest.mark.timeout(240)
def test_a_stranger_gets_words_and_no_picture(browser: Browser, node: Node) -> None:
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(node.address)
    assert answer is not None
    assert answer.status == 401
    expect(page.locator("body")).to_contain_text("Open the address that the node printed")
    context.close()
