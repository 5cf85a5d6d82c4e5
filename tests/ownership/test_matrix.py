"""Who gets what from which route: every route, every role, every owner, against a hand-made table.

``EXPECTED`` has an entry for every route of the server; a route without one fails the test, and so
does an entry without a route. In a grid the rows are roles and the columns are owners of the task:
extension a, extension b, the default extension, and no such task.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from milepost.doors.messages import Answer, Request
from milepost.doors.routing import Auth, Route
from milepost.server import compose
from milepost.settings import Settings
from milepost.store.sqlite.store import open_store
from tests.events import PATH as EVENTS
from tests.events import Events
from tests.ownership.over_jsonrpc import exchanged
from tests.ownership.people import DEFAULT, TOKENS, A, B, owner_of
from tests.rpc import API
from tests.serving import JSON, PASSWORD, SESSION, TASKS, Headers, Reply, Server, progress, text
from tests.spelling import DOORS, REST, V1, Door, door_at

OWNERS = ("a", "b", "default", "none")
CREATORS = {"a": "a-1", "b": "b-1", "default": "administrator"}
SERVICES = {"a": A, "b": B, "default": DEFAULT}
UNKNOWN = "nosuchtasknosuchtasknosuch"

# What the words of the grids mean: the status and the error.
WORDS: dict[str, tuple[int, str | None]] = {
    "ok": (200, None),
    "not_found": (404, "not_found"),
    "unauthorized": (403, "unauthorized"),
    "invalid": (400, "invalid_argument"),
    "login": (401, "unauthenticated"),
}

Grid = Mapping[tuple[str, str], str]
Key = tuple[str, str]


def grid(rows: str, columns: tuple[str, ...] = OWNERS) -> Grid:
    """A grid by role and column."""
    found: dict[tuple[str, str], str] = {}
    for line in rows.strip().splitlines():
        role, *words = line.split()
        found |= {(role, column): word for column, word in zip(columns, words, strict=True)}
    return found


CHANGE = grid("""
    administrator  ok            ok            ok            not_found
    admin-2        ok            ok            ok            not_found
    operator       unauthorized  unauthorized  unauthorized  not_found
    viewer         unauthorized  unauthorized  unauthorized  not_found
    a-1            ok            not_found     not_found     not_found
    a-2            ok            not_found     not_found     not_found
    b-1            not_found     ok            not_found     not_found
    disabled       login         login         login         login
    passed         login         login         login         login
    stranger       login         login         login         login
    anonymous      login         login         login         login
    root-full      ok            ok            ok            not_found
    root-a         ok            not_found     not_found     not_found
    root-read      unauthorized  unauthorized  unauthorized  not_found
    root-watch     unauthorized  unauthorized  unauthorized  not_found
    operator-full  unauthorized  unauthorized  unauthorized  not_found
    a-full         ok            not_found     not_found     not_found
    a-read         unauthorized  not_found     not_found     not_found
    a-watch        unauthorized  not_found     not_found     not_found
    revoked        login         login         login         login
    expired        login         login         login         login
    orphan         login         login         login         login
""")
CANCEL = grid("""
    administrator  ok            ok            ok            not_found
    admin-2        ok            ok            ok            not_found
    operator       ok            ok            ok            not_found
    viewer         unauthorized  unauthorized  unauthorized  not_found
    a-1            ok            not_found     not_found     not_found
    a-2            ok            not_found     not_found     not_found
    b-1            not_found     ok            not_found     not_found
    disabled       login         login         login         login
    passed         login         login         login         login
    stranger       login         login         login         login
    anonymous      login         login         login         login
    root-full      ok            ok            ok            not_found
    root-a         ok            not_found     not_found     not_found
    root-read      unauthorized  unauthorized  unauthorized  not_found
    root-watch     unauthorized  unauthorized  unauthorized  not_found
    operator-full  ok            ok            ok            not_found
    a-full         ok            not_found     not_found     not_found
    a-read         unauthorized  not_found     not_found     not_found
    a-watch        unauthorized  not_found     not_found     not_found
    revoked        login         login         login         login
    expired        login         login         login         login
    orphan         login         login         login         login
""")
READ = grid("""
    administrator  ok            ok            ok            not_found
    admin-2        ok            ok            ok            not_found
    operator       ok            ok            ok            not_found
    viewer         ok            ok            ok            not_found
    a-1            ok            not_found     not_found     not_found
    a-2            ok            not_found     not_found     not_found
    b-1            not_found     ok            not_found     not_found
    disabled       login         login         login         login
    passed         login         login         login         login
    stranger       login         login         login         login
    anonymous      login         login         login         login
    root-full      ok            ok            ok            not_found
    root-a         ok            not_found     not_found     not_found
    root-read      ok            ok            ok            not_found
    root-watch     ok            ok            ok            not_found
    operator-full  ok            ok            ok            not_found
    a-full         ok            not_found     not_found     not_found
    a-read         ok            not_found     not_found     not_found
    a-watch        ok            not_found     not_found     not_found
    revoked        login         login         login         login
    expired        login         login         login         login
    orphan         login         login         login         login
