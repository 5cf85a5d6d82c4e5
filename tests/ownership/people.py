"""Users of every kind, and how they come and go on a server that runs."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from milepost.server import opened_accounts, opened_tokens
from milepost.service.accounts import Accounts
from milepost.service.tokens import Made, NewToken
from milepost.settings import Settings
from milepost.store.base import Token, User
from tests.serving import (
    COMMAND,
    DEADLINE,
    PASSWORD,
    SESSION,
    SESSION_PATH,
    Reply,
    Server,
    environment,
    eventually,
)

ASK = f"{SESSION_PATH}?~action=get"
A, B, DEFAULT = "com.acme.a", "com.other.b", "com.milepost.local"


class Person(NamedTuple):
    """A user, as it is added."""

    name: str
    role: str
    extension: str | None = None


PEOPLE = (
    Person("admin-2", "administrator"),
    Person("operator", "operator"),
    Person("viewer", "viewer"),
    Person("a-1", "extension", A),
    Person("a-2", "extension", A),
    Person("b-1", "extension", B),
    Person("disabled", "administrator"),
    Person("passed", "administrator"),
    Person("stray", "operator"),
    Person("left", "administrator"),
)


class Given(NamedTuple):
    """A token, as it is made. ``end`` is how it ends before anybody uses it."""

    owner: str
    scope: str
    extension: str | None = None
    end: str | None = None


TOKENS = {
    "root-full": Given("administrator", "full"),
    "root-a": Given("administrator", "full", A),
    "root-read": Given("administrator", "read"),
    "root-watch": Given("administrator", "watch"),
    "operator-full": Given("operator", "full"),
    "a-full": Given("a-1", "full"),
    "a-read": Given("a-1", "read", A),
    "a-watch": Given("a-1", "watch"),
    "revoked": Given("administrator", "full", end="revoked"),
    "expired": Given("administrator", "full", end="expired"),
    "orphan": Given("left", "full", end="owner disabled"),
}


def owner_of(role: str) -> str:
    """The user that a role of the matrix is, whatever it comes with."""
    return TOKENS[role].owner if role in TOKENS else role


def give(server: Server, name: str) -> None:
    """Make a token on a server that runs; it ends as it should."""
    given = TOKENS[name]
    life = 1 if given.end == "expired" else 86_400
    new = NewToken(name=name, scope=given.scope, extension=given.extension, lifetime_seconds=life)

    async def made() -> Made:
        async with opened_tokens(Settings(data=str(server.data))) as tokens:
            done = await tokens.make(given.owner, new)
            assert isinstance(done, Made)
            if given.end == "revoked":
                assert isinstance(await tokens.revoke(done.token.id), Token)
            return done

    server.remember(name, asyncio.run(made()).text)
    if given.end == "owner disabled":
        disable(server.data, given.owner)
    if given.end is not None:
        with server.caller(name) as caller:
            ended(server, caller.token)


Work = Callable[[Accounts], Awaitable[object]]


def change(data: Path, work: Work) -> None:
    """A piece of work on the users of a server that runs, as the command ``milepost user`` does it.

    The command itself takes most of a second to start, so it makes only one of the users.
    """

    async def done() -> object:
        async with opened_accounts(Settings(data=str(data))) as accounts:
            return await work(accounts)

    assert isinstance(asyncio.run(done()), User)


def add(data: Path, person: Person) -> None:
    change(data, lambda accounts: accounts.add(*person, PASSWORD))


def disable(data: Path, name: str) -> None:
    change(data, lambda accounts: accounts.set_disabled(name, disabled=True))


def enable(data: Path, name: str) -> None:
    change(data, lambda accounts: accounts.set_disabled(name, disabled=False))


def passwd(data: Path, name: str, password: str) -> None:
    change(data, lambda accounts: accounts.set_password(name, password))


def add_by_command(data: Path, person: Person) -> None:
    """The same by the command, with a key."""
    assert person.extension is not None
    file = data.with_name("password-of-user")
    file.write_text(PASSWORD + "\n", encoding="utf-8")
    words = (person.name, "--role", person.role, "--extension", person.extension)
    subprocess.run(
        [COMMAND, "user", "add", *words, "--data", data, "--password-file", file],
        env=environment(),
        stdout=subprocess.PIPE,
        timeout=DEADLINE,
        check=True,
    )


def session(server: Server, token: str) -> Reply:
    """What a session is told about itself."""
    return server.call("POST", ASK, None, {SESSION: token})


def ended(server: Server, token: str) -> None:
    """Wait until a session has ended, which it does by itself in a moment."""
    for _ in eventually("the session has ended"):
        if session(server, token).status == 401:
            return
