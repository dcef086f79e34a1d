"""SIGTERM, by which a machine says that it is about to go."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def terminable() -> Iterator[Callable[[], bool]]:
    """Let the block end by itself after SIGTERM; whoever handled the signal before hears of it then.

    Yields:
        Whether the signal has come. Outside the main thread, which alone can handle signals, it never has.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    came = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: came.set())
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGTERM, before)
        if came.is_set():
            signal.raise_signal(signal.SIGTERM)
