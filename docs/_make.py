# ruff: noqa: INP001  a script beside the pages it writes, in no package
"""Writes the generated parts of the documentation from the code: ``make docs``.

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end: NAME -->``; all around it is
written by hand. ``tests/test_docs.py`` fails when a part is not what this makes now.
"""

from __future__ import annotations

import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import click
import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent))  # run as a script, it is in no package

from docs import _performance, _python, _testing, _v1
from milepost import settings
from milepost.cli import admin, connection, exits, extension
from milepost.cli.main import HELP_NAMES
from milepost.cli.main import main as command
from milepost.doors.api import ApiDoor, api_routes
from milepost.doors.docs import DocsDoor, docs_routes
from milepost.doors.health import HealthDoor, health_routes
from milepost.doors.openapi import OpenApiDoor, openapi_routes
from milepost.doors.refusals import RETRY_LATER, status_of
from milepost.doors.rest import RestDoor, rest_routes
from milepost.doors.routing import Auth, Parameter, Route
from milepost.doors.v1batch import V1BatchDoor, batch_routes
from milepost.doors.v1events import EventsDoor, events_routes
from milepost.doors.v1extensions import ExtensionDoor, extension_routes
from milepost.doors.v1overview import V1OverviewDoor, overview_routes
from milepost.doors.v1session import V1SessionDoor, session_routes
from milepost.doors.v1tasks import V1TasksDoor
from milepost.doors.v1tasks import task_routes as v1_task_routes
from milepost.doors.v1tokens import V1TokensDoor, token_routes
from milepost.doors.v1users import V1UsersDoor, user_routes
from milepost.rules import extensions as rules
from milepost.rules import machine, reasons
from milepost.rules import rows as table_of_rows
from milepost.rules.reasons import REASONS, Reason, Refusal
from milepost.rules.task import Accepted, Task, UpdateTask
from milepost.rules.values import (
    ROOT_FOLDER,
    TERMINAL,
    DateTimeFormat,
    ErrorName,
    ErrorValue,
    Status,
)
from milepost.testing.clock import Clock
from milepost.testing.faults import Fault, Faults
from milepost.testing.server import MilepostServer, Person
from milepost.wire import extensions, interfaces, jsonrpc, shapes, v1queries, waits
from milepost.wire.v1shapes import V1_STRUCTURES

DOCS = Path(__file__).parent
PART = re.compile(r"<!-- generated: ([\w-]+) -->\n.*?<!-- end: \1 -->", re.DOTALL)
WIDTH = 90

