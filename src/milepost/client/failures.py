"""The exception that ended a job, as the error of its task: type, message, cause, a short trace.

No values of variables are told, only where it happened.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterator
from pathlib import PurePath

from milepost.client.errors import TaskCancelled
from milepost.client.values import Message, TaskError

PREFIX = "com.milepost.python."
MOST_CAUSES = 4
MOST_FRAMES = 8
LONGEST_TEXT = 2000
CANCELLED = (TaskCancelled, KeyboardInterrupt, asyncio.CancelledError)


def failure_of(fault: BaseException) -> TaskError:
    """The error of a task that an exception has ended."""
    name = "CANCELED" if isinstance(fault, CANCELLED) else "ERROR"
    first, *causes = chain(fault)
    messages = [
        told("exception", "{0}: {1}", *first),
        *(told("cause", "Caused by {0}: {1}", *cause) for cause in causes),
    ]
    trace = trace_of(fault)
    if trace:
        messages.append(told("trace", "{0}", trace))
    return TaskError(name, tuple(messages))


def told(kind: str, template: str, *args: str) -> Message:
    return Message(template.format(*args).rstrip(": "), id=PREFIX + kind, args=args)


def chain(fault: BaseException) -> Iterator[tuple[str, str]]:
    """The type and the text of an exception, of its parts, and of what has caused it."""
    seen: set[int] = set()
    left = [fault]
    while left and len(seen) <= MOST_CAUSES:
        one = left.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield type(one).__qualname__, text_of(one)
        if isinstance(one, BaseExceptionGroup):
            left += one.exceptions
        cause = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        if cause is not None:
            left.append(cause)


def text_of(fault: BaseException) -> str:
    """What an exception says; one that cannot say it must not stop the report."""
    try:
        return clean(str(fault))
    except Exception as broken:  # noqa: BLE001  it is the code of the job
        return f"<{type(broken).__name__} in its __str__>"


def trace_of(fault: BaseException) -> str:
    """Where it happened, the innermost last: file, line, function and the line itself."""
    frames = traceback.extract_tb(fault.__traceback__)[-MOST_FRAMES:]
    lines = [
        f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno} in {frame.name}:"
        f" {frame.line or '?'}"
        for frame in frames
    ]
    return clean("\n".join(lines)[-LONGEST_TEXT:])


def clean(text: str) -> str:
    """A text as the service takes it: not too long, without NUL and lone surrogates."""
    cut = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    return cut.replace("\0", "�").encode("utf-8", "replace").decode()
