"""Many end one task at once in ways that contradict each other: one status wins, for everyone."""

from __future__ import annotations

import concurrent.futures
import itertools
import random
import threading
from collections.abc import Iterator, Sequence

from tests.durability.eventlog import Logged, event_log, lives
from tests.serving import Reply, Server, failure, text

WRITERS = 16
TASKS = 40
READ_AFTERWARDS = 3
TERMINAL = ("SUCCEEDED", "FAILED")


def spec_of(status: str, words: str) -> dict[str, object]:
    """An ending that tells who wrote it."""
    outcome = {"result": words} if status == "SUCCEEDED" else {"error": failure(words)}
    return {"status": status, "description": text(words), **outcome}


def wins(life: Sequence[Logged]) -> Iterator[str]:
    """Every status a finished task has had, in order."""
    for status, _ in itertools.groupby(event.status for event in life):
        if status in TERMINAL:
            yield status


def test_one_ending_wins(server: Server) -> None:
    """Who comes later with the same status corrects the outcome; with the other he is refused."""
    dice = random.Random(16)  # noqa: S311  a test's dice
    with server.caller() as caller:
        ids = [caller.create(status="RUNNING") for _ in range(TASKS)]
    endings = {
        task_id: dice.sample(TERMINAL * (WRITERS // len(TERMINAL)), WRITERS) for task_id in ids
    }
    gate = threading.Barrier(WRITERS)

    def write(number: int) -> list[tuple[Reply, list[Reply]]]:
        """One client: end each task when all the others do, and look at it."""
        with server.caller() as caller:
            done = []
            for task_id in ids:
                spec = spec_of(endings[task_id][number], str(number))
                gate.wait(60)
                reply = caller.patch(task_id, spec)
                done.append((reply, [caller.get(task_id) for _ in range(READ_AFTERWARDS)]))
            return done

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as threads:
        by_writer = list(threads.map(write, range(WRITERS)))

    log = lives(event_log(server.data))
    won: set[str] = set()
    for task_id, done in zip(ids, zip(*by_writer, strict=True), strict=True):
        (winner,) = wins(log[task_id])
        won.add(winner)
        accepted = {}
        for number, (reply, reads) in enumerate(done):
            if endings[task_id][number] == winner:
                assert reply.status == 200
                accepted[reply.revision] = str(number)
            else:
                assert reply.refused == (400, "not_allowed_in_current_state")
            assert reply.revision <= reads[0].revision
            for read in reads:
                assert read.value["status"] == winner
                words = log[task_id][read.revision - 1].words
                assert read.value["description"]["default_message"] == words
                assert ("result" in read.value) == (winner == "SUCCEEDED")
                assert ("error" in read.value) == (winner == "FAILED")
        assert accepted == {event.revision: event.words for event in log[task_id][1:]}
    assert won == set(TERMINAL)