# What stands in errors.md above the reasons of one kind; the second word of an id is its kind.
KINDS = {
    "task": "About the task",
    "lease": "About the lease of a task",
    "spec": "About the spec in strict mode",
    "list": "About a list",
    "access": "About the caller",
    "user": "About a user",
    "token": "About a token",
    "extension": "About an extension",
    "json": "About the text of a body",
    "value": "About a value in a body",
    "query": "About a query parameter",
    "rpc": "About a request of JSON-RPC",
    "watch": "About a watch",
    "http": "About the request as such",
    "service": "About the service",
}
# What a setting's default is, where the value on this machine would be wrong on another.
DEFAULTS = {
    "data": "the platform's directory for the data of a user's programs: `~/.local/share/milepost`"
    " on Linux, `~/Library/Application Support/milepost` on macOS,"
    r" `%LOCALAPPDATA%\milepost` on Windows"
}
# How a setting is written in a file, where its default is no example.
WRITTEN = {
    "data": 'data = "milepost-data"',
    "tls_cert": 'tls_cert = "fullchain.pem"',
    "tls_key": 'tls_key = "privkey.pem"',
    "admin_password_file": 'admin_password_file = "administrator-password"',
    "allowed_hosts": 'allowed_hosts = ["milepost.example.com"]',
    "registered_operations": '[registered_operations]\n"com.acme.backup" = ["full", "incremental"]',
}
IN_ENVIRONMENT = {
    "allowed_hosts": """'["milepost.example.com"]'""",
    "registered_operations": """'{"com.acme.backup" = ["full", "incremental"]}'""",
}
# Which structure a schema around it holds, and in which member.
WRAPPED = {
    "vcenter.extension.tasks_create": ("spec", shapes.CREATE_SPEC),
    "vcenter.extension.tasks_update": ("spec", shapes.UPDATE_SPEC),
    "cis.tasks_resp": ("value", shapes.INFO),
}
# Which structure a schema of /api is; its members are told on the page of /rest.
BARE = {
    "milepost.api.vcenter.extension.tasks_create": shapes.CREATE_SPEC,
    "milepost.api.vcenter.extension.tasks_update": shapes.UPDATE_SPEC,
    "milepost.api.cis.tasks_resp": shapes.INFO,
    "milepost.api.cis.session_resp": shapes.SESSION_INFO,
}
ANSWERS = _v1.ANSWERS | {
    "vcenter.extension.tasks.create_resp": '`{"value": "<task id>"}`',
    "cis.tasks.list_resp": '`{"value": [{"key": "<task id>", "value": <task>}, …]}`,'
    " each task a [`cis.task.info`](#cistaskinfo)",
    "milepost.session_answer": '`{"value": "<token>"}`; with `~action=get`'
    ' `{"value": <session>}`, a [`cis.session.info`](#cissessioninfo)',
    "milepost.api.vcenter.extension.tasks.create_resp": '`"<task id>"`',
    "milepost.api.cis.tasks.list_resp": '`{"<task id>": <task>, …}`,'
    " each task a [`cis.task.info`](rest.md#cistaskinfo)",
    "milepost.api.cis.session.create_resp": '`"<token>"`',
    "milepost.extensions": '`{"extensions": [{"key", "version", "name", "operations",'
    ' "operations_closed", "locales", "members"}, …]}`; operations and members are counted',
    "milepost.extension": "the extension, with its `key` and `version`",
    "milepost.extension_spec": "[an extension](#an-extension)",
    "milepost.event_stream": "[a stream of events](#what-is-told)",
    "milepost.health": "a JSON object with `status`",
    "milepost.openapi": "an OpenAPI 3.1 document",
    "milepost.page": "a page for the browser, or a part of it",
}
# What the members of an extension are.
MEMBERS = {
    "An extension": {
        "key": "text like `com.acme.backup`, at most 255 characters; in a body it may be left out,"
        " for the path names it",
        "version": "given by Milepost; in a body it is the version that is to be changed",
        "name": f"text, at most {rules.LONGEST_NAME} characters",
        "operations": f"list of [operations](#an-operation), at most {rules.MOST_OPERATIONS:,}",
        "operations_closed": "`true` refuses tasks of other operations",
        "default_locale": "the language of messages without a catalogue; without it the setting"
        " [`default_locale`](settings.md#default_locale)",
        "catalogues": f"list of [catalogues](#a-catalogue), at most {rules.MOST_CATALOGUES}, of"
        f" {rules.MOST_TEXT:,} characters together",
        "retention": "[retention](#retention)",
        "members": f"names of users with the role extension and this key, at most"
        f" {rules.MOST_MEMBERS}",
    },
    "An operation": {
        "id": f"the `operation_id` of its tasks, at most {rules.LONGEST_NAME} characters",
        "label": f"text, at most {rules.LONGEST_NAME} characters",
        "description": f"text, at most {rules.LONGEST_TEXT:,} characters",
        "lease_seconds": f"1 to {rules.LONGEST_LEASE:,}",
        "cancelable": "whether its tasks are usually cancelable; each task says it itself",
        "weight": f"a number above 0, at most {rules.LARGEST_WEIGHT:,.0f}; 1 when it is left out",
        "cancel_pending": "`true` lets a cancel end a task that is still PENDING at once, with the"
        " error `canceled`",
    },
    "A catalogue": {
        "locale": "a tag such as `de`, `pt-BR` or `zh-Hant-TW`",
        "format": "`icu` or `printf`; `icu` when it is left out",
        "file": f"its name where faults are told, at most {rules.LONGEST_NAME} characters",
        "text": "a Java properties file",
    },
    "Retention": {
        "age_seconds": "whole number from 0",
        "count": "whole number from 0",
    },
}
ASKS = {Auth.OPEN: "nothing", Auth.SESSION: "a session", Auth.BASIC: "Basic"}
ASKED_FOR = {"rest.cis.session.create": "Basic; with `~action=get` a session"}
CURL = 'curl -fsS -H "$SESSION"'
JSON = '-H "$JSON"'
# The running task of the examples, as /api shows it.
API_TASK = """{
  "description": {"id": "com.acme.backup", "default_message": "Backup of web-01", "args": [],
                  "params": {"vm": {"s": "web-01"}}},
  "service": "com.milepost.local", "operation": "com.acme.backup.full",
  "status": "RUNNING", "cancelable": true,
  "target": {"type": "Folder", "id": "group-d1"}, "start_time": "…",
  "progress": {"total": 0, "completed": 0,
               "message": {"id": "", "default_message": "", "args": []}}}"""
