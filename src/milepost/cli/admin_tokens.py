"""Commands about tokens, on the data directory or over HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from milepost.access.principals import Scope
from milepost.cli.admin import CannotStart, load
from milepost.cli.admin_extensions import over_http
from milepost.cli.admin_users import Refused, config_option, data_option
from milepost.cli.connection import Connection, connection_options
from milepost.cli.output.safe import visible
from milepost.client import values as client_values
from milepost.rules.reasons import Refusal
from milepost.rules.values import Instant
from milepost.server import CannotServe, clock, opened_tokens
from milepost.service.tokens import NewToken, Tokens
from milepost.store.base import Token

T = TypeVar("T")

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
LIFETIME = re.compile(r"([0-9]{1,10})([smhdw])")


def seconds_of(text: str) -> int:
    """The seconds of a time such as 3d. Raises ``click.BadParameter``."""
    found = LIFETIME.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no number with one of {', '.join(UNITS)} behind it.")
    return int(found[1]) * UNITS[found[2]]


@click.group()
def token() -> None:
    """Make, list and revoke tokens for programs.

    With --url, or another option of a connection, a command asks a server over HTTP, with a session
    or a password; without, it works on the data directory of this machine, and a server that runs
    on it sees the change within a second.
    """


@token.command()
@click.argument("name")
@click.option(
    "--for", "owner", metavar="USER", help="Whose rights it has; over HTTP otherwise one's own."
)
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    required=True,
    help="All that the user may, only read, or only watch.",
)
@click.option("--extension", metavar="KEY", help="Only the tasks of this extension.")
@click.option(
    "--lifetime", type=seconds_of, metavar="TIME", help="Such as 12h, 3d or 8w; then it ends."
)
@data_option
@config_option
@connection_options
def create(
    *,
    name: str,
    owner: str | None,
    scope: str,
    extension: str | None,
    lifetime: int | None,
    data: str | None,
    config: Path | None,
    connection: Connection,
) -> None:
    """Make a token and write it to the standard output, this once.

    Without --lifetime it lasts as long as the setting max_token_age lets it.

    \b
    Examples:
      milepost token create nightly --for backup --scope full --lifetime 3d > token
      milepost token create wallboard --for viewer --scope watch
      milepost token create nightly --scope full --url https://tasks.example.com --user ann
    """
    if over_http(connection, data, config):
        with connection.client() as client:
            told = client.tokens.create(
                name, scope, extension=extension, lifetime=lifetime, user=owner
            )
        show_made(as_kept(told), told.token)
        return
    if owner is None:
        raise click.UsageError("Missing option '--for': a data directory has many users")
    new = NewToken(name=name, scope=scope, extension=extension, lifetime_seconds=lifetime)
    made = run(data, config, lambda tokens: tokens.make(owner, new))
    show_made(made.token, made.text)


@token.command("list")
@click.option("--for", "owner", metavar="USER", help="Only those of this user.")
@data_option
@config_option
@connection_options
def list_tokens(
    *, owner: str | None, data: str | None, config: Path | None, connection: Connection
) -> None:
    """Show tokens, also those that have ended lately; their texts are not known to anybody.

    \b
    Examples:
      milepost token list
      milepost token list --for backup
    """
    if over_http(connection, data, config):
        with connection.client() as client:
            found = [as_kept(told) for told in client.tokens.list(owner)]
    else:
        found = run(data, config, lambda tokens: tokens.all(owner))
    show_tokens(found, clock())


@token.command()
@click.argument("ident", metavar="ID")
@data_option
@config_option
@connection_options
def revoke(*, ident: str, data: str | None, config: Path | None, connection: Connection) -> None:
    """End a token for good; its ID is in the list.

    \b
    Example:
      milepost token revoke 5f0c1d2e3a4b5c6d
    """
    if over_http(connection, data, config):
        with connection.client() as client:
            client.tokens.revoke(ident)
        click.echo(f"Revoked {visible(ident)}.")
        return
    revoked = run(data, config, lambda tokens: tokens.revoke(ident))
    click.echo(f"Revoked {revoked.name} of {revoked.owner}.")


def run(
    data: str | None, config: Path | None, work: Callable[[Tokens], Awaitable[T | Refusal]]
) -> T:
    """Do a piece of work on the tokens of a data directory."""
    settings = load(config, {"data": data})

    async def opened() -> T | Refusal:
        async with opened_tokens(settings) as tokens:
            return await work(tokens)

    try:
        done = asyncio.run(opened())
    except CannotServe as fault:
        raise CannotStart(str(fault)) from None
    if isinstance(done, Refusal):
        raise Refused(done.message.default_message)
    return done


# What is shown is the same whichever way the tokens came.


def as_kept(told: client_values.Token) -> Token:
    """A token as a server tells it, as the data directory would give it."""
    return Token(
        id=told.id,
        digest="",
        name=told.name,
        owner=told.user,
        scope=told.scope,
        extension=told.extension,
        created_at=instant(told.created_at) or 0,
        expires_at=instant(told.expires_at),
        used_at=instant(told.used_at),
        revoked_at=instant(told.revoked_at),
    )


def instant(at: datetime | None) -> Instant | None:
    return None if at is None else round(at.timestamp() * 1000)


def show_made(made: Token, text: str) -> None:
    """The token alone on the standard output, and what to know of it beside."""
    click.echo(text)
    ends = "has no end" if made.expires_at is None else f"ends {moment(made.expires_at)}"
    click.echo(f"Token {made.id} of {made.owner} {ends}. It is shown only once.", err=True)


def show_tokens(found: list[Token], now: Instant) -> None:
    """Tokens as a table."""
    head = ("ID", "NAME", "USER", "SCOPE", "EXTENSION", "USED", "STATE")
    rows = [head, *(tuple(map(visible, shown(one, now))) for one in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def shown(one: Token, now: Instant) -> tuple[str, ...]:
    used = "never" if one.used_at is None else moment(one.used_at)
    return one.id, one.name, one.owner, one.scope, one.extension or "-", used, state(one, now)


def state(one: Token, now: Instant) -> str:
    if one.revoked_at is not None:
        return f"revoked {moment(one.revoked_at)}"
    if one.expires_at is None:
        return "has no end"
    return f"{'ends' if one.is_live(now) else 'expired'} {moment(one.expires_at)}"


def moment(at: Instant) -> str:
    """An instant to the minute, in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%MZ")
