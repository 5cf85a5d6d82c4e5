"""Both clients under one face, so that a test is written once and run with each."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any, Self, cast

from milepost import AsyncClient, Client


class Driven:
    """An asynchronous object whose methods can be called without ``await``."""

    def __init__(self, loop: asyncio.Runner, inner: Any) -> None:
        self._loop = loop
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in ("users", "extensions", "tokens"):
            return Driven(self._loop, found)
        if not callable(found):
            return found

        def call(*args: Any, **more: Any) -> Any:
            given = found(*args, **more)
            if inspect.isasyncgen(given):
                return self._each(given)
            return self._loop.run(given) if inspect.iscoroutine(given) else given

        return call

    def _each(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        async def following() -> tuple[bool, Any]:
            try:
                return True, await anext(items)
            except StopAsyncIteration:
                return False, None

        try:
            while (found := self._loop.run(following()))[0]:
                yield found[1]
        finally:
            self._loop.run(cast("Any", items).aclose())


class DrivenClient(Driven):
    """``AsyncClient`` in an event loop of its own."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(asyncio.Runner(), AsyncClient(*args, **more))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.run(self._inner.close())
        self._loop.close()


TWINS = (Client, cast("type[Client]", DrivenClient))
NAMES = ("Client", "AsyncClient")
