"""The order in which an epoch sees the training images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def epoch_order(images: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """A permutation that depends on nothing but its arguments.

    Args:
        images: Number of training images.
        seed: The training's seed.
        epoch: Index of the epoch, from 0.

    Returns:
        int64, (images,).
    """
    return np.random.default_rng([seed, epoch]).permutation(images)
