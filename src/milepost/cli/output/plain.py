"""Values of the client as what JSON has, with the names of ``/v1``; ``None`` is left out."""

from __future__ import annotations

from typing import Any

import msgspec


def plain(value: Any) -> Any:
    """A value without its types; in a result, ``null`` stays what it is."""
    if isinstance(value, msgspec.Struct):
        members = ((name, getattr(value, name)) for name in value.__struct_fields__)
        return {name: plain(part) for name, part in members if part is not None}
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return msgspec.to_builtins(value)
