"""Where trainings keep their checkpoints, and when those go."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

from filelock import FileLock, Timeout

from operations.console import say
from operations.environment import state_folder

FINISHED = "finished.json"
FRESH = "RECOGNITION_FRESH"  # set by --fresh: ignore what an earlier training left


@contextmanager
def training_folder(fingerprint: Sequence[str]) -> Iterator[Path]:
    """The folder for the checkpoints of one very training, held by this process.

    A second process that trains the same at the same moment gets a folder of its own. The folder stays until the
    step's artifacts are stored: see `remove_finished`.

    Args:
        fingerprint: What makes the training this one: data, plan, recipe, code.
    """
    key = hashlib.sha256("\n".join(fingerprint).encode()).hexdigest()[:16]
    folder = _root() / key
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_root() / f"{key}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("  another process trains the same: this one starts from its first epoch")
        folder = _root() / f"{key}-{os.getpid()}"
        lock = FileLock(_root() / f"{folder.name}.lock")
        lock.acquire()
        folder.mkdir(exist_ok=True)
    if os.environ.get(FRESH) or _is_stored(folder):
        _remove(folder)
    folder.mkdir(exist_ok=True)
    (folder / FINISHED).unlink(missing_ok=True)
    try:
        yield folder
        _mark_finished(folder)
    finally:
        lock.release()


def remove_finished() -> None:
    """Remove the checkpoints of trainings whose artifacts ZenML has stored, those in use again left out."""
    for mark in _root().glob(f"*/{FINISHED}"):
        with suppress(Timeout), FileLock(_root() / f"{mark.parent.name}.lock", timeout=0):
            if _is_stored(mark.parent):
                _remove(mark.parent)


def _is_stored(folder: Path) -> bool:
    """Whether a training has ended and ZenML has its artifacts."""
    from zenml.client import Client

    try:
        step_run = UUID(json.loads((folder / FINISHED).read_text())["step_run"])
    except (FileNotFoundError, ValueError):  # not finished, or killed just when it was
        return False
    try:
        return bool(Client().get_run_step(step_run).status.is_successful)
    except KeyError:  # its run was deleted: the training is over, whatever became of it
        return True


def _remove(folder: Path) -> None:
    """Remove a folder at once: an interruption leaves no half of a checkpoint behind."""
    removed = folder.with_name(f"{folder.name}.removed-{uuid4().hex}")
    folder.rename(removed)
    shutil.rmtree(removed)


def _mark_finished(folder: Path) -> None:
    from zenml import get_step_context

    (folder / FINISHED).write_text(json.dumps({"step_run": str(get_step_context().step_run.id)}))


def _root() -> Path:
    return state_folder() / "checkpoints"
