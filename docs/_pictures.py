# ruff: noqa: INP001  a script, in no package
"""Takes the pictures of the console: a server of its own, the demo at work, and Chromium.

``make pictures`` writes them to ``docs/images``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, expect

sys.path.insert(0, str(Path(__file__).parent.parent))  # run as a script, it is in no package

from tests.console.browsing import NARROW, WIDE, chromium, window
from tests.serving import COMMAND, PASSWORD, Server, serving

IMAGES = Path(__file__).parent / "images"
FINISHED = 12
"""So many tasks have ended when the pictures are taken."""

Scheme = Literal["light", "dark"]


def main(arguments: list[str]) -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=IMAGES, help="where the pictures go")
    parser.add_argument("--speed", default="2", help="how many times faster than life the demo is")
    given = parser.parse_args(arguments)
    given.to.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="milepost-pictures-") as folder,
        serving(Path(folder) / "data") as server,
        demo(server, Path(folder), given.speed),
        chromium() as browser,
    ):
        wait(server)
        for taken in (tasks, task, overview, phone):
            taken(browser, server, given.to)


@contextmanager
def demo(server: Server, folder: Path, speed: str) -> Iterator[None]:
    """The demo at work for the time of a block; the same tasks each time."""
    password = folder / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    flags = ["--alive", "9", "--speed", speed, "--seed", "7"]
    process = subprocess.Popen(  # noqa: S603  our own command
        [COMMAND, "demo", "--url", server.url, "--password-file", password, *flags],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def wait(server: Server) -> None:
    """Wait until the list has something of everything."""
    query = "/v1/tasks?page_size=1&counts=true"
    with server.caller() as caller:
        while True:
            counts = caller.send("GET", query).json["counts"]
            if counts["FAILED"] and counts["SUCCEEDED"] + counts["FAILED"] >= FINISHED:
                return
            time.sleep(0.2)


def signed_in(page: Any, address: str = "/ui/") -> Page:
    sheet: Page = page.sign_in(address)
    expect(sheet.get_by_role("heading", level=1)).to_be_visible()
    return sheet


def tasks(browser: Browser, server: Server, folder: Path) -> None:
    """The list, light and dark; one task is being cancelled."""
    for scheme in ("light", "dark"):
        with window(browser, server, WIDE, color_scheme=scheme) as page:
            sheet = signed_in(page)
            box = sheet.locator("tbody tr input:not(:disabled)").first
            expect(box).to_be_visible()
            sheet.wait_for_timeout(1500)
            sheet.screenshot(path=folder / f"console-tasks-{scheme}.png")


def task(browser: Browser, server: Server, folder: Path) -> None:
    """A failed task."""
    for scheme in ("light", "dark"):
        with window(browser, server, WIDE, color_scheme=scheme) as page:
            sheet = signed_in(page, "/ui/?status=FAILED")
            sheet.locator("tbody a").first.click()
            expect(sheet.locator(".timeline > li").last).to_be_visible()
            sheet.wait_for_timeout(500)
            sheet.screenshot(path=folder / f"console-task-{scheme}.png")


def overview(browser: Browser, server: Server, folder: Path) -> None:
    """What has happened within a day."""
    with window(browser, server, WIDE) as page:
        sheet = signed_in(page, "/ui/overview")
        expect(sheet.get_by_role("img").first).to_be_visible()
        sheet.screenshot(path=folder / "console-overview.png")


def phone(browser: Browser, server: Server, folder: Path) -> None:
    """The list on a phone."""
    with window(browser, server, NARROW, has_touch=True, is_mobile=True) as page:
        sheet = signed_in(page)
        expect(sheet.locator("tbody tr").first).to_be_visible()
        sheet.wait_for_timeout(1500)
        sheet.screenshot(path=folder / "console-phone.png")


if __name__ == "__main__":
    main(sys.argv[1:])
