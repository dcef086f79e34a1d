"""Batches of a split, each loaded while the one before it is worked on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import Split

Where = NDArray[np.int64] | slice


class Batch(NamedTuple):
    """Some images of a split.

    Attributes:
        images: uint8, (b, height, width, channels).
        labels: int32, (b,).
        weights: float32, (b,), how much each image counts; 1 where all count the same.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    weights: NDArray[np.float32]


@contextmanager
def batches(split: Split, places: Iterable[Where]) -> Iterator[Iterator[Batch]]:
    """Load batches one ahead in a thread, which has ended when the context is left, however it is left.

    Args:
        split: The images, in memory or decoded when they are looked at.
        places: Where each batch stands in the split, in the order wanted.

    Yields:
        The batches in that order; what loading one raises is raised where it is asked for.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="batches")
    try:
        yield _one_ahead(pool, lambda place: _load(split, place), places)
    finally:
        pool.shutdown(cancel_futures=True)


def _one_ahead(pool: ThreadPoolExecutor, load: Callable[[Where], Batch], places: Iterable[Where]) -> Iterator[Batch]:
    waiting: Future[Batch] | None = None
    for place in places:
        coming = pool.submit(load, place)
        if waiting is not None:
            yield waiting.result()
        waiting = coming
    if waiting is not None:
        yield waiting.result()


def _load(split: Split, place: Where) -> Batch:
    labels = split.labels[place]
    weights = np.ones(len(labels), np.float32) if split.weights is None else split.weights[place]
    return Batch(np.asarray(split.images[place]), labels, weights)
