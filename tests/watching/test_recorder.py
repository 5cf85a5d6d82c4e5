"""What every watcher is told is the event log: no gap, no repeat, and nothing that is not there.

With cuts anywhere, while the server is killed under load and started again, and with a thousand
watchers.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import itertools
import random
import resource
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.durability.eventlog import Logged, event_log, lives
from tests.events import Events
from tests.hostile.test_table import resident
from tests.serving import WHOLE, Caller, Server, add_people, eventually, progress, serving, text
from tests.watching.recorder import Noted, Place, Recorder, Recording

TASKS = 8
WRITERS = 4
WATCHERS = 48
ROUNDS = 6
LONG_CUT = 40_000


def noted(log: Iterable[Logged], ids: set[str] | None = None) -> list[Noted]:
    """What somebody is told of a log; of some tasks, or of all."""
    return [
        Noted(event.position, event.task_id, event.revision)
        for event in log
        if ids is None or event.task_id in ids
    ]


# Cuts at any byte of a stream.


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, list[Logged]]]:
    """A server with a log that does not grow any more, of small and of large events."""
    data = tmp_path_factory.mktemp("finished") / "data"
    with (
        serving(data, watch_heartbeat="1", history_limit=WHOLE) as server,
        server.caller() as caller,
    ):
        ids = [caller.create(status="RUNNING") for _ in range(3)]
        for number in range(1, 30):
            words = "x" * (20_000 if number % 7 == 0 else 10)
            spec = {"percent_done": progress(number, 99), "description": text(words)}
            assert caller.patch(ids[number % 3], spec).status == 200
        yield server, event_log(data)


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 90_000), max_size=6), one=st.booleans())
def test_cut_anywhere_a_stream_is_the_log(
    finished: tuple[Server, list[Logged]], cuts: list[int], *, one: bool
) -> None:
    server, log = finished
    ids = {log[0].task_id} if one else None
    with server.caller() as caller:
        place = Place(server, caller.token)
    query = f"task={log[0].task_id}" if one else ""
    recorder = Recorder(place, query, cuts=cuts)
    recording = Recording([recorder])
    with recording.running():
        recording.until(lambda each: each.last == log[-1].position, "it has heard all")
    assert recorder.noted == noted(log, ids)


# Under load, with kills.


class Load:
    """Updates of some tasks by some threads, whatever becomes of the server."""

    def __init__(self, place: Place, ids: list[str]) -> None:
        self._place = place
        self._ids = ids
        self._numbers = itertools.count(1)
        self._ended = threading.Event()
        self.answered = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as threads:
            writers = [threads.submit(self._write) for _ in range(WRITERS)]
            try:
                yield
            finally:
                self._ended.set()
            for writer in writers:
                writer.result()

    def _write(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._write_until_lost()
            self._ended.wait(0.02)

    def _write_until_lost(self) -> None:
        connection = http.client.HTTPConnection(*self._place.address, timeout=20)
        headers = {
            "vmware-api-session-id": self._place.token,
            "Content-Type": "application/json",
        }
        try:
            while not self._ended.is_set():
                number = next(self._numbers)
                body = b'{"description": "%d"}' % number
                path = f"/v1/tasks/{self._ids[number % len(self._ids)]}"
                connection.request("PATCH", path, body, headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status in (200, 503), answer.status
                self.answered += answer.status == 200
        finally:
            connection.close()


def recorders(place: Place, ids: list[str], acme: str, own: set[str]) -> dict[Recorder, set[str]]:
    """Watchers of everything, of a task, of two, and of an extension's own, with their cuts."""
    dice = random.Random(6)  # noqa: S311  a test's dice
    found: dict[Recorder, set[str]] = {}
    for number in range(WATCHERS):
        one, other = ids[number % TASKS], ids[(number + 3) % TASKS]
        some = [{*ids}, {one}, {one, other}, own]
        wanted = some[number % 4]
        query = "" if number % 4 in (0, 3) else "&".join(f"task={each}" for each in wanted)
        cuts = [dice.randrange(LONG_CUT) for _ in range(dice.randrange(20))]
        token = acme if number % 4 == 3 else None
        found[Recorder(place, query, cuts=cuts, token=token)] = wanted
    return found


