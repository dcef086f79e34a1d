"""Locks between commands that share a state folder; the kernel frees them when their holder dies."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock

from operations.environment import state_folder

HELD = (signal.SIGINT, signal.SIGTERM)


def state_lock(name: str) -> FileLock:
    """A named lock; entering it waits until it is free."""
    folder = state_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{name}.lock")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM until the block is done, so that it happens whole or not at all.

    Masking them would not do: the system would give them to one of the libraries' threads, and Python to this one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # no signal ever interrupts another thread
        return
    held: list[int] = []
    before = {number: signal.signal(number, lambda number, _: held.append(number)) for number in HELD}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in held:
            signal.raise_signal(late)
