"""Locks between commands that share a state folder; the kernel frees them when their holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from operations.platform.console import echo
from operations.platform.environment import state_folder


def state_lock(name: str) -> FileLock:
    """A named lock; entering it waits until it is free."""
    return FileLock(_path(name))


@contextmanager
def shared_lock(name: str, waiting: str) -> Iterator[None]:
    """Hold a named lock together with all who share it, and keep it from whoever wants it alone, by `state_lock`.

    Args:
        name: The lock's.
        waiting: What to say where somebody has it alone, who is waited for.
    """
    with _path(name).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            echo(waiting)
            fcntl.flock(file, fcntl.LOCK_SH)
        yield


def _path(name: str) -> Path:
    folder = state_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.lock"
