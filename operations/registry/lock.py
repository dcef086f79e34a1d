"""Who changes the registry of a model does so alone: on this machine by a file, on a server by a lease."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import Timeout

from operations.platform.console import echo
from operations.platform.locks import state_lock
from operations.registry.lease import leased
from operations.tracking.connection import local_tracking_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient


@contextmanager
def registry_lock(client: MlflowClient, name: str) -> Iterator[Callable[[], None]]:
    """Keep everyone else from registering, judging or promoting versions of a model; waits until it is free.

    Args:
        client: A client from `tracking.connect`.
        name: Name of the registered model.

    Yields:
        What to call before the first change: it raises RecognitionError where the lock was lost, which cannot happen
        on one machine.
    """
    if str(client.tracking_uri) != local_tracking_uri():
        with leased(client, name) as check:
            yield check
        return
    lock = state_lock(f"registry-{hashlib.sha256(name.encode()).hexdigest()[:16]}")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        echo("waiting for another command, which changes the registry")
        lock.acquire()
    try:
        yield lambda: None
    finally:
        lock.release()
