"""Batches of a split, each loaded while the one before it is worked on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import Split
from recognition.data.ordered_pool import map_chunks

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
    with closing(map_chunks(lambda part: _load(split, *part), places, size=1, ahead=2, workers=1)) as stream:
        yield stream


def _load(split: Split, place: Where) -> Batch:
    labels = split.labels[place]
    weights = np.ones(len(labels), np.float32) if split.weights is None else split.weights[place]
    return Batch(np.asarray(split.images[place]), labels, weights)
