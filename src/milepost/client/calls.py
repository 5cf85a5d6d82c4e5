"""The requests of ``/v1``, each with how its answer is read and whether it may be sent twice.

Nothing here sends anything: a ``Call`` is a value, and ``conversation`` says what becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from milepost.client.answers import NOT_MODIFIED, Reply, Results, nothing, reads
from milepost.client.errors import Refused
from milepost.client.specs import (
    EVENTS,
    FILTER,
    Create,
    TaskChanges,
    TaskOptions,
    Update,
    create_body,
    filter_query,
    update_body,
)
from milepost.client.values import (
    Counts,
    ExtensionSummary,
    HistoryPage,
    MadeToken,
    Page,
    Session,
    Task,
    TokenPage,
    User,
)

TASKS, EVENTS_PATH, USERS, EXTENSIONS = "/v1/tasks", "/v1/events", "/v1/users", "/v1/extensions"
SESSION, OWN_SESSION, TOKENS = "/api/session", "/v1/session", "/v1/tokens"
HISTORY_PAGE = "1000"

T = TypeVar("T")


class Call(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A request that is not yet sent.

    ``repeatable`` says whether it may be sent again when the answer was lost: what it does is
    done once however often it comes. ``waits`` is how long the service may hold its answer back.
    """

    method: str
    path: str
    read: Callable[[Reply], T]
    headers: dict[str, str] = {}
    body: bytes | None = None
    repeatable: bool = False
    waits: float = 0.0
    streams: bool = False


def encoded(body: Any) -> bytes:
    return msgspec.json.encode(body)


def path_of(root: str, ident: str, verb: str = "") -> str:
    return f"{root}/{quote(ident, safe='')}{verb}"


