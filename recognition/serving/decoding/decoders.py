"""Decodes the images of requests without holding up others, in processes that can be ended."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Coroutine
from typing import Any

import numpy as np

from recognition.data.image_transform import ImageTransform
from recognition.serving.decoding.decoder import Decoder, DecoderEndedError
from recognition.serving.decoding.images import Images, images_of
from recognition.serving.decoding.plain import SMALL_BODY, SMALL_IMAGE, is_plain
from recognition.serving.decoding.uploads import uploads_of
from recognition.serving.decoding.worker import CPU_SECONDS
from recognition.serving.limits import Limits
from recognition.serving.logs import log
from recognition.serving.problems import Problem, busy

PROCESSES, LARGE = 4, 2  # and how many may decode what is large
LARGE_SHARE = 4  # large is more than this part of the pixels that a request may have
PATIENCE = 0.25  # seconds for which work that nobody waits for may go on: a new process takes as long
STUCK = 300.0  # seconds after which there will be no process any more


class Decoders:
    """Up to four processes; what is small and plain is decoded at once.

    32 images of 128 x 128 pixels take some milliseconds, while a process costs each request as much as all of HTTP.
    Work that nobody waits for any more is ended with its process, which is replaced: no library can be asked to stop.

    All methods belong to the event loop's thread.

    Args:
        limits: The server's.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._idle: asyncio.Queue[Decoder | None] = asyncio.Queue()  # None for one that could not be started
        self._large = asyncio.Semaphore(LARGE)
        self._all: set[Decoder] = set()
        self._started, self._tasks = 0, set[asyncio.Task[None]]()
        self._fails_since: float | None = None

    @property
    def alive(self) -> bool:
        """Whether decoding works, or may work again: not if no process could be started for long."""
        return self._fails_since is None or time.monotonic() - self._fails_since < STUCK

    async def images(self, content_type: str, body: bytes, transform: ImageTransform) -> Images:
        """The images of a request.

        Args:
            content_type: The request's header.
            body: The request's body.
            transform: How a file becomes pixels.

        Raises:
            Problem: As of `uploads_of` and `images_of`; 422 where decoding takes too much processor time, or ends the
                process that does it, 503 where there is no such process.
        """
        if len(body) <= SMALL_BODY:
            uploads = uploads_of(content_type, body, self._limits.files)
            if all(is_plain(upload.content) for upload in uploads):
                try:
                    return images_of(uploads, transform, min(SMALL_IMAGE * len(uploads), self._limits.pixels))
                except Problem as problem:
                    if not any(error.status == 413 for error in problem.errors):
                        raise
        request = {
            "content_type": content_type,
            "transform": transform.to_json(),
            "files": self._limits.files,
            "pixels": self._limits.pixels,
        }
        answer, pixels = await self._ask(request | {"small": self._limits.pixels // LARGE_SHARE}, body)
        if "large" in answer:
            async with self._large:
                answer, pixels = await self._ask(request | {"small": None}, body)
        if "problem" in answer:
            raise Problem.from_json(answer["problem"])
        shape = (len(answer["names"]), *transform.shape)
        return Images(tuple(answer["names"]), np.frombuffer(pixels, np.uint8).reshape(shape))

    async def close(self) -> None:
        """End the processes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(decoder.end() for decoder in self._all))

    async def _ask(self, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        decoder = await self._take()
        work = asyncio.create_task(decoder.ask(request, body))
        work.add_done_callback(lambda done: done.cancelled() or done.exception())  # or asyncio tells it at the end
        try:
            return await asyncio.shield(work)
        except DecoderEndedError as ended:
            raise _refusal(ended.status) from None
        finally:
            if work.done() and work.exception() is None:
                self._idle.put_nowait(decoder)
            else:
                self._beside(self._replace(decoder, work))

    async def _take(self) -> Decoder:
        if self._idle.empty() and self._started < PROCESSES:
            self._started += 1
            self._beside(self._start())
        decoder = await self._idle.get()
        if decoder is None:
            raise busy("no process that decodes images can be started")
        return decoder

    async def _start(self) -> None:
        decoder = None
        try:
            decoder = await Decoder.start()
        except (OSError, DecoderEndedError) as error:
            log("no process that decodes images can be started", logging.ERROR, reason=str(error))
            self._started -= 1
            self._fails_since = self._fails_since or time.monotonic()
        else:
            self._all.add(decoder)
            self._fails_since = None
        self._idle.put_nowait(decoder)

    async def _replace(self, decoder: Decoder, work: asyncio.Task[Any]) -> None:
        """Let work that nobody waits for end, or end it."""
        await asyncio.wait({work}, timeout=PATIENCE)
        if work.done() and work.exception() is None:
            self._idle.put_nowait(decoder)
            return
        work.cancel()
        await decoder.end()
        self._all.discard(decoder)
        await self._start()

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _refusal(status: int) -> Problem:
    if status == -signal.SIGPROF:
        return Problem(422, f"the images take more than {CPU_SECONDS} seconds of processor time to decode")
    if status == -signal.SIGKILL:  # the system's own, where memory runs out
        return busy("there is not enough memory to decode the image")
    return Problem(422, "the process that decodes images has ended over them")
