# ruff: noqa: INP001  a part of the script beside it
"""The reference of the Python library, from its signatures and docstrings."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from milepost.client import environment, errors, records, retries, rich, specs, tqdm, values
from milepost.client.administration import Extensions, Tokens, Users
from milepost.client.asynchronous import AsyncClient
from milepost.client.blocking import Client
from milepost.client.job import Job, current_job
from milepost.client.jobsettings import JobOptions, TaskHandle
from milepost.client.reporter import flush
from milepost.client.reporting import task, track

# Names of a job that are for the library's own rooms.
INTERNAL = frozenset(
    (
        *("hear", "relay", "relay_lock", "count", "take", "seen", "connection"),
        *("parent_id", "awaits_parent", "outbox_closed"),
    )
)
LITERAL = re.compile(r"::\n\n((?: {4}.*\n|\n)+)")
WIDTH = 88
VALUES = (
    *(values.Task, values.Progress, values.Message, values.Param, values.Nested),
    *(values.TaskError, values.Target, values.Lease, values.Children, values.Counts),
    *(values.TaskEvent, values.HistoryEvent, values.FieldChange, values.Page, values.Session),
    *(values.User, values.ExtensionSummary),
)
OPTIONS = (specs.TaskOptions, specs.TaskChanges, specs.TaskFilter, specs.EventFilter, JobOptions)


def prose(text: str) -> str:
    """A docstring as Markdown: its examples are fenced and are run by a test."""
    text = inspect.cleandoc(text) + "\n"
    text = LITERAL.sub(lambda match: ":\n\n" + fenced(textwrap.dedent(match[1])), text)
    return text.replace("``", "`").replace("<3fences>", "```").rstrip()


def fenced(code: str, kind: str = "python") -> str:
    return f"<3fences>{kind}\n{code.strip()}\n<3fences>\n\n"


def signature(name: str, function: Callable[..., Any], *, method: bool = False) -> str:
    """A function as it is called, one argument a line when it is long."""
    found = inspect.signature(function)
    parts = []
    for parameter in list(found.parameters.values())[1 if method else 0 :]:
        text = f"{'**' if parameter.kind is parameter.VAR_KEYWORD else ''}{parameter.name}"
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        if parameter.annotation is not parameter.empty:
            text += f": {parameter.annotation}"
        if parameter.default is not parameter.empty:
            text += f" = {parameter.default!r}"
        parts.append(text)
    answer = "" if found.return_annotation is found.empty else f" -> {found.return_annotation}"
    line = f"{name}({', '.join(parts)}){answer}"
    if len(line) > WIDTH:
        inner = "".join(f"    {part},\n" for part in parts)
        line = f"{name}(\n{inner}){answer}"
    return f"```py\n{line}\n```"


def entry(level: int, name: str, function: Callable[..., Any], *, method: bool = False) -> str:
    """A function or method with its heading."""
    short = name.rpartition(".")[2]
    shown = signature(short, function, method=method)
    return f"{'#' * level} {name}\n\n{shown}\n\n{prose(function.__doc__ or '')}"


def class_entry(level: int, kind: type, prefix: str) -> Iterator[str]:
    """A class: how it is made, and its methods and properties."""
    name = kind.__name__
    made = f"{signature(name, vars(kind)['__init__'], method=True)}\n\n" if name == "Client" else ""
    yield f"{'#' * level} {name}\n\n{made}{prose(kind.__doc__ or '')}"
    for short, member in vars(kind).items():
        if short.startswith("_") or short in INTERNAL:
            continue
        if isinstance(member, property):
            text = prose(member.__doc__ or "")
            yield f"{'#' * (level + 1)} {prefix}.{short}\n\n{text}"
        elif inspect.isfunction(member):
            yield entry(level + 1, f"{prefix}.{short}", member, method=True)


def value_entry(kind: Any) -> str:
    """A value or a set of options: its members and their types."""
    rows = [
        f"| `{name}` | `{str(annotation).replace('|', chr(92) + '|')}` |"
        for name, annotation in annotations_of(kind)
    ]
    table = "\n".join(["| member | type |", "| --- | --- |", *rows])
    own = [
        f"- `{name}`: {prose(member.__doc__ or '')}"
        for name, member in vars(kind).items()
        if isinstance(member, property)
    ]
    more = "\n\n" + "\n".join(own) if own else ""
    return f"### {kind.__name__}\n\n{prose(kind.__doc__ or '')}\n\n{table}{more}"


def annotations_of(kind: Any) -> Iterator[tuple[str, Any]]:
    """The members of a structure or a ``TypedDict``, those of its bases first."""
    for name, annotation in kind.__annotations__.items():
        text = getattr(annotation, "__forward_arg__", annotation)
        yield name, text


def example_of(kind: type) -> str:
    """The example in a docstring, alone."""
    found = LITERAL.search(inspect.cleandoc(kind.__doc__ or "") + "\n")
    return fenced(textwrap.dedent(found[1] if found else "")).replace("<3fences>", "```").rstrip()


def reporting() -> str:
    """``task``, ``track`` and what they give."""
    return "\n\n".join(
        [
            entry(3, "task", task),
            entry(3, "track", track),
            *class_entry(3, Job, "job"),
            entry(3, "current_job", current_job),
            value_entry(TaskHandle),
            entry(3, "flush", flush),
        ]
    )


def clients() -> str:
    """``Client`` and what hangs on it, and how to begin with ``AsyncClient``."""
    return "\n\n".join(
        [
            f"### AsyncClient\n\n{example_of(AsyncClient)}",
            *class_entry(3, Client, "client"),
            *class_entry(3, Users, "client.users"),
            *class_entry(3, Tokens, "client.tokens"),
            *class_entry(3, Extensions, "client.extensions"),
        ]
    )


def options() -> str:
    """What can be said of tasks and asked for."""
    batch = [f"### {kind.__name__}\n\n{prose(kind.__doc__ or '')}" for kind in BATCH]
    return "\n\n".join([*map(value_entry, OPTIONS), *batch])


BATCH = (specs.Create, specs.Update)


def all_values() -> str:
    """What is answered."""
    return "\n\n".join(map(value_entry, VALUES))


def of_module(module: ModuleType) -> str:
    """What a module says about itself, its drawings and tables as they are."""
    text = inspect.cleandoc(module.__doc__ or "")
    drawing = re.search(r"::\n\n((?: {4}.*\n?|\n)+)", text + "\n")
    if drawing is not None:
        return fenced(textwrap.dedent(drawing[1]), "text").replace("<3fences>", "```").rstrip()
    _, _, rest = text.partition("\n\n")
    return prose(rest)


def surroundings() -> str:
    """The variables of the environment."""
    found = re.findall(r"^``(MILEPOST_\w+)``\s+(.*)$", environment.__doc__ or "", re.MULTILINE)
    rows = [f"| `{name}` | {prose(text)} |" for name, text in found]
    return "\n".join(["| variable | what it is |", "| --- | --- |", *rows])


def bridges() -> str:
    """Logging, tqdm and rich."""
    handler = f"### JobHandler\n\n{prose(records.JobHandler.__doc__ or '')}"
    parts = [f"### {module.__name__}\n\n{prose(module.__doc__ or '')}" for module in (tqdm, rich)]
    return "\n\n".join([handler, *parts])


PARTS: dict[str, Callable[[], str]] = {
    "python-reporting": reporting,
    "python-clients": clients,
    "python-options": options,
    "python-values": all_values,
    "python-errors": lambda: of_module(errors),
    "python-retries": lambda: of_module(retries),
    "python-environment": surroundings,
    "python-bridges": bridges,
}
