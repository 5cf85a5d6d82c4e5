"""The command ``milepost version``."""

from __future__ import annotations

import click


@click.command()
def version() -> None:
    """Show the version.

    \b
    Example:
      milepost version
    """
    from milepost import __version__  # late: looks into the metadata of what is installed

    click.echo(f"milepost {__version__}")
