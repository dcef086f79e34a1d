"""An image before it is read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class NamedImage(NamedTuple):
    """An image that is to be read.

    Attributes:
        name: What predictions call it, fit to be printed.
        content: Its file or its bytes.
        problem: Why it cannot be read, where that is known already; else empty.
    """

    name: str
    content: Path | bytes
    problem: str = ""
