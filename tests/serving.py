"""The installed command ``milepost serve`` as a real process, and plain HTTP to talk to it.

``serving`` starts a server on a free port with a data directory of its own and stops it with
SIGTERM; whoever leaves its block has proved that it ended with exit code 0 and that its log tells
of no fault inside. ``Caller`` is one session of one user, over one connection that is kept open.

``serving(data, tls="self")`` starts one with TLS; everything here then trusts its certificate,
which is in ``server.ca_file`` for those who do not.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from milepost.access.passwords import hash_password
from milepost.rules.machine import create
from milepost.rules.task import CreateTask, Decision
from milepost.store.base import Origin, Tasks, User
from milepost.store.sqlite.store import open_store
from tests.spelling import ERRORS, PROBLEM, REST, Door, door_at, problem_parts

COMMAND = Path(sys.executable).parent / "milepost"
ADMINISTRATOR = "administrator"
PASSWORD = "correct horse battery staple"
DEADLINE = 30.0
WHOLE = "1000000"
"""The ``history_limit`` of a server whose whole log is looked at."""

TASKS, EXTENSION_TASKS, SESSION_PATH = REST.tasks, REST.extension_tasks, REST.session
SESSION = "vmware-api-session-id"
JSON = {"Content-Type": "application/json"}

# Users beside the administrator, with the role and the extension they have; all share PASSWORD.
PEOPLE = {
    "oscar": ("operator", None),
    "vera": ("viewer", None),
    "acme-1": ("extension", "com.acme.backup"),
    "acme-2": ("extension", "com.acme.backup"),
    "other": ("extension", "com.other.copy"),
    "bulk": ("extension", "com.bulk.load"),
}

SERVES = re.compile(r"Milepost \S+ serves (https?://\S+)")

Headers = Mapping[str, str]
Spec = dict[str, Any]


class Reply(NamedTuple):
    """One answer of a door; the names of its headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    door: Door = REST

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def value(self) -> Any:
        """What the answer holds; it must be a success."""
        assert self.status in (200, self.door.created), self
        return self.door.value(self.json)

    @property
    def tasks(self) -> dict[str, Any]:
        """The tasks of a list, by their ids."""
        assert self.status == 200, self
        return self.door.listed(self.json)

    @property
    def done(self) -> bool:
        """Whether it is an empty answer to something that was done."""
        return (self.status, self.body) == (self.door.done, b"")

    @property
    def etag(self) -> str | None:
        return self.headers.get("etag")

    @property
    def revision(self) -> int:
        assert self.etag is not None, self
        return int(self.etag.strip('"'))

    @property
    def error(self) -> str:
        """The standard error of a refusal, after a look at its shape."""
        assert self.status >= 400, self
        assert self.headers["content-type"] == self.door.refused_as, self
        error_type, messages = self.door.refusal(self.json)
        assert messages, self
        for message in messages:
            assert {key: type(part) for key, part in message.items()} == {
                "id": str,
                "default_message": str,
                "args": list,
            }
            assert message["id"].startswith("milepost.")
            assert message["default_message"]
            assert all(type(arg) is str for arg in message["args"])
        return error_type.lower()

    @property
    def told(self) -> tuple[str, list[Any]]:
        """The error type and the messages of a refusal, after a look at its shape."""
        assert self.status >= 400, self
        if self.headers["content-type"] == PROBLEM:
            return problem_parts(self.json, self.status)
        assert self.headers["content-type"] == "application/json", self
        return self.door.refusal(self.json)

    @property
    def message(self) -> Any:
        """The first message of a refusal."""
        assert self.error
        return self.told[1][0]

    @property
    def reason(self) -> str:
        """The id of the first message of a refusal."""
        ident: str = self.message["id"]
        return ident

    @property
    def text(self) -> str:
        """The text of the first message of a refusal."""
        text: str = self.message["default_message"]
        return text

    @property
    def refused(self) -> tuple[int, str]:
        """Status and error of a refusal."""
        return self.status, self.error


