"""``/ui/``: the console. Files out of the package, under a policy that lets nothing else run.

What a page shows comes from ``/v1``, asked for with the cookie of a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from milepost.doors.messages import Answer, Request
from milepost.doors.preconditions import has_tag
from milepost.doors.refusals import Headers, Refuse
from milepost.doors.routing import Auth, Route
from milepost.rules import reasons
from milepost.rules.reasons import shortened

PATH = "/ui/"
# Nothing inline, nothing from elsewhere, no text that becomes markup or code, and no other page
# may show this one in a frame, be it one of the same host.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    b" base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    b" require-trusted-types-for 'script'; trusted-types 'none'"
)
SAFE: Headers = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cache-control", b"no-cache"),
)


class Served(Protocol):
    """A file of the console."""

    @property
    def media_type(self) -> str:
        """What it is."""

    @property
    def body(self) -> bytes:
        """Its bytes."""

    @property
    def tag(self) -> str:
        """What changes with them."""


class ConsoleDoor:
    """Serves the console; ``files`` are by the names behind ``/ui/``."""

    def __init__(self, files: Mapping[str, Served]) -> None:
        self._files = files

    async def file(self, request: Request) -> Answer:
        """A page or a part of one."""
        (name,) = request.params
        found = self._files.get(name)
        if found is None:
            raise Refuse(reasons.NO_SUCH_PATH, shortened(PATH + name))
        return self._answer(request, found)

    async def page(self, request: Request) -> Answer:
        """The page that shows all pages, by their address."""
        return self._answer(request, self._files[""])

    async def root(self, _request: Request) -> Answer:
        """Where to find it."""
        return Answer(302, headers=((b"location", PATH.encode()), *SAFE))

    def _answer(self, request: Request, file: Served) -> Answer:
        headers = ((b"etag", b'"%b"' % file.tag.encode()), *SAFE)
        if has_tag(request, file.tag):
            return Answer(304, headers=headers)
        kind = (b"content-type", file.media_type.encode())
        return Answer(200, file.body, (kind, *headers))


def console_routes(door: ConsoleDoor) -> list[Route]:
    """The routes of the console."""
    pages = [
        Route(
            "GET",
            path,
            handler,
            Auth.OPEN,
            operation=operation,
            summary=summary,
            answer="milepost.page",
            errors=errors,
            media_type="text/html",
        )
        for path, handler, operation, summary, errors in (
            (PATH, door.page, "console.page", "The console: the list of tasks.", (304,)),
            (
                PATH + "{name}",
                door.file,
                "console.file",
                "Another page of the console, or a part of it.",
                (304, 404),
            ),
            (
                PATH + "tasks/{task_id}",
                door.page,
                "console.task",
                "The console: one task. Whether there is such a task, the page itself asks.",
                (304,),
            ),
        )
    ]
    leads = [
        Route(
            "GET",
            path,
            door.root,
            Auth.OPEN,
            operation=f"console.{name}",
            summary="Leads to the console.",
            status=302,
        )
        for path, name in (("/", "root"), ("/ui", "short"))
    ]
    return [*pages, *leads]
