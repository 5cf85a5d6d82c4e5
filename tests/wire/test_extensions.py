"""Extensions as JSON: what is read, what is refused, and what comes back."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest

from milepost.rules import reasons
from milepost.rules.extensions import (
    CatalogueFile,
    Extension,
    Operation,
    Registration,
    Retention,
)
from milepost.rules.reasons import Reason
from milepost.wire.extensions import (
    decode_extension,
    encode_registration,
    encode_summaries,
    expected_of,
    extension_schemas,
)
from milepost.wire.faults import Malformed

KEY = "com.acme.backup"
WHOLE: dict[str, Any] = {
    "key": KEY,
    "version": 3,
    "name": "Acme Backup",
    "operations": [
        {
            "id": "full",
            "label": "Full",
            "description": "All of it",
            "lease_seconds": 60,
            "cancelable": False,
            "weight": 2.5,
            "cancel_pending": True,
        },
        {"id": "copy", "label": "", "description": "", "weight": 1.0, "cancel_pending": False},
    ],
    "operations_closed": True,
    "default_locale": "de",
    "catalogues": [
        {"locale": "de", "text": "a = ä", "format": "printf", "file": "de.properties"},
        {"locale": "fr", "text": "", "format": "icu", "file": ""},
    ],
    "retention": {"age_seconds": 5, "count": 7},
    "members": ["a", "b"],
}
VALUE = Extension(
    key=KEY,
    name="Acme Backup",
    operations=(
        Operation(
            id="full",
            label="Full",
            description="All of it",
            lease_seconds=60,
            cancelable=False,
            weight=2.5,
            cancel_pending=True,
        ),
        Operation(id="copy"),
    ),
    operations_closed=True,
    default_locale="de",
    catalogues=(
        CatalogueFile(locale="de", text="a = ä", format="printf", file="de.properties"),
        CatalogueFile(locale="fr", text=""),
    ),
    retention=Retention(age_seconds=5, count=7),
    members=("a", "b"),
)
LEAST = {
    "key": KEY,
    "version": 1,
    "name": "",
    "operations": [],
    "operations_closed": False,
    "catalogues": [],
    "retention": {},
    "members": [],
}


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_everything_is_read_and_comes_back() -> None:
    assert decode_extension(body(WHOLE)) == (VALUE, 3)
    assert decode_extension(body(WHOLE), KEY) == (VALUE, 3)
    assert json.loads(encode_registration(Registration(VALUE, 3))) == WHOLE


def test_what_is_unset_has_its_default() -> None:
    assert decode_extension(b"{}", KEY) == (Extension(key=KEY), None)
    nulls = dict.fromkeys(WHOLE) | {"key": KEY}
    assert decode_extension(body(nulls)) == (Extension(key=KEY), None)
    assert json.loads(encode_registration(Registration(Extension(key=KEY), 1))) == LEAST


def test_a_whole_weight_is_a_number() -> None:
    spec = decode_extension(b'{"operations": [{"id": "a", "weight": 2}]}', KEY)
    assert repr(spec.extension.operations[0].weight) == "2.0"


@pytest.mark.parametrize(
    ("text", "reason", "where"),
    [
        (b"", reasons.NOT_JSON, None),
        (b"[]", reasons.WRONG_TYPE, "body"),
        (b"{}", reasons.MISSING_MEMBER, "key"),
        (b'{"key": 1}', reasons.WRONG_TYPE, "key"),
        (b'{"key": "a", "colour": "red"}', reasons.UNKNOWN_MEMBER, "colour"),
        (b'{"key": "a", "operations": {}}', reasons.WRONG_TYPE, "operations"),
        (b'{"key": "a", "operations": [{}]}', reasons.MISSING_MEMBER, "operations[0].id"),
        (b'{"key": "a", "operations": ["a"]}', reasons.WRONG_TYPE, "operations[0]"),
        (
            b'{"key": "a", "operations": [{"id": "a", "weight": "2"}]}',
            reasons.WRONG_TYPE,
            "operations[0].weight",
        ),
        (
            b'{"key": "a", "operations": [{"id": "a", "lease_seconds": 1.0}]}',
            reasons.WRONG_TYPE,
            "operations[0].lease_seconds",
        ),
        (
            b'{"key": "a", "operations": [{"id": "a", "cancelable": "true"}]}',
            reasons.WRONG_TYPE,
            "operations[0].cancelable",
        ),
        (
            b'{"key": "a", "catalogues": [{"locale": "de"}]}',
            reasons.MISSING_MEMBER,
            "catalogues[0].text",
        ),
        (
            b'{"key": "a", "catalogues": [{"locale": "de", "text": "", "format": "po"}]}',
            reasons.UNKNOWN_ENUM,
            "catalogues[0].format",
        ),
        (
            b'{"key": "a", "catalogues": [{"locale": "de", "text": "", "format": 1}]}',
            reasons.WRONG_TYPE,
            "catalogues[0].format",
        ),
        (b'{"key": "a", "retention": {"days": 1}}', reasons.UNKNOWN_MEMBER, "retention.days"),
        (b'{"key": "a", "members": ["a", 1]}', reasons.WRONG_TYPE, "members[1]"),
        (b'{"key": "a", "version": "1"}', reasons.WRONG_TYPE, "version"),
        (b'{"key": "a", "name": "\\u0000"}', reasons.NUL_IN_TEXT, "name"),
    ],
)
def test_what_is_refused(text: bytes, reason: Reason, where: str | None) -> None:
    with pytest.raises(Malformed) as caught:
        decode_extension(text)
    refusal = caught.value.refusal
    assert refusal.reason is reason
    if where is not None:
        assert refusal.args[0] == where


def test_a_key_that_is_not_the_one_of_the_path() -> None:
    with pytest.raises(Malformed) as caught:
        decode_extension(b'{"key": "com.other"}', KEY)
    assert caught.value.refusal.reason is reasons.KEYS_DISAGREE
    assert caught.value.refusal.args == ("com.other", KEY)


def test_a_list_has_no_texts() -> None:
    found = json.loads(
        encode_summaries([Registration(VALUE, 3), Registration(Extension(key="x"), 1)])
    )
    assert found["extensions"][0] == {
        "key": KEY,
        "version": 3,
        "name": "Acme Backup",
        "operations": 2,
        "operations_closed": True,
        "locales": ["de", "fr"],
        "members": 2,
    }
    assert len(found["extensions"]) == 2


@pytest.mark.parametrize(
    ("if_match", "version", "versions"),
    [
        (None, 4, {4}),
        ('"3"', None, {3}),
        ('"3"', 4, {3}),
        ('"3", "5"', None, {3, 5}),
        ('W/"3"', None, set()),
        ("3", None, set()),
        ('"abc"', None, set()),
        ("", None, set()),
        ('"9999999999999999999999"', None, set()),
    ],
)
def test_the_version_that_is_meant(
    if_match: str | None, version: int | None, versions: set[int]
) -> None:
    expected = expected_of(if_match, version)
    assert expected is not None
    assert expected.versions == frozenset(versions)
    assert expected.shown == (str(version) if if_match is None else if_match)


def test_any_version_and_none() -> None:
    assert expected_of(None, None) is None
    star = expected_of(" * ", None)
    assert star is not None
    assert star.versions is None


def test_the_schemas_fit_what_is_read_and_written() -> None:
    schemas = msgspec.json.decode(msgspec.json.encode(extension_schemas()))
    for name, value in (
        ("milepost.extension", WHOLE),
        ("milepost.extension", LEAST),
        ("milepost.extension_spec", WHOLE),
        ("milepost.extension_spec", {}),
        ("milepost.extensions", json.loads(encode_summaries([Registration(VALUE, 3)]))),
    ):
        jsonschema.Draft202012Validator(schemas[name]).validate(value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schemas["milepost.extension"]).validate({"key": "a"})
