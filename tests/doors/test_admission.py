"""How many changing requests are taken at once, and what the others are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from milepost.doors.admission import PART, Admission
from milepost.doors.connection import Connection
from milepost.doors.hub import ConnectionLimits, Hub
from milepost.doors.messages import Answer, Head, Request

MOST = 32
PATCH = b"PATCH /v1/tasks/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
GET = b"GET /v1/tasks/a HTTP/1.1\r\nHost: a\r\n\r\n"


def asked(path: bytes = b"/v1/tasks/a", method: str = "PATCH") -> Request:
    """A request that is there as a whole."""
    return Request(Head(method, path, []), 1000)


class One:
    """Somebody who sends requests."""

    refused_at = -1


def filled(most: int = MOST) -> Admission:
    """As many are under way as may be."""
    admission = Admission(most)
    assert [admission.refusal(asked(), One()) for _ in range(most)] == [None] * most
    return admission


def test_once_there_were_too_many_few_are_taken() -> None:
    admission = filled()
    assert admission.refusal(asked(), One()) is not None
    assert admission.under_way == MOST
    admission.under_way = MOST // PART
    assert admission.refusal(asked(), One()) is not None
    admission.under_way = MOST // PART - 1
    assert admission.refusal(asked(), One()) is None


def refuse(admission: Admission, askers: list[One]) -> None:
    """Let each of them be refused three times, as patient ones are that do not rest."""
    admission.under_way = admission.limit
    for one in askers * 3:
        assert admission.refusal(asked(), one) is not None


def limits(admission: Admission, askers: list[One], looks: int) -> list[int]:
    """The limit after each of some looks, between which the askers are refused."""
    found = []
    for _ in range(looks):
        refuse(admission, askers)
        admission.look()
        found.append(admission.limit)
    return found


FEW = MOST // PART


def test_all_are_taken_again_once_none_was_refused_between_two_looks() -> None:
    admission = filled()
    assert limits(admission, [One() for _ in range(MOST)], 3) == [FEW] * 3
    admission.look()
    assert admission.limit == MOST


@pytest.mark.parametrize(("count", "limit"), [(MOST - FEW, MOST), (MOST - FEW + 1, FEW)])
def test_all_are_taken_again_once_all_would_have_a_place(count: int, limit: int) -> None:
    """Else patient connections that never rest would be refused for ever."""
    admission = filled()
    refuse(admission, [One() for _ in range(2 * MOST)])
    admission.look()
    assert limits(admission, [One() for _ in range(count)], 1) == [limit]


def test_a_part_of_the_time_between_two_looks_is_not_judged() -> None:
    admission = filled()
    askers = [One(), One()]
    assert limits(admission, askers, 2) == [FEW, MOST]
    assert limits(admission, askers, 2) == [FEW, MOST]


def test_one_is_always_taken() -> None:
    admission = filled(1)
    assert admission.refusal(asked(), One()) is not None
    admission.under_way = 0
    assert admission.refusal(asked(), One()) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", b"/api"), ("POST", b"/v1/tasks/a:heartbeat"), ("GET", b"/v1/tasks/a")],
)
def test_what_is_not_known_to_change_anything_is_taken(method: str, path: bytes) -> None:
    admission = filled()
    assert admission.refusal(asked(path, method), One()) is None
    assert admission.limit == MOST


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (b"/rest/x", lambda body: body["value"]["messages"][0]["id"]),
        (b"/api/x", lambda body: body["messages"][0]["id"]),
        (b"/v1/x", lambda body: body["messages"][0]["id"]),
    ],
)
def test_the_others_are_told_in_the_shape_of_their_door(
    path: bytes, reason: Callable[[Any], str]
) -> None:
    answer = filled().refusal(asked(path), One())
    assert answer is not None
    assert answer.status == 429
    assert (b"retry-after", b"1") in answer.headers
    assert reason(json.loads(answer.body)) == "milepost.service.too_busy"


class Wire(asyncio.Transport):
    """Takes what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.is_closed = False

    @property
    def statuses(self) -> list[str]:
        return [part[:3].decode() for part in self.sent.split(b"HTTP/1.1 ")[1:]]

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class House:
    """Connections of one hub; a request is answered when ``open`` is set."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        limits = ConnectionLimits(changing=MOST)
        self.hub = Hub(self._answer, limits, asyncio.get_running_loop())

    def wire(self) -> tuple[Connection, Wire]:
        connection, wire = Connection(self.hub), Wire()
        connection.connection_made(wire)
        return connection, wire

    def fill(self) -> None:
        """Let as many changing requests be under way as may be."""
        for _ in range(MOST):
            self.wire()[0].data_received(PATCH)

    async def _answer(self, _request: Request) -> Answer:
        await self.open.wait()
        return Answer(200)


def housed(test: Callable[[House], Any]) -> None:
    async def run() -> None:
        await test(House())

    asyncio.run(run())


def test_one_too_many_is_refused_and_its_connection_goes_on() -> None:
    async def test(house: House) -> None:
        house.fill()
        connection, wire = house.wire()
        connection.data_received(PATCH)
        assert wire.statuses == ["429"]
        house.open.set()
        await asyncio.sleep(0.01)
        assert house.hub.admission.under_way == 0
        connection.data_received(PATCH)
        await asyncio.sleep(0.01)
        assert wire.statuses == ["429", "200"]
        assert not wire.is_closed

    housed(test)


def test_reading_goes_on() -> None:
    async def test(house: House) -> None:
        house.fill()
        connection, wire = house.wire()
        connection.data_received(GET)
        house.open.set()
        await asyncio.sleep(0.01)
        assert wire.statuses == ["200"]

    housed(test)


def test_many_in_one_piece_are_refused_one_after_the_other() -> None:
    async def test(house: House) -> None:
        house.fill()
        connection, wire = house.wire()
        connection.data_received(PATCH * 5000)
        assert wire.statuses == ["429"] * 5000

    housed(test)


def test_the_last_request_of_a_connection_ends_it() -> None:
    async def test(house: House) -> None:
        house.fill()
        connection, wire = house.wire()
        last = PATCH.replace(b"Host: a", b"Host: a\r\nConnection: close")
        connection.data_received(last)
        assert wire.statuses == ["429"]
        assert wire.is_closed

    housed(test)


def test_a_body_that_is_late_takes_nobody_s_place() -> None:
    """Whoever sends slowly would otherwise let all others be refused."""

    async def test(house: House) -> None:
        begun = [house.wire()[0] for _ in range(2 * MOST)]
        for connection in begun:
            connection.data_received(PATCH[:-1])
        assert house.hub.admission.under_way == 0
        connection, wire = house.wire()
        connection.data_received(PATCH)
        house.open.set()
        await asyncio.sleep(0.01)
        assert wire.statuses == ["200"]

    housed(test)


def test_a_body_that_comes_later_is_counted_from_then_on() -> None:
    async def test(house: House) -> None:
        connection, wire = house.wire()
        connection.data_received(PATCH[:-2])
        await asyncio.sleep(0.01)
        connection.data_received(PATCH[-2:])
        assert house.hub.admission.under_way == 1
        house.open.set()
        await asyncio.sleep(0.01)
        assert wire.statuses == ["200"]
        assert house.hub.admission.under_way == 0

    housed(test)


def test_a_body_behind_its_answer_is_not_counted() -> None:
    async def test(house: House) -> None:
        house.open.set()
        connection, wire = house.wire()
        connection.data_received(PATCH[:-2])
        await asyncio.sleep(0.01)
        connection.data_received(PATCH[-2:])
        assert wire.statuses == ["200"]
        assert house.hub.admission.under_way == 0

    housed(test)


def test_who_goes_away_gives_its_place_back() -> None:
    async def test(house: House) -> None:
        connection, _ = house.wire()
        connection.data_received(PATCH)
        assert house.hub.admission.under_way == 1
        cast("Any", connection).connection_lost(None)
        house.open.set()
        await asyncio.sleep(0.01)
        assert house.hub.admission.under_way == 0

    housed(test)
