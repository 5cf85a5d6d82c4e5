"""The language of an answer: asked for with ``Accept-Language``, told with ``Content-Language``.

Without that header nothing is looked up and nothing is rendered.
"""

from __future__ import annotations

from milepost.doors.messages import Request
from milepost.doors.refusals import Headers
from milepost.rules.reasons import Refusal
from milepost.service.localizing import Telling, Texts, reader_of

ASKED = b"accept-language"
VARY = (b"vary", b"Accept-Language")


def telling_for(request: Request, texts: Texts) -> Telling | None:
    """The answer to a caller who asks for a language."""
    if ASKED not in request.headers:
        return None
    reader = reader_of(asked_by(request))
    return None if reader is None else texts.telling(reader)


def asked_by(request: Request) -> str:
    """The languages a caller asks for; headers of one name are one list, as RFC 9110 has it."""
    return ",".join(value.decode("latin-1") for name, value in request.head.pairs if name == ASKED)


def told(telling: Telling | None) -> Headers:
    """The headers of an answer about its language."""
    if telling is None:
        return ()
    if not telling.locales:
        return (VARY,)
    return (b"content-language", ", ".join(sorted(telling.locales)).encode()), VARY


def refused(request: Request, texts: Texts, refusal: Refusal) -> tuple[Refusal, Headers]:
    """A refusal as its reader gets it, and the headers about its language.

    Also for a request whose headers contradict each other.
    """
    reader = reader_of(asked_by(request))
    if reader is None:
        return refusal, ()
    telling = texts.telling(reader)
    return telling.refusal(refusal), told(telling)
