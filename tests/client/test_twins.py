"""``Client`` and ``AsyncClient`` have the same methods, signatures and words."""

from __future__ import annotations

import inspect
import typing
from typing import Any

import pytest

from milepost import AsyncClient, Client
from milepost.client.administration import (
    AsyncExtensions,
    AsyncTokens,
    AsyncUsers,
    Extensions,
    Tokens,
    Users,
)

# The constructor, and what gives an iterator that does the waiting.
NOT_AWAITED = ("__init__", "children", "watch", "task", "connection")
PAIRS = [
    (Client, AsyncClient),
    (Users, AsyncUsers),
    (Extensions, AsyncExtensions),
    (Tokens, AsyncTokens),
]
SPECIAL = ("__enter__", "__exit__", "__aenter__", "__aexit__")
RENAMED = {"__aenter__": "__enter__", "__aexit__": "__exit__"}


def public(kind: type) -> dict[str, Any]:
    return {
        RENAMED.get(name, name): member
        for name, member in vars(kind).items()
        if callable(member)
        and name != "connection"
        and (not name.startswith("_") or name in SPECIAL)
    } | {"__init__": vars(kind)["__init__"]}


@pytest.mark.parametrize(("blocking", "asynchronous"), PAIRS)
def test_they_have_the_same_methods(blocking: type, asynchronous: type) -> None:
    ours, theirs = public(blocking), public(asynchronous)
    assert ours.keys() == theirs.keys()
    assert len(ours) > 3
    for name, method in ours.items():
        twin = theirs[name]
        if name != "__init__" or blocking is Client:
            assert inspect.signature(method).parameters == inspect.signature(twin).parameters, name
        assert (method.__doc__ or "") == (twin.__doc__ or ""), name
        assert answer(method) == answer(twin).replace("Async", ""), name


def answer(method: Any) -> str:
    return str(typing.get_type_hints(method).get("return")).replace("collections.abc.", "")


def test_what_talks_to_the_service_is_awaited_or_iterated() -> None:
    for name, method in public(AsyncClient).items():
        awaited = inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
        assert awaited != (name in NOT_AWAITED), name
