"""The command ``milepost``."""

from __future__ import annotations

import click

from milepost import __version__
from milepost.cli.admin import config, serve
from milepost.cli.admin_extensions import apply, delete, list_extensions, show
from milepost.cli.admin_tokens import token
from milepost.cli.admin_users import user
from milepost.cli.demo import demo
from milepost.cli.extension import extension
from milepost.cli.run.command import run


@click.group()
def main() -> None:
    """Milepost: the place where long work reports how far it is."""


@main.command()
def version() -> None:
    """Show the version.

    \b
    Example:
      milepost version
    """
    click.echo(f"milepost {__version__}")


for command in (apply, delete, list_extensions, show):
    extension.add_command(command)

main.add_command(serve)
main.add_command(config)
main.add_command(demo)
main.add_command(extension)
main.add_command(run)
main.add_command(token)
main.add_command(user)
