"""The token that lets somebody in: whoever reads the state folder as its owner has it, and nobody else."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from operations.platform.environment import state_folder

PARAMETER = "dashboard_token"  # in an address


def token() -> str | None:
    """The token of the pages that run; None where there is none."""
    try:
        return _path().read_text(encoding="ascii")
    except FileNotFoundError:
        return None


def renew() -> None:
    """Replace the token: whoever had the former one is let in no more by pages that start from now on."""
    unfinished = _path().with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
    unfinished.replace(_path())


def with_token(address: str) -> str:
    """An address that lets its reader in; the browser keeps what follows `#` to itself."""
    return urlsplit(address)._replace(query=f"{PARAMETER}={token()}").geturl()


def _path() -> Path:
    return state_folder() / "dashboard" / "token"
