"""axe-core finds nothing on any page, light or dark, wide or narrow, from left or from right."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.browsing import NARROW, WIDE, Program, Window, window
from tests.serving import Server

pytestmark = pytest.mark.needs("chromium")
Scheme = Literal["light", "dark"]
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RUN = """() => axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
                                            "best-practice"]})"""
PAGES = {
    "tasks": "/ui/?operation=com.acme.axe",
    "later": "/ui/?operation=com.acme.axe&order=created",
    "nothing": "/ui/?text=nothing-fits-this",
    "overview": "/ui/overview",
    "extensions": "/ui/extensions",
    "users": "/ui/users",
    "tokens": "/ui/tokens",
    "about": "/ui/about",
}


def violations(sheet: Page) -> list[str]:
    """What axe-core finds wrong on a page."""
    sheet.evaluate(AXE)
    found: dict[str, Any] = sheet.evaluate(RUN)
    assert found["passes"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.fixture(scope="module")
def shown(site: Server) -> Iterator[str]:
    """A task with everything that a page can show, and its like in each status."""
    with Program(site) as program:
        of = {"operation_id": "com.acme.axe", "user": "anna"}
        parent = program.create("Shown to axe", **of, lease_seconds=3600)
        for status in ("PENDING", "RUNNING", "BLOCKED", "SUCCEEDED"):
            program.create(f"Child {status}", **{**of, "status": status}, parent_task=parent)
        failed = program.create("Child FAILED", **of, parent_task=parent)
        program.report(failed, 1, 3)
        program.update(
            failed, status="FAILED", error={"messages": ["What", "Why"]}, result={"a": [1, {}]}
        )
        program.report(parent, 2, 3)
        program.cancel(program.create("Being cancelled", **of))
        program.send("PUT", "/v1/extensions/com.axe", {"name": "Axe"})
        program.send("POST", "/v1/tokens", {"name": "Axe", "scope": "read"})
        yield failed


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_violation(
    browser: Browser, site: Server, shown: str, scheme: Scheme, size: tuple[int, int]
) -> None:
    faults = {}
    # axe-core is put in from outside, which the policy of the page would not let in.
    with window(browser, site, size, color_scheme=scheme, bypass_csp=True) as page:
        sheet = page.open()
        expect(sheet.get_by_label("User")).to_be_visible()
        faults["sign in"] = violations(sheet)
        page.sign_in()
        parent = PARENT.format(parent_of(site, shown))
        for name, address in {**PAGES, "failed": PARENT.format(shown), "parent": parent}.items():
            page.open(address)
            expect(sheet.get_by_role("heading", level=1)).to_be_visible()
            sheet.wait_for_load_state("networkidle") if "tasks" not in address else None
            settle(sheet)
            faults[name] = violations(sheet)
            if page.is_too_wide():
                faults[name].append("it is wider than the window")
        faults |= dialogs(page)
    assert {name: found for name, found in faults.items() if found} == {}


PARENT = "/ui/tasks/{}"


def parent_of(site: Server, task: str) -> str:
    with Program(site) as program:
        parent: str = program.send("GET", f"/v1/tasks/{task}")["parent"]
    return parent


def settle(sheet: Page) -> None:
    """Wait until the page has what it asked for."""
    expect(sheet.get_by_text("Loading…")).to_have_count(0)
    sheet.wait_for_timeout(400)


def dialogs(page: Window) -> dict[str, list[str]]:
    """What is wrong with the dialogs, and with the filters when they are open."""
    sheet, found = page.page, {}
    page.open(PAGES["tasks"])
    sheet.get_by_role("button", name="Filters").click()
    found["filters"] = violations(sheet)
    sheet.get_by_role("button", name="Settings").click()
    found["settings"] = violations(sheet)
    sheet.get_by_role("button", name="Done").click()
    expect(page.row("Child RUNNING")).to_be_visible()
    page.row("Child RUNNING").get_by_role("checkbox").check()
    sheet.get_by_role("button", name="Cancel 1 task…").click()
    found["cancel"] = violations(sheet)
    page.open("/ui/users")
    sheet.get_by_role("button", name="Add a user").click()
    found["user"] = violations(sheet)
    page.open("/ui/tokens")
    sheet.get_by_role("button", name="Make a token").click()
    found["token"] = violations(sheet)
    return found


def test_it_can_be_read_from_the_right(browser: Browser, site: Server, shown: str) -> None:
    for size in (WIDE, NARROW):
        with window(browser, site, size, bypass_csp=True) as page:
            sheet = page.sign_in()
            sheet.get_by_role("button", name="Settings").click()
            sheet.get_by_role("combobox", name="Layout", exact=True).select_option("rtl")
            sheet.get_by_role("button", name="Done").click()
            for address in (*PAGES.values(), PARENT.format(shown)):
                page.open(address)
                expect(sheet.get_by_role("heading", level=1)).to_be_visible()
                settle(sheet)
                assert sheet.evaluate("document.documentElement.dir") == "rtl"
                brand = sheet.locator(".brand").bounding_box()
                assert brand is not None
                assert brand["x"] + brand["width"] > size[0] * 0.9
                assert not page.is_too_wide(), address
                assert violations(sheet) == []


@pytest.mark.parametrize("address", [*PAGES.values(), PARENT], ids=[*PAGES, "task"])
def test_whatever_can_be_pressed_is_reached_by_tab(page: Window, shown: str, address: str) -> None:
    sheet = page.sign_in(address.format(shown))
    expect(sheet.get_by_role("heading", level=1)).to_be_visible()
    settle(sheet)
    if sheet.get_by_role("button", name="Pause").is_visible():
        sheet.get_by_role("button", name="Pause").click()
    sheet.evaluate(
        """() => {
          document.activeElement.blur();
          let number = 0;
          for (const one of document.querySelectorAll("a, button, input, select, summary")) {
            if (one.checkVisibility({visibilityProperty: true}) && !one.disabled)
              one.dataset.number = number++;
          }
          window.most = number;
        }"""
    )
    reached: set[str] = set()
    most: int = sheet.evaluate("window.most")
    for _ in range(2 * most + 10):
        sheet.keyboard.press("Tab")
        number = sheet.evaluate("document.activeElement.dataset.number ?? ''")
        if number:
            reached.add(number)
    assert reached == {str(number) for number in range(most)}
