"""Checkpoints of a training: arrays and readable JSON, written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.training.history import Epoch

Arrays = Sequence[NDArray[np.generic]]


@dataclass(frozen=True)
class Checkpoint:
    """The state after an epoch.

    Attributes:
        arrays: Named lists of arrays: the network's variables, the optimizer's, those of the best epoch.
        epochs: The epochs so far.
        best_epoch: The best of them, counted from 1.
    """

    arrays: Mapping[str, Arrays]
    epochs: tuple[Epoch, ...]
    best_epoch: int


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint and remove the one before it; an interruption leaves one of the two whole.

    Args:
        folder: Where this training's checkpoints lie.
        checkpoint: The state to keep.
    """
    target = folder / f"epoch-{len(checkpoint.epochs):05d}"
    unfinished = folder / f"{target.name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for name, arrays in checkpoint.arrays.items():
        _write(unfinished / f"{name}.npz", arrays)
    record = {"best_epoch": checkpoint.best_epoch, "epochs": [epoch.model_dump() for epoch in checkpoint.epochs]}
    with (unfinished / "state.json").open("w") as file:
        json.dump(record, file, indent=1)
        _flush(file.fileno())
    unfinished.rename(target)
    _flush_folder(folder)
    for other in folder.glob("epoch-*"):
        if other != target:
            shutil.rmtree(other)


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """The last whole checkpoint in a folder, None where there is none."""
    whole = sorted(path for path in folder.glob("epoch-*") if path.suffix != ".unfinished")
    if not whole:
        return None
    record = json.loads((whole[-1] / "state.json").read_text())
    arrays = {path.stem: _read(path) for path in whole[-1].glob("*.npz")}
    return Checkpoint(arrays, tuple(Epoch(**epoch) for epoch in record["epochs"]), record["best_epoch"])


def _write(path: Path, arrays: Arrays) -> None:
    with path.open("wb") as file:
        np.savez(file, *arrays)
        _flush(file.fileno())


def _read(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as archive:
        return [archive[f"arr_{i}"] for i in range(len(archive.files))]


def _flush(descriptor: int) -> None:
    os.fsync(descriptor)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
