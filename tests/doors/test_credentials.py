"""Credentials as text: cookies, Basic, origins."""

from __future__ import annotations

import base64

import pytest

from milepost.doors.credentials import (
    SESSION,
    basic_of,
    cookie_header,
    cookie_of,
    refuse_foreign_origin,
    token_of,
)
from milepost.doors.messages import Head, Request
from milepost.doors.refusals import Refuse
from milepost.rules import reasons


def request(*, scheme: str = "http", **headers: str) -> Request:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request(Head("POST", b"/", pairs, "1.0", secure=scheme == "https"), 0)


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("", None),
        (f"{SESSION}=abc", "abc"),
        (f'{SESSION}="abc"', "abc"),
        (f"a=b; {SESSION}=abc ;c=d", "abc"),
        (f"a=b;{SESSION}=a=b", "a=b"),
        (f"{SESSION}=", ""),
        (SESSION, None),
        (f"x{SESSION}=abc", None),
        (f"{SESSION}x=abc", None),
        (f"{SESSION}=one; {SESSION}=two", "one"),
        (";;; =; =x", None),
    ],
)
def test_cookies(text: str, token: str | None) -> None:
    assert cookie_of(text) == token


@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie_that_is_set(*, secure: bool) -> None:
    name, value = cookie_header("abc", secure=secure)
    assert name == b"set-cookie"
    parts = value.decode().split("; ")
    assert parts[:4] == [f"{SESSION}=abc", "Path=/", "HttpOnly", "SameSite=Lax"]
    assert parts[4:] == (["Secure"] if secure else [])
    ending = cookie_header("", secure=secure)[1].decode().split("; ")
    assert ending[0] == f"{SESSION}="
    assert "Max-Age=0" in ending


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ada:sesame", ("ada", "sesame")), ("ada:", ("ada", "")), ("ä:a:b", ("ä", "a:b"))],
)
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_basic(text: str, expected: tuple[str, str], scheme: str) -> None:
    encoded = base64.b64encode(text.encode()).decode()
    assert basic_of(request(authorization=f"{scheme} {encoded}")) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Basic"},
        {"authorization": "Basic YWRh"},
        {"authorization": "Basic YWRh*OmE="},
        {"authorization": "Basic YWRhOmE"},
        {"authorization": "Basic //8="},
        {"authorization": "Bearer YWRhOmE="},
    ],
)
def test_what_is_no_login(headers: dict[str, str]) -> None:
    with pytest.raises(Refuse) as caught:
        basic_of(request(**headers))
    assert caught.value.refusal.reason is reasons.LOGIN_NEEDS_BASIC


@pytest.mark.parametrize(
    ("origin", "host", "foreign"),
    [
        (None, "here:80", False),
        ("http://here:80", "here:80", False),
        ("https://HERE:80", "Here:80", False),
        ("http://here:81", "here:80", True),
        ("http://there:80", "here:80", True),
        ("http://here:80.there", "here:80", True),
        ("http://ada@here:80", "here:80", True),
        ("null", "here:80", True),
        ("here:80", "here:80", True),
        ("http://[::1", "here:80", True),
    ],
)
def test_origins(origin: str | None, host: str, *, foreign: bool) -> None:
    given = request(host=host) if origin is None else request(host=host, origin=origin)
    if not foreign:
        refuse_foreign_origin(given)
        return
    with pytest.raises(Refuse) as caught:
        refuse_foreign_origin(given)
    assert caught.value.refusal.reason is reasons.FOREIGN_ORIGIN


@pytest.mark.parametrize(("origin", "foreign"), [("http://here", True), ("HTTPS://Here", False)])
def test_under_tls_a_page_without_it_is_foreign(origin: str, *, foreign: bool) -> None:
    given = request(scheme="https", host="here", origin=origin)
    if not foreign:
        refuse_foreign_origin(given)
        return
    with pytest.raises(Refuse) as caught:
        refuse_foreign_origin(given)
    assert caught.value.refusal.reason is reasons.FOREIGN_ORIGIN


@pytest.mark.parametrize(
    ("path", "headers", "token"),
    [
        (b"/v1/tasks", {"authorization": "Bearer abc"}, "abc"),
        (b"/v1/tasks", {"authorization": "bearer  abc "}, "abc"),
        (b"/v1/tasks", {"authorization": "Basic abc"}, ""),
        (b"/v1/tasks", {"authorization": "Bearer abc", SESSION: "header"}, "header"),
        (b"/v1/tasks", {"authorization": "Bearer abc", "cookie": f"{SESSION}=cookie"}, "abc"),
        (b"/rest/cis/tasks", {"authorization": "Bearer abc"}, ""),
        (b"/rest/cis/tasks", {"authorization": "Bearer a", "cookie": f"{SESSION}=b"}, "b"),
    ],
)
def test_bearer_counts_at_v1_only(path: bytes, headers: dict[str, str], token: str) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert token_of(Request(Head("GET", path, pairs, "1.0"), 0)) == token
