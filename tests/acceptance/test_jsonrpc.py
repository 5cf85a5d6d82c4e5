"""JSON-RPC on a running server: who is asked, what is answered, and in which order."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from tests.rpc import (
    API,
    CIS_TASKS,
    CREATE_SPEC,
    EXTENSION,
    INTROSPECTION,
    SESSIONS,
    UNSET,
    UPDATE_SPEC,
    Answer,
    create_spec,
    done,
    error,
    header,
    invoke,
    log_in,
    mapped,
    optional,
    post,
    request,
    said,
    session_id,
    structure,
    update_spec,
    user_pass,
)
from tests.serving import ADMINISTRATOR, JSON, PASSWORD, SESSION, Caller, Server, basic, serving
from tests.spelling import ERRORS

Json = Any
INFO = "com.vmware.cis.task.info"
UNKNOWN = "nosuchtasknosuchtasknosuch"


def update(caller: Caller, task_id: str, **fields: Json) -> Answer:
    spec = update_spec(**fields)
    return invoke(caller, EXTENSION, "update", {"task_id": task_id, "spec": spec})


def shown(caller: Caller, task_id: str) -> Json:
    """The fields of a task as JSON-RPC shows it."""
    return invoke(caller, CIS_TASKS, "get", {"task": task_id}).output["STRUCTURE"][INFO]


# The life of a task.


def test_a_task_from_its_creation_to_its_end(admin: Caller) -> None:
    created = invoke(admin, EXTENSION, "create", {"spec": create_spec(user="ada")})
    task_id = created.output
    assert created.reply.etag == '"1"'
    for revision, fields in enumerate(
        (
            {"status": "RUNNING", "percent_done": done(1, 2)},
            {"description": said("Backup of web-01")},
            {"status": "SUCCEEDED", "result": structure("com.acme.report", {"disks": 3})},
        ),
        start=2,
    ):
        answer = update(admin, task_id, **fields)
        assert answer.output is None
        assert answer.reply.revision == revision
    fields = shown(admin, task_id)
    assert fields["status"] == "SUCCEEDED"
    assert fields["user"] == optional("ada")
    assert fields["result"] == optional(structure("com.acme.report", {"disks": 3}))
    assert admin.get(task_id).value["result"] == {"disks": 3}
    assert admin.get(task_id).value["description"]["default_message"] == "Backup of web-01"


def test_a_task_of_rest_is_the_same_task(admin: Caller) -> None:
    task_id = admin.create(
        status="RUNNING", result={"a": [1, None]}, start_time="2015-01-01T00:00:00Z"
    )
    fields = shown(admin, task_id)
    inner = structure("None", {"a": [1, UNSET]})
    assert fields["result"] == optional(inner)
    assert fields["start_time"] == optional("2015-01-01T00:00:00.000Z")


def test_an_error_on_both_doors(admin: Caller) -> None:
    sent = error(
        ERRORS + "timed_out", {"messages": [said("Late")], "data": optional(structure("a.b", {}))}
    )
    task_id = admin.create(status="RUNNING")
    assert update(admin, task_id, status="FAILED", error=sent).output is None
    value = admin.get(task_id).value["error"]
    assert value["type"] == ERRORS + "timed_out"
    assert value["value"]["data"] == {}
    ((name, fields),) = shown(admin, task_id)["error"]["OPTIONAL"]["ERROR"].items()
    assert name == ERRORS + "timed_out"
    assert fields["data"] == optional(structure("a.b", {}))
    assert fields["error_type"] == optional("TIMED_OUT")


def test_the_limits_count_the_value_alone(admin: Caller) -> None:
    """A result of 64 levels takes 250 in its envelope."""
    value: Json = {"SECRET": "x"}
    for _ in range(64):
        value = structure("com.acme.level", {"x": optional(value)})
    task_id = admin.create(status="RUNNING")
    assert update(admin, task_id, result=value).output is None
    assert shown(admin, task_id)["result"] == optional(value)
    assert update(admin, task_id, result=[value]).refusal == "invalid_argument"


def test_list(admin: Caller) -> None:
    tasks = {admin.create(status=status) for status in ("PENDING", "RUNNING")}
    tasks_filter = {"tasks": optional(sorted(tasks)), "status": optional(["RUNNING"])}
    spec = structure("com.vmware.cis.tasks.filter_spec", tasks_filter)
    output = invoke(admin, CIS_TASKS, "list", {"filter_spec": optional(spec)}).output
    (entry,) = output
    assert entry["STRUCTURE"]["map-entry"]["key"] in tasks
    assert entry["STRUCTURE"]["map-entry"]["value"]["STRUCTURE"][INFO]["status"] == "RUNNING"
    assert invoke(admin, CIS_TASKS, "list").refusal == "invalid_argument"


def test_results_are_left_out_on_wish(admin: Caller) -> None:
    task_id = admin.create(status="RUNNING", result=5)
    wish = structure("com.vmware.cis.tasks.get_spec", {"exclude_result": {"OPTIONAL": True}})
    output = invoke(admin, CIS_TASKS, "get", {"task": task_id, "spec": optional(wish)}).output
    assert output["STRUCTURE"][INFO]["result"] == UNSET
    spec = structure("com.vmware.cis.tasks.filter_spec", {"tasks": optional([task_id])})
    fields = {"filter_spec": optional(spec), "result_spec": optional(wish)}
    (entry,) = invoke(admin, CIS_TASKS, "list", fields).output
    assert entry["STRUCTURE"]["map-entry"]["value"]["STRUCTURE"][INFO]["result"] == UNSET


def test_cancel_and_how_the_extension_hears_of_it(admin: Caller) -> None:
    task_id = admin.create(status="RUNNING")
    assert invoke(admin, CIS_TASKS, "cancel", {"task": task_id}).reply.etag == '"2"'
    answer = update(admin, task_id, percent_done=done(1, 2))
    assert answer.reply.headers["milepost-cancel-requested"] == "true"
    refused = update(admin, task_id, percent_done=done(3, 2))
    assert refused.refusal == "invalid_argument"
    assert refused.reply.headers["milepost-cancel-requested"] == "true"
    broken = update(admin, task_id, colour="red")
    assert broken.refusal == "unexpected_input"
    assert broken.reply.headers["milepost-cancel-requested"] == "true"
    assert broken.reply.etag == '"3"'


# Refusals.


def test_refusals_of_the_service_have_our_message(admin: Caller) -> None:
    task_id = admin.create(status="SUCCEEDED")
    answer = update(admin, task_id, status="RUNNING")
    assert (answer.refusal, answer.ids) == (
        "not_allowed_in_current_state",
        ["milepost.task.finished"],
    )
    assert answer.reply.etag == '"1"'


def test_an_unknown_task(admin: Caller) -> None:
    """The update declares no not_found, so it says invalid_argument."""
    answer = update(admin, UNKNOWN, status="RUNNING")
    assert (answer.refusal, answer.ids) == ("invalid_argument", ["milepost.task.unknown"])
    for operation in ("get", "cancel"):
        answer = invoke(admin, CIS_TASKS, operation, {"task": UNKNOWN})
        assert (answer.refusal, answer.ids) == ("not_found", ["milepost.task.unknown"])


def test_a_field_of_a_wrong_type_has_both_messages(admin: Caller) -> None:
    task_id = admin.create()
    answer = update(admin, task_id, status=5)
    assert answer.refusal == "invalid_argument"
    assert answer.ids == ["vapi.data.structure.field.invalid", "milepost.value.wrong_type"]
    assert answer.messages[0]["args"] == ["spec", "operation-input"]
    assert "spec.status: the number 5" in answer.ours["default_message"]
    assert answer.reply.etag == '"1"'


def test_a_union_fault_has_both_messages(strict_server: Server) -> None:
    with strict_server.caller() as caller:
        task_id = caller.create(status="RUNNING")
        answer = update(caller, task_id, result=1)
        assert answer.refusal == "invalid_argument"
        assert answer.ids == ["vapi.data.structure.union.extra", "milepost.spec.field_needs_status"]
        assert answer.messages[0]["args"] == [UPDATE_SPEC, "result"]
        answer = invoke(caller, EXTENSION, "create", {"spec": create_spec(result=1)})
        assert answer.messages[0]["args"] == [CREATE_SPEC, "result"]


def test_operations_nobody_has(admin: Caller) -> None:
    answer = invoke(admin, "com.vmware.vcenter.VM", "list")
    assert answer.refusal == "operation_not_found"
    assert answer.ids == ["vapi.method.input.invalid.interface", "milepost.rpc.no_such_service"]
    answer = invoke(admin, EXTENSION, "delete")
    assert answer.ids == ["vapi.method.input.invalid.method", "milepost.rpc.no_such_operation"]


def test_what_json_forbids_in_an_input(admin: Caller) -> None:
    task_id = admin.create()
    spec = update_spec(description=said("x"))
    body = json.dumps(request(EXTENSION, "update", {"task_id": task_id, "spec": spec}))
    answer = Answer(admin.send("POST", API, body.replace('"x"', r'"\u0000"').encode()))
    assert (answer.refusal, answer.ids) == ("invalid_argument", ["milepost.json.nul_in_text"])
    assert answer.reply.etag == '"1"'


def test_a_body_that_names_no_task_has_no_revision(admin: Caller) -> None:
    for fields in ({}, {"task_id": 5, "spec": update_spec()}, {"task_id": UNKNOWN}):
        answer = invoke(admin, EXTENSION, "update", fields)
        assert answer.refusal == "invalid_argument"
        assert answer.reply.etag is None


def test_a_task_id_that_is_no_text(admin: Caller) -> None:
    body = json.dumps(request(EXTENSION, "update", {"task_id": "\ud800", "spec": update_spec()}))
    answer = Answer(admin.send("POST", API, body.encode()))
    assert (answer.refusal, answer.ids) == ("invalid_argument", ["milepost.json.lone_surrogate"])
    assert answer.reply.etag is None


# What is no call.


def test_transport_errors(server: Server) -> None:
    for body, code in (
        (b"{", -32700),
        ([request(SESSIONS, "get")], -32600),
        ({**request(SESSIONS, "get"), "method": "x"}, -32601),
        ({**request(SESSIONS, "get"), "params": []}, -32602),
    ):
        answer = post(server, body)
        assert (answer.code, answer.reply.status) == (code, 200)


def test_a_value_that_is_none_is_invalid_params(admin: Caller) -> None:
    spec = update_spec(result={"FOO": 1})
    body = request(EXTENSION, "update", {"task_id": "t", "spec": spec})
    answer = Answer(admin.send("POST", API, json.dumps(body).encode()))
    assert (answer.code, answer.reply.json["id"]) == (-32602, "1")
    # Who may not call is not told what is wrong.
    assert post(admin.server, body).refusal == "unauthenticated"


def test_headers_that_name_another_operation(server: Server) -> None:
    headers = {"vapi-service": EXTENSION, "vapi-operation": "create"}
    assert post(server, request(SESSIONS, "get"), headers).code == -31001


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
def test_other_methods(server: Server, method: str) -> None:
    reply = server.call(method, API)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    if method != "HEAD":
        assert Answer(reply).code == -32600
        assert reply.json["id"] is None


def test_other_media_types_and_sizes(server: Server) -> None:
    body = json.dumps(request(SESSIONS, "get")).encode()
    reply = server.call("POST", API, body, {"Content-Type": "text/plain"})
    assert (reply.status, Answer(reply).code) == (415, -32600)
    reply = server.call("POST", API, b" " * (1024 * 1024 + 1), JSON)
    assert (reply.status, Answer(reply).code) == (413, -32600)
    reply = server.call("POST", API + "?x=1", body, JSON)
    assert (reply.status, Answer(reply).code) == (400, -32600)
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert Answer(server.call("POST", API + "?", body, charset)).refusal == "unauthenticated"


def test_paths_beside_it_are_not_it(server: Server) -> None:
    for path in ("/api/", "/api/x", "/apix"):
        reply = server.call("POST", path, b"{}", JSON)
        assert reply.status == 404
        assert b"jsonrpc" not in reply.body


# Who asks.


def test_a_session_by_its_body(server: Server) -> None:
    answer = log_in(server, ADMINISTRATOR, PASSWORD)
    token = answer.output["SECRET"]
    assert "set-cookie" not in answer.reply.headers
    body = request(SESSIONS, "get", security=session_id(token))
    fields = post(server, body).output["STRUCTURE"]["com.vmware.cis.session.info"]
    assert fields["user"] == ADMINISTRATOR
    assert set(fields) == {"user", "created_time", "last_accessed_time"}
    assert post(server, request(SESSIONS, "delete", security=session_id(token))).output is None
    assert post(server, body).ids == ["milepost.access.session_unknown"]


def test_a_login_by_its_header(server: Server) -> None:
    answer = post(server, request(SESSIONS, "create"), basic(ADMINISTRATOR, PASSWORD))
    token = answer.output["SECRET"]
    assert post(server, request(SESSIONS, "delete"), header(token)).output is None


@pytest.mark.parametrize(
    ("security", "headers", "reason"),
    [
        ({}, {}, "login_needs_password"),
        (session_id("x"), {}, "login_needs_password"),
        (user_pass(ADMINISTRATOR, None), {}, "login_needs_password"),
        (user_pass(5, PASSWORD), {}, "login_needs_password"),
        (user_pass(ADMINISTRATOR, "wrong"), {}, "login_failed"),
        (user_pass("nobody", PASSWORD), {}, "login_failed"),
        ({}, {"Authorization": "Bearer x"}, "login_needs_basic"),
        # What comes first decides alone.
        (user_pass(ADMINISTRATOR, "wrong"), basic(ADMINISTRATOR, PASSWORD), "login_failed"),
    ],
)
def test_logins_that_are_none(
    server: Server, security: Json, headers: dict[str, str], reason: str
) -> None:
    answer = post(server, request(SESSIONS, "create", security=security), headers)
    assert (answer.refusal, answer.ids) == ("unauthenticated", [f"milepost.access.{reason}"])


def test_too_many_failed_logins(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        for _ in range(10):
            assert log_in(server, ADMINISTRATOR, "wrong").refusal == "unauthenticated"
        answer = log_in(server, ADMINISTRATOR, PASSWORD)
        assert answer.refusal == "resource_busy"
        assert int(answer.reply.headers["retry-after"]) >= 1


GOOD, BAD = "good", "bad"
NO_AUTHENTICATION = {"schemeId": "com.vmware.vapi.std.security.no_authentication"}


@pytest.mark.parametrize(
    ("header_token", "body", "cookie", "reason"),
    [
        (GOOD, session_id(BAD), BAD, None),
        (GOOD, {"schemeId": "com.acme.saml"}, BAD, None),
        (BAD, session_id(GOOD), GOOD, "session_unknown"),
        (None, session_id(GOOD), BAD, None),
        (None, session_id(BAD), GOOD, "session_unknown"),
        (None, session_id(None), GOOD, "no_session"),
        (None, session_id(5), GOOD, "no_session"),
        (None, user_pass(ADMINISTRATOR, PASSWORD), GOOD, "unknown_scheme"),
        (None, {"schemeId": 5}, GOOD, "unknown_scheme"),
        (None, {}, GOOD, None),
        (None, {"schemeId": None}, GOOD, None),
        (None, NO_AUTHENTICATION, GOOD, None),
        (None, {}, BAD, "session_unknown"),
        (None, {}, None, "no_session"),
    ],
)
def test_the_first_credential_decides_alone(
    server: Server, header_token: str | None, body: Json, cookie: str | None, reason: str | None
) -> None:
    with server.caller() as caller:
        token = caller.token
    text = json.dumps(request(SESSIONS, "get", security=body)).replace(f'"{GOOD}"', f'"{token}"')
    given = {GOOD: token, BAD: BAD}
    headers = {} if header_token is None else header(given[header_token])
    if cookie is not None:
        headers["Cookie"] = f"other=1; {SESSION}={given[cookie]}"
    answer = post(server, text.encode(), headers)
    if reason is None:
        assert answer.output
    else:
        assert (answer.refusal, answer.ids) == ("unauthenticated", [f"milepost.access.{reason}"])


def test_a_cookie_of_another_page_does_not_count(server: Server) -> None:
    with server.caller() as caller:
        headers = {"Cookie": f"{SESSION}={caller.token}", "Origin": "https://evil.example"}
    answer = post(server, request(SESSIONS, "get"), headers)
    assert (answer.refusal, answer.ids) == ("unauthorized", ["milepost.access.foreign_origin"])


def test_logout_by_cookie_and_by_header(server: Server) -> None:
    for name, form in (("Cookie", f"{SESSION}={{}}"), (SESSION, "{}")):
        headers = {name: form.format(server.login())}
        assert post(server, request(SESSIONS, "delete"), headers).output is None
        assert post(server, request(SESSIONS, "delete"), headers).refusal == "unauthenticated"


def test_a_connection_is_kept(server: Server) -> None:
    """After a refusal of any kind too."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    for body in (b"{", json.dumps(request(SESSIONS, "get")).encode(), b"[]"):
        connection.request("POST", API, body, JSON)
        answer = connection.getresponse()
        assert answer.status == 200
        assert json.loads(answer.read())["jsonrpc"] == "2.0"
    connection.close()


# Introspection.


def test_introspection_needs_no_session(server: Server) -> None:
    names = post(server, request(INTROSPECTION + "service", "list")).output
    assert names[:3] == [SESSIONS, CIS_TASKS, EXTENSION]
    info = post(server, request(INTROSPECTION + "service", "get", {"id": EXTENSION})).output
    assert info == structure(INTROSPECTION + "service.info", {"operations": ["create", "update"]})
    listed = request(INTROSPECTION + "operation", "list", {"service_id": EXTENSION})
    assert post(server, listed).output == ["create", "update"]
    asked = {"service_id": EXTENSION, "operation_id": "update"}
    info = post(server, request(INTROSPECTION + "operation", "get", asked)).output
    assert set(info["STRUCTURE"][INTROSPECTION + "operation.info"]) == {
        "input_definition",
        "output_definition",
        "error_definitions",
    }
    provider = post(server, request(INTROSPECTION + "provider", "get")).output
    assert provider["STRUCTURE"][INTROSPECTION + "provider.info"]["id"] == "milepost"


def test_introspection_of_what_is_not_there(server: Server) -> None:
    for kind, operation, fields, ident in (
        ("service", "get", {"id": "x"}, "service.not_found"),
        ("operation", "list", {"service_id": "x"}, "operation.service.not_found"),
        (
            "operation",
            "get",
            {"service_id": "x", "operation_id": "y"},
            "operation.service.not_found",
        ),
        ("operation", "get", {"service_id": EXTENSION, "operation_id": "y"}, "operation.not_found"),
    ):
        answer = post(server, request(INTROSPECTION + kind, operation, fields))
        assert answer.refusal == "not_found"
        assert answer.ids[0] == f"vapi.introspection.{ident}"


def test_params_of_messages_are_maps(admin: Caller) -> None:
    param = structure("com.vmware.vapi.std.localization_param", {"s": optional("web-01")})
    message = said("Backup of web-01", params=optional(mapped({"vm": param})))
    task_id = invoke(admin, EXTENSION, "create", {"spec": create_spec(description=message)}).output
    assert admin.get(task_id).value["description"]["params"] == [
        {"key": "vm", "value": {"s": "web-01"}}
    ]
