"""An answer that comes part by part: sent as fast as its peer takes it, and no faster."""

from __future__ import annotations

import asyncio
from typing import Protocol

from milepost.doors.messages import Answer, Request, Stream
from milepost.logs import logger

log = logger(__name__)
LAST_CHUNK = b"0\r\n\r\n"


class Outlet(Protocol):
    """A connection, as far as a stream needs it."""

    @property
    def transport(self) -> asyncio.Transport:
        """What it sends with."""

    def begin(self, answer: Answer, request: Request) -> None:
        """Send the head of an answer whose body comes later."""

    async def until_taken(self) -> None:
        """Wait until the peer has taken most of what was sent."""


async def send_stream(answer: Answer, stream: Stream, request: Request, outlet: Outlet) -> bool:
    """Send an answer that is a stream; the answer is whether all of it went out.

    The stream is closed in any case. It is asked to finish when the server stops, and whoever
    runs this is cancelled when the peer goes.
    """
    try:
        if outlet.transport.is_closing():
            return False
        outlet.begin(answer, request)
        request.wait_long(stream.finish)
        if request.method != "HEAD":
            await send_parts(stream, outlet, chunked=request.head.version == "1.1")
    except Exception:
        # The peer sees that the end is missing.
        log.exception("internal fault", where="a stream")
        return False
    finally:
        stream.close()
    return True


async def send_parts(stream: Stream, outlet: Outlet, *, chunked: bool) -> None:
    """Send every part of a stream, each after the one before was taken.

    In chunks (RFC 9112, section 7.1) the peer sees where it ends; without them, for a peer that
    speaks HTTP/1.0, the end of the connection is its end.
    """
    transport = outlet.transport
    async for part in stream:
        if transport.is_closing():
            return
        if part:
            transport.writelines(in_chunk(part) if chunked else (part,))
            await outlet.until_taken()
    if chunked and not transport.is_closing():
        transport.write(LAST_CHUNK)


def in_chunk(part: bytes) -> tuple[bytes, ...]:
    """A part as one chunk; the part itself is not copied, as many peers may be sent the same."""
    return b"%x\r\n" % len(part), part, b"\r\n"
