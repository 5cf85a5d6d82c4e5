"""One server for the room, a browser for each module, a window and a program for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.console.browsing import Program, Window, chromium, window
from tests.serving import PEOPLE, Server, add_people, serving


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which a task may be closed by force at once."""
    data = tmp_path_factory.mktemp("console") / "data"
    add_people(data, PEOPLE)
    with serving(data, cancel_grace="0") as running:
        yield running


@pytest.fixture(scope="module")
def browser(site: Server) -> Iterator[Browser]:
    """Chromium. It has an event loop in this thread, so no other can run beside it."""
    assert site.url
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser, site: Server) -> Iterator[Window]:
    """A window of the usual size, with nothing remembered."""
    with window(browser, site) as found:
        yield found


@pytest.fixture
def program(site: Server) -> Iterator[Program]:
    """An extension that reports to the server."""
    with Program(site) as found:
        yield found
