"""Where files arrive before they are whole: what somebody who was killed left there goes with the next arrival."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def emptied(folder: Path) -> Iterator[Path]:
    """A new folder in place of what a killed process left, removed at the end; to be used under a lock."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