@pytest.mark.timeout(300)
def test_under_load_kills_and_restarts_every_stream_is_the_log(tmp_path: Path) -> None:
    data = tmp_path / "data"
    add_people(data, {"acme": ("extension", "com.acme.backup")})
    dice = random.Random(7)  # noqa: S311  a test's dice
    with serving(data, watch_heartbeat="1", history_limit=WHOLE) as server:
        acme = server.login("acme")
        with server.caller() as caller, Caller(server, acme) as extension:
            own = [extension.create(status="RUNNING") for _ in range(2)]
            ids = own + [caller.create(status="RUNNING") for _ in range(TASKS - 2)]
        place = Place(server, caller.token)
        server.stop(signal.SIGKILL)
    watching = recorders(place, ids, acme, set(own))
    recording, load = Recording(list(watching)), Load(place, ids)
    with recording.running():
        with load.running():
            for round_number in range(ROUNDS):
                with serving(data, watch_heartbeat="1", history_limit=WHOLE) as server:
                    place.move(server)
                    before = load.answered
                    for _ in eventually("there are some more changes"):
                        if load.answered > before + 50:
                            break
                    time.sleep(dice.uniform(0, 0.3))
                    server.stop(signal.SIGTERM if round_number % 3 == 2 else signal.SIGKILL)
        with serving(data, watch_heartbeat="1", history_limit=WHOLE) as server:
            place.move(server)
            log = event_log(data)
            recording.until(lambda each: each.last >= log[-1].position, "all have heard all")
    lives(log)
    assert load.answered > ROUNDS * 50
    for recorder, wanted in watching.items():
        assert recorder.noted == noted(log, wanted)
        assert recorder.refused == []
        assert recorder.breaks >= ROUNDS
    assert sum(recorder.endings for recorder in watching) > 0


def test_the_check_sees_a_gap_and_a_repeat(tmp_path: Path) -> None:
    """The control: a stream that is resumed at another place is not the log."""
    data = tmp_path / "data"
    with (
        serving(data, watch_heartbeat="1", history_limit=WHOLE) as server,
        server.caller() as caller,
    ):
        place = Place(server, caller.token)
        task = caller.create(status="RUNNING")
        for number in range(1, 4):
            caller.patch(task, {"percent_done": progress(number, 9)})
        log = event_log(data)
        for shift in (-1, 1):
            recorder = Recorder(place)
            for _ in range(2):
                recording = Recording([recorder])
                with recording.running():
                    recording.until(lambda each: each.last >= 4, "all is heard")
                recorder.last = 2 + shift if shift > 0 else 3
            assert (recorder.noted == noted(log)) is False


# Many.


def open_files() -> int:
    """How many files this process and the servers it starts may open, after asking for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@pytest.mark.timeout(300)
def test_1000_watchers_beside_a_load_of_updates(tmp_path: Path) -> None:
    """Nine in ten watch a task of their own, the others everything."""
    data = tmp_path / "data"
    with serving(data, watch_heartbeat="1", history_limit=WHOLE) as server:
        with server.caller() as caller:
            ids = [caller.create(status="RUNNING") for _ in range(100)]
        place = Place(server, caller.token)
        watching = {
            Recorder(place, "" if number % 10 == 0 else f"task={ids[number % 100]}"): (
                None if number % 10 == 0 else {ids[number % 100]}
            )
            for number in range(1000)
        }
        recording, load = Recording(list(watching)), Load(place, ids)
        with recording.running():
            recording.until(lambda each: each.last >= 100, "all are there")
            with load.running():
                for _ in eventually("there are many changes"):
                    if load.answered >= 1500:
                        break
            log = event_log(data)
            recording.until(lambda each: each.last >= log[-1].position, "all have heard all")
        assert server.call("GET", "/livez").status == 200
    assert len(log) >= 1500
    for recorder, wanted in watching.items():
        assert recorder.noted == noted(log, wanted)
        assert (recorder.breaks, recorder.refused) == (0, [])


@pytest.mark.timeout(300)
def test_10_000_idle_watchers(tmp_path: Path) -> None:
    """They are told of a change at once, and nobody else has to wait for them."""
    room = open_files()
    count = min(10_000, room - 500)
    if count < 10_000:
        pytest.skip(f"ONLY {room} FILES MAY BE OPEN HERE: 10,000 WATCHERS WERE NOT TRIED")
    data = tmp_path / "data"
    with (
        serving(data, watch_heartbeat="60", history_limit=WHOLE) as server,
        server.caller() as caller,
    ):
        task = caller.create(status="RUNNING")
        before = resident(server)
        with contextlib.ExitStack() as stack:
            many = [
                stack.enter_context(Events(server, caller.token, f"task={task}"))
                for _ in range(count)
            ]
            assert {each.status for each in many} == {200}
            each = (resident(server) - before) * 1024 / count
            assert each < 64 * 1024, f"a watcher costs {each:.0f} bytes"
            assert caller.patch(task, {"percent_done": progress(1, 2)}).status == 200
            assert caller.get(task).status == 200
            assert {one.changes(1)[0].task for one in many} == {(task, 2)}
