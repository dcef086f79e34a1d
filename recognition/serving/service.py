"""What requests share: the model of the moment, the batcher, the limits, the counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from recognition.serving.batcher import Batcher
from recognition.serving.body import Bodies
from recognition.serving.decoding.decoders import Decoders
from recognition.serving.engine import Engine, ModelCard
from recognition.serving.limits import Limits
from recognition.serving.metrics import Metrics
from recognition.serving.problems import CLIENT_GONE, GONE, Problem, busy

LOADING, READY, STOPPING = "loading", "ready", "stopping"
LOADING_SECONDS = 5  # after which a client may try again


class Service:
    """The state of one server; its counts belong to the event loop's thread, `swap` and `stop` to any.

    Args:
        limits: What it takes on.

    Attributes:
        requests: To /predict, whose bodies have arrived.
        bodies: What has arrived of bodies.
        cut: Requests that the server's end has cut off.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.requests, self.cut = 0, 0
        self.bodies = Bodies(limits)
        self.metrics = Metrics(lambda: self.batcher.images if self.batcher else 0)
        self.batcher: Batcher | None = None
        self.decoders: Decoders | None = None
        self._engine: Engine | None = None
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Processes for decoding and threads for the model, while the event loop runs."""
        self.batcher = Batcher(self.limits.queue, self.metrics.batch_images.observe)
        self.decoders = Decoders(self.limits)
        try:
            yield
        finally:
            await self.batcher.close()
            await self.decoders.close()

    @property
    def status(self) -> str:
        """Whether it is ready: LOADING, READY or STOPPING."""
        if self._stopping:
            return STOPPING
        return READY if self._engine else LOADING

    @property
    def alive(self) -> bool:
        """Whether it can still answer, or will be able to."""
        return self.batcher is not None and self.batcher.alive and self.decoders is not None and self.decoders.alive

    @property
    def engine(self) -> Engine:
        """The model of the moment. A request asks once, and is decoded and answered by the same.

        Raises:
            Problem: 503 where none is loaded yet.
        """
        if self._engine is None:
            raise busy("the model is being loaded", LOADING_SECONDS)
        return self._engine

    @property
    def card(self) -> ModelCard | None:
        """Of the model of the moment; None where none is loaded yet."""
        return self._engine.card if self._engine else None

    def swap(self, engine: Engine) -> None:
        """Let requests from now on be answered by another model, which is warmed up.

        Those that are in flight keep theirs, which is forgotten with the last of them.
        """
        self._engine = engine
        self.metrics.show_model(engine.card)

    def stop(self) -> None:
        """Say that the server is about to go."""
        self._stopping = True

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Count a request in flight.

        Raises:
            Problem: 499 where the client has gone, 503 where there are too many.
        """
        if self.requests >= self.limits.queue:
            raise busy(f"{self.requests} requests are in flight")
        self.requests += 1
        try:
            yield
        except asyncio.CancelledError as cancelled:
            if cancelled.args == (GONE,):
                raise Problem(CLIENT_GONE, GONE) from None
            self.cut += 1
            raise
        finally:
            self.requests -= 1
