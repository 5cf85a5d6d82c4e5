"""Milepost: the place where long work reports how far it is."""

from __future__ import annotations

from importlib import metadata


def __getattr__(name: str) -> str:
    if name == "__version__":
        return metadata.version("milepost")
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
