"""Requests that already wait share a call of the model; none waits for others to come."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognition.serving.engine import Engine
from recognition.serving.problems import busy

Probabilities = NDArray[np.float32]
CALLS = 2  # of the model at a time: while one waits for a core, or for Python, the other computes
WORTH = 16  # images that a call beside another must have: small batches cost more an image
STUCK = 300.0  # seconds after which a call of the model will never end


class Job(NamedTuple):
    """The images of one request, for the model that its answer is to come from."""

    engine: Engine
    pixels: NDArray[np.uint8]
    answer: asyncio.Future[Probabilities]


class Batcher:
    """Calls the model in threads: whenever it is idle, with whatever waits; beside a call, with a good batch only.

    Jobs of different models never share a batch, nor do more images than the model takes at a time, unless one job has
    them. All methods belong to the event loop's thread.

    Args:
        room: Images that may wait or be with the model.
        observe: Called with the number of images of each batch.
    """

    def __init__(self, room: int, observe: Callable[[int], None] = lambda images: None) -> None:
        self._room, self._observe = room, observe
        self._waiting: deque[Job] = deque()
        self._calls: dict[asyncio.Future[list[Probabilities]], float] = {}  # and when they began
        self.images, self._called = 0, 0
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(CALLS, "model")

    @property
    def alive(self) -> bool:
        """Whether answers can be expected: no call of the model is stuck."""
        return all(time.monotonic() - start < STUCK for start in self._calls.values())

    def submit(self, engine: Engine, pixels: NDArray[np.uint8]) -> asyncio.Future[Probabilities]:
        """Queue images; who cancels the answer takes them out again.

        Args:
            engine: The model to ask.
            pixels: uint8, (n, height, width, channels), as the engine's transform makes them.

        Returns:
            Will be float32, (n, classes).

        Raises:
            Problem: 503 where too many images wait.
        """
        if self.images + len(pixels) > self._room:
            raise busy(f"{self.images} images are waiting for the model")
        job = Job(engine, pixels, self._loop.create_future())
        self.images += len(pixels)
        self._waiting.append(job)
        self._loop.call_soon(self._start)  # behind the requests that have come together with this one
        return job.answer

    async def close(self) -> None:
        """End the threads, after what waits has been answered."""
        self._start()
        while self._calls:
            await asyncio.wait(self._calls)
        self._pool.shutdown()

    def _start(self) -> None:
        while self._may_call() and (batch := self._take()):
            call = self._loop.run_in_executor(self._pool, _answers, batch)
            self._calls[call] = time.monotonic()
            call.add_done_callback(partial(self._deliver, batch))

    def _may_call(self) -> bool:
        if not (self._calls and self._waiting):
            return True
        worth = min(WORTH, self._waiting[0].engine.largest)
        return len(self._calls) < CALLS and self.images - self._called >= worth

    def _take(self) -> list[Job]:
        """The first job that is still wanted, and those behind it that fit."""
        batch: list[Job] = []
        images = 0
        while self._waiting:
            job = self._waiting[0]
            if job.answer.cancelled():
                self.images -= len(job.pixels)
            elif batch and (job.engine is not batch[0].engine or images + len(job.pixels) > job.engine.largest):
                break
            else:
                batch.append(job)
                images += len(job.pixels)
            self._waiting.popleft()
        self._called += images
        return batch

    def _deliver(self, batch: list[Job], call: asyncio.Future[list[Probabilities]]) -> None:
        del self._calls[call]
        images, error = sum(len(job.pixels) for job in batch), call.exception()
        self.images -= images
        self._called -= images
        self._observe(images)
        for number, job in enumerate(batch):
            if job.answer.cancelled():
                continue
            if error:
                job.answer.set_exception(error)
            else:
                job.answer.set_result(call.result()[number])
        self._start()


def _answers(jobs: list[Job]) -> list[Probabilities]:
    """One call for all jobs, whose engine is the same."""
    pixels = np.concatenate([job.pixels for job in jobs]) if len(jobs) > 1 else jobs[0].pixels
    ends = np.cumsum([len(job.pixels) for job in jobs])
    return list(np.split(jobs[0].engine.probabilities(pixels), ends[:-1]))