# One example of each operation: a command, and what it prints. They run in this order in a test.
EXAMPLES = _v1.EXAMPLES | {
    "rest.vcenter.extension.tasks.create": (
        f"""{CURL} {JSON} $SERVER/rest/vcenter/extension/tasks -d '
  {{"spec": {{"operation_id": "com.acme.backup.full", "cancelable": true, "user": "anna",
            "target": {{"type": "VirtualMachine", "id": "vm-17"}}}}}}'""",
        '{"value": "…"}',
    ),
    "rest.vcenter.extension.tasks.update": (
        f"""{CURL} {JSON} -X PATCH -i $SERVER/rest/vcenter/extension/tasks/$TASK -d '
  {{"spec": {{"status": "RUNNING"}}}}' | grep -E '^(HTTP|etag)'""",
        'HTTP/1.1 200 OK\netag: "2"',
    ),
    "rest.cis.tasks.list": (
        f"""{CURL} "$SERVER/rest/cis/tasks?filter_spec.tasks=$TASK&filter_spec.status=RUNNING" """,
        """{"value": [{"key": "…", "value": {
  "description": {"id": "", "default_message": "", "args": []},
  "service": "com.milepost.local", "operation": "com.acme.backup.full",
  "status": "RUNNING", "cancelable": true,
  "target": {"type": "Folder", "id": "group-d1"}, "start_time": "…",
  "progress": {"total": 0, "completed": 0,
               "message": {"id": "", "default_message": "", "args": []}}}}]}""",
    ),
    "rest.cis.tasks.get": (
        f"""{CURL} "$SERVER/rest/cis/tasks/$TASK?spec.exclude_result=true" """,
        """{"value": {
  "description": {"id": "", "default_message": "", "args": []},
  "service": "com.milepost.local", "operation": "com.acme.backup.full",
  "status": "RUNNING", "cancelable": true,
  "target": {"type": "Folder", "id": "group-d1"}, "start_time": "…",
  "progress": {"total": 0, "completed": 0,
               "message": {"id": "", "default_message": "", "args": []}}}}""",
    ),
    "rest.cis.tasks.cancel": (
        f"""{CURL} -X POST -i "$SERVER/rest/cis/tasks/$TASK?action=cancel" |
  grep -E '^(HTTP|etag)'""",
        'HTTP/1.1 200 OK\netag: "3"',
    ),
    "rest.cis.session.create": (
        f"""{CURL} -X POST "$SERVER/rest/com/vmware/cis/session?~action=get" """,
        '{"value": {"user": "administrator", "created_time": "…", "last_accessed_time": "…"}}',
    ),
    "rest.cis.session.delete": (
        f"""{CURL} -X DELETE -i $SERVER/rest/com/vmware/cis/session | head -n 1""",
        "HTTP/1.1 200 OK",
    ),
    "v1.extensions.put": (
        f"""{CURL} {JSON} -X PUT -i $SERVER/v1/extensions/com.acme.backup -d '
  {{"name": "Acme Backup",
   "operations": [{{"id": "com.acme.backup.full", "label": "Full backup",
                   "cancel_pending": true}}],
   "catalogues": [{{"locale": "de",
                   "text": "copied = {{n, plural, one {{# Datei}} other {{# Dateien}}}}"}}]}}' |
  grep -E '^(HTTP|etag)'""",
        'HTTP/1.1 201 Created\netag: "1"',
    ),
    "v1.extensions.list": (
        f"{CURL} $SERVER/v1/extensions",
        """{"extensions": [
  {"key": "com.acme.backup", "version": 1, "name": "Acme Backup", "operations": 1,
   "operations_closed": false, "locales": ["de"], "members": 0}]}""",
    ),
    "v1.extensions.get": (
        f"{CURL} $SERVER/v1/extensions/com.acme.backup",
        """{"key": "com.acme.backup", "version": 1, "name": "Acme Backup",
 "operations": [{"id": "com.acme.backup.full", "label": "Full backup", "description": "",
                 "weight": 1.0, "cancel_pending": true}],
 "operations_closed": false,
 "catalogues": [{"locale": "de", "format": "icu", "file": "de.properties",
                 "text": "copied = {n, plural, one {# Datei} other {# Dateien}}"}],
 "retention": {}, "members": []}""",
    ),
    "v1.extensions.delete": (
        f"""{CURL} -X DELETE -H 'If-Match: "1"' -i $SERVER/v1/extensions/com.acme.backup |
  head -n 1""",
        "HTTP/1.1 204 No Content",
    ),
    "v1.events.watch": (
        """(curl -sN --max-time 2 -H "$SESSION" "$SERVER/v1/events?after=0&user=anna" || true) |
  head -n 4""",
        'retry: 2000\nevent: bookmark\nid: 0\ndata: {"position":0}',
    ),
    "livez.get": ("curl -fsS $SERVER/livez", '{"status": "alive"}'),
    "livez.head": ("curl -fsS -I $SERVER/livez | head -n 1", "HTTP/1.1 200 OK"),
    "readyz.get": ("curl -fsS $SERVER/readyz", '{"status": "ready"}'),
    "readyz.head": ("curl -fsS -I $SERVER/readyz | head -n 1", "HTTP/1.1 200 OK"),
    "docs.docs.html": (
        "curl -fsS $SERVER/docs | grep -o '<title>.*</title>'",
        "<title>Milepost: the API</title>",
    ),
    "docs.docs.css": ("curl -fsS -I -X GET $SERVER/docs/docs.css | head -n 1", "HTTP/1.1 200 OK"),
    "docs.docs.js": ("curl -fsS -I -X GET $SERVER/docs/docs.js | head -n 1", "HTTP/1.1 200 OK"),
    "openapi.get": (
        """curl -fsS $SERVER/openapi.json | grep -o '"openapi":"[^"]*"'""",
        '"openapi":"3.1.0"',
    ),
    "api.vcenter.extension.tasks.create": (
        f"""{CURL} {JSON} -i $SERVER/api/vcenter/extension/tasks -d '
  {{"operation_id": "com.acme.backup.full", "cancelable": true, "user": "anna",
   "target": {{"type": "VirtualMachine", "id": "vm-17"}}}}' | grep -E '^(HTTP|etag|")'""",
        'HTTP/1.1 201 Created\netag: "1"\n"…"',
    ),
    "api.vcenter.extension.tasks.update": (
        f"""{CURL} {JSON} -X PATCH -i $SERVER/api/vcenter/extension/tasks/$TASK -d '
  {{"status": "RUNNING", "description": {{
     "id": "com.acme.backup", "default_message": "Backup of web-01", "args": [],
     "params": {{"vm": {{"s": "web-01"}}}}}}}}' | grep -E '^(HTTP|etag)'""",
        'HTTP/1.1 204 No Content\netag: "2"',
    ),
    "api.cis.tasks.list": (
        f"""{CURL} "$SERVER/api/cis/tasks?tasks=$TASK&status=RUNNING" """,
        f'{{"…": {API_TASK}}}',
    ),
    "api.cis.tasks.get": (
        f"""{CURL} "$SERVER/api/cis/tasks/$TASK?exclude_result=true" """,
        API_TASK,
    ),
    "api.cis.tasks.cancel": (
        f"""{CURL} -X POST -i "$SERVER/api/cis/tasks/$TASK?action=cancel" |
  grep -E '^(HTTP|etag)'""",
        'HTTP/1.1 204 No Content\netag: "3"',
    ),
    "api.cis.session.create": (
        """curl -fsS -u "administrator:$(cat .milepost/administrator-password)" \\
  -X POST -i $SERVER/api/session | head -n 1""",
        "HTTP/1.1 201 Created",
    ),
    "api.cis.session.get": (
        f"{CURL} $SERVER/api/session",
        '{"user": "administrator", "created_time": "…", "last_accessed_time": "…"}',
    ),
    "api.cis.session.delete": (
        f"{CURL} -X DELETE -i $SERVER/api/session | head -n 1",
        "HTTP/1.1 204 No Content",
    ),
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def fenced(kind: str, text: str) -> str:
    return f"```{kind}\n{text.rstrip()}\n```"


def anchor(heading: str) -> str:
    """The anchor of a heading, as code hosts make it."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def listed(items: Iterable[str]) -> str:
    return ", ".join(items)


# States.


def diagram() -> str:
    """The moves as a diagram; that a status may stay is left out of the picture."""
    lines = ["stateDiagram-v2", *(f"    [*] --> {status}" for status in Status)]
    lines += [
        f"    {before} --> {after}"
        for before in Status
        for after in Status
        if after in table_of_rows.MOVES[before] and after is not before
    ]
    lines += [f"    {status} --> [*]" for status in Status if status in TERMINAL]
    return fenced("mermaid", "\n".join(lines))


def moves() -> str:
    """Every pair of statuses and what comes of it."""
    return table(
        ["from ↓ to →", *(f"`{status}`" for status in Status)],
        [[f"`{before}`", *(move(before, after) for after in Status)] for before in Status],
    )


def move(before: Status, after: Status) -> str:
    if after is before:
        return "stays"
    error = ErrorValue(ErrorName.ERROR.type_name) if after is Status.FAILED else None
    task = Task(
        id="",
        revision=1,
        service="",
        operation="",
        cancelable=True,
        target=ROOT_FOLDER,
        principal="",
        created_at=0,
        updated_at=0,
        status=before,
        start_time=None if before is Status.PENDING else 0,
    )
    decision = machine.update(task, UpdateTask(status=after, error=error), now=0)
    if isinstance(decision, Accepted):
        return "yes"
    return link_to(decision.refusal.reason)


def link_to(reason: Reason, path: str = "../reference/errors.md") -> str:
    name = reason.error.value.lower()
    return f"[`{name}`]({path}#{anchor(reason.id)})"


def rows() -> str:
    """The rules in their order, each with the reasons it refuses with."""
    return table(
        ["#", "rule", "from", "refusals"],
        [
            [
                str(row.number),
                row.says.replace("<", "&lt;"),
                row.source,
                listed(
                    f"[`{reason.id}`](../reference/errors.md#{anchor(reason.id)})"
                    for reason in reasons_in(row.check)
                ),
            ]
            for row in table_of_rows.ROWS
        ],
    )


def reasons_in(check: Callable[..., object]) -> Iterator[Reason]:
    """The reasons a check names, read from its code."""
    for name in inspect.unwrap(check).__code__.co_names:
        found = getattr(reasons, name, None)
        if isinstance(found, Reason):
            yield found


# Errors.


def errors() -> str:
    """Every reason under a heading of its own, by kind."""
    parts = []
    for kind, title in KINDS.items():
        parts.append(f"## {title}")
        parts += [
            reason_text(reason) for reason in REASONS.values() if reason.id.split(".")[1] == kind
        ]
    return "\n\n".join(parts)


def reason_text(reason: Reason) -> str:
    status = status_of(Refusal(reason))
    later = ", with `Retry-After`" if status in RETRY_LATER else ""
    if reason in reasons.OF_ENDED_TASKS:
        later = ", though it is no refusal: it is the error of a task that the service has ended"
    return f"### {reason.id}\n\n{status} `{reason.error}`{later}\n\n> {reason.text}"


def statuses() -> str:
    """Which error has which HTTP status."""
    used = {(reason.error, status_of(Refusal(reason))) for reason in REASONS.values()}
    return table(
        ["HTTP", "`error_type`"],
        [
            [
                str(status) + (" (with `Retry-After`)" if status in RETRY_LATER else ""),
                listed(sorted(f"`{error}`" for error, has in used if has == status)),
            ]
            for status in sorted({status for _, status in used})
        ],
    )


# Settings.


def all_settings() -> str:
    hints = typing.get_type_hints(settings.Settings, include_extras=True)
    defaults = {field.name: field for field in msgspec.structs.fields(settings.Settings)}
    flags = flags_of_settings()
    return "\n\n".join(
        setting_text(name, hint, defaults[name], flags.get(name)) for name, hint in hints.items()
    )


def setting_text(name: str, hint: Any, field: msgspec.structs.FieldInfo, flag: str | None) -> str:
    default = DEFAULTS.get(name) or f"`{settings.written(default_of(field))}`".replace(
        "`(not set)`", "not set"
    )
    variable = settings.PREFIX + name.upper()
    if name in IN_ENVIRONMENT:
        variable += f"={IN_ENVIRONMENT[name]}"
    facts = [
        f"- Type: {type_text(hint)}",
        f"- Default: {default}",
        f"- Environment: `{variable}`",
        *([f"- Flag: `{flag}`"] if flag else []),
        *([f"- With `profile = {in_quotes}`: `{settings.written(profile[name])}`"]
          for in_quotes, profile in quoted_profiles() if name in profile),
    ]  # fmt: skip
    lines = "\n".join(fact if isinstance(fact, str) else fact[0] for fact in facts)
    example = WRITTEN.get(name) or f"{name} = {settings.written(default_of(field))}"
    return f"### {name}\n\n{settings.MEANINGS[name]}\n\n{lines}\n\n{fenced('toml', example)}"


def quoted_profiles() -> Iterator[tuple[str, dict[str, object]]]:
    return ((f'"{name}"', values) for name, values in settings.PROFILES.items())


def default_of(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def type_text(hint: Any) -> str:
    """A type in words."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return " or ".join(f"`{settings.written(part)}`" for part in parts)
    if origin is typing.Annotated:
        return type_text(parts[0]) + bounds(parts[1])
    if origin in (types.UnionType, typing.Union):
        return " or ".join(type_text(part) for part in parts if part is not type(None))
    if origin is dict:
        return "a table of lists of text"
    if origin is list:
        return "a list of text"
    return {str: "text", bool: "`true` or `false`", int: "whole number"}[hint]


def bounds(meta: msgspec.Meta) -> str:
    if meta.pattern is not None:
        return " like `de`, `pt-BR` or `zh-Hant-TW`"
    if meta.min_length is not None:
        return f" of {meta.min_length} to {meta.max_length} characters"
    return f" from {meta.ge:,} to {meta.le:,}"


def flags_of_settings() -> dict[str, str]:
    """The flag of ``milepost serve`` for each setting that has one."""
    return {
        parameter.name: flag_text(parameter)
        for parameter in admin.serve.params
        if parameter.name in settings.MEANINGS
    }


# Commands.


def commands() -> str:
    """Every command with its help, and each of its flags."""
    parts = []
    for name, found in all_commands():
        context = click.Context(
            found, info_name=name, max_content_width=WIDTH, help_option_names=list(HELP_NAMES)
        )
        context.terminal_width = WIDTH
        parts += [f"## {name}", fenced("text", found.get_help(context))]
        rows = [
            [f"`{flag_text(parameter)}`", variable_of(parameter), value_unset(parameter)]
            for parameter in found.params
            if isinstance(parameter, click.Option)
        ]
        if rows:
            parts.append(table(["flag", "environment", "when not given"], rows))
    return "\n\n".join(parts)


def all_commands(
    group: click.Group = command, path: str = "milepost"
) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, with its full name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None  # noqa: S101  it is in the list
        yield f"{path} {name}", found
        if isinstance(found, click.Group):
            yield from all_commands(found, f"{path} {name}")


def flag_text(parameter: click.Parameter) -> str:
    names = [*parameter.opts, *parameter.secondary_opts]
    return " / ".join(names)


def variable_of(parameter: click.Parameter) -> str:
    if parameter.name in settings.MEANINGS:
        return f"[`{settings.PREFIX}{parameter.name.upper()}`](settings.md#{parameter.name})"
    if isinstance(parameter, connection.Option):
        return f"`{parameter.variable}`"
    if parameter.name in ("config", "path"):
        return f"`{settings.PREFIX}CONFIG`"
    return f"`{parameter.envvar}`" if parameter.envvar else "none"


def value_unset(parameter: click.Parameter) -> str:
    default = parameter.default
    if parameter.name in settings.MEANINGS:
        return "the setting"
    if parameter.required:
        return "it is required"
    return f"`{default}`" if isinstance(default, str | int | float) else "not set"


EXIT_CODES = {
    0: "Done; for `serve` also: stopped by a signal, and everything accepted is kept.",
    exits.TaskFailed.exit_code: "`task wait`, `task watch`: a task has failed. Also: given up at a"
    " prompt.",
    click.UsageError.exit_code: "An argument, a setting, a file or its value cannot be used.",
    admin.CannotStart.exit_code: "The server cannot start; the text names why.",
    exits.No.exit_code: "What was asked for is refused; nothing was changed. For `demo` also: the"
    " server cannot be reached.",
    extension.Faulty.exit_code: "`extension check`: a catalogue has faults, or the message to try"
    " has no text. `doctor`: a step has failed.",
    exits.NotThere.exit_code: "The server cannot be reached, cannot be trusted, or is not Milepost."
    " When the connection broke in the middle, a change may have been made.",
    exits.TimeOver.exit_code: "The time of `--timeout` is over; the task goes on.",
    exits.NobodyAsks.exit_code: "There is no login, or it does not count.",
    exits.Changed.exit_code: "The task is not at the revision of `--if-match`, or the `--key` was"
    " used for another task.",
    exits.Interrupted.exit_code: "Ctrl-C.",
    exits.NobodyReads.exit_code: "What reads the output has ended, as `head` does.",
}


def exit_codes() -> str:
    """What the process ends with."""
    return table(["code", "meaning"], ([str(code), text] for code, text in EXIT_CODES.items()))


# The doors.


def routes_by_page() -> dict[str, list[Route]]:
    """The routes as the server has them, by the page that tells of them.

    Their handlers are never called, so the doors are bare.
    """
    return {
        "rest.md": [
            *rest_routes(RestDoor.__new__(RestDoor)),
            *health_routes(HealthDoor.__new__(HealthDoor)),
            *openapi_routes(OpenApiDoor()),
            *docs_routes(DocsDoor()),
        ],
        "api.md": api_routes(ApiDoor.__new__(ApiDoor)),
        "extensions.md": extension_routes(ExtensionDoor.__new__(ExtensionDoor)),
        "events.md": events_routes(EventsDoor.__new__(EventsDoor)),
        "v1.md": [
            *v1_task_routes(V1TasksDoor.__new__(V1TasksDoor)),
            *batch_routes(V1BatchDoor.__new__(V1BatchDoor)),
            *user_routes(V1UsersDoor.__new__(V1UsersDoor)),
            *session_routes(V1SessionDoor.__new__(V1SessionDoor)),
            *overview_routes(V1OverviewDoor.__new__(V1OverviewDoor)),
            *token_routes(V1TokensDoor.__new__(V1TokensDoor)),
        ],
    }


def routes_of(page: str) -> str:
    return "\n\n".join(route_text(route) for route in routes_by_page()[page])


def route_text(route: Route) -> str:
    statuses = " or ".join(map(str, (route.status, *route.also)))
    facts = [
        f"- Asks for: {ASKED_FOR.get(route.operation) or ASKS[route.auth]}",
        *([f"- Body: {wrapped(route.request)}"] if route.request else []),
        f"- Answer: {statuses}, {wrapped(route.answer) if route.answer else 'an empty body'}",
        f"- Refusals: {listed(map(str, sorted(route.errors))) or 'none of its own'}",
    ]
    parts = [f"### {route.method} {route.path}", route.summary, "\n".join(facts)]
    if route.parameters:
        parts.append(table(["parameter", "value"], map(parameter_row, route.parameters)))
    shown, answer = EXAMPLES[route.operation]
    kind = "json" if answer.startswith("{") else "text"
    return "\n\n".join([*parts, fenced("sh", shown), fenced(kind, answer)])


def wrapped(schema: str) -> str:
    if schema in BARE:
        return f"a [`{BARE[schema]}`](rest.md#{anchor(BARE[schema])})"
    if schema == "milepost.v1.batch":
        return "[a batch](#batches)"
    if schema in _v1.BODIES:
        return f"a [`{schema}`](#{anchor(schema)})"
    if schema in WRAPPED:
        member, name = WRAPPED[schema]
        return f'`{{"{member}": …}}` with a [`{name}`](#{anchor(name)})'
    return ANSWERS[schema]


def parameter_row(parameter: Parameter) -> list[str]:
    notes = []
    if parameter.only is not None:
        notes.append(f"`{parameter.only}`")
    elif parameter.schema == "boolean":
        notes.append("`true` or `false`")
    elif parameter.schema == shapes.STATUS.name:
        notes.append(listed(f"`{status}`" for status in Status))
    else:
        notes.append(OWN_KINDS.get(parameter.schema, "text"))
    if parameter.place == "header":
        notes.append("a header")
    if parameter.many:
        notes.append("may be repeated")
    if parameter.required:
        notes.append("required")
    return [f"`{parameter.name}`", "; ".join(notes)]


OWN_KINDS = {
    "target": "`TYPE:ID`",
    "wait": "0 to 60 seconds, as `30s` or `30`",
    "wait kind": listed(f"`{kind}`" for kind in waits.KINDS),
    "revision": "a revision",
    "etags": '`*`, or ETags like `"3"`',
    "date-time": "a date-time",
    "page size": f"1 to {v1queries.LARGEST_PAGE:,}; {v1queries.DEFAULT_PAGE} when not given",
    "key": "1 to 255 printable characters of ASCII",
    "token": "`next_page_token` of the page before",
    "order": listed(f"`{order}`" for order in v1queries.ORDERS),
}


def structures(table_of: Mapping[str, tuple[shapes.Member, ...]] = shapes.STRUCTURES) -> str:
    """The structures, member by member."""
    parts, own = [], table_of is V1_STRUCTURES
    for name, members in table_of.items():
        rows = [
            [f"`{member.name}`", own_text(member.type, own=own), "yes" if member.required else ""]
            for member in members
        ]
        parts += [f"### {name}", table(["member", "type", "required"], rows)]
    return "\n\n".join(parts)


def own_text(kind: shapes.Type, *, own: bool) -> str:
    """A type; on the page of /v1 a published one leads to the page of /rest."""
    text = kind_text(kind)
    if kind == shapes.Ref(shapes.MESSAGE) and own:
        return f"text, or {text.replace('(#', '(rest.md#')}"
    is_published = not isinstance(kind, shapes.Ref) or kind.name in shapes.STRUCTURES
    return text.replace("(#", "(rest.md#") if own and is_published else text


def kind_text(kind: shapes.Type) -> str:
    if isinstance(kind, shapes.Ref):
        return f"[`{kind.name}`](#{anchor(kind.name)})"
    if isinstance(kind, shapes.ListOf | shapes.SetOf):
        return f"list of {kind_text(kind.item)}"
    if isinstance(kind, shapes.MapOf):
        return f'list of `{{"key", "value"}}`, each value a {kind_text(kind.item)}'
    if kind is shapes.DATE_TIME_FORMAT:
        return f"one of {len(DateTimeFormat)}: {listed(f'`{value}`' for value in DateTimeFormat)}"
    if isinstance(kind, shapes.Enumeration):
        return listed(f"`{value.value}`" for value in kind.values)
    return {
        shapes.ERROR: "[an error value](#error-values)",
        shapes.INSTANT: "[a date-time](#date-times)",
    }.get(kind, kind.value)


# The door JSON-RPC.


def rpc_codes() -> str:
    """Each code of JSON-RPC with what it is for."""
    own: dict[int, list[Reason]] = {code: [] for code in jsonrpc.TEXTS}
    for reason, code in jsonrpc.CODES.items():
        own[code].append(reason)
    others = {
        jsonrpc.INVALID_REQUEST: "what is no request, and what was refused before it was read",
        jsonrpc.INTERNAL_ERROR: "what is no fault of the request, before it was read",
    }
    return table(
        ["code", "for"],
        [
            [f"{code}", others.get(code) or listed(linked(reason) for reason in found)]
            for code, found in own.items()
        ],
    )


def linked(reason: Reason) -> str:
    return f"[`{reason.id}`](errors.md#{anchor(reason.id)})"


def rpc_operations() -> str:
    """Every operation: its parameters, its output, its errors."""
    parts = []
    for service, operations in interfaces.OPERATIONS.items():
        parts.append(f"### {service}")
        rows = [
            [
                f"`{name}`",
                listed(map(rpc_member, operation.parameters)) or "none",
                "nothing" if operation.output is None else rpc_kind(operation.output),
                listed(f"`{error.value.lower()}`" for error in operation.errors) or "none",
            ]
            for name, operation in operations.items()
        ]
        parts.append(table(["operation", "parameters", "output", "errors it declares"], rows))
    rpc_only = interfaces.STRUCTURES.keys() - shapes.STRUCTURES.keys()
    for name, members in interfaces.STRUCTURES.items():
        if name in rpc_only:
            rows = [
                [f"`{member.name}`", rpc_kind(member.type), "yes" if member.required else ""]
                for member in members
            ]
            parts += [f"### {name}", table(["member", "type", "required"], rows)]
    return "\n\n".join(parts)


def rpc_member(member: shapes.Member) -> str:
    optional = "" if member.required else ", optional"
    return f"`{member.name}` ({rpc_kind(member.type)}{optional})"


def rpc_kind(kind: shapes.Type) -> str:
    if isinstance(kind, shapes.Ref) and kind.name in shapes.STRUCTURES:
        return f"[`{kind.name}`](rest.md#{anchor(kind.name)})"
    if isinstance(kind, shapes.SetOf):
        return f"set of {rpc_kind(kind.item)}"
    if isinstance(kind, shapes.ListOf):
        return f"list of {rpc_kind(kind.item)}"
    if isinstance(kind, shapes.MapOf):
        return f"map from text to {rpc_kind(kind.item)}"
    return "a status" if kind is shapes.STATUS else kind_text(kind)


def extension_members() -> str:
    """The members of an extension, and those of its parts."""
    parts = {
        "An extension": (extensions.EXTENSION, ["key"]),
        "An operation": (extensions.OPERATION, ["id"]),
        "A catalogue": (extensions.CATALOGUE, ["locale", "text"]),
        "Retention": (extensions.RETENTION, []),
    }
    found = []
    for title, (members, required) in parts.items():
        rows = [
            [f"`{name}`", MEMBERS[title][name], "yes" if name in required else ""]
            for name in members
        ]
        found += [f"### {title}", table(["member", "what it is", "required"], rows)]
    return "\n\n".join(found)


PARTS: dict[str, Callable[[], str]] = {
    "rpc-codes": rpc_codes,
    "rpc-operations": rpc_operations,
    "diagram": diagram,
    "moves": moves,
    "rows": rows,
    "errors": errors,
    "statuses": statuses,
    "settings": all_settings,
    "commands": commands,
    "exit-codes": exit_codes,
    "routes": partial(routes_of, "rest.md"),
    "api-routes": partial(routes_of, "api.md"),
    "extension-routes": partial(routes_of, "extensions.md"),
    "extension-members": extension_members,
    "structures": structures,
    "event-routes": partial(routes_of, "events.md"),
    "testing-options": _testing.options,
    "testing-fixtures": _testing.fixtures,
    "testing-settings": _testing.refused_settings,
    "testing-server": partial(_testing.members, MilepostServer),
    "testing-person": partial(_testing.members, Person),
    "testing-clock": partial(_testing.members, Clock),
    "testing-faults": partial(_testing.members, Faults),
    "testing-fault": partial(_testing.members, Fault),
    "testing-requests": _testing.fields,
    "v1-routes": partial(routes_of, "v1.md"),
    "v1-structures": partial(structures, V1_STRUCTURES),
    **_python.PARTS,
    **_performance.PARTS,
}


def render(text: str) -> str:
    """A page with its generated parts made anew."""

    def part(match: re.Match[str]) -> str:
        name = match[1]
        return f"<!-- generated: {name} -->\n\n{PARTS[name]()}\n\n<!-- end: {name} -->"

    return PART.sub(part, text)


def pages() -> list[Path]:
    """Every page with a generated part."""
    return [path for path in sorted(DOCS.rglob("*.md")) if PART.search(path.read_text("utf-8"))]


def made() -> dict[Path, str]:
    """What each page, and each picture that is made from figures, says now."""
    return {page: render(page.read_text("utf-8")) for page in pages()} | _performance.pictures()


def main() -> None:
    """Rewrite what has changed and name it."""
    for path, after in made().items():
        if not path.exists() or path.read_text("utf-8") != after:
            path.write_text(after, "utf-8")
            sys.stdout.write(f"{path.relative_to(DOCS.parent).as_posix()}\n")


if __name__ == "__main__":
    main()
