"""What featurewise normalization and ZCA whitening learn from the training images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike, NDArray

from recognition.data.encoded_images import Images
from recognition.errors import InputError

EPSILON = 1e-6  # ImageDataGenerator adds it to every standard deviation and singular value
ZCA_LIMIT = 3072

Vector = NDArray[np.float64]


def channel_moments(images: Images) -> tuple[Vector, Vector]:
    """Mean and standard deviation of each channel, as `ImageDataGenerator.fit` defines them.

    Args:
        images: uint8, (n, height, width, channels), may be memory-mapped; read in small chunks.

    Returns:
        Mean and standard deviation (not corrected by one), float64, (channels,), of pixel values scaled to [0, 1].

    Raises:
        InputError: There are no images.
    """
    _require_images(images)
    sums = np.zeros((2, _values(images)))
    # 256 squared bytes add up to less than 2**24, below which float32 counts exactly
    for values in _flat_chunks(images, min(256, max(1, 2**24 // _values(images))), np.float32):
        sums += values.sum(axis=0), np.einsum("ij,ij->j", values, values)
    pixels = images.size // images.shape[-1]
    mean, mean_square = sums.reshape(2, -1, images.shape[-1]).sum(axis=1) / pixels
    return mean / 255, np.sqrt(np.maximum(mean_square - mean**2, 0)) / 255


def zca_matrix(images: Images, mean: Vector) -> NDArray[np.float32]:
    """The ZCA whitening matrix of centred images, as `ImageDataGenerator.fit` of Keras 3.15 defines it.

    With sigma = X^T X / n and its eigenvectors u and eigenvalues v, the matrix is
    u diag(1 / (sqrt(v) + 1e-6 / sqrt(n))) u^T. Keras takes u and v from a singular value decomposition of X^T, which
    needs all images in memory; the eigenvectors of sigma are the same. A direction in which the images do not
    vary at all is dropped, where Keras multiplies rounding errors by a million and more.

    Whitening by eigenvectors: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, appendix.

    Args:
        images: uint8, (n, height, width, channels), may be memory-mapped; read in chunks.
        mean: float64, (channels,), of pixel values scaled to [0, 1]; subtracted first.

    Returns:
        Symmetric matrix, float32, (d, d) with d = height · width · channels, for rows of flattened images.

    Raises:
        InputError: d is above 3,072, or there are fewer images than d.
    """
    require_zca_is_possible(images)
    values, vectors = np.linalg.eigh(_second_moment(images, mean))
    # rounding leaves about d · eps of the largest eigenvalue where the true one is 0
    varies = values > values[-1] * len(values) * np.finfo(np.float64).eps
    deviations = np.sqrt(np.where(varies, values, 1)) + EPSILON / np.sqrt(len(images))
    whitening: Vector = (vectors * (varies / deviations)) @ vectors.T
    return whitening.astype(np.float32)


def _second_moment(images: Images, mean: Vector) -> Vector:
    size = _values(images)
    moment, centre = np.zeros((size, size)), np.tile(mean, size // len(mean))
    for values in _flat_chunks(images, 2048, np.float64):
        values /= 255
        values -= centre
        moment += values.T @ values
    moment /= len(images)
    return moment


def _flat_chunks(images: Images, size: int, dtype: DTypeLike) -> Iterator[NDArray[np.floating]]:
    for start in range(0, len(images), size):
        chunk = images[start : start + size]
        yield chunk.reshape(len(chunk), -1).astype(dtype)


def _values(images: Images) -> int:
    """Of each image, none being decoded for it."""
    return int(np.prod(images.shape[1:]))


def _require_images(images: Images) -> None:
    if len(images) == 0:
        raise InputError("there are no training images to learn from", received="0", expected="1 or more")


def require_zca_is_possible(images: Images) -> None:
    """Refuse images that are too large or too few for `zca_matrix`.

    Args:
        images: uint8, (n, height, width, channels); not read.

    Raises:
        InputError: They are.
    """
    _require_images(images)
    values = _values(images)
    if values > ZCA_LIMIT:
        raise InputError(
            "the images are too large for augmentation.zca_whitening, whose matrix grows with the square of their size",
            received=f"{' × '.join(map(str, images.shape[1:]))} = {values:,} values an image",
            expected=f"at most {ZCA_LIMIT:,} values: CIFAR-100's {ZCA_LIMIT:,} values is the largest",
            remedy="set augmentation.zca_whitening: false, or use smaller images",
        )
    if len(images) < values:
        raise InputError(
            "there are too few training images for augmentation.zca_whitening: it would amplify noise",
            received=f"{len(images):,} images",
            expected=f"{values:,} or more, one for each value of an image",
            remedy="set augmentation.zca_whitening: false, or use more images (data.train_limit)",
        )
