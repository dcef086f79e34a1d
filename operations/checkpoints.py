"""Where trainings keep their checkpoints, and when those go."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from filelock import FileLock, Timeout

from operations.console import say
from operations.environment import state_folder
from recognition.configuration.schema import AugmentationConfig, TrainConfig
from recognition.errors import InputError, RecognitionError

FINISHED = "finished.json"
TRAINING = "training.json"
DIFFERENCES = 5  # shown of all
PATIENCE = 60.0  # seconds for the same run's last try, which may be about to save its state
FRESH = "RECOGNITION_FRESH"  # set by --fresh: ignore what an earlier training left


@dataclass(frozen=True)
class Training:
    """What makes a training this one.

    Attributes:
        task: What it is for: two trainings of one task that differ in anything else are never mixed silently.
        identity: Everything that it depends on, by dotted key.
        origin: Where it came from, for people.
    """

    task: str
    identity: Mapping[str, Any]
    origin: str = ""

    @property
    def key(self) -> str:
        """Name of its folder."""
        return hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def training_folder(training: Training) -> Iterator[Path]:
    """The folder for the checkpoints of one very training, held by this process.

    A second run that trains the same at the same moment gets a folder of its own, and finds it again when its step is
    started again; what the same run left behind just now is waited for. The folder stays until the step's artifacts are
    stored: see `remove_finished`.

    Args:
        training: Which.
    """
    _root().mkdir(parents=True, exist_ok=True)
    remove_finished()  # on a cluster nobody else sees them
    folder, lock = _held(training)
    if os.environ.get(FRESH) and not _is_of(folder, training.origin):
        _give_up(training.task, folder)
    if _is_stored(folder):
        _remove(folder)
    folder.mkdir(exist_ok=True)
    (folder / FINISHED).unlink(missing_ok=True)
    _write(folder / TRAINING, {"task": training.task, "origin": training.origin, "identity": training.identity})
    try:
        yield folder
        _mark_finished(folder)
    finally:
        lock.release()


def shared_folder(training: Training) -> Path:
    """The folder that the chief of several workers holds, to read from.

    Args:
        training: With the chief's origin.
    """
    own = _own_folder(training)
    return own if own.is_dir() else _root() / training.key


def check_unfinished(training: Training) -> None:
    """Check that no other training of the task waits to be gone on with.

    Args:
        training: What is about to be trained; keys that its identity lacks are not compared.

    Raises:
        InputError: One was interrupted that differs; it says in what.
    """
    records = {folder: json.loads((folder / TRAINING).read_text()) for folder in _unfinished(training.task)}
    ours = _flat(training.identity)
    different = {folder: _differing(ours, record["identity"]) for folder, record in records.items()}
    if not different or not all(different.values()):
        return
    folder, keys = next(iter(different.items()))
    theirs, origin = _flat(records[folder]["identity"]), records[folder]["origin"]
    raise InputError(
        f"an interrupted training of {training.task} was different",
        received=_listed(keys, ours),
        expected=f"{_listed(keys, theirs)}, as in {origin}, whose last checkpoint is {_last(folder)}",
        remedy="repeat that command to finish it, or add --fresh to give it up and train from the start",
    )


def _differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    flat = _flat(theirs)
    return [key for key in sorted(ours) if ours[key] != flat.get(key)]


def task_name(recipe: str, model: str) -> str:
    """What a training is for."""
    return f"{recipe}.yaml for model {model}"


def recipe_of(run_name: str) -> str:
    """The configuration's name in the name of a run, which ends in date, time and six random digits."""
    return run_name.rsplit("-", 3)[0]


def training_identity(
    digest: str,
    augmentation: AugmentationConfig,
    train: TrainConfig,
    metric: str,
    folds: int | None,
    code: str,
    initial: str,
) -> dict[str, Any]:
    """What a training depends on, as far as it is known before it starts.

    Args:
        digest: Of the data.
        augmentation: Its options.
        train: The recipe.
        metric: What chooses the best epoch.
        folds: Number of folds, None for the split as it is.
        code: Hash of the code behind the step.
        initial: Digest of the weights to begin with, "" for random ones.
    """
    sections = {"augmentation": augmentation.model_dump(mode="json"), "train": train.model_dump(mode="json")}
    return {
        "data": {"digest": digest, "folds": folds},
        **sections,
        "evaluation": {"metric": metric},
        "code": code,
        "initial weights": initial,
    }


def current_training(identity: Mapping[str, Any]) -> Training:
    """The training of the step that is running.

    Args:
        identity: Everything that it depends on.
    """
    from zenml import get_step_context

    run = get_step_context().pipeline_run
    return Training(task_name(recipe_of(run.name), model_of(run)), identity, origin_of(run))


