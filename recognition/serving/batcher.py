"""Requests that already wait share a call of the model; none waits for others to come."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognition.serving.engine import Engine
from recognition.serving.problems import busy

Probabilities = NDArray[np.float32]


class Job(NamedTuple):
    """The images of one request, for the model that its answer is to come from."""

    engine: Engine
    pixels: NDArray[np.uint8]
    answer: asyncio.Future[Probabilities]


class Batcher:
    """One thread that calls the model, whenever there is anything to do, with whatever waits.

    Jobs of different models never share a batch. All methods belong to the event loop's thread, and so do the counts:
    the thread hands results over to it.

    Args:
        largest: Images a batch; a job that is larger goes alone.
        room: Images that may wait or be with the model.
        observe: Called with the number of images of each batch.
    """

    def __init__(self, largest: int, room: int, observe: Callable[[int], None] = lambda images: None) -> None:
        self._largest, self._room, self._observe = largest, room, observe
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._held: Job | None = None
        self.images = 0
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread is there to answer."""
        return self._thread.is_alive()

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
        self._queue.put(job)
        return job.answer

    async def close(self) -> None:
        """End the thread, after what waits has been answered."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while batch := self._take():
            wanted = [job for job in batch if not job.answer.cancelled()]
            results: list[Probabilities] | Exception
            try:
                results = _answers(wanted)
            except Exception as error:
                results = error
            self._loop.call_soon_threadsafe(self._deliver, batch, wanted, results)

    def _take(self) -> list[Job]:
        """Wait for a job, and add those behind it that fit; nothing at the end."""
        first = self._held or self._queue.get()
        self._held = None
        if first is None:
            return []
        batch, images = [first], len(first.pixels)
        while images < self._largest:
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            if job is None:
                self._queue.put(None)
                break
            images += len(job.pixels)
            if job.engine is not first.engine or images > self._largest:
                self._held = job
                break
            batch.append(job)
        return batch

    def _deliver(self, batch: list[Job], wanted: list[Job], results: list[Probabilities] | Exception) -> None:
        self.images -= sum(len(job.pixels) for job in batch)
        if wanted:
            self._observe(sum(len(job.pixels) for job in wanted))
        for number, job in enumerate(wanted):
            if job.answer.cancelled():
                continue
            if isinstance(results, Exception):
                job.answer.set_exception(results)
            else:
                job.answer.set_result(results[number])


def _answers(jobs: list[Job]) -> list[Probabilities]:
    """One call for all jobs, whose engine is the same."""
    if not jobs:
        return []
    pixels = np.concatenate([job.pixels for job in jobs]) if len(jobs) > 1 else jobs[0].pixels
    ends = np.cumsum([len(job.pixels) for job in jobs])
    return list(np.split(jobs[0].engine.probabilities(pixels), ends[:-1]))
