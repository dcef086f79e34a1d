"""Memory that a process takes for itself: anonymous, without the pages of files that the system can drop at will."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

INTERVAL = 0.02  # seconds between two looks


@dataclass
class Peak:
    """The most that was seen, in bytes.

    Attributes:
        anonymous: Memory of no file.
        resident: All memory, mapped files included.
    """

    anonymous: int = 0
    resident: int = 0

    def look(self, process: psutil.Process) -> None:
        """Take a look at a process."""
        memory = process.memory_info()
        self.anonymous = max(self.anonymous, memory.rss - memory.shared)
        self.resident = max(self.resident, memory.rss)


def watch(process: psutil.Popen) -> Peak:
    """Look at a process until it ends."""
    peak = Peak()
    while process.poll() is None:
        try:
            peak.look(process)
        except psutil.Error:
            break
        time.sleep(INTERVAL)
    process.wait()
    return peak


@contextmanager
def watched() -> Iterator[Peak]:
    """Look at this process, from a thread, until the context is left."""
    peak, process, ended = Peak(), psutil.Process(), threading.Event()

    def look() -> None:
        while not ended.is_set():
            peak.look(process)
            ended.wait(INTERVAL / 10)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()
        peak.look(process)