""")
LIST = grid("""
    administrator  shown         shown         shown         hidden
    admin-2        shown         shown         shown         hidden
    operator       shown         shown         shown         hidden
    viewer         shown         shown         shown         hidden
    a-1            shown         hidden        hidden        hidden
    a-2            shown         hidden        hidden        hidden
    b-1            hidden        shown         hidden        hidden
    disabled       login         login         login         login
    passed         login         login         login         login
    stranger       login         login         login         login
    anonymous      login         login         login         login
    root-full      shown         shown         shown         hidden
    root-a         shown         hidden        hidden        hidden
    root-read      shown         shown         shown         hidden
    root-watch     shown         shown         shown         hidden
    operator-full  shown         shown         shown         hidden
    a-full         shown         hidden        hidden        hidden
    a-read         shown         hidden        hidden        hidden
    a-watch        shown         hidden        hidden        hidden
    revoked        login         login         login         login
    expired        login         login         login         login
    orphan         login         login         login         login
""")
# The columns of a create are the owner of the parent; without one, whose the new task is.
CREATE = grid(
    """
    administrator  ok            ok            ok            invalid       default
    admin-2        ok            ok            ok            invalid       default
    operator       unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
    viewer         unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
    a-1            ok            invalid       invalid       invalid       a
    a-2            ok            invalid       invalid       invalid       a
    b-1            invalid       ok            invalid       invalid       b
    disabled       login         login         login         login         login
    passed         login         login         login         login         login
    stranger       login         login         login         login         login
    anonymous      login         login         login         login         login
    root-full      ok            ok            ok            invalid       default
    root-a         ok            invalid       invalid       invalid       a
    root-read      unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
    root-watch     unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
    operator-full  unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
    a-full         ok            invalid       invalid       invalid       a
    a-read         unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
    a-watch        unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
    revoked        login         login         login         login         login
    expired        login         login         login         login         login
    orphan         login         login         login         login         login
""",
    (*OWNERS, "parentless"),
)
FORCE_CLOSE = grid("""
    administrator  ok            ok            ok            not_found
    admin-2        ok            ok            ok            not_found
    operator       ok            ok            ok            not_found
    viewer         unauthorized  unauthorized  unauthorized  not_found
    a-1            unauthorized  not_found     not_found     not_found
    a-2            unauthorized  not_found     not_found     not_found
    b-1            not_found     unauthorized  not_found     not_found
    disabled       login         login         login         login
    passed         login         login         login         login
    stranger       login         login         login         login
    anonymous      login         login         login         login
    root-full      ok            ok            ok            not_found
    root-a         ok            not_found     not_found     not_found
    root-read      unauthorized  unauthorized  unauthorized  not_found
    root-watch     unauthorized  unauthorized  unauthorized  not_found
    operator-full  ok            ok            ok            not_found
    a-full         unauthorized  not_found     not_found     not_found
    a-read         unauthorized  not_found     not_found     not_found
    a-watch        unauthorized  not_found     not_found     not_found
    revoked        login         login         login         login
    expired        login         login         login         login
    orphan         login         login         login         login
""")
USERS = grid(
    """
    administrator  ok            ok            ok
    admin-2        ok            ok            ok
    operator       unauthorized  unauthorized  unauthorized
    viewer         unauthorized  unauthorized  unauthorized
    a-1            unauthorized  unauthorized  unauthorized
    a-2            unauthorized  unauthorized  unauthorized
    b-1            unauthorized  unauthorized  unauthorized
    disabled       login         login         login
    passed         login         login         login
    stranger       login         login         login
    anonymous      login         login         login
    root-full      ok            ok            ok
    root-a         unauthorized  unauthorized  unauthorized
    root-read      unauthorized  unauthorized  unauthorized
    root-watch     unauthorized  unauthorized  unauthorized
    operator-full  unauthorized  unauthorized  unauthorized
    a-full         unauthorized  unauthorized  unauthorized
    a-read         unauthorized  unauthorized  unauthorized
    a-watch        unauthorized  unauthorized  unauthorized
    revoked        login         login         login
    expired        login         login         login
    orphan         login         login         login
""",
    ("read", "create", "change"),
)
# Whose history: to watch is not to read it.
HISTORY = {**READ, **{key: CHANGE[key] for key in READ if key[0].endswith("-watch")}}
# The columns are one's own tokens and those of another: whether one may list and make them, and
# look at one and revoke it, also one that is not there. Nobody makes a token with a token.
OWN_TOKENS = grid(
    """
  administrator  ok            ok            ok            ok            ok            not_found
  admin-2        ok            ok            ok            ok            ok            not_found
  operator       ok            ok            unauthorized  ok            not_found     not_found
  viewer         ok            ok            unauthorized  ok            not_found     not_found
  a-1            ok            ok            unauthorized  ok            not_found     not_found
  a-2            ok            ok            unauthorized  ok            not_found     not_found
  b-1            ok            ok            unauthorized  ok            not_found     not_found
  disabled       login         login         login         login         login         login
  passed         login         login         login         login         login         login
  stranger       login         login         login         login         login         login
  anonymous      login         login         login         login         login         login
  root-full      ok            unauthorized  unauthorized  ok            ok            not_found
  root-a         unauthorized  unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
  root-read      unauthorized  unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
  root-watch     unauthorized  unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
  operator-full  unauthorized  unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
  a-full         unauthorized  unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
  a-read         unauthorized  unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
  a-watch        unauthorized  unauthorized  unauthorized  unauthorized  unauthorized  unauthorized
  revoked        login         login         login         login         login         login
  expired        login         login         login         login         login         login
  orphan         login         login         login         login         login         login
