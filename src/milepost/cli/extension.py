"""Commands for authors of extensions."""

from __future__ import annotations

from pathlib import Path

import click

from milepost.l10n.catalogues import (
    MAX_FILE,
    BadCatalogue,
    Catalogue,
    Catalogues,
    Fault,
    differences,
    locale_of,
    read_catalogue,
)
from milepost.l10n.formats import known_locale, known_zone
from milepost.l10n.rendering import Reader, reader_of, render
from milepost.l10n.templates import FRACTION, WHOLE, Form
from milepost.rules.instants import read_instant
from milepost.rules.values import Message, NestedMessage, Param

NESTED = "@"


class Faulty(click.ClickException):
    """A catalogue has faults, or none has a text for the message."""

    exit_code = 5


@click.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
)  # fmt: skip
@click.option(
    "--format",
    "form",
    type=click.Choice(["icu", "printf"]),
    default="icu",
    show_default=True,
    help="The form of the templates.",
)
@click.option("--render", "ident", metavar="ID", help="Show this message as a reader sees it.")
@click.option(
    "--locale", metavar="TAGS", help="The reader's languages, as in Accept-Language: de-AT,en;q=0.5"
)
@click.option("--format-locale", metavar="TAG", help="The reader's locale of numbers and dates.")
@click.option("--timezone", metavar="NAME", help="The reader's time zone, such as Europe/Berlin.")
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE",
    help="A param of the message; its type is that of the value, @ID is a nested message.",
)  # fmt: skip
@click.option("--arg", "args", multiple=True, metavar="TEXT", help="The next of its args.")
def check(
    *,
    files: tuple[Path, ...],
    form: Form,
    ident: str | None,
    locale: str | None,
    format_locale: str | None,
    timezone: str | None,
    params: tuple[str, ...],
    args: tuple[str, ...],
) -> None:
    """Check message catalogues, and try a message.

    A file is a Java properties file in UTF-8 whose name ends with its locale, such as
    messages_de.properties. Every fault is told as FILE:LINE: ID: WHAT. The first file is the
    measure of the others: each must have the same messages with the same arguments.

    \b
    Examples:
      milepost extension check en.properties de.properties
      milepost extension check --format printf messages_de.properties
      milepost extension check de.properties --render com.acme.copied --param n=3
    """
    found = checked(files, form)
    if ident is None:
        for catalogue in found:
            click.echo(f"{catalogue.file}: {catalogue.locale}, {len(catalogue.templates)} messages")
        return
    reader = reader_for(locale or found[0].locale, format_locale, timezone)
    message = Message(ident, "", args, dict(map(param_of, params)) or None)
    # Nobody speaks the default here, so that no language is skipped in favour of it.
    rendered = render(message, reader, Catalogues(found, default="und"))
    if rendered is None:
        raise Faulty(f"{ident}: no text with these arguments; a reader sees its default_message.")
    click.echo(rendered.text)


def checked(files: tuple[Path, ...], form: Form) -> list[Catalogue]:
    """The catalogues in the files; ends the command when there are faults."""
    found: list[Catalogue] = []
    faults: list[Fault] = []
    for file in files:
        try:
            found.append(read_file(file, form))
        except BadCatalogue as refused:
            faults += refused.faults
    # What a file with faults lacks is not known.
    for catalogue in [] if faults else found[1:]:
        faults += differences(found[0], catalogue)
    for fault in faults:
        click.echo(str(fault))
    if faults:
        raise Faulty(f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'} found.")
    return found


def read_file(file: Path, form: Form) -> Catalogue:
    locale = locale_of(file.name)
    if locale is None:
        raise click.UsageError(f"{file}: the name does not end with a locale, as in _de.properties")
    with file.open("rb") as stream:
        data = stream.read(MAX_FILE + 1)
    return read_catalogue(data, file=str(file), locale=locale, form=form)


def reader_for(languages: str, format_locale: str | None, timezone: str | None) -> Reader:
    """The reader of a message that is tried."""
    if format_locale is not None and known_locale(format_locale) is None:
        raise click.UsageError(f"--format-locale: {format_locale} is not known")
    if timezone is not None and known_zone(timezone) is None:
        raise click.UsageError(f"--timezone: {timezone} is not known")
    reader = reader_of(languages, format_locale, timezone)
    if not reader.languages.wanted:
        raise click.UsageError(f"--locale: {languages} names no language")
    return reader


def param_of(text: str) -> tuple[str, Param]:
    """A param as typed: a whole number, a number, a date-time, ``@`` and an id, else text."""
    name, given, value = text.partition("=")
    if not given:
        raise click.UsageError(f"--param: {text} is not NAME=VALUE")
    if value.startswith(NESTED):
        return name, Param(l=NestedMessage(value.removeprefix(NESTED)))
    if WHOLE.fullmatch(value):
        return name, Param(i=int(value))
    if FRACTION.fullmatch(value):
        return name, Param(d=float(value))
    try:
        return name, Param(dt=read_instant(value))
    except ValueError:
        return name, Param(s=value)
