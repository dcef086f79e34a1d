"""Values and key paths in one printable line, for messages."""

from __future__ import annotations

import json

KeyPath = tuple[str, ...]


def shown(value: object, longest: int = 120) -> str:
    """A value or a piece of text as one printable line of limited length."""
    text = json.dumps(value, ensure_ascii=False)
    text = text if text.isprintable() else json.dumps(value)
    return text if len(text) <= longest else f"{text[:longest]}…"


def dotted(path: KeyPath) -> str:
    """A key's path as people write it: train.epochs."""
    text = ".".join(path)
    return text if text.isprintable() and 0 < len(text) <= 100 else shown(text)
