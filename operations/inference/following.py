"""A server's model is what the registry names, its threshold included: loaded beside the old one, then swapped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from operations.registry.registered_model import RegisteredModel
from recognition.errors import RecognitionError
from recognition.prediction.rejection import Rejection
from recognition.serving.engine import Engine
from recognition.serving.logs import log
from recognition.serving.service import Service

LONGEST_PAUSE = 300.0  # seconds between attempts to load a version that fails


class Server(Protocol):
    """What can be told to end."""

    should_exit: bool


class ResolvedModel(NamedTuple):
    """What the registry names.

    Attributes:
        model: A version.
        rejection: The threshold below which it does not answer now, None for none.
    """

    model: RegisteredModel
    rejection: Rejection | None = None


class Follower:
    """Loads a server's model in a thread beside it, and then every other that the registry names.

    Args:
        find: What the registry names now.
        load: A registered model, ready to serve.
        service: What serves.
        seconds: Between looks at the registry; None to load once.
    """

    def __init__(
        self,
        find: Callable[[], ResolvedModel],
        load: Callable[[RegisteredModel], Engine],
        service: Service,
        seconds: float | None = None,
    ) -> None:
        self._find, self._load, self._service, self._seconds = find, load, service, seconds
        self._serving: ResolvedModel | None = None
        self._failed: ResolvedModel | None = None
        self._pause, self._again = 0.0, 0.0
        self._is_silent = False
        self._ended = threading.Event()
        self.failure: Exception | None = None

    @contextmanager
    def beside(self, server: Server, first: ResolvedModel | None) -> Iterator[None]:
        """Load and follow while the block runs.

        Args:
            server: Ends where the first model cannot be loaded; `failure` then says why.
            first: The model to begin with; None to begin with the first that the registry will name.
        """
        thread = threading.Thread(target=self._run, args=(server, first), name="follower")
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _run(self, server: Server, first: ResolvedModel | None) -> None:
        try:
            if first is not None:
                self._take(first)
        except Exception as error:
            self.failure, server.should_exit = error, True
            return
        while self._seconds is not None and not self._ended.wait(self._seconds):
            self.look()

    def look(self) -> None:
        """Take what the registry names, if it is something else; whatever goes wrong, the old model goes on."""
        try:
            found = self._find()
        except Exception as error:
            if not self._is_silent:
                log(f"the registry does not name a model; {self._meanwhile}", logging.WARNING, reason=str(error))
            self._is_silent = True
            return
        self._is_silent = False
        if found != self._serving and (found != self._failed or time.monotonic() >= self._again):
            self._try(found)

    def _try(self, resolved: ResolvedModel) -> None:
        try:
            self._take(resolved)
        except Exception as error:
            self._service.metrics.loads.labels("failed").inc()
            self._pause = min(LONGEST_PAUSE, 2 * self._pause) if resolved == self._failed else self._seconds or 0.0
            self._failed, self._again = resolved, time.monotonic() + self._pause
            log(
                f"a model cannot be loaded; {self._meanwhile}",
                logging.ERROR,
                model=resolved.model.name,
                version=resolved.model.mlflow_version,
                reason=str(error),
                exc_info=not isinstance(error, RecognitionError),
            )

    @property
    def _meanwhile(self) -> str:
        return "none is served yet" if self._serving is None else "the old one goes on"

    def _take(self, resolved: ResolvedModel) -> None:
        start = time.monotonic()
        engine = self._load(resolved.model)
        self._service.swap(engine)
        self._serving, self._failed = resolved, None
        self._service.metrics.loads.labels("ok").inc()
        seconds = round(time.monotonic() - start, 2)
        log("serving", model=resolved.model.name, version=resolved.model.mlflow_version, seconds=seconds)
