"""How many requests that change something are under way, and whether one more is taken.

A request that is refused here costs little: nothing of it was looked at but its method and path.
Up to ``most`` are taken, as many as so many patient connections send. Once there were more,
somebody sends faster than changes are made, and whatever is taken waits behind all that was taken
before. So from then on only a twelfth of ``most`` are taken, and those are answered soon.

All are taken again once all who are refused would have a place, each connection having one request
at a time: else patient ones that do not rest after a refusal would be refused for ever.
"""

from __future__ import annotations

from typing import Protocol

from milepost.doors.errorshapes import JSON_RPC, ErrorShape, shape_of
from milepost.doors.messages import Answer, Request
from milepost.rules import reasons
from milepost.rules.reasons import Refusal

READING = frozenset({"GET", "HEAD", "OPTIONS"})
HEARTBEAT = b":heartbeat"
PART = 12


class Asker(Protocol):
    """Who sends requests, one after the other; ``refused_at`` is the last look it was refused in.

    It starts with a look that never was.
    """

    refused_at: int


class Admission:
    """Counts the changing requests of all connections.

    ``under_way`` is how many are being answered, ``limit`` how many may be.
    """

    def __init__(self, most: int) -> None:
        self.under_way = 0
        self.limit = most
        self._most = most
        self._looks = 0
        self._refused = 0
        self._is_whole = True
        self._answers: dict[ErrorShape, Answer] = {}

    def refusal(self, request: Request, asker: Asker) -> Answer | None:
        """What a request is told that is one too many, or ``None`` when it is to be answered.

        One that changes something is counted, once its body is there: whoever sends slowly must
        not take the place of others.
        """
        if request.method in READING or not request.complete:
            return None
        if self.under_way >= self.limit:
            refused = self._refused_by(request)
            if refused is not None:
                self._note(asker)
                return refused
        self.under_way += 1
        request.counted = True
        return None

    def count(self, request: Request) -> None:
        """Count a request that is being answered and is whole now."""
        if request.method not in READING:
            self.under_way += 1
            request.counted = True

    def look(self) -> None:
        """Take all again, if those refused since the last look would have a place.

        To be called about once a second. What began between two looks is not judged at the next.
        """
        if self._is_whole and self._refused + self.limit <= self._most:
            self.limit = self._most
        self._looks += 1
        self._refused = 0
        self._is_whole = True

    def _note(self, asker: Asker) -> None:
        """Few are taken from now on; count who is refused."""
        if self.limit == self._most:
            self.limit = max(self._most // PART, 1)
            self._is_whole = False
        if asker.refused_at != self._looks:
            asker.refused_at = self._looks
            self._refused += 1

    def _refused_by(self, request: Request) -> Answer | None:
        """The refusal of one beyond the limit, unless it is taken all the same.

        What JSON-RPC asks for is in its body, so its requests are taken; so are heartbeats, that
        are not stored and without which a task would be ended.
        """
        shape = shape_of(request.path)
        if shape is JSON_RPC or request.path.endswith(HEARTBEAT):
            return None
        answer = self._answers.get(shape)
        if answer is None:
            part = max(self._most // PART, 1)
            answer = shape.answer(Refusal(reasons.TOO_BUSY, (str(part),)))
            self._answers[shape] = answer
        return answer