def basic(user: str, password: str) -> dict[str, str]:
    """The header of a login."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


spec_body = REST.body


class Server:
    """A running server. ``data`` is its data directory, ``log`` the file of its stderr.

    ``ca_file`` is what a client needs to trust a server with TLS; without TLS it is ``None``.
    """

    def __init__(
        self,
        process: subprocess.Popen[str],
        url: str,
        data: Path,
        log: Path,
        ca_file: Path | None = None,
    ) -> None:
        self.process = process
        self.url = url
        self.data = data
        self.log = log
        self.ca_file = ca_file
        self.said: list[str] = []
        self._tokens: dict[str, str] = {}
        parts = urllib.parse.urlsplit(url)
        assert parts.hostname
        assert parts.port
        self.host: str = parts.hostname
        self.port: int = parts.port

    def connection(self) -> http.client.HTTPConnection:
        """A new connection, not yet made."""
        if self.ca_file is None:
            return http.client.HTTPConnection(self.host, self.port, timeout=DEADLINE)
        trust = ssl.create_default_context(cafile=self.ca_file)
        return http.client.HTTPSConnection(self.host, self.port, timeout=DEADLINE, context=trust)

    def call(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Headers | None = None,
    ) -> Reply:
        """One request on a connection of its own; a body of parts is sent in chunks."""
        connection = self.connection()
        try:
            return exchange(connection, method, path, body, headers)
        finally:
            connection.close()

    def login(self, user: str = ADMINISTRATOR, password: str = PASSWORD) -> str:
        """A new token."""
        token: str = self.call("POST", SESSION_PATH, None, basic(user, password)).value
        return token

    def caller(self, user: str = ADMINISTRATOR, door: Door = REST) -> Caller:
        """A connection in the session that a user has; a login is dear, so there is one a user."""
        if user not in self._tokens:
            self._tokens[user] = self.login(user)
        return Caller(self, self._tokens[user], door)

    def remember(self, user: str, token: str) -> None:
        """Let a caller come with this session, or this token, from now on."""
        self._tokens[user] = token

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def pids(self) -> list[int]:
        """The server's process, and the one beside it that commits, if there is one."""
        own = self.process.pid
        told = Path(f"/proc/{own}/task/{own}/children")
        # A thread that starts a process is told as its parent.
        children = [path.read_text().split() for path in told.parents[1].glob("*/children")]
        return [own, *(int(pid) for pids in children for pid in pids)]

    def kill_all(self) -> None:
        """Kill the server, and the process beside it: that one would end only after its group."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        self.wait()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the server; the answer is its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.wait()

    def wait(self) -> int:
        """The exit code of a server that is about to end."""
        assert self.process.stdout is not None
        code = self.process.wait(DEADLINE)
        if not self.process.stdout.closed:
            self.said += self.process.stdout.read().splitlines()
            self.process.stdout.close()
        return code


class Caller:
    """One session over one connection, at one door."""

    def __init__(self, server: Server, token: str, door: Door = REST) -> None:
        self.server = server
        self.token = token
        self.door = door
        self._connection = server.connection()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Headers | None = None,
    ) -> Reply:
        typed = JSON if body is not None else {}
        full = {SESSION: self.token, **typed, **(headers or {})}
        return exchange(self._connection, method, path, body, full)

    def post(self, spec: Spec) -> Reply:
        return self.send("POST", self.door.extension_tasks, self.door.body(spec))

    def create(self, **spec: Any) -> str:
        """A new task, made of a full spec; the answer is its id."""
        full = {"operation_id": "com.acme.backup.run", "cancelable": True, **spec}
        task_id: str = self.post(full).value
        return task_id

    def patch(self, task_id: str, spec: Any) -> Reply:
        return self.send("PATCH", f"{self.door.extension_tasks}/{task_id}", self.door.body(spec))

    def get(self, task_id: str) -> Reply:
        return self.send("GET", f"{self.door.tasks}/{task_id}")

    def cancel(self, task_id: str) -> Reply:
        return self.send("POST", f"{self.door.tasks}/{task_id}?action=cancel")

    def put(self, key: str, document: Any, **headers: str) -> Reply:
        """Register an extension; a header is named with low lines."""
        spelled = {name.replace("_", "-"): text for name, text in headers.items()}
        return self.send("PUT", f"/v1/extensions/{key}", json.dumps(document).encode(), spelled)

    def list(self, *pairs: tuple[str, str]) -> Reply:
        query = self.door.query(urllib.parse.urlencode(pairs))
        return self.send("GET", f"{self.door.tasks}?{query}")


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | Iterable[bytes] | None,
    headers: Headers | None,
) -> Reply:
    connection.request(method, path, body, dict(headers or {}))
    answer = connection.getresponse()
    content = answer.read()
    named = {name.lower(): text for name, text in answer.getheaders()}
    return Reply(answer.status, named, content, door_at(path))


# Settings of servers for which a test says nothing else.
DEFAULTS = {"log_format": "json"}


def environment(**settings: str) -> dict[str, str]:
    """The environment of a server: ours without any setting, and the given settings."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("MILEPOST_")}
    return ours | {f"MILEPOST_{name.upper()}": value for name, value in settings.items()}


