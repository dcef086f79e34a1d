"""The folder for the checkpoints of one very training, held by the process that trains."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from operations.platform.console import echo
from operations.training.checkpoints import (
    FINISHED,
    TRAINING,
    checkpoints_root,
    is_stored,
    lock_of,
    mark_finished,
    remove_finished,
    remove_folder,
)
from operations.training.former_code import FORMER
from operations.training.identity import TrainingIdentity
from operations.training.task import Training, former_identity
from operations.training.unfinished import give_up
from recognition.errors import RecognitionError

PATIENCE = 60.0  # seconds for the same run's last try, which may be about to save its state


@contextmanager
def training_folder(training: Training) -> Iterator[Path]:
    """The folder for the checkpoints of one very training, held by this process.

    A second run that trains the same at the same moment gets a folder of its own, and finds it again when its step is
    started again; what the same run left behind just now is waited for. The folder stays until the step's artifacts are
    stored: see `remove_finished`.

    Args:
        training: Which.
    """
    from zenml import get_step_context

    checkpoints_root().mkdir(parents=True, exist_ok=True)
    remove_finished()  # on a cluster nobody else sees them
    _take_over(training.identity)
    folder, lock = _held(training)
    if training.fresh and not _is_of(folder, training.origin):
        _give_up(training.task, folder)
    if is_stored(folder):
        remove_folder(folder)
    folder.mkdir(exist_ok=True)
    (folder / FINISHED).unlink(missing_ok=True)
    record = {"task": training.task, "origin": training.origin, "identity": training.identity.document}
    _write(folder / TRAINING, record)
    try:
        yield folder
        mark_finished(folder, get_step_context().step_run.id)
    finally:
        lock.release()


def shared_folder(training: Training) -> Path:
    """The folder that the chief of several workers holds, to read from.

    Args:
        training: With the chief's origin.
    """
    own = _own_folder(training)
    return own if own.is_dir() else checkpoints_root() / training.identity.key


def _take_over(identity: TrainingIdentity) -> None:
    """Give what the former version left of this very training the name that it has now, unless it trains still."""
    folder, former = checkpoints_root() / identity.key, former_identity(identity)
    if former is None or folder.exists():
        return
    left = checkpoints_root() / former.key
    with suppress(Timeout), lock_of(left):
        if left.is_dir():
            left.rename(folder)
            echo(f"  this training goes on from what version {FORMER} left")


def _held(training: Training) -> tuple[Path, FileLock]:
    """The folder of a training, and its lock; that of its run alone where another run trains the same."""
    shared, own = checkpoints_root() / training.identity.key, _own_folder(training)
    for folder in [own] if own.is_dir() else [shared, own]:
        lock = lock_of(folder)
        with suppress(Timeout):
            lock.acquire(timeout=PATIENCE if _is_of(folder, training.origin) else 0)
            return folder, lock
        if folder == shared:
            echo("  another run trains the same: this one starts from its first epoch")
    raise RecognitionError(
        "another process of this run trains already",
        received=f"{own} in use",
        expected="its end",
        remedy="end it, or wait for it, and give the command again",
    )


def _own_folder(training: Training) -> Path:
    run = hashlib.sha256(training.origin.encode()).hexdigest()[:8]
    return checkpoints_root() / f"{training.identity.key}-{run}"


def _is_of(folder: Path, origin: str) -> bool:
    """Whether it was this very run that left a folder: its step was started again, not the training."""
    with suppress(OSError, ValueError, KeyError):
        return bool(origin and json.loads((folder / TRAINING).read_text())["origin"] == origin)
    return False


def _give_up(task: str, own: Path) -> None:
    """Remove what interrupted trainings of a task left."""
    if own.is_dir():
        remove_folder(own)
    give_up(task)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """Write JSON whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(document, indent=1))
    unfinished.rename(path)
