"""10,000 bodies of JSON-RPC with something broken in them, and each one is answered.

Most are good ones with a few things changed, by seeded dice; the others are good requests around
any value at all. Never a 5xx, never silence, always an answer of JSON-RPC; and a store that fits
together afterwards.
"""

from __future__ import annotations

import concurrent.futures
import copy
import http.client
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.rpc_cases import CASES, TASK
from tests.hostile.test_fuzz import OF_BODIES, assert_consistent
from tests.rpc import (
    API,
    CIS_TASKS,
    EXTENSION,
    INTROSPECTION,
    SESSIONS,
    UNSET,
    UPDATE_SPEC,
    create_spec,
    done,
    error,
    header,
    mapped,
    optional,
    request,
    said,
    session_id,
    structure,
    update_spec,
    user_pass,
)
from tests.serving import JSON, Headers, Server, progress, serving
from tests.spelling import ERRORS

SEED = int(os.environ.get("MILEPOST_FUZZ_SEED", "20150101"))
MUTATED, ANY_VALUE, CONNECTIONS = 8000, 2000, 4
Json = Any

PARAM = structure(
    "com.vmware.vapi.std.localization_param",
    {"s": optional("v"), "dt": optional("2015-01-01T22:13:05.651Z"), "d": optional(0.5)},
)
FULL = update_spec(
    status="RUNNING",
    percent_done=done(7, 100),
    description=said("Backup", "a", params=optional(mapped({"n": PARAM})), localized=UNSET),
    result=structure("a.b", {"x": [1, -2.5e3, True, {"SECRET": "s"}, {"BINARY": "AQI="}]}),
    start_time="2015-01-01T10:00:00.000+01:00",
)
FAILED = error(ERRORS + "timed_out", {"messages": [said("Late")], "error_type": UNSET})
FILTER = structure(
    "com.vmware.cis.tasks.filter_spec", {"tasks": optional([TASK]), "status": optional(["FAILED"])}
)
RECORDED = [
    *[request(EXTENSION, "update", {"task_id": TASK, "spec": FULL})] * 5,
    request(
        EXTENSION, "update", {"task_id": TASK, "spec": update_spec(status="FAILED", error=FAILED)}
    ),
    request(EXTENSION, "update", {"task_id": TASK, "spec": structure(UPDATE_SPEC, {})}),
    request(EXTENSION, "create", {"spec": create_spec(user="ada", parent_task=TASK)}),
    request(CIS_TASKS, "get", {"task": TASK, "spec": UNSET}),
    request(CIS_TASKS, "list", {"filter_spec": optional(FILTER), "result_spec": UNSET}),
    request(CIS_TASKS, "cancel", {"task": TASK}),
    request(SESSIONS, "get", security=session_id("x")),
    request(SESSIONS, "get", app={"opId": "x", "$acceptLang": "de"}),
    request(
        INTROSPECTION + "operation", "get", {"service_id": EXTENSION, "operation_id": "update"}
    ),
    [request(SESSIONS, "get")] * 2,
    # A logout would end the session that all the others have.
    *[
        case.body
        for case in CASES.values()
        if not isinstance(case.body, bytes) and '"delete"' not in json.dumps(case.body)
    ],
]
# A login that is checked costs some 35 ms, so only one in some hundreds is one.
LOGIN = request(SESSIONS, "create", security=user_pass("administrator", "wrong"))


ODD: list[Json] = [
    *(
        None,
        True,
        0,
        -1,
        2**63,
        1.5,
        "",
        "x",
        "RUNNING",
        "\0",
        "\ud800",
        [],
        {},
        [None],
        {"": None},
    ),
    *(UNSET, optional(UNSET), {"OPTIONAL": 1, "SECRET": 2}, {"STRUCTURE": {}}, {"STRUCTURE": None}),
    *(structure("", {}), structure("None", {"x": None}), error("x", {}), error("x.y", {"x": 1})),
    *(
        {"SECRET": 5},
        {"SECRET": "s"},
        {"BINARY": "!"},
        {"BINARY": "AQI="},
        {"FOO": {}},
        mapped({"": 1}),
    ),
    *("a" * 70_000, [1] * 2000, optional(said("x"))),
]


