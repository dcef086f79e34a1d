"""A disk that takes no more, in words that a person can act on."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from operations.platform.environment import STATE_VARIABLE, state_folder
from operations.platform.unreachable import chain
from recognition.errors import InputError

FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
LOCKED = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


def refusal_of_disk(error: BaseException) -> InputError | None:
    """What to tell of an error that comes of a full disk, or of a state folder that cannot be written any more.

    Args:
        error: What was raised; libraries wrap what the system or SQLite said.

    Returns:
        The error to show; None where it is about something else.
    """
    for each in chain(error):
        if _is_full(each):
            return InputError(
                "there is no space left",
                received=str(each),
                expected=f"room for what a run stores, in {state_folder()} and for temporary files",
                remedy="make room and give the same command again: what is finished is not repeated",
            )
        if _is_closed(each):
            return InputError(
                "the state folder can be written no more",
                received=f"{each}, in {state_folder()}",
                expected="a folder that can be written from a run's beginning to its end",
                remedy=f"mend the disk or its permissions and give the same command again, or set {STATE_VARIABLE}",
            )
    return None


def _is_full(error: BaseException) -> bool:
    return (isinstance(error, OSError) and error.errno in FULL) or _code(error) == sqlite3.SQLITE_FULL


def _is_closed(error: BaseException) -> bool:
    if isinstance(error, OSError):
        nameless = error.errno == errno.EROFS and error.filename is None
        return nameless or (error.errno in FORBIDDEN and _is_ours(error.filename))
    return _code(error) in LOCKED


def _is_ours(path: object) -> bool:
    return isinstance(path, str | Path) and Path(path).is_relative_to(state_folder())


def _code(error: BaseException) -> int | None:
    """SQLite's own number of an error, without what is special about it."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
