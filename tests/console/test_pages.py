"""The overview and the pages of administrators."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.console.browsing import Program, Window
from tests.serving import PASSWORD

pytestmark = pytest.mark.needs("chromium")


def test_the_overview_counts(page: Window, program: Program) -> None:
    of = {"extension": "com.overview"}
    program.create("Runs", **of)
    for number in range(3):
        task = program.create(f"Ends {number}", **of)
        program.update(task, status="SUCCEEDED")
    failed = program.create("Fails loudly", **of)
    program.update(failed, status="FAILED", error={"messages": ["Out of paper"]})
    told = program.send("GET", "/v1/overview")
    sheet = page.sign_in("/ui/overview")
    row = sheet.get_by_role("row").filter(has_text="com.overview")
    # Figures are told again for five seconds; the page asks every ten.
    expect(row.get_by_role("cell")).to_have_text(["0", "1", "0", "3", "1"])
    assert len(told["hours"]) == 24
    expect(sheet.get_by_role("link", name="Fails loudly")).to_be_visible()
    expect(sheet.get_by_text("Out of paper")).to_be_visible()
    expect(sheet.get_by_role("img", name="Ended by hour")).to_be_visible()
    expect(sheet.get_by_role("img", name="How long tasks took")).to_be_visible()
    sheet.get_by_text("The figures as a table").click()
    expect(sheet.get_by_role("rowheader")).to_have_count(
        24 + sheet.locator(".card tbody tr").count()
    )
    row.get_by_role("link").click()
    expect(page.row("Runs")).to_be_visible()


def test_users_are_added_changed_and_disabled(page: Window, program: Program) -> None:
    sheet = page.sign_in("/ui/users")
    sheet.get_by_role("button", name="Add a user").click()
    dialog = sheet.get_by_role("dialog")
    dialog.get_by_role("textbox", name="User").fill("paula")
    dialog.get_by_role("textbox", name="Password").fill("short")
    dialog.get_by_role("button", name="Add a user").click()
    expect(dialog).to_be_visible()
    dialog.get_by_role("textbox", name="Password").fill("long enough")
    dialog.get_by_role("button", name="Add a user").click()
    row = page.row("paula")
    expect(row).to_contain_text("Viewer")
    row.get_by_role("button", name="Role of paula").click()
    dialog.get_by_role("combobox", name="Role").select_option("extension")
    dialog.get_by_role("textbox", name="Key of the extension").fill("com.paula")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("com.paula")
    row.get_by_role("button", name="Password of paula").click()
    dialog.get_by_role("textbox", name="Password").fill("another password")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert page.server.login("paula", "another password")
    row.get_by_role("button", name="Disable paula").click()
    dialog.get_by_role("button", name="Disable").click()
    expect(row).to_contain_text("Disabled")
    assert program.send("GET", "/v1/users/paula") == {
        "name": "paula", "role": "extension", "extension": "com.paula", "disabled": True,
    }  # fmt: skip


def test_extensions_are_shown_and_forgotten(page: Window, program: Program) -> None:
    body = {
        "name": "Shown in the console",
        "operations": [{"id": "com.shown.op", "label": "An operation"}],
        "catalogues": [{"locale": "de", "text": "a = b"}],
    }
    program.send("PUT", "/v1/extensions/com.shown", body)
    sheet = page.sign_in("/ui/extensions")
    row = page.row("com.shown")
    expect(row).to_contain_text("Shown in the console")
    row.get_by_role("button", name="Show com.shown").click()
    dialog = sheet.get_by_role("dialog")
    expect(dialog).to_contain_text("An operation")
    dialog.get_by_role("button", name="Close").click()
    row.get_by_role("button", name="Forget com.shown").click()
    dialog.get_by_role("button", name="Forget").click()
    expect(row).to_have_count(0)
    assert program.ask("GET", "/v1/extensions/com.shown").status == 404


def test_pages_of_administrators_are_for_them(page: Window) -> None:
    sheet = page.open("/ui/users")
    page.type_in("vera", PASSWORD)
    expect(sheet.get_by_role("alert")).to_contain_text("The role viewer may not")
    pages = sheet.get_by_role("navigation", name="Pages")
    expect(pages.get_by_role("link")).to_have_text(["Tasks", "Overview", "Tokens", "About"])


def test_about_tells_of_the_server(page: Window, program: Program) -> None:
    server = program.send("GET", "/v1/server")
    sheet = page.sign_in("/ui/about")
    for text in ("Takes changes", server["version"], "sqlite", "Administrator"):
        expect(sheet.get_by_text(text).first).to_be_visible()


def test_tokens_are_made_shown_once_and_revoked(page: Window, program: Program) -> None:
    sheet = page.sign_in("/ui/tokens")
    sheet.get_by_role("button", name="Make a token").click()
    dialog = sheet.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill("Watcher")
    dialog.get_by_role("combobox", name="Scope").select_option("watch")
    dialog.get_by_role("textbox", name="Only for tasks").fill("com.acme.backup")
    dialog.get_by_role("button", name="Make a token").click()
    shown = dialog.get_by_role("textbox", name="The token")
    expect(shown).to_have_value(re.compile("^mpt_"))
    text = shown.input_value()
    told = page.server.call("GET", "/v1/session", None, {"Authorization": f"Bearer {text}"}).json
    assert (told["scope"], told["extension"]) == ("watch", "com.acme.backup")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    assert text not in sheet.content()
    row = page.row("Watcher")
    expect(row).to_contain_text("Watch")
    row.get_by_role("button", name="Revoke Watcher").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("Revoked")
    (token,) = [
        one for one in program.send("GET", "/v1/tokens")["tokens"] if one["name"] == "Watcher"
    ]
    assert "revoked_at" in token


def test_everybody_has_tokens_of_their_own(page: Window, program: Program) -> None:
    program.send("POST", "/v1/tokens", {"name": "Not yours", "scope": "read"})
    sheet = page.open("/ui/tokens")
    page.type_in("vera", PASSWORD)
    expect(sheet.get_by_role("heading", name="Tokens")).to_be_visible()
    sheet.get_by_role("button", name="Make a token").click()
    dialog = sheet.get_by_role("dialog")
    expect(dialog.get_by_role("textbox", name="User")).to_have_count(0)
    dialog.get_by_role("textbox", name="Name").fill("Mine")
    dialog.get_by_role("button", name="Make a token").click()
    dialog.get_by_role("button", name="Close").click()
    expect(page.row("Mine")).to_be_visible()
    expect(page.row("Not yours")).to_have_count(0)