def places(value: Json) -> list[tuple[Json, Any]]:
    """Every place in a tree: what holds it, and under which name or index."""
    found, waiting = [], [value]
    while waiting:
        part = waiting.pop()
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        found += [(part, key) for key in keys]
        waiting += [part[key] for key in keys if isinstance(part[key], (dict, list))]
    return found


def bent(dice: random.Random, tree: Json) -> None:
    """One part of a tree changed: for something odd, for another part, wrapped, or left out."""
    found = places(tree)
    if not found:
        return
    holder, key = dice.choice(found)
    turn = dice.randrange(6)
    if turn == 0 and isinstance(holder, dict):
        holder[dice.choice(["more", "OPTIONAL", "STRUCTURE"])] = holder.pop(key)
    elif turn == 1 and isinstance(holder, dict):
        del holder[key]
    elif turn == 2:
        holder[key] = optional(holder[key])
    elif turn == 3:
        other, name = dice.choice(found)
        holder[key] = copy.deepcopy(other[name])
    else:
        holder[key] = copy.deepcopy(dice.choice(ODD))


def mutated(dice: random.Random, task_id: str) -> bytes:
    """A good body with a few things changed: in what it says, or in how it is written."""
    good = LOGIN if dice.random() < 0.002 else dice.choice(RECORDED)
    text = json.dumps(good).replace(TASK, task_id)
    times = dice.choice((1, 1, 2, 4))
    if dice.random() < 0.7:
        tree = json.loads(text)
        for _ in range(times if isinstance(tree, (dict, list)) else 0):
            bent(dice, tree)
        return json.dumps(tree).encode()
    data = text.encode()
    for _ in range(times):
        data = dice.choice(OF_BODIES)(dice, data)
    return data


def outcome(status: int, headers: Headers, body: bytes, sent: bytes) -> str:
    """What came of a body; it must be an answer of JSON-RPC."""
    if status != 200:
        # Too large is too large; what is empty by now has no type.
        assert status == 413, (status, sent[:200], body)
        assert len(sent) > 1024 * 1024
        return "413"
    answer = json.loads(body)
    assert answer["jsonrpc"] == "2.0", sent
    if "error" in answer:
        assert set(answer) == {"jsonrpc", "id", "error"}
        assert answer["error"]["data"]["messages"], sent
        assert answer["error"]["code"] != -32603, (sent, answer)
        return str(answer["error"]["code"])
    kind: str
    name: str
    (kind,) = answer["result"]
    if kind == "output":
        assert "vapi-error" not in headers
        return kind
    ((name, fields),) = answer["result"]["error"]["ERROR"].items()
    assert headers["vapi-error"] == name
    assert fields["messages"], sent
    assert name not in (ERRORS + "error", ERRORS + "internal_server_error"), (sent, answer)
    return name.removeprefix(ERRORS)


