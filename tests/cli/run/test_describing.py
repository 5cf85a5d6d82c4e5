"""What a run is called: its command line without what is easily seen to be a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.cli.run.describing import LONGEST, described


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (["./backup.sh", "--full"], "./backup.sh --full"),
        (["sh", "-c", "echo a b"], "sh -c 'echo a b'"),
        (["sh", "-c", "one\n  two\ttwo"], "sh -c 'one two two'"),
        (["a", ""], "a ''"),
        (["a", "\x1b[31m\x07"], "a ' [31m '"),
        (["x", "--password", "hunter2", "-v"], "x --password … -v"),
        (["x", "--password=hunter2"], "x --password=…"),
        (["x", "--db-password", "hunter2"], "x --db-password …"),
        (["x", "--password", "--verbose"], "x --password --verbose"),
        (["x", "-token", "t", "--api_key=k"], "x -token … --api_key=…"),
        (["env", "DB_PASSWORD=hunter2", "x"], "env DB_PASSWORD=… x"),
        (["env", "AWS_SECRET_ACCESS_KEY=k", "x"], "env AWS_SECRET_ACCESS_KEY=… x"),
        (["pg_dump", "postgres://ada:hunter2@db/x"], "pg_dump postgres://ada:…@db/x"),
        (["curl", "-H", "Authorization: Bearer abc"], "curl -H 'Authorization: …'"),
        (["curl", "https://host/a:b@c"], "curl https://host/a:b@c"),
        (["x", "--passenger", "ada"], "x --passenger ada"),
    ],
)
def test_descriptions(command: list[str], text: str) -> None:
    assert described(command) == text


@given(st.lists(st.text(), min_size=1))
def test_a_description_is_one_short_line(command: list[str]) -> None:
    text = described(command)
    assert len(text) <= LONGEST
    assert text.isprintable()


@given(st.text("abcdefgh0123456789", min_size=9))
def test_a_secret_is_not_in_it(secret: str) -> None:
    ways = [["--token", secret], [f"--token={secret}"], [f"TOKEN={secret}"], [f"a://b:{secret}@c"]]
    for way in ways:
        assert secret not in described(["x", *way])