""",
    ("list", "make", "make for another", "own", "another", "none"),
)
ROLES = tuple(dict.fromkeys(role for role, _ in CHANGE))
INSIDE = tuple(role for role in ROLES if CHANGE[role, "none"] != "login")


class World:
    """A server with a fresh running task of each owner, seen through one door."""

    def __init__(self, server: Server, door: Door) -> None:
        self.server = server
        self.door = door
        self.tasks = {"none": UNKNOWN}
        self.numbers = itertools.count()
        for owner, creator in CREATORS.items():
            with server.caller(creator) as caller:
                self.tasks[owner] = caller.create(status="RUNNING", percent_done=progress(1, 9))

    def send(self, role: str, method: str, path: str, body: bytes | None = None) -> Reply:
        """A request of a role; the stranger has a session of nobody, the anonymous one has none."""
        headers = self.headers(role) | ({} if body is None else JSON)
        return self.exchange(method, path, body, headers)

    def exchange(self, method: str, path: str, body: bytes | None, headers: Headers) -> Reply:
        return self.server.call(method, path, body, headers)

    def headers(self, role: str) -> dict[str, str]:
        """The session of a role, or its token."""
        if role == "stranger":
            return {SESSION: "A" * 43}
        if role == "anonymous":
            return {}
        with self.server.caller(role) as caller:
            return {SESSION: caller.token}

    def seen(self, owner: str) -> tuple[str | None, bytes]:
        """A task as the administrator sees it; at ``/v1`` it would show how time goes on."""
        door = REST if self.door is V1 else self.door
        reply = self.send("administrator", "GET", f"{door.tasks}/{self.tasks[owner]}")
        return reply.etag, reply.body


class RpcWorld(World):
    """The same, over JSON-RPC."""

    def exchange(self, method: str, path: str, body: bytes | None, headers: Headers) -> Reply:
        return exchanged(self.server, method, path, body, headers)


def judged(reply: Reply) -> str:
    """The word for an answer."""
    if reply.status < 300:
        return "ok"
    return next(word for word, refused in WORDS.items() if refused == reply.refused)


def of_one_task(
    world: World, expected: Grid, send: Callable[[str, str], Reply], *, changes: bool
) -> Iterator[str]:
    """What is wrong with the answers about each task to each role."""
    for role, owner in itertools.product(ROLES, OWNERS):
        word, before = expected[role, owner], world.seen(owner)
        reply = send(role, world.tasks[owner])
        after = world.seen(owner)
        if judged(reply) != word:
            yield f"{role}, {owner}: {word} is expected, told is {judged(reply)}"
        if reply.etag != (after[0] if word in ("ok", "unauthorized") else None):
            yield f"{role}, {owner}: {word} with the ETag {reply.etag}, read is {after[0]}"
        if word != "ok" and after != before:
            yield f"{role}, {owner}: refused, but the task has changed"
        if word == "ok" and changes and after == before:
            yield f"{role}, {owner}: accepted, but nothing has changed"
        if word == "not_found":
            nothing = send(role, UNKNOWN).body.replace(UNKNOWN.encode(), b"")
            if reply.body.replace(world.tasks[owner].encode(), b"") != nothing:
                yield f"{role}, {owner}: it can be told from a task that is not there"


def updates(world: World) -> Iterator[str]:
    numbers = itertools.count()

    def send(role: str, task: str) -> Reply:
        body = world.door.body({"description": text(f"{next(numbers)}")})
        return world.send(role, "PATCH", f"{world.door.extension_tasks}/{task}", body)

    yield from of_one_task(world, CHANGE, send, changes=True)


def broken_updates(world: World) -> Iterator[str]:
    """A spec that does not fit tells the revision to those who see the task, and no one else."""
    for role, owner in itertools.product(ROLES, OWNERS):
        path = f"{world.door.extension_tasks}/{world.tasks[owner]}"
        reply = world.send(role, "PATCH", path, world.door.body({"colour": "red"}))
        word = READ[role, owner]
        if judged(reply) != ("login" if word == "login" else "invalid"):
            yield f"{role}, {owner}: {reply}"
        if (reply.etag is not None) != (word == "ok"):
            yield f"{role}, {owner}: a broken spec is told the ETag {reply.etag}"


def reads(world: World) -> Iterator[str]:
    def send(role: str, task: str) -> Reply:
        return world.send(role, "GET", f"{world.door.tasks}/{task}")

    yield from of_one_task(world, READ, send, changes=False)


def cancels(world: World) -> Iterator[str]:
    """A second request changes nothing, so that each role has tasks of its own."""
    for role in ROLES:
        fresh = type(world)(world.server, world.door)

        def send(who: str, task: str) -> Reply:
            return world.send(who, "POST", f"{world.door.tasks}/{task}?action=cancel")

        one = {(who, owner): word for (who, owner), word in CANCEL.items() if who == role}
        yield from only_role(fresh, one, send, role)


def only_role(
    world: World, expected: Grid, send: Callable[[str, str], Reply], role: str
) -> Iterator[str]:
    for owner in OWNERS:
        before = world.seen(owner)
        reply = send(role, world.tasks[owner])
        after, word = world.seen(owner), expected[role, owner]
        if judged(reply) != word:
            yield f"{role}, {owner}: {word} is expected, told is {judged(reply)}"
        if reply.etag != (after[0] if word in ("ok", "unauthorized") else None):
            yield f"{role}, {owner}: {word} with the ETag {reply.etag}, read is {after[0]}"
        if (word == "ok") != (after != before):
            yield f"{role}, {owner}: {word}, before {before}, after {after}"


def lists(world: World) -> Iterator[str]:
    every = "&".join(f"filter_spec.tasks={task}" for task in world.tasks.values())
    services = "&".join(f"filter_spec.services={service}" for service in SERVICES.values())
    for role, query in itertools.product(ROLES, (every, services, f"{every}&{services}")):
        reply = world.send(role, "GET", f"{world.door.tasks}?{world.door.query(query)}")
        if reply.status == 401:
            words = dict.fromkeys(OWNERS, "login")
        else:
            entries = reply.tasks
            words = {
                owner: "shown" if task in entries else "hidden"
                for owner, task in world.tasks.items()
            }
            allowed = {SERVICES[owner] for owner in CREATORS if LIST[role, owner] == "shown"}
            if not {entry["service"] for entry in entries.values()} <= allowed:
                yield f"{role}: a list shows {sorted(entries)}"
        if words != {owner: LIST[role, owner] for owner in OWNERS}:
            yield f"{role}: {query[:30]}: {words}"


def watches(world: World) -> Iterator[str]:
    """Who sees a task hears of it, and nobody else; asking for it changes nothing."""
    services = "&".join(f"service={service}" for service in SERVICES.values())
    every = "&".join(f"task={task}" for task in world.tasks.values())
    for role, query in itertools.product(ROLES, ("", services, every)):
        headers = world.headers(role)
        if role not in INSIDE:
            reply = world.server.call("GET", f"{EVENTS}?{query}", None, headers)
            if (reply.status, reply.json["error_type"]) != (401, "UNAUTHENTICATED"):
                yield f"{role}: {reply}"
            continue
        with Events(world.server, headers[SESSION], query) as stream:
            yield from hears(world, role, stream)


def hears(world: World, role: str, stream: Events) -> Iterator[str]:
    """What is wrong with what a role hears of a change of each task."""
    owners = {task: owner for owner, task in world.tasks.items()}
    with world.server.caller("administrator") as caller:
        # What it must not hear of the first time would come before what it may the second time.
        for _ in range(2):
            words = text(f"{role} {next(world.numbers)}")
            for owner in CREATORS:
                caller.patch(world.tasks[owner], {"description": words})
    expected = [owner for owner in CREATORS if READ[role, owner] == "ok"] * 2
    heard = [owners[told.task[0]] for told in stream.changes(len(expected))]
    if heard != expected:
        yield f"{role}: hears of {heard}, expected {expected}"


def creates(world: World) -> Iterator[str]:
    for (role, owner), word in CREATE.items():
        parent = {} if owner == "parentless" else {"parent_task": world.tasks[owner]}
        body = world.door.body({"operation_id": "op", "cancelable": True, **parent})
        reply = world.send(role, "POST", world.door.extension_tasks, body)
        if word not in ("ok", *SERVICES):
            if judged(reply) != word or reply.etag is not None:
                yield f"{role}, {owner}: {word} is expected, told is {reply}"
            continue
        info = world.send("administrator", "GET", f"{world.door.tasks}/{reply.value}").value
        own = word if word in SERVICES else CREATE[role, "parentless"]
        if (info["service"], info.get("parent"), info.get("user")) != (
            SERVICES[own],
            parent.get("parent_task"),
            None,
        ):
            yield f"{role}, {owner}: {info}"


def sessions(world: World) -> Iterator[str]:
    """To log in one needs a password; to ask, a session, and that tells only of itself."""
    for role in ROLES:
        reply = world.send(role, *world.door.ask)
        if role not in INSIDE:
            if judged(reply) != "login":
                yield f"{role}: {reply}"
        elif reply.value["user"] != owner_of(role):
            yield f"{role}: is {reply.value}"
        if judged(world.send(role, "POST", world.door.session)) != "login":
            yield f"{role}: has a new session for the old one"


STAYS = ((400, "unsupported"), "milepost.access.token_stays")


def logouts(world: World) -> Iterator[str]:
    for role in ROLES:
        if role not in INSIDE:
            if judged(world.send(role, "DELETE", world.door.session)) != "login":
                yield f"{role}: may end a session"
            continue
        if role in TOKENS:
            # It is told that this ends nothing, and it is true.
            reply = world.send(role, "DELETE", world.door.session)
            lives = world.send(role, *world.door.ask).status
            if (reply.refused, reply.reason, lives) != (*STAYS, 200):
                yield f"{role}: {reply}, {lives}"
            continue
        tokens = [world.server.login(role), world.server.login(role)]
        statuses = [
            world.server.call(method, path, None, {SESSION: token}).status
            for method, path, token in (
                ("DELETE", world.door.session, tokens[0]),
                ("DELETE", world.door.session, tokens[0]),
                (*world.door.ask, tokens[1]),
            )
        ]
        if statuses != [world.door.done, 401, 200]:
            yield f"{role}: {statuses}"


REGISTRY = "/v1/extensions"
ADMINISTRATORS = ("administrator", "admin-2", "root-full")


def registry(method: str) -> Callable[[World], Iterator[str]]:
    """For administrators; all others are told the same whether or not the extension is there."""

    def check(world: World) -> Iterator[str]:
        for role, there in itertools.product(ROLES, (True, False)):
            yield from of_one_extension(world, role, method, there=there)

    return check


def of_one_extension(world: World, role: str, method: str, *, there: bool) -> Iterator[str]:
    path = f"{REGISTRY}/com.matrix.{method.lower()}"
    if there:
        world.send("administrator", "PUT", path, b'{"name": "before"}')
    else:
        world.send("administrator", "DELETE", path)
    before = world.send("administrator", "GET", path)
    reply = world.send(role, method, path, b"{}" if method == "PUT" else None)
    after = world.send("administrator", "GET", path)
    word = "login" if role not in INSIDE else "unauthorized"
    if role in ADMINISTRATORS:
        word = "ok" if there or method == "PUT" else "not_found"
    if judged(reply) != word:
        yield f"{role}, {there}: {word} is expected, told is {reply}"
    changes = word == "ok" and method != "GET"
    if ((after.status, after.body) != (before.status, before.body)) != changes:
        yield f"{role}, {there}: {word}, before {before}, after {after}"
    if word == "unauthorized" and (b"com.matrix" in reply.body or reply.etag is not None):
        yield f"{role}, {there}: is told of the extension: {reply}"


def registry_lists(world: World) -> Iterator[str]:
    for role in ROLES:
        reply = world.send(role, "GET", REGISTRY)
        word = "login" if role not in INSIDE else "unauthorized"
        if judged(reply) != ("ok" if role in ADMINISTRATORS else word):
            yield f"{role}: {reply}"


def opened(method: str, *paths: str) -> Callable[[World], Iterator[str]]:
    """The same for all, with a session or without."""

    def check(world: World) -> Iterator[str]:
        for path in paths:
            replies = [world.send(role, method, path) for role in ROLES]
            if {(reply.status, reply.body) for reply in replies} != {(200, replies[0].body)}:
                yield f"{method} {path}: {replies}"

    return check


def own_cancels(world: World) -> Iterator[str]:
    """The same as a cancel at the other doors, with a verb in the path."""
    for role in ROLES:
        fresh = World(world.server, world.door)

        def send(who: str, task: str) -> Reply:
            return world.send(who, "POST", f"{world.door.tasks}/{task}:cancel")

        one = {(who, owner): word for (who, owner), word in CANCEL.items() if who == role}
        yield from only_role(fresh, one, send, role)


def force_closes(world: World) -> Iterator[str]:
    """The server of this room gives extensions no time to end a task."""
    for role in ROLES:
        fresh = World(world.server, world.door)
        for owner, task in fresh.tasks.items():
            if owner != "none":
                fresh.send("administrator", "POST", f"{world.door.tasks}/{task}:cancel")

        def send(who: str, task: str) -> Reply:
            return world.send(who, "POST", f"{world.door.tasks}/{task}:force-close")

        one = {(who, owner): word for (who, owner), word in FORCE_CLOSE.items() if who == role}
        yield from only_role(fresh, one, send, role)


def heartbeats(world: World) -> Iterator[str]:
    def send(role: str, task: str) -> Reply:
        return world.send(role, "POST", f"{world.door.tasks}/{task}:heartbeat")

    yield from of_one_task(world, CHANGE, send, changes=False)


def histories(world: World) -> Iterator[str]:
    def send(role: str, task: str) -> Reply:
        return world.send(role, "GET", f"{world.door.tasks}/{task}/events")

    yield from of_one_task(world, HISTORY, send, changes=False)


def own_creates(world: World) -> Iterator[str]:
    for (role, owner), word in CREATE.items():
        parent = {} if owner == "parentless" else {"parent_task": world.tasks[owner]}
        body = world.door.body({"operation_id": "op", "cancelable": True, **parent})
        reply = world.send(role, "POST", world.door.tasks, body)
        if word not in ("ok", *SERVICES):
            if judged(reply) != word or reply.etag is not None:
                yield f"{role}, {owner}: {word} is expected, told is {reply}"
            continue
        own = word if word in SERVICES else CREATE[role, "parentless"]
        info = reply.json
        told = (info["service"], info.get("parent"), info["principal"])
        expected = (201, SERVICES[own], parent.get("parent_task"), owner_of(role))
        if (reply.status, *told) != expected:
            yield f"{role}, {owner}: {reply}"


def reserved(world: World) -> Iterator[str]:
    """Only administrators say whose a task is, and how long it is kept."""
    given: tuple[dict[str, str | bool], ...] = ({"extension": B}, {"pinned": True})
    for role, fields in itertools.product(INSIDE, given):
        body = world.door.body({"operation_id": "op", "cancelable": True, **fields})
        reply = world.send(role, "POST", world.door.tasks, body)
        expected = "ok" if CHANGE[role, "default"] == "ok" else "unauthorized"
        if judged(reply) != expected:
            yield f"{role}, {fields}: {reply}"
        if (
            reply.status == 201
            and not fields.items()
            <= {
                **reply.json,
                "extension": reply.json["service"],
            }.items()
        ):
            yield f"{role}, {fields}: {reply}"
    for role, owner in itertools.product(ROLES, OWNERS):
        body = world.door.body({"pinned": True})
        reply = world.send(role, "PATCH", f"{world.door.tasks}/{world.tasks[owner]}", body)
        word = CHANGE[role, owner]
        expected = "unauthorized" if word == "ok" and CHANGE[role, "default"] != "ok" else word
        if judged(reply) != expected:
            yield f"{role}, {owner}: {expected} is expected, told is {reply}"


def batches(world: World) -> Iterator[str]:
    """A batch gives nobody more than single requests; each part is judged by itself."""
    numbers = itertools.count()
    for role in ROLES:
        said = f"batch {next(numbers)}"
        update = {"description": said}
        requests: list[dict[str, object]] = [
            {"update": {"task": task, "spec": update}} for task in world.tasks.values()
        ]
        requests.append({"create": {"operation_id": "op", "cancelable": True}})
        reply = world.send(role, "POST", f"{world.door.tasks}:batch", batch_of(requests))
        if CHANGE[role, "none"] == "login":
            if judged(reply) != "login":
                yield f"{role}: {reply}"
            continue
        *updated, created = reply.json["results"]
        for owner, result in zip(world.tasks, updated, strict=True):
            expected = WORDS[CHANGE[role, owner]]
            problem = result.get("problem", {}).get("error_type")
            told = (result["status"], problem and problem.lower())
            changed = said.encode() in world.seen(owner)[1] if owner != "none" else False
            if told != expected or changed != (told[0] == 200):
                yield f"{role}, {owner}: {result}"
        own = CREATE[role, "parentless"]
        if own in SERVICES:
            if (created["status"], created["task"]["service"]) != (201, SERVICES[own]):
                yield f"{role}: {created}"
        elif created["status"] != WORDS[own][0]:
            yield f"{role}: {created}"


def batch_of(requests: list[dict[str, object]]) -> bytes:
    return json.dumps({"requests": requests}).encode()


new_users = itertools.count()
OWN = "/v1/tokens"


def users(world: World) -> Iterator[str]:
    """Only administrators read, add and change users, and no answer has a secret."""
    for role in ROLES:
        name = f"{role}-made-{next(new_users)}"
        new = {"name": name, "role": "viewer", "password": PASSWORD}
        change = world.door.body({"disabled": True})
        for column, replies in {
            "read": [
                world.send(role, "GET", "/v1/users"),
                world.send(role, "GET", "/v1/users/viewer"),
            ],
            "create": [world.send(role, "POST", "/v1/users", world.door.body(new))],
            "change": [world.send(role, "PATCH", f"/v1/users/{name}", change)],
        }.items():
            for reply in replies:
                if judged(reply) != USERS[role, column]:
                    yield f"{role}, {column}: {reply}"
                if b"argon2" in reply.body or PASSWORD.encode() in reply.body:
                    yield f"{role}, {column}: a secret in {reply}"


def own_sessions(world: World) -> Iterator[str]:
    """A session tells only of itself."""
    tables = {"read": READ, "update": CHANGE, "cancel": CANCEL, "force-close": FORCE_CLOSE,
              "create": CREATE, "read-history": HISTORY, "read-result": HISTORY}  # fmt: skip
    for role in ROLES:
        reply = world.send(role, "GET", OWN_SESSION)
        if role not in INSIDE:
            if judged(reply) != "login":
                yield f"{role}: {reply}"
            continue
        rights = {
            name
            for name, expected in tables.items()
            if "ok" in {expected[role, owner] for owner in CREATORS}
        }
        if (reply.json["user"], set(reply.json["rights"])) != (owner_of(role), rights):
            yield f"{role}: is {reply.json}"


def own_sign_outs(world: World) -> Iterator[str]:
    """A session ends only itself, and a token not at all."""
    for role in ROLES:
        if role in INSIDE and role not in TOKENS:
            token = world.server.login(role)
            ends = [
                world.server.call("DELETE", OWN_SESSION, None, {SESSION: token}).status
                for _ in range(2)
            ]
            if ends != [204, 401] or judged(world.send(role, "GET", OWN_SESSION)) != "ok":
                yield f"{role}: {ends}"
            continue
        reply = world.send(role, "DELETE", OWN_SESSION)
        told = (reply.refused, reply.reason) if role in INSIDE else judged(reply)
        if told != (STAYS if role in INSIDE else "login"):
            yield f"{role}: {reply}"


def own_sign_ins(world: World) -> Iterator[str]:
    """Only a password lets in; a session in hand does not make another one."""
    for role in ROLES:
        tried = {"user": role, "password": "wrong"}
        if judged(world.send(role, "POST", OWN_SESSION, world.door.body(tried))) != "login":
            yield f"{role}: is let in with a wrong password"
        if role not in INSIDE or role in TOKENS:
            continue
        new = {"user": role, "password": PASSWORD}
        reply = world.send("anonymous", "POST", OWN_SESSION, world.door.body(new))
        if (reply.status, reply.json.get("user")) != (201, role):
            yield f"{role}: {reply}"


def overviews(world: World) -> Iterator[str]:
    """An overview counts what one may see and names no other extension."""
    for role in ROLES:
        reply = world.send(role, "GET", "/v1/overview")
        if role not in INSIDE:
            if judged(reply) != "login":
                yield f"{role}: {reply}"
            continue
        services = {one["service"] for part in ("open", "ended") for one in reply.json[part]}
        seen = {SERVICES[owner] for owner in CREATORS if READ[role, owner] == "ok"}
        everything = len(seen) == len(CREATORS)
        if not seen <= services or (not everything and services != seen):
            yield f"{role}: counts {services}, may see {seen}"


def server_facts(world: World) -> Iterator[str]:
    """Whoever is inside may know which server it is."""
    for role in ROLES:
        word = judged(world.send(role, "GET", "/v1/server"))
        if word != ("ok" if role in INSIDE else "login"):
            yield f"{role}: {word}"


def leads(path: str) -> Callable[[World], Iterator[str]]:
    """Everybody is led to the console."""

    def check(world: World) -> Iterator[str]:
        for role in ROLES:
            reply = world.send(role, "GET", path)
            if (reply.status, reply.headers.get("location"), reply.body) != (302, "/ui/", b""):
                yield f"{role}: {reply}"

    return check


def own_tokens(world: World) -> Iterator[str]:
    """Everybody with a session looks after their own tokens, administrators after all."""
    for role in ROLES:
        name, ident = owner_of(role), f"{role} {next(new_users)}"
        mine, other = (made_token(world, who, ident) for who in (name, "stray"))
        new = {"name": f"by {ident}", "scope": "watch"}
        for column, replies in {
            "list": [world.send(role, "GET", OWN)],
            "make": [world.send(role, "POST", OWN, world.door.body(new))],
            "make for another": [
                world.send(role, "POST", OWN, world.door.body({**new, "user": "stray"})),
            ],
            "own": [world.send(role, method, f"{OWN}/{mine}") for method in ("GET", "DELETE")],
            "another": [world.send(role, method, f"{OWN}/{other}") for method in ("GET", "DELETE")],
            "none": [world.send(role, method, f"{OWN}/none") for method in ("GET", "DELETE")],
        }.items():
            for reply in replies:
                if judged(reply) != OWN_TOKENS[role, column]:
                    yield f"{role}, {column}: {reply}"
                if (b"mpt_" in reply.body) != (reply.status == 201):
                    yield f"{role}, {column}: the text of a token in {reply}"
        for token, column in ((mine, "own"), (other, "another")):
            now = world.send("administrator", "GET", f"{OWN}/{token}").json
            if ("revoked_at" in now) != (OWN_TOKENS[role, column] == "ok"):
                yield f"{role}, {column}: {now}"


def token_lists(world: World) -> Iterator[str]:
    """Who is no administrator sees no other's tokens, whatever is asked."""
    owners = {"stray", "operator"}
    for name in owners:
        made_token(world, name, f"listed {next(new_users)}")
    for role, query in itertools.product(INSIDE, ("", "?user=stray", "?page_size=1000")):
        reply = world.send(role, "GET", OWN + query)
        word = OWN_TOKENS[role, "list"]
        if query == "?user=stray" and role not in ADMINISTRATORS:
            word = "unauthorized"
        if judged(reply) != word:
            yield f"{role}{query}: {reply}"
        elif word == "ok":
            users = {token["user"] for token in reply.json["tokens"]}
            seen = {"stray"} if query == "?user=stray" else {owner_of(role)}
            is_right = (
                owners <= users
                if role in ADMINISTRATORS and "=stray" not in query
                else (users <= seen)
            )
            if not is_right:
                yield f"{role}{query}: sees tokens of {users}"


