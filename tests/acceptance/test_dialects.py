"""One set of rules behind every dialect: the same spec has the same outcome, however it is said.

Random specs, good ones and ones with something wrong, are sent at every door; they must leave the
same task, as ``/rest`` shows it, or be refused alike. A spec is written with its maps as objects.
A further dialect is one more entry in ``DIALECTS``.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.acceptance.rpc_dialect import OverJsonRpc, Unsayable, refused
from tests.serving import Caller, Reply, Server, Spec, failure, progress, text
from tests.spelling import API, REST, Door
from tests.wire.test_fuzz import JUNK, NAMES, places
from tests.wire.test_round_trip import Pair, births, reports

MODES = ("effective", "strict")
EXAMPLES = settings(max_examples=150)
PARENT = "@PARENT@"
"""Stands for the id of a task that is there."""


class Refused(NamedTuple):
    """A refusal: its HTTP status, standard error, and the id of our first message."""

    status: int
    error: str
    reason: str


class Client(Protocol):
    """Says things in one dialect."""

    def send_create(self, spec: Spec) -> str | Refused:
        """The id of the new task, or why there is none."""

    def send_update(self, task_id: str, spec: Spec) -> Refused | None:
        """Why the task was not changed."""


def entries(value: Any) -> Any:
    """A spec with each map as a list of entries; what is opaque stays as it is.

    What is no map there is none here: a list, which would be one, becomes an object.
    """
    if isinstance(value, list):
        return [entries(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {name: SPECIAL.get(name, entries)(part) for name, part in value.items()}


def map_of_entries(value: Any) -> Any:
    if isinstance(value, list):
        return {}
    if not isinstance(value, dict):
        return value
    return [{"key": key, "value": entries(part)} for key, part in value.items()]


def error_with_entries(value: Any) -> Any:
    """Only the messages of an error hold maps; its other members are opaque."""
    if not isinstance(value, dict):
        return value
    special = {"messages": entries, "value": error_with_entries}
    return {name: special[name](part) if name in special else part for name, part in value.items()}


SPECIAL: dict[str, Callable[[Any], Any]] = {
    "params": map_of_entries,
    "error": error_with_entries,
    "result": copy.copy,
}


class AtDoor:
    """Says things at a REST door, each body made by ``spell``."""

    def __init__(self, door: Door, spell: Callable[[Spec], Any], caller: Caller) -> None:
        self._door = door
        self._spell = spell
        self._caller = caller

    def send_create(self, spec: Spec) -> str | Refused:
        reply = self._send("POST", self._door.extension_tasks, spec)
        return refusal_of(reply) if reply.status >= 400 else str(reply.value)

    def send_update(self, task_id: str, spec: Spec) -> Refused | None:
        reply = self._send("PATCH", f"{self._door.extension_tasks}/{task_id}", spec)
        return None if reply.done else refusal_of(reply)

    def _send(self, method: str, path: str, spec: Spec) -> Reply:
        return self._caller.send(method, path, json.dumps(self._spell(spec)).encode())


def refusal_of(reply: Reply) -> Refused:
    return Refused(reply.status, reply.error, reply.reason)


class AtJsonRpc:
    """Says things over JSON-RPC."""

    def __init__(self, caller: Caller) -> None:
        self._rpc = OverJsonRpc(caller)

    def send_create(self, spec: Spec) -> str | Refused:
        answer = self._rpc.create(spec)
        told = refused(answer)
        return str(answer.output) if told is None else Refused(*told)

    def send_update(self, task_id: str, spec: Spec) -> Refused | None:
        told = refused(self._rpc.update(task_id, spec))
        return None if told is None else Refused(*told)


DIALECTS: dict[str, Callable[[Caller], Client]] = {
    "/rest": lambda caller: AtDoor(REST, lambda spec: {"spec": entries(spec)}, caller),
    "/api": lambda caller: AtDoor(API, lambda spec: spec, caller),
    "JSON-RPC": AtJsonRpc,
}


class World:
    """A server, a client of each dialect, and a reader that shows what is stored."""

    def __init__(self, reader: Caller) -> None:
        self._reader = reader
        self._began = datetime.now(UTC) - timedelta(seconds=1)
        self._parent = reader.create()
        self.clients = {name: make(reader) for name, make in DIALECTS.items()}

    def with_parent(self, spec: Spec) -> Spec:
        """A spec in which the parent is a task that is there."""
        named = spec.get("parent_task") == PARENT
        return {**spec, "parent_task": self._parent} if named else spec

    def begun(self, steps: Sequence[Spec]) -> str:
        """A task that has come as far as these steps lead."""
        task_id = self._reader.create(description=text("Backup"))
        for step in steps:
            assert self._reader.patch(task_id, step).done
        return task_id

    def stored(self, task_id: str) -> Any:
        """A task and its revision; times that the service itself took are all alike."""
        reply = self._reader.get(task_id)
        shown = reply.value
        for name in ("start_time", "end_time"):
            if name in shown and datetime.fromisoformat(shown[name]) >= self._began:
                shown[name] = "now"
        return shown, reply.revision

    def created(self, create: Callable[[Spec], str | Refused], spec: Spec) -> Any:
        """What became of a create."""
        outcome = create(self.with_parent(spec))
        return outcome if isinstance(outcome, Refused) else self.stored(outcome)

    def updated(self, client: Client, steps: Sequence[Spec], spec: Spec) -> Any:
        """What became of an update: the refusal, if any, and the task."""
        task_id = self.begun(steps)
        return client.send_update(task_id, spec), self.stored(task_id)


def agreed(outcomes: dict[str, Any]) -> Any:
    """The one outcome of all dialects."""
    first = next(iter(outcomes.values()))
    assert outcomes == dict.fromkeys(outcomes, first)
    return first


def create_everywhere(world: World, spec: Spec) -> Any:
    return agreed(said(world, lambda client: world.created(client.send_create, spec)))


def update_everywhere(world: World, steps: Sequence[Spec], spec: Spec) -> Any:
    return agreed(said(world, lambda client: world.updated(client, steps, spec)))


def said(world: World, say: Callable[[Client], Any]) -> dict[str, Any]:
    """The outcomes of the dialects in which something can be said; in two it always can."""
    outcomes = {}
    for name, client in world.clients.items():
        with contextlib.suppress(Unsayable):
            outcomes[name] = say(client)
    assert len(outcomes) > 1
    return outcomes


@pytest.fixture(scope="module")
def worlds(server: Server, strict_server: Server) -> Iterator[dict[str, World]]:
    with server.caller() as one, strict_server.caller() as other:
        yield {"effective": World(one), "strict": World(other)}


# Specs.


def objects(value: Any) -> Any:
    """A spec with each map as an object; an entry without a value has an empty one."""
    if isinstance(value, list):
        return [objects(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: map_of_objects(part) if name == "params" else objects(part)
        for name, part in value.items()
    }


def map_of_objects(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return {entry["key"]: objects(entry.get("value")) or {} for entry in value}


def without_nulls_in_maps(value: Any) -> Any:
    """An entry may lack its value, and then is an empty one; a member of an object may not."""
    if isinstance(value, list):
        return [without_nulls_in_maps(part) for part in value]
    if not isinstance(value, dict):
        return value
    kept = {name: without_nulls_in_maps(part) for name, part in value.items()}
    if isinstance(kept.get("params"), dict):
        kept["params"] = {key: {} if part is None else part for key, part in kept["params"].items()}
    return kept


@st.composite
def one_change(draw: st.DrawFn, spec: Spec) -> Any:
    """A spec with one part replaced, taken out, renamed or added."""
    changed = copy.deepcopy(spec)
    holder, name = draw(st.sampled_from([*places(changed), ({"": changed}, "")]))
    junk = copy.deepcopy(draw(st.sampled_from(JUNK)))
    inside = holder[name] if isinstance(holder[name], dict) else holder
    match draw(st.sampled_from(["replace", "take out", "rename", "add"])):
        case "replace" if holder[name] is not changed:
            holder[name] = junk
        case "take out" if holder[name] is not changed:
            del holder[name]
        case "rename" if isinstance(holder, dict) and holder[name] is not changed:
            holder[draw(st.sampled_from(NAMES))] = holder.pop(str(name))
        case _ if isinstance(inside, dict):
            inside[draw(st.sampled_from(NAMES))] = junk
        case _:
            changed["colour"] = junk
    return without_nulls_in_maps(changed)


small = st.integers(-1, 11)
numbers = st.builds(
    lambda completed, total: {"percent_done": progress(completed, total)}, small, small
)
moments = st.sampled_from(
    [
        *("2015-01-01T20:00:00.000Z", "2015-01-01T21:00:00+00:00", "2015-01-01T22:00:00.5+01:00"),
        *("2015-01-01T22:13:05", "2015-02-29T00:00:00Z", "9999-12-31T23:59:59Z", "", None),
    ]
)
times = st.dictionaries(st.sampled_from(["start_time", "end_time"]), moments)
status = st.sampled_from(["PENDING", "RUNNING", "BLOCKED", "SUCCEEDED", "FAILED", "DONE", None])
statuses: st.SearchStrategy[Spec] = st.fixed_dictionaries({"status": status}) | st.just({})
errors = st.sampled_from([{}, {}, {"error": failure()}, {"error": {}}, {"error": None}])


def merged(parts: Iterable[Any]) -> Spec:
    return {name: part for spec in parts for name, part in spec.items()}


# What the rules let pass, and what they mostly do not.
reported = reports(pending=True).map(lambda pair: objects(pair.sent))
loose = st.tuples(statuses, errors, times, numbers | st.just({})).map(merged)
parents = st.sampled_from([{}, {}, {"parent_task": PARENT}])
born = st.tuples(births, parents).map(lambda pair: with_no_other_parent(*pair))


def with_no_other_parent(birth: Pair, parent: Spec) -> Spec:
    return {**birth.sent, "parent_task": None, **parent}


creates = st.tuples(born, reported | loose).map(merged)
updates = reported | loose
STEPS: dict[str, list[Spec]] = {
    "PENDING": [],
    "RUNNING": [{"status": "RUNNING", "percent_done": progress(3, 10)}],
    "BLOCKED": [{"status": "RUNNING", "percent_done": progress(3, 10)}, {"status": "BLOCKED"}],
    "SUCCEEDED": [{"status": "SUCCEEDED"}],
    "FAILED": [{"status": "FAILED", "error": failure()}],
}


@EXAMPLES
@pytest.mark.parametrize("mode", MODES)
@given(spec=creates | creates.flatmap(one_change))
def test_the_same_create(worlds: dict[str, World], mode: str, spec: Spec) -> None:
    create_everywhere(worlds[mode], spec)


@EXAMPLES
@pytest.mark.parametrize("mode", MODES)
@given(before=st.sampled_from(list(STEPS)), spec=updates | updates.flatmap(one_change))
def test_the_same_update(worlds: dict[str, World], mode: str, before: str, spec: Spec) -> None:
    update_everywhere(worlds[mode], STEPS[before], spec)


# That the outcomes compared are those that should come.

NEW: Spec = {"operation_id": "op", "cancelable": True}
NAMED: dict[str, tuple[Spec, str | None]] = {
    "good": ({**NEW, "status": "RUNNING", "percent_done": progress(1, 2)}, None),
    "params": ({**NEW, "description": {**text("a"), "params": {"k": {"i": 1}}}}, None),
    "a parent": ({**NEW, "parent_task": PARENT}, None),
    "no operation": ({"cancelable": True}, "value.missing_member"),
    "a text for a boolean": ({**NEW, "cancelable": "true"}, "value.wrong_type"),
    "an unknown member": ({**NEW, "colour": 1}, "value.unknown_member"),
    "an unknown status": ({**NEW, "status": "DONE"}, "value.unknown_enumeration"),
    "a bad time": ({**NEW, "start_time": "now"}, "value.bad_date_time"),
    "no map": ({**NEW, "description": {**text("a"), "params": []}}, "value.wrong_type"),
    "over the total": (
        {**NEW, "status": "RUNNING", "percent_done": progress(3, 2)},
        "task.progress_over_total",
    ),
    "no parent": ({**NEW, "parent_task": "nosuchtask"}, "task.parent_unknown"),
    "a result at once": ({**NEW, "result": 1}, "task.result_pending"),
}
STRICTLY = {"a result at once": "spec.field_needs_status"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NAMED)
def test_named_creates(worlds: dict[str, World], mode: str, name: str) -> None:
    spec, expected = NAMED[name]
    outcome = create_everywhere(worlds[mode], spec)
    told = outcome.reason.removeprefix("milepost.") if isinstance(outcome, Refused) else None
    assert told == (STRICTLY.get(name, expected) if mode == "strict" else expected)


@pytest.mark.parametrize("mode", MODES)
def test_named_updates(worlds: dict[str, World], mode: str) -> None:
    refusal, (shown, revision) = update_everywhere(
        worlds[mode], STEPS["RUNNING"], {"percent_done": progress(4, 10)}
    )
    assert (refusal, shown["progress"]["completed"], revision) == (None, 4, 3)
    refusal, (shown, revision) = update_everywhere(
        worlds[mode], STEPS["RUNNING"], {"percent_done": progress(2, 10)}
    )
    assert refusal == (400, "invalid_argument", "milepost.task.progress_backwards")
    assert (shown["progress"]["completed"], revision) == (3, 2)


def test_a_dialect_that_differs_is_noticed(worlds: dict[str, World]) -> None:
    """One that forgets the user, one that refuses, and one that gives another reason."""
    world, create = worlds["effective"], worlds["effective"].clients["/rest"].send_create
    refusal = Refused(400, "invalid_argument", "milepost.value.wrong_type")
    good, bad = {**NEW, "user": "ada"}, {**NEW, "colour": 1}
    others: list[tuple[Spec, Callable[[Spec], str | Refused]]] = [
        (good, lambda spec: create({**spec, "user": None})),
        (good, lambda _: refusal),
        (bad, lambda _: refusal),
    ]
    for spec, other in others:
        outcomes = {"one": world.created(create, spec), "other": world.created(other, spec)}
        with pytest.raises(AssertionError):
            agreed(outcomes)
