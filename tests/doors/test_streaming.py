"""Answers that come part by part, over real connections, in both kinds of event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import pytest

from milepost.doors.connection import Connection
from milepost.doors.hub import ConnectionLimits, Hub
from milepost.doors.messages import Answer, Request
from milepost.server import new_event_loop

PATIENCE = 20.0
HASTY = ConnectionLimits(body=0.3, closing=0.3)
GET = b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n"
OTHER = b"GET /other HTTP/1.1\r\nHost: here\r\n\r\n"
END = b"0\r\n\r\n"


class Parts:
    """A stream of given parts; with ``waits`` it waits behind them until it is to finish."""

    def __init__(self, *parts: bytes, waits: bool = False, fault: Exception | None = None) -> None:
        self.parts = list(parts)
        self.given = 0
        self.closed = asyncio.Event()
        self.finishing = asyncio.Event()
        self._waits = waits
        self._fault = fault

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self.given < len(self.parts):
            self.given += 1
            return self.parts[self.given - 1]
        if self._fault is not None:
            raise self._fault
        if self._waits:
            self._waits = False
            await self.finishing.wait()
            return b"the last"
        raise StopAsyncIteration

    def finish(self) -> None:
        self.finishing.set()

    def close(self) -> None:
        self.closed.set()


class House:
    """A listening hub. ``/stream`` answers with ``stream``, everything else with its path."""

    def __init__(self, hub: Hub, port: int) -> None:
        self.hub = hub
        self.port = port

    async def visit(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


async def heard(reader: asyncio.StreamReader, until: bytes) -> bytes:
    return await asyncio.wait_for(reader.readuntil(until), PATIENCE)


async def all_of(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.read(), PATIENCE)


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), PATIENCE)


Handler = Callable[[Request], Awaitable[Answer]]


@asynccontextmanager
async def house(handler: Handler, limits: ConnectionLimits) -> AsyncIterator[House]:
    loop = asyncio.get_running_loop()
    hub = Hub(handler, limits, loop)
    server = await loop.create_server(lambda: Connection(hub), "127.0.0.1", 0)

    async def tick() -> None:
        while True:
            hub.tick()
            await asyncio.sleep(0.05)

    ticking = loop.create_task(tick())
    try:
        yield House(hub, server.sockets[0].getsockname()[1])
    finally:
        ticking.cancel()
        server.close()
        hub.cancel()
        await asyncio.wait_for(hub.empty.wait(), PATIENCE)


Test = Callable[[House], Coroutine[Any, Any, None]]
Play = Callable[..., None]


Factory = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture(params=["asyncio", "uvloop"])
def factory(request: pytest.FixtureRequest) -> Factory:
    """Makes event loops, of each kind."""
    return new_event_loop if request.param == "uvloop" else asyncio.new_event_loop


@pytest.fixture
def play(factory: Factory) -> Play:
    """Runs a test in a house that answers with a stream."""

    def played(
        test: Test, answer: Callable[[Request], Answer], limits: ConnectionLimits = HASTY
    ) -> None:
        async def handler(asked: Request) -> Answer:
            return answer(asked) if asked.path == b"/stream" else Answer(200, asked.path)

        async def run() -> None:
            async with house(handler, limits) as where:
                await test(where)

        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(run())

    return played


def test_the_parts_come_in_chunks_and_the_connection_goes_on(play: Play) -> None:
    async def test(house: House) -> None:
        reader, writer = await house.visit()
        writer.write(GET)
        head = await heard(reader, b"\r\n\r\n")
        assert b"\r\ntransfer-encoding: chunked\r\n" in head
        assert b"content-length" not in head
        assert b"connection: close" not in head
        assert await heard(reader, END) == b"3\r\none\r\n10\r\n" + b"2" * 16 + b"\r\n" + END
        writer.write(OTHER)
        assert (await heard(reader, b"/other")).startswith(b"HTTP/1.1 200 OK")
        await soon(stream.closed)
        writer.close()

    stream = Parts(b"one", b"", b"2" * 16)
    play(test, lambda _: Answer(200, stream=stream))


def test_what_is_asked_behind_a_stream_waits_for_its_end(play: Play) -> None:
    async def test(house: House) -> None:
        reader, writer = await house.visit()
        writer.write(GET + OTHER + OTHER)
        await heard(reader, b"\r\none\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        stream.finish()
        assert await heard(reader, END) == b"8\r\nthe last\r\n" + END
        for _ in range(2):
            await heard(reader, b"/other")
        writer.close()

    stream = Parts(b"one", waits=True)
    play(test, lambda _: Answer(200, stream=stream))


def test_http_1_0_gets_the_parts_as_they_are_and_then_the_end(play: Play) -> None:
    async def test(house: House) -> None:
        reader, writer = await house.visit()
        writer.write(b"GET /stream HTTP/1.0\r\n\r\n")
        head, _, body = (await all_of(reader)).partition(b"\r\n\r\n")
        assert b"\r\nconnection: close" in head
        assert b"transfer-encoding" not in head
        assert b"content-length" not in head
        assert body == b"onetwo"
        writer.close()

    play(test, lambda _: Answer(200, stream=Parts(b"one", b"two")))


def test_head_gets_no_parts(play: Play) -> None:
    async def test(house: House) -> None:
        reader, writer = await house.visit()
        writer.write(GET.replace(b"GET", b"HEAD") + OTHER)
        assert b"transfer-encoding: chunked" in await heard(reader, b"\r\n\r\n")
        assert (await heard(reader, b"/other")).startswith(b"HTTP/1.1 200 OK")
        assert (stream.given, stream.closed.is_set()) == (0, True)
        writer.close()

    stream = Parts(b"one")
    play(test, lambda _: Answer(200, stream=stream))


@pytest.mark.parametrize("way", ["close", "reset"])
def test_a_stream_ends_when_its_peer_goes(play: Play, way: str) -> None:
    async def test(house: House) -> None:
        reader, writer = await house.visit()
        writer.write(GET)
        await heard(reader, b"\r\none\r\n")
        if way == "reset":
            writer.transport.abort()
        else:
            writer.close()
        await soon(stream.closed)
        assert not stream.finishing.is_set()
        await asyncio.wait_for(house.hub.empty.wait(), PATIENCE)

    stream = Parts(b"one", waits=True)
    play(test, lambda _: Answer(200, stream=stream))


def test_a_stream_finishes_when_the_server_stops(play: Play) -> None:
    async def test(house: House) -> None:
        reader, writer = await house.visit()
        writer.write(GET)
        await heard(reader, b"\r\none\r\n")
        house.hub.stop()
        assert await all_of(reader) == b"8\r\nthe last\r\n" + END
        await soon(stream.closed)
        writer.close()

    stream = Parts(b"one", waits=True)
    play(test, lambda _: Answer(200, stream=stream))


def test_a_stream_that_begins_while_the_server_stops_finishes_at_once(play: Play) -> None:
    async def test(house: House) -> None:
        reader, writer = await house.visit()
        writer.write(GET)
        data = await all_of(reader)
        assert b"\r\nconnection: close\r\n" in data
        assert data.endswith(b"8\r\nthe last\r\n" + END)
        writer.close()

    def answer(_: Request) -> Answer:
        hub[0].stop()
        return Answer(200, stream=Parts(waits=True))

    hub: list[Hub] = []

    async def with_hub(house: House) -> None:
        hub.append(house.hub)
        await test(house)

    play(with_hub, answer)


def test_a_peer_that_never_reads_is_cut_off_and_holds_little(play: Play) -> None:
    async def test(house: House) -> None:
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", house.port))
        peer.sendall(GET)
        await soon(stream.closed)
        # What the kernels hold, and one buffer of ours; not all of the 64 MiB there are.
        assert stream.given < 512
        await asyncio.wait_for(house.hub.empty.wait(), PATIENCE)
        peer.close()

    stream = Parts(*[b"x" * 32 * 1024] * 2048)
    play(test, lambda _: Answer(200, stream=stream))


def test_a_slow_reader_gets_every_part(play: Play) -> None:
    async def test(house: House) -> None:
        reader, writer = await house.visit()
        writer.write(GET)
        head = await heard(reader, b"\r\n\r\n")
        assert head
        body = await all_of_chunks(reader)
        assert body == b"".join(stream.parts)
        writer.close()

    stream = Parts(*[bytes([65 + number % 26]) * 200_000 for number in range(40)])
    play(test, lambda _: Answer(200, stream=stream))


async def all_of_chunks(reader: asyncio.StreamReader) -> bytes:
    """The body of a chunked answer, read with many pauses."""
    found = b""
    while size := int((await heard(reader, b"\r\n")).strip(), 16):
        found += await asyncio.wait_for(reader.readexactly(size), PATIENCE)
        assert await heard(reader, b"\r\n") == b"\r\n"
        await asyncio.sleep(0.002)
    return found


def test_a_fault_inside_a_stream_breaks_it_off(play: Play) -> None:
    """The peer can tell that it is not whole: the last chunk is missing."""

    async def test(house: House) -> None:
        reader, writer = await house.visit()
        writer.write(GET)
        await heard(reader, b"\r\none\r\n")
        with suppress(ConnectionResetError):
            assert END not in await all_of(reader)
        await soon(stream.closed)
        writer.close()

    stream = Parts(b"one", fault=ValueError("a secret of ours"))
    play(test, lambda _: Answer(200, stream=stream))


def test_no_refusal_stands_within_a_stream(play: Play) -> None:
    """The body that the request announced never comes, and its deadline passes."""

    async def test(house: House) -> None:
        reader, writer = await house.visit()
        writer.write(b"POST /stream HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n{")
        await heard(reader, b"\r\none\r\n")
        with suppress(ConnectionResetError):
            assert await all_of(reader) == b""
        await soon(stream.closed)
        writer.close()

    stream = Parts(b"one", waits=True)
    play(test, lambda _: Answer(200, stream=stream))


def test_rubbish_behind_a_stream_ends_the_connection_with_it(play: Play) -> None:
    async def test(house: House) -> None:
        reader, writer = await house.visit()
        writer.write(GET)
        await heard(reader, b"\r\none\r\n")
        writer.write(b"rubbish\r\n\r\n")
        await asyncio.sleep(0.1)
        stream.finish()
        assert await all_of(reader) == b"8\r\nthe last\r\n" + END
        writer.close()

    stream = Parts(b"one", waits=True)
    play(test, lambda _: Answer(200, stream=stream))


class Waiter:
    """A handler that waits long for its answer."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.hurried = asyncio.Event()
        self.ended = asyncio.Event()

    async def answer(self, request: Request) -> Answer:
        self.begun.set()
        request.wait_long(self.hurried.set)
        try:
            await self.hurried.wait()
        finally:
            self.ended.set()
        return Answer(200, b"hurried")


@pytest.mark.parametrize("end", ["gone", "stop", "late stop"])
def test_a_long_answer_is_hurried_when_the_server_stops_and_given_up_when_its_peer_goes(
    factory: Factory, end: str
) -> None:
    async def run() -> None:
        waiter = Waiter()
        async with house(waiter.answer, HASTY) as where:
            reader, writer = await where.visit()
            if end == "late stop":
                where.hub.stopping = True
            writer.write(OTHER)
            await soon(waiter.begun)
            if end == "gone":
                writer.transport.abort()
            elif end == "stop":
                where.hub.stop()
            await soon(waiter.ended)
            assert waiter.hurried.is_set() == (end != "gone")
            if end != "gone":
                assert (await all_of(reader)).endswith(b"hurried")
            writer.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run())
