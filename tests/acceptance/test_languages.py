"""What the server says in the reader's language, on every door, and that none of it is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from milepost import Client
from milepost.demo.extension import Demo
from tests.rpc import CIS_TASKS, MESSAGE, UNSET, Answer, optional, post, request, structure
from tests.serving import (
    ADMINISTRATOR,
    PASSWORD,
    SESSION,
    Caller,
    Reply,
    Server,
    add_people,
    serving,
)
from tests.spelling import DOORS, Door

KEY = "com.milepost.local"
DE = "copied = {done, plural, one {# Datei} other {# Dateien}} kopiert\nfull = Platte voll\n"
JA = "copied = {done} 個コピー\n"
FILTER_SPEC = "com.vmware.cis.tasks.filter_spec"
LANGUAGES = ("ar", "de", "en", "ja")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which the extension of its administrator has catalogues."""
    with serving(tmp_path_factory.mktemp("languages") / "data") as server:
        with server.caller() as admin:
            files = [{"locale": "de", "text": DE}, {"locale": "ja", "text": JA}]
            assert admin.put(KEY, {"catalogues": files}).status == 201
        yield server


@pytest.fixture
def here(house: Server, door: Door) -> Iterator[Caller]:
    with house.caller(door=door) as caller:
        yield caller


def said(ident: str, words: str, **more: Any) -> dict[str, Any]:
    return {"id": ident, "default_message": words, "args": [], **more}


def copied(done: int) -> dict[str, Any]:
    params = [{"key": "done", "value": {"i": done}}]
    return said("copied", f"{done} files copied", params=params)


def asked(caller: Caller, task_id: str, language: str | None) -> Reply:
    headers = {} if language is None else {"Accept-Language": language}
    return caller.send("GET", f"{caller.door.tasks}/{task_id}", None, headers)


def failed(caller: Caller) -> str:
    """A task that has said all it can."""
    task = caller.create(
        status="RUNNING",
        description=copied(1),
        percent_done={"completed": 3, "total": 9, "message": copied(3)},
    )
    error = {"type": "x.y", "value": {"messages": [said("full", "Full"), said("none", "No idea")]}}
    assert caller.patch(task, {"status": "FAILED", "error": error}).done
    return task


def texts(info: Any) -> list[str | None]:
    """What is localized of a task."""
    error = info["error"].get("value", info["error"])
    found = [info["description"], info["progress"]["message"], *error["messages"]]
    return [message.get("localized") for message in found]


@pytest.mark.parametrize(
    ("language", "shown", "told"),
    [
        ("de-AT, en;q=0.1", ["1 Datei kopiert", "3 Dateien kopiert", "Platte voll", None], "de"),
        ("ja, de;q=0.5", ["1 個コピー", "3 個コピー", "Platte voll", None], "de, ja"),
        ("fr", [None, None, None, None], None),
        ("en, de", [None, None, None, None], None),
        ("de;q=0", [None, None, None, None], None),
        ("*", [None, None, None, None], None),
        ("x" * 5000, [None, None, None, None], None),
        (None, [None, None, None, None], None),
    ],
)
def test_a_task(here: Caller, language: str | None, shown: list[str | None], told: str) -> None:
    reply = asked(here, failed(here), language)
    assert texts(reply.value) == shown
    assert reply.headers.get("content-language") == told
    varies = language is not None and language not in ("de;q=0", "x" * 5000)
    assert reply.headers.get("vary") == ("Accept-Language" if varies else None)
    assert reply.revision == 2


def test_a_list(here: Caller) -> None:
    tasks = [failed(here) for _ in range(3)]
    query = here.door.query("&".join(f"filter_spec.tasks={task}" for task in tasks))
    path = f"{here.door.tasks}?{query}"
    reply = here.send("GET", path, None, {"Accept-Language": "de"})
    assert [texts(info)[1] for info in reply.tasks.values()] == ["3 Dateien kopiert"] * 3
    assert reply.headers["content-language"] == "de"
    plain = here.send("GET", path)
    assert [texts(info) for info in plain.tasks.values()] == [[None] * 4] * 3
    assert not {"content-language", "vary"} & set(plain.headers)


def test_a_sent_text_stays_unless_the_reader_names_the_language(here: Caller) -> None:
    task = here.create(description={**copied(2), "localized": "2 fichiers"})
    for language, shown in (
        ("de", "2 Dateien kopiert"),
        ("fr", "2 fichiers"),
        (None, "2 fichiers"),
    ):
        assert asked(here, task, language).value["description"]["localized"] == shown


