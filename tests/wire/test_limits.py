"""The limits of values: at the limit, and one beyond."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from milepost.wire.decoding import DEFAULT_LIMITS, Decoder, Dialect, Limits
from milepost.wire.faults import Malformed
from milepost.wire.jsontext import parse
from tests.wire.samples import (
    CREATE,
    ENTRIES,
    MESSAGE,
    NESTED,
    OBJECTS,
    UPDATE,
    Json,
    check_unread,
    good,
    nested_params,
    refused,
    said,
    words,
)

TOO_LONG = "milepost.value.too_long"
TOO_DEEP = "milepost.value.too_deep"
TEXT = 64 * 1024
RESULT = 256 * 1024


def test_the_defaults_are_the_written_ones() -> None:
    assert msgspec.structs.asdict(DEFAULT_LIMITS) == {
        "body": 1024 * 1024,
        "message_depth": 32,
        "result_depth": 64,
        "params": 256,
        "args": 1000,
        "result": RESULT,
        "text": TEXT,
    }


# A text of the limit to the byte, and the least that is longer: how many of the character, and
# how many bytes that is.
TEXTS = {
    "one byte": ("a", TEXT, TEXT + 1, TEXT + 1),
    "two bytes": ("é", TEXT // 2, TEXT // 2 + 1, TEXT + 2),
    "three bytes": ("€", TEXT // 3, TEXT // 3 + 1, TEXT + 2),
    "four bytes": ("😀", TEXT // 4, TEXT // 4 + 1, TEXT + 4),
    "escaped in JSON": ("\n", TEXT, TEXT + 1, TEXT + 1),
    "quotes": ('"', TEXT, TEXT + 1, TEXT + 1),
}
Build = Callable[[str], Json]


def described(**more: Json) -> Json:
    return {"description": words("", **more)}


def param(**entry: Json) -> Json:
    return words("", params=[{"key": "", "value": {}} | entry])


def created(**more: Json) -> Json:
    return good(CREATE) | more


# fmt: off
PLACES: dict[str, tuple[str, Build]] = {
    "description.default_message": (UPDATE, lambda text: {"description": words(text)}),
    "description.id": (UPDATE, lambda text: described(id=text)),
    "description.args[1]": (UPDATE, lambda text: described(args=["", text])),
    "description.localized": (UPDATE, lambda text: described(localized=text)),
    "params[0].key": (MESSAGE, lambda text: param(key=text)),
    "params[0].value.s": (MESSAGE, lambda text: param(value={"s": text})),
    "params[0].value.l.id": (MESSAGE, lambda text: param(value={"l": {"id": text}})),
    "operation_id": (CREATE, lambda text: created(operation_id=text)),
    "user": (CREATE, lambda text: created(user=text)),
    "parent_task": (CREATE, lambda text: created(parent_task=text)),
    "target.id": (CREATE, lambda text: created(target={"type": "", "id": text})),
    "error.messages[0].id": (UPDATE, lambda text: {"error": {"messages": [words("", id=text)]}}),
}
# fmt: on


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str, place: str) -> None:
    character, most, beyond, size = TEXTS[name]
    structure, around = PLACES[place]
    ENTRIES.read(structure, around(character * most))
    says = f"{place}: {size} bytes of text are more than the limit of {TEXT}."
    check_unread(ENTRIES, structure, around(character * beyond), TOO_LONG, says)


def test_the_key_of_a_map_as_an_object() -> None:
    OBJECTS.read(MESSAGE, words("", params={"k" * TEXT: {}}))
    says = f"params: {TEXT + 1} bytes of text are more than the limit of {TEXT}."
    sent = words("", params={"k" * (TEXT + 1): {}})
    check_unread(OBJECTS, MESSAGE, sent, TOO_LONG, says)


# fmt: off
RESULTS: dict[str, Callable[[int], Json]] = {
    "a text": lambda size: "a" * (size - 2),
    "two bytes a character": lambda size: "é" * (size // 2 - 1),
    "escapes": lambda size: "\n" * (size // 2 - 1),
    "a list": lambda size: [1] * (size // 2 - 2) + [10],
    "an object": lambda size: {"k" * (size - 6): 1},
}
# fmt: on


@pytest.mark.parametrize("name", RESULTS)
def test_results(name: str) -> None:
    build = RESULTS[name]
    kept = ENTRIES.read(UPDATE, {"result": build(RESULT)}).result.plain
    assert len(kept.encode()) == RESULT
    says = f"result: {RESULT + 2} bytes of JSON are more than the limit of {RESULT}."
    check_unread(ENTRIES, UPDATE, {"result": build(RESULT + 2)}, TOO_LONG, says)


def test_one_byte_more_in_a_result() -> None:
    says = f"result: {RESULT + 1} bytes of JSON are more than the limit of {RESULT}."
    check_unread(ENTRIES, UPDATE, {"result": "a" * (RESULT - 1)}, TOO_LONG, says)


def test_a_text_in_a_result_may_be_longer_than_other_texts() -> None:
    ENTRIES.read(UPDATE, {"result": {"log": "a" * (TEXT + 1)}})


SPELLINGS: dict[str, Callable[[Json], Json]] = {
    "error.data": lambda data: {"error_type": "ERROR", "data": data},
    "error.value.data": lambda data: {"type": "x.y", "value": {"data": data}},
}


@pytest.mark.parametrize("path", SPELLINGS)
def test_fields_of_an_error_are_limited_like_a_result(path: str) -> None:
    def around(data: Json) -> Json:
        return {"error": SPELLINGS[path](data)}

    ENTRIES.read(UPDATE, around("a" * (RESULT - 2)))
    says = f"{path}: {RESULT + 1} bytes of JSON are more than the limit of {RESULT}."
    check_unread(ENTRIES, UPDATE, around("a" * (RESULT - 1)), TOO_LONG, says)
    ENTRIES.read(UPDATE, around(nested(64)))
    says = f"{path}: it is nested deeper than 64 levels."
    check_unread(ENTRIES, UPDATE, around(nested(65)), TOO_DEEP, says)


def nested(levels: int) -> Json:
    value: Json = []
    for _ in range(levels - 1):
        value = [value]
    return value


def in_objects(levels: int) -> Json:
    value: Json = {}
    for _ in range(levels - 1):
        value = {"k": value}
    return value


def mixed(levels: int) -> Json:
    value: Json = [] if levels % 2 else {}
    for level in range(levels - 1):
        value = [1, value, "a"] if level % 2 else {"a": 1, "k": value, "z": []}
    return value


DEPTHS: dict[str, Callable[[int], Json]] = {
    "lists": nested,
    "objects": in_objects,
    "both": mixed,
    "behind much": lambda levels: [[]] * 99 + [nested(levels - 1)],
}


@pytest.mark.parametrize("name", DEPTHS)
def test_nesting_in_results(name: str) -> None:
    build = DEPTHS[name]
    for levels in (2, 63, 64):
        ENTRIES.read(UPDATE, {"result": build(levels)})
    says = "result: it is nested deeper than 64 levels."
    for levels in (65, 66, 150):
        check_unread(ENTRIES, UPDATE, {"result": build(levels)}, TOO_DEEP, says)


FLAT = {
    "brackets in a text": "[" * 1000 + "{" * 1000,
    "many lists": [[]] * 1000,
    "many objects": {str(number): {} for number in range(1000)},
    "brackets as keys": {"[" * 70: {"{" * 70: 1}},
    "a number": 1,
}


@pytest.mark.parametrize("name", FLAT)
def test_width_is_not_depth(name: str) -> None:
    ENTRIES.read(UPDATE, {"result": FLAT[name]})


@pytest.mark.parametrize("entries", [True, False], ids=["list", "map"])
def test_nesting_in_messages(*, entries: bool) -> None:
    decoder = ENTRIES if entries else OBJECTS
    for levels in (1, 31, 32):
        decoder.read(MESSAGE, words("", params=nested_params(levels, entries=entries)))
    step = "params[0].value.l" if entries else "params.p.l"
    path = ".".join([step] * 33)
    for levels in (33, 40):
        sent = words("", params=nested_params(levels, entries=entries))
        refusal = refused(decoder, MESSAGE, sent)
        assert refusal.reason.id == TOO_DEEP
        assert said(refusal) == f"{path}: it is nested deeper than 32 levels."


def test_depth_counts_levels_and_not_messages() -> None:
    """Two branches side by side are no deeper than one."""
    params = [*nested_params(32), {"key": "q", "value": nested_params(32)[0]["value"]}]
    ENTRIES.read(UPDATE, {"description": words("", params=params)})
    ENTRIES.read(NESTED, {"id": "n", "params": nested_params(31)})
    refusal = refused(ENTRIES, NESTED, {"id": "n", "params": nested_params(32)})
    assert refusal.reason.id == TOO_DEEP


def test_counts() -> None:
    def params(count: int) -> Json:
        return words("", params=[{"key": str(number), "value": {}} for number in range(count)])

    def as_object(count: int) -> Json:
        return words("", params={str(number): {} for number in range(count)})

    def args(count: int) -> Json:
        return {**words(""), "args": ["a"] * count}

    for decoder, build, limit, path in (
        (ENTRIES, params, 256, "params"),
        (OBJECTS, as_object, 256, "params"),
        (ENTRIES, args, 1000, "args"),
        (OBJECTS, args, 1000, "args"),
    ):
        decoder.read(MESSAGE, build(limit))
        says = f"{path}: {limit + 1} entries are more than the limit of {limit}."
        check_unread(decoder, MESSAGE, build(limit + 1), TOO_LONG, says)


SMALL = Decoder(
    Dialect(maps="entries"),
    Limits(message_depth=1, result_depth=1, params=1, args=1, result=4, text=4),
)
NONE = Decoder(
    Dialect(maps="entries"),
    Limits(message_depth=0, result_depth=0, params=0, args=0, result=1, text=0),
)


def message(**more: Json) -> Json:
    return {"description": {"id": "", "default_message": "", "args": [], **more}}


def holding(*keys: str, **value: Json) -> list[Json]:
    return [{"key": key, "value": value} for key in keys]


LEVEL = {"id": "", "params": holding("p")}
# fmt: off
SETTINGS: dict[str, tuple[Decoder, Json, Json]] = {
    "text": (SMALL, message(id="éé"), message(id="ééa")),
    "no text": (NONE, message(), message(id="a")),
    "args": (SMALL, message(args=[""]), message(args=["", ""])),
    "no args": (NONE, message(), message(args=[""])),
    "params": (SMALL, message(params=holding("p")), message(params=holding("p", "q"))),
    "no params": (NONE, message(params=[]), message(params=holding(""))),
    "nested messages": (SMALL, message(params=holding("p", l=LEVEL)),
                        message(params=holding("p", l={**LEVEL, "params": holding("p", l=LEVEL)}))),
    "result": (SMALL, {"result": "é"}, {"result": "éa"}),
    "result of one": (NONE, {"result": 1}, {"result": 10}),
    "nesting": (SMALL, {"result": [1]}, {"result": [[]]}),
}
# fmt: on


@pytest.mark.parametrize("name", SETTINGS)
def test_limits_are_settings(name: str) -> None:
    decoder, fits, beyond = SETTINGS[name]
    decoder.read(UPDATE, fits)
    assert refused(decoder, UPDATE, beyond).reason.id in (TOO_LONG, TOO_DEEP)
    ENTRIES.read(UPDATE, beyond)


def test_no_nesting_at_all() -> None:
    assert refused(NONE, UPDATE, {"error": {"data": []}}).reason.id == TOO_LONG
    flat = Decoder(Dialect(maps="entries"), Limits(message_depth=0, result_depth=0))
    flat.read(UPDATE, {"result": 1, **message(params=holding("p"))})
    assert refused(flat, UPDATE, {"result": []}).reason.id == TOO_DEEP
    assert refused(flat, UPDATE, message(params=holding("p", l=LEVEL))).reason.id == TOO_DEEP


def test_a_long_path_is_cut_in_the_middle() -> None:
    levels = [f"{number:03d}" + "k" * 57 for number in range(60)]
    text = "".join(f'{{"{level}":' for level in levels) + "NaN" + "}" * 60
    with pytest.raises(Malformed) as caught:
        parse(text.encode())
    path = caught.value.refusal.args[0]
    assert path.startswith("000kkk")
    assert "…" in path
    assert len(path) < 700
