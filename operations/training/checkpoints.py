"""The folders of checkpoints on this machine, and when they go."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from filelock import FileLock, Timeout

from operations.platform.environment import state_folder

FINISHED = "finished.json"
TRAINING = "training.json"
REMOVED = ".removed-"  # in the name of a folder that is being removed
ZENML = "zenml"  # in the former: whose step it is


def remove_finished() -> None:
    """Remove the checkpoints of trainings whose artifacts ZenML has stored, those in use again left out.

    And what is left of folders whose removal was killed.
    """
    for left in checkpoints_root().glob(f"*{REMOVED}*"):
        with suppress(Timeout), lock_of(left.with_name(left.name.partition(REMOVED)[0])):
            shutil.rmtree(left)
    for mark in checkpoints_root().glob(f"*/{FINISHED}"):
        with suppress(Timeout), lock_of(mark.parent):
            if is_stored(mark.parent):
                remove_folder(mark.parent)


@dataclass(frozen=True)
class StoredTraining:
    """A folder of checkpoints.

    Attributes:
        folder: Where.
        task: What the training is for, "" where the folder does not tell.
        held: Whether a process uses it.
    """

    folder: Path
    task: str
    held: bool


def stored_trainings() -> Iterator[StoredTraining]:
    """All folders of checkpoints, those that an interruption left half removed too."""
    for folder in sorted(path for path in checkpoints_root().glob("*") if path.is_dir()):
        task = ""
        with suppress(OSError, ValueError, KeyError):
            task = str(json.loads((folder / TRAINING).read_text())["task"])
        yield StoredTraining(folder, task, _is_held(folder))


def remove_training(name: str) -> bool:
    """Remove a folder of checkpoints, unless a process uses it: whether it is gone.

    Args:
        name: The folder's.
    """
    folder = checkpoints_root() / name
    with suppress(Timeout), lock_of(folder):
        if folder.is_dir():
            remove_folder(folder)
        Path(lock_of(folder).lock_file).unlink(missing_ok=True)
        return True
    return False


def _is_held(folder: Path) -> bool:
    try:
        with lock_of(folder):
            return False
    except Timeout:
        return True


def is_stored(folder: Path) -> bool:
    """Whether a training has ended and this ZenML has its artifacts; of what ended in another one, it cannot tell.

    Args:
        folder: Of its checkpoints.
    """
    from zenml.client import Client

    mark = _finished_mark(folder)
    if mark is None or mark.get(ZENML) != zenml_id():
        return False
    try:
        return bool(Client().get_run_step(UUID(mark["step_run"])).status.is_successful)
    except KeyError:  # its run was deleted: the training is over, whatever became of it
        return True


def is_elsewhere(folder: Path) -> bool:
    """Whether a training has ended in another ZenML than the one in use, which alone knows what became of it.

    Args:
        folder: Of its checkpoints.
    """
    mark = _finished_mark(folder)
    return mark is not None and mark.get(ZENML) != zenml_id()


def mark_finished(folder: Path, step_run: UUID) -> None:
    """Write down that a training has ended, and which step of which ZenML stores what came of it.

    Args:
        folder: Of its checkpoints.
        step_run: ZenML's id of the step.
    """
    (folder / FINISHED).write_text(json.dumps({"step_run": str(step_run), ZENML: zenml_id()}))


def zenml_id() -> str:
    """Which ZenML is in use: that of its database, whatever address leads there."""
    from zenml.client import Client

    return str(Client().zen_store.get_store_info().id)


def _finished_mark(folder: Path) -> dict[str, str] | None:
    """What is written down, None where the training has not finished or was killed just when it had."""
    try:
        mark = json.loads((folder / FINISHED).read_text())
        return {"step_run": str(UUID(mark["step_run"])), ZENML: str(mark.get(ZENML, ""))}
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def lock_of(folder: Path) -> FileLock:
    """What the process holds that uses a folder; who waits for it gives up at once.

    Args:
        folder: Of a training's checkpoints.
    """
    return FileLock(folder.with_name(f"{folder.name}.lock"), timeout=0)


def remove_folder(folder: Path) -> None:
    """Remove a folder at once: an interruption leaves no half of a checkpoint behind.

    Args:
        folder: A training's, whose lock is held.
    """
    removed = folder.with_name(f"{folder.name}{REMOVED}{uuid4().hex}")
    folder.rename(removed)
    shutil.rmtree(removed)


def checkpoints_root() -> Path:
    """The folder that has one for each training."""
    return state_folder() / "checkpoints"
