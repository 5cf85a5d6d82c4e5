"""Routes: paths to handlers, and headers that may come once."""

from __future__ import annotations

import pytest

from milepost.doors.messages import Answer, Request, single_headers
from milepost.doors.refusals import Refuse, status_of
from milepost.doors.routing import Auth, Route, Router
from milepost.rules import reasons


async def handler(_request: Request) -> Answer:
    return Answer(200)


def route(method: str, path: str) -> Route:
    return Route(method, path, handler, Auth.OPEN, operation=f"{method} {path}", summary="")


ROUTER = Router(
    [
        route("GET", "/tasks"),
        route("POST", "/tasks"),
        route("GET", "/tasks/{task}"),
        route("GET", "/tasks/{task}/events/{number}"),
    ]
)


@pytest.mark.parametrize(
    ("path", "template", "params"),
    [
        (b"/tasks", "/tasks", ()),
        (b"/tasks/a", "/tasks/{task}", ("a",)),
        (b"/tasks/a%2Fb", "/tasks/{task}", ("a/b",)),
        (b"/tasks/a%3ab", "/tasks/{task}", ("a:b",)),
        (b"/tasks/%C3%A4", "/tasks/{task}", ("ä",)),
        (b"/tasks/%25", "/tasks/{task}", ("%",)),
        (b"/tasks/a+b", "/tasks/{task}", ("a+b",)),
        (b"/tasks/%", "/tasks/{task}", ("%",)),
        (b"/tasks/{task}", "/tasks/{task}", ("{task}",)),
        (b"/tasks/a/events/1", "/tasks/{task}/events/{number}", ("a", "1")),
    ],
)
def test_paths_that_lead_somewhere(path: bytes, template: str, params: tuple[str, ...]) -> None:
    match = ROUTER.find(path)
    assert match is not None
    assert match.params == params
    assert {found.path for found in match.routes.values()} == {template}
    assert set(match.routes) == ({"GET", "POST"} if template == "/tasks" else {"GET"})


@pytest.mark.parametrize(
    "path",
    [
        *(b"", b"/", b"/task", b"/tasks/", b"/tasks//", b"//tasks", b"/Tasks", b"tasks"),
        *(
            b"/tasks/a/",
            b"/tasks/a/b",
            b"/tasks/a/events/",
            b"/tasks/%FF",
            b"/tasks/%00",
            b"/t%61sks",
        ),
    ],
)
def test_paths_that_lead_nowhere(path: bytes) -> None:
    assert ROUTER.find(path) is None


DECIDING = (
    *(b"authorization", b"content-length", b"content-type", b"cookie", b"host", b"origin"),
    b"vmware-api-session-id",
)


SECRET = (b"authorization", b"cookie", b"vmware-api-session-id")


@pytest.mark.parametrize("name", DECIDING)
def test_a_header_that_decides_comes_once(name: bytes) -> None:
    assert single_headers([(name, b"1"), (b"accept", b"2")]) == {name: b"1", b"accept": b"2"}
    with pytest.raises(Refuse) as caught:
        single_headers([(name, b"1"), (b"accept", b"2"), (name, b"1")])
    refusal = caught.value.refusal
    shown = "not shown" if name in SECRET else "1"
    assert (refusal.reason, refusal.args) == (reasons.REPEATED_HEADER, (name.decode(), shown))
    assert status_of(refusal) == 400


def test_other_headers_may_come_again() -> None:
    assert set(single_headers([(b"accept", b"1"), (b"accept", b"2")])) == {b"accept"}
