"""A server in a thread of the process of the test, with an event loop of its own.

It is the ordinary server: the same store, application and connections. What differs is the time
it is given, that no signal is minded, that the database is not synced to disk, and that the
passwords of its users are hashed cheaply. So it starts within some milliseconds.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import errno
import math
import secrets
import socket
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import argon2
import msgspec

from milepost.access.principals import Role
from milepost.access.sessions import hash_token
from milepost.doors.hub import ConnectionLimits
from milepost.doors.listening import BACKLOG
from milepost.doors.messages import Head, Pairs, Request
from milepost.doors.serving import HttpServer
from milepost.server import (
    ADMINISTRATOR,
    Assembly,
    CannotServe,
    Time,
    assembled,
    listening,
    new_event_loop,
    opened_store,
    opened_tls,
)
from milepost.settings import Settings
from milepost.store.base import Session, Store, User
from milepost.testing.clock import Clock
from milepost.testing.faults import Faults
from milepost.testing.hosts import PATIENCE, CannotStart, Inside, Reply
from milepost.testing.interception import Interception
from milepost.testing.recording import Recorder

if TYPE_CHECKING:
    from milepost.doors.tls import Tls

# These passwords protect nothing, and a test must not wait for them.
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
TOKEN_BYTES = 32
PASSWORD_BYTES = 12
SOURCE = "the test"
RETRY_SECONDS = 0.005

T = TypeVar("T")


class InProcess:
    """Runs a server in a thread. ``settings`` are those it is to have, but for its data."""

    def __init__(self, settings: Settings) -> None:
        # Not in pytest's directory: that is kept for some runs, and there may be many servers.
        self._folder = tempfile.TemporaryDirectory(prefix="milepost-")
        folder = Path(self._folder.name)
        self._settings = msgspec.structs.replace(settings, data=str(folder / "data"))
        self.password = secrets.token_urlsafe(PASSWORD_BYTES)
        self.password_file = folder / "password"
        self.password_file.write_text(self.password, encoding="utf-8")
        self.url = ""
        self.ca_file: Path | None = None
        self._recorder = Recorder()
        self._clock = Clock(self._catch_up)
        faults = Faults(self._recorder.all, self._end_sessions, self._refusing)
        self.inside: Inside | None = Inside(self._clock, faults, self._recorder.all)
        self._loop: asyncio.AbstractEventLoop
        self._assembly: Assembly
        self._store: Store
        self._http: HttpServer
        self._resume: asyncio.Event
        self._ended = False
        self._listens: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._refuses = threading.Event()
        self._thread = threading.Thread(target=self._run, name="milepost", daemon=True)
        self._thread.start()
        try:
            self._listens.result(PATIENCE)
        except CannotServe as fault:
            self.close()
            raise CannotStart(str(fault)) from fault
        except BaseException:
            self.close()
            raise

    # What the test does, in its own thread.

    def call(self, method: str, target: str, body: bytes | None, token: str | None) -> Reply:
        return self._do(self._answer(method, target, body, token))

    def add_user(self, user: User, token: str) -> None:
        del token
        hashed = msgspec.structs.replace(user, password=CHEAP.hash(user.password))
        self._do(self._store.put_user(hashed))

    def open_session(self, user: str, password: str) -> str:
        del password
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock.instant()
        session = Session(token=hash_token(token), user=user, created_at=now, used_at=now)
        self._do(self._store.put_session(session))
        return token

    def log(self) -> str:
        return ""

    def close(self) -> None:
        if self._ended:
            return
        self._ended = True
        if self._listens.done() and self._listens.exception() is None:
            self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            raise RuntimeError("the server does not end")
        self._folder.cleanup()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        """Have some work done in the loop of the server."""
        if self._ended:
            work.close()
            raise RuntimeError("this server has been closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def _catch_up(self) -> None:
        self._do(self._assembly.upkeep.catch_up())

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        """Listen to nobody for the time of a block."""
        self._refuses.clear()
        self._loop.call_soon_threadsafe(self._http.stop)
        if not self._refuses.wait(PATIENCE):
            raise RuntimeError("the server still listens")
        try:
            yield
        finally:
            self._listen_again()

    def _listen_again(self) -> None:
        if not self._ended:
            self._listens = concurrent.futures.Future()
            self._loop.call_soon_threadsafe(self._resume.set)
            self._listens.result(PATIENCE)

    # What the server does, in its thread.

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(self._live())
        except BaseException as fault:
            if self._listens.done():
                raise
            self._listens.set_exception(fault)

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._resume = asyncio.Event()
        with contextlib.closing(listening(self._settings)) as listener:
            tls = opened_tls(self._settings)
            self._store = opened_store(self._settings, synchronous="OFF")
            time = Time(self._clock.instant, self._clock.monotonic, math.inf)
            self._assembly = assembled(self._settings, self._store, time)
            try:
                hashed = CHEAP.hash(self.password)
                role = Role.ADMINISTRATOR.value
                await self._store.put_user(User(name=ADMINISTRATOR, role=role, password=hashed))
                await self._assembly.app.start()
                await self._serve(listener, tls)
            finally:
                await self._assembly.app.stop()

    async def _serve(self, listener: socket.socket, tls: Tls | None) -> None:
        """Serve until closed; in between the address may be held without listening."""
        assert self.inside is not None  # noqa: S101  set once and for all
        front = Interception(self._assembly.app, self._recorder, self.inside.faults)
        limits = ConnectionLimits(
            most_body=self._settings.max_body,
            connections=self._settings.max_connections,
            changing=self._settings.max_changing,
        )
        host, port = listener.getsockname()[:2]
        self.url = f"{'http' if tls is None else 'https'}://{host}:{port}"
        self.ca_file = None if tls is None else tls.pair.certificate
        while not self._ended:
            self._http = HttpServer(front, limits, grace=0, tls=tls, signals=())
            await self._http.serve(listener, lambda: self._listens.set_result(None))
            listener.close()
            if not self._ended:
                listener = await self._refuse(host, port)
        listener.close()

    async def _refuse(self, host: str, port: int) -> socket.socket:
        """Hold the address without listening, until told to; the socket, which then listens."""
        held = await bound(host, port)
        self._refuses.set()
        await self._resume.wait()
        self._resume.clear()
        if not self._ended:
            held.listen(BACKLOG)
        return held

    def _stop(self) -> None:
        self._http.stop()
        self._resume.set()

    async def _answer(
        self, method: str, target: str, body: bytes | None, token: str | None
    ) -> Reply:
        pairs: Pairs = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        if token is not None:
            pairs.append((b"vmware-api-session-id", token.encode()))
        head = Head(method, target.encode(), pairs, source=SOURCE)
        request = Request(head, self._settings.max_body)
        if body is not None:
            request.take(body)
        answer = await self._assembly.app.answer(request)
        return Reply(answer.status, answer.body)

    async def _end_sessions(self) -> None:
        await self._assembly.sessions.end_all()


async def bound(host: str, port: int) -> socket.socket:
    """A socket that has an address and does not listen: the system refuses who connects.

    The one that listened there a moment ago may still be on its way out.
    """
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setblocking(False)  # noqa: FBT003  it has no name
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    until = asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            held.bind((host, port))
        except OSError as fault:
            if fault.errno != errno.EADDRINUSE or asyncio.get_running_loop().time() > until:
                held.close()
                raise
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return held
