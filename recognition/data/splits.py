"""Stratified subsets of a labelled set: every class keeps its share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from recognition.errors import InputError

FOLD_SEED = 0  # of the folds of every run


def hold_out(labels: NDArray[np.int32], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split images in two, class by class.

    Each class gives its share rounded to whole images, at least one, and keeps at least one.

    Args:
        labels: int32, (n,), 0 or more.
        share: Share of each class to hold out, above 0 and below 1.
        seed: Equal arguments give equal splits.

    Returns:
        Indices of the images that stay and of those held out: int64, sorted, disjoint, together all n.

    Raises:
        InputError: The share is out of range, or a class has a single image.
    """
    if not 0 < share < 1:
        raise InputError("The share to hold out is out of range", received=str(share), expected="above 0, below 1")
    single = np.flatnonzero(np.bincount(labels) == 1)
    if single.size:
        raise InputError(
            "A class has too few images to hold one out",
            received=f"1 image with label {single[0]} ({single.size} such classes)",
            expected="2 or more images of each class",
            remedy="add images of that class, or leave it out",
        )
    rank, size = _ranks(labels, seed)
    held = rank < np.clip(np.rint(share * size), 1, size - 1)
    return np.flatnonzero(~held), np.flatnonzero(held)


def fold_numbers(labels: NDArray[np.int32], hashes: NDArray[np.uint64], count: int) -> NDArray[np.int64]:
    """Cut images in parts, class by class; copies of one image are in one part, and equal images give equal parts.

    Args:
        labels: int32, (n,), 0 or more.
        hashes: uint64, (n,), of each image's content.
        count: Number of parts.

    Returns:
        int64, (n,), from 0 to count - 1; without copies, a class's parts differ in size by one image at most.
    """
    rank, _ = _ranks(labels, FOLD_SEED)
    _, first, copies = np.unique(hashes, return_index=True, return_inverse=True)
    return (rank % count)[first][copies]


def limit(labels: NDArray[np.int32], count: int, seed: int) -> NDArray[np.int64]:
    """Choose images so that the classes keep their proportions.

    One image of each class comes first. A count below the number of classes therefore gives as many classes one
    image each; a count of n or more gives all images.

    Args:
        labels: int32, (n,), 0 or more.
        count: How many images to choose, 1 or more.
        seed: Equal arguments give equal choices.

    Returns:
        Indices of the chosen images, int64, (min(count, n),), sorted.

    Raises:
        InputError: The count is below 1.
    """
    if count < 1:
        raise InputError("The number of images is out of range", received=str(count), expected="1 or more")
    rank, size = _ranks(labels, seed)
    tie_breaker = np.random.default_rng([seed, 1]).random(len(labels))
    order = np.lexsort((tie_breaker, (rank + 0.5) / size, rank > 0))
    return np.sort(order[:count]).astype(np.int64)


def limit_train(
    chosen: Mapping[str, NDArray[np.int64]], labels: NDArray[np.int32], count: int | None, seed: int
) -> dict[str, NDArray[np.int64]]:
    """Cut the training side to `count` images as `limit` does; None leaves it whole, and other sides stay as they are.

    Args:
        chosen: Indices of each side's images, int64.
        labels: int32, of all images that "train" may point at.
        count: How many images to train on at most.
        seed: Equal arguments give equal choices.
    """
    if count is None:
        return dict(chosen)
    train = chosen["train"]
    return {**chosen, "train": train[limit(labels[train], count, seed)]}


def _ranks(labels: NDArray[np.int32], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each image's place in a random order of its class, and its class's size: int64, (n,) each."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    sizes = np.bincount(labels)
    starts = np.cumsum(sizes) - sizes
    rank = np.empty(len(labels), dtype=np.int64)
    rank[by_class] = np.arange(len(labels)) - starts[labels[by_class]]
    return rank, sizes[labels]