def made_token(world: World, owner: str, name: str) -> str:
    """The id of a new token of a user; a role that is nobody has one of the stray user."""
    known = owner if owner not in ("stranger", "anonymous") else "stray"
    new = {"name": f"{name} of {owner}", "scope": "read", "user": known}
    made: str = world.send("administrator", "POST", OWN, world.door.body(new)).json["id"]
    return made


OWN_SESSION = "/v1/session"
Check = Callable[[World], Iterator[str]]


def over_jsonrpc(check: Check) -> Check:
    """A check of ``/rest``, made over JSON-RPC."""

    def checked(world: World) -> Iterator[str]:
        yield from check(RpcWorld(world.server, REST))

    checked.__name__ = check.__name__
    return checked


Expected = dict[Key, tuple[Auth, tuple[Check, ...]]]


def expected_of(door: Door) -> Expected:
    """The routes of a REST door; where it asks about a session on a path of its own, one more."""
    found: Expected = {
        ("POST", door.extension_tasks): (Auth.SESSION, (creates,)),
        ("PATCH", door.extension_tasks + "/{task_id}"): (Auth.SESSION, (updates, broken_updates)),
        ("GET", door.tasks): (Auth.SESSION, (lists,)),
        ("GET", door.tasks + "/{task}"): (Auth.SESSION, (reads,)),
        ("POST", door.tasks + "/{task}"): (Auth.SESSION, (cancels,)),
        ("POST", door.session): (Auth.BASIC, (sessions,)),
        ("DELETE", door.session): (Auth.SESSION, (logouts,)),
    }
    if door is not REST:
        found[door.ask] = (Auth.SESSION, (sessions,))
    return found


