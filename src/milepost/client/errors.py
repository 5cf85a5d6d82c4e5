"""What the library raises.

::

    MilepostError
    ├── Refused              the service said no; nothing was changed
    │   ├── Invalid          400  the request does not fit the rules
    │   ├── Unauthenticated  401  who asks is not known, or no longer
    │   ├── Forbidden        403
    │   ├── NotFound         404
    │   ├── Conflict         409, 412  it was changed meanwhile, or the key was used for another
    │   ├── Gone             410  the position to watch from is not kept any more
    │   └── Busy             429, 503  the service asks to come back later
    ├── Away                 the service could not be reached, or broke off
    ├── Garbled              what answered does not speak as Milepost does
    ├── Untrusted            the service could not show that it is the one that was meant
    ├── NotInTime            a wait was over before its end (also a TimeoutError)
    └── Unusable             a setting or a file of the client cannot be used
        └── BadCaFile        the file that says whom to trust

    TaskCancelled            raised into a job that asked for it; no MilepostError, so that what
                             handles faults of the service does not take it for one
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from milepost.client.values import Message, Task

FIELD = re.compile(r"([A-Za-z_][\w.\[\]-]*): ", re.ASCII)


class MilepostError(Exception):
    """Base of what the library raises."""


class Refused(MilepostError):
    """The service refused; nothing was changed.

    ``status`` is that of HTTP, ``reason`` the stable id such as ``milepost.task.unknown`` ("" when
    what answered gave none), ``error`` the standard error such as ``NOT_FOUND``. ``message`` is
    the text, in the language that was asked for where there is one, ``messages`` are all of them.
    ``field`` is the path of the member that is wrong, such as ``percent_done.total``, or ``None``.
    ``revision`` is that of the task as it is, ``retry_after`` is in seconds; both when told.
    """

    def __init__(
        self,
        status: int,
        error: str,
        messages: Sequence[Message],
        *,
        revision: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        first = messages[0] if messages else None
        self.status = status
        self.error = error
        self.messages = tuple(messages)
        self.reason = first.id if first else ""
        self.message = (first.text if first else "") or error
        self.revision = revision
        self.retry_after = retry_after
        found = FIELD.match(first.default_message) if first else None
        self.field = found[1] if found else None
        super().__init__(f"{error} (HTTP {status}): {self.message}")


class Invalid(Refused):
    """The request does not fit the structure or the rules."""


class Unauthenticated(Refused):
    """Wrong user or password, or a session or token that has ended."""


class Forbidden(Refused):
    """The caller may not do this."""


class NotFound(Refused):
    """There is no such thing, or the caller may not see it."""


class Conflict(Refused):
    """It has another revision by now, or the key was used for something else."""


class Gone(Refused):
    """The events behind this position are not kept any more: read the tasks anew."""


class Busy(Refused):
    """The service cannot do this now; ``retry_after`` says when to ask again."""


REFUSALS: Mapping[int, type[Refused]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    410: Gone,
    429: Busy,
    503: Busy,
}


class Away(MilepostError):
    """The service did not answer.

    ``sent`` is false when the request did not leave: then nothing was changed. Otherwise it may
    or may not have been made.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class Garbled(MilepostError):
    """What answered does not speak as Milepost does: a proxy perhaps, or another server."""


class Untrusted(MilepostError):
    """The certificate of the service does not verify; nothing was sent to it."""


class NotInTime(MilepostError, TimeoutError):
    """The task has not ended in the time given; ``task`` is how it was last seen."""

    def __init__(self, message: str, task: Task) -> None:
        super().__init__(message)
        self.task = task


class Unusable(MilepostError):
    """A setting, a file of the client, or the stored login cannot be used."""


class BadCaFile(Unusable):
    """The file with the trusted certificates cannot be used."""


class TaskCancelled(Exception):
    """Somebody asked for the end of the task, and the job asked to be told in this way."""
