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
        route("POST", "/jobs:many"),
        route("GET", "/jobs/{job}"),
        route("POST", "/jobs/{job}:stop"),
        route("POST", "/jobs/{job}:stop/{why}"),
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
    *(b"vmware-api-session-id", b"idempotency-key", b"if-match"),
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


@pytest.mark.parametrize(
    ("path", "template", "params"),
    [
        (b"/jobs:many", "/jobs:many", ()),
        (b"/jobs/a:stop", "/jobs/{job}:stop", ("a",)),
        (b"/jobs/a:stop/b", "/jobs/{job}:stop/{why}", ("a", "b")),
        (b"/jobs/a:b:stop", "/jobs/{job}:stop", ("a:b",)),
        (b"/jobs/a%3Ab:stop", "/jobs/{job}:stop", ("a:b",)),
        # An encoded colon is a part of the parameter, and so is what is no verb.
        (b"/jobs/a%3Astop", "/jobs/{job}", ("a:stop",)),
        (b"/jobs/a:go", "/jobs/{job}", ("a:go",)),
        (b"/jobs/a:Stop", "/jobs/{job}", ("a:Stop",)),
        (b"/jobs/a:stop:", "/jobs/{job}", ("a:stop:",)),
        (b"/jobs/many", "/jobs/{job}", ("many",)),
    ],
)
def test_verbs(path: bytes, template: str, params: tuple[str, ...]) -> None:
    match = ROUTER.find(path)
    assert match is not None
    assert match.params == params
    assert {found.path for found in match.routes.values()} == {template}


@pytest.mark.parametrize("path", [b"/jobs/:stop", b"/jobs:stop", b"/jobs/%00:stop", b"/jobs:"])
def test_verbs_of_nothing(path: bytes) -> None:
    assert ROUTER.find(path) is None


def test_other_headers_may_come_again() -> None:
    assert set(single_headers([(b"accept", b"1"), (b"accept", b"2")])) == {b"accept"}