def with_query(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    query = urlencode(list(pairs))
    return f"{path}?{query}" if query else path


# Tasks.


def create(operation: str, options: TaskOptions, key: str) -> Call[Task]:
    """Make a task; the key makes it once."""
    return Call(
        method="POST",
        path=TASKS,
        read=reads(Task),
        headers={"idempotency-key": key},
        body=encoded(create_body(operation, options)),
        repeatable=True,
    )


def get(task: str, *, result: bool) -> Call[Task]:
    """One task."""
    path = path_of(TASKS, task) + ("" if result else "?exclude_result=true")
    return Call(method="GET", path=path, read=reads(Task), repeatable=True)


def update(task: str, changes: TaskChanges, if_revision: int | None = None) -> Call[Task]:
    """Change a task. The same again changes nothing, but not when a revision is demanded."""
    return Call(
        method="PATCH",
        path=path_of(TASKS, task),
        read=reads(Task),
        headers={} if if_revision is None else {"if-match": f'"{if_revision}"'},
        body=encoded(update_body(changes)),
        repeatable=if_revision is None,
    )


def act(task: str, verb: str, *, repeatable: bool) -> Call[Task]:
    """Do to a task what a verb says."""
    path = path_of(TASKS, task, f":{verb}")
    return Call(method="POST", path=path, read=reads(Task), repeatable=repeatable)


def page(
    filters: Mapping[str, Any], *, order: str, size: int, token: str | None, result: bool
) -> Call[Page]:
    """A page of the tasks that match a filter."""
    pairs = [*filter_query(filters, FILTER), ("order", order), ("page_size", str(size))]
    pairs += [] if token is None else [("page_token", token)]
    pairs += [] if result else [("exclude_result", "true")]
    return Call(method="GET", path=with_query(TASKS, pairs), read=reads(Page), repeatable=True)


class Counted(msgspec.Struct):
    """The part of a page that counts."""

    counts: dict[str, int]
    counts_complete: bool


def counts(filters: Mapping[str, Any]) -> Call[Counts]:
    """How many tasks match a filter, by their status."""

    def read(reply: Reply) -> Counts:
        found = reads(Counted)(reply)
        return msgspec.convert(
            {"by_status": found.counts, "complete": found.counts_complete}, Counts
        )

    pairs = [*filter_query(filters, FILTER), ("counts", "true"), ("page_size", "1")]
    return Call(method="GET", path=with_query(TASKS, pairs), read=read, repeatable=True)


def history(task: str, token: str | None) -> Call[HistoryPage]:
    """A page of what has happened to a task."""
    pairs = [("page_size", HISTORY_PAGE), *([] if token is None else [("page_token", token)])]
    path = with_query(path_of(TASKS, task, "/events"), pairs)
    return Call(method="GET", path=path, read=reads(HistoryPage), repeatable=True)


def wait(task: str, seconds: float, after: int | None) -> Call[Task | None]:
    """A task once it has changed since a revision, or, without one, once it has ended.

    ``None`` when the time was over before a change.
    """
    pairs = [("wait", f"{max(seconds, 0.0):.3f}s")]
    if after is None:
        pairs.append(("for", "terminal"))
    else:
        pairs += [("for", "change"), ("after_revision", str(after))]

    def read(reply: Reply) -> Task | None:
        return None if reply.status == NOT_MODIFIED else reads(Task)(reply)

    path = with_query(path_of(TASKS, task), pairs)
    return Call(method="GET", path=path, read=read, repeatable=True, waits=seconds)


def batch(parts: Sequence[Create | Update], key: str | None) -> Call[tuple[Task | Refused, ...]]:
    """Many creates and updates. Without a key it must hold updates only to be sent twice."""

    def read(reply: Reply) -> tuple[Task | Refused, ...]:
        return tuple(one.outcome for one in reads(Results)(reply).results)

    return Call(
        method="POST",
        path=f"{TASKS}:batch",
        read=read,
        headers={} if key is None else {"idempotency-key": key},
        body=encoded({"requests": [part.part for part in parts]}),
        repeatable=True,
    )


def watch(filters: Mapping[str, Any], after: int | None) -> Call[Any]:
    """A stream of events behind a position, or from now on."""
    headers = {"accept": "text/event-stream", "cache-control": "no-store"}
    if after is not None:
        headers["last-event-id"] = str(after)
    path = with_query(EVENTS_PATH, filter_query(filters, EVENTS))

    def read(reply: Reply) -> Any:
        return reply.source

    return Call(method="GET", path=path, read=read, headers=headers, repeatable=True, streams=True)


# Users, extensions and sessions.


class Users(msgspec.Struct):
    """All users."""

    users: tuple[User, ...]


class Extensions(msgspec.Struct):
    """All extensions."""

    extensions: tuple[ExtensionSummary, ...]


def users() -> Call[tuple[User, ...]]:
    return Call(
        method="GET",
        path=USERS,
        read=lambda reply: reads(Users)(reply).users,
        repeatable=True,
    )


def user(name: str) -> Call[User]:
    return Call(method="GET", path=path_of(USERS, name), read=reads(User), repeatable=True)


def add_user(members: Mapping[str, Any]) -> Call[User]:
    return Call(method="POST", path=USERS, read=reads(User), body=encoded(present(members)))


def change_user(name: str, members: Mapping[str, Any]) -> Call[User]:
    body = encoded(present(members))
    return Call(
        method="PATCH", path=path_of(USERS, name), read=reads(User), body=body, repeatable=True
    )


def extensions() -> Call[tuple[ExtensionSummary, ...]]:
    return Call(
        method="GET",
        path=EXTENSIONS,
        read=lambda reply: reads(Extensions)(reply).extensions,
        repeatable=True,
    )


def extension(key: str) -> Call[dict[str, Any]]:
    path = path_of(EXTENSIONS, key)
    return Call(method="GET", path=path, read=reads(dict[str, Any]), repeatable=True)


def apply_extension(
    key: str, registration: Mapping[str, Any], if_version: int | None
) -> Call[dict[str, Any]]:
    """Register an extension. The same again changes nothing, but not when a version is demanded."""
    named = if_version is not None or "version" in registration
    return Call(
        method="PUT",
        path=path_of(EXTENSIONS, key),
        read=reads(dict[str, Any]),
        headers={} if if_version is None else {"if-match": f'"{if_version}"'},
        body=encoded(registration),
        repeatable=not named,
    )


def delete_extension(key: str) -> Call[None]:
    return Call(method="DELETE", path=path_of(EXTENSIONS, key), read=nothing)


def session() -> Call[Session]:
    """Who the caller is."""
    return Call(method="GET", path=OWN_SESSION, read=reads(Session), repeatable=True)


def tokens(user: str | None, page: str | None) -> Call[TokenPage]:
    pairs = [] if user is None else [("user", user)]
    pairs += [] if page is None else [("page_token", page)]
    path = with_query(TOKENS, pairs)
    return Call(method="GET", path=path, read=reads(TokenPage), repeatable=True)


def make_token(members: Mapping[str, Any]) -> Call[MadeToken]:
    return Call(method="POST", path=TOKENS, read=reads(MadeToken), body=encoded(present(members)))


def revoke_token(ident: str) -> Call[None]:
    """End a token; to end it again changes nothing."""
    return Call(method="DELETE", path=path_of(TOKENS, ident), read=nothing, repeatable=True)


def other(method: str, path: str, body: Any, *, repeatable: bool) -> Call[Any]:
    """A request that has no method of its own; the answer is its JSON, or ``None``."""

    def read(reply: Reply) -> Any:
        return reads(object)(reply) if reply.body else None

    content = None if body is None else encoded(body)
    return Call(method=method, path=path, read=read, body=content, repeatable=repeatable)


def present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
