"""The command ``milepost session``: a login that is kept, and its end."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from typing import TYPE_CHECKING

import click
import msgspec

from milepost.cli.connection import Connection, asked_password, client_of, connection_options
from milepost.cli.exits import NobodyAsks, ended_by
from milepost.cli.lazy import LazyGroup
from milepost.cli.output.formats import Form, output_option, write
from milepost.cli.output.safe import visible
from milepost.cli.output.times import full_moment, seconds

if TYPE_CHECKING:
    from milepost.client.blocking import Client
    from milepost.client.environment import Login

TOKEN_STAYS = "milepost.access.token_stays"  # noqa: S105  the name of a reason
FACTS_WIDTH = len("Extension") + 2


@click.command(cls=LazyGroup, places={})
def session() -> None:
    """Log in once and for all commands, and log out.

    What is kept is a token, in the platform's keyring or in a file that only you may read. It
    counts for commands that are given nothing else, on the command line or in the environment.
    """


@session.command()
@click.option(
    "--keep", is_flag=True,
    help="Keep a machine token, which outlives sessions, instead of a session.",
)  # fmt: skip
@click.option("--name", metavar="NAME", help="With --keep: what the token is called.")
@click.option(
    "--lifetime", type=seconds, metavar="TIME",
    help="With --keep: when the token ends; without it, as late as the server lets it.",
)  # fmt: skip
@connection_options
def login(*, keep: bool, name: str | None, lifetime: float | None, connection: Connection) -> None:
    """Log in, and keep the login.

    The user and the password are asked for in a terminal when they are not given.

    \b
    Examples:
      milepost session login --user administrator
      milepost session login --url https://tasks.example.com --ca-file ca.pem --keep
      milepost session login --user ann --password-file ann.txt
    """
    if not keep and (name is not None or lifetime is not None):
        raise click.UsageError("--name and --lifetime go with --keep")
    if keep and connection.token_file is not None:
        raise click.UsageError("--keep needs a user: a token makes no token")
    from milepost.client import credentials  # late: slow

    given = who(connection)
    ident: str | None = None
    with client_of(given) as client:
        before = stored_token(client.url)
        if given.token is not None:
            # A token that is given is kept as it is, once the service knows it.
            user, token = client.session().user, given.token
        else:
            token, ident = kept_token(client, name, lifetime) if keep else (client.log_in(), None)
            user = given.user or ""
        try:
            where = credentials.save(client.url, token)
        except BaseException:
            if given.token is None and not keep:
                client.log_out()
            raise
        url = client.url
    if before is not None and before != token:
        forget_on_server(given, before)
    click.echo(f"{visible(user)} is logged in at {url}. The login is kept in {where}.")
    if ident is not None:
        click.echo(f"Logging out does not end a machine token. To end it, revoke {visible(ident)}.")


@session.command()
@connection_options
def logout(*, connection: Connection) -> None:
    """End the login that is kept, on the server too, and forget it.

    It is forgotten also when the server cannot be reached; then the exit code is 6.

    \b
    Examples:
      milepost session logout
      milepost session logout --url https://tasks.example.com
    """
    from milepost.client import credentials  # late: slow
    from milepost.client.errors import MilepostError  # late: slow

    known = place(connection)
    token = stored_token(known.url)
    if token is None:
        raise NobodyAsks(f"{known.url}: nobody is logged in.")
    try:
        ended = end(known, token)
    except MilepostError as fault:
        credentials.delete(known.url)
        click.echo("The login is forgotten here; on the server it ends by itself.", err=True)
        raise ended_by(fault) from None
    credentials.delete(known.url)
    click.echo(f"Logged out at {known.url}.")
    if not ended:
        click.echo(
            "The token is forgotten here and still counts on the server: revoke it there.", err=True
        )


@session.command()
@output_option("table", "json", "yaml", "name")
@connection_options
def show(*, connection: Connection, form: Form) -> None:
    """Say who one is for the server, and where that comes from.

    \b
    Examples:
      milepost session show
      milepost session show -o json
    """
    with connection.client() as client:
        found = client.session()
        url = client.url
    told = {"url": url, "login": source(connection), **msgspec.structs.asdict(found)}
    if form != "table":
        write([told], form, lambda one: one["user"], one=True)
        return
    rows = [("Server", url), ("User", visible(found.user)), ("Role", visible(found.role))]
    if found.scope != "full":
        rows.append(("Scope", visible(found.scope)))
    if found.extension is not None:
        rows.append(("Extension", visible(found.extension)))
    rows += [("Login", told["login"]), ("Since", full_moment(found.created_at))]
    if found.ends_at is not None:
        rows.append(("Ends", full_moment(found.ends_at)))
    for name, said in rows:
        click.echo(f"{name:{FACTS_WIDTH}}{said}")


def who(connection: Connection) -> Login:
    """Who logs in: as the options and the environment say, else as is typed."""
    if connection.token_file is None and connection.user is None:
        env = os.environ
        name = env.get("MILEPOST_USER")
        if connection.password_file is None and not env.get("MILEPOST_PASSWORD_FILE"):
            name = name or asked_name()
            known = place(connection)
            return msgspec.structs.replace(known, user=name, password=asked_password(name))
        if not name:
            connection = connection._replace(user=asked_name())
    return connection.login()


def asked_name() -> str:
    if not sys.stdin.isatty():
        raise NobodyAsks("There is no terminal to ask who logs in: name a --user")
    typed: str = click.prompt("User", err=True)
    return typed


def place(connection: Connection) -> Login:
    """The service alone, whoever asks."""
    from milepost.client.environment import resolve  # late: slow

    found = resolve(connection.url, token="", ca_file=connection.ca_file)
    return msgspec.structs.replace(found, token=None)


def stored_token(url: str) -> str | None:
    from milepost.client import credentials  # late: slow

    return credentials.load(url)


def kept_token(client: Client, name: str | None, lifetime: float | None) -> tuple[str, str]:
    """A new machine token of whoever logs in, and its id."""
    label = name or f"milepost on {platform.node() or 'this machine'}"
    whole = None if lifetime is None else int(lifetime)
    made = client.tokens.create(label, "full", lifetime=whole)
    return made.token, made.id


def forget_on_server(given: Login, token: str) -> None:
    """End the login that another one has taken the place of, if it can be."""
    from milepost.client.errors import MilepostError  # late: slow

    with contextlib.suppress(MilepostError):
        end(given, token)


def end(known: Login, token: str) -> bool:
    """End a session on the server; whether it counts no more. A machine token outlives it."""
    from milepost.client.errors import Refused, Unauthenticated  # late: slow

    asking = msgspec.structs.replace(known, user=None, password=None, token=token)
    with client_of(asking) as client:
        try:
            client.log_out()
        except Refused as refused:
            if refused.reason != TOKEN_STAYS:
                raise
    with client_of(asking) as client:
        try:
            client.session()
        except Unauthenticated:
            return True
    return False


def source(connection: Connection) -> str:
    """Where the login comes from, in the order of ``Connection.login``."""
    env = os.environ
    if connection.token_file is not None:
        return f"--token-file {connection.token_file}"
    if connection.password_file is not None:
        return f"--password-file {connection.password_file}"
    if connection.user is None and env.get("MILEPOST_TOKEN_FILE"):
        return f"MILEPOST_TOKEN_FILE {env['MILEPOST_TOKEN_FILE']}"
    if (connection.user or env.get("MILEPOST_USER")) and env.get("MILEPOST_PASSWORD_FILE"):
        return f"MILEPOST_PASSWORD_FILE {env['MILEPOST_PASSWORD_FILE']}"
    return "the password that was typed" if connection.user else "milepost session login"
