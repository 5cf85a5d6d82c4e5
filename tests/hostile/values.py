"""Hostile bodies: what section 3 of the contract says about values, sent through the wire.

Each row is a name, the text of a body or of an update spec, and what is told: the status and the
id of the message, without ``milepost.``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Body = tuple[str, bytes, str]

NOT_JSON = "400 json.not_json"
NO_NUMBER = "400 json.not_a_number"
DUPLICATE = "400 json.duplicate_key"
SURROGATE = "400 json.lone_surrogate"
NUL = "400 json.nul_in_text"
RANGE = "400 json.number_range"
DEEP = "400 value.too_deep"
LONG = "400 value.too_long"
TYPE = "400 value.wrong_type"
UNKNOWN = "400 value.unknown_member"
MISSING = "400 value.missing_member"
ENUM = "400 value.unknown_enumeration"
DATE = "400 value.bad_date_time"
BOUNDS = "400 value.out_of_bounds"
DISAGREE = "400 value.error_types_disagree"
NAME = "400 value.bad_type_name"
LARGE = "413 http.body_too_large"

KIBIBYTE = 1024
TEXT = 64 * KIBIBYTE
RESULT = 256 * KIBIBYTE
BODY = 1024 * KIBIBYTE

# Whole bodies.
BODIES: tuple[Body, ...] = (
    ("empty", b"", NOT_JSON),
    ("blank", b" \n\t ", NOT_JSON),
    ("null", b"null", TYPE),
    ("a number", b"1", TYPE),
    ("a text", b'"spec"', TYPE),
    ("a list", b'[{"spec":{}}]', TYPE),
    ("an empty object", b"{}", MISSING),
    ("spec null", b'{"spec":null}', MISSING),
    ("spec a list", b'{"spec":[]}', TYPE),
    ("spec a text", b'{"spec":"{}"}', TYPE),
    ("spec a number", b'{"spec":0}', TYPE),
    ("spec false", b'{"spec":false}', TYPE),
    ("spec twice", b'{"spec":{},"spec":{}}', DUPLICATE),
    ("spec twice, once escaped", b'{"spec":{},"\\u0073pec":{}}', DUPLICATE),
    ("a member beside", b'{"spec":{},"task_id":"a"}', UNKNOWN),
    ("a null beside", b'{"spec":{},"more":null}', UNKNOWN),
    ("Spec", b'{"Spec":{}}', UNKNOWN),
    ("spec with a blank", b'{"spec ":{}}', UNKNOWN),
    ("trailing bracket", b'{"spec":{}}}', NOT_JSON),
    ("trailing body", b'{"spec":{}}{"spec":{}}', NOT_JSON),
    ("trailing NUL", b'{"spec":{}}\x00', NOT_JSON),
    ("leading NUL", b'\x00{"spec":{}}', NOT_JSON),
    ("trailing comma", b'{"spec":{},}', NOT_JSON),
    ("no quotes", b"{spec:{}}", NOT_JSON),
    ("single quotes", b"{'spec':{}}", NOT_JSON),
    ("a comment", b'{"spec":{}/* no */}', NOT_JSON),
    ("cut", b'{"spec":{"description":{"id":"', NOT_JSON),
    ("a form", b"spec=%7B%7D", NOT_JSON),
    ("XML", b'<?xml version="1.0"?><spec/>', NOT_JSON),
    ("a form feed", b'{"spec":\x0c{}}', NOT_JSON),
    ("a no-break blank", '{"spec":\u00a0{}}'.encode(), NOT_JSON),
    ("UTF-16", '{"spec":{}}'.encode("utf-16-le"), NOT_JSON),
    ("UTF-16 with a mark", '{"spec":{}}'.encode("utf-16"), NOT_JSON),
    ("UTF-16 the other way", b"\xfe\xff" + '{"spec":{}}'.encode("utf-16-be"), NOT_JSON),
    ("UTF-32", '{"spec":{}}'.encode("utf-32"), NOT_JSON),
    ("a byte order mark", b'\xef\xbb\xbf{"spec":{}}', NOT_JSON),
    ("a gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xabV*.HMV\xb2\xaa", NOT_JSON),
    ("100,000 brackets", b"[" * 100_000, DEEP),
    ("100,000 brackets, closed", b"[" * 100_000 + b"]" * 100_000, DEEP),
    ("100,000 objects", b'{"spec":' * 100_000, DEEP),
    ("100,000 objects, closed", b'{"spec":' * 100_000 + b"1" + b"}" * 100_000, DEEP),
    ("100,000 closing brackets", b"]" * 100_000, NOT_JSON),
    ("a million blanks", b" " * 1_000_000 + b"x", NOT_JSON),
    ("a long key", b'{"' + b"k" * 900_000 + b'":1}', UNKNOWN),
    ("many members", b"{" + b",".join(b'"%d":1' % n for n in range(60_000)) + b"}", UNKNOWN),
    ("one byte over the limit", b'{"spec":{}}'.ljust(BODY + 1), LARGE),
    ("twice the limit", b'{"spec":{}}'.ljust(2 * BODY), LARGE),
)

# What is wrong inside a text, and whether it then is JSON at all.
TEXTS: tuple[Body, ...] = (
    ("a raw newline", b"\n", NOT_JSON),
    ("a raw tab", b"\t", NOT_JSON),
    ("a raw NUL", b"\x00", NOT_JSON),
    ("a raw escape", b"\x1b[31m", NOT_JSON),
    ("an unknown escape", b"\\x41", NOT_JSON),
    ("an octal escape", b"\\101", NOT_JSON),
    ("half an escape", b"\\u12", NOT_JSON),
    ("no hex", b"\\u00zz", NOT_JSON),
    ("Latin-1", b"gr\xfc\xdfe", NOT_JSON),
    ("an overlong slash", b"\xc0\xaf", NOT_JSON),
    ("an overlong NUL", b"\xc0\x80", NOT_JSON),
    ("a surrogate as UTF-8", b"\xed\xa0\x80", NOT_JSON),
    ("a pair as UTF-8", b"\xed\xa0\xbd\xed\xb8\x80", NOT_JSON),
    ("beyond Unicode", b"\xf4\x90\x80\x80", NOT_JSON),
    ("five bytes", b"\xf8\x88\x80\x80\x80", NOT_JSON),
    ("a cut sequence", b"\xe2\x82", NOT_JSON),
    ("only a continuation", b"\x80", NOT_JSON),
    ("0xFF", b"\xff", NOT_JSON),
    ("an escaped NUL", b"a\\u0000b", NUL),
    ("a high surrogate", b"\\ud800", SURROGATE),
    ("a low surrogate", b"\\udfff", SURROGATE),
    ("a pair the wrong way", b"\\ude00\\ud83d", SURROGATE),
    ("a surrogate and a letter", b"\\ud83dx", SURROGATE),
    ("two high surrogates", b"\\ud83d\\ud83d", SURROGATE),
)

# Numbers in place of ``completed``.
NUMBERS: tuple[Body, ...] = (
    ("a text", b'"10"', TYPE),
    ("a fraction", b"10.5", TYPE),
    ("a whole fraction", b"10.0", TYPE),
    ("an exponent", b"1e1", TYPE),
    ("true", b"true", TYPE),
    ("null", b"null", MISSING),
    ("a list", b"[1]", TYPE),
    ("an object", b'{"long":1}', TYPE),
    ("over int64", b"9223372036854775808", RANGE),
    ("under int64", b"-9223372036854775809", RANGE),
    ("400 digits", b"1" * 400, RANGE),
    ("100,000 digits", b"9" * 100_000, RANGE),
    ("an endless exponent", b"1e999999999", RANGE),
    ("1e400", b"1e400", RANGE),
    ("NaN", b"NaN", NO_NUMBER),
    ("Infinity", b"Infinity", NO_NUMBER),
    ("-Infinity", b"-Infinity", NO_NUMBER),
    ("a plus", b"+1", NOT_JSON),
    ("a leading zero", b"01", NOT_JSON),
    ("a hex number", b"0x10", NOT_JSON),
    ("a dot", b".5", NOT_JSON),
    ("an ending dot", b"5.", NOT_JSON),
    ("a minus alone", b"-", NOT_JSON),
    ("a low line", b"1_000", NOT_JSON),
    ("Arabic digits", "\u0661\u0660".encode(), NOT_JSON),
    ("negative", b"-1", "400 task.progress_negative"),
    ("the least", b"-9223372036854775808", "400 task.progress_negative"),
    ("over the total", b"101", "400 task.progress_over_total"),
    ("backwards", b"4", "400 task.progress_backwards"),
)

# Texts in place of a date-time.
DATES = (
    *("", "now", "2015", "2015-01-01", "2015-01-01T22:13", "2015-01-01T22:13:05"),
    *("2015-01-01 22:13:05Z", "2015-01-01t22:13:05Z", "2015-01-01T22:13:05z", " 2015-01-01T00:00Z"),
    *("2015-02-29T00:00:00Z", "2015-13-01T00:00:00Z", "2015-00-10T00:00:00Z"),
    *("2015-01-32T00:00:00Z", "2015-01-01T24:00:00Z", "2015-01-01T23:60:00Z"),
    *("2016-12-31T23:59:60Z", "2015-01-01T00:00:00+24:00", "2015-01-01T00:00:00+01:60"),
    *("2015-01-01T00:00:00+0100", "2015-01-01T00:00:00.Z", "2015-01-01T00:00:00,5Z"),
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59.999-00:01"),
    *("10000-01-01T00:00:00Z", "-2015-01-01T00:00:00Z", "+2015-01-01T00:00:00Z"),
    *("20150101T000000Z", "2015-W01-1T00:00:00Z", "2015-001T00:00:00Z", "1420113600"),
    *("٢٠١٥-01-01T00:00:00Z", "2015-01-01T00:00:00Z\n", "2015-01-01T00:00:00\u221201:00"),
    f"2015-01-01T00:00:00.{'1' * 60_000}",
)

# Other specs of an update, without the braces around.
SPECS: tuple[Body, ...] = (
    ("an unknown member", b'"colour":"red"', UNKNOWN),
    ("an unknown null", b'"colour":null', UNKNOWN),
    ("__proto__", b'"__proto__":{"admin":true}', UNKNOWN),
    ("a path as a name", b'"../../etc/passwd":1', UNKNOWN),
    ("an empty name", b'"":1', UNKNOWN),
    ("the service", b'"service":"com.other"', UNKNOWN),
    ("the id", b'"id":"a"', UNKNOWN),
    ("the revision", b'"revision":1', UNKNOWN),
    ("the operation", b'"operation_id":"a"', UNKNOWN),
    ("the user", b'"user":"administrator"', UNKNOWN),
    ("status twice", b'"status":"RUNNING","status":"RUNNING"', DUPLICATE),
    ("status twice and null", b'"status":null,"status":null', DUPLICATE),
    ("status in lower case", b'"status":"running"', ENUM),
    ("status padded", b'"status":"RUNNING "', ENUM),
    ("status empty", b'"status":""', ENUM),
    ("status a number", b'"status":1', TYPE),
    ("status a list", b'"status":["RUNNING"]', TYPE),
    ("status with a surrogate", b'"status":"\\ud800"', SURROGATE),
    ("progress a number", b'"percent_done":50', TYPE),
    ("progress empty", b'"percent_done":{}', MISSING),
    ("progress without message", b'"percent_done":{"total":1,"completed":1}', MISSING),
    ("a date as a number", b'"start_time":1420113600', TYPE),
    ("a date as an object", b'"end_time":{"dt":"2015-01-01T00:00:00Z"}', TYPE),
    ("result with a key twice", b'"result":{"a":1,"a":2}', DUPLICATE),
    ("result with a key twice deep", b'"result":[[{"a":{"b":1,"b":1}}]]', DUPLICATE),
    ("result over int64", b'"result":[18446744073709551616]', RANGE),
    ("result over float64", b'"result":{"a":-1e309}', RANGE),
    ("result NaN", b'"result":[NaN]', NO_NUMBER),
    ("result with a NUL key", b'"result":{"\\u0000":1}', NUL),
    ("result with a surrogate key", b'"result":{"\\udc00":1}', SURROGATE),
    ("error a text", b'"error":"Disk full"', TYPE),
    ("error a list", b'"error":[]', TYPE),
    ("error messages a text", b'"error":{"messages":"no"}', TYPE),
    ("error message a text", b'"error":{"messages":["no"]}', TYPE),
    ("error message empty", b'"error":{"messages":[{}]}', MISSING),
    ("error type unknown", b'"error":{"error_type":"DISK_FULL"}', ENUM),
    ("error type in lower case", b'"error":{"error_type":"not_found"}', ENUM),
    ("error type a number", b'"error":{"error_type":404}', TYPE),
    ("error name with a blank", b'"error":{"type":"not found"}', NAME),
    ("error name empty", b'"error":{"type":""}', NAME),
    ("error name with a newline", b'"error":{"type":"a.b\\n"}', NAME),
    ("error name long", b'"error":{"type":"' + b"a." * 150 + b'a"}', NAME),
    ("error name a list", b'"error":{"type":["a"]}', TYPE),
    ("error names disagree", b'"error":{"type":"a.b","error_type":"NOT_FOUND"}', DISAGREE),
    ("error with a member beside", b'"error":{"type":"a.b","value":{},"more":1}', UNKNOWN),
    ("error value a text", b'"error":{"type":"a.b","value":"no"}', TYPE),
    ("error while running", b'"error":{}', "400 task.error_not_failed"),
    ("failed without error", b'"status":"FAILED"', "400 task.error_missing"),
    ("failed with null error", b'"status":"FAILED","error":null', "400 task.error_missing"),
    ("back to pending", b'"status":"PENDING"', "400 task.back_to_pending"),
    ("an end while running", b'"end_time":"2015-01-01T00:00:00Z"', "400 task.end_not_allowed"),
    ("a far start", b'"start_time":"9999-12-31T23:59:59Z"', "400 task.time_in_future"),
)

# Members of a message, beside or in place of the required ones.
MESSAGES: tuple[Body, ...] = (
    ("id a number", b'"id":1', TYPE),
    ("id null", b'"id":null', MISSING),
    ("args a text", b'"args":"a"', TYPE),
    ("args null", b'"args":null', MISSING),
    ("args of numbers", b'"args":[1]', TYPE),
    ("args of nulls", b'"args":[null]', TYPE),
    ("args of lists", b'"args":[["a"]]', TYPE),
    ("1,001 args", b'"args":[' + b",".join([b'"a"'] * 1001) + b"]", LONG),
    ("localized a list", b'"localized":[]', TYPE),
    ("an unknown member", b'"text":"a"', UNKNOWN),
    ("params an object", b'"params":{"a":{"s":"a"}}', TYPE),
    ("params of texts", b'"params":["a"]', TYPE),
    ("params without key", b'"params":[{"value":{}}]', MISSING),
    ("params with another member", b'"params":[{"key":"a","value":{},"more":1}]', UNKNOWN),
    ("params with a key twice", b'"params":[{"key":"a"},{"key":"a"}]', DUPLICATE),
    (
        "257 params",
        b'"params":[' + b",".join(b'{"key":"%d","value":{}}' % n for n in range(257)) + b"]",
        LONG,
    ),
    ("a param as a text", b'"params":[{"key":"a","value":"b"}]', TYPE),
    ("a param with i a text", b'"params":[{"key":"a","value":{"i":"1"}}]', TYPE),
    ("a param with d a text", b'"params":[{"key":"a","value":{"d":"1"}}]', TYPE),
    ("a param with d endless", b'"params":[{"key":"a","value":{"d":1e999}}]', RANGE),
    ("a param with dt wrong", b'"params":[{"key":"a","value":{"dt":"today"}}]', DATE),
    ("a format unknown", b'"params":[{"key":"a","value":{"format":"short_date"}}]', ENUM),
    ("a precision below", b'"params":[{"key":"a","value":{"precision":-1}}]', BOUNDS),
    ("a precision above", b'"params":[{"key":"a","value":{"precision":21}}]', BOUNDS),
    ("a precision huge", b'"params":[{"key":"a","value":{"precision":1000000000}}]', BOUNDS),
    ("l a text", b'"params":[{"key":"a","value":{"l":"b"}}]', TYPE),
    ("l without id", b'"params":[{"key":"a","value":{"l":{}}}]', MISSING),
    ("l with a default message", b'"params":[{"key":"a","value":{"l":{"args":[]}}}]', UNKNOWN),
)

# Bodies of a create, with the two required members unless the row says otherwise.
CREATES: tuple[Body, ...] = (
    ("no operation", b'"cancelable":true', MISSING),
    ("no cancelable", b'"operation_id":"a"', MISSING),
    ("cancelable a text", b'"operation_id":"a","cancelable":"true"', TYPE),
    ("cancelable a number", b'"operation_id":"a","cancelable":1', TYPE),
    ("target a text", b'"operation_id":"a","cancelable":true,"target":"Folder:1"', TYPE),
    ("target without id", b'"operation_id":"a","cancelable":true,"target":{"type":"a"}', MISSING),
    ("user with a NUL", b'"operation_id":"a","cancelable":true,"user":"\\u0000"', NUL),
    ("user a number", b'"operation_id":"a","cancelable":true,"user":0', TYPE),
    ("a service", b'"operation_id":"a","cancelable":true,"service":"com.other"', UNKNOWN),
    ("an extension", b'"operation_id":"a","cancelable":true,"extension":"com.other"', UNKNOWN),
    (
        "no such parent",
        b'"operation_id":"a","cancelable":true,"parent_task":"\' OR 1=1 --"',
        "400 task.parent_unknown",
    ),
    (
        "a result at once",
        b'"operation_id":"a","cancelable":true,"result":1',
        "400 task.result_pending",
    ),
)


def message(**more: Any) -> dict[str, Any]:
    return {"id": "", "default_message": "", "args": [], **more}


def nested_message(levels: int) -> dict[str, Any]:
    """A message with so many levels of messages inside."""
    inner: dict[str, Any] = {}
    for _ in range(levels):
        inner = {"l": {"id": "", "params": [{"key": "p", "value": inner}]}}
    return message(params=[{"key": "p", "value": inner}])


def sizes() -> Iterator[Body]:
    """Values one beyond their limits."""
    for name, character, beyond in (
        ("one byte", "a", TEXT + 1),
        ("two bytes", "é", TEXT // 2 + 1),
        ("three bytes", "€", TEXT // 3 + 1),
        ("four bytes", "😀", TEXT // 4 + 1),
    ):
        yield f"a text of {name} each", spec(description=message(id=character * beyond)), LONG
    yield "a result of 256 KiB and 1", spec(result="a" * (RESULT - 1)), LONG
    yield "a result of 256 KiB and 2 of é", spec(result="é" * (RESULT // 2)), LONG
    yield "a wide result", spec(result=[0] * (RESULT // 2)), LONG
    yield "result nested 65 lists deep", spec(result=deep(65)), DEEP
    yield "result nested 190 lists deep", spec(result=deep(190)), DEEP
    yield "result nested 1,000 lists deep", b'{"spec":{"result":' + nest(b"[", b"]", 1000), DEEP
    yield "messages nested 33 deep", spec(description=nested_message(33)), DEEP
    yield "a date of 64 KiB", spec(start_time="2" * (TEXT + 1)), DATE


def spec(**members: Any) -> bytes:
    return json.dumps({"spec": members}, ensure_ascii=False).encode()


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def nest(left: bytes, right: bytes, levels: int) -> bytes:
    return left * levels + right * levels + b"}}"


def update_bodies() -> Iterator[Body]:
    """Every hostile body of an update, by a name of its own."""
    for name, body, told in BODIES:
        yield f"body: {name}", body, told
    for name, text, told in TEXTS:
        member = b'{"spec":{"description":{"id":"%b","default_message":"","args":[]}}}'
        yield f"text: {name}", member % text, told
    for name, number, told in NUMBERS:
        progress = b'{"spec":{"percent_done":{"total":100,"completed":%b,"message":%b}}}'
        yield f"number: {name}", progress % (number, json.dumps(message()).encode()), told
    for date in DATES:
        yield f"date: {date[:40]!r}", spec(start_time=date), DATE
    for name, members, told in SPECS:
        yield f"spec: {name}", b'{"spec":{%b}}' % members, told
    for name, members, told in MESSAGES:
        given = members.split(b":")[0]
        rest = b"".join(
            b',"%b":%b' % pair
            for pair in ((b"id", b'""'), (b"default_message", b'""'), (b"args", b"[]"))
            if b'"%b"' % pair[0] != given
        )
        yield f"message: {name}", b'{"spec":{"description":{%b%b}}}' % (members, rest), told
    for name, body, told in sizes():
        yield f"size: {name}", body, told


def create_bodies() -> Iterator[Body]:
    """Every hostile body of a create."""
    for name, members, told in CREATES:
        yield f"create: {name}", b'{"spec":{%b}}' % members, told


def at_api(told: str) -> str:
    """What is told in the shape of ``/api``."""
    return told.replace(" ", " api ", 1)


def bare_update_bodies() -> Iterator[Body]:
    """Hostile bodies of an update at ``/api``, where the body is the spec and maps are objects."""
    message = b'{"description":{"id":"","default_message":"","args":[],%b}}'
    for name, body, told in (
        ("empty", b"", NOT_JSON),
        ("null", b"null", TYPE),
        ("a number", b"1", TYPE),
        ("a list", b'[{"status":"RUNNING"}]', TYPE),
        ("spec", b'{"spec":{}}', UNKNOWN),
        ("spec null", b'{"spec":null}', UNKNOWN),
        ("a member beside", b'{"status":"SUCCEEDED","spec":{}}', UNKNOWN),
        ("trailing body", b'{"status":"SUCCEEDED"}{}', NOT_JSON),
        ("a form", b"status=SUCCEEDED", NOT_JSON),
        ("100,000 brackets", b"[" * 100_000, DEEP),
        ("100,000 objects", b'{"result":' * 100_000, DEEP),
        ("one byte over the limit", b"{}".ljust(BODY + 1), LARGE),
        ("params a list", message % b'"params":[]', TYPE),
        ("params as entries", message % b'"params":[{"key":"k","value":{}}]', TYPE),
        ("a param null", message % b'"params":{"k":null}', TYPE),
        ("a param a text", message % b'"params":{"k":"v"}', TYPE),
        ("a param twice", message % b'"params":{"k":{},"k":{}}', DUPLICATE),
        ("a NUL in a key", message % b'"params":{"\\u0000":{}}', NUL),
        ("__proto__", message % b'"params":{"__proto__":{"admin":true}}', UNKNOWN),
        (
            "257 params",
            message % (b'"params":{%b}' % b",".join(b'"%d":{}' % n for n in range(257))),
            LONG,
        ),
        (
            "messages nested 33 deep",
            message % (b'"params":' + b'{"p":{"l":{"id":"","params":' * 33 + b"{}" + b"}}}" * 33),
            DEEP,
        ),
    ):
        yield f"api body: {name}", body, at_api(told)
    for name, text, told in TEXTS:
        member = b'{"description":{"id":"%b","default_message":"","args":[]}}'
        yield f"api text: {name}", member % text, at_api(told)
    for name, members, told in SPECS:
        yield f"api spec: {name}", b"{%b}" % members, at_api(told)


# At the limits and odd, but good: (name, update spec).
GOOD: tuple[tuple[str, bytes], ...] = (
    ("a text of 64 KiB", spec(description=message(id="a" * TEXT))),
    ("a text of 64 KiB of four bytes", spec(description=message(id="😀" * (TEXT // 4)))),
    ("a result of 256 KiB", spec(result="a" * (RESULT - 2))),
    ("a result 64 deep", spec(result=deep(64))),
    ("messages 32 deep", spec(description=nested_message(32))),
    ("1,000 args", spec(description=message(args=["a"] * 1000))),
    (
        "256 params",
        spec(description=message(params=[{"key": f"{n}", "value": {}} for n in range(256)])),
    ),
    ("a body of 1 MiB", spec().ljust(BODY)),
    ("the largest number", spec(result=[2**63 - 1, -(2**63), 1.7976931348623157e308])),
    ("the first instant", spec(start_time="0001-01-01T00:00:00+00:00")),
)