def model_of(run: Any) -> str:
    """Name of the model that a run is about.

    Args:
        run: ZenML's record of it, hydrated.
    """
    return str((run.config.parameters or {})["config"]["model"]["name"])


def origin_of(run: Any) -> str:
    """What people are told of where a training came from.

    Args:
        run: ZenML's record of it.
    """
    return f"run {run.name}"


def _held(training: Training) -> tuple[Path, FileLock]:
    """The folder of a training, and its lock; that of its run alone where another run trains the same."""
    shared, own = _root() / training.key, _own_folder(training)
    for folder in [own] if own.is_dir() else [shared, own]:
        lock = FileLock(_root() / f"{folder.name}.lock")
        with suppress(Timeout):
            lock.acquire(timeout=PATIENCE if _is_of(folder, training.origin) else 0)
            return folder, lock
        if folder == shared:
            say("  another run trains the same: this one starts from its first epoch")
    raise RecognitionError(
        "another process of this run trains already",
        received=f"{own} in use",
        expected="its end",
        remedy="end it, or wait for it, and give the command again",
    )


def _own_folder(training: Training) -> Path:
    run = hashlib.sha256(training.origin.encode()).hexdigest()[:8]
    return _root() / f"{training.key}-{run}"


def _unfinished(task: str) -> list[Path]:
    """Folders of interrupted trainings of a task, with something to go on from, that no process holds."""
    found = []
    for mark in sorted(_root().glob(f"*/{TRAINING}")):
        folder = mark.parent
        with suppress(Timeout, OSError, ValueError, KeyError), FileLock(_root() / f"{folder.name}.lock", timeout=0):
            is_task = json.loads(mark.read_text())["task"] == task
            if is_task and any(folder.rglob("*.npz")) and not _is_stored(folder):
                found.append(folder)
    return found


def give_up(task: str) -> None:
    """Remove what interrupted trainings of a task left, those of other processes apart.

    Args:
        task: From `task_name`.
    """
    for folder in _unfinished(task):
        _remove(folder)


def _give_up(task: str, own: Path) -> None:
    """Remove what interrupted trainings of a task left."""
    if own.is_dir():
        _remove(own)
    give_up(task)


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _listed(keys: Sequence[str], values: Mapping[str, Any]) -> str:
    shown = [f"{key}: {json.dumps(values.get(key), default=str)[:60]}" for key in keys[:DIFFERENCES]]
    return ", ".join(shown) + (f" and {len(keys) - DIFFERENCES} more" if len(keys) > DIFFERENCES else "")


def _is_of(folder: Path, origin: str) -> bool:
    """Whether it was this very run that left a folder: its step was started again, not the training."""
    with suppress(OSError, ValueError, KeyError):
        return bool(origin and json.loads((folder / TRAINING).read_text())["origin"] == origin)
    return False


def _last(folder: Path) -> str:
    last = max(folder.rglob("*.npz"), key=lambda path: path.stat().st_mtime)
    when = datetime.fromtimestamp(last.stat().st_mtime).astimezone()
    return f"{last.stem} of {when:%Y-%m-%d %H:%M}"


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """Write JSON whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(document, indent=1))
    unfinished.rename(path)


def remove_finished() -> None:
    """Remove the checkpoints of trainings whose artifacts ZenML has stored, those in use again left out."""
    for mark in _root().glob(f"*/{FINISHED}"):
        with suppress(Timeout), FileLock(_root() / f"{mark.parent.name}.lock", timeout=0):
            if _is_stored(mark.parent):
                _remove(mark.parent)


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
    for folder in sorted(path for path in _root().glob("*") if path.is_dir()):
        task = ""
        with suppress(OSError, ValueError, KeyError):
            task = str(json.loads((folder / TRAINING).read_text())["task"])
        yield StoredTraining(folder, task, _is_held(folder))


def remove_training(name: str) -> bool:
    """Remove a folder of checkpoints, unless a process uses it: whether it is gone.

    Args:
        name: The folder's.
    """
    folder = _root() / name
    with suppress(Timeout), FileLock(_root() / f"{name}.lock", timeout=0):
        if folder.is_dir():
            _remove(folder)
        (_root() / f"{name}.lock").unlink(missing_ok=True)
        return True
    return False


def _is_held(folder: Path) -> bool:
    try:
        with FileLock(_root() / f"{folder.name}.lock", timeout=0):
            return False
    except Timeout:
        return True


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
