"""The quick reader gives what the careful decoder gives, or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from milepost.wire import quick, shapes
from milepost.wire.decoding import DEFAULT_LIMITS, Decoder, Dialect, Limits, read_members
from milepost.wire.faults import Malformed
from milepost.wire.jsontext import parse
from milepost.wire.quick import LARGEST_BODY, reaches_no_limit, read_update
from milepost.wire.rest import RestDialect

careful_update = Decoder(Dialect(maps="entries")).structure(shapes.UPDATE_SPEC)
COMMON = {
    "spec": {
        "status": "RUNNING",
        "percent_done": {
            "total": 10,
            "completed": 3,
            "message": {
                "id": "com.acme.copied",
                "default_message": "Copied: 3 of 10",
                "args": ["3", "a:b"],
                "params": [
                    {"key": "done", "value": {"i": 3}},
                    {"key": "at", "value": {"dt": "2026-01-02T03:04:05Z", "format": "FULL_TIME"}},
                    {"key": "ratio:", "value": {"d": 1, "precision": 2}},
                    {"key": "in", "value": {"l": {"id": "x:", "params": [
                        {"key": "s", "value": {"s": ":"}}]}}},
                    {"key": "bare", "value": {"l": {"id": "y"}}},
                ],
                "localized": "Drei: von zehn",
            },
        },
        "description": {"id": "", "default_message": "", "args": []},
    }
}  # fmt: skip


def careful(body: bytes) -> Any:
    """What the decoder that knows every rule makes of a body, or the fault it finds."""
    try:
        return read_members(parse(body), {"spec": careful_update}, ["spec"], 0)["spec"]
    except Malformed as fault:
        return fault


def agrees(body: bytes) -> bool:
    """Whether the quick reader read the body; what it read must be right."""
    read = read_update(body)
    if read is not None:
        assert read == careful(body), body
    return read is not None


@pytest.mark.parametrize(
    "spec",
    [
        COMMON["spec"],
        {},
        {"status": "FAILED"},
        {"percent_done": {"total": 0, "completed": -5, "message": {
            "id": "", "default_message": "é", "args": []}}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " : ")])
def test_common_bodies_are_read(spec: dict[str, Any], separators: tuple[str, str]) -> None:
    body = json.dumps({"spec": spec}, separators=separators, ensure_ascii=False).encode()
    assert agrees(body)


MESSAGE = '{"id":"a","default_message":"b","args":[]}'


def with_id(member: str) -> str:
    return f'{{"spec":{{"description":{{{member},"default_message":"","args":[]}}}}}}'


def with_params(params: str) -> str:
    return with_id(f'"id":"","params":{params}')


def with_total(total: str) -> str:
    progress = f'{{"total":{total},"completed":0,"message":{MESSAGE}}}'
    return f'{{"spec":{{"percent_done":{progress}}}}}'


LEFT = {
    "a key twice": '{"spec":{"status":"RUNNING","status":"FAILED"}}',
    "a key twice, one spaced": '{"spec":{"status" :"RUNNING","status":"FAILED"}}',
    "a member twice inside": with_id('"id":"a","id":"b"'),
    "a member twice, the dropped one with a colon": with_id('"id":":","id":"b"'),
    "a whole member twice": f'{{"spec":{{"description":{MESSAGE},"description":{MESSAGE}}}}}',
    "a param twice": with_params('[{"key":"a","value":{}},{"key":"a","value":{}}]'),
    "a colon escaped beside a key twice": with_id('"id":"\\u003a","id":"\\u003a"'),
    "NUL": with_id('"id":"\\u0000"'),
    "half a pair": with_id('"id":"\\ud800"'),
    "null": '{"spec":{"status":null}}',
    "null inside": with_params("null"),
    "no spec": "{}",
    "a null spec": '{"spec":null}',
    "more": '{"spec":{}}x',
    "a mark": '\ufeff{"spec":{}}',
    "an unknown member": '{"spec":{"colour":1}}',
    "a result": '{"spec":{"result":1}}',
    "a text for a number": with_total('"1"'),
    "a fraction": with_total("1.0"),
    "an exponent": with_total("1e1"),
    "a boolean": with_total("true"),
    "too large": with_total("9223372036854775808"),
    "a bad instant": with_params('[{"key":"a","value":{"dt":"2026-13-01T00:00:00Z"}}]'),
    "an endless number": with_params('[{"key":"a","value":{"d":1e999}}]'),
    "an entry without a value": with_params('[{"key":"a"}]'),
    "long": '{"spec":{}}'.ljust(LARGEST_BODY + 1),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_unusual_is_left_to_the_careful_decoder(name: str) -> None:
    assert read_update(LEFT[name].encode()) is None


def test_bad_utf_8_is_left() -> None:
    body = b'{"spec":{"description":{"id":"\xff","default_message":"","args":[]}}}'
    assert read_update(body) is None


def test_the_dialect_reads_both_ways_alike() -> None:
    body = json.dumps(COMMON).encode()
    tight = Limits(message_depth=1)
    assert RestDialect().decode_update(body) == careful(body)
    assert not reaches_no_limit(tight)
    nested = '[{"key":"a","value":{"l":{"id":"","params":[{"key":"a","value":{"l":{"id":""}}}]}}}]'
    with pytest.raises(Malformed):
        RestDialect(limits=tight).decode_update(with_params(nested).encode())


@pytest.mark.parametrize("limit", ["message_depth", "params", "args", "text"])
def test_a_limit_that_a_small_body_can_reach_turns_it_off(limit: str) -> None:
    assert reaches_no_limit(DEFAULT_LIMITS)
    assert not reaches_no_limit(Limits(**{limit: 10}))


def test_strict_params_turn_nothing_off_that_is_common() -> None:
    body = json.dumps(COMMON).encode()
    assert RestDialect(strict=True).decode_update(body) == careful(body)


texts = st.text(st.sampled_from('ab:"\\{},é \n\u2028'), max_size=6)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**64), 2**64), st.floats(allow_nan=False), texts
)
params = st.lists(
    st.fixed_dictionaries(
        {"key": texts},
        optional={
            "value": st.dictionaries(
                st.sampled_from([*quick.ParamShape.__struct_fields__, "x"]), scalars
            )
        },
    ),
    max_size=3,
)
messages = st.fixed_dictionaries(
    {"id": texts, "default_message": texts, "args": st.lists(texts, max_size=2)},
    optional={"params": params | st.none(), "localized": texts | st.none()},
)
specs = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["RUNNING", "PENDING", "running", None, 1]),
        "description": messages,
        "percent_done": st.fixed_dictionaries(
            {"total": scalars, "completed": st.integers(), "message": messages}
        ),
        "start_time": texts,
    },
)


@given(spec=specs, spaced=st.booleans(), ascii_only=st.booleans())
@settings(max_examples=400)
def test_whatever_is_read_is_right(spec: Any, *, spaced: bool, ascii_only: bool) -> None:
    separators = (" , ", " : ") if spaced else (",", ":")
    agrees(json.dumps({"spec": spec}, separators=separators, ensure_ascii=ascii_only).encode())


@given(
    at=st.integers(0, 400),
    cut=st.integers(0, 12),
    put=st.sampled_from([b"", b":", b'"', b",", b"1"]),
)
@example(at=9, cut=0, put=b'"status":"FAILED",')
@settings(max_examples=400)
def test_whatever_is_read_of_a_mutilated_body_is_right(at: int, cut: int, put: bytes) -> None:
    body = json.dumps(COMMON, ensure_ascii=False).encode()
    agrees(body[:at] + put + body[at + cut :])
    agrees(body[:at] + body[at : at + cut] * 2 + body[at + cut :])
