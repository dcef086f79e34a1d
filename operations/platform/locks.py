"""Locks between commands that share a state folder; the kernel frees them when their holder dies."""

from __future__ import annotations

from filelock import FileLock

from operations.platform.environment import state_folder


def state_lock(name: str) -> FileLock:
    """A named lock; entering it waits until it is free."""
    folder = state_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{name}.lock")
