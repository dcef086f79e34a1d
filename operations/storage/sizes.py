"""Sizes and ages of files in an artifact store, local or remote."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any


def size_of(path: str) -> int:
    """Bytes of a file, or of all files below a folder; 0 for what is not there."""
    from zenml.io import fileio

    if not fileio.exists(path):
        return 0
    if not fileio.isdir(path):
        return int(fileio.size(path) or 0)
    names = [f"{_text(folder)}/{_text(name)}" for folder, _, files in fileio.walk(path) for name in files]
    return sum(int(fileio.size(name) or 0) for name in names)


def modified(path: str) -> datetime:
    """When a file was last written, in UTC; now where the store does not tell, so that it counts as young."""
    from zenml.io import fileio

    return _time(fileio.stat(path)) if fileio.exists(path) else datetime.now(UTC)


def _text(name: str | bytes) -> str:
    return os.fsdecode(name)


def _time(told: Any) -> datetime:
    if isinstance(told, os.stat_result):
        return datetime.fromtimestamp(told.st_mtime, UTC)
    when = told.get("LastModified") if isinstance(told, dict) else None
    return when if isinstance(when, datetime) else datetime.now(UTC)
