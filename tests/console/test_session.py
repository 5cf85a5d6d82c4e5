"""Signing in and out, and a session that ends while somebody looks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.console.browsing import PATIENCE, Program, Window, window
from tests.serving import ADMINISTRATOR, PASSWORD, SESSION, Server

pytestmark = pytest.mark.needs("chromium")


def test_the_root_leads_to_the_console(site: Server) -> None:
    for path in ("/", "/ui"):
        reply = site.call("GET", path)
        assert (reply.status, reply.headers["location"]) == (302, "/ui/")


def test_a_wrong_password_is_told_and_the_right_one_lets_in(page: Window) -> None:
    sheet = page.open("/")
    page.type_in(ADMINISTRATOR, "wrong")
    alert = sheet.get_by_role("alert")
    expect(alert).to_have_text("The user name or the password is wrong.")
    expect(sheet.get_by_label("Password")).to_be_focused()
    page.type_in(ADMINISTRATOR, PASSWORD)
    expect(sheet.get_by_role("heading", name="Recent tasks")).to_be_visible()
    expect(sheet.get_by_text("Live", exact=True)).to_be_visible()
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (SESSION, True, "Lax")
    # No script of the page can read it.
    assert sheet.evaluate("document.cookie") == ""


def test_the_address_outlives_signing_in(page: Window, program: Program) -> None:
    task = program.create("Kept over the sign-in")
    sheet = page.open(f"/ui/tasks/{task}")
    page.type_in("vera", PASSWORD)
    expect(sheet.get_by_role("heading", name="Kept over the sign-in")).to_be_visible()
    # Who may only look has nothing to press.
    expect(sheet.get_by_role("button", name="Cancel")).to_be_hidden()


def test_signing_out_ends_the_session(page: Window, site: Server) -> None:
    sheet = page.open()
    page.type_in("vera", PASSWORD)
    expect(sheet.get_by_text("Viewer")).to_be_visible()
    (cookie,) = page.context.cookies()
    sheet.get_by_role("button", name="Sign out").click()
    expect(sheet.get_by_label("User")).to_be_visible()
    assert site.call("GET", "/v1/session", None, {SESSION: cookie["value"]}).status == 401
    assert page.context.cookies() == []
    sheet.reload()
    expect(sheet.get_by_label("User")).to_be_visible()


def test_a_sign_out_that_fails_is_told(page: Window, site: Server) -> None:
    sheet = page.open()
    page.type_in("vera", PASSWORD)
    expect(sheet.get_by_text("Live", exact=True)).to_be_visible()
    (cookie,) = page.context.cookies()
    sheet.route("**/v1/session", lambda route: route.abort())
    sheet.get_by_role("button", name="Sign out").click()
    told = "You are still signed in. The server cannot be reached."
    expect(sheet.get_by_text(told)).to_be_visible()
    expect(sheet.get_by_text("Viewer")).to_be_visible()
    sheet.unroute("**/v1/session")
    # A session that has ended meanwhile needs no end.
    site.call("DELETE", "/v1/session", None, {SESSION: cookie["value"]})
    expect(sheet.get_by_text("Your session has ended.")).to_be_visible()


def test_a_session_that_ends_asks_to_sign_in_and_goes_on(page: Window, site: Server) -> None:
    sheet = page.open("/ui/?status=RUNNING")
    page.type_in("oscar", PASSWORD)
    expect(sheet.get_by_text("Live", exact=True)).to_be_visible()
    (cookie,) = page.context.cookies()
    site.call("DELETE", "/v1/session", None, {SESSION: cookie["value"]})
    expect(sheet.get_by_text("Your session has ended.")).to_be_visible()
    page.type_in("oscar", PASSWORD)
    current = sheet.locator('.quick [aria-current="true"]')
    expect(current).to_contain_text("Running")
    assert sheet.url == f"{site.url}/ui/?status=RUNNING"
    expect(sheet.get_by_text("Live", exact=True)).to_be_visible()


def test_two_windows_share_the_session(browser: Browser, site: Server, program: Program) -> None:
    with window(browser, site) as first:
        sheet = first.open()
        first.type_in(ADMINISTRATOR, PASSWORD)
        expect(sheet.get_by_text("Live", exact=True)).to_be_visible()
        second = Window(site, first.context)
        other = second.open()
        expect(other.get_by_text("Live", exact=True)).to_be_visible()
        task = program.create("Seen in two windows")
        for one in (first, second):
            expect(one.row("Seen in two windows")).to_be_visible()
        program.report(task, 3, 9)
        for one in (first, second):
            expect(one.row("Seen in two windows")).to_contain_text("3 of 9")
        sheet.get_by_role("button", name="Sign out").click()
        expect(other.get_by_label("User")).to_be_visible(timeout=2 * PATIENCE)
        assert second.faults == []
