"""Requests' bodies, read into memory within limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from recognition.serving.limits import Limits
from recognition.serving.problems import Problem, busy

CONTENT_TYPE_LENGTH = 1_000  # characters


class Bodies:
    """What has arrived of all bodies, and how much of it may be in memory together.

    What counts is what has arrived, not what is announced. Where it gets too much, the body that has been on its way
    longest gives way: who sends slowly, or never to the end, takes no room from others.

    Args:
        limits: The server's.

    Attributes:
        bytes: In memory.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._arriving: dict[asyncio.Timeout, list[bytes]] = {}  # by their time limits, the oldest first
        self.bytes = 0

    @property
    def arriving(self) -> int:
        """How many are incomplete."""
        return len(self._arriving)

    @asynccontextmanager
    async def read(self, request: Request, ends: float) -> AsyncIterator[bytes]:
        """The whole body of a request; within the context its bytes count as taken.

        Args:
            request: The request.
            ends: By when it must have arrived, on the event loop's clock.

        Raises:
            Problem: 400 where the client hangs up, 408 where it takes too long, 413 above the limit, 415 for a
                compressed body, 503 where the bodies of all requests take too much.
        """
        _check_head(request, self._limits.body)
        parts: list[bytes] = []
        try:
            await self._collect(request, parts, ends)
            yield b"".join(parts) if len(parts) > 1 else parts[0]
        except ClientDisconnect:
            raise Problem(400, "the connection was closed before the body's end") from None
        finally:
            self.bytes -= sum(map(len, parts))

    async def _collect(self, request: Request, parts: list[bytes], ends: float) -> None:
        taken = 0
        timeout = asyncio.timeout_at(ends)
        try:
            async with timeout:
                self._arriving[timeout] = parts
                async for part in request.stream():
                    taken += len(part)
                    if taken > self._limits.body:
                        raise _too_large(self._limits.body)
                    self._make_room(len(part), timeout)
                    self.bytes += len(part)
                    parts.append(part)
        except TimeoutError:
            if timeout not in self._arriving:  # `_make_room` has ended it
                raise _no_room() from None
            raise Problem(408, f"the body did not arrive within {self._limits.seconds:g} seconds") from None
        finally:
            self._arriving.pop(timeout, None)

    def _make_room(self, size: int, own: asyncio.Timeout) -> None:
        while size and self.bytes + size > self._limits.bodies:
            oldest = next(iter(self._arriving))
            if oldest is own:
                raise _no_room()
            parts = self._arriving.pop(oldest)
            self.bytes -= sum(map(len, parts))
            parts.clear()
            oldest.reschedule(0)


def _check_head(request: Request, limit: int) -> None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise Problem(415, f"Content-Encoding is {encoding[:50]}; expected an uncompressed body")
    if len(request.headers.get("content-type", "")) > CONTENT_TYPE_LENGTH:
        raise Problem(415, f"Content-Type has more than {CONTENT_TYPE_LENGTH:,} characters")


def _too_large(limit: int) -> Problem:
    return Problem(413, f"the body has more than {limit:,} bytes")


def _no_room() -> Problem:
    return busy("the requests being read take too much memory")
