"""The composition root: the only module that names concrete classes and puts them together."""
# long: it is the one place that knows all rooms

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from milepost import __version__
from milepost.access.passwords import PasswordChecker, hash_password
from milepost.access.principals import Role
from milepost.access.sessions import SessionLimits, Sessions
from milepost.access.throttle import Throttle
from milepost.console.files import console_files
from milepost.doors.api import ApiDoor, api_routes
from milepost.doors.app import Application, internal_fault
from milepost.doors.console import PATH as CONSOLE
from milepost.doors.console import ConsoleDoor, console_routes
from milepost.doors.credentials import Gate
from milepost.doors.docs import DocsDoor, docs_routes
from milepost.doors.health import HealthDoor, health_routes
from milepost.doors.hosts import Hosts
from milepost.doors.hub import ConnectionLimits
from milepost.doors.jsonrpc import JsonRpcDoor, jsonrpc_routes
from milepost.doors.listening import CannotListen, listen, parse_address
from milepost.doors.openapi import OpenApiDoor, openapi_routes
from milepost.doors.rest import RestDoor, rest_routes
from milepost.doors.routing import Route, Router
from milepost.doors.serving import HttpServer
from milepost.doors.v1batch import V1BatchDoor, batch_routes
from milepost.doors.v1events import EventsDoor, events_routes
from milepost.doors.v1extensions import ExtensionDoor, extension_routes
from milepost.doors.v1overview import Facts, V1OverviewDoor, overview_routes
from milepost.doors.v1session import V1SessionDoor, session_routes
from milepost.doors.v1tasks import V1TasksDoor
from milepost.doors.v1tasks import task_routes as v1_task_routes
from milepost.doors.v1tokens import V1TokensDoor, token_routes
from milepost.doors.v1users import V1UsersDoor, user_routes
from milepost.feed.feed import Feed, FeedLimits
from milepost.logs import logger
from milepost.rules.task import Ruleset
from milepost.rules.values import Instant
from milepost.service.accounts import Accounts
from milepost.service.batches import Batches
from milepost.service.extensions import Extensions
from milepost.service.histories import HistoryKeeper
from milepost.service.leases import LONGEST_STEP, LeaseKeeper, Leases
from milepost.service.localizing import Texts
from milepost.service.logins import LoginService
from milepost.service.overview import Overview
from milepost.service.reading import Reading
from milepost.service.retention import Keeping, Sweeper
from milepost.service.tasks import TaskService
from milepost.service.tokens import TokenLimits, Tokens
from milepost.service.upkeep import Upkeep
from milepost.service.vigil import Vigil
from milepost.service.watching import WatchService
from milepost.settings import Settings
from milepost.store.base import Event, Store, StoreError, User
from milepost.store.sqlite.store import open_store
from milepost.texts import own_texts
from milepost.wire.api import ApiDialect
from milepost.wire.datavalues import DataValueDecoder
from milepost.wire.decoding import Limits
from milepost.wire.rest import RestDialect
from milepost.wire.sse import encode_event
from milepost.wire.v1 import V1Dialect

if TYPE_CHECKING:
    from milepost.doors.tls import Tls

ADMINISTRATOR = "administrator"
TASK_ID_BYTES = 16
PASSWORD_BYTES = 12
KEEP_ALIVE_SECONDS = 60
TICK_SECONDS = 1.0
GC_ALLOCATIONS = 20_000
# The thread that commits needs Python's lock for a moment between its statements; the event loop
# is never idle under load, and by default it would keep the lock for 5 ms.
SWITCH_SECONDS = 0.0005

Announce = Callable[[str], None]

log = logger(__name__)


