"""Commands about the server itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from milepost import logs, settings
from milepost.server import CannotServe
from milepost.server import serve as run_server


class CannotStart(click.ClickException):
    """The server cannot start."""

    exit_code = 3


@click.command()
@click.option("--data", metavar="DIR", help="Directory of the data.")
@click.option("--bind", metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="TOML file with settings."
)
@click.option("--insecure-http/--no-insecure-http", default=None, help="Plain HTTP anywhere.")
@click.option(
    "--tls",
    type=click.Choice(["off", "self"]),
    help="self: serve over TLS with a certificate made and kept for this host.",
)
@click.option("--tls-cert", metavar="FILE", help="Serve over TLS with this certificate (PEM).")
@click.option("--tls-key", metavar="FILE", help="The key of --tls-cert (PEM, no passphrase).")
@click.option(
    "--admin-password-file",
    metavar="FILE",
    help="Password of the administrator that the first start makes.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="The least important records that are logged.",
)
def serve(config: Path | None, **flags: Any) -> None:
    """Start the server.

    The first start makes an administrator and tells the password once, or takes it from the file
    that --admin-password-file or MILEPOST_ADMIN_PASSWORD_FILE names.

    \b
    Examples:
      milepost serve
      milepost serve --data /srv/milepost --bind 127.0.0.1:9000
      milepost serve --tls self
      milepost serve --bind 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem
      MILEPOST_SPEC_VALIDATION=strict milepost serve
    """
    loaded = load(config, flags)
    logs.configure(loaded.log_level, loaded.log_format)
    try:
        run_server(loaded, announce)
    except CannotServe as fault:
        raise CannotStart(str(fault)) from None
    except KeyboardInterrupt:
        announce("Stopped.")


@click.command()
@click.option(
    "--config", "path", type=click.Path(path_type=Path), metavar="FILE", help="TOML file."
)
def config(path: Path | None) -> None:
    """Show every setting, its value, where the value comes from, and what it does.

    \b
    Examples:
      milepost config
      milepost config --config milepost.toml
    """
    loaded = loading(path, {})
    for name in loaded.settings.__struct_fields__:
        value = getattr(loaded.settings, name)
        click.echo(f"{name} = {settings.written(value)}")
        click.echo(f"    {settings.MEANINGS[name]}  [{loaded.sources[name]}]")


def load(path: Path | None, flags: dict[str, Any]) -> settings.Settings:
    return loading(path, flags).settings


def loading(path: Path | None, flags: dict[str, Any]) -> settings.Sourced:
    try:
        return settings.load(flags=flags, config=path)
    except settings.BadSettings as fault:
        raise click.UsageError(str(fault)) from None


def announce(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()
