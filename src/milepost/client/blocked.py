"""The time in which a job waits for something that is not its own work."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self


class Blocked:
    """The time in which a job waits for something outside."""

    def __init__(self, over: Callable[[], None]) -> None:
        self._over = over

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over()
