"""The images below a folder, walked without holding more than the names of one branch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from recognition.data.folder import IGNORED
from recognition.data.listing import SUFFIXES, printable
from recognition.prediction.named_image import NamedImage


def walk_images(folder: Path, name: str) -> Iterator[NamedImage]:
    """Image files at any depth, sorted, a folder's own before those of the folders in it.

    Letter case does not matter in suffixes; hidden files are left out, links are followed.

    Args:
        folder: Where to begin.
        name: What it is called.

    Yields:
        Each image; and each folder that cannot be listed, or that a link leads back to, with its problem.
    """
    waiting: list[tuple[Path, str, frozenset[tuple[int, int]]]] = [(folder, name, frozenset())]
    while waiting:
        place, shown, above = waiting.pop()
        try:
            status = place.stat()
            names = sorted(os.listdir(place))
        except OSError as error:
            yield NamedImage(printable(shown), place, error.strerror or str(error))
            continue
        identity = status.st_dev, status.st_ino
        if identity in above:
            yield NamedImage(printable(shown), place, "a symbolic link to a folder above it")
            continue
        kept = [each for each in names if not (each.startswith(".") or each.casefold() in IGNORED)]
        images = [each for each in kept if _is_image(each)]
        yield from (NamedImage(printable(os.path.join(shown, each)), place / each) for each in images)
        folders = [each for each in kept if not _is_image(each) and os.path.isdir(place / each)]
        waiting += [(place / each, os.path.join(shown, each), above | {identity}) for each in reversed(folders)]


def _is_image(name: str) -> bool:
    return os.path.splitext(name)[1].casefold() in SUFFIXES
