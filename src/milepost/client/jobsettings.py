"""What a job is made of."""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict

import msgspec

from milepost.client.failures import clean
from milepost.client.specs import TaskOptions
from milepost.client.values import Target

OPERATION = "com.milepost.python.job"
LEASE_SECONDS = 300
UPDATES_A_SECOND = 4.0


class TaskHandle(msgspec.Struct, frozen=True):
    """A task as other processes may know it: it can be pickled.

    Progress is counted in one process. Another one reports on its share with
    ``task(…, parent=handle)``; the task shows how far its children are. ``id`` is ``None`` when
    the task was not made yet.
    """

    id: str | None
    url: str | None = None


class JobOptions(TypedDict, total=False):
    """What can be said of a job beside its name and its total.

    ``operation`` is the kind of work, ``lease`` the seconds of silence after which the service
    takes the process for dead (``None`` for never). ``cancelable`` says that the job looks at
    ``check_cancelled``; with ``raise_on_cancel`` each ``advance`` does it.
    """

    operation: str
    target: Target
    user: str
    weight: float
    cancelable: bool
    raise_on_cancel: bool
    lease: int | None
    updates_a_second: float


class JobSettings(NamedTuple):
    """What a job is made of; a decorated function makes one for each call."""

    name: str
    total: int | None
    operation: str
    target: Target | None
    user: str | None
    weight: float
    cancelable: bool
    raise_on_cancel: bool
    lease: int
    updates_a_second: float


OPTIONS = frozenset(JobOptions.__annotations__)


def settings_of(name: str, total: int | None, options: JobOptions) -> JobSettings:
    """The settings of a job. Raises ``TypeError`` for what is none."""
    for given in options:
        if given not in OPTIONS:
            raise TypeError(f"{given}: there is no such argument; there are {sorted(OPTIONS)}")
    operation = options.get("operation", OPERATION)
    for label, text in (("name", name), ("operation", operation)):
        if type(text) is not str or not text:
            raise TypeError(f"{label}: a text is needed, not {text!r}")
    rate = options.get("updates_a_second", UPDATES_A_SECOND)
    if not rate > 0:
        raise TypeError(f"updates_a_second: a number above 0 is needed, not {rate!r}")
    lease = options.get("lease", LEASE_SECONDS)
    return JobSettings(
        name=name,
        total=None if total is None else whole("total", total),
        operation=operation,
        target=options.get("target"),
        user=options.get("user"),
        weight=options.get("weight", 1.0),
        cancelable=options.get("cancelable", True),
        raise_on_cancel=options.get("raise_on_cancel", False),
        lease=0 if lease is None else whole("lease", lease),
        updates_a_second=rate,
    )


def options_of(settings: JobSettings) -> TaskOptions:
    """What is said of the task when it is made."""
    return {
        "description": clean(settings.name),
        "cancelable": settings.cancelable,
        "lease_seconds": settings.lease,
        "weight": settings.weight,
        **({} if settings.target is None else {"target": settings.target}),
        **({} if settings.user is None else {"user": settings.user}),
    }


def whole(name: str, number: Any) -> int:
    """A whole number, also one of numpy. Raises ``TypeError``."""
    try:
        found: int = number.__index__()
    except AttributeError:
        raise TypeError(f"{name}: a whole number is needed, not {number!r}") from None
    return found
