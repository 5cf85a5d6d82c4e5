"""What the console costs a browser: ``python bench/console.py``.

500 tasks report twice a second; the page shows 100 of them. The browser's own counters tell how
much of a core its process takes, and how long a click waits for the next picture. The first paint
is that of a page opened anew, and a report is timed from its answer to the text on the page.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser
from report import RESULTS, Line, report

sys.path.insert(0, str(Path(__file__).parent.parent))  # run as a script, it is in no package

from tests.console.browsing import Program, chromium, window
from tests.console.load import OPERATION, Load, click_delays, cost_of, first_paint
from tests.serving import Server, serving

ROWS = """localStorage.setItem("milepost.choices", '{"rows": "100"}')"""
REPORTS = 20


def loaded(
    browser: Browser, server: Server, tasks: int, every: float, seconds: float
) -> dict[str, float]:
    """What the page costs while all tasks report, and how it answers clicks."""
    load = Load(server, tasks, every)
    with window(browser, server) as page, load.running():
        sheet = page.sign_in()
        sheet.evaluate(ROWS)
        page.open(f"/ui/?operation={OPERATION}")
        sheet.locator("tbody tr").first.wait_for()
        sheet.wait_for_timeout(2000)
        sent, begun = load.sent, time.monotonic()
        cost = cost_of(page, seconds)
        rate = (load.sent - sent) / (time.monotonic() - begun)
        delays = click_delays(sheet, 20)
    return {
        "reports a second": rate,
        "% of a core, the page's thread": 100 * cost.thread,
        "% of a core, its whole process": 100 * cost.process,
        "ms from a click to the picture, the worst of 20": max(delays),
    }


def quiet(browser: Browser, server: Server) -> dict[str, float]:
    """The first paint, and how long a report takes to the page."""
    # What waits inside the page is made of a text, which the page's policy would not let run.
    with window(browser, server, bypass_csp=True) as page, Program(server) as program:
        task = program.create("Timed", operation_id="com.acme.timed")
        sheet = page.sign_in()
        paints = []
        for _ in range(5):
            page.open()
            sheet.locator("tbody tr").first.wait_for()
            paints.append(first_paint(sheet))
        page.open("/ui/?operation=com.acme.timed")
        figures = sheet.locator("tbody .col-progress .figures")
        figures.wait_for(state="attached")
        delays = []
        for step in range(1, REPORTS + 1):
            program.report(task, step, REPORTS)
            begun = time.perf_counter()
            sheet.wait_for_function(
                f"document.querySelector('tbody .col-progress .figures').textContent"
                f".startsWith('{step} of')",
                polling="raf",
            )
            delays.append(1000 * (time.perf_counter() - begun))
            sheet.wait_for_timeout(37 * step % 200)
    return {
        "ms to the first paint": statistics.median(paints),
        "ms from a report to the page": statistics.median(delays),
    }


MOST = {
    "% of a core, its whole process": 20,
    "ms from a click to the picture, the worst of 20": 100,
    "ms to the first paint": 300,
    "ms from a report to the page": 1000,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the console in Chromium.")
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two reports")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder,
        serving(Path(folder) / "data") as server,
        chromium() as browser,
    ):
        version = browser.version
        found = quiet(browser, server)
        found |= loaded(browser, server, options.tasks, options.every, options.seconds)
    lines = [Line(name, found[name], most) for name, most in MOST.items()]
    for name, value in found.items():
        print(f"{name:50} {value:8.1f}")
    report(options.out, "console", lines, figures=found, chromium=version)


if __name__ == "__main__":
    main()
