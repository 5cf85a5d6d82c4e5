"""The status of every refusal, and what the edge does with faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from milepost.access.passwords import PasswordChecker
from milepost.access.sessions import SessionLimits, Sessions
from milepost.doors import app as edge
from milepost.doors.app import Application
from milepost.doors.credentials import Gate
from milepost.doors.messages import Answer, Disconnected, Head, Request
from milepost.doors.refusals import Header, Refuse, status_of
from milepost.doors.routing import Auth, Route, Router
from milepost.rules import reasons
from milepost.rules.reasons import REASONS, Refusal
from milepost.rules.task import DEFAULT_RULES
from milepost.service.extensions import Extensions
from milepost.service.localizing import Texts
from milepost.store.base import Overloaded, Unavailable
from milepost.store.sqlite.store import open_store
from milepost.texts import own_texts

STATUS = {
    "ALREADY_EXISTS": 400,
    "CANCELED": 400,
    "CONCURRENT_CHANGE": 409,
    "ERROR": 500,
    "INVALID_ARGUMENT": 400,
    "INVALID_REQUEST": 400,
    "NOT_ALLOWED_IN_CURRENT_STATE": 400,
    "NOT_FOUND": 404,
    "OPERATION_NOT_FOUND": 404,
    "RESOURCE_BUSY": 429,
    "RESOURCE_INACCESSIBLE": 400,
    "SERVICE_UNAVAILABLE": 503,
    "TIMED_OUT": 504,
    "UNAUTHENTICATED": 401,
    "UNAUTHORIZED": 403,
    "UNEXPECTED_INPUT": 400,
    "UNSUPPORTED": 400,
}
OF_HTTP = {
    "milepost.extension.changed": 412,
    "milepost.http.no_such_method": 405,
    "milepost.http.body_too_large": 413,
    "milepost.http.url_too_long": 414,
    "milepost.http.wrong_media_type": 415,
    "milepost.http.headers_too_large": 431,
    "milepost.http.late": 408,
    "milepost.watch.position_gone": 410,
    "milepost.task.revision_mismatch": 412,
}


@pytest.mark.parametrize("ident", REASONS)
def test_the_status_of_every_reason(ident: str) -> None:
    reason = REASONS[ident]
    args = tuple(f"<{number}>" for number in range(reason.text.count("{")))
    expected = OF_HTTP.get(ident) or STATUS[reason.error.value]
    assert status_of(Refusal(reason, args)) == expected


def play(
    tmp_path: Path, fault: Exception, *, path: bytes = b"/", pairs: Sequence[Header] = ()
) -> Answer:
    """What the edge answers when its only handler raises a fault."""

    async def handler(_request: Request) -> Answer:
        raise fault

    async def nothing() -> None:
        """Neither start nor stop matters here."""

    async def played() -> Answer:
        store, passwords = open_store(tmp_path), PasswordChecker()
        router = Router([Route("GET", "/", handler, Auth.OPEN, operation="a", summary="")])
        gate = Gate(Sessions(store, passwords, SessionLimits()), lambda: 0)
        texts = Texts(Extensions(store, DEFAULT_RULES, own_texts()), own_texts())
        app = Application(router, gate, texts, start=nothing, stop=nothing)
        try:
            return await app.answer(Request(Head("GET", path, list(pairs), "1.0"), 10))
        finally:
            passwords.close()
            await store.close()

    return asyncio.run(played())


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (Unavailable("disk full at /srv"), 503, "SERVICE_UNAVAILABLE"),
        (Overloaded(3), 429, "RESOURCE_BUSY"),
        (Refuse(reasons.NOT_READY), 503, "SERVICE_UNAVAILABLE"),
        (ValueError("a secret of ours"), 500, "ERROR"),
        (AssertionError(), 500, "ERROR"),
        (RecursionError("deep"), 500, "ERROR"),
    ],
    ids=lambda part: type(part).__name__ if isinstance(part, Exception) else str(part),
)
def test_faults_are_answered_without_their_text(
    tmp_path: Path, fault: Exception, status: int, error: str
) -> None:
    answer = play(tmp_path, fault)
    headers, body = dict(answer.headers), json.loads(answer.body)
    assert (answer.status, body["value"]["error_type"]) == (status, error)
    assert (b"retry-after" in headers) == (status in (429, 503))
    if b"retry-after" in headers:
        assert int(headers[b"retry-after"]) >= 1
    for secret in ("disk full", "/srv", "secret", "deep", "Traceback"):
        assert secret not in json.dumps(body)


def test_an_internal_fault_is_logged_under_the_id_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[dict[str, Any]] = []

    class Log:
        def error(self, _event: str, **fields: Any) -> None:
            logged.append(fields)

    monkeypatch.setattr(edge, "log", Log())
    fault = ValueError("a secret of ours")
    body = json.loads(play(tmp_path, fault).body)
    (request_id,) = body["value"]["messages"][0]["args"]
    (fields,) = logged
    assert (fields["request_id"], fields["exc_info"]) == (request_id, fault)


def test_nobody_is_answered_who_went_away(tmp_path: Path) -> None:
    with pytest.raises(Disconnected):
        play(tmp_path, Disconnected())


def test_a_long_path_is_shown_in_part(tmp_path: Path) -> None:
    body = json.loads(play(tmp_path, Disconnected(), path=b"/" + b"a" * 5000).body)
    assert len(body["value"]["messages"][0]["default_message"]) < 200
