"""Good bodies, changed at random: each is read or refused in words, and nothing else happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from milepost.rules.machine import create
from milepost.rules.reading import info_of
from milepost.rules.task import Accepted, CreateTask
from milepost.wire import api
from milepost.wire.decoding import decode_nothing
from milepost.wire.faults import Malformed
from milepost.wire.rest import RestDialect, encode_info, encode_refusal
from tests.spelling import API as AT_API
from tests.wire.samples import CREATE, ERRORS, OBJECTS, UPDATE, Json, good, words
from tests.wire.test_page_sample import PAGE

ROUNDS = 600
# A refusal names a path, a value cut to 60 characters, and what is expected; the list of the 25
# error names is the longest of these.
LONGEST = 700
REST, STRICT, API = RestDialect(), RestDialect(strict=True), api.ApiDialect()

birth = good(CREATE)
page = json.loads(PAGE)["spec"]
progress = {"total": 9, "completed": 3, "message": words("Copying", args=["a", "b"])}
BODIES: list[Json] = [
    {"spec": page},
    {"spec": {**birth, **page, "status": "FAILED"}},
    {"spec": birth},
    {"spec": {}},
    {"spec": {"status": "RUNNING", "percent_done": progress}},
    {
        "spec": {
            **birth,
            "status": "FAILED",
            "error": {
                "type": ERRORS + "not_found",
                "value": {"messages": [words("Gone")], "data": {"a": [1, 1.5, None]}},
            },
            "end_time": "2015-01-01T22:13:05.651Z",
        }
    },
    {"spec": {**birth, "status": "FAILED", "error": {"error_type": "CANCELED", "messages": []}}},
    {"spec": {**birth, "status": "SUCCEEDED", "result": {"files": [{"name": "é", "size": 2**62}]}}},
    {
        "spec": {
            **birth,
            "target": {"type": "VirtualMachine", "id": "vm-1"},
            "user": "ann",
            "parent_task": "t",
            "description": words("Backup", params=[{"key": "k", "value": {"i": 1, "d": 0.5}}]),
        }
    },
]
API_BODIES: list[Json] = [AT_API.spelled(body["spec"]) for body in BODIES]
# fmt: off
PIECES = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u0000", b"\\ud800", b"\\udc00", b"\\u00e9",
    b"null", b"true", b"NaN", b"-Infinity", b"0", b"-", b".", b"e", b"1e999",
    b"9223372036854775808", b"9" * 99, b"9" * 5000, b"[" * 300, b'{"a":' * 300, b"\x00", b"\x1f",
    b"\x7f", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b" ", b"\n",
    b'"a":1,', b'"spec":{},', b'"status":"RUNNING",', b'"id":"x",', b',"k":[]',
]
JUNK: list[Json] = [
    None, True, False, 0, 1, -1, 21, 10.0, 1e300, 2**63 - 1, -(2**63), "", "10", "x" * 500,
    "é" * 70, [], {}, [None], [[]], [{}], {"": None}, {"key": "k"}, [{"key": "k"}, {"key": "k"}],
    {"key": "k", "value": {}}, {"a": {"b": [1]}}, "RUNNING", "FAILED", "NOT_FOUND", "a.b",
    ERRORS + "timed_out", "2015-02-30T00:00:00Z", "9999-12-31T23:59:59.999-23:59", "\n", "\x7f",
    "\u2028", {"messages": 1}, {"type": "a.b", "value": []}, {"id": "n", "params": []},
    "SHORT_DATE",
]
NAMES = ["x", "id", "spec", "key", "value", "type", "error_type", "messages", "params", "l",
         "dt", "d", "status", "error", "result", "n" * 200, "é", "\n", "[0]", "a.b", ""]
# fmt: on


def change_bytes(text: bytes, random: Random) -> bytes:
    """One to three cuts, flips, repeats or pieces from elsewhere."""
    for _ in range(random.randint(1, 3)):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice([0, 1, 1, 2, 8, 40]))
        cut = text[start:end]
        flipped = bytes(byte ^ (1 << random.randrange(8)) for byte in cut)
        new = random.choice([b"", flipped, cut * 2, random.choice(PIECES), random.choice(PIECES)])
        text = text[:start] + new + text[end:]
    return text


def places(value: Json) -> list[tuple[Json, str | int]]:
    """Every place in a value: what holds it, and its name or index there."""
    if isinstance(value, dict):
        inside: list[tuple[Json, str | int]] = [(value, name) for name in value]
    elif isinstance(value, list):
        inside = [(value, index) for index in range(len(value))]
    else:
        return []
    return inside + [place for holder, name in inside for place in places(holder[name])]


def change_value(value: Json, random: Random) -> Json:
    """A value with one to three parts replaced, taken out, renamed, added or moved."""
    value = json.loads(json.dumps(value))
    for _ in range(random.randint(1, 3)):
        found = places(value)
        if not found:
            break
        holder, name = random.choice(found)
        junk = json.loads(json.dumps(random.choice(JUNK)))
        other, other_name = random.choice(found)
        match random.randrange(5):
            case 0:
                holder[name] = junk
            case 1:
                del holder[name]
            case 2 if isinstance(holder, dict):
                holder[random.choice(NAMES)] = holder.pop(str(name))
            case 3 if isinstance(holder, dict):
                holder[random.choice(NAMES)] = junk
            case _:
                holder[name] = json.loads(json.dumps(other[other_name]))
    return value


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311  the same changes in every run, no secrets


def check(read: Callable[[], object]) -> object:
    """What was read; ``None`` when it was refused as it should be."""
    try:
        return read()
    except Malformed as fault:
        refusal = fault.refusal
    message = refusal.message
    assert message.id.startswith(("milepost.json.", "milepost.value."))
    assert 20 < len(message.default_message) < LONGEST
    assert message.default_message.endswith(".")
    assert all(len(arg) < LONGEST for arg in message.args)
    assert json.loads(encode_refusal(refusal))["value"]["messages"][0]["args"] == list(message.args)
    assert json.loads(api.encode_refusal(refusal))["messages"][0]["args"] == list(message.args)
    return None


def check_bytes(body: bytes) -> None:
    for dialect in (REST, STRICT, API):
        check(partial(dialect.decode_update, body))
        check_task(check(partial(dialect.decode_create, body)))
    check(partial(decode_nothing, body))


def check_task(spec: object) -> None:
    """What was read can be decided, stored, and shown."""
    if not isinstance(spec, CreateTask):
        assert spec is None
        return
    decision = create(spec, task_id="t" * 22, service="s", principal="p", now=2**42)
    if isinstance(decision, Accepted):
        info = info_of(decision.task)
        assert json.loads(encode_info(info))["value"]["operation"] == spec.operation
        assert json.loads(api.encode_info(info))["operation"] == spec.operation
    else:
        assert len(decision.refusal.message.default_message) < LONGEST


@pytest.mark.parametrize("seed", range(8))
def test_bodies_changed_byte_by_byte(seed: int) -> None:
    random = seeded(seed)
    texts = [
        json.dumps(body, ensure_ascii=index % 2 == 0).encode() for index, body in enumerate(BODIES)
    ]
    for _ in range(ROUNDS):
        check_bytes(change_bytes(random.choice(texts), random))


@pytest.mark.parametrize("seed", range(8))
def test_bodies_changed_part_by_part(seed: int) -> None:
    random = seeded(seed)
    for _ in range(ROUNDS):
        value = change_value(random.choice(BODIES), random)
        check_bytes(json.dumps(value).encode())
        spec = value.get("spec")
        check(partial(OBJECTS.read, UPDATE, spec))
        check_task(check(partial(OBJECTS.read, CREATE, spec)))


@pytest.mark.parametrize("seed", range(8))
def test_bodies_of_api_changed(seed: int) -> None:
    random = seeded(seed)
    for _ in range(ROUNDS):
        check_bytes(json.dumps(change_value(random.choice(API_BODIES), random)).encode())
        text = json.dumps(random.choice(API_BODIES)).encode()
        check_bytes(change_bytes(text, random))


@pytest.mark.parametrize("index", range(len(BODIES)))
def test_every_cut_of_a_body(index: int) -> None:
    text = json.dumps(BODIES[index], ensure_ascii=False).encode()
    for end in range(len(text)):
        with pytest.raises(Malformed):
            REST.decode_update(text[:end])
        check_bytes(text[:end])


@pytest.mark.parametrize("index", range(len(BODIES)))
def test_the_bodies_are_good(index: int) -> None:
    text = json.dumps(BODIES[index]).encode()
    create_spec = "operation_id" in BODIES[index]["spec"]
    read = REST.decode_create(text) if create_spec else REST.decode_update(text)
    assert isinstance(read, CreateTask) is create_spec
    bare = json.dumps(API_BODIES[index]).encode()
    assert (API.decode_create(bare) if create_spec else API.decode_update(bare)) == read
