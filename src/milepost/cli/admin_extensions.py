"""Commands about registered extensions, on the data directory or over HTTP."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from milepost.access.principals import Principal, Role
from milepost.cli import admin_online
from milepost.cli.admin import CannotStart, load
from milepost.cli.admin_users import Refused, config_option, data_option
from milepost.cli.connection import Connection, connection_options
from milepost.cli.output.formats import Form, json_page, output_option, write
from milepost.client.values import ExtensionSummary
from milepost.l10n.catalogues import MAX_FILE, locale_of
from milepost.rules.extensions import MOST_CATALOGUES, ExtensionOutcome, Registration, changed_parts
from milepost.rules.reasons import Refusal
from milepost.server import CannotServe, opened_extensions
from milepost.service.extensions import Extensions
from milepost.wire.extensions import Spec, decode_extension, encode_registration, expected_of
from milepost.wire.faults import Malformed

MOST_FILE = 1024 * 1024
# Whoever can open the data directory may do all.
WHO = Principal("the command line", Role.ADMINISTRATOR)

T = TypeVar("T")


class BadFile(click.ClickException):
    """A file that cannot be used; the text names it and says why."""

    exit_code = 2


@click.command()
@click.argument(
    "file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, exists=True)
)
@data_option
@config_option
@connection_options
def apply(*, file: Path, data: str | None, config: Path | None, connection: Connection) -> None:
    """Register an extension as FILE says, or change it to that.

    FILE is TOML; it names the extension, its operations, and its catalogues as files beside it.
    The same again changes nothing. A server that runs on the directory sees the change within a
    second.

    \b
    Examples:
      milepost extension apply backup.toml
      milepost extension apply backup.toml --url https://tasks.example.com
    """
    extension, version = read_extension(file)
    if over_http(connection, data, config):
        before, after = admin_online.apply(connection, extension, version)
    else:
        expected = expected_of(None, version)
        outcome = run(data, config, lambda registry: registry.apply(WHO, extension, expected))
        before, changed = done(outcome)
        assert changed is not None  # noqa: S101  what was applied is there
        after = changed
    if after == before:
        click.echo(f"{extension.key}: nothing has changed, it is at version {after.version}.")
        return
    parts = changed_parts(None if before is None else before.extension, after.extension)
    what = "registered" if before is None else f"changed ({', '.join(parts)})"
    click.echo(f"{extension.key}: {what}, it is at version {after.version}.")


@click.command("list")
@output_option()
@data_option
@config_option
@connection_options
def list_extensions(
    *, form: Form, data: str | None, config: Path | None, connection: Connection
) -> None:
    """Show all registered extensions.

    \b
    Examples:
      milepost extension list
      milepost extension list --url https://tasks.example.com -o json
    """
    if over_http(connection, data, config):
        found = admin_online.summaries(connection)
    else:
        kept = answered(run(data, config, in_time(lambda registry: registry.all(WHO))))
        found = [summary_of(registration) for registration in kept]
    if form != "table":
        write(found, form, lambda extension: extension.key, one=False)
        return
    width = max((len(extension.key) for extension in found), default=0)
    for extension in found:
        count = extension.operations
        operations = f"{count} operation{'' if count == 1 else 's'}"
        closed = " (closed)" if extension.operations_closed else ""
        click.echo(
            f"{extension.key:{width}}  version {extension.version}  {operations}{closed}"
            f"  {' '.join(extension.locales) or 'no catalogues'}"
        )


@click.command()
@click.argument("key")
@data_option
@config_option
@connection_options
def show(*, key: str, data: str | None, config: Path | None, connection: Connection) -> None:
    """Show a registered extension as JSON, with its catalogues.

    \b
    Example:
      milepost extension show com.acme.backup
    """
    if over_http(connection, data, config):
        document = admin_online.whole(connection, key)
    else:
        found = answered(run(data, config, in_time(lambda registry: registry.get(WHO, key))))
        document = msgspec.json.decode(encode_registration(found))
    click.echo(json_page(document))


@click.command()
@click.argument("key")
@data_option
@config_option
@connection_options
def delete(*, key: str, data: str | None, config: Path | None, connection: Connection) -> None:
    """Forget an extension. Its tasks stay.

    \b
    Example:
      milepost extension delete com.acme.backup
    """
    if over_http(connection, data, config):
        admin_online.delete(connection, key)
    else:
        done(run(data, config, lambda registry: registry.delete(WHO, key)))
    click.echo(f"{key}: deleted.")


def over_http(connection: Connection, data: str | None, config: Path | None) -> bool:
    """Whether a server is to be asked. Ends the command when a directory was named as well."""
    if connection.is_given and (data is not None or config is not None):
        raise click.UsageError("--data and --config do not go with a connection to a server")
    return connection.is_given


def summary_of(registration: Registration) -> ExtensionSummary:
    extension = registration.extension
    return ExtensionSummary(
        key=extension.key,
        version=registration.version,
        name=extension.name,
        operations=len(extension.operations),
        operations_closed=extension.operations_closed,
        locales=tuple(sorted({catalogue.locale for catalogue in extension.catalogues})),
        members=len(extension.members),
    )


def in_time(ask: Callable[[Extensions], T]) -> Callable[[Extensions], Awaitable[T]]:
    """A question that needs no waiting, as one that might."""

    async def asked(registry: Extensions) -> T:
        return ask(registry)

    return asked


def run(data: str | None, config: Path | None, work: Callable[[Extensions], Awaitable[T]]) -> T:
    """Do a piece of work on the extensions of a data directory."""
    settings = load(config, {"data": data})

    async def opened() -> T:
        async with opened_extensions(settings) as registry:
            return await work(registry)

    try:
        return asyncio.run(opened())
    except CannotServe as fault:
        raise CannotStart(str(fault)) from None


def answered(found: T | Refusal) -> T:
    """What was asked for. Ends the command with every fault of a refusal."""
    if isinstance(found, Refusal):
        raise Refused("\n".join(message.default_message for message in found.messages))
    return found


def done(
    outcome: ExtensionOutcome | Refusal,
) -> tuple[Registration | None, Registration | None]:
    """The extension before and after a change."""
    found = answered(outcome)
    if found.refusal is not None:
        answered(found.refusal)
    return found.before, found.after


def read_extension(file: Path) -> Spec:
    """The extension that a file describes; its catalogues are read from beside it."""
    document = read_toml(file)
    catalogues = document.get("catalogues")
    if isinstance(catalogues, list):
        if len(catalogues) > MOST_CATALOGUES:
            raise BadFile(f"{file}: catalogues: there are more than {MOST_CATALOGUES}")
        document["catalogues"] = [with_text(file, entry) for entry in catalogues]
    try:
        return decode_extension(msgspec.json.encode(document))
    except Malformed as fault:
        raise BadFile(f"{file}: {fault.refusal.message.default_message}") from None


def read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_bounded(file, MOST_FILE), parse_float=finite)
    except (tomllib.TOMLDecodeError, NotFinite, RecursionError) as fault:
        raise BadFile(f"{file}: {fault}") from None


class NotFinite(Exception):
    """A number that JSON does not have."""


def finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise NotFinite(f"{text} is not a number")
    return number


def with_text(file: Path, entry: Any) -> Any:
    """An entry of a catalogue with the text of its file, and the locale that its name tells."""
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str) or "text" in entry:
        raise BadFile(f"{file}: catalogues: each entry needs file, the name of a catalogue file")
    name = Path(entry["file"])
    text = read_bounded(file.parent / name, MAX_FILE)
    return {"locale": locale_of(name.name), **entry, "file": name.name, "text": text}


def read_bounded(file: Path, most: int) -> str:
    """The text of a file of at most some bytes."""
    try:
        with file.open("rb") as stream:
            data = stream.read(most + 1)
        if len(data) > most:
            raise BadFile(f"{file}: it is longer than {most} bytes")
        return data.decode()
    except (OSError, ValueError) as fault:
        raise BadFile(f"{file}: {fault}") from None
