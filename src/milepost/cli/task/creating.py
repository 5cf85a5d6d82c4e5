"""``milepost task create``."""

from __future__ import annotations

from typing import Any

import click

from milepost.cli.connection import Connection, connection_options
from milepost.cli.output.formats import Form, output_option, write
from milepost.cli.task.listing import id_of
from milepost.cli.task.naming import completed
from milepost.cli.task.saying import change_options, changes_of
from milepost.cli.task.selecting import target_of


@click.command()
@click.argument("operation")
@click.argument("description", required=False)
@click.option("--target", type=target_of, metavar="TYPE:ID", help="What it works on.")
@click.option(
    "--parent", metavar="TASK", shell_complete=completed, help="The task that it is a part of."
)
@click.option("--weight", type=float, help="Its share in the progress of the parent.")
@click.option("--cancelable", is_flag=True, help="Whoever works on it ends it when asked.")
@click.option("--initiator", metavar="NAME", help="Who has begun it; without it, whoever asks.")
@click.option("--extension", metavar="KEY", help="Whose task it is; for administrators.")
@click.option(
    "--key", metavar="TEXT", help="The same key again makes no second task, for 24 hours."
)
@change_options(for_create=True)
@output_option()
@connection_options
def create(
    *,
    operation: str,
    description: str | None,
    key: str | None,
    connection: Connection,
    form: Form,
    **given: Any,
) -> None:
    """Make a task, and write its id.

    OPERATION is the kind of work, DESCRIPTION what people read.

    \b
    Examples:
      milepost task create backup "Backup of web-01"
      TASK=$(milepost task create backup --status RUNNING --progress 0/10 --lease 5m)
      milepost task create backup --target VirtualMachine:vm-17 --cancelable -o json
      milepost task create backup --key "nightly-$(date +%F)"
    """
    options = {name: given.pop(name) for name in ("target", "parent", "weight", "extension")}
    initiator, cancelable = given.pop("initiator"), given.pop("cancelable")
    said = {**changes_of(**given), **options, "cancelable": cancelable, "description": description}
    present: Any = {name: value for name, value in said.items() if value is not None}
    with connection.client() as client:
        present["user"] = initiator or client.session().user
        task = client.create(operation, idempotency_key=key, **present)
    write([task], "name" if form == "table" else form, id_of, one=True)
