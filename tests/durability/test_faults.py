"""A disk that is full or fails, a database that is locked: 503, and then on without a restart."""

from __future__ import annotations

import concurrent.futures
import contextlib
import resource
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.durability.book import Book
from tests.durability.starting import start_by
from tests.serving import (
    ADMINISTRATOR,
    COMMAND,
    DEFAULTS,
    PASSWORD,
    SESSION_PATH,
    Caller,
    Reply,
    Server,
    basic,
    refused_start,
    serving,
)

CANNOT_START = 3
FULL = 2 * 1024 * 1024
NO_ROOM = 64 * 1024
BLOCK = 512
LARGE = {"result": "x" * 60_000}
CLIENTS = 4
TURNS = 3
SECONDS = 0.4

# Names of libfiu, and the number of the error that the call then gives.
EIO = 5
ENOSPC = 28
SYNC_FAILS = ("posix/io/sync/*", EIO)
WRITE_FAILS = ("posix/io/rw/pwrite", EIO)
WRITE_FINDS_NO_ROOM = ("posix/io/rw/pwrite", ENOSPC)
READ_FAILS = ("posix/io/rw/pread", EIO)
# A call that the server makes no use of once it runs.
NO_FAULT = ("posix/io/dir/rename", EIO)

linux_only = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="only Linux sets the limits of another process"
)


def unavailable(reply: Reply) -> bool:
    """Whether an answer is a 503 that says when to try again, in the one shape of errors."""
    if reply.status != 503:
        return False
    assert reply.error == "service_unavailable"
    assert int(reply.headers["retry-after"]) >= 1
    return True


def limit_files(server: Server, most: int) -> None:
    """Let no file of a running server grow beyond this: the disk is full. -1 gives room again."""
    for pid in server.pids():
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, hard))


def fill(server: Server, book: Book, caller: Caller) -> None:
    """Update with large results until there is no room, then take the rest of it as well.

    The rest would do for a small change.
    """
    limit_files(server, FULL)
    for turn in range(1000):
        reply = book.ask(caller, book.ids[turn % len(book.ids)], **LARGE)
        if reply.status != 200:
            assert unavailable(reply)
            assert book.count > 0
            limit_files(server, NO_ROOM)
            return
    raise AssertionError("the disk is never full")


