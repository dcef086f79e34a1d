"""The order in which an epoch sees the training images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def epoch_order(labels: NDArray[np.int32], sampling: str, seed: int, epoch: int) -> NDArray[np.int64]:
    """Which image comes when: a function of nothing but the arguments.

    Args:
        labels: int32, (n,), of the training images.
        sampling: "shuffled": every image once; "balanced": see `balanced_order`.
        seed: The training's seed.
        epoch: Index of the epoch, from 0.

    Returns:
        int64, (n,), indices of images.
    """
    if sampling == "balanced":
        return balanced_order(labels, seed, epoch)
    return np.random.default_rng([seed, epoch]).permutation(len(labels))


def balanced_order(labels: NDArray[np.int32], seed: int, epoch: int) -> NDArray[np.int64]:
    """As many draws as there are images, each class that has any equally often, give or take one.

    A class goes through its images in one random order after the other, on from where the last epoch stopped: none
    comes again before all others of its class have come.

    Args:
        labels: int32, (n,), of the training images.
        seed: The training's seed.
        epoch: Index of the epoch, from 0.

    Returns:
        int64, (n,), indices of images in random order.
    """
    present, images = np.unique(labels), len(labels)
    draws = []
    for place, label in enumerate(present.tolist()):
        # floors of (x + place) / classes, summed over all places, make x: the epoch is full, and nobody is short
        start, stop = ((images * passed + place) // len(present) for passed in (epoch, epoch + 1))
        draws.append(_cycled(np.flatnonzero(labels == label), start, stop, [seed, label]))
    return np.random.default_rng([seed, epoch]).permutation(np.concatenate(draws))


def _cycled(members: NDArray[np.int64], start: int, stop: int, seeds: list[int]) -> NDArray[np.int64]:
    """What stands from `start` to `stop` where random orders of the members stand one behind the other, for ever."""
    first, last = start // len(members), -(-stop // len(members))
    cycles = [np.random.default_rng([*seeds, cycle, 1]).permutation(members) for cycle in range(first, last)]
    return np.concatenate([members[:0], *cycles])[start - first * len(members) : stop - first * len(members)]
