"""A client's connection, with limits on what uvicorn lets it take: bytes, lines, pieces, time, and number."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from recognition.serving.problems import CLIENT_GONE, GONE, Problem

HEAD_BYTES, HEAD_LINES = 32_768, 100  # of a request; nginx allows 4 x 8 KiB, Envoy 60 KiB and 100 lines
CHUNKS = 16_384  # of a body, each of which costs as much time as a kilobyte
PIPELINED = 16  # requests that wait for the answer of one before them
PIECE = 16_384  # bytes that are parsed at a time, so that a head is seen to be too long in time
SPARE = 1.0  # seconds in which the application may tell that time is over
REFUSALS = {408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, within limits.

    A request's head, then its body, have `seconds` from the head's first byte; its answer must have been taken in twice
    that time; a connection without a request ends after uvicorn's own 5 seconds, a new one after `seconds`. When there
    are too many connections, one that waits for its client gives way to the new one, first of all the one that has
    waited longest for a whole request: so whoever holds many open keeps nobody out.

    The time of a request's first byte is `scope["first_byte"]`, on the event loop's clock, and the connection is
    `scope["connection"]`.

    Args:
        seconds: From a request's first byte to its answer.
        most: Connections at a time.
        options: uvicorn's.
    """

    def __init__(self, seconds: float, most: int, **options: Any) -> None:
        super().__init__(**options)
        self._seconds, self._most = seconds, most
        self._in_head, self._head, self._chunks = False, 0, 0
        self._since = self._ends = 0.0
        self._awaited: asyncio.Task[Any] | None = None

    @property
    def patience(self) -> tuple[bool, float]:
        """By which those that wait give way: without an answer yet before between two requests, then the oldest."""
        return self.cycle is not None and self.cycle.response_complete and not self._in_head, self._since

    @property
    def waits(self) -> bool:
        """Whether it waits for its client, with no whole request in hand."""
        return not self.pipeline and (self.cycle is None or self.cycle.response_complete or self.cycle.more_body)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, instead of the one that has waited longest where there are too many."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self._most:
            waiting = [each for each in self.connections if isinstance(each, Connection) and each.waits]
            min(waiting, key=lambda each: each.patience).end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop what is done for a client that is not there any more."""
        super().connection_lost(exc)
        if self._awaited is not None:
            self._awaited.cancel(GONE)

    @contextmanager
    def cancelling(self, task: asyncio.Task[Any] | None) -> Iterator[None]:
        """Cancel a task, with GONE, where the client goes while it is awaited.

        Args:
            task: What answers the client's request.

        Raises:
            Problem: 499 where it has gone already.
        """
        if self.parser is None:
            raise Problem(CLIENT_GONE, GONE)
        self._awaited = task
        try:
            yield
        finally:
            self._awaited = None

    def data_received(self, data: bytes) -> None:
        """Parse bytes, as long as no limit is passed."""
        for start in range(0, len(data), PIECE):
            if self.parser is None or self.transport.is_closing():
                return
            piece = data[start : start + PIECE]
            super().data_received(piece)
            if self._in_head:
                self._head += len(piece)
                if self._head > HEAD_BYTES:
                    self._refuse(431)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._in_head, self._head, self._chunks = True, 0, 0
        self._since = self.loop.time()
        self._ends = self._since + self._seconds
        self.scope["first_byte"], self.scope["connection"] = self._since, self  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        """Begin to answer, unless the head has too much in it or too many requests wait."""
        self._in_head = False
        length = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if length > HEAD_BYTES or len(self.headers) > HEAD_LINES:
            self._refuse(431)
        elif len(self.pipeline) >= PIPELINED:
            self.end()
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_chunk_header(self) -> None:
        """A chunk of a body begins."""
        self._chunks += 1
        if self._chunks > CHUNKS:
            self.end()

    def on_message_complete(self) -> None:
        """A request is whole."""
        if self.transport.is_closing():
            return
        super().on_message_complete()
        self._ends = self.loop.time() + 2 * self._seconds

    def on_response_complete(self) -> None:
        """An answer has been written."""
        self._wait()
        super().on_response_complete()

    def expire(self) -> None:
        """End what has taken too long; to be called often."""
        late = self.loop.time() - self._ends
        if late > 0 and self._in_head and self.waits and not self.transport.is_closing():
            self._refuse(408)
        elif late > SPARE:
            self.end()

    def end(self) -> None:
        """Close at once, whether or not the client has taken all."""
        self.transport.abort()

    def _wait(self) -> None:
        self._since = self.loop.time()
        self._ends = self._since + self._seconds

    def _refuse(self, status: int) -> None:
        """Answer before there is a request, and close."""
        if self.pipeline or not self.waits:  # an answer to a request before this one is on its way
            self.end()
            return
        self._ends = self.loop.time()  # to be ended a moment later, should the client not take the answer
        self.transport.write(
            b"HTTP/1.1 %d %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % (status, REFUSALS[status])
        )
        self.transport.close()
