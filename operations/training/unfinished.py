"""Trainings that were interrupted: told of where another one is about to begin, or given up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import Timeout

from operations.training.checkpoints import TRAINING, checkpoints_root, is_elsewhere, is_stored, lock_of, remove_folder
from operations.training.task import Training, former_identity
from recognition.errors import InputError

DIFFERENCES = 5  # shown of all


def check_unfinished(training: Training) -> None:
    """Check that no other training of the task waits to be gone on with.

    Args:
        training: What is about to be trained; what its identity does not know yet is not compared.

    Raises:
        InputError: One was interrupted that differs; it says in what.
    """
    records = {folder: json.loads((folder / TRAINING).read_text()) for folder in _unfinished(training.task)}
    ours, former = _flat(training.identity.document), former_identity(training.identity)
    known = [ours, _flat(former.document)] if former else [ours]
    different = {
        folder: min((_differing(each, record["identity"]) for each in known), key=len)
        for folder, record in records.items()
    }
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


def give_up(task: str) -> None:
    """Remove what interrupted trainings of a task left, those of other processes apart.

    Args:
        task: From `task_name`.
    """
    for folder in _unfinished(task):
        remove_folder(folder)


def _unfinished(task: str) -> Iterator[Path]:
    """Folders of interrupted trainings of a task, with something to go on from; each is held while it is looked at."""
    for mark in sorted(checkpoints_root().glob(f"*/{TRAINING}")):
        folder = mark.parent
        with suppress(Timeout, OSError, ValueError, KeyError), lock_of(folder):
            is_task = json.loads(mark.read_text())["task"] == task
            if is_task and any(folder.rglob("*.npz")) and not (is_stored(folder) or is_elsewhere(folder)):
                yield folder


def _differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    flat = _flat(theirs)
    return [key for key in sorted(ours) if ours[key] != flat.get(key)]


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


def _last(folder: Path) -> str:
    last = max(folder.rglob("*.npz"), key=lambda path: path.stat().st_mtime)
    when = datetime.fromtimestamp(last.stat().st_mtime).astimezone()
    return f"{last.stem} of {when:%Y-%m-%d %H:%M}"
