"""Registered extensions over HTTP, as the same values that a data directory gives."""

from __future__ import annotations

from typing import Any

import msgspec

from milepost.cli.connection import Connection
from milepost.client.errors import NotFound
from milepost.client.values import ExtensionSummary
from milepost.rules.extensions import Extension, Registration
from milepost.wire.extensions import decode_extension, encode_registration


def summaries(connection: Connection) -> list[ExtensionSummary]:
    """All extensions. This and the others raise ``MilepostError``."""
    with connection.client() as client:
        return list(client.extensions.list())


def whole(connection: Connection, key: str) -> dict[str, Any]:
    """An extension with everything."""
    with connection.client() as client:
        return client.extensions.get(key)


def apply(
    connection: Connection, extension: Extension, version: int | None
) -> tuple[Registration | None, Registration]:
    """Register an extension; it before and after."""
    document = msgspec.json.decode(encode_registration(Registration(extension, 1)))
    del document["version"]
    with connection.client() as client:
        try:
            before = registration_of(client.extensions.get(extension.key))
        except NotFound:
            before = None
        after = client.extensions.apply(extension.key, document, if_version=version)
        return before, registration_of(after)


def delete(connection: Connection, key: str) -> None:
    """Forget an extension."""
    with connection.client() as client:
        client.extensions.delete(key)


def registration_of(document: dict[str, Any]) -> Registration:
    """The extension that a document describes, which may know more members than we do."""
    known = {*Extension.__struct_fields__, "version"}
    told = {name: part for name, part in document.items() if name in known}
    extension, version = decode_extension(msgspec.json.encode(told))
    return Registration(extension, version or 0)
