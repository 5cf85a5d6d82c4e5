"""The files of the console: what each path below ``/ui/`` is, out of the package."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import NamedTuple

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
PAGE = "index.html"
PAGES = ("overview", "extensions", "users", "tokens", "about")
"""The pages beside the list of tasks; one file shows them all."""


class File(NamedTuple):
    """A file as it is served; ``tag`` changes with its bytes."""

    media_type: str
    body: bytes
    tag: str


def console_files() -> dict[str, File]:
    """The files by their names; the pages have the names they have in an address."""
    folder = resources.files("milepost.console") / "pages"
    found = {
        file.name: file_of(file.name, file.read_bytes())
        for file in folder.iterdir()
        if file.name.rpartition(".")[2] in TYPES
    }
    return {**found, **dict.fromkeys(("", *PAGES), found[PAGE])}


def file_of(name: str, body: bytes) -> File:
    return File(TYPES[name.rpartition(".")[2]], body, hashlib.sha256(body).hexdigest()[:32])
