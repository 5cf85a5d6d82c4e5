"""Logging, tqdm and rich: what they show is told to a real server too."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from milepost import Client, Job, Message, Progress, Status, Task, flush, task
from milepost.client.records import JobHandler
from milepost.client.rich import Progress as RichProgress
from milepost.client.rich import track as rich_track
from milepost.client.tqdm import tqdm
from tests.serving import ADMINISTRATOR, PASSWORD, Server

DARK: Any = {"file": io.StringIO()}


@pytest.fixture
def client(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client, and an environment that reports to the same server."""
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    monkeypatch.setenv("MILEPOST_URL", server.url)
    monkeypatch.setenv("MILEPOST_USER", ADMINISTRATOR)
    monkeypatch.setenv("MILEPOST_PASSWORD_FILE", str(file))
    with Client() as client:
        yield client


def told(client: Client, job: Job) -> Task:
    assert job.wait_sent(30), job.outbox and job.outbox.lost
    assert job.id is not None
    return client.get(job.id)


# Logging.


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    found = logging.getLogger("tests.jobs")
    found.setLevel(logging.DEBUG)
    yield found
    for handler in list(found.handlers):
        found.removeHandler(handler)


def test_what_is_logged_is_the_message(client: Client, logger: logging.Logger) -> None:
    logger.addHandler(JobHandler())
    logger.info("outside of any job")
    with task("Log", total=1) as job:
        logger.info("disk %d of %d", 3, 10)
        logger.debug("too small")
        job.advance()
    assert told(client, job).progress == Progress(1, 1, Message("disk 3 of 10"))


def test_a_handler_of_one_job(
    client: Client, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with task("Log", total=0) as job:
        handler = JobHandler(job, logging.WARNING)
        logger.addHandler(handler)
        logger.info("too small")
        logger.warning("large enough")
        logger.warning("%d", "no number")
        own = logging.getLogger("httpx2.child")
        own.addHandler(handler)
        own.warning("of the client itself")
        own.removeHandler(handler)
    assert told(client, job).progress == Progress(0, 0, Message("large enough"))


# tqdm.


def test_a_bar_is_a_task(client: Client) -> None:
    bar = tqdm(range(5), desc="Copy", **DARK)
    assert list(bar) == list(range(5))
    done = told(client, bar.job)
    assert (done.description.text, done.status) == ("Copy", Status.SUCCEEDED)
    assert done.progress == Progress(5, 5, Message(""))


def test_a_bar_that_is_switched_off_is_told(client: Client) -> None:
    bar = tqdm(range(5), "Copy", disable=True)
    assert list(bar) == list(range(5))
    done = told(client, bar.job)
    assert (done.description.text, done.progress) == ("Copy", Progress(5, 5, Message("")))
    with tqdm(total=7, disable=True) as bar:
        bar.update(2)
        bar.reset(total=3)
        bar.update(3)
    done = told(client, bar.job)
    assert (done.status, done.progress) == ("SUCCEEDED", Progress(3, 3, Message("")))


def test_a_bar_by_hand(client: Client) -> None:
    with tqdm(total=10, **DARK) as bar:
        bar.update(3)
        bar.reset(total=4)
        bar.update(4)
    done = told(client, bar.job)
    assert (done.description.text, done.progress) == ("Progress", Progress(4, 4, Message("")))
    with tqdm(**DARK) as bar:
        bar.update(3)
    assert told(client, bar.job).progress == Progress(3, 3, Message(""))


def test_a_bar_that_does_not_reach_its_end(client: Client) -> None:
    bar = tqdm(total=10, **DARK)
    bar.update(4)
    bar.close()
    bar.close()
    done = told(client, bar.job)
    assert (done.status, done.progress) == (Status.FAILED, Progress(10, 4, Message("")))
    with pytest.raises(OSError, match="gone"), tqdm(total=2, **DARK) as bar:
        raise OSError("gone")
    error = told(client, bar.job).error
    assert error is not None
    assert error.text == "OSError: gone"


def test_a_bar_of_a_job_under_way(client: Client) -> None:
    with task("Whole") as job:
        for _ in tqdm(range(3), job=job, **DARK):
            pass
        assert job.completed == 3
    assert told(client, job).progress == Progress(3, 3, Message(""))


def test_a_bar_that_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        tqdm(range(3), nonsense=1, **DARK)


# rich.


def console() -> Console:
    return Console(file=io.StringIO())


def test_rich_tasks_are_tasks(client: Client) -> None:
    with RichProgress(console=console()) as progress:
        full = progress.add_task("Full", total=3)
        open_ended = progress.add_task("Open", total=None)
        left = progress.add_task("Left", total=9)
        removed = progress.add_task("Removed", total=2)
        progress.advance(full, 2)
        progress.update(full, total=4, advance=2)
        progress.update(open_ended, completed=7)
        progress.advance(left)
        progress.advance(removed, 2)
        progress.remove_task(removed)
        progress.stop_task(full)
    jobs = {
        name: told(client, progress.jobs[ident])
        for name, ident in (
            ("full", full),
            ("open", open_ended),
            ("left", left),
            ("removed", removed),
        )
    }
    assert {name: (done.status, done.progress) for name, done in jobs.items()} == {
        "full": ("SUCCEEDED", Progress(4, 4, Message(""))),
        "open": ("SUCCEEDED", Progress(7, 7, Message(""))),
        "left": ("FAILED", Progress(9, 1, Message(""))),
        "removed": ("SUCCEEDED", Progress(2, 2, Message(""))),
    }


def test_a_rich_display_that_an_exception_leaves(client: Client) -> None:
    progress = RichProgress(console=console())
    with pytest.raises(OSError, match="gone"), progress:  # noqa: PT012  a display is a block
        done = progress.add_task("Done", total=1)
        broken = progress.add_task("Broken", total=2)
        progress.advance(done)
        raise OSError("gone")
    assert told(client, progress.jobs[done]).status is Status.SUCCEEDED
    error = told(client, progress.jobs[broken]).error
    assert error is not None
    assert error.text == "OSError: gone"


def test_tracking_with_rich(client: Client) -> None:
    assert list(rich_track([1, 2, 3], "Go", console=console())) == [1, 2, 3]
    assert flush(30)
    newest = next(iter(client.list(operation="com.milepost.python.job", text="Go")))
    done = client.wait(newest.id, 30)
    assert done.progress == Progress(3, 3, Message(""))
