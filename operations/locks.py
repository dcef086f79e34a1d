"""Locks between commands that share a state folder; the kernel frees them when their holder dies."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock

from operations.environment import state_folder


def state_lock(name: str) -> FileLock:
    """A named lock; entering it waits until it is free."""
    folder = state_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{name}.lock")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM until the block is done, so that it happens whole or not at all."""
    held = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
