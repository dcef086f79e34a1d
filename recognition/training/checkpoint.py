"""Checkpoints of a training: one file each, written whole or not at all."""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from recognition.errors import InputError
from recognition.training.history import Epoch, EpochProgress

Arrays = Sequence[NDArray[np.generic]]
KEPT = 2  # the last, and one to fall back to
RECORD = "record"
DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    RuntimeError,
)  # in zip headers too


@dataclass(frozen=True)
class Checkpoint:
    """The state after a step.

    Attributes:
        arrays: Named lists of arrays: the network's variables, the optimizer's, averages, those of the best epoch.
        epochs: The finished epochs.
        best_epoch: The best of them, counted from 1.
        progress: What came of the epoch that is under way; nothing at the end of one.
    """

    arrays: Mapping[str, Arrays]
    epochs: tuple[Epoch, ...]
    best_epoch: int
    progress: EpochProgress = field(default_factory=EpochProgress)

    @property
    def name(self) -> str:
        """Sorts by time."""
        return f"epoch-{len(self.epochs):05d}-batch-{self.progress.batches:07d}.npz"


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, keep the one before it and remove older ones; an interruption leaves whole ones.

    Args:
        folder: Where this training's checkpoints lie.
        checkpoint: The state to keep.

    Raises:
        OSError: There is no space; what lay there before is untouched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{checkpoint.name}.unfinished"
    try:
        with unfinished.open("wb") as file:
            write_checkpoint(file, checkpoint)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        if error.errno is not None:  # else its message is all that there is
            error.filename = str(unfinished)
        raise
    unfinished.rename(folder / checkpoint.name)
    _flush_folder(folder)
    for old in _files(folder)[:-KEPT]:
        old.unlink()
    for left in folder.glob("*.unfinished"):
        left.unlink()


def load_checkpoint(folder: Path, log: Callable[[str], None] = lambda _: None) -> Checkpoint | None:
    """The last whole checkpoint in a folder, None where there is none.

    Damaged ones after it are put aside: "….damaged".

    Args:
        folder: Where a training's checkpoints lie.
        log: Hears of damaged ones.
    """
    for path in reversed(_files(folder)):
        try:
            return read_checkpoint(io.BytesIO(path.read_bytes()))
        except DAMAGES as error:
            path.rename(path.with_name(f"{path.name}.damaged"))
            log(f"WARNING: checkpoint {path.name} is damaged ({error}): trying the one before it")
    return None


def require_checkpoint(checkpoint: Checkpoint, expected: Mapping[str, Arrays]) -> None:
    """Check that a checkpoint is of this very network and optimizer.

    Args:
        checkpoint: What was loaded.
        expected: A state of the training that wants to go on from it.

    Raises:
        InputError: Names, numbers or shapes of arrays differ.
    """
    for name, arrays in expected.items():
        theirs, ours = ([array.shape for array in each] for each in (checkpoint.arrays.get(name, ()), arrays))
        if theirs != ours:
            where = next((i for i, pair in enumerate(zip(theirs, ours, strict=False)) if pair[0] != pair[1]), "number")
            raise InputError(
                "the checkpoint is of another network or optimizer",
                received=f"{len(theirs)} arrays of {name}",
                expected=f"{len(ours)} arrays (the first difference: {where})",
                remedy="--fresh trains from the start",
            )


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("epoch-*.npz"))


def _named(checkpoint: Checkpoint) -> dict[str, Any]:
    record = {
        "best_epoch": checkpoint.best_epoch,
        "epochs": [epoch.model_dump() for epoch in checkpoint.epochs],
        "partial": checkpoint.progress.model_dump(),
        "arrays": {name: len(arrays) for name, arrays in checkpoint.arrays.items()},
    }
    named = {f"{name}-{i}": array for name, arrays in checkpoint.arrays.items() for i, array in enumerate(arrays)}
    return {RECORD: np.frombuffer(json.dumps(record).encode(), np.uint8), **named}


def write_checkpoint(file: BinaryIO, checkpoint: Checkpoint) -> None:
    """Write a checkpoint as an uncompressed archive of NumPy arrays.

    Args:
        file: Open for writing.
        checkpoint: The state to keep.
    """
    np.savez(file, allow_pickle=False, **_named(checkpoint))


def read_checkpoint(file: BinaryIO) -> Checkpoint:
    """Read what `write_checkpoint` wrote; the archive checks the CRC of each array.

    Args:
        file: Open for reading, seekable.
    """
    with np.load(file, allow_pickle=False) as archive:
        record = json.loads(archive[RECORD].tobytes())
        arrays = {name: [archive[f"{name}-{i}"] for i in range(count)] for name, count in record["arrays"].items()}
    epochs = tuple(Epoch(**epoch) for epoch in record["epochs"])
    return Checkpoint(arrays, epochs, record["best_epoch"], EpochProgress(**record["partial"]))


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
