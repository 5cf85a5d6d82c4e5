"""Texts of others are shown and do nothing, wherever they stand."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.browsing import NARROW, WIDE, Program, Window, window
from tests.serving import PASSWORD, Server

pytestmark = pytest.mark.needs("chromium")
MARKUP = "<img src=x onerror=\"document.title='run'\"><script>alert(1)</script>"
TEXTS = {
    "markup": MARKUP,
    "closing": "</title></textarea></style>--><svg onload=alert(1)>",
    "template": "{{constructor.constructor('alert(1)')()}}${alert(1)}",
    "scheme": "javascript:alert(1)",
    "bidi": "invoice\u202egpj.exe \u2067right\u2066left",
    "control": "bell\x07escape\x1b[31m tab\tnext\r\nline two",
    "stacked": "Z" + "\u0341\u0316" * 60 + "algo",
    "wide": "w" * 3000,
    "arabic": "نسخة احتياطية من 3 أقراص (web-01)",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 20,
    "separator": "one\u2028two\u2029three\u200bfour\ufeff",
    "format": "%s %n {0} {name} {n}",
}
FIELDS = ("description", "operation_id", "user", "message", "target", "type", "error", "result")


def make(program: Program, text: str) -> str:
    """A failed task that has the text in every field, below one that has it too; its id."""
    short = text[:200]
    said = {"id": short, "default_message": text, "args": [short], "localized": text}
    parent = program.create(said)
    task = program.create(
        said,
        operation_id=short,
        user=short,
        target={"type": short, "id": short},
        parent_task=parent,
    )
    program.update(task, percent_done={"total": 3, "completed": 1, "message": said})
    error = {"messages": [said, said], "data": {short: text}}
    program.update(task, status="FAILED", error=error, result={short: [text, {short: text}]})
    return task


def assert_harmless(page: Window) -> None:
    """Nothing has run, nothing was made of it, nothing is pushed aside."""
    sheet = page.page
    made = sheet.evaluate(
        "document.querySelectorAll('main img, main script, main svg[onload], main style').length"
    )
    assert made == 0
    assert "run" not in sheet.title().split()
    assert not page.is_too_wide()
    hrefs = sheet.evaluate("[...document.querySelectorAll('a[href]')].map((one) => one.protocol)")
    assert set(hrefs) == {"http:"}
    assert page.faults == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_task_with_it_in_every_field_is_shown(
    browser: Browser, site: Server, program: Program, name: str, size: tuple[int, int]
) -> None:
    task = make(program, TEXTS[name])
    parent = program.send("GET", f"/v1/tasks/{task}")["parent"]
    with window(browser, site, size) as page:
        sheet = page.sign_in(f"/ui/?task={task}&parent={parent}")
        expect(sheet.locator("tbody tr")).to_have_count(1)
        assert_harmless(page)
        height = sheet.locator("tbody tr").bounding_box()
        assert height is not None
        assert height["height"] < 260
        sheet.locator("tbody a").first.click()
        expect(sheet.locator(".failure-card")).to_be_visible()
        for summary in sheet.locator("summary").all():
            summary.click()
        assert_harmless(page)
        page.open(f"/ui/tasks/{parent}")
        expect(sheet.get_by_role("heading", name="Tasks below")).to_be_visible()
        assert_harmless(page)
        page.open("/ui/overview")
        expect(sheet.get_by_role("heading", name="Failures of the last day")).to_be_visible()
        assert_harmless(page)


def test_what_cannot_be_seen_is_shown(page: Window, program: Program) -> None:
    task = make(program, TEXTS["bidi"])
    sheet = page.sign_in(f"/ui/tasks/{task}")
    heading = sheet.get_by_role("heading", level=1)
    expect(heading).to_contain_text("invoice⟨U+202E⟩gpj.exe")
    task = make(program, TEXTS["control"])
    page.open(f"/ui/tasks/{task}")
    expect(heading).to_have_text("bell␇escape␛[31m tab next …")
    expect(sheet.locator(".failure-card .what")).to_contain_text("line two")


def test_markup_is_shown_as_it_is(page: Window, program: Program) -> None:
    task = make(program, MARKUP)
    sheet = page.sign_in(f"/ui/tasks/{task}")
    expect(sheet.get_by_role("heading", level=1)).to_have_text(MARKUP)
    expect(sheet.locator(".failure-card .what")).to_have_text(MARKUP)


def test_names_of_users_and_extensions_do_nothing(page: Window, program: Program) -> None:
    name = "<img-src=x-onerror=alert(1)>"
    program.send("POST", "/v1/users", {"name": name, "role": "viewer", "password": PASSWORD})
    body = {
        "name": MARKUP,
        "operations": [{"id": MARKUP, "label": MARKUP, "description": MARKUP}],
        "catalogues": [{"locale": "de", "text": "a = b", "file": MARKUP}],
    }
    program.send("PUT", "/v1/extensions/com.hostile", body)
    program.send("POST", "/v1/tokens", {"name": MARKUP, "scope": "read", "user": name})
    sheet = page.sign_in("/ui/users")
    expect(page.row(name)).to_be_visible()
    assert_harmless(page)
    page.open("/ui/tokens")
    expect(page.row(MARKUP)).to_be_visible()
    assert_harmless(page)
    page.open("/ui/extensions")
    page.row("com.hostile").get_by_role("button", name="Show").click()
    expect(sheet.get_by_role("dialog")).to_contain_text(MARKUP)
    assert_harmless(page)


@pytest.mark.parametrize(
    "search",
    [
        f"?text={MARKUP}",
        "?status=NONE&target=x&created_after=never&order=up",
        "?page=%3Cscript%3E",
        "?user=" + "u" * 5000,
        "?" + "&".join(f"service=s{number}" for number in range(300)),
        "?service=%00",
    ],
)
def test_an_address_does_nothing(page: Window, search: str) -> None:
    sheet = page.sign_in(f"/ui/{search}")
    expect(sheet.get_by_role("heading", name="Recent tasks")).to_be_visible()
    sheet.wait_for_timeout(300)
    assert_harmless(page)


def test_the_policy_lets_nothing_else_run(page: Window) -> None:
    sheet = page.sign_in()
    assert blocked(sheet, "document.body.innerHTML = '<b>x</b>'")
    assert blocked(sheet, "document.createElement('script').text = 'alert(1)'")
    ran = sheet.evaluate(
        """() => {
          const style = document.createElement("p");
          style.setAttribute("style", "color: red");
          document.body.append(style);
          return getComputedStyle(style).color === "rgb(255, 0, 0)";
        }"""
    )
    assert not ran
    page.faults.clear()


def blocked(sheet: Page, code: str) -> bool:
    """Whether the browser refuses to make markup or a script of a text."""
    told: str = sheet.evaluate(
        f"() => {{ try {{ {code}; return ''; }} catch (fault) {{ return fault.name; }} }}"
    )
    return told == "TypeError"


def test_no_page_can_show_it_in_a_frame(browser: Browser, site: Server) -> None:
    context = browser.new_context()
    sheet = context.new_page()
    sheet.route("http://frames.test/", lambda route: route.fulfill(
        body=f'<iframe src="{site.url}/ui/"></iframe>', content_type="text/html"))  # fmt: skip
    sheet.goto("http://frames.test/")
    sheet.wait_for_timeout(500)
    assert sheet.frames[1].locator("main").count() == 0
    context.close()


def test_the_stream_is_hostile_too(page: Window, program: Program) -> None:
    task = program.create("Harmless at first")
    sheet = page.sign_in()
    row = sheet.locator(f'tr:has(a[href="/ui/tasks/{task}"])')
    expect(row).to_contain_text("Harmless at first")
    program.update(task, description=MARKUP)
    expect(row).to_contain_text(MARKUP)
    assert_harmless(page)
    assert json.dumps(MARKUP)
