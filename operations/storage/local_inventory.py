"""What lies in the state folder beside the databases and stores: reports, checkpoints, downloads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from operations.platform.environment import data_cache, state_folder
from operations.storage.items import Item, Kind
from operations.training.checkpoints import stored_trainings


def local_items() -> list[Item]:
    """All of it."""
    return [*_reports(), *_checkpoints(), *_downloads()]


def _reports() -> Iterator[Item]:
    folder = state_folder() / "reports"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield Item(Kind.REPORT, path.name, f"report of {path.name}", _size(path), _changed(path))


def _checkpoints() -> Iterator[Item]:
    for training in stored_trainings():
        name = f"checkpoints of {training.task}"
        pinned = "in use" if training.held else ""
        yield Item(
            Kind.CHECKPOINT,
            training.folder.name,
            name,
            _size(training.folder),
            _changed(training.folder),
            pinned=pinned,
        )


def _downloads() -> Iterator[Item]:
    """One for all, as runs do not tell which of them they read."""
    if data_cache().is_dir():
        yield Item(Kind.DOWNLOAD, "", "downloaded data", _size(data_cache()), _changed(data_cache()))


def _files(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in _files(path))


def _changed(path: Path) -> datetime:
    newest = max((file.stat().st_mtime for file in (path, *_files(path))), default=0.0)
    return datetime.fromtimestamp(newest, UTC)
