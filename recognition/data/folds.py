"""Cross-validation: training and validation images pooled, and cut anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import ImageDataset, Split
from recognition.data.encoded_images import EncodedImages, Images
from recognition.data.splits import fold_numbers


def fold(dataset: ImageDataset, number: int, count: int) -> ImageDataset:
    """The data set whose validation images are one part of `count`, and whose training images are the others.

    Every class gives each part its share; images with the same content are in one part. The test side stays.

    Args:
        dataset: Its train and validation sides are pooled.
        number: Which part is held out, from 0.
        count: Number of parts, 2 or more.
    """
    pool = _joined(dataset.splits["train"], dataset.splits["validation"])
    parts = fold_numbers(pool.labels, pool.hashes, count)
    sides = {"train": np.flatnonzero(parts != number), "validation": np.flatnonzero(parts == number)}
    return replace(dataset, splits={**dataset.splits, **{side: pool.take(chosen) for side, chosen in sides.items()}})


def first_fold(dataset: ImageDataset, count: int | None) -> ImageDataset:
    """The data set that a candidate was trained and validated on: the first of `count` folds; without folds, all."""
    return dataset if count is None else fold(dataset, 0, count)


def _joined(first: Split, second: Split) -> Split:
    weights = None
    if first.weights is not None or second.weights is not None:
        weights = np.concatenate([_weights(first), _weights(second)])
    return Split(
        images=_joined_images(first.images, second.images),
        labels=np.concatenate([first.labels, second.labels]),
        hashes=np.concatenate([first.hashes, second.hashes]),
        paths=(*first.paths, *second.paths) if first.paths and second.paths else (),
        weights=weights,
    )


def _joined_images(first: Images, second: Images) -> Images:
    if isinstance(first, EncodedImages) and isinstance(second, EncodedImages):
        return EncodedImages(first.content, np.concatenate([first.spans, second.spans]), first.transform)
    return np.concatenate([np.asarray(first), np.asarray(second)])


def _weights(split: Split) -> NDArray[np.float32]:
    return np.ones(len(split), np.float32) if split.weights is None else split.weights
