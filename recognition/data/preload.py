"""A data set read ahead: checked before any work starts, then handed to the pipeline without a second read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from recognition.configuration.sections.data import DataConfig
from recognition.data.dataset import ImageDataset
from recognition.data.location import ENVIRONMENT
from recognition.data.sources import read_dataset, read_source

Request = tuple[DataConfig, Path, str | None]
State = tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True)
class _Kept:
    request: Request
    files: tuple[Path, ...]
    state: State | None
    dataset: ImageDataset


_slot: list[_Kept] = []  # one data set at most


def preload_dataset(config: DataConfig, cache: Path) -> ImageDataset:
    """Read a data set as `read_dataset` does and keep it for one `take_dataset` of this process."""
    _slot.clear()
    dataset, files = read_source(config, cache)
    _slot.append(_Kept(_request(config, cache), files, _state(files), dataset))
    return dataset


def take_dataset(config: DataConfig, cache: Path) -> ImageDataset:
    """The data set that `preload_dataset` kept for the same arguments, else a fresh read.

    The kept one is let go either way, and not used where its files have changed since.
    """
    kept = _slot.pop() if _slot else None
    if kept is not None and kept.request == _request(config, cache) and kept.state == _state(kept.files):
        return kept.dataset
    return read_dataset(config, cache)


def _request(config: DataConfig, cache: Path) -> Request:
    return config, cache.absolute(), os.environ.get(ENVIRONMENT)


def _state(files: tuple[Path, ...]) -> State | None:
    """What changes whenever a file's content does, without reading it; the change time cannot be set by hand."""
    try:
        stats = [path.stat() for path in files]
    except OSError:
        return None
    return tuple((stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino) for stat in stats)
