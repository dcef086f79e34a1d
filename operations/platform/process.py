"""A command's process, with less of its time for Python's own housekeeping."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress
from typing import Never

SELDOM = (700, 10, 100)  # the last of Python's own thresholds is 10


def collect_seldom() -> None:
    """Look through all objects for unused cycles a tenth as often as Python does.

    TensorFlow, ZenML and MLflow bring a million objects that stay; to look through them takes a quarter of a second.
    Young objects are looked through as often as ever.
    """
    gc.set_threshold(*SELDOM)


def leave(status: int) -> Never:
    """End the process as `sys.exit` does, but do not take the interpreter apart first, which can take three seconds.

    Threads are waited for, what is registered with `atexit` is called, the streams are flushed. A signal meanwhile ends
    the process at once.

    Args:
        status: The exit status.
    """
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter calls first at its end
        atexit._run_exitfuncs()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # nobody reads any more
                stream.flush()
        os._exit(status)
