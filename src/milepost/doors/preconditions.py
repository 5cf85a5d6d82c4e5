"""What a request says of itself: which revisions it is for, and how it is known again."""

from __future__ import annotations

import re

from milepost.doors.messages import Request
from milepost.doors.refusals import Refuse
from milepost.rules import reasons
from milepost.rules.reasons import shortened
from milepost.rules.task import IfMatch, Task

ETAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
KEY = re.compile(r"[\x20-\x7e]{1,255}")
SEPARATOR = re.compile(r"[ \t]*,[ \t]*")


def if_match(request: Request) -> IfMatch | None:
    """The revisions an update is for, or ``None`` for any. Raises ``Refuse``.

    Only a strong ETag can match here, as RFC 9110 says.
    """
    text = request.header(b"if-match")
    if text is None or text.strip() == "*":
        return None
    strong = (tag for weak, tag in etags("If-Match", text) if not weak)
    return IfMatch(frozenset(int(tag) for tag in strong if is_revision(tag)), shortened(text))


def is_known(request: Request, task: Task) -> bool:
    """Whether the caller has this revision of a task already. Raises ``Refuse``."""
    return has_tag(request, str(task.revision))


def has_tag(request: Request, wanted: str) -> bool:
    """Whether the caller has what an ETag, without its quotes, stands for. Raises ``Refuse``."""
    text = request.header(b"if-none-match")
    if text is None:
        return False
    if text.strip() == "*":
        return True
    return any(tag == wanted for _, tag in etags("If-None-Match", text))


def idempotency_key(request: Request) -> str | None:
    """The key that a request is known again by. Raises ``Refuse``."""
    text = request.header(b"idempotency-key")
    if text is not None and not KEY.fullmatch(text):
        raise Refuse(reasons.BAD_IDEMPOTENCY_KEY, shortened(text))
    return text


def etags(name: str, text: str) -> list[tuple[str, str]]:
    """The ETags of a header: whether each is weak, and what is between its quotes."""
    found = [ETAG.fullmatch(part) for part in SEPARATOR.split(text.strip())]
    if not all(found):
        raise Refuse(reasons.BAD_ETAG, name, shortened(text))
    return [(match[1] or "", match[2]) for match in found if match]


def is_revision(tag: str) -> bool:
    return tag.isascii() and tag.isdigit() and len(tag) <= len(str(2**63))
