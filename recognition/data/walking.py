"""Image files below a folder, walked without holding more than the names of one branch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from recognition.data.listing import SUFFIXES

IGNORED = {"__macosx", "thumbs.db", "desktop.ini"}
LOOP = "a symbolic link to a folder above it"


def folders_and_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """What lies in a folder, sorted; hidden files are left out, links are followed.

    Raises:
        OSError: It may not be read.
    """
    with os.scandir(folder) as entries:
        kept = [entry for entry in entries if not (entry.name.startswith(".") or entry.name.casefold() in IGNORED)]
    names: tuple[list[str], list[str]] = ([], [])
    for entry in sorted(kept, key=lambda entry: entry.name):
        # os.path.isdir costs a look at the disk, and DirEntry.is_dir raises where a link leads to itself
        is_folder = os.path.isdir(entry) if entry.is_symlink() else entry.is_dir()
        names[not is_folder].append(entry.name)
    return [folder / name for name in names[0]], [folder / name for name in names[1]]


def walk_images(folder: Path) -> Iterator[tuple[Path, str]]:
    """Image files at any depth, sorted, a folder's own before those of the folders in it.

    Letter case does not matter in suffixes.

    Yields:
        Each image, with nothing; and each folder that cannot be listed, or that a link leads back to, with its problem.
    """
    waiting: list[tuple[Path, frozenset[tuple[int, int]]]] = [(folder, frozenset())]
    while waiting:
        place, above = waiting.pop()
        try:
            status = place.stat()
            folders, files = folders_and_files(place)
        except OSError as error:
            yield place, error.strerror or str(error)
            continue
        identity = status.st_dev, status.st_ino
        if identity in above:
            yield place, LOOP
            continue
        yield from ((file, "") for file in files if file.suffix.casefold() in SUFFIXES)
        waiting += [(each, above | {identity}) for each in reversed(folders)]
