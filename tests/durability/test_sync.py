"""No 200 leaves the server before the sync that covers what it acknowledges; seen by strace."""

from __future__ import annotations

import concurrent.futures
import sys
from pathlib import Path

import pytest

from tests.durability.starting import start_by
from tests.durability.trace import STRACE, Journey, journeys
from tests.serving import COMMAND, Server, eventually, serving, text

CLIENTS = 8
UPDATES = 50
WHERE = ("never", "always")
UNSYNCED = Path(__file__).with_name("unsynced.py")

READ = '7 read(21<TCP:[127.0.0.1:1->127.0.0.1:2]>, "PATCH … mark-0-1-end", 256000) = 92'
READ_BEGINS = "7 read(21<TCP:[127.0.0.1:1->127.0.0.1:2]>,  <unfinished ...>"
READ_ENDS = '7 <... read resumed>"PATCH … mark-0-1-end", 256000) = 92'
ANSWER = '7 write(21<TCP:[127.0.0.1:1->127.0.0.1:2]>, "HTTP/1.1 200 OK", 86) = 86'
OTHER_ANSWER = ANSWER.replace(":2]", ":3]")
WRITE = r'9 pwrite64(13</d/milepost.db-wal>, "\0\r{\"mark-0-1-end\"}", 4096, 56) = 4096'
SYNC = "9 fdatasync(13</d/milepost.db-wal>) = 0"
SYNC_BEGINS = "9 fdatasync(13</d/milepost.db-wal> <unfinished ...>"
SYNC_ENDS = "9 <... fdatasync resumed>) = 0"
SYNC_FAILS = "9 fdatasync(13</d/milepost.db-wal>) = -1 EIO (Input/output error)"
SYNC_OF_ANOTHER_FILE = "9 fdatasync(12</d/milepost.db>) = 0"


@pytest.mark.parametrize(
    "trace",
    [
        [READ, WRITE, SYNC, ANSWER],
        [READ, WRITE, SYNC_BEGINS, OTHER_ANSWER, SYNC_ENDS, ANSWER],
        [READ_BEGINS, WRITE, READ_ENDS, SYNC, ANSWER],
        [ANSWER, READ, WRITE, SYNC, WRITE, ANSWER],
    ],
)
def test_an_answer_that_waited_for_its_sync(trace: list[str]) -> None:
    (journey,) = journeys(trace)
    assert not journey.is_early


@pytest.mark.parametrize(
    "trace",
    [
        [READ, ANSWER],
        [READ, WRITE, ANSWER],
        [READ, ANSWER, WRITE, SYNC],
        [READ, WRITE, ANSWER, SYNC],
        [READ, WRITE, SYNC_BEGINS, ANSWER, SYNC_ENDS],
        [READ, SYNC, WRITE, ANSWER],
        [READ, SYNC_BEGINS, WRITE.replace("9 ", "10 ", 1), SYNC_ENDS, ANSWER],
        [READ, WRITE, SYNC_FAILS, ANSWER],
        [READ, WRITE, SYNC_OF_ANOTHER_FILE, ANSWER],
    ],
)
def test_an_answer_that_did_not(trace: list[str]) -> None:
    (journey,) = journeys(trace)
    assert journey.is_early


def load(server: Server) -> set[str]:
    """Marked changes from a few clients at once, all accepted: a create and updates from each."""

    def client(number: int) -> set[str]:
        markers = [f"mark-{number}-{turn}-end" for turn in range(UPDATES + 1)]
        with server.caller() as caller:
            task_id = caller.create(status="RUNNING", description=text(markers[0]))
            for turn, marker in enumerate(markers[1:], start=2):
                assert caller.patch(task_id, {"description": text(marker)}).revision == turn
        return set(markers)

    server.login()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as threads:
        return set().union(*threads.map(client, range(CLIENTS)))


def traced(folder: Path, patch: pytest.MonkeyPatch, command: str, where: str) -> list[Journey]:
    """The journeys of all changes of a load on a server that was started by a command.

    ``where`` is the setting of where it commits.
    """
    trace = folder / "trace"
    start_by(patch, folder, f"{STRACE} -o {trace} {command}")
    with serving(folder / "data", commit_process=where) as server:
        markers = load(server)
    # The tracer outlives the server by a moment.
    for _ in eventually("the trace tells the end"):
        if trace.read_bytes().rstrip().endswith(b"+++"):
            break
    with trace.open(encoding="ascii", errors="replace") as lines:
        found = journeys(lines)
    assert {journey.marker for journey in found} == markers
    return found


@pytest.mark.needs("strace")
@pytest.mark.parametrize("where", WHERE)
def test_no_answer_leaves_before_its_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    found = traced(tmp_path, monkeypatch, str(COMMAND), where)
    assert [journey for journey in found if journey.is_early] == []


@pytest.mark.needs("strace")
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("weaker", ["NORMAL", "OFF"])
def test_without_the_sync_answers_are_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weaker: str, where: str
) -> None:
    """The control: the same check on a database that does not sync each commit."""
    found = traced(tmp_path, monkeypatch, f"{sys.executable} {UNSYNCED} {weaker}", where)
    assert any(journey.is_early for journey in found)
