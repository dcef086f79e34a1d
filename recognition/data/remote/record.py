"""What is known of a mirror: a line of JSON for each file that was fetched, with what the remote side tells it by.

A copy is current if the line that describes it now is among them: a damaged record only means that files are fetched
again. Size and time stand for the content, since reading every image would take as long as training on it.
"""

from __future__ import annotations

import json
from pathlib import Path


def describe(name: str, token: str | None, copy: Path) -> str | None:
    """The line for a local copy as it is now; None without a copy, or without a token that tells of changes."""
    try:
        status = copy.lstat()
    except OSError:
        return None
    line = {"file": name, "token": token, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    return json.dumps(line) if token else None


def read_record(path: Path) -> set[str]:
    """The lines of a record; none where it is missing."""
    return set(path.read_text(encoding="ascii", errors="replace").splitlines()) if path.exists() else set()


def append_record(path: Path, line: str | None) -> None:
    """Add a line."""
    with path.open("a", encoding="ascii") as record:
        record.write(f"\n{line or ''}")  # the break comes first, to end a line that a killed process left behind
