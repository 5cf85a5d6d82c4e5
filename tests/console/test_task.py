"""The page of one task: progress, history, children, what came of it, and how it is ended."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.console.browsing import Program, Window
from tests.serving import PASSWORD

pytestmark = pytest.mark.needs("chromium")
CAUSES = ["The backup failed", "The disk is full", "Quota of the tenant"]


def test_it_follows_a_task_to_its_end(page: Window, program: Program) -> None:
    task = program.create("Followed", user="anna", lease_seconds=600)
    sheet = page.sign_in(f"/ui/tasks/{task}")
    expect(sheet.get_by_role("heading", name="Followed")).to_be_visible()
    standing = sheet.get_by_role("region", name="Status")
    expect(standing).to_contain_text("a sign of life every 10 min")
    for step in range(1, 4):
        program.report(task, step * 100, 1000, f"Step {step}")
        expect(standing).to_contain_text(f"{step * 100} of 1,000 · {step * 10}%")
        expect(standing).to_contain_text(f"Step {step}")
        sheet.wait_for_timeout(600)
    expect(standing).to_contain_text("per second")
    expect(standing).to_contain_text("Time left")
    program.update(task, status="SUCCEEDED", result={"disks": 3, "names": ["sda", "sdb"]})
    expect(standing).to_contain_text("Succeeded")
    result = sheet.locator("section").filter(
        has=sheet.get_by_role("heading", name="Result", exact=True)
    )
    for text in ("disks", "3", "sda", "sdb"):
        expect(result).to_contain_text(text)
    result.get_by_text("Raw JSON").click()
    raw = result.locator("pre")
    expect(raw).to_contain_text("sdb")
    assert json.loads(raw.inner_text()) == {"disks": 3, "names": ["sda", "sdb"]}


def test_the_history_tells_who_when_and_what(page: Window, program: Program) -> None:
    task = program.create("Remembered in full", status="PENDING")
    program.update(task, status="RUNNING")
    for step in range(1, 5):
        program.report(task, step, 10)
    sheet = page.sign_in(f"/ui/tasks/{task}")
    entries = sheet.locator(".timeline > li")
    expect(entries).to_have_count(3)
    expect(entries.nth(0)).to_contain_text("4 reports of progress")
    expect(entries.nth(0)).to_contain_text("0 → 4 of 10")
    expect(entries.nth(1)).to_contain_text("Status: Queued → Running")
    expect(entries.nth(2)).to_contain_text("Created")
    expect(entries.nth(2)).to_contain_text("administrator 127.0.0.1")
    program.report(task, 6, 10)
    expect(entries.nth(0)).to_contain_text("5 reports of progress")
    program.update(task, status="BLOCKED")
    expect(entries).to_have_count(4)
    expect(entries.nth(0)).to_contain_text("Running → Blocked")


def test_a_long_history_is_loaded_bit_by_bit(page: Window, program: Program) -> None:
    task = program.create("Long history")
    for number in range(70):
        program.update(task, description=f"Name {number}")
        program.report(task, number, 100)
    sheet = page.sign_in(f"/ui/tasks/{task}")
    expect(sheet.locator(".timeline > li")).to_have_count(100)
    sheet.get_by_role("button", name="Load older changes").click()
    expect(sheet.get_by_text("Created", exact=True)).to_be_visible()
    expect(sheet.get_by_role("button", name="Load older changes")).to_be_hidden()


def test_an_error_is_told_with_its_causes(page: Window, program: Program) -> None:
    task = program.create("Goes wrong")
    sheet = page.sign_in(f"/ui/tasks/{task}")
    expect(sheet.get_by_role("heading", name="Goes wrong")).to_be_visible()
    error = {"error_type": "RESOURCE_INACCESSIBLE", "messages": CAUSES, "data": {"volume": "v7"}}
    program.update(task, status="FAILED", error=error)
    card = sheet.locator(".failure-card")
    expect(card.locator(".what")).to_have_text(CAUSES[0])
    expect(card.get_by_role("listitem")).to_have_text(CAUSES[1:])
    for text in ("RESOURCE_INACCESSIBLE", "volume", "v7"):
        expect(card).to_contain_text(text)


def test_a_cancel_shows_its_handshake(page: Window, program: Program) -> None:
    task = program.create("To be cancelled")
    sheet = page.sign_in(f"/ui/tasks/{task}")
    sheet.get_by_role("button", name="Cancel", exact=True).click()
    dialog = sheet.get_by_role("dialog")
    dialog.get_by_role("button", name="Back").click()
    sheet.get_by_role("button", name="Cancel", exact=True).click()
    dialog.get_by_role("button", name="Cancel").click()
    steps = sheet.locator(".handshake li")
    expect(steps.nth(0)).to_have_attribute("data-done", "yes")
    expect(steps.nth(1)).to_contain_text("waiting")
    expect(sheet.get_by_role("button", name="Cancel", exact=True)).to_be_hidden()
    program.update(task, cancel="acknowledged")
    expect(steps.nth(1)).to_have_attribute("data-done", "yes")
    expect(steps.nth(2)).to_have_attribute("data-done", "no")
    program.update(
        task, status="FAILED", error={"error_type": "CANCELED", "messages": ["As asked"]}
    )
    expect(steps.nth(2)).to_have_attribute("data-done", "yes")
    expect(sheet.get_by_role("region", name="Status")).to_contain_text("Failed")
    expect(sheet.locator(".timeline")).to_contain_text("Cancel requested")


def test_who_may_closes_by_force(page: Window, program: Program) -> None:
    task = program.create("Does not listen")
    sheet = page.open(f"/ui/tasks/{task}")
    page.type_in("oscar", PASSWORD)
    force = sheet.get_by_role("button", name="Close by force")
    expect(sheet.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
    expect(force).to_be_hidden()
    program.cancel(task)
    force.click()
    sheet.get_by_role("dialog").get_by_role("button", name="Close by force").click()
    expect(sheet.locator(".failure-card")).to_be_visible()
    assert program.send("GET", f"/v1/tasks/{task}")["status"] == "FAILED"
    expect(sheet.locator(".timeline")).to_contain_text("Closed by force")


def test_a_refusal_is_told_in_the_dialog(page: Window, program: Program) -> None:
    task = program.create("Ends meanwhile")
    sheet = page.sign_in(f"/ui/tasks/{task}")
    sheet.get_by_role("button", name="Cancel", exact=True).click()
    program.update(task, status="SUCCEEDED")
    dialog = sheet.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog.get_by_role("alert")).to_contain_text("SUCCEEDED")
    dialog.get_by_role("button", name="Back").click()
    expect(sheet.get_by_role("region", name="Status")).to_contain_text("Succeeded")


def test_children_are_a_tree_with_sums(page: Window, program: Program) -> None:
    parent = program.create("The whole")
    first = program.create("First part", parent_task=parent, weight=3)
    second = program.create("Second part", parent_task=parent)
    program.create("A part of the first", parent_task=first)
    sheet = page.sign_in(f"/ui/tasks/{parent}")
    card = sheet.locator("section").filter(has=sheet.get_by_role("heading", name="Tasks below"))
    expect(card).to_contain_text("0% · 2 Running")
    program.update(first, status="SUCCEEDED")
    expect(card).to_contain_text("75% · 1 Running, 1 Succeeded")
    program.report(second, 1, 4)
    expect(card).to_contain_text("1 of 4 · 25%")
    card.get_by_role("button", name="Tasks below First part").click()
    expect(card.get_by_role("link", name="A part of the first")).to_be_visible()
    card.get_by_role("link", name="A part of the first").click()
    expect(sheet.get_by_role("heading", name="A part of the first")).to_be_visible()
    sheet.get_by_role("link", name=first).click()
    expect(sheet.get_by_role("heading", name="First part")).to_be_visible()
    sheet.go_back()
    sheet.go_back()
    expect(sheet.get_by_role("heading", name="The whole")).to_be_visible()


def test_a_link_can_be_shared(page: Window, program: Program) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    task = program.create("Shared")
    sheet = page.sign_in()
    page.row("Shared").get_by_role("link").click()
    sheet.get_by_role("button", name="Copy link").click()
    expect(sheet.get_by_text("Copied.")).to_be_visible()
    link = sheet.evaluate("navigator.clipboard.readText()")
    assert link == f"{page.server.url}/ui/tasks/{task}"


def test_a_task_that_is_not_there_is_told(page: Window) -> None:
    sheet = page.sign_in("/ui/tasks/nosuchtasknosuchtasknosuch")
    expect(sheet.get_by_role("heading", name="No such task")).to_be_visible()
    expect(sheet.get_by_role("alert")).to_contain_text("there is no task")
