"""What a client sends comes back equal: decoded, through the rules, encoded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.rules.machine import create, update
from milepost.rules.reading import Info, info_of
from milepost.rules.task import Accepted, Decision, Task
from milepost.wire.rest import RestDialect, encode_info
from tests.wire.samples import ERROR_NAMES, ERRORS, FORMAT_NAMES, Json, canonical

REST = RestDialect()
INT64_MAX, INT64_MIN = 2**63 - 1, -(2**63)
NOW = 4_102_444_800_000  # 2100-01-01T00:00:00Z, after every time that is sent
NOW_TEXT = "2100-01-01T00:00:00.000Z"
UNSET = "unset"


class Pair(NamedTuple):
    """A value as it is sent, and as it must come back."""

    sent: Json
    shown: Json


def same(value: Json) -> Pair:
    return Pair(value, value)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
longs = st.integers(-5, 5) | st.integers(INT64_MIN, INT64_MAX)
doubles = st.floats(allow_nan=False, allow_infinity=False) | st.just(-0.0)


@st.composite
def times(draw: st.DrawFn) -> Pair:
    """Any zone and any number of digits; back in UTC, cut to three."""
    moment = draw(
        st.datetimes(datetime(2, 1, 1), datetime(2099, 12, 30))  # noqa: DTZ001  the zone comes next
    ).replace(microsecond=0)
    digits = draw(st.text("0123456789", max_size=9))
    minutes = draw(st.none() | st.integers(-1439, 1439))
    zone = UTC if minutes is None else timezone(timedelta(minutes=minutes))
    sign, size = "-" if (minutes or 0) < 0 else "+", abs(minutes or 0)
    suffix = "Z" if minutes is None else f"{sign}{size // 60:02d}:{size % 60:02d}"
    wall = moment.replace(tzinfo=zone)
    sent = wall.replace(tzinfo=None).isoformat() + ("." + digits if digits else "") + suffix
    shown = wall.astimezone(UTC).replace(tzinfo=None).isoformat()
    return Pair(sent, f"{shown}.{digits[:3].ljust(3, '0')}Z")


@st.composite
def objects(
    draw: st.DrawFn,
    required: dict[str, st.SearchStrategy[Pair]],
    optional: dict[str, st.SearchStrategy[Pair]],
) -> Pair:
    """A structure, its members in any order; what is optional may be absent or null."""
    names = draw(st.permutations([*required, *optional]))
    sent: dict[str, Json] = {}
    shown: dict[str, Json] = {}
    for name in names:
        given_as = "set" if name in required else draw(st.sampled_from(["set", "absent", "null"]))
        if given_as == "null":
            sent[name] = None
        elif given_as == "set":
            pair = draw((required | optional)[name])
            sent[name], shown[name] = pair
    return Pair(sent, shown)


def integers_as_doubles(value: int) -> Pair:
    """An integer is a legal double."""
    return Pair(value, float(value))


def params_of(param: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    """A map as a list of entries; an empty param may come as a key alone."""

    @st.composite
    def entries(draw: st.DrawFn) -> Pair:
        sent, shown = [], []
        for key in draw(st.lists(texts, unique=True, max_size=3)):
            pair = draw(param)
            short = draw(st.sampled_from(["full", "key", "null"]))
            if pair.shown == {} and short != "full":
                sent.append({"key": key} if short == "key" else {"value": None, "key": key})
            else:
                sent.append({"value": pair.sent, "key": key})
            shown.append({"key": key, "value": pair.shown})
        return Pair(sent, shown)

    return entries()


PLAIN = {
    "s": texts.map(same),
    "dt": times(),
    "i": longs.map(same),
    "d": doubles.map(same) | st.integers(-(2**53), 2**53).map(integers_as_doubles),
    "format": st.sampled_from(FORMAT_NAMES.split()).map(same),
    "precision": st.integers(0, 20).map(same),
}


def nested(levels: int) -> st.SearchStrategy[Pair]:
    param = objects({}, PLAIN | ({"l": nested(levels - 1)} if levels else {}))
    return objects({"id": texts.map(same)}, {"params": params_of(param)})


messages = objects(
    {
        "id": texts.map(same),
        "default_message": texts.map(same),
        "args": st.lists(texts, max_size=3).map(same),
    },
    {"params": params_of(objects({}, PLAIN | {"l": nested(2)})), "localized": texts.map(same)},
)

leaves = st.none() | st.booleans() | longs | doubles | texts
values = st.recursive(
    leaves, lambda part: st.lists(part) | st.dictionaries(texts, part), max_leaves=8
)
lookalikes = st.sampled_from([1, 1.0, True, "1", 0, 0.0, -0.0, False, "", [], {}, [1], [1.0]])
results = (lookalikes | values.filter(lambda value: value is not None)).map(same)
fields = st.dictionaries(
    texts.filter(lambda name: name not in ("type", "value", "error_type", "messages")),
    values.filter(lambda value: value is not None),
    max_size=2,
)
standard = st.sampled_from(ERROR_NAMES.split())
foreign = st.from_regex(r"[a-z]{1,5}(\.[a-z_][a-z0-9_-]{0,5}){1,3}", fullmatch=True).filter(
    lambda name: not name.startswith(ERRORS)
)


@st.composite
def errors(draw: st.DrawFn) -> Pair:
    """One of the three spellings; back always as type and value."""
    name = draw(standard)
    dotted = ERRORS + name.lower()
    reports = draw(st.lists(messages, max_size=2))
    more = draw(fields)
    body = {"messages": [message.sent for message in reports], **more}
    shown = {"messages": [message.shown for message in reports], **more}
    if not reports and draw(st.booleans()):
        body["messages"] = None
    match draw(st.sampled_from(["typed", "foreign", "error_type", "both", "inside", "bare"])):
        case "typed":
            return Pair({"type": dotted, "value": body}, {"type": dotted, "value": shown})
        case "foreign":
            dotted = draw(foreign)
            return Pair({"value": body, "type": dotted}, {"type": dotted, "value": shown})
        case "error_type":
            return Pair({"error_type": name, **body}, {"type": dotted, "value": shown})
        case "both":
            sent = {"type": dotted, **body, "error_type": name}
            return Pair(sent, {"type": dotted, "value": shown})
        case "inside":
            sent = {"type": dotted, "value": {**body, "error_type": name}}
            return Pair(sent, {"type": dotted, "value": {**shown, "error_type": name}})
        case _:
            return Pair(body, {"type": ERRORS + "error", "value": shown})


@st.composite
def progresses(draw: st.DrawFn) -> Pair:
    total = draw(st.integers(0, 5) | st.integers(0, INT64_MAX))
    completed = draw(st.integers(0, total))
    message = draw(messages)
    numbers = {"completed": completed, "total": total}
    return Pair({**numbers, "message": message.sent}, {**numbers, "message": message.shown})


STATUS = {name: st.just(same(name)) for name in ("PENDING", "RUNNING", "SUCCEEDED", "FAILED")}
REPORT = {"percent_done": progresses(), "result": results}


@st.composite
def reports(draw: st.DrawFn, *, pending: bool) -> Pair:
    """What the rules let pass for the status; with times that fit together."""
    status = draw(st.sampled_from(["RUNNING", "SUCCEEDED", "FAILED"] + ["PENDING"] * pending))
    required = {"status": st.just(same(status))}
    optional = {"description": messages} | ({} if status == "PENDING" else REPORT)
    if status == "FAILED":
        required["error"] = errors()
    sent, shown = draw(objects(required, optional))
    earlier, later = sorted([draw(times()), draw(times())], key=lambda pair: str(pair.shown))
    if status != "PENDING" and draw(st.booleans()):
        sent["start_time"], shown["start_time"] = earlier
    if status in ("SUCCEEDED", "FAILED") and draw(st.booleans()):
        sent["end_time"], shown["end_time"] = later
    return Pair(sent, shown)


births = objects(
    {"operation_id": texts.map(same), "cancelable": st.booleans().map(same)},
    {
        "user": texts.map(same),
        "parent_task": texts.map(same),
        "target": objects({"type": texts.map(same), "id": texts.map(same)}, {}),
    },
)

NO_MESSAGE = {"id": "", "default_message": "", "args": []}
NO_PROGRESS = {"total": 0, "completed": 0, "message": NO_MESSAGE}


def expected(birth: Json, report: Json) -> Json:
    """The task as shown: what was given, and what the service sets by itself."""
    info = {
        "service": "com.acme",
        "operation": birth["operation_id"],
        "cancelable": birth["cancelable"],
        "target": birth.get("target", {"type": "Folder", "id": "group-d1"}),
        "description": report.get("description", NO_MESSAGE),
        "status": report["status"],
    }
    info |= {name: birth[name] for name in ("user",) if name in birth}
    info |= {"parent": birth["parent_task"]} if "parent_task" in birth else {}
    info |= {name: report[name] for name in ("error", "result") if name in report}
    if report["status"] == "PENDING":
        return info
    info["progress"] = report.get("percent_done", NO_PROGRESS)
    end = report.get("end_time", NOW_TEXT)
    # A start that the service set yields to an end that lies before it.
    info["start_time"] = report.get("start_time", min(end, NOW_TEXT))
    if report["status"] != "RUNNING":
        info["end_time"] = end
    return info


def read(info: Info) -> Json:
    return json.loads(encode_info(info))["value"]


def unordered(value: Json) -> Json:
    """Compares params and members whatever their order, and numbers with their type."""
    if isinstance(value, dict):
        return {name: unordered(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        parts = [unordered(part) for part in value]
        entries = all(isinstance(part, dict) and set(part) == {"key", "value"} for part in value)
        return sorted(parts, key=repr) if entries else parts
    return canonical(value)


def task_of(decision: Decision) -> Task:
    assert isinstance(decision, Accepted), decision
    return decision.task


def born(spec: Json) -> Task:
    command = REST.decode_create(json.dumps({"spec": spec}).encode())
    return task_of(create(command, task_id="t" * 22, service="com.acme", principal="a", now=NOW))


@settings(max_examples=150)
@given(birth=births, report=reports(pending=True))
def test_a_create_comes_back(birth: Pair, report: Pair) -> None:
    task = born(birth.sent | report.sent)
    assert unordered(read(info_of(task))) == unordered(expected(birth.shown, report.shown))


@settings(max_examples=150)
@given(birth=births, report=reports(pending=False))
def test_an_update_comes_back(birth: Pair, report: Pair) -> None:
    task = born({**birth.sent, "status": "RUNNING"})
    command = REST.decode_update(json.dumps({"spec": report.sent}, ensure_ascii=False).encode())
    after = task_of(update(task, command, now=NOW))
    assert unordered(read(info_of(after))) == unordered(expected(birth.shown, report.shown))
    again = update(after, command, now=NOW)
    assert isinstance(again, Accepted)
    assert again.change is None


@settings(max_examples=150)
@given(report=reports(pending=False))
def test_what_is_shown_can_be_sent_again(report: Pair) -> None:
    """The spelling of the answers is one that is read, and means the same."""
    command = REST.decode_update(json.dumps({"spec": report.sent}).encode())
    once_more = REST.decode_update(json.dumps({"spec": report.shown}).encode())
    assert once_more == command


@given(value=results)
def test_a_result_keeps_its_types(value: Pair) -> None:
    task = born(
        {"operation_id": "o", "cancelable": True, "status": "RUNNING", "result": value.sent}
    )
    assert canonical(read(info_of(task))["result"]) == canonical(value.sent)
