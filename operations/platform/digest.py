"""A short name for a document: what is the same has the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any

DIGITS = 16


def digest_of(document: Any) -> str:
    """Digest of a document, whatever the order of its keys: 16 hexadecimal digits of its SHA-256.

    Args:
        document: Anything that JSON can hold.
    """
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:DIGITS]
