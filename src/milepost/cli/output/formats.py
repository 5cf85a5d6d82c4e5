"""The forms of ``-o``: a table for people, and JSON, JSON lines, YAML and names for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import click
import msgspec

from milepost.cli.output.plain import plain
from milepost.cli.output.safe import visible, visible_json
from milepost.cli.output.yaml import to_yaml

Form = Literal["table", "json", "jsonl", "yaml", "name"]
FORMS: tuple[Form, ...] = ("table", "json", "jsonl", "yaml", "name")


def output_option(*forms: Form) -> Callable[[Any], Any]:
    """The option ``-o`` with these forms, all without any; the parameter is ``form``."""
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(forms or FORMS),
        default="table",
        show_default=True,
        help="How to show it.",
    )


def write(values: Iterable[Any], form: Form, name: Callable[[Any], str], *, one: bool) -> None:
    """Write values in a form for programs; ``one`` writes a value and no list of it."""
    if form in ("jsonl", "name"):
        # Each as it comes, as there may be many.
        for value in values:
            click.echo(visible(name(value)) if form == "name" else json_line(value))
        return
    found = [plain(value) for value in values]
    document = found[0] if one else found
    click.echo(json_page(document) if form == "json" else to_yaml(document), nl=form == "json")


def json_line(value: Any) -> str:
    return visible_json(msgspec.json.encode(plain(value)).decode())


def json_page(document: Any) -> str:
    return visible_json(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
