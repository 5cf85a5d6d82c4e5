"""The names at which a browser may sign in."""

from __future__ import annotations

import socket

import pytest

from milepost.doors.credentials import refuse_foreign_host
from milepost.doors.hosts import Hosts
from milepost.doors.messages import Head, Request
from milepost.doors.refusals import Refuse
from milepost.rules import reasons


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8900", True),
        ("192.0.2.7", True),
        ("[::1]:8900", True),
        ("[2001:db8::1]", True),
        ("localhost:8900", True),
        ("LOCALHOST", True),
        ("milepost.localhost:1", True),
        ("milepost:8900", True),
        ("tasks.example.com:8900", True),
        ("Tasks.Example.COM.", True),
        ("evil.example", False),
        ("evil.example:8900", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("tasks.example.com.evil.example", False),
        ("1.2.3", False),
    ],
)
def test_names(host: str, *, known: bool) -> None:
    assert Hosts(["tasks.example.com"]).knows(host) is known


def test_the_name_of_the_machine_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Node-7.Example.com")
    assert Hosts().knows("node-7.example.com:80")


@pytest.mark.parametrize(
    ("scheme", "origin", "host", "refused"),
    [
        ("http", None, "evil.example", False),
        ("http", "http://evil.example", "evil.example", True),
        ("http", "http://localhost", "localhost", False),
        # A proxy in front, or the server itself, has proved the name to the browser.
        ("http", "https://evil.example", "evil.example", False),
        ("https", "https://evil.example", "evil.example", False),
    ],
)
def test_a_name_that_anybody_may_give_is_refused(
    scheme: str, origin: str | None, host: str, *, refused: bool
) -> None:
    pairs = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
    request = Request(Head("POST", b"/", pairs, secure=scheme == "https"), 0)
    if not refused:
        refuse_foreign_host(request, Hosts())
        return
    with pytest.raises(Refuse) as caught:
        refuse_foreign_host(request, Hosts())
    assert caught.value.refusal.reason is reasons.FOREIGN_HOST