class CannotServe(Exception):
    """The server cannot start; the text says why and names what is at fault."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The event loop of the server: uvloop where there is one."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop  # late: there is none for Windows

    return uvloop.new_event_loop()


def clock() -> Instant:
    """The time now, in milliseconds."""
    return time.time_ns() // 1_000_000


def new_task_id() -> str:
    """128 random bits in 26 letters and digits; never a leading dash, which commands dislike."""
    return base64.b32encode(secrets.token_bytes(TASK_ID_BYTES)).decode().rstrip("=").lower()


def serve(settings: Settings, announce: Announce) -> None:
    """Serve until told to stop, then finish what was accepted.

    ``announce`` gets the lines meant for whoever started the server. Raises ``CannotServe``.
    """
    listener = listening(settings)
    try:
        store = opened_store(settings)
        tls = opened_tls(settings)
        reload_when_asked(tls)
        begin(store, settings, announce)
        app = compose(settings, store)
        interrupted = run(app, settings, listener, tls, announce)
    except StoreError as fault:
        raise CannotServe(f"the data directory {settings.data}: {fault}") from fault
    finally:
        listener.close()
    if interrupted:
        raise KeyboardInterrupt


def run(
    app: Application,
    settings: Settings,
    listener: socket.socket,
    tls: Tls | None,
    announce: Announce,
) -> bool:
    """Serve an application in a loop of its own; the answer is whether it was interrupted."""

    def started() -> None:
        # What lives now lives on; the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        # A request leaves no circles behind, so to look for them often is wasted.
        gc.set_threshold(GC_ALLOCATIONS, 20, 50)
        sys.setswitchinterval(SWITCH_SECONDS)
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        for line in () if tls is None else tls.lines():
            announce(line)
        scheme = "http" if tls is None else "https"
        announce(f"The console is at {scheme}://{shown}:{port}{CONSOLE}")
        announce(f"Milepost {__version__} serves {scheme}://{shown}:{port}")

    limits = ConnectionLimits(
        keep_alive=KEEP_ALIVE_SECONDS,
        most_body=settings.max_body,
        connections=settings.max_connections,
        changing=settings.max_changing,
    )

    async def serving() -> bool:
        server = HttpServer(
            app, limits, grace=settings.shutdown_grace, tls=tls, tick_seconds=TICK_SECONDS
        )
        return await server.serve(listener, started)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(serving())


def listening(settings: Settings) -> socket.socket:
    """The socket to serve on. Raises ``CannotServe``, naming the address."""
    try:
        return listen(settings.bind, anywhere=settings.insecure_http or settings.has_tls)
    except CannotListen as fault:
        raise CannotServe(str(fault)) from fault


def opened_store(settings: Settings, *, exclusive: bool = True, synchronous: str = "FULL") -> Store:
    """The store in the data directory. Raises ``CannotServe``, naming the directory.

    ``synchronous`` is that of SQLite; only data that nobody misses may do with less.
    """
    try:
        return open_store(
            Path(settings.data),
            synchronous=synchronous,
            most_waiting=settings.max_waiting,
            history_limit=settings.history_limit,
            exclusive=exclusive,
            commit_process=settings.commit_process if exclusive else "never",
        )
    except StoreError as fault:
        raise CannotServe(str(fault)) from fault


def opened_tls(settings: Settings) -> Tls | None:
    """The certificate to serve with, or ``None`` without TLS. Raises ``CannotServe``."""
    if not settings.has_tls:
        return None
    from milepost.doors import certificates, tls  # late: they take long, and only TLS needs them

    most = settings.max_connections
    try:
        if settings.tls_cert is not None and settings.tls_key is not None:
            opened = tls.with_given(Path(settings.tls_cert), Path(settings.tls_key), most)
        else:
            host = parse_address(settings.bind).host
            opened = tls.with_own(Path(settings.data) / "tls", host, most)
    except certificates.BadCertificate as fault:
        raise CannotServe(str(fault)) from fault
    return opened


def reload_when_asked(tls: Tls | None) -> None:
    """Load the certificate again on SIGHUP, where there is one, and that signal."""
    if tls is not None and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda _signal, _frame: tls.ask())


@contextlib.asynccontextmanager
async def opened_accounts(settings: Settings) -> AsyncIterator[Accounts]:
    """The users in the data directory, also while a server runs on it. Raises ``CannotServe``."""
    store = opened_store(settings, exclusive=False)
    try:
        yield Accounts(store, clock)
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def opened_tokens(settings: Settings) -> AsyncIterator[Tokens]:
    """The tokens in the data directory, as ``opened_accounts`` has its users.

    Raises ``CannotServe``.
    """
    store = opened_store(settings, exclusive=False)
    try:
        yield Tokens(store, token_limits(settings), clock)
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def opened_extensions(settings: Settings) -> AsyncIterator[Extensions]:
    """The extensions in the data directory, as ``opened_accounts`` has its users.

    Raises ``CannotServe``.
    """
    store = opened_store(settings, exclusive=False)
    try:
        registry = opened_registry(settings, store)
        await registry.refresh()
        yield registry
    finally:
        await store.close()


def opened_registry(settings: Settings, store: Store) -> Extensions:
    """The registry of extensions over a store, not yet read."""
    return Extensions(store, ruleset(settings), own_texts(), default_locale=settings.default_locale)


def opened_sweeper(
    settings: Settings, store: Store, registry: Extensions, clock: Callable[[], Instant]
) -> Sweeper:
    """Who removes finished tasks from a store."""
    keeping = Keeping(age_seconds=settings.retention_age, count=settings.retention_count)
    return Sweeper(store, keeping, retention_of=registry.retention_of, clock=clock)


def compose(settings: Settings, store: Store) -> Application:
    """The application over a store."""
    return assembled(settings, store).app


class Time(NamedTuple):
    """How a server knows the time.

    ``clock`` gives milliseconds since 1970, ``monotonic`` seconds that never go back, and
    ``longest_step`` is how many of these may pass unseen and still count for leases.
    """

    clock: Callable[[], Instant]
    monotonic: Callable[[], float]
    longest_step: float


REAL_TIME = Time(clock, time.monotonic, LONGEST_STEP)


class Assembly(NamedTuple):
    """An application, and what of it has a life of its own beside the requests."""

    app: Application
    sessions: Sessions
    upkeep: Upkeep


class Services(NamedTuple):
    """What the doors of a server are put upon."""

    passwords: PasswordChecker
    sessions: Sessions
    gate: Gate
    logins: LoginService
    registry: Extensions
    texts: Texts
    feed: Feed
    vigil: Vigil
    leases: Leases
    tasks: TaskService


def assembled(settings: Settings, store: Store, time: Time = REAL_TIME) -> Assembly:
    """All parts of an application over a store, put together."""
    services = services_of(settings, store, time)
    routes = routes_of(settings, store, services, time.clock)
    upkeep = Upkeep(
        store,
        services.sessions,
        services.passwords,
        registry=services.registry,
        leases=LeaseKeeper(store, services.leases, time.clock, services.feed.wake),
        sweeper=opened_sweeper(settings, store, services.registry, time.clock),
        histories=HistoryKeeper(store),
        clock=time.clock,
        closing=(services.feed.close, services.vigil.close),
    )
    app = Application(
        Router(routes), services.gate, services.texts, start=upkeep.start, stop=upkeep.stop
    )
    return Assembly(app, services.sessions, upkeep)


def services_of(settings: Settings, store: Store, time: Time) -> Services:
    """The services over a store."""
    clock = time.clock
    passwords = PasswordChecker()
    sessions = Sessions(store, passwords, session_limits(settings))
    registry = opened_registry(settings, store)
    feed = Feed(store, event_text, feed_limits(settings))
    leases = Leases(time.monotonic, longest_step=time.longest_step)
    tasks = TaskService(
        store,
        ruleset(settings),
        default_extension=settings.default_extension,
        cancel_grace=settings.cancel_grace,
        clock=clock,
        new_id=new_task_id,
        rules_of=registry.rules_of,
        wake=feed.wake,
        leases=leases,
    )
    return Services(
        passwords=passwords,
        sessions=sessions,
        gate=Gate(sessions, clock, Hosts(settings.allowed_hosts)),
        logins=LoginService(sessions, Throttle(), clock),
        registry=registry,
        texts=Texts(registry, own_texts()),
        feed=feed,
        vigil=Vigil(sessions, clock),
        leases=leases,
        tasks=tasks,
    )


def routes_of(
    settings: Settings, store: Store, services: Services, clock: Callable[[], Instant]
) -> list[Route]:
    """The routes of all doors."""
    tasks, gate, logins, texts = services.tasks, services.gate, services.logins, services.texts
    watching = WatchService(services.feed, tasks, services.vigil)
    strict, most = settings.spec_validation == "strict", value_limits(settings)
    description = OpenApiDoor()
    v1 = V1Dialect(limits=most)
    routes = [
        *rest_routes(RestDoor(tasks, logins, gate, texts, RestDialect(strict=strict, limits=most))),
        *api_routes(ApiDoor(tasks, logins, gate, texts, ApiDialect(limits=most))),
        *v1_task_routes(V1TasksDoor(tasks, Reading(store, tasks), watching, texts, v1)),
        *batch_routes(V1BatchDoor(Batches(store, tasks, clock, services.feed.wake), texts, v1)),
        *user_routes(V1UsersDoor(Accounts(store, clock), v1)),
        *token_routes(V1TokensDoor(Tokens(store, token_limits(settings), clock), v1)),
        *session_routes(V1SessionDoor(logins, gate, session_limits(settings), v1)),
        *overview_routes(
            V1OverviewDoor(
                Overview(store, clock), server_facts(settings, store, services.feed), clock
            )
        ),
        *extension_routes(ExtensionDoor(services.registry)),
        *events_routes(EventsDoor(watching, settings.watch_heartbeat)),
        *health_routes(HealthDoor(store.ready)),
        *openapi_routes(description),
        *docs_routes(DocsDoor()),
    ]
    description.describe(routes, __version__)
    decoder = DataValueDecoder(most)
    rpc = JsonRpcDoor(tasks, logins, gate, texts, decoder, report=internal_fault)
    return [*routes, *console_routes(ConsoleDoor(console_files())), *jsonrpc_routes(rpc)]


def server_facts(settings: Settings, store: Store, feed: Feed) -> Facts:
    """What the server says of itself."""

    async def facts() -> dict[str, Any]:
        span = await store.log_span()
        return {
            "version": __version__,
            "store": "sqlite",
            "ready": await store.ready(),
            "first_position": span.after,
            "last_position": span.last,
            "watchers": feed.members,
            "cancel_grace": settings.cancel_grace,
        }

    return facts


def begin(store: Store, settings: Settings, announce: Announce) -> None:
    """What must be in the store before the first request. Raises ``CannotServe``."""
    try:
        asyncio.run(make_administrator(store, settings, announce))
    except StoreError as fault:
        raise CannotServe(f"the data directory {settings.data}: {fault}") from fault


async def make_administrator(store: Store, settings: Settings, announce: Announce) -> None:
    """Make an administrator when there is none; the password comes from a file or is told once."""
    if any(user.role == Role.ADMINISTRATOR for user in await store.users()):
        return
    password = given_password(settings) or secrets.token_urlsafe(PASSWORD_BYTES)
    hashed = await asyncio.to_thread(hash_password, password)
    await store.put_user(User(name=ADMINISTRATOR, role=Role.ADMINISTRATOR.value, password=hashed))
    if settings.admin_password_file is None:
        announce(f"First start. User: {ADMINISTRATOR}  Password: {password}  (told only once)")
    else:
        announce(f"First start. User: {ADMINISTRATOR}  Password: as in the file given")


def given_password(settings: Settings) -> str | None:
    """The password in the administrator's file. Raises ``CannotServe`` when there is none in it."""
    if settings.admin_password_file is None:
        return None
    path = Path(settings.admin_password_file)
    try:
        password = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise CannotServe(f"admin_password_file {path}: {fault}") from fault
    if not password:
        raise CannotServe(f"admin_password_file {path}: it is empty")
    return password


