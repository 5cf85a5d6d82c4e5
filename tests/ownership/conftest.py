"""One server with users of every kind, made while it runs, shared by the room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ownership.people import (
    PEOPLE,
    TOKENS,
    add,
    add_by_command,
    disable,
    ended,
    give,
    passwd,
)
from tests.serving import PASSWORD, Server, serving


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("ownership") / "data", cancel_grace="0") as server:
        for person in PEOPLE:
            by = add_by_command if person.name == "a-2" else add
            by(server.data, person)
        # These two have had a session, which ends from outside.
        for name in ("disabled", "passed"):
            server.caller(name).close()
        disable(server.data, "disabled")
        passwd(server.data, "passed", PASSWORD)
        for name in ("disabled", "passed"):
            with server.caller(name) as caller:
                ended(server, caller.token)
        for name in TOKENS:
            give(server, name)
        yield server
