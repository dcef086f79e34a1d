"""How long models take for an image alone, measured in turns so that what else the machine does hits both alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

ROUNDS, WARMING = 31, 3  # of measurement; before it, while graphs are built and caches fill


def latencies(
    forwards: Sequence[Callable[[], object]], clock: Callable[[], float] = time.perf_counter
) -> tuple[float, ...]:
    """The median time of each call, in milliseconds.

    Args:
        forwards: Each predicts the same batch with a model of its own.
        clock: Seconds from any moment on.
    """
    for forward in list(forwards) * WARMING:
        forward()
    seconds = np.array([[_timed(forward, clock) for forward in forwards] for _ in range(ROUNDS)])
    return tuple((1000 * np.median(seconds, axis=0)).tolist())


def _timed(forward: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    forward()
    return clock() - start
