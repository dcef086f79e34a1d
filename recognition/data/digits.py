"""The 1,797 handwritten digits that come with scikit-learn: real images where there is no network."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import Split, array_digest, image_hashes
from recognition.data.published import PublishedDataset
from recognition.data.splits import hold_out

BRIGHTEST = 16
TEST_SHARE = 0.2
TEST_SEED = 1797  # part of the source: another seed would be another data set


def read_digits() -> PublishedDataset:
    """Read scikit-learn's digits with a test part that never changes.

    The source publishes no test part: a stratified fifth, drawn with `TEST_SEED`, is it in every run, whatever the
    seed of the configuration.

    Returns:
        Images uint8, (n, 8, 8, 1), the source's 0 to 16 spread over 0 to 255; labels int32, 0 to 9; no superclasses.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images, labels = _images(bunch.images), bunch.target.astype(np.int32)
    whole = Split(images, labels, image_hashes(images))
    train, test = hold_out(labels, TEST_SHARE, TEST_SEED)
    return PublishedDataset(
        name="digits",
        train=whole.take(train),
        test=whole.take(test),
        classes=tuple(str(name) for name in bunch.target_names),
        superclasses=(),
        superclass_of=np.empty(0, dtype=np.int32),
        digest=hashlib.sha256(f"{array_digest(images)} {array_digest(labels)}".encode()).hexdigest(),
    )


def _images(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    scaled = np.rint(values * (255 / BRIGHTEST)).astype(np.uint8)  # steps of 16 at least: the order is kept
    return np.ascontiguousarray(scaled[..., np.newaxis])
