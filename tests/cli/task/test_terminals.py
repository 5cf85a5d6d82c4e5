"""What stands on the screen of a real terminal, while things happen, at several widths."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.cli.conftest import Run
from tests.cli.screens import terminal
from tests.serving import Server

Start = Callable[..., str]


@pytest.fixture
def start(cli: Run, operation: str) -> Start:
    """Makes a task that runs."""

    def made(*words: str) -> str:
        given = ("task", "create", operation, *words, "--status", "RUNNING", "--cancelable")
        return cli(*given).stdout.strip()

    return made


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_bars_move_in_their_place(
    cli: Run, start: Start, elsewhere: dict[str, str], columns: int
) -> None:
    first = start("Backup of web-01", "--progress", "1/4", "--message", "one")
    second = start("Copy to the other site", "--progress", "50%")
    with terminal("task", "watch", first, second, environment=elsewhere, columns=columns) as screen:
        screen.shows("25%")
        screen.shows("50%")
        cli("task", "update", first, "--progress", "3/4", "--message", "three")
        screen.until(
            "the picture is new and in its place",
            lambda seen: (
                "75%" in seen.text
                and "25%" not in seen.text
                and len(seen.text.splitlines()) == 2
                and ("━" in seen.text) == (columns >= 60)
            ),
        )
        cli("task", "update", first, "--status", "SUCCEEDED")
        cli("task", "update", second, "--status", "FAILED", "--error", "Disk full")
        assert screen.ended() == 1
        lines = screen.text.splitlines()
    assert re.match(r"Backup of.*  SUCCEEDED  ", lines[0])
    assert re.match(r"Copy to.*  FAILED  ", lines[1])
    assert lines[2].startswith("Error: failed: ")


@pytest.mark.parametrize("columns", [40, 80])
def test_ctrl_c_leaves_the_last_picture_once(
    start: Start, elsewhere: dict[str, str], columns: int
) -> None:
    tasks = [start(f"A rather long name of task {number}") for number in range(3)]
    with terminal("task", "watch", *tasks, environment=elsewhere, columns=columns) as screen:
        screen.until("three lines", lambda seen: seen.text.count("A rather") == 3)
        screen.interrupt()
        assert screen.ended() == 130
        assert screen.text.count("A rather") == 3
        assert "Traceback" not in screen.text
        # The cursor is back.
        assert screen.raw.rstrip().endswith(b"\x1b[?25h")


def test_a_list_that_is_followed(
    cli: Run, start: Start, operation: str, elsewhere: dict[str, str]
) -> None:
    first = start("First", "--progress", "1/4")
    words = ("task", "list", "-w", "--operation", operation)
    with terminal(*words, environment=elsewhere, columns=80) as screen:
        screen.shows("25%")
        second = start("Second")
        screen.shows(second)
        cli("task", "update", first, "--progress", "2/4")
        screen.until(
            "the picture is new and in its place",
            lambda seen: (
                "50%" in seen.text and "25%" not in seen.text and seen.text.count(first) == 1
            ),
        )
        screen.interrupt()
        assert screen.ended() == 130


@pytest.mark.parametrize("name", ["NO_COLOR", "TERM"])
def test_no_colours_where_none_are_wanted(
    start: Start, elsewhere: dict[str, str], operation: str, name: str
) -> None:
    start("Plain")
    wanted = {**elsewhere, name: "dumb" if name == "TERM" else "1"}
    with terminal("task", "list", "--operation", operation, environment=wanted) as screen:
        assert screen.ended() == 0
        colours = re.findall(rb"\x1b\[[0-9;]*m", screen.raw)
    assert {code for code in colours if code not in (b"\x1b[0m", b"\x1b[1m", b"\x1b[2m")} == set()
    assert name == "NO_COLOR" or b"\x1b" not in screen.raw


def test_colours_in_a_terminal(start: Start, elsewhere: dict[str, str], operation: str) -> None:
    start("Colourful")
    with terminal("task", "list", "--operation", operation, environment=elsewhere) as screen:
        assert screen.ended() == 0
        assert b"\x1b[36mRUNNING" in screen.raw


def test_a_dumb_terminal_gets_lines(cli: Run, start: Start, elsewhere: dict[str, str]) -> None:
    task = start("Copy", "--progress", "1/4")
    with terminal("task", "watch", task, environment={**elsewhere, "TERM": "dumb"}) as screen:
        screen.shows("RUNNING  25%  1/4  Copy")
        cli("task", "update", task, "--status", "SUCCEEDED")
        screen.shows("SUCCEEDED  25%  1/4  Copy")
        assert screen.ended() == 0
        assert b"\x1b" not in screen.raw


def test_wide_letters_do_not_break_the_picture(
    start: Start, elsewhere: dict[str, str], operation: str
) -> None:
    start("漢字のバックアップと長い名前のタスクです", "--progress", "1/4")
    start("Plain", "--progress", "3/4")
    with terminal("task", "list", "--operation", operation, environment=elsewhere) as screen:
        assert screen.ended() == 0
        lines = [line for line in screen.text.splitlines() if "RUNNING" in line]
    assert len(lines) == 2
    assert {line.index("%") for line in lines} == {lines[0].index("%")}


def test_a_password_is_typed_and_not_shown(server: Server, elsewhere: dict[str, str]) -> None:
    wanted = {name: text for name, text in elsewhere.items() if name != "MILEPOST_TOKEN_FILE"}
    words = ("task", "list", "--url", server.url, "--user", "vera", "--limit", "1", "-o", "name")
    with terminal(*words, environment=wanted) as screen:
        screen.shows("Password of vera:")
        screen.press("correct horse battery staple\n")
        assert screen.ended() == 0
        assert "staple" not in screen.text


def test_names_are_not_awaited_from_a_terminal(elsewhere: dict[str, str]) -> None:
    with terminal("task", "get", "-", environment=elsewhere) as screen:
        assert screen.ended() == 2
        assert "that is a terminal" in screen.text