@pytest.mark.parametrize("language", ["de", "de-CH, en;q=0.2"])
def test_a_refusal(house: Server, here: Caller, language: str) -> None:
    headers = {"Accept-Language": language}
    path = f"{here.door.tasks}/nosuchtask"
    replies = [
        here.send("GET", path, None, headers),
        here.send("PATCH", f"{here.door.extension_tasks}/nosuchtask", b"x", headers),
        house.call("GET", path, None, headers),
        here.send("PUT", path, None, headers),
        here.send("GET", f"/{here.door.name}/nothing", None, headers),
    ]
    for reply in replies:
        _, (message,) = here.door.refusal(reply.json)
        assert message["localized"] != message["default_message"]
        assert reply.headers["content-language"] == "de"
        assert reply.headers["vary"] == "Accept-Language"
    _, (message,) = here.door.refusal(replies[0].json)
    assert message["localized"] == "task: Es gibt keine Aufgabe nosuchtask."
    assert message["default_message"] == "task: there is no task nosuchtask."


def test_a_refusal_at_v1(house: Server) -> None:
    with house.caller() as admin:
        path, headers = "/v1/extensions/com.none", {"Accept-Language": "de"}
        problem = admin.send("GET", path, None, headers).json
        assert problem["detail"] == "extension: there is no extension com.none."
        localized = problem["messages"][0]["localized"]
        assert localized == "extension: Es gibt keine Erweiterung com.none."


def test_a_header_in_two_lines_is_one_list(house: Server, here: Caller) -> None:
    task = failed(here)
    connection = house.connection()
    connection.putrequest("GET", f"{here.door.tasks}/{task}")
    connection.putheader(SESSION, here.token)
    connection.putheader("Accept-Language", "fr")
    connection.putheader("Accept-Language", "de;q=0.5")
    connection.endheaders()
    reply = connection.getresponse()
    reply.read()
    connection.close()
    assert (reply.status, reply.getheader("content-language")) == (200, "de")


def test_a_refusal_in_no_language(here: Caller) -> None:
    reply = here.send("GET", f"{here.door.tasks}/nosuchtask")
    assert reply.reason == "milepost.task.unknown"
    assert not {"content-language", "vary"} & set(reply.headers)


def test_nothing_rendered_is_stored(house: Server, here: Caller) -> None:
    task = failed(here)
    headers = {"Accept-Language": "de"}
    body = here.door.body({"description": copied(7)})
    here.send("PATCH", f"{here.door.extension_tasks}/{task}", body, headers)
    assert asked(here, task, "de").value["description"]["localized"] == "7 Dateien kopiert"
    assert "localized" not in asked(here, task, None).value["description"]
    with sqlite3.connect(f"file:{house.data}/milepost.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT * FROM tasks").fetchall()
        rows += database.execute("SELECT * FROM events").fetchall()
    database.close()
    kept = "\n".join(map(str, rows))
    assert "7 files copied" in kept
    assert "7 Dateien kopiert" not in kept


def test_milepost_says_why_it_ended_a_task_in_the_readers_language(house: Server) -> None:
    operation = {"id": "waits", "cancel_pending": True}
    with house.caller() as admin:
        known = admin.send("GET", f"/v1/extensions/{KEY}").json
        assert admin.put(KEY, {**known, "operations": [operation]}).status == 200
        task = admin.create(operation_id="waits")
        assert admin.cancel(task).done
        info = asked(admin, task, "de").value
    assert info["status"] == "FAILED"
    assert info["error"]["type"].endswith(".canceled")
    (message,) = info["error"]["value"]["messages"]
    assert message["id"] == "milepost.task.canceled"
    assert message["localized"] == "Die Aufgabe wurde abgebrochen, bevor sie begonnen hatte."


# The demo.


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, list[str]]]:
    """A server on which the demo has run, and what the demo told."""
    with serving(tmp_path_factory.mktemp("demo") / "data") as server:
        told: list[str] = []
        with Client(server.url, user=ADMINISTRATOR, password=PASSWORD) as client:
            Demo(client, told.append, alive=10, most=12, speed=1000, seed=1).run()
            # Whoever comes again changes nothing.
            Demo(client, told.append, alive=1, most=1, speed=1000, seed=1).run()
        yield server, told


