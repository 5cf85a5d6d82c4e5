"""The task of a run: what the service is told of the command, and what is heard from it.

The library does the work in a thread of its own, and nothing of the service reaches the command:
not its faults and, but for a second at the beginning and a few at the end, not its slowness.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import NamedTuple

from milepost.cli.run.child import CannotStart, Ending
from milepost.cli.run.output import Seen
from milepost.client.blocking import Client
from milepost.client.errors import TaskCancelled
from milepost.client.job import Job
from milepost.client.reporter import SETTING, flush, flush_seconds, reporter
from milepost.client.values import Message, TaskError

TASK_ID, URL = "MILEPOST_TASK_ID", "MILEPOST_URL"
ID_SECONDS = 1.0
"""How long the command is held back for the id of its task."""
TURN = 0.02
LATE_SECONDS = 1.0
LAST_WORDS = 2000
PREFIX = "com.milepost.run."


class Task(NamedTuple):
    """What is said of the task of a run when it is made."""

    description: str
    operation: str
    parent: str | None
    lease: int


class Warnings(logging.Handler):
    """What the library warns of first, as a line of ours on standard error; the rest follows."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._warn = warn
        self._said = False

    def emit(self, record: logging.LogRecord) -> None:
        self.say(record.getMessage())

    def say(self, text: str) -> None:
        if not self._said:
            self._said = True
            self._warn(text)


class Report:
    """The task of one run. All of its methods return at once, but for ``begin`` and ``finish``."""

    def __init__(self, client: Client, task: Task, warn: Callable[[str], None]) -> None:
        self._url = client.url
        self._job: Job = client.task(
            task.description, operation=task.operation, parent=task.parent, lease=task.lease
        )
        self._warnings = Warnings(warn)
        self._began = 0.0

    def begin(self) -> dict[str, str]:
        """Have the task made; the answer is what the command's environment has to have of it."""
        log = logging.getLogger("milepost")
        log.addHandler(self._warnings)
        log.propagate = False
        self._began = time.monotonic()
        self._job.start()
        until = self._began + ID_SECONDS
        while self._job.id is None and not reporter().faults and time.monotonic() < until:
            if self._job.created.wait(TURN):
                break
        if self._job.id is not None:
            return {TASK_ID: self._job.id, URL: self._url}
        if not self._job.outbox_closed:
            why = "; ".join(reporter().faults) or f"{self._url} is slow to answer"
            self._warnings.say(f"the command runs without its task for now: {why}")
        return {}

    def saw(self, seen: Seen) -> None:
        if seen.progress is not None:
            self._job.set(*seen.progress)
        if seen.lines:
            self._job.message("\n".join(seen.lines))

    def cancel_requested(self) -> bool:
        """Whether the command is to end, because somebody asked for it.

        A task that the service has ended, as its lease ran out, is no reason to.
        """
        if self._job.outbox_closed:
            return False
        try:
            self._job.check_cancelled()
        except TaskCancelled:
            return True
        return False

    def finish(self, ending: Ending, lines: list[str], *, program: str, cancelled: bool) -> None:
        """Tell how the command has ended, and wait for that to arrive, though not for long."""
        self._job.result = {
            "exit_code": ending.code,
            "seconds": round(time.monotonic() - self._began, 3),
        }
        if ending.code == 0:
            self._job.succeed()
        else:
            self._job.fail(failure(ending, lines, program=program, cancelled=cancelled))
        self._send()

    def could_not_start(self, fault: CannotStart) -> None:
        """Tell that there was nothing to run."""
        self._job.result = {"exit_code": fault.code}
        self._job.fail(TaskError(messages=(said("start", "{0}", str(fault)),)))
        self._send()

    def _send(self) -> None:
        limit = flush_seconds()
        if self._job.id is None:
            # Who has not answered so far is not to be waited for again.
            limit = 0.0 if reporter().faults else min(limit, LATE_SECONDS)
        if not flush(limit):
            # It is lost; the end of the process need not try once more.
            os.environ[SETTING] = "0"


def said(kind: str, template: str, *args: str) -> Message:
    return Message(template.format(*args), id=PREFIX + kind, args=args)


def failure(ending: Ending, lines: list[str], *, program: str, cancelled: bool) -> TaskError:
    """Why a command has failed: how it ended, and what it said last."""
    if ending.signal is not None:
        how = said("signal", "{0} was ended by {1}", program, ending.signal_name)
    else:
        how = said("exit", "{0} ended with exit code {1}", program, str(ending.code))
    last = "\n".join(lines)[-LAST_WORDS:]
    messages = [how, said("output", "{0}", last)] if last else [how]
    if cancelled:
        messages.insert(0, said("canceled", "Somebody asked for the end of the task."))
    return TaskError("CANCELED" if cancelled else "ERROR", tuple(messages))
