"""A request's body, read into memory within limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from recognition.serving.problems import Problem, busy
from recognition.serving.service import Service


@asynccontextmanager
async def read_body(request: Request, service: Service) -> AsyncIterator[bytes]:
    """The whole body; within the context its bytes count as taken.

    What counts is what has arrived, not what is announced: who sends slowly takes no room from others.

    Raises:
        Problem: 400 where the client hangs up, 413 above the limit, 415 for a compressed body, 503 where the bodies of
            all requests take too much.
    """
    _check_head(request, service.limits.body)
    parts: list[bytes] = []
    taken = 0
    try:
        async for part in request.stream():
            taken += len(part)
            service.bytes += len(part)
            if taken > service.limits.body:
                raise _too_large(service.limits.body)
            if service.bytes > service.limits.bodies:
                raise busy("the requests being read take too much memory")
            parts.append(part)
        yield b"".join(parts) if len(parts) > 1 else parts[0]
    except ClientDisconnect:
        raise Problem(400, "the connection was closed before the body's end") from None
    finally:
        service.bytes -= taken


def _check_head(request: Request, limit: int) -> None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise Problem(415, f"Content-Encoding is {encoding[:50]}; expected an uncompressed body")


def _too_large(limit: int) -> Problem:
    return Problem(413, f"the body has more than {limit:,} bytes")
