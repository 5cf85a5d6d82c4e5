"""What is reported of all that was read: progress that never goes back.

The service refuses progress that falls, and people do not believe in it. So:

- A value that falls while the work is not nearly done is not reported: the higher one stays.
- When it is nearly done and begins anew, this is the next part of the work, and the parts are added
  up: 30 of a second 100 is 130 of 200.
- Values with another total are left alone until what is reported is nearly done: the percentages of
  a download do not take the place of ``Step 3/10``. Only a lone value that may have been no
  progress at all, such as a 1/2 somewhere in a text, gives way once others are seen to grow.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

from milepost.cli.run.readings import Reading

NEARLY = 0.95
LONGEST = 2**63 - 1
"""The greatest number that the API knows."""


class Course:
    """The progress of one run."""

    def __init__(self) -> None:
        self._done = 0
        self._doubtful = False
        self._part: Reading | None = None
        self._other: Reading | None = None

    @property
    def progress(self) -> tuple[int, int] | None:
        """``completed`` and ``total`` of all parts, as far as they are known."""
        if self._part is None:
            return None
        return self._done + self._part.completed, self._done + self._part.total

    def take(self, reading: Reading) -> None:
        """A value that was read, in the order of the output."""
        part = self._part
        if part is None:
            self._part, self._doubtful = reading, not reading.firm
        elif reading.total == part.total and reading.completed >= part.completed:
            self._doubtful = self._doubtful and reading.completed == part.completed
            self._part = reading
        elif self._ended(part, reading):
            self._next(part, reading)
        elif self._doubtful:
            self._doubt(part, reading)

    def would_be(self, readings: Iterable[Reading]) -> tuple[int, int] | None:
        """The progress if these values came too; nothing is changed."""
        other = copy.copy(self)
        for reading in readings:
            other.take(reading)
        return other.progress

    @staticmethod
    def _ended(part: Reading, reading: Reading) -> bool:
        return part.completed >= NEARLY * part.total and (
            reading.total != part.total or reading.completed < NEARLY * part.completed
        )

    def _next(self, part: Reading, reading: Reading) -> None:
        if self._done + part.total + reading.total > LONGEST:
            return
        self._done += part.total
        self._part, self._other, self._doubtful = reading, None, not reading.firm

    def _doubt(self, part: Reading, reading: Reading) -> None:
        """Whether another value takes the place of one that was seen once only."""
        other, self._other = self._other, reading
        grows = other and other.total == reading.total and other.completed < reading.completed
        if grows:
            # What was told must not fall.
            self._done = max(self._done, self._done + part.completed - reading.completed)
            self._part, self._other, self._doubtful = reading, None, False
