"""The local tree brought up to date: what is not current goes, what is missing is fetched."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count as numbers
from pathlib import Path
from threading import Lock
from typing import Any

from filelock import FileLock
from fsspec.callbacks import Callback
from tqdm import tqdm

from recognition.data.incoming import emptied
from recognition.data.listing import count
from recognition.data.remote.address import WORKERS
from recognition.data.remote.errors import explained
from recognition.data.remote.listing import RemoteFile, refusal
from recognition.data.remote.record import append_record, describe, read_record
from recognition.errors import InputError

logger = logging.getLogger(__name__)


UNKNOWN_LIMIT = 2**31  # bytes of a file whose size nobody says, as of an archive


class _Progress(Callback):  # type: ignore[misc]
    """The bytes of all files on one bar where there is a terminal, and the switch that ends their downloads."""

    def __init__(self, total: int, title: str) -> None:
        super().__init__()
        self.stopped = False
        self.bar = tqdm(total=total or None, desc=title, unit="B", unit_scale=True, disable=not sys.stderr.isatty())

    def relative_update(self, inc: int = 1) -> None:
        if self.stopped:
            raise InterruptedError("another file failed, or the user stopped")
        self.bar.update(inc)


class _FileProgress(Callback):  # type: ignore[misc]
    """One file's bytes, which end where the listing says so: a server may send for ever."""

    def __init__(self, progress: _Progress, limit: int) -> None:
        super().__init__()
        self._progress, self._limit, self._come = progress, limit, 0

    def relative_update(self, inc: int = 1) -> None:
        self._come += inc
        if self._come > self._limit:
            raise ValueError(f"more than {self._limit:,} bytes are sent")
        self._progress.relative_update(inc)


def update(fs: Any, files: dict[str, RemoteFile], folder: Path, address: str) -> Path:
    """Bring a mirror up to date, while other processes wait.

    Returns:
        Its folder `tree`, which then holds the files under their names in `files`, and nothing else.

    Raises:
        InputError: A file cannot be fetched or changed meanwhile, or two names are one on this disk; whole files stay.
        OSError: The disk refuses.
    """
    tree = folder / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        known = read_record(folder / "record.jsonl")
        current = {name for name, file in files.items() if describe(name, file.token, tree / name) in known}
        _prune(tree, {str(tree / name) for name in current})
        if missing := {name: file for name, file in files.items() if name not in current}:
            _fetch_all(fs, missing, folder, address)
    return tree


def _prune(tree: Path, keep: set[str]) -> None:
    for place, folders, names in os.walk(tree, topdown=False):
        for path in (os.path.join(place, name) for name in names + folders):
            if os.path.islink(path) or (os.path.isfile(path) and path not in keep):
                os.unlink(path)
            elif os.path.isdir(path) and not os.listdir(path):
                os.rmdir(path)


def _fetch_all(fs: Any, files: dict[str, RemoteFile], folder: Path, address: str) -> None:
    total = sum(file.size or 0 for file in files.values())
    _check_space(total, folder, address)
    logger.info("Fetching %s (%s MB) from %s", count(len(files), "file"), f"{total / 1e6:,.1f}", address)
    progress, lock = _Progress(total, f"Fetching {address}"), Lock()

    def fetch(number: int, name: str, file: RemoteFile) -> None:
        temporary = incoming / str(number)
        _download(fs, file, temporary, progress, address)
        with lock:
            _move(temporary, name, file, folder, address)

    with emptied(folder / "incoming") as incoming, progress.bar, ThreadPoolExecutor(WORKERS) as pool:
        try:
            list(pool.map(fetch, numbers(), files, files.values()))
        finally:
            progress.stopped = True


def _check_space(needed: int, folder: Path, address: str) -> None:
    if needed > (free := shutil.disk_usage(folder).free):
        raise InputError(
            f"{address} does not fit on this disk",
            received=f"{needed:,} bytes to fetch, and {free:,} are free at {folder}",
            remedy="free some space, name a smaller folder, or let the state folder be on another disk",
        )


def _download(fs: Any, file: RemoteFile, temporary: Path, progress: _Progress, address: str) -> None:
    with explained(f"{file.path}, part of {address},"):
        limit = UNKNOWN_LIMIT if file.size is None else file.size
        fs.get_file(file.path, str(temporary), callback=_FileProgress(progress, limit))
    size = temporary.stat().st_size
    if file.size not in (None, size):
        problem, expected = f"{file.path} changed while it was fetched", f"{file.size:,} bytes, as listed"
        raise InputError(problem, received=f"{size:,} bytes", expected=expected, remedy="run again when it is complete")


def _move(temporary: Path, name: str, file: RemoteFile, folder: Path, address: str) -> None:
    target = folder / "tree" / name
    if target.exists():  # the tree was pruned: this disk ignores case, or how letters are composed
        raise refusal(address, f"{name[:200]!r} and another name that is the same on this disk")
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(temporary, target)
    append_record(folder / "record.jsonl", describe(name, file.token, target))
