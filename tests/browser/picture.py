"""Take the README's picture of a running console: `python -m tests.browser.picture ADDRESS FILE [--wait SECONDS]`.

ADDRESS is the one that the node prints, with its token. Waits for the globe, then for an event with a footprint.
"""

import argparse
import shutil

from playwright.sync_api import sync_playwright

START_MS = 120_000


def take(address: str, file: str, *, wait_s: float, language: str) -> None:
    """Open the console, wait until it shows an event, and write a PNG."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1600, "height": 960})
        page.goto(address)
        page.locator('html[data-ready="true"]').wait_for(timeout=START_MS)
        page.locator(f".languages button[lang={language}]").click()
        page.locator(".events li").first.wait_for(timeout=START_MS)
        page.wait_for_timeout(1000 * wait_s)
        page.screenshot(path=file)
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("file")
    parser.add_argument("--wait", type=float, default=10.0, help="seconds after the first event")
    parser.add_argument("--language", default="en", choices=["en", "ko", "ja"])
    arguments = parser.parse_args()
    take(arguments.address, arguments.file, wait_s=arguments.wait, language=arguments.language)
