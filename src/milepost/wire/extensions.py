"""Extensions as ``/v1/extensions`` spells them, and as the file of ``milepost extension apply``.

What is read here has the right members and types; whether the values fit is for
``rules.extensions`` to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from milepost.rules.extensions import (
    CatalogueFile,
    Expected,
    Extension,
    Operation,
    Registration,
    Retention,
)
from milepost.rules.reasons import KEYS_DISAGREE, UNKNOWN_ENUM, shortened
from milepost.wire.decoding import (
    Read,
    read_boolean,
    read_double,
    read_item,
    read_long,
    read_members,
)
from milepost.wire.descriptions import SCALARS, Schema, list_schema, object_schema
from milepost.wire.encoding import to_json
from milepost.wire.faults import Malformed, shown, wrong_type
from milepost.wire.jsontext import parse
from milepost.wire.shapes import Scalar

TAG = re.compile(r'"([0-9]{1,15})"')
FORMATS = ("icu", "printf")


class Spec(NamedTuple):
    """What a body asks for; ``version`` is the one it was made from, when it says so."""

    extension: Extension
    version: int | None


def decode_extension(body: bytes, key: str | None = None) -> Spec:
    """The extension that a body is; ``key`` is the one of the path. Raises ``Malformed``."""
    found = read_members(parse(body), EXTENSION, [] if key else ["key"], 0)
    given = found.setdefault("key", key)
    if key is not None and given != key:
        raise Malformed(KEYS_DISAGREE, shortened(key)).under(str(given))
    version = found.pop("version", None)
    return Spec(Extension(**found), version)


def expected_of(if_match: str | None, version: int | None) -> Expected | None:
    """Which version a change is meant for, by the header ``If-Match`` or else by the body.

    A header that names none of our tags fits no version.
    """
    if if_match is None:
        return None if version is None else Expected(frozenset({version}), str(version))
    tags = [tag.strip() for tag in if_match.split(",")]
    if tags == ["*"]:
        return Expected(None, "*")
    found = (TAG.fullmatch(tag) for tag in tags)
    return Expected(frozenset(int(tag[1]) for tag in found if tag), shortened(if_match))


def encode_registration(registration: Registration) -> bytes:
    """An extension with everything."""
    extension = registration.extension
    value = {
        "key": extension.key,
        "version": registration.version,
        "name": extension.name,
        "operations": [plain(operation) for operation in extension.operations],
        "operations_closed": extension.operations_closed,
        "default_locale": extension.default_locale,
        "catalogues": [plain(catalogue) for catalogue in extension.catalogues],
        "retention": plain(extension.retention),
        "members": extension.members,
    }
    return to_json(without_unset(value))


def encode_summaries(registrations: Iterable[Registration]) -> bytes:
    """A list of extensions, without what is long."""
    return to_json({"extensions": [summary(registration) for registration in registrations]})


def summary(registration: Registration) -> dict[str, Any]:
    extension = registration.extension
    return {
        "key": extension.key,
        "version": registration.version,
        "name": extension.name,
        "operations": len(extension.operations),
        "operations_closed": extension.operations_closed,
        "locales": sorted({catalogue.locale for catalogue in extension.catalogues}),
        "members": len(extension.members),
    }


def plain(value: Operation | CatalogueFile | Retention) -> dict[str, Any]:
    """The members of a value that are set."""
    return without_unset({name: getattr(value, name) for name in value.__struct_fields__})


def without_unset(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if part is not None}


def read_text(value: Any, _depth: int = 0) -> str:
    if type(value) is not str:
        raise wrong_type("a text", value)
    return value


def read_format(value: Any, _depth: int = 0) -> str:
    if read_text(value) not in FORMATS:
        raise Malformed(UNKNOWN_ENUM, shown(value), ", ".join(FORMATS))
    return read_text(value)


def list_reader(item: Read) -> Read:
    def read_list(value: Any, depth: int) -> tuple[Any, ...]:
        if type(value) is not list:
            raise wrong_type("a list", value)
        return tuple(read_item(item, index, part, depth) for index, part in enumerate(value))

    return read_list


def object_reader(
    members: Mapping[str, Read], required: list[str], build: Callable[..., object]
) -> Read:
    return lambda value, depth: build(**read_members(value, members, required, depth))


OPERATION: dict[str, Read] = {
    "id": read_text,
    "label": read_text,
    "description": read_text,
    "lease_seconds": read_long,
    "cancelable": read_boolean,
    "weight": read_double,
    "cancel_pending": read_boolean,
}
CATALOGUE: dict[str, Read] = {
    "locale": read_text,
    "format": read_format,
    "file": read_text,
    "text": read_text,
}
RETENTION: dict[str, Read] = {"age_seconds": read_long, "count": read_long}
EXTENSION: dict[str, Read] = {
    "key": read_text,
    "version": read_long,
    "name": read_text,
    "operations": list_reader(object_reader(OPERATION, ["id"], Operation)),
    "operations_closed": read_boolean,
    "default_locale": read_text,
    "catalogues": list_reader(object_reader(CATALOGUE, ["locale", "text"], CatalogueFile)),
    "retention": object_reader(RETENTION, [], Retention),
    "members": list_reader(read_text),
}

# How ``/openapi.json`` describes all this.

TEXT, BOOLEAN = SCALARS[Scalar.TEXT], SCALARS[Scalar.BOOLEAN]
COUNT = {**SCALARS[Scalar.LONG], "minimum": 0}
KINDS: dict[Read, Schema] = {
    read_text: TEXT,
    read_format: {"type": "string", "enum": list(FORMATS)},
    read_boolean: BOOLEAN,
    read_long: COUNT,
    read_double: {**SCALARS[Scalar.DOUBLE], "exclusiveMinimum": 0},
}
PARTS: dict[str, Schema] = {
    "operations": list_schema(
        object_schema({name: KINDS[OPERATION[name]] for name in OPERATION}, ["id"])
    ),
    "catalogues": list_schema(
        object_schema({name: KINDS[CATALOGUE[name]] for name in CATALOGUE}, ["locale", "text"])
    ),
    "retention": object_schema({name: KINDS[RETENTION[name]] for name in RETENTION}, []),
    "members": list_schema(TEXT),
}
WHOLE = {name: PARTS.get(name) or KINDS[EXTENSION[name]] for name in EXTENSION}
LISTED: dict[str, Schema] = {
    "key": TEXT,
    "version": COUNT,
    "name": TEXT,
    "operations": COUNT,
    "operations_closed": BOOLEAN,
    "locales": list_schema(TEXT),
    "members": COUNT,
}


def extension_schemas() -> dict[str, Schema]:
    """The schemas of this door by their names."""
    entry = object_schema(LISTED, list(LISTED))
    return {
        "milepost.extension": object_schema(WHOLE, ["key", "version"]),
        "milepost.extension_spec": object_schema(WHOLE, []),
        "milepost.extensions": object_schema({"extensions": list_schema(entry)}, ["extensions"]),
    }
