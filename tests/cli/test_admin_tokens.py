"""``milepost token create``, ``list`` and ``revoke``."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from milepost.access.tokens import is_whole
from milepost.cli.main import main
from milepost.server import opened_accounts
from milepost.settings import Settings

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    data = str(tmp_path / "data")

    async def people() -> None:
        async with opened_accounts(Settings(data=data)) as accounts:
            await accounts.add("backup", "extension", "com.acme.backup", "a long password")
            await accounts.add("vera", "viewer", None, "a long password")

    asyncio.run(people())
    return lambda *words: CliRunner().invoke(main, ["token", *words, "--data", data])


def rows(result: Result) -> list[list[str]]:
    """The cells of a table, without its head."""
    assert result.exit_code == 0, result.output
    return [re.split(r" {2,}", line) for line in result.stdout.splitlines()[1:]]


def test_a_life(run: Run) -> None:
    assert rows(run("list")) == []
    made = run("create", "nightly", "--for", "backup", "--scope", "full", "--lifetime", "3d")
    assert is_whole(made.stdout.rstrip("\n")), "nothing else, so that it can go into a file"
    assert "It is shown only once." in made.stderr
    run("create", "wall", "--for", "vera", "--scope", "watch", "--extension", "com.acme.backup")

    first, second = rows(run("list"))
    assert first[1:5] == ["nightly", "backup", "full", "-"]
    assert re.fullmatch(r"ends \d{4}-\d\d-\d\d \d\d:\d\dZ", first[6])
    assert second[1:6] == ["wall", "vera", "watch", "com.acme.backup", "never"]
    assert rows(run("list", "--for", "vera")) == [second]

    assert run("revoke", first[0]).stdout == "Revoked nightly of backup.\n"
    assert rows(run("list"))[0][6].startswith("revoked ")
    assert run("revoke", first[0]).exit_code == 0, "once more changes nothing"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("create", "n", "--for", "nobody", "--scope", "full"), 4, "nobody"),
        (("create", "", "--for", "vera", "--scope", "read"), 4, "name"),
        (("create", "n", "--for", "vera", "--scope", "all"), 2, "'all' is not one of"),
        (
            ("create", "n", "--for", "vera", "--scope", "read", "--lifetime", "3 days"),
            2,
            "'3 days' is no number with one of s, m, h, d, w behind it.",
        ),
        (("create", "n", "--for", "vera", "--scope", "read", "--lifetime", "0s"), 4, "lifetime"),
        (
            ("create", "n", "--for", "backup", "--scope", "read", "--extension", "com.other"),
            4,
            "com.other",
        ),
        (("list", "--for", "nobody"), 4, "nobody"),
        (("revoke", "0123"), 4, "there is no token 0123"),
    ],
)
def test_what_is_refused_says_why(run: Run, words: tuple[str, ...], code: int, says: str) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert says in result.stderr


def test_a_name_is_given_once_while_its_token_counts(run: Run) -> None:
    words = ("create", "n", "--for", "vera", "--scope", "read")
    run(*words)
    assert "already" in run(*words).stderr
    ((ident, *_),) = rows(run("list"))
    run("revoke", ident)
    assert run(*words).exit_code == 0
