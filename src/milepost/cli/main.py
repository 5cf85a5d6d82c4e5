"""The command ``milepost``."""

from __future__ import annotations

import click

from milepost import __version__
from milepost.cli.admin import config, serve
from milepost.cli.admin_users import user
from milepost.cli.demo import demo


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Milepost: the place where long work reports how far it is."""


@main.command()
def version() -> None:
    """Show the version."""
    click.echo(f"milepost {__version__}")


main.add_command(serve)
main.add_command(config)
main.add_command(demo)
main.add_command(user)
