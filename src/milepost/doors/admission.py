"""How many requests that change something are under way, and whether one more is taken.

A request that is refused here costs little: nothing of it was looked at but its method and path.
Up to ``most`` are taken, as many as that many patient connections can send. Once there were more,
somebody sends faster than changes are made, and whatever is taken then waits behind all that was
taken before. So from then on only a part of ``most`` are, until none had to be refused for a while.
"""

from __future__ import annotations

from milepost.doors.errorshapes import JSON_RPC, ErrorShape, shape_of
from milepost.doors.messages import Answer, Request
from milepost.rules import reasons
from milepost.rules.reasons import Refusal

READING = frozenset({"GET", "HEAD", "OPTIONS"})
HEARTBEAT = b":heartbeat"
PART = 4
"""One of so many parts is taken under overload: enough for two groups of commits to be full."""


class Admission:
    """Counts the changing requests of all connections; ``most`` are answered at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = most
        self.under_way = 0
        self._refused = False
        self._answers: dict[tuple[ErrorShape, int], Answer] = {}

    def refuses(self, request: Request) -> bool:
        """Whether a request that is one too many is to be refused; asked beyond the limit only.

        What JSON-RPC asks for is in its body, and a heartbeat changes nothing that is stored.
        """
        if request.path.endswith(HEARTBEAT) or shape_of(request.path) is JSON_RPC:
            return False
        self.limit = max(self.most // PART, 1)
        self._refused = True
        return True

    def answer(self, request: Request) -> Answer:
        """What a request is told that is one too many."""
        shape = shape_of(request.path)
        known = self._answers.get((shape, self.limit))
        if known is None:
            known = shape.answer(Refusal(reasons.TOO_BUSY, (str(self.limit),)))
            self._answers[shape, self.limit] = known
        return known

    def look(self) -> None:
        """Take ``most`` again once nothing was refused since the last look."""
        if not self._refused:
            self.limit = self.most
        self._refused = False