@pytest.mark.parametrize("door", list(DOORS.values()), ids=list(DOORS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tasks_of_the_demo_in_each_language(
    shown: tuple[Server, list[str]], language: str, door: Door
) -> None:
    server, _ = shown
    headers = {"Accept-Language": language}
    with server.caller(door=door) as admin:
        query = door.query(f"filter_spec.services={KEY}")
        reply = admin.send("GET", f"{door.tasks}?{query}", None, headers)
    assert len(reply.tasks) == 13
    assert reply.headers["content-language"] == language
    for info in reply.tasks.values():
        messages = [info["description"], info["progress"]["message"]]
        if "error" in info:
            messages += info["error"].get("value", info["error"])["messages"]
        for message in messages:
            english = message["localized"].replace(",", "") == message["default_message"]
            assert english == (language == "en"), message
            assert "com.milepost" not in message["localized"]


def test_the_demo_is_registered_once(shown: tuple[Server, list[str]]) -> None:
    server, told = shown
    assert told.count(f"The catalogues of the demo are registered for {KEY}.") == 2
    with server.caller() as admin:
        found = admin.send("GET", f"/v1/extensions/{KEY}")
    assert found.json["name"] == "Milepost demo"
    assert [catalogue["locale"] for catalogue in found.json["catalogues"]] == list(LANGUAGES)
    assert found.etag == '"1"'


def test_the_demo_leaves_another_extension_alone(house: Server) -> None:
    told: list[str] = []
    with (
        house.caller() as admin,
        Client(house.url, user=ADMINISTRATOR, password=PASSWORD) as client,
    ):
        before = admin.send("GET", f"/v1/extensions/{KEY}").body
        Demo(client, told.append, alive=1, most=1, speed=1000, seed=1).run()
        assert admin.send("GET", f"/v1/extensions/{KEY}").body == before
    assert told[0] == (
        f"{KEY} is another extension; the catalogues of the demo are not registered."
    )


def test_the_demo_of_an_extension_says_who_may_register(tmp_path: Path) -> None:
    add_people(tmp_path / "data", {"demo": ("extension", "com.demo")})
    told: list[str] = []
    with (
        serving(tmp_path / "data") as server,
        Client(server.url, user="demo", password=PASSWORD) as client,
    ):
        Demo(client, told.append, alive=1, most=1, speed=1000, seed=1).run()
    assert told[0] == "Only an administrator may register the catalogues of the demo."


# The same over JSON-RPC, where the application context goes before the headers.


def over_rpc(house: Server, operation: str, fields: Any, app: Any, **headers: str) -> Answer:
    body = request(CIS_TASKS, operation, fields, app=app)
    with house.caller() as caller:
        return post(house, body, {SESSION: caller.token, **headers})


def localized(fields: Any) -> Any:
    """The ``localized`` of a message, which comes in an optional."""
    return fields["STRUCTURE"][MESSAGE].get("localized", UNSET)["OPTIONAL"]


@pytest.mark.parametrize(
    ("app", "headers", "shown"),
    [
        ({"$acceptLang": "de"}, {}, "1 Datei kopiert"),
        ({}, {"Accept-Language": "de"}, "1 Datei kopiert"),
        ({"$acceptLang": "ja"}, {"Accept-Language": "de"}, "1 個コピー"),
        ({"$acceptLang": "fr"}, {}, None),
        ({}, {}, None),
    ],
)
def test_a_task_over_json_rpc(
    house: Server, app: Any, headers: dict[str, str], shown: str | None
) -> None:
    with house.caller() as caller:
        task = failed(caller)
    answer = over_rpc(house, "get", {"task": task}, app, **headers)
    ((info),) = answer.output["STRUCTURE"].values()
    assert localized(info["description"]) == shown
    listed = over_rpc(
        house,
        "list",
        {"filter_spec": optional(structure(FILTER_SPEC, {"tasks": optional([task])}))},
        app,
        **headers,
    )
    ((entry),) = listed.output
    ((info),) = entry["STRUCTURE"]["map-entry"]["value"]["STRUCTURE"].values()
    assert localized(info["description"]) == shown


def test_a_refusal_over_json_rpc(house: Server) -> None:
    answer = over_rpc(house, "get", {"task": "nosuchtask"}, {"$acceptLang": "de"})
    assert answer.refusal == "not_found"
    assert answer.ours["localized"] == {"OPTIONAL": "task: Es gibt keine Aufgabe nosuchtask."}
    assert answer.reply.headers["content-language"] == "de"
    plain = over_rpc(house, "get", {"task": "nosuchtask"}, {"$acceptLang": 5})
    assert plain.ours.get("localized", UNSET) == UNSET


# Times are written for the reader, when he says where he is and how he is used to it.

AT = "done = fertig um {at, time, short} am {at, date, short}\n"
READERS: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "fertig um 22:13 am 01.01.15"),
    ({"timezone": "Europe/Berlin"}, "fertig um 23:13 am 01.01.15"),
    ({"timezone": "nowhere", "format-locale": "x"}, "fertig um 22:13 am 01.01.15"),
    ({"format-locale": "en-GB"}, "fertig um 22:13 am 01/01/2015"),
)


@pytest.mark.parametrize(("reader", "shown"), READERS)
def test_times_are_written_for_their_reader(
    tmp_path_factory: pytest.TempPathFactory, reader: dict[str, str], shown: str
) -> None:
    with serving(tmp_path_factory.mktemp("times") / "data") as server, server.caller() as caller:
        assert caller.put(KEY, {"catalogues": [{"locale": "de", "text": AT}]}).status == 201
        params = [{"key": "at", "value": {"dt": "2015-01-01T22:13:05Z"}}]
        task = caller.create(description=said("done", "Done", params=params))
        reply = caller.send(
            "GET", f"{caller.door.tasks}/{task}", None, {"Accept-Language": "de", **reader}
        )
        assert reply.value["description"]["localized"] == shown
        answer = over_rpc(server, "get", {"task": task}, {"$acceptLang": "de", **reader})
        ((info),) = answer.output["STRUCTURE"].values()
        assert localized(info["description"]) == shown
