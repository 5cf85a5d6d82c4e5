"""A browser that looks at the console, and a program that reports to the same server.

``Window`` is a page that fails the test when the page has an error, asks another host, or runs
what it should only show. ``Program`` is what an extension does, over ``/v1``.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from playwright.sync_api import sync_playwright as playwright

from tests.serving import ADMINISTRATOR, PASSWORD, Caller, Reply, Server

WIDE, NARROW = (1280, 800), (360, 740)
PATIENCE = 15_000
NETWORK = ("Failed to load resource", "net::ERR_")
Spec = dict[str, Any]

expect.set_options(timeout=PATIENCE)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    # As root it does not run in a sandbox of its own; in a container it has no shared memory.
    flags = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        yield browser
        browser.close()


class Window:
    """A page of the console; ``faults`` are what it should not have done."""

    def __init__(self, server: Server, context: BrowserContext) -> None:
        self.server = server
        self.context = context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("console", self._heard)
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self._asked(request.url))

    def _heard(self, message: ConsoleMessage) -> None:
        # A refusal and a server that is away are told there too.
        if message.type == "error" and not message.text.startswith(NETWORK):
            self.faults.append(f"console: {message.text}")

    def _asked(self, url: str) -> None:
        if not url.startswith((f"{self.server.url}/", "data:", "blob:")):
            self.faults.append(f"another host: {url}")

    def open(self, address: str = "/ui/") -> Page:
        self.page.goto(self.server.url + address)
        return self.page

    def sign_in(
        self, address: str = "/ui/", user: str = ADMINISTRATOR, password: str = PASSWORD
    ) -> Page:
        """Open an address as a user, whose session is given to the browser."""
        token = self.server.caller(user).token if password == PASSWORD else ""
        self.context.add_cookies(
            [
                {
                    "name": "vmware-api-session-id",
                    "value": token,
                    "url": self.server.url,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )
        return self.open(address)

    def type_in(self, user: str, password: str) -> None:
        """Fill the form and send it."""
        self.page.get_by_label("User").fill(user)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def row(self, name: str) -> Any:
        """The row of a task by its name."""
        return self.page.get_by_role("row").filter(has_text=name)

    def is_too_wide(self) -> bool:
        """Whether the page has to be pushed aside to be read."""
        return bool(
            self.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
        )


@contextmanager
def window(
    browser: Browser,
    server: Server,
    size: tuple[int, int] = WIDE,
    *,
    language: str = "en-GB",
    **more: Any,
) -> Iterator[Window]:
    """A browser of its own, with nothing remembered; its faults are told at the end."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=language,
        timezone_id="Europe/Berlin",
        **more,
    )
    found = Window(server, context)
    try:
        yield found
    finally:
        context.close()
    assert found.faults == []


class Program:
    """An extension at work."""

    def __init__(self, server: Server, user: str = ADMINISTRATOR) -> None:
        self.caller: Caller = server.caller(user)

    def send(self, method: str, path: str, body: Spec | None = None) -> Any:
        """A request that is answered with success; what the answer holds."""
        reply = self.ask(method, path, body)
        assert reply.status < 300, reply
        return reply.json if reply.body else None

    def ask(self, method: str, path: str, body: Spec | None = None) -> Reply:
        content = None if body is None else json.dumps(body).encode()
        return self.caller.send(method, path, content)

    def create(self, description: str | Spec, **spec: Any) -> str:
        """A running task; its id."""
        full = {
            "operation_id": "com.acme.backup.run",
            "cancelable": True,
            "status": "RUNNING",
            "description": description,
            **spec,
        }
        ident: str = self.send("POST", "/v1/tasks", full)["id"]
        return ident

    def update(self, task: str, **spec: Any) -> Spec:
        found: Spec = self.send("PATCH", f"/v1/tasks/{task}", spec)
        return found

    def report(self, task: str, completed: int, total: int, message: str = "Copying") -> None:
        self.update(task, percent_done={"completed": completed, "total": total, "message": message})

    def cancel(self, task: str) -> None:
        self.send("POST", f"/v1/tasks/{task}:cancel")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_fault: object) -> None:
        self.caller.close()