V1_EXPECTED: Expected = {
    ("POST", V1.tasks): (Auth.SESSION, (own_creates, reserved)),
    ("POST", V1.tasks + ":batch"): (Auth.SESSION, (batches,)),
    ("GET", V1.tasks): (Auth.SESSION, (lists,)),
    ("GET", V1.tasks + "/{task_id}"): (Auth.SESSION, (reads,)),
    ("PATCH", V1.tasks + "/{task_id}"): (Auth.SESSION, (updates, broken_updates)),
    ("GET", V1.tasks + "/{task_id}/events"): (Auth.SESSION, (histories,)),
    ("POST", V1.tasks + "/{task_id}:cancel"): (Auth.SESSION, (own_cancels,)),
    ("POST", V1.tasks + "/{task_id}:heartbeat"): (Auth.SESSION, (heartbeats,)),
    ("POST", V1.tasks + "/{task_id}:force-close"): (Auth.SESSION, (force_closes,)),
    ("GET", "/v1/users"): (Auth.SESSION, (users,)),
    ("POST", "/v1/users"): (Auth.SESSION, (users,)),
    ("GET", "/v1/users/{name}"): (Auth.SESSION, (users,)),
    ("PATCH", "/v1/users/{name}"): (Auth.SESSION, (users,)),
    ("POST", OWN_SESSION): (Auth.OPEN, (own_sign_ins,)),
    ("GET", OWN_SESSION): (Auth.SESSION, (own_sessions,)),
    ("DELETE", OWN_SESSION): (Auth.SESSION, (own_sign_outs,)),
    ("GET", "/v1/overview"): (Auth.SESSION, (overviews,)),
    ("GET", "/v1/server"): (Auth.SESSION, (server_facts,)),
    ("GET", OWN): (Auth.SESSION, (token_lists,)),
    ("POST", OWN): (Auth.SESSION, (own_tokens,)),
    ("GET", OWN + "/{token_id}"): (Auth.SESSION, (own_tokens,)),
    ("DELETE", OWN + "/{token_id}"): (Auth.SESSION, (own_tokens,)),
}
EXPECTED: Expected = {
    **V1_EXPECTED,
    **{key: case for door in DOORS.values() for key, case in expected_of(door).items()},
    # Its operations ask for a session each by itself.
    ("POST", API): (
        Auth.OPEN,
        tuple(
            over_jsonrpc(check)
            for check in (creates, updates, broken_updates, lists, reads, cancels, sessions)
        ),
    ),
    ("GET", REGISTRY): (Auth.SESSION, (registry_lists,)),
    **{
        (method, REGISTRY + "/{key}"): (Auth.SESSION, (registry(method),))
        for method in ("GET", "PUT", "DELETE")
    },
    **{
        (method, path): (Auth.OPEN, (opened(method, path),))
        for method in ("GET", "HEAD")
        for path in ("/livez", "/readyz")
    },
    ("GET", EVENTS): (Auth.SESSION, (watches,)),
    **{
        ("GET", path): (Auth.OPEN, (opened("GET", path),))
        for path in ("/openapi.json", "/docs", "/docs/docs.css", "/docs/docs.js")
    },
    # The pages have nothing in them; what they show they ask for as the reader.
    ("GET", "/ui/"): (Auth.OPEN, (opened("GET", "/ui/"),)),
    ("GET", "/ui/{name}"): (Auth.OPEN, (opened("GET", "/ui/app.js", "/ui/users"),)),
    ("GET", "/ui/tasks/{task_id}"): (Auth.OPEN, (opened("GET", f"/ui/tasks/{UNKNOWN}"),)),
    ("GET", "/"): (Auth.OPEN, (leads("/"),)),
    ("GET", "/ui"): (Auth.OPEN, (leads("/ui"),)),
}
CASES = [(key, check) for key, (_, checks) in EXPECTED.items() for check in checks]


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Route, ...]:
    """The routes of a whole server, as the composition root puts them together."""
    folder: Path = tmp_path_factory.mktemp("routes")

    async def composed() -> tuple[Route, ...]:
        store = open_store(folder)
        try:
            return compose(Settings(data=str(folder)), store).router.routes
        finally:
            await store.close()

    return asyncio.run(composed())


