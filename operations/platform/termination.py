"""Ctrl-C and SIGTERM, by which a machine says that it is about to go."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Left(KeyboardInterrupt):
    """The run goes on elsewhere, and the command ends."""


HELD = (signal.SIGINT, signal.SIGTERM)


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


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM until the block is done, so that it happens whole or not at all.

    Masking them would not do: the system would give them to one of the libraries' threads, and Python to this one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # no signal ever interrupts another thread
        return
    held: list[int] = []
    before = {number: signal.signal(number, lambda number, _: held.append(number)) for number in HELD}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in held:
            signal.raise_signal(late)
