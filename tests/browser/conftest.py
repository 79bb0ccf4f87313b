"""A real browser against a real gateway process; skipped by name where there is no Chromium or no built page."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from beaconfire.shell.gateway import PAGE_DIR
from tests.browser.feed_process import TOKEN

ROOT = Path(__file__).parents[2]
START_S = 60.0  # a loaded machine may take long to import the server


class Node:
    """The feed process: started, silenced, killed, started again on the same port and journal."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def signed_in(self) -> str:
        return f"{self.address}/?token={TOKEN}"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.browser.feed_process", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, "--journal", str(self.journal)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline().split()[1])

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(START_S)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def rows_written(self) -> int:
        return len(self.journal.read_text().split())

    def silence(self, *, on: bool) -> None:
        pause = self.journal.with_suffix(".pause")
        pause.touch() if on else pause.unlink()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    running = Node(tmp_path / "journal.txt")
    running.start()
    yield running
    running.kill()


# Not longer than a module: while Playwright lives, its event loop runs in this thread, and `asyncio.run` of another
# test would refuse to start.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on PATH: the page is not tested in a browser")
    if not (PAGE_DIR / "index.html").is_file():
        pytest.skip("the page is not built (npm run build in web/): nothing to open in a browser")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()