def unexpected(routes: tuple[Route, ...]) -> set[str]:
    """Routes without an entry, entries without a route, and entries with another need of login."""
    there = {(route.method, route.path): route.auth for route in routes}
    expected = {key: auth for key, (auth, _) in EXPECTED.items()}
    return {
        f"{method} {path}: {there.get((method, path))}, expected {expected.get((method, path))}"
        for method, path in there.keys() | expected.keys()
        if there.get((method, path)) != expected.get((method, path))
    }


def test_every_route_has_an_entry(routes: tuple[Route, ...]) -> None:
    assert len(routes) == len({(route.method, route.path) for route in routes})
    assert unexpected(routes) == set()


async def nothing(_request: Request) -> Answer:
    return Answer(200)


def test_a_new_route_without_an_entry_is_noticed(routes: tuple[Route, ...]) -> None:
    new = Route("PUT", TASKS, nothing, Auth.SESSION, operation="new", summary="New.")
    (line,) = unexpected((*routes, new))
    assert line.startswith(f"PUT {TASKS}: ")
    freed = [route._replace(auth=Auth.OPEN) if route.path == TASKS else route for route in routes]
    (line,) = unexpected(tuple(freed))
    assert line.startswith(f"GET {TASKS}: ")
    (line,) = unexpected(routes[1:])
    assert line.startswith(f"{routes[0].method} {routes[0].path}: None")


