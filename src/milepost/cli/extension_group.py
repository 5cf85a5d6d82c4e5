"""The command ``milepost extension``."""

from __future__ import annotations

import click

from milepost.cli.lazy import LazyGroup

PLACES = {
    "apply": "milepost.cli.admin_extensions:apply",
    "check": "milepost.cli.extension:check",
    "delete": "milepost.cli.admin_extensions:delete",
    "list": "milepost.cli.admin_extensions:list_extensions",
    "show": "milepost.cli.admin_extensions:show",
}


@click.command(cls=LazyGroup, places=PLACES)
def extension() -> None:
    """Check the catalogues of extensions, and register extensions.

    With --url, or another option of a connection, a command asks a server over HTTP, as an
    administrator; without, it works on the data directory of this machine.
    """