def launch(data: Path, *flags: str, **settings: str) -> Server:
    """Start a server and wait until it says where it listens."""
    data.parent.mkdir(parents=True, exist_ok=True)
    log = data.with_name(f"{data.name}.log")
    given = {**DEFAULTS, **settings}
    with log.open("a", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            [COMMAND, "serve", "--data", data, "--bind", "127.0.0.1:0", *flags],
            env=environment(**given),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line.rstrip("\n"))
        if found := SERVES.fullmatch(said[-1]):
            certificate = settings.get("tls_cert", data / "tls" / "certificate.pem")
            ca_file = Path(certificate) if found[1].startswith("https:") else None
            server = Server(process, found[1], data, log, ca_file)
            server.said = said
            return server
    code = process.wait(DEADLINE)
    raise AssertionError(f"exit code {code}: {said} {log.read_text(encoding='utf-8')}")


def with_password_file(data: Path, settings: dict[str, str]) -> dict[str, str]:
    """The settings, with the file that gives the administrator PASSWORD."""
    file = data.with_name(f"{data.name}.password")
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PASSWORD + "\n", encoding="utf-8")
    return {"admin_password_file": str(file), **settings}


@contextlib.contextmanager
def serving(data: Path, *flags: str, **settings: str) -> Iterator[Server]:
    """A server for the time of a block; the block may end it itself."""
    server = launch(data, *flags, **with_password_file(data, settings))
    try:
        yield server
    except BaseException:
        server.process.kill()
        server.wait()
        raise
    killed = server.process.poll() == -signal.SIGKILL
    code = server.stop()
    assert code == 0 or killed, server.log_text()
    assert "internal fault" not in server.log_text()
    assert "Traceback" not in server.log_text()


def refused_start(*arguments: str | Path, **settings: str) -> tuple[int, str]:
    """Exit code and stderr of a server that must not start."""
    done = subprocess.run(
        [COMMAND, "serve", *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert " serves " not in done.stdout
    return done.returncode, done.stderr


def add_people(data: Path, people: Mapping[str, tuple[str, str | None]]) -> None:
    """Put users, and the administrator, in the store of a server that does not run."""
    hashed = hash_password(PASSWORD)
    everyone = {ADMINISTRATOR: ("administrator", None), **people}

    async def put() -> None:
        store = open_store(data)
        try:
            for name, (role, extension) in everyone.items():
                await store.put_user(
                    User(name=name, role=role, extension=extension, password=hashed)
                )
        finally:
            await store.close()

    asyncio.run(put())


def add_tasks(data: Path, service: str, count: int) -> None:
    """Put waiting tasks in the store of a server that does not run."""

    def decide(number: int, _tasks: Tasks) -> Decision:
        spec = CreateTask(operation="op", cancelable=True, user=f"user-{number}")
        ident = f"{service}-{number:022}".replace(".", "-")
        return create(spec, task_id=ident, service=service, principal="bulk", now=0)

    async def put() -> None:
        store, origin = open_store(data), Origin("bulk")
        try:
            decisions = [functools.partial(decide, number) for number in range(count)]
            await asyncio.gather(*(store.change((), each, origin) for each in decisions))
        finally:
            await store.close()

    asyncio.run(put())


def eventually(says: str, deadline: float = DEADLINE) -> Iterator[None]:
    """Turns of a loop that waits for something; fails when it does not come."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        yield
        time.sleep(0.02)
    raise AssertionError(f"it never came true: {says}")


def text(words: str, *args: str) -> Spec:
    """A message."""
    return {"id": "com.acme.msg", "default_message": words, "args": list(args)}


def progress(completed: int, total: int, words: str = "Copying") -> Spec:
    """The member ``percent_done``."""
    return {"completed": completed, "total": total, "message": text(words)}


def failure(words: str = "Disk full", name: str = "error") -> Spec:
    """An error as it is answered."""
    return {"type": ERRORS + name, "value": {"messages": [text(words)]}}


def listed(reply: Reply) -> set[str]:
    """The ids of a list."""
    return set(reply.tasks)
