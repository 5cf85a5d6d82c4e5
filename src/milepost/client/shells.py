"""The two shells: what does the steps of a conversation, waiting or in an event loop.

Nothing is decided here; ``conversation`` and ``watching`` say what is done.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Iterator
from typing import TypeVar

import httpx2

from milepost.client.answers import Reply
from milepost.client.conversation import Conversation, Core, Pause, Send
from milepost.client.errors import MilepostError
from milepost.client.exchange import (
    LIMITS,
    Body,
    fault_of,
    is_stream,
    proxy_for,
    reply_of,
    request_of,
)
from milepost.client.trust import trusting
from milepost.client.values import TaskEvent
from milepost.client.watching import Watching

T = TypeVar("T")
FAULTS = (httpx2.HTTPError, httpx2.InvalidURL, OSError)


class Shell:
    """Does the steps in the thread that asks. Raises ``BadCaFile`` when it is made."""

    def __init__(self, core: Core, timeout: float) -> None:
        self._core = core
        self._timeout = timeout
        url = core.login.url
        self._transport = httpx2.HTTPTransport(
            verify=trusting(core.login.ca_file) if url.startswith("https:") else False,
            limits=LIMITS,
            proxy=proxy_for(url),
        )

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def run(self, conversation: Conversation[T]) -> T:
        """Do the steps of a conversation."""
        reply: Reply | None = None
        fault: MilepostError | None = None
        while True:
            try:
                step = conversation.send(reply) if fault is None else conversation.throw(fault)
            except StopIteration as end:
                value: T = end.value
                return value
            reply = fault = None
            if isinstance(step, Send):
                try:
                    reply = self._send(step)
                except MilepostError as failed:
                    fault = failed
            elif isinstance(step, Pause):
                time.sleep(step.seconds)
            else:
                step.listener(step.task)

    def _send(self, send: Send) -> Reply:
        request = request_of(self._core.login.url, send, self._timeout)
        try:
            response = self._transport.handle_request(request)
            response.request = request
            if is_stream(send, response):
                return reply_of(response, b"", response)
            body = Body(self._timeout + send.waits)
            try:
                for chunk in response.iter_bytes():
                    body.add(chunk)
            finally:
                response.close()
            return reply_of(response, body.content)
        except FAULTS as fault:
            raise fault_of(self._core.login.url, fault) from fault

    def watch(self, watching: Watching) -> Iterator[TaskEvent]:
        while True:
            fault: MilepostError | None = None
            try:
                yield from self._stream(watching)
            except MilepostError as broken:
                fault = broken
            time.sleep(watching.pause(fault))

    def _stream(self, watching: Watching) -> Iterator[TaskEvent]:
        """The events of one connection."""
        response = self.run(self._core.converse(watching.call()))
        try:
            for told in httpx2.EventSource(response):
                event = watching.take(told.event, told.data, told.id)
                if event is not None:
                    yield event
        except FAULTS as fault:
            raise fault_of(self._core.login.url, fault) from fault
        finally:
            response.close()


class AsyncShell:
    """Does the steps in an event loop. Raises ``BadCaFile`` when it is made."""

    def __init__(self, core: Core, timeout: float) -> None:
        self._core = core
        self._timeout = timeout
        url = core.login.url
        self._transport = httpx2.AsyncHTTPTransport(
            verify=trusting(core.login.ca_file) if url.startswith("https:") else False,
            limits=LIMITS,
            proxy=proxy_for(url),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def run(self, conversation: Conversation[T]) -> T:
        """Do the steps of a conversation."""
        reply: Reply | None = None
        fault: MilepostError | None = None
        while True:
            try:
                step = conversation.send(reply) if fault is None else conversation.throw(fault)
            except StopIteration as end:
                value: T = end.value
                return value
            reply = fault = None
            if isinstance(step, Send):
                try:
                    reply = await self._send(step)
                except MilepostError as failed:
                    fault = failed
            elif isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
            else:
                heard = step.listener(step.task)
                if inspect.isawaitable(heard):
                    await heard

    async def _send(self, send: Send) -> Reply:
        request = request_of(self._core.login.url, send, self._timeout)
        try:
            response = await self._transport.handle_async_request(request)
            response.request = request
            if is_stream(send, response):
                return reply_of(response, b"", response)
            body = Body(self._timeout + send.waits)
            try:
                async for chunk in response.aiter_bytes():
                    body.add(chunk)
            finally:
                await response.aclose()
            return reply_of(response, body.content)
        except FAULTS as fault:
            raise fault_of(self._core.login.url, fault) from fault

    async def watch(self, watching: Watching) -> AsyncIterator[TaskEvent]:
        while True:
            fault: MilepostError | None = None
            try:
                async for event in self._stream(watching):
                    yield event
            except MilepostError as broken:
                fault = broken
            await asyncio.sleep(watching.pause(fault))

    async def _stream(self, watching: Watching) -> AsyncIterator[TaskEvent]:
        """The events of one connection."""
        response = await self.run(self._core.converse(watching.call()))
        try:
            async for told in httpx2.EventSource(response):
                event = watching.take(told.event, told.data, told.id)
                if event is not None:
                    yield event
        except FAULTS as fault:
            raise fault_of(self._core.login.url, fault) from fault
        finally:
            await response.aclose()
