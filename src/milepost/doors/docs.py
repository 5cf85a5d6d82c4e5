"""``/docs``: a page that shows ``/openapi.json``, out of the package and from no other host."""

from __future__ import annotations

from importlib import resources

from milepost.doors.messages import Answer, Request
from milepost.doors.routing import Auth, Handler, Route

PATH = "/docs"
FILES = {
    PATH: ("docs.html", "text/html; charset=utf-8"),
    f"{PATH}/docs.css": ("docs.css", "text/css; charset=utf-8"),
    f"{PATH}/docs.js": ("docs.js", "text/javascript; charset=utf-8"),
}
# Nothing inline, nothing from elsewhere, and no other page may show this one in a frame.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    b" base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFE = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


class DocsDoor:
    """Serves the page and what it needs; the files are read once."""

    def __init__(self) -> None:
        folder = resources.files("milepost.doors") / "pages"
        self._files = {
            path: (media_type, (folder / name).read_bytes())
            for path, (name, media_type) in FILES.items()
        }

    def handler(self, path: str) -> Handler:
        """What answers for a file."""
        media_type, body = self._files[path]
        answer = Answer(200, body, ((b"content-type", media_type.encode()), *SAFE))

        async def get(_request: Request) -> Answer:
            return answer

        return get


def docs_routes(door: DocsDoor) -> list[Route]:
    """The routes of the page."""
    summaries = {
        PATH: "A page that shows this description.",
        f"{PATH}/docs.css": "How the page looks.",
        f"{PATH}/docs.js": "What the page does.",
    }
    return [
        Route(
            "GET",
            path,
            door.handler(path),
            Auth.OPEN,
            operation=f"docs.{FILES[path][0]}",
            summary=summary,
            answer="milepost.page",
            media_type=FILES[path][1].partition(";")[0],
        )
        for path, summary in summaries.items()
    ]
