"""The command ``milepost demo``."""

from __future__ import annotations

from pathlib import Path

import click

from milepost.client.blocking import Client
from milepost.client.errors import BadCaFile, MilepostError, Unusable
from milepost.demo.extension import Demo


class RefusedByServer(click.ClickException):
    """The server refused, or could not be reached."""

    exit_code = 4


@click.command()
@click.option(
    "--url", envvar="MILEPOST_URL", default="http://127.0.0.1:8900", show_default=True,
    help="The server.",
)  # fmt: skip
@click.option(
    "--user",
    envvar="MILEPOST_USER",
    default="administrator",
    show_default=True,
    help="Who logs in.",
)
@click.option(
    "--password-file",
    envvar="MILEPOST_PASSWORD_FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="File with the password; without it the password is asked for.",
)
@click.option(
    "--ca-file",
    envvar="MILEPOST_CA_FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Certificates (PEM) to trust the server by; without it those of the system.",
)
@click.option(
    "--alive", type=click.IntRange(1, 1000), default=6, show_default=True, help="Tasks at once."
)
@click.option("--tasks", type=click.IntRange(1), help="End after this many tasks.")
@click.option(
    "--speed",
    type=click.FloatRange(0.01, 1000),
    default=1.0,
    show_default=True,
    help="How many times faster than life.",
)
@click.option("--seed", type=int, help="The same seed makes the same tasks.")
def demo(
    *,
    url: str,
    user: str,
    password_file: Path | None,
    ca_file: Path | None,
    alive: int,
    tasks: int | None,
    speed: float,
    seed: int | None,
) -> None:
    """Fill a server with living tasks, as an extension would.

    The tasks run, wait, fail and succeed. The backups can be canceled: the demo hears of it in
    the answer to its next update and ends the task. Run by an administrator, it registers what it
    says in English, German, Japanese and Arabic, so that its tasks are shown in each.

    \b
    Examples:
      milepost demo
      milepost demo --password-file password.txt --alive 20
      milepost demo --tasks 10 --speed 5
      milepost demo --url https://localhost:8900 --ca-file certificate.pem
    """
    password = (
        click.prompt(f"Password of {user}", hide_input=True)
        if password_file is None
        else password_file.read_text(encoding="utf-8").strip("\r\n")
    )
    try:
        with Client(url, user=user, password=password, ca_file=ca_file, retry_seconds=0) as client:
            # A server that is away at first is more likely a wrong address.
            client.session()
            Demo(client, click.echo, alive=alive, most=tasks, speed=speed, seed=seed).run()
    except BadCaFile as fault:
        raise click.UsageError(f"--ca-file {fault}") from None
    except Unusable as fault:
        raise click.UsageError(str(fault)) from None
    except MilepostError as fault:
        raise RefusedByServer(str(fault)) from None
    except KeyboardInterrupt:
        click.echo("Stopped; open tasks stay as they are.")
