"""Who gave a command, for people."""

from __future__ import annotations

import getpass
import platform


def identity() -> str:
    """User and machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        user = "unknown"
    return f"{user}@{platform.node() or 'unknown'}"
