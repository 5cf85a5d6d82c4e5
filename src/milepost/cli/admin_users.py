"""Commands about users. They work on the data directory; a running server sees them in a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from milepost.access.principals import Role
from milepost.cli.admin import CannotStart, load
from milepost.rules.reasons import Refusal
from milepost.server import CannotServe, opened_accounts
from milepost.service.accounts import Accounts

T = TypeVar("T")

data_option = click.option("--data", metavar="DIR", help="Directory of the data.")
config_option = click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="TOML file with settings."
)
password_option = click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File with the password; without it the password is asked for.",
)


class Refused(click.ClickException):
    """The command was understood and refused; nothing was changed."""

    exit_code = 4


@click.group()
def user() -> None:
    """Add and change users, in the data directory of this machine.

    A server that runs on the directory sees the change within a second.
    """


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--extension", metavar="KEY", help="Key of the extension, with the role extension.")
@password_option
@data_option
@config_option
def add(
    *,
    name: str,
    role: str,
    extension: str | None,
    password_file: Path | None,
    data: str | None,
    config: Path | None,
) -> None:
    """Add a user.

    \b
    Examples:
      milepost user add alice --role operator
      milepost user add backup --role extension --extension com.acme.backup --password-file pw.txt
    """
    password = given_password(name, password_file)
    done = run(data, config, lambda accounts: accounts.add(name, role, extension, password))
    told(done, f"Added {name}.")


@user.command("list")
@data_option
@config_option
def list_users(*, data: str | None, config: Path | None) -> None:
    """Show all users.

    \b
    Example:
      milepost user list
    """
    found = run(data, config, lambda accounts: accounts.users())
    width = max((len(known.name) for known in found), default=0)
    for known in found:
        state = "  disabled" if known.disabled else ""
        extension = "" if known.extension is None else f"  {known.extension}"
        click.echo(f"{known.name:{width}}  {known.role}{extension}{state}")


@user.command()
@click.argument("name")
@data_option
@config_option
def disable(*, name: str, data: str | None, config: Path | None) -> None:
    """Keep a user out: no login any more, and every session ends.

    \b
    Example:
      milepost user disable alice
    """
    done = run(data, config, lambda accounts: accounts.set_disabled(name, disabled=True))
    told(done, f"Disabled {name}.")


@user.command()
@click.argument("name")
@data_option
@config_option
def enable(*, name: str, data: str | None, config: Path | None) -> None:
    """Let a disabled user log in again.

    \b
    Example:
      milepost user enable alice
    """
    done = run(data, config, lambda accounts: accounts.set_disabled(name, disabled=False))
    told(done, f"Enabled {name}.")


@user.command()
@click.argument("name")
@password_option
@data_option
@config_option
def passwd(*, name: str, password_file: Path | None, data: str | None, config: Path | None) -> None:
    """Give a user another password; every session of the user ends.

    \b
    Example:
      milepost user passwd administrator --password-file pw.txt
    """
    password = given_password(name, password_file)
    done = run(data, config, lambda accounts: accounts.set_password(name, password))
    told(done, f"{name} has another password.")


def run(data: str | None, config: Path | None, work: Callable[[Accounts], Awaitable[T]]) -> T:
    """Do a piece of work on the users of a data directory."""
    settings = load(config, {"data": data})

    async def opened() -> T:
        async with opened_accounts(settings) as accounts:
            return await work(accounts)

    try:
        return asyncio.run(opened())
    except CannotServe as fault:
        raise CannotStart(str(fault)) from None


def told(done: object, text: str) -> None:
    """Say what was done, or why it was not."""
    if isinstance(done, Refusal):
        raise Refused(done.message.default_message)
    click.echo(text)


def given_password(name: str, path: Path | None) -> str:
    """The password out of a file, or typed twice."""
    if path is None:
        typed: str = click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True)
        return typed
    try:
        return path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise click.UsageError(f"--password-file {path}: {fault}") from None
