"""Where the service is and who asks: the same options for every command that speaks to it.

What is not given comes from the environment or the stored login, as in the Python library. A
password is never an argument: it is in a file, or is asked for in a terminal.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from milepost.cli.exits import NobodyAsks

if TYPE_CHECKING:
    from milepost.client.blocking import Client
    from milepost.client.environment import Login

# A command is repeated by whoever typed it: it does not try for long.
PATIENCE = 3.0
FILE = click.Path(path_type=Path)
LANGUAGE = re.compile(r"([a-z]{2,3})(?:_([A-Z]{2}))?(?:[.@].*)?", re.ASCII)


class Option(click.Option):
    """An option that a variable may stand for.

    click does not read the variable: a flag decides together with the others who asks, before the
    environment is looked at.
    """

    def __init__(self, *args: Any, variable: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.variable = variable


OPTIONS = (
    click.option(
        "--url", metavar="URL", cls=Option, variable="MILEPOST_URL",
        help="The server, otherwise http://127.0.0.1:8900.",
    ),
    click.option("--user", metavar="NAME", cls=Option, variable="MILEPOST_USER", help="Who asks."),
    click.option(
        "--password-file", metavar="FILE", type=FILE, cls=Option,
        variable="MILEPOST_PASSWORD_FILE", help="File with the password of the user.",
    ),
    click.option(
        "--token-file", metavar="FILE", type=FILE, cls=Option, variable="MILEPOST_TOKEN_FILE",
        help="File with a token, in place of user and password.",
    ),
    click.option(
        "--ca-file", metavar="FILE", type=FILE, cls=Option, variable="MILEPOST_CA_FILE",
        help="Certificates (PEM) to trust the server by, otherwise those of the system.",
    ),
)  # fmt: skip


class Connection(NamedTuple):
    """What the options say."""

    url: str | None = None
    user: str | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    ca_file: Path | None = None

    def login(self) -> Login:
        """Who asks which service. Raises ``Unusable`` and exceptions of click."""
        from milepost.client import credentials, environment  # late: slow

        def kept(url: str) -> str:
            token = credentials.load(url)
            if token is None:
                raise NobodyAsks(f"{url}: nobody is logged in. To log in: milepost session login")
            return token

        find = functools.partial(environment.resolve, self.url, ca_file=self.ca_file)
        if self.token_file is not None:
            if self.user is not None or self.password_file is not None:
                raise click.UsageError("--token-file stands for --user and --password-file")
            return find(token=environment.secret_in(self.token_file, "--token-file"))
        user = self.user or (os.environ.get("MILEPOST_USER") if self.password_file else None)
        if self.password_file is not None:
            if not user:
                raise click.UsageError("--password-file needs --user")
            password = environment.secret_in(self.password_file, "--password-file")
            return find(user=user, password=password)
        if user and not os.environ.get("MILEPOST_PASSWORD_FILE"):
            return find(user=user, password=asked_password(user))
        return find(user=user, stored=kept)

    def client(self) -> Client:
        """A client. Raises ``Unusable`` and exceptions of click."""
        return client_of(self.login())

    @property
    def is_given(self) -> bool:
        """Whether a flag asks for a connection."""
        return any(part is not None for part in self)


def client_of(login: Login, patience: float | None = None) -> Client:
    """A client; ``patience`` is how many seconds it tries to reach the service."""
    from milepost.client.blocking import Client  # late: slow

    return Client(
        login.url,
        user=login.user if login.token is None else None,
        password=login.password,
        token=login.token,
        ca_file=login.ca_file,
        retry_seconds=PATIENCE if patience is None else patience,
        language=language(),
    )


def asked_password(user: str) -> str:
    """The password, typed into a terminal."""
    if not sys.stdin.isatty():
        raise NobodyAsks(
            f"There is no terminal to ask for the password of {user}: name a --password-file"
        )
    typed: str = click.prompt(f"Password of {user}", hide_input=True, err=True)
    return typed


def language() -> str | None:
    """The reader's language, as the environment names it."""
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    found = LANGUAGE.fullmatch(next(filter(None, named), ""))
    if found is None:
        return None
    return f"{found[1]}-{found[2]},{found[1]};q=0.9" if found[2] else found[1]


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a connection; the command gets a ``Connection`` as ``connection``."""

    @functools.wraps(command)
    def connected(**given: Any) -> Any:
        parts = {name: given.pop(name) for name in Connection._fields}
        return command(connection=Connection(**parts), **given)

    for option in reversed(OPTIONS):
        option(connected)
    return connected