class Line:
    """One connection, opened again when the server has closed it."""

    def __init__(self, server: Server, token: str) -> None:
        self._connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
        self._headers = {**JSON, **header(token)}

    def send(self, body: bytes) -> str:
        self._connection.request("POST", API, body, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return outcome(answer.status, headers, text, body)

    def close(self) -> None:
        self._connection.close()


class Target:
    """A server with tasks to be changed."""

    def __init__(self, server: Server) -> None:
        self.server = server
        with server.caller() as caller:
            running = {"status": "RUNNING", "percent_done": progress(1, 100)}
            self.tasks = [caller.create(**running) for _ in range(40)]
            self.token = caller.token

    def line(self) -> Line:
        return Line(self.server, self.token)

    def share(self, number: int) -> Counter[str]:
        """One connection's share of the mutated bodies, and what came of them."""
        dice, line = random.Random(SEED + number), self.line()  # noqa: S311  a test's dice
        found: Counter[str] = Counter()
        for _ in range(MUTATED // CONNECTIONS):
            found[line.send(mutated(dice, dice.choice(self.tasks)))] += 1
        line.close()
        return found


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with serving(tmp_path_factory.mktemp("rpc-fuzz") / "data") as server:
        yield Target(server)
    tasks, events = assert_consistent(server.data)
    assert events > tasks > 40


@pytest.mark.timeout(240)
def test_broken_bodies_are_answered(target: Target) -> None:
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as threads:
        found = sum(threads.map(target.share, range(CONNECTIONS)), Counter[str]())
    assert found.total() == MUTATED
    # The dice have power: much is accepted, and much is refused for every kind of reason.
    for kind in ("output", "-32700", "-32600", "-32602", "invalid_argument", "unexpected_input"):
        assert found[kind] > 20, found
    for kind in ("-32601", "operation_not_found"):
        assert found[kind] > 0, found
    print(f"seed {SEED}: {dict(found)}")  # noqa: T201


TEXTS = st.text(max_size=8) | st.sampled_from(
    ["STRUCTURE", "OPTIONAL", "ERROR", "SECRET", "BINARY", "map-entry", "operation-input", "None"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | TEXTS
    | st.sampled_from(["2015-01-01T22:13:05.651Z", "RUNNING", "FAILED"])
)


def around(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Lists, objects, and the wrappers of data values."""
    return (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS, inner, max_size=3)
        | inner.map(optional)
        | st.builds(structure, TEXTS, st.dictionaries(TEXTS, inner, max_size=3))
        | st.builds(error, TEXTS, st.dictionaries(TEXTS, inner, max_size=2))
    )


VALUES = st.recursive(SCALARS, around, max_leaves=12)
FIELDS = ("percent_done", "description", "status", "error", "result", "start_time", "end_time")


def some_spec(task_id: str, fields: dict[str, Json]) -> Json:
    return request(
        EXTENSION, "update", {"task_id": task_id, "spec": structure(UPDATE_SPEC, fields)}
    )


WITHIN: list[Callable[[str, Json], Json]] = [
    lambda _task, value: value,
    lambda _task, value: {**request(SESSIONS, "get"), "params": value},
    lambda _task, value: {**request(SESSIONS, "get"), "id": value},
    lambda _task, value: request(SESSIONS, "get", security=value),
    lambda _task, value: request(CIS_TASKS, "list", {"filter_spec": value}),
    lambda _task, value: request(EXTENSION, "create", {"spec": value}),
    lambda task, value: request(EXTENSION, "update", {"task_id": task, "spec": value}),
    lambda task, value: some_spec(task, {"result": optional(value)}),
    lambda task, value: some_spec(task, {"error": optional(value)}),
    lambda task, value: some_spec(task, {"error": optional(error("a.b", {"messages": value}))}),
    lambda task, value: some_spec(task, {"description": optional(said("x", params=value))}),
]


@pytest.mark.timeout(240)
def test_any_data_value_is_answered(target: Target) -> None:
    """In any place: as the whole, as params, as an id, as a spec, as a field."""
    line, found = target.line(), Counter[str]()

    @settings(max_examples=ANY_VALUE, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(WITHIN),
        st.sampled_from(target.tasks),
        VALUES,
        st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, VALUES)),
    )
    def check(place: Callable[[str, Json], Json], task_id: str, value: Json, fields: Json) -> None:
        for body in (place(task_id, value), some_spec(task_id, fields)):
            found[line.send(json.dumps(body).encode())] += 1

    check()
    line.close()
    assert found.total() >= ANY_VALUE
    for kind in ("output", "-32600", "-32602", "invalid_argument"):
        assert found[kind] > 20, found
