"""The demo as a registered extension: its operations, and what it says in four languages."""

from __future__ import annotations

from importlib import resources
from typing import Any

from milepost.client.blocking import Client
from milepost.client.errors import Forbidden, NotFound
from milepost.demo.jobs import KINDS

NAME = "Milepost demo"
SUFFIX = ".properties"


def register(client: Client, key: str) -> str:
    """Register the demo under a key, unless something else is; the answer says what was done.

    Raises ``Refused``, ``Away``.
    """
    try:
        if registered_as(client, key) not in (None, NAME):
            return f"{key} is another extension; the catalogues of the demo are not registered."
        client.extensions.apply(key, description())
    except Forbidden:
        return "Only an administrator may register the catalogues of the demo."
    return f"The catalogues of the demo are registered for {key}."


def registered_as(client: Client, key: str) -> str | None:
    """The name of what is registered under a key, if there is something."""
    try:
        return str(client.extensions.get(key)["name"])
    except NotFound:
        return None


def description() -> dict[str, Any]:
    """The demo as ``/v1/extensions`` takes it."""
    return {
        "name": NAME,
        "default_locale": "en",
        "operations": [
            {
                "id": kind.operation,
                "label": kind.text.format("a machine"),
                "cancelable": kind.cancelable,
            }
            for kind in KINDS
        ],
        "catalogues": catalogues(),
    }


def catalogues() -> list[dict[str, str]]:
    found = resources.files("milepost.demo").joinpath("catalogues").iterdir()
    return [
        {
            "locale": file.name.removesuffix(SUFFIX),
            "file": file.name,
            "text": file.read_text(encoding="utf-8"),
        }
        for file in sorted(found, key=lambda file: file.name)
        if file.name.endswith(SUFFIX)
    ]
