"""Many tasks that report all the time, and what the browser says that costs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from playwright.sync_api import Page

from tests.console.browsing import Program, Window
from tests.serving import Server

OPERATION = "com.acme.load"
TOTAL = 1_000_000
AT_ONCE = 100
WATCH_CLICKS = """() => {
  window.clicks = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (one.interactionId) window.clicks.push(one.duration);
    }
  }).observe({type: "event", durationThreshold: 16});
}"""


class Cost(NamedTuple):
    """Shares of one core: of the page's own thread, and of its whole process."""

    thread: float
    process: float


class Load:
    """Tasks of which each reports every so many seconds, from threads of their own."""

    def __init__(self, server: Server, count: int, every: float) -> None:
        self.sent = 0
        self._server = server
        self._every = every
        self._stop = threading.Event()
        with Program(server) as program:
            spec = {"operation_id": OPERATION, "cancelable": True, "status": "RUNNING"}
            requests = [{"create": {**spec, "description": f"Load {n}"}} for n in range(count)]
            made = program.send("POST", "/v1/tasks:batch", {"requests": requests})
            self.ids = [one["task"]["id"] for one in made["results"]]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Report for the time of a block."""
        groups = [self.ids[place : place + AT_ONCE] for place in range(0, len(self.ids), AT_ONCE)]
        threads = [threading.Thread(target=self._report, args=(group,)) for group in groups]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            self._stop.set()
            for one in threads:
                one.join()

    def _report(self, ids: list[str]) -> None:
        completed, due = 0, time.monotonic()
        with Program(self._server) as program:
            while not self._stop.is_set():
                completed += 1
                said = {"total": TOTAL, "completed": completed, "message": f"Part {completed}"}
                spec = {"percent_done": said}
                requests = [{"update": {"task": one, "spec": spec}} for one in ids]
                program.send("POST", "/v1/tasks:batch", {"requests": requests})
                self.sent += len(ids)
                due = max(due + self._every, time.monotonic())
                self._stop.wait(due - time.monotonic())


def cost_of(page: Window, seconds: float) -> Cost:
    """What the page costs while nothing is done on it, by the browser's own counters."""
    session = page.context.new_cdp_session(page.page)
    session.send("Performance.enable")

    def read() -> dict[str, float]:
        found: dict[str, Any] = session.send("Performance.getMetrics")
        return {one["name"]: one["value"] for one in found["metrics"]}

    before = read()
    page.page.wait_for_timeout(seconds * 1000)
    after = read()
    # Its clock is that of the browser, so a late answer does not count.
    passed = after["Timestamp"] - before["Timestamp"]
    shares = ((after[name] - before[name]) / passed for name in ("TaskDuration", "ProcessTime"))
    return Cost(*shares)


def click_delays(sheet: Page, count: int) -> list[float]:
    """Milliseconds from each click to the next picture, as the browser measures it; 0 below 16."""
    sheet.evaluate(WATCH_CLICKS)
    boxes = sheet.locator("tbody input[type=checkbox]")
    for number in range(count):
        boxes.nth(number).click()
    sheet.wait_for_timeout(500)
    delays: list[float] = sheet.evaluate("window.clicks")
    return delays or [0.0]


def first_paint(sheet: Page) -> float:
    """Milliseconds until the page showed something."""
    found: float = sheet.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    )
    return found


def kept_nodes(page: Window) -> float:
    """How many nodes the page keeps, once what it let go is collected."""
    session = page.context.new_cdp_session(page.page)
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    found: dict[str, Any] = session.send("Performance.getMetrics")
    session.detach()
    return next(float(one["value"]) for one in found["metrics"] if one["name"] == "Nodes")