@pytest.mark.parametrize(
    ("key", "check"), CASES, ids=[f"{' '.join(key)} {check.__name__}" for key, check in CASES]
)
def test_every_role_gets_what_is_its_own(crowd: Server, key: Key, check: Check) -> None:
    assert key in EXPECTED
    assert list(check(World(crowd, door_at(key[1])))) == []


def test_principals_of_one_key_are_alike(crowd: Server) -> None:
    """Each changes, cancels and ends what the other made; who made it shows nowhere."""
    for maker, other in (("a-1", "a-2"), ("a-2", "a-1")):
        with crowd.caller(maker) as mine, crowd.caller(other) as theirs:
            task = mine.create(status="RUNNING")
            assert theirs.patch(task, {"percent_done": progress(1, 2)}).revision == 2
            assert theirs.cancel(task).revision == 3
            assert mine.patch(task, {"status": "SUCCEEDED"}).revision == 4
            assert mine.get(task).body == theirs.get(task).body
            child = theirs.post({"operation_id": "op", "cancelable": True, "parent_task": task})
            assert mine.get(child.value).value["parent"] == task


def test_the_grids_are_full() -> None:
    for expected in (CHANGE, CANCEL, READ, LIST, FORCE_CLOSE, HISTORY):
        assert set(expected) == set(itertools.product(ROLES, OWNERS))
    assert {role for role, _ in USERS} == {role for role, _ in OWN_TOKENS} == set(ROLES)
    assert {*TOKENS} <= set(ROLES)
    assert set(CREATE) == set(itertools.product(ROLES, (*OWNERS, "parentless")))