def ruleset(settings: Settings) -> Ruleset:
    """The settings the rules depend on."""
    return Ruleset(
        spec_validation=settings.spec_validation,
        progress_messages=settings.progress_messages,
        max_clock_skew=settings.max_clock_skew,
        operations_closed=settings.operations_closed,
        operations={key: frozenset(names) for key, names in settings.registered_operations.items()},
    )


def session_limits(settings: Settings) -> SessionLimits:
    """The settings that bound sessions."""
    return SessionLimits(
        idle=settings.session_idle * 1000, absolute=settings.session_absolute * 1000
    )


def token_limits(settings: Settings) -> TokenLimits:
    """The settings that bound tokens."""
    return TokenLimits(most=settings.max_tokens, seconds=settings.max_token_age)


def feed_limits(settings: Settings) -> FeedLimits:
    """The settings that bound what watching costs."""
    return FeedLimits(watchers=settings.max_watchers, held_bytes=settings.watch_memory)


def event_text(event: Event) -> bytes:
    """An event as its watchers are told it."""
    changes = ((change.field, change.before, change.after) for change in event.changes)
    return encode_event(event.position, event.task, changes, event.origin.principal, event.at)


def value_limits(settings: Settings) -> Limits:
    """The settings that bound values."""
    return Limits(
        message_depth=settings.max_message_depth,
        result_depth=settings.max_result_depth,
        params=settings.max_params,
        args=settings.max_args,
        result=settings.max_result,
        text=settings.max_text,
    )