@pytest.fixture(autouse=True, params=["never", "always"], ids=["here", "beside"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fault meets the commits in the server's process, and those beside it."""
    monkeypatch.setitem(DEFAULTS, "commit_process", request.param)


# A full disk.


@linux_only
def test_a_full_disk_and_room_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        book = Book(server, 4)
        with Caller(server, book.token) as caller:
            fill(server, book, caller)
            for task_id in book.ids * 3:
                assert unavailable(book.ask(caller, task_id))
            create = {"operation_id": "another", "cancelable": True, "status": "RUNNING"}
            assert unavailable(caller.post(create))
            assert unavailable(log_in(server))
            assert server.call("GET", "/livez").status == 200
            assert len(caller.list(*(("filter_spec.tasks", i) for i in book.ids)).value) == 4
            book.assert_kept(caller)
            assert server.process.poll() is None

            limit_files(server, -1)
            for task_id in book.ids:
                assert book.ask_again(caller, task_id).status == 200
                assert book.ask(caller, task_id, **LARGE).status == 200
            assert server.call("GET", "/readyz").status == 200
            assert log_in(server).status == 200
            book.assert_kept(caller)
    with serving(data) as server, Caller(server, book.token) as caller:
        book.assert_kept(caller)
        assert book.ask(caller, book.ids[0]).status == 200
    book.assert_told(data)


def log_in(server: Server) -> Reply:
    return server.call("POST", SESSION_PATH, None, basic(ADMINISTRATOR, PASSWORD))


@linux_only
def test_killed_and_started_again_while_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        book = Book(server, 4)
        with Caller(server, book.token) as caller:
            fill(server, book, caller)
        server.kill_all()
    start_by(monkeypatch, tmp_path, f"ulimit -S -f {NO_ROOM // BLOCK}; exec {COMMAND}")
    with serving(data) as server, Caller(server, book.token) as caller:
        book.assert_kept(caller)
        assert unavailable(book.ask(caller, book.ids[0]))
        limit_files(server, -1)
        assert book.ask_again(caller, book.ids[0]).status == 200
        book.assert_kept(caller)
    book.assert_told(data)


@linux_only
def test_a_full_disk_is_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        book = Book(server, 1)
        assert server.call("GET", "/readyz").status == 200
        with Caller(server, book.token) as caller:
            fill(server, book, caller)
            assert unavailable(book.ask(caller, book.ids[0]))
            assert unavailable(server.call("GET", "/readyz"))
            limit_files(server, -1)
            assert server.call("GET", "/readyz").status == 200


def test_a_first_start_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What measures coverage could not write either, and would say so.
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    start_by(monkeypatch, tmp_path, f"ulimit -f {4096 // BLOCK}; exec {COMMAND}")
    code, said = refused_start("--data", tmp_path / "data", "--bind", "127.0.0.1:0")
    assert code == CANNOT_START
    assert str(tmp_path / "data") in said
    assert "Traceback" not in said


# A database that cannot be had.


@pytest.mark.parametrize("name", ["milepost.db", "milepost.lock"])
def test_a_start_where_a_directory_has_the_place_of_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "data" / name).mkdir(parents=True)
    code, said = refused_start("--data", tmp_path / "data", "--bind", "127.0.0.1:0")
    assert code == CANNOT_START
    assert str(tmp_path / "data") in said
    assert "Traceback" not in said


@contextlib.contextmanager
def locked(data: Path) -> Iterator[None]:
    """Hold the lock of writers, as a program beside the server may."""
    with contextlib.closing(sqlite3.connect(data / "milepost.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def test_a_database_locked_for_too_long(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        book = Book(server, 2)
        first, second = book.ids
        with Caller(server, book.token) as caller, Caller(server, book.token) as reader:
            assert book.ask(caller, first).status == 200
            with locked(server.data), concurrent.futures.ThreadPoolExecutor(2) as threads:
                answer = threads.submit(book.ask, caller, first)
                readiness = threads.submit(server.call, "GET", "/readyz")
                book.assert_kept(reader)
                assert unavailable(answer.result())
                assert unavailable(readiness.result())
            assert book.ask_again(caller, first).status == 200
            assert book.ask(caller, second).status == 200
            assert server.call("GET", "/readyz").status == 200
    book.assert_told(tmp_path / "data")


def test_a_database_locked_for_a_moment(tmp_path: Path) -> None:
    """The control: a change waits for a lock that is given back soon."""
    with serving(tmp_path / "data") as server:
        book = Book(server, 1)
        with (
            Caller(server, book.token) as caller,
            concurrent.futures.ThreadPoolExecutor(1) as threads,
        ):
            with locked(server.data):
                answer = threads.submit(book.ask, caller, book.ids[0])
                time.sleep(0.3)
                assert not answer.done()
            assert answer.result().status == 200


# A disk that fails.


class Said(NamedTuple):
    """One answer, with when it was asked for and when it came."""

    called: float
    answered: float
    reply: Reply


class Faults:
    """The switch of the faults in a server that ``fiu-run`` has started."""

    def __init__(self, server: Server, pipes: Path) -> None:
        self._server = server
        self._pipes = pipes

    @contextlib.contextmanager
    def on(self, name: str, number: int) -> Iterator[None]:
        """Let every call of a name fail with an error number."""
        self._tell(f"enable name={name},failinfo={number}")
        try:
            yield
        finally:
            if self._server.process.poll() is None:
                self._tell(f"disable name={name}")

    def _tell(self, command: str) -> None:
        """Say it and wait until it is done; the program complains on stdout."""
        telling = ["fiu-ctrl", "-f", str(self._pipes), "-c", command]
        pids = [str(pid) for pid in self._server.pids()]
        done = subprocess.run(
            [*telling, *pids], check=True, capture_output=True, text=True, timeout=30
        )
        assert done.stdout == ""


@pytest.fixture
def pipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Servers start under ``fiu-run``; the answer is where it listens for its switch."""
    pipes = tmp_path / "fiu"
    start_by(monkeypatch, tmp_path, f"exec fiu-run -x -f {pipes} {COMMAND}")
    return pipes


@contextlib.contextmanager
def asking(server: Server, book: Book) -> Iterator[list[Said]]:
    """Clients that update, each its own task, without a pause; the list grows meanwhile."""
    said: list[Said] = []
    done = threading.Event()

    def client(task_id: str) -> None:
        with Caller(server, book.token) as caller:
            while not done.is_set():
                called = time.monotonic()
                reply = book.ask(caller, task_id)
                said.append(Said(called, time.monotonic(), reply))

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(client, task_id) for task_id in book.ids]
        try:
            yield said
        finally:
            done.set()
        for each in clients:
            each.result()


class Spell(NamedTuple):
    """A time with a fault: it came between the first two instants and went between the others."""

    coming: float
    there: float
    going: float
    gone: float


def around(
    server: Server, book: Book, faults: Faults, name: str, number: int
) -> tuple[list[Reply], list[Reply]]:
    """The answers that a load got while a fault was there, and while it was not; in turns."""
    spells = []
    with asking(server, book) as said:
        for _ in range(TURNS):
            time.sleep(SECONDS)
            coming = time.monotonic()
            with faults.on(name, number):
                there = time.monotonic()
                time.sleep(SECONDS)
                going = time.monotonic()
            spells.append(Spell(coming, there, going, time.monotonic()))
        time.sleep(SECONDS)
    within = [
        each.reply
        for each in said
        if any(spell.there <= each.called and each.answered <= spell.going for spell in spells)
    ]
    beside = [
        each.reply
        for each in said
        if all(each.answered < spell.coming or spell.gone < each.called for spell in spells)
    ]
    assert len(within) > TURNS
    assert len(beside) > TURNS
    return within, beside


@pytest.mark.needs("fiu-run")
@pytest.mark.parametrize("fault", [SYNC_FAILS, WRITE_FAILS, WRITE_FINDS_NO_ROOM])
def test_nothing_is_acknowledged_while_the_disk_fails(
    tmp_path: Path, pipes: Path, fault: tuple[str, int]
) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        book, faults = Book(server, CLIENTS), Faults(server, pipes)
        within, beside = around(server, book, faults, *fault)
        assert all(unavailable(reply) for reply in within)
        assert {reply.status for reply in beside} == {200}
        with Caller(server, book.token) as caller:
            book.assert_kept(caller)
            with faults.on(*fault):
                assert unavailable(book.ask(caller, book.ids[0]))
                book.assert_kept(caller)
            assert book.ask_again(caller, book.ids[0]).status == 200
    with serving(data) as server, Caller(server, book.token) as caller:
        book.assert_kept(caller)
    book.assert_told(data)


@pytest.mark.needs("fiu-run")
def test_without_a_fault_the_same_load_is_accepted(tmp_path: Path, pipes: Path) -> None:
    """The control: the same switch, of a call that matters to nobody."""
    with serving(tmp_path / "data") as server:
        book, faults = Book(server, CLIENTS), Faults(server, pipes)
        within, beside = around(server, book, faults, *NO_FAULT)
    assert {reply.status for reply in (*within, *beside)} == {200}


@pytest.mark.needs("fiu-run")
@pytest.mark.parametrize("fault", [SYNC_FAILS, WRITE_FINDS_NO_ROOM])
def test_killed_while_the_disk_fails(tmp_path: Path, pipes: Path, fault: tuple[str, int]) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        book, faults = Book(server, CLIENTS), Faults(server, pipes)
        with Caller(server, book.token) as caller:
            for task_id in book.ids * 3:
                assert book.ask(caller, task_id).status == 200
            with faults.on(*fault):
                for task_id in book.ids:
                    assert unavailable(book.ask(caller, task_id))
                server.kill_all()
    with serving(data) as server, Caller(server, book.token) as caller:
        book.assert_kept(caller)
        for task_id in book.ids:
            assert book.ask_again(caller, task_id).status == 200
    book.assert_told(data)


@pytest.mark.needs("fiu-run")
def test_reads_while_the_disk_cannot_be_read(tmp_path: Path, pipes: Path) -> None:
    with serving(tmp_path / "data") as server:
        book = Book(server, 1)
        (task_id,) = book.ids
        with Caller(server, book.token) as caller:
            # What is read next was changed since, so no page of it is at hand.
            assert book.ask(caller, task_id).status == 200
            with Faults(server, pipes).on(*READ_FAILS):
                # A task at work is answered from memory; a list is read.
                assert caller.get(task_id).status == 200
                assert unavailable(caller.list(("filter_spec.tasks", task_id)))
            book.assert_kept(caller)
            assert set(caller.list(("filter_spec.tasks", task_id)).value[0]) == {"key", "value"}


@pytest.mark.needs("fiu-run")
@pytest.mark.parametrize("fault", [SYNC_FAILS, WRITE_FAILS])
def test_a_disk_that_fails_is_not_ready(
    tmp_path: Path, pipes: Path, fault: tuple[str, int]
) -> None:
    with serving(tmp_path / "data") as server:
        assert server.call("GET", "/readyz").status == 200
        with Faults(server, pipes).on(*fault):
            assert unavailable(server.call("GET", "/readyz"))
        assert server.call("GET", "/readyz").status == 200
