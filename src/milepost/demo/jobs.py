"""The work of the demo: jobs that look like those of a real extension.

A job is a generator. It yields what it wants to say about its task, as the changes of an update
with the seconds until its next word; a cancellation asked for reaches it as ``Canceled``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from typing import NamedTuple

from milepost.client.specs import TaskChanges
from milepost.client.values import Message, Nested, Param, Progress, TaskError

Step = tuple[TaskChanges, float]
Job = Generator[Step, None, None]

MACHINES = ("web-01", "web-02", "db-01", "mail-01", "build-07", "files-02")
PREFIX = "com.milepost.demo."
MEBIBYTES_A_STEP = (40, 400)


class Canceled(Exception):
    """Someone asked for the end of the task."""


class Kind(NamedTuple):
    """A kind of job: what it is called and how it is made."""

    operation: str
    text: str
    work: Callable[[random.Random, str], Job]
    cancelable: bool


def message(ident: str, text: str, **values: int | str | Nested) -> Message:
    """A message whose text already has its arguments.

    The arguments are its ``args`` as text, and its ``params`` for a catalogue; one that is itself
    a message, of an id only, goes in by its id.
    """
    return Message(
        text,
        id=PREFIX + ident,
        args=tuple(
            value.id if isinstance(value, Nested) else str(value) for value in values.values()
        ),
        params={name: param(value) for name, value in values.items()},
    )


def param(value: int | str | Nested) -> Param:
    """An argument by its type: ``i``, ``s``, or ``l`` for a message."""
    if isinstance(value, int):
        return Param(i=value)
    return Param(l=value) if isinstance(value, Nested) else Param(s=value)


def error(name: str, *messages: Message) -> TaskError:
    """A standard error with its messages, the cause last."""
    return TaskError(name, messages)


def backup(chance: random.Random, machine: str) -> Job:
    """Copy a disk; ends as canceled when asked to."""
    total = chance.randrange(2_000, 8_000)
    done = 0
    try:
        yield {"status": "RUNNING"}, pause(chance)
        while done < total:
            done = min(total, done + chance.randrange(*MEBIBYTES_A_STEP))
            text = f"{done} of {total} MiB of {machine} copied"
            said = message("copied", text, done=done, total=total, machine=machine)
            yield {"progress": Progress(total, done, said)}, pause(chance)
    except Canceled:
        said = message("canceled", f"Canceled after {done} MiB; the copy was removed", done=done)
        yield {"status": "FAILED", "error": error("CANCELED", said)}, 0
        return
    yield {"status": "SUCCEEDED", "result": {"bytes": total * 2**20, "machine": machine}}, 0


def migration(chance: random.Random, machine: str) -> Job:
    """Move a machine; waits for a host on its way."""
    steps = ("preparing", "copying memory", "switching over", "cleaning up")
    yield {"status": "RUNNING"}, pause(chance)
    for number, step in enumerate(steps, start=1):
        inner = Nested(PREFIX + step.replace(" ", "_"))
        said = message("step", f"{machine}: {step}", machine=machine, step=inner)
        yield {"progress": Progress(len(steps), number, said)}, pause(chance)
        if step == "copying memory":
            yield {"status": "BLOCKED"}, 3 * pause(chance)
            yield {"status": "RUNNING"}, pause(chance)
    yield {"status": "SUCCEEDED", "result": {"host": f"esx-{chance.randrange(1, 9):02d}"}}, 0


def verification(chance: random.Random, machine: str) -> Job:
    """Read a backup again; sometimes it is broken."""
    blocks = chance.randrange(20, 60)
    bad = chance.choice([None, chance.randrange(1, blocks)])
    yield {"status": "RUNNING"}, pause(chance)
    for block in range(1, blocks + 1):
        said = message("blocks", f"{block} of {blocks} blocks read", done=block, total=blocks)
        yield {"progress": Progress(blocks, block, said)}, pause(chance) / 2
        if block == bad:
            what = message("bad_backup", f"The backup of {machine} cannot be used", machine=machine)
            text = f"Block {block}: the checksum does not fit"
            why = message("checksum", text, block=block)
            found = {"checked": block, "of": blocks}
            cause = error("INVALID_ELEMENT_CONFIGURATION", what, why)
            yield {"status": "FAILED", "error": cause, "result": found}, 0
            return
    yield {"status": "SUCCEEDED", "result": {"checked": blocks, "of": blocks}}, 0


def pause(chance: random.Random) -> float:
    return chance.uniform(0.2, 1.5)


KINDS = (
    Kind("com.milepost.demo.backup", "Back up {0}", backup, cancelable=True),
    Kind("com.milepost.demo.migrate", "Move {0} to another host", migration, cancelable=False),
    Kind("com.milepost.demo.verify", "Verify the backup of {0}", verification, cancelable=False),
)
